"""Effects of voxel size and blur on the dose: correction and resampling (H20)."""

from collections.abc import Sequence

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.dosimetry.image.activity import total_in
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# A correction that adds or takes more of the image's total than this is told of.
_TOTAL_CHANGE_MAX = 0.005
# Contours that lie further from what the image has of them are told of.
_OFFSET_MAX_MM = 3.0
# By which a tumor's mean may move with contour or width before it is told of.
_SENSITIVE = 0.20
# Activity that a structure gains or loses by the new voxels, and is told of.
_MOVED_MAX = 0.02


def blur_findings(result: PartialVolume) -> list[Finding]:
    """Partial-volume correction that is unreliable (H20)."""
    findings = _fit_findings(result)
    if abs(result.total_change) > _TOTAL_CHANGE_MAX:
        findings.append(
            Finding.of(
                "H20",
                "partial-volume correction changes the total activity of the image by "
                f"{result.total_change:+.2%}; it was not scaled back",
            )
        )
    findings += _recovery_findings(result)
    if result.unreliable:
        names = ", ".join(result.unreliable)
        findings.append(
            Finding.of(
                "H20",
                f"{names}: smaller than any volume in the recovery table; the "
                "correction is unreliable there"
                if result.recoveries
                else f"{names}: smaller than the FWHM of the image; the dose there is "
                "not reported as corrected",
            )
        )
    if not result.settled:
        findings.append(
            Finding.of(
                "H20",
                f"partial-volume correction had not converged after {result.rounds} "
                "iterations",
            )
        )
    by_cause: dict[str, list[str]] = {}
    for name, changes in result.sensitivity.items():
        for cause, change in changes.items():
            if abs(change) > _SENSITIVE:
                by_cause.setdefault(cause, []).append(f"'{name}' {change:+.0%}")
    if by_cause:
        said = "; ".join(f"{cause}: {', '.join(of)}" for cause, of in by_cause.items())
        findings.append(
            Finding.of("H20", f"corrected mean doses change much with {said}")
        )
    return findings


def _recovery_findings(result: PartialVolume) -> list[Finding]:
    """Tumors above a recovery table, or no warmer than normal liver (H20)."""
    found = []
    if result.too_large:
        names = ", ".join(result.too_large)
        said = (
            f"{names}: larger than any volume in the recovery table; the recovery of "
            "the largest is used"
        )
        found.append(Finding.of("H20", said, severity=Severity.NOTE))
    if result.as_seen:
        names = ", ".join(result.as_seen)
        said = (
            f"{names}: no more activity per mL than the normal liver, so recovery "
            "corrects nothing there"
        )
        found.append(Finding.of("H20", said))
    return found


def _fit_findings(result: PartialVolume) -> list[Finding]:
    """Tumors shifted from their contours; FWHM unlike that of the image (H16, H20)."""
    fit, findings = result.fit, []
    if fit is None:
        return []
    if fit.distance_mm > _OFFSET_MAX_MM:
        x, y, z = fit.offset_mm
        findings.append(
            Finding.of(
                "H16",
                f"the image shows the tumors {fit.distance_mm:.1f} mm from their "
                f"contours ({x:+.1f}, {y:+.1f}, {z:+.1f} mm along x, y, z); nothing "
                "was moved",
                severity=Severity.WARN,
                remedy="check the registration; "
                f"--image-shift={-x:.1f}mm,{-y:.1f}mm,{-z:.1f}mm moves the image onto "
                "the contours",
                value=fit.distance_mm,
                bound=Bound(_OFFSET_MAX_MM, "mm", "usual error of a registration"),
            )
        )
    if not result.is_fitted and result.fwhm_mm and not fit.allows(result.fwhm_mm):
        widths = " x ".join(f"{width:g}" for width in result.fwhm_mm)
        findings.append(
            Finding.of(
                "H20",
                f"the FWHM given, {widths} mm, differs from that of the image, "
                f"{fit.in_plane_mm:.1f} +/- {fit.in_plane_standard_mm:.1f} mm in "
                f"plane and {fit.axial_mm:.1f} +/- {fit.axial_standard_mm:.1f} mm "
                "axially (k = 1). A phantom does not breathe: --psf fit uses the FWHM "
                "of the image",
            )
        )
    return findings


def regrid_findings(
    image: Volume, volume: Volume, structures: Sequence[Structure]
) -> list[Finding]:
    """Activity that resampling moves into or out of a structure (H20).

    Voxels whose sides divide those of the image move none; others blur the image by
    up to one voxel.
    """
    if volume is image:
        return []

    scale = (
        image.grid.voxel_volume_ml / volume.grid.voxel_volume_ml
        if image.quantity is Quantity.ACTIVITY_CONCENTRATION
        else 1.0
    )
    findings = []
    for structure in structures:
        if structure.role not in (Role.LIVER, Role.PERFUSED, Role.TUMOR, Role.LUNGS):
            continue
        before = total_in(image, occupancy_on(structure, image.grid)) * scale
        after = total_in(volume, occupancy_on(structure, volume.grid))
        moved = after / before - 1 if before > 0 else 0.0
        if abs(moved) > _MOVED_MAX:
            findings.append(
                Finding.of(
                    "H20",
                    f"'{structure.name}' contains {abs(moved):.1%} "
                    f"{'more' if moved > 0 else 'less'} activity on the dose grid "
                    "than in the image: choose voxel sides that divide those of the "
                    "image",
                )
            )
    return findings
