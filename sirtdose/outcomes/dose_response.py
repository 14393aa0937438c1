"""Probability of response by dose: logistic regression and its 50 % dose."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sirtdose.errors import InputError
from sirtdose.model.uncertain import Z95

_POINTS = 101
# With fewer patients a clustered covariance is far too small.
CLUSTERS_MIN = 10


@dataclass(frozen=True)
class DoseResponse:
    """A logistic curve: P = 1 / (1 + exp(-(intercept + slope D))).

    `d50_gy` is the dose at P = 0.5 (TCP50 where the event is control of a tumor), with
    the interval in which the curve's 95 % band holds 0.5 (Fieller's): None at an end
    that is not bounded, and of a curve that rises through 0.5 at no dose. `d50_seen` is
    whether it lies among the doses given. `gamma50` is the normalized slope,
    slope x D50 / 4: the change of P by 1 % of dose, in hundredths. `failed` says why
    there is no curve.
    """

    n: int
    events: int
    covariance: str
    failed: str = ""
    intercept: float | None = None
    slope_per_gy: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    p: float | None = None
    d50_gy: float | None = None
    d50_seen: bool = False
    d50_low_gy: float | None = None
    d50_high_gy: float | None = None
    gamma50: float | None = None
    doses_gy: tuple[float, ...] = ()
    probability: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


def dose_response(
    doses_gy: Sequence[float],
    events: Sequence[bool],
    clusters: Sequence[str] | None = None,
) -> DoseResponse:
    """Fit a logistic curve to doses and events.

    Parameters
    ----------
    doses_gy : sequence of float
        Gy.
    events : sequence of bool
    clusters : sequence of str, optional
        The patient of each, where patients have several: the covariance is then robust
        to what patients have in common.

    Raises
    ------
    InputError
        All had the event, or none.

    Notes
    -----
    Maximum likelihood; `p` is Wald's, of the slope; clusters are to be 10 or more.
    Where a dose divides events from the others without exception there is no finite
    slope.

    Examples
    --------
    Symmetric about 100 Gy, so that is the dose of one half:

    >>> one = dose_response([50, 75, 90, 110, 125, 150], [0, 0, 1, 0, 1, 1])
    >>> round(one.d50_gy, 6)
    100.0
    """
    doses, had = np.asarray(doses_gy, float), np.asarray(events, bool)
    if had.all() or not had.any():
        raise InputError(
            f"{'all' if had.any() else 'none'} of {len(had)} had the event: no curve"
        )
    said = "robust, clustered by patient" if clusters is not None else "model-based"
    empty = DoseResponse(len(had), int(had.sum()), said)
    failed = _separated(doses, had)
    if clusters is not None and len(set(clusters)) < CLUSTERS_MIN:
        failed = (
            f"{len(set(clusters))} patients are too few for a covariance clustered by "
            f"patient: at least {CLUSTERS_MIN} are needed"
        )
    if failed:
        return replace(empty, failed=failed)
    found = _fit(doses, had, clusters)
    return (
        replace(empty, failed="the fit did not converge")
        if found is None
        else _described(found, doses, empty)
    )


def _separated(doses: np.ndarray, had: np.ndarray) -> str:
    if doses.min() == doses.max():
        return f"every dose is {doses[0]:g} Gy, so no slope can be fitted"
    yes, no = doses[had], doses[~had]
    divided = yes.min() >= no.max() or no.min() >= yes.max()
    return (
        "one dose separates all events from the others: the slope is not bounded"
        if divided
        else ""
    )


def _fit(
    doses: np.ndarray, had: np.ndarray, clusters: Sequence[str] | None
) -> Any | None:
    import statsmodels.api as sm

    model = sm.Logit(had.astype(float), sm.add_constant(doses))
    robust: dict[str, Any] = {}
    if clusters is not None:
        _, codes = np.unique(np.asarray(clusters), return_inverse=True)
        robust = {"cov_type": "cluster", "cov_kwds": {"groups": codes}}
    # What did not converge is told in the result.
    with warnings.catch_warnings(action="ignore"):
        try:
            found = model.fit(disp=False, maxiter=200, **robust)
        except np.linalg.LinAlgError:
            return None
    return found if found.mle_retvals["converged"] else None


def _described(found: Any, doses: np.ndarray, empty: DoseResponse) -> DoseResponse:
    intercept, slope = (float(one) for one in found.params)
    covariance = np.asarray(found.cov_params())
    error = float(covariance[1, 1] ** 0.5)
    grid = np.linspace(0, doses.max(), _POINTS)
    line = intercept + slope * grid
    half = Z95 * np.sqrt(
        covariance[0, 0] + 2 * grid * covariance[0, 1] + grid**2 * covariance[1, 1]
    )
    # A curve that falls, or stands above one half at no dose, has none.
    d50 = -intercept / slope if slope > 0 > intercept else None
    low, high = _fieller(intercept, slope, covariance)
    if d50 is None:
        low = high = None
    elif low is not None:
        low = max(low, 0.0)
    return replace(
        empty,
        intercept=intercept,
        slope_per_gy=slope,
        slope_low=slope - Z95 * error,
        slope_high=slope + Z95 * error,
        p=float(found.pvalues[1]),
        d50_gy=d50,
        d50_seen=d50 is not None and bool(doses.min() <= d50 <= doses.max()),
        d50_low_gy=low,
        d50_high_gy=high,
        gamma50=None if d50 is None else slope * d50 / 4,
        doses_gy=tuple(map(float, grid)),
        probability=_logistic(line),
        low=_logistic(line - half),
        high=_logistic(line + half),
    )


def _logistic(line: np.ndarray) -> tuple[float, ...]:
    from scipy.special import expit

    return tuple(map(float, expit(line)))


def _fieller(
    intercept: float, slope: float, covariance: np.ndarray
) -> tuple[float | None, float | None]:
    """Where the band of the line holds 0: bounded only where the slope is not 0."""
    a = slope**2 - Z95**2 * covariance[1, 1]
    b = 2 * (intercept * slope - Z95**2 * covariance[0, 1])
    c = intercept**2 - Z95**2 * covariance[0, 0]
    if a <= 0 or b**2 < 4 * a * c:
        return None, None
    root = (b**2 - 4 * a * c) ** 0.5
    return float((-b - root) / (2 * a)), float((-b + root) / (2 * a))
