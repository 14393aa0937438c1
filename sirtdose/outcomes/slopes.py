"""How a model's likelihood slopes at any coefficients: its score and information.

Both are sums over strata, so that those of several centers add up to those of the
joined patients, and nobody's row is needed to add them.
"""

from dataclasses import dataclass

import numpy as np

from sirtdose.errors import RangeError
from sirtdose.outcomes.hazards_over_time import Ties, moments_at

# Beyond this no hazard or odds of two patients are told apart: it overflows.
_LINE_MOST = 200.0
_STEPS, _SMALL = 200, 1e-13


@dataclass(frozen=True, eq=False)
class Slope:
    """Of a log-likelihood: its gradient, and minus its second derivative.

    `score` has shape (coefficients,), `information` (coefficients, coefficients).
    """

    score: np.ndarray
    information: np.ndarray


def cox_slope(
    times: np.ndarray,
    had: np.ndarray,
    matrix: np.ndarray,
    coefficients: np.ndarray,
    *,
    ties: Ties = "efron",
    strata: np.ndarray | None = None,
) -> Slope:
    """Score and information of a Cox model's partial likelihood.

    Parameters
    ----------
    times : array of float, shape (patients,)
    had : array of bool, shape (patients,)
        Whether the event was seen.
    matrix : array of float, shape (patients, coefficients)
    coefficients : array of float, shape (coefficients,)
    ties : {"efron", "breslow"}
    strata : array, shape (patients,), optional
        Those at risk are of the dying one's stratum.

    Raises
    ------
    RangeError
        Coefficients so far out that no hazard can be computed.

    Notes
    -----
    Neither depends on where a covariate has its zero.

    Examples
    --------
    Of three with x = 0, 1, 0 the one with x = 1 dies first, then another. At a hazard
    ratio of 1 the expected x is 1/3, then 0: score 2/3, information 1/3 - 1/9 = 2/9.

    >>> import numpy as np
    >>> found = cox_slope(np.array([2.0, 1.0, 3.0]), np.array([True, True, False]),
    ...                   np.array([[0.0], [1.0], [0.0]]), np.array([0.0]))
    >>> round(float(found.score[0]), 4), round(float(found.information[0, 0]), 4)
    (0.6667, 0.2222)
    """
    codes = np.zeros(len(times)) if strata is None else strata
    centered = matrix - matrix.mean(0)
    risk = np.exp(_line(centered, coefficients))
    count = matrix.shape[1]
    score, information = np.zeros(count), np.zeros((count, count))
    for stratum in np.unique(codes[had]):
        own = codes == stratum
        for when in np.unique(times[had & own]):
            residual, variance, _ = moments_at(
                centered,
                risk,
                at_risk=own & (times >= when),
                dying=own & had & (times == when),
                ties=ties,
            )
            score += residual
            information += variance
    return Slope(score, information)


def logistic_slope(
    had: np.ndarray, matrix: np.ndarray, coefficients: np.ndarray
) -> Slope:
    r"""Score and information of a logistic model whose intercept is fitted.

    The intercept is the best one at these coefficients. What is left is the profile
    likelihood, with the information

    .. math:: I = I_{bb} - I_{ba} I_{aa}^{-1} I_{ab}

    of b, the coefficients, and a, the intercept.

    Parameters
    ----------
    had : array of bool, shape (patients,)
        Some true, some false.
    matrix : array of float, shape (patients, coefficients)
    coefficients : array of float, shape (coefficients,)

    Raises
    ------
    RangeError
        Coefficients so far out that no odds can be computed.

    Notes
    -----
    The sum over centers is the profile likelihood of the logistic model with an
    intercept for each center: a step of Newton's method on it is that model's.

    Examples
    --------
    Of four with x = 0, 1, 2, 3 the last two have it. Without a slope the odds are even:
    score 2 + 3 - 6/2 = 2, information (2.25 + 0.25) x 2 / 4 = 1.25.

    >>> import numpy as np
    >>> found = logistic_slope(np.array([False, False, True, True]),
    ...                        np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0.0]))
    >>> round(float(found.score[0]), 6), round(float(found.information[0, 0]), 6)
    (2.0, 1.25)
    """
    centered = matrix - matrix.mean(0)
    p = fitted_chances(had, matrix, coefficients)
    weights = p * (1 - p)
    inner = centered - weights @ centered / weights.sum()
    return Slope(centered.T @ (had - p), (inner * weights[:, None]).T @ inner)


def fitted_chances(
    had: np.ndarray, matrix: np.ndarray, coefficients: np.ndarray
) -> np.ndarray:
    """Chance of each patient by a logistic model with the best intercept.

    Parameters
    ----------
    had : array of bool, shape (patients,)
        Some true, some false.
    matrix : array of float, shape (patients, coefficients)
    coefficients : array of float, shape (coefficients,)

    Returns
    -------
    array of float, shape (patients,)
        Above 0 and below 1; their sum is the number of events.

    Raises
    ------
    RangeError
        Coefficients so far out that no odds can be computed.

    Examples
    --------
    >>> import numpy as np
    >>> had, x = np.array([True, False, False]), np.array([[1.0], [2.0], [3.0]])
    >>> fitted_chances(had, x, np.array([0.0])).round(4).tolist()
    [0.3333, 0.3333, 0.3333]
    """
    from scipy.special import expit

    line = _line(matrix - matrix.mean(0), coefficients)
    low, high = -line.max() - _LINE_MOST, -line.min() + _LINE_MOST
    intercept = 0.0
    # Newton's steps, and halves of what is left where one leads out of it.
    for _ in range(_STEPS):
        p = expit(intercept + line)
        missing = float(had.sum() - p.sum())
        low, high = (intercept, high) if missing > 0 else (low, intercept)
        weight = float((p * (1 - p)).sum())
        step = missing / weight if weight > 0 else np.inf
        if abs(step) < _SMALL * max(1.0, abs(intercept)):
            break
        intercept += step
        if not low < intercept < high:
            intercept = (low + high) / 2
    chances: np.ndarray = expit(intercept + line)
    if not (chances * (1 - chances)).sum() > 0:
        raise RangeError(_too_far(coefficients))
    return chances


def _line(centered: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
    line: np.ndarray = centered @ coefficients
    if not np.abs(line).max() < _LINE_MOST:
        raise RangeError(_too_far(coefficients))
    return line


def _too_far(coefficients: np.ndarray) -> str:
    said = ", ".join(f"{one:g}" for one in coefficients)
    return f"nothing can be computed at the coefficients {said}: they are too far out"
