"""Bring structures drawn on another image to this one, on request (H15, H16)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.checks import transforms as checks
from sirtdose.checks.outline import outline_findings
from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.grid.bend import Change, bend_at
from sirtdose.dosimetry.grid.mutual_information import register
from sirtdose.dosimetry.grid.outline_registration import register_by_outline
from sirtdose.dosimetry.grid.registration import (
    Registration,
    moved,
    of_matrix,
    read_transform,
)
from sirtdose.dosimetry.grid.resample import occupancy_on, on_one_lattice
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.errors import GeometryError, InputError, StructureError
from sirtdose.io.dicom.bare import is_dicom_file
from sirtdose.io.dicom.reg import read_registration
from sirtdose.io.discover import require_there
from sirtdose.io.read import read_anatomy, read_reference
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.request import ImageRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


def registered(
    request: ImageRequest,
    drawn: Sequence[Structure],
    *,
    image: Volume,
    ct: Volume | None,
) -> tuple[tuple[list[Structure], Registration | None], list[Finding]]:
    """Structures at their place in the image, and how they came there.

    Those in the image's own frame of reference stay where they are.

    Raises
    ------
    InputError
        No CT to register to, no image that was drawn on, a file that cannot be used,
        or nothing to bring over.
    GeometryError
        Structures in another frame of reference than the one it starts from (H15).
    """
    if request.registration is None:
        return (list(drawn), None), []
    if isinstance(request.registration, Path):
        _require_transform(request.registration, "--registration")
    frame = image.grid.frame_of_reference_uid
    stay = [
        frame is not None and one.grid.frame_of_reference_uid == frame for one in drawn
    ]
    if all(stay):
        raise InputError(
            "every structure is already in the image's frame of reference, so none has "
            "to be moved: compute doses without a registration"
        )
    found = _registration(request, drawn, image=image, ct=ct)
    target = (ct or image).grid
    placed = [
        one if stays else moved(one, found, target)
        for one, stays in zip(drawn, stay, strict=True)
    ]
    fixed = [one for one, stays in zip(drawn, stay, strict=True) if stays]
    brought = [one for one, stays in zip(placed, stay, strict=True) if not stays]
    sources = [one for one, stays in zip(drawn, stay, strict=True) if not stays]
    found = measured(found, sources, brought, target)
    found = replace(found, from_frame=sources[0].grid.frame_of_reference_uid)
    findings = [
        *outline_findings(found),
        *([] if found.outline else _size_findings(found)),
        *checks.bend_findings(found),
        *checks.change_findings(found.changes, voxel_volume_ml=target.voxel_volume_ml),
        *_dice_findings(fixed, brought),
    ]
    if found.method == "file":
        findings += _direction_findings(found, sources, image)
    return (placed, found), findings


def _size_findings(found: Registration) -> list[Finding]:
    return checks.transform_findings(found, what="structures were")


def measured(
    found: Registration,
    sources: Sequence[Structure],
    brought: Sequence[Structure],
    target: Grid,
) -> Registration:
    """The registration with what it made of every structure, and how it bends."""
    changes, start = [], found.start
    for one, placed in zip(sources, brought, strict=True):
        change = Change(one.name, one.volume_ml, placed.volume_ml)
        if start is not None and not one.empty:
            affine = _by_affine(one, start, target)
            change = replace(
                change,
                affine_ml=affine.volume_ml if affine else 0.0,
                affine_dice=_dice([affine], [placed]) if affine else 0.0,
            )
        changes.append(change)
    bend = None
    if start is not None and brought:
        region = _region(brought)
        bend = bend_at(
            found.transform,
            start.transform,
            region.grid.world_mm(np.argwhere(region.occupancy >= 0.5)),
            region=region.name,
        )
    return replace(found, changes=tuple(changes), bend=bend)


def _region(brought: Sequence[Structure]) -> Structure:
    """The liver, else what stands for it: the largest structure there is."""
    livers = with_role(brought, Role.LIVER)
    return max(livers or brought, key=lambda one: one.volume_ml)


def _by_affine(one: Structure, start: Registration, target: Grid) -> Structure | None:
    try:
        return moved(one, start, target)
    except GeometryError:
        return None


def _registration(
    request: ImageRequest,
    drawn: Sequence[Structure],
    *,
    image: Volume,
    ct: Volume | None,
) -> Registration:
    how = request.registration
    if isinstance(how, Path):
        source = _same_source(None, drawn, image.grid)
        return transform_of(how, image.grid, source=source, option="--registration")
    if ct is None and how != "liver":
        raise InputError(
            "a registration needs the CT of the SPECT/CT or PET/CT: name it with --ct; "
            "without one, --registration liver registers the image itself"
        )
    if request.drawn_on is None:
        raise InputError(
            "a registration needs the image on which structures were drawn: give "
            "--drawn-on, or a transform file"
        )
    require_there(request.drawn_on, "--drawn-on")
    if how == "liver" or ct is None:
        return _by_liver(request.drawn_on, drawn, image)
    moving = read_anatomy(request.drawn_on)
    _same_source(moving.grid.frame_of_reference_uid, drawn, image.grid)
    if how == "rigid":
        return register(ct, moving, method="rigid")
    if how == "affine":
        return register(ct, moving, method="affine")
    return register(ct, moving, method="bspline")


def _by_liver(
    drawn_on: Path, drawn: Sequence[Structure], image: Volume
) -> Registration:
    """The image itself, to the one that its structures were drawn on."""
    anatomy, kind = read_reference(drawn_on)
    _same_source(anatomy.grid.frame_of_reference_uid, drawn, image.grid)
    frame = image.grid.frame_of_reference_uid
    away = [
        one
        for one in drawn
        if frame is None or one.grid.frame_of_reference_uid != frame
    ]
    return register_by_outline(image, anatomy, away, anatomy_is=kind)


def _same_source(
    source: str | None, drawn: Sequence[Structure], grid: Grid
) -> str | None:
    """Structures in another frame of reference than the registration's (H15)."""
    frames = {
        one.grid.frame_of_reference_uid: one.name
        for one in drawn
        if one.grid.frame_of_reference_uid not in (None, grid.frame_of_reference_uid)
    }
    foreign = [name for frame, name in frames.items() if frame != source]
    if source is None and len(frames) <= 1:
        return next(iter(frames), None)
    if foreign:
        raise GeometryError(
            f"'{foreign[-1]}' was drawn in another frame of reference than the one "
            "this registration starts from (H15): register the structures of one "
            "image at a time"
        )
    return source


