"""Implausible activities: typing errors, paperwork, or a wrong formula."""

from collections.abc import Sequence
from itertools import combinations

from sirtdose.model.finding import Bound, Finding, Severity, distinct
from sirtdose.model.guard_rails import rail, rail_source, rails
from sirtdose.model.ledger import Ledger
from sirtdose.model.limit import below
from sirtdose.model.request import InjectionGiven
from sirtdose.model.rounded import amount
from sirtdose.model.treatment import Injected, Treatment
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.mird import delivered_dose_gy

_SAME_ACTIVITY = 0.005
_OTHER_CALCULATION = 0.20
# At the end of its shelf life, 12 days, a glass vial still contains 4.4 %.
_LEAST_OF_A_VIAL = 0.05
# A scout's activity is drawn up to within this factor.
_SCOUT_DRAWN = 1.2
# A factor between two notes of one activity that is a unit's, not a mistake's.
_UNIT_FACTORS = {
    "GBq and mCi": MCI_PER_GBQ,
    "GBq and MBq": 1000.0,
    "MBq and mCi": 37.0,
}
_SAME_FACTOR = 0.03
# A residual above this fraction is what makes a dose low.
_MOSTLY = 0.5


def mixed_units_finding(
    one_gbq: float, other_gbq: float, what: str, *, subject: str = ""
) -> Finding | None:
    """Two records of one activity that differ by a unit conversion factor (H05).

    Examples
    --------
    3 GBq ordered, 81 GBq assayed: the assay was in mCi.

    >>> mixed_units_finding(81.0, 3.0, "assay and order").message.split("?")[0]
    'assay and order differ by a factor of 27 (81 and 3 GBq): were GBq and mCi mixed up'
    >>> mixed_units_finding(3.1, 3.0, "assay and order")
    """
    factor = max(one_gbq, other_gbq) / min(one_gbq, other_gbq)
    for units, known in _UNIT_FACTORS.items():
        if abs(factor / known - 1) <= _SAME_FACTOR:
            return Finding.of(
                "H05",
                f"{what} differ by a factor of {factor:.4g} ({one_gbq:.4g} and "
                f"{other_gbq:.4g} GBq): were {units} mixed up?",
                subject=subject,
                accepted="both are used as given",
            )
    return None


def findings(case: Treatment) -> list[Finding]:
    """Findings on a case's activities, before and after treatment."""
    return [*size_findings(case), *same_findings(case)]


def size_findings(case: Treatment) -> list[Finding]:
    """Total activity or resulting dose that suggests a wrong unit or a scout (H05)."""
    return distinct(
        found for one in case.injections for found in size_of_findings(case, one)
    )


def size_of_findings(case: Treatment, one: Injected) -> list[Finding]:
    """Total activity, else one injection's, that suggests a wrong unit."""
    by_unit = unit_findings(case.activity_gbq, nuclide_name=case.nuclide.name)
    return (
        (by_unit and _dose_findings(case))
        or by_unit
        or [*_little_findings(case, one), *_vial_findings(case, one)]
    )


def _dose_findings(case: Treatment) -> list[Finding]:
    """Prescribed dose that needs an activity of no treatment's size (H05).

    Its unit may be wrong: 12000 Gy typed for 12000 cGy.
    """
    (least, most), total = rails("activity_gbq"), case.activity_gbq
    if not case.prescribed_gy or least <= total <= most:
        return []
    above = total > most
    bound = f"above the largest vial, {most:g} GBq"
    if not above:
        bound = f"below any therapeutic activity, at least {least:g} GBq"
    in_cgy = f"was {case.prescribed_gy:.5g} cGy meant, or is"
    is_cgy = above and case.prescribed_gy / 100 >= rail("mean_dose_min_gy")
    doubt = in_cgy if is_cgy else "is the dose wrong, or"
    return [
        _size(
            f"a goal of {case.prescribed_gy:.5g} Gy needs {amount(total)}, {bound}: "
            f"{doubt} a volume wrong?",
            total,
            most if above else least,
        )
    ]


