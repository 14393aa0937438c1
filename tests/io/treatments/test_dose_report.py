"""DICOM Radiopharmaceutical Radiation Dose SR: PS3.16, TID 10021."""

from pathlib import Path

import pydicom
import pytest
from pydicom.sr.codedict import codes
from pydicom.uid import UID

from sirtdose.errors import FileFormatError
from sirtdose.io.treatments.cells import LogFormat
from sirtdose.io.treatments.radiation_dose_sr import SOP_CLASS_UID, read_dose_report
from sirtdose.model.treatment_record import hidden
from tests.treatment_files import activity_item, moment, write_dose_report

GIVEN = ("113507", "Administered activity")
BEFORE = ("113508", "Pre-Administration Measured Activity")
AFTER = ("113509", "Post-Administration Measured Activity")


def test_vial_and_residual_with_their_times(tmp_path: Path) -> None:
    path = write_dose_report(
        tmp_path / "rrdsr.dcm",
        activity_item(*BEFORE, 2400.0, "20260302080000+0100"),
        activity_item(*AFTER, 50.0, "20260302103000+0100"),
        activity_item(*GIVEN, 2300.0),
    )
    [one] = read_dose_report(path, LogFormat()).records
    assert one.patient == hidden("MRN-4711")
    assert (one.nuclide, one.text("device")) == ("Y-90", "resin")
    assert one.amount("assay") == pytest.approx(2.4)
    assert one.values["assay_at"].at == moment("2026-03-02T08:00+01:00")
    assert one.amount("residual") == pytest.approx(0.05)
    # The report's administered activity has the residual subtracted already.
    assert one.amount("delivered") == pytest.approx(2.3)
    assert "administered" not in one.values


def test_codes_are_those_of_the_standard() -> None:
    names = {
        "113502": "RadiopharmaceuticalAdministration",
        "113507": "AdministeredActivity",
        "113508": "PreAdministrationMeasuredActivity",
        "113509": "PostAdministrationMeasuredActivity",
        "123003": "RadiopharmaceuticalStartDatetime",
        "111529": "BrandName",
    }
    for value, name in names.items():
        assert getattr(codes.DCM, name).value == value
    assert codes.SCT.Radiopharmaceuticals.value == "349358000"
    assert codes.SCT.RadioactiveIsotope.value == "89457008"
    storage = UID(SOP_CLASS_UID)
    assert storage.name == "Radiopharmaceutical Radiation Dose SR Storage"


def test_what_was_measured_at_no_time_gives_way_to_what_was_delivered(
    tmp_path: Path,
) -> None:
    path = write_dose_report(
        tmp_path / "rrdsr.dcm",
        activity_item(*BEFORE, 2400.0),
        activity_item(*AFTER, 50.0),
        activity_item(*GIVEN, "2.3E+3"),  # type: ignore[arg-type]
    )
    [one] = read_dose_report(path, LogFormat()).records
    assert {*one.values} == {"nuclide", "device", "administered_at", "delivered"}
    assert one.amount("delivered") == pytest.approx(2.3)


def test_another_unit_is_said(tmp_path: Path) -> None:
    path = write_dose_report(
        tmp_path / "r.dcm", activity_item(*GIVEN, 2300.0, unit="mSv")
    )
    [one] = read_dose_report(path, LogFormat()).problems
    assert "is in mSv of UCUM" in one.said


def test_a_time_without_an_offset_needs_the_zone(tmp_path: Path) -> None:
    path = write_dose_report(
        tmp_path / "r.dcm", activity_item(*GIVEN, 2300.0), at="20260702100000"
    )
    [problem] = read_dose_report(path, LogFormat()).problems
    assert "--timezone" in problem.said
    [one] = read_dose_report(path, LogFormat(timezone="Europe/Rome")).records
    assert one.at == moment("2026-07-02T10:00+02:00")


def test_a_draft_is_not_used_and_another_object_refused(tmp_path: Path) -> None:
    path = write_dose_report(tmp_path / "r.dcm", activity_item(*GIVEN, 2300.0))
    found = pydicom.dcmread(path)
    found.CompletionFlag = "PARTIAL"
    found.save_as(path)
    assert not read_dose_report(path, LogFormat()).records
    found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    found.save_as(path)
    with pytest.raises(FileFormatError, match="not a Radiopharmaceutical"):
        read_dose_report(path, LogFormat())
