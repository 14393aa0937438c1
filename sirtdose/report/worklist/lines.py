"""What a terminal shows of a worklist: a line a treatment, then what is in the way."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.acceptance import to_accept, unaccepted
from sirtdose.report.screen import Screen
from sirtdose.report.wording import table

_Document = Mapping[str, Any]
_STATES = {"missing": "incomplete", "contradicts": "contradictory"}
_MOST_UNREAD = 10


def worklist_screen(document: _Document, *, next_steps: Sequence[str] = ()) -> Screen:
    """Its lines; `next_steps` are what to type then."""
    counts = document["counts"]
    treatments, unread = document["treatments"], len(document["unread_lines"])
    result = [
        f"Worklist: {len(treatments)} treatment{'s' * (len(treatments) != 1)}: "
        f"{counts['ready']} ready, {counts['missing']} incomplete, "
        f"{counts['contradicts']} contradictory"
        + (f"; {unread} line{'s' * (unread != 1)} unreadable" * (unread > 0))
    ]
    if treatments:
        result += ["", _table(document)]
    result += _block("Unreadable", _first(document["unread_lines"]))
    result += _block("Missing", _missing(document))
    result += _block("Contradictory", _contradicting(document))
    result += _block("Further scans, not in the manifest", _further(document))
    result += _block("Studies without a treatment", _unmatched(document))
    result += _block("Not used", list(document["remarks"]))
    others = len(document["scouts"]), document["other_studies"]
    details = [
        f"Not treatments: {others[0]} scout or other administrations, "
        f"{others[1]} other studies"
    ]
    return Screen(
        result,
        details,
        [one for one in document["warnings"] if one["severity"] in ("warn", "note")],
        document["accepted"],
        (),
        next_steps,
    )


def _table(document: _Document) -> str:
    treatments = document["treatments"]
    shows = any(one["patient_id"] for one in treatments)
    header = ["treatment", "nuclide", "activity", "given at", "scan", "state"]
    rows = []
    for one in treatments:
        row = [
            one["key"],
            one["nuclide"] or "-",
            _activity(one),
            (one["administered_at"] or "-")[11:16] or "-",
            _scan(one),
            _STATES.get(one["state"], one["state"]),
        ]
        rows.append([*row[:1], one["patient_id"] or "-", *row[1:]] if shows else row)
    if shows:
        header.insert(1, "PatientID")
    return table(header, rows, left=True)


def _activity(one: _Document) -> str:
    options = one["options"]
    if "injection" in options:
        return f"{options['injection']['value'].count('|') + 1} injections"
    for name, words in (("administered", ""), ("assay", " assayed")):
        if name in options:
            return f"{options[name]['value']}{words}"
    return "-"


def _scan(one: _Document) -> str:
    if not one["scans"]:
        return "-"
    first = one["scans"][0]
    lacks = ", no CT" if first["ct"] is False else ""
    return f"{first['modality']} {first['day'] or ''}".strip() + lacks


def _block(title: str, lines: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {one}" for one in lines)] if lines else []


def _first(lines: Sequence[str]) -> list[str]:
    """The first of many: one wrong option may spoil every line of a log."""
    more = len(lines) - _MOST_UNREAD
    rest = [f"and {more} more: --json has all of them"] if more > 0 else []
    return [*lines[:_MOST_UNREAD], *rest]


def _missing(document: _Document) -> list[str]:
    return [
        f"{one['key']}: {said}"
        for one in document["treatments"]
        for said in one["missing"]
    ]


def _contradicting(document: _Document) -> list[str]:
    """What stops or asks, and what to type where a person may know better."""
    lines = [
        f"{_key(one['subject'])}: STOP {one['code']}: {one['message']}"
        for one in document["warnings"]
        if one["severity"] == "stop"
    ]
    for one in unaccepted(document):
        by = "" if "--by" in to_accept([one]) else " --by NAME"
        lines += [
            f"{_key(one.subject)}: ASK {one.code}: {one.message}",
            f"  to accept it: {to_accept([one])}{by}",
        ]
    return lines


def _key(subject: str) -> str:
    return subject.partition(" ")[0]


def _further(document: _Document) -> list[str]:
    return [
        f"{one['key']}: study {scan['study']}, {scan['modality']} {scan['day'] or ''}"
        for one in document["treatments"]
        for scan in one["scans"][1:]
    ]


def _unmatched(document: _Document) -> list[str]:
    return [
        f"study {one['study']}: {one['modality']} {', '.join(one['nuclides'])} "
        f"{one['day'] or 'without a date'}"
        + (f", PatientID {one['patient_id']}" if one["patient_id"] else "")
        for one in document["studies_without_treatment"]
    ]
