"""A structure's row in a table of doses."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.grid.resample import nearest, trilinear
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.points import points_in
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.model.progress import counted
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


class PointUptake(Protocol):
    """Activity that is known at every point, GBq per voxel of an image."""

    @property
    def image(self) -> Volume:
        """The image."""

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """What a voxel would hold, were it all as at the points (n, 3)."""


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
        if has_dose(structure, dose)
    ]


def has_dose(structure: Structure, dose: Dose) -> bool:
    """One density is the liver's: it would give the lungs a third of their dose."""
    return structure.role is not Role.LUNGS or dose.one_density_g_per_ml is None


def sharp_doses(
    structures: Sequence[tuple[Structure, Structure]],
    dose: Dose,
    uptake: PointUptake,
    *,
    earlier: Volume | None = None,
) -> list[StructureDose]:
    r"""Rows by local deposition of an uptake that is known at every point.

    .. math:: D(x) = K\, c(x) / \rho(x)

    No voxel holds two structures: what a border's voxels mix in the map, which `dose`
    is, is no part of the histograms.

    Parameters
    ----------
    structures : sequence of pairs of Structure
        Each as it was drawn, and on the dose grid.
    dose : Dose
        By local deposition.
    uptake : PointUptake
        GBq at administration per voxel of its image.
    earlier : Volume, optional
        An earlier session's dose, Gy, which is added.
    """
    return [
        _sharp_dose(drawn, placed, dose, uptake=uptake, earlier=earlier)
        for drawn, placed in counted("doses without blur", structures)
        if has_dose(placed, dose)
    ]


def _sharp_dose(
    drawn: Structure,
    placed: Structure,
    dose: Dose,
    *,
    uptake: PointUptake,
    earlier: Volume | None,
) -> StructureDose:
    points, volume_ml = points_in(drawn)
    gy, gbq_per_ml, g_per_ml = _at_points(points, dose, uptake)
    if earlier is not None:
        gy += trilinear(earlier.data, earlier.grid.index(points))
    mass = g_per_ml * volume_ml
    dvh = Dvh.of_values(placed.name, gy, volume_ml)
    return StructureDose(
        structure=placed,
        mass_kg=placed.mass_kg(dose.density_g_per_ml),
        activity_gbq=float((gbq_per_ml * volume_ml).sum()),
        dvh=replace(
            dvh, voxels=round(placed.volume_ml / dose.volume.grid.voxel_volume_ml)
        ),
        mean_by_mass_gy=float((gy * mass).sum() / mass.sum()),
    )


def point_doses(
    drawn: Structure, dose: Dose, uptake: PointUptake
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Doses at points that fill a structure, Gy, and the volume of each, mL."""
    points, volume_ml = points_in(drawn)
    return _at_points(points, dose, uptake)[0], volume_ml


def doses_at_points(drawn: Structure, dose: Volume) -> NDArray[np.float64]:
    """The doses of a map at the same points, Gy."""
    points, _ = points_in(drawn)
    return trilinear(dose.data, dose.grid.index(points))


def _at_points(
    points_mm: NDArray[np.float64], dose: Dose, uptake: PointUptake
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Dose by local deposition, activity and density at points."""
    gbq_per_ml = uptake.at(points_mm) / uptake.image.grid.voxel_volume_ml
    density = dose.density_g_per_ml
    g_per_ml = (
        nearest(density.data, density.grid.index(points_mm))
        if isinstance(density, Volume)
        else np.full(len(points_mm), density)
    )
    tissue = g_per_ml >= AIR_BELOW_G_PER_ML
    k_per_g = 1000 * dose.nuclide.dose_constant_gy_kg_per_gbq
    gy = np.where(tissue, k_per_g * gbq_per_ml / np.where(tissue, g_per_ml, 1), 0)
    return gy, gbq_per_ml, g_per_ml
