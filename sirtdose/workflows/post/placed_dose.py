"""A dose map of another scan, brought to this image's voxels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.checks.earlier_dose import (
    DoseMap,
    needless_transform_findings,
    place_findings,
)
from sirtdose.checks.transforms import (
    Fit,
    direction_findings,
    transform_findings,
    unknown_direction_findings,
)
from sirtdose.dosimetry.grid.registration import Registration, moved_grid, of_matrix
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.image_file import is_image_file, read_image_file
from sirtdose.io.read import read_image
from sirtdose.model.finding import Finding
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.registration import transform_of

_MOST_GY = 1e5
# Structures with less of the dose tell nothing of where it lies.
_TELLING = 0.01


def read_dose_map(path: Path, one: DoseMap) -> Volume:
    """A dose map, where its file says it is.

    Raises
    ------
    InputError
        No file, or none that holds Gy.
    """
    if not path.exists():
        raise InputError(f"{one.option}: there is no file {path.name}")
    volume = (
        read_image_file(path, Quantity.DOSE)
        if path.is_file() and is_image_file(path)
        else read_image(path, quantity=Quantity.DOSE)
    )
    if volume.quantity is not Quantity.DOSE:
        raise QuantityError(
            f"{one.option} {path.name} is in {volume.quantity.unit}, not Gy: give an "
            "RTDOSE, or a dose map as NIfTI, NRRD or MetaImage"
        )
    low, high = float(volume.data.min()), float(volume.data.max())
    if not high > 0 or high > _MOST_GY or low < -0.1 * high:
        raise QuantityError(
            f"{one.option} runs from {low:g} to {high:g} Gy: give a dose map in Gy"
        )
    return volume


def moved_dose(
    dose: Volume, path: Path, on: Placed, one: DoseMap
) -> tuple[Volume, list[Finding]]:
    """A dose moved by a transform from this image's points to those of its scan.

    Raises
    ------
    InputError
        A file that cannot be used, or a transform that bends.
    """
    frame, volume = dose.grid.frame_of_reference_uid, on.image
    found = transform_of(path, volume.grid, source=frame, option=one.transform)
    placed = moved_by(dose, found, volume)
    if placed is None:
        raise InputError(
            f"{path.name} is not a rigid transform: {one.words} can only be moved "
            "rigidly"
        )
    needless = frame is not None and frame == volume.grid.frame_of_reference_uid
    return placed, [
        *(needless_transform_findings(one) if needless else []),
        *transform_findings(found, what=f"{one.words} was"),
        *_direction_findings(dose, placed, on, found=found, one=one),
    ]


def moved_by(dose: Volume, way: Registration, volume: Volume) -> Volume | None:
    """A dose where a registration puts it; None where that is not rigid."""
    grid = moved_grid(dose.grid, way, volume.grid)
    return None if grid is None else replace(dose, grid=grid)


def in_liver_findings(dose: Volume, placed: Placed, one: DoseMap) -> list[Finding]:
    """Whether enough of a dose comes to lie in the liver."""
    liver = _largest(placed.on_grid, Role.LIVER)
    if liver is None:
        return []
    whole = float(dose.data.clip(min=0).sum(dtype=float)) * dose.grid.voxel_volume_ml
    return place_findings(
        _held(dose, [liver], placed.image)[0] / whole, liver.name, one
    )


def _largest(structures: Sequence[Structure], role: Role) -> Structure | None:
    return max(
        [one for one in structures if one.role is role],
        key=lambda one: one.volume_ml,
        default=None,
    )


def _held(dose: Volume, structures: Sequence[Structure], volume: Volume) -> list[float]:
    """Dose in each structure, Gy times mL."""
    mean, covered = mean_on(dose, volume.grid)
    held = []
    for one in structures:
        values, part = one.values_in(volume.with_data(mean * covered))
        held.append(
            float((values * part).sum(dtype=float)) * volume.grid.voxel_volume_ml
        )
    return held


def _direction_findings(
    dose: Volume,
    placed: Volume,
    on: Placed,
    *,
    found: Registration,
    one: DoseMap,
) -> list[Finding]:
    """Whether a dose would lie better the other way round.

    A lateral shift loses little of it from the liver: the perfused volume and the
    largest tumor tell more.
    """
    volume = on.image
    largest = (
        _largest(on.on_grid, role) for role in (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    )
    regions = [region for region in largest if region is not None]
    # Without a liver the question may be idle: another lobe may have been treated.
    if found.matrix is None or not {it.role for it in regions} - {Role.TUMOR}:
        return unknown_direction_findings(one.transform)
    inverse = np.asarray(np.linalg.inv(found.matrix), np.float64)
    back = moved_by(dose, of_matrix(inverse, volume.grid), volume)
    holds = _held(placed, regions, volume)
    inverted = _held(back, regions, volume) if back else [0.0] * len(regions)
    fits = [
        Fit(region.name, *pair)
        for region, *pair in zip(regions, holds, inverted, strict=True)
    ]
    least = _TELLING * max(max(fit.holds, fit.inverted) for fit in fits)
    fits = [fit for fit in fits if max(fit.holds, fit.inverted) >= least]
    return direction_findings(fits, of=one.words, found=found)
