"""A camera's own file, beside the image that it is used for (H13, H46)."""

from collections.abc import Mapping, Sequence
from datetime import date

from sirtdose.dosimetry.commission.dead_time import LINEAR_LOSS
from sirtdose.model.commissioned import CameraUsed, Commissioned, Measured
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.site import Camera

_SHOWN = 12
# Words that tell one camera from all others: no page without names has them.
_TELLING = ("station", "serial")


def no_camera_findings(
    header: Mapping[str, str],
    cameras: Sequence[Camera],
    *,
    nuclide: str = "",
    others: Sequence[Commissioned] = (),
) -> list[Finding]:
    """An image that no camera of the site file matches (H46).

    `others` match its header, but were commissioned with another nuclide.
    """
    if others:
        # No camera's name: results that are to name nobody keep this too.
        theirs = " or ".join(sorted({one.nuclide for one in others}))
        said = (
            f"no camera is used: the image is of {nuclide}, and what its header "
            f"matches in the site file was commissioned with {theirs}"
        )
        remedy = f"commission the camera with {nuclide} too"
        return [Finding.of("H46", said, severity=Severity.NOTE, remedy=remedy)]
    if not any(one.file for one in cameras):
        return []
    words = [header[key] for key in ("manufacturer", "model") if key in header]
    of = f" ({', '.join(words)})" if words else ", which names none,"
    said = f"no camera of the site file with a file of its own matches the header{of}"
    remedy = "name its file with --camera, or add it to the site file"
    return [Finding.of("H46", said, severity=Severity.NOTE, remedy=remedy)]


def camera_file_findings(
    *, used: CameraUsed, nuclide: str, day: date | None, nameless: bool
) -> list[Finding]:
    """Camera file: expired, of another nuclide, or of another camera (H46)."""
    camera = used.camera
    said = (
        f"camera '{camera.name}' is used as commissioned {camera.made} with "
        f"{camera.phantom}, {camera.nuclide}, SHA-256 {camera.sha256[:_SHOWN]}"
    )
    return [
        Finding.of("H46", said, severity=Severity.NOTE),
        *_expired(camera, day),
        *_other_nuclide(camera, nuclide),
        *_other_camera(used, nameless=nameless),
    ]


def _expired(camera: Commissioned, day: date | None) -> list[Finding]:
    """A camera file that expired before the scan (H46)."""
    if day is None:
        what = f"whether the file of camera '{camera.name}' had expired"
        return [Finding.not_checked("H46", what, needs="the date of the scan")]
    if not camera.expired(day):
        return []
    said = (
        f"the file of camera '{camera.name}' was valid until {camera.valid_until}, "
        f"and the scan is of {day}"
    )
    remedy = "commission the camera again"
    return [Finding.of("H46", said, severity=Severity.WARN, remedy=remedy)]


def _other_nuclide(camera: Commissioned, nuclide: str) -> list[Finding]:
    """A camera file commissioned with another nuclide than the image's (H46)."""
    if not nuclide:
        what = f"whether camera '{camera.name}' was commissioned with this nuclide"
        return [Finding.not_checked("H46", what, needs="an image that names it")]
    if nuclide == camera.nuclide:
        return []
    said = (
        f"camera '{camera.name}' was commissioned with {camera.nuclide}, but the image "
        f"is of {nuclide}"
    )
    return [
        Finding.of(
            "H46",
            f"{said}: factor, blur and dead time differ between nuclides",
            severity=Severity.ASK,
            accepted="no more of it than blur and recovery is used",
        )
    ]


def _other_camera(used: CameraUsed, *, nameless: bool) -> list[Finding]:
    """A camera file whose header words are not the image's (H46)."""
    differ = {
        key: (ours, theirs)
        for key, ours in used.camera.header.items()
        if (theirs := used.header.get(key)) and _plain(ours) != _plain(theirs)
    }
    if not differ:
        return []
    words = ", ".join(
        key if nameless and key in _TELLING else f"{key} '{theirs}' instead of '{ours}'"
        for key, (ours, theirs) in differ.items()
    )
    said = (
        f"the image's header differs from that of the scans which camera "
        f"'{used.camera.name}' was commissioned with: {words}"
    )
    # A phantom is often scanned by a protocol of another name.
    if list(differ) == ["protocol"]:
        return [Finding.of("H46", said, severity=Severity.WARN)]
    return [
        Finding.of(
            "H46",
            f"{said}. Is it this camera?",
            severity=Severity.ASK,
            accepted="the file is used all the same",
        )
    ]


