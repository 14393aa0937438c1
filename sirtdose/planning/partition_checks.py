"""Volumes and uptakes of a plan that are unlikely to be meant (H18, H19, H24)."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.planning.partition_case import Case, Region

# Guard-rails seen in practice; clinical reference, section 9.
_LIVER_ML = (500.0, 4500.0)
_PERFUSED_MIN_ML = 100.0
_BURDEN_MAX = 0.5
_TUMOR_SMALL_ML = 2.0
_RATIO_WARN, _RATIO_ASK = 1.5, 1.0


def partition_findings(case: Case, liver_volume_ml: float | None) -> list[Finding]:
    """What to doubt of volumes and ratios before the activity."""
    findings = [
        Finding.of(
            "H18",
            "normal perfused liver is the perfused volume without its tumors, the "
            "whole normal liver is the liver without any",
        )
    ]
    if liver_volume_ml is not None:
        low, high = _LIVER_ML
        if not low <= liver_volume_ml <= high:
            findings.append(
                Finding.of(
                    "H19",
                    f"the liver is {liver_volume_ml:g} mL: livers are {low:g} to "
                    f"{high:g} mL",
                )
            )
    for name in case.injections:
        tumors = case.of_injection(name, "tumor")
        for perfused in case.of_injection(name, "perfused"):
            findings += _volume_findings(perfused, tumors)
    findings += [
        Finding.of(
            "H20",
            f"'{tumor.name}' is {tumor.volume_ml:.2g} mL: under {_TUMOR_SMALL_ML:g} mL "
            "its ratio is underestimated by an image's blur",
        )
        for tumor in case.held("tumor")
        if tumor.volume_ml < _TUMOR_SMALL_ML
    ]
    return findings + ratio_findings(case)


def _volume_findings(perfused: Region, tumors: list[Region]) -> list[Finding]:
    findings = []
    if perfused.volume_ml < _PERFUSED_MIN_ML:
        findings.append(
            Finding.of(
                "H19",
                f"'{perfused.name}' is {perfused.volume_ml:g} mL: a perfused volume "
                f"under {_PERFUSED_MIN_ML:g} mL is unusual",
            )
        )
    burden = sum(tumor.volume_ml for tumor in tumors) / perfused.volume_ml
    if burden > _BURDEN_MAX:
        findings.append(
            Finding.of(
                "H19", f"tumors are {burden:.0%} of '{perfused.name}': above 50 %"
            )
        )
    return findings


def ratio_findings(case: Case) -> list[Finding]:
    """Tumors that take up little more than normal liver (H24)."""
    findings = []
    for i, name in enumerate(case.injections):
        for normal in case.of_injection(name, "normal_perfused"):
            for tumor in case.of_injection(name, "tumor"):
                if not normal.gy_per_gbq[i] > 0:
                    continue
                ratio = tumor.gy_per_gbq[i] / normal.gy_per_gbq[i]
                if ratio >= _RATIO_WARN:
                    continue
                ask = ratio < _RATIO_ASK
                findings.append(
                    Finding.of(
                        "H24",
                        f"'{tumor.name}' takes up {ratio:.2f} of normal liver's "
                        f"concentration, under {_RATIO_ASK if ask else _RATIO_WARN:g}: "
                        "does the tumor's dose justify the liver's?",
                        severity=Severity.ASK if ask else Severity.WARN,
                    )
                )
    return findings
