"""Figures of dose engine, histograms, resampling, contours and whole assessments."""

from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.dose import Dose, compute_dose
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.sampled_dvh import sampled_dvh
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.io.dicom.contour_fill import common_frame, even_odd_fill, fill
from sirtdose.model.grid import Grid
from sirtdose.model.metric import Metric, numbers_of
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, Given, ImageRequest, PostRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.phantom.make import DENSITY_G_PER_ML
from sirtdose.phantom.request import PhantomRequest
from sirtdose.validation.bench import Bench, Figure
from sirtdose.validation.figures.corrections import turn
from sirtdose.workflows.phantom import write_phantom
from sirtdose.workflows.post.assess import assess_dose

_RADIUS_MM, _HEIGHT_MM = 12.0, 24.0
# Where no grid has a voxel's center.
_CENTER_MM = (1.31, -0.74, 2.17)


def _dose(
    decays: NDArray[np.floating[Any]], spacing_mm: list[float], method: str
) -> Dose:
    """Dose by Y-90 of GBq h in each voxel, at 1.04 g/mL."""
    z, y, x = spacing_mm
    grid = Grid.regular(decays.shape, spacing_mm=(z, y, x))
    everywhere = np.full(decays.shape, 1.04, np.float32)
    return compute_dose(
        Volume(decays.astype(np.float32), grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named("Y-90"),
        density_g_per_ml=Volume(everywhere, grid, Quantity.DENSITY)
        if method == "collapsed-cone"
        else 1.04,
        method=method,
    )


def _gy_kg_per_gbq(*, shape: list[int], spacing_mm: list[float]) -> float:
    """Mean dose times mass over activity of a random image, by local deposition."""
    z, y, x = spacing_mm
    grid = Grid.regular((shape[0], shape[1], shape[2]), spacing_mm=(z, y, x))
    gbq = np.random.default_rng(7).gamma(2.0, 1e-4, shape)
    nuclide = Nuclide.named("Y-90")
    dose = compute_dose(
        time_integrated_activity(Volume(gbq, grid, Quantity.ACTIVITY), nuclide),
        nuclide=nuclide,
        density_g_per_ml=DENSITY_G_PER_ML,
    ).volume.data
    mass_kg = gbq.size * z * y * x * 1e-6 * 1.05
    return float(dose.mean() * mass_kg / gbq.sum())


def _deep_gy(*, method: str) -> float:
    """Deep in a uniform block of 1 GBq h in each mL."""
    shape, spacing = (60, 50, 55), [4.0, 5.0, 4.4]
    decays = np.full(shape, 4.0 * 5.0 * 4.4 / 1000)
    return float(_dose(decays, spacing, method).volume.data[30, 25, 27])


def _point_energy() -> float:
    """Energy in the map around one voxel, and what the engine says left the image."""
    decays = np.zeros((101, 101, 101))
    decays[50, 50, 50] = 1.0
    return _dose(decays, [4.0, 4.0, 4.0], "kernel").energy_recovered


def _sphere_kept(*, radius_mm: float, voxels: int, method: str) -> float:
    """Part of its own energy that a sphere of 2 mm voxels keeps.

    The voxels are those nearest to a point that is in none's center.
    """
    n = int(radius_mm) + 3
    z, y, x = np.indices((n, n, n)) * 2.0 - (n - 1) + 0.3
    away = z**2 + y**2 + x**2
    sphere = away <= np.sort(away.ravel())[voxels - 1]
    gy = _dose(sphere.astype(float), [2.0, 2.0, 2.0], method).volume.data
    # 49.67 Gy kg/GBq and 64.05 h, by hand: not of the data that are checked.
    gy_per_gbq_h = 49.67 * 0.6931471805599453 / 64.05 / (8e-6 * 1.04)
    return float((gy * sphere).sum() / sphere.sum()) / gy_per_gbq_h


def _contoured(solid: str) -> Structure:
    """A solid drawn as circles 1 mm apart."""
    angle = np.radians(np.arange(360))
    contours = []
    for z in np.arange(-11.5, 12, 1.0):
        r = _section_mm(solid, float(z))
        x, y = r * np.cos(angle), r * np.sin(angle)
        contours.append(np.column_stack([x, y, np.full(360, z)]) + _CENTER_MM)
    mask, grid, _ = fill(
        contours, common_frame(contours, solid), name=solid, frame_of_reference_uid=None
    )
    return Structure(solid, Role.TUMOR, mask, grid)


def _section_mm(solid: str, z: float) -> float:
    if solid == "sphere":
        return float((_RADIUS_MM**2 - z**2) ** 0.5)
    return _RADIUS_MM if solid == "cylinder" else _RADIUS_MM * (0.5 - z / _HEIGHT_MM)


def _solid_dvh(solid: str, spacing_mm: float) -> Dvh:
    """In a dose of 16 Gy in the middle that rises by 1 Gy/mm along z."""
    n = int(60 / spacing_mm) + 2
    grid = Grid.regular(
        (n, n + 1, n + 2), spacing_mm=(spacing_mm,) * 3, origin_mm=(-30.2, -29.9, -30.4)
    )
    places = grid.world_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    dose = Volume(16 + places[..., 2] - _CENTER_MM[2], grid, Quantity.DOSE)
    return sampled_dvh(_contoured(solid), dose)


def _dvh(bench: Bench, *, solid: str, of: str, spacing_mm: float = 3.0) -> float:
    dvh: Dvh = bench.once(
        f"dvh {solid} {spacing_mm}", lambda: _solid_dvh(solid, spacing_mm)
    )
    metric = Metric.parse(of.removesuffix("_ml").removesuffix("_gy"))
    return numbers_of(dvh, [metric])[metric]


def _resampled_ml(*, degrees: float) -> float:
    """Volume of a block of 9 x 11 x 13 voxels on another, coarser grid."""
    affine = np.eye(4)
    affine[:3, :3] = turn([degrees, 0, degrees]) @ np.fliplr(np.diag([0.8, 0.9, 2.2]))
    affine[:3, 3] = [1.3, -2.1, 0.4]
    block = Structure.named("T", np.ones((9, 11, 13), bool), Grid((9, 11, 13), affine))
    coarse = Grid.regular(
        (30, 32, 36), spacing_mm=(4.8, 4.1, 3.7), origin_mm=(-60.0, -63.0, -71.0)
    )
    return float(occupancy_on(block, coarse).volume_ml)


def _ring(half: float, at: float = 0.0) -> NDArray[np.float64]:
    return np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]], float) * half + at


