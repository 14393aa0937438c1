"""An earlier session's dose map beside this one's: the sum of both."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.checks.transforms import (
    Fit,
    direction_findings,
    transform_findings,
)
from sirtdose.data.load import table
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
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.registration import transform_of
from sirtdose.workflows.image.scene import one_patient_findings

# The name that the sum's results carry behind their method's.
TAG = "+with_prior"
_COVERED_MIN = 0.99
_MOST_GY = 1e5
# Structures with less of the earlier dose tell nothing of where it lies.
_TELLING = 0.01
# The same image assessed again, with another density, constant or calibration (the
# bounds of H13). Noise alone makes two sessions differ by more, voxel by voxel.
_SAME_FACTOR, _SAME_WITHIN, _SAME_ABOVE = (0.8, 1.25), 0.1, 0.1


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
        findings = [
            Finding.of(
                "H15",
                "the earlier dose has no frame of reference: it is taken to lie as the "
                "patient does here; --prior-transform brings it over",
                severity=Severity.WARN,
            )
        ]
    if not dose.grid.shares_frame(volume.grid):
        raise GeometryError(
            f"--prior-dose {path.name} is in another frame of reference (0020,0052) "
            "than the image (H15): --prior-transform brings it over"
        )
    mean, covered = mean_on(dose, volume.grid)
    cover = Volume(covered, volume.grid, Quantity.DENSITY)
    findings += _coverage_findings(cover, structures)
    findings += _place_findings(dose, volume, structures)
    prior = np.asarray(mean * covered, np.float32)
    return Volume(prior, volume.grid, Quantity.DOSE), findings


def _coverage_findings(
    covered: Volume, structures: Sequence[Structure]
) -> list[Finding]:
    """Structures that the earlier map does not reach (H19)."""
    asked = float(table("registration")["prior_coverage"]["min"])
    findings = []
    for structure in structures:
        values, part = structure.values_in(covered)
        inside = float((values * part).sum() / part.sum())
        if inside < _COVERED_MIN and structure.role is not Role.OTHER:
            findings.append(
                Finding.of(
                    "H19",
                    f"the earlier dose covers {inside:.0%} of '{structure.name}': the "
                    "rest counts as having had none",
                    severity=Severity.ASK if inside < asked else Severity.WARN,
                )
            )
    return findings


def _place_findings(
    dose: Volume, volume: Volume, structures: Sequence[Structure]
) -> list[Finding]:
    """An earlier dose most of which lies outside of the liver (H16)."""
    liver = _largest(structures, Role.LIVER)
    if liver is None:
        return []
    whole = float(dose.data.clip(min=0).sum(dtype=float)) * dose.grid.voxel_volume_ml
    part = _held(dose, [liver], volume)[0] / whole
    least = float(table("registration")["prior_in_liver"]["min"])
    if part >= least:
        return []
    return [
        Finding.of(
            "H16",
            f"{part:.0%} of the earlier dose (Gy times mL) lies in '{liver.name}', "
            f"less than {least:.0%}: does the map lie where the patient does?",
        )
    ]


def _largest(structures: Sequence[Structure], role: Role) -> Structure | None:
    known = [one for one in structures if one.role is role]
    return max(known, key=lambda one: one.volume_ml, default=None)


def _held(dose: Volume, structures: Sequence[Structure], volume: Volume) -> list[float]:
    """Earlier dose in each structure, Gy times mL."""
    mean, covered = mean_on(dose, volume.grid)
    held = []
    for one in structures:
        values, part = one.values_in(volume.with_data(mean * covered))
        total = float((values * part).sum(dtype=float))
        held.append(total * volume.grid.voxel_volume_ml)
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
    priors = [study_uid(one) for one in found if one.kind is Kind.DOSE]
    if not own or own not in priors:
        return findings
    return [
        *findings,
        Finding.of(
            "H09",
            f"--prior-dose {path.name} belongs to the image's own study "
            "(StudyInstanceUID (0020,000D)): is it this treatment's dose? It would "
            "count twice; give the dose of an earlier session",
            severity=Severity.ASK,
        ),
    ]


def as_it_lies(path: Path, on: Volume) -> Volume:
    """The earlier dose without a transform: this treatment's own dose needs none."""
    dose = read_prior(path)
    grid = replace(dose.grid, frame_of_reference_uid=None)
    mean, covered = mean_on(replace(dose, grid=grid), on.grid)
    return on.with_data(mean * covered)


def same_dose_findings(
    *, name: str, earlier: Volume, doses: Mapping[str, Dose]
) -> list[Finding]:
    """An earlier dose that is this session's, voxel by voxel (H09)."""
    then = np.asarray(earlier.data)
    for method, dose in doses.items():
        if method.endswith(TAG):
            continue
        now = np.asarray(dose.volume.data, float)
        either = (now > _SAME_ABOVE * now.max()) | (
            then > _SAME_ABOVE * max(then.max(), 1e-30)
        )
        a, b = now[either], np.asarray(then, float)[either]
        factor = float((a * b).sum() / max((b * b).sum(), 1e-30))
        left = float(((a - factor * b) ** 2).sum() / (a * a).sum()) ** 0.5
        low, high = _SAME_FACTOR
        if low <= factor <= high and left <= _SAME_WITHIN:
            return [
                Finding.of(
                    "H09",
                    f"--prior-dose {name} is this session's dose times "
                    f"{1 / factor:.3g}, to {left:.1%} voxel by voxel: is it this "
                    "treatment's dose? It would count twice; give the dose of an "
                    "earlier session",
                    severity=Severity.ASK,
                )
            ]
    return []


def summed_dose(dose: Dose, prior: Volume) -> Dose:
    """Dose of both sessions together."""
    return replace(dose, volume=dose.volume.with_data(dose.volume.data + prior.data))


def prior_lung_findings(
    *, prior_lung_dose_gy: float, structures: Sequence[Structure]
) -> list[Finding]:
    """The lungs' earlier dose, which a map of one density gives wrongly (H22)."""
    if prior_lung_dose_gy > 0:
        return []
    if not any(one.role is Role.LUNGS for one in structures):
        return []
    return [
        Finding.of(
            "H22",
            "the lungs' dose of the earlier session is not taken from its map, whose "
            "density is not known: --prior-lung-dose gives it; where the lungs have a "
            "row, their sum is of both maps",
        )
    ]


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
            f"--prior-dose {path.name} holds {volume.quantity.unit}, not Gy: give an "
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
            f"{path.name} is no rigid transform: an earlier dose is moved, not bent"
        )
    findings = []
    if frame is not None and frame == volume.grid.frame_of_reference_uid:
        findings.append(
            Finding.of(
                "H16",
                "the earlier dose is in the image's own frame of reference "
                "(0020,0052), and is moved all the same: leave --prior-transform out",
            )
        )
    findings += transform_findings(found, what="the earlier dose was")
    findings += _direction_findings(dose, placed, on, found=found)
    return placed, findings


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
    roles = (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    volume = on.image
    largest = (_largest(on.on_grid, role) for role in roles)
    regions = [one for one in largest if one is not None]
    # Without a liver the question may be idle: another lobe may have been treated.
    if found.matrix is None or not {one.role for one in regions} - {Role.TUMOR}:
        said = (
            "whether --prior-transform is the wrong way round was not checked: needs "
            "a liver or perfused volume"
        )
        return [Finding.of("H16", said, severity=Severity.NOTE)]
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
