"""Doses, the picture under them and outlines, small enough to be moved in a page.

All doses lie on one axial lattice of their own voxels, cropped to what matters; the
picture on one that is finer by whole factors, and each outline's mask on one of its
own. Voxels are stored as differences along rows, high and low bytes apart, deflated,
in base64: to unpack them a page needs no library.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.grid import Box, Grid, box_at, three
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.looks import Look
from sirtdose.report.outlines import Smooth
from sirtdose.report.planes import AIR_HU
from sirtdose.report.sampling import sampled

_MARGIN_MM = 25.0
# Voxels of the first dose and of the picture, and one in how many of other doses is
# kept along each axis: the first that keeps a page under 3 MB.
_BUDGETS = (
    (900_000, 1_600_000, 1),
    (900_000, 900_000, 1),
    (900_000, 900_000, 2),
    (450_000, 700_000, 2),
    (200_000, 500_000, 2),
    (90_000, 250_000, 2),
)
_SIZE_MAX = 1_500_000
_FINE_MM = 1.2
_OF_LIVER = (Role.LIVER, Role.PERFUSED, Role.TUMOR)
# Steps grow with the dose: 0.8 % of it at a thousandth of the maximum, less above.
_DOSE_STEPS = 4095
# No dose here: the map does not reach so far.
_NO_DOSE = 65535
_MASK_STEPS = 32
# 256 grays: fine where soft tissue is, coarse in lungs and bone.
_HU_LEVELS = np.concatenate(
    [
        np.linspace(-1024, -200, 32, endpoint=False),
        np.linspace(-200, 300, 200, endpoint=False),
        np.linspace(300, 1500, 24),
    ]
)


@dataclass(frozen=True, eq=False)
class Lattice:
    """Which of the dose's voxels are shown, and how they lie in the patient."""

    order: tuple[int, int, int]
    flipped: tuple[bool, bool, bool]
    stride: int
    grid: Grid
    box: Box

    def of(self, data: NDArray[Any]) -> NDArray[Any]:
        """A dose's voxels with slices to the head, rows to the back, columns left."""
        turned = data.transpose(self.order)
        turned = turned[tuple(slice(None, None, -1 if f else 1) for f in self.flipped)]
        return turned[self.box][:: self.stride, :: self.stride, :: self.stride]


def view_data(
    maps: Mapping[str, Volume],
    gray: Volume | None,
    outlines: Sequence[Smooth],
    *,
    looks: Mapping[str, Look],
    notes: Mapping[str, str] | None = None,
    reached: Mapping[str, NDArray[np.bool_]] | None = None,
) -> dict[str, Any]:
    """Everything that the page's planes show.

    Parameters
    ----------
    maps : mapping
        Doses in Gy by the name a page shows. The first is shown first and gives the
        voxels; those of others are interpolated where they differ.
    gray : Volume or None
        CT, or the activity image where there is none.
    outlines : sequence of Smooth
        Structures whose outlines are shown.
    looks : mapping
        How each structure is drawn, by its name.
    notes : mapping, optional
        What stands beside a structure's name wherever it is shown.
    reached : mapping, optional
        The voxels in which a map has a dose, by its name; all where it is not listed.
    """
    found: dict[str, Any] = {}
    packed: dict[Any, dict[str, Any]] = {}
    for budget in _BUDGETS:
        found = _packed_view(
            maps, gray, outlines, budget, packed=packed, reached=reached or {}
        )
        pictures = (*found["maps"], found["gray"] or {"data": ""})
        if sum(len(one["data"]) for one in pictures) <= _SIZE_MAX:
            break
    lattice = Grid(three(found["grid"]["shape"]), np.array(found["grid"]["affine_mm"]))
    return {
        **found,
        "structures": [
            {
                "name": one.structure.name,
                "short": looks[one.structure.name].short,
                "color": looks[one.structure.name].color,
                "dark": looks[one.structure.name].dark,
                "dashed": looks[one.structure.name].dashed,
                "note": (notes or {}).get(one.structure.name, ""),
                **_mask(one, lattice),
            }
            for one in outlines
        ],
    }