def _even_odd(*, halves: list[float]) -> float:
    """Pixels inside nested squares, each a hole or island of the one around it."""
    return float(even_odd_fill([_ring(h, 10.2) for h in halves], (21, 21)).sum())


def _box_ml(*, planes_mm: list[float]) -> float:
    """Volume of squares of 20 mm drawn on planes."""
    drawn = [np.column_stack([_ring(10.0), np.full(4, z)]) for z in planes_mm]
    mask, grid, _ = fill(
        drawn, common_frame(drawn, "box"), name="T", frame_of_reference_uid=None
    )
    return float(mask.sum()) * grid.voxel_volume_ml


def _assessed(bench: Bench, *, follow_voxels: bool) -> dict[str, tuple[float, float]]:
    """Mean dose and volume by structure of a digital patient, read from its files."""
    folder = Path(mkdtemp(dir=bench.folder))
    write_phantom(
        PhantomRequest(fwhm_mm=0.0, noise=False, follow_voxels=follow_voxels), folder
    )
    given = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
    assessment = assess_dose(
        PostRequest(
            ImageRequest(folder),
            Given(
                Nuclide.named("Y-90"),
                administered_gbq=2.2,
                administered_at=given,
                residual_gbq=0.05,
                residual_at=given,
                lung_shunt_fraction=0.05,
                lung_shunt_source="spect",
            ),
            DoseRequest(calibrate_over="fov", density=DENSITY_G_PER_ML),
        )
    )
    [rows] = assessment.structure_doses.values()
    return {row.structure.name: (row.dvh.mean_gy, row.dvh.volume_ml) for row in rows}


def _patient(
    bench: Bench, *, structure: str, of: str, follow_voxels: bool = True
) -> float:
    rows: dict[str, tuple[float, float]] = bench.once(
        f"patient {follow_voxels}",
        lambda: _assessed(bench, follow_voxels=follow_voxels),
    )
    return rows[structure][0 if of == "mean_gy" else 1]


FIGURES: dict[str, Figure] = {
    "gy_kg_per_gbq": _gy_kg_per_gbq,
    "deep_gy": _deep_gy,
    "point_energy": _point_energy,
    "sphere_kept": _sphere_kept,
    "resampled_ml": _resampled_ml,
    "even_odd": _even_odd,
    "box_ml": _box_ml,
}
# Of these several read one result.
SHARED_FIGURES: dict[str, Figure] = {"dvh": _dvh, "patient": _patient}
