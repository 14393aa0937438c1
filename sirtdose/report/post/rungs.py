"""The dose ladder of an assessment: one row a structure, with what it is judged by."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sirtdose.report.doses import drawn_again
from sirtdose.report.findings import accepted_limits, limit_accepted
from sirtdose.report.ladder import Ladder, Rung, Verdict, ladder
from sirtdose.report.looks import drawn_name
from sirtdose.report.palette import paints
from sirtdose.report.wording import gy_words

_LUNGS = ("lungs", "lungs_cumulative")


def shown_rows(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], dict[str, str]]:
    """Rows without those that repeat another, which go by name to the one shown."""
    hidden = drawn_again(rows)
    return [row for row in rows if row["name"] not in hidden], hidden


def post_ladder(
    document: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Ladder:
    """The ladder of the first method; lungs by their shunt."""
    painted = paints([(row["name"], row["role"]) for row in rows] + [("", "lungs")])
    known, accepted = _intervals(document), accepted_limits(document)
    earlier = (document.get("plan") or {}).get("earlier") or {"doses": ()}
    before = {row["structure"]: row["dose_gy"] for row in earlier["doses"]}
    found = [
        Rung(
            name=drawn_name(row["name"], row["role"]),
            paint=painted[row["name"]],
            dose_gy=row["dose_gy"]["mean"],
            volume_ml=row["volume_ml"],
            low_gy=known.get(row["name"], (None, None))[0],
            high_gy=known.get(row["name"], (None, None))[1],
            verdicts=tuple(
                Verdict.of_limit(
                    one,
                    note=_note(one, row, before.get(row["name"], 0.0)),
                    accepted=limit_accepted(one, accepted),
                )
                for one in document["limits"]
                if one["volume"] not in _LUNGS and one["value_of"] == row["name"]
            ),
        )
        for row in rows
        if row["role"] != "lungs"
    ]
    return ladder([*_in_order(found, rows), *_lungs(document, painted[""])])


def _in_order(found: Sequence[Rung], rows: Sequence[Mapping[str, Any]]) -> list[Rung]:
    """Tumors first, then normal tissue, then volumes that hold both."""
    order = {
        drawn_name(row["name"], row["role"]): 0
        if row["role"].startswith("tumor") or row["role"] == "all_tumors"
        else 1
        if row["role"].startswith("normal")
        else 2
        for row in rows
    }
    return sorted(found, key=lambda one: order[one.name])


def _lungs(document: Mapping[str, Any], paint: Any) -> list[Rung]:
    lungs, accepted = document["lungs"], accepted_limits(document)
    if lungs["shunt_source"] == "not given":
        return []
    earlier = lungs["cumulative_dose_gy"] != lungs["dose_gy"]
    return [
        Rung(
            name=f"Lungs, {100 * lungs['shunt_fraction']:.1f} % shunt",
            paint=paint,
            dose_gy=lungs["dose_gy"],
            verdicts=tuple(
                Verdict.of_limit(
                    one,
                    note=_session_words(one, earlier=earlier),
                    accepted=limit_accepted(one, accepted),
                )
                for one in document["limits"]
                if one["volume"] in _LUNGS
                # Without an earlier session, the usual one of all is never nearer.
                and (earlier or one["name"] != "lungs_cumulative" or _of_plan(one))
            ),
        )
    ]


def _of_plan(limit: Mapping[str, Any]) -> bool:
    return str(limit["source"]).startswith("of the plan: ")


def _session_words(limit: Mapping[str, Any], *, earlier: bool) -> str:
    """Which sessions a limit of the lungs is of, where there are several."""
    if not earlier:
        return ""
    if limit["name"] == "lungs_cumulative":
        return f"all sessions, {gy_words(limit['value_gy'] or 0)} Gy"
    return "this session"


def _note(limit: Mapping[str, Any], row: Mapping[str, Any], before_gy: float) -> str:
    """What the judged dose is where it is not the one shown, and under what."""
    value, mean = limit["value_gy"], row["dose_gy"]["mean"]
    by_mass = value is not None and gy_words(value) != gy_words(mean)
    words = "with earlier sessions" if before_gy else "over mass"
    said = [f"{gy_words(value)} Gy {words}"] if by_mass else []
    return ", ".join([*said, *([limit["condition"]] if limit["condition"] else [])])


def _intervals(document: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The 95 % interval of each mean of the first method, where it was asked for."""
    uncertainty = document["uncertainty"]
    if uncertainty is None:
        return {}
    first = next(iter(document["doses"]))
    return {
        row["name"]: (
            row["quantities"]["mean_gy"]["low"],
            row["quantities"]["mean_gy"]["high"],
        )
        for row in uncertainty["methods"].get(first, ())
    }


def limits_words(
    limits: Iterable[Mapping[str, Any]], accepted: Collection[str] = ()
) -> str:
    """Whether limits are met, in a sentence; those that are not, each.

    >>> lungs = {"name": "lungs", "value_of": None, "value_gy": 35.0, "limit_gy": 30.0}
    >>> limits_words([{**lungs, "met": False}])
    'Limit not met: lungs 35 Gy of 30 Gy.'
    >>> limits_words([{**lungs, "met": True}])
    'The limit of the lungs is met.'
    """
    every = list(limits)
    missed: dict[str, list[str]] = {}
    for one in every:
        if one["met"] is False:
            answer = ", accepted" * limit_accepted(one, accepted)
            missed.setdefault(answer, []).append(
                f"{_of(one)} {gy_words(one['value_gy'], one['limit_gy'])} Gy of "
                f"{one['limit_gy']:g} Gy"
            )
    if missed:
        return " ".join(
            f"Limit{'s' * (len(told) > 1)} not met{answer}: {'; '.join(told)}."
            for answer, told in sorted(missed.items())
        )
    met = list(dict.fromkeys(_of(one) for one in every if one["met"]))
    if not met:
        return "No limit was checked."
    if len(met) == 1:
        return f"The limit of the {met[0]} is met."
    return f"All {sum(one['met'] is True for one in every)} limits are met."


def _of(limit: Mapping[str, Any]) -> str:
    if limit["name"] in _LUNGS:
        return "lungs"
    name = limit["value_of"] or limit["name"]
    return drawn_name(name, name).replace("_", " ")
