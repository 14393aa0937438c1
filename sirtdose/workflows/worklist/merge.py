"""Logs to treatments: what several logs say of one administration is said once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.guard_rails import rail
from sirtdose.model.treatment_record import (
    ACTIVITIES,
    LogProblem,
    Stated,
    TreatmentLog,
    TreatmentRecord,
)
from sirtdose.model.worklist import Disagreement, Session

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
        left = list(range(len(base)))
        for other in others:
            at = _same(other, merged, left, only=len(base) == len(others) == 1)
            if at is None:
                listed = Stated("", other.where)
                disagreements.append(Disagreement("administration", None, listed))
                continue
            left.remove(at)
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


def _same(
    other: TreatmentRecord,
    merged: Sequence[TreatmentRecord],
    left: Sequence[int],
    *,
    only: bool,
) -> int | None:
    """Which administration another log's is: the one of its time.

    The `only` one of both logs may also be of its activity, or have no time.
    """
    near = rail("log_agreement", "hours") * 3600
    apart = [
        (abs((other.at - at).total_seconds()), number)
        for number in left
        if other.at is not None and (at := merged[number].at) is not None
    ]
    closest = min(apart, default=(near + 1, -1))
    if closest[0] <= near:
        return closest[1]
    if only and (not apart or _alike(other, merged[0])):
        return 0
    return None


def _alike(one: TreatmentRecord, other: TreatmentRecord) -> bool:
    """Whether two administrations have one activity."""
    pairs = [
        (one.values[key], other.values[key])
        for key in ACTIVITIES
        if key != "residual" and key in one.values and key in other.values
    ]
    return bool(pairs) and not any(_differ(*pair) for pair in pairs)


def _merged(
    first: TreatmentRecord, other: TreatmentRecord
) -> tuple[TreatmentRecord, list[Disagreement]]:
    """The first with what only the other has, and where they differ."""
    said = [
        Disagreement(key, one, other.values[key])
        for key, one in first.values.items()
        if key in other.values and key not in _FREE and _differ(one, other.values[key])
    ]
    added = {key: one for key, one in other.values.items() if key not in first.values}
    # One activity that is measured and one that is given are one activity.
    if "administered" in first.values or "assay" in first.values:
        added = {
            key: one
            for key, one in added.items()
            if key not in ("administered", "assay", "assay_at")
        }
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


def _differ(one: Stated, other: Stated) -> bool:
    if one.at is not None and other.at is not None:
        apart = abs((one.at - other.at).total_seconds())
        return apart > 3600 * rail("log_agreement", "hours")
    if one.amount is not None and other.amount is not None:
        most = rail("log_agreement", "logs") * max(one.amount, other.amount)
        return abs(one.amount - other.amount) > most
    return one.text.casefold() != other.text.casefold()
