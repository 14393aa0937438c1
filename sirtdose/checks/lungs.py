"""Lung shunt, lung dose and lung mass (H22, H23)."""

from sirtdose.data.load import table
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rail_source, rails
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import above
from sirtdose.model.treatment import Treatment
from sirtdose.model.usual import LUNG_MASS_KG

_PLANAR = (
    "the lung shunt was measured on planar images, which overestimate it, more so for "
    "left-lobe or dome tumors and a high shunt"
)


def findings(case: Treatment) -> list[Finding]:
    """Findings on a case's lungs, before and after treatment."""
    return [*shunt_findings(case), *lung_mass_findings(case.lungs)]


def shunt_findings(case: Treatment) -> list[Finding]:
    """Lung shunt that is missing, high or doubtful, in total and by injection.

    Before treatment a missing shunt asks; 0 % states that there is none.
    """
    lungs = case.lungs
    if not lungs.known:
        return [missing_shunt(given=case.given)]
    shown = case.drawn and not case.given and lungs.shunt_source == "spect"
    findings = (
        shown_shunt_findings(lungs.shunt_fraction)
        if shown
        else fraction_findings("lung shunt", lungs.shunt_fraction)
    )
    if len(case.injections) > 1:
        for one in case.injections:
            fraction = one.lung_shunt_fraction or 0.0
            if above(fraction, rail("lung_shunt", "high")):
                findings += fraction_findings(f"lung shunt of '{one.name}'", fraction)
    return [*findings, *_exclusion(case), *source_findings(lungs)]


def missing_shunt(*, given: bool) -> Finding:
    """Lung shunt that is missing: asks before treatment, and is noted after it.

    >>> str(missing_shunt(given=False).severity)
    'ask'
    """
    said = (
        "no lung shunt was given: the lung dose is not known, and no activity is "
        "subtracted for it"
    )
    if given:
        return Finding.of("H22", said, severity=Severity.NOTE)
    return Finding.of(
        "H22",
        said,
        severity=Severity.ASK,
        subject="missing lung shunt",
        remedy="give --lung-shunt, or --lung-shunt 0% to state that there is none",
    )


def _exclusion(case: Treatment) -> list[Finding]:
    """Lung shunt above which resin microspheres are contraindicated."""
    if case.given or case.device is None or case.device.name != "resin":
        return []
    exclusion = table("bsa")["lung_shunt_exclusion"]
    most, fraction = exclusion["above_fraction"], case.lungs.shunt_fraction
    if not above(fraction, most):
        return []
    return [
        Finding.of(
            "H22",
            f"lung shunt is {fraction:.1%}, above {most:.0%}: resin is "
            f"contraindicated ({exclusion['source']})",
            severity=Severity.ASK,
            subject="resin at this lung shunt",
            value=fraction,
            bound=Bound(most, "", exclusion["source"]),
            accepted="resin is planned despite this lung shunt",
        )
    ]


def fraction_findings(what: str, fraction: float) -> list[Finding]:
    """Lung shunt that is high, or typed as a percentage without its sign.

    >>> [str(one.severity) for one in fraction_findings("lung shunt", 0.6)]
    ['ask']
    """
    if fraction >= rail("lung_shunt", "doubt"):
        return [
            Finding.of(
                "H22",
                f"{what} is {fraction:.1%}: was {fraction:g} % meant? Type it as "
                f"{fraction:g}%",
                severity=Severity.ASK,
                subject=what,
                value=fraction,
                bound=Bound(rail("lung_shunt", "doubt"), "", rail_source("lung_shunt")),
                accepted=f"{fraction:.1%} is used",
            )
        ]
    if not above(fraction, rail("lung_shunt")):
        return []
    high = above(fraction, rail("lung_shunt", "high"))
    more = " (high: above 20 %)" if high else ""
    return [
        Finding.of(
            "H22",
            f"{what} is {fraction:.1%}, above 10 %{more}",
            subject=what,
            value=fraction,
            bound=Bound(rail("lung_shunt"), "", rail_source("lung_shunt")),
        )
    ]


def measured_shunt_findings(fraction: float) -> list[Finding]:
    """Lung shunt on an image of at least 50 % (asks) or above 80 % (stops).

    Swapping lungs and liver turns 8 % into 92 %.

    >>> [str(measured_shunt_findings(part)[0].severity) for part in (0.916, 0.6)]
    ['stop', 'ask']
    """
    if fraction < rail("lung_shunt", "doubt"):
        return []
    stops = fraction > rail("lung_shunt", "stop")
    return [
        Finding.of(
            "H22",
            f"the image shows a lung shunt of {fraction:.1%}: are lungs and liver "
            "mixed up?",
            severity=Severity.STOP if stops else Severity.ASK,
            subject="measured lung shunt",
            value=fraction,
            bound=Bound(
                rail("lung_shunt", "stop" if stops else "doubt"),
                "",
                rail_source("lung_shunt"),
            ),
            remedy="check which structure or region is liver and which is lungs",
            accepted=f"{fraction:.1%} is used",
        )
    ]


def shown_shunt_findings(fraction: float) -> list[Finding]:
    """Lung shunt on an image that is high or implausible (H22)."""
    if fraction >= rail("lung_shunt", "doubt"):
        return measured_shunt_findings(fraction)
    return fraction_findings("lung shunt", fraction)


def planar_findings(fraction: float, *, background: bool) -> list[Finding]:
    """Lung shunt from planar views, and what these cannot show (H22, H23)."""
    beside = [] if background else ["no background was subtracted"]
    return [
        Finding.of("H22", _PLANAR),
        *shown_shunt_findings(fraction),
        Finding.of(
            "H23",
            # No planar view tells the mass of the lungs.
            f"lung mass {LUNG_MASS_KG:g} kg (default); planar views show neither the "
            "mass nor how much of the lungs is in view",
        ),
        *(Finding.of("H22", said, severity=Severity.NOTE) for said in beside),
    ]


def source_findings(lungs: Lungs) -> list[Finding]:
    """Lung shunt from planar views or of unknown origin (H22)."""
    if lungs.shunt_source == "planar":
        return [Finding.of("H22", _PLANAR)]
    if lungs.shunt_source == "unknown" and lungs.shunt_fraction > 0:
        return [
            Finding.not_checked(
                "H22",
                "origin of the lung shunt",
                needs="--lung-shunt-source planar or spect",
            )
        ]
    return []


def lung_mass_findings(lungs: Lungs) -> list[Finding]:
    """Lung mass used for the lung dose; warns if unusual (H23).

    Empty if the lung shunt is not known.
    """
    if not lungs.known:
        return []
    least, most = rails("lung_mass_kg")
    # Weighed lungs are doubted where they are weighed.
    usual = least <= lungs.mass_kg <= most or lungs.mass_source != "given"
    said = f"lung mass {lungs.mass_kg:.4g} kg ({lungs.mass_source})"
    return [
        Finding.of(
            "H23",
            said if usual else f"{said}: usual are {least:g} to {most:g} kg",
            severity=Severity.NOTE if usual else Severity.WARN,
            subject="lungs",
            value=lungs.mass_kg,
        )
    ]
