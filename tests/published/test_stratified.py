"""Stratified log-rank and Cox, and SPSS's interval of a median: published figures.

Where nothing is published, the same by another way: lifelines in each stratum, or the
partial likelihood written out.
"""

import numpy as np
import pytest

from sirtdose.errors import InputError
from sirtdose.outcomes.hazards_over_time import proportional_p
from sirtdose.outcomes.proportional_hazards import cox
from sirtdose.outcomes.survival import kaplan_meier, log_rank
from tests.published.test_statistics import AML, _times

# The example of R's help page ?coxph: time, status, x, sex.
COXPH = (
    [4, 3, 1, 1, 2, 2, 3], [1, 1, 1, 0, 1, 1, 0],
    [0, 2, 1, 1, 1, 0, 0], list("aaaabbb"),
)  # fmt: skip
# Collett's example 1.1: weeks to discontinuation of an IUD.
IUD = "10 13+ 18+ 19 23+ 30 36 38+ 54+ 56+ 59 75 93 97 104+ 107 107+ 107+"


def lung():
    from lifelines.datasets import load_lung

    return load_lung()


def test_cox_as_r_prints_it():
    # coxph(Surv(time, status) ~ x + strata(sex), test1): 0.8023, exp 2.2307, p 0.329;
    # likelihood ratio 1.09, p 0.2971; 7 patients, 5 events.
    times, events, x, strata = COXPH
    found = cox(times, events, {"x": x}, strata=strata)
    [one] = found.ratios
    assert one.coefficient == pytest.approx(0.8023, abs=5e-5)
    assert one.ratio == pytest.approx(2.2307, abs=5e-5)
    assert one.p == pytest.approx(0.329, abs=5e-4)
    assert found.likelihood_ratio == pytest.approx(1.09, abs=5e-3)
    assert found.likelihood_ratio_p == pytest.approx(0.2971, abs=5e-5)
    assert (found.n, found.events, found.strata) == (7, 5, 2)


def test_cox_as_lifelines_in_its_own_units():
    from lifelines import CoxPHFitter

    table = lung()[["time", "status", "age", "sex"]]
    fitted = CoxPHFitter().fit(table, "time", "status", strata=["sex"])
    columns = table["time"], table["status"], {"age": table["age"].to_numpy()}
    found = cox(*columns, strata=[str(one) for one in table["sex"]])
    assert found.ratios[0].coefficient == pytest.approx(fitted.params_["age"], rel=1e-6)
    assert found.log_likelihood == pytest.approx(fitted.log_likelihood_)
    assert found.concordance == pytest.approx(fitted.concordance_index_)
    # By Breslow another, and of one stratum the same as of none.
    other = cox(*columns, strata=["a"] * len(table), ties="breslow")
    assert other.ratios == cox(*columns, ties="breslow").ratios
    assert other.strata == 1


def test_what_strata_tell_has_no_hazard_ratio():
    times, events, x, strata = COXPH
    sex = [float(one == "b") for one in strata]
    found = cox(times, events, {"sex": sex, "x": x}, strata=strata)
    assert found.failed == "'sex' is the same for all patients of each stratum"


def test_log_rank_is_the_sum_of_its_strata():
    from lifelines.statistics import logrank_test

    table = lung().dropna(subset=["ph.ecog"])
    older = table["age"] > 63
    difference = variance = 0.0
    for _, own in table.groupby("ph.ecog"):
        a, b = own[older[own.index]], own[~older[own.index]]
        if not len(a) or not len(b):
            continue
        test = logrank_test(a["time"], b["time"], a["status"], b["status"])
        # What was seen less what was expected, and its variance from chi-squared.
        when = np.unique(own["time"][own["status"] == 1])
        expected = sum(
            (own["time"][own["status"] == 1] == t).sum()
            * (a["time"] >= t).sum()
            / (own["time"] >= t).sum()
            for t in when
        )
        own_difference = a["status"].sum() - expected
        difference += own_difference
        variance += own_difference**2 / test.test_statistic
    found = log_rank(
        table["time"],
        table["status"],
        ["old" if one else "young" for one in older],
        strata=[f"{one:g}" for one in table["ph.ecog"]],
    )
    assert found.chi_squared == pytest.approx(difference**2 / variance, rel=1e-9)
    assert found.observed["old"] - found.expected["old"] == pytest.approx(difference)
    assert (found.strata, found.degrees) == (4, 1)


