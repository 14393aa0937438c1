"""What is known of the digital patient by construction."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume
from sirtdose.phantom.anatomy import ratios_of, regions_of
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
    *,
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
    nuclide = request.nuclide
    k = nuclide.dose_constant_gy_kg_per_gbq
    voxel_ml = spect.grid.voxel_volume_ml
    in_image = spect.data * (ledger.delivered_gbq / spect.total())
    whole = {
        Role.LUNGS: ledger.lung_gbq,
        Role.LIVER: ledger.treated_gbq,
        Role.PERFUSED: ledger.treated_gbq,
    }
    structures = []
    for region in regions_of(spheres=request.spheres):
        part = occupancy[region.name]
        volume_ml = float(part.sum()) * voxel_ml
        in_lungs = region.role is Role.LUNGS
        density = LUNG_DENSITY_G_PER_ML if in_lungs else DENSITY_G_PER_ML
        held_gbq = whole.get(region.role)
        if held_gbq is None:
            held_gbq = float(concentration[region.name]) * volume_ml
        gy_per_gbq = k / (voxel_ml * density / 1000)
        mean_gy = float((part * activity).sum()) / float(part.sum()) * gy_per_gbq
        analytic_gy = k * held_gbq / (volume_ml * density / 1e3)
        structures.append(
            {
                "name": region.name,
                "role": str(region.role),
                "volume_ml": volume_ml if request.follow_voxels else region.volume_ml,
                "volume_on_grid_ml": volume_ml,
                "density_g_per_ml": density,
                "activity_gbq": held_gbq,
                "mean_on_grid_gy": mean_gy,
                "mean_in_image_gy": float((part * in_image).sum() / part.sum())
                * gy_per_gbq,
                "analytic_gy": analytic_gy,
                "voxel_cost": mean_gy / analytic_gy - 1,
                **(
                    {"dose_at_lung_mass_gy": k * ledger.lung_gbq / LUNG_MASS_KG}
                    if in_lungs
                    else {}
                ),
            }
        )
    return _of_scan(request, ledger, counts=spect.total()) | {"structures": structures}


def _of_scan(
    request: PhantomRequest, ledger: Ledger, *, counts: float
) -> dict[str, Any]:
    """What was given, when it was scanned, and how `sirtdose post` is told of it."""
    nuclide = request.nuclide
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
        "dose_constant_gy_kg_per_gbq": nuclide.dose_constant_gy_kg_per_gbq,
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
        "camera_factor_cps_per_mbq": counts / mbq_seconds,
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
    }
