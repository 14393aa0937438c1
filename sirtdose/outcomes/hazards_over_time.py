"""Whether hazard ratios stay the same over time: the score test of a Cox model."""

from typing import Literal

import numpy as np

Ties = Literal["efron", "breslow"]
TIES: tuple[Ties, ...] = ("efron", "breslow")


def proportional_p(
    times: np.ndarray,
    had: np.ndarray,
    matrix: np.ndarray,
    coefficients: np.ndarray,
    *,
    ties: Ties,
    strata: np.ndarray | None = None,
) -> list[float | None]:
    r"""P of each covariate that its hazard ratio does not change over time.

    The score test of one more covariate, :math:`x_j\,g(t)`, in the fitted model:

    .. math:: \chi^2 = u^T I^{-1} u

    with u the score (0 but for the new covariate) and I the whole information of the
    model at the fit. g is 1 less the Kaplan-Meier estimate just before t.

    Parameters
    ----------
    times : array of float, shape (patients,)
    had : array of bool, shape (patients,)
        Whether the event was seen.
    matrix : array of float, shape (patients, covariates)
    coefficients : array of float, shape (covariates,)
        Of the fit by the same `ties`.
    ties : {"efron", "breslow"}
    strata : array of str, shape (patients,), optional
        Of a stratified fit: those at risk are of the dying one's stratum, and g is of
        all patients, as in R.

    Returns
    -------
    list of float or None
        None where it cannot be tested: the information has no inverse.

    Notes
    -----
    The test of ``cox.zph(fit, terms=FALSE)`` in R's survival 3.0 and later. Earlier
    versions, and lifelines, take the variance of the residuals for the same at every
    time, which gives another p.

    References
    ----------
    Grambsch and Therneau, Biometrika 1994;81:515, doi:10.1093/biomet/81.3.515.

    Examples
    --------
    Of four with x = 0, 1, 0, 1 one dies each month, at g = 0, 1/4, 1/2 and 3/4. At a
    hazard ratio of 1 the residuals are -1/2, 1/3, -1/2, 0 and the variances 1/4, 2/9,
    1/4, 0. From the mean of g, 3/8, the score is 3/16 - 1/24 - 1/16 = 1/12, and the
    information 13/18, -13/144 and 49/1152: 49/1152 - (13/144)^2 / (13/18) = 1/32, so
    that chi-squared is (1/12)^2 x 32 = 2/9.

    >>> import numpy as np
    >>> found = proportional_p(
    ...     np.array([1.0, 2.0, 3.0, 4.0]), np.array([True] * 4),
    ...     np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([0.0]), ties="efron")
    >>> round(found[0], 3)
    0.637
    """
    from scipy.stats import chi2

    score, information = _score(
        times,
        had,
        matrix,
        coefficients=coefficients,
        ties=ties,
        strata=np.zeros(len(times)) if strata is None else strata,
    )
    count = matrix.shape[1]
    found: list[float | None] = []
    for own in range(count):
        kept = [*range(count), count + own]
        sub = information[np.ix_(kept, kept)]
        if np.linalg.matrix_rank(sub, tol=1e-10 * np.abs(sub).max()) <= count:
            found.append(None)
            continue
        u = np.zeros(count + 1)
        u[-1] = score[own]
        found.append(float(chi2.sf(u @ np.linalg.solve(sub, u), 1)))
    return found


def _score(
    times: np.ndarray,
    had: np.ndarray,
    matrix: np.ndarray,
    *,
    coefficients: np.ndarray,
    ties: Ties,
    strata: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Score of each covariate by time, and the information of the model with them."""
    count = matrix.shape[1]
    centered = matrix - matrix.mean(0)
    risk = np.exp(centered @ coefficients)
    score, information = np.zeros(count), np.zeros((2 * count, 2 * count))
    left, done = 1.0, []
    for when in np.unique(times[had]):
        at_risk, dying = times >= when, had & (times == when)
        done += [
            (
                1 - left,
                moments_at(
                    centered,
                    risk,
                    at_risk=at_risk & (strata == one),
                    dying=dying & (strata == one),
                    ties=ties,
                ),
            )
            for one in np.unique(strata[dying])
        ]
        left *= 1 - dying.sum() / at_risk.sum()
    # From its mean, so that the two halves of the information are of one size.
    middle = np.average(
        [g for g, _ in done], weights=[number for _, (_, _, number) in done]
    )
    for g, (residual, variance, _) in done:
        score += (g - middle) * residual
        together = np.outer([1, g - middle], [1, g - middle])
        information += np.kron(together, variance)
    return score, information


def moments_at(
    matrix: np.ndarray,
    risk: np.ndarray,
    *,
    at_risk: np.ndarray,
    dying: np.ndarray,
    ties: Ties,
) -> tuple[np.ndarray, np.ndarray, int]:
    """At one time: covariates of the dying less those expected, their variance.

    Parameters
    ----------
    matrix : array of float, shape (patients, covariates)
    risk : array of float, shape (patients,)
        Hazards by the model, in any unit, all above 0.
    at_risk, dying : array of bool, shape (patients,)
    ties : {"efron", "breslow"}

    Returns
    -------
    residual : array of float, shape (covariates,)
    variance : array of float, shape (covariates, covariates)
    number : int
        Of the dying.
    """
    number = int(dying.sum())
    residual = matrix[dying].sum(0)
    variance = np.zeros((matrix.shape[1],) * 2)
    for one in range(number):
        # By Efron each of the dying has left in part when the next one dies.
        gone = one / number if ties == "efron" else 0.0
        weights = risk * (at_risk - gone * dying)
        weights = weights / weights.sum()
        mean = weights @ matrix
        residual = residual - mean
        variance += (matrix * weights[:, None]).T @ matrix - np.outer(mean, mean)
    return residual, variance, number
