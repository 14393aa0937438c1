"""Cox regression: hazard ratios, and whether they stay the same over time."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError
from sirtdose.model.uncertain import Z95
from sirtdose.outcomes.hazards_over_time import TIES, Ties

if TYPE_CHECKING:
    import numpy as np

EVENTS_TO_CHECK = 10


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
    """A model's hazard ratios; `failed` says why there are none."""

    n: int
    events: int
    ties: str
    ratios: tuple[HazardRatio, ...] = ()
    log_likelihood: float | None = None
    likelihood_ratio: float | None = None
    likelihood_ratio_p: float | None = None
    concordance: float | None = None
    failed: str = ""


def cox(
    times: Sequence[float],
    events: Sequence[bool],
    covariates: Mapping[str, Sequence[float]],
    *,
    ties: Ties = "efron",
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
    import numpy as np

    if not covariates:
        raise InputError("a Cox model needs a covariate")
    if ties not in TIES:
        raise InputError(f"ties '{ties}': use {' or '.join(TIES)}")
    had = np.asarray(events, bool)
    empty = Cox(len(had), int(had.sum()), ties)
    failed = _unfit(covariates, had)
    if failed:
        return replace(empty, failed=failed)
    try:
        return _fitted(np.asarray(times, float), had, covariates, ties)
    except _NoFit as error:
        return replace(empty, failed=str(error))


class _NoFit(Exception):
    pass


def _unfit(covariates: Mapping[str, Sequence[float]], had: "np.ndarray") -> str:
    import numpy as np

    if not had.any():
        return "no event was seen"
    same = [name for name, one in covariates.items() if np.ptp(one) == 0]
    if same:
        return f"'{same[0]}' is the same for all"
    matrix = np.column_stack([np.asarray(one, float) for one in covariates.values()])
    if len(matrix) <= matrix.shape[1]:
        return f"{len(matrix)} cases for {matrix.shape[1]} covariates"
    centered = (matrix - matrix.mean(0)) / matrix.std(0)
    if np.linalg.matrix_rank(centered, tol=1e-6) < matrix.shape[1]:
        return "a covariate follows from the others"
    return ""


def _fitted(
    times: "np.ndarray",
    had: "np.ndarray",
    covariates: Mapping[str, Sequence[float]],
    ties: Ties,
) -> Cox:
    import numpy as np

    # In their own spread: lifelines takes a column of small numbers for a constant.
    spreads = {name: float(np.std(one)) for name, one in covariates.items()}
    scaled = {
        name: [value / spreads[name] for value in one]
        for name, one in covariates.items()
    }
    fitter = _lifelines(times, had, scaled)
    if ties == "efron":
        rows = [
            (
                *(name, float(row["coef"]) / spreads[name]),
                *(float(row["se(coef)"]) / spreads[name], float(row["p"])),
            )
            for name, (_, row) in zip(scaled, fitter.summary.iterrows(), strict=True)
        ]
        test = fitter.log_likelihood_ratio_test()
        likelihood = float(fitter.log_likelihood_)
        ratio, ratio_p = float(test.test_statistic), float(test.p_value)
    else:
        rows, likelihood, ratio, ratio_p = _breslow(times, had, covariates)
    fitted = [b * spreads[name] for name, b, *_ in rows]
    checked = _proportional(times, had, scaled, fitted, ties)
    return Cox(
        n=len(times),
        events=int(had.sum()),
        ties=ties,
        ratios=tuple(
            _ratio(name, b, error, p, constant)
            for (name, b, error, p), constant in zip(rows, checked, strict=True)
        ),
        log_likelihood=likelihood,
        likelihood_ratio=ratio,
        likelihood_ratio_p=ratio_p,
        concordance=_concordance(times, had, scaled, fitted),
    )


def _concordance(
    times: "np.ndarray",
    had: "np.ndarray",
    scaled: Mapping[str, Sequence[float]],
    coefficients: Sequence[float],
) -> float | None:
    """By the coefficients that are printed, whichever way ties were counted."""
    import numpy as np
    from lifelines.utils import concordance_index

    risk = np.column_stack([*scaled.values()]) @ np.asarray(coefficients)
    try:
        return float(concordance_index(times, -risk, had))
    except ZeroDivisionError:
        # No two times differ.
        return None


def _ratio(
    name: str,
    coefficient: float,
    error: float,
    p: float,
    proportional_p: float | None,
) -> HazardRatio:
    half = Z95 * error
    return HazardRatio(
        name,
        coefficient,
        exp(coefficient),
        exp(coefficient - half),
        exp(coefficient + half),
        p,
        proportional_p,
    )


def _lifelines(
    times: "np.ndarray", had: "np.ndarray", covariates: Mapping[str, Sequence[float]]
) -> Any:
    import pandas as pd
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    # Names of their own: a covariate may be called anything.
    table = pd.DataFrame(
        {
            f"covariate {n}": pd.Series(one, dtype=float)
            for n, one in enumerate(covariates.values())
        }
    )
    table["time"], table["event"] = times, had.astype(int)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fitter = CoxPHFitter().fit(table, "time", "event")
        except ConvergenceError:
            raise _NoFit(
                "the fit did not converge: a covariate may divide events from the "
                "others, or follow from other covariates"
            ) from None
    if any(issubclass(one.category, ConvergenceWarning) for one in told):
        raise _NoFit("a covariate divides events from the others: no finite ratio")
    return fitter


def _proportional(
    times: "np.ndarray",
    had: "np.ndarray",
    scaled: Mapping[str, Sequence[float]],
    coefficients: Sequence[float],
    ties: Ties,
) -> list[float | None]:
    import numpy as np

    from sirtdose.outcomes.hazards_over_time import proportional_p

    if had.sum() < EVENTS_TO_CHECK:
        return [None for _ in scaled]
    matrix = np.column_stack([np.asarray(one, float) for one in scaled.values()])
    return proportional_p(times, had, matrix, np.asarray(coefficients), ties=ties)


def _breslow(
    times: "np.ndarray", had: "np.ndarray", covariates: Mapping[str, Sequence[float]]
) -> tuple[list[tuple[str, float, float, float]], float, float, float]:
    import numpy as np
    from scipy.stats import chi2
    from statsmodels.duration.hazard_regression import PHReg

    matrix = np.column_stack([np.asarray(one, float) for one in covariates.values()])
    # Centered and in their own spread: the likelihood is the same, its slope is not.
    spread = matrix.std(0)
    model = PHReg(times, (matrix - matrix.mean(0)) / spread, status=had, ties="breslow")
    found = model.fit()
    rows = [
        (name, float(b), float(error), float(p))
        for name, b, error, p in zip(
            covariates,
            found.params / spread,
            found.bse / spread,
            found.pvalues,
            strict=True,
        )
    ]
    ratio = 2 * float(found.llf - model.loglike(np.zeros(matrix.shape[1])))
    return rows, float(found.llf), ratio, float(chi2.sf(ratio, matrix.shape[1]))
