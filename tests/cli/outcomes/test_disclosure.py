"""Attempts to learn of one patient from what centers share, and what stops them.

Each attempt is made as somebody would who has all shared numbers: first without the
refusals, where it succeeds, then through the command, where it is refused.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from sirtdose.cohort.share import rounded_slope
from sirtdose.outcomes.slopes import cox_slope, logistic_slope
from sirtdose.report.plan.hash import signed
from tests.centers import cohort, write_rows

WORDS = ("--response", "response", "--dose", "tumor_gy")
TIMED = ("--time", "os_months", "--event", "dead")


def patients(count, seed=5):
    """Doses of patients, about half of whom respond."""
    rng = np.random.default_rng(seed)
    dose = rng.gamma(4, 30, count).round(2)
    had = rng.permutation(np.arange(count) % 2 == 0)
    return dose, had


def table(path, dose, had, **more):
    rows = [
        {"case_id": f"p{n}", "tumor_gy": d, "response": "PR" if e else "SD"}
        | {name: values[n] for name, values in more.items()}
        for n, (d, e) in enumerate(zip(dose, had, strict=True))
    ]
    return write_rows(path, rows)


def shared(folder, outcomes, name, *words):
    file = folder / name
    found = cohort(
        *("--outcomes", outcomes, *(words or WORDS), "--center", "A", "--share", file)
    )
    return found, json.loads(file.read_text()) if file.is_file() else None


def refused(found, *said):
    assert found.exit_code == 3, found.output
    text = " ".join(found.stderr.split())
    assert "nothing is shared, to protect patients" in text
    for one in said:
        assert one in text
    return text


def numbers(dose, had, points, digits=rounded_slope):
    """What is shared at some points: score and information of each."""
    found = []
    for b in points:
        slope = digits(logistic_slope(had, np.asarray(dose)[:, None], np.array([b])))
        found += [float(slope.score[0]), float(slope.information[0, 0])]
    return np.array(found)


class TestDifference:
    """A share of 30 patients, then of 29: what is the dose of the one left out?"""

    def solved(self, more, fewer):
        """How far the one is from the mean, from n, events, score and information.

        V, the sum of squares, is I / (y (1 - y)) with y = events / n; leaving one out
        changes it by n / (n - 1) times the square of the distance. The sign is the
        score's.
        """
        v = []
        for one in (more, fewer):
            y = one["events"] / one["n"]
            v.append(one["information"][0][0] / (y * (1 - y)))
        distance = ((v[0] - v[1]) * (more["n"] - 1) / more["n"]) ** 0.5
        own = more["events"] - fewer["events"]
        weight = own - fewer["events"] / fewer["n"]
        return np.sign((more["score"][0] - fewer["score"][0]) / weight) * distance

    def test_it_succeeds_where_nothing_is_remembered(self, tmp_path):
        dose, had = patients(30)
        whole = table(tmp_path / "a" / "o.csv", dose, had)
        less = table(tmp_path / "b" / "o.csv", dose[:-1], had[:-1])
        # Two folders, each with a ledger that knows nothing of the other.
        _, more = shared(tmp_path / "a", whole, "a.json")
        _, fewer = shared(tmp_path / "b", less, "b.json")
        found = self.solved(more["models"][0], fewer["models"][0])
        assert found == pytest.approx(dose[-1] - dose.mean(), rel=1e-5)

    @pytest.mark.parametrize("count", [1, 9])
    def test_the_ledger_refuses_it(self, tmp_path, count):
        dose, had = patients(40)
        whole = table(tmp_path / "o.csv", dose, had)
        less = table(tmp_path / "less.csv", dose[:-count], had[:-count])
        assert shared(tmp_path, whole, "a.json")[1]
        found, document = shared(tmp_path, less, "b.json")
        refused(
            found,
            "a.json (round 1)",
            f"{count} patient{'s' * (count > 1)} could be told apart",
        )
        assert document is None

    def test_nor_under_another_name(self, tmp_path):
        dose, had = patients(40)
        for name, own in (("o", slice(None)), ("less", slice(39))):
            table(tmp_path / f"{name}.csv", dose[own], had[own])
        assert shared(tmp_path, tmp_path / "o.csv", "a.json")[1]
        found = cohort(
            *("--outcomes", tmp_path / "less.csv", *WORDS, "--center", "B"),
            *("--share", tmp_path / "b.json"),
        )
        refused(found, "1 patient could be told apart")

    def test_two_centers_may_use_one_folder_and_the_same_names(self, tmp_path):
        for center, count, seed in (("A", 40, 1), ("B", 41, 2)):
            table(tmp_path / "o.csv", *patients(count, seed))
            found = cohort(
                *("--outcomes", tmp_path / "o.csv", *WORDS, "--center", center),
                *("--share", tmp_path / f"{center}.json"),
            )
            assert found.exit_code == 0, found.output
        ledger = json.loads((tmp_path / "shared_ledger.json").read_text())
        assert [one["center"] for one in ledger["shares"]] == ["A", "B"]

    def test_ten_fewer_are_no_secret(self, tmp_path):
        dose, had = patients(40)
        whole = table(tmp_path / "o.csv", dose, had)
        less = table(tmp_path / "less.csv", dose[:-10], had[:-10])
        assert shared(tmp_path, whole, "a.json")[1]
        assert shared(tmp_path, less, "b.json")[1]

    def test_nor_by_three_shares_that_leave_a_few(self, tmp_path):
        # All, the first 22 and the next 22 of 47: the last 3 are what is left.
        dose, had = patients(47)
        for name, own in (("all", slice(None)), ("b", slice(22)), ("c", slice(22, 44))):
            table(tmp_path / f"{name}.csv", dose[own], had[own])
        rows = (tmp_path / "c.csv").read_text().splitlines()
        rows[1:] = [
            ",".join([f"p{22 + n}", *one.split(",")[1:]])
            for n, one in enumerate(rows[1:])
        ]
        (tmp_path / "c.csv").write_text("\n".join(rows))
        assert shared(tmp_path, tmp_path / "all.csv", "all.json")[1]
        assert shared(tmp_path, tmp_path / "b.csv", "b.json")[1]
        refused(
            shared(tmp_path, tmp_path / "c.csv", "c.json")[0],
            "3 patients could be told apart",
        )

    def test_a_value_that_was_corrected(self, tmp_path):
        dose, had = patients(40)
        outcomes = table(tmp_path / "o.csv", dose, had)
        assert shared(tmp_path, outcomes, "a.json")[1]
        dose[3] += 50
        table(outcomes, dose, had)
        found, _ = shared(tmp_path, outcomes, "b.json")
        refused(found, "the values of 1 patient were changed since a.json")

    def test_a_missing_value_of_one_more_covariate(self, tmp_path):
        rng = np.random.default_rng(1)
        dose, had = patients(40)
        more = {
            "os_months": rng.gamma(2, 9, 40).round(1),
            "dead": np.arange(40) % 3 > 0,
            "age": [*rng.normal(60, 8, 39).round(), ""],
        }
        more["dead"] = more["dead"].astype(int)
        outcomes = table(tmp_path / "o.csv", dose, had, **more)
        words = (*TIMED, "--covariate", "tumor_gy")
        assert shared(tmp_path, outcomes, "a.json", *words)[1]
        found, _ = shared(tmp_path, outcomes, "b.json", *words, "--covariate", "age")
        refused(found, "1 patient could be told apart")

    def test_the_ledger_cannot_be_edited_away(self, tmp_path):
        dose, had = patients(40)
        outcomes = table(tmp_path / "o.csv", dose, had)
        assert shared(tmp_path, outcomes, "a.json")[1]
        ledger = tmp_path / "shared_ledger.json"
        text = ledger.read_text()
        assert "p1" not in text.replace("sha", "")[: text.index("shares")]
        for edited in (text.replace('"round": 1', '"round": 2'), text[:-40]):
            ledger.write_text(edited)
            assert shared(tmp_path, outcomes, "b.json")[0].exit_code == 3
            assert not (tmp_path / "b.json").exists()


class TestManyPoints:
    """Score and information at many points: as many equations as there are doses."""

    POINTS = np.linspace(-3, 3, 12)

    def solved(self, dose, had, points, tries=8):
        """Doses that give the same numbers, by least squares from several starts."""
        scaled = (dose - dose.mean()) / dose.std()
        seen = numbers(scaled, had, points)
        size = np.maximum(np.abs(seen), 1e-3)

        def wrong(x):
            own = numbers(np.clip(x, -50, 50), had, points, lambda slope: slope)
            # Where zero is cannot be seen: it is put at the mean.
            return np.append((own - seen) / size, 1e-3 * x.mean())

        best = None
        for seed in range(tries):
            start = np.random.default_rng(seed).normal(size=len(dose))
            found = least_squares(wrong, start, xtol=1e-15, ftol=1e-15, max_nfev=300)
            best = found if best is None or found.cost < best.cost else best
            if best.cost < 1e-17:
                break
        return best.cost, scaled, best.x

    def ordered(self, x, had):
        return np.concatenate([np.sort(x[had]), np.sort(x[~had])])

    def test_eight_rows_are_solved_for(self):
        dose, had = patients(8, seed=0)
        _, truth, found = self.solved(dose, had, self.POINTS, tries=4)
        error = self.ordered(found - found.mean(), had) - self.ordered(truth, had)
        assert np.abs(error).max() < 1e-3

    def test_eight_rows_are_refused(self, tmp_path):
        dose, had = patients(8)
        found, _ = shared(tmp_path, table(tmp_path / "o.csv", dose, had), "a.json")
        refused(found, "groups of fewer than 10 patients", "response with the event: 4")

    def test_as_many_points_as_are_given_tell_no_row(self):
        dose, had = patients(24)
        points = [0.0, 0.4, 0.45, 0.46, 0.47]
        cost, truth, found = self.solved(dose, had, points, tries=1)
        # All that was shared fits to a part in 100 000, and the doses are others.
        assert cost < 1e-10
        error = self.ordered(found - found.mean(), had) - self.ordered(truth, had)
        assert np.abs(error).max() > 0.2

    def test_more_points_are_refused(self, tmp_path):
        dose, had = patients(24)
        outcomes = table(tmp_path / "o.csv", dose, had)
        assert shared(tmp_path, outcomes, "r0.json")[1]
        for number in range(1, 6):
            at = point(tmp_path, number / 1000, patients=24)
            words = (*WORDS, "--at", at)
            found, document = shared(tmp_path, outcomes, f"r{number}.json", *words)
            assert (document is None) == (number == 5), found.output
            # The same again tells nothing new.
            again, same = shared(tmp_path, outcomes, f"again{number}.json", *words)
            assert (same is None) == (number == 5), again.output
        # Six points of two numbers each, and the fit of this center with its error.
        refused(found, "14 numbers about 24 values", "at most 12 are shared")


def point(folder: Path, coefficient: float, *, patients: int) -> Path:
    """A point that nobody's pool made, as a coordinator may write it."""
    first = json.loads((folder / "r0.json").read_text())
    [model] = first["models"]
    path = folder / f"point_{coefficient:g}.json"
    document = {
        "schema": "sirtdose.point/1",
        "sirtdose_version": first["sirtdose_version"],
        "simulated": False,
        "study": "0" * 64,
        "round": 2,
        "centers": [
            {"center": "A", "patients": patients, "share": first["hash"]},
            {"center": "B", "patients": patients, "share": "0" * 64},
        ],
        "models": [
            {key: model[key] for key in ("name", "definition", "names")}
            | {"point": [coefficient], "previous": None, "score_test": None}
            | {"largest_step": 1.0}
        ],
    }
    path.write_text(json.dumps(signed(document)))
    return path


