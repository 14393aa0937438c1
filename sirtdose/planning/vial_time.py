"""When a vial would fit, where none does at the time wanted."""

from datetime import datetime, timedelta, tzinfo

from sirtdose.model.nuclide import Nuclide
from sirtdose.model.vial_product import VialProduct
from sirtdose.planning.vial_calendar import Calibration, calibrations_for
from sirtdose.planning.vial_choice import WINDOW, Want, calibration_lead_h

# No search for another time goes further.
_SHELF_MAX_H = 30 * 24.0
_MINUTE = timedelta(minutes=1)


def calibrations_near(
    want: Want, product: VialProduct, site: tzinfo | None
) -> list[Calibration]:
    """The calibrations around a time, whether or not they can be had at it."""
    days = int(min(product.shelf_life_h, _SHELF_MAX_H) // 24) + 1
    near = {
        one.at: one
        for day in range(-days, days + 1)
        for one in calibrations_for(
            product, want.at + timedelta(days=day), site or want.at.tzinfo
        )
    }
    return list(near.values())


def nearest_time(
    want: Want,
    gbq: float,
    calibration: Calibration,
    *,
    product: VialProduct,
    nuclide: Nuclide,
) -> datetime | None:
    """When a vial fits, nearest to the time wanted; None where it never does.

    Examples
    --------
    1 GBq is wanted on Wednesday. The 3 GBq of Sunday are 1.1 GBq, 10 % over it, 92.7 h
    after calibration: on Thursday at 8:43.

    >>> from sirtdose.model.device import Device
    >>> want = Want("right", 1.0, datetime.fromisoformat("2026-12-09T10:00-05:00"))
    >>> sunday = Calibration(datetime.fromisoformat("2026-12-06T12:00-05:00"), 70.0)
    >>> nearest_time(want, 3.0, sunday, product=Device.named("glass").vials,
    ...              nuclide=Nuclide.named("Y-90")).isoformat(timespec="minutes")
    '2026-12-10T08:43-05:00'
    """

    def holds(times: float) -> datetime:
        hours = calibration_lead_h(
            calibration_gbq=gbq,
            activity_gbq=times * want.activity_gbq,
            nuclide=nuclide,
        )
        return calibration.at + timedelta(hours=hours)

    last = calibration.at + timedelta(hours=product.shelf_life_h)
    if product.part_is_drawn:
        before = max(
            (d for one in product.schedules for d in one.days_before), default=0
        )
        first = calibration.at.replace(hour=0, minute=0) - timedelta(days=before)
    else:
        first = max(calibration.at, holds(1 + WINDOW))
    last = min(last, holds(1 - WINDOW))
    # Inward to whole minutes: what is said fits.
    first = first.replace(second=0, microsecond=0) + _MINUTE * (first.second > 0)
    last = last.replace(second=0, microsecond=0)
    if first > last:
        return None
    return min(max(want.at, first), last).astimezone(want.at.tzinfo)