def typed_instead_findings(camera: Commissioned, typed: Sequence[str]) -> list[Finding]:
    """Options that are used instead of what the camera file has (H46)."""
    if not typed:
        return []
    said = f"{', '.join(typed)}: used instead of what camera '{camera.name}' has"
    return [Finding.of("H46", said, severity=Severity.NOTE)]


def camera_counts_findings(
    *, used: CameraUsed | None, calibration: str, needed: bool
) -> list[Finding]:
    """Counts that the camera lost at the scan, and what corrects for it (H13).

    `needed` is whether a calibration is by counts at all.
    """
    if used is None:
        return []
    return [
        *_without_factor(used, calibration),
        *(_dead_time(used, calibration) if needed else []),
    ]


def _without_factor(used: CameraUsed, calibration: str) -> list[Finding]:
    """A camera factor that calibrates nothing, and why (H13)."""
    if not used.without_factor or calibration != "administered":
        return []
    if used.camera.factor is None:
        return []
    said = (
        f"the factor of camera '{used.camera.name}' gives no second calibration: "
        f"{used.without_factor}"
    )
    return [Finding.of("H13", said, severity=Severity.NOTE)]


def _dead_time(used: CameraUsed, calibration: str) -> list[Finding]:
    """Dead time of the camera at the scan: loss, and correction of it (H13)."""
    camera, by_factor = used.camera, "factor" in used.gives
    if by_factor and not used.corrects:
        return _not_corrected(used)
    if camera.dead_time is None:
        return []
    if used.live is None:
        needs = "--administered-at and the time of the scan"
        return [Finding.not_checked("H13", "camera dead time", needs=needs)]
    kept = used.live.fraction
    relative = calibration == "administered"
    follows = [
        "this cancels in the patient-relative calibration" * relative,
        f"the {'second calibration' if relative else 'calibration'} is corrected for it"
        * used.corrects,
    ]
    so = ", and ".join(filter(None, follows)) or "it is not corrected"
    if calibration == "camera" and not used.corrects:
        return [_typed_uncorrected(used, kept)]
    said = (
        f"{used.live.in_view_gbq:.4g} GBq were in the field of view at the scan, where "
        f"the camera loses {1 - kept.value:.1%} +/- {kept.standard:.1%} of its counts "
        f"({camera.dead_time.model}, k = 1); {so}"
    )
    loss = 1 - kept.value
    found = [Finding.of("H13", said, severity=Severity.NOTE, value=loss)]
    if used.corrects and used.live.outside:
        low, high = camera.dead_time.measured_gbq
        said = (
            f"{used.live.in_view_gbq:.4g} GBq at the scan is {used.live.outside} the "
            f"{low:.4g} to {high:.4g} GBq over which the camera's dead time was "
            f"measured: the correction, a factor of {1 / kept.value:.4g}, is "
            "extrapolated"
        )
        found.append(Finding.of("H13", said, severity=Severity.WARN))
    return found


def _typed_uncorrected(used: CameraUsed, kept: Measured) -> Finding:
    """A typed factor without the dead time that the camera's file has (H13)."""
    loss = 1 - kept.value
    at = f"{used.live.in_view_gbq:.4g} GBq" if used.live else "the activity at the scan"
    said = (
        f"with {at} in view, camera '{used.camera.name}' loses {loss:.1%} +/- "
        f"{kept.standard:.1%} of its counts (k = 1), and the typed factor is used "
        "without correction: doses are too low by that part if the factor was measured "
        "at negligible dead time"
    )
    remedy = (
        "if it was, give --dead-time camera; if the factor includes the loss already, "
        "change nothing"
    )
    severity = Severity.WARN if loss > LINEAR_LOSS else Severity.NOTE
    return Finding.of("H13", said, severity=severity, value=loss, remedy=remedy)


def _not_corrected(used: CameraUsed) -> list[Finding]:
    """A camera factor that is used without its live fraction (H13)."""
    camera = used.camera
    if camera.factor is None or not camera.factor.is_counts:
        return []
    why = (
        "has no dead time"
        if camera.dead_time is None
        else "has a factor at an unknown live fraction"
        if camera.factor.live_fraction is None
        else "cannot tell it without the time of the scan"
    )
    said = f"camera '{camera.name}' {why}: counts lost at the scan are not corrected"
    return [Finding.of("H13", said, severity=Severity.WARN)]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
