"""What a page unpacks is what was computed."""

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.looks import structure_looks
from sirtdose.report.outlines import smooth
from sirtdose.report.view_data import lattice_of, view_data


def unpacked(text: str, dtype: Any) -> NDArray[Any]:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    if dtype == np.uint16:
        half = raw.size // 2
        steps = (raw[:half].astype(np.uint16) << 8) + raw[half:]
    else:
        steps = raw
    return np.cumsum(steps, dtype=dtype)


def doses(view: dict[str, Any], number: int = 0) -> NDArray[np.float64]:
    one = view["maps"][number]
    steps = unpacked(one["data"], np.uint16).astype(float)
    return (one["low_gy"] + one["scale_gy"] * steps**2).reshape(one["shape"])


def drawn(
    maps: dict[str, Volume],
    gray: Volume | None = None,
    structures: Sequence[Structure] = (),
    **more: Any,
) -> dict[str, Any]:
    [first, *_] = maps.values()
    axes = lattice_of(first.grid, structures).grid
    return view_data(
        maps,
        gray,
        [smooth(one, axes) for one in structures],
        looks=structure_looks(structures),
        **more,
    )


def mask(view: dict[str, Any], number: int = 0) -> tuple[NDArray[Any], float]:
    """Where a structure is inside, and the volume of one of its voxels in mL."""
    one = view["structures"][number]
    inside = unpacked(one["data"], np.uint8).reshape(one["shape"]) >= 128
    sides = np.array(one["step"]) * np.array(view["grid"]["spacing_mm"])
    return inside, float(sides.prod()) / 1000


def test_every_orientation_shows_its_doses_where_they_are(oriented: Volume) -> None:
    dose = oriented.with_data(
        np.asarray(oriented.data, np.float64) ** 1.2 - 3.0, Quantity.DOSE
    )
    view = drawn({"Dose": dose})
    shown, affine = doses(view), np.array(view["grid"]["affine_mm"])
    # Slices to the head, rows to the back, columns to the left, as near as they lie.
    for axis, world in ((0, 2), (1, 1), (2, 0)):
        assert np.abs(affine[:3, axis]).argmax() == world
        assert affine[world, axis] > 0
    for index in ((0, 0, 0), (1, 2, 3), tuple(n - 1 for n in shown.shape)):
        place = affine[:3, :3] @ index + affine[:3, 3]
        there = tuple(np.rint(dose.grid.index(place)).astype(int))
        assert np.allclose(dose.grid.world_mm(there), place, atol=1e-6)
        assert shown[index] == pytest.approx(dose.data[there], rel=0.01, abs=0.02)
    assert shown.size == dose.data.size


def test_gray_and_outlines_lie_on_the_dose() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(5.0, 4.0, 4.0), origin_mm=(-20, 5, 9))
    dose = Volume(np.ones((6, 8, 10)), grid, Quantity.DOSE)
    fine = Grid.regular((30, 40, 40), spacing_mm=(1.0,) * 3, origin_mm=(-21, 4, 8))
    hu = np.broadcast_to(np.arange(30)[:, None, None] * 5.0, (30, 40, 40))
    block = np.zeros((6, 8, 10), bool)
    block[1:5, 2:7, 2:9] = True
    view = drawn(
        {"Dose": dose},
        Volume(hu, fine, Quantity.CT_NUMBER),
        [Structure("T", Role.TUMOR, block, grid)],
    )
    factors = view["factors"]
    assert min(factors) == 3
    shape = [n * f for n, f in zip(view["grid"]["shape"], factors, strict=True)]
    levels = np.array(view["gray"]["levels"])
    gray = levels[unpacked(view["gray"]["data"], np.uint8)].reshape(shape)
    # 5 HU a millimeter upwards from z = 8.
    affine = np.array(view["grid"]["affine_mm"])
    z = affine[2, 3] + 5.0 * ((np.arange(shape[0]) + 0.5) / factors[0] - 0.5)
    expected = 5.0 * (z - 8)
    inside = (expected > 0) & (expected < 140)
    column = gray[:, shape[1] // 2, shape[2] // 2]
    assert np.abs(column[inside] - expected[inside]).max() < 1.3
    inside, voxel_ml = mask(view)
    # Rounded corners and all, as much lies inside as was drawn: 4 x 5 x 7 voxels.
    assert inside.sum() * voxel_ml == pytest.approx(140 * 80 / 1000, rel=0.03)
    one = view["structures"][0]
    middle = np.argwhere(inside).mean(axis=0) * one["step"] + one["start"]
    there = affine[:3, :3] @ middle + affine[:3, 3]
    assert np.allclose(there, grid.world_mm([2.5, 4.0, 5.0]), atol=0.3)


def test_a_lesion_of_half_a_voxel_is_outlined() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(5.0, 4.0, 4.0))
    part = np.zeros((6, 8, 10), np.float32)
    part[3, 4, 5] = 0.2
    dose = Volume(np.ones((6, 8, 10)), grid, Quantity.DOSE)
    inside, _ = mask(
        drawn({"Dose": dose}, None, [Structure("T", Role.TUMOR, part, grid)])
    )
    assert inside.any()


