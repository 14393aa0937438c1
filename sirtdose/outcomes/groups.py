"""Two groups beside each other: medians and quartiles, rank-sum and Fisher tests."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sirtdose.errors import InputError

# As in R: an exact distribution for small groups without ties.
_EXACT_BELOW = 50
# Of expected counts, below which Pearson's p is not to be trusted.
_FEW = 5


@dataclass(frozen=True)
class Spread:
    """How values lie: their number, median, quartiles and ends."""

    n: int
    median: float
    q1: float
    q3: float
    least: float
    most: float


@dataclass(frozen=True)
class Test:
    """A test's statistic and two-sided p, by the method named."""

    name: str
    method: str
    statistic: float
    p: float


@dataclass(frozen=True)
class Odds:
    """Fisher's exact test, and the odds ratio with its 95 % interval.

    The ratio is the conditional maximum likelihood's; None is infinite, or not defined.
    """

    p: float
    ratio: float | None
    low: float | None
    high: float | None
    method: str = (
        "Fisher's exact test, two-sided by probability; odds ratio conditional"
    )


def spread(values: Sequence[float]) -> Spread:
    """Median and quartiles.

    Raises
    ------
    InputError
        No value.

    Examples
    --------
    >>> one = spread([1, 2, 3, 4])
    >>> one.q1, one.median, one.q3
    (1.75, 2.5, 3.25)
    """
    if len(values) == 0:
        raise InputError("no value, so no median")
    least, q1, median, q3, most = np.percentile(values, (0, 25, 50, 75, 100))
    return Spread(
        len(values), float(median), float(q1), float(q3), float(least), float(most)
    )


def rank_sum(a: Sequence[float], b: Sequence[float]) -> Test:
    """Wilcoxon's rank-sum test (Mann and Whitney) of two independent groups.

    Exact where both have fewer than 50 values and none is tied, as R does; else by the
    normal distribution, corrected for ties and continuity.

    Parameters
    ----------
    a, b : sequence of float

    Returns
    -------
    Test
        Its statistic is U of `a`.

    Raises
    ------
    InputError
        A group without a value.

    Examples
    --------
    Of 20 ways to place three of six, one has U = 9 and one U = 0: p = 2/20.

    >>> rank_sum([4, 5, 6], [1, 2, 3]).p
    0.1
    """
    from scipy.stats import mannwhitneyu

    if len(a) == 0 or len(b) == 0:
        raise InputError("a group has no value: two groups with values are needed")
    together = np.concatenate([a, b])
    untied = len(np.unique(together)) == len(together)
    exact = untied and max(len(a), len(b)) < _EXACT_BELOW
    found = mannwhitneyu(a, b, method="exact" if exact else "asymptotic")
    method = "exact" if exact else "asymptotic, corrected for ties and continuity"
    # All values the same: no evidence at all.
    p = 1.0 if np.isnan(found.pvalue) else float(found.pvalue)
    return Test("Wilcoxon rank-sum", method, float(found.statistic), p)


def fisher(table: Sequence[Sequence[int]]) -> Odds:
    """Fisher's exact test of a table of two by two counts.

    Parameters
    ----------
    table : 2 by 2 counts

    Raises
    ------
    InputError
        Another shape, or a count below 0.

    Examples
    --------
    >>> round(fisher([[8, 2], [1, 5]]).p, 6)
    0.034965
    """
    from scipy.stats import fisher_exact
    from scipy.stats.contingency import odds_ratio

    counts = np.asarray(table)
    if counts.shape != (2, 2) or counts.min() < 0:
        raise InputError("Fisher's test here needs two by two counts of 0 or more")
    found = odds_ratio(counts)
    interval = found.confidence_interval(0.95)
    ratio, low, high = (
        float(one) if np.isfinite(one) else None
        for one in (found.statistic, interval.low, interval.high)
    )
    return Odds(float(fisher_exact(counts).pvalue), ratio, low, high)


def chi_squared(table: Sequence[Sequence[int]]) -> Test:
    """Pearson's test of counts by more than two categories, no continuity correction.

    Examples
    --------
    Nothing differs between the rows:

    >>> chi_squared([[10, 20, 30], [10, 20, 30]]).p
    1.0
    """
    from scipy.stats import chi2_contingency

    found = chi2_contingency(table, correction=False)
    return Test(
        "chi-squared",
        f"Pearson, {found.dof} degrees of freedom"
        + ("; expected counts below 5" if found.expected_freq.min() < _FEW else ""),
        float(found.statistic),
        float(found.pvalue),
    )
