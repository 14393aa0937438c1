"""Activities that are unlikely to be meant: typing, paperwork, or a wrong formula."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from sirtdose.data.load import table
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.mird import delivered_dose_gy
from sirtdose.planning.partition_case import Case

if TYPE_CHECKING:
    from sirtdose.planning.terms import Terms

# Largest vial on the market; and less than any published treatment by far.
_MOST_GBQ, _LEAST_GBQ = 20.0, 0.02
_LEAST_MEAN_GY = 5.0
_SAME_ACTIVITY = 0.005
_OTHER_CALCULATION = 0.20
_RESIDUAL_MAX = 0.20
# Where chosen limits ask for about as much as is usual, this many times it is doubted.
_ABOVE_WANTED, _NEAR_USUAL = 2.5, 0.85
# A factor between two notes of one activity that is a unit's, not a mistake's.
_UNIT_FACTORS = {
    "GBq and mCi": MCI_PER_GBQ,
    "GBq and MBq": 1000.0,
    "MBq and mCi": 37.0,
}
_SAME_FACTOR = 0.03


def activity_findings(
    activities: Sequence[float],
    case: Case,
    terms: "Terms",
) -> list[Finding]:
    """What to doubt of the activities of a plan (H04, H05, H07, H08)."""
    findings = [
        *size_findings(
            sum(activities),
            [
                (one.name, one.dose_gy(activities))
                for one in case.regions
                if one.role == "perfused"
            ],
        ),
        *_same_findings(activities, case),
        *_second_calculation(activities, case),
        *_ceiling_findings(activities, case, terms),
    ]
    residual_fraction = terms.residual_fraction
    if residual_fraction >= _RESIDUAL_MAX:
        findings.append(
            Finding.of(
                "H08",
                f"{residual_fraction:.0%} is expected to stay behind: so much less is "
                "delivered than drawn up, which may be reportable",
            )
        )
    return findings


def mixed_units_finding(one_gbq: float, other_gbq: float, what: str) -> Finding | None:
    """Two notes of one activity that differ by the factor of a unit (H05).

    Examples
    --------
    3 GBq ordered, 81 GBq assayed: the assay was in mCi.

    >>> mixed_units_finding(81.0, 3.0, "assay and order").message.split("?")[0]
    'assay and order differ by 27 (81 and 3 GBq): GBq and mCi mixed up'
    >>> mixed_units_finding(3.1, 3.0, "assay and order")
    """
    factor = max(one_gbq, other_gbq) / min(one_gbq, other_gbq)
    for units, known in _UNIT_FACTORS.items():
        if abs(factor / known - 1) <= _SAME_FACTOR:
            return Finding.of(
                "H05",
                f"{what} differ by {factor:.4g} ({one_gbq:.4g} and {other_gbq:.4g} "
                f"GBq): {units} mixed up?",
                accepted="each is used as it was given",
            )
    return None


def size_findings(total: float, doses: Sequence[tuple[str, float]]) -> list[Finding]:
    """An activity, GBq, or the mean dose it gives, of another unit's size (H05).

    `doses` are perfused volumes by name, with their mean in Gy.
    """
    said = f"{total:.4g} GBq ({total * MCI_PER_GBQ:.4g} mCi) is"
    used = f"{total:.4g} GBq is used"
    if total > _MOST_GBQ:
        meant = [
            f"{total:.4g} {unit}"
            for unit, factor in (("MBq", 1e-3), ("mCi", 1 / MCI_PER_GBQ))
            if _LEAST_GBQ <= total * factor <= _MOST_GBQ
        ]
        instead = f": was {' or '.join(meant)} meant?" if meant else ""
        message = f"{said} more than the largest vial, {_MOST_GBQ:g} GBq{instead}"
        return [Finding.of("H05", message, accepted=used)]
    if total < _LEAST_GBQ:
        message = f"{said} less than any treatment has: check its unit"
        return [Finding.of("H05", message, accepted=used)]
    return [
        Finding.of(
            "H05",
            f"{said} little: '{name}' gets {gy:.3g} Gy; was "
            f"{total * MCI_PER_GBQ:.4g} GBq meant, or does this volume belong to "
            "another region?",
            accepted=used,
        )
        for name, gy in doses
        if 0 < gy < _LEAST_MEAN_GY
    ]


def _same_findings(activities: Sequence[float], case: Case) -> list[Finding]:
    """The same activity for two targets: a form that was not changed (H04)."""
    named = zip(case.injections, activities, strict=True)
    return [
        Finding.of(
            "H04",
            f"'{a}' and '{b}' get the same activity, {x:.4g} GBq: is this one order "
            "form twice?",
        )
        for (a, x), (b, y) in combinations(named, 2)
        if abs(x - y) <= _SAME_ACTIVITY * max(x, y)
    ]


def _second_calculation(activities: Sequence[float], case: Case) -> list[Finding]:
    """Mean dose of each perfused volume by its parts and as one compartment (H07)."""
    findings = []
    for i, name in enumerate(case.injections):
        perfused = case.of_injection(name, "perfused")
        parts = case.of_injection(name, "normal_perfused", "tumor")
        mass = sum(part.mass_kg for part in parts)
        if not perfused or not parts or not mass > 0:
            continue
        own = [gbq if k == i else 0.0 for k, gbq in enumerate(activities)]
        by_parts = sum(part.mass_kg * part.dose_gy(own) for part in parts) / mass
        alone = delivered_dose_gy(
            activity_gbq=activities[i],
            mass_kg=perfused[0].mass_kg,
            dose_constant_gy_kg_per_gbq=case.dose_constant_gy_kg_per_gbq,
            lung_shunt_fraction=case.lung_shunt_fractions[i],
        )
        off = by_parts / alone - 1
        said = (
            f"second calculation, '{name}' as one compartment: {alone:.4g} Gy, the "
            f"mean of its parts is {by_parts:.4g} Gy ({round(off, 3) + 0:+.1%})"
        )
        severity = Severity.NOTE
        if abs(off) > _OTHER_CALCULATION:
            severity = Severity.ASK
            said += ": which is right?"
        findings.append(
            Finding.of(
                "H07", said, severity=severity, accepted="the plan is by its parts"
            )
        )
    return findings


def _ceiling_findings(
    activities: Sequence[float], case: Case, terms: "Terms"
) -> list[Finding]:
    """A dose above what is usual with these microspheres (H07)."""
    device = terms.device
    if device is None:
        return [
            Finding.of(
                "H07",
                "doses not checked against what is usual: needs --device",
                severity=Severity.NOTE,
            )
        ]
    bounded = any("normal" in rule.volume for rule in terms.all_rules)
    unbounded = (
        "" if bounded else "; no limit for normal liver was given: --limit normal=..."
    )
    findings = []
    for ceiling in table("devices")[device.name]["ceilings"]:
        most = _raised(ceiling["volume"], ceiling["dose_gy"], terms)
        status = "" if ceiling["verified"] else "; not verified"
        findings += [
            Finding.of(
                "H07",
                f"'{one.name}' gets {one.dose_gy(activities) + one.prior_gy:.4g} Gy, "
                f"above {most:g} Gy, which is not usual with {device.product} outside "
                f"of one or two segments ({ceiling['source']}{status}){unbounded}",
            )
            for one in case.held(ceiling["volume"])
            if one.dose_gy(activities) + one.prior_gy > most
        ]
    return findings


def _raised(volume: str, usual_gy: float, terms: "Terms") -> float:
    """What is usual, or well above it where the limits chosen ask for that much."""
    wanted = [
        rule.limit_gy
        for rule in terms.rules
        if rule.volume == volume and rule.sense == "at_least"
    ]
    most = max(wanted, default=0.0)
    return _ABOVE_WANTED * most if most >= _NEAR_USUAL * usual_gy else usual_gy
