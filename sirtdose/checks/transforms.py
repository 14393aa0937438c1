"""Plausibility of a transform, for images, structures and doses (H16)."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sirtdose.data.load import table
from sirtdose.dosimetry.grid.bend import Bend, Change
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.model.finding import Finding, Severity

# Voxels that a structure may gain or lose by being sampled on another lattice.
_SAMPLED = 2


class Fit(NamedTuple):
    """Content of a structure with a transform, and with its inverse."""

    subject: str
    holds: float
    inverted: float


def image_shift_findings(shift_mm: tuple[float, float, float]) -> list[Finding]:
    """Image moved by --image-shift (H16)."""
    x, y, z = shift_mm
    size, most_mm = math.hypot(*shift_mm), _bound("shift_mm", "max")
    said = (
        f"the image was moved by {size:.1f} mm ({x:+.1f}, {y:+.1f}, {z:+.1f} mm along "
        "x, y and z) by --image-shift"
    )
    if size <= most_mm:
        return [Finding.of("H16", said, severity=Severity.NOTE)]
    far = f"{said}: more than {most_mm:g} mm; is the unit right?"
    return [Finding.of("H16", far, subject="image shift")]


def transform_findings(found: Registration, *, what: str) -> list[Finding]:
    """Size, quality and invertibility of a transform (H16).

    Parameters
    ----------
    found : Registration
    what : str
        What it moves, with its verb: "structures were".
    """
    shift = sum(s**2 for s in found.shift_mm) ** 0.5
    x, y, z = found.shift_mm
    how = (
        "a transform file" if found.method == "file" else f"{found.method} registration"
    )
    said = (
        f"{what} moved by {how}: {shift:.1f} mm (x {x:.1f}, y {y:.1f}, z {z:.1f}) at "
        f"the image's center, {found.rotation_deg:.1f} degrees"
    )
    findings = [Finding.of("H16", said, severity=Severity.NOTE)]
    most_mm, most_deg = _bound("shift_mm", "max"), _bound("rotation_deg", "max")
    if shift > most_mm or found.rotation_deg > most_deg:
        findings.append(
            Finding.of(
                "H16",
                f"{said}: more than {most_mm:g} mm or {most_deg:g} degrees; check the "
                "overlay in the report",
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
    if found.inverse_error_mm > _bound("inverse_error_mm", "max"):
        findings.append(
            Finding.of(
                "H16",
                "the transform and its inverse disagree by "
                f"{found.inverse_error_mm:.2g} mm: it cannot be used",
                severity=Severity.STOP,
            )
        )
    return findings


def dice_findings(dice: float) -> list[Finding]:
    """Overlap of the livers of both sides, as a Dice coefficient (H16)."""
    severity = Severity.NOTE if dice >= _bound("liver_dice", "min") else Severity.ASK
    said = f"the livers of both sides overlap by a Dice coefficient of {dice:.3f}"
    return [Finding.of("H16", said, severity=severity)]


def unknown_direction_findings(what: str, *, needs: str = "") -> list[Finding]:
    """Transform whose direction could not be checked (H16)."""
    said = (
        f"direction of the transform of {what} not checked: needs a liver or perfused "
        "volume"
    )
    return [Finding.of("H16", f"{said} {needs}".rstrip(), severity=Severity.NOTE)]


def direction_findings(
    fits: Sequence[Fit], *, of: str, found: Registration
) -> list[Finding]:
    """Transform whose inverse fits better, or whose direction is unclear (H16).

    Parameters
    ----------
    fits : sequence of Fit
        Structures that should contain the quantity, the most informative first.
    of : str
        The quantity: "the image's counts".
    found : Registration
        The transform: a small one is the same in both directions.
    """
    most = _bound("other_way", "max")
    against = [one for one in fits if one.inverted > most * one.holds]
    speaks_for = any(one.holds > most * one.inverted for one in fits)
    if against and (not speaks_for or against[0] is fits[0]):
        one = against[0]
        said = (
            f"contains {one.inverted / one.holds:.2f} times as much of {of}"
            if one.holds > 0
            else f"contains nothing of {of}, and some"
        )
        return [
            Finding.of(
                "H16",
                f"'{one.subject}' {said} with the inverse of this transform: is its "
                "direction inverted?",
                subject=one.subject,
            )
        ]
    shift = sum(s**2 for s in found.shift_mm) ** 0.5
    if (speaks_for and not against) or shift <= _bound("same_either_way_mm", "max"):
        return []
    subjects = ", ".join(f"'{one.subject}'" for one in fits)
    return [
        Finding.of(
            "H16",
            f"the transform moves by {shift:.1f} mm, and its direction cannot be "
            f"verified from {of} in {subjects}: check the overlay in the report",
            severity=Severity.WARN,
        )
    ]


def change_findings(
    changes: Iterable[Change], *, voxel_volume_ml: float
) -> list[Finding]:
    """Volume change by a transform beyond interobserver variability (H16)."""
    most = _bound("volume_change", "max")
    changed = [
        one
        for one in changes
        if abs(one.after_ml - one.before_ml)
        > most * one.before_ml + _SAMPLED * voxel_volume_ml
    ]
    if not changed:
        return []
    listed = ", ".join(_changed(one) for one in changed)
    return [
        Finding.of(
            "H16",
            f"registration changed volumes by more than {most:.0%}: {listed}; use "
            "--registration rigid, or look at each structure on the image",
        )
    ]


def bend_findings(found: Registration) -> list[Finding]:
    """Deformable transform, and deformation beyond plausible bounds (H16)."""
    if found.start is None:
        return []
    findings = _against_start(found, found.start)
    if found.bend is None:
        return findings
    said = _bend_words(found.bend)
    findings.append(
        Finding.of(
            "H16",
            f"{said}; mutual information cannot show whether this motion is real: "
            "compare with --registration affine",
            severity=Severity.WARN,
        )
    )
    if reasons := _beyond(found.bend):
        findings.append(Finding.of("H16", f"{said}: {'; '.join(reasons)}"))
    return findings


def _against_start(found: Registration, start: Registration) -> list[Finding]:
    """Deformable registration that is no better than the affine one (H16)."""
    bent, affine = found.metric_after, start.metric_after
    if bent is None or affine is None or bent < affine:
        return []
    return [
        Finding.of(
            "H16",
            f"mutual information is {-bent:.4f} for the deformable and {-affine:.4f} "
            "for the affine registration: deforming gained nothing; use "
            "--registration affine",
        )
    ]


def _beyond(bend: Bend) -> list[str]:
    least, most = _bound("jacobian", "min"), _bound("jacobian", "max")
    farthest = _bound("bend_mm", "max")
    folded = bend.folded_fraction
    reasons = (
        (f"{folded:.2%} of the region is folded onto itself", folded > 0),
        (
            f"plausible Jacobians are {least:g} to {most:g}",
            bend.jacobian_p5 < least or bend.jacobian_p95 > most,
        ),
        (f"livers deform by less than {farthest:g} mm", bend.p95_mm > farthest),
    )
    return [reason for reason, holds in reasons if holds]


def _bend_words(bend: Bend) -> str:
    return (
        f"in '{bend.region}' the transform deforms by {bend.mean_mm:.1f} mm on "
        f"average (95th percentile {bend.p95_mm:.1f} mm, maximum {bend.max_mm:.1f} "
        f"mm), Jacobian {bend.jacobian_min:.2f} to {bend.jacobian_max:.2f}"
    )


def _changed(one: Change) -> str:
    affine = (
        "" if one.affine_ml is None else f", {one.affine_ml:.2f} after the affine part"
    )
    return (
        f"'{one.name}' {one.before_ml:.2f} to {one.after_ml:.2f} mL "
        f"({one.relative:+.0%}{affine})"
    )


def _bound(name: str, side: str) -> float:
    return float(table("registration")[name][side])
