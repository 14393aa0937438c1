"""Measure lung shunt and lung mass on a SPECT/CT with lungs and liver drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.checks.lung_images import (
    ct_lung_mass_findings,
    cut_lungs_findings,
    image_shunt_findings,
)
from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.engine.tissue_density import densitovolumetry_kg
from sirtdose.dosimetry.grid.resample import (
    covered_fraction,
    occupancy_on,
    on_one_lattice,
)
from sirtdose.dosimetry.image.calibrate import LUNGS_COVERED_MIN
from sirtdose.dosimetry.image.spect_shunt import SpectShunt, spect_lung_shunt
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class LungMass:
    """The mass of the lungs and where it is from."""

    kg: float = LUNG_MASS_KG
    source: str = "default"


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
    return shunt, image_shunt_findings(
        shunt, lungs_covered=placed.lungs_covered, margin_mm=margin_mm
    )


def measured_lung_mass(
    ct: Volume | None, lungs: Sequence[Structure], otherwise: LungMass = LungMass()
) -> tuple[LungMass, list[Finding]]:
    """Mass of the lungs by the CT, or `otherwise` where it does not hold them (H23)."""
    if ct is None or not lungs:
        return otherwise, []
    whole = union(on_one_lattice(lungs))
    covered = covered_fraction(whole, ct.grid)
    if covered < LUNGS_COVERED_MIN:
        return otherwise, cut_lungs_findings(
            covered, instead_kg=otherwise.kg, source=otherwise.source
        )
    mass_kg = densitovolumetry_kg(ct, whole)
    if not mass_kg > 0:
        raise InputError(
            "the lung mass from the CT is 0: is the CT in HU, and is it aligned with "
            "the lungs? Give --lung-mass"
        )
    part = "" if covered > 0.999 else f", {covered:.0%} of them in the field of view"
    mass = LungMass(mass_kg, f"CT densitovolumetry{part}")
    return mass, ct_lung_mass_findings(mass_kg, volume_ml=whole.volume_ml)
