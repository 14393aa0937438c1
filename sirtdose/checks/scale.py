"""Doses held against doses of another scale: declared activity, or absolute (H26)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from sirtdose.model.activity_scale import (
    WORDS,
    Conversion,
    DoseScale,
    Scale,
    VialRatio,
)
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.limit import Limit, above, below
from sirtdose.model.radiobiology import ResponseModel

if TYPE_CHECKING:
    from sirtdose.dosimetry.histogram.radiobiology import ThresholdHeld
    from sirtdose.planning.published_goals import PublishedGoal

# Structures named in one message.
_NAMED = 4


@dataclass(frozen=True)
class Compared:
    """A dose of a structure beside a goal, a limit or what a study found.

    `scale` is that of `bound_gy`; at most where it is a ceiling.
    """

    name: str
    structure: str
    value_gy: float
    bound_gy: float
    scale: Scale
    sense: Literal["at_least", "at_most"] = "at_least"
    strict: bool = False

    def held(self, factor: float = 1.0) -> bool:
        """Whether the dose, times a factor, is on the wanted side."""
        value = factor * self.value_gy
        if self.sense == "at_most":
            return not above(value, self.bound_gy, strict=self.strict)
        return not below(value, self.bound_gy, strict=self.strict)


def limits_compared(limits: Iterable[Limit]) -> list[Compared]:
    """Limits of a known scale with their doses.

    The lungs' is by the ledger's activity, and so is their limit.
    """
    return [
        Compared(
            name=f"limit of {one.limit_gy:g} Gy to {one.volume}",
            structure=one.value_of or one.volume,
            value_gy=one.value_gy,
            bound_gy=bound,
            scale=one.scale,
            sense=sense,
            strict=one.strict,
        )
        for one in limits
        if one.value_gy is not None and one.volume != "lungs"
        if one.scale != "unknown"
        for sense, bound in _bounds(one)
    ]


def thresholds_compared(held: "Iterable[ThresholdHeld]") -> list[Compared]:
    """Outcome studies' doses with those that they are held against."""
    return [
        Compared(
            name=f"'{one.threshold['name']}', {bound_gy:g} Gy",
            structure=one.structure,
            value_gy=one.value_gy,
            bound_gy=bound_gy,
            scale=cast(Scale, one.threshold["scale"]),
        )
        for one in held
        for bound_gy in [float(str(one.threshold["threshold_gy"]))]
        if one.value_gy is not None
    ]


def goals_compared(goals: "Iterable[PublishedGoal]") -> list[Compared]:
    """Published goals of a known scale with what a plan gives."""
    return [
        Compared(
            name=f"published goal of {one.dose_gy:g} Gy to {one.volume} ({one.source})",
            structure=one.value_of,
            value_gy=one.value_gy,
            bound_gy=one.dose_gy,
            scale=one.scale,
            strict=one.strict,
        )
        for one in goals
        if one.value_gy is not None and one.scale != "unknown"
    ]


def _bounds(limit: Limit) -> list[tuple[Literal["at_least", "at_most"], float]]:
    """The one bound of a limit, or both of a range."""
    if limit.sense == "at_most":
        return [("at_most", limit.limit_gy)]
    if limit.sense == "range" and limit.upper_gy is not None:
        return [("at_least", limit.limit_gy), ("at_most", limit.upper_gy)]
    return [("at_least", limit.limit_gy)]


def scale_findings(scale: DoseScale, compared: Sequence[Compared]) -> list[Finding]:
    """Doses held against those of another scale, or of one not known (H26).

    A warning where the other scale turns a verdict round, otherwise a note.
    """
    apart = [
        one
        for one in compared
        if "unknown" not in (one.scale, scale.name) and one.scale != scale.name
    ]
    findings, alike = [], dict[Scale, list[Compared]]()
    for name in dict.fromkeys(one.name for one in apart):
        own = [one for one in apart if one.name == name]
        found = scale.to(own[0].scale)
        if turned := _turned(own, found):
            findings.append(_finding(scale, turned, found, Severity.WARN))
        else:
            alike.setdefault(own[0].scale, []).extend(own)
    findings += [
        _finding(scale, own, scale.to(theirs), Severity.NOTE)
        for theirs, own in alike.items()
    ]
    unknown = dict.fromkeys(one.name for one in compared if one.scale == "unknown")
    if unknown:
        said = "scale not known, declared activity or absolute calibration: "
        findings.append(
            Finding.of("H26", said + "; ".join(unknown), severity=Severity.NOTE)
        )
    return findings


def _finding(
    scale: DoseScale,
    own: Sequence[Compared],
    found: Conversion | None,
    severity: Severity,
) -> Finding:
    """Doses held against those of one other scale."""
    names = "; ".join(dict.fromkeys(one.name for one in own))
    return Finding.of(
        "H26",
        f"{names}: found with doses by {WORDS[own[0].scale]}, and doses here are by "
        f"{WORDS[scale.name]}. {_moved(own, found, severity is Severity.WARN)}",
        severity=severity,
        subject=names if severity is Severity.WARN else "scale",
    )


def _turned(own: Sequence[Compared], found: Conversion | None) -> list[Compared]:
    """Those whose verdict is another one on the other scale."""
    if found is None:
        return []
    return [one for one in own if one.held() != one.held(found.factor)]


