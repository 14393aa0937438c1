"""Figures of the dose methods on real anatomy, held against a simulation."""

from typing import TYPE_CHECKING, Any

from sirtdose.model.nuclide import Nuclide
from sirtdose.validation.anatomy import Anatomy
from sirtdose.validation.bench import Bench, Figure

if TYPE_CHECKING:
    from sirtdose.model.volume import Volume


def _case(bench: Bench) -> Anatomy:
    case: Anatomy = bench.once("anatomy", Anatomy.shipped)
    return case


def _dose(bench: Bench, method: str) -> "Volume":
    """Dose of the case by a method, at the nuclide's usual dose constant."""
    from sirtdose.dosimetry.engine.dose import compute_dose
    from sirtdose.dosimetry.image.activity import time_integrated_activity

    def computed() -> "Volume":
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
    import numpy as np

    ours, simulated = _values(bench, structure, method)
    return float(np.median(np.abs(ours / simulated - 1)))


def _gamma_pass(
    bench: Bench, *, method: str, dose_fraction: float, distance_mm: float
) -> float:
    """Part of the voxels above a tenth of the greatest dose with gamma up to 1."""
    from sirtdose.dosimetry.compare.gamma import Criterion, gamma_index

    criterion = Criterion(dose_fraction, distance_mm)
    dose = _dose(bench, method)
    return gamma_index(_case(bench).simulated_gy, dose, criterion).pass_fraction


SHARED_FIGURES: dict[str, Figure] = {
    "anatomy_mean_gy": _mean,
    "anatomy_over_simulated": _over_simulated,
    "anatomy_deviation": _median_deviation,
    "anatomy_gamma_pass": _gamma_pass,
}
