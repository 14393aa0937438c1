"""Cox regression: hazard ratios, and whether they stay the same over time."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any

import numpy as np

from sirtdose.errors import InputError
from sirtdose.model.uncertain import Z95
from sirtdose.outcomes.hazards_over_time import TIES, Ties, proportional_p

EVENTS_TO_CHECK = 10
_LAST_BITS = 1e-9


@dataclass(frozen=True)
class HazardRatio:
    """Of one covariate, by one unit of it, with 95 % interval and Wald's p.

    `proportional_p` is of the check that it does not change over time: the score test
    of its change with Kaplan-Meier time, as R's cox.zph has it. Low where it does, None
    where fewer than 10 events cannot say.
    """

    name: str
    coefficient: float
    ratio: float
    low: float
    high: float
    p: float
    proportional_p: float | None


@dataclass(frozen=True)
class Cox:
    """A model's hazard ratios; `failed` says why there are none.

    `strata` is of how many strata, each with a baseline hazard of its own.
    `concordance` compares patients of one stratum only; None with strata and ties after
    Breslow.
    """

    n: int
    events: int
    ties: str
    ratios: tuple[HazardRatio, ...] = ()
    log_likelihood: float | None = None
    likelihood_ratio: float | None = None
    likelihood_ratio_p: float | None = None
    concordance: float | None = None
    failed: str = ""
    strata: int = 1


def cox(
    times: Sequence[float],
    events: Sequence[bool],
    covariates: Mapping[str, Sequence[float]],
    *,
    ties: Ties = "efron",
    strata: Sequence[str] | None = None,
) -> Cox:
    """Fit a proportional-hazards model.

    Parameters
    ----------
    times, events : sequences
        See :func:`sirtdose.outcomes.survival.kaplan_meier`.
    covariates : mapping of str to sequence of float
        None of them missing.
    ties : {"efron", "breslow"}
        How events at the same time are counted. Efron's is lifelines' and R's,
        Breslow's that of SPSS and SAS; they differ where many times are tied.
    strata : sequence of str, optional
        Patients of each stratum have a baseline hazard of their own.

    Raises
    ------
    InputError
        No covariate, or ties that are not known.

    Notes
    -----
    The check of proportional hazards is that of
    :func:`sirtdose.outcomes.hazards_over_time.proportional_p`.

    Examples
    --------
    >>> one = cox([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], {"dose": [1, 4, 2, 3, 6, 5]})
    >>> one.ratios[0].ratio < 1
    True
    """
    if not covariates:
        raise InputError("a Cox model needs at least one covariate")
    if ties not in TIES:
        raise InputError(f"ties '{ties}' is not a method: use {' or '.join(TIES)}")
    had = np.asarray(events, bool)
    matrix = np.column_stack([np.asarray(one, float) for one in covariates.values()])
    codes = np.zeros(len(had), int)
    if strata is not None:
        codes = np.unique(np.asarray(strata, str), return_inverse=True)[1]
    empty = Cox(len(had), int(had.sum()), ties, strata=len(np.unique(codes)))
    failed = _unfit(covariates, matrix, had, codes)
    if failed:
        return replace(empty, failed=failed)
    time = np.asarray(times, float)
    # In their own spread: lifelines takes a column of small numbers for a constant.
    spread = np.array([np.std(one) for one in covariates.values()])
    scaled = matrix / spread
    fitter, failed = _lifelines(time, had, scaled, codes)
    if failed:
        return replace(empty, failed=failed)
    if ties == "efron":
        columns = [fitter.summary[one] for one in ("coef", "se(coef)")]
        found = [*(one / spread for one in columns), fitter.summary["p"]]
        test = fitter.log_likelihood_ratio_test()
        tests = fitter.log_likelihood_, test.test_statistic, test.p_value
    else:
        found, tests = _breslow(time, had, matrix, codes)
    fitted = np.asarray(found[0]) * spread
    constant: list[float | None] = (
        proportional_p(time, had, scaled, fitted, ties=ties, strata=codes)
        if had.sum() >= EVENTS_TO_CHECK
        else [None] * len(covariates)
    )
    return replace(
        empty,
        ratios=tuple(
            HazardRatio(
                name=name,
                coefficient=float(b),
                ratio=exp(b),
                low=exp(b - Z95 * error),
                high=exp(b + Z95 * error),
                p=float(p),
                proportional_p=same,
            )
            for name, b, error, p, same in zip(
                covariates, *found, constant, strict=True
            )
        ),
        log_likelihood=float(tests[0]),
        likelihood_ratio=float(tests[1]),
        likelihood_ratio_p=float(tests[2]),
        concordance=_concordance(time, had, scaled @ fitted)
        if empty.strata == 1
        else float(fitter.concordance_index_)
        if ties == "efron"
        else None,
    )


def _unfit(
    covariates: Mapping[str, Sequence[float]],
    matrix: np.ndarray,
    had: np.ndarray,
    strata: np.ndarray,
) -> str:
    """Why there can be no model; empty where there can."""
    if not had.any():
        return "no event was seen"
    same = [name for name, one in covariates.items() if np.ptp(one) == 0]
    if same:
        return f"'{same[0]}' is the same for all cases"
    cases, count = matrix.shape
    if cases <= count:
        return f"{cases} cases are too few for {count} covariates"
    # What is told within strata: a covariate that is constant in each tells nothing.
    own = matrix / matrix.std(0)
    for one in np.unique(strata):
        own[strata == one] -= own[strata == one].mean(0)
    still = [
        name
        for name, column in zip(covariates, own.T, strict=True)
        if np.abs(column).max() < _LAST_BITS
    ]
    if still:
        return f"'{still[0]}' is the same for all patients of each stratum"
    rank = np.linalg.matrix_rank(own, tol=1e-6)
    return "a covariate is a linear combination of the others" if rank < count else ""


def _lifelines(
    times: np.ndarray, had: np.ndarray, covariates: np.ndarray, strata: np.ndarray
) -> tuple[Any, str]:
    """A model with ties after Efron, or why there is none."""
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    # Names of their own: a covariate may be called anything.
    table = pd.DataFrame(
        {f"covariate {n}": pd.Series(one) for n, one in enumerate(covariates.T)}
    )
    table["time"], table["event"] = times, had.astype(int)
    by = {}
    if strata.any():
        table["stratum"], by = strata, {"strata": ["stratum"]}
    with warnings.catch_warnings(record=True, action="always") as told:
        try:
            fitter = CoxPHFitter().fit(table, "time", "event", **by)
        except ConvergenceError:
            return None, (
                "the fit did not converge: a covariate may separate events from the "
                "others, or be a linear combination of other covariates"
            )
    if any(issubclass(one.category, ConvergenceWarning) for one in told):
        return None, "a covariate separates all events: no finite hazard ratio"
    return fitter, ""


def _breslow(
    times: np.ndarray, had: np.ndarray, matrix: np.ndarray, strata: np.ndarray
) -> tuple[list[Any], tuple[float, float, float]]:
    """Coefficients, their errors and p; log-likelihood, and the test of its ratio."""
    from scipy.stats import chi2
    from statsmodels.duration.hazard_regression import PHReg

    # Centered and in their own spread: the likelihood is the same, its slope is not.
    spread = matrix.std(0)
    model = PHReg(
        times,
        (matrix - matrix.mean(0)) / spread,
        status=had,
        ties="breslow",
        strata=strata,
    )
    found = model.fit()
    ratio = 2 * float(found.llf - model.loglike(np.zeros(matrix.shape[1])))
    columns = [found.params / spread, found.bse / spread, found.pvalues]
    return columns, (found.llf, ratio, float(chi2.sf(ratio, matrix.shape[1])))


def _concordance(times: np.ndarray, had: np.ndarray, risk: np.ndarray) -> float | None:
    """By the coefficients that are printed, whichever way ties were counted."""
    from lifelines.utils import concordance_index

    try:
        return float(concordance_index(times, -risk, had))
    except ZeroDivisionError:
        # No two times differ.
        return None
