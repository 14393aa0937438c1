"""Which activity is shared over which region: both calibrations, and their ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sirtdose.dosimetry.image.activity import (
    Calibration,
    administered_calibration,
    camera_calibration,
    image_calibration,
    shown_calibration,
)
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

Over = Literal["fov", "liver", "perfused"]

# Physics: below this, the lungs are not in the field of view.
LUNGS_COVERED_MIN = 0.85
TIMES_NEEDED = "--administered-at and --scan-at"


@dataclass(frozen=True)
class CalibrationRequest:
    """What the user asked of the calibration.

    `method` is ``administered``, ``image`` or ``camera``; `elapsed_h` runs from
    administration to the image's reference time or the start of the scan, None
    where a time is unknown; `needed` names the times that were to be given.
    `cps_per_mbq` holds where `live_fraction` of the counts is kept, `shown_over_true`
    is the factor of an image in Bq/mL.
    """

    method: str = "administered"
    over: Over | None = None
    cps_per_mbq: float | None = None
    live_fraction: float = 1.0
    shown_over_true: float | None = None
    elapsed_h: float | None = None
    scan_duration_h: float | None = None
    needed: str = TIMES_NEEDED


@dataclass(frozen=True)
class Calibrations:
    """The calibration used, and the other one where it can be had.

    `over` is the region that the used one shares an activity over, or is judged by.
    """

    used: Calibration
    alternative: Calibration | None
    in_image_gbq: float | None
    over: Over


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
    over = request.over or (default_over(regions) if relative else "fov")
    shared = _shared(volume, regions, over, ledger=ledger, lungs_covered=lungs_covered)
    used, alternative = (shared, absolute) if relative else (absolute, shared)
    if used is None:
        raise _missing(request)
    return Calibrations(
        used,
        alternative,
        in_image_gbq(volume, request, nuclide),
        over if relative else "fov",
    )


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
    absolute = _absolute(volume, request, nuclide)
    return None if absolute is None else volume.total() * absolute.bq_per_unit * 1e-9


def _absolute(
    volume: Volume, request: CalibrationRequest, nuclide: Nuclide
) -> Calibration | None:
    if request.method == "image" and volume.quantity is Quantity.COUNTS:
        raise QuantityError(
            "the image is in counts, not Bq/mL (H12): use --calibration administered, "
            "or a camera factor such as --calibration '12.3 cps/MBq'"
        )
    if request.cps_per_mbq is not None and volume.quantity is not Quantity.COUNTS:
        raise QuantityError(
            f"the image is in {volume.quantity.unit}, not counts (H12): a camera "
            "factor does not apply to it; give --calibration image instead"
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
            live_fraction=request.live_fraction,
        )
    if request.shown_over_true is not None and request.method != "image":
        return shown_calibration(
            volume,
            shown_over_true=request.shown_over_true,
            nuclide=nuclide,
            elapsed_h=request.elapsed_h,
        )
    if volume.quantity is Quantity.ACTIVITY_CONCENTRATION:
        return image_calibration(volume, nuclide=nuclide, elapsed_h=request.elapsed_h)
    return None


def _missing(request: CalibrationRequest) -> InputError:
    if request.elapsed_h is None:
        return InputError(
            f"calibration '{request.method}' corrects for decay: give "
            "--administered-at and --scan-at, with their offsets from UTC"
        )
    return InputError(
        "a camera factor needs the duration of the scan: give --scan-duration, for "
        "example 20min"
    )


def default_over(regions: Mapping[str, Structure]) -> Over:
    """The smallest region that is drawn, of those that hold what was injected."""
    if "perfused" in regions:
        return "perfused"
    return "liver" if "liver" in regions else "fov"


def _region(regions: Mapping[str, Structure], over: Over) -> Structure | None:
    if over == "fov":
        return None
    if over not in regions:
        raise InputError(
            f"--calibrate-over {over} needs a structure of role {over}: give one, "
            f"assign it with --role NAME={over}, or use --calibrate-over fov"
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
