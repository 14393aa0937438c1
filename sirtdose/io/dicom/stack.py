"""Single-slice files (CT, PET) stacked into one regular grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, InputError
from sirtdose.io.dicom.bare import Dataset, undecoded
from sirtdose.io.dicom.header import (
    frame_of_reference,
    number_if_any,
    numbers,
    orientation,
    pixel_spacing,
    plane_steps,
    read_dataset,
    reading_dicom,
    source_of,
    tag_of,
    whole_number,
)
from sirtdose.io.dicom.pixels import pixels_of, rescaled, scale_of, stored_pixels
from sirtdose.model.grid import Grid, affine_of
from sirtdose.model.progress import counted
from sirtdose.model.volume import Doubt, Quantity, Source, Volume

# A slice may be off its place by this part of a gap.
_GAP_TOLERANCE = 0.01
# Positions written to a tenth of a millimeter are off by half of one, at most twice.
_ROUNDED_MM = 0.11
# Slices further apart than this many thicknesses leave out what is between them.
_THICKNESSES_APART = 1.5
_AS_WIDE = "the values of each slice are used for the whole distance between slices"

# Orientation, pixel spacing, rows, columns, frame of reference.
_PLANE = (0x00200037, 0x00280030, 0x00280010, 0x00280011, 0x00200052)


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in the order of their places, their values rescaled one by one.

    `mended` says what of the files was put right; `gaps` that slices leave out what is
    between them.
    """

    datasets: tuple[Dataset, ...]
    paths: tuple[Path, ...]
    data: NDArray[Any]
    grid: Grid
    mended: tuple[str, ...] = ()
    gaps: str = ""

    @property
    def source(self) -> Source:
        """Where the volume came from, by its first slice's header."""
        source = source_of(self.datasets[0], self.paths)
        gaps = (self.gaps,) if self.gaps else ()
        # An activity image with gaps is asked about; on a CT they are only said.
        asked = source.modality == "PT"
        return replace(
            source,
            remarks=(*source.remarks, *self.mended, *(() if asked else gaps)),
            doubts=tuple(Doubt("H17", gap, _AS_WIDE) for gap in gaps) if asked else (),
        )


def read_stack(
    paths: Sequence[Path], what: str, headers: Sequence[Dataset] = ()
) -> Stack:
    """Read the slices of one volume, in whatever order their files come.

    `headers` of the same files, in the same order, are read where not given.

    Raises
    ------
    GeometryError
        Missing, doubled, tilted or differently oriented slices.
    MissingTagError
        A slice without position, orientation or spacing.
    FileFormatError
        A damaged slice, or pixels that are not one number each.
    """
    if len(paths) < 2:
        raise InputError(
            f"a {what} volume needs at least two slices, but {len(paths)} file was "
            "found"
        )
    if not headers:
        headers = [read_dataset(one) for one in counted(f"opening {what}", paths)]
    slices = list(zip(headers, paths, strict=True))
    first, first_path = slices[0]
    # Compared as they stand in the files: most slices differ in no byte of these. The
    # first one's may have been decoded when the series was found.
    same, same_path = slices[-1]
    planes = []
    for dataset, path in slices:
        with reading_dicom(path):
            planes.append([undecoded(dataset, tag) for tag in _PLANE])
    positions = []
    for (dataset, path), plane in zip(slices, planes, strict=True):
        with reading_dicom(path):
            if plane != planes[-1]:
                _require_same_plane(dataset, path, same, same_path)
            positions.append(numbers(dataset, "ImagePositionPatient", 3, path))
    with reading_dicom(first_path):
        normal, steps = plane_steps(first, first_path)
        shape = (len(slices), *_size(first, first_path))
        frame = frame_of_reference(first)
    places = np.array(positions)
    order = np.argsort(places @ normal, kind="stable")
    slices, places = [slices[i] for i in order], places[order]
    step = _regular_step(places, normal, [path for _, path in slices])
    with reading_dicom(first_path):
        gaps = _gaps(first, first_path, float(np.linalg.norm(step)), len(slices))
    affine = affine_of(np.column_stack([step, steps]), places[0])
    datasets, ordered = zip(*slices, strict=True)
    data, mended = _values(slices, shape, what)
    return Stack(datasets, ordered, data, Grid(shape, affine, frame), mended, gaps)


def _gaps(dataset: Dataset, path: Path, gap_mm: float, slices: int) -> str:
    """Gaps between slices, which only two slices may not have (H17)."""
    thickness_mm = number_if_any(dataset, "SliceThickness", path, least=0)
    if not thickness_mm or gap_mm <= _THICKNESSES_APART * thickness_mm:
        return ""
    said = (
        f"the slices are {gap_mm:.3g} mm apart and {thickness_mm:.3g} mm thick "
        "(SliceThickness (0018,0050))"
    )
    if slices > 2:
        return f"{said}: the gaps between them are ignored"
    raise GeometryError(
        f"{path.name} and another: {said}, which is not a complete volume (H17): send "
        "the whole series"
    )