def _dice_findings(
    fixed: Sequence[Structure], brought: Sequence[Structure]
) -> list[Finding]:
    """Overlap of a liver that both sides have."""
    ours, theirs = with_role(fixed, Role.LIVER), with_role(brought, Role.LIVER)
    return checks.dice_findings(_dice(ours, theirs)) if ours and theirs else []


def _dice(ours: Sequence[Structure], theirs: Sequence[Structure]) -> float:
    lattice = on_one_lattice([*ours, *theirs])
    one, other = union(lattice[: len(ours)]), union(lattice[len(ours) :])
    return 2 * (one & other).volume_ml / (one.volume_ml + other.volume_ml)


def _direction_findings(
    found: Registration, sources: Sequence[Structure], image: Volume
) -> list[Finding]:
    """Whether the transform the other way round would fit the image better."""
    # A transform that bends is judged by its affine part: its inverse is not known.
    forward = found.affine
    # Counts lie in what is perfused: of a whole liver a shift may lose few.
    regions = with_role(sources, Role.PERFUSED) or with_role(sources, Role.LIVER)
    if forward.matrix is None or not regions:
        return checks.unknown_direction_findings(
            "the transform", needs="among the structures that it moves"
        )
    back = of_matrix(np.asarray(np.linalg.inv(forward.matrix), np.float64), image.grid)
    region = max(regions, key=lambda one: one.volume_ml)
    holds, inverted = (_counts(region, way, image) for way in (forward, back))
    return checks.direction_findings(
        [checks.Fit(region.name, holds, inverted)],
        of="the image's counts",
        found=forward,
    )


def _counts(structure: Structure, way: Registration, image: Volume) -> float:
    try:
        return total_in(
            image, occupancy_on(moved(structure, way, image.grid), image.grid)
        )
    except (GeometryError, StructureError):
        return 0.0


def transform_of(
    path: Path, grid: Grid, *, source: str | None, option: str
) -> Registration:
    """An ITK transform or a DICOM registration, from a file.

    Parameters
    ----------
    path : Path
    grid : Grid
        Of the image that something is brought to.
    source : str or None
        Frame of reference of what is brought over, where it is known.
    option : str
        That names the file.

    Raises
    ------
    InputError
        No file, or none that can be used.
    """
    _require_transform(path, option)
    if not is_dicom_file(path):
        return read_transform(path, grid)

    matrix = read_registration(
        path, to_frame=grid.frame_of_reference_uid, from_frame=source
    )
    return of_matrix(np.asarray(matrix), grid)


def _require_transform(path: Path, option: str) -> None:
    if not path.is_file():
        raise InputError(
            f"{option}: there is no file {path.name}: give a DICOM registration or an "
            "ITK transform"
        )
