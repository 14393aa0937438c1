"""What a scan of a phantom leaves in doubt: phantom, place, filling, blur."""

from math import acos, degrees, hypot

from sirtdose.dosimetry.commission.ct_outline import CtOutline
from sirtdose.dosimetry.commission.results import Filling
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.commissioned import Measured
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.solid import ScanPhantom

# Of twenty simulated cameras the right phantom leaves up to 1.3 % of the smoothed image
# unexplained, another one 31 % and more.
_UNEXPLAINED_STOP, _UNEXPLAINED_ASK = 0.2, 0.04
# The second best way round explains nearly as much; one that explains all the same is
# the same way round.
_SAME, _AMBIGUOUS = 1.01, 1.5
_TILT_ASK_DEG = 10.0
_OFFSET_ASK_MM, _OFFSET_WARN_MM = 20.0, 5.0
_RATIO_ASK, _TOTALS_WARN = 0.06, 0.02
_SIGNIFICANT = 2.0
_HALF_LIVES_MAX = 10.0


def elapsed_findings(
    label: str, *, elapsed_h: float, half_life_h: float
) -> list[Finding]:
    """A scan an implausible time from when the activity was measured (H09)."""
    if -half_life_h <= elapsed_h <= _HALF_LIVES_MAX * half_life_h:
        return []
    said = (
        f"{label} is {elapsed_h:.1f} h from --at, when the activity was measured, "
        f"{elapsed_h / half_life_h:.1f} half-lives: check dates and offsets"
    )
    return [Finding.of("H09", said, subject=label, accepted="the times are used")]


def phantom_findings(
    label: str, scan: PhantomScan, phantom: ScanPhantom
) -> list[Finding]:
    """Whether a phantom was found, which way round, and how it lies (H16, H47)."""
    left = scan.placement.unexplained
    if left > _UNEXPLAINED_STOP:
        said = (
            f"{label}: the phantom '{phantom.name}' leaves {left:.1%} of the image "
            f"unexplained, more than {_UNEXPLAINED_STOP:.0%}; it is another phantom, "
            "it was filled otherwise, or it is not all in view"
        )
        remedy = "give the right --phantom, and the activities as they were poured"
        stop = Severity.STOP
        return [Finding.of("H47", said, severity=stop, subject=label, remedy=remedy)]
    return [
        _place(label, scan, phantom),
        *_unexplained(label, left, phantom),
        *_way_round(label, scan, phantom),
        *_tilt(label, scan, phantom),
        *_cut(label, scan),
        *_unlike(label, scan),
        *_overshoot(label, scan),
    ]


def _overshoot(label: str, scan: PhantomScan) -> list[Finding]:
    """Edges that overshoot in the cold, where an image stops at 0 (H47)."""
    if not scan.spheres_alone or not scan.best.sharp:
        return []
    said = (
        f"{label}: edges overshoot, as a resolution model leaves them, and the image "
        "stops at 0 around the spheres, so a part of the overshoot is inferred from "
        "what is left: of three simulated cameras widths were then within 3.1 %, and "
        "recoveries within 0.013"
    )
    remedy = "scan the spheres in a warm background too"
    warn = Severity.WARN
    return [Finding.of("H47", said, severity=warn, subject=label, remedy=remedy)]


def _cut(label: str, scan: PhantomScan) -> list[Finding]:
    """A phantom that reaches the edge of the image (H47)."""
    if not scan.cut:
        return []
    axes = " and ".join(scan.cut)
    known = "" if scan.apart is not None else ", which nothing else tells here"
    said = (
        f"{label}: the phantom reaches the edge of the image along {axes}, so its ends "
        f"there say little of the width along {axes}{known}"
    )
    remedy = "scan it with room around it"
    warn = Severity.WARN
    return [Finding.of("H47", said, severity=warn, subject=label, remedy=remedy)]


