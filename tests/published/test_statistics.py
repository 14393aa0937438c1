"""Figures that R, pROC and lifelines print for data that everybody has.

Data sets of R's survival, stats and pROC are retyped; lung, rossi and waltons come with
lifelines. Each convention that changes a figure is named.
"""

import re

import pytest

from sirtdose.outcomes.groups import fisher, rank_sum, spread
from sirtdose.outcomes.proportional_hazards import cox
from sirtdose.outcomes.roc import roc
from sirtdose.outcomes.survival import follow_up, kaplan_meier, log_rank

# survival::aml: weeks, + censored.
AML = {
    "maintained": "9 13 13+ 18 23 28+ 31 34 45+ 48 161+",
    "not": "5 5 8 8 12 16+ 23 27 30 33 43 45",
}
# survival::ovarian: days by treatment.
OVARIAN = {
    "1": "59 115 156 431 448+ 477+ 638 803+ 855+ 1040+ 1106+ 268 329",
    "2": "421+ 464 475 563 744+ 769+ 770+ 1129+ 1206+ 1227+ 353 365 377+",
}
# pROC::aSAH (Turck et al. 2010): s100b in ug/L x 100, good and poor outcomes at each.
S100B = {
    3: (0, 1), 4: (5, 0), 5: (3, 0), 6: (2, 0), 7: (6, 3), 8: (6, 1), 9: (6, 2),
    10: (7, 2), 11: (4, 1), 12: (0, 1), 13: (3, 2), 14: (4, 1), 15: (4, 0), 16: (3, 1),
    17: (2, 0), 18: (1, 0), 19: (2, 0), 22: (0, 1), 23: (0, 1), 24: (1, 0), 25: (0, 1),
    26: (0, 1), 27: (0, 1), 28: (1, 0), 30: (0, 1), 32: (1, 1), 33: (1, 1), 34: (1, 0),
    35: (0, 1), 38: (1, 0), 41: (0, 1), 43: (1, 0), 44: (0, 2), 45: (1, 0), 46: (1, 0),
    47: (2, 0), 48: (1, 1), 49: (0, 1), 50: (2, 0), 52: (0, 1), 56: (0, 1), 58: (0, 1),
    70: (0, 1), 71: (0, 2), 74: (0, 1), 77: (0, 1), 82: (0, 1), 86: (0, 1), 96: (0, 1),
    207: (0, 1),
}  # fmt: skip
# pROC::aSAH, ndka from the lowest value on: good or poor, equal values in brackets.
NDKA = (
    "gpggpppgggggggggpggggggppggpg(gg)gp(gp)ggggpggpggggggpppgpggpgggggpg(gp)ggpggp"
    "pgppgg(gp)ppgggpggggppppggpgggppppggpgpgpgp"
)
# The grade of the World Federation of Neurosurgical Societies: good, poor.
WFNS = {1: (37, 2), 2: (20, 12), 3: (3, 1), 4: (8, 8), 5: (4, 18)}


def _times(groups):
    rows = [
        (float(word.rstrip("+")), not word.endswith("+"), name)
        for name, words in groups.items()
        for word in words.split()
    ]
    return tuple(zip(*rows, strict=True))


def _scores(counts):
    rows = [
        (float(value), poor)
        for value, pair in counts.items()
        for poor, times in enumerate(pair)
        for _ in range(times)
    ]
    values, events = zip(*rows, strict=True)
    return values, [bool(one) for one in events]


def _of(times, events, names, group):
    kept = [(t, e) for t, e, n in zip(times, events, names, strict=True) if n == group]
    return tuple(zip(*kept, strict=True))


