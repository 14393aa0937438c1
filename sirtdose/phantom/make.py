"""Make the digital patient: voxels, contours and truth.

Liver, perfused lobe, three tumors and lungs are simple shapes. Activity is uniform
in each tumor, in the rest of the perfused lobe and in the lungs. The SPECT voxels
hold the activity of 8 x 8 x 8 points each; on request the image is then blurred
and made noisy. None of the package's own occupancy or dose code is used here, so
that the truth can judge it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.io.dicom.write import Study
from sirtdose.model.grid import Grid
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.phantom.anatomy import (
    BODY,
    CENTER_MM,
    REGIONS,
    SPINE,
    TUMOR_TO_NORMAL_RATIO,
    Region,
    ratios_of,
    regions_of,
)
from sirtdose.phantom.request import PHANTOM_ID, PhantomRequest

DENSITY_G_PER_ML = 1.05
# What the CT's lungs, at -780 HU, weigh by the default curve.
LUNG_DENSITY_G_PER_ML = 0.2277
ADMINISTERED_AT = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
SCAN_AT = datetime.fromisoformat("2026-03-03T09:30:00+01:00")
SCAN_DURATION = timedelta(minutes=30)
POINTS_PER_AXIS = 8
_NM_COUNTS = 6_000_000
_BRIGHTEST_NOISELESS = 60_000


@dataclass(frozen=True, eq=False)
class Phantom:
    """Images, structures and truth; written out by the workflow.

    `masks` are on the SPECT grid and only made when the structures follow its
    voxels; `contours` are on the CT's planes.
    """

    spect: Volume
    ct: Volume
    contours: dict[str, list[NDArray[np.float64]]]
    masks: list[Structure]
    study: Study
    truth: dict[str, Any]


def make_phantom(request: PhantomRequest) -> Phantom:
    """Make the digital patient.

    The same request gives the same phantom, voxel for voxel.
    """
    rng = np.random.default_rng(request.seed)
    study = _study(request)
    spect_grid, ct_grid = _grids(study.frame_of_reference_uid)
    regions = regions_of(spheres=request.spheres)
    ledger = Ledger(2.2, residual_gbq=0.05, lung_shunt_fraction=0.05)
    occupancy = {
        region.name: _occupancy(region, spect_grid, request.follow_voxels)
        for region in regions
    }
    activity, concentration = _activity(
        occupancy, spect_grid, ledger, ratios_of(spheres=request.spheres)
    )
    spect = Volume(
        _counts(activity, spect_grid, request, rng), spect_grid, Quantity.COUNTS
    )
    ct = Volume(
        _ct_numbers(ct_grid, request, rng).astype(np.int16), ct_grid, Quantity.CT_NUMBER
    )
    masks = [
        Structure(region.name, region.role, occupancy[region.name] > 0, spect_grid)
        for region in regions
        if request.follow_voxels
    ]
    truth = truth_of(
        request,
        ledger=ledger,
        occupancy=occupancy,
        activity=activity,
        concentration=concentration,
        spect=spect,
    )
    return Phantom(spect, ct, contours_on(ct_grid, regions), masks, study, truth)


def _study(request: PhantomRequest) -> Study:
    other = "" if request.patient_id == PHANTOM_ID else f" {request.patient_id}"
    return Study(
        seed=f"sirtdose phantom {request.seed} {request.fwhm_mm} {request.noise} "
        f"{request.follow_voxels}{' spheres' if request.spheres else ''}{other}",
        patient_id=request.patient_id,
        patient_name="Phantom^Digital",
        description="sirtdose digital phantom",
        acquired=SCAN_AT,
        version=__version__,
    )


def _grids(frame_of_reference_uid: str) -> tuple[Grid, Grid]:
    """SPECT, its first slice at the top as gamma cameras have it, and CT."""
    x, y, z = (float(v) for v in CENTER_MM)
    spect = np.array(
        [
            [0, 0, 4.42, x - 211.3],
            [0, 4.66, 0, y - 184.9],
            [-4.8, 0, 0, z + 177.4],
            [0, 0, 0, 1],
        ]
    )
    ct = Grid.regular(
        (102, 180, 220),
        spacing_mm=(3.0, 2.05, 1.95),
        origin_mm=(x - 214.1, y - 183.2, z - 127.6),
        frame_of_reference_uid=frame_of_reference_uid,
    )
    return Grid((64, 80, 96), spect, frame_of_reference_uid), ct


def _occupancy(region: Region, grid: Grid, whole_voxels: bool) -> NDArray[np.float64]:
    """Part of each voxel's 8 x 8 x 8 points inside; whole voxels on request."""
    part = (np.arange(POINTS_PER_AXIS) + 0.5) / POINTS_PER_AXIS - 0.5
    # The phantom's grids run along x, y and z: one coordinate per axis will do.
    z, y, x = (
        grid.affine_mm[world, 3]
        + grid.affine_mm[world, axis] * (np.arange(n)[:, None] + part)
        for axis, (world, n) in enumerate(zip((2, 1, 0), grid.shape, strict=True))
    )
    inside = np.zeros(grid.shape)
    for shape in region.shapes:
        (a, b, c), (p, q, r) = shape.center_mm, shape.radii_mm
        near = [
            np.flatnonzero((np.abs(axis - at) <= reach).any(axis=1))
            for axis, at, reach in ((z, c, r), (y, b, q), (x, a, p))
        ]
        rows, columns = y[near[1]].ravel(), x[near[2]].ravel()
        for k in near[0]:
            points = shape.inside(
                columns[None, None, :], rows[None, :, None], z[k][:, None, None]
            )
            counted = points.reshape(
                POINTS_PER_AXIS, len(near[1]), POINTS_PER_AXIS, len(near[2]), -1
            ).mean(axis=(0, 2, 4))
            inside[k, near[1][0] : near[1][-1] + 1, near[2][0] : near[2][-1] + 1] += (
                counted
            )
    return (inside >= 0.5).astype(float) if whole_voxels else inside


