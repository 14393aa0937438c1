"""Pooled models against the joined, stratified rows, by other libraries.

The survival sets come with lifelines. Each is split five ways, each part is shared and
pooled through the command, and lifelines or statsmodels fits all rows with the center
as stratum, or with an intercept for each.
"""

import numpy as np
import pandas as pd
import pytest

from tests.centers import five_ways, pooled

TIMED = ("--time", "t_weeks", "--event", "dead")


def rows_of(table, columns):
    own = table[list(columns)].rename(columns=columns).dropna()
    own.insert(0, "case_id", [f"c{n}" for n in range(len(own))])
    return own.to_dict("records")


def lung():
    from lifelines.datasets import load_lung

    names = {"time": "t_weeks", "status": "dead", "age": "age", "sex": "sex"}
    rows = rows_of(load_lung(), names | {"ph.karno": "karnofsky"})
    return [row | {"sex": {1: "m", 2: "f"}[row["sex"]]} for row in rows]


def joined(centers):
    return pd.concat(
        [pd.DataFrame(rows).assign(at=n) for n, rows in enumerate(centers)]
    )


def cox(table, columns):
    from lifelines import CoxPHFitter

    table = table[["t_weeks", "dead", "at", *columns]].astype(float)
    fitted = CoxPHFitter().fit(
        table, "t_weeks", "dead", strata=["at"], fit_options={"precision": 1e-13}
    )
    return fitted.params_.to_numpy(), fitted.standard_errors_.to_numpy()


def require_same(model, expected, errors):
    """To 1e-6 of a standard error: a coefficient by one unit may be small itself."""
    for one, b, error in zip(model["coefficients"], expected, errors, strict=True):
        assert one["coefficient"] == pytest.approx(b, abs=1e-6 * min(error, 1))
        assert one["error"] == pytest.approx(error, rel=1e-6)


LUNG = (
    *(*TIMED, "--covariate", "age", "--covariate", "sex"),
    *("--covariate", "karnofsky"),
)


@pytest.fixture(scope="module")
def efron(tmp_path_factory):
    """The lung centers, and what is pooled of them with ties after Efron."""
    centers = five_ways(lung(), lambda row: (row["dead"], row["sex"]))
    return centers, pooled(tmp_path_factory.mktemp("lung"), centers, *LUNG)


class TestLung:
    def test_cox_after_efron(self, efron):
        centers, document = efron
        table = joined(centers)
        table["m"] = table["sex"] == "m"
        [model] = document["models"]
        require_same(model, *cox(table, ["age", "m", "karnofsky"]))
        assert (model["n"], model["events"]) == (227, 164)
        assert document["round"] <= 5

    def test_between_centers_as_statsmodels(self, efron):
        from statsmodels.stats.meta_analysis import combine_effects

        centers, document = efron
        [model] = document["models"]
        table = joined(centers)
        table["m"] = table["sex"] == "m"
        each = [cox(own, ["age", "m", "karnofsky"]) for _, own in table.groupby("at")]
        for at, one in enumerate(model["coefficients"]):
            effects = np.array([b[at] for b, _ in each])
            # It takes a root of a negative variance where centers hardly differ.
            with np.errstate(invalid="ignore"):
                expected = combine_effects(
                    effects, np.array([e[at] for _, e in each]) ** 2, method_re="dl"
                )
            found = one["heterogeneity"]
            assert found["q"] == pytest.approx(expected.q, rel=1e-6)
            assert found["i_squared"] == pytest.approx(max(expected.i2, 0), abs=1e-6)
            assert found["tau_squared"] == pytest.approx(
                max(expected.tau2, 0), rel=1e-6
            )
            mean = (
                expected.mean_effect_re
                if expected.tau2 > 0
                else expected.mean_effect_fe
            )
            assert found["random"] == pytest.approx(mean, rel=1e-6)
            assert [own["coefficient"] for own in one["centers"]] == pytest.approx(
                list(effects), rel=1e-6
            )

    def test_cox_after_breslow(self, tmp_path):
        from statsmodels.duration.hazard_regression import PHReg

        centers = five_ways(lung(), lambda row: (row["dead"], row["sex"]))
        document = pooled(tmp_path, centers, *LUNG, "--ties", "breslow")
        table = joined(centers)
        matrix = np.column_stack(
            [table["age"], table["sex"] == "m", table["karnofsky"]]
        ).astype(float)
        matrix[:, [0, 2]] /= 10
        found = PHReg(
            table["t_weeks"], matrix, table["dead"], strata=table["at"], ties="breslow"
        ).fit(tol=1e-12)
        scale = np.array([10, 1, 10])
        [model] = document["models"]
        require_same(model, found.params / scale, found.bse / scale)