class TestAml:
    def test_median_weeks(self):
        for group, median in (("maintained", 31), ("not", 23)):
            times, events = _of(*_times(AML), group)
            assert kaplan_meier(times, events).median.time == median

    def test_log_rank_observed_and_expected(self):
        found = log_rank(*_times(AML))
        assert found.observed == {"maintained": 7, "not": 11}
        assert found.expected == pytest.approx(
            {"maintained": 10.69, "not": 7.31}, abs=0.005
        )
        assert found.chi_squared == pytest.approx(3.4, abs=0.05)
        assert found.p == pytest.approx(0.0653, abs=0.0001)

    @pytest.mark.parametrize(
        ("ties", "coefficient"), [("breslow", 0.9042), ("efron", 0.9155)]
    )
    def test_cox_by_either_counting_of_ties(self, ties, coefficient):
        times, events, names = _times(AML)
        found = cox(
            times, events, {"not": [float(n == "not") for n in names]}, ties=ties
        )
        assert found.ratios[0].coefficient == pytest.approx(coefficient, abs=6e-5)

    @pytest.mark.parametrize(
        ("group", "ends"),
        [
            # summary(survfit(Surv(time, status) ~ x, aml, conf.type = ...))$table
            (
                "maintained",
                {"log-log": (13, None), "log": (18, None), "plain": (18, 48)},
            ),
            ("not", {"log-log": (5, 33), "log": (8, None), "plain": (8, 33)}),
        ],
    )
    def test_interval_of_the_median_as_r(self, group, ends):
        times, events = _of(*_times(AML), group)
        found = kaplan_meier(times, events).medians
        assert {one.method: (one.low, one.high) for one in found} == ends

    def test_where_nobody_is_left_there_is_no_band_as_r(self):
        times, events = _of(*_times(AML), "not")
        curve = kaplan_meier(times, events)
        # At 43 and 45 weeks R prints 0.00575 to 0.349 and NA.
        assert curve.low[-2:] == (pytest.approx(0.00575, abs=5e-6), None)
        assert curve.high[-2:] == (pytest.approx(0.349, abs=5e-4), None)

    def test_follow_up_as_r(self):
        # survfit(Surv(time, 1 - status) ~ x, aml, conf.type = "log-log"); half are left
        # from 45 to 161 weeks, in the middle of which R puts the median of the first.
        for group, expected in (("maintained", (45, 13)), ("not", (None, 16))):
            found = follow_up(*_of(*_times(AML), group))
            assert (found.time, found.low, found.high) == (*expected, None)

    @pytest.mark.parametrize(
        ("ties", "p"), [("efron", 0.929287243365), ("breslow", 0.90724539145)]
    )
    def test_proportional_hazards_as_r(self, ties, p):
        # cox.zph(coxph(Surv(time, status) ~ x, aml, ties = ...)), survival 3.5-3
        times, events, names = _times(AML)
        found = cox(
            times, events, {"not": [float(n == "not") for n in names]}, ties=ties
        )
        assert found.ratios[0].proportional_p == pytest.approx(p, abs=1e-6)


# R's survfit: times of death (+ censored), then median limits by log-log, log, plain.
SMALL = [
    ("1", (None, None), (None, None), (None, None)),
    ("1 2 3 4 5", (1, None), (2, None), (1, None)),
    ("1 2 3 4 5 6", (1, None), (2, None), (2, 5)),
    ("2 4 4+ 6 8 10+", (2, None), (4, None), (4, None)),
    ("1 2 3 4 5 6 7 8 9 10", (1, 8), (3, None), (3, 8)),
    ("3 5 5 7 9 9+ 12 14+ 20 25+", (3, None), (5, None), (5, 20)),
    (" ".join(str(n) for n in range(1, 31)), (10, 21), (11, 22), (10, 21)),
]


@pytest.mark.parametrize(("words", "log_log", "log", "plain"), SMALL)
def test_interval_of_a_median_of_few_as_r(words, log_log, log, plain):
    times, events, _ = _times({"all": words})
    found = {
        one.method: (one.low, one.high) for one in kaplan_meier(times, events).medians
    }
    assert found == {"log-log": log_log, "log": log, "plain": plain}


