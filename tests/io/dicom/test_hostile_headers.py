"""Headers of image files that claim what cannot be: refused by key, before any reading.

Every MetaImage below is built by hand; where ITK reads it too, its answer is the right
one.
"""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from sirtdose.dosimetry.grid.registration import read_transform
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.dicom.planar import read_planar_mask
from sirtdose.io.discover import discover
from sirtdose.io.image_file import image_size, read_image_file, write_nifti
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import SHARED, assert_same_image
from tests.io.test_image_file import write_nrrd

COUNTS = Quantity.COUNTS
# 3 x 4 x 5 voxels along x, y, z: 0 to 59, as 16 bits.
VOXELS = np.arange(60, dtype="<i2").reshape(5, 4, 3)
WORDS = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "BinaryDataByteOrderMSB": "False",
    "CompressedData": "False",
    # The first axis of the voxels runs along y, the second along -x.
    "TransformMatrix": "0 1 0 -1 0 0 0 0 1",
    "Offset": "-40 17 230",
    "ElementSpacing": "1.5 2.5 4",
    "DimSize": "3 4 5",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}


def metaimage(path: Path, voxels: bytes = VOXELS.tobytes(), **changed: str) -> Path:
    last = {"ElementDataFile": changed.pop("ElementDataFile", "LOCAL")}
    words = {k: v for k, v in (WORDS | changed).items() if k not in last} | last
    text = "".join(f"{key} = {value}\n" for key, value in words.items())
    path.write_bytes(text.encode("latin-1") + voxels)
    return path


def as_itk_reads(path: Path) -> Volume:
    image = SimpleITK.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    data = SimpleITK.GetArrayFromImage(image)
    return Volume(data, Grid(data.shape, affine[:, [2, 1, 0, 3]]), COUNTS)


def test_a_turned_metaimage_lies_where_itk_puts_it(tmp_path: Path) -> None:
    path = metaimage(tmp_path / "a.mha")
    ours = read_image_file(path, COUNTS)
    assert_same_image(ours, as_itk_reads(path))
    # By hand: one step along the first axis, 1.5 mm, is along y.
    places = ours.grid.world_mm(np.argwhere(ours.data == 1))
    np.testing.assert_allclose(places, [[-40, 18.5, 230]])


@pytest.mark.parametrize(
    "kind",
    ["UCHAR", "CHAR", "USHORT", "SHORT", "UINT", "INT", "LONG_LONG", "FLOAT", "DOUBLE"],
)
def test_every_kind_of_number_as_itk_writes_it(tmp_path: Path, kind: str) -> None:
    types = {"UCHAR": "u1", "CHAR": "i1", "USHORT": "u2", "SHORT": "i2", "UINT": "u4"}
    types |= {"INT": "i4", "LONG_LONG": "i8", "FLOAT": "f4", "DOUBLE": "f8"}
    image = SimpleITK.GetImageFromArray(VOXELS.astype(types[kind]))
    for compressed in (False, True):
        SimpleITK.WriteImage(image, str(tmp_path / "a.mha"), compressed)
        data = read_image_file(tmp_path / "a.mha", COUNTS).data
        np.testing.assert_array_equal(data, VOXELS)


def test_other_byte_order_files_beside_and_lists(tmp_path: Path) -> None:
    swapped = VOXELS.astype(">i2").tobytes()
    path = metaimage(tmp_path / "a.mha", swapped, BinaryDataByteOrderMSB="True")
    whole = read_image_file(path, COUNTS)
    assert_same_image(whole, as_itk_reads(path))
    (tmp_path / "b.raw").write_bytes(b"head" + VOXELS.tobytes())
    for skipped in ("4", "-1"):
        words = {"ElementDataFile": "b.raw", "HeaderSize": skipped}
        path = metaimage(tmp_path / "b.mhd", b"", **words)
        assert_same_image(read_image_file(path, COUNTS), whole)
    for k in range(5):
        (tmp_path / f"s{k}.raw").write_bytes(VOXELS[k].tobytes())
    names = "".join(f"s{k}.raw\n" for k in range(5)).encode()
    path = metaimage(tmp_path / "c.mhd", names, ElementDataFile="LIST")
    assert_same_image(read_image_file(path, COUNTS), whole)


