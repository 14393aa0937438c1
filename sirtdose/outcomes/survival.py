"""Time to an event: Kaplan-Meier curves, medians, log-rank tests and follow-up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sirtdose.errors import InputError, RangeError
from sirtdose.model.uncertain import Z95

Numbers = Sequence[float] | np.ndarray
Interval = Literal["log-log", "log", "plain", "spss"]
# Of a curve's band; SPSS's interval is of the median alone.
INTERVALS: tuple[Interval, ...] = ("log-log", "log", "plain")
SPSS: Interval = "spss"
_LAST_BITS = 1e-12
# SPSS takes the slope at the median between these shares of survivors.
_ABOVE_HALF, _BELOW_HALF = 0.55, 0.45


@dataclass(frozen=True)
class Median:
    """Median time with its 95 % interval by a method; None where it is not reached.

    It is the first time at which half or fewer are left, as in lifelines; R takes the
    middle where exactly half are left for a while. Where nobody is left the band has no
    ends, as in R: `high` is None unless the upper one came down to half before.
    """

    time: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True)
class Curve:
    """A Kaplan-Meier curve, with its 95 % band by the method named.

    Times in the unit given, from 0. `low` and `high` are None where nobody is left: its
    variance is not defined there. `medians` holds the interval by each method: the same
    data have been published with different ones. SPSS's is there where it was asked
    for; the band is then the plain one.
    """

    n: int
    events: int
    times: tuple[float, ...]
    survival: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    method: str
    median: Median
    medians: tuple[Median, ...]


@dataclass(frozen=True)
class LogRank:
    """Log-rank test of two groups or more: events seen and expected in each.

    `strata` is within how many strata the groups were compared, 1 where not stratified.
    """

    chi_squared: float
    degrees: int
    p: float
    observed: Mapping[str, int]
    expected: Mapping[str, float]
    strata: int = 1


def kaplan_meier(
    times: Sequence[float], events: Sequence[bool], *, interval: Interval = "log-log"
) -> Curve:
    """Kaplan-Meier estimate of survival.

    Parameters
    ----------
    times : sequence of float, >= 0
        Until the event, or until the last contact.
    events : sequence of bool
        True where the event was seen, False where it was not until then (censored).
    interval : {"log-log", "log", "plain", "spss"}
        Transformation of Greenwood's interval: lifelines and SAS use log-log, R log,
        older software plain. SPSS's is symmetric about the median and none of these,
        see :func:`_symmetric`.

    Raises
    ------
    InputError
        No time, or an interval that is not known.
    RangeError
        A time below 0.

    References
    ----------
    Brookmeyer and Crowley, Biometrics 1982;38:29 (median: where the band holds 1/2);
    R's survival package (no band where nobody is left).

    Examples
    --------
    Of four, one dies at each of 1, 2, 3, 4 months: half are left after 2.

    >>> kaplan_meier([1, 2, 3, 4], [True] * 4).median.time
    2.0

    The interval of five deaths has no upper end: all are dead before it is reached.

    >>> kaplan_meier([1, 2, 3, 4, 5], [True] * 5).median
    Median(time=3.0, low=1.0, high=None, method='log-log')
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    time, event = _checked(times, events)
    if interval not in (*INTERVALS, SPSS):
        raise InputError(
            f"interval '{interval}' is not a method: use "
            f"{', '.join((*INTERVALS, SPSS))}"
        )
    # Where nobody is left its logarithms are of 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        found = SurvfuncRight(time, event)
    survival, error = np.asarray(found.surv_prob), np.asarray(found.surv_prob_se)
    bands = {name: _band(survival, error, name) for name in INTERVALS}
    band = "plain" if interval == SPSS else interval
    low, high = bands[band]
    half = _half(found.surv_times, survival)
    medians = tuple(
        Median(
            half, _half(found.surv_times, lower), _half(found.surv_times, upper), name
        )
        for name, (lower, upper) in bands.items()
    )
    if interval == SPSS:
        medians += (_symmetric(found.surv_times, survival, error),)
    end = (float(time.max()),)
    own = tuple(map(float, found.surv_times))
    last = float(survival[-1]) if len(survival) else 1.0
    ends = end if not own or end[0] > own[-1] else ()
    return Curve(
        len(time),
        int(event.sum()),
        (0.0, *own, *ends),
        (1.0, *map(float, survival), *(last for _ in ends)),
        (1.0, *_ends(low), *(_ends(low[-1:]) or (1.0,) if ends else ())),
        (1.0, *_ends(high), *(_ends(high[-1:]) or (1.0,) if ends else ())),
        band,
        next(one for one in medians if one.method == interval),
        medians,
    )


