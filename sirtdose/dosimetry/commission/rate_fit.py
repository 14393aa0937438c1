"""Least squares of one model of dead time over count rates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sirtdose.dosimetry.commission.count_rate import CountRate
from sirtdose.dosimetry.commission.saturation import (
    Array,
    Live,
    Model,
    Saturation,
    events_per_dead_time,
    live_by_activity,
    live_by_wide_rate,
)


@dataclass(frozen=True)
class Series:
    """Scans as arrays."""

    activity: Array
    rate: Array
    error: Array
    wide: Array | None

    @classmethod
    def of(cls, scans: Sequence[CountRate]) -> "Series":
        """Scans in their order."""
        wide = [one.wide_cps for one in scans if one.wide_cps is not None]
        return cls(
            np.array([one.activity_mbq for one in scans]),
            np.array([one.rate_cps for one in scans]),
            np.array([one.standard_cps for one in scans]),
            np.array(wide) if wide else None,
        )

    @property
    def load(self) -> Array:
        """What the constant is per."""
        return self.activity if self.wide is None else self.wide

    def live(self, model: Model, constant: float) -> Live:
        """By the wide window's rates, in seconds, or by activity, per MBq."""
        law: Callable[..., Live]
        law = live_by_activity if self.wide is None else live_by_wide_rate
        return law(model, self.load, constant)


def fitted_model(model: Model, data: Series) -> Saturation:
    """Weighted least squares, over factor and constant, of one model."""
    from scipy.optimize import least_squares

    weight = data.activity / data.error
    if model is Model.NONE:
        information = float(np.sum(weight**2))
        factor = float(np.sum(weight * data.rate / data.error)) / information
        chi_square = float(np.sum((data.rate / data.error - factor * weight) ** 2))
        one = Saturation(
            model, factor, information**-0.5, 0, 0, 0, chi_square, len(weight) - 1
        )
        one = replace(one, factor_standard=one.factor_standard * one.scale)
        if data.wide is None:
            return one
        return replace(one, tau_us=0.0, tau_standard_us=0.0, factor_tau_covariance=0.0)
    unit = 1 / float(data.load.max())

    def residuals(at: Array) -> Array:
        live = data.live(model, at[1] * unit).fraction
        return np.asarray(at[0] * weight * live - data.rate / data.error)

    def jacobian(at: Array) -> Array:
        live = data.live(model, at[1] * unit)
        by_factor = weight * live.fraction
        by_constant = -at[0] * by_factor * live.steepness * unit
        return np.stack([by_factor, by_constant], axis=1)

    slope, factor = np.polyfit(data.load * unit, data.rate / data.activity, 1, w=weight)
    last = min(max(1 + slope / factor, 0.2), 2.0)
    start = float(events_per_dead_time(model, last))
    start *= 1.0 if data.wide is None else last
    done = least_squares(residuals, [factor, start], jac=jacobian, method="lm")
    covariance = np.linalg.inv(done.jac.T @ done.jac)
    units = np.array([1.0, unit])
    return _named(model, data, done.x * units, covariance * np.outer(units, units))


def _named(model: Model, data: Series, values: Array, covariance: Array) -> Saturation:
    """A fit's numbers with their names; per activity too where it was by wide rates."""
    factor, constant = map(float, values)
    live = data.live(model, constant)
    expected = factor * data.activity * live.fraction
    chi_square = float(np.sum(((data.rate - expected) / data.error) ** 2))
    one = Saturation(model, factor, 0, constant, 0, 0, chi_square, len(data.rate) - 2)
    covariance = covariance * one.scale**2
    one = replace(
        one,
        factor_standard=float(covariance[0, 0]) ** 0.5,
        theta_standard=float(covariance[1, 1]) ** 0.5,
        factor_theta_covariance=float(covariance[0, 1]),
    )
    if data.wide is None:
        return one
    events = events_per_dead_time(model, live.fraction)
    grows = live.steepness
    if model is Model.NONPARALYZABLE:
        grows = grows / live.fraction
    squares = float(np.sum(data.activity**2))
    theta = float(np.sum(events * data.activity)) / squares
    slope = float(np.sum(grows * data.activity)) / squares
    apart = events - theta * data.activity
    scatter = float(np.sum(apart**2)) / (len(apart) - 1) / squares
    return replace(
        one,
        theta_per_mbq=theta,
        theta_standard=((slope * one.theta_standard) ** 2 + scatter) ** 0.5,
        factor_theta_covariance=slope * one.factor_theta_covariance,
        tau_us=constant * 1e6,
        tau_standard_us=one.theta_standard * 1e6,
        factor_tau_covariance=one.factor_theta_covariance * 1e6,
    )
