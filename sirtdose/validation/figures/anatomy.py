"""Figures of the dose methods on real anatomy, held against a simulation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from sirtdose.dosimetry.compare.gamma import Criterion, gamma_index
from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume
from sirtdose.validation.bench import Bench, Figure

_FILE = Path(__file__).parents[2] / "data" / "anatomy" / "liver_and_lungs.npz"
# How many mm from the lungs the liver is looked at by itself.
_NEAR_MM = 8.0
LABELS = {
    "Liver": 1,
    "Tumor of 15 mm": 2,
    "Tumor of 30 mm": 3,
    "Tumor of 45 mm": 4,
    "Lungs": 5,
}
NEAR_LUNGS = "Liver within 8 mm of the lungs"


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is given to a dose method, and the dose that was simulated.

    Examples
    --------
    >>> case = Anatomy.shipped()
    >>> round(case.activity_gbq.total(), 6)
    1.0
    >>> int(case.mask("Tumor of 30 mm").sum())
    251
    """

    activity_gbq: Volume
    density_g_per_ml: Volume
    simulated_gy: Volume
    labels: NDArray[np.uint8]

    @classmethod
    def shipped(cls) -> "Anatomy":
        """Read the case of ``sirtdose/data/anatomy``; NOTICE.txt there describes it."""
        with np.load(_FILE) as file:
            held = {name: file[name] for name in file.files}
        grid = Grid(held["labels"].shape, held["affine_mm"])
        share = held["activity"] / held["activity"].sum(dtype=float)
        density = held["density_mg_per_ml"] / 1000
        return cls(
            Volume(share, grid, Quantity.ACTIVITY),
            Volume(density.astype(np.float32), grid, Quantity.DENSITY),
            Volume(held["dose_cgy_per_gbq"] / 100, grid, Quantity.DOSE),
            held["labels"],
        )

    def mask(self, structure: str) -> NDArray[np.bool_]:
        """Voxels of a structure, or of the liver near the lungs."""
        if structure != NEAR_LUNGS:
            return np.equal(self.labels, LABELS[structure])
        spacing = self.density_g_per_ml.grid.spacing_mm
        away = distance_transform_edt(self.labels != LABELS["Lungs"], spacing)
        return np.asarray((self.labels == LABELS["Liver"]) & (away <= _NEAR_MM), bool)


def _case(bench: Bench) -> Anatomy:
    case: Anatomy = bench.once("anatomy", Anatomy.shipped)
    return case


def _dose(bench: Bench, method: str) -> Volume:
    """Dose of the case by a method, at the nuclide's usual dose constant."""

    def computed() -> Volume:
        case, nuclide = _case(bench), Nuclide.named("Y-90")
        return compute_dose(
            time_integrated_activity(case.activity_gbq, nuclide),
            nuclide=nuclide,
            density_g_per_ml=case.density_g_per_ml,
            method=method,
        ).volume

    dose: Volume = bench.once(f"anatomy by {method}", computed)
    return dose


def _values(bench: Bench, structure: str, method: str) -> tuple[Any, Any]:
    """By the method and by the simulation, voxel by voxel."""
    case = _case(bench)
    mask = case.mask(structure)
    return _dose(bench, method).data[mask], case.simulated_gy.data[mask]


def _mean(bench: Bench, *, structure: str, method: str) -> float:
    """Mean dose of a structure, Gy per GBq."""
    return float(_values(bench, structure, method)[0].mean(dtype=float))


def _over_simulated(bench: Bench, *, structure: str, method: str) -> float:
    """Mean dose by the method over the simulated one."""
    ours, simulated = _values(bench, structure, method)
    return float(ours.mean(dtype=float) / simulated.mean(dtype=float))


def _median_deviation(bench: Bench, *, structure: str, method: str) -> float:
    """Median of how far voxels are off, as a fraction, the simulation's noise in it."""
    ours, simulated = _values(bench, structure, method)
    return float(np.median(np.abs(ours / simulated - 1)))


def _gamma_pass(
    bench: Bench, *, method: str, dose_fraction: float, distance_mm: float
) -> float:
    """Part of the voxels above a tenth of the greatest dose with gamma up to 1."""
    return gamma_index(
        _case(bench).simulated_gy,
        _dose(bench, method),
        Criterion(dose_fraction, distance_mm),
    ).pass_fraction


SHARED_FIGURES: dict[str, Figure] = {
    "anatomy_mean_gy": _mean,
    "anatomy_over_simulated": _over_simulated,
    "anatomy_deviation": _median_deviation,
    "anatomy_gamma_pass": _gamma_pass,
}
