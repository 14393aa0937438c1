"""What a sheet of one page leaves out where it is too full, and in which order."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.report.ladder import Rung, Verdict

# The limits nearest to their bounds and the first warnings go last.
_LIMITS_KEPT, _WARNINGS_KEPT = 3, 3
Cuts = dict[tuple[Any, ...], int]


def sheet_cuts(
    groups: Sequence[tuple[str, Sequence[Rung]]],
    findings: Sequence[Mapping[str, Any]],
    *,
    pictures: bool = False,
) -> Cuts:
    """The order in which parts of a plan's sheet are left out, 1 the first.

    Never a limit that is missed or was not checked, and nothing that stops, asks or was
    accepted. A row goes with all its limits; rows of goals go last.

    Parameters
    ----------
    groups : sequence of (str, sequence of Rung)
        The ladder's, each with its title.
    findings : sequence of mapping
        In the order of the sheet.
    pictures : bool
        Whether the sheet has pictures and a histogram.

    Examples
    --------
    >>> from sirtdose.report.palette import Paint
    >>> gray = Paint("#5f6772", "#d3d8de")
    >>> far, near = (Verdict("at_most", 60.0, gy, True) for gy in (20.0, 58.0))
    >>> missed = Verdict("at_most", 60.0, 70.0, False)
    >>> rows = [Rung("a", gray, 58.0, verdicts=(near, far)),
    ...         Rung("b", gray, 70.0, verdicts=(missed,))]
    >>> warned = [{"severity": "ask"}, *({"severity": "warn"} for _ in range(4))]
    >>> list(sheet_cuts([("Limits", rows)], warned))[:3]
    [('limit', 'a', 1), ('finding', 4), ('finding', 3)]
    """
    aimed = [one for _, rows in groups for one in rows if one.aims]
    held = [one for _, rows in groups for one in rows if one.verdicts and not one.aims]
    free = [one for _, rows in groups for one in rows if not one.verdicts]
    warned = [
        ("finding", n) for n, one in enumerate(findings) if one["severity"] == "warn"
    ]
    limits = [("row", one.name) for one in _met(held)]
    order: list[tuple[Any, ...]] = [
        *_further_limits([*aimed, *held]),
        *reversed(warned[_WARNINGS_KEPT:]),
        *([("small",)] * pictures),
        *limits[: max(len(limits) - _LIMITS_KEPT, 0)],
        *(("row", one.name) for one in reversed(free)),
        *([("histogram",)] * pictures),
        *reversed(warned[:_WARNINGS_KEPT]),
        *([("pictures",)] * pictures),
        *limits[max(len(limits) - _LIMITS_KEPT, 0) :],
        *(("row", one.name) for one in _met(aimed)[:-_LIMITS_KEPT]),
        ("legend",),
        ("remedies",),
    ]
    return {one: n for n, one in enumerate(order, start=1)}


def table_cuts(
    limits: Sequence[tuple[str, Sequence[Verdict]]],
    findings: Sequence[Mapping[str, Any]],
) -> Cuts:
    """The same of a sheet whose limits are a table, one verdict a method.

    >>> far, near = (Verdict("at_most", 60.0, gy, True) for gy in (20.0, 58.0))
    >>> some = [("a", [near]), ("b", [far]), ("c", [near]), ("d", [near])]
    >>> list(table_cuts(some, []))
    [('row', 1), ('row', 0), ('row', 2), ('row', 3)]
    """
    met = [
        (min(_apart(one) for one in verdicts), n)
        for n, (_, verdicts) in enumerate(limits)
        if all(one.met for one in verdicts)
    ]
    rows = [("row", n) for _, n in sorted(met, key=lambda one: -one[0])]
    warned = [
        ("finding", n) for n, one in enumerate(findings) if one["severity"] == "warn"
    ]
    first = max(len(rows) - _LIMITS_KEPT, 0)
    order = [
        *rows[:first],
        *reversed(warned[_WARNINGS_KEPT:]),
        *reversed(warned[:_WARNINGS_KEPT]),
        *rows[first:],
    ]
    return {one: n for n, one in enumerate(order, start=1)}


def _apart(one: Verdict) -> float:
    return one.apart_gy / one.limit_gy if one.limit_gy else 1.0


def _met(rows: Sequence[Rung]) -> list[Rung]:
    """Rows whose goals and limits are all met, the farthest from trouble first."""
    met = [one for one in rows if all(each.met for each in one.verdicts)]
    return sorted(met, key=lambda one: -one.nearest)


def _further_limits(rows: Sequence[Rung]) -> list[tuple[Any, ...]]:
    """Met limits of rows that have a nearer one, the farthest first; never a goal."""
    found = []
    for row in rows:
        kept = min(row.verdicts, key=_apart)
        found += [
            (_apart(one), ("limit", row.name, n))
            for n, one in enumerate(row.verdicts)
            if one.met and one is not kept and not one.planned
        ]
    return [one for _, one in sorted(found, key=lambda one: -one[0])]