def unit_findings(total: float, *, nuclide_name: str) -> list[Finding]:
    """Activity in GBq of no treatment's size, or that of a scout (H05).

    >>> [found] = unit_findings(92.0, nuclide_name="Y-90")
    >>> found.message.split("?")[0]
    '92 GBq (2486 mCi) is above the largest vial, 20 GBq: was 92 MBq or 92 mCi meant'
    """
    least, most = rails("activity_gbq")
    scout = rail("scout_gbq", "Ho-166") if nuclide_name == "Ho-166" else 0.0
    if scout / _SCOUT_DRAWN <= total <= scout * _SCOUT_DRAWN:
        return [
            Finding.of(
                "H05",
                f"{amount(total)} is the activity of a {nuclide_name} scout "
                f"({scout * 1000:g} MBq), not of a treatment",
                severity=Severity.NOTE,
            )
        ]
    if total > most:
        meant = [
            f"{total:.4g} {unit}"
            for unit, factor in (("MBq", 1e-3), ("mCi", 1 / MCI_PER_GBQ))
            if least <= total * factor <= most
        ]
        instead = f": was {' or '.join(meant)} meant?" if meant else ""
        said = f"{amount(total)} is above the largest vial, {most:g} GBq{instead}"
        return [_size(said, total, most)]
    if total < least:
        said = (
            f"{amount(total)} is below any therapeutic activity, at least {least:g} "
            "GBq: check its unit"
        )
        return [_size(said, total, least)]
    return []


def little_of_a_vial_findings(gbq: float, smallest_gbq: float) -> list[Finding]:
    """Activity to draw up far below what the smallest vial contains (H05).

    3.4 mCi typed for 3.4 GBq.

    >>> little_of_a_vial_findings(0.1258, 3.0)[0].message.split(": ")[1][:22]
    'was 3.4 GBq meant? If '
    >>> little_of_a_vial_findings(0.2, 3.0)
    []
    """
    least = _LEAST_OF_A_VIAL * smallest_gbq
    if gbq >= least:
        return []
    return [
        _size(
            f"{amount(gbq)} is below {100 * _LEAST_OF_A_VIAL:g} % of the smallest "
            f"vial, {smallest_gbq:g} GBq: was {gbq * MCI_PER_GBQ:.4g} GBq meant?",
            gbq,
            least,
            f"{100 * _LEAST_OF_A_VIAL:g} % of the smallest vial",
        )
    ]


def _size(said: str, value: float, bound: float, source: str = "") -> Finding:
    """Total activity above the largest vial or below any therapeutic activity."""
    return Finding.of(
        "H05",
        said,
        subject="activity in all",
        value=value,
        bound=Bound(bound, "GBq", source or rail_source("activity_gbq")),
        accepted=f"{value:.4g} GBq is used",
    )


def _little_findings(case: Treatment, one: Injected) -> list[Finding]:
    """Injection that gives its perfused volume an implausibly low mean dose."""
    least, gbq = rail("mean_dose_min_gy"), one.activity_gbq
    goal_gy = case.prescribed_gy
    meant = (
        f"is the goal of {goal_gy:.4g} Gy right"
        if goal_gy
        else f"was {gbq * MCI_PER_GBQ:.4g} GBq meant"
    )
    return [
        Finding.of(
            "H05",
            _mostly_residual(one, several=len(case.injections) > 1)
            or f"{amount(gbq)} gives '{part.name}' only {part.dose_gy:.3g} Gy: "
            f"{meant}, or does this volume belong to another region?",
            subject=part.name,
            value=part.dose_gy,
            bound=Bound(least, "Gy", rail_source("mean_dose_min_gy")),
            accepted=f"{gbq:.4g} GBq is used",
        )
        for part in case.of_injection(one.name, "perfused")
        if part.dose_gy > 0 and below(part.dose_gy, least)
    ]


def _mostly_residual(one: Injected, *, several: bool) -> str:
    """That a residual explains a low dose; empty where it does not."""
    typed = "residual: in its --injection"
    typed = typed if several else f"--residual, or {typed}"
    part = one.residual_gbq / one.activity_gbq
    if part <= _MOSTLY:
        return ""
    return (
        f"the residual, {amount(one.residual_gbq)}, is {100 * part:.0f} % of "
        f"the {amount(one.activity_gbq)} administered: check {typed}"
    )


