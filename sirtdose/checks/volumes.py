"""Implausible volumes and tumor uptakes (H18, H19, H20, H24)."""

from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rail_source, rails
from sirtdose.model.treatment import Treatment


def findings(case: Treatment) -> list[Finding]:
    """Findings on typed volumes, and on tumor uptake from any source."""
    ratios = ratio_findings(case)
    if case.drawn:
        return ratios
    return [
        *volume_findings(case),
        *small_tumor_findings(case),
        *ratios,
    ]


def definition_finding() -> Finding:
    """Definition of normal liver (H18)."""
    return Finding.of(
        "H18",
        "normal perfused liver is the perfused volume without its tumors; whole "
        "normal liver is the liver without any tumor",
    )


def volume_findings(case: Treatment) -> list[Finding]:
    """Liver or perfused volume of unusual size, or mostly tumor (H19)."""
    findings = []
    livers = case.held("liver")
    for liver in livers:
        findings += liver_size_findings(liver.name, liver.volume_ml)
        findings += burden_findings(
            liver.name, liver.volume_ml, case.tumors_ml, whole_liver=True
        )
    for part in case.held("perfused"):
        findings += perfused_size_findings(part.name, part.volume_ml)
        # Where it is the whole liver, that is judged.
        if any(one.volume_ml <= part.volume_ml for one in livers):
            continue
        tumors_ml = sum(
            one.volume_ml for one in case.held("tumor") if set(one.of) & set(part.of)
        )
        findings += burden_findings(part.name, part.volume_ml, tumors_ml)
    return findings


def liver_size_findings(name: str, volume_ml: float) -> list[Finding]:
    """Whole-liver volume outside the usual range (H19).

    >>> [len(liver_size_findings("liver", ml)) for ml in (450.0, 1500.0, 5000.0)]
    [1, 0, 1]
    """
    low, high = rails("liver_ml")
    if low <= volume_ml <= high:
        return []
    bound = low if volume_ml < low else high
    return [
        Finding.of(
            "H19",
            f"'{name}' is {volume_ml:.0f} mL, but livers are {low:g} to {high:g} mL",
            subject=name,
            value=volume_ml,
            bound=Bound(bound, "mL", rail_source("liver_ml")),
        )
    ]


def perfused_size_findings(name: str, volume_ml: float) -> list[Finding]:
    """Perfused volume that is unusually small (H19)."""
    least = rail("perfused_min_ml")
    if volume_ml >= least:
        return []
    return [
        Finding.of(
            "H19",
            f"'{name}' is {volume_ml:.0f} mL: a perfused volume under {least:g} mL is "
            "unusual",
            subject=name,
            value=volume_ml,
            bound=Bound(least, "mL", rail_source("perfused_min_ml")),
        )
    ]


def burden_findings(
    name: str, volume_ml: float, tumors_ml: float, *, whole_liver: bool = False
) -> list[Finding]:
    """Tumors that fill most of the liver or perfused volume (H19).

    A perfused segment may be all tumor; a whole liver that is all tumor asks.

    >>> for ml in (800.0, 1500.0):
    ...     [one] = burden_findings("liver", 1500.0, ml, whole_liver=True)
    ...     print(one.severity, one.message)
    warn tumors fill 800 mL of the 1500 mL of 'liver', 53%
    ask tumors fill 1500 mL of the 1500 mL of 'liver', 100%: is any of it normal liver?
    """
    burden = tumors_ml / volume_ml
    if burden <= rail("burden"):
        return []
    asks = whole_liver and burden > rail("burden", "ask")
    return [
        Finding.of(
            "H19",
            f"tumors fill {tumors_ml:.0f} mL of the {volume_ml:.0f} mL of '{name}', "
            f"{burden:.0%}{': is any of it normal liver?' if asks else ''}",
            severity=Severity.ASK if asks else Severity.WARN,
            subject=name,
            value=burden,
            bound=Bound(
                rail("burden", "ask" if asks else "warn"), "", rail_source("burden")
            ),
        )
    ]


def small_tumor_findings(case: Treatment) -> list[Finding]:
    """Tumors so small that image blur makes their T/N too low (H20)."""
    small_ml = rail("tumor_small_ml")
    small = {
        one.name: one.volume_ml
        for one in case.held("tumor")
        if one.volume_ml < small_ml
    }
    if not small:
        return []
    each = ", ".join(f"'{name}' ({ml:.2g} mL)" for name, ml in small.items())
    return [
        Finding.of(
            "H20",
            f"{each}: under {small_ml:g} mL, image blur makes T/N too low",
            subject=", ".join(small),
            value=min(small.values()),
            bound=Bound(small_ml, "mL", rail_source("tumor_small_ml")),
        )
    ]


def ratio_findings(case: Treatment) -> list[Finding]:
    """Tumor with a low or unusually high tumor-to-normal uptake ratio, T/N (H24)."""
    ask, warn, high = (rail("tumor_to_normal", one) for one in ("ask", "warn", "high"))
    return [
        Finding.of(
            "H24",
            f"'{tumor.name}' has {_doubted(ratio, bound, drawn=case.drawn)}",
            severity=Severity.ASK if ratio < ask else Severity.WARN,
            subject=tumor.name,
            value=ratio,
            bound=Bound(bound, "", rail_source("tumor_to_normal")),
        )
        for i, injection in enumerate(case.injections)
        for normal in case.of_injection(injection.name, "normal_perfused")
        if normal.doses_gy[i] > 0
        for tumor in case.of_injection(injection.name, "tumor")
        for ratio in [tumor.doses_gy[i] / normal.doses_gy[i]]
        for bound in [ask if ratio < ask else warn if ratio < warn else high]
        if not warn <= ratio <= high
    ]


def _doubted(ratio: float, bound: float, *, drawn: bool) -> str:
    """What is to be asked of a T/N beyond a bound; a typed one may be a slip."""
    if ratio < bound:
        return (
            f"a T/N of {ratio:.2f}, under {bound:g}: does the tumor dose justify the "
            "dose to normal liver?"
        )
    meant = f"was {ratio / 10:.1f} meant"
    question = "are tumor and normal liver drawn right" if drawn else meant
    return f"an unusual T/N of {ratio:.4g}, above {bound:g}: {question}?"
