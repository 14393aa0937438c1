"""Doses and structures as DICOM, read again by other readers than ours too."""

import shutil
import subprocess
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.write_dose import RoiHistogram, _scaling, write_rtdose
from sirtdose.io.dicom.write_dose import write_rtplan as write_plan
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.io.read import read_structures
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import PatientLink, Reference, StructureSet
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from tests.conftest import assert_same_image

_NM = "1.2.840.10008.5.1.4.1.1.20"
LINK = PatientLink(
    patient_id="4711",
    patient_name="Doe^Jane",
    birth_date="19500102",
    sex="F",
    study_uid="1.2.3.1",
    study_id="S1",
    study_date="20260303",
    study_time="101500",
    accession_number="A99",
    frame_of_reference_uid="1.2.3.2",
    references=(Reference(_NM, "1.2.3.3", "1.2.3.4", "NM", 7, 9),),
)
SET = StructureSet("1.2.3.9", {"Tumor": 4})


def dose_of(volume: Volume) -> Volume:
    grid = Grid(volume.grid.shape, volume.grid.affine_mm, "1.2.3.2")
    return Volume(volume.data / 3, grid, Quantity.DOSE)


def written(dose: Volume, folder: Path, link: PatientLink = LINK) -> Path:
    plan_uid = write_plan(
        folder / "plan.dcm", link, label="Y-90", description="d", structure_set=SET
    )
    histogram = RoiHistogram(4, 0.5, np.array([9.0, 4.0, 0.0]), 0.1, 0.6, 1.0)
    path = folder / "dose.dcm"
    write_rtdose(
        dose,
        path,
        link,
        method="local_deposition",
        plan_uid=plan_uid,
        structure_set=SET,
        histograms=[histogram],
    )
    return path


def test_the_same_doses_in_every_orientation(oriented: Volume, tmp_path: Path) -> None:
    dose = dose_of(oriented)
    assert_same_image(dose, read_rtdose(written(dose, tmp_path)))


def test_a_hidden_patient_has_the_same_doses(oriented: Volume, tmp_path: Path) -> None:
    """Its frame of reference is another than the image's: the check knows that."""
    dose = dose_of(oriented)
    hidden = read_rtdose(written(dose, tmp_path, LINK.deidentified(b"a site's secret")))
    grid = Grid(
        dose.grid.shape, dose.grid.affine_mm, hidden.grid.frame_of_reference_uid
    )
    assert grid.frame_of_reference_uid != dose.grid.frame_of_reference_uid
    assert_same_image(Volume(dose.data, grid, Quantity.DOSE), hidden)


def test_other_readers_find_the_same(oriented: Volume, tmp_path: Path) -> None:
    dose = dose_of(oriented)
    path = written(dose, tmp_path)
    data = pydicom.dcmread(path)
    assert (data.BitsAllocated, data.DoseUnits, data.DoseType) == (32, "GY", "PHYSICAL")
    offsets = np.array(data.GridFrameOffsetVector, float)
    assert offsets[0] == 0
    assert (np.diff(offsets) > 0).all()
    assert data.FrameIncrementPointer == 0x3004000C
    scaling = float(data.DoseGridScaling)
    by_pydicom = data.pixel_array * scaling
    by_highdicom = highdicom.imread(path).get_frames(apply_real_world_transform=False)
    image = SimpleITK.ReadImage(str(path))
    by_itk = SimpleITK.GetArrayFromImage(image) * scaling
    largest = float(dose.data.max())
    for found in (by_pydicom, by_highdicom * scaling, by_itk):
        assert abs(found.max() - largest) < 1e-3 * largest
        np.testing.assert_allclose(np.sort(found.ravel()), np.sort(dose.data.ravel()))
    # Where SimpleITK puts the hottest voxel.
    at = np.unravel_index(by_itk.argmax(), by_itk.shape)
    place = image.TransformIndexToPhysicalPoint([int(i) for i in at[::-1]])
    ours = np.unravel_index(dose.data.argmax(), dose.data.shape)
    np.testing.assert_allclose(place, dose.grid.world_mm(np.array(ours)), atol=1e-3)


@given(st.floats(1e-5, 1e6))
def test_the_scaling_holds_the_largest_dose(largest_gy: float) -> None:
    scaling = _scaling(largest_gy)
    assert largest_gy / scaling <= 2**32 - 1
    assert largest_gy / scaling > (2**32 - 1) * (1 - 1e-5) or largest_gy < 1e-6
    assert len(pydicom.valuerep.format_number_as_ds(scaling)) <= 16


@pytest.mark.parametrize("largest", [0.0, 1e-7, 48217.123456])
def test_any_size_of_dose(tmp_path: Path, largest: float) -> None:
    grid = Grid.regular((2, 3, 4), spacing_mm=(4.0, 3.0, 2.0))
    data = np.zeros(grid.shape, np.float32)
    data[1, 2, 3], data[0, 1, 1] = largest, -0.01 * largest
    found = read_rtdose(written(Volume(data, grid, Quantity.DOSE), tmp_path))
    np.testing.assert_allclose(found.data, np.maximum(data, 0), rtol=1e-4, atol=1e-12)


