"""Figures of images that are calibrated, brought over, put right or compared."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from scipy.special import erf

from sirtdose.dosimetry.compare.gamma import Criterion, gamma_index
from sirtdose.dosimetry.engine.tissue_density import density_of_ct
from sirtdose.dosimetry.grid.mutual_information import register
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.dosimetry.grid.regrid import activity_on
from sirtdose.dosimetry.image import partial_volume
from sirtdose.dosimetry.image.activity import (
    activity_at_administration,
    camera_calibration,
    image_calibration,
)
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume
from sirtdose.validation.bench import Bench, Figure

_SHAPE, _SPACING_MM = (10, 12, 14), (4.0, 3.0, 2.5)
# Half axes and places in mm and values of ellipsoids: a body whose axes all differ.
_BODIES = (
    ((62.0, 40.0, 70.0), (0.0, 0.0, 0.0), 1000.0),
    ((26.0, 20.0, 36.0), (26.0, -8.0, -14.0), 120.0),
    ((15.0, 18.0, 36.0), (-30.0, 2.0, 22.0), -750.0),
    ((16.0, 18.0, 30.0), (32.0, 4.0, 30.0), -750.0),
    ((9.0, 9.0, 66.0), (0.0, 26.0, 0.0), 500.0),
    ((34.0, 5.0, 5.0), (8.0, -28.0, -30.0), 500.0),
)
_EDGE_MM = 3.0
# The sphere's center is in the middle of no voxel.
_OFF_MM = (0.7, -0.4, 1.1)
# An optimizer stops elsewhere by less on another processor.
_SAME_DIGITS = 1
_BLURRED_SPACING_MM = (4.8, 4.4, 4.6)


def _density_of_hu(*, hu: float, curve: str) -> float:
    """Density of one voxel of a CT."""
    grid = Grid.regular((1, 1, 1), spacing_mm=(1.0, 1.0, 1.0))
    ct = Volume(np.full((1, 1, 1), hu), grid, Quantity.CT_NUMBER)
    return float(density_of_ct(ct, curve).data[0, 0, 0])


def _grid() -> Grid:
    return Grid.regular(_SHAPE, spacing_mm=_SPACING_MM, origin_mm=(-31.0, 12.0, 240.0))


def _camera_gbq(
    *,
    counts: float,
    cps_per_mbq: float,
    scan_duration_h: float,
    elapsed_h: float,
    nuclide: str,
) -> float:
    """Activity at administration by a camera's sensitivity."""
    calibration = camera_calibration(
        cps_per_mbq=cps_per_mbq,
        scan_duration_h=scan_duration_h,
        nuclide=Nuclide.named(nuclide),
        elapsed_h=elapsed_h,
    )
    return counts * calibration.bq_per_unit * 1e-9


def _pet_gbq(*, bq_per_ml: float, elapsed_h: float, nuclide: str) -> float:
    """Activity at administration of a uniform image in Bq/mL."""
    image = Volume(np.full(_SHAPE, bq_per_ml), _grid(), Quantity.ACTIVITY_CONCENTRATION)
    calibration = image_calibration(
        image, nuclide=Nuclide.named(nuclide), elapsed_h=elapsed_h
    )
    return activity_at_administration(image, calibration).total()


