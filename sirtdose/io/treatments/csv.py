"""A treatment log as a table: one line for each vial that was given."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from math import isclose
from pathlib import Path

from sirtdose.errors import InputError, nearest_name
from sirtdose.io.tables.csv import SIMULATED, Line, read_table
from sirtdose.io.treatments.cells import (
    QUANTITIES,
    UNITS,
    LogFormat,
    day_of,
    is_clock,
    stated_moment,
    stated_quantity,
)
from sirtdose.model.device import device_name
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.treatment_record import (
    LogProblem,
    Stated,
    TreatmentLog,
    TreatmentRecord,
    hidden,
    hidden_beside,
    hidden_name,
    study_digest,
    without_zeros,
)

_WHO = ("patient_id", "patient_name", "birth_date")
_WHEN = ("date", "time", "timezone", "administered_at")
_TIMES = ("assay_at", "residual_at")
_WORDS = ("residual_method", "lung_shunt_source", "structures", "study_uid")
_TOLD = ("injection", "perfused", "target", "planned_dose", "operator", "remark")
COLUMNS = (
    *(*_WHO, *_WHEN, *_TIMES, *QUANTITIES, "nuclide", "device"),
    *(*_WORDS, *_TOLD, "accession_number"),
)
# A unit begins a word: what ends in "uci" is not in Ci.
_UNIT = re.compile(
    r"(.+?)[ _/]*(?:[\[(]|(?<![^\W_])|(?=%))"
    rf"({'|'.join(map(re.escape, UNITS))})[\])]?"
)
_ALIKE = 0.8
# One number in two units.
_ONE_NUMBER = 1e-9
# What makes two lines one entry, typed twice.
_ENTRY = ("administered", "assay", "administered_at", "injection", "perfused")


def read_csv_log(path: Path, how: LogFormat) -> TreatmentLog:
    """Read a log, line by line: a line that cannot be read is told with whose it is.

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Columns that are missing, doubtful or there twice, or a line of no patient.
    """
    lines = read_table(path, required=(), what="a treatment log")
    columns, unread = _columns(lines[0].cells, how, path.name)
    records: list[TreatmentRecord] = []
    problems: list[LogProblem] = []
    for line in lines:
        cells = _Cells(line, columns)
        patient = cells.text("patient_id")
        if not patient:
            raise InputError(
                f"{line.where} has no patient_id: every line needs one, since it may "
                "be a further vial of any patient"
            )
        try:
            record = _record(cells, how, path.name)
            _require_new(record, records)
        except InputError as error:
            problems.append(LogProblem(line.where, hidden(patient), str(error)))
        else:
            records.append(record)
    remarks = [
        f"{path.name}: column {one!r}: if you need it, give --column" for one in unread
    ]
    return TreatmentLog(path.name, records, problems, remarks)


class _Cells:
    """A line's cells by the names of columns here, with the unit of a header."""

    def __init__(self, line: Line, columns: Mapping[str, tuple[str, str]]) -> None:
        self.line, self.columns = line, columns

    def text(self, name: str) -> str:
        return self.line.text(self.columns[name][0]) if name in self.columns else ""

    def unit(self, name: str) -> str:
        return self.columns[name][1]

    def where(self, name: str) -> str:
        return self.line.at(self.columns[name][0])


