"""A log that a person keeps in a spreadsheet: read as meant, or refused with why."""

from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.treatments.cells import LogFormat
from sirtdose.io.treatments.csv import read_csv_log
from sirtdose.model.treatment_record import TreatmentRecord, hidden
from tests.treatment_files import HEADER, LINE, moment, write_log

ROME = LogFormat(timezone="Europe/Rome")


def read_one(path: Path, how: LogFormat = ROME) -> TreatmentRecord:
    [only] = read_csv_log(path, how).records
    return only


def said(path: Path, how: LogFormat = ROME) -> str:
    """What is said of the only line, which cannot be read."""
    log = read_csv_log(path, how)
    assert not log.records
    [only] = log.problems
    assert only.patient == hidden("MRN-4711")
    return only.said


def test_each_value_has_its_number_and_its_place(tmp_path: Path) -> None:
    one = read_one(write_log(tmp_path / "log.csv", LINE))
    assert one.patient == hidden("mrn-4711")
    assert one.day.isoformat() == "2026-03-02"
    assert one.at == moment("2026-03-02T10:00+01:00")
    assert one.amount("administered") == 2.2
    assert one.amount("residual") == 0.05
    assert one.amount("lung_shunt") == 0.05
    assert one.values["residual"].where == "log.csv, line 2, column residual"


def test_commas_day_first_semicolons_and_units_in_headers(tmp_path: Path) -> None:
    path = write_log(
        tmp_path / "log.csv",
        "MRN-4711;3.4.2026;9:05;TheraSphere;2405,5;45,5;11:00;4,2",
        header="Patient ID;Date;Time;Device;Dose given (MBq);residual_mbq;"
        "residual at;lung_shunt [%]",
    )
    how = LogFormat(
        "day-first", "comma", "Europe/Rome", {"administered": "Dose given (MBq)"}
    )
    one = read_one(path, how)
    assert one.at == moment("2026-04-03T09:05+02:00")
    assert one.amount("administered") == pytest.approx(2.4055, rel=1e-12)
    assert one.text("administered") == "2405.5 MBq"
    assert one.amount("lung_shunt") == pytest.approx(0.042)
    assert one.values["residual_at"].at == moment("2026-04-03T11:00+02:00")
    assert one.text("device") == "glass"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2026-03-02", "03/04/2026", "may be 3 April or 4 March: give --dates"),
        ("2026-03-02", "2026-02-30", "is no day of any calendar"),
        ("2.2 GBq", "2.2", "no unit"),
        ("2.2 GBq", '"2,2 GBq"', "give --decimal comma"),
        ("2.2 GBq", "-2.2 GBq", "0 or more"),
        ("2.2 GBq", "2.2 mSv", "unknown unit"),
        ("5%", "5", "for percent write 5%"),
        ("resin", "plastic", "column device: 'plastic' is not a device"),
        ("10:00,resin", "25:00,resin", "column time: '25:00' is not a time"),
        ("2026-03-02,10:00", "2026-03-29,02:30", "does not exist once"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_cell(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = write_log(tmp_path / "log.csv", LINE.replace(old, new, 1))
    text = said(path)
    assert words in text
    assert text.startswith("log.csv, line 2")
    assert "4711" not in text


def test_without_a_zone_a_time_of_day_is_nowhere(tmp_path: Path) -> None:
    assert "no offset from UTC" in said(
        write_log(tmp_path / "log.csv", LINE), LogFormat()
    )


def test_a_point_is_refused_where_commas_are_decimal(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.csv", LINE.replace("2.2 GBq", "2.200 MBq"))
    how = LogFormat(decimal="comma", timezone="Europe/Rome")
    assert "without separators for thousands" in said(path, how)


def test_a_birth_date_is_never_shown(tmp_path: Path) -> None:
    path = write_log(
        tmp_path / "log.csv", LINE + ",12/03/1950", header=HEADER + ",birth_date"
    )
    assert "1950-03-01" in said(path)
    assert "12/03/1950" not in said(path)


def test_the_same_line_twice_is_refused(tmp_path: Path) -> None:
    log = read_csv_log(write_log(tmp_path / "log.csv", LINE, LINE), ROME)
    assert len(log.records) == 1
    assert "line 3 is the same as line 2" in log.problems[0].said


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    path = write_log(tmp_path / "log.csv", LINE + ",7", header=HEADER + ",ward")
    assert read_csv_log(path, ROME).remarks == [
        "log.csv: column 'ward': if you need it, give --column"
    ]


@pytest.mark.parametrize(
    ("header", "line", "words"),
    [
        (
            HEADER.replace("residual,", "residuals,"),
            LINE,
            "if it is residual, give --column",
        ),
        (HEADER.replace("patient_id", "mrn"), LINE, "no column patient_id"),
        (HEADER.replace("date,", "tag,"), LINE, "no column date"),
        (HEADER + ",residual (MBq)", LINE + ",50", "are both residual"),
        (HEADER, LINE.replace("MRN-4711", ""), "line 2 has no patient_id"),
        (HEADER + ",device (MBq)", LINE + ",5", "are both device"),
    ],
)
def test_a_log_is_refused_as_a_whole(
    tmp_path: Path, header: str, line: str, words: str
) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        read_csv_log(write_log(tmp_path / "log.csv", line, header=header), ROME)


def test_two_days_of_one_line_are_a_question(tmp_path: Path) -> None:
    path = write_log(
        tmp_path / "log.csv",
        "MRN-4711,2026-03-02,2026-03-03T10:00+01:00",
        header="patient_id,date,administered_at",
    )
    assert "two days, 2026-03-02 and 2026-03-03" in said(path)
