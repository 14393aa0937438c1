"""Vials over time: which one, calibrated when, and what an hour costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log2

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_calibrator_factor, require_positive
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide

# Hours that no table shows.
_SAME_TIME_H = 0.05
# Hours by which a case may come early or late.
_SHIFTS_H = (-24.0, -4.0, -2.0, 2.0, 4.0, 24.0)


@dataclass(frozen=True)
class VialChoice:
    """A vial, when it is calibrated, and what it holds when it is used.

    `to_wanted_ratio` is its activity at use over the one wanted; at `holds_it_at` it
    holds just that. `spheres` are those injected: of all the vial, or of the part that
    is drawn, which is `part` of it. A vial that is drawn whole is not `available` where
    its calibration would come after its use.
    """

    calibration_gbq: float
    calibrated_at: datetime
    hours_before_use: float
    at_use_gbq: float
    to_wanted_ratio: float
    holds_it_at: datetime
    spheres: float
    part: float
    available: bool = True


@dataclass(frozen=True)
class Shift:
    """A case hours late (above 0) or early: activity and dose by this factor."""

    hours: float
    at: datetime
    factor: float


@dataclass(frozen=True)
class VialPlan:
    """What to order for an activity at a time, and what a shift does.

    `calibrated` says that the time of calibration was given.
    """

    activity_gbq: float
    at: datetime
    nuclide: Nuclide
    device: Device
    choices: tuple[VialChoice, ...]
    shifts: tuple[Shift, ...]
    assay_at_use_gbq: float | None
    calibrated: bool = False
    calibrator_factor: float = 1.0
    findings: tuple[Finding, ...] = ()


def calibration_lead_h(
    *, calibration_gbq: float, activity_gbq: float, nuclide: Nuclide
) -> float:
    r"""Hours before use at which a vial must be calibrated to hold an activity then.

    .. math:: t = T_{1/2} \log_2 \frac{A_{cal}}{A}

    Below 0 the vial is used before its calibration, when it holds more.

    Parameters
    ----------
    calibration_gbq, activity_gbq : float, > 0
    nuclide : Nuclide

    Raises
    ------
    RangeError
        A value is not above 0.

    Examples
    --------
    Half of it is left after one half-life.

    >>> calibration_lead_h(calibration_gbq=5, activity_gbq=2.5,
    ...                    nuclide=Nuclide.named("Y-90"))
    64.05
    """
    require_positive(calibration_gbq=calibration_gbq, activity_gbq=activity_gbq)
    return nuclide.half_life_h * log2(calibration_gbq / activity_gbq)


def plan_vial(
    *,
    activity_gbq: float,
    at: datetime,
    device: Device,
    nuclide: Nuclide | None = None,
    calibrated_at: datetime | None = None,
    assay_gbq: float | None = None,
    assay_at: datetime | None = None,
    calibrator_factor: float = 1.0,
    sizes_gbq: Sequence[float] | None = None,
) -> VialPlan:
    """Vials that give an activity at a time, and an assay against it.

    Parameters
    ----------
    activity_gbq : float, > 0
        To draw up, at `at`.
    at : datetime
        Of use, with its offset from UTC.
    device : Device
    nuclide : Nuclide, optional
        The device's.
    calibrated_at : datetime, optional
        One calibration for all sizes; else each is calibrated when it suits.
    assay_gbq, assay_at : optional
        What a dose calibrator read, and when.
    calibrator_factor : float, 0.5 to 2
        True activity over what it reads.
    sizes_gbq : sequence of float, optional
        Instead of the device's.

    Raises
    ------
    RangeError
        A value is not above 0.
    InputError
        A device without vial sizes, an assay without its time, or the reverse.
    """
    nuclide = nuclide or Nuclide.named(device.nuclide_name)
    require_positive(activity_gbq=activity_gbq)
    sizes = tuple(sizes_gbq or device.vial_activity_gbq)
    if not sizes:
        raise InputError(
            f"{device.product} have no fixed vial sizes ({device.vial_source}): give "
            "--vial"
        )
    if (assay_gbq is None) != (assay_at is None):
        raise InputError("an assay needs its time: give both --assay and --assay-at")
    assayed = None
    if assay_gbq is not None and assay_at is not None:
        require_positive(assay_gbq=assay_gbq)
        require_calibrator_factor(calibrator_factor)
        assay_gbq *= calibrator_factor
        assayed = assay_gbq * nuclide.decay_factor(_hours(assay_at, at))
    return VialPlan(
        activity_gbq=activity_gbq,
        at=at,
        nuclide=nuclide,
        device=device,
        choices=tuple(
            _choice(
                size,
                activity_gbq,
                at=at,
                nuclide=nuclide,
                device=device,
                calibrated_at=calibrated_at,
            )
            for size in sizes
        ),
        shifts=tuple(
            Shift(hours, at + timedelta(hours=hours), nuclide.decay_factor(hours))
            for hours in _SHIFTS_H
        ),
        assay_at_use_gbq=assayed,
        calibrated=calibrated_at is not None,
        calibrator_factor=calibrator_factor,
    )


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600


def _choice(
    size_gbq: float,
    activity_gbq: float,
    *,
    at: datetime,
    nuclide: Nuclide,
    device: Device,
    calibrated_at: datetime | None,
) -> VialChoice:
    lead_h = calibration_lead_h(
        calibration_gbq=size_gbq, activity_gbq=activity_gbq, nuclide=nuclide
    )
    if calibrated_at is None:
        calibrated_at = at - timedelta(hours=lead_h)
    waits_h = _hours(calibrated_at, at)
    at_use = size_gbq * nuclide.decay_factor(waits_h)
    part = min(activity_gbq / at_use, 1.0) if device.part_is_drawn else 1.0
    return VialChoice(
        calibration_gbq=size_gbq,
        calibrated_at=calibrated_at,
        hours_before_use=waits_h,
        at_use_gbq=at_use,
        to_wanted_ratio=at_use / activity_gbq,
        holds_it_at=at + timedelta(hours=lead_h - waits_h),
        spheres=device.spheres_per_gbq * size_gbq * part,
        part=part,
        available=device.part_is_drawn or waits_h > -_SAME_TIME_H,
    )
