"""Voxels are as many as the header says, to the byte: none is dropped without a word.

The files are written here by hand, of 3 x 4 x 12 voxels along x, y, z: 0 to 143.
"""

import bz2
import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pytest

from sirtdose.errors import FileFormatError
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.io.image_file import image_size, read_image_file
from sirtdose.model.volume import Quantity

COUNTS = Quantity.COUNTS
VOXELS = np.arange(144, dtype="<f4").reshape(12, 4, 3)
BYTES = VOXELS.tobytes()
PACKED = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}


def nifti(path: Path, *, slices: int = 12, kind: int = 16, behind: bytes = b"") -> Path:
    image = nibabel.nifti1.Nifti1Image(VOXELS.transpose(2, 1, 0), np.eye(4))
    whole = bytearray(image.to_bytes())
    # dim[3] stands at byte 46, datatype and bitpix at 70 and 72; 16 is float.
    struct.pack_into("<h", whole, 46, slices)
    struct.pack_into("<hh", whole, 70, kind, {16: 32, 4: 16}[kind])
    whole += behind
    path.write_bytes(gzip.compress(whole) if path.suffix == ".gz" else whole)
    return path


def nrrd(
    path: Path,
    *,
    slices: int = 12,
    kind: str = "float",
    encoding: str = "raw",
    voxels: bytes = BYTES,
    more: str = "",
) -> Path:
    lines = ["NRRD0004", f"type: {kind}", "dimension: 3"]
    lines += ["space: left-posterior-superior", f"sizes: 3 4 {slices}"]
    lines += ["space directions: (1,0,0) (0,1,0) (0,0,1)", "space origin: (0,0,0)"]
    lines += ["endian: little", f"encoding: {encoding}", *([more] if more else [])]
    head = "\n".join(lines) + "\n\n"
    path.write_bytes(head.encode() + PACKED[encoding](voxels))
    return path


def metaimage(path: Path, *, slices: int = 12, kind: str = "MET_FLOAT") -> Path:
    path.write_bytes(
        b"ObjectType = Image\nNDims = 3\nBinaryData = True\n"
        b"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\n"
        b"ElementSpacing = 1 1 1\n"
        + f"DimSize = 3 4 {slices}\nElementType = {kind}\n".encode()
        + b"ElementDataFile = LOCAL\n"
        + BYTES
    )
    return path


def refused(path: Path, says: str) -> None:
    for read in (image_size, lambda one: read_image_file(one, COUNTS)):
        with pytest.raises(FileFormatError, match=rf"{path.name} .*{says}"):
            read(path)
    # Listed with the reason, and no candidate for anything.
    [found] = discover(path)
    assert found.kind is Kind.OTHER
    assert found.unread == (path,)
    assert path.name in found.remark


