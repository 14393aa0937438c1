"""Measure lung shunt and lung mass on a SPECT/CT with lungs and liver drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.engine.tissue_density import densitovolumetry_kg
from sirtdose.dosimetry.grid.resample import (
    covered_fraction,
    occupancy_on,
    on_one_lattice,
)
from sirtdose.dosimetry.image.spect_shunt import SpectShunt, spect_lung_shunt
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.guard_rails import rails
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Less than this of the lungs in view, and counts or mass are missing.
_COVERED_MIN = 0.85
_NEGATIVE_MAX = 0.05
# Lungs of adults weigh about 1 kg, of which CT densitometry finds 0.5 to 1.5.


@dataclass(frozen=True)
class LungMass:
    """The mass of the lungs and where it is from."""

    kg: float
    source: str


def measured_shunt(
    placed: Placed, *, margin_mm: float = 0.0
) -> tuple[SpectShunt | None, list[Finding]]:
    """Lung shunt by the image's own counts; None where lungs or liver are not drawn.

    Overlap counts as liver, voxels below 0 as 0.
    """
    livers = [one for one in placed.drawn if one.role is Role.LIVER]
    if not placed.lungs or not livers:
        return None, []
    # A liver that was drawn without its tumors is one with them.
    livers += [one for one in placed.drawn if one.role is Role.TUMOR]
    grid = placed.image.grid
    shunt = spect_lung_shunt(
        placed.image,
        lungs=occupancy_on(union(on_one_lattice(placed.lungs)), grid),
        liver=occupancy_on(union(livers), grid),
        margin_mm=margin_mm,
    )
    return shunt, _shunt_findings(
        shunt, lungs_covered=placed.lungs_covered, margin_mm=margin_mm
    )


def _shunt_findings(
    shunt: SpectShunt, *, lungs_covered: float, margin_mm: float
) -> list[Finding]:
    """What a shunt by the image leaves out, and counts as none (H22, H23)."""
    findings = []
    if lungs_covered < _COVERED_MIN:
        findings.append(
            Finding.of(
                "H23",
                f"only {lungs_covered:.0%} of the lungs lie in the image, under "
                f"{_COVERED_MIN:.0%}: counts are missing, so the shunt is "
                "underestimated",
                severity=Severity.WARN,
            )
        )
    if shunt.shared_ml > 0:
        findings.append(
            Finding.of(
                "H23", f"{shunt.shared_ml:.0f} mL of lungs in the liver count as liver"
            )
        )
    if margin_mm:
        findings.append(
            Finding.of(
                "H23",
                f"{shunt.margin_ml:.0f} mL of lung within {margin_mm:g} mm of the "
                "liver left out; the mean of the rest stands for them",
            )
        )
    if shunt.negative_fraction > _NEGATIVE_MAX:
        findings.append(
            Finding.of(
                "H22",
                f"voxels below 0 are {shunt.negative_fraction:.0%} of the counts of "
                "lungs and liver and count as 0: the shunt is overestimated",
            )
        )
    return findings


def measured_lung_mass(
    ct: Volume | None, lungs: Sequence[Structure]
) -> tuple[LungMass, list[Finding]]:
    """Mass of the lungs by the CT, or 1 kg where it does not hold them (H23)."""
    if ct is None or not lungs:
        return LungMass(1.0, "default"), []
    whole = union(on_one_lattice(lungs))
    covered = covered_fraction(whole, ct.grid)
    if covered < _COVERED_MIN:
        said = (
            f"the CT holds {covered:.0%} of the lungs, under {_COVERED_MIN:.0%}: "
            "their mass is not measured but taken as 1 kg"
        )
        finding = Finding.of("H23", said, severity=Severity.WARN)
        return LungMass(1.0, "default"), [finding]
    mass_kg = densitovolumetry_kg(ct, whole)
    if not mass_kg > 0:
        raise InputError(
            "the lungs weigh nothing by the CT: is it in HU, and do the lungs lie on "
            "it? give --lung-mass"
        )
    part = "" if covered > 0.999 else f", {covered:.0%} of them in view"
    mass = LungMass(mass_kg, f"CT densitovolumetry{part}")
    low, high = rails("lung_mass_kg")
    if low <= mass_kg <= high:
        return mass, []
    said = (
        f"the lungs weigh {mass_kg:.3g} kg by the CT, of {whole.volume_ml:.0f} mL: "
        f"{low:g} to {high:g} kg are usual; are they whole, and the CT in HU?"
    )
    return mass, [Finding.of("H23", said, severity=Severity.WARN)]
