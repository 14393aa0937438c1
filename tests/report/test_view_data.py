"""What a page unpacks is what was computed."""

import base64
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.view_data import view_data


def unpacked(text: str, dtype: Any) -> NDArray[Any]:
    raw = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)
    if dtype == np.uint16:
        half = raw.size // 2
        steps = (raw[:half].astype(np.uint16) << 8) + raw[half:]
    else:
        steps = raw
    return np.cumsum(steps, dtype=dtype)


def doses(view: dict[str, Any]) -> NDArray[np.float64]:
    steps = unpacked(view["dose"]["data"], np.uint16)
    values = view["dose"]["low_gy"] + view["dose"]["step_gy"] * steps.astype(float)
    return values.reshape(view["grid"]["shape"])


def test_every_orientation_shows_its_doses_where_they_are(oriented: Volume) -> None:
    dose = oriented.with_data(
        np.asarray(oriented.data, np.float64) ** 1.2 - 3.0, Quantity.DOSE
    )
    view = view_data(dose, None, [], colors={})
    shown, affine = doses(view), np.array(view["grid"]["affine_mm"])
    step = view["dose"]["step_gy"]
    # Slices to the head, rows to the back, columns to the left, as near as they lie.
    for axis, world in ((0, 2), (1, 1), (2, 0)):
        assert np.abs(affine[:3, axis]).argmax() == world
        assert affine[world, axis] > 0
    for index in ((0, 0, 0), (1, 2, 3), tuple(n - 1 for n in shown.shape)):
        place = affine[:3, :3] @ index + affine[:3, 3]
        there = tuple(np.rint(dose.grid.index(place)).astype(int))
        assert np.allclose(dose.grid.world_mm(there), place, atol=1e-6)
        assert shown[index] == pytest.approx(dose.data[there], abs=step / 2 + 1e-9)
    assert shown.size == dose.data.size


def test_gray_and_outlines_lie_on_the_dose() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(5.0, 4.0, 4.0), origin_mm=(-20, 5, 9))
    dose = Volume(np.ones((6, 8, 10)), grid, Quantity.DOSE)
    fine = Grid.regular((30, 40, 40), spacing_mm=(1.0,) * 3, origin_mm=(-21, 4, 8))
    hu = np.broadcast_to(np.arange(30)[:, None, None] * 5.0, (30, 40, 40))
    mask = np.zeros((6, 8, 10), bool)
    mask[1:5, 2:7, 2:9] = True
    view = view_data(
        dose,
        Volume(hu, fine, Quantity.CT_NUMBER),
        [Structure("T", Role.TUMOR, mask, grid)],
        colors={"T": "#ffffff"},
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
    bits = zlib.decompress(base64.b64decode(view["structures"][0]["data"]))
    outlined = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    outlined = outlined[: int(np.prod(shape))].reshape(shape)
    volume_mm3 = outlined.sum() * 5 * 4 * 4 / np.prod(factors)
    # Interpolation rounds the corners of 4 x 5 x 7 voxels off.
    assert volume_mm3 == pytest.approx(140 * 80, rel=0.1)


def test_a_lesion_of_half_a_voxel_is_outlined() -> None:
    grid = Grid.regular((6, 8, 10), spacing_mm=(5.0, 4.0, 4.0))
    part = np.zeros((6, 8, 10), np.float32)
    part[3, 4, 5] = 0.2
    view = view_data(
        Volume(np.ones((6, 8, 10)), grid, Quantity.DOSE),
        None,
        [Structure("T", Role.TUMOR, part, grid)],
        colors={"T": "#ffffff"},
    )
    bits = zlib.decompress(base64.b64decode(view["structures"][0]["data"]))
    assert any(bits)


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
    assert view_data(tilted, None, [], colors={})["grid"]["tilt_deg"] == 12.0
    straight = Grid.regular((4, 5, 6), spacing_mm=(1.0, 1.0, 1.0))
    level = Volume(np.ones((4, 5, 6)), straight, Quantity.DOSE)
    assert view_data(level, None, [], colors={})["grid"]["tilt_deg"] == 0.0


def test_noise_everywhere_still_fits_a_page() -> None:
    """A fine PET and a fine CT of noise: coarser, and said so."""
    noise = np.random.default_rng(1)
    grid = Grid.regular((160, 200, 200), spacing_mm=(2.0, 2.0, 2.0))
    dose = Volume(noise.exponential(20, grid.shape), grid, Quantity.DOSE)
    ct = Volume(noise.normal(40, 30, grid.shape), grid, Quantity.CT_NUMBER)
    view = view_data(dose, ct, [], colors={})
    size = len(view["dose"]["data"]) + len(view["gray"]["data"])
    assert size < 2_400_000
    every = view["grid"]["every"]
    assert every > 1
    shown = doses(view)
    step = view["dose"]["step_gy"]
    for k, j, i in ((3, 5, 7), (20, 11, 2)):
        expected = dose.data[k * every, j * every, i * every]
        assert shown[k, j, i] == pytest.approx(expected, abs=step / 2 + 1e-9)
