"""Documents and pictures as DICOM: whole, of the patient, and known to a listener."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.dicom.write_document import write_pdf
from sirtdose.io.dicom.write_picture import Picture, write_pictures
from tests.io.dicom.test_write_dose import LINK
from tests.network_peers import LOOPBACK, data_set, kept, listening


def picture(rows: int, columns: int) -> Picture:
    """Red grows down, green to the right, and one corner is blue."""
    pixels = np.zeros((rows, columns, 3), np.uint8)
    pixels[..., 0] = np.arange(rows)[:, None]
    pixels[..., 1] = 3 * np.arange(columns)
    pixels[0, -1] = (0, 0, 255)
    return Picture("A plane", pixels, ("L", "P"))


@pytest.mark.parametrize("length", [20, 21])
def test_a_pdf_keeps_its_length(tmp_path: Path, length: int) -> None:
    content = b"%PDF-1.7\n" + b"x" * (length - 9)
    write_pdf(content, tmp_path / "a.dcm", LINK, title="A report")
    found = pydicom.dcmread(tmp_path / "a.dcm")
    assert len(found.EncapsulatedDocument) % 2 == 0
    assert found.EncapsulatedDocument[: found.EncapsulatedDocumentLength] == content
    assert (found.PatientID, found.StudyInstanceUID) == ("4711", "1.2.3.1")
    assert (found.SeriesDate, found.ContentTime) == ("20260303", "101500")
    write_pdf(content + b"y", tmp_path / "b.dcm", LINK, title="A report")
    other = pydicom.dcmread(tmp_path / "b.dcm")
    assert other.SOPInstanceUID != found.SOPInstanceUID
    assert other.SeriesInstanceUID == found.SeriesInstanceUID


@pytest.mark.parametrize(("rows", "columns"), [(4, 6), (5, 3)])
def test_colors_are_where_they_were(tmp_path: Path, rows: int, columns: int) -> None:
    drawn = picture(rows, columns)
    write_pictures([(tmp_path / "a.dcm", drawn)], LINK, derived="drawn")
    found = pydicom.dcmread(tmp_path / "a.dcm")
    np.testing.assert_array_equal(found.pixel_array, drawn.pixels)
    assert list(found.PatientOrientation) == ["L", "P"]
    assert len(found.PixelData) % 2 == 0


def test_of_nobody_they_have_no_time(tmp_path: Path) -> None:
    hidden = LINK.deidentified(b"a site's secret key")
    write_pdf(b"%PDF-1.7\n", tmp_path / "a.dcm", hidden, title="A report")
    found = pydicom.dcmread(tmp_path / "a.dcm")
    assert found.PatientID == hidden.patient_id != "4711"
    assert found.ContentDate == hidden.study_date != "20260303"
    assert found.ContentTime == "000000"
    content = (tmp_path / "a.dcm").read_bytes()
    for told in ("4711", "Doe", "19500102", "1.2.3.3", "A99"):
        assert told.encode() not in content
    undated = replace(LINK, study_date="", study_time="")
    write_pdf(b"%PDF-1.7\n", tmp_path / "b.dcm", undated, title="A report")
    assert pydicom.dcmread(tmp_path / "b.dcm").ContentDate == "19000101"


def test_a_listener_takes_both_in(run: Callable[..., Result], tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    write_pdf(b"%PDF-1.7\n", study / "report.dcm", LINK, title="A report")
    write_pictures([(study / "axial.dcm", picture(4, 6))], LINK, derived="drawn")
    with listening(tmp_path / "out") as listener:
        to = ("--to", f"{LOOPBACK}:{listener.port}", "--aet", "SIRTDOSE")
        result = run("send", study, *to, "--retries", "0")
        assert result.exit_code == 0, result.stderr
        came = sorted(data_set(one) for one in kept(tmp_path / "out"))
    assert came == sorted(data_set(one) for one in study.iterdir())
