"""RTDOSE to a dose volume, for comparison with other systems."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError, QuantityError
from sirtdose.io.dicom.header import (
    Dataset,
    as_text,
    frame_of_reference,
    number,
    numbers,
    plane_steps,
    read_dataset,
    reading_dicom,
    required,
    source_of,
)
from sirtdose.io.dicom.pixels import frames_of
from sirtdose.model.grid import Grid, affine_of
from sirtdose.model.volume import Quantity, Volume

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.481.2"
_EVEN = 1e-3
_SAME_MM = 0.5


def read_rtdose(path: Path) -> Volume:
    """Read an RTDOSE in Gy, its scaling applied and its slices where they are.

    Raises
    ------
    QuantityError
        Not in Gy, or no usable DoseGridScaling.
    GeometryError
        Slices that are not evenly spaced.
    """
    with reading_dicom(path):
        dataset = read_dataset(path)
        units = as_text(required(dataset, "DoseUnits", path)).upper()
        if units != "GY":
            raise QuantityError(
                f"{path.name} has DoseUnits (3004,0002) = {units}: GY is needed"
            )
        _require_total(dataset, path)
        scaling = number(dataset, "DoseGridScaling", path, above=0)
        stored = frames_of(dataset, path, "doses")
        grid, turned = _grid(dataset, stored.shape, path)
        dose = stored[::-1] if turned else stored
        source = replace(
            source_of(dataset, [path]),
            described=str(dataset.get("DoseComment", "") or ""),
        )
        return Volume(dose * scaling, grid, Quantity.DOSE, source)


def _require_total(dataset: Dataset, path: Path) -> None:
    """The physical dose of the whole plan; a beam's part, an effect or an error is not.

    Both tags may be missing in what research tools write.
    """
    for keyword, tag, wanted in (
        ("DoseType", "3004,0004", ("PHYSICAL",)),
        ("DoseSummationType", "3004,000A", ("PLAN", "MULTI_PLAN", "PLAN_OVERVIEW")),
    ):
        value = as_text(dataset.get(keyword, "") or wanted[0]).upper()
        if value not in wanted:
            raise QuantityError(
                f"{path.name} has {keyword} ({tag}) = {value}: {wanted[0]} is needed"
            )


def _offsets_mm(
    dataset: Dataset, frames: int, path: Path, *, own: float, z: float
) -> NDArray[np.float64]:
    """Distance of each frame from the first along the normal, in either form.

    Relative offsets begin at 0; absolute ones at the position's `own` coordinate
    along the normal, or at its `z` (PS3.3, C.8.8.3.2), which a turned patient's normal
    may run against.
    """
    if frames == 1 and dataset.get("GridFrameOffsetVector") is None:
        return np.zeros(1)
    offsets = numbers(dataset, "GridFrameOffsetVector", frames, path)
    if min(abs(offsets[0] - start) for start in (0.0, own, z)) > _SAME_MM:
        raise GeometryError(
            f"{path.name} has a GridFrameOffsetVector (3004,000C) that begins at "
            f"{offsets[0]:g} mm: 0, or the first slice's own {own:g} mm, is needed"
        )
    relative: NDArray[np.float64] = offsets - offsets[0]
    if abs(offsets[0]) <= _SAME_MM or abs(offsets[0] - own) <= _SAME_MM:
        return relative
    # Coordinates along z of planes whose normal looks the other way.
    return -relative


def _grid(dataset: Dataset, shape: tuple[int, ...], path: Path) -> tuple[Grid, bool]:
    """Where the doses are, and whether their frames go against the normal."""
    normal, in_plane = plane_steps(dataset, path)
    position = numbers(dataset, "ImagePositionPatient", 3, path)
    offsets = _offsets_mm(
        dataset, shape[0], path, own=float(position @ normal), z=position[2]
    )
    steps = np.diff(offsets)
    if steps.size and (
        np.abs(steps - steps.mean()).max() > _EVEN * abs(steps.mean())
        or steps.mean() == 0
    ):
        raise GeometryError(
            f"{path.name} has a GridFrameOffsetVector (3004,000C) that is not evenly "
            "spaced: export the dose on an even grid"
        )
    if steps.size:
        step = float(steps.mean())
    else:
        # Of a single slice, which has no neighbor to tell it.
        step = number(
            dataset, "SliceThickness", path, "a single slice needs one", above=0
        )
    turned = step < 0
    affine = affine_of(
        np.column_stack([normal * abs(step), in_plane]),
        position + (normal * offsets[-1] if turned else 0),
    )
    k, j, i = shape
    return Grid((k, j, i), affine, frame_of_reference(dataset)), turned
