"""DICOM Radiopharmaceutical Radiation Dose SR: PS3.16, TID 10021 and TID 10022."""

from collections.abc import Iterator
from pathlib import Path

from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.header import deferred_dataset, read_dataset, reading_dicom
from sirtdose.io.dicom.time import on_its_clock, parse_date, parse_moment, text_of
from sirtdose.io.treatments.cells import LogFormat, at_home, plain_number, quantity_of
from sirtdose.model.bounds import printable
from sirtdose.model.device import device_in
from sirtdose.model.nuclide_words import names_in
from sirtdose.model.treatment_record import (
    LogProblem,
    Stated,
    TreatmentLog,
    TreatmentRecord,
    hidden,
    hidden_beside,
    hidden_name,
    without_zeros,
)
from sirtdose.model.units import ACTIVITY, localized

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.88.68"
_UCUM = "UCUM"
# Each report is a file of its own: together they are one log.
_LOG = "dose reports"
# PS3.16, Annex D: codes of scheme DCM, and those that SNOMED CT and SRT have.
_ADMINISTRATION = "113502"
_START = "123003"
_ACTIVITIES = {"113507": "delivered", "113508": "assay", "113509": "residual"}
_NUCLIDE, _AGENT, _BRAND = ("89457008", "C-10072"), ("349358000", "F-61FDB"), "111529"
_SITE = ("272737002", "G-C581")


def is_dose_report(path: Path) -> bool:
    """Whether a DICOM file is a dose report, by its header."""
    try:
        with reading_dicom(path):
            found = deferred_dataset(path)
            return str(found.get("SOPClassUID", "")) == SOP_CLASS_UID
    except InputError:
        return False


def read_dose_report(path: Path, how: LogFormat) -> TreatmentLog:
    """Read the administrations of a dose report.

    Its administered activity (113507) has the residual subtracted already, where that
    was measured: it is kept as what was delivered, never as what was drawn.

    Raises
    ------
    FileFormatError
        Another DICOM object, or no administration in it.
    """
    with reading_dicom(path):
        dataset = read_dataset(path)
        sop_class = str(dataset.get("SOPClassUID", ""))
        if sop_class != SOP_CLASS_UID:
            raise FileFormatError(
                f"{path.name} is not a Radiopharmaceutical Radiation Dose SR "
                f"({SOP_CLASS_UID})"
            )
        if str(dataset.get("CompletionFlag", "COMPLETE")) != "COMPLETE":
            return TreatmentLog(
                path.name, (), remarks=[f"{path.name}: a report not complete: not used"]
            )
        events = [one for one in _items(dataset) if _code(one)[0] == _ADMINISTRATION]
        if not events:
            raise FileFormatError(f"{path.name} contains no administration (TID 10022)")
        records, problems = [], []
        for number, event in enumerate(events, 1):
            several = f", administration {number}" if len(events) > 1 else ""
            where = f"{path.name}{several}"
            patient = str(dataset.get("PatientID", "") or "").strip()
            if not patient:
                raise FileFormatError(f"{path.name} has no PatientID (0010,0020)")
            try:
                records.append(_record(event, dataset, how, where=where))
            except InputError as error:
                problems.append(LogProblem(where, hidden(patient), str(error)))
    return TreatmentLog(path.name, records, problems)


def _items(item: Dataset, *, deep: bool = False) -> Iterator[Dataset]:
    """The items of a container; `deep` has what they contain too.

    The radionuclide is a property of the radiopharmaceutical, and stands in its item.
    """
    for one in item.get("ContentSequence") or ():
        yield one
        if deep:
            yield from _items(one, deep=True)


def _code(item: Dataset) -> tuple[str, str]:
    """The code of an item's concept, and its meaning."""
    for one in item.get("ConceptNameCodeSequence") or ():
        return str(one.get("CodeValue", "")), str(one.get("CodeMeaning", ""))
    return "", ""


