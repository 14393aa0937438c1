import gzip
from pathlib import Path

import nibabel
import nrrd
import numpy as np
import pytest
import SimpleITK

from sirtdose.errors import FileFormatError, GeometryError, StructureError
from sirtdose.io.image_file import read_image_file, read_label_file, write_nifti
from sirtdose.model.role import Role
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import assert_same_image

COUNTS = Quantity.COUNTS


def ijk(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Data and LPS affine in column, row, slice order, as most libraries have it."""
    return volume.data.transpose(2, 1, 0), volume.grid.affine_mm[:, [2, 1, 0, 3]]


def write_nrrd(volume: Volume, path: Path, space: str, **extra: object) -> None:
    data, affine = ijk(volume)
    if space.startswith("right"):
        affine = np.diag([-1, -1, 1, 1]) @ affine
    header = {
        "space": space,
        "space directions": affine[:3, :3].T,
        "space origin": affine[:3, 3],
        **extra,
    }
    nrrd.write(str(path), data, header, index_order="F")


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_nifti_written_and_read_is_the_same(
    oriented: Volume, tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"dose{ending}"
    write_nifti(oriented, path)
    again = read_image_file(path, COUNTS)
    assert again.grid.matches(oriented.grid)
    np.testing.assert_array_equal(again.data, oriented.data)


def test_nifti_bytes_depend_on_the_volume_only(
    oriented: Volume, tmp_path: Path
) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        write_nifti(oriented, tmp_path / name)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


def test_simpleitk_sees_our_nifti_where_we_do(oriented: Volume, tmp_path: Path) -> None:
    write_nifti(oriented, tmp_path / "dose.nii")
    image = SimpleITK.ReadImage(str(tmp_path / "dose.nii"))
    place = image.TransformIndexToPhysicalPoint((3, 2, 1))
    np.testing.assert_allclose(place, oriented.grid.world_mm((1, 2, 3)), atol=1e-3)
    assert image.GetPixel(3, 2, 1) == oriented.data[1, 2, 3]


def test_nifti_without_a_position_is_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.eye(4))
    image.set_sform(None, code=0)
    image.set_qform(None, code=0)
    nibabel.save(image, tmp_path / "lost.nii")
    with pytest.raises(GeometryError, match="has no spatial orientation"):
        read_image_file(tmp_path / "lost.nii", COUNTS)


def test_nifti_prefers_the_sform(oriented: Volume, tmp_path: Path) -> None:
    data, affine = ijk(oriented)
    image = nibabel.Nifti1Image(data, np.diag([-1, -1, 1, 1]) @ affine)
    image.set_qform(np.diag([9, 9, 9, 1]), code=1)
    image.set_sform(np.diag([-1, -1, 1, 1]) @ affine, code=2)
    nibabel.save(image, tmp_path / "two.nii")
    assert read_image_file(tmp_path / "two.nii", COUNTS).grid.matches(oriented.grid)


@pytest.mark.parametrize(
    "space", ["left-posterior-superior", "right-anterior-superior"]
)
def test_nrrd_in_either_space(oriented: Volume, tmp_path: Path, space: str) -> None:
    write_nrrd(oriented, tmp_path / "spect.nrrd", space)
    assert_same_image(read_image_file(tmp_path / "spect.nrrd", COUNTS), oriented)


def test_nrrd_as_simpleitk_writes_it(oriented: Volume, tmp_path: Path) -> None:
    data, affine = ijk(oriented)
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(data.transpose(2, 1, 0)))
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image.SetSpacing(spacing.tolist())
    image.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    for name in ("spect.nrrd", "spect.mha", "spect.mhd"):
        SimpleITK.WriteImage(image, str(tmp_path / name))
        assert_same_image(read_image_file(tmp_path / name, COUNTS), oriented)


@pytest.mark.parametrize(
    ("space", "extra", "says"),
    [
        ("left-anterior-superior", {}, "has space 'left-anterior-superior'"),
        (
            "left-posterior-superior",
            {"space units": ["m", "m", "m"]},
            "mm is needed",
        ),
    ],
)
def test_nrrd_in_an_unclear_space_is_refused(
    oriented: Volume, tmp_path: Path, space: str, extra: dict, says: str
) -> None:
    write_nrrd(oriented, tmp_path / "odd.nrrd", space, **extra)
    with pytest.raises(GeometryError, match=says):
        read_image_file(tmp_path / "odd.nrrd", COUNTS)


def write_seg_nrrd(path: Path, volume: Volume) -> np.ndarray:
    """Two layers: liver and tumor overlap, a third segment shares a layer."""
    layers = np.zeros((2, *volume.data.transpose(2, 1, 0).shape), np.uint8)
    layers[0, 1:8, 1:6, 1:4] = 1
    layers[1, 2:4, 2:4, 2:3] = 1
    layers[1, 5:7, 3:5, 1:3] = 3
    _, affine = ijk(volume)
    header = {
        "space": "left-posterior-superior",
        "space directions": np.vstack([[np.nan] * 3, affine[:3, :3].T]),
        "space origin": affine[:3, 3],
        "kinds": ["list", "domain", "domain", "domain"],
    }
    for number, (name, layer, value) in enumerate(
        [("Liver", 0, 1), ("Tumor 1", 1, 1), ("gallbladder", 1, 3)]
    ):
        header |= {
            f"Segment{number}_ID": f"Segment_{number}",
            f"Segment{number}_Name": name,
            f"Segment{number}_Layer": str(layer),
            f"Segment{number}_LabelValue": str(value),
        }
    nrrd.write(str(path), layers, header, index_order="F")
    return layers


def test_slicer_segments_by_layer_and_label(oriented: Volume, tmp_path: Path) -> None:
    layers = write_seg_nrrd(tmp_path / "a.seg.nrrd", oriented)
    liver, tumor, gallbladder = read_label_file(tmp_path / "a.seg.nrrd")
    assert [s.role for s in (liver, tumor, gallbladder)] == [
        Role.LIVER,
        Role.TUMOR,
        Role.GALLBLADDER,
    ]
    for structure, mask in (
        (liver, layers[0] == 1),
        (tumor, layers[1] == 1),
        (gallbladder, layers[1] == 3),
    ):
        values, _ = structure.values_in(oriented)
        expected = oriented.data[mask.transpose(2, 1, 0)]
        assert sorted(values.tolist()) == sorted(expected.tolist())
    assert (liver & tumor).volume_ml == pytest.approx(tumor.volume_ml)


def test_a_segment_in_a_layer_that_is_not_there(
    oriented: Volume, tmp_path: Path
) -> None:
    write_seg_nrrd(tmp_path / "a.seg.nrrd", oriented)
    data, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    header["Segment1_Layer"] = "7"
    nrrd.write(str(tmp_path / "b.seg.nrrd"), data, header)
    with pytest.raises(FileFormatError, match="'Tumor 1' names a layer"):
        read_label_file(tmp_path / "b.seg.nrrd")


def labels(volume: Volume) -> Volume:
    data = np.zeros(volume.grid.shape, np.int16)
    data[1:4, 1:5, 1:6] = 1
    data[2, 2:4, 2:5] = 2
    return volume.with_data(data)


def test_label_image_with_and_without_names(oriented: Volume, tmp_path: Path) -> None:
    write_nifti(labels(oriented), tmp_path / "seg.nii.gz")
    assert [s.name for s in read_label_file(tmp_path / "seg.nii.gz")] == [
        "label 1",
        "label 2",
    ]
    (tmp_path / "seg.tsv").write_text("index\tname\n2\tTumor A\n1\tNormal liver\n")
    normal, tumor = read_label_file(tmp_path / "seg.nii.gz")
    assert (normal.role, tumor.role) == (Role.NORMAL_GIVEN, Role.TUMOR)
    assert tumor.volume_ml == pytest.approx(6 * oriented.grid.voxel_volume_ml)


def test_a_mask_takes_the_name_of_its_file(oriented: Volume, tmp_path: Path) -> None:
    mask = oriented.with_data((labels(oriented).data > 0).astype(np.int16))
    write_nifti(mask, tmp_path / "liver.nii.gz")
    [liver] = read_label_file(tmp_path / "liver.nii.gz")
    assert (liver.name, liver.role) == ("liver", Role.LIVER)


def test_what_is_no_mask_is_refused(oriented: Volume, tmp_path: Path) -> None:
    write_nifti(oriented.with_data(oriented.data * 0.3), tmp_path / "pet.nii")
    with pytest.raises(FileFormatError, match="not a mask or label image"):
        read_label_file(tmp_path / "pet.nii")
    write_nifti(oriented.with_data(oriented.data * 0), tmp_path / "none.nii")
    with pytest.raises(StructureError, match="contains no structure"):
        read_label_file(tmp_path / "none.nii")


def test_segments_without_layers_have_one_each(
    oriented: Volume, tmp_path: Path
) -> None:
    write_seg_nrrd(tmp_path / "a.seg.nrrd", oriented)
    data, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    old = {k: v for k, v in header.items() if "Layer" not in k and "Segment2" not in k}
    old |= {"Segment1_LabelValue": "1"}
    nrrd.write(str(tmp_path / "b.seg.nrrd"), data, old)
    liver, tumor = read_label_file(tmp_path / "b.seg.nrrd")
    assert liver.occupancy.sum() == 7 * 5 * 3
    assert tumor.occupancy.sum() == 2 * 2 * 1


@pytest.mark.parametrize("key", ["Offset", "ElementSpacing", "TransformMatrix"])
def test_a_metaimage_without_its_place_is_refused(tmp_path: Path, key: str) -> None:
    image = SimpleITK.GetImageFromArray(np.ones((3, 4, 5), np.float32))
    SimpleITK.WriteImage(image, str(tmp_path / "a.mha"))
    lines = (tmp_path / "a.mha").read_bytes().split(b"\n")
    kept = [line for line in lines if not line.startswith(key.encode())]
    assert len(kept) < len(lines)
    (tmp_path / "a.mha").write_bytes(b"\n".join(kept))
    with pytest.raises(GeometryError, match=f"a.mha has no {key}"):
        read_image_file(tmp_path / "a.mha", COUNTS)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("part", [0.0, 0.05, 0.5, 0.98])
def test_a_truncated_file_is_refused_by_name(
    oriented: Volume, tmp_path: Path, name: str, part: float
) -> None:
    path = tmp_path / name
    noisy = oriented.with_data(
        np.random.default_rng(3).normal(size=oriented.grid.shape).astype(np.float32)
    )
    if name.endswith(".nrrd"):
        write_nrrd(noisy, path, "left-posterior-superior")
    elif name.endswith(".mha"):
        SimpleITK.WriteImage(SimpleITK.GetImageFromArray(noisy.data), str(path))
    else:
        write_nifti(noisy, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])
    with pytest.raises((FileFormatError, GeometryError), match=name):
        read_image_file(path, COUNTS)


def test_what_is_not_there_or_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match="there is no file"):
        read_image_file(tmp_path / "none.nii", COUNTS)
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(FileFormatError, match="not a supported image file"):
        read_image_file(tmp_path / "note.txt", COUNTS)
    (tmp_path / "text.nii.gz").write_bytes(gzip.compress(b"hello"))
    with pytest.raises(FileFormatError, match=r"text\.nii\.gz cannot be read as NIfTI"):
        read_image_file(tmp_path / "text.nii.gz", COUNTS)


def test_four_dimensions_are_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(np.zeros((3, 4, 5, 2), np.float32), np.eye(4))
    nibabel.save(image, tmp_path / "time.nii")
    with pytest.raises(FileFormatError, match="single 3-D image"):
        read_image_file(tmp_path / "time.nii", COUNTS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Segment1_Layer": "-1"}, "'Tumor 1' names a layer"),
        ({"Segment1_LabelValue": "0"}, "'Tumor 1' names a layer"),
        ({"Segment1_LabelValue": "many"}, "'Tumor 1' names a layer"),
    ],
)
def test_odd_segments_are_refused(
    oriented: Volume, tmp_path: Path, change: dict[str, str], says: str
) -> None:
    write_seg_nrrd(tmp_path / "a.seg.nrrd", oriented)
    data, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    nrrd.write(str(tmp_path / "b.seg.nrrd"), data, dict(header) | change)
    with pytest.raises(FileFormatError, match=says):
        read_label_file(tmp_path / "b.seg.nrrd")


def test_a_gap_in_the_segments_numbers_loses_none(
    oriented: Volume, tmp_path: Path
) -> None:
    write_seg_nrrd(tmp_path / "a.seg.nrrd", oriented)
    data, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    kept = {k: v for k, v in header.items() if not k.startswith("Segment0_")}
    nrrd.write(str(tmp_path / "b.seg.nrrd"), data, kept)
    names = [s.name for s in read_label_file(tmp_path / "b.seg.nrrd")]
    assert names == ["Tumor 1", "gallbladder"]


def test_infinite_labels_are_refused(oriented: Volume, tmp_path: Path) -> None:
    data = np.where(labels(oriented).data == 2, np.inf, 0).astype(np.float32)
    image = nibabel.Nifti1Image(data.transpose(2, 1, 0), np.diag([2, 3, 4, 1]))
    nibabel.save(image, tmp_path / "bad.nii")
    with pytest.raises(FileFormatError, match="not a mask or label image"):
        read_label_file(tmp_path / "bad.nii")


def test_label_names_in_the_header_itself(tmp_path: Path) -> None:
    """As TotalSegmentator writes them: a table of labels in a NIfTI extension."""
    import nibabel

    data = np.zeros((5, 6, 7), np.uint8)
    data[1:3], data[3:] = 1, 5
    image = nibabel.nifti1.Nifti1Image(data, np.diag([2.0, 2.0, 3.0, 1.0]))
    table = (
        '<?xml version="1.0"?><CaretExtension><VolumeInformation Index="0"><LabelTable>'
        '<Label Key="1" Red="1" Alpha="1"><![CDATA[spleen]]></Label>'
        '<Label Key="5" Red="0" Alpha="1"><![CDATA[liver]]></Label>'
        "</LabelTable></VolumeInformation></CaretExtension>"
    )
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension(0, table.encode()))
    nibabel.save(image, tmp_path / "segmentation.nii.gz")
    found = read_label_file(tmp_path / "segmentation.nii.gz")
    assert [(one.name, str(one.role)) for one in found] == [
        ("spleen", "organ"),
        ("liver", "liver"),
    ]
