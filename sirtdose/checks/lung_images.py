"""Lung shunt and lung mass measured on images (H22, H23)."""

from sirtdose.dosimetry.image.calibrate import LUNGS_COVERED_MIN
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rails

_NEGATIVE_MAX = 0.05


def image_shunt_findings(
    shunt: SpectShunt, *, lungs_covered: float, margin_mm: float
) -> list[Finding]:
    """Lung counts that an image-based shunt leaves out or sets to 0 (H22, H23)."""
    findings = []
    if lungs_covered < LUNGS_COVERED_MIN:
        findings.append(
            Finding.of(
                "H23",
                f"only {lungs_covered:.0%} of the lungs lie in the image, under "
                f"{LUNGS_COVERED_MIN:.0%}: counts are missing, so the shunt is "
                "underestimated",
                severity=Severity.WARN,
            )
        )
    if shunt.shared_ml > 0:
        findings.append(
            Finding.of(
                "H23",
                f"{shunt.shared_ml:.0f} mL of the lungs overlap the liver and "
                "count as liver",
            )
        )
    if margin_mm:
        findings.append(
            Finding.of(
                "H23",
                f"{shunt.margin_ml:.0f} mL of lung within {margin_mm:g} mm of the "
                "liver were left out; the mean of the remaining lung is used for them",
            )
        )
    if shunt.negative_fraction > _NEGATIVE_MAX:
        findings.append(
            Finding.of(
                "H22",
                f"negative voxels make up {shunt.negative_fraction:.0%} of the lung "
                "and liver counts and were set to 0: the shunt is overestimated",
            )
        )
    return findings


def cut_lungs_findings(
    covered: float, *, instead_kg: float, source: str
) -> list[Finding]:
    """CT that covers too little of the lungs to measure their mass (H23)."""
    said = (
        f"the CT covers {covered:.0%} of the lungs, under {LUNGS_COVERED_MIN:.0%}: "
        f"their mass was not measured, and {instead_kg:.4g} kg ({source}) is used"
    )
    return [Finding.of("H23", said, severity=Severity.WARN)]


def ct_lung_mass_findings(mass_kg: float, *, volume_ml: float) -> list[Finding]:
    """Lung mass from CT outside the usual range (H23)."""
    low, high = rails("lung_mass_kg")
    if low <= mass_kg <= high:
        return []
    said = (
        f"the lungs weigh {mass_kg:.3g} kg by the CT ({volume_ml:.0f} mL), but "
        f"{low:g} to {high:g} kg is usual: are they complete, and is the CT in HU?"
    )
    return [Finding.of("H23", said, severity=Severity.WARN)]


def weighed_findings(mass_kg: float, source: str) -> list[Finding]:
    """Lung mass used for the lung dose, and its source (H23)."""
    return [Finding.of("H23", f"lung mass {mass_kg:.4g} kg ({source})")]
