"""A structure's row in a table of doses."""

from collections.abc import Sequence
from dataclasses import dataclass

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class StructureDose:
    """One structure on the dose grid: volume, mass, activity and dose histogram.

    The histogram's mean is over volume; `mean_by_mass_gy` is energy over mass, which
    differs where density does.
    """

    structure: Structure
    mass_kg: float
    activity_gbq: float
    dvh: Dvh
    mean_by_mass_gy: float


def structure_doses(
    structures: Sequence[Structure], dose: Dose, activity: Volume
) -> list[StructureDose]:
    """A row for each structure on the dose grid; `activity` at administration, GBq."""
    return [
        StructureDose(
            structure=structure,
            mass_kg=structure.mass_kg(dose.density_g_per_ml),
            activity_gbq=total_in(activity, structure),
            dvh=Dvh.of_structure(structure, dose.volume),
            mean_by_mass_gy=dose.mean_by_mass_gy(structure),
        )
        for structure in structures
        # One density is the liver's: it would give the lungs a third of their dose.
        if structure.role is not Role.LUNGS or dose.one_density_g_per_ml is None
    ]
