"""Convolution against a library's, in slabs and whole."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import convolve as reference

from sirtdose.dosimetry.engine import convolution
from sirtdose.dosimetry.engine.convolution import convolve
from sirtdose.dosimetry.engine.kernel import voxel_kernel

sizes = st.tuples(st.integers(1, 13), st.integers(1, 9), st.integers(1, 11))


@given(sizes, st.tuples(*[st.integers(1, 4)] * 3), st.integers(0, 2**31))
def test_any_sizes(shape, reach, seed) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    data = rng.normal(size=shape).astype(np.float32)
    octant = rng.random(reach)
    full = octant
    for axis in range(3):
        mirrored = np.delete(np.flip(full, axis), -1, axis)
        full = np.concatenate([mirrored, full], axis)
    expected = reference(data.astype(float), full, method="direct")
    result = convolve(data, octant).values
    assert result.dtype == np.float32
    assert result.shape == expected.shape
    np.testing.assert_allclose(
        result, expected, atol=2e-6 * np.abs(data).sum() * octant.max()
    )


def test_slabs_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(4).random((50, 20, 17), dtype=np.float32)
    octant = voxel_kernel("Y-90", (3.0, 4.0, 5.0)).octant
    whole = convolve(data, octant).values
    monkeypatch.setattr(convolution, "_VOXELS_MAX", 20_000)
    slabs = convolve(data, octant).values
    np.testing.assert_allclose(slabs, whole, atol=2e-6 * whole.max())
    assert slabs.sum(dtype=float) == pytest.approx(
        data.sum(dtype=float) * voxel_kernel("Y-90", (3.0, 4.0, 5.0)).energy_recovered,
        rel=1e-5,
    )


@given(sizes, st.tuples(*[st.integers(1, 4)] * 3), st.data())
def test_a_part_of_what_lies_beyond(shape, reach, data) -> None:  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(7)
    image = rng.normal(size=shape).astype(np.float32)
    octant = rng.random(reach)
    sides = [st.tuples(*[st.integers(0, n - 1)] * 2) for n in reach]
    beyond = data.draw(st.tuples(*sides))
    whole = convolve(image, octant)
    part = convolve(image, octant, beyond)
    kept = tuple(
        slice(r - 1 - low, r - 1 + n + high)
        for r, n, (low, high) in zip(reach, shape, beyond, strict=True)
    )
    scale = np.abs(image).sum() * octant.max()
    np.testing.assert_allclose(part.values, whole.values[kept], atol=2e-6 * scale)
    assert part.total == pytest.approx(whole.total, abs=1e-5 * octant.size * scale)


def test_a_part_in_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    data = np.random.default_rng(4).random((50, 20, 17), dtype=np.float32)
    octant = voxel_kernel("Y-90", (3.0, 4.0, 5.0)).octant
    beyond = ((2, 0), (0, 1), (1, 1))
    whole = convolve(data, octant, beyond)
    monkeypatch.setattr(convolution, "_VOXELS_MAX", 20_000)
    slabs = convolve(data, octant, beyond)
    assert slabs.values.shape == (52, 21, 19)
    np.testing.assert_allclose(slabs.values, whole.values, atol=2e-6)
    assert slabs.total == pytest.approx(whole.total, rel=1e-5)


def test_the_same_bytes_every_time() -> None:
    data = np.random.default_rng(5).random((30, 31, 32), dtype=np.float32)
    octant = voxel_kernel("Y-90", (4.0, 4.0, 4.0)).octant
    assert (
        convolve(data, octant).values.tobytes()
        == convolve(data, octant).values.tobytes()
    )