def _values(
    slices: Sequence[tuple[Dataset, Path]], shape: tuple[int, int, int], what: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The slices' values; stray bits are cut off, except in PET, which is then said."""
    # 16 bits hold every CT number; single precision holds PET to 1e-7.
    whole = True
    for dataset, path in slices:
        with reading_dicom(path):
            whole = whole and _whole_numbers(dataset, path)
    contradictions = []
    data = np.empty(shape, np.int16 if whole else np.float32)
    for k, (dataset, path) in enumerate(counted(f"reading {what}", slices)):
        with reading_dicom(path):
            if what != "PET":
                pixels, contradiction = stored_pixels(dataset, path)
                contradictions += [contradiction] if contradiction else []
            else:
                pixels = pixels_of(dataset, path)
            if pixels.shape != shape[1:]:
                raise FileFormatError(
                    f"{path.name} has pixels of shape {pixels.shape}: one number a "
                    f"pixel, {shape[1]} x {shape[2]}, is needed"
                )
            if whole and pixels.dtype.kind in "iu":
                intercept = int(scale_of(dataset, path)[1])
                if _fits_16_bits(pixels, intercept):
                    # Wraps around and back: the sum itself fits.
                    np.add(
                        pixels.astype(np.int16, copy=False),
                        np.int16(intercept),
                        out=data[k],
                    )
                    continue
            if whole:
                whole, data = False, data.astype(np.float32)
            data[k] = rescaled(dataset, pixels, path)
    if not contradictions:
        return data, ()
    return data, (
        f"{len(contradictions)} of {len(slices)} slices have bits above BitsStored "
        f"(0028,0101), which were cut off: {contradictions[0]}",
    )


def _whole_numbers(dataset: Dataset, path: Path) -> bool:
    slope, intercept = scale_of(dataset, path)
    return slope == 1 and intercept.is_integer()


def _fits_16_bits(pixels: NDArray[Any], intercept: int) -> bool:
    least = int(pixels.min()) if pixels.dtype.kind == "i" else 0
    low, high = least + intercept, int(pixels.max()) + intercept
    return low >= -32768 and high <= 32767 and abs(intercept) <= 32767


def _require_same_plane(
    dataset: Dataset, path: Path, first: Dataset, first_path: Path
) -> None:
    for keyword, same in (
        ("Rows", _size(dataset, path)[0] == _size(first, first_path)[0]),
        ("Columns", _size(dataset, path)[1] == _size(first, first_path)[1]),
        (
            "ImageOrientationPatient",
            np.allclose(
                orientation(dataset, path), orientation(first, first_path), 0, 1e-4
            ),
        ),
        (
            "PixelSpacing",
            np.allclose(
                pixel_spacing(dataset, path), pixel_spacing(first, first_path), 1e-4
            ),
        ),
        (
            "FrameOfReferenceUID",
            frame_of_reference(dataset) == frame_of_reference(first),
        ),
    ):
        if not same:
            raise GeometryError(
                f"{path.name} and {first_path.name} differ in orientation, pixel "
                f"spacing, size or frame of reference ({keyword} {tag_of(keyword)}): "
                "give the slices of one volume only"
            )


def _size(dataset: Dataset, path: Path) -> tuple[int, int]:
    return (
        whole_number(dataset, "Rows", path, above=0),
        whole_number(dataset, "Columns", path, above=0),
    )


def _regular_step(
    positions: NDArray[np.float64], normal: NDArray[np.float64], paths: Sequence[Path]
) -> NDArray[np.float64]:
    """Slices that are missing, duplicated or shifted sideways (H17)."""
    gaps = np.diff(positions, axis=0) @ normal
    # The upper median; numpy's own imports its masked arrays first.
    median = float(np.sort(gaps)[len(gaps) // 2])
    if median <= 0 or gaps.min() <= 0.01 * median:
        k = int(gaps.argmin())
        raise GeometryError(
            f"{_told_apart(paths[k], paths[k + 1])} are at the same position (H17): "
            "the series contains slices twice, or overlapping beds; give one copy"
        )
    # Positions may be rounded: what counts is how far a slice is off its place.
    along = np.concatenate([[0.0], np.cumsum(gaps)])
    off = np.abs(along - np.linspace(0, along[-1], len(along)))
    if off.max() > max(_GAP_TOLERANCE * median, _ROUNDED_MM):
        k = int(np.abs(gaps - median).argmax())
        raise GeometryError(
            f"between {paths[k].name} and {paths[k + 1].name} the slices are "
            f"{gaps[k]:.3f} mm apart, elsewhere {median:.3f} mm (H17): a slice is "
            "missing or extra (ImagePositionPatient (0020,0032)); send the series again"
        )
    step: NDArray[np.float64] = (positions[-1] - positions[0]) / (len(positions) - 1)
    even = positions[0] + np.arange(len(positions))[:, None] * step
    sideways = float(np.abs(step - (step @ normal) * normal).max())
    wandering = float(np.abs(positions - even).max())
    if sideways > _GAP_TOLERANCE * median or wandering > max(
        _GAP_TOLERANCE * median, _ROUNDED_MM
    ):
        sideways = max(sideways, wandering)
        raise GeometryError(
            f"the slices are shifted {sideways:.3f} mm sideways from one to the next "
            "(H17, tilted gantry): resample the series first"
        )
    return step


def _told_apart(a: Path, b: Path) -> str:
    if a == b:
        return f"two frames of {a.name}"
    return f"{a.name} and {b.name}" if a.name != b.name else f"{a.name} in two folders"


def read_ct(paths: Sequence[Path], headers: Sequence[Dataset] = ()) -> Volume:
    """Read a CT series, in whatever order its files come, as CT numbers (HU).

    `headers`, of the same files in the same order, are read where not given.

    Raises
    ------
    InputError
        Whatever :func:`sirtdose.io.dicom.stack.read_stack` refuses.
    """
    stack = read_stack(paths, "CT", headers)
    return Volume(stack.data, stack.grid, Quantity.CT_NUMBER, stack.source)
