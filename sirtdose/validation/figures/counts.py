"""Figures of calibration, of images on another grid, and of gamma."""

from typing import TYPE_CHECKING

from sirtdose.model.nuclide import Nuclide
from sirtdose.validation.bench import Figure

if TYPE_CHECKING:
    from sirtdose.model.grid import Grid

_SHAPE, _SPACING_MM = (10, 12, 14), (4.0, 3.0, 2.5)


def _grid() -> "Grid":
    from sirtdose.model.grid import Grid

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
    from sirtdose.dosimetry.image.activity import camera_calibration

    calibration = camera_calibration(
        cps_per_mbq=cps_per_mbq,
        scan_duration_h=scan_duration_h,
        nuclide=Nuclide.named(nuclide),
        elapsed_h=elapsed_h,
    )
    return counts * calibration.bq_per_unit * 1e-9


def _pet_gbq(*, bq_per_ml: float, elapsed_h: float, nuclide: str) -> float:
    """Activity at administration of a uniform image in Bq/mL."""
    import numpy as np

    from sirtdose.dosimetry.image.activity import (
        activity_at_administration,
        image_calibration,
    )
    from sirtdose.model.volume import Quantity, Volume

    values = np.full(_SHAPE, bq_per_ml)
    image = Volume(values, _grid(), Quantity.ACTIVITY_CONCENTRATION)
    calibration = image_calibration(
        image, nuclide=Nuclide.named(nuclide), elapsed_h=elapsed_h
    )
    return activity_at_administration(image, calibration).total()


def _regridded_total(*, degrees: float) -> float:
    """Activity of a random image on a turned, finer grid around it, over its own."""
    import numpy as np

    from sirtdose.dosimetry.grid.regrid import activity_on
    from sirtdose.model.grid import Grid
    from sirtdose.model.volume import Quantity, Volume

    grid = _grid()
    values = np.random.default_rng(3).gamma(2.0, 1.0, _SHAPE)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    affine, shape = np.eye(4), (31, 51, 51)
    affine[:3, :3] = turn @ np.fliplr(np.diag([1.9, 1.9, 1.9]))
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
    import numpy as np

    from sirtdose.dosimetry.compare.gamma import Criterion, gamma_index
    from sirtdose.model.volume import Quantity, Volume

    grid = _grid()
    x = grid.world_mm(np.moveaxis(np.indices(_SHAPE), 0, -1))[..., 0]
    middle = tuple(n // 2 for n in _SHAPE)
    ours = 100 + slope_gy_per_mm * (x - x[middle])
    theirs = (ours - slope_gy_per_mm * shift_mm) * factor
    criterion = Criterion(dose_fraction * 100 / ours.max(), distance_mm)
    first, second = (Volume(one, grid, Quantity.DOSE) for one in (ours, theirs))
    return float(gamma_index(first, second, criterion).values[middle])


FIGURES: dict[str, Figure] = {
    "camera_gbq": _camera_gbq,
    "pet_gbq": _pet_gbq,
    "regridded_total": _regridded_total,
    "gamma": _gamma,
}