def _unlike(label: str, scan: PhantomScan) -> list[Finding]:
    """Spheres that hold something else than their file or their filling says (H47)."""
    if not scan.unlike:
        return []
    each = ", ".join(f"{name} by {one:+.0%}" for name, one in scan.unlike.items())
    said = (
        f"{label}: spheres are not as the fit has them: {each} of the brightest "
        "concentration. Are they where the phantom's file has them, and filled so?"
    )
    used = "the fit is used as it is"
    return [Finding.of("H47", said, subject=label, accepted=used)]


def _place(label: str, scan: PhantomScan, phantom: ScanPhantom) -> Finding:
    """Where the phantom was found (H16)."""
    pose = scan.best.pose
    at, turns = (
        ", ".join(f"{one:.1f}" for one in values)
        for values in (pose.middle_mm, pose.angles_deg)
    )
    mirrored = ", seen in a mirror" if pose.mirrored else ""
    said = (
        f"{label}: '{phantom.name}' was found with its middle at x, y, z = {at} mm, "
        f"turned by {turns} degrees about x, y and z{mirrored}; "
        f"{scan.placement.unexplained:.2%} of the image is unexplained"
    )
    return Finding.of("H16", said, severity=Severity.NOTE, subject=label)


def _unexplained(label: str, left: float, phantom: ScanPhantom) -> list[Finding]:
    """A phantom that explains less of the image than the right one does (H47)."""
    if left <= _UNEXPLAINED_ASK:
        return []
    said = (
        f"{label}: the phantom '{phantom.name}' leaves {left:.1%} of the image "
        f"unexplained, where the right one leaves less than {_UNEXPLAINED_ASK:.0%}: "
        "is it this phantom, and is all of it in view?"
    )
    used = "the fit is used as it is"
    return [Finding.of("H47", said, subject=label, accepted=used)]


def _way_round(label: str, scan: PhantomScan, phantom: ScanPhantom) -> list[Finding]:
    """A phantom that fits another way round nearly as well (H47)."""
    place = scan.placement
    times = place.otherwise / place.unexplained if place.unexplained else 1.0
    if len(phantom.spheres) < 2 or not _SAME < times < _AMBIGUOUS:
        return []
    said = (
        f"{label}: '{phantom.name}' fits nearly as well another way round "
        f"({place.unexplained:.2%} and {place.otherwise:.2%} of the image are "
        "unexplained). Are the spheres where the page shows them?"
    )
    used = "the better fit is used"
    subject = f"{label} way round"
    return [Finding.of("H47", said, subject=subject, accepted=used)]


def _tilt(label: str, scan: PhantomScan, phantom: ScanPhantom) -> list[Finding]:
    """A phantom whose axis is not that of the scanner (H16)."""
    along = min(abs(float(scan.best.pose.turn[2, 2])), 1.0)
    tilt = degrees(acos(along))
    # A vial or a sphere may lie as it likes.
    lies = any(fill.name == "background" for fill in phantom.fills)
    if tilt <= _TILT_ASK_DEG or not lies:
        return []
    said = (
        f"{label}: the phantom's axis is {tilt:.0f} degrees from the scanner's, more "
        f"than {_TILT_ASK_DEG:.0f}. Did it lie so?"
    )
    used = "it is taken to lie so"
    return [Finding.of("H16", said, subject=f"{label} tilt", accepted=used)]


def ct_findings(label: str, outline: CtOutline | None) -> list[Finding]:
    """The phantom on the CT beside where the image shows it (H16)."""
    if outline is None:
        needed = "a CT of the phantom beside the scan, or --ct"
        what = f"{label}: registration of CT and image"
        return [Finding.not_checked("H16", what, needs=needed)]
    if outline.offset_mm is None:
        what = f"{label}: registration of CT and image ({outline.why})"
        return [Finding.not_checked("H16", what, needs="a CT of the phantom alone")]
    far = hypot(*outline.offset_mm)
    x, y, z = outline.offset_mm
    said = (
        f"{label}: the image shows the phantom {far:.1f} mm from where the CT does "
        f"(x {x:+.1f}, y {y:+.1f}, z {z:+.1f} mm)"
    )
    if far <= _OFFSET_WARN_MM:
        return [Finding.of("H16", said, severity=Severity.NOTE, subject=label)]
    remedy = "check the registration of SPECT or PET and CT of this scanner"
    if far <= _OFFSET_ASK_MM:
        warn = Severity.WARN
        return [Finding.of("H16", said, severity=warn, subject=label, remedy=remedy)]
    used = "the image is used as it lies; the CT is not"
    return [Finding.of("H16", said, subject=label, remedy=remedy, accepted=used)]


