"""Files of readers that are of another patient, or lie in another frame."""

import pydicom
import pytest

GIVEN = ("--administered", "2.2GBq", "--lung-shunt", "5%")


def of_another_patient(data: pydicom.Dataset) -> None:
    data.PatientID, data.PatientName = "SOMEBODY-ELSE", "Else^Somebody"


def of_another_frame(data: pydicom.Dataset) -> None:
    data.FrameOfReferenceUID = "1.2.3"
    for one in data.get("ReferencedFrameOfReferenceSequence", ()):
        one.FrameOfReferenceUID = "1.2.3"
    for roi in data.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = "1.2.3"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (of_another_patient, "of reader B (theirs.dcm) are of another patient than"),
        (of_another_frame, "reader B: structure 'Liver' is in another frame of"),
    ],
)
def test_a_reader_of_something_else_is_refused(
    run, exact_contours, tmp_path, change, said
):
    own = exact_contours / "structures.dcm"
    data = pydicom.dcmread(own)
    change(data)
    data.SOPInstanceUID = "1.2.3.4.5"
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.save_as(tmp_path / "theirs.dcm")
    result = run(
        *("post", exact_contours, *GIVEN, "--no-report", "--no-dicom"),
        *("--structures", f"A={own}", "--structures", f"B={tmp_path / 'theirs.dcm'}"),
        *("--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert said in result.stderr
    assert "SOMEBODY" not in result.stderr
    assert "Somebody" not in result.stderr
    assert not (tmp_path / "out").exists()
