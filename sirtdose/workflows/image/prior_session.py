"""An earlier session's dose map beside this one's: the sum of both."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.checks import earlier_dose as checks
from sirtdose.checks.transforms import (
    Fit,
    direction_findings,
    transform_findings,
    unknown_direction_findings,
)
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.grid.registration import Registration, moved_grid, of_matrix
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.io.choose import Choice
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.io.image_file import is_image_file, read_image_file
from sirtdose.io.read import read_image, study_uid
from sirtdose.model.finding import Finding
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.registration import transform_of
from sirtdose.workflows.image.scene import one_patient_findings

# The name that the sum's results carry behind their method's.
TAG = "+with_prior"
_MOST_GY = 1e5
# Structures with less of the earlier dose tell nothing of where it lies.
_TELLING = 0.01


def prior_on(
    path: Path | None, transform: Path | None, placed: Placed
) -> tuple[Volume | None, list[Finding]]:
    """The earlier session's dose on this one's voxels, Gy.

    It comes by its frame of reference, or by a transform from this image's points to
    those of the earlier one.

    Raises
    ------
    InputError
        No dose, one in another frame of reference, or a transform that bends.
    """
    if path is None:
        return None, []
    volume, structures = placed.image, placed.on_grid
    dose = read_prior(path)
    low, high = float(dose.data.min()), float(dose.data.max())
    if not high > 0 or high > _MOST_GY or low < -0.1 * high:
        raise QuantityError(
            f"--prior-dose runs from {low:g} to {high:g} Gy: give a dose map in Gy"
        )
    findings: list[Finding] = []
    if transform is not None:
        dose, findings = _moved(dose, transform, placed)
    elif dose.grid.frame_of_reference_uid is None:
        findings = checks.unframed_findings()
    if not dose.grid.shares_frame(volume.grid):
        raise GeometryError(
            f"--prior-dose {path.name} is in another frame of reference (0020,0052) "
            "than the image (H15): give --prior-transform"
        )
    mean, covered = mean_on(dose, volume.grid)
    findings += checks.coverage_findings(
        Volume(covered, volume.grid, Quantity.DENSITY), structures
    )
    liver = _largest(structures, Role.LIVER)
    if liver is not None:
        whole = float(dose.data.clip(min=0).sum(dtype=float))
        held = _held(dose, [liver], volume)[0] / (whole * dose.grid.voxel_volume_ml)
        findings += checks.place_findings(held, liver.name)
    return Volume(
        np.asarray(mean * covered, np.float32), volume.grid, Quantity.DOSE
    ), findings


def _largest(structures: Sequence[Structure], role: Role) -> Structure | None:
    return max(
        [one for one in structures if one.role is role],
        key=lambda one: one.volume_ml,
        default=None,
    )


def _held(dose: Volume, structures: Sequence[Structure], volume: Volume) -> list[float]:
    """Earlier dose in each structure, Gy times mL."""
    mean, covered = mean_on(dose, volume.grid)
    held = []
    for one in structures:
        values, part = one.values_in(volume.with_data(mean * covered))
        held.append(
            float((values * part).sum(dtype=float)) * volume.grid.voxel_volume_ml
        )
    return held


def prior_file_findings(choice: Choice, path: Path | None) -> list[Finding]:
    """An earlier dose of somebody else (H01), or of the image's own study (H09).

    Raises
    ------
    SafetyStop
        It is another patient's.
    """
    if path is None or not path.exists():
        return []

    found = discover(path)
    findings = one_patient_findings([choice.image, *found])
    own = study_uid(choice.image)
    if not own or own not in [study_uid(one) for one in found if one.kind is Kind.DOSE]:
        return findings
    return findings + checks.own_study_findings(path.name)


def as_it_lies(path: Path, on: Volume) -> Volume:
    """The earlier dose without a transform: this treatment's own dose needs none."""
    dose = read_prior(path)
    grid = replace(dose.grid, frame_of_reference_uid=None)
    mean, covered = mean_on(replace(dose, grid=grid), on.grid)
    return on.with_data(mean * covered)


def summed_dose(dose: Dose, prior: Volume) -> Dose:
    """Dose of both sessions together."""
    return replace(dose, volume=dose.volume.with_data(dose.volume.data + prior.data))


def read_prior(path: Path) -> Volume:
    """The earlier dose map, where its file says it is.

    Raises
    ------
    InputError
        No file, or none that holds Gy.
    """
    if not path.exists():
        raise InputError(f"--prior-dose: there is no file {path.name}")
    volume = (
        read_image_file(path, Quantity.DOSE)
        if path.is_file() and is_image_file(path)
        else read_image(path, quantity=Quantity.DOSE)
    )
    if volume.quantity is not Quantity.DOSE:
        raise QuantityError(
            f"--prior-dose {path.name} is in {volume.quantity.unit}, not Gy: give an "
            "RTDOSE, or a dose map as NIfTI, NRRD or MetaImage"
        )
    return volume


def _moved(dose: Volume, path: Path, on: Placed) -> tuple[Volume, list[Finding]]:
    """The earlier dose, moved by a transform that is checked like any other."""
    frame, volume = dose.grid.frame_of_reference_uid, on.image
    found = transform_of(path, volume.grid, source=frame)
    placed = _placed(dose, found, volume)
    if placed is None:
        raise InputError(
            f"{path.name} is not a rigid transform: an earlier dose can only be moved "
            "rigidly"
        )
    needless = frame is not None and frame == volume.grid.frame_of_reference_uid
    return placed, [
        *(checks.needless_transform_findings() if needless else []),
        *transform_findings(found, what="the earlier dose was"),
        *_direction_findings(dose, placed, on, found=found),
    ]


def _placed(dose: Volume, way: Registration, volume: Volume) -> Volume | None:
    grid = moved_grid(dose.grid, way, volume.grid)
    return None if grid is None else replace(dose, grid=grid)


def _direction_findings(
    dose: Volume,
    placed: Volume,
    on: Placed,
    *,
    found: Registration,
) -> list[Finding]:
    """Whether the earlier dose would lie better the other way round.

    A lateral shift loses little of it from the liver: the perfused volume and the
    largest tumor tell more.
    """
    volume = on.image
    largest = (
        _largest(on.on_grid, role) for role in (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    )
    regions = [one for one in largest if one is not None]
    # Without a liver the question may be idle: another lobe may have been treated.
    if found.matrix is None or not {one.role for one in regions} - {Role.TUMOR}:
        return unknown_direction_findings("--prior-transform")
    inverse = np.asarray(np.linalg.inv(found.matrix), np.float64)
    back = _placed(dose, of_matrix(inverse, volume.grid), volume)
    holds = _held(placed, regions, volume)
    inverted = _held(back, regions, volume) if back else [0.0] * len(regions)
    fits = [
        Fit(one.name, *pair)
        for one, *pair in zip(regions, holds, inverted, strict=True)
    ]
    least = _TELLING * max(max(one.holds, one.inverted) for one in fits)
    fits = [one for one in fits if max(one.holds, one.inverted) >= least]
    return direction_findings(fits, of="the earlier dose", found=found)
