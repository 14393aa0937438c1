"""Whether estimates of several centers differ by more than chance: Q and I-squared."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

from sirtdose.errors import InputError
from sirtdose.model.uncertain import Z95

# With fewer, I-squared has no interval; with fewer than 10 its value says little.
_INTERVAL_FROM = 3


@dataclass(frozen=True)
class Heterogeneity:
    """Of `k` estimates: Cochran's `q` with its p, and I-squared, 0 to 1.

    `low` and `high` are the 95 % interval of I-squared, None of two estimates.
    `tau_squared` is the variance between centers after DerSimonian and Laird, and
    `random` and `random_error` the mean that allows for it, with its standard error.
    `weights` are those of the estimates in Q, 0 to 1.
    """

    k: int
    q: float
    p: float
    i_squared: float
    low: float | None
    high: float | None
    tau_squared: float
    random: float
    random_error: float
    weights: tuple[float, ...]


def heterogeneity(estimates: Sequence[float], errors: Sequence[float]) -> Heterogeneity:
    r"""Compare estimates with their mean, each weighted by its precision.

    .. math:: Q = \sum_i w_i (b_i - \bar b)^2, \quad I^2 = \max(0, 1 - (k - 1) / Q)

    Parameters
    ----------
    estimates, errors : sequences of float
        Coefficients of two centers or more, and their standard errors, all above 0.

    Raises
    ------
    InputError
        Fewer than two, or an error that is not above 0.

    Notes
    -----
    The interval of I-squared is by the standard error of the logarithm of H, where H
    squared is Q / (k - 1).

    References
    ----------
    Higgins and Thompson, Stat Med 2002;21:1539, doi:10.1002/sim.1186. DerSimonian and
    Laird, Control Clin Trials 1986;7:177.

    Examples
    --------
    0 and 2 with errors of 1: their mean is 1, Q = 2, I-squared 1 - 1/2.

    >>> found = heterogeneity([0.0, 2.0], [1.0, 1.0])
    >>> round(found.q, 6), round(found.i_squared, 6), round(found.p, 4)
    (2.0, 0.5, 0.1573)
    """
    from scipy.stats import chi2

    k = len(estimates)
    if k < 2 or not all(one > 0 for one in errors):
        raise InputError(
            "heterogeneity needs two estimates or more, each with a standard error "
            "above 0"
        )
    weights = [1 / one**2 for one in errors]
    whole = sum(weights)
    mean = sum(w * b for w, b in zip(weights, estimates, strict=True)) / whole
    q = sum(w * (b - mean) ** 2 for w, b in zip(weights, estimates, strict=True))
    spread = whole - sum(w**2 for w in weights) / whole
    tau = max(0.0, (q - (k - 1)) / spread)
    own = [1 / (one**2 + tau) for one in errors]
    low, high = _interval(q, k)
    return Heterogeneity(
        k,
        q,
        float(chi2.sf(q, k - 1)),
        max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        low,
        high,
        tau,
        sum(w * b for w, b in zip(own, estimates, strict=True)) / sum(own),
        sqrt(1 / sum(own)),
        tuple(one / whole for one in weights),
    )


def _interval(q: float, k: int) -> tuple[float | None, float | None]:
    if k < _INTERVAL_FROM:
        return None, None
    middle = max(log(q / (k - 1)) / 2, 0.0) if q > 0 else 0.0
    error = (
        (log(q) - log(k - 1)) / 2 / (sqrt(2 * q) - sqrt(2 * k - 3))
        if q > k
        else sqrt((1 - 1 / (3 * (k - 2) ** 2)) / (2 * (k - 2)))
    )
    low, high = (
        max(0.0, 1 - exp(-2 * (middle + sign * Z95 * error))) for sign in (-1, 1)
    )
    return low, high
