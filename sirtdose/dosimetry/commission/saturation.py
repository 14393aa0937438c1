r"""How a camera that needs time for each event loses events.

With `x` the events per dead time, the live fraction is

.. math::
    L = e^{-x} \;\text{(paralyzable)}, \qquad
    L = \frac{1}{1 + x} \;\text{(non-paralyzable)}, \qquad
    L = 1 \;\text{(none)}.

The rate in the reconstructed window is not what saturates a camera: events of every
energy do. So `x` is either :math:`\theta A`, with the activity `A` in the field of view
and :math:`\theta` per MBq, which holds for objects that scatter as the phantom does;
or :math:`\tau n`, with the true rate `n` of a wide window and :math:`\tau` in seconds.
The observed wide rate is :math:`m = n L(\tau n)`, and Lambert's W inverts it. Of the
two activities at which a paralyzable camera shows one rate the lower is taken.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import RangeError
from sirtdose.model.uncertain import Z95

Array = NDArray[np.float64]
Numbers = Array | np.float64 | float

_PER_US = 1e6
# A paralyzable camera's highest observed rate, as events per dead time: 1 / e.
_MAXIMUM = float(np.exp(-1.0))
# Of the way to the maximum, beyond which nothing is inverted: the inverse is vertical.
_INVERTED_MAX = 0.999
# The least live fraction that a fit's trial steps may reach.
_LIVE_MIN = 1e-6


class Model(StrEnum):
    """How events are lost."""

    NONE = "none"
    PARALYZABLE = "paralyzable"
    NONPARALYZABLE = "non-paralyzable"


class Live(NamedTuple):
    """Live fractions, and how steeply their logarithms fall with the constant."""

    fraction: Array
    steepness: Array


def live_by_activity(model: Model, activity_mbq: Numbers, theta_per_mbq: float) -> Live:
    """Live fractions at activities in the field of view.

    Examples
    --------
    200 MBq at 0.001 per MBq: exp(-0.2) = 0.8187, and 1 / 1.2 = 0.8333.

    >>> at = np.array([200.0])
    >>> live_by_activity(Model.PARALYZABLE, at, 0.001).fraction.round(4).tolist()
    [0.8187]
    >>> live_by_activity(Model.NONPARALYZABLE, at, 0.001).fraction.round(4).tolist()
    [0.8333]
    """
    activity = np.asarray(activity_mbq, np.float64)
    if model is Model.NONE:
        return Live(np.ones_like(activity), np.zeros_like(activity))
    if model is Model.PARALYZABLE:
        return Live(np.exp(-theta_per_mbq * activity), activity)
    fraction = 1 / np.maximum(1 + theta_per_mbq * activity, _LIVE_MIN)
    return Live(fraction, activity * fraction)


def live_by_wide_rate(model: Model, wide_cps: Numbers, tau_s: float) -> Live:
    """Live fractions at observed rates of the wide window.

    Examples
    --------
    A true rate of 40,000 cps and 5 us are 0.2 events per dead time: a paralyzable
    camera shows 40,000 x 0.8187 = 32,749 cps.

    >>> seen = np.array([32749.2])
    >>> live_by_wide_rate(Model.PARALYZABLE, seen, 5e-6).fraction.round(4).tolist()
    [0.8187]
    """
    wide = np.asarray(wide_cps, np.float64)
    if model is Model.NONE:
        return Live(np.ones_like(wide), np.zeros_like(wide))
    if model is Model.PARALYZABLE:
        x = _lower_branch(np.minimum(tau_s * wide, _INVERTED_MAX * _MAXIMUM))
        return Live(np.exp(-x), wide * np.exp(x) / (1 - x))
    fraction = np.maximum(1 - tau_s * wide, _LIVE_MIN)
    return Live(fraction, wide / fraction)


def events_per_dead_time(model: Model, live: Numbers) -> Array:
    """The `x` of live fractions."""
    if model is Model.PARALYZABLE:
        return np.asarray(-np.log(live), np.float64)
    return 1 / np.asarray(live, np.float64) - 1


def _lower_branch(observed: Numbers) -> Array:
    """The `x` of `x exp(-x)`, up to 1."""
    from scipy.special import lambertw

    return np.asarray(-lambertw(-observed).real, np.float64)


@dataclass(frozen=True)
class Saturation:
    """One model as fitted: factor and constant, each with its standard uncertainty.

    `theta_per_mbq` is the constant per activity in the field of view; `tau_us` the one
    per true rate of the wide window, None where no wide rates were given. Covariances
    are of the factor with either. The factor's uncertainty holds nothing of what the
    dose calibrator's own may add to all activities alike.
    """

    model: Model
    factor_cps_per_mbq: float
    factor_standard: float
    theta_per_mbq: float
    theta_standard: float
    factor_theta_covariance: float
    chi_square: float
    degrees: int
    tau_us: float | None = None
    tau_standard_us: float | None = None
    factor_tau_covariance: float | None = None

    @property
    def constant(self) -> float:
        """In seconds where wide rates were given, else per MBq."""
        return self.theta_per_mbq if self.tau_us is None else self.tau_us / _PER_US

    @property
    def scale(self) -> float:
        """What multiplies the errors given, for the scatter that they do not explain.

        The root of chi-square per degree of freedom, where above 1. Where significantly
        so, the scatter itself is known by few scans: Student's t then widens it, and
        1.96 standard uncertainties hold 95 %.
        """
        from scipy.special import chdtri, stdtrit

        if not self.degrees:
            return 1.0
        scatter = sqrt(max(1.0, self.chi_square / self.degrees))
        if self.chi_square <= chdtri(self.degrees, 0.05):
            return scatter
        return scatter * float(stdtrit(self.degrees, 0.975)) / Z95

    def live_at(self, activity_mbq: float) -> tuple[float, float]:
        """Live fraction at an activity in the field of view, and its standard."""
        live = self._live(activity_mbq)
        fraction = float(live.fraction)
        return fraction, fraction * float(live.steepness) * self.theta_standard

    def factor(self) -> tuple[float, float]:
        """Count rate per activity without losses, and its standard uncertainty."""
        return self.factor_cps_per_mbq, self.factor_standard

    def loss_reaches(self, loss: float) -> float:
        """The activity in the field of view at which that part is lost, MBq."""
        if self.theta_per_mbq <= 0:
            return float("inf")
        x = events_per_dead_time(self.model, 1 - loss)
        return float(x) / self.theta_per_mbq

    def corrected(self, rate_cps: float, standard_cps: float) -> "Corrected":
        """Undo the losses of a rate in the reconstructed window, by its own value.

        Raises
        ------
        RangeError
            A rate that this camera cannot show.
        """
        unsaturated = self.theta_per_mbq * rate_cps / self.factor_cps_per_mbq
        top = {Model.PARALYZABLE: _MAXIMUM, Model.NONPARALYZABLE: 1.0}.get(self.model)
        if top is not None and unsaturated >= _INVERTED_MAX * top:
            most = top * self.factor_cps_per_mbq / self.theta_per_mbq
            raise RangeError(
                f"the count rate is {rate_cps:.5g} cps, but a {self.model} camera with "
                f"this dead time shows at most {most:.5g} cps: check its unit and "
                "whether it is of the reconstructed window"
            )
        activity = rate_cps / self.factor_cps_per_mbq
        if self.model is Model.PARALYZABLE and unsaturated:
            activity = float(_lower_branch(unsaturated))
            activity /= self.theta_per_mbq
        elif self.model is Model.NONPARALYZABLE:
            activity /= 1 - unsaturated
        live = float(self._live(activity).fraction)
        # d ln(rate) = d ln(factor) + rise d ln(activity) - steepness d theta
        steep = float(self._live(activity).steepness)
        rise = 1 - self.theta_per_mbq * steep
        own, by_theta = standard_cps / rate_cps / rise, steep / rise
        by_factor, factor = -1 / rise / self.factor_cps_per_mbq, self.factor_cps_per_mbq
        errors = (self.factor_standard, self.theta_standard)

        def relative(*slopes: float) -> float:
            return _standard(slopes, errors, self.factor_theta_covariance)

        return Corrected(
            (activity, activity * relative(own, by_factor, by_theta)),
            (live, live * relative(own - own * rise, by_factor + 1 / factor, by_theta)),
            (
                rate_cps / live,
                rate_cps / live * relative(own, by_factor + 1 / factor, by_theta),
            ),
        )

    def corrected_by_wide(
        self, rate_cps: float, standard_cps: float, wide_cps: float
    ) -> "Corrected":
        """Undo the losses of a rate by the observed rate of the wide window.

        Raises
        ------
        RangeError
            A wide rate beyond the camera's maximum, or no constant for wide rates.
        """
        if self.tau_us is None or self.tau_standard_us is None:
            raise RangeError(
                "the dead time was fitted without wide-window count rates: correct by "
                "the rate in the reconstructed window alone"
            )
        tau_s = self.tau_us / _PER_US
        top = {Model.PARALYZABLE: _MAXIMUM, Model.NONPARALYZABLE: 1.0}.get(self.model)
        if top is not None and tau_s * wide_cps >= _INVERTED_MAX * top:
            raise RangeError(
                f"the wide-window count rate is {wide_cps:.5g} cps, but a {self.model} "
                f"camera with a dead time of {self.tau_us:.3g} us shows at most "
                f"{top / tau_s:.5g} cps: check its unit and window"
            )
        live = live_by_wide_rate(self.model, wide_cps, tau_s)
        # Losses that cannot be excluded grow with the rate all the same.
        steep = float(live.steepness) or wide_cps
        fraction = float(live.fraction)
        activity = rate_cps / self.factor_cps_per_mbq / fraction
        tau_standard_s = self.tau_standard_us / _PER_US
        own = standard_cps / rate_cps
        relative = _standard(
            (own, -1 / self.factor_cps_per_mbq, steep),
            (self.factor_standard, tau_standard_s),
            (self.factor_tau_covariance or 0.0) / _PER_US,
        )
        by_tau = steep * tau_standard_s
        return Corrected(
            (activity, activity * relative),
            (fraction, fraction * by_tau),
            (rate_cps / fraction, rate_cps / fraction * hypot(own, by_tau)),
        )

    def _live(self, activity_mbq: float) -> Live:
        live = live_by_activity(self.model, activity_mbq, self.theta_per_mbq)
        if self.model is Model.NONE:
            # The losses that cannot be excluded grow with the activity all the same.
            return Live(live.fraction, np.asarray(activity_mbq, np.float64))
        return live


class Corrected(NamedTuple):
    """Activity (MBq), live fraction and rate without losses (cps), and their errors."""

    activity: tuple[float, float]
    live: tuple[float, float]
    rate: tuple[float, float]


def _standard(
    slopes: tuple[float, ...], errors: tuple[float, float], covariance: float
) -> float:
    """Of an error of its own, and of factor and constant by their slopes."""
    own, by_factor, by_constant = slopes
    variance = (
        own**2
        + (by_factor * errors[0]) ** 2
        + (by_constant * errors[1]) ** 2
        + 2 * by_factor * by_constant * covariance
    )
    return sqrt(max(0.0, variance))
