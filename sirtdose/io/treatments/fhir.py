"""FHIR R4 MedicationAdministration: a Bundle, one resource, or one a line (ndjson)."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import FileFormatError, InputError
from sirtdose.io.treatments.cells import (
    LogFormat,
    at_home,
    day_of,
    plain_number,
    quantity_of,
)
from sirtdose.io.treatments.fhir_versions import latest
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
from sirtdose.model.units import ACTIVITY, parse_time

_KIND = "MedicationAdministration"
_UCUM = "http://unitsofmeasure.org"
_DONE = "completed"
_Resource = Mapping[str, Any]


def read_fhir_log(path: Path, how: LogFormat) -> TreatmentLog:
    """Read administrations that are completed and have an activity.

    What is not completed (not-done, entered-in-error, stopped, ...) or is no activity
    is passed over, and counted.

    Raises
    ------
    FileFormatError
        No JSON, or no such resource in it.
    """
    resources = list(_resources(path))
    known = _known(resources, path.name)
    told = [one for _, one in resources if one.get("resourceType") == _KIND]
    current = latest(told, path.name)
    if not told:
        raise FileFormatError(f"{path.name} contains no {_KIND} of FHIR R4")
    passed: Counter[str] = Counter()
    records: list[TreatmentRecord] = []
    problems: list[LogProblem] = []
    for number, one in enumerate(told, 1):
        where = f"{path.name}, {_KIND} {number}"
        if number not in current:
            passed["there twice, or of an older version"] += 1
            continue
        if one.get("status") != _DONE:
            passed[str(one.get("status") or "without status")] += 1
            continue
        if not (_has_activity(one) or _is_therapy(one, known)):
            passed["without an activity"] += 1
            continue
        patient = _patient(one, known, how, where)
        try:
            records.append(_record(one, known, how, whose=(patient, where)))
        except InputError as error:
            problems.append(LogProblem(where, hidden(patient[0]), str(error)))
    remarks = [
        f"{path.name}: {count} {_KIND} {why}: not used"
        for why, count in sorted(passed.items())
    ]
    return TreatmentLog(path.name, records, problems, remarks)


def _resources(path: Path) -> Iterator[tuple[str, _Resource]]:
    """Every resource with the address of its entry.

    Numbers keep the digits that they are written with.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"{path.name} is not UTF-8 text") from None
    try:
        tops = [json.loads(text, parse_float=str, parse_int=str)]
    except json.JSONDecodeError:
        tops = list(_lines(text, path.name))
    for top in tops:
        if not isinstance(top, dict):
            raise FileFormatError(f"{path.name} contains no resource of FHIR")
        yield "", top
        for entry in top.get("entry") or ():
            found = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(found, dict):
                yield str(entry.get("fullUrl") or ""), found


def _known(
    resources: Sequence[tuple[str, _Resource]], name: str
) -> dict[str, _Resource]:
    """Resources by type and id, and by the address of their entry.

    A reference may be a whole address, or urn:uuid:.
    """
    found: dict[str, _Resource] = {}
    for url, one in resources:
        own = f"{one.get('resourceType')}/{one.get('id')}" if one.get("id") else ""
        for key in filter(None, (url, own)):
            other = found.setdefault(key, one)
            if one.get("resourceType") == "Patient" and (
                other.get("identifier") != one.get("identifier")
            ):
                raise InputError(
                    f"{name} has two patients of one id, with other identifiers: "
                    "give the export of each server as a file of its own"
                )
            found[key] = one
    return found


def _lines(text: str, name: str) -> Iterator[Any]:
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield json.loads(line, parse_float=str, parse_int=str)
            except json.JSONDecodeError as error:
                raise FileFormatError(
                    f"{name}, line {number} is not JSON: {error.msg}"
                ) from None


def _dose(one: _Resource) -> _Resource:
    dosage = one.get("dosage")
    dose = dosage.get("dose") if isinstance(dosage, dict) else None
    return dose if isinstance(dose, dict) else {}


def _unit(dose: _Resource, where: str) -> str:
    """The unit of a dose: its UCUM code, else its text; refused where they differ."""
    code = str(dose.get("code") or "") if dose.get("system") == _UCUM else ""
    text = str(dose.get("unit") or "")
    if code and text in ACTIVITY.factors and text != code:
        raise InputError(
            f"{where}, dosage.dose has the code {code} and the unit {text}: which one "
            "is right?"
        )
    return code or text


def _has_activity(one: _Resource) -> bool:
    dose = _dose(one)
    words = {str(dose.get("code") or ""), str(dose.get("unit") or "")}
    return bool(words & {*ACTIVITY.factors})


def _is_therapy(one: _Resource, known: Mapping[str, _Resource]) -> bool:
    """Whether microspheres were given: their activity may be in words of its own."""
    words = _medication_words(one, known)
    therapy = {each["nuclide"] for each in table("devices").values()}
    return names_in(words) in therapy or any(map(device_in, words))