def _columns(
    header: Mapping[str, str], how: LogFormat, name: str
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Each column's header and unit by its name here, and the headers not known."""
    theirs = {one.casefold(): ours for ours, one in how.columns.items()}
    lacking = [one for one in theirs if one not in header]
    if lacking:
        raise InputError(
            f"--column: {name} has no column {lacking[0]!r}; it has {', '.join(header)}"
        )
    found: dict[str, tuple[str, str]] = {}
    unread = []
    for one in header:
        ours, unit = _named(one)
        ours = theirs.get(one, ours)
        if ours not in COLUMNS:
            unread.append(one)
            continue
        if ours in found:
            raise InputError(
                f"{name}, line 1: {found[ours][0]!r} and {one!r} are both {ours}: keep "
                "one of them, or name one with --column"
            )
        if unit and ours not in QUANTITIES:
            raise InputError(f"{name}, line 1: {one!r} has a unit, and {ours} has none")
        found[ours] = (one, unit)
    _require_columns(found, unread, name)
    return found, [one for one in unread if one != SIMULATED]


def _named(header: str) -> tuple[str, str]:
    """A header as a column's name here, without the unit in it."""
    match = _UNIT.fullmatch(header)
    plain, unit = (match[1], UNITS[match[2]]) if match else (header, "")
    return re.sub(r"[\s-]+", "_", plain.strip()), unit


def _require_columns(
    found: Mapping[str, object], unread: Sequence[str], name: str
) -> None:
    for one in unread:
        absent = [column for column in COLUMNS if column not in found]
        near = nearest_name(_named(one)[0], absent, _ALIKE)
        if near:
            raise InputError(
                f"{name}, line 1: column {one!r} is unknown: if it is {near}, "
                f"give --column '{near}={one}'; otherwise rename it in the file"
            )
    if "patient_id" not in found or not {"date", "administered_at"} & {*found}:
        lacks = "patient_id" if "patient_id" not in found else "date"
        raise InputError(
            f"{name}, line 1 has no column {lacks}: if yours has another name, give "
            f"--column '{lacks}=NAME OF YOUR COLUMN'"
        )


def _record(cells: _Cells, how: LogFormat, log: str) -> TreatmentRecord:
    zone = cells.text("timezone")
    own = replace(how, timezone=zone, home=how.timezone) if zone else how
    day, clock_day, values = _when(cells, own)
    for name, measure in QUANTITIES.items():
        if cells.text(name):
            values[name] = stated_quantity(
                cells.text(name),
                measure,
                own,
                unit=cells.unit(name),
                where=cells.where(name),
            )
    for name in _TIMES:
        if cells.text(name):
            values[name] = stated_moment(
                cells.text(name), clock_day, own, where=cells.where(name)
            )
    for name in (*_WORDS, *_TOLD):
        if cells.text(name):
            values[name] = Stated(cells.text(name), cells.where(name))
    if "study_uid" in values:
        study = study_digest(values["study_uid"].text)
        values["study_uid"] = Stated(study, values["study_uid"].where)
    nuclide = _nuclide(cells, values)
    patient = cells.text("patient_id")
    return TreatmentRecord(
        hidden(patient),
        day,
        log,
        cells.line.where,
        values,
        nuclide,
        name=hidden_name(cells.text("patient_name"), patient),
        birth=_birth(cells, how),
        shown=patient,
        alike=without_zeros(patient),
    )


def _birth(cells: _Cells, how: LogFormat) -> str:
    """Digest of the birth date, which no message shows."""
    text, patient = cells.text("birth_date"), cells.text("patient_id")
    if not text:
        return ""
    try:
        return hidden_beside(day_of(text, how).strftime("%Y%m%d"), patient)
    except InputError:
        raise InputError(
            f"{cells.where('birth_date')} is not a date like 1950-03-01, and --dates "
            "does not say how else it is written"
        ) from None


def _when(cells: _Cells, how: LogFormat) -> tuple[date, date, dict[str, Stated]]:
    """The day, that of the line's times of day, and the time of administration.

    They differ where a line has the time zone of another place.
    """
    text, clock = cells.text("administered_at"), cells.text("time")
    name = "administered_at" if text else "time"
    day: date | None = None
    if cells.text("date"):
        try:
            day = day_of(cells.text("date"), how)
        except InputError as error:
            raise InputError(f"{cells.where('date')}: {error}") from None
    if text and clock:
        raise InputError(
            f"{cells.line.where} has a time twice, as administered_at and as time: "
            "keep one of them"
        )
    if day is None and not text:
        raise InputError(f"{cells.line.where} has no date: write one like 2026-03-01")
    if not (text or clock):
        assert day is not None
        return day, day, {}
    # Whole moments do not need the day that times of day are of.
    at = stated_moment(text or clock, day or date.min, how, where=cells.where(name))
    assert at.at is not None
    if day is not None and day != at.at.date() and not is_clock(text or clock):
        raise InputError(
            f"{cells.line.where} has two days, {day} and {at.at.date()}: which one is "
            "right?"
        )
    return at.at.date(), day or at.at.date(), {"administered_at": at}


def _nuclide(cells: _Cells, values: dict[str, Stated]) -> str:
    """The nuclide that is named, and the device into the values."""
    if cells.text("device"):
        try:
            device = device_name(cells.text("device"))
        except InputError as error:
            raise InputError(f"{cells.where('device')}: {error}") from None
        values["device"] = Stated(device, cells.where("device"))
    text = cells.text("nuclide")
    if not text:
        return ""
    found = nuclide_name(text)
    if not found or ", " in found:
        raise InputError(
            f"{cells.where('nuclide')}: '{text[:40]}' is not one nuclide: write "
            "one such as Y-90"
        )
    values["nuclide"] = Stated(found, cells.where("nuclide"))
    return found


def _require_new(record: TreatmentRecord, earlier: Sequence[TreatmentRecord]) -> None:
    """Refuse what was written twice: its activity would count twice."""
    for one in earlier:
        if (one.patient, one.day) != (record.patient, record.day):
            continue
        if one.nuclide and record.nuclide and one.nuclide != record.nuclide:
            continue
        if all(_is_same(one, record, key) for key in _ENTRY):
            raise InputError(
                f"{record.where} is the same as {one.where.rpartition(', ')[2]}: "
                "delete one of them, or write which injection or volume each is of"
            )


def _is_same(one: TreatmentRecord, other: TreatmentRecord, key: str) -> bool:
    """Whether two lines have the same value, in whatever unit or zone."""
    mine, theirs = one.values.get(key), other.values.get(key)
    if mine is None or theirs is None:
        return mine is theirs
    if mine.at is not None and theirs.at is not None:
        return mine.at == theirs.at
    if mine.amount is not None and theirs.amount is not None:
        return isclose(mine.amount, theirs.amount, rel_tol=_ONE_NUMBER)
    return mine.text.casefold() == theirs.text.casefold()
