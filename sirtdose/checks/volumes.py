"""Volumes and uptakes that are unlikely to be meant (H18, H19, H20, H24)."""

from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rails
from sirtdose.model.treatment import Part, Treatment

_SOURCE = "see guard_rails.json"


def definition_finding() -> Finding:
    """What normal liver means (H18)."""
    return Finding.of(
        "H18",
        "normal perfused liver is the perfused volume without its tumors, the whole "
        "normal liver is the liver without any",
    )


def liver_findings(case: Treatment) -> list[Finding]:
    """A whole liver of no usual size, or with next to no normal liver (H19)."""
    findings = []
    low, high = rails("liver_ml")
    for liver in case.held("liver"):
        if not low <= liver.volume_ml <= high:
            findings.append(
                Finding.of(
                    "H19",
                    f"the liver is {liver.volume_ml:g} mL: livers are {low:g} to "
                    f"{high:g} mL",
                    subject=liver.name,
                    value=liver.volume_ml,
                    bound=Bound(low if liver.volume_ml < low else high, "mL", _SOURCE),
                )
            )
        findings += burden_findings(liver, case.tumors_ml)
    return findings


def perfused_findings(case: Treatment) -> list[Finding]:
    """A very small perfused volume, or one that is mostly tumor (H19)."""
    findings = []
    least = rail("perfused_min_ml")
    for part in case.held("perfused"):
        if part.volume_ml < least:
            findings.append(
                Finding.of(
                    "H19",
                    f"'{part.name}' is {part.volume_ml:g} mL: a perfused volume under "
                    f"{least:g} mL is unusual",
                    subject=part.name,
                    value=part.volume_ml,
                    bound=Bound(least, "mL", _SOURCE),
                )
            )
        # Where it is the whole liver, that is judged.
        if any(one.volume_ml <= part.volume_ml for one in case.held("liver")):
            continue
        tumors = [one for one in case.held("tumor") if set(one.of) & set(part.of)]
        findings += burden_findings(part, sum(one.volume_ml for one in tumors))
    return findings


def burden_findings(whole: Part, tumors_ml: float) -> list[Finding]:
    """Tumors that take up most of what is around them (H19).

    A perfused segment may be all tumor; a liver that is asks.

    >>> liver = Part("whole liver", "liver", 1500.0, 1.6, (50.0,))
    >>> [str(burden_findings(liver, ml)[0].severity) for ml in (800.0, 1500.0)]
    ['warn', 'ask']
    """
    burden = tumors_ml / whole.volume_ml
    if burden <= rail("burden"):
        return []
    asks = whole.role == "liver" and burden > rail("burden", "ask")
    return [
        Finding.of(
            "H19",
            f"tumors are {tumors_ml:.0f} mL of the {whole.volume_ml:.0f} mL of "
            f"'{whole.name}', {burden:.0%}"
            + (": does it hold any normal liver?" if asks else ": over half of it"),
            severity=Severity.ASK if asks else Severity.WARN,
            subject=whole.name,
            value=burden,
            bound=Bound(rail("burden", "ask" if asks else "warn"), "", _SOURCE),
            accepted="the volumes are used as they are",
        )
    ]


def small_tumor_findings(case: Treatment) -> list[Finding]:
    """Tumors whose ratio an image's blur underestimates (H20)."""
    small = rail("tumor_small_ml")
    return [
        Finding.of(
            "H20",
            f"'{tumor.name}' is {tumor.volume_ml:.2g} mL: under {small:g} mL its ratio "
            "is underestimated by an image's blur",
            subject=tumor.name,
            value=tumor.volume_ml,
            bound=Bound(small, "mL", _SOURCE),
        )
        for tumor in case.held("tumor")
        if tumor.volume_ml < small
    ]


def ratio_findings(case: Treatment) -> list[Finding]:
    """Tumors that take up little more than normal liver, or less (H24)."""
    findings = []
    for i, injection in enumerate(case.injections):
        for normal in case.of_injection(injection.name, "normal_perfused"):
            for tumor in case.of_injection(injection.name, "tumor"):
                if not normal.doses_gy[i] > 0:
                    continue
                ratio = tumor.doses_gy[i] / normal.doses_gy[i]
                ask = ratio < rail("tumor_to_normal", "ask")
                bound = rail("tumor_to_normal", "ask" if ask else "warn")
                if ratio >= bound:
                    continue
                findings.append(
                    Finding.of(
                        "H24",
                        f"'{tumor.name}' takes up {ratio:.2f} of normal liver's "
                        f"concentration, under {bound:g}: does the tumor's dose "
                        "justify the liver's?",
                        severity=Severity.ASK if ask else Severity.WARN,
                        subject=tumor.name,
                        value=ratio,
                        bound=Bound(bound, "", _SOURCE),
                    )
                )
    return findings