class TestLung:
    @pytest.fixture
    def lung(self):
        from lifelines.datasets import load_lung

        table = load_lung()
        # It ships as 0 censored, 1 dead; R's own is 1 and 2.
        assert set(table["status"]) == {0, 1}
        return table

    @pytest.mark.parametrize(
        ("ecog", "n", "events", "median"),
        [(0, 63, 37, 394), (1, 113, 82, 306), (2, 50, 44, 199)],
    )
    def test_by_performance(self, lung, ecog, n, events, median):
        own = lung[lung["ph.ecog"] == ecog]
        found = kaplan_meier(list(own["time"]), list(own["status"] == 1))
        assert (found.n, found.events, found.median.time) == (n, events, median)

    @pytest.mark.parametrize(
        ("method", "low", "high"), [("log", 268, 429), ("log-log", 245, 426)]
    )
    def test_interval_of_the_median_by_method(self, lung, method, low, high):
        own = lung[lung["ph.ecog"] == 1]
        found = kaplan_meier(list(own["time"]), list(own["status"] == 1))
        median = {one.method: one for one in found.medians}[method]
        assert (median.time, median.low, median.high) == (306, low, high)

    @pytest.mark.parametrize("method", ["log-log", "log", "plain"])
    def test_the_band_crosses_one_half_at_the_interval_of_the_median(
        self, lung, method
    ):
        own = lung[lung["ph.ecog"] == 1]
        curve = kaplan_meier(
            list(own["time"]), list(own["status"] == 1), interval=method
        )
        for band, end in (
            (curve.low, curve.median.low),
            (curve.high, curve.median.high),
        ):
            crossed = next(
                t for t, s in zip(curve.times, band, strict=True) if s <= 0.5
            )
            assert crossed == pytest.approx(end)

    def test_cox(self, lung):
        table = lung[["time", "status", "ph.ecog", "age"]].dropna()
        found = cox(
            list(table["time"]),
            list(table["status"] == 1),
            {"ecog": list(table["ph.ecog"]), "age": list(table["age"])},
        )
        ecog, age = found.ratios
        assert ecog.coefficient == pytest.approx(0.443485, abs=5e-6)
        assert ecog.ratio == pytest.approx(1.558, abs=5e-4)
        assert age.coefficient == pytest.approx(0.011281, abs=5e-6)
        assert age.ratio == pytest.approx(1.0113, abs=5e-5)
        assert found.likelihood_ratio == pytest.approx(19.06, abs=0.005)

    @pytest.mark.parametrize(
        ("ties", "expected"),
        [
            ("efron", (0.6645967631, 0.1289219988, 0.1517820989)),
            ("breslow", (0.6645147038, 0.1296076739, 0.1520354838)),
        ],
    )
    def test_proportional_hazards_as_r(self, lung, ties, expected):
        # cox.zph(coxph(Surv(time, status) ~ age + sex + ph.ecog)), survival 3.5-3
        table = lung[["time", "status", "age", "sex", "ph.ecog"]].dropna()
        found = cox(
            list(table["time"]),
            list(table["status"] == 1),
            {name: list(table[name]) for name in ("age", "sex", "ph.ecog")},
            ties=ties,
        )
        checked = [one.proportional_p for one in found.ratios]
        assert checked == pytest.approx(expected, abs=1e-5)


def test_ovarian_proportional_hazards_as_r():
    # cox.zph(coxph(Surv(futime, fustat) ~ rx, ovarian)), survival 3.5-3
    times, events, names = _times(OVARIAN)
    found = cox(times, events, {"rx": [float(one) for one in names]})
    assert found.ratios[0].proportional_p == pytest.approx(0.101497793624, abs=1e-6)


def test_ovarian_log_rank():
    found = log_rank(*_times(OVARIAN))
    assert found.chi_squared == pytest.approx(1.063, abs=0.0005)
    assert found.p == pytest.approx(0.303, abs=0.0005)


def test_rossi_by_cox():
    from lifelines.datasets import load_rossi

    table = load_rossi()
    names = [one for one in table.columns if one not in ("week", "arrest")]
    found = cox(
        list(table["week"]),
        list(table["arrest"] == 1),
        {name: list(table[name]) for name in names},
    )
    by_name = {one.name: one.coefficient for one in found.ratios}
    assert by_name["fin"] == pytest.approx(-0.37942, abs=5e-6)
    assert by_name["age"] == pytest.approx(-0.05744, abs=5e-6)
    assert by_name["prio"] == pytest.approx(0.09150, abs=5e-6)
    assert found.log_likelihood == pytest.approx(-658.75, abs=0.005)
    assert found.likelihood_ratio == pytest.approx(33.27, abs=0.005)
    assert found.concordance == pytest.approx(0.64, abs=0.005)


def test_waltons_by_log_log_interval():
    from lifelines.datasets import load_waltons

    table = load_waltons()
    for group, expected in (("control", (58, 56, 60)), ("miR-137", (26, 19, 29))):
        own = table[table["group"] == group]
        found = kaplan_meier(list(own["T"]), list(own["E"] == 1)).median
        assert (found.time, found.low, found.high) == expected
    tested = log_rank(
        list(table["T"]), list(table["E"] == 1), [str(one) for one in table["group"]]
    )
    assert tested.chi_squared == pytest.approx(122.249, abs=0.0005)


