"""Bring structures drawn on another image to this one, on request (H15, H16)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import GeometryError, InputError, StructureError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.workflows.image_request import ImageRequest

if TYPE_CHECKING:
    from sirtdose.dosimetry.registration import Registration
    from sirtdose.model.grid import Grid
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume

METHODS = ("rigid", "affine", "bspline")
_SHIFT_MAX_MM, _ROTATION_MAX_DEG = 20.0, 10.0
_INVERSE_MAX_MM = 0.1
_DICE_MIN = 0.85
# A transform the other way round that puts so much more of the image into the liver.
_OTHER_WAY = 1.2


def registered(
    request: ImageRequest,
    drawn: "Sequence[Structure]",
    image: "Volume",
    ct: "Volume | None",
    findings: list[Finding],
) -> "tuple[list[Structure], Registration | None]":
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
        return list(drawn), None
    from sirtdose.dosimetry.registration import moved

    frame = image.grid.frame_of_reference_uid
    stay = [
        frame is not None and one.grid.frame_of_reference_uid == frame for one in drawn
    ]
    if all(stay):
        raise InputError(
            "every structure is in the image's own frame of reference: there is "
            "nothing for a --registration to bring over"
        )
    found = _registration(request, drawn, image, ct)
    target = (ct or image).grid
    placed = [
        one if stays else moved(one, found, target)
        for one, stays in zip(drawn, stay, strict=True)
    ]
    fixed = [one for one, stays in zip(drawn, stay, strict=True) if stays]
    brought = [one for one, stays in zip(placed, stay, strict=True) if not stays]
    findings += _findings(found)
    findings += _dice_findings(fixed, brought)
    if found.method == "file" and found.matrix is not None:
        findings += _direction_findings(found, drawn, stay, image)
    return placed, found


def _registration(
    request: ImageRequest,
    drawn: "Sequence[Structure]",
    image: "Volume",
    ct: "Volume | None",
) -> "Registration":
    from sirtdose.dosimetry.mutual_information import register
    from sirtdose.io.anatomy import read_anatomy

    how = request.registration
    if isinstance(how, Path):
        return _of_file(how, drawn, image.grid)
    if ct is None:
        raise InputError(
            "a registration needs the CT of the SPECT/CT or PET/CT: name it with --ct"
        )
    if request.drawn_on is None:
        raise InputError(
            "a registration needs the image that structures were drawn on: give "
            "--drawn-on, or a transform file"
        )
    moving = read_anatomy(request.drawn_on)
    _same_source(moving.grid.frame_of_reference_uid, drawn, image.grid)
    if how == "rigid":
        return register(ct, moving, method="rigid")
    if how == "affine":
        return register(ct, moving, method="affine")
    return register(ct, moving, method="bspline")


def _of_file(path: Path, drawn: "Sequence[Structure]", grid: "Grid") -> "Registration":
    import numpy as np

    from sirtdose.dosimetry import registration as rules
    from sirtdose.io.dicom_bare import is_dicom_file

    if not path.is_file():
        raise InputError(f"there is no transform file {path.name}")
    source = _same_source(None, drawn, grid)
    if not is_dicom_file(path):
        return rules.read_transform(path, grid)
    from sirtdose.io.dicom_reg import read_registration

    matrix = read_registration(
        path, to_frame=grid.frame_of_reference_uid, from_frame=source
    )
    return rules.of_matrix(np.asarray(matrix), grid)


def _same_source(
    source: str | None, drawn: "Sequence[Structure]", grid: "Grid"
) -> str | None:
    """The one frame of reference, if any is stated, of what is to be brought over."""
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
            "this registration starts from (H15): bring over one image's structures "
            "at a time"
        )
    return source


def _findings(found: "Registration") -> list[Finding]:
    shift = sum(s**2 for s in found.shift_mm) ** 0.5
    x, y, z = found.shift_mm
    said = (
        f"structures were moved by {found.method} registration: {shift:.1f} mm (x "
        f"{x:.1f}, y {y:.1f}, z {z:.1f}) in the middle of the image, "
        f"{found.rotation_deg:.1f} degrees"
    )
    findings = [Finding.of("H16", said, severity=Severity.NOTE)]
    if shift > _SHIFT_MAX_MM or found.rotation_deg > _ROTATION_MAX_DEG:
        findings.append(
            Finding.of(
                "H16",
                f"{said}: over {_SHIFT_MAX_MM:g} mm or {_ROTATION_MAX_DEG:g} degrees; "
                "look at the picture in the report",
            )
        )
    before, after = found.metric_before, found.metric_after
    if before is not None and after is not None and after >= before:
        findings.append(
            Finding.of(
                "H16",
                f"mutual information is {-after:.4f} after registration and "
                f"{-before:.4f} before: it did not improve",
            )
        )
    if found.inverse_error_mm > _INVERSE_MAX_MM:
        findings.append(
            Finding.of(
                "H16",
                f"there and back ends {found.inverse_error_mm:.2g} mm off: the "
                "transform cannot be used",
                severity=Severity.STOP,
            )
        )
    return findings


def _dice_findings(
    fixed: "Sequence[Structure]", moved: "Sequence[Structure]"
) -> list[Finding]:
    """Overlap of a liver that both sides have."""
    from sirtdose.dosimetry.derived import union, with_role
    from sirtdose.dosimetry.resample import on_one_lattice

    ours, theirs = with_role(fixed, Role.LIVER), with_role(moved, Role.LIVER)
    if not ours or not theirs:
        return []
    lattice = on_one_lattice([*ours, *theirs])
    one, other = union(lattice[: len(ours)]), union(lattice[len(ours) :])
    dice = 2 * (one & other).volume_ml / (one.volume_ml + other.volume_ml)
    severity = Severity.NOTE if dice >= _DICE_MIN else Severity.ASK
    said = f"the livers of both sides overlap by a Dice coefficient of {dice:.3f}"
    return [Finding.of("H16", said, severity=severity)]


def _direction_findings(
    found: "Registration",
    drawn: "Sequence[Structure]",
    stay: Sequence[bool],
    image: "Volume",
) -> list[Finding]:
    """Whether the transform the other way round would fit the image better."""
    import numpy as np

    from sirtdose.dosimetry.registration import of_matrix

    if found.matrix is None:
        return []
    livers = [
        one
        for one, stays in zip(drawn, stay, strict=True)
        if not stays and one.role in (Role.LIVER, Role.PERFUSED)
    ]
    if not livers:
        return []
    inverse = np.asarray(np.linalg.inv(found.matrix), np.float64)
    back = of_matrix(inverse, image.grid)
    held = [_counts(livers[0], way, image) for way in (found, back)]
    if held[1] <= _OTHER_WAY * held[0]:
        return []
    return [
        Finding.of(
            "H16",
            f"'{livers[0].name}' holds {held[1] / max(held[0], 1e-30):.2f} times as "
            "much of the image with the transform the other way round: is it inverted?",
        )
    ]


def _counts(structure: "Structure", way: "Registration", image: "Volume") -> float:
    from sirtdose.dosimetry.activity import total_in
    from sirtdose.dosimetry.registration import moved
    from sirtdose.dosimetry.resample import occupancy_on

    try:
        placed = moved(structure, way, image.grid)
        return total_in(image, occupancy_on(placed, image.grid))
    except (GeometryError, StructureError):
        return 0.0