def test_the_links_of_dose_plan_and_contours(tmp_path: Path) -> None:
    grid = Grid.regular((2, 3, 4), spacing_mm=(4.0, 3.0, 2.0))
    path = written(Volume(np.ones(grid.shape), grid, Quantity.DOSE), tmp_path)
    dose, plan = (pydicom.dcmread(one) for one in (path, tmp_path / "plan.dcm"))
    [to_plan] = dose.ReferencedRTPlanSequence
    assert to_plan.ReferencedSOPInstanceUID == plan.SOPInstanceUID
    for one in (dose, plan):
        assert (
            one.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == "1.2.3.9"
        )
        assert (one.PatientID, one.StudyInstanceUID) == ("4711", "1.2.3.1")
        assert one.FrameOfReferenceUID == "1.2.3.2"
        assert not [element for element in one.iterall() if element.tag.is_private]
    [histogram] = dose.DVHSequence
    assert histogram.DVHReferencedROISequence[0].ReferencedROINumber == 4
    assert [float(x) for x in histogram.DVHData] == [0.5, 9.0, 0.5, 4.0, 0.5, 0.0]
    # The same doses are the same instance, others are another.
    other = tmp_path / "other"
    other.mkdir()
    again = written(Volume(np.ones(grid.shape), grid, Quantity.DOSE), other)
    assert again.read_bytes() == path.read_bytes()
    changed = written(Volume(2 * np.ones(grid.shape), grid, Quantity.DOSE), other)
    assert pydicom.dcmread(changed).SOPInstanceUID != dose.SOPInstanceUID


def structures_on(grid: Grid, *, parts: bool) -> list[Structure]:
    liver = np.zeros(grid.shape, bool)
    liver[1:4, 1:6, 2:8] = True
    tumor = np.zeros(grid.shape, np.float32 if parts else bool)
    tumor[2:4, 2:5, 3:6] = 0.37 if parts else True
    return [
        Structure("Liver", Role.LIVER, liver, grid).cropped(),
        Structure("Tumor", Role.TUMOR, tumor, grid).cropped(),
    ]


@pytest.mark.parametrize("parts", [False, True])
def test_structures_come_back(oriented: Volume, tmp_path: Path, parts: bool) -> None:
    drawn = structures_on(dose_of(oriented).grid, parts=parts)
    write_seg(drawn, tmp_path / "seg.dcm", LINK)
    found = {one.name: one for one in read_structures(tmp_path / "seg.dcm")}
    assert set(found) == {"Liver", "Tumor"}
    for one in drawn:
        volume_ml = found[one.name].volume_ml
        # Half a step of 1/255 on parts of 0.37.
        step = 0.5 / 255 / 0.37 if one.occupancy.dtype != bool else 1e-6
        assert volume_ml == pytest.approx(one.volume_ml, rel=step)
        places = [
            np.average(
                each.grid.world_mm(np.argwhere(each.occupancy > 0)),
                axis=0,
                weights=each.occupancy[each.occupancy > 0].astype(float),
            )
            for each in (one, found[one.name])
        ]
        np.testing.assert_allclose(places[0], places[1], atol=1e-3)
    segmentation = highdicom.seg.segread(tmp_path / "seg.dcm")
    assert [d.SegmentLabel for d in segmentation.SegmentSequence] == ["Liver", "Tumor"]


def test_a_pseudonym_keeps_intervals_and_nothing_else(tmp_path: Path) -> None:
    key = b"a secret of this site"
    later = PatientLink(**(vars(LINK) | {"study_date": "20260317"}))
    grid = Grid.regular((5, 7, 9), spacing_mm=(4.0, 3.0, 2.0))
    dose = Volume(np.ones(grid.shape), grid, Quantity.DOSE)
    dates = []
    for name, link in (("first", LINK), ("later", later)):
        folder = tmp_path / name
        folder.mkdir()
        hidden = link.deidentified(key)
        path = written(dose, folder, hidden)
        write_seg(structures_on(grid, parts=True), folder / "seg.dcm", hidden)
        for file in folder.iterdir():
            content = file.read_bytes()
            for told in (b"Doe", b"Jane", b"4711", b"19500102", b"A99", b"202603"):
                assert told not in content
            for uid in (b"1.2.3.1\0", b"1.2.3.2\0", b"1.2.3.3\0", b"1.2.3.4\0"):
                assert uid not in content
        data = pydicom.dcmread(path)
        assert data.PatientIdentityRemoved == "YES"
        dates.append((data.PatientID, data.StudyDate))
    (one, first), (other, second) = dates
    assert one == other != "4711"
    days = np.datetime64(f"{second[:4]}-{second[4:6]}-{second[6:]}") - np.datetime64(
        f"{first[:4]}-{first[4:6]}-{first[6:]}"
    )
    assert days == np.timedelta64(14, "D")
    assert LINK.deidentified(b"another secret").patient_id != one


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="needs dicom3tools' dciodvfy")
def test_dciodvfy_finds_no_error(oriented: Volume, tmp_path: Path) -> None:
    dose = dose_of(oriented)
    path = written(dose, tmp_path)
    write_seg(structures_on(dose.grid, parts=True), tmp_path / "parts.dcm", LINK)
    write_seg(structures_on(dose.grid, parts=False), tmp_path / "masks.dcm", LINK)
    # dicom3tools stops at pixels of 32 bits (an assertion of its own): the same file
    # with the upper 16 of them.
    data = pydicom.dcmread(path)
    data.PixelData = (data.pixel_array >> 16).astype("<u2").tobytes()
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit = 15
    data.save_as(path)
    for file in sorted(tmp_path.iterdir()):
        checked = subprocess.run(
            ["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        assert "Error" not in checked.stderr