class TestFarPoint:
    """At coefficients far out, the information is that of the two nearest patients."""

    def test_it_tells_how_far_two_patients_are_apart(self):
        times = np.arange(30.0)
        x = np.cumsum(np.random.default_rng(2).uniform(1, 9, 30)) / 20
        gap = x[1] - x[0]
        far = [
            cox_slope(times, times < 1, x[:, None], np.array([b])).information[0, 0]
            for b in (-40.0, -50.0)
        ]
        # exp(b gap) gap^2 of the two lowest doses, so that their ratio tells the gap.
        assert np.log(far[0] / far[1]) / 10 == pytest.approx(gap, rel=1e-2)

    def test_it_is_refused(self, tmp_path):
        dose, had = patients(24)
        outcomes = table(tmp_path / "o.csv", dose, had)
        assert shared(tmp_path, outcomes, "r0.json")[1]
        at = point(tmp_path, 0.5, patients=24)
        found, _ = shared(tmp_path, outcomes, "b.json", *WORDS, "--at", at)
        refused(found, "patients would count, and at least 10 must")

    def test_it_is_refused_of_hazards(self, tmp_path):
        dose, had = patients(40)
        more = {"os_months": np.arange(40), "dead": [1] * 40}
        outcomes = table(tmp_path / "o.csv", dose, had, **more)
        words = (*TIMED, "--covariate", "tumor_gy")
        assert shared(tmp_path, outcomes, "r0.json", *words)[1]
        at = point(tmp_path, 0.5, patients=40)
        found, _ = shared(tmp_path, outcomes, "b.json", *words, "--at", at)
        refused(found, "the hazards of two patients would differ by a factor of exp(")