def test_one_stratum_is_none():
    times, events, names = _times(AML)
    found = log_rank(times, events, names, strata=["a"] * len(names))
    plain = log_rank(times, events, names)
    assert found.chi_squared == pytest.approx(plain.chi_squared)
    assert found.p == pytest.approx(plain.p)


def test_groups_that_never_meet_are_not_compared():
    with pytest.raises(InputError, match="in no stratum are there two groups"):
        log_rank([1, 2, 3, 4], [True] * 4, list("aabb"), strata=list("xxyy"))


def test_hazards_over_time_within_strata():
    """The score test, from the stratified partial likelihood written out."""
    rng = np.random.default_rng(3)
    count = 24
    x, strata = rng.normal(size=count), np.repeat(["a", "b"], count // 2)
    times = rng.permutation(count) + 1.0
    had = rng.random(count) < 0.8
    shares = dict.fromkeys(times[had], 1.0)
    left = 1.0
    for t in sorted(shares):
        shares[t] = 1 - left
        left *= 1 - 1 / (times >= t).sum()

    def likelihood(b, c):
        found = 0.0
        for one in np.flatnonzero(had):
            at_risk = (times >= times[one]) & (strata == strata[one])
            line = (b + c * shares[times[one]]) * x
            found += line[one] - np.log(np.exp(line[at_risk]).sum())
        return found

    fitted = cox(times, had, {"x": x}, strata=strata).ratios[0].coefficient
    h = 1e-3
    around = {
        (i, j): likelihood(fitted + i * h, j * h)
        for i in (-1, 0, 1)
        for j in (-1, 0, 1)
    }
    score = np.array([around[1, 0] - around[-1, 0], around[0, 1] - around[0, -1]]) / (
        2 * h
    )
    cross = (around[1, 1] - around[1, -1] - around[-1, 1] + around[-1, -1]) / 4
    own = [around[a] + around[b] - 2 * around[0, 0]
           for a, b in (((1, 0), (-1, 0)), ((0, 1), (0, -1)))]  # fmt: skip
    information = -np.array([[own[0], cross], [cross, own[1]]]) / h**2
    from scipy.stats import chi2

    expected = chi2.sf(score @ np.linalg.solve(information, score), 1)
    [p] = proportional_p(
        times, had, x[:, None], np.array([fitted]), ties="efron", strata=strata
    )
    assert p == pytest.approx(expected, rel=1e-3)


class TestSpss:
    """The interval that study A and many papers print: symmetric about the median."""

    def test_discontinuation_of_an_iud(self):
        # Collett's chapter 2, recalled: S(75) = 0.5594, S(97) = 0.3729, density 0.0085,
        # standard error 17.13; 59 to 127 weeks.
        words = IUD.split()
        times = [float(one.rstrip("+")) for one in words]
        events = [not one.endswith("+") for one in words]
        found = kaplan_meier(times, events, interval="spss")
        assert found.median.time == 93
        assert (found.median.high - 93) / 1.959964 == pytest.approx(17.13, abs=0.01)
        assert found.median.low == pytest.approx(59, abs=0.5)
        assert found.median.high == pytest.approx(127, abs=0.5)
        # SPSS has no band; the plain one is drawn, and the others' medians stay.
        assert found.method == "plain"
        plain = kaplan_meier(times, events).medians
        assert found.medians == (*plain, found.median)

    @pytest.mark.parametrize(
        ("times", "events"),
        # Never 45 % left; the first death leaves under 55 %; half is not reached.
        [([1, 2, 3, 4], [1, 1, 0, 0]), ([1, 2], [1, 1]), ([1, 2, 3], [1, 0, 0])],
    )
    def test_where_it_has_no_slope_there_is_none(self, times, events):
        found = kaplan_meier(times, events, interval="spss").median
        assert (found.low, found.high, found.method) == (None, None, "spss")

    def test_its_lower_end_is_no_time_below_0(self):
        # S = 3/4, 1/2, 1/4; f = (3/4 - 1/4)/(3 - 1) = 1/4, error 1/4: 2 +- 1.96.
        found = kaplan_meier([1, 2, 3, 4], [True] * 4, interval="spss").median
        assert found.low == pytest.approx(2 - 1.959964, abs=1e-5)
        # With the last death at 30 the slope is a quarter of it: below 0.
        late = kaplan_meier([1, 2, 9, 30], [True] * 4, interval="spss").median
        assert late.low == 0
        assert late.high == pytest.approx(2 + 1.959964 * 4, abs=1e-4)

    def test_methods_are_named(self):
        with pytest.raises(InputError, match="log-log, log, plain, spss"):
            kaplan_meier([1], [True], interval="greenwood")