def _checked(
    times: Sequence[float], events: Sequence[bool]
) -> tuple[np.ndarray, np.ndarray]:
    time, event = np.asarray(times, float), np.asarray(events, bool)
    if len(time) == 0:
        raise InputError("no times, so there is no curve")
    if time.min() < 0:
        raise RangeError(f"a time is {time.min():g}: it must be 0 or more")
    return time, event.astype(int)


def _band(
    survival: np.ndarray, error: np.ndarray, interval: Interval
) -> tuple[np.ndarray, np.ndarray]:
    """Its ends at each time; where nobody is left there are none: not a number."""
    nobody = np.where(survival > 0, survival, np.nan)
    low, high = nobody.copy(), nobody.copy()
    inside = (survival > 0) & (survival < 1)
    s, e = survival[inside], error[inside]
    if interval == "plain":
        bounds = s - Z95 * e, s + Z95 * e
    elif interval == "log":
        width = np.exp(Z95 * e / s)
        bounds = s / width, s * width
    else:
        width = np.exp(Z95 * e / (s * np.abs(np.log(s))))
        bounds = s**width, s ** (1 / width)
    low[inside], high[inside] = (np.clip(one, 0, 1) for one in bounds)
    return low, high


def _ends(band: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if one != one else float(one) for one in band)


def _half(times: np.ndarray, survival: Numbers) -> float | None:
    """The first time at which half or fewer are left, None where more are.

    Survival is a product: its last bit may lie above one half where half are left.
    """
    left = np.flatnonzero(np.asarray(survival) <= 0.5 + _LAST_BITS)
    return float(times[left[0]]) if len(left) else None


def _symmetric(times: np.ndarray, survival: np.ndarray, error: np.ndarray) -> Median:
    r"""Median with SPSS's interval, symmetric about it.

    .. math:: s_m = \frac{s(S_m)}{f}, \quad f = \frac{S(u) - S(l)}{l - u}

    with u the last time at which 55 % or more are left, l the first at which 45 % or
    fewer are. There is no interval where either is missing. Its lower end is at least
    0.

    References
    ----------
    Collett, Modelling Survival Data in Medical Research, chapter 2; Klein and
    Moeschberger, Survival Analysis, 2nd edition, section 4.5, practical note 3: the
    estimator that SPSS's description of its algorithms names.
    """
    half = _half(times, survival)
    above = np.flatnonzero(survival >= _ABOVE_HALF - _LAST_BITS)
    below = np.flatnonzero(survival <= _BELOW_HALF + _LAST_BITS)
    if half is None or not len(above) or not len(below):
        return Median(half, None, None, SPSS)
    u, low = above[-1], below[0]
    density = (survival[u] - survival[low]) / (times[low] - times[u])
    width = Z95 * float(error[np.flatnonzero(times == half)[0]]) / density
    if not np.isfinite(width):
        return Median(half, None, None, SPSS)
    return Median(half, float(max(half - width, 0.0)), float(half + width), SPSS)


def at_risk(times: Numbers, at: Numbers) -> list[int]:
    """Count who is under observation just before each time.

    >>> at_risk([1, 2, 2, 5], [0, 2, 5, 6])
    [4, 3, 1, 0]
    """
    ordered = np.sort(np.asarray(times, float))
    return [len(ordered) - int(np.searchsorted(ordered, one)) for one in at]