def _record(
    one: _Resource,
    known: Mapping[str, _Resource],
    how: LogFormat,
    *,
    whose: tuple[tuple[str, str, str], str],
) -> TreatmentRecord:
    (identifier, name, birth), where = whose
    at = _time(one, how, where)
    day = at.at.date() if at.at else day_of(at.text, LogFormat())
    values = {} if at.at is None else {"administered_at": at}
    dose = _dose(one)
    place = f"{where}, dosage.dose"
    unit = _unit(dose, where)
    if "value" not in dose:
        raise InputError(f"{place} has no value")
    if not _has_activity(one):
        raise InputError(
            f"{place} is in {printable(unit)[:40] or 'no unit'}: an activity needs "
            "a unit such as MBq"
        )
    written, gbq = quantity_of(
        f"{plain_number(dose['value'])} {unit}", ACTIVITY, LogFormat()
    )
    values["administered"] = Stated(written, place, gbq)
    words = _medication_words(one, known)
    nuclide = names_in(words)
    if ", " in nuclide:
        raise InputError(f"{where} names several nuclides: {nuclide}")
    if nuclide:
        values["nuclide"] = Stated(nuclide, f"{where}, medication")
    device = next(filter(None, map(device_in, words)), "")
    if device:
        values["device"] = Stated(device, f"{where}, medication")
    site = (one.get("dosage") or {}).get("site") or {}
    told = next(iter(_texts(site)), "")
    if told:
        values["target"] = Stated(told, f"{where}, dosage.site")
    return TreatmentRecord(
        hidden(identifier),
        day,
        where.partition(",")[0],
        where,
        values,
        nuclide,
        name=hidden_name(name, identifier),
        birth=hidden_beside(birth, identifier),
        shown=identifier,
        alike=without_zeros(identifier),
    )


def _time(one: _Resource, how: LogFormat, where: str) -> Stated:
    """When it was given: a moment, or the start of a period; a day has no moment."""
    place, text = f"{where}, effectiveDateTime", one.get("effectiveDateTime")
    if text is None:
        place = f"{where}, effectivePeriod.start"
        text = (one.get("effectivePeriod") or {}).get("start")
    if not isinstance(text, str):
        raise InputError(
            f"{where} has no effectiveDateTime and no effectivePeriod.start"
        )
    if len(text) < len("2026-03-01"):
        raise InputError(f"{place} is {text}, without a day")
    if len(text) == len("2026-03-01"):
        return Stated(text, place)
    try:
        at = parse_time(text)
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    at = at_home(at, how)
    return Stated(at.isoformat(), place, at=at)


def _texts(concept: object) -> list[str]:
    """What a CodeableConcept says: its text, and of each code display and code."""
    if not isinstance(concept, dict):
        return []
    codes = [one for one in concept.get("coding") or () if isinstance(one, dict)]
    words = [concept.get("text"), *(one.get("display") for one in codes)]
    return [str(one) for one in (*words, *(one.get("code") for one in codes)) if one]


def _medication_words(one: _Resource, known: Mapping[str, _Resource]) -> list[str]:
    words = _texts(one.get("medicationCodeableConcept"))
    reference = one.get("medicationReference") or {}
    found = _referred(str(reference.get("reference") or ""), one, known)
    words += _texts(found.get("code"))
    return [*words, str(reference.get("display"))] if "display" in reference else words


def _referred(
    reference: str, one: _Resource, known: Mapping[str, _Resource]
) -> _Resource:
    """What a reference is of: contained, or by its type and id."""
    if reference.startswith("#"):
        return next(
            (
                each
                for each in one.get("contained") or ()
                if isinstance(each, dict) and f"#{each.get('id')}" == reference
            ),
            {},
        )
    own = known.get("/".join(reference.split("/")[-2:]), {})
    return known.get(reference, own)


def _patient(
    one: _Resource, known: Mapping[str, _Resource], how: LogFormat, where: str
) -> tuple[str, str, str]:
    """PatientID, name and birth date of whom it was given to.

    A server's own id of a Patient is no PatientID.
    """
    subject = one.get("subject") or {}
    found = _referred(str(subject.get("reference") or ""), one, known)
    own = subject.get("identifier")
    given = [*(found.get("identifier") or ()), *([own] if own else [])]
    wanted = [
        str(each["value"]).strip()
        for each in given
        if isinstance(each, dict)
        and each.get("value")
        and how.identifiers in (None, each.get("system"))
    ]
    if not wanted:
        of = f" of the system {how.identifiers}" if how.identifiers else ""
        raise InputError(
            f"{where} has no identifier{of} of its patient: export it with its Patient "
            "(_include=MedicationAdministration:subject)"
        )
    if len(set(wanted)) > 1:
        raise InputError(
            f"{where}: its patient has {len(set(wanted))} identifiers: give "
            "--identifier-system with the system of the PatientID"
        )
    born = str(found.get("birthDate") or "").replace("-", "")
    # A year alone is no birth date.
    whole = born if len(born) == len("19500301") else ""
    return wanted[0], _name(found.get("name") or ()), whole


def _name(names: Sequence[_Resource]) -> str:
    """Family and given names of the official name, else of the first."""
    each = sorted(names, key=lambda one: one.get("use") != "official")[:1]
    return " ".join(
        str(part)
        for one in each
        for part in (one.get("family", ""), *one.get("given", ()))
    )