class TestOneInACovariate:
    def test_an_indicator_tells_the_outcome_of_one(self):
        had = np.arange(30) < 12
        for event in (True, False):
            x = np.zeros(30)
            x[0 if event else 20] = 2.0
            slope = logistic_slope(had, x[:, None], np.array([0.0]))
            # Of one patient with 2: 2 (1 - 0.4) with the outcome, -2 x 0.4 without.
            assert slope.score[0] == pytest.approx(1.2 if event else -0.8)

    def timed(self, tmp_path, **columns):
        rng = np.random.default_rng(3)
        dose, had = patients(40)
        more = {
            "os_months": rng.gamma(2, 9, 40).round(1),
            "dead": (np.arange(40) % 3 > 0).astype(int),
        }
        outcomes = table(tmp_path / "o.csv", dose, had, **more, **columns)
        words = [*TIMED]
        for one in columns:
            words += ["--covariate", one]
        return shared(tmp_path, outcomes, "a.json", *words)

    def test_an_indicator_is_refused(self, tmp_path):
        found, _ = self.timed(tmp_path, lobes=["two"] + ["one"] * 39)
        refused(found, "'lobes' two: 1", "groups of fewer than 10 patients")

    def test_an_indicator_in_numbers_is_refused(self, tmp_path):
        found, _ = self.timed(tmp_path, score=[2] + [0] * 39)
        refused(found, "'score' is 0 for all but 1 patients")

    def test_an_extreme_value_is_refused(self, tmp_path):
        values = [5000.0, *np.random.default_rng(0).normal(100, 30, 39).round(1)]
        found, _ = self.timed(tmp_path, afp=values)
        refused(found, "one patient makes up 97% of the variation of 'afp'")

    def test_two_covariates_that_differ_in_one_are_refused(self, tmp_path):
        first = np.random.default_rng(0).normal(100, 30, 40).round(1)
        other = first.copy()
        other[7] += 40
        found, _ = self.timed(tmp_path, afp=first, afp_again=other)
        refused(found, "one patient makes up", "a combination of afp, afp_again")

    def test_as_many_coefficients_as_rows_are_refused(self, tmp_path):
        rng = np.random.default_rng(0)
        columns = {f"x{n}": rng.normal(size=40).round(3) for n in range(5)}
        found, _ = self.timed(tmp_path, **columns)
        refused(found, "survival has 5 coefficients for 40 patients")