class TestSubarachnoidHemorrhage:
    def test_s100b(self):
        values, events = _scores(S100B)
        assert (len(values), sum(events)) == (113, 41)
        found = roc(values, events)
        assert found.auc == pytest.approx(0.7314, abs=5e-5)
        # pROC prints DeLong's interval.
        assert found.interval == "DeLong"
        assert found.auc_low == pytest.approx(0.6301, abs=5e-5)
        assert found.auc_high == pytest.approx(0.8326, abs=5e-5)

    def test_youden_is_pROC_s_midpoint_and_scikit_learn_s_value(self):  # noqa: N802
        cutoff = roc(*_scores(S100B)).cutoff
        assert cutoff.midpoint == pytest.approx(20.5)
        assert cutoff.observed == 22
        assert cutoff.sensitivity == pytest.approx(0.634, abs=5e-4)
        assert cutoff.specificity == pytest.approx(0.806, abs=5e-4)

    def test_ndka(self):
        ranked = [
            (float(rank), letter == "p")
            for rank, (tied, one) in enumerate(re.findall(r"\((\w+)\)|(\w)", NDKA))
            for letter in tied or one
        ]
        values, events = zip(*ranked, strict=True)
        assert (len(values), sum(events)) == (113, 41)
        assert roc(values, events).auc == pytest.approx(0.611958, abs=5e-7)

    def test_wfns(self):
        found = roc(*_scores(WFNS))
        assert found.auc == pytest.approx(0.823679, abs=5e-7)


# R's fisher.test: table, p, conditional odds ratio.
FISHER = [
    ([[100, 2], [1000, 5]], 0.1300759, 0.2505584),
    ([[2, 7], [8, 2]], 0.0230141, 0.0858624),
    ([[5, 1], [10, 10]], 0.1973244, 4.725646),
    ([[5, 15], [20, 20]], 0.0958044, 0.3394396),
    ([[5, 16], [20, 25]], 0.1725862, 0.3960558),
    ([[10, 5], [10, 1]], 0.1973244, 0.2116112),
    ([[10, 5], [10, 0]], 0.06126482, 0.0),
    ([[5, 0], [1, 4]], 0.04761904, None),  # infinite
    ([[0, 5], [1, 4]], 1.0, 0.0),
]


@pytest.mark.parametrize(("table", "p", "ratio"), FISHER)
def test_fisher_as_r(table, p, ratio):
    found = fisher(table)
    assert found.p == pytest.approx(p, rel=1e-5)
    # R stops looking for the ratio at 1e-4 of it.
    assert found.ratio == (None if ratio is None else pytest.approx(ratio, rel=2e-4))


# R's airquality: ozone in May and in August.
MAY = "41 36 12 18 28 23 19 8 7 16 11 14 18 14 34 6 30 11 1 11 4 32 23 45 115 37"
AUGUST = (
    "39 9 16 78 35 66 122 89 110 44 28 65 22 59 23 31 44 21 9 45 168 73 76 118 84 85"
)


@pytest.mark.parametrize(
    ("a", "b", "statistic", "p", "method"),
    [
        # ?wilcox.test, permeability of membranes (one-sided 0.1272).
        (
            "0.80 0.83 1.89 1.04 1.45 1.38 1.91 1.64 0.73 1.46",
            "1.15 0.88 0.90 0.74 1.21",
            *(35, 0.2544, "exact"),
        ),
        ("19 22 16 29 24", "20 11 17 12", 17, 0.1111, "exact"),
        (MAY, AUGUST, 127.5, 0.0001208, "asymptotic"),
    ],
)
def test_rank_sum_as_r(a, b, statistic, p, method):
    found = rank_sum([float(x) for x in a.split()], [float(x) for x in b.split()])
    assert found.statistic == statistic
    assert found.p == pytest.approx(p, rel=5e-4)
    assert found.method.startswith(method)


def test_quartiles_as_r_s_summary():
    # summary(c(1, 2, 4, 8, 16, 32)): 1st Qu. 2.5, Median 6, 3rd Qu. 14.
    one = spread([1, 2, 4, 8, 16, 32])
    assert (one.q1, one.median, one.q3) == (2.5, 6.0, 14.0)


@pytest.mark.parametrize(
    ("ties", "concordance"), [("efron", 0.5348837209), ("breslow", 0.5116279070)]
)
def test_concordance_is_of_the_fit_that_is_printed(ties, concordance):
    """R's summary(coxph(Surv(t, e) ~ x + y, ties = ties))$concordance."""
    times = (15, 14, 4, 2, 9, 8, 26, 3, 1, 21, 4, 4)
    events = (0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1)
    x = (62.5, 81.2, -31, 57.2, -13.5, 121.1, 73.8, 206.4, 157.5, 242.8, -115.4, 204.2)
    y = (1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1)
    fit = cox(times, events, {"x": x, "y": y}, ties=ties)
    assert fit.concordance == pytest.approx(concordance, abs=1e-9)
