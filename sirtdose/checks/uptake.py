"""Uptake in a PET: whether it can be compared, and with what (H49)."""

from collections.abc import Sequence
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import RangeError
from sirtdose.model.body_size import LEAN_MASS, Body
from sirtdose.model.finding import Bound, Finding


def uptake_time_findings(minutes: float | None) -> list[Finding]:
    """A scan too early or too late after the injection, or of unknown time (H49).

    >>> [one] = uptake_time_findings(93.0)
    >>> one.message.split(":")[0]
    'the scan began 93 min after the injection'
    >>> uptake_time_findings(62.0)
    []
    """
    if minutes is None:
        return [
            Finding.of(
                "H49",
                "the time from injection to scan is not known, and scans of different "
                "times cannot be compared: give --injected-at",
                subject="uptake time",
            )
        ]
    rule = table("uptake")["uptake_time_min"]
    if rule["min"] <= minutes <= rule["max"]:
        return []
    bound = rule["min"] if minutes < rule["min"] else rule["max"]
    return [
        Finding.of(
            "H49",
            f"the scan began {minutes:.0f} min after the injection: PERCIST asks for "
            f"{rule['min']:g} to {rule['max']:g} min ({rule['source']}; not verified)",
            subject="uptake time",
            value=minutes,
            bound=_bound(rule, bound, "min"),
        )
    ]


def tracer_findings(words: Sequence[str]) -> list[Finding]:
    """A tracer that is not known to be FDG, which PERCIST is for (H49)."""
    said = " ".join(words).casefold()
    if "fdg" in said or "fluorodeoxyglucose" in said:
        return []
    named = f"its header says '{', '.join(words)}'" if words else "its header is silent"
    return [
        Finding.of(
            "H49",
            f"the tracer may not be FDG ({named}): PERCIST is for FDG",
            subject="tracer",
        )
    ]


def lean_mass_findings(body: Body, formula: str) -> list[Finding]:
    """Two formulas of lean body mass that part (H49)."""
    if body.weight_kg is None or body.height_cm is None or body.sex is None:
        return []
    try:
        each = {name: body.lean_mass_kg(name) for name in LEAN_MASS}
    except RangeError as error:
        # The formula that is used has been computed already.
        return [Finding.of("H49", f"{error}, as here", subject="lean body mass")]
    own = each[formula]
    other, value = max(each.items(), key=lambda pair: abs(pair[1] - own))
    rule = table("uptake")["lean_mass_formulas"]
    apart = value / own - 1
    if abs(apart) <= rule["max"]:
        return []
    return [
        Finding.of(
            "H49",
            f"lean body mass is {own:.1f} kg by {formula.capitalize()} and "
            f"{value:.1f} kg by {other.capitalize()} ({apart:+.0%}): compare scans by "
            "the same formula only",
            subject="lean body mass",
            value=abs(apart),
            bound=_bound(rule, rule["max"], ""),
        )
    ]


def reference_findings(
    *, liver: bool, why: str, blood_pool: bool, drawn: bool
) -> list[Finding]:
    """What lesions are compared with where there is no normal liver (H49)."""
    if liver:
        return []
    if blood_pool:
        return [
            Finding.of(
                "H49",
                f"{why}: the blood pool is the reference",
                subject="reference",
            )
        ]
    how = "--blood-pool NAME" if drawn else "a structure of the aorta"
    return [
        Finding.of(
            "H49",
            f"{why}, and no blood pool is drawn: whether lesions can be measured by "
            f"PERCIST is not known; draw a sphere in normal liver and give "
            f"--liver-reference NAME, or {how}",
            subject="reference",
        )
    ]


def measurable_findings(
    peaks: Sequence[tuple[str, float]], measurable: float | None, rule: str
) -> list[Finding]:
    """Lesions below the peak from which they can be followed (H49)."""
    if measurable is None:
        return []
    low = [(name, value) for name, value in peaks if value < measurable]
    return [
        Finding.of(
            "H49",
            f"SULpeak of '{name}' is {value:.2f} g/mL, below {measurable:.2f} g/mL "
            f"({rule}): it cannot be followed by PERCIST",
            subject=name,
            value=value,
            bound=Bound(measurable, "g/mL", rule),
        )
        for name, value in low
    ]


def small_findings(volumes: Sequence[tuple[str, float]]) -> list[Finding]:
    """Lesions smaller than the sphere of a peak (H20)."""
    return [
        Finding.of(
            "H20",
            f"'{name}' has {volume_ml:.2g} mL, less than the sphere of 1 mL that its "
            "peak is a mean of: the peak holds uptake from around it",
            subject=name,
        )
        for name, volume_ml in volumes
        if volume_ml < 1
    ]


def _bound(rule: dict[str, Any], value: float, unit: str) -> Bound:
    return Bound(value, unit, rule["source"], verified=rule["verified"])
