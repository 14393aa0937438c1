"""Rigid, affine and bent registration of a textured phantom whose motion is known.

Prints the table of docs/measurements.md: how far landmarks in the liver lie from their
place, and what becomes of the liver and of a tumor drawn on the other image. A number
as the first argument repeats it with so many other textures.
"""

import sys
from collections.abc import Callable

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from sirtdose.checks.transforms import (
    bend_findings,
    change_findings,
    transform_findings,
)
from sirtdose.dosimetry.grid.mutual_information import register
from sirtdose.dosimetry.grid.registration import Registration, moved, of_transform
from sirtdose.model.finding import Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.registration import measured

SPACING_MM, SHAPE = 3.0, (80, 100, 120)
TEXTURE_HU, TEXTURE_MM, NOISE_HU = 12.0, 5.0, 12.0
LIVER_AT, LIVER_MM = (-45.0, 0.0, 0.0), (80.0, 65.0, 62.0)
TUMOR_AT, TUMOR_MM = (-70.0, 10.0, 20.0), 11.2
LANDMARKS = 200

Displacement = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def main() -> None:
    """Three motions, each by every method."""
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    print(
        "| motion | registration | landmarks, mean mm | greatest mm | liver mL | Dice "
        "| tumor mL | Dice | asked |"
    )
    print("|---" * 9 + "|")
    for name, motion in MOTIONS.items():
        for seed in seeds:
            print_motion(name, motion, seed)


def print_motion(name: str, motion: Displacement, seed: int) -> None:
    """One table row a method."""
    grid = Grid.regular(
        SHAPE,
        spacing_mm=(SPACING_MM,) * 3,
        origin_mm=tuple(-SPACING_MM * (n - 1) / 2 for n in SHAPE[::-1]),
    )
    at = grid.world_mm(np.stack(np.indices(SHAPE), axis=-1))
    drawn_on, masks = scene(at, seed)
    noise = np.random.default_rng(seed + 1000).normal(size=(2, *SHAPE)) * NOISE_HU
    # A point of the image lies at `there` in the one drawn on.
    there = at + motion(at)
    index = np.moveaxis(grid.index(there), -1, 0)
    seen = map_coordinates(drawn_on, index, order=1, mode="nearest")
    fixed = Volume(seen + noise[0], grid, Quantity.CT_NUMBER)
    moving = Volume(drawn_on + noise[1], grid, Quantity.CT_NUMBER)
    structures = [
        Structure(role.title(), role, mask, grid) for role, mask in masks.items()
    ]
    truth = {
        role: map_coordinates(mask.astype(float), index, order=1) >= 0.5
        for role, mask in masks.items()
    }
    rng = np.random.default_rng(seed + 2000)
    inside = np.argwhere(truth[Role.LIVER])
    points = grid.world_mm(inside[rng.choice(len(inside), LANDMARKS, replace=False)])
    identity = of_transform(SimpleITK.TranslationTransform(3), grid, method="file")
    for method in ("none", "rigid", "affine", "bspline"):
        found = identity if method == "none" else register(fixed, moving, method=method)
        errors = landmark_errors(found, points, points + motion(points))
        cells = [f"{errors.mean():.1f}", f"{errors.max():.1f}"]
        for one in structures:
            laid = on_grid(moved(one, found, grid), grid)
            cells += [
                f"{one.volume_ml:.2f} to {laid.sum() * grid.voxel_volume_ml:.2f}",
                f"{dice(laid, truth[one.role]):.2f}",
            ]
        cells.append(asked(found, structures, grid))
        print(f"| {name} | {method} | " + " | ".join(cells) + " |", flush=True)


def asked(found: Registration, structures: list[Structure], grid: Grid) -> str:
    """Which of the program's questions the registration raises."""
    brought = [moved(one, found, grid) for one in structures]
    known = measured(found, structures, brought, grid)
    said = transform_findings(known, what="structures were")
    said += bend_findings(known)
    said += change_findings(known.changes, voxel_volume_ml=grid.voxel_volume_ml)
    messages = [one.message for one in said if one.severity is Severity.ASK]
    return "; ".join(one.split(":")[0] for one in messages) or "nothing"


def scene(
    at: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64], dict[Role, NDArray[np.bool_]]]:
    """An abdomen: body, lungs, spine, spleen and a liver with texture and a tumor."""
    rng = np.random.default_rng(seed)
    white = rng.normal(size=at.shape[:3])
    texture = gaussian_filter(white, TEXTURE_MM / SPACING_MM)
    texture *= TEXTURE_HU / texture.std()
    image = np.full(at.shape[:3], -1000.0)
    image[ellipsoid(at, (0, 0, 0), (165, 125, 1e4))] = -90.0
    image[ellipsoid(at, (0, 0, 0), (150, 110, 1e4))] = 40.0
    for side in (-1, 1):
        image[ellipsoid(at, (75 * side, 0, 130), (60, 80, 75))] = -800.0
    liver = ellipsoid(at, LIVER_AT, LIVER_MM)
    image[liver] = 105.0
    tumor = ellipsoid(at, TUMOR_AT, (TUMOR_MM,) * 3)
    image[tumor] = 75.0
    image[ellipsoid(at, (95, 45, 20), (32, 32, 45))] = 115.0
    image[ellipsoid(at, (0, 85, 0), (20, 20, 1e4))] = 300.0
    soft = image > -200
    image[soft] += texture[soft]
    return gaussian_filter(image, 0.6), {Role.LIVER: liver, Role.TUMOR: tumor}


def ellipsoid(
    at: NDArray[np.float64], center: tuple[float, ...], axes: tuple[float, ...]
) -> NDArray[np.bool_]:
    """Points within an ellipsoid, all in mm."""
    return np.asarray((((at - center) / axes) ** 2).sum(axis=-1) <= 1)


def breathing(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The top of the liver 12 mm further down, its foot 2 mm."""
    found = np.zeros_like(at)
    top = 1 / (1 + np.exp(-(at[..., 2] - 10) / 25))
    found[..., 2] = 2 + 10 * top
    found[..., 1] = -3 * top
    return found


def bending(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Waves of 5 mm along each axis, as between two positions of the arms."""
    found = np.empty_like(at)
    found[..., 0] = 5 * np.sin(at[..., 2] / 60)
    found[..., 1] = 5 * np.sin(at[..., 0] / 60)
    found[..., 2] = 5 * np.sin(at[..., 1] / 60)
    return found


def lying(at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shifted by 7 mm, not bent at all."""
    return np.broadcast_to((4.0, -3.0, 5.0), at.shape).astype(float)


MOTIONS: dict[str, Displacement] = {
    "breathing": breathing,
    "bending": bending,
    "shift alone": lying,
}


def landmark_errors(
    found: Registration, points: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How far the transform takes each point from its place, in mm."""
    ends = [found.transform.TransformPoint(one) for one in points.tolist()]
    return np.asarray(np.linalg.norm(np.array(ends) - true, axis=1))


def on_grid(structure: Structure, grid: Grid) -> NDArray[np.bool_]:
    """Which voxels of the image a structure that was brought over holds."""
    from sirtdose.dosimetry.grid.resample import occupancy_on

    placed = occupancy_on(structure, grid)
    offset = placed.grid.offset_in(grid)
    assert offset is not None
    whole = np.zeros(grid.shape, bool)
    box = tuple(slice(a, a + n) for a, n in zip(offset, placed.grid.shape, strict=True))
    whole[box] = placed.occupancy >= 0.5
    return whole


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Dice coefficient of two masks."""
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


if __name__ == "__main__":
    main()