def _moved(own: Sequence[Compared], found: Conversion | None, turned: bool) -> str:
    """By how much the doses move, and what becomes of the verdicts."""
    if found is None:
        return "By how much they differ is not known for these microspheres"
    moved = dict.fromkeys(
        f"{one.structure} {one.value_gy:.4g} to {found.factor * one.value_gy:.4g} Gy"
        for one in own
    )
    what = "the verdict round" if turned else "no verdict round"
    return (
        f"On that scale they are {found.factor:.3g} times, {_listed([*moved])}, which "
        f"turns {what} ({found.source})"
    )


def model_scale_findings(
    scale: DoseScale, models: Iterable[ResponseModel]
) -> list[Finding]:
    """Response models fitted to doses of another scale (H26)."""
    findings = []
    for one in models:
        if "unknown" in (one.scale, scale.name) or one.scale == scale.name:
            continue
        found = scale.to(one.scale)
        factor = (
            "by how much they differ is not known for these microspheres"
            if found is None
            else f"on that scale they are {found.factor:.3g} times ({found.source}), "
            "so its probabilities are not those of this case"
        )
        said = (
            f"{one.kind.upper()} '{one.name}': fitted to doses by {WORDS[one.scale]}, "
            f"and doses here are by {WORDS[scale.name]}; {factor}"
        )
        findings.append(Finding.of("H26", said, severity=Severity.WARN))
    return findings


def planned_scale_findings(scale: DoseScale, plan: Mapping[str, Any]) -> list[Finding]:
    """Delivered doses by another scale than the plan's (H26)."""
    # Older plans do not say so, and are by the declared activity as all are.
    planned = (plan.get("scale") or {}).get("doses", "declared")
    if "unknown" in (planned, scale.name) or planned == scale.name:
        return []
    found = scale.to(planned)
    alone = (
        "by how much is not known for these microspheres"
        if found is None
        else f"this alone makes delivered over planned {1 / found.factor:.3g} "
        f"({found.source})"
    )
    said = (
        f"planned doses are by {WORDS[planned]}, delivered ones by "
        f"{WORDS[scale.name]}: {alone}"
    )
    return [Finding.of("H26", said, severity=Severity.WARN, subject="plan")]


def other_system_findings(scale: DoseScale, factor: float) -> list[Finding]:
    """Another system's dose, whose scale it does not say (H26).

    `factor` is their dose over ours. A warning where it is what two scales make.

    >>> [one.severity.value for factor in (1.0, 0.8) for one in
    ...  other_system_findings(DoseScale("declared", "glass"), factor)]
    ['note', 'warn']
    >>> other_system_findings(DoseScale("unknown"), 1.0)
    []
    """
    theirs: Scale = "absolute" if scale.name == "declared" else "declared"
    found = scale.to(theirs)
    if found is None:
        return []
    low, high = _range(scale, found)
    like = low <= factor <= high and not low <= 1 <= high
    said = (
        f"our doses are by {WORDS[scale.name]}, theirs do not say: by "
        f"{WORDS[theirs]} they would be {found.factor:.3g} times ours ({found.source})"
    )
    if like:
        said = f"their dose is {factor:.3g} times ours: is it of another scale? {said}"
    severity = Severity.WARN if like else Severity.NOTE
    return [Finding.of("H26", said, severity=severity, subject="scale")]


def _range(scale: DoseScale, found: Conversion) -> tuple[float, float]:
    """The factors that vials of the product show; the image's own, to 1 %."""
    vials = VialRatio.of(scale.device)
    own = scale.other_to_used is not None or vials is None
    if own or vials is None or vials.low is None or vials.high is None:
        return 0.99 * found.factor, 1.01 * found.factor
    if scale.name == "declared":
        return vials.low, vials.high
    return 1 / vials.high, 1 / vials.low


def mixed_scale_findings(scales: Mapping[str, str]) -> list[Finding]:
    """Results side by side whose doses are on different scales (H26).

    `scales` has that of each result by what it is called.

    >>> mixed_scale_findings({"plan 1": "declared", "plan 2": "declared"})
    []
    >>> mixed_scale_findings({"a": "declared", "b": "absolute"})[0].message
    'doses are on different scales: declared activity (a); absolute image calibration \
(b). For glass the first are 1.27 times, for resin 0.87 times the second'
    """
    if len(set(scales.values())) < 2:
        return []
    apart = "; ".join(
        f"{WORDS[scale]} ({_listed(named)})"
        for scale in dict.fromkeys(scales.values())
        for named in [[name for name, own in scales.items() if own == scale]]
    )
    known = [one for one in dict.fromkeys(scales.values()) if one != "unknown"]
    return [
        Finding.of(
            "H26",
            f"doses are on different scales: {apart}{_ratio(known)}",
            severity=Severity.WARN,
            subject="scale",
        )
    ]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _ratio(known: Sequence[str]) -> str:
    """What the first scale's doses are of the second's, by product."""
    if len(known) < 2:
        return ""
    first, second = known[:2]
    each = [
        f"for {product} {'the first are ' * (not number)}{one.factor:.2f} times"
        for number, product in enumerate(("glass", "resin"))
        for one in [DoseScale(second, product).to(first)]  # type: ignore[arg-type]
        if one is not None
    ]
    said = ", ".join(each)
    return f". {said[:1].upper()}{said[1:]} the second"
