"""Which activity is shared over which region: both calibrations, and their ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sirtdose.dosimetry.image.activity import (
    Calibration,
    administered_calibration,
    camera_calibration,
    image_calibration,
    total_in,
)
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

Over = Literal["fov", "liver", "perfused"]

# Physics: below this, the lungs are not in the field of view.
LUNGS_COVERED_MIN = 0.85
RATIO_RANGE = (0.8, 1.25)
_OUTSIDE_MAX = 0.2
# Bremsstrahlung images hold much background; beyond this they hold another place.
_OUTSIDE_ASK = 0.8
# Filtered reconstructions hold some negative voxels, iterative ones none.
_NEGATIVE_MAX = 0.01


TIMES_NEEDED = "--administered-at and --scan-at"


@dataclass(frozen=True)
class CalibrationRequest:
    """What the user asked of the calibration.

    `method` is ``administered``, ``image`` or ``camera``; `elapsed_h` runs from
    administration to the image's reference time or the start of the scan, None
    where a time is unknown; `needed` names the times that were to be given.
    """

    method: str = "administered"
    over: Over | None = None
    cps_per_mbq: float | None = None
    elapsed_h: float | None = None
    scan_duration_h: float | None = None
    needed: str = TIMES_NEEDED


@dataclass(frozen=True)
class Calibrations:
    """The calibration used, the other one where it can be had, and what to know."""

    used: Calibration
    alternative: Calibration | None
    in_image_gbq: float | None
    findings: tuple[Finding, ...]


def calibrate(
    volume: Volume,
    regions: Mapping[str, Structure],
    *,
    request: CalibrationRequest,
    ledger: Ledger,
    nuclide: Nuclide,
    lungs_covered: float,
) -> Calibrations:
    """Calibrate an image by the ledger, by its own unit, or by a camera factor.

    Parameters
    ----------
    volume : Volume
        Counts or Bq/mL.
    regions : mapping
        The whole ``perfused`` volume and ``liver``, where drawn, on the volume's
        grid.
    request : CalibrationRequest
    ledger : Ledger
    nuclide : Nuclide
    lungs_covered : float, 0 to 1
        Part of the lungs inside the image; 0 where they are not drawn.

    Raises
    ------
    InputError
        A time, a factor or a region that the method needs is missing.
    QuantityError
        An image in counts where Bq/mL is needed, or a total that is not positive.

    Notes
    -----
    The patient-relative calibration shares the treated activity over perfused
    volume or liver; over the whole field of view it shares the delivered activity
    where the lungs are seen to 85 %, else the treated: the shunt must not be
    subtracted twice. Beside an image calibration, totals are compared: the region
    is the field of view unless the user names one.
    """
    absolute = _absolute(volume, request, nuclide)
    relative = request.method == "administered"
    over = request.over or (_default_over(regions) if relative else "fov")
    shared = _shared(volume, regions, over, ledger=ledger, lungs_covered=lungs_covered)
    used, alternative = (shared, absolute) if relative else (absolute, shared)
    if used is None:
        raise _missing(request)
    findings = [
        *_fallback_findings(request, over),
        *_ratio_findings(used, alternative, request.needed),
        *_region_findings(volume, regions, over if relative else "fov"),
    ]
    in_image = _total_gbq(volume, absolute)
    return Calibrations(used, alternative, in_image, tuple(findings))


def in_image_gbq(
    volume: Volume, request: CalibrationRequest, nuclide: Nuclide
) -> float | None:
    """Activity in an image at administration, GBq, by its own unit or a camera factor.

    None where neither can be had.

    Raises
    ------
    QuantityError
        As :func:`calibrate`.
    """
    return _total_gbq(volume, _absolute(volume, request, nuclide))


def _total_gbq(volume: Volume, absolute: Calibration | None) -> float | None:
    if absolute is None:
        return None
    return volume.total() * absolute.bq_per_unit * 1e-9


def _absolute(
    volume: Volume, request: CalibrationRequest, nuclide: Nuclide
) -> Calibration | None:
    if request.method == "image" and volume.quantity is Quantity.COUNTS:
        raise QuantityError(
            "the image is in counts, not Bq/mL (H12): use --calibration administered, "
            "or a camera factor such as --calibration '12.3 cps/MBq'"
        )
    if request.elapsed_h is None:
        return None
    if request.cps_per_mbq is not None:
        if request.scan_duration_h is None:
            return None
        return camera_calibration(
            cps_per_mbq=request.cps_per_mbq,
            scan_duration_h=request.scan_duration_h,
            nuclide=nuclide,
            elapsed_h=request.elapsed_h,
        )
    if volume.quantity is Quantity.ACTIVITY_CONCENTRATION:
        return image_calibration(volume, nuclide=nuclide, elapsed_h=request.elapsed_h)
    return None


def _missing(request: CalibrationRequest) -> InputError:
    if request.elapsed_h is None:
        return InputError(
            f"calibration '{request.method}' undoes decay: give --administered-at and "
            "--scan-at, with their offsets from UTC"
        )
    return InputError(
        "a camera factor counts per second: give --scan-duration, for example 20min"
    )


def _default_over(regions: Mapping[str, Structure]) -> Over:
    if "perfused" in regions:
        return "perfused"
    return "liver" if "liver" in regions else "fov"


def _region(regions: Mapping[str, Structure], over: Over) -> Structure | None:
    if over == "fov":
        return None
    if over not in regions:
        raise InputError(
            f"--calibrate-over {over} needs a structure of role {over}: give one, say "
            f"which it is with --role NAME={over}, or use --calibrate-over fov"
        )
    return regions[over]


def _shared(
    volume: Volume,
    regions: Mapping[str, Structure],
    over: Over,
    *,
    ledger: Ledger,
    lungs_covered: float,
) -> Calibration:
    activity, numerator = ledger.treated_gbq, "treated activity"
    if over == "fov":
        if lungs_covered >= LUNGS_COVERED_MIN:
            activity = ledger.delivered_gbq
            numerator = "delivered activity, as a lung structure lies in the image"
        else:
            numerator = "treated activity, as no lung structure lies in the image"
    return administered_calibration(
        volume,
        activity_gbq=activity,
        region=_region(regions, over),
        over=over,
        numerator=numerator,
    )


def _ratio_findings(
    used: Calibration, alternative: Calibration | None, needed: str
) -> list[Finding]:
    if alternative is None:
        return [
            Finding.of(
                "H13",
                "not checked: needs an image in Bq/mL or a camera factor, with "
                f"{needed}",
                severity=Severity.NOTE,
            )
        ]
    ratio = alternative.bq_per_unit / used.bq_per_unit
    low, high = RATIO_RANGE
    said = (
        f"calibration '{alternative.method}' would give {ratio:.4g} times the activity "
        f"of '{used.method}'"
    )
    if low <= ratio <= high:
        return [
            Finding.of(
                "H13", f"{said}, within {low:g} to {high:g}", severity=Severity.NOTE
            )
        ]
    return [
        Finding.of(
            "H13",
            f"{said}, outside {low:g} to {high:g}: check activity, residual, times, "
            "unit and dead time",
            accepted=f"'{used.method}' is used",
        )
    ]


def _fallback_findings(request: CalibrationRequest, over: Over) -> list[Finding]:
    """That nothing was drawn to share the activity over, and nobody chose (H14)."""
    if request.method != "administered" or request.over is not None or over != "fov":
        return []
    return [
        Finding.of(
            "H14",
            "no structure is a liver or a perfused volume: the administered activity "
            "is shared over the whole field of view. Say which it is with --role "
            "'NAME=liver' or --role 'NAME=perfused', or give --calibrate-over fov",
            severity=Severity.WARN,
        )
    ]


def _region_findings(
    volume: Volume, regions: Mapping[str, Structure], over: Over
) -> list[Finding]:
    """Much of the image outside perfused volume or liver, or negative (H14)."""
    return _outside(volume, regions, over) + negative_findings(volume)


def negative_findings(volume: Volume) -> list[Finding]:
    """Voxels below 0 that hold a part of the image's total (H14)."""
    negative = -float(volume.data.clip(max=0).sum(dtype=float))
    positive = volume.total() + negative
    if negative <= _NEGATIVE_MAX * positive:
        return []
    said = (
        f"negative voxels hold {negative / positive:.0%} of the image's activity: they "
        "are kept, and give negative doses; is an offset missing?"
    )
    return [Finding.of("H14", said)]


def _outside(
    volume: Volume, regions: Mapping[str, Structure], over: Over
) -> list[Finding]:
    name = over if over != "fov" else _default_over(regions)
    region = _region(regions, name)
    if region is None:
        return []
    everything = volume.total()
    outside = 1 - total_in(volume, region) / everything if everything > 0 else 1.0
    if outside <= _OUTSIDE_MAX:
        return []
    return [
        Finding.of(
            "H14",
            f"{outside:.0%} of the image lies outside the {name} volume (background, "
            "lungs, blur, or uptake elsewhere)",
            severity=Severity.ASK if outside > _OUTSIDE_ASK else None,
        )
    ]
