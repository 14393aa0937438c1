"""Where each patient stands: status.json, status.csv, and what a terminal shows."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sirtdose import __version__
from sirtdose.model.finding import Finding
from sirtdose.model.standing import (
    STEPS,
    PatientStanding,
    Standing,
    State,
    Step,
    Unread,
)
from sirtdose.report.documents import said_document
from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import table

COLUMNS = ("patient", "treatment", "day", *STEPS, "outdated", "next")
_PATIENTS_MAX, _NEXT_MAX = 40, 10


def status_document(
    patients: Sequence[PatientStanding],
    *,
    unread: Sequence[Unread],
    copies: Sequence[str],
    results: int,
) -> dict[str, Any]:
    """What status.json holds."""
    steps = [s for one in patients for it in one.treatments for s in it.steps]
    counts = Counter(one.state for one in steps)
    return {
        "schema": "sirtdose.status/1",
        "sirtdose_version": __version__,
        "patients": [_patient(one) for one in patients],
        "counts": {
            "patients": len(patients),
            "treatments": sum(len(one.treatments) for one in patients),
            "results": results,
            "done": counts[State.DONE],
            "missing": counts[State.MISSING],
            "outdated": counts[State.OUTDATED],
        },
        "unread": [{"place": one.place, "why": one.why} for one in unread],
        "copies": list(copies),
        **said_document(list(_findings(patients)), ()),
    }


def is_current(document: Mapping[str, Any]) -> bool:
    """Whether nothing is outdated, unreadable or contradicts another result."""
    grave = any(one["severity"] in ("stop", "ask") for one in document["warnings"])
    return not (document["counts"]["outdated"] or document["unread"] or grave)


def _patient(one: PatientStanding) -> dict[str, Any]:
    return {
        "label": one.label,
        "known_by": list(one.known_by),
        "identity": dict(one.identity) or None,
        "treatments": [_treatment(it) for it in one.treatments],
        "unplaced": list(one.unplaced),
        "notes": list(one.notes),
    }


def _treatment(one: Standing) -> dict[str, Any]:
    return {
        "label": one.label,
        "day": one.day and one.day.isoformat(),
        "injections": list(one.injections),
        "steps": [_step(it) for it in one.steps],
        "results": list(one.results),
        "not_checked": list(one.not_checked),
        "notes": list(one.notes),
    }


def _step(one: Step) -> dict[str, Any]:
    return {
        "step": one.name,
        "state": str(one.state).lower(),
        "why": list(one.why),
        "results": list(one.results),
        "next": one.next or None,
    }


def _findings(patients: Sequence[PatientStanding]) -> Iterator[Finding]:
    """All of them, each with whose it is."""
    for patient in patients:
        yield from (_of(one, patient.label) for one in patient.findings)
        for own in patient.treatments:
            of = f"{patient.label}, {own.label}"
            yield from (_of(one, of) for one in own.findings)


def _of(one: Finding, whose: str) -> Finding:
    subject = f"{whose}: {one.subject}" if one.subject else whose
    return replace(one, message=f"{whose}: {one.message}", subject=subject)


def status_csv(document: Mapping[str, Any]) -> str:
    """A row for each treatment, for a worklist."""
    return rows_csv(COLUMNS, list(_rows(document)))


def _rows(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for patient in document["patients"]:
        for own in patient["treatments"]:
            bad = [one for one in own["steps"] if one["state"] == "outdated"]
            yield {
                "patient": patient["label"],
                "treatment": own["label"],
                "day": own["day"],
                **{one["step"]: one["state"] for one in own["steps"]},
                "outdated": "; ".join(
                    f"{one['step']}: {why}" for one in bad for why in one["why"]
                ),
                "next": next_of(own),
            }


def next_of(treatment: Mapping[str, Any]) -> str:
    """What to type first: for what is outdated, else for the next step.

    Of what was given, only what is left to do: no plan changes it any more.
    """
    steps = treatment["steps"]
    names = [one["step"] for one in steps]
    if steps[names.index("given")]["state"] == "done":
        steps = steps[names.index("post") :] + steps[: names.index("post")]
    first = [one for one in steps if one["state"] == "outdated"]
    return next((one["next"] for one in [*first, *steps] if one["next"]), "")


def status_screen(document: Mapping[str, Any]) -> Screen:
    """The table of treatments, why steps are outdated, and what to type next."""
    counts = document["counts"]
    patients = document["patients"]
    # Of very many, those first that something is to be done for.
    if len(patients) > _PATIENTS_MAX:
        patients = sorted(patients, key=lambda one: not _is_outdated(one))
    shown = patients[:_PATIENTS_MAX]
    outdated = counts["outdated"]
    lines = [
        f"{_many(counts['patients'], 'patient')}, "
        f"{_many(counts['treatments'], 'treatment')}: "
        + (
            f"{_many(outdated, 'step')} OUTDATED" if outdated else "nothing is outdated"
        ),
    ]
    if rows := [row for one in shown for row in _lines(one)]:
        lines += ["", table(["", "day", *STEPS], rows, left=True)]
    if len(shown) < len(patients):
        lines.append(f"and {len(patients) - len(shown)} more: --out writes all of them")
    lines += _whys(shown)
    lines += _not_checked(patients)
    lines += _unread(document)
    details = [line for one in shown for line in _details(one)]
    details += [f"a copy of another result: {one}" for one in document["copies"]]
    return Screen(lines, details, document["warnings"], last=_next(patients))


def _is_outdated(patient: Mapping[str, Any]) -> bool:
    steps = (one for own in patient["treatments"] for one in own["steps"])
    return any(one["state"] == "outdated" for one in steps)


def _many(count: int, name: str) -> str:
    """How many there are.

    >>> _many(1, "step"), _many(2, "step")
    ('1 step', '2 steps')
    """
    return f"{count} {name}{'s' * (count != 1)}"


def _lines(patient: Mapping[str, Any]) -> list[list[str]]:
    return [
        [
            _name(patient, own),
            own["day"] or "-",
            *(_cell(one["state"]) for one in own["steps"]),
        ]
        for own in patient["treatments"]
    ] or [[_name(patient, None), *["-"] * (len(STEPS) + 1)]]


def _name(patient: Mapping[str, Any], own: Mapping[str, Any] | None) -> str:
    several = len(patient["treatments"]) > 1
    who = patient["label"]
    if patient["identity"]:
        keys = ("patient_id", "patient_key", "case_id")
        known = (patient["identity"].get(key) for key in keys)
        who += f" ({next(filter(None, known), 'no ID')})"
    return f"{who}, {own['label']}" if several and own else who


def _cell(state: str) -> str:
    return {"outdated": "OUTDATED", "not needed": "-"}.get(state, state)


def _whys(patients: Sequence[Mapping[str, Any]]) -> list[str]:
    found = [
        f"{_name(patient, own)}, {one['step']} OUTDATED: {why}"
        for patient in patients
        for own in patient["treatments"]
        for one in own["steps"]
        if one["state"] == "outdated"
        for why in one["why"]
    ]
    return ["", *found] if found else []


def _not_checked(patients: Sequence[Mapping[str, Any]]) -> list[str]:
    count = sum(len(it["not_checked"]) for one in patients for it in one["treatments"])
    if not count:
        return []
    return [
        "",
        f"Inputs of {_many(count, 'result')} were not found and not compared: "
        "give --inputs with the folder that they are in",
    ]


def _unread(document: Mapping[str, Any]) -> list[str]:
    found = [f"{one['place']}: {one['why']}" for one in document["unread"]]
    return ["", "Not read", *(f"  {one}" for one in found)] if found else []


def _next(patients: Sequence[Mapping[str, Any]]) -> list[str]:
    first = sorted(patients, key=lambda one: not _is_outdated(one))
    found = [
        f"{_name(patient, own)}: {said}"
        for patient in (first if len(first) > _NEXT_MAX else patients)
        for own in patient["treatments"]
        for said in [next_of(own)]
        if said
    ]
    if not found:
        return []
    more = len(found) - _NEXT_MAX
    rest = [f"and {more} more: status.csv of --out has all of them"] if more > 0 else []
    head = "Next (fill in the words in capitals)"
    return [head, *found[:_NEXT_MAX], *rest]


def _details(patient: Mapping[str, Any]) -> Iterator[str]:
    known = ", ".join(patient["known_by"]) or "one result"
    yield f"{patient['label']}, identified by: {known}"
    yield from (f"  {one}" for one in patient["notes"])
    for own in patient["treatments"]:
        if len(patient["treatments"]) > 1:
            yield f"  {own['label']}"
        for one in own["steps"]:
            said = "; ".join([*one["why"], *one["results"]])
            yield f"  {one['step']}: {one['state']}{f' ({said})' if said else ''}"
            if one["next"] and one["state"] in ("missing", "outdated"):
                yield f"    {one['next']}"
        yield from (f"  note: {one}" for one in own["notes"])
    yield from (f"  not of any treatment: {one}" for one in patient["unplaced"])
