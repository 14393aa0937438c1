"""Limits as a table for a terminal: each once, with how probably it is met."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.activity_scale import study_scale_words
from sirtdose.report.findings import accepted_limits, limit_accepted
from sirtdose.report.wording import significant, spoken, table

_HEADER = ["limit", "Gy", "limit Gy", "", "probability", "source"]
_GIVEN = "given by the user"
_ROUTES = (
    *("probability_met_ensemble", "probability_met_first_order"),
    "probability_met",
)


def limit_scale_words(one: Mapping[str, Any]) -> str:
    """The scale of the doses that a limit or a study has, to follow its source.

    >>> limit_scale_words({"source": "a table", "scale": "declared"})
    '; by declared activity'
    >>> limit_scale_words({"source": "given by the user", "scale": "unknown"})
    ''
    """
    if "scale" not in one or one["source"] == _GIVEN:
        return ""
    return f"; {study_scale_words(one['scale'])}"


def limit_table(document: Mapping[str, Any]) -> list[str]:
    """Every limit of a plan or an assessment on one line, those not met first."""
    chances = {
        (*limit_key(one), one.get("value_of", "")): one
        for one in (document.get("uncertainty") or {}).get("limits", ())
    }
    limits = _once(document.get("limits", ()))
    if not limits:
        return []
    accepted = accepted_limits(document)
    rows = [
        [
            spoken(one["name"] if "cumulative" in one["name"] else _of(one)),
            dose_words(one),
            bound_words(one),
            {True: "met", False: "NOT MET", None: "not checked"}[one["met"]]
            + ", accepted" * limit_accepted(one, accepted),
            _chance(_chance_of(one, chances)),
            _source(one),
        ]
        for one in sorted(limits, key=lambda one: one["met"] is not False)
    ]
    shown = [i for i in range(len(_HEADER)) if i != 4 or chances]
    header, *rows = [[line[i] for i in shown] for line in (_HEADER, *rows)]
    return [table(header, rows, left={0, 3, len(header) - 1})]


def _chance_of(
    limit: Mapping[str, Any], chances: Mapping[Any, Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Of the volume's own dose; of all volumes alike in plans of before."""
    key = limit_key(limit)
    return chances.get((*key, _of(limit))) or chances.get((*key, "")) or {}


def limit_key(limit: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells limits apart: one may ask for at least what another allows at most.

    Chances of an assessment, and of plans before they had a sense, are of at most.
    """
    return (
        *(limit["name"], limit["limit_gy"], limit.get("sense", "at_most")),
        *(limit.get("upper_gy"), limit.get("strict", False)),
        limit.get("injection") or "",
    )


def _once(limits: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of limits that are the same, the last: what a person gave stands there."""
    return list(
        {
            (
                *(_of(one), one["volume"], one["name"], one["sense"], one["strict"]),
                *(one["limit_gy"], one["upper_gy"], one["condition"]),
                one.get("injection"),
            ): one
            for one in limits
        }.values()
    )


def _of(limit: Mapping[str, Any]) -> str:
    return str(limit["value_of"] or limit["name"])


def dose_words(limit: Mapping[str, Any]) -> str:
    """A dose held against a limit; never one that rounds to a limit it is under."""
    if limit["value_gy"] is None:
        return "-"
    given = significant(limit["value_gy"])
    under = limit["met"] and limit["strict"] and float(given) == limit["limit_gy"]
    return f"just under {given}" if under else given


def bound_words(limit: Mapping[str, Any]) -> str:
    """A limit without its unit: at most is not said."""
    gy = f"{limit['limit_gy']:g}"
    if limit["sense"] == "range":
        return f"{gy} to {limit['upper_gy']:g}"
    at_least = limit["sense"] == "at_least"
    if limit["strict"]:
        return f"{'over' if at_least else 'under'} {gy}"
    return f"at least {gy}" if at_least else gy


def _chance(chance: Mapping[str, Any]) -> str:
    known = [chance[key] for key in _ROUTES if chance.get(key) is not None]
    return percent_words(known[0]) if known else "-"


def percent_words(chance: float) -> str:
    """A probability, never as sure as a draw or a formula cannot be.

    >>> percent_words(0.9469), percent_words(1.0), percent_words(0.0)
    ('94.7 %', 'over 99.9 %', 'under 0.1 %')
    """
    if chance > 0.999:
        return "over 99.9 %"
    return "under 0.1 %" if chance < 0.001 else f"{100 * chance:.1f} %"


def _source(limit: Mapping[str, Any]) -> str:
    """Who says so, under which condition, and whether it decides the activity."""
    source, condition = limit["source"], limit["condition"] or ""
    brief = source.partition(":")[0].partition(";")[0]
    brief = brief.removeprefix(f"{limit['limit_gy']:g} Gy ")
    parts = [
        "yours" if source == _GIVEN else brief,
        f"of {limit['injection']}" if limit.get("injection") else "",
        condition.partition(";")[0],
        "sets the activity" if limit["binding"] else "",
    ]
    return ", ".join(filter(None, parts))