def _record(
    event: Dataset, dataset: Dataset, how: LogFormat, *, where: str
) -> TreatmentRecord:
    values: dict[str, Stated] = {}
    words: list[str] = []
    for item in _items(event, deep=True):
        code, meaning = _code(item)
        place = f"{where}, {printable(meaning)} ({code})"
        if code == _START:
            values["administered_at"] = _moment(
                str(item.get("DateTime", "")), dataset, how, place=place
            )
        elif code in _ACTIVITIES:
            values |= _activity(_ACTIVITIES[code], item, dataset, how=how, place=place)
        elif code in (*_NUCLIDE, *_AGENT):
            words += _words(item)
        elif code == _BRAND:
            device = device_in(str(item.get("TextValue", "")))
            values |= {"device": Stated(device, place)} if device else {}
        elif code in _SITE:
            values["target"] = Stated(" ".join(_words(item)[:1]), place)
    started = values.get("administered_at")
    if started is None or started.at is None:
        raise InputError(
            f"{where} has no Radiopharmaceutical Start DateTime ({_START})"
        )
    nuclide = names_in(words)
    if nuclide:
        values["nuclide"] = Stated(nuclide, f"{where}, radionuclide")
    patient = str(dataset.get("PatientID", "")).strip()
    born = parse_date(text_of(dataset, "PatientBirthDate"))
    return TreatmentRecord(
        hidden(patient),
        started.at.date(),
        _LOG,
        where,
        _timed(values),
        nuclide,
        name=hidden_name(str(dataset.get("PatientName", "") or ""), patient),
        birth="" if born is None else hidden_beside(born.strftime("%Y%m%d"), patient),
        shown=patient,
        alike=without_zeros(patient),
    )


def _timed(values: dict[str, Stated]) -> dict[str, Stated]:
    """Without measurements of no time, where the report has what was delivered.

    An activity in a vial is of no use without the moment that it was measured.
    """
    whole = all(f"{one}_at" in values for one in ("assay", "residual") if one in values)
    if "delivered" not in values or (whole and "assay" in values):
        return values
    left_out = ("assay", "assay_at", "residual", "residual_at")
    return {key: one for key, one in values.items() if key not in left_out}


def _activity(
    what: str, item: Dataset, dataset: Dataset, *, how: LogFormat, place: str
) -> dict[str, Stated]:
    """An activity with the moment of its observation, where the item has one."""
    for measured in item.get("MeasuredValueSequence") or ():
        for unit in measured.get("MeasurementUnitsCodeSequence") or ():
            scheme, code = unit.get("CodingSchemeDesignator"), unit.get("CodeValue")
            if scheme != _UCUM or code not in ACTIVITY.factors:
                raise InputError(
                    f"{place} is in {code} of {scheme}: UCUM MBq is needed"
                )
            number = plain_number(str(measured.get("NumericValue", "")))
            written, gbq = quantity_of(f"{number} {code}", ACTIVITY, LogFormat())
            found = {what: Stated(written, place, gbq)}
            seen = text_of(item, "ObservationDateTime")
            if seen and what != "delivered":
                at = _moment(seen, dataset, how, place=f"{place}, observed")
                found[f"{what}_at"] = at
            return found
    raise InputError(f"{place} has no value with a unit")


def _moment(text: str, dataset: Dataset, how: LogFormat, *, place: str) -> Stated:
    at = on_its_clock(parse_moment(text), dataset)
    if at is None:
        raise InputError(f"{place} is '{printable(text)[:40]}', no date and time")
    if at.tzinfo is None:
        if how.timezone is None:
            raise InputError(f"{place} has no offset from UTC: give --timezone")
        at = localized(at, how.timezone)
    at = at_home(at, how)
    return Stated(at.isoformat(), place, at=at)


def _words(item: Dataset) -> list[str]:
    """What an item's code, or text, says."""
    codes = item.get("ConceptCodeSequence") or ()
    words = [
        str(one.get(key, "")) for one in codes for key in ("CodeMeaning", "CodeValue")
    ]
    return [printable(one) for one in (*words, str(item.get("TextValue", ""))) if one]
