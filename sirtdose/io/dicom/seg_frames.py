"""Frames of a segmentation, at their places in one regular stack."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.io.dicom.header import (
    Dataset,
    frame_of_reference,
    number_if_any,
    numbers,
    orientation,
    pixel_spacing,
    plane_steps,
    required,
    tag_of,
    whole_number,
)
from sirtdose.model.grid import Grid, affine_of

# A frame may be off its place by this part of a gap, or by twice half of a tenth of a
# millimeter, to which positions are often rounded.
_GAP_TOLERANCE, _ROUNDED_MM = 0.01, 0.11
_THICKNESS_TOLERANCE = 0.01


@dataclass(frozen=True, eq=False)
class SegFrames:
    """A segmentation's frames; empty ones may have been left out.

    `slices` are the frames' places in the grid, `segments` their segments' numbers; a
    map of labels has none, as each of its frames shows all segments.
    """

    dataset: Dataset
    path: Path
    grid: Grid
    slices: NDArray[np.intp]
    segments: NDArray[np.intp]

    def mask_of(self, number: int) -> NDArray[np.bool_]:
        """The voxels of one segment."""
        mask = np.zeros(self.grid.shape, bool)
        for place, frame in self._frames_of(number):
            mask[place] = frame > 0 if self.segments.size else frame == number
        return mask

    def fraction_of(self, number: int) -> NDArray[np.float32]:
        """One segment's part of each voxel, or the probability of it."""
        most = float(self.dataset.MaximumFractionalValue)
        part = np.zeros(self.grid.shape, np.float32)
        for place, frame in self._frames_of(number):
            part[place] = frame / most
        return part

    def _frames_of(self, number: int) -> Iterator[tuple[int, NDArray[Any]]]:
        """Only the frames of one segment are held: a body has a hundred."""
        from pydicom.pixels.utils import iter_pixels

        held = self.segments == number if self.segments.size else self.slices >= 0
        chosen = np.flatnonzero(held).tolist()
        frames: Iterable[NDArray[Any]]
        packed = self.dataset.BitsAllocated == 1
        if packed and not self.dataset.file_meta.TransferSyntaxUID.is_compressed:
            frames = map(self._bits_of, chosen)
        elif chosen:
            frames = iter_pixels(self.dataset, indices=chosen, raw=True)
        else:
            return
        yield from zip(self.slices[chosen].tolist(), frames, strict=True)

    def _bits_of(self, index: int) -> NDArray[np.uint8]:
        """One frame of single bits, which need not begin with a byte of their own."""
        _, rows, columns = self.grid.shape
        first = index * rows * columns
        last = first + rows * columns
        stored = memoryview(self.dataset.PixelData)[first // 8 : -(-last // 8)]
        bits = np.unpackbits(np.frombuffer(stored, np.uint8), bitorder="little")
        return bits[first % 8 :][: rows * columns].reshape(rows, columns)


def seg_frames(dataset: Dataset, path: Path) -> SegFrames:
    """Find where every frame lies, and of which segment it is.

    Raises
    ------
    FileFormatError
        Frames that are not described, or two of one segment at one place.
    GeometryError
        Frames that do not form one regular stack.
    """
    count = whole_number(dataset, "NumberOfFrames", path, above=0)
    measures = _said_of_frames(dataset, "PixelMeasuresSequence", path)
    turned = _said_of_frames(dataset, "PlaneOrientationSequence", path)
    placed = _said_of_frames(dataset, "PlanePositionSequence", path)
    labels = str(dataset.get("SegmentationType", "")).upper() == "LABELMAP"
    kinds = (
        []
        if labels
        else _said_of_frames(dataset, "SegmentIdentificationSequence", path)
    )
    segments = np.array(
        [whole_number(one, "ReferencedSegmentNumber", path, above=-1) for one in kinds],
        np.intp,
    )
    for one, other in zip(measures, turned, strict=True):
        if not (
            np.allclose(pixel_spacing(one, path), pixel_spacing(measures[0], path))
            and np.allclose(
                orientation(other, path), orientation(turned[0], path), 0, 1e-4
            )
        ):
            raise _no_stack(path)
    normal, steps = plane_steps(measures[0], path, placed=turned[0])
    # Slice, row and column in this order are then a right-handed lattice.
    normal = -normal
    places = np.array(
        [numbers(one, "ImagePositionPatient", 3, path) for one in placed], float
    )
    step, slices = _stacked(places, normal, measures[0], path)
    kept = segments if segments.size else np.zeros(count, np.intp)
    if len(set(zip(slices.tolist(), kept.tolist(), strict=True))) < count:
        raise FileFormatError(
            f"{path.name} has two frames of one segment at the same place "
            "(PlanePositionSequence (0020,9113)): export it again"
        )
    rows, columns = (
        whole_number(dataset, one, path, above=0) for one in ("Rows", "Columns")
    )
    affine = affine_of(
        np.column_stack([step * normal, steps]), places[int(slices.argmin())]
    )
    shape = (int(slices.max()) + 1, rows, columns)
    return SegFrames(
        dataset,
        path,
        Grid(shape, affine, frame_of_reference(dataset)),
        slices,
        segments,
    )


def _said_of_frames(dataset: Dataset, keyword: str, path: Path) -> list[Dataset]:
    """What a functional group says of each frame: its own, or all frames' one."""
    shared = required(dataset, "SharedFunctionalGroupsSequence", path)
    frames = required(dataset, "PerFrameFunctionalGroupsSequence", path)
    count = whole_number(dataset, "NumberOfFrames", path, above=0)
    if len(frames) != count:
        raise FileFormatError(
            f"{path.name} has NumberOfFrames (0028,0008) = {count}, but describes "
            f"{len(frames)} (PerFrameFunctionalGroupsSequence (5200,9230)): export it "
            "again"
        )
    items = [
        item
        for frame in frames
        for item in (frame.get(keyword) or shared[0].get(keyword) or [])[:1]
    ]
    if len(items) < count:
        raise FileFormatError(
            f"{path.name} has frames without {keyword} {tag_of(keyword)}: export it "
            "again"
        )
    return items


def _stacked(
    places: NDArray[np.float64],
    normal: NDArray[np.float64],
    measures: Dataset,
    path: Path,
) -> tuple[float, NDArray[np.intp]]:
    """The distance of slices, mm, and each frame's number among them."""
    along = (places - places[0]) @ normal
    along -= along.min()
    step = _slice_distance(along, measures, path)
    slices = np.rint(along / step).astype(np.intp)
    most = int(slices.max())
    # Rounded distances add up: the ends tell better.
    step = float(along.max()) / most if most else step
    even = slices[:, None] * step * normal
    first = places[int(slices.argmin())]
    if np.abs(places - first - even).max() > max(_GAP_TOLERANCE * step, _ROUNDED_MM):
        raise _no_stack(path)
    return step, slices


def _slice_distance(along: NDArray[np.float64], measures: Dataset, path: Path) -> float:
    """As the file states it; else as its frames lie, if that is their thickness.

    Empty frames may be left out, so the distance of those that are there may be a
    multiple of the slices'.
    """
    stated = number_if_any(measures, "SpacingBetweenSlices", path, above=0)
    if stated is not None:
        return stated
    thickness = number_if_any(measures, "SliceThickness", path) or 0.0
    gaps = np.diff(np.sort(along))
    apart = gaps[gaps > _ROUNDED_MM / 2]
    if not apart.size and thickness > 0:
        return thickness
    inferred = float(apart.min(initial=np.inf))
    if not inferred <= (1 + _THICKNESS_TOLERANCE) * thickness:
        raise GeometryError(
            f"{path.name} has no SpacingBetweenSlices (0018,0088), and its frames are "
            f"{inferred:.3g} mm apart, but SliceThickness (0018,0050) is "
            f"{thickness:.3g} mm: frames may be missing; export it with the spacing"
        )
    return inferred


def _no_stack(path: Path) -> GeometryError:
    return GeometryError(
        f"{path.name} has frames that do not form one regular stack of slices "
        "(ImagePositionPatient (0020,0032))"
    )
