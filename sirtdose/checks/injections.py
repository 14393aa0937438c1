"""Several injections in one image: calibration factors, overlaps, counts left out."""

from collections.abc import Mapping, Sequence

from sirtdose.checks.calibration import RATIO_RANGE
from sirtdose.checks.image import SEEN_LEAST, cut_off_findings
from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.grid.resample import covered_fraction
from sirtdose.dosimetry.image.injection_shares import Shares
from sirtdose.dosimetry.image.shared_injections import SharedInjections
from sirtdose.dosimetry.image.uptake import inside_fractions, outside_fraction
from sirtdose.dosimetry.results import Placed
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume

_MOST_OF_IT, _OUTSIDE_MAX = 0.5, 0.20
# By how much a dose in an overlap may move before it is noted, and warned of.
_REACH_NOTED, _REACH_WARNED = 0.01, 0.05


def sharing_findings(*, injected: SharedInjections, image: Volume) -> list[Finding]:
    """Injected activities that disagree with the image, and overlaps (H13, H14)."""
    found = injected.shares(image)
    low, high = RATIO_RANGE
    seen = _seen_fractions(injected, image)
    causes = _causes(injected, seen)
    return [
        *_factor_findings(injected, found, most=high, causes=causes),
        *(
            Finding.of(
                "H13",
                f"'{one.name}': the image shows {ratio:.3g} times the activity typed "
                f"({typed * ratio:.4g} instead of {typed:.4g} GBq) in its volume, "
                f"outside {low:g} to {high:g}: {causes}?",
                severity=Severity.ASK,
                subject=one.name,
                accepted="the total activity is distributed as the image shows",
            )
            for one, ratio, ledger in zip(
                injected.given, found.image_to_typed, injected.ledgers, strict=True
            )
            for typed in [ledger.treated_gbq]
            if not low <= ratio <= high
        ),
        *_overlap_findings(injected, found),
        *cut_off_findings(seen=seen),
    ]


def _seen_fractions(injected: SharedInjections, image: Volume) -> dict[str, float]:
    """Fraction of each perfused volume that lies inside the image."""
    return {
        one.name: covered_fraction(volume, image.grid)
        for one, volume in zip(injected.given, injected.volumes, strict=True)
    }


def _causes(injected: SharedInjections, seen: Mapping[str, float]) -> str:
    """Possible causes of typed activities that do not fit one scan."""
    untimed = [one.name for one in injected.given if one.at is None]
    cut = [
        f"only {part:.0%} of the volume of {name} lies in the image"
        for name, part in seen.items()
        if part < SEEN_LEAST
    ]
    times = (
        [f"were they given at different times (write {untimed[0]}=ACTIVITY@TIME)"]
        if untimed
        else []
    )
    swapped = "were syringes, activities or perfused volumes swapped"
    return "; ".join([*cut, *times, swapped])


def _factor_findings(
    injected: SharedInjections, found: Shares, *, most: float, causes: str
) -> list[Finding]:
    """Calibration factors that differ between injections of one scan (H13)."""
    factors = {
        injected.names(group): found.gbq_per_count(group) * 1e9
        for group in found.groups
    }
    apart = max(factors.values()) / min(factors.values())
    if apart <= most:
        return []
    each = ", ".join(f"{name} {bq:.4g} Bq per unit" for name, bq in factors.items())
    return [
        Finding.of(
            "H13",
            "one scan has one calibration factor, but the activities typed give "
            f"{each}: they differ by a factor of {apart:.3g}, more than {most:g}: "
            f"{causes}?",
            severity=Severity.ASK,
            accepted="each volume keeps its typed activity",
        )
    ]


def _overlap_findings(injected: SharedInjections, found: Shares) -> list[Finding]:
    """Overlapping perfused volumes, which share one calibration factor (H14)."""
    findings = []
    for group in found.groups:
        if len(group) == 1:
            continue
        shared = [
            i
            for i, part in enumerate(found.parts)
            if len(part.members) > 1 and part.members[0] in group
        ]
        volume_ml = sum(found.parts[i].structure.volume_ml for i in shared)
        findings.append(
            Finding.of(
                "H14",
                f"the volumes of {injected.names(group)} overlap by {volume_ml:.1f} "
                "mL: all their counts share one calibration factor, "
                f"{found.gbq_per_count(group) * 1e9:.4g} Bq per unit",
                severity=Severity.NOTE,
            )
        )
        findings += _untimed_findings(injected, group)
        for index in shared:
            findings += _reach_findings(injected, found, index)
    return findings


def _untimed_findings(
    injected: SharedInjections, group: Sequence[int]
) -> list[Finding]:
    """Overlapping injections without an injection time (H09)."""
    untimed = [i for i in group if injected.given[i].at is None]
    if not untimed:
        return []
    return [
        Finding.of(
            "H09",
            f"the volumes of {injected.names(group)} overlap, and the injection time "
            f"of {injected.names(untimed)} is not known: one common time is assumed; "
            "write name=ACTIVITY@TIME",
            severity=Severity.WARN,
        )
    ]


def _reach_findings(
    injected: SharedInjections, found: Shares, index: int
) -> list[Finding]:
    """Dose uncertainty where injections given at different times overlap (H14)."""
    low, high = found.reach(index)
    if high - low < _REACH_NOTED:
        return []
    part = found.parts[index]
    hours = [injected.elapsed_h[i] for i in part.members]
    return [
        Finding.of(
            "H14",
            f"where {injected.names(part.members)} overlap "
            f"({part.structure.volume_ml:.1f} mL) the image cannot separate their "
            f"counts, and they were given {max(hours) - min(hours):.1f} h apart: a "
            f"dose there may differ by {low:+.0%} to {high:+.0%} from the one shown",
            severity=Severity.WARN if high - low > _REACH_WARNED else Severity.NOTE,
        )
    ]


def unshared_findings(*, injected: SharedInjections, placed: Placed) -> list[Finding]:
    """Counts and treated structures outside all perfused volumes (H14)."""
    findings = [
        Finding.of(
            "H14",
            f"'{one.name}' lies outside all perfused volumes: is an injection "
            "missing? Its activity is added to what was delivered",
            severity=Severity.ASK,
            subject=one.name,
        )
        for one in placed.drawn
        if one.role in (Role.PERFUSED, Role.TUMOR)
        and max(inside_fractions(one, injected.volumes)) < _MOST_OF_IT
    ]
    lungs = [one for one in placed.on_grid if one.role is Role.LUNGS]
    part = outside_fraction(
        injected.volumes, placed.image, union(lungs) if lungs else None
    )
    if part > _OUTSIDE_MAX:
        findings.append(
            Finding.of(
                "H14",
                f"{part:.0%} of the image's activity lies outside the perfused "
                "volumes and the lungs: it is scaled by their mean factor and added "
                "to what was delivered",
            )
        )
    return findings
