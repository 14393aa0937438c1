"""The voxels that doses are computed on: the image's, the CT's, or cubes."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from sirtdose.dosimetry.grid.regrid import activity_on, mean_on
from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError
from sirtdose.model.grid import Grid, box_at, three
from sirtdose.model.request import ImageRequest
from sirtdose.model.volume import Volume

# Beyond the structures no dose of a map without blur is looked at.
_MARGIN_MM = 20.0
# Finer than any blur, so that borders in a map are near where they were drawn.
_FINE_MM = 2.5
# 512 x 512 x 450: beyond, 8 GiB are not enough.
_VOXELS_MAX = 120_000_000
# Coarser voxels than any dose is computed on.
_SIDE_MAX_MM = 20.0


def on_dose_grid(request: ImageRequest, volume: Volume, ct: Volume | None) -> Volume:
    """The image's activity on the voxels asked for; itself on its own.

    Raises
    ------
    InputError
        There is no CT, or there would be too many voxels.
    """
    if request.dose_grid == "image":
        return volume

    if request.dose_grid == "ct":
        if ct is None:
            raise InputError(
                "--dose-grid ct needs a CT, but there is none: name one with --ct"
            )
        grid = _lattice_over(ct.grid, volume.grid)
    else:
        grid = _cubes_over(volume.grid, request.dose_grid)
    return activity_on(volume, grid)


def finer_grid(grid: Grid, around_mm: ArrayLike, *, margin_mm: float) -> Grid:
    """Voxels that divide those of a grid, of at most 2.5 mm, around some points.

    Examples
    --------
    >>> grid = Grid.regular((40, 60, 60), spacing_mm=(5.0, 4.4, 4.4))
    >>> fine = finer_grid(grid, [[100.0, 100.0, 100.0]], margin_mm=20.0)
    >>> fine.shape, [round(side, 2) for side in fine.spacing_mm]
    ((18, 22, 22), [2.5, 2.2, 2.2])
    """
    part = grid.crop(grid.box_around(around_mm, margin_mm=margin_mm))
    counts = [max(1, int(np.ceil(side / _FINE_MM - 1e-6))) for side in grid.spacing_mm]
    affine = part.affine_mm.copy()
    affine[:3, :3] /= counts
    shift = (1 / np.array(counts) - 1) / 2
    affine[:3, 3] = part.world_mm(shift)
    shape = [n * count for n, count in zip(part.shape, counts, strict=True)]
    _require_few(shape)
    return Grid(three(shape), affine, grid.frame_of_reference_uid)


def _lattice_over(lattice: Grid, image: Grid) -> Grid:
    """A lattice's voxels, as many as hold the whole image."""
    index = lattice.index(image.corners_mm())
    low = [_whole(x) for x in (index.min(axis=0) + 0.5)]
    high = [-_whole(-x) for x in (index.max(axis=0) + 0.5)]
    shape = [b - a for a, b in zip(low, high, strict=True)]
    _require_few(shape)
    return lattice.crop(box_at(low, shape))


def _cubes_over(image: Grid, side_mm: float) -> Grid:
    """Cubes along the image's axes, as many as hold it, around its middle."""
    if side_mm > _SIDE_MAX_MM:
        raise InputError(
            f"--dose-grid {side_mm:g}mm is too coarse for a dose: give at most "
            f"{_SIDE_MAX_MM:g}mm"
        )
    spacing = np.array(image.spacing_mm)
    shape = [
        -_whole(-n * a / side_mm) for n, a in zip(image.shape, spacing, strict=True)
    ]
    _require_few(shape)
    affine = image.affine_mm.copy()
    affine[:3, :3] *= side_mm / spacing
    middle = image.world_mm((np.array(image.shape) - 1) / 2)
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    slices, rows, columns = shape
    return Grid((slices, rows, columns), affine, image.frame_of_reference_uid)


def _whole(x: float) -> int:
    """Round down, unless a rounding error keeps it from the next whole number."""
    return int((x + 1e-3) // 1)


def _require_few(shape: list[int]) -> None:
    number = shape[0] * shape[1] * shape[2]
    if number > _VOXELS_MAX:
        raise InputError(
            f"--dose-grid gives {number:.2g} voxels, but at most {_VOXELS_MAX:.0e} "
            "are computed: use larger voxels"
        )


def on_finer_grid(placed: Placed) -> Placed:
    """The same on voxels that divide the image's, around all structures."""
    corners = np.concatenate([one.grid.corners_mm() for one in placed.on_grid])
    grid = finer_grid(placed.image.grid, corners, margin_mm=_MARGIN_MM)
    density, prior = placed.density, placed.prior
    if isinstance(density.g_per_ml, Volume):
        density = replace(density, g_per_ml=_divided(density.g_per_ml, grid))
    pairs = [(drawn, occupancy_on(drawn, grid)) for drawn in placed.named]
    return replace(
        placed,
        image=activity_on(placed.image, grid),
        named=tuple(drawn for drawn, _ in pairs),
        on_grid=tuple(on for _, on in pairs),
        density=density,
        prior=None if prior is None else _divided(prior, grid),
    )


def _divided(volume: Volume, grid: Grid) -> Volume:
    """Each voxel's value in the finer ones that it is divided into."""
    return Volume(mean_on(volume, grid)[0], grid, volume.quantity)