def read_right(path: Path) -> None:
    np.testing.assert_array_equal(read_image_file(path, COUNTS).data, VOXELS)
    assert [one.kind for one in discover(path)] == [Kind.IMAGE_FILE]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_nifti(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    read_right(nifti(path))
    refused(nifti(path, slices=6), "dim = 3 4 6 of 4 bytes .*needs (288|640) bytes")
    refused(nifti(path, kind=4), "dim = 3 4 12 of 2 bytes .*needs (288|640) bytes")
    refused(nifti(path, behind=b"\0"), "dim = 3 4 12 .*needs (576|928) bytes")


def test_what_a_nifti_has_before_its_voxels_is_no_surplus(tmp_path: Path) -> None:
    image = nibabel.nifti1.Nifti1Image(VOXELS.transpose(2, 1, 0), np.eye(4))
    image.header.extensions.append(
        nibabel.nifti1.Nifti1Extension("comment", b"a comment of some length")
    )
    for name in ("a.nii", "a.nii.gz"):
        nibabel.save(image, tmp_path / name)
        read_right(tmp_path / name)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2"])
def test_nrrd(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.nrrd"
    read_right(nrrd(path, encoding=encoding))
    for changed, needed in (({"slices": 6}, 288), ({"kind": "short"}, 288)):
        nrrd(path, encoding=encoding, **changed)
        with pytest.raises(FileFormatError, match=rf"sizes = .*needs {needed} bytes"):
            read_image_file(path, COUNTS)
        if encoding != "bzip2":
            refused(path, f"needs {needed} bytes")


def test_nrrd_skips_what_its_header_says(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    read_right(nrrd(path, voxels=b"a line\n" + BYTES, more="line skip: 1"))
    read_right(nrrd(path, voxels=b"1234" + BYTES, more="byte skip: 4"))
    read_right(nrrd(path, voxels=b"1234" + BYTES, more="byte skip: -1"))
    refused(nrrd(path, more="byte skip: -1", slices=6), "needs 288 bytes, but 576")
    (tmp_path / "a.raw").write_bytes(BYTES)
    path = tmp_path / "a.nhdr"
    read_right(nrrd(path, voxels=b"", more="data file: a.raw"))
    refused(nrrd(path, voxels=b"", slices=6, more="data file: a.raw"), "but 576 bytes")
    refused(nrrd(path, voxels=b"", more="data file: b.raw"), "that is missing")


def test_metaimage(tmp_path: Path) -> None:
    path = tmp_path / "a.mha"
    read_right(metaimage(path))
    refused(metaimage(path, slices=6), "DimSize = 3 4 6 .*needs 288 bytes, but 576")
    refused(metaimage(path, kind="MET_SHORT"), "needs 288 bytes, but 576 bytes")
    # Whatever stands before the last bytes is skipped, but not half of the image.
    (tmp_path / "a.raw").write_bytes(BYTES)
    metaimage(path, slices=6)
    head = path.read_bytes()[: -len(BYTES)]
    path = tmp_path / "a.mhd"
    path.write_bytes(
        head.replace(b"LOCAL", b"a.raw").replace(b"ND", b"HeaderSize = -1\nND")
    )
    refused(path, "needs 288 bytes, but 576")


def test_files_that_were_cut(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(size=VOXELS.shape).astype("<f4").tobytes()
    paths = [
        nifti(tmp_path / "a.nii.gz"),
        nrrd(tmp_path / "b.nrrd", encoding="gzip", voxels=noise),
        nrrd(tmp_path / "c.nrrd"),
    ]
    # A part, but the last one too: its header is longer than what is missing.
    for path, cut in zip(paths, (200, 300, 100), strict=True):
        path.write_bytes(path.read_bytes()[:-cut])
        refused(path, "truncated")
    # Whole voxels without their checksum are not known to be right.
    for cut in (1, 4, 8):
        path = nifti(tmp_path / "a.nii.gz")
        path.write_bytes(path.read_bytes()[:-cut])
        refused(path, "truncated")


def test_packed_voxels_agree_with_their_checksum(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    whole = nibabel.nifti1.Nifti1Image(np.ones((9, 9, 9), "<f4"), np.eye(4)).to_bytes()
    # Stored, not packed: a changed byte is a changed voxel, and no damage of deflate.
    stored = bytearray(gzip.compress(whole, compresslevel=0))
    path.write_bytes(stored)
    assert (read_image_file(path, COUNTS).data == 1).all()
    stored[-30] ^= 0x40
    path.write_bytes(stored)
    assert image_size(path) == (9, 9, 9)
    with pytest.raises(FileFormatError, match=r"a\.nii\.gz .*checksum"):
        read_image_file(path, COUNTS)


def test_gzip_of_several_members_is_read(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii.gz")
    whole = gzip.decompress(path.read_bytes())
    # As bgzip writes it: the last member is empty.
    parts = (whole[:300], whole[300:], b"")
    path.write_bytes(b"".join(map(gzip.compress, parts)))
    read_right(path)


def test_a_refused_header_is_told_by_its_keys(tmp_path: Path) -> None:
    path = nifti(tmp_path / "a.nii")
    whole = bytearray(path.read_bytes())
    # Three bytes a voxel: 128 is RGB.
    struct.pack_into("<hh", whole, 70, 128, 24)
    path.write_bytes(whole[: 352 + 3 * 144])
    with pytest.raises(
        FileFormatError, match=r"a\.nii contains colors: an image of one"
    ):
        read_image_file(path, COUNTS)
    struct.pack_into("<hh", whole, 70, 7, 32)
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match=r"an invalid NIfTI header: datatype 7"):
        read_image_file(path, COUNTS)
    path = nifti(tmp_path / "a.nii.gz")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        FileFormatError, match=r"not begin with a NIfTI header \(sizeof_hdr, magic\)"
    ):
        read_image_file(path, COUNTS)
