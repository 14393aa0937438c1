"""Checks of a commissioned camera: factor, dead time, identity, drift."""

from collections.abc import Mapping, Sequence

from sirtdose.checks.nuclide import (
    header_nuclide_findings,
    if_right_of_phantom,
    not_understood,
)
from sirtdose.data.load import table
from sirtdose.dosimetry.commission.results import CommissionedScan, Drift, Filling
from sirtdose.model.commissioned import Commissioned, Measured
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.volume import Source

_SIGNIFICANT = 2.0
# No gamma camera's image of microspheres has a factor beyond; cps/MBq. Those of photon
# emitters stand in their table.
_FACTOR_CPS = (0.5, 150.0)
_MOST_MBQ = 2e4
_FACTOR_SHOWN = (0.5, 2.0)
_MBQ_PER_MCI, _NEAR = 37.0, 0.25
# A reconstruction may scale counts, but not by so much.
_APART = 8.0
_TELLING = ("manufacturer", "model", "serial", "station", "collimator")


def camera_findings(headers: Sequence[Mapping[str, str]]) -> list[Finding]:
    """Scans whose headers name different cameras (H47)."""
    apart = [
        key
        for key in _TELLING
        if len({one[key].casefold() for one in headers if key in one}) > 1
    ]
    if not apart:
        return []
    said = (
        f"the headers of the scans differ in {', '.join(apart)}: are they of one "
        "camera, with one collimator?"
    )
    used = "they are commissioned as one camera"
    return [Finding.of("H47", said, subject="camera", accepted=used)]


def nuclide_findings(
    label: str,
    *,
    source: Source,
    nuclide: Emitter,
    nuclide_was: str | None = None,
    device: str | None = None,
) -> list[Finding]:
    """A header that names another nuclide than the phantom holds (H11)."""
    if nuclide_was is not None or source.modality == "PT":
        return header_nuclide_findings(
            source=source,
            nuclide=nuclide,
            header_nuclide_was=nuclide_was,
            device=device,
            phantom=True,
        )
    name = source.nuclide_in_header
    if name in ("", nuclide.name):
        return not_understood(source, nuclide.name, nuclide)
    said = (
        f"{label}: the header says {name}, but the phantom is said to hold "
        f"{nuclide.name}. Is it this scan, and this nuclide?"
    )
    other = if_right_of_phantom(source, nuclide.name, device)
    return [
        Finding.of(
            "H11",
            said,
            severity=Severity.ASK,
            subject=label,
            accepted=f"the camera is commissioned for {nuclide.name}{other}",
        )
    ]


def factor_findings(
    one: CommissionedScan,
    before: Commissioned | None,
    *,
    nuclide: str = "Y-90",
    explained: bool = False,
) -> list[Finding]:
    """A factor that no camera has, or without its live fraction (H05, H12, H13).

    One that another nuclide's positrons make is `explained`.
    """
    if one.factor is None:
        return []
    said = _absurd_counts(one, nuclide) if one.rate_cps else _absurd_shown(one)
    if explained:
        said = []
    elif not said and before and before.factor:
        said = _other_unit(one, before.factor.value.value, "at the last commissioning")
    return [*said, *_without_live(one)]


def _absurd_counts(one: CommissionedScan, nuclide: str) -> list[Finding]:
    """Counts per second per MBq of another unit (H05)."""
    emitter = table("photon_emitters").get(nuclide, {})
    low, high = emitter.get("image_cps_per_mbq", _FACTOR_CPS)
    value = one.factor.value if one.factor else 0.0
    if low <= value <= high and one.total_mbq <= _MOST_MBQ:
        return []
    said = (
        f"{one.file}: with {one.total_mbq / 1000:.4g} GBq in view the camera factor is "
        f"{value:.4g} cps/MBq; phantoms hold up to {_MOST_MBQ / 1000:g} GBq, and gamma "
        f"cameras have {low:g} to {high:g} cps/MBq of {nuclide}. Is the activity in "
        "another unit (1 mCi is 37 MBq), or the duration?"
    )
    used = "the factor is used"
    return [Finding.of("H05", said, subject=one.file, accepted=used)]


def _absurd_shown(one: CommissionedScan) -> list[Finding]:
    """Bq/mL of another unit, or by another nuclide's positrons (H05, H11)."""
    low, high = _FACTOR_SHOWN
    value = one.factor.value if one.factor else 0.0
    if low <= value <= high:
        return []
    found = _other_unit(one, 1.0, "of a calibrated image")
    if found:
        return found
    used = "the factor is used"
    said = f"{one.file}: the image shows {value:.4g} of the activity that was poured"
    return [
        Finding.of(
            "H12",
            f"{said}. Is it in Bq/mL, of this nuclide, and the activity right?",
            severity=Severity.ASK,
            subject=one.file,
            accepted=used,
        )
    ]


def _other_unit(one: CommissionedScan, usual: float, of: str) -> list[Finding]:
    """A factor that is 37 times too high or low (H05)."""
    ratio = (one.factor.value if one.factor else usual) / usual
    for times in (_MBQ_PER_MCI, 1 / _MBQ_PER_MCI):
        if abs(ratio / times - 1) < _NEAR:
            said = (
                f"{one.file}: the factor is {ratio:.3g} times that {of}, near "
                f"{'37' if times > 1 else '1/37'}. Was the activity in mCi instead of "
                "MBq, or the reverse?"
            )
            used = "the factor is used"
            return [Finding.of("H05", said, subject=one.file, accepted=used)]
    return []