def follow_up(
    times: Sequence[float], events: Sequence[bool], *, interval: Interval = "log-log"
) -> Median:
    """Median follow-up by the reverse Kaplan-Meier method: censoring is the event.

    Examples
    --------
    >>> follow_up([1, 2, 3, 4], [False] * 4).time
    2.0
    """
    return kaplan_meier(times, [not one for one in events], interval=interval).median


def log_rank(
    times: Sequence[float],
    events: Sequence[bool],
    groups: Sequence[str],
    *,
    strata: Sequence[str] | None = None,
) -> LogRank:
    """Test by log-rank whether survival is the same in every group.

    Parameters
    ----------
    times, events : sequences
        See :func:`kaplan_meier`.
    groups : sequence of str
    strata : sequence of str, optional
        Groups are compared within each stratum, and what is seen and expected, and the
        variance, is summed over them.

    Raises
    ------
    InputError
        Fewer than two groups, no event, or no stratum in which groups can be compared.

    Examples
    --------
    >>> log_rank([1, 2, 3, 4], [True] * 4, ["a", "b", "a", "b"]).degrees
    1
    """
    time, event = _checked(times, events)
    names = np.asarray(groups, str)
    own = [str(one) for one in np.unique(names)]
    if len(own) < 2:
        raise InputError("a log-rank test needs at least two groups")
    if not event.any():
        raise InputError("no event was seen: nothing to test")
    if strata is None:
        from lifelines.statistics import multivariate_logrank_test

        tested = multivariate_logrank_test(time, names, event)
        chi_squared, p = tested.test_statistic, tested.p_value
        within = [np.full(len(time), fill_value=True)]
    else:
        codes = np.asarray(strata, str)
        chi_squared, p = _stratified(time, event, names, codes)
        within = [codes == one for one in np.unique(codes)]
    return LogRank(
        float(chi_squared),
        len(own) - 1,
        float(p),
        {name: int(event[names == name].sum()) for name in own},
        {
            name: sum(
                _expected(time[one], event[one], names[one], name) for one in within
            )
            for name in own
        },
        len(within),
    )


def _stratified(
    time: np.ndarray, event: np.ndarray, names: np.ndarray, strata: np.ndarray
) -> tuple[float, float]:
    from scipy.stats import chi2
    from statsmodels.duration.survfunc import survdiff

    _require_connected(names, strata)
    try:
        found, _ = survdiff(time, event, names, strata=strata)
    except np.linalg.LinAlgError:
        found = np.nan
    if not np.isfinite(found):
        raise InputError(
            "in no stratum are there two groups at risk when an event is seen: nothing "
            "to test"
        )
    # Its own p is 1 less a number near 1: 0 where the test is strong.
    return float(found), float(chi2.sf(found, len(np.unique(names)) - 1))


def _require_connected(names: np.ndarray, strata: np.ndarray) -> None:
    """Refuse groups that meet in no stratum, not even through others."""
    groups = np.unique(names)
    apart = [{str(one)} for one in groups]
    for stratum in np.unique(strata):
        here = {str(one) for one in names[strata == stratum]}
        met = [one for one in apart if one & here]
        apart = [one for one in apart if not one & here]
        apart.append(set().union(*met))
    # Where none meets another there is nothing to test at all, which is said below.
    if 1 < len(apart) < len(groups):
        each = " and ".join(", ".join(sorted(one)) for one in apart)
        raise InputError(
            f"groups {each} share no stratum, so they cannot be compared within "
            "strata: leave out --stratum, or merge strata in the table"
        )


def _expected(
    time: np.ndarray, event: np.ndarray, names: np.ndarray, name: str
) -> float:
    """Events expected of a group, were survival the same in all."""
    when, deaths = np.unique(time[event == 1], return_counts=True)
    share = np.array(at_risk(time[names == name], when)) / np.array(at_risk(time, when))
    return float((deaths * share).sum())
