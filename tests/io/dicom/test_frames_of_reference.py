"""Every reader carries the frame of reference that its file names, or says None."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.io.dicom.write_structures import write_rtstruct, write_seg
from sirtdose.io.image_file import write_nifti
from sirtdose.io.read import read_image, read_structures
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.io.dicom.test_dicom import STUDY, square
from tests.io.dicom.test_vendors import pet
from tests.io.dicom.test_write_dose import LINK, written
from tests.io.test_image_file import write_nrrd

FRAME = "1.2.826.0.1.3680043.8.498.77"
GRID = Grid(
    (4, 5, 6),
    np.array([[0, 0, 1.5, -40], [0, 2.5, 0, 17], [4, 0, 0, 230], [0, 0, 0, 1]]),
    FRAME,
)
VALUES = np.arange(120, dtype=np.float32).reshape(GRID.shape)
MASK = np.zeros(GRID.shape, bool)
MASK[1:3, 1:4, 2:5] = True
DICOM_IMAGES = ("NM", "CT", "PET", "RTDOSE")
DICOM_STRUCTURES = ("RTSTRUCT", "SEG", "SEG of another program")


def named(paths: list[Path]) -> list[Path]:
    """The files with FRAME as their frame of reference."""
    for path in paths:
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = FRAME
        dataset.save_as(path)
    return paths


def make(kind: str, folder: Path) -> Path:
    counts = Volume(VALUES, GRID, Quantity.COUNTS)
    hu = Volume(VALUES, GRID, Quantity.CT_NUMBER)
    if kind == "NM":
        write_nm(counts, folder / "nm.dcm", STUDY)
        return named([folder / "nm.dcm"])[0]
    if kind == "CT":
        named(write_ct(hu, folder, STUDY))
        return folder
    if kind == "PET":
        named(pet(folder, "SIEMENS"))
        return folder
    if kind == "RTDOSE":
        own = Grid(GRID.shape, GRID.affine_mm, LINK.frame_of_reference_uid)
        return named([written(Volume(VALUES, own, Quantity.DOSE), folder)])[0]
    if kind == "RTSTRUCT":
        path = folder / "rs.dcm"
        write_rtstruct({"Liver": [square(z, 9) for z in (0.0, 3.0)]}, path, STUDY)
        dataset = pydicom.dcmread(path)
        for roi in dataset.StructureSetROISequence:
            roi.ReferencedFrameOfReferenceUID = FRAME
        dataset.save_as(path)
        return path
    (folder / "ct").mkdir()
    link = read_link(write_ct(hu, folder / "ct", STUDY), FRAME)
    liver = Structure("Liver", Role.LIVER, MASK, GRID)
    write_seg([liver], folder / "seg.dcm", link)
    if kind != "SEG":
        dataset = pydicom.dcmread(folder / "seg.dcm")
        dataset.Manufacturer = "another"
        dataset.save_as(folder / "seg.dcm")
    return folder / "seg.dcm"


@pytest.mark.parametrize("kind", DICOM_IMAGES)
def test_of_dicom_images(kind: str, tmp_path: Path) -> None:
    volume = read_image(make(kind, tmp_path))
    assert volume.grid.frame_of_reference_uid == FRAME


@pytest.mark.parametrize("kind", DICOM_STRUCTURES)
def test_of_dicom_structures(kind: str, tmp_path: Path) -> None:
    [liver] = read_structures(make(kind, tmp_path))
    assert liver.grid.frame_of_reference_uid == FRAME
    # And so another image is refused, and its own is not.
    assert not liver.grid.shares_frame(Grid((1, 1, 1), np.eye(4), "1.2.3"))
    assert liver.grid.shares_frame(GRID)


def test_a_dicom_file_that_names_none_says_so(tmp_path: Path) -> None:
    path = make("SEG", tmp_path)
    dataset = pydicom.dcmread(path)
    dataset.FrameOfReferenceUID = ""
    dataset.save_as(path)
    [liver] = read_structures(path)
    assert liver.grid.frame_of_reference_uid is None


def nifti(volume: Volume, path: Path) -> None:
    write_nifti(volume, path)


def nrrd(volume: Volume, path: Path) -> None:
    write_nrrd(volume, path, "left-posterior-superior")


def metaimage(volume: Volume, path: Path) -> None:
    image = SimpleITK.GetImageFromArray(volume.data)
    SimpleITK.WriteImage(image, str(path))


@pytest.mark.parametrize(
    ("ending", "write"),
    [("nii.gz", nifti), ("nii", nifti), ("nrrd", nrrd), ("mha", metaimage)],
)
def test_image_files_have_none(
    ending: str, write: Callable[[Volume, Path], None], tmp_path: Path
) -> None:
    """No such format has a place for it: it matches any, and no guess is made."""
    image, mask = tmp_path / f"image.{ending}", tmp_path / f"liver.{ending}"
    write(Volume(VALUES, GRID, Quantity.COUNTS), image)
    write(Volume(MASK.astype(np.uint8), GRID, Quantity.COUNTS), mask)
    assert read_image(image).grid.frame_of_reference_uid is None
    [liver] = read_structures(mask)
    assert liver.grid.frame_of_reference_uid is None
