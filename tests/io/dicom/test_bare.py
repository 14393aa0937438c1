"""DICOM without its preamble is read; what is no DICOM is not taken for it."""

import random
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.bare import is_dicom_file
from sirtdose.io.dicom.pet import read_pet
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.discover import discover, survey
from sirtdose.io.found import Kind
from sirtdose.io.read import read_found_image, read_image
from tests.conftest import SHARED
from tests.io.dicom.test_vendors import pet

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"


def without_preamble(path: Path) -> None:
    """DICM first, as where only the 128 bytes are lost."""
    path.write_bytes(path.read_bytes()[128:])


def without_prefix(path: Path) -> None:
    """The file meta information first."""
    path.write_bytes(path.read_bytes()[132:])


def data_set_alone(syntax: str):  # type: ignore[no-untyped-def]
    """As CMS and Monaco write: no meta information at all."""

    def change(path: Path) -> None:
        dataset = pydicom.dcmread(path)
        dataset.PixelData = dataset.PixelData
        dataset.file_meta = FileMetaDataset()
        dataset.preamble = None
        dataset.save_as(
            path,
            implicit_vr=syntax == IMPLICIT,
            little_endian=True,
            enforce_file_format=False,
        )

    return change


WAYS = [
    without_preamble,
    without_prefix,
    data_set_alone(IMPLICIT),
    data_set_alone(EXPLICIT),
]


@pytest.mark.parametrize("way", WAYS)
def test_slices_without_preamble_are_slices(tmp_path: Path, way) -> None:  # type: ignore[no-untyped-def]
    paths = pet(tmp_path, "SIEMENS")
    whole = read_pet(paths)
    for path in paths[1::2]:
        way(path)
        assert path.read_bytes()[128:132] != b"DICM"
    [found] = discover(tmp_path)
    assert found.kind is Kind.PET
    assert len(found.paths) == len(paths)
    np.testing.assert_array_equal(read_found_image(found).data, whole.data)


@pytest.mark.parametrize("way", WAYS)
def test_a_segmentation_without_preamble(
    exact_voxels: Path, tmp_path: Path, way
) -> None:  # type: ignore[no-untyped-def]
    [source] = [f for f in discover(exact_voxels) if f.kind is Kind.SEGMENTATION]
    path = Path(shutil.copy(source.paths[0], tmp_path / "seg.dcm"))
    names = [one.name for one in read_seg(path)]
    way(path)
    assert [one.name for one in read_seg(path)] == names


def test_noise_and_text_are_no_dicom(tmp_path: Path) -> None:
    rng = random.Random(20)
    path = tmp_path / "noise"
    heads = [b"", b"DICM", b"\x08\x00", b"\x02\x00\x00\x00UL\x04\x00"]
    heads += [b"\x08\x00\x05\x00CS\x0a\x00", b"\x08\x00\x16\x00UI\x1a\x00"]
    for k in range(3000):
        path.write_bytes(heads[k % len(heads)] + rng.randbytes(rng.randrange(4000)))
        assert not is_dicom_file(path)
    for text in (
        "",
        "hello",
        "DICM is a word\n" * 40,
        "\x08 a list\n1.2.840.10008.1\n",
    ):
        path.write_text(text)
        assert not is_dicom_file(path)


def test_what_is_passed_over_is_named_with_its_reason(tmp_path: Path) -> None:
    pet(tmp_path, "SIEMENS")
    (tmp_path / "README").write_text("notes")
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "zeros.dcm").write_bytes(bytes(9000))
    [found], passed = survey(tmp_path)
    assert {one.path.name: one.why for one in passed} == {
        "README": "not a DICOM, NIfTI, NRRD or MetaImage file",
        "empty.dcm": "empty (0 bytes)",
        "zeros.dcm": "nothing but zeros",
    }
    assert [path.name for path in found.unread] == ["empty.dcm", "zeros.dcm"]
    with pytest.raises(FileFormatError, match=r"README is not a DICOM"):
        discover(tmp_path / "README")


@pytest.mark.parametrize("declared", [6, None])
def test_a_series_beside_damaged_files_is_refused_unless_it_is_whole(
    tmp_path: Path, declared: int | None
) -> None:
    paths = pet(tmp_path, "SIEMENS")
    for path in paths:
        dataset = pydicom.dcmread(path)
        if declared is None:
            dataset.pop("NumberOfSlices", None)
        else:
            dataset.NumberOfSlices = declared
        dataset.save_as(path)
    assert len(paths) == 6
    read_image(tmp_path)
    (tmp_path / "more.dcm").touch()
    if declared:
        # All six are there: the other file is none of them.
        read_image(tmp_path)
    else:
        with pytest.raises(FileFormatError, match=r"is not stated; .*more\.dcm"):
            read_image(tmp_path)
    (tmp_path / "more.dcm").unlink()
    paths[5].write_bytes(paths[5].read_bytes()[:200])
    says = "declares 6 slices, but 5 can be read" if declared else "is not stated"
    with pytest.raises(FileFormatError, match=f"{says}.*{paths[5].name}"):
        read_found_image(next(f for f in discover(tmp_path) if f.kind is Kind.PET))


def test_the_whole_digital_patient_with_bare_slices(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    source = SHARED / "cases" / "damaged_inputs" / "tz"
    if not source.is_dir():
        pytest.skip("needs ../shared/cases")
    folder = tmp_path / "patient"
    folder.mkdir()
    for path in sorted(source.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        dataset.pop("TimezoneOffsetFromUTC", None)
        dataset.save_as(folder / path.name)
    for k, path in enumerate(sorted(folder.glob("p*.dcm"))[:8]):
        WAYS[k % len(WAYS)](path)
    result = run(
        "post",
        folder,
        *("--administered", "2.2GBq", "--administered-at", "2026-03-02T10:00+01:00"),
        *("--residual", "0GBq", "--lung-shunt", "5%", "--calibrate-over", "fov"),
        *("--no-report", "--no-dicom", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 0
    # The digital patient's own: 591.8 Gy.
    [row] = [one for one in result.stderr.splitlines() if one.startswith("Tumor 1")][:1]
    assert row.split()[5] == "591.8"
