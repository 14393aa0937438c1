"""A stack of single-slice files (CT) to one volume."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, InputError
from sirtdose.io.dicom_header import (
    frame_of_reference,
    moment,
    numbers,
    orientation,
    pixel_spacing,
    pixels_of,
    read_dataset,
    reading_dicom,
    rescaled,
)
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Source, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# A gap may differ by this part from the median before slices count as missing.
_GAP_TOLERANCE = 0.01


def read_ct(paths: Sequence[Path]) -> Volume:
    """Read a CT series, in whatever order its files come, as CT numbers (HU).

    Raises
    ------
    GeometryError
        Missing, doubled, tilted or differently oriented slices.
    MissingTagError
        A slice without position, orientation or spacing.
    """
    if len(paths) < 2:
        raise InputError(
            f"a CT volume needs at least two slices, found {len(paths)} file"
        )
    slices = []
    for path in paths:
        with reading_dicom(path):
            slices.append((read_dataset(path), path))
    with reading_dicom(paths[0]):
        return _volume(slices)


def _volume(slices: "Sequence[tuple[Dataset, Path]]") -> Volume:
    first, first_path = slices[0]
    along_row, along_column = orientation(first, first_path)
    normal = np.cross(along_row, along_column)
    for dataset, path in slices:
        with reading_dicom(path):
            _require_same_plane(dataset, path, first, first_path)
    positions = np.array([numbers(d, "ImagePositionPatient", 3, p) for d, p in slices])
    order = np.argsort(positions @ normal, kind="stable")
    positions = positions[order]
    step = _regular_step(positions, normal, [slices[i][1].name for i in order])
    rows_apart, columns_apart = pixel_spacing(first, first_path)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = along_column * rows_apart
    affine[:3, 2] = along_row * columns_apart
    affine[:3, 3] = positions[0]
    shape = (len(slices), int(first.Rows), int(first.Columns))
    data = np.empty(shape, np.float32)
    for k, i in enumerate(order):
        dataset, path = slices[i]
        with reading_dicom(path):
            pixels = pixels_of(dataset, path)
            if pixels.shape != shape[1:]:
                raise FileFormatError(
                    f"{path.name} has pixels of shape {pixels.shape}: one number a "
                    f"pixel, {shape[1]} x {shape[2]}, is needed"
                )
            data[k] = rescaled(dataset, pixels, path)
    start = moment(first, "AcquisitionDate", "AcquisitionTime")
    source = Source(
        files=tuple(sorted(path.name for _, path in slices)),
        modality=str(first.get("Modality", "")),
        series_instance_uid=str(first.get("SeriesInstanceUID", "")) or None,
        study_instance_uid=str(first.get("StudyInstanceUID", "")) or None,
        scan_start=start,
        scan_start_origin="AcquisitionDate, AcquisitionTime" if start else "",
    )
    grid = Grid(shape, affine, frame_of_reference(first))
    return Volume(data, grid, Quantity.CT_NUMBER, source)


def _require_same_plane(
    dataset: "Dataset", path: Path, first: "Dataset", first_path: Path
) -> None:
    same = (
        np.allclose(orientation(dataset, path), orientation(first, first_path), 0, 1e-4)
        and np.allclose(
            pixel_spacing(dataset, path), pixel_spacing(first, first_path), 1e-4
        )
        and (dataset.Rows, dataset.Columns) == (first.Rows, first.Columns)
        and frame_of_reference(dataset) == frame_of_reference(first)
    )
    if not same:
        raise GeometryError(
            f"{path.name} and {first_path.name} differ in orientation, pixel spacing, "
            "size or frame of reference: give the slices of one volume only"
        )


def _regular_step(
    positions: NDArray[np.float64], normal: NDArray[np.float64], names: Sequence[str]
) -> NDArray[np.float64]:
    steps = np.diff(positions, axis=0)
    gaps = steps @ normal
    median = float(np.median(gaps))
    if median <= 0 or gaps.min() <= 0.01 * median:
        k = int(gaps.argmin())
        raise GeometryError(
            f"{names[k]} and {names[k + 1]} are at the same place (H17): the series "
            "holds slices twice"
        )
    bad = np.flatnonzero(np.abs(gaps - median) > _GAP_TOLERANCE * median)
    if bad.size:
        k = int(bad[0])
        raise GeometryError(
            f"between {names[k]} and {names[k + 1]} the slices are {gaps[k]:.3f} mm "
            f"apart, elsewhere {median:.3f} mm (H17): a slice is missing or extra"
        )
    sideways = np.abs(steps - gaps[:, None] * normal).max()
    if sideways > _GAP_TOLERANCE * median:
        raise GeometryError(
            f"the slices are shifted {sideways:.3f} mm sideways from one to the next "
            "(H17, tilted gantry): resample the series first"
        )
    step: NDArray[np.float64] = (positions[-1] - positions[0]) / (len(positions) - 1)
    return step
