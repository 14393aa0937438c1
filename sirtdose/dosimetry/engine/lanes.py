"""Sources side by side: lanes that follow the same rays, many at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# So many voxels of a row are followed at once, whether all of them are sources or not.
WIDTH = 64
# So many voxels at a time stay in a processor's cache.
_CHUNK = 1 << 18
# The place of a number's one bit, by its remainder: 2 is a primitive root of 67.
_ROOT = np.uint64(67)
_PLACES = np.zeros(67, np.uint64)
_PLACES[[pow(2, place, 67) for place in range(64)]] = range(64)
# Denser than this is no tissue, in steps of areal density per mm.
NO_TISSUE = np.float32(1e6)

# Soft tissue's most and bone's steps of areal density per mm, the least rise that turns
# energy back, how much, and how much sooner that is used up.
Bone: TypeAlias = tuple[np.float32, np.float32, np.float32, np.float32, np.float32]
# Where lanes begin in the flattened image, their activity (lanes, WIDTH), steps of
# areal density per mm, the energy within so many of them, what is known of bone, and
# where each of six ways leads into denser tissue, 64 voxels in a number.
Image: TypeAlias = tuple[
    NDArray[np.intp],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    Bone,
    NDArray[np.uint64],
]
# Of some rays: shifts in the flattened image, lengths in mm, weights, and by which of
# six ways a voxel is entered.
Steps: TypeAlias = tuple[
    NDArray[np.intp], NDArray[np.float32], NDArray[np.float32], NDArray[np.int8]
]
# Of each lane: energy carried, areal density so far, energy within that, and now.
Going: TypeAlias = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]
# Of what was turned back, in the order of steps: the source, and the step; the energy
# turned back, areal density so far, and energy within that.
Turned: TypeAlias = tuple[
    NDArray[np.intp],
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
]


@dataclass(frozen=True, eq=False)
class Lanes:
    """Where lanes begin in the flattened padded image, and the activity of each."""

    starts: NDArray[np.intp]
    activity: NDArray[np.float32]

    @classmethod
    def of(cls, planes: Iterator[NDArray[np.float32]], row: int) -> "Lanes":
        """Cut every row from its first source to its last.

        Parameters
        ----------
        planes : iterator of ndarray, shape (rows, columns)
            Activity that is followed, plane by plane of the image.
        row : int
            Voxels of a row of the padded image.
        """
        starts, activity = [np.empty(0, np.intp)], [np.empty((0, WIDTH), np.float32)]
        for z, plane in enumerate(planes):
            rows = np.flatnonzero(plane.any(axis=1))
            some = np.pad(plane[rows], ((0, 0), (0, WIDTH)))
            active = some != 0
            first = active.argmax(axis=1)
            count = (
                some.shape[1] - active[:, ::-1].argmax(axis=1) - first - 1
            ) // WIDTH
            each = np.repeat(np.arange(len(rows)), count + 1)
            nth = np.arange(len(each)) - np.repeat(
                np.cumsum(count + 1) - count - 1, count + 1
            )
            column = first[each] + nth * WIDTH
            within = np.minimum(column[:, None] + np.arange(WIDTH), some.shape[1] - 1)
            lanes = some[each[:, None], within]
            taken = lanes.any(axis=1)
            flat = ((z + 1) * (len(plane) + 2) + rows[each] + 1) * row + column + 1
            starts.append(flat[taken])
            activity.append(lanes[taken])
        return cls(np.concatenate(starts), np.concatenate(activity))

    def some(self, which: NDArray[np.bool_]) -> "Lanes":
        """Those that are chosen."""
        return Lanes(self.starts[which], self.activity[which])


def follow(steps: Steps, image: Image, energy: NDArray[np.float64]) -> None:
    """Follow rays from every lane until their energy is used up.

    A processor does many lanes of a loop at once if it has no conditions: each lane
    goes on until the last one has ended, with nothing left to leave.
    """
    shifts, lengths_mm, weights, ways = steps
    starts, activity, _, within, _, _ = image
    carried, at = np.zeros(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    before, now = np.zeros(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    going = (carried, at, before, now)
    index = np.zeros(WIDTH, np.int32)
    most = shifts.shape[1] * WIDTH
    turned = (
        np.zeros(most, np.intp),
        np.zeros(most, np.int32),
        np.zeros(most, np.float32),
        np.zeros(most, np.float32),
        np.zeros(most, np.float32),
    )
    for n in range(starts.size):
        start = starts[n]
        for ray in range(weights.size):
            _begin(going, activity[n], weights[ray], within)
            count = 0
            for k in range(shifts.shape[1]):
                here = start + shifts[ray, k]
                if k > 0:
                    rises = _rises(image[5], np.uintp(ways[ray, k]), here)
                    if rises:
                        step = (rises, start, shifts[ray, k - 1], shifts[ray, k], k)
                        count = _turn(going, image, step, (turned, count))
                least = _advance(going, image, (here, lengths_mm[ray, k]), index)
                for lane in range(WIDTH):
                    now[lane] = within[np.uint32(index[lane])]
                _leave(going, here, energy)
                if least >= within.size - 1:
                    break
            if count > 0:
                path = (shifts[ray], lengths_mm[ray])
                _return((turned, count), image, path, energy)


def _begin(
    going: Going,
    activity: NDArray[np.float32],
    weight: np.float32,
    within: NDArray[np.float32],
) -> None:
    """What is no source has arrived already."""
    carried, at, before, _ = going
    for lane in range(WIDTH):
        source = activity[lane] != 0
        carried[lane] = activity[lane] * weight
        at[lane] = np.float32(0) if source else np.float32(within.size - 1)
        before[lane] = np.float32(0) if source else within[-1]


def _advance(
    going: Going,
    image: Image,
    step: tuple[np.intp, np.float32],
    index: NDArray[np.int32],
) -> np.int32:
    """One voxel on; where in the table each lane is, and which is least far."""
    here, length_mm = step
    at, steps_per_mm, end = going[1], image[2], np.float32(image[3].size - 1)
    least = np.int32(image[3].size)
    for lane in range(WIDTH):
        further = at[lane] + steps_per_mm[np.uintp(here) + np.uintp(lane)] * length_mm
        further = further if further < end else end
        at[lane] = further
        place = np.int32(further)
        index[lane] = place
        least = place if place < least else least
    return least


def _leave(going: Going, here: np.intp, energy: NDArray[np.float64]) -> None:
    """Each lane leaves what it has lost in its voxel."""
    carried, _, before, now = going
    for lane in range(WIDTH):
        own = carried[lane] * (now[lane] - before[lane])
        energy[np.uintp(here) + np.uintp(lane)] += own
        before[lane] = now[lane]


def _rises(bits: NDArray[np.uint64], way: np.uintp, here: np.intp) -> np.uint64:
    """Of which lanes the step leads into denser tissue: a bit each."""
    word, first = np.uintp(here) >> np.uintp(6), np.uint64(here) & np.uint64(63)
    # Shifted twice: a shift by 64 is not defined.
    following = bits[way, word + np.uintp(1)] << np.uint64(1)
    rises: np.uint64 = bits[way, word] >> first | following << (np.uint64(63) - first)
    return rises


def _turn(
    going: Going,
    image: Image,
    step: tuple[np.uint64, np.intp, np.intp, np.intp, int],
    noted: tuple[Turned, int],
) -> int:
    """Note what these lanes turn back at a step; how many notes there are by now."""
    carried, at, before, _ = going
    rises, start, shift_before, shift, k = step
    turned, count = noted
    steps_per_mm, end = image[2], np.float32(image[3].size - 1)
    soft, hard, _, turned_back, _ = image[4]
    here, last = np.uintp(start + shift), np.uintp(start + shift_before)
    while rises:
        lane = _PLACES[(rises & (~rises + np.uint64(1))) % _ROOT]
        rises &= rises - np.uint64(1)
        own, was = steps_per_mm[here + lane], steps_per_mm[last + lane]
        rise = (own if own < hard else hard) - (was if was > soft else soft)
        part = carried[lane] * turned_back
        part *= rise / (hard - soft)
        if at[lane] < end:
            carried[lane] -= part
            turned[0][count], turned[1][count] = start + np.intp(lane), k
            turned[2][count], turned[3][count] = part, at[lane]
            turned[4][count] = before[lane]
            count += 1
    return count


def _return(
    noted: tuple[Turned, int],
    image: Image,
    ray: tuple[NDArray[np.intp], NDArray[np.float32]],
    energy: NDArray[np.float64],
) -> None:
    """Energy that bone turns back returns along the ray, past its source too.

    From the last step on, so that many are on their way together: they are at the end
    of the lists, and those that join them follow before.
    """
    turned, count = noted
    sources, steps, back, at, before = turned
    shifts, lengths_mm = ray
    steps_per_mm, within, way_back = image[2], image[3], image[4][4]
    end = np.float32(within.size - 1)
    waiting, first = np.intp(count), np.intp(count)
    for m in range(steps[count - 1] - 1, -shifts.size, -1):
        while waiting > 0 and steps[waiting - 1] > m:
            waiting -= 1
            first -= 1
            _move(turned, waiting, first)
        shift = shifts[m] if m >= 0 else -shifts[-m]
        length_mm = lengths_mm[abs(m)]
        n, kept = np.uintp(count), np.uintp(count)
        while n > np.uintp(first):
            n -= np.uintp(1)
            there = np.uintp(sources[n] + shift)
            further = at[n] + way_back * steps_per_mm[there] * length_mm
            now = within[np.uint32(further if further < end else end)]
            part, source = back[n], sources[n]
            energy[there] += part * (now - before[n])
            # Those that go on move up; the others are written over.
            to = kept - np.uintp(1)
            sources[to], back[to] = source, part
            at[to], before[to] = further, now
            kept -= np.uintp(further < end)
        first = np.intp(kept)
        if first == count and waiting == 0:
            break


def _move(turned: Turned, place: np.intp, to: np.intp) -> None:
    sources, _, back, at, before = turned
    sources[to], back[to] = sources[place], back[place]
    at[to], before[to] = at[place], before[place]


def rises_by_way(
    steps_per_mm: NDArray[np.float32],
    strides: tuple[int, int, int],
    bone: Bone,
) -> NDArray[np.uint64]:
    """Where a step leads from soft tissue towards bone: a bit for each voxel.

    Parameters
    ----------
    steps_per_mm : ndarray, shape (voxels,)
        Steps of areal density, in the flattened padded image.
    strides : tuple of int
        Voxels from one slice, row and column to the next.
    bone : tuple of float
        Of these, soft tissue's most and bone's steps per mm, and the least rise.

    Returns
    -------
    ndarray, shape (6, words)
        For steps up and down each axis. Bit `n % 64` of word `n // 64` is that of
        voxel `n`.
    """
    soft, hard, least, *_ = bone
    words = np.zeros((6, steps_per_mm.size // 64 + 2), "<u8")
    found = words.view(np.uint8)
    for low in range(0, steps_per_mm.size, _CHUNK):
        own = steps_per_mm[low : low + _CHUNK]
        dense = (own > soft + least) & (own < NO_TISSUE)
        if not dense.any():
            continue
        own = np.where(dense, np.minimum(own, hard), np.float32(0))
        for way in range(6):
            shift = strides[way // 2] * (1 - 2 * (way % 2))
            first = max(shift - low, 0)
            last = min(own.size, steps_per_mm.size + shift - low)
            # Walls are first and last, which nothing comes from.
            was = np.full(own.size, NO_TISSUE)
            was[first:last] = steps_per_mm[low + first - shift : low + last - shift]
            bits = np.packbits(own > was + least, bitorder="little")
            found[way, low // 8 : low // 8 + bits.size] = bits
    return words


# What `follow` calls.
PARTS = (_begin, _advance, _leave, _rises, _turn, _move, _return)
