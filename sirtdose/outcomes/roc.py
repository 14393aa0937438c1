"""How well a dose tells who had an event: the ROC curve, its area, its threshold."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sirtdose.errors import InputError
from sirtdose.model.uncertain import Z95

_NOTHING = 1e-15
# Fewer patients than this say nothing of what others would give.
_PATIENTS_MIN = 10
RESAMPLES = 1000
SEED = 20260301


@dataclass(frozen=True)
class Cutoff:
    """The threshold of the largest Youden index, sensitivity + specificity - 1.

    `observed` is the lowest value called positive, at or above it; `midpoint` lies half
    way to the next one below (pROC's). Both divide these data alike. `equals` is how
    many thresholds have the same index: the lowest of them is given, which is the
    most sensitive.
    """

    observed: float
    midpoint: float
    sensitivity: float
    specificity: float
    youden: float
    equals: int
    midpoint_low: float | None = None
    midpoint_high: float | None = None


@dataclass(frozen=True)
class Roc:
    """A curve and its area, with a 95 % interval by the method named."""

    positives: int
    negatives: int
    false_positive: tuple[float, ...]
    true_positive: tuple[float, ...]
    auc: float
    auc_low: float | None
    auc_high: float | None
    interval: str
    cutoff: Cutoff
    direction: str = "an event is expected at and above the threshold"


def roc(
    values: Sequence[float],
    events: Sequence[bool],
    clusters: Sequence[str] | None = None,
) -> Roc:
    """ROC curve of a value that is higher where an event is expected.

    Parameters
    ----------
    values : sequence of float
        Doses, Gy, or any other.
    events : sequence of bool
        Whether each had the event.
    clusters : sequence of str, optional
        The patient of each, where patients have several: intervals are then by
        resampling patients. Without, that of the area is DeLong's.

    Notes
    -----
    The threshold and its sensitivity are of the same data: elsewhere they are worse.
    DeLong's interval is None where every pair is in order: it would have no width;
    those that draw patients are None of fewer than 10.
    Intervals by resampling are percentiles of 1000 samples with a fixed seed; without
    `clusters` each sample keeps the number of events.

    Raises
    ------
    InputError
        All had the event, or none.

    References
    ----------
    DeLong et al., Biometrics 1988;44:837 (intervals); Youden, Cancer 1950;3:32.

    Examples
    --------
    Of the 4 pairs, 3 are in order: the area is 0.75.

    >>> one = roc([1, 2, 3, 4], [False, True, False, True])
    >>> one.auc, one.cutoff.midpoint, one.cutoff.observed
    (0.75, 1.5, 2.0)
    """
    scores, positive = np.asarray(values, float), np.asarray(events, bool)
    if positive.all() or not positive.any():
        raise InputError(
            f"{'all' if positive.any() else 'none'} of {len(positive)} had the event: "
            "nothing to separate"
        )
    false, true, _ = _curve(scores, positive)
    low, high = _delong(scores, positive)
    interval = "DeLong"
    if clusters is not None:
        low, high = _resampled(_area, scores, positive, clusters=clusters)
        interval = f"percentiles, {RESAMPLES} samples of patients"
    ends = _resampled(_midpoint, scores, positive, clusters=clusters)
    return Roc(
        int(positive.sum()),
        int((~positive).sum()),
        tuple(map(float, false)),
        tuple(map(float, true)),
        _area(scores, positive),
        low,
        high,
        interval,
        replace(_cutoff(scores, positive), midpoint_low=ends[0], midpoint_high=ends[1]),
    )


def _area(scores: np.ndarray, positive: np.ndarray) -> float:
    false, true, _ = _curve(scores, positive)
    return float(np.trapezoid(true, false))


def _curve(
    scores: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False and true positive fractions at and above every value, the highest first.

    The first threshold is infinity: nobody is called positive.
    """
    order = np.argsort(-scores, kind="stable")
    at = scores[order]
    last = np.append(np.flatnonzero(np.diff(at)), at.size - 1)
    true = np.cumsum(positive[order])[last]
    false = last + 1 - true
    return (
        np.append(0.0, false / false[-1]),
        np.append(0.0, true / true[-1]),
        np.append(np.inf, at[last]),
    )


def _cutoff(scores: np.ndarray, positive: np.ndarray) -> Cutoff:
    """The threshold of the largest Youden index, without an interval."""
    false, true, thresholds = _curve(scores, positive)
    index = true - false
    # Of a thousand samples: `isclose` would take most of the time.
    best = np.flatnonzero(np.abs(index - index[1:].max()) <= 1e-12)
    best = best[best > 0]
    at = int(best[-1])
    below = thresholds[min(at + 1, len(thresholds) - 1)]
    sensitivity, specificity = float(true[at]), float(1 - false[at])
    return Cutoff(
        observed=float(thresholds[at]),
        midpoint=float((thresholds[at] + below) / 2),
        sensitivity=sensitivity,
        specificity=specificity,
        youden=sensitivity + specificity - 1,
        equals=len(best),
    )


def _midpoint(scores: np.ndarray, positive: np.ndarray) -> float:
    return _cutoff(scores, positive).midpoint


def _delong(
    scores: np.ndarray, positive: np.ndarray
) -> tuple[float | None, float | None]:
    from scipy.stats import rankdata

    own, others = scores[positive], scores[~positive]
    ranks = rankdata(scores)
    above = (ranks[positive] - rankdata(own)) / len(others)
    below = 1 - (ranks[~positive] - rankdata(others)) / len(own)
    area = float(above.mean())
    variance = sum(
        float(part.var(ddof=1)) / len(part) if len(part) > 1 else 0.0
        for part in (above, below)
    )
    if variance <= _NOTHING:
        # Where every pair is in order, or all are tied, its variance says nothing.
        return None, None
    half = Z95 * variance**0.5
    return max(0.0, area - half), min(1.0, area + half)


def _resampled(
    statistic: Any,
    scores: np.ndarray,
    positive: np.ndarray,
    *,
    clusters: Sequence[str] | None,
) -> tuple[float | None, float | None]:
    """Percentile interval; None where a sample has no event, or nothing but events."""
    if clusters is None:
        if min(positive.sum(), (~positive).sum()) < 2:
            return None, None
        both = np.r_[np.ones(positive.sum(), bool), np.zeros((~positive).sum(), bool)]

        def of_groups(had: np.ndarray, had_not: np.ndarray) -> float:
            return float(statistic(np.concatenate([had, had_not]), both))

        return _percentiles((scores[positive], scores[~positive]), of_groups)
    members = _members(clusters)
    if len(members) < _PATIENTS_MIN:
        return None, None

    def of_patients(drawn: np.ndarray) -> float:
        rows = np.concatenate([members[n] for n in drawn])
        had = positive[rows]
        return (
            np.nan
            if had.all() or not had.any()
            else float(statistic(scores[rows], had))
        )

    return _percentiles((np.arange(len(members)),), of_patients)


def _percentiles(
    samples: Sequence[np.ndarray], function: Any
) -> tuple[float | None, float | None]:
    from scipy.stats import DegenerateDataWarning, bootstrap

    # A statistic that is the same in every sample has no interval: None says so.
    with warnings.catch_warnings(action="ignore", category=DegenerateDataWarning):
        found = bootstrap(
            samples,
            function,
            n_resamples=RESAMPLES,
            vectorized=False,
            method="percentile",
            rng=np.random.default_rng(SEED),
        ).confidence_interval
    if not np.isfinite((found.low, found.high)).all():
        return None, None
    return float(found.low), float(found.high)


def _members(clusters: Sequence[str]) -> list[np.ndarray]:
    _, codes = np.unique(np.asarray(clusters), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    return list(np.split(order, np.flatnonzero(np.diff(codes[order])) + 1))