def _activity(
    occupancy: dict[str, NDArray[np.float64]],
    grid: Grid,
    ledger: Ledger,
    ratios: dict[str, float],
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """GBq in each voxel, and GBq/mL in each uniform part."""
    uptake = occupancy["Perfused lobe"].copy()
    for name, ratio in ratios.items():
        uptake = uptake + (ratio - 1) * occupancy[name]
    per_unit = ledger.treated_gbq / (uptake.sum() * grid.voxel_volume_ml)
    lungs = ledger.lung_gbq / (occupancy["Lungs"].sum() * grid.voxel_volume_ml)
    concentration = {"normal": per_unit, "Lungs": lungs} | {
        name: ratio * per_unit for name, ratio in ratios.items()
    }
    gbq_per_ml = uptake * per_unit + occupancy["Lungs"] * lungs
    return gbq_per_ml * grid.voxel_volume_ml, concentration


def _counts(
    activity: NDArray[np.float64],
    grid: Grid,
    request: PhantomRequest,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    image = activity
    if request.fwhm_mm > 0:
        sigma = request.fwhm_mm / np.sqrt(8 * np.log(2)) / np.array(grid.spacing_mm)
        image = gaussian_filter(image, sigma, mode="constant")
    if request.noise:
        return np.asarray(
            rng.poisson(image * (_NM_COUNTS / image.sum())), dtype=np.float64
        )
    return np.asarray(np.rint(image * (_BRIGHTEST_NOISELESS / image.max())))


def _ct_numbers(
    grid: Grid, request: PhantomRequest, rng: np.random.Generator
) -> NDArray[np.float64]:
    k, j, i = np.ogrid[tuple(slice(n) for n in grid.shape)]
    x, y, z = (
        grid.affine_mm[world, 3] + grid.affine_mm[world, axis] * index
        for world, axis, index in ((0, 2, i), (1, 1, j), (2, 0, k))
    )
    numbers = np.full(grid.shape, -1000.0)
    numbers[np.broadcast_to(BODY.inside(x, y, z), grid.shape)] = 30
    by_name = {region.name: region for region in regions_of(spheres=request.spheres)}
    painted = [
        ("Lungs", -780),
        ("Liver", 60),
        *((tumor, 42) for tumor in TUMOR_TO_NORMAL_RATIO),
    ]
    for name, number in painted:
        for shape in by_name[name].shapes:
            numbers[shape.inside(x, y, z)] = number
    numbers[np.broadcast_to(SPINE.inside(x, y, z), grid.shape)] = 380
    if request.noise:
        numbers += rng.normal(0, 12, grid.shape)
    return np.asarray(np.clip(np.rint(numbers), -1024, 3071))


def contours_on(
    grid: Grid, regions: tuple[Region, ...] = REGIONS
) -> dict[str, list[NDArray[np.float64]]]:
    """Outlines of every region on the planes of an axial grid."""
    planes = grid.world_mm([(k, 0, 0) for k in range(grid.shape[0])])[:, 2]
    return {
        region.name: [
            outline
            for z in planes
            for shape in region.shapes
            if (outline := shape.contour(float(z))) is not None
        ]
        for region in regions
    }


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
    k = request.nuclide.for_energy(emitted=False).dose_constant_gy_kg_per_gbq
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
        density = (
            LUNG_DENSITY_G_PER_ML if region.role is Role.LUNGS else DENSITY_G_PER_ML
        )
        held_gbq = (
            whole[region.role]
            if region.role in whole
            else float(concentration[region.name]) * volume_ml
        )
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
            }
        )
    lung_ml = float(occupancy["Lungs"].sum()) * voxel_ml
    return _of_scan(request, ledger, counts=spect.total()) | {
        "lung_mass_kg": lung_ml * LUNG_DENSITY_G_PER_ML / 1000,
        "structures": structures,
    }


def _of_scan(
    request: PhantomRequest, ledger: Ledger, *, counts: float
) -> dict[str, Any]:
    """What was given, when it was scanned, and how `sirtdose post` is told of it."""
    nuclide = request.nuclide.for_energy(emitted=False)
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
