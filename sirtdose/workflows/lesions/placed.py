"""Contours and dose maps of several visits at one place, and the sum of doses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sirtdose.checks.earlier_dose import EARLIER
from sirtdose.checks.transforms import transform_findings
from sirtdose.dosimetry.grid.registration import Registration, moved, moved_grid
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.history import Seen, Source, Visit
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.workflows.image.registration import transform_of
from sirtdose.workflows.post.placed_dose import read_dose_map

Labeled = list[tuple[Visit, Source]]
# A map that covers less of a lesion tells too little of its dose.
_COVERED = 0.99


@dataclass(frozen=True)
class Way:
    """How what lies at a visit comes to where the first contours lie."""

    registration: Registration
    fixed: Grid


def placed_sources(
    labeled: Labeled, registrations: Mapping[str, Path]
) -> tuple[tuple[Labeled, dict[str, Way]], list[Finding]]:
    """Contours of visits with a registration, where the first contours lie.

    Raises
    ------
    InputError
        A visit without contours, or the first one, or a file that cannot be used.
    """
    if not registrations:
        return (labeled, {}), []
    drawn = [visit.label for visit, source in labeled if _contours(source)]
    first = drawn[0] if drawn else ""
    for label in registrations:
        if label not in drawn[1:]:
            why = (
                "is where the others are brought to"
                if label == first
                else "has no contours to bring over: give them with --structures"
            )
            raise InputError(f"--registration: {label} {why}")
    fixed = max(
        _contours(next(source for visit, source in labeled if visit.label == first)),
        key=lambda one: one.grid.shape[0] * one.volume_ml,
    ).grid
    found: Labeled = []
    ways: dict[str, Way] = {}
    findings: list[Finding] = []
    for visit, source in labeled:
        if visit.label not in registrations:
            found.append((visit, source))
            continue
        path = registrations[visit.label]
        frame = _contours(source)[0].grid.frame_of_reference_uid
        way = transform_of(path, fixed, source=frame, option="--registration")
        findings += transform_findings(way, what=f"contours of {visit.label} were")
        ways[visit.label] = Way(way, fixed)
        found.append((visit, replace(source, seen=_moved(source.seen, way, fixed))))
    return (found, ways), findings


def _contours(source: Source) -> list[Structure]:
    return [one.structure for one in source.seen if one.structure is not None]


def _moved(seen: Sequence[Seen], way: Registration, fixed: Grid) -> tuple[Seen, ...]:
    return tuple(
        one
        if one.structure is None
        else replace(one, structure=moved(one.structure, way, fixed))
        for one in seen
    )


def summed_doses(
    treatments: Labeled, ways: Mapping[str, Way], lesions: Mapping[str, Structure]
) -> tuple[dict[str, dict[str, float]], str]:
    """Mean of all treatments' dose maps in each lesion, by method, Gy.

    Maps are added where they share a frame of reference that each of them states, or
    are registered to one. `lesions` are the contours of the last treatment that has
    them.

    Returns
    -------
    dict
        By lesion and method.
    str
        Why nothing is summed; empty where it is.
    """
    if len(treatments) < 2:
        return {}, ""
    without = [visit.label for visit, source in treatments if not source.maps]
    if without:
        return {}, f"{', '.join(without)} has no dose map as DICOM beside post.json"
    nuclides = dict.fromkeys(source.nuclide for _, source in treatments)
    if len(nuclides) > 1:
        return {}, f"doses of {' and '.join(nuclides)} do not act alike"
    if not lesions:
        return {}, "no treatment has contours of its lesions"
    methods = [
        method
        for method in treatments[0][1].maps
        if all(method in source.maps for _, source in treatments)
    ]
    if not methods:
        return {}, "no method of dose is common to all treatments"
    found: dict[str, dict[str, float]] = {name: {} for name in lesions}
    for method in methods:
        doses = {
            visit.label: _dose(source.maps[method], ways.get(visit.label))
            for visit, source in treatments
        }
        if why := _why_apart(doses, lesions):
            return {}, why
        for name, contours in lesions.items():
            total = sum(_mean_gy(one, contours) for one in doses.values() if one)
            if np.isfinite(total):
                found[name][method] = total
    return {name: some for name, some in found.items() if some}, ""


def _why_apart(
    doses: Mapping[str, Volume | None], lesions: Mapping[str, Structure]
) -> str:
    """Why maps and contours cannot be laid on each other; empty where they can."""
    for label, dose in doses.items():
        if dose is None:
            return f"the registration of {label} is not rigid"
        if not all(_one_frame(dose.grid, one.grid) for one in lesions.values()):
            return (
                "the dose maps are in different frames of reference, or state none: "
                f"give --registration '{label}=FILE'"
            )
    return ""


def _one_frame(one: Grid, other: Grid) -> bool:
    frames = one.frame_of_reference_uid, other.frame_of_reference_uid
    return None not in frames and frames[0] == frames[1]


def _dose(path: Path, way: Way | None) -> Volume | None:
    dose = read_dose_map(path, EARLIER)
    if way is None:
        return dose
    grid = moved_grid(dose.grid, way.registration, way.fixed)
    return None if grid is None else replace(dose, grid=grid)


def _mean_gy(dose: Volume, contours: Structure) -> float:
    """Mean of a map in a lesion; not a number where it covers too little of it."""
    contours = contours.cropped()
    mean, covered = mean_on(dose, contours.grid)
    part = contours.occupancy.astype(np.float64)
    inside = float((part * covered).sum())
    if inside < _COVERED * float(part.sum()):
        return float("nan")
    return float((part * covered * mean).sum() / inside)
