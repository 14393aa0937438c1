"""Logs to treatments: what several logs say of one administration is said once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.guard_rails import rail
from sirtdose.model.treatment_record import (
    LogProblem,
    Stated,
    TreatmentLog,
    TreatmentRecord,
)
from sirtdose.model.worklist import Disagreement, Session
from sirtdose.workflows.worklist.pairs import differ, pairs_of

# A scout's activity is drawn up to within this factor.
_SCOUT_DRAWN = 1.2
# What is only shown may be written in other words.
_FREE = ("operator", "remark", "target", "planned_dose", "accession_number")


def therapy_nuclides() -> set[str]:
    """The nuclides of the microspheres that are known."""
    return {one["nuclide"] for one in table("devices").values()}


def sessions_of(logs: Sequence[TreatmentLog]) -> list[Session]:
    """The treatments of all logs, in the order of day and key."""
    records = [_with_nuclide(one) for log in logs for one in log.records]
    problems = [one for log in logs for one in log.problems]
    groups: defaultdict[tuple[str, date, bool], list[TreatmentRecord]]
    groups = defaultdict(list)
    for one in records:
        groups[one.patient, one.day, _is_scout(one)].append(one)
    found = [
        _session(group, problems, is_scout=scout)
        for (_, _, scout), group in groups.items()
    ]
    return sorted(found, key=lambda one: (one.day, one.key))


def _with_nuclide(record: TreatmentRecord) -> TreatmentRecord:
    if record.nuclide or not record.text("device"):
        return record
    return replace(record, nuclide=Device.named(record.text("device")).nuclide_name)


def _is_scout(record: TreatmentRecord) -> bool:
    if record.nuclide and record.nuclide not in therapy_nuclides():
        return True
    given = record.given_gbq
    most = rail("scout_gbq", "Ho-166") * _SCOUT_DRAWN
    return record.nuclide == "Ho-166" and given is not None and given <= most


def _session(
    group: Sequence[TreatmentRecord], problems: Sequence[LogProblem], *, is_scout: bool
) -> Session:
    by_log: defaultdict[str, list[TreatmentRecord]] = defaultdict(list)
    for one in group:
        by_log[one.log].append(one)
    # The log with most lines tells vials apart; the first of those with as many.
    logs = list(by_log.values())
    base = max(logs, key=len)
    merged = list(base)
    disagreements: list[Disagreement] = []
    alone: set[int] = set(range(len(base))) if len(logs) > 1 else set()
    for others in (one for one in logs if one is not base):
        for other, at in zip(others, pairs_of(others, merged), strict=True):
            if at is None:
                listed = Stated("", other.where)
                disagreements.append(Disagreement("administration", None, listed))
                continue
            alone.discard(at)
            merged[at], said = _merged(merged[at], other)
            disagreements += said
    disagreements += [
        Disagreement("administration", None, Stated("", base[one].where))
        for one in sorted(alone)
    ]
    first = merged[0]
    scout = "-scout" if is_scout else ""
    unread = [one.said for one in problems if one.patient == first.patient]
    return Session(
        f"{first.patient}-{first.day}{scout}",
        tuple(merged),
        is_scout,
        tuple(disagreements),
        tuple(unread),
    )


def _merged(
    first: TreatmentRecord, other: TreatmentRecord
) -> tuple[TreatmentRecord, list[Disagreement]]:
    """The first with what only the other has, and where they differ."""
    said = [
        Disagreement(key, one, other.values[key])
        for key, one in first.values.items()
        if key in other.values and key not in _FREE and differ(one, other.values[key])
    ]
    said += _other_activity(first, other)
    added = {key: one for key, one in other.values.items() if key not in first.values}
    # One activity that is measured and one that is given are one activity.
    if "administered" in first.values:
        dropped = {"assay", "assay_at"}
    else:
        dropped = {"administered"} if "assay" in first.values else set()
    added = {key: one for key, one in added.items() if key not in dropped}
    merged = replace(
        first.having(added),
        nuclide=first.nuclide or other.nuclide,
        name=first.name or other.name,
        birth=first.birth or other.birth,
    )
    for what in ("name", "birth"):
        one, two = getattr(first, what), getattr(other, what)
        if one and two and one != two:
            words = {"name": "patient's name", "birth": "birth date"}[what]
            said.append(
                Disagreement(words, Stated("", first.where), Stated("", other.where))
            )
    if first.nuclide and other.nuclide and first.nuclide != other.nuclide:
        said.append(
            Disagreement(
                "nuclide",
                Stated(first.nuclide, first.where),
                Stated(other.nuclide, other.where),
            )
        )
    return merged, said


def _other_activity(
    first: TreatmentRecord, other: TreatmentRecord
) -> list[Disagreement]:
    """What was given by one log, and by the other's assay decayed to then."""
    at, nuclide = first.at or other.at, first.nuclide or other.nuclide
    for one, assayed in ((first, other), (other, first)):
        if "administered" in assayed.values or "administered" not in one.values:
            continue
        given, then = one.amount("administered"), _of_assay(assayed, at, nuclide)
        if not given or then is None:
            continue
        if abs(given - then) > rail("log_agreement", "header") * max(given, then):
            said = {
                "administered": replace(one.values["administered"], amount=given),
                "assay": replace(assayed.values["assay"], amount=then),
            }
            ours, theirs = said.values() if one is first else [*said.values()][::-1]
            return [Disagreement("activity", ours, theirs)]
    return []


def _of_assay(one: TreatmentRecord, at: datetime | None, nuclide: str) -> float | None:
    """An assay decayed to a moment, None if that or its own is not known."""
    assay, measured = one.amount("assay"), one.values.get("assay_at")
    if not assay or at is None or not nuclide or measured is None:
        return None
    given = Stated("", "", at=at)
    values = {"assay": one.values["assay"], "assay_at": measured}
    return replace(
        one, nuclide=nuclide, values={**values, "administered_at": given}
    ).given_gbq
