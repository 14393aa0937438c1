"""What is known of the digital patient by construction."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume
from sirtdose.phantom.anatomy import Region, ratios_of, regions_of
from sirtdose.phantom.request import PhantomRequest

DENSITY_G_PER_ML = 1.05
# What the CT's lungs, at -780 HU, weigh by the default curve.
LUNG_DENSITY_G_PER_ML = 0.2277
LUNG_MASS_KG = 1.0
ADMINISTERED_AT = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
SCAN_AT = datetime.fromisoformat("2026-03-03T09:30:00+01:00")
SCAN_DURATION = timedelta(minutes=30)


def truth_of(
    request: PhantomRequest,
    ledger: Ledger,
    occupancy: dict[str, NDArray[np.float64]],
    activity: NDArray[np.float64],
    concentration: dict[str, float],
    spect: Volume,
) -> dict[str, Any]:
    """Everything known of the phantom, ready for truth.json.

    `mean_on_grid_gy` averages the voxels' dose over the shape's own points;
    `analytic_gy` is the uniform dose of the shape; `voxel_cost` is what lies
    between them; `mean_in_image_gy` is what blur and noise leave.
    """
    grid, nuclide = spect.grid, request.nuclide
    k = nuclide.dose_constant_gy_kg_per_gbq
    in_image = spect.data * (ledger.delivered_gbq / spect.total())
    structures = []
    for region in regions_of(spheres=request.spheres):
        part = occupancy[region.name]
        volume_on_grid = float(part.sum()) * grid.voxel_volume_ml
        held = float((part * activity).sum())
        density = (
            LUNG_DENSITY_G_PER_ML if region.role is Role.LUNGS else DENSITY_G_PER_ML
        )
        gy_per_gbq_voxel = k / (grid.voxel_volume_ml * density / 1000)
        row: dict[str, Any] = {
            "name": region.name,
            "role": str(region.role),
            "volume_ml": volume_on_grid if request.follow_voxels else region.volume_ml,
            "volume_on_grid_ml": volume_on_grid,
            "density_g_per_ml": density,
            "activity_gbq": _activity_of(
                region, ledger, concentration, occupancy, grid
            ),
            "mean_on_grid_gy": held / float(part.sum()) * gy_per_gbq_voxel,
            "mean_in_image_gy": float((part * in_image).sum() / part.sum())
            * gy_per_gbq_voxel,
        }
        row["analytic_gy"] = (
            k * row["activity_gbq"] / (row["volume_on_grid_ml"] * density / 1e3)
        )
        row["voxel_cost"] = row["mean_on_grid_gy"] / row["analytic_gy"] - 1
        if region.role is Role.LUNGS:
            row["dose_at_lung_mass_gy"] = k * ledger.lung_gbq / LUNG_MASS_KG
        structures.append(row)
    elapsed_h = (SCAN_AT - ADMINISTERED_AT).total_seconds() / 3600
    mbq_seconds = (
        ledger.delivered_gbq
        * 1000
        * nuclide.decay_factor(elapsed_h)
        * nuclide.mean_activity_factor(SCAN_DURATION.total_seconds() / 3600)
        * SCAN_DURATION.total_seconds()
    )
    return {
        "schema": "sirtdose.phantom/1",
        "sirtdose_version": __version__,
        "seed": request.seed,
        "fwhm_mm": request.fwhm_mm,
        "noise": request.noise,
        "structures_follow_voxels": request.follow_voxels,
        "nuclide": nuclide.name,
        "half_life_h": nuclide.half_life_h,
        "dose_constant_gy_kg_per_gbq": k,
        "density_g_per_ml": DENSITY_G_PER_ML,
        "administered_gbq": ledger.administered_gbq,
        "administered_at": ADMINISTERED_AT.isoformat(),
        "residual_gbq": ledger.residual_gbq,
        "lung_shunt_fraction": ledger.lung_shunt_fraction,
        "delivered_gbq": ledger.delivered_gbq,
        "treated_gbq": ledger.treated_gbq,
        "lung_gbq": ledger.lung_gbq,
        "lung_mass_kg": LUNG_MASS_KG,
        "scan_at": SCAN_AT.isoformat(),
        "scan_duration_min": 30.0,
        "camera_factor_cps_per_mbq": spect.total() / mbq_seconds,
        "tumor_to_normal_ratio": ratios_of(spheres=request.spheres),
        "post_options": [
            "--administered",
            f"{ledger.administered_gbq}GBq",
            "--administered-at",
            ADMINISTERED_AT.isoformat(),
            "--residual",
            f"{ledger.residual_gbq * 1000:g}MBq",
            "--residual-at",
            ADMINISTERED_AT.isoformat(),
            "--lung-shunt",
            f"{ledger.lung_shunt_fraction:.0%}",
            "--calibrate-over",
            "fov",
            "--scan-at",
            SCAN_AT.isoformat(),
        ],
        "structures": structures,
    }


def _activity_of(
    region: Region,
    ledger: Ledger,
    concentration: dict[str, float],
    occupancy: dict[str, NDArray[np.float64]],
    grid: Grid,
) -> float:
    if region.role is Role.LUNGS:
        return ledger.lung_gbq
    if region.role in (Role.LIVER, Role.PERFUSED):
        return ledger.treated_gbq
    volume_ml = float(occupancy[region.name].sum()) * grid.voxel_volume_ml
    return float(concentration[region.name]) * volume_ml
