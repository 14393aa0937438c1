"""Planning method: its rules, its conventions and its limits."""

from collections.abc import Mapping, Sequence

from sirtdose.model.device import Device
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail_source, rails
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.bsa_plan import not_resin
from sirtdose.planning.comparison import ComparedCase
from sirtdose.planning.limit_table import Chosen
from sirtdose.planning.limits import Rule
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.terms import Terms

_BY_SIZE = {"bsa": "the BSA method", "empirical": "the empirical table"}


def body_surface_findings(
    *,
    rule: str,
    surface_formula: str,
    reduction: float,
    own_reductions: bool,
) -> list[Finding]:
    """Parts of the BSA method that are not verified (H07, H22)."""
    findings = []
    if reduction and not own_reductions:
        findings.append(
            Finding.of(
                "H22",
                f"activity reduced by {100 * reduction:g} % for the lung shunt: these "
                "steps are not verified; give your own with `sirtdose plan bsa "
                "--shunt-reduction`",
            )
        )
    if rule == "empirical":
        findings.append(_unusual("the empirical table of activities is not verified"))
    if surface_formula != "dubois":
        findings.append(
            _unusual(
                f"body surface area by {surface_formula}: the method is defined with "
                "DuBois"
            )
        )
    return findings


def left_out_findings(case: ComparedCase, terms: Terms) -> list[Finding]:
    """BSA or the empirical table, asked for but not compared (H26)."""
    if not case.by_size:
        return []
    several = len(case.by_size) > 1
    who = " and ".join(_BY_SIZE[one] for one in case.by_size)
    said = f"{who} {'are' if several else 'is'} not compared"
    if other := not_resin(terms):
        said += (
            f": {'they are' if several else 'it is'} for resin microspheres with Y-90, "
            f"not for {other}"
        )
    elif not case.liver_volume_ml:
        said += ": needs --liver-volume"
    else:
        return []
    return [
        Finding.of("H26", said, severity=Severity.NOTE, subject=", ".join(case.by_size))
    ]


def kao_findings(
    typed: Sequence[Injection], usual: Sequence[Injection]
) -> list[Finding]:
    """Kao's R and TLSF, converted to T/N and lung shunt (H22, H24)."""
    findings = []
    for one, other in zip(typed, usual, strict=True):
        findings += [
            Finding.of(
                "H24",
                f"Kao's R {kao.ratio:g} of '{kao.name}' equals T/N {tumor.ratio:.4g}",
                severity=Severity.NOTE,
                subject=kao.name,
            )
            for kao, tumor in zip(one.tumors, other.tumors, strict=True)
            if kao.by_activity
        ]
        if one.tumor_lung_shunt_fraction is not None:
            findings.append(
                Finding.of(
                    "H22",
                    f"Kao's TLSF {one.tumor_lung_shunt_fraction:.4g} of '{one.name}' "
                    f"equals a lung shunt of {other.lung_shunt_fraction:.4g}",
                    severity=Severity.NOTE,
                    subject=one.name,
                )
            )
    return findings


def chosen_limit_findings(chosen: Chosen) -> list[Finding]:
    """Limits of a table that do not apply or cannot be checked (H25)."""
    return [
        *(
            Finding.of(
                "H25",
                f"{note}; give your own with --limit",
                severity=Severity.WARN if "not recommend" in note else Severity.NOTE,
            )
            for note in chosen.notes
        ),
        *(
            Finding.not_checked("H25", limit, needs="--liver-volume")
            for limit in chosen.unknown
        ),
    ]


def injection_limit_findings(
    differing: Mapping[str, tuple[Rule, Rule]], without: Sequence[str]
) -> list[Finding]:
    """Tables of several injections: the whole liver's stricter limit, and who has none.

    >>> [one.message for one in injection_limit_findings({}, ["left"])]
    ["'left' has no published limits: give its --injection a limits: part"]
    """
    return [
        *(
            Finding.of(
                "H25",
                f"the tables differ for {volume}: {held.ceiling_gy:g} Gy "
                f"({held.source}) is used, not {milder.ceiling_gy:g} Gy "
                f"({milder.source})",
                severity=Severity.NOTE,
                subject=volume,
            )
            for volume, (held, milder) in differing.items()
        ),
        *(
            Finding.of(
                "H25",
                f"'{name}' has no published limits: give its --injection a limits: "
                "part",
                severity=Severity.NOTE,
                subject=name,
            )
            for name in without
        ),
    ]


def limit_device_findings(
    table_device: str, device: Device | None, nuclide: Nuclide
) -> list[Finding]:
    """Limits for microspheres other than the planned ones (H25)."""
    limits_for = Device.named(table_device)
    if device is None and limits_for.nuclide_name == nuclide.name:
        said = (
            f"the limits are for {limits_for.product}: confirm with --device "
            f"{table_device}"
        )
        return [Finding.of("H25", said)]
    if device is not None and device.name == table_device:
        return []
    given = device.product if device else nuclide.name
    said = f"the limits are for {limits_for.product}, but the plan is for {given}"
    return [Finding.of("H25", said, severity=Severity.STOP)]


def bilirubin_findings(mg_per_dl: float | None) -> list[Finding]:
    """Bilirubin that suggests the wrong unit (H05).

    >>> [len(bilirubin_findings(value)) for value in (None, 0.9, 15.0, 0.0526)]
    [0, 0, 1, 1]
    """
    low, high = rails("bilirubin_mg_per_dl")
    if mg_per_dl is None or low <= mg_per_dl <= high:
        return []
    return [
        Finding.of(
            "H05",
            f"bilirubin is {mg_per_dl:.3g} mg/dL ({mg_per_dl * 17.1:.3g} umol/L): is "
            "the unit right?",
            subject="bilirubin",
            value=mg_per_dl,
            bound=Bound(
                low if mg_per_dl < low else high,
                "mg/dL",
                rail_source("bilirubin_mg_per_dl"),
            ),
            remedy="usual are 0.2 to 1.2 mg/dL, or 3 to 21 umol/L",
            accepted=f"{mg_per_dl:.3g} mg/dL is used",
        )
    ]


def not_a_device_finding() -> Finding:
    """Statement in every result that this is not a medical device (H37)."""
    return Finding.of("H37", "not a medical device: verify with an approved system")


def _unusual(said: str) -> Finding:
    """Rule or formula that is not verified or not part of the method."""
    return Finding.of("H07", said, severity=Severity.WARN)
