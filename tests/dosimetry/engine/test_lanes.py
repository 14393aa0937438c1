"""Lanes: where rows are cut, where tissue gets denser, and rays one by one."""

from collections.abc import Iterator

import numpy as np
import pytest

from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.lanes import (
    PARTS,
    WIDTH,
    Image,
    Lanes,
    Steps,
    follow,
    rises_by_way,
)

WALL = np.float32(1e23)
SOFT, HARD, LEAST = np.float32(10.0), np.float32(18.0), np.float32(0.5)
TURNED_BACK, WAY_BACK = np.float32(0.2), np.float32(1.5)
BONE = (SOFT, HARD, LEAST, TURNED_BACK, WAY_BACK)
# Energy within so many steps, to the end of the range.
WITHIN = (1 - np.exp(-np.arange(120) / 30)).astype(np.float32)
UNITS = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def walled(shape: tuple[int, int, int], seed: int) -> np.ndarray:
    """Air, soft tissue with noise, and bone, in a wall."""
    random = np.random.default_rng(seed)
    image = np.full(tuple(n + 2 for n in shape), WALL)
    tissues = random.choice([0.02, 2.6, 9.9, 10.6, 18.5], shape)
    image[1:-1, 1:-1, 1:-1] = tissues + random.normal(0, 0.3, shape).clip(-0.01)
    return image.astype(np.float32)


def flat(image: np.ndarray) -> np.ndarray:
    return np.concatenate([image.ravel(), np.full(WIDTH, WALL, np.float32)])


def strides(image: np.ndarray) -> tuple[int, int, int]:
    return (image.shape[1] * image.shape[2], image.shape[2], 1)


def rays(random: np.random.Generator, number: int, steps: int) -> Iterator[list[int]]:
    """Ways of paths that never turn round, as those of straight lines."""
    for _ in range(number):
        some = [2 * axis + int(random.integers(2)) for axis in range(3)]
        yield [some[k] for k in random.integers(0, 3, steps)]


@pytest.mark.parametrize("seed", range(4))
def test_every_source_is_in_one_lane(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = (3, 4, 3 * WIDTH + 5)
    decays = random.random(shape) * (random.random(shape) < 0.02)
    lanes = Lanes.of(iter(decays.astype(np.float32)), shape[2] + 2)
    padded = np.pad(decays, 1).astype(np.float32)
    found = np.zeros(padded.size + WIDTH, np.float32)
    for start, activity in zip(lanes.starts, lanes.activity, strict=True):
        assert activity.any()
        found[start : start + WIDTH] += activity
    assert np.array_equal(found[: padded.size].reshape(padded.shape), padded)


@pytest.mark.parametrize("shape", [(4, 5, 6), (3, 3, 150), (60, 90, 70)])
def test_where_a_step_leads_towards_bone(shape: tuple[int, int, int]) -> None:
    image = walled(shape, 7)
    words = rises_by_way(flat(image), strides(image), BONE)
    inside = (slice(1, -1),) * 3
    for way, unit in enumerate(UNITS):
        came_from = np.roll(image, unit, axis=(0, 1, 2))
        expected = (image < WALL) & (
            np.minimum(image, HARD) > np.maximum(came_from, SOFT) + LEAST
        )
        bits = np.unpackbits(words[way].view(np.uint8), bitorder="little")
        found = bits[: image.size].reshape(image.shape).astype(bool)
        assert np.array_equal(found[inside], expected[inside])
        assert not (found & (image == WALL)).any()
        assert not bits[image.size :].any()
    # In one tissue nothing rises, be it as dense as bone.
    image[inside] = HARD
    assert not rises_by_way(flat(image), strides(image), BONE).any()


def one_by_one(
    decays: np.ndarray, image: np.ndarray, paths: list[list[int]], lengths: np.ndarray
) -> np.ndarray:
    """Every ray of every source by itself, in double precision."""
    energy, end = np.zeros(image.shape), len(WITHIN) - 1

    def within(at: float) -> float:
        return float(WITHIN[int(min(at, end))])

    for source in np.argwhere(decays):
        for ways, mm in zip(paths, lengths, strict=True):
            carried = float(decays[tuple(source)]) / len(paths)
            places = [source]
            places += list(source + np.cumsum([UNITS[way] for way in ways], axis=0))
            at, back = 0.0, []
            for k, place in enumerate(map(tuple, places)):
                own = float(image[place])
                was = max(float(image[tuple(places[max(k - 1, 0)])]), float(SOFT))
                rise = min(own, float(HARD)) - was
                if k and rise > LEAST and own < WALL:
                    part = carried * float(TURNED_BACK) * rise / float(HARD - SOFT)
                    carried -= part
                    back.append((k, part, at))
                energy[place] += carried * (within(at + own * mm[k]) - within(at))
                at += own * mm[k]
                if at >= end:
                    break
            for k, part, before in back:
                for m in range(k - 1, -len(places), -1):
                    away = places[abs(m)] - source
                    place = tuple(source + (away if m >= 0 else -away))
                    at = before + WAY_BACK * float(image[place]) * mm[abs(m)]
                    energy[place] += part * (within(at) - within(before))
                    before = at
                    if at >= end:
                        break
    return energy


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("shape", [(7, 6, 9), (3, 4, WIDTH + 6)])
def test_lanes_do_what_each_ray_does_by_itself(
    shape: tuple[int, int, int], fast: bool
) -> None:
    random = np.random.default_rng(11)
    image = walled(shape, 3)
    decays = np.zeros(image.shape, np.float32)
    some = random.random(shape) * (random.random(shape) < 0.1)
    decays[1:-1, 1:-1, 1:-1] = some
    steps, paths = sum(image.shape), list(rays(random, 12, sum(image.shape) - 1))
    # Multiples of a half, and steps that are rounded alike in both precisions.
    lengths = random.integers(1, 5, (len(paths), steps)) / 2
    image[image < WALL] = np.round(image[image < WALL] * 64) / 64
    moves = np.array([[UNITS[way] for way in ways] for ways in paths])
    shifts = np.pad((moves @ strides(image)).cumsum(axis=1), ((0, 0), (1, 0)))
    weights = np.full(len(paths), 1 / len(paths), np.float32)
    lanes = Lanes.of(iter(some.astype(np.float32)), image.shape[2])
    words = rises_by_way(flat(image), strides(image), BONE)
    given: Image = (lanes.starts, lanes.activity, flat(image), WITHIN, BONE, words)
    ways = np.pad(np.array(paths, np.int8), ((0, 0), (1, 0)))
    ray: Steps = (shifts, lengths.astype(np.float32), weights, ways)
    found = np.zeros(image.size + WIDTH)
    (compiled(follow, follow, *PARTS) if fast else follow)(ray, given, found)
    expected = one_by_one(decays, image, paths, lengths)
    assert (expected[image == WALL] > 0).any()
    np.testing.assert_allclose(
        found[: image.size].reshape(image.shape), expected, rtol=2e-5, atol=1e-7
    )
    # Bone has turned something back: without it another dose is found.
    without = np.zeros_like(found)
    follow(ray, (*given[:5], np.zeros_like(words)), without)
    assert np.abs(without - found).max() > 0.01 * found.max()
