"""Studies of a folder, by their headers alone."""

from pathlib import Path

import pydicom
import pytest

from sirtdose.errors import FileFormatError
from sirtdose.io.studies import read_studies
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.treatment_record import hidden, study_digest
from tests.treatment_files import moment, write_pet, write_scan


def only(folder: Path) -> ImagingStudy:
    [one] = read_studies(folder).found
    return one


def test_what_a_header_says(tmp_path: Path) -> None:
    tracer = {
        "Radiopharmaceutical": "Y-90 microspheres",
        "RadionuclideTotalDose": "2200",
        "RadiopharmaceuticalStartDateTime": "20260302100000",
    }
    folder = write_scan(
        tmp_path / "a",
        injection=tracer,
        PatientWeight="71",
        PatientBirthDate="00010101",
    )
    one = only(folder)
    assert (one.modality, one.nuclides, one.weight_kg) == ("NM", ("Y-90",), 71)
    assert one.key == study_digest("1.2.3.1")
    assert one.patient == hidden("MRN-4711")
    assert one.started == moment("2026-03-03T09:30+01:00")
    # A gamma camera writes MBq, and a time on the header's own clock.
    assert one.injection.activity_gbq == pytest.approx(2.2)
    assert one.injection.at == moment("2026-03-02T10:00+01:00")
    # A placeholder is no birth date.
    assert one.birth == ""
    assert (one.has_structures, one.has_ct, one.problem) == (True, False, "")


def test_a_pets_activity_is_in_bq_and_a_small_one_is_nothing(tmp_path: Path) -> None:
    folder = write_pet(tmp_path / "pet", "Y-90")
    for number, text in ((2_150_000_000, 2.15), (2150, None)):
        for path in folder.iterdir():
            found = pydicom.dcmread(path)
            [item] = found.RadiopharmaceuticalInformationSequence
            item.RadionuclideTotalDose = str(number)
            found.save_as(path)
        assert only(folder).injection.activity_gbq == text


def test_contours_of_a_study_of_their_own_are_the_scans(tmp_path: Path) -> None:
    folder = write_scan(tmp_path / "a")
    path = folder / "structures.dcm"
    found = pydicom.dcmread(path)
    found.StudyInstanceUID = "1.2.3.77"
    found.save_as(path)
    assert only(folder).has_structures
    # In another patient's folder they are not.
    found.PatientID = "XRN-1"
    found.save_as(path)
    scan = [one for one in read_studies(folder).found if one.modality]
    assert [one.has_structures for one in scan] == [False]


def test_a_study_in_several_folders_is_one(tmp_path: Path) -> None:
    folder = write_scan(tmp_path / "a" / "nm")
    (tmp_path / "a" / "rt").mkdir()
    (folder / "structures.dcm").rename(tmp_path / "a" / "rt" / "structures.dcm")
    (tmp_path / "a" / "empty").mkdir()
    one = only(tmp_path / "a")
    assert one.has_structures
    assert one.folder == tmp_path / "a"


def test_two_scans_in_one_folder_cannot_be_chosen_from(tmp_path: Path) -> None:
    folder = write_scan(tmp_path / "a")
    write_scan(tmp_path / "b", study="1.2.3.2")
    other = folder / "other.dcm"
    (tmp_path / "b" / "spect.dcm").rename(other)
    found = pydicom.dcmread(other)
    found.SeriesInstanceUID, found.SOPInstanceUID = "1.2.3.2.1", "1.2.3.2.1.1"
    found.save_as(other)
    problems = [one.problem for one in read_studies(folder).found]
    assert len(problems) == 2
    assert all("--image" in one for one in problems), problems


def test_a_header_that_cannot_be_read_is_told_of_its_study_alone(
    tmp_path: Path,
) -> None:
    write_scan(tmp_path / "s" / "a")
    folder = write_scan(tmp_path / "s" / "b", study="1.2.3.2")
    path = folder / "spect.dcm"
    data = path.read_bytes()
    found = pydicom.dcmread(path)
    found.PatientWeight = "70"
    found.save_as(path)
    data = path.read_bytes().replace(b"DS\x02\x0070", b"DS\x02\x00xx")
    path.write_bytes(data)
    by_key = {one.key: one for one in read_studies(tmp_path / "s").found}
    assert not by_key[study_digest("1.2.3.1")].problem
    assert "PatientWeight" in by_key[study_digest("1.2.3.2")].problem


def test_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError):
        read_studies(tmp_path)
    with pytest.raises(FileFormatError):
        read_studies(tmp_path / "nowhere")
