"""Whether a camera's factor drifts: the ratios of two calibrations of many cases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from math import sqrt

import numpy as np

CASES_MIN = 8
LIMIT_SPREADS = 3.0
RUN = 7
_MONTH = timedelta(days=365.25 / 12)
# Of a normal distribution: its standard deviation over its median absolute deviation.
_NORMAL = 1.4826


@dataclass(frozen=True)
class RatioOfCase:
    """What a scan shows over what was given, of one case.

    Parameters
    ----------
    key : str
        The case's own, never a patient's.
    ratio : float, > 0
        Activity by the image's unit or a camera factor, over the patient-relative one.
    at : datetime, optional
        Of the scan, by its own clock; None where it is not known.
    standard : float, optional
        Relative standard uncertainty of the ratio, where the result has one.
    """

    key: str
    ratio: float
    at: datetime | None = None
    standard: float | None = None


@dataclass(frozen=True)
class Drift:
    """How a ratio changes in a month, with its 95 % interval."""

    per_month: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Trend:
    r"""The ratios of one camera and one way of calibrating it, in order of their dates.

    Parameters
    ----------
    camera : str
        The site's name of it; empty where results do not tell.
    of : str
        What is compared, in words.
    cases : tuple of RatioOfCase
        Those with a date first, the earliest first.

    Notes
    -----
    Center and limits are the median and three robust standard deviations,

    .. math:: s = 1.4826\, \frac{n}{n - 0.8}\, \mathrm{median}\,|x_i - m|

    with the correction for small numbers of Croux and Rousseeuw 1992. Single cases far
    away move neither. The drift is the median of all slopes between two cases
    (Theil and Sen) with the interval of Sen 1968, doi:10.2307/2285891.

    Examples
    --------
    The median of 0.97, 1.00 and 1.03 is 1.00. Five more are needed for limits.

    >>> ratios = [RatioOfCase(f"c{n}", one) for n, one in enumerate((1.03, 0.97, 1.0))]
    >>> trend = Trend.of_cases(ratios, camera="room 2", of="PET in Bq/mL")
    >>> trend.median, trend.needed, trend.limits
    (1.0, 5, None)
    """

    camera: str
    of: str
    cases: tuple[RatioOfCase, ...]

    @classmethod
    def of_cases(cls, cases: Sequence[RatioOfCase], *, camera: str, of: str) -> "Trend":
        """Of cases in any order."""
        far = datetime.max
        ordered = sorted(cases, key=lambda one: (one.at or far, one.key))
        return cls(camera, of, tuple(ordered))

    @property
    def name(self) -> str:
        """Which camera, and what is compared.

        >>> Trend("room 2", "PET in Bq/mL", ()).name
        'room 2, PET in Bq/mL'
        """
        return ", ".join(filter(None, (self.camera, self.of)))

    @property
    def dated(self) -> tuple[RatioOfCase, ...]:
        """The cases with a date."""
        return tuple(one for one in self.cases if one.at is not None)

    @property
    def needed(self) -> int:
        """How many more cases there must be before limits are drawn."""
        return max(CASES_MIN - len(self.cases), 0)

    @cached_property
    def median(self) -> float:
        """The center line."""
        return float(np.median([one.ratio for one in self.cases]))

    @cached_property
    def deviation(self) -> float:
        """The median absolute deviation from the median."""
        return float(np.median([abs(one.ratio - self.median) for one in self.cases]))

    @property
    def spread(self) -> float:
        """The robust standard deviation."""
        count = len(self.cases)
        return _NORMAL * count / (count - 0.8) * self.deviation

    @property
    def limits(self) -> tuple[float, float] | None:
        """The control limits; None of too few cases, or if half of them are equal."""
        if self.needed or self.deviation == 0:
            return None
        off = LIMIT_SPREADS * self.spread
        return self.median - off, self.median + off

    @property
    def outside(self) -> tuple[RatioOfCase, ...]:
        """The cases beyond the limits."""
        if self.limits is None:
            return ()
        low, high = self.limits
        return tuple(one for one in self.cases if not low <= one.ratio <= high)

    @property
    def run(self) -> tuple[RatioOfCase, ...]:
        """The last cases that all lie on one side of the median."""
        found = self._runs()
        return found[-1] if found else ()

    @property
    def longest_run(self) -> tuple[RatioOfCase, ...]:
        """The longest of all such runs, the last of equals."""
        return max(reversed(self._runs()), key=len, default=())

    def _runs(self) -> list[tuple[RatioOfCase, ...]]:
        # A case at the median is on no side, and ends no run.
        aside = [one for one in self.dated if one.ratio != self.median]
        return [
            tuple(some)
            for _, some in groupby(aside, key=lambda one: one.ratio > self.median)
        ]

    @cached_property
    def drift(self) -> Drift | None:
        """The change in a month; None of too few cases with a date, or of one day."""
        from scipy.stats import theilslopes

        dated = self.dated
        times = [one.at for one in dated if one.at is not None]
        if len(times) < CASES_MIN or times[-1] - times[0] < timedelta(days=1):
            return None
        months = [(one - times[0]) / _MONTH for one in times]
        slope, _, low, high = theilslopes([one.ratio for one in dated], months, 0.95)
        return Drift(float(slope), float(low), float(high))

    @property
    def standard(self) -> float | None:
        """The median of the cases' own relative standard uncertainties."""
        known = [one.standard for one in self.cases if one.standard is not None]
        return float(np.median(known)) if known else None


def ratio_standard(
    *,
    administered_gbq: float,
    residual_gbq: float,
    lung_shunt_fraction: float,
    components: dict[str, float],
) -> float:
    r"""Relative standard uncertainty of a ratio of calibrations, from a budget.

    .. math:: u^2 = \frac{(u_A A)^2 + (u_R R)^2}{(A - R)^2}
        + \left(\frac{u_F F}{1 - F}\right)^2 + u_c^2

    Parameters
    ----------
    administered_gbq, residual_gbq : float
    lung_shunt_fraction : float
        0 where the ratio does not rest on it.
    components : dict
        Relative standard uncertainties: ``administered``, ``residual``,
        ``lung_shunt`` and ``factor``, of the image's unit or the camera.

    Examples
    --------
    2 GBq to 5 %, 0.4 GBq of it left to 20 %, factor 3 %:
    sqrt(0.1^2 + 0.08^2) / 1.6 = 0.0800; with 3 %, 0.0855.

    >>> parts = {"administered": 0.05, "residual": 0.2, "lung_shunt": 0, "factor": 0.03}
    >>> round(ratio_standard(administered_gbq=2, residual_gbq=0.4,
    ...     lung_shunt_fraction=0, components=parts), 4)
    0.0855
    """
    delivered = administered_gbq - residual_gbq
    activity = (
        sqrt(
            (components["administered"] * administered_gbq) ** 2
            + (components["residual"] * residual_gbq) ** 2
        )
        / delivered
    )
    shunt = components["lung_shunt"] * lung_shunt_fraction / (1 - lung_shunt_fraction)
    return sqrt(activity**2 + shunt**2 + components["factor"] ** 2)