def _regridded_total(*, degrees: float) -> float:
    """Activity of a random image on a turned, finer grid around it, over its own."""
    grid = _grid()
    values = np.random.default_rng(3).gamma(2.0, 1.0, _SHAPE)
    affine, shape = np.eye(4), (31, 51, 51)
    affine[:3, :3] = turn([0, 0, degrees]) @ np.fliplr(np.diag([1.9, 1.9, 1.9]))
    middle = grid.world_mm((np.array(_SHAPE) - 1) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    image = Volume(values, grid, Quantity.COUNTS)
    return activity_on(image, Grid(shape, affine)).total() / image.total()


def _gamma(
    *,
    factor: float = 1.0,
    shift_mm: float = 0.0,
    slope_gy_per_mm: float = 0.0,
    dose_fraction: float,
    distance_mm: float,
) -> float:
    """Gamma in the middle of a field of 100 Gy there, against one scaled or moved."""
    grid = _grid()
    x = grid.world_mm(np.moveaxis(np.indices(_SHAPE), 0, -1))[..., 0]
    middle = tuple(n // 2 for n in _SHAPE)
    ours = 100 + slope_gy_per_mm * (x - x[middle])
    theirs = (ours - slope_gy_per_mm * shift_mm) * factor
    criterion = Criterion(dose_fraction * 100 / ours.max(), distance_mm)
    first, second = (Volume(one, grid, Quantity.DOSE) for one in (ours, theirs))
    return float(gamma_index(first, second, criterion).values[middle])


def _body_hu(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """A body of ellipsoids with soft edges, by formula at any point."""
    found = np.full(points_mm.shape[:-1], -1000.0)
    for half, place, value in _BODIES:
        radius = np.linalg.norm((points_mm - place) / half, axis=-1)
        depth_mm = (1 - radius) * min(half)
        found += value / (1 + np.exp(-depth_mm / _EDGE_MM * 4))
    return found


def turn(degrees: Sequence[float]) -> NDArray[np.float64]:
    """A rotation about x, then y, then z."""
    around = np.multiply(degrees, (1, -1, 1))
    return np.asarray(Rotation.from_euler("xyz", around, degrees=True).as_matrix())


def _registered(shift_mm: list[float], degrees: list[float]) -> Registration:
    """Of a body and the same one turned about its middle and shifted."""
    shape, spacing = (54, 48, 58), (3.0, 3.0, 3.0)
    middle = [-(n - 1) * s / 2 for n, s in zip(shape, spacing, strict=True)]
    grid = Grid.regular(
        shape, spacing_mm=spacing, origin_mm=(middle[2], middle[1], middle[0])
    )
    points = grid.world_mm(np.moveaxis(np.indices(shape), 0, -1))
    laid = (points - shift_mm) @ turn(degrees)
    return register(
        Volume(_body_hu(points), grid, Quantity.CT_NUMBER),
        Volume(_body_hu(laid), grid, Quantity.CT_NUMBER),
    )


def _found_back(
    bench: Bench, *, of: str, shift_mm: list[float], degrees: list[float]
) -> float:
    """Rotation in degrees, or how far points of the body end from their place, mm."""
    found: Registration = bench.once(
        f"registered {shift_mm} {degrees}", lambda: _registered(shift_mm, degrees)
    )
    if of == "degrees":
        return round(found.rotation_deg, _SAME_DIGITS)
    points = np.array([place for _, place, _ in _BODIES])
    laid = points @ turn(degrees).T + shift_mm
    ends = np.array([found.transform.TransformPoint(p) for p in points.tolist()])
    return round(float(np.linalg.norm(ends - laid, axis=1).max()), _SAME_DIGITS)


def _away_mm(grid: Grid, parts: int) -> NDArray[np.float64]:
    """Distance of points of every voxel to the sphere's center; parts an axis."""
    step = (np.arange(parts) + 0.5) / parts - 0.5
    inside = np.stack(np.meshgrid(step, step, step, indexing="ij"), axis=-1)
    index = np.moveaxis(np.indices(grid.shape), 0, -1)[..., None, :]
    center = grid.world_mm((np.array(grid.shape) - 1) / 2) + _OFF_MM
    points = grid.world_mm(index + inside.reshape(-1, 3))
    return np.asarray(np.linalg.norm(points - center, axis=-1))


def _blurred_part(
    away_mm: NDArray[np.float64], radius_mm: float, sigma_mm: float
) -> NDArray[np.float64]:
    """What a Gaussian leaves of a sphere of 1 at a distance, in closed form."""
    near = (radius_mm - away_mm) / (np.sqrt(2) * sigma_mm)
    far = (radius_mm + away_mm) / (np.sqrt(2) * sigma_mm)
    falls = sigma_mm / (np.sqrt(2 * np.pi) * away_mm)
    return np.asarray(
        (erf(near) + erf(far)) / 2 - falls * (np.exp(-(near**2)) - np.exp(-(far**2)))
    )


def _sphere_recovered(
    *, diameter_mm: float, fwhm_mm: float, ratio: float, method: str
) -> float:
    """Concentration found for a blurred sphere, over its background's, which is 1."""
    half = int(diameter_mm / 2 + 1.5 * fwhm_mm)
    z, y, x = (2 * int(half / side) + 1 for side in _BLURRED_SPACING_MM)
    grid = Grid.regular((z, y, x), spacing_mm=_BLURRED_SPACING_MM)
    inside = (_away_mm(grid, 8) <= diameter_mm / 2).mean(axis=-1).astype(np.float32)
    sigma_mm = fwhm_mm / np.sqrt(8 * np.log(2))
    blurred = _blurred_part(_away_mm(grid, 3), diameter_mm / 2, sigma_mm).mean(axis=-1)
    image = (1 + (ratio - 1) * blurred).astype(np.float32)
    correct = {
        "iterative-yang": partial_volume.iterative_yang,
        "gtm": partial_volume.geometric_transfer_matrix,
    }[method]
    blur = Blur.on(grid, (fwhm_mm,) * 3)
    return correct(image, [inside, 1 - inside], blur).concentrations[0]


FIGURES: dict[str, Figure] = {
    "density_of_hu": _density_of_hu,
    "camera_gbq": _camera_gbq,
    "pet_gbq": _pet_gbq,
    "regridded_total": _regridded_total,
    "gamma": _gamma,
    "sphere_recovered": _sphere_recovered,
}
SHARED_FIGURES: dict[str, Figure] = {"found_back": _found_back}
