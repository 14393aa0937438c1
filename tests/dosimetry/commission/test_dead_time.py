"""Dead time by scans of known activity: by hand, event by event, and in series."""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from sirtdose.checks.commission import dead_time_findings
from sirtdose.dosimetry.commission.count_rate import CountRate
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit, fitted_dead_time
from sirtdose.dosimetry.commission.saturation import Model
from sirtdose.errors import QuantityError, RangeError
from sirtdose.model.finding import Severity

# Live fractions of 10 cps/MBq and x = 0.001 per MBq, from a table of exp(-x).
PARALYZABLE = {
    50: 500 * 0.951229,
    100: 1000 * 0.904837,
    200: 2000 * 0.818731,
    300: 3000 * 0.740818,
}
# The same by 1 / (1 + x): 500 / 1.05, 1000 / 1.1, 2000 / 1.2, 3000 / 1.3.
NONPARALYZABLE = {50: 476.1905, 100: 909.0909, 200: 1666.6667, 300: 2307.6923}


def scans(
    seen: dict[float, float],
    *,
    error: float = 0.0005,
    wide: dict[float, float] | None = None,
) -> list[CountRate]:
    return [
        CountRate(at, rate, error * rate, wide[at] if wide else None)
        for at, rate in seen.items()
    ]


class TestByHand:
    @pytest.mark.parametrize(
        ("seen", "found"),
        [(PARALYZABLE, "paralyzable"), (NONPARALYZABLE, "non-paralyzable")],
    )
    def test_the_model_and_its_constants_are_found(
        self, seen: dict[float, float], found: str
    ) -> None:
        fit = fitted_dead_time(scans(seen)[::-1])
        assert fit.found == found
        assert fit.factor_cps_per_mbq.value == pytest.approx(10, rel=1e-5)
        assert fit.kept[0].theta_per_mbq == pytest.approx(0.001, rel=1e-4)
        assert fit.kept[0].tau_us is None
        assert fit.measured_mbq == (50, 300)
        assert fit.deviations(fit.kept[0]) == pytest.approx([0] * 4, abs=1e-5)

    def test_live_fraction_loss_and_linear_range(self) -> None:
        fit = fitted_dead_time(scans(PARALYZABLE))
        assert fit.live_fraction(150).value == pytest.approx(0.860708, abs=1e-5)
        assert fit.loss_at_highest.value == pytest.approx(0.259182, abs=1e-5)
        # exp(-0.020203) = 0.98; and 1 / (1 + x) = 0.98 at x = 0.02 / 0.98 = 0.020408.
        assert fit.linear_to_mbq == pytest.approx(20.203, abs=0.01)
        other = fitted_dead_time(scans(NONPARALYZABLE))
        assert other.linear_to_mbq == pytest.approx(20.408, abs=0.01)
        assert other.live_fraction(250).value == pytest.approx(0.8, abs=1e-5)

    def test_a_rate_is_corrected_on_the_lower_branch(self) -> None:
        # x = 0.25: 2500 x 0.778801 = 1947.0 cps of a paralyzable camera,
        # 2500 / 1.25 = 2000 cps of the other.
        corrected = fitted_dead_time(scans(PARALYZABLE)).corrected_rate(1947.002)
        assert corrected.activity_mbq.value == pytest.approx(250, rel=1e-4)
        assert corrected.live.value == pytest.approx(0.778801, rel=1e-4)
        assert corrected.corrected_cps.value == pytest.approx(2500, rel=1e-4)
        other = fitted_dead_time(scans(NONPARALYZABLE)).corrected_rate(2000)
        assert other.activity_mbq.value == pytest.approx(250, rel=1e-4)

    def test_wide_rates_give_a_constant_in_microseconds(self) -> None:
        # 200 cps/MBq in the wide window and 5 us are 0.001 per MBq.
        seen = {at: 20 * rate for at, rate in PARALYZABLE.items()}
        fit = fitted_dead_time(scans(PARALYZABLE, wide=seen))
        [one] = fit.kept
        assert one.model is Model.PARALYZABLE
        assert one.tau_us == pytest.approx(5, rel=1e-4)
        assert one.theta_per_mbq == pytest.approx(0.001, rel=1e-4)
        # An object that scatters twice as much: the wide rate alone counts. True 40,000
        # cps are 0.2 per dead time, of which it shows 40,000 x 0.818731 = 32,749.
        corrected = fit.corrected_rate(1000 * 0.818731, wide_cps=32749.2)
        assert corrected.live.value == pytest.approx(0.818731, rel=1e-4)
        assert corrected.activity_mbq.value == pytest.approx(100, rel=1e-4)

    def test_wide_rates_of_a_non_paralyzable_camera(self) -> None:
        # 200 cps/MBq and 5 us; 300 MBq: 60,000 / 1.3 = 46,153.8 cps.
        seen = {at: 20 * rate for at, rate in NONPARALYZABLE.items()}
        fit = fitted_dead_time(scans(NONPARALYZABLE, wide=seen))
        assert fit.found == "non-paralyzable"
        assert fit.kept[0].tau_us == pytest.approx(5, rel=1e-4)
        corrected = fit.corrected_rate(1000, wide_cps=46153.85)
        assert corrected.corrected_cps.value == pytest.approx(1300, rel=1e-4)

    def test_no_dead_time_is_no_constant(self) -> None:
        fit = fitted_dead_time(scans({50: 500.2, 100: 999.6, 200: 2000.8, 400: 3999}))
        assert fit.found == "none"
        assert fit.live_fraction(400).value == 1
        assert 0 < fit.live_fraction(400).standard < 0.002
        assert fit.linear_to_mbq == 400
        assert fit.corrected_rate(1500).activity_mbq.value == pytest.approx(150, 1e-3)

    def test_without_a_model_the_factor_is_the_weighted_mean(self) -> None:
        # 10.2 with weight 1 / 0.1^2 and 10.0 with 1 / 0.2^2: (10.2 x 4 + 10.0) / 5.
        two = [CountRate(100, 1020, 10), CountRate(50, 500, 10)]
        fit = fitted_dead_time(two, model=Model.NONE)
        assert fit.factor_cps_per_mbq.value == pytest.approx(10.16)
        # 1 / sqrt(100 + 25) = 0.08944.
        assert fit.factor_cps_per_mbq.standard == pytest.approx(0.08944, rel=1e-3)

    def test_losses_too_small_to_tell_keep_both_models(self) -> None:
        # Up to x = 0.06, where exp(-x) and 1 / (1 + x) differ by 0.0018.
        seen = {at: 10 * at * math.exp(-2e-4 * at) for at in (50, 100, 200, 300)}
        fit = fitted_dead_time(scans(seen, error=0.001))
        assert fit.found == "not distinguishable"
        thetas = [one.theta_per_mbq for one in fit.kept]
        assert min(thetas) <= 2e-4 * 1.001 <= max(thetas) * 1.002
        apart = abs(fit.kept[0].factor()[0] - fit.kept[1].factor()[0]) / 2
        assert fit.factor_cps_per_mbq.standard > apart
        assert fit.factor_cps_per_mbq.standard > fit.kept[0].factor()[1]

    def test_uncertainties_follow_those_of_the_rates(self) -> None:
        """By repeated series with noise, and of the correction by small changes."""
        rng = np.random.default_rng(7)
        factors, lives, activities = [], [], []
        for _ in range(300):
            seen = {
                at: rate * (1 + 0.001 * rng.standard_normal())
                for at, rate in PARALYZABLE.items()
            }
            fit = fitted_dead_time(scans(seen, error=0.001), model=Model.PARALYZABLE)
            factors.append(fit.factor_cps_per_mbq.value)
            lives.append(fit.live_fraction(250).value)
            activities.append(fit.corrected_rate(1947.002).activity_mbq.value)
        exact = fitted_dead_time(scans(PARALYZABLE, error=0.001))
        corrected = exact.corrected_rate(1947.002)
        assert exact.factor_cps_per_mbq.standard == pytest.approx(np.std(factors), 0.12)
        assert exact.live_fraction(250).standard == pytest.approx(np.std(lives), 0.12)
        assert corrected.activity_mbq.standard == pytest.approx(
            np.std(activities), rel=0.12
        )
        noisy = exact.corrected_rate(1947.002, standard_cps=19.47)
        # 1 % of the rate is 1 % / (1 - 0.25) of the activity: 3.33 MBq.
        assert noisy.activity_mbq.standard == pytest.approx(3.34, abs=0.06)