def _packed_view(
    maps: Mapping[str, Volume],
    gray: Volume | None,
    outlines: Sequence[Smooth],
    budget: tuple[int, int, int],
    *,
    packed: dict[Any, dict[str, Any]],
    reached: Mapping[str, NDArray[np.bool_]],
) -> dict[str, Any]:
    """The view within a budget; what was `packed` for another one is not again."""
    voxels, fine_voxels, others_stride = budget
    [first, *_] = maps.values()
    lattice = lattice_of(first.grid, [one.structure for one in outlines], voxels)
    factors = _finer(lattice.grid, fine_voxels)
    shown = []
    for number, (name, one) in enumerate(maps.items()):
        every = others_stride if number else 1
        key = (name, lattice.stride, every)
        if key not in packed:
            packed[key] = _map(
                one, first.grid, lattice, every=every, reached=reached.get(name)
            )
        shown.append({"name": name, **packed[key]})
    of_gray = ("", *factors, *lattice.grid.shape)
    if gray is not None and of_gray not in packed:
        packed[of_gray] = _gray(gray, _points(lattice.grid, factors))
    return {
        "grid": {
            "shape": list(lattice.grid.shape),
            "spacing_mm": list(lattice.grid.spacing_mm),
            "affine_mm": lattice.grid.affine_mm.tolist(),
            "to_index": np.linalg.inv(lattice.grid.affine_mm)[:3].tolist(),
            "every": lattice.stride,
            "tilt_deg": _tilt_deg(lattice.grid),
        },
        "maps": shown,
        "factors": factors,
        "gray": None if gray is None else packed[of_gray],
    }


def _map(
    one: Volume,
    first: Grid,
    lattice: Lattice,
    *,
    every: int,
    reached: NDArray[np.bool_] | None,
) -> dict[str, Any]:
    """A dose on the lattice, or on one in `every` of its voxels along each axis.

    A map that is `reached` in part has the first dose's own voxels.
    """
    dose = one.require(Quantity.DOSE)
    own = one.grid.matches(first)
    values = lattice.of(dose) if own else sampled(dose, one.grid, lattice.grid)
    values = values[::every, ::every, ::every]
    there = None if reached is None else lattice.of(reached)[::every, ::every, ::every]
    return {
        "every": every,
        "shape": list(values.shape),
        "interpolated": every > 1 or not own,
        **_dose(values, there),
    }


def _dose(values: NDArray[Any], there: NDArray[np.bool_] | None) -> dict[str, Any]:
    """Doses as squares of whole numbers, so that small ones keep their digits."""
    low = min(float(values.min()), 0.0)
    span = max(float(values.max()) - low, 1e-6)
    steps = np.rint(np.sqrt((values - low) / span) * _DOSE_STEPS)
    if there is not None:
        steps[~there] = _NO_DOSE
    return {
        "low_gy": low,
        "scale_gy": span / _DOSE_STEPS**2,
        "max_gy": low + span,
        "data": _packed(steps.astype(np.uint16)),
    }


def _mask(one: Smooth, lattice: Grid) -> dict[str, Any]:
    """A smooth mask, and where it lies in voxels of the doses' lattice."""
    start = lattice.index(one.grid.affine_mm[:3, 3])
    step = np.array(one.grid.spacing_mm) / np.array(lattice.spacing_mm)
    values = np.rint(one.values * _MASK_STEPS) * (256 / _MASK_STEPS)
    return {
        "shape": list(one.grid.shape),
        "start": [float(f"{at:.6g}") for at in start],
        "step": [float(f"{at:.6g}") for at in step],
        "data": _packed(np.minimum(values, 255).astype(np.uint8)),
    }