HUGE = "1000000"
LIES = [
    ({"NDims": "-10"}, r"NDims = -10"),
    ({"NDims": "0"}, r"NDims = 0"),
    ({"NDims": "100"}, r"NDims = 100"),
    ({"NDims": HUGE}, rf"NDims = {HUGE}"),
    ({"NDims": "three"}, r"NDims = 'three': a whole number is needed"),
    ({"NDims": "2", "DimSize": "3 20"}, r"NDims = 2: a single 3-D image"),
    ({"DimSize": "3 4"}, r"DimSize = '3 4' and NDims = 3: 3 whole numbers"),
    ({"DimSize": "3 4 -5"}, r"DimSize = 3 4 -5: a size of at least 1"),
    ({"DimSize": "3 4 0"}, r"DimSize = 3 4 0: a size of at least 1"),
    ({"DimSize": "3 4 5.5"}, r"DimSize = '3 4 5\.5'"),
    ({"DimSize": "3 4 6"}, r"DimSize = 3 4 6, which needs 144 bytes, but 120 bytes"),
    ({"DimSize": f"{HUGE} {HUGE} {HUGE}"}, r"which needs 2000000000000000000 bytes"),
    ({"DimSize": "9" * 30 + " 4 5"}, r"DimSize = '9999"),
    ({"ElementType": "MET_OTHER"}, r"ElementType = 'MET_OTHER'"),
    ({"ElementType": "MET_FLOAT_ARRAY"}, r"ElementType = 'MET_FLOAT_ARRAY'"),
    ({"ElementType": "MET_DOUBLE"}, r"needs 480 bytes, but 120 bytes"),
    ({"ElementNumberOfChannels": "3"}, r"ElementNumberOfChannels = 3"),
    ({"ElementNumberOfChannels": "-1"}, r"ElementNumberOfChannels = -1"),
    ({"ElementSpacing": "1.5 2.5"}, r"ElementSpacing = '1\.5 2\.5': 3 numbers"),
    ({"ElementSpacing": "1,5 2,5 4"}, r"ElementSpacing = '1,5 2,5 4': 3 numbers"),
    ({"ElementSpacing": "1.5 nan 4"}, r"ElementSpacing = '1\.5 nan 4'"),
    ({"TransformMatrix": "1 0 0 0 1 0"}, r"TransformMatrix = '1 0 0 0 1 0'"),
    ({"Offset": "here"}, r"Offset = 'here'"),
    ({"BinaryData": "False"}, r"voxels as text \(BinaryData\)"),
    ({"CompressedData": "True"}, r"cannot be read as MetaImage"),
    ({"ElementDataFile": "gone.raw"}, r"ElementDataFile\) that is missing"),
    ({"ElementDataFile": "s%03d.raw 1 5 1"}, r"a pattern of names"),
]


@pytest.mark.parametrize(("changed", "says"), LIES)
def test_a_lie_in_a_metaimage_is_refused_by_its_key(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    changed: dict[str, str],
    says: str,
) -> None:
    path = metaimage(tmp_path / "a.mha", **changed)
    with pytest.raises(InputError, match=f"a.mha .*{says}"):
        read_image_file(path, COUNTS)
    [found] = discover(path)
    assert found.remark == "" or "a.mha" in found.remark
    # Nothing of a library's own.
    assert capfd.readouterr() == ("", "")


def test_compressed_voxels_that_are_too_few_or_too_many(tmp_path: Path) -> None:
    packed = {"CompressedData": "True"}
    few = zlib.compress(VOXELS.tobytes()[:50])
    with pytest.raises(FileFormatError, match="needs 120 bytes of voxels, but 50 are"):
        read_image_file(metaimage(tmp_path / "a.mha", few, **packed), COUNTS)
    bomb = zlib.compress(VOXELS.tobytes() + bytes(50_000_000))
    with pytest.raises(FileFormatError, match="needs 120 bytes of voxels, but more"):
        read_image_file(metaimage(tmp_path / "b.mha", bomb, **packed), COUNTS)
    cut = zlib.compress(VOXELS.tobytes())[:-3]
    with pytest.raises(FileFormatError, match=r"\(CompressedData\) do not end where"):
        read_image_file(metaimage(tmp_path / "c.mha", cut, **packed), COUNTS)
    sized = {"CompressedDataSize": str(len(cut) + 3)}
    with pytest.raises(FileFormatError, match=f"CompressedDataSize = {len(cut) + 3}"):
        image_size(metaimage(tmp_path / "c.mha", cut, **packed, **sized))