def events(rate_cps: float, tau_s: float, model: str, seed: int) -> np.ndarray:
    """Times of the events that a camera accepts in 40 s, one after the other."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.exponential(1 / rate_cps, int(rate_cps * 40)))
    if model == "paralyzable":
        return times[1:][np.diff(times) > tau_s]
    kept, free = [], 0.0
    for time in times.tolist():
        if time >= free:
            kept.append(time)
            free = time + tau_s
    return np.array(kept)


@pytest.mark.parametrize("model", ["paralyzable", "non-paralyzable"])
def test_event_by_event(model: str) -> None:
    """Every third event is in the reconstructed window; 8 us, 300 cps/MBq in all."""
    seen = []
    for seed, at in enumerate((20, 40, 70, 100, 140)):
        accepted = events(300 * at, 8e-6, model, seed)
        duration = accepted[-1]
        ours = np.random.default_rng(seed + 99).random(len(accepted)) < 1 / 3
        counts = int(ours.sum())
        wide = len(accepted) / duration
        seen.append(CountRate(at, counts / duration, counts**0.5 / duration, wide))
    fit = fitted_dead_time(seen, model=Model(model))
    [one] = fit.kept
    assert one.tau_us is not None
    assert one.tau_standard_us is not None
    assert one.tau_us == pytest.approx(8, abs=2.6 * one.tau_standard_us)
    assert one.tau_standard_us < 0.1 * one.tau_us
    assert one.factor_cps_per_mbq == pytest.approx(100, abs=2.6 * one.factor_standard)


class Camera(NamedTuple):
    """What a simulated camera is."""

    kind: str
    factor: float
    theta: float
    tau_us: float
    activities: np.ndarray

    def live(self, activity: float) -> float:
        x = self.theta * activity
        return {"paralyzable": math.exp(-x), "none": 1.0}.get(self.kind, 1 / (1 + x))


KINDS = ("paralyzable", "non-paralyzable", "none")
LOSSES = (0.05, 0.08, 0.12, 0.16, 0.20, 0.25, 0.30, 0.35)
SEEDS = 60


@cache
def series(kind: str, loss: float, *, wide: bool) -> list[tuple[Camera, DeadTimeFit]]:
    """60 cameras, 7 scans of 10 to 30 minutes each of a source of Y-90."""
    made = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, round(1000 * loss), KINDS.index(kind)])
        factor, tau_us = rng.uniform(4, 12), rng.uniform(2, 8)
        theta = 20 * factor * tau_us * 1e-6
        x = -math.log(1 - loss) if kind == "paralyzable" else loss / (1 - loss)
        steps = rng.uniform(20, 40) * np.arange(7) / 64.05
        camera = Camera(kind, factor, theta, tau_us, x / theta * 0.5**steps)
        seen = []
        for at in camera.activities:
            seconds = rng.uniform(600, 1800)
            counts = rng.poisson(factor * at * camera.live(at) * seconds)
            total = rng.poisson(20 * factor * at * camera.live(at) * seconds)
            seen.append(
                CountRate(
                    at,
                    counts / seconds,
                    math.sqrt(counts) / seconds,
                    total / seconds if wide else None,
                )
            )
        made.append((camera, fitted_dead_time(seen)))
    return made


def constants(fit: DeadTimeFit, *, wide: bool) -> list[tuple[float, float]]:
    if wide:
        return [(one.tau_us or 0, one.tau_standard_us or 0) for one in fit.kept]
    return [(one.theta_per_mbq, one.theta_standard) for one in fit.kept]


def rates(
    camera: Camera, fit: DeadTimeFit, *, wide: bool
) -> list[tuple[float, float, float]]:
    """Low, value and high of corrected over true rate, across the activities."""
    found = []
    for at in np.linspace(camera.activities[-1], camera.activities[0], 5):
        true = camera.factor * at
        shown = true * camera.live(at)
        corrected = fit.corrected_rate(shown, wide_cps=20 * shown if wide else None)
        cps = corrected.corrected_cps
        found.append((cps.low / true, cps.value / true, cps.high / true))
    return found


@pytest.mark.parametrize("wide", [False, True], ids=["activity", "wide window"])
class TestSeries:
    @pytest.mark.parametrize("loss", LOSSES)
    @pytest.mark.parametrize("kind", KINDS[:2])
    def test_the_constant(self, kind: str, loss: float, wide: bool) -> None:
        errors, bracketed, wrong = [], [], 0
        for camera, fit in series(kind, loss, wide=wide):
            true = camera.tau_us if wide else camera.theta
            kept = constants(fit, wide=wide)
            # Of a pair, its middle.
            errors.append(abs(np.mean([value for value, _ in kept]) / true - 1))
            if len(kept) == 2:
                low = min(value - 1.96 * error for value, error in kept)
                high = max(value + 1.96 * error for value, error in kept)
                bracketed.append(bool(low <= true <= high))
            else:
                wrong += fit.found != kind
        median, most = np.quantile(errors, [0.5, 0.9])
        said = f"median {median:.2%}, 90 % within {most:.2%}, {wrong} wrong"
        assert most < (0.03 if loss >= 0.2 else 0.10), said
        assert wrong <= 1, said
        # Of 60 pairs with 95 % intervals, 3 miss.
        assert bracketed.count(False) <= 4, said

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_corrected_rate(self, kind: str, wide: bool) -> None:
        for loss in LOSSES:
            errors = [
                abs(value - 1)
                for camera, fit in series(kind, loss, wide=wide)
                for _, value, _ in rates(camera, fit, wide=wide)
            ]
            median, most = np.quantile(errors, [0.5, 0.9])
            said = f"{loss:.0%}: median {median:.3%}, 90 % within {most:.3%}"
            assert median < 0.002, said
            assert most < 0.005, said

    @pytest.mark.parametrize("kind", KINDS)
    def test_intervals(self, kind: str, wide: bool) -> None:
        hits: dict[str, list[bool]] = {"constant": [], "factor": [], "rate": []}
        for loss in LOSSES:
            for camera, fit in series(kind, loss, wide=wide):
                true = 0 if kind == "none" else camera.tau_us if wide else camera.theta
                kept = constants(fit, wide=wide)
                low = min(value - 1.96 * error for value, error in kept)
                high = max(value + 1.96 * error for value, error in kept)
                factor = fit.factor_cps_per_mbq
                hits["constant"].append(low <= true <= high)
                hits["factor"].append(factor.low <= camera.factor <= factor.high)
                hits["rate"] += [
                    low - 1e-9 <= 1 <= high + 1e-9
                    for low, _, high in rates(camera, fit, wide=wide)
                ]
        for name, each in hits.items():
            assert 0.85 <= np.mean(each) <= 1.0, f"{name}: {np.mean(each):.1%}"

    def test_no_dead_time_is_hardly_ever_called_one(self, wide: bool) -> None:
        found = [fit.found for _, fit in series("none", 0.2, wide=wide)]
        assert found.count("none") >= 45
        assert set(found) <= {"none", "not distinguishable"}


def test_scatter_beyond_the_errors_given_widens_the_intervals() -> None:
    """0.3 % of positioning beside 0.05 % of counting: intervals still cover."""
    hits, rng = [], np.random.default_rng(3)
    for _ in range(100):
        seen = {
            at: 10 * at * math.exp(-0.001 * at) * (1 + 0.003 * rng.standard_normal())
            for at in (40, 60, 90, 130, 180, 240, 300)
        }
        fit = fitted_dead_time(scans(seen))
        cps = fit.corrected_rate(2000 * 0.818731).corrected_cps
        hits.append(cps.low <= 2000 <= cps.high)
    assert np.mean(hits) >= 0.85


class TestRefusals:
    @pytest.mark.parametrize(
        ("seen", "says"),
        [
            ({50: 500, 100: 1000}, r"2 scan\(s\)"),
            ({50: 500, 60: 600, 74: 740}, "a factor of 1.48"),
            ({50: 500, 100: 900, 400: 800}, "falls from 900 cps at 100 MBq to 800 cps"),
            # Near x = 1 of a paralyzable camera: 1000 x exp(-1) = 367.88.
            (
                {200: 1637.5, 600: 3292.9, 950: 3674.0, 1000: 3678.8},
                "63% of its counts, too",
            ),
        ],
    )
    def test_series(self, seen: dict[float, float], says: str) -> None:
        with pytest.raises(RangeError, match=says):
            fitted_dead_time(scans(seen))

    def test_one_scan_without_a_model(self) -> None:
        with pytest.raises(RangeError, match=r"1 scan\(s\)"):
            fitted_dead_time(scans({50: 500}), model=Model.NONE)

    def test_counts_that_rise_faster_than_the_activity(self) -> None:
        with pytest.raises(QuantityError, match=r"rises by 12\.\d% up to 300 MBq"):
            fitted_dead_time(scans({50: 500, 100: 1020, 200: 2124, 300: 3316}))

    def test_wide_rates_for_some_scans_alone(self) -> None:
        some = [*scans(PARALYZABLE), CountRate(400, 2681, 3, 50000)]
        with pytest.raises(QuantityError, match="1 of 5 scans have a wide-window"):
            fitted_dead_time(some)

    def test_wide_rates_that_fall(self) -> None:
        wide = {50: 9000.0, 100: 17000.0, 200: 30000.0, 300: 29000.0}
        with pytest.raises(RangeError, match="wide-window count rate falls from 30000"):
            fitted_dead_time(scans(PARALYZABLE, wide=wide))

    def test_wide_rates_at_the_maximum(self) -> None:
        # 200 cps/MBq, 5 us: x = 0.2, 0.6, 0.95 and 1, of which exp(-x) is live.
        live = {200: 0.818731, 600: 0.548812, 950: 0.386741, 1000: 0.367879}
        seen = {at: 10 * at * part for at, part in live.items()}
        wide = {at: 20 * rate for at, rate in seen.items()}
        with pytest.raises(RangeError, match="too near its maximum"):
            fitted_dead_time(scans(seen, wide=wide), model=Model.PARALYZABLE)

    @pytest.mark.parametrize(
        ("values", "error", "says"),
        [
            ((0, 100, 1), RangeError, "activity mbq is 0"),
            ((10, -100, 1), RangeError, "rate cps is -100"),
            ((10, 0, 1), RangeError, "rate cps is 0"),
            ((10, 100, 0), RangeError, "standard cps is 0"),
            ((10, math.nan, 1), RangeError, "rate cps is nan"),
            ((3e8, 3e9, 1), QuantityError, "is it in kBq or Bq"),
            ((0.3, 1e6, 1e3), QuantityError, "instead of counts per second"),
            ((10, 100, 60), QuantityError, "the error is in cps"),
            ((10, 100, 1, 50), QuantityError, "were they exchanged"),
            ((10, 100, 1, 0), RangeError, "wide cps is 0"),
        ],
    )
    def test_scans(
        self, values: tuple[float, ...], error: type[Exception], says: str
    ) -> None:
        with pytest.raises(error, match=says):
            CountRate(*values)

    def test_a_rate_that_the_camera_cannot_show(self) -> None:
        # 10 cps/MBq / 0.001 per MBq / e = 3678.8 cps at most; 10,000 of the other.
        fit = fitted_dead_time(scans(PARALYZABLE))
        with pytest.raises(RangeError, match=r"shows at most 3678\.8 cps"):
            fit.corrected_rate(3700)
        other = fitted_dead_time(scans(NONPARALYZABLE))
        with pytest.raises(RangeError, match="shows at most 10000 cps"):
            other.corrected_rate(10001)

    def test_a_wide_rate_that_the_camera_cannot_show(self) -> None:
        fit = fitted_dead_time(scans(PARALYZABLE))
        with pytest.raises(RangeError, match="without wide-window count rates"):
            fit.corrected_rate(1000, wide_cps=20000)
        seen = {at: 20 * rate for at, rate in PARALYZABLE.items()}
        fit = fitted_dead_time(scans(PARALYZABLE, wide=seen))
        # 1 / (5 us) / e = 73,576 cps.
        with pytest.raises(RangeError, match="shows at most 73576 cps"):
            fit.corrected_rate(1000, wide_cps=74000)


class TestFindings:
    def test_the_loss_at_the_highest_activity_is_noted(self) -> None:
        [found] = dead_time_findings(fitted_dead_time(scans(PARALYZABLE)))
        assert (found.code, found.severity) == ("H13", Severity.NOTE)
        assert "with 300 MBq in the field of view the camera loses 25.9%" in (
            found.message
        )
        assert "less than 2% up to 20.2 MBq" in found.message

    def test_no_loss_is_noted_with_what_cannot_be_excluded(self) -> None:
        fit = fitted_dead_time(scans({50: 500.2, 100: 999.6, 200: 2000.8, 400: 3999}))
        [found] = dead_time_findings(fit)
        assert "no dead time was found up to 400 MBq" in found.message

    def test_models_left_open_are_noted(self) -> None:
        seen = {at: 10 * at * math.exp(-2e-4 * at) for at in (50, 100, 200, 300)}
        _, found = dead_time_findings(fitted_dead_time(scans(seen, error=0.001)))
        assert (found.code, found.severity) == ("H13", Severity.NOTE)
        assert "are not distinguishable by these scans" in found.message

    def test_scatter_is_noted_with_its_scan(self) -> None:
        seen = PARALYZABLE | {150: 1500 * 0.860708 * 1.02}
        *_, found = dead_time_findings(fitted_dead_time(scans(seen)))
        assert found.severity is Severity.NOTE
        assert "times as much as their errors explain" in found.message
        assert "at 150 MBq" in found.message

    @pytest.mark.parametrize(
        ("activity", "side"), [(400, "above"), (40, "below"), (200, "")]
    )
    def test_a_correction_outside_of_the_scans_is_told(
        self, activity: float, side: str
    ) -> None:
        fit = fitted_dead_time(scans(PARALYZABLE))
        rate = 10 * activity * math.exp(-0.001 * activity)
        assert fit.corrected_rate(rate).outside == fit.outside(activity) == side

    def test_a_wide_rate_outside_of_the_scans_is_told(self) -> None:
        seen = {at: 20 * rate for at, rate in PARALYZABLE.items()}
        fit = fitted_dead_time(scans(PARALYZABLE, wide=seen))
        corrected = fit.corrected_rate(1000, wide_cps=50000)
        assert corrected.outside == "above"
        # 20 x 475.61 and 20 x 2222.45 cps.
        assert corrected.measured_wide_cps == pytest.approx((9512.3, 44449), rel=1e-4)