def lattice_of(
    grid: Grid, structures: Sequence[Structure], voxels_max: int | None = None
) -> Lattice:
    """The dose's voxels around structures, in the patient's order, so many at most."""
    directions = grid.affine_mm[:3, :3] / np.array(grid.spacing_mm)
    # The array axes that run along z, y and x most.
    order = max(
        permutations(range(3), 3),
        key=lambda axes: sum(
            abs(directions[world, axis])
            for world, axis in zip((2, 1, 0), axes, strict=True)
        ),
    )
    flipped = three(
        bool(directions[world, axis] < 0)
        for world, axis in zip((2, 1, 0), order, strict=True)
    )
    affine = np.eye(4)
    affine[:3, 3] = grid.affine_mm[:3, 3]
    for new, (axis, flip) in enumerate(zip(order, flipped, strict=True)):
        column = grid.affine_mm[:3, axis]
        if flip:
            affine[:3, 3] += column * (grid.shape[axis] - 1)
        affine[:3, new] = -column if flip else column
    shape = three(grid.shape[axis] for axis in order)
    turned = Grid(shape, affine, grid.frame_of_reference_uid)
    box = _box(turned, [one for one in structures if one.role is not Role.OTHER])
    voxels = voxels_max or _count(box)
    if turned.crop(box).shape != turned.shape and _count(box) > voxels:
        box = _box(turned, [one for one in structures if one.role in _OF_LIVER])
    stride = max(1, int(np.ceil((_count(box) / voxels) ** (1 / 3))))
    shown = turned.crop(box)
    if stride > 1:
        wider = shown.affine_mm.copy()
        wider[:3, :3] *= stride
        fewer = three(-(-n // stride) for n in shown.shape)
        shown = Grid(fewer, wider, grid.frame_of_reference_uid)
    return Lattice(order, flipped, stride, shown, box)


def _tilt_deg(grid: Grid) -> float:
    """How far the planes are from the patient's own, at most."""
    directions = grid.affine_mm[:3, :3] / np.array(grid.spacing_mm)
    cosines = [directions[world, axis] for axis, world in enumerate((2, 1, 0))]
    return round(float(np.degrees(np.arccos(min(min(cosines), 1.0)))), 1)


def _box(grid: Grid, structures: Sequence[Structure]) -> Box:
    """The voxels around structures, with a margin; all where there are none."""
    if not structures:
        return box_at((0, 0, 0), grid.shape)
    corners = np.concatenate([one.grid.corners_mm() for one in structures])
    return grid.box_around(corners, margin_mm=_MARGIN_MM)


def _count(box: Box) -> int:
    return int(np.prod([one.stop - one.start for one in box]))


def _finer(grid: Grid, voxels_max: int) -> list[int]:
    """How many picture voxels go on a dose voxel along each axis: coarsest first."""
    factors = [1, 1, 1]
    while True:
        sides = [side / f for side, f in zip(grid.spacing_mm, factors, strict=True)]
        axis = int(np.argmax(sides))
        more = factors.copy()
        # Odd, so that a dose voxel's middle is a picture voxel's.
        more[axis] += 2
        if (
            grid.spacing_mm[axis] / more[axis] < _FINE_MM
            or np.prod(more) * np.prod(grid.shape) > voxels_max
        ):
            return factors
        factors = more


def _points(grid: Grid, factors: Sequence[int]) -> Grid:
    """The lattice that is finer by a factor along each axis."""
    parts = np.array(factors, float)
    affine = grid.affine_mm.copy()
    affine[:3, :3] /= parts
    affine[:3, 3] = grid.world_mm((1 / parts - 1) / 2)
    shape = three(n * f for n, f in zip(grid.shape, factors, strict=True))
    return Grid(shape, affine, grid.frame_of_reference_uid)


def _gray(image: Volume, points: Grid) -> dict[str, Any]:
    if image.quantity is Quantity.CT_NUMBER:
        values = sampled(image.data, image.grid, points, outside=AIR_HU)
        levels, window, unit = _HU_LEVELS, (-160.0, 240.0), "HU"
    else:
        values = sampled(image.data, image.grid, points)
        top = float(np.percentile(values, 99.9)) or 1.0
        levels, window = np.linspace(0, top, 256), (0.0, top)
        unit = image.quantity.unit
    halves = (levels[1:] + levels[:-1]) / 2
    return {
        "levels": [float(f"{level:.6g}") for level in levels],
        "window": list(window),
        "unit": unit,
        "data": _packed(np.searchsorted(halves, values).astype(np.uint8)),
    }


def _packed(values: NDArray[Any]) -> str:
    """Differences from voxel to voxel, high bytes first, deflated, in base64."""
    flat = values.ravel()
    steps = np.diff(flat, prepend=flat.dtype.type(0))
    if steps.dtype == np.uint16:
        steps = np.concatenate([steps >> 8, steps & 255]).astype(np.uint8)
    return base64.b64encode(zlib.compress(steps.tobytes(), 6)).decode("ascii")
