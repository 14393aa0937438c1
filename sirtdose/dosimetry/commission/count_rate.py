"""Count rates of scans of known activity, and what makes a series of them unusable."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot
from typing import Final

from sirtdose.errors import QuantityError, RangeError
from sirtdose.model.bounds import require_positive

# What scans of one object differ by beyond their noise, as a part.
REPEATED: Final = 0.01
# Standard deviations beyond which a difference is no noise.
SIGNIFICANT: Final = 3.0
_SCANS_MIN = 3
_SPAN_MIN = 1.5
# No gamma camera or PET counts a tenth of the decays, and no series is of 100 GBq.
_FACTOR_MAX_CPS_PER_MBQ, _ACTIVITY_MAX_MBQ = 1e5, 1e5


@dataclass(frozen=True)
class CountRate:
    """One scan: activity in the field of view, and what the camera counted.

    Parameters
    ----------
    activity_mbq : float
        Mean during the scan.
    rate_cps, standard_cps : float
        In the reconstructed window, and its standard uncertainty.
    wide_cps : float, optional
        As observed in a wider window or the whole spectrum. Its noise is neglected.

    Raises
    ------
    RangeError, QuantityError
        Numbers of another unit or quantity.
    """

    activity_mbq: float
    rate_cps: float
    standard_cps: float
    wide_cps: float | None = None

    def __post_init__(self) -> None:
        require_positive(
            activity_mbq=self.activity_mbq,
            rate_cps=self.rate_cps,
            standard_cps=self.standard_cps,
        )
        if self.activity_mbq > _ACTIVITY_MAX_MBQ:
            raise QuantityError(
                f"the activity is {self.activity_mbq:.5g} MBq, which no phantom holds: "
                "is it in kBq or Bq?"
            )
        if self.rate_cps > _FACTOR_MAX_CPS_PER_MBQ * self.activity_mbq:
            raise QuantityError(
                f"{self.rate_cps:.5g} cps at {self.activity_mbq:.5g} MBq is more than "
                "one count for ten decays: is it counts instead of counts per second?"
            )
        if self.standard_cps > self.rate_cps / 2:
            raise QuantityError(
                f"the count rate is {self.rate_cps:.5g} +/- {self.standard_cps:.5g} "
                "cps: it must be known to better than half; the error is in cps"
            )
        if self.wide_cps is not None:
            require_positive(wide_cps=self.wide_cps)
            if self.wide_cps < self.rate_cps:
                raise QuantityError(
                    f"the wide window counts {self.wide_cps:.5g} cps, less than the "
                    f"{self.rate_cps:.5g} cps in the reconstructed one: were they "
                    "exchanged?"
                )


def require_series(ordered: Sequence[CountRate], *, linear: bool) -> None:
    """Refuse scans by which the models cannot be told."""
    least = 2 if linear else _SCANS_MIN
    if len(ordered) < least:
        raise RangeError(
            f"{len(ordered)} scan(s): the dead time needs at least {_SCANS_MIN} at "
            "different activities, and 2 where none is assumed"
        )
    given = sum(one.wide_cps is not None for one in ordered)
    if given not in (0, len(ordered)):
        raise QuantityError(
            f"{given} of {len(ordered)} scans have a wide-window count rate: give it "
            "for every scan or for none"
        )
    if linear:
        return
    lowest, highest = ordered[0].activity_mbq, ordered[-1].activity_mbq
    if highest < _SPAN_MIN * lowest:
        raise RangeError(
            f"the activities are {lowest:.5g} to {highest:.5g} MBq, a factor of "
            f"{highest / lowest:.2f}: the dead time needs at least {_SPAN_MIN:g}"
        )
    for one, next_one in pairwise(ordered):
        _require_rise(one, next_one)


def _require_rise(one: CountRate, other: CountRate) -> None:
    """Refuse a rate that falls while the activity rises, beyond noise."""
    noise = hypot(one.standard_cps, other.standard_cps)
    fallen = one.rate_cps - other.rate_cps
    at = (
        f"from {one.rate_cps:.5g} cps at {one.activity_mbq:.5g} MBq to "
        f"{other.rate_cps:.5g} cps at {other.activity_mbq:.5g} MBq"
    )
    if fallen > max(SIGNIFICANT * noise, REPEATED * one.rate_cps):
        raise RangeError(
            f"the count rate falls {at}: beyond the maximum of a paralyzable camera no "
            "rate has one activity. Leave out the highest activities, or check them"
        )
    wide, next_wide = one.wide_cps or 0.0, other.wide_cps or 0.0
    if next_wide < (1 - REPEATED) * wide:
        raise RangeError(
            f"the wide-window count rate falls from {wide:.5g} cps at "
            f"{one.activity_mbq:.5g} MBq to {next_wide:.5g} cps at "
            f"{other.activity_mbq:.5g} MBq: leave out the highest activities, or check "
            "them"
        )