def _vial_findings(case: Treatment, one: Injected) -> list[Finding]:
    """Injected activity above the largest vial of these microspheres (H07)."""
    if case.device is None or not case.device.vials.fixed_gbq:
        return []
    most = case.device.vials.fixed_gbq[-1]
    if one.activity_gbq <= most:
        return []
    where = f" to '{one.name}'" if len(case.injections) > 1 else ""
    return [
        Finding.of(
            "H07",
            f"{amount(one.activity_gbq)}{where} is above the largest vial of "
            f"{case.device.product}, {most:g} GBq at calibration",
            severity=Severity.WARN,
            subject=case.subject_of(one),
            value=one.activity_gbq,
            bound=Bound(most, "GBq", case.device.vials.size_source),
            remedy="check the prescription and the volume, or plan several injections",
        )
    ]


def same_findings(case: Treatment) -> list[Finding]:
    """Two injections with the same activity: one order form used twice (H04)."""
    return [
        Finding.of(
            "H04",
            f"'{a.name}' and '{b.name}' get the same activity, "
            f"{amount(a.activity_gbq)}: was one order form used twice?",
            subject=b.name,
            value=a.activity_gbq,
        )
        for a, b in combinations(case.injections, 2)
        if _about(a.activity_gbq, b.activity_gbq)
        and _about(b.activity_gbq, a.activity_gbq)
    ]


def _about(one_gbq: float, other_gbq: float) -> bool:
    """Whether an activity is at most that of an order form more than another."""
    return one_gbq * (1 - _SAME_ACTIVITY) <= other_gbq


def second_calculation(case: Treatment) -> list[Finding]:
    """Mean dose to a perfused volume: by its parts and as one compartment (H07)."""
    findings = []
    for i, one in enumerate(case.injections):
        perfused = case.of_injection(one.name, "perfused")
        parts = case.of_injection(one.name, "normal_perfused", "tumor")
        mass = sum(part.mass_kg for part in parts)
        if not perfused or not parts or not mass > 0:
            continue
        by_parts = sum(part.mass_kg * part.doses_gy[i] for part in parts) / mass
        alone = one.activity_gbq * delivered_dose_gy(
            activity_gbq=1.0,
            mass_kg=perfused[0].mass_kg,
            dose_constant_gy_kg_per_gbq=case.nuclide.dose_constant_gy_kg_per_gbq,
            lung_shunt_fraction=one.lung_shunt_fraction or 0.0,
        )
        off = by_parts / alone - 1
        asks = abs(off) > _OTHER_CALCULATION
        findings.append(
            Finding.of(
                "H07",
                f"second calculation for '{one.name}' as one compartment gives "
                f"{alone:.4g} Gy, {'but' if asks else 'and'} the mean of its parts is "
                f"{by_parts:.4g} Gy ({round(off, 3) + 0:+.1%})"
                f"{': which is right?' if asks else ''}",
                severity=Severity.ASK if asks else Severity.NOTE,
                subject=f"second calculation of {case.subject_of(one)}",
                value=by_parts,
                bound=Bound(alone, "Gy", "one compartment"),
                accepted="the plan by parts is used",
            )
        )
    return findings


def residual_findings(residual_fraction: float) -> list[Finding]:
    """Expected residual activity that may be reportable (H08)."""
    if residual_fraction < rail("residual_fraction"):
        return []
    return [
        Finding.of(
            "H08",
            f"{residual_fraction:.0%} is expected to remain in the vial and tubing: "
            "the delivered activity is lower than the drawn activity by this "
            "fraction, which may be reportable",
        )
    ]


def residual_doubts(
    *,
    ledger: Ledger,
    residual_gbq: float | None,
    injections: Sequence[InjectionGiven],
) -> list[Finding]:
    """Residual activity that is missing (assumed to be 0) or large (H08)."""
    findings = []
    silent = [one.name for one in injections if one.residual_gbq is None]
    if residual_gbq is None and (silent or not injections):
        said = "residual not checked: needs --residual; it is assumed to be 0"
        if silent:
            said = (
                f"residual not checked for {', '.join(silent)}: needs "
                "residual:ACTIVITY@TIME in --injection; it is assumed to be 0"
            )
        findings.append(Finding.of("H08", said, severity=Severity.NOTE))
    part = ledger.residual_gbq / ledger.administered_gbq
    if part > rail("residual_fraction"):
        findings.append(
            Finding.of(
                "H08",
                f"the residual is {part:.0%} of the administered activity: above 20 % "
                "the event may be reportable",
            )
        )
    return findings
