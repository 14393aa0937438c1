"""A lung shunt as a document and as text."""

from typing import Any

from sirtdose import __version__
from sirtdose.model.finding import Finding, Severity
from sirtdose.planning.shunt_counts import (
    Views,
    geometric_mean,
    planar_lung_shunt,
    poisson_uncertainty,
)
from sirtdose.report.documents import findings_document
from sirtdose.report.wording import significant

_WARN_ABOVE = 0.10


def planar_document(lungs: Views, liver: Views) -> dict[str, Any]:
    """What lsf.json holds of two planar views."""
    fraction = planar_lung_shunt(lungs=lungs, liver=liver)
    findings = [
        Finding.of(
            "H22",
            "the lung shunt is from planar images, which overestimate it, more so for "
            "left or dome tumors and a high shunt",
        )
    ]
    if fraction > _WARN_ABOVE:
        findings.append(Finding.of("H22", f"lung shunt is {fraction:.1%}, above 10 %"))
    if not any((lungs.anterior_background, lungs.posterior_background)):
        findings.append(
            Finding.of("H22", "no background was subtracted", severity=Severity.NOTE)
        )
    return {
        "schema": "sirtdose.lsf/1",
        "sirtdose_version": __version__,
        "method": "planar",
        "lung_shunt_fraction": fraction,
        "counting_uncertainty": poisson_uncertainty(lungs=lungs, liver=liver),
        "lung_counts": geometric_mean(lungs),
        "liver_counts": geometric_mean(liver),
        "warnings": findings_document(findings),
    }


def shunt_summary(document: dict[str, Any]) -> str:
    """A lung shunt and how it was found, in a few lines."""
    fraction, spread = document["lung_shunt_fraction"], document["counting_uncertainty"]
    return "\n".join(
        [
            f"Lung shunt {fraction:.2%} ({document['method']}, geometric mean; +/- "
            f"{spread:.2%} by counting alone)",
            f"lungs {significant(document['lung_counts'])}, liver "
            f"{significant(document['liver_counts'])} counts",
            "",
            *(
                f"{one['severity'].upper():<5}{one['code']}  {one['message']}"
                for one in document["warnings"]
            ),
            "",
            f"Try: sirtdose plan mird ... --lung-shunt {fraction:.4f} "
            "--lung-shunt-source planar",
        ]
    )
