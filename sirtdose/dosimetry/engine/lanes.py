"""Sources side by side: lanes that follow the same rays, many at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# So many voxels of a row are followed at once, whether all of them are sources or not.
WIDTH = 64
# Denser than this is no tissue, in steps of areal density per mm.
NO_TISSUE = np.float32(1e6)

# Where lanes begin in the flattened image, their activity (lanes, WIDTH), steps of
# areal density per mm, the energy within so many of them, four numbers of bone, and
# whether a lane from a voxel on has any tissue that is denser than soft.
Image: TypeAlias = tuple[
    NDArray[np.intp],
    NDArray[np.float32],
    NDArray[np.float32],
    NDArray[np.float32],
    tuple[np.float32, np.float32, np.float32, np.float32],
    NDArray[np.bool_],
]
# Of some rays: shifts in the flattened image, lengths in mm, and weights.
Steps: TypeAlias = tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float32]]
# Of each lane: energy carried, areal density so far, energy within that, and now.
Going: TypeAlias = tuple[
    NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]
]
# Where a lane begins, the step, and all shifts and lengths of the ray.
Way: TypeAlias = tuple[np.intp, int, NDArray[np.intp], NDArray[np.float32]]


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
    shifts, lengths_mm, weights = steps
    starts, activity, _, within, _, dense = image
    carried, at = np.zeros(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    before, now = np.zeros(WIDTH, np.float32), np.zeros(WIDTH, np.float32)
    going = (carried, at, before, now)
    index = np.zeros(WIDTH, np.int32)
    places, back = np.zeros(WIDTH, np.intp), np.zeros((3, WIDTH), np.float32)
    for n in range(starts.size):
        start = starts[n]
        for ray in range(weights.size):
            _begin(going, activity[n], weights[ray], within)
            for k in range(shifts.shape[1]):
                here = start + shifts[ray, k]
                if k > 0 and dense[np.uintp(here)]:
                    way = (start, k, shifts[ray], lengths_mm[ray])
                    if _turned(going, image, way, back[0]):
                        _return(going, image, way, (places, back, energy))
                least = _advance(going, image, (here, lengths_mm[ray, k]), index)
                for lane in range(WIDTH):
                    now[lane] = within[np.uint32(index[lane])]
                _leave(going, here, energy)
                if least >= within.size - 1:
                    break


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


def _turned(going: Going, image: Image, way: Way, back: NDArray[np.float32]) -> int:
    """What each lane turns back at a step; how many do."""
    start, k, shifts, _ = way
    carried, at, _, _ = going
    steps_per_mm, end = image[2], np.float32(image[3].size - 1)
    soft, hard, turned_back, _ = image[4]
    here, last = np.uintp(start + shifts[k]), np.uintp(start + shifts[k - 1])
    count = np.int32(0)
    for lane in range(WIDTH):
        own = steps_per_mm[here + np.uintp(lane)]
        was = steps_per_mm[last + np.uintp(lane)]
        was = was if was > soft else soft
        rise = (own if own < hard else hard) - was
        turns = (rise > 0) & (own < NO_TISSUE) & (at[lane] < end)
        part = carried[lane] * turned_back
        part *= rise / (hard - soft)
        part = part if turns else np.float32(0)
        carried[lane] -= part
        back[lane] = part
        count += np.int32(turns)
    return int(count)


def _return(
    going: Going,
    image: Image,
    way: Way,
    turned: tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.float64]],
) -> None:
    """Energy that bone turns back returns along the ray, past its source too."""
    places, back, energy = turned
    start, k, shifts, lengths_mm = way
    left = 0
    for lane in range(WIDTH):
        if back[0, lane] != 0:
            places[left] = start + lane
            back[0, left] = back[0, lane]
            back[1, left], back[2, left] = going[1][lane], going[2][lane]
            left += 1
    steps_per_mm, within, way_back = image[2], image[3], image[4][3]
    end = np.float32(within.size - 1)
    for m in range(k - 1, -shifts.size, -1):
        shift = shifts[m] if m >= 0 else -shifts[-m]
        length_mm = lengths_mm[abs(m)]
        kept = 0
        for n in range(left):
            there = places[n] + shift
            at = back[1, n] + way_back * steps_per_mm[there] * length_mm
            now = within[np.int32(at if at < end else end)]
            energy[there] += back[0, n] * (now - back[2, n])
            # Those that go on move up.
            places[kept] = places[n]
            back[0, kept], back[1, kept], back[2, kept] = back[0, n], at, now
            kept += at < end
        left = kept
        if left == 0:
            break


def dense_ahead(
    steps_per_mm: NDArray[np.float32], soft: np.float32
) -> NDArray[np.bool_]:
    """Whether any of so many voxels as a lane has is denser than soft tissue."""
    found: NDArray[np.bool_] = steps_per_mm > soft
    found &= steps_per_mm < NO_TISSUE
    far = 1
    while far < WIDTH:
        found[:-far] |= found[far:].copy()
        far *= 2
    return found


# What `follow` calls.
PARTS = (_begin, _advance, _leave, _turned, _return)