def test_a_planar_mask_of_a_metaimage_is_checked_too(tmp_path: Path) -> None:
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2] = 1
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(mask), str(tmp_path / "m.mha"))
    np.testing.assert_array_equal(
        read_planar_mask(tmp_path / "m.mha", (4, 6)), mask != 0
    )
    with pytest.raises(FileFormatError, match="NDims = -10"):
        read_planar_mask(metaimage(tmp_path / "a.mha", NDims="-10"), (4, 6))


@pytest.mark.parametrize("sizes", ["3 4 -5", "3 4 0", "3 4 1000000", "3 4"])
def test_a_lie_in_an_nrrd_is_refused_by_its_key(tmp_path: Path, sizes: str) -> None:
    data = VOXELS.astype(np.float32)
    volume = Volume(data, Grid.regular(data.shape, spacing_mm=(4.0, 2.0, 1.0)), COUNTS)
    write_nrrd(volume, tmp_path / "a.nrrd", "left-posterior-superior")
    whole = (tmp_path / "a.nrrd").read_bytes()
    assert b"sizes: 3 4 5" in whole
    (tmp_path / "a.nrrd").write_bytes(
        whole.replace(b"sizes: 3 4 5", f"sizes: {sizes}".encode())
    )
    for read in (image_size, lambda path: read_image_file(path, COUNTS)):
        with pytest.raises(FileFormatError, match=r"a\.nrrd .*sizes"):
            read(tmp_path / "a.nrrd")


@pytest.mark.parametrize("size", [-5, 0, 32767])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_lie_in_a_nifti_is_refused_by_its_key(
    tmp_path: Path, ending: str, size: int
) -> None:
    data = VOXELS.astype(np.float32)
    volume = Volume(data, Grid.regular(data.shape, spacing_mm=(4.0, 2.0, 1.0)), COUNTS)
    path = tmp_path / f"a{ending}"
    write_nifti(volume, path)
    raw = path.read_bytes()
    whole = bytearray(gzip.decompress(raw) if ending.endswith("gz") else raw)
    # dim[1] to dim[3] stand at bytes 42 to 47.
    assert struct.unpack_from("<3h", whole, 42) == (3, 4, 5)
    struct.pack_into("<h", whole, 46, size)
    struct.pack_into("<h", whole, 44, max(size, 4))
    path.write_bytes(gzip.compress(whole) if ending.endswith("gz") else bytes(whole))
    for read in (image_size, lambda one: read_image_file(one, COUNTS)):
        with pytest.raises(FileFormatError, match=r"a\.nii.* has dim = 3 "):
            read(path)


@pytest.mark.parametrize("name", ["seg_135", "seg_238", "seg_334", "seg_577"])
def test_metaimages_that_killed_the_process(name: str) -> None:
    path = SHARED / "cases" / "damaged_inputs" / "metaimage" / f"{name}.mha"
    if not path.is_file():
        pytest.skip("needs ../shared/cases")
    with pytest.raises(FileFormatError, match=f"{name}.mha has NDims = "):
        image_size(path)


def test_a_damaged_bystander_is_listed_and_not_fatal() -> None:
    folder = SHARED / "cases" / "damaged_inputs" / "metaimage" / "case"
    if not folder.is_dir():
        pytest.skip("needs ../shared/cases")
    found = {item.label: item for item in discover(folder)}
    assert "NDims = -10" in found["other.mha"].remark
    assert {"nm.dcm", "rs.dcm"} <= set(found)


@pytest.mark.parametrize("name", ["a.h5", "a.tfm", "a.mat"])
def test_a_damaged_transform_prints_nothing_of_itks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    grid = Grid.regular((3, 4, 5), spacing_mm=(1.0, 1.0, 1.0))
    with pytest.raises(FileFormatError, match="is not a transform that ITK reads"):
        read_transform(path, grid)
    assert capfd.readouterr() == ("", "")