def _without_live(one: CommissionedScan) -> list[Finding]:
    """A factor whose losses nobody knows (H13)."""
    if one.live_fraction is not None:
        return []
    if one.rate_cps is None:
        said = f"{one.file}: the scanner is taken to correct its own dead time"
        return [Finding.of("H13", said, severity=Severity.NOTE, subject=one.file)]
    said = (
        f"{one.file}: the live fraction is not known, so the factor holds only with "
        f"about {one.total_mbq:.4g} MBq in the field of view"
    )
    remedy = (
        "give --live-fraction, --series with count rates, or three scans of one "
        "decaying filling"
    )
    warn = Severity.WARN
    return [Finding.of("H13", said, severity=warn, subject=one.file, remedy=remedy)]


def series_findings(one: CommissionedScan, series_cps_per_mbq: float) -> list[Finding]:
    """A factor far from that of the count rates' own series (H05)."""
    if one.factor is None or one.rate_cps is None:
        return []
    ratio = one.factor.value / series_cps_per_mbq
    if 1 / _APART <= ratio <= _APART:
        return []
    said = (
        f"{one.file}: the image's factor of {one.factor.value:.4g} cps/MBq is "
        f"{ratio:.3g} times that of --series, {series_cps_per_mbq:.4g} cps/MBq. Is an "
        "activity in another unit (1 mCi is 37 MBq), or a duration?"
    )
    subject = f"{one.file} series"
    return [Finding.of("H05", said, subject=subject, accepted="both are used")]


def outside_findings(
    one: CommissionedScan, measured_mbq: tuple[float, float]
) -> list[Finding]:
    """A scan beyond the activities over which the dead time was measured (H13)."""
    low, high = measured_mbq
    if low / 1.01 <= one.total_mbq <= 1.01 * high or one.live_fraction is None:
        return []
    said = (
        f"{one.file}: {one.total_mbq:.4g} MBq in the field of view is outside the "
        f"{low:.4g} to {high:.4g} MBq over which the dead time was measured; its live "
        f"fraction of {one.live_fraction.value:.3f} is extrapolated"
    )
    return [Finding.of("H13", said, severity=Severity.WARN, subject=one.file)]


def yield_findings(
    factor: Measured | None, filling: Filling, nuclide_was: str | None
) -> list[Finding]:
    """A PET that was told another nuclide: the yield factor that was measured (H11)."""
    emitters = table("positron_emitters")
    own = filling.nuclide.positrons_per_decay
    if factor is None or own is None:
        return []
    if nuclide_was is None:
        return _told_another(factor, own, filling.nuclide.name)
    was = emitters.get(nuclide_was, {}).get("positrons_per_decay")
    said = (
        f"the image was reconstructed as {nuclide_was}: by this phantom it must be "
        f"multiplied by {1 / factor.value:.5g} (standard uncertainty "
        f"{factor.relative:.1%})"
    )
    holds = ". The camera's file holds for images made and read in this way only"
    if not was:
        warn = Severity.WARN
        return [Finding.of("H11", f"{said}{holds}", severity=warn)]
    said += f"; the positron fractions alone give {was / own:.5g}"
    if abs(factor.value * was / own - 1) <= _NEAR:
        warn, value = Severity.WARN, 1 / factor.value
        return [Finding.of("H11", f"{said}{holds}", severity=warn, value=value)]
    return [
        Finding.of(
            "H11",
            f"{said}. Is the nuclide that it was told right, and the activity?",
            severity=Severity.ASK,
            accepted="the measured factor is used",
        )
    ]


def _told_another(factor: Measured, own: float, name: str) -> list[Finding]:
    """A PET image that shows what another nuclide's positrons would make of it.

    Nuclides with nearly as many positrons, such as F-18 and C-11, are not told apart.
    """
    low, high = _FACTOR_SHOWN
    if low <= factor.value <= high:
        return []
    for other, emitter in table("positron_emitters").items():
        part = own / emitter["positrons_per_decay"]
        if other != name and abs(factor.value / part - 1) < _NEAR:
            said = (
                f"the image shows {factor.value:.3g} of the activity that was poured, "
                f"as if the scanner had been told {other} instead of {name}. If so, "
                f"give --header-nuclide-was {other}"
            )
            return [Finding.of("H11", said)]
    return []


def drift_findings(
    drift: Sequence[Drift], before: Commissioned | None, header: Mapping[str, str]
) -> list[Finding]:
    """Numbers that changed by more than the site's tolerance (H47)."""
    if before is None:
        return []
    other = [
        key
        for key in _TELLING
        if key in before.header
        and header.get(key, before.header[key]) != before.header[key]
    ]
    found = []
    if other:
        said = (
            f"--before is of camera '{before.name}', whose header differs in "
            f"{', '.join(other)}. Is it the same camera?"
        )
        used = "the two are compared"
        found.append(Finding.of("H47", said, subject="before", accepted=used))
    return found + [_drifted(one, before) for one in drift if not one.passed]


def _drifted(one: Drift, before: Commissioned) -> Finding:
    said = (
        f"{one.name} is {one.now.value:.4g} {one.unit}, {one.relative:+.1%} from the "
        f"{one.before.value:.4g} {one.unit} of {before.made}, more than the tolerance "
        f"of {one.tolerance:.1%}"
    )
    if abs(one.relative) < _SIGNIFICANT * one.standard:
        said += f"; the uncertainty of the difference is {one.standard:.1%}"
        return Finding.of("H47", said, severity=Severity.WARN, subject=one.name)
    remedy = "find out why before it is used"
    used = "the camera's file is written with the new value"
    return Finding.of("H47", said, subject=one.name, remedy=remedy, accepted=used)