def ratio_findings(
    label: str, fitted: Measured | None, declared: float | None
) -> list[Finding]:
    """Sphere-to-background ratio as fitted, and as it was declared (H47)."""
    if fitted is None or declared is None:
        return []
    apart = fitted.value / declared - 1
    said = (
        f"{label}: the ratio of spheres to background is {fitted.value:.3g} +/- "
        f"{fitted.standard:.2g} by the image, {apart:+.1%} from the {declared:.3g} "
        "that was given"
    )
    beyond = abs(apart) > _RATIO_ASK
    if not beyond or abs(apart) < _SIGNIFICANT * fitted.relative:
        return [Finding.of("H47", said, severity=Severity.NOTE, subject=label)]
    remedy = "check how the spheres were filled, and the phantom's file"
    used = "the ratio of the image is used for the blur, the given one for the factor"
    subject = f"{label} ratio"
    return [Finding.of("H47", said, subject=subject, remedy=remedy, accepted=used)]


def total_findings(label: str, scan: PhantomScan) -> list[Finding]:
    """Total over the whole field of view beside the fitted model's (H14)."""
    apart = scan.total.value / scan.fitted_total.value - 1
    if abs(apart) <= _TOTALS_WARN:
        return []
    said = (
        f"{label}: the whole image holds {apart:+.1%} compared with the fitted phantom "
        "and its tail. Is there other activity in view, or noise around the phantom "
        "that was set to 0?"
    )
    return [Finding.of("H14", said, subject=label, value=apart)]


def blur_findings(label: str, scan: PhantomScan) -> list[Finding]:
    """A plain Gaussian beside the fit with a tail; widths that differ (H20)."""
    plain, best = scan.plain, scan.best
    wider = plain.fwhm_mm[0] / best.fwhm_mm[0] - 1
    said = (
        f"{label}: a Gaussian without tail would be {plain.fwhm_mm[0]:.1f} mm wide in "
        f"plane, {wider:+.0%}; it leaves {plain.misfit / best.misfit:.2f} times as "
        f"much of the image unexplained and is not used"
    )
    found = [Finding.of("H20", said, severity=Severity.NOTE, subject=label)]
    if scan.apart is None or not scan.is_uneven:
        return found
    outline, axial = scan.apart.fwhm_mm
    spheres = scan.apart.spheres_mm or (outline, axial)
    part = outline / scan.apart.in_plane_mm
    said = (
        f"{label}: the outline of the phantom shows a width of {outline:.1f} mm in "
        f"plane, its spheres {part * spheres[0]:.1f} mm; the middle is used, and the "
        "uncertainty covers both"
    )
    return [*found, Finding.of("H20", said, severity=Severity.WARN, subject=label)]


def filling_findings(filling: Filling, uncertainty: float | None) -> list[Finding]:
    """What is known of the phantom and of what was poured (H40, H47)."""
    phantom = filling.phantom
    found = []
    if not phantom.verified:
        said = f"dimensions of phantom '{phantom.name}': {phantom.source}"
        found.append(Finding.of("H47", said, severity=Severity.NOTE))
    if uncertainty is None:
        said = "the uncertainty of the poured activity is not part of the factor's"
        remedy = "give --activity-uncertainty"
        note = Severity.NOTE
        found.append(Finding.of("H40", said, severity=note, remedy=remedy))
    return found
