"""Dead time of a camera, by scans of one object at several activities.

Factor and constant of each model are fitted to the count rates in the reconstructed
window (`saturation`), weighted by their errors. No dead time is found where the loss at
the highest activity is less than its standard uncertainty. A saturating model is chosen
where the other's chi-square is higher by 6.63: whatever the losses, the wrong one is
then chosen in at most 0.5 % of series. Else both stay, and what is corrected by them
carries half of their difference. Scatter beyond the errors given widens everything.

Decay during a scan is the caller's: `Nuclide.mean_activity_factor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from sirtdose.dosimetry.commission.count_rate import (
    REPEATED,
    SIGNIFICANT,
    CountRate,
    require_series,
)
from sirtdose.dosimetry.commission.rate_fit import Series, fitted_model
from sirtdose.dosimetry.commission.saturation import (
    Corrected,
    Model,
    Saturation,
)
from sirtdose.errors import QuantityError, RangeError
from sirtdose.model.bounds import require_not_negative, require_positive
from sirtdose.model.uncertain import Z95, Uncertain

# A camera is called linear up to where it loses this part of its counts.
LINEAR_LOSS = 0.02
# sqrt(6.63) = 2.58 standard deviations, exceeded to one side by 0.5 %: of two models
# with as many parameters the wrong one is better by so much never more often.
_DISTINGUISHED = 6.63
# At its maximum a paralyzable camera's live fraction is 1 / e. Already from here on the
# noise of wide-window rates, which is neglected, makes intervals too narrow.
_LIVE_MIN = 0.5


@dataclass(frozen=True)
class CorrectedRate:
    """A count rate whose losses were undone, by `DeadTimeFit.corrected_rate`.

    `outside` is ``"above"`` or ``"below"`` what was measured, else empty: of the wide
    window's rates where one was given, else of the activities.
    """

    rate_cps: float
    activity_mbq: Uncertain
    live: Uncertain
    corrected_cps: Uncertain
    measured_mbq: tuple[float, float]
    outside: str = ""
    wide_cps: float | None = None
    measured_wide_cps: tuple[float, float] | None = None


@dataclass(frozen=True)
class DeadTimeFit:
    """Dead time by a series of scans: one model, or two that both fit.

    `scans` rise in activity. `chi_squares` are of every model that was fitted.
    """

    scans: tuple[CountRate, ...]
    kept: tuple[Saturation, ...]
    chi_squares: dict[Model, float]

    @property
    def found(self) -> str:
        """The model, or that two are not distinguishable."""
        one, *other = self.kept
        return "not distinguishable" if other else str(one.model)

    @property
    def measured_mbq(self) -> tuple[float, float]:
        """Lowest and highest activity of the scans."""
        return self.scans[0].activity_mbq, self.scans[-1].activity_mbq

    @property
    def factor_cps_per_mbq(self) -> Uncertain:
        """Count rate per activity without losses."""
        return _together([one.factor() for one in self.kept])

    @property
    def loss_at_highest(self) -> Uncertain:
        """Part of the counts lost at the highest activity that was measured."""
        live = self.live_fraction(self.measured_mbq[1])
        return Uncertain(1 - live.value, live.standard, 1 - live.high, 1 - live.low)

    @property
    def linear_to_mbq(self) -> float:
        """Where the loss reaches `LINEAR_LOSS`, or the highest activity measured."""
        reached = (one.loss_reaches(LINEAR_LOSS) for one in self.kept)
        return min(self.measured_mbq[1], *reached)

    def live_fraction(self, activity_mbq: float) -> Uncertain:
        """Live fraction at an activity in the field of view.

        Of an object that scatters as the phantom does; whether the activity is one of
        those measured is the caller's to ask (`outside`).
        """
        require_positive(activity_mbq=activity_mbq)
        return _together([one.live_at(activity_mbq) for one in self.kept])

    def outside(self, activity_mbq: float) -> str:
        """Whether an activity is ``"above"`` or ``"below"`` those measured."""
        lowest, highest = self.measured_mbq
        return _outside(activity_mbq, lowest, highest)

    def deviations(self, one: Saturation) -> tuple[float, ...]:
        """Measured over fitted count rate minus 1, by scan."""
        data = Series.of(self.scans)
        live = data.live(one.model, one.constant).fraction
        expected = one.factor_cps_per_mbq * data.activity * live
        return tuple(float(ratio) for ratio in data.rate / expected - 1)

    def corrected_rate(
        self,
        rate_cps: float,
        *,
        standard_cps: float = 0.0,
        wide_cps: float | None = None,
    ) -> CorrectedRate:
        """Activity in the field of view and live fraction of a count rate.

        Parameters
        ----------
        rate_cps, standard_cps : float
            In the reconstructed window, and its standard uncertainty.
        wide_cps : float, optional
            Observed in the wide window: a camera saturates by it in any object alike.
            Without it the object must scatter as the phantom does.

        Raises
        ------
        RangeError
            A rate at or beyond the highest that the camera can show.
        """
        require_positive(rate_cps=rate_cps)
        require_not_negative(standard_cps=standard_cps)
        if wide_cps is None:
            every = [one.corrected(rate_cps, standard_cps) for one in self.kept]
        else:
            require_positive(wide_cps=wide_cps)
            every = [
                one.corrected_by_wide(rate_cps, standard_cps, wide_cps)
                for one in self.kept
            ]
        return self._corrected(rate_cps, wide_cps, every)

    def _corrected(
        self, rate_cps: float, wide_cps: float | None, every: list[Corrected]
    ) -> CorrectedRate:
        activity = _together([one.activity for one in every])
        wide = None
        if wide_cps is not None:
            # A patient scatters unlike a phantom: of the two, what saturates counts.
            seen = [one.wide_cps for one in self.scans if one.wide_cps is not None]
            wide = min(seen), max(seen)
        return CorrectedRate(
            rate_cps,
            activity,
            _together([one.live for one in every]),
            _together([one.rate for one in every]),
            self.measured_mbq,
            self.outside(activity.value)
            if wide is None or wide_cps is None
            else _outside(wide_cps, *wide),
            wide_cps,
            wide,
        )


def fitted_dead_time(
    scans: Sequence[CountRate], *, model: Model | None = None
) -> DeadTimeFit:
    """Calibration factor and dead time of a camera, by scans of several activities.

    Parameters
    ----------
    scans : sequence of CountRate
        Of one object and one window, in any order.
    model : Model, optional
        Instead of the one that the scans show.

    Raises
    ------
    RangeError
        Too few scans, too narrow a range, or a paralyzable camera beyond its maximum.
    QuantityError
        Rates that no camera has at such activities.

    Examples
    --------
    10 cps/MBq and 0.001 per MBq: exp(-0.05), exp(-0.1) and exp(-0.3) live.

    >>> seen = {50: 475.6147, 100: 904.8374, 300: 2222.4547}
    >>> fit = fitted_dead_time([CountRate(a, r, r / 2000) for a, r in seen.items()])
    >>> fit.found, round(fit.factor_cps_per_mbq.value, 3)
    ('paralyzable', 10.0)
    >>> round(fit.live_fraction(200).value, 4)
    0.8187
    >>> corrected = fit.corrected_rate(10 * 200 * 0.818731)
    >>> round(corrected.activity_mbq.value, 2), corrected.outside
    (200.0, '')
    """
    ordered = tuple(sorted(scans, key=lambda one: one.activity_mbq))
    require_series(ordered, linear=model is Model.NONE)
    data = Series.of(ordered)
    models = list(Model) if model is None else [model]
    fits = {one: fitted_model(one, data) for one in models}
    chi_squares = {one: fit.chi_square for one, fit in fits.items()}
    kept = _chosen(fits) if model is None else tuple(fits.values())
    for one in fits.values():
        _require_no_gain(one, ordered[-1].activity_mbq)
    for one in kept:
        _require_below_maximum(one, data)
    return DeadTimeFit(ordered, kept, chi_squares)


def _chosen(fits: dict[Model, Saturation]) -> tuple[Saturation, ...]:
    """No dead time, the better of two models, or both."""
    both = fits[Model.PARALYZABLE], fits[Model.NONPARALYZABLE]
    best, other = sorted(both, key=lambda one: one.chi_square)
    if best.theta_per_mbq < best.theta_standard:
        none = fits[Model.NONE]
        apart = none.factor_cps_per_mbq - best.factor_cps_per_mbq
        tau_us, tau_standard_us = best.tau_us or 0.0, best.tau_standard_us or 0.0
        # What small losses cannot be excluded stays in the uncertainties.
        one = replace(
            none,
            factor_standard=hypot(none.factor_standard, apart),
            theta_standard=hypot(best.theta_per_mbq, best.theta_standard),
        )
        if best.tau_us is None:
            return (one,)
        return (replace(one, tau_standard_us=hypot(tau_us, tau_standard_us)),)
    if other.chi_square - best.chi_square >= _DISTINGUISHED * best.scale**2:
        return (best,)
    return both


def _together(every: Sequence[tuple[float, float]]) -> Uncertain:
    """The middle of what each model has, half of their difference in its error."""
    values = [value for value, _ in every]
    middle = (min(values) + max(values)) / 2
    standard = hypot(max(error for _, error in every), max(values) - middle)
    return Uncertain(middle, standard, middle - Z95 * standard, middle + Z95 * standard)


def _outside(value: float, lowest: float, highest: float) -> str:
    """Beyond the ends by more than scans of one object differ."""
    if value > highest * (1 + REPEATED):
        return "above"
    return "below" if value < lowest * (1 - REPEATED) else ""


def _require_no_gain(one: Saturation, highest_mbq: float) -> None:
    """Refuse counts per activity that rise with it, beyond noise."""
    gain = -one.theta_per_mbq * highest_mbq
    if gain > REPEATED and -one.theta_per_mbq > SIGNIFICANT * one.theta_standard:
        raise QuantityError(
            f"the count rate per MBq rises by {gain:.1%} up to {highest_mbq:.5g} MBq, "
            "where dead time makes it fall: check activities, decay and background"
        )


def _require_below_maximum(one: Saturation, data: Series) -> None:
    """Refuse scans where the rate of a paralyzable camera hardly rises any more."""
    least = float(data.live(one.model, one.constant).fraction.min())
    if one.model is Model.PARALYZABLE and least < _LIVE_MIN:
        raise RangeError(
            f"at {data.activity.max():.5g} MBq this paralyzable camera loses "
            f"{1 - least:.0%} of its counts, too near its maximum count rate: leave "
            "out activities at which it loses more than half"
        )