def test_tilted_planes_are_known_to_be() -> None:
    turn = np.radians(12)
    affine = np.eye(4)
    affine[:3, :3] = np.fliplr(np.eye(3))
    affine[:3, :3] = (
        np.array(
            [
                [np.cos(turn), 0, np.sin(turn)],
                [0, 1, 0],
                [-np.sin(turn), 0, np.cos(turn)],
            ]
        )
        @ affine[:3, :3]
    )
    tilted = Volume(np.ones((4, 5, 6)), Grid((4, 5, 6), affine), Quantity.DOSE)
    assert drawn({"Dose": tilted})["grid"]["tilt_deg"] == 12.0
    straight = Grid.regular((4, 5, 6), spacing_mm=(1.0, 1.0, 1.0))
    level = Volume(np.ones((4, 5, 6)), straight, Quantity.DOSE)
    assert drawn({"Dose": level})["grid"]["tilt_deg"] == 0.0


def test_noise_everywhere_still_fits_a_page() -> None:
    """A fine PET and a fine CT of noise: coarser, and said so."""
    noise = np.random.default_rng(1)
    grid = Grid.regular((160, 200, 200), spacing_mm=(2.0, 2.0, 2.0))
    dose = Volume(noise.exponential(20, grid.shape), grid, Quantity.DOSE)
    ct = Volume(noise.normal(40, 30, grid.shape), grid, Quantity.CT_NUMBER)
    view = drawn({"Dose": dose, "Other": dose}, ct)
    size = sum(len(one["data"]) for one in (*view["maps"], view["gray"]))
    assert size < 2_400_000
    every = view["grid"]["every"]
    assert every > 1
    shown = doses(view)
    for k, j, i in ((3, 5, 7), (20, 11, 2)):
        expected = dose.data[k * every, j * every, i * every]
        assert shown[k, j, i] == pytest.approx(expected, rel=0.01)


def test_doses_are_read_to_better_than_a_percent() -> None:
    grid = Grid.regular((1, 20, 50), spacing_mm=(5.0, 5.0, 5.0))
    values = np.geomspace(0.5, 600.0, 1000).reshape(grid.shape)
    shown = doses(drawn({"Dose": Volume(values, grid, Quantity.DOSE)}))
    assert np.abs(shown / values - 1).max() < 0.01
    assert np.abs(shown / values - 1)[values > 50].max() < 0.001


def test_maps_of_other_voxels_are_brought_onto_the_first() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(4.0, 4.0, 4.0))
    finer = Grid.regular((12, 16, 20), spacing_mm=(2.0, 2.0, 2.0), origin_mm=(-1,) * 3)
    z = grid.world_mm(np.argwhere(np.ones(grid.shape)))[:, 2].reshape(grid.shape)
    fine_z = finer.world_mm(np.argwhere(np.ones(finer.shape)))[:, 2]
    maps = {
        "First": Volume(100 + z, grid, Quantity.DOSE),
        "Other": Volume(200 + fine_z.reshape(finer.shape), finer, Quantity.DOSE),
    }
    view = drawn(maps)
    assert [one["interpolated"] for one in view["maps"]] == [False, True]
    apart = doses(view, 1) - doses(view)
    assert np.allclose(apart, 100, atol=0.3)


def test_a_map_that_ends_has_no_dose_beyond(oriented: Volume) -> None:
    """Such voxels have a mark of their own, which no dose has."""
    dose = Volume(oriented.data, oriented.grid, Quantity.DOSE)
    reached = np.indices(dose.grid.shape)[2] < 4
    view = drawn({"Delivered": dose, "Plan": dose}, reached={"Plan": reached})
    whole, part = (unpacked(one["data"], np.uint16) for one in view["maps"])
    assert whole.max() == 4095
    assert (part == 65535).sum() == (~reached).sum()
    there = part != 65535
    np.testing.assert_array_equal(part[there], whole[there])
    x = lattice_of(dose.grid, ()).of(reached).ravel()
    np.testing.assert_array_equal(there, x)
