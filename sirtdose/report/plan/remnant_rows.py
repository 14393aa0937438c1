"""What of the liver is treated and what remains, and published goals, for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.activity_scale import study_scale_words
from sirtdose.report.plan.rows import names_of
from sirtdose.report.wording import gy_words, shown_name, spoken, table

_SEGMENT = "segmentectomy"
_SURFACES = {"dubois": "DuBois", "mosteller": "Mosteller"}
_UNDERLYING = {"chemotherapy": "after chemotherapy"}
_REACHED = {True: "reached", False: "not reached", None: "not known before treatment"}


def treated_lines(document: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """What a terminal always shows of remnant and goals, and what on demand.

    The remnant is always shown where somebody asked for it, and what is treated in a
    segmentectomy too.
    """
    remnant, goals = document.get("remnant"), document.get("published_goals") or []
    lines = remnant_lines(remnant) if remnant else []
    segment = (document.get("treats") or {}).get("scenario") == _SEGMENT
    asked = bool(remnant and remnant["asked"])
    shown = lines if asked else lines[:1] if segment else []
    if segment and goals:
        shown = [*shown, _goals_reached(goals)]
    details = [one for one in lines if one not in shown]
    table_lines = _goal_table(goals)
    return shown, [*details, *([""] if details and table_lines else []), *table_lines]


def remnant_lines(remnant: Mapping[str, Any]) -> list[str]:
    """What is treated, and what remains by every denominator."""
    treated = _treated(remnant)
    lines = [f"Treated  {treated}"] if treated else []
    shares = ", ".join(
        f"{100 * one['fraction']:.1f} % of the {one['of']} ({one['of_ml']:.0f} mL)"
        for one in remnant["shares"]
    )
    more = f": {shares}" if shares else ""
    return [*lines, f"Remnant  {remnant['volume_ml']:.0f} mL{more}"]


def _treated(remnant: Mapping[str, Any]) -> str:
    """What of the liver is treated; nothing where that is not known."""
    treated_ml, fraction = remnant["treated_ml"], remnant["treated_fraction"]
    if treated_ml is None:
        return ""
    liver_ml = remnant["shares"][0]["of_ml"]
    return f"{treated_ml:.0f} of {liver_ml:.0f} mL of the liver, {100 * fraction:.1f} %"


def remnant_rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The remnant for a page: names and values."""
    remnant = document.get("remnant")
    if not remnant:
        return []
    treated = _treated(remnant)
    return [
        *([("Treated", treated)] if treated else []),
        ("Future liver remnant", f"{remnant['volume_ml']:.0f} mL, {remnant['source']}"),
        *(
            (
                f"Of the {one['of']}",
                f"{100 * one['fraction']:.1f} % of {one['of_ml']:.0f} mL",
            )
            for one in remnant["shares"]
        ),
        *_judged_rows(remnant),
    ]


def _judged_rows(remnant: Mapping[str, Any]) -> list[tuple[str, str]]:
    """By which formula, and how it compares with the minimum."""
    rows, standard, minimum = [], remnant["standard_liver"], remnant["minimum"]
    if standard:
        surface = _SURFACES[standard["body_surface_formula"]]
        rows.append(
            (
                "Standardized liver volume",
                f"{standard['volume_ml']:.0f} mL, body surface "
                f"{standard['body_surface_m2']:.3f} m\N{SUPERSCRIPT TWO} by {surface} "
                f"({standard['source']})",
            )
        )
    if minimum:
        least = "over" if minimum["strict"] else "at least"
        met = {True: "met", False: "not met", None: "not checked"}[minimum["met"]]
        underlying = remnant["underlying_liver"]
        rows.append(
            (
                "Minimum for a resection",
                f"{least} {100 * minimum['fraction']:.0f} %, "
                f"{_UNDERLYING.get(underlying, underlying)} "
                f"({minimum['source']}): {met}",
            )
        )
    return rows


def published_rows(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Published goals for a page, those of the device and of what is treated."""
    names = names_of(document)
    return [
        {
            "volume": _volume(one, names),
            "goal": _asks(one),
            "value": _gives(one) or "n/a",
            "reached": _REACHED[one["reached"]],
            "predicts": one["predicts"],
            "of": _for_what(one),
            "source": _source(one),
        }
        for one in document.get("published_goals") or ()
    ]


def _goal_table(goals: Sequence[Mapping[str, Any]]) -> list[str]:
    if not goals:
        return []
    rows = [
        [
            spoken(one["value_of"] or one["volume"]),
            _gives(one) or "-",
            _asks(one),
            _REACHED[one["reached"]],
            f"{_for_what(one)}; {_source(one)}",
        ]
        for one in goals
    ]
    header = ["published goal", "Gy", "goal Gy", "", "of"]
    return [table(header, rows, left={0, 2, 3, 4})]


def _goals_reached(goals: Sequence[Mapping[str, Any]]) -> str:
    known = [one for one in goals if one["reached"] is not None]
    reached = sum(one["reached"] for one in known)
    return f"Published goals reached: {reached} of {len(known)}, listed with -v"


def _gives(goal: Mapping[str, Any]) -> str:
    """What a plan gives there, never rounded onto a goal that it is not at."""
    value_gy = goal["value_gy"]
    return "" if value_gy is None else gy_words(value_gy, goal["dose_gy"])


def _asks(goal: Mapping[str, Any]) -> str:
    """A goal in words; a mean is not said.

    >>> _asks({"strict": True, "dose_gy": 300.0, "statistic": "d95"})
    'D95 over 300'
    """
    least = "over" if goal["strict"] else "at least"
    statistic = "" if goal["statistic"] == "mean" else f"{goal['statistic'].upper()} "
    return f"{statistic}{least} {goal['dose_gy']:g}"


def _volume(goal: Mapping[str, Any], names: Mapping[str, str]) -> str:
    of = goal["value_of"]
    if of:
        return names.get(of, shown_name(of))
    said = spoken(goal["volume"])
    return "Perfused volume" if said == "perfused" else said[:1].upper() + said[1:]


def _for_what(goal: Mapping[str, Any]) -> str:
    """Which disease and scenario a goal holds for.

    >>> _for_what({"disease": ["hcc"], "scenario": ["lobectomy"]})
    'HCC, lobectomy'
    """
    diseases = {"mcrc": "mCRC"}
    said = [diseases.get(one, one.upper()) for one in goal["disease"]]
    return ", ".join([*said, *goal["scenario"]]) or "any disease"


def _source(goal: Mapping[str, Any]) -> str:
    count = f", {goal['patients']} patients" if goal["patients"] else ""
    sure = "" if goal["verified"] else " (not verified)"
    scale = study_scale_words(goal["scale"]) if "scale" in goal else ""
    return f"{goal['source']}{count}{sure}{'; ' * bool(scale)}{scale}"
