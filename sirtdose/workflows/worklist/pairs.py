"""Which administration of one log is which of another."""

from collections.abc import Sequence

from sirtdose.model.guard_rails import rail
from sirtdose.model.treatment_record import ACTIVITIES, Stated, TreatmentRecord


def pairs_of(
    others: Sequence[TreatmentRecord], base: Sequence[TreatmentRecord]
) -> list[int | None]:
    """The administration of `base` that each of another log is, None for none.

    By the name of its injection; else by time, as many as can be, in their order, so
    that a clock that is minutes late swaps nothing. The only one of both logs may also
    be of its activity, or have no time.

    >>> from datetime import date, datetime
    >>> def given(minute):
    ...     at = Stated("", "", at=datetime(2026, 3, 2, 10, minute))
    ...     return TreatmentRecord("p", at.at.date(), "", "", {"administered_at": at})
    >>> pairs_of([given(3), given(8)], [given(0), given(5)])
    [0, 1]
    >>> pairs_of([given(5)], [given(0), given(5)])
    [1]
    """
    found: dict[int, int] = {}
    for n, one in enumerate(others):
        name = one.text("injection").casefold()
        named = [
            m
            for m, it in enumerate(base)
            if name and it.text("injection").casefold() == name
        ]
        if len(named) == 1 and named[0] not in found.values():
            found[n] = named[0]
    found |= _in_order(
        [n for n in range(len(others)) if n not in found],
        [m for m in range(len(base)) if m not in found.values()],
        others,
        base,
    )
    if not found and len(others) == len(base) == 1:
        one, other = others[0], base[0]
        if one.at is None or other.at is None or _alike(one, other):
            return [0]
    return [found.get(n) for n in range(len(others))]


def _in_order(
    left: Sequence[int],
    right: Sequence[int],
    others: Sequence[TreatmentRecord],
    base: Sequence[TreatmentRecord],
) -> dict[int, int]:
    """Pairs by time: as many as can be, then the closest."""
    near = rail("log_agreement", "hours") * 3600
    mine = sorted((at, n) for n in left if (at := others[n].at) is not None)
    theirs = sorted((at, m) for m in right if (at := base[m].at) is not None)
    # Of the first few of both: how many are left alone, how far apart, and the pairs.
    best: list[tuple[int, float, dict[int, int]]]
    best = [(0, 0.0, {}) for _ in range(len(theirs) + 1)]
    for at, n in mine:
        row = [best[0]]
        for k, (when, m) in enumerate(theirs, start=1):
            apart = abs((at - when).total_seconds())
            each = [best[k], row[k - 1]]
            if apart <= near and not _named_apart(others[n], base[m]):
                count, far, pairs = best[k - 1]
                each.append((count - 1, far + apart, {**pairs, n: m}))
            row.append(min(each, key=lambda one: one[:2]))
        best = row
    return best[-1][2]


def _named_apart(one: TreatmentRecord, other: TreatmentRecord) -> bool:
    names = {it.text("injection").casefold() for it in (one, other)} - {""}
    return len(names) > 1


def _alike(one: TreatmentRecord, other: TreatmentRecord) -> bool:
    """Whether two administrations have one activity."""
    pairs = [
        (one.values[key], other.values[key])
        for key in ACTIVITIES
        if key != "residual" and key in one.values and key in other.values
    ]
    return bool(pairs) and not any(differ(*pair) for pair in pairs)


def differ(one: Stated, other: Stated) -> bool:
    """Whether two notes of one thing differ by more than their rounding."""
    if one.at is not None and other.at is not None:
        apart = abs((one.at - other.at).total_seconds())
        return apart > 3600 * rail("log_agreement", "hours")
    if one.amount is not None and other.amount is not None:
        most = rail("log_agreement", "logs") * max(one.amount, other.amount)
        return abs(one.amount - other.amount) > most
    return one.text.casefold() != other.text.casefold()