@pytest.mark.slow
def test_rossi(tmp_path):
    from lifelines.datasets import load_rossi

    names = {"week": "t_weeks", "arrest": "dead", "fin": "fin", "age": "age"}
    columns = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    rows = rows_of(load_rossi(), names | {one: one for one in columns})
    centers = five_ways(rows, lambda row: (row["mar"], row["race"], row["dead"]))
    words = [*TIMED]
    for one in columns:
        words += ["--covariate", one]
    [model] = pooled(tmp_path, centers, *words)["models"]
    require_same(model, *cox(joined(centers), columns))


@pytest.mark.slow
def test_breast_cancer_of_the_german_study_group(tmp_path):
    from lifelines.datasets import load_gbsg2

    names = {"time": "t_weeks", "cens": "dead", "horTh": "hormone", "age": "age"}
    names |= {"tsize": "size", "tgrade": "grading", "menostat": "menopause"}
    rows = rows_of(load_gbsg2(), names)
    centers = five_ways(rows, lambda row: (row["grading"], row["dead"]))
    words = [*TIMED]
    for one in ("hormone", "age", "size", "grading"):
        words += ["--covariate", one]
    [model] = pooled(tmp_path, centers, *words, "--stratum", "menopause")["models"]
    table = joined(centers)
    table["hormone"] = table["hormone"] == "yes"
    # Categories in their order by alphabet: I, II, III.
    table["ii"], table["iii"] = table["grading"] == "II", table["grading"] == "III"
    table["at"] = table["at"] * 2 + (table["menopause"] == "Pre")
    require_same(model, *cox(table, ["hormone", "age", "size", "ii", "iii"]))


def test_waltons(tmp_path):
    from lifelines.datasets import load_waltons

    rows = rows_of(load_waltons(), {"T": "t_weeks", "E": "dead", "group": "group"})
    big = [*rows, *({**one, "case_id": f"{one['case_id']}b"} for one in rows)]
    centers = five_ways(big, lambda row: (row["group"], row["dead"]))
    [model] = pooled(tmp_path, centers, *TIMED, "--covariate", "group")["models"]
    table = joined(centers)
    table["group"] = table["group"] == "miR-137"
    expected, errors = cox(table, ["group"])
    # By alphabet the control is the first, and what others are compared with.
    require_same(model, expected, errors)
    # Nearly all died: how many did not is withheld.
    assert model["events"] is None


def test_logistic_with_an_intercept_for_each_center(tmp_path):
    import statsmodels.api as sm

    rng = np.random.default_rng(11)
    centers = []
    for at, count in enumerate((40, 55, 60, 45, 50)):
        dose = rng.gamma(4, 30, count).round(1)
        chance = 1 / (1 + np.exp(1.5 + 0.3 * at - 0.012 * dose))
        had = rng.random(count) < chance
        centers.append(
            [
                {"case_id": f"{at}-{n}", "tumor_gy": d, "response": "PR" if e else "SD"}
                for n, (d, e) in enumerate(zip(dose, had, strict=True))
            ]
        )
    words = ("--response", "response", "--dose", "tumor_gy")
    [model] = pooled(tmp_path, centers, *words)["models"]
    table = joined(centers)
    design = np.column_stack(
        [table["tumor_gy"], *(table["at"] == at for at in range(5))]
    ).astype(float)
    found = sm.Logit((table["response"] == "PR").astype(float), design).fit(
        disp=False, tol=1e-14, maxiter=100
    )
    require_same(model, [found.params.iloc[0]], [found.bse.iloc[0]])
    [one] = model["coefficients"]
    assert one["ratio"] == pytest.approx(np.exp(10 * found.params.iloc[0]))