def test_nothing_that_is_shared_names_a_patient(tmp_path):
    dose, had = patients(24)
    outcomes = table(tmp_path / "o.csv", dose, had)
    shared(tmp_path, outcomes, "a.json")
    text = (tmp_path / "a.json").read_text()
    ledger = (tmp_path / "shared_ledger.json").read_text()
    for n, one in enumerate(dose):
        for whole in (text, ledger):
            assert f'"p{n}"' not in whole
            assert f"{one}" not in whole
    assert str(tmp_path) not in text


class TestEventsOfGroups:
    """Two groups of 30 and 20 patients: how many of the 20 had the event?"""

    def of(self, events):
        """Patients at 120 and 150 Gy, and how many of those at 150 Gy had the event."""
        dose = np.repeat([120.0, 150.0], [30, 20])
        had = np.r_[np.arange(30) < 12, np.arange(20) < events]
        return dose, had

    def test_it_succeeds_from_one_score_of_a_dose_with_two_values(self):
        dose, had = self.of(3)
        score = numbers(dose, had, [0.0])[0]
        # 30 Gy times what was observed, less what 15 of 50 patients let expect of 20.
        assert score / 30 + 20 * 15 / 50 == pytest.approx(3, abs=1e-6)

    @pytest.mark.parametrize(
        ("events", "said"),
        [(3, "'tumor_gy' 150 with the event: 3"), (15, "150 without the event: 5")],
    )
    def test_the_command_refuses_it(self, tmp_path, events, said):
        outcomes = table(tmp_path / "o.csv", *self.of(events))
        found, document = shared(tmp_path, outcomes, "a.json")
        refused(found, said)
        assert document is None

    def test_ten_in_each_are_shared(self, tmp_path):
        outcomes = table(tmp_path / "o.csv", *self.of(10))
        assert shared(tmp_path, outcomes, "a.json")[1]

    def of_three(self):
        """Patients at 0, 1 and 2, 4 of them at 2, and with the event."""
        dose = np.repeat([0.0, 1.0, 2.0], [32, 14, 4])
        return dose, np.isin(np.arange(50), [*range(9), *range(32, 38), 48, 49])

    def of_counts(self, n, e):
        """Patients and events at 0, 1 and 2, a row each."""
        had = [np.arange(k) < j for k, j in zip(n, e, strict=True)]
        return np.repeat([0.0, 1.0, 2.0], n), np.concatenate(had)

    def test_it_succeeds_from_two_points_of_three_values(self):
        points, found = [0.0, 0.3], set()
        seen, y = numbers(*self.of_three(), points), 17 / 50
        for last, middle in np.ndindex(51, 51):
            n = (50 - middle - last, middle, last)
            v, v2 = middle + 2 * last, middle + 4 * last
            # What those with the event have together is a whole number, too.
            total = round(seen[0] + y * v)
            if (
                min(n) < 0
                or abs(y * (1 - y) * (v2 - v**2 / 50) - seen[1]) > 1e-6
                or abs(seen[0] + y * v - total) > 1e-6
            ):
                continue
            for e2 in range(min(last, total // 2) + 1):
                e = (17 - total + e2, total - 2 * e2, e2)
                if all(0 <= j <= k for j, k in zip(e, n, strict=True)):
                    own = numbers(*self.of_counts(n, e), points)
                    found |= {n} if np.allclose(own, seen, rtol=1e-6) else set()
        assert found == {(32, 14, 4)}

    def test_the_command_refuses_it_at_the_first(self, tmp_path):
        outcomes = table(tmp_path / "o.csv", *self.of_three())
        found, document = shared(tmp_path, outcomes, "a.json")
        text = refused(found, "'tumor_gy' 2: 4", "'tumor_gy' 2 with the event: 2")
        assert "'tumor_gy' 1 with the event: 6" in text
        assert document is None

    def test_more_than_ten_values_are_a_number(self, tmp_path):
        dose = np.arange(66) % 11 * 7.0
        outcomes = table(tmp_path / "o.csv", dose, np.arange(66) % 2 > 0)
        assert shared(tmp_path, outcomes, "a.json")[1]

    @pytest.mark.parametrize("small", [9, 10])
    def test_a_stratum_of_a_few_is_refused(self, tmp_path, small):
        rng = np.random.default_rng(2)
        outcomes = table(
            *(tmp_path / "o.csv", np.linspace(90, 170, 50), np.arange(50) % 2 > 0),
            ward=np.where(np.arange(50) < small, "a", "b").tolist(),
            os_months=(rng.exponential(9, 50).round(1) + 0.1).tolist(),
            dead=(np.arange(50) % 3 > 0).astype(int).tolist(),
        )
        words = (*TIMED, "--covariate", "tumor_gy", "--stratum", "ward")
        found, document = shared(tmp_path, outcomes, "a.json", *words)
        assert (document is None) == (small < 10), found.output
        if small < 10:
            refused(found, "the smallest stratum: 9")

    @pytest.mark.parametrize("events", [0, 9])
    def test_a_category_with_few_deaths_is_refused(self, tmp_path, events):
        dose, had = self.of(events)
        lobes = np.where(dose > 130, "both", "one").tolist()
        times = np.random.default_rng(3).exponential(9, 50).round(1) + 0.1
        outcomes = table(
            *(tmp_path / "o.csv", np.linspace(90, 170, 50), had),
            lobes=lobes,
            os_months=times.tolist(),
            dead=had.astype(int).tolist(),
        )
        found, document = shared(
            tmp_path, outcomes, "a.json", *TIMED, "--covariate", "lobes"
        )
        refused(found, f"'lobes' both with the event: {events}")
        assert document is None
