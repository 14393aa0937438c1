"""Histograms of doses known at points, against solids in a linear gradient."""

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.sampled_dvh import sampled_dvh
from sirtdose.errors import GeometryError, QuantityError, StructureError
from sirtdose.io.dicom.contour_fill import common_frame, fill
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# A 24 mm sphere, cylinder and cone (its tip up) at a place that no grid knows; the
# dose is 16 Gy in the middle and rises by 1 Gy/mm.
RADIUS, HEIGHT = 12.0, 24.0
CENTER = np.array([1.31, -0.74, 2.17])
FRACTIONS = (0.98, 0.95, 0.90, 0.70, 0.50, 0.02)


def radius_mm(solid: str, z: float) -> float:
    if solid == "sphere":
        return float(np.sqrt(RADIUS**2 - z**2))
    return RADIUS if solid == "cylinder" else RADIUS * (0.5 - z / HEIGHT)


def contoured(solid: str) -> Structure:
    angle = np.radians(np.arange(360))
    contours = []
    for z in np.arange(-11.5, 12, 1.0):
        r = radius_mm(solid, z)
        ring = (r * np.cos(angle), r * np.sin(angle), np.full(360, z))
        contours.append(np.stack(ring, axis=1) + CENTER)
    frame = common_frame(contours, solid)
    mask, grid, _ = fill(contours, frame, name=solid, frame_of_reference_uid=None)
    return Structure(solid, Role.TUMOR, mask, grid)


def linear_dose(spacing_mm: float, along: str) -> Volume:
    n = int(60 / spacing_mm) + 2
    grid = Grid.regular(
        (n, n + 1, n + 2), spacing_mm=(spacing_mm,) * 3, origin_mm=(-30.2, -29.9, -30.4)
    )
    places = grid.world_mm(np.stack(np.indices(grid.shape), axis=-1))
    axis = "xyz".index(along)
    return Volume(16 + places[..., axis] - CENTER[axis], grid, Quantity.DOSE)


def sections_mm2(solid: str, along: str) -> tuple[NDArray, NDArray]:
    """Places along the gradient, and the area of the solid's section at each."""
    t = np.linspace(-RADIUS, RADIUS, 4001)
    if solid == "sphere":
        return t, np.pi * (RADIUS**2 - t**2)
    if solid == "cylinder":
        if along == "z":
            return t, np.full_like(t, np.pi * RADIUS**2)
        return t, 2 * np.sqrt(RADIUS**2 - t**2) * HEIGHT
    if along == "z":
        return t, np.pi * (RADIUS * (0.5 - t / HEIGHT)) ** 2
    z = np.linspace(-HEIGHT / 2, HEIGHT / 2, 4001)
    chord = np.maximum((RADIUS * (0.5 - z / HEIGHT)) ** 2 - t[:, None] ** 2, 0)
    return t, np.trapezoid(2 * np.sqrt(chord), z, axis=1)


@pytest.mark.parametrize("spacing_mm", [1.0, 3.0])
@pytest.mark.parametrize("along", ["y", "z"])
@pytest.mark.parametrize("solid", ["sphere", "cylinder", "cone"])
def test_solids_in_a_linear_gradient(solid: str, along: str, spacing_mm: float) -> None:
    dvh = sampled_dvh(contoured(solid), linear_dose(spacing_mm, along))
    t, area = sections_mm2(solid, along)
    assert dvh.volume_ml == pytest.approx(np.trapezoid(area, t) / 1000, rel=5e-3)
    mean = np.trapezoid(area * (16 + t), t) / np.trapezoid(area, t)
    assert dvh.mean_gy == pytest.approx(mean, rel=5e-3)
    # From the hot end on.
    steps = (area[1:] + area[:-1]) / 2
    hotter = np.concatenate([[0.0], np.cumsum(steps[::-1])]) / steps.sum()
    for fraction in FRACTIONS:
        expected = np.interp(fraction, hotter, 16 + t[::-1])
        found = dvh.dose_to_volume_fraction_gy(fraction)
        assert found == pytest.approx(expected, rel=5e-3), fraction


def test_a_large_structure_is_merged_to_fewer_cells() -> None:
    """8 L of 1 mm voxels on a 4 mm dose: the same as by exact overlap."""
    grid = Grid.regular((200, 200, 200), spacing_mm=(1.0, 1.0, 1.0))
    body = Structure("Body", Role.OTHER, np.ones(grid.shape, bool), grid)
    points = Grid.regular(
        (60, 61, 62), spacing_mm=(4.0, 4.0, 4.0), origin_mm=(-20.0, -20.0, -20.0)
    )
    places = points.world_mm(np.stack(np.indices(points.shape), axis=-1))
    dose = Volume(
        50 + 0.1 * places[..., 0] + 0.05 * places[..., 2], points, Quantity.DOSE
    )
    dvh = sampled_dvh(body, dose)
    assert dvh.dose_gy.size < 1_000_000
    assert dvh.volume_ml == pytest.approx(8000, rel=1e-6)
    assert dvh.mean_gy == pytest.approx(50 + 0.15 * 99.5, rel=1e-4)
    exact = Dvh.of_structure(occupancy_on(body, points), dose)
    assert dvh.dose_to_volume_fraction_gy(0.7) == pytest.approx(
        exact.dose_to_volume_fraction_gy(0.7), rel=2e-3
    )


def test_an_oblique_structure_is_sampled_where_it_lies() -> None:
    turn = np.radians(30)
    affine = np.eye(4)
    affine[:3, 0] = [0, 0, 1]
    affine[:3, 1] = [-np.sin(turn), np.cos(turn), 0]
    affine[:3, 2] = [np.cos(turn), np.sin(turn), 0]
    affine[:3, :3] *= 1.0
    bar = Structure(
        "bar",
        Role.TUMOR,
        np.ones((4, 4, 20), bool),
        Grid((4, 4, 20), np.vstack([affine[:3], [0, 0, 0, 1]])),
    )
    dose = linear_dose(3.0, "x")
    # Its middle lies 9.5 mm along the bar and 1.5 mm across.
    middle = 9.5 * np.cos(turn) - 1.5 * np.sin(turn)
    found = sampled_dvh(bar, dose).mean_gy
    assert found == pytest.approx(16 + middle - CENTER[0], abs=0.01)


def test_refusals() -> None:
    dose = linear_dose(3.0, "z")
    grid = Grid.regular((2, 2, 2), spacing_mm=(1.0,) * 3, origin_mm=(500.0, 0.0, 0.0))
    away = Structure.named("T", np.ones((2, 2, 2), bool), grid)
    with pytest.raises(
        StructureError, match=r"100\.0% of the volume of 'T' lies outside the dose grid"
    ):
        sampled_dvh(away, dose)
    empty = Structure.named("T", np.zeros((2, 2, 2), bool), grid)
    with pytest.raises(StructureError, match="is empty"):
        sampled_dvh(empty, dose)
    with pytest.raises(QuantityError):
        sampled_dvh(away, Volume(dose.data, dose.grid, Quantity.COUNTS))
    other = Grid.regular((2, 2, 2), spacing_mm=(1.0,) * 3, frame_of_reference_uid="1.2")
    framed = Grid(dose.grid.shape, dose.grid.affine_mm, "1.3")
    here = Structure.named("T", np.ones((2, 2, 2), bool), other)
    with pytest.raises(GeometryError, match="H15"):
        sampled_dvh(here, Volume(dose.data, framed, Quantity.DOSE))
