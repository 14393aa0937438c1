"""`sirtdose cohort`: doses joined with outcomes, on tables whose answers are known."""

import csv
import json
import re

import pytest
from click.testing import CliRunner

from sirtdose.cli.main import main
from sirtdose.report.batch_commands import COMMAND_TABLES
from sirtdose.report.tables import structure_columns
from tests.published.test_statistics import S100B, WFNS

COLUMNS = structure_columns()
CASE_COLUMNS = COMMAND_TABLES["post"].case_columns
FILES = {"cohort.json", "tables.csv", "cohort.html"}


def run(*arguments):
    """With every sentence and note, which the screen leaves out."""
    return CliRunner().invoke(main, ["cohort", "-v", *map(str, arguments)])


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def analyzed(out, *arguments):
    result = run(*arguments, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert {one.name for one in out.iterdir()} >= FILES
    return json.loads((out / "cohort.json").read_text("utf-8"))


def rows_of(out):
    with (out / "tables.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def small(tmp_path):
    """Six patients: doses 10 to 60 Gy, response from 40 Gy on."""
    doses = write(
        tmp_path / "doses.csv",
        ["case_id", "tumor_gy"],
        [(f"c{n}", 10 * n) for n in range(1, 7)],
    )
    outcomes = write(
        tmp_path / "outcomes.csv",
        ["case_id", "response", "os_months", "dead"],
        [
            *(("c1", "PD", 3, 1), ("c2", "SD", 5, 1), ("c3", "SD", 9, 0)),
            *(("c4", "PR", 8, 1), ("c5", "PR", 12, 0), ("c6", "CR", 15, 1)),
        ],
    )
    return doses, outcomes


class TestPublished:
    """Figures that other programs print, through the whole command."""

    @pytest.mark.parametrize(
        ("counts", "unit", "auc", "midpoint", "observed"),
        [(S100B, 100, 0.7314, 0.205, 0.22), (WFNS, 1, 0.823679, 3.5, 4)],
    )
    def test_roc_of_subarachnoid_hemorrhage(
        self, tmp_path, counts, unit, auc, midpoint, observed
    ):
        if counts is WFNS:
            # Its best threshold by hand: at 2, 39/41 and 37/72; at 4, 26/41 and 60/72.
            # Youden 0.465 and 0.467.
            assert 39 / 41 + 37 / 72 < 26 / 41 + 60 / 72
        flat = [
            (value / unit, poor)
            for value, pair in counts.items()
            for poor, times in enumerate(pair)
            for _ in range(times)
        ]
        cases = [f"c{n}" for n in range(len(flat))]
        doses = write(
            tmp_path / "d.csv",
            ["case_id", "level"],
            [(case, value) for case, (value, _) in zip(cases, flat, strict=True)],
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "poor"],
            [(case, poor) for case, (_, poor) in zip(cases, flat, strict=True)],
        )
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes),
            *("--response", "poor", "--dose", "level"),
        )
        roc = document["endpoints"][0]["roc"]
        assert roc["auc"] == pytest.approx(auc, abs=5e-5)
        assert roc["cutoff"]["midpoint"] == pytest.approx(midpoint)
        assert roc["cutoff"]["observed"] == pytest.approx(observed)

    def test_survival_of_lung_cancer(self, tmp_path):
        from lifelines.datasets import load_lung

        table = load_lung()
        doses = write(
            tmp_path / "d.csv",
            ["case_id", "dose_gy"],
            [(f"c{n}", 1) for n in range(len(table))],
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "os_days", "status", "ecog", "age"],
            [
                (
                    *(f"c{n}", row["time"], row["status"]),
                    "" if row["ph.ecog"] != row["ph.ecog"] else row["ph.ecog"],
                    row["age"],
                )
                for n, (_, row) in enumerate(table.iterrows())
            ],
        )
        out = tmp_path / "out"
        document = analyzed(
            *(out, doses, "--outcomes", outcomes, "--time", "os_days"),
            *("--event", "status", "--covariate", "ecog", "--covariate", "age"),
        )
        survival = document["survival"]
        # R prints 228 patients, 165 deaths, median 310 (285 to 363, log).
        assert (survival["n"], survival["events"]) == (228, 165)
        by_method = {one["method"]: one for one in survival["overall"]["medians"]}
        assert by_method["log"] == {
            "time": 310, "low": 285, "high": 363, "method": "log",
        }  # fmt: skip
        model = survival["cox"]["multivariable"]
        assert model["missing"] == 1
        ecog, age = model["ratios"]
        assert ecog["ratio"] == pytest.approx(1.558, abs=5e-4)
        assert age["ratio"] == pytest.approx(1.0113, abs=5e-5)
        rows = rows_of(out)
        shown = [
            one
            for one in rows
            if one["variable"] == "ecog" and one["quantity"] == "hazard ratio"
        ]
        assert [one["method"] for one in shown] == [
            "Cox, univariable, efron ties",
            "Cox, multivariable, efron ties",
        ]
        assert {one["missing"] for one in shown} == {"1"}
        medians = [one for one in rows if one["quantity"] == "median"]
        assert {one["method"] for one in medians} == {"log-log", "log", "plain"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated") / "out"
    result = run("--simulated", "--threshold", "79.5Gy", "--out", out)
    assert result.exit_code == 0, result.stderr
    return out, result


class TestSimulated:
    def test_it_says_so_everywhere(self, simulated):
        out, result = simulated
        assert "SIMULATED" in result.stderr
        assert "SIMULATED" in (out / "cohort.html").read_text("utf-8")
        assert json.loads((out / "cohort.json").read_text("utf-8"))["simulated"] is True

    def test_its_tables_say_so_wherever_they_go(self, simulated, tmp_path):
        out, _ = simulated
        document = analyzed(
            *(tmp_path / "again", out / "simulated_doses.csv"),
            *("--outcomes", out / "simulated_outcomes.csv"),
            *("--response", "response", "--dose", "tumor_mean_gy"),
        )
        assert document["simulated"] is True

    def test_groups_are_as_published(self, simulated):
        out, _ = simulated
        first = json.loads((out / "cohort.json").read_text("utf-8"))["endpoints"][0]
        yes, no = first["groups"]["yes"], first["groups"]["no"]
        assert (yes["n"], no["n"], first["missing"]["outcome"]) == (46, 14, 4)
        # Responders 167 (96 to 217), others 54 (45 to 62) Gy.
        assert [yes["median"], yes["q1"], yes["q3"]] == pytest.approx(
            [167, 96, 217], rel=0.02
        )
        assert [no["median"], no["q1"], no["q3"]] == pytest.approx(
            [54, 45, 62], rel=0.02
        )

    def test_the_threshold_is_found_where_the_groups_part(self, simulated):
        out, _ = simulated
        first = json.loads((out / "cohort.json").read_text("utf-8"))["endpoints"][0]
        cut, no = first["roc"]["cutoff"], first["groups"]["no"]
        # Above every patient without response, below the next with one.
        above = [one for one in first["groups"]["yes"]["values_gy"] if one > no["most"]]
        assert no["most"] < cut["midpoint"] < cut["observed"] == above[0]
        assert cut["midpoint"] == pytest.approx((no["most"] + above[0]) / 2)
        assert cut["sensitivity"] == pytest.approx(len(above) / 46)
        assert cut["specificity"] == 1
        assert cut["midpoint"] == pytest.approx(79.5, abs=1.5)
        assert first["rank_sum"]["p"] < 1e-4

    def test_lesions_are_apart_and_their_clustering_is_said(self, simulated):
        out, result = simulated
        _, lesions, _ = json.loads((out / "cohort.json").read_text("utf-8"))[
            "endpoints"
        ]
        assert lesions["level"] == "lesion"
        assert lesions["clustering"]["patients"] == 60
        assert lesions["n"] == lesions["clustering"]["lesions"] > 60
        assert "clustered by patient" in lesions["dose_response"]["covariance"]
        assert lesions["roc"]["interval"].endswith("samples of patients")
        assert "lesions of one patient are alike" in result.stderr

    def test_the_same_seed_gives_the_same_bytes(self, simulated, tmp_path):
        out, _ = simulated
        run("--simulated", "--threshold", "79.5Gy", "--out", tmp_path / "again")
        for one in out.iterdir():
            assert (tmp_path / "again" / one.name).read_bytes() == one.read_bytes()

    def test_the_page_has_every_picture_and_no_script_from_elsewhere(self, simulated):
        out, _ = simulated
        page = (out / "cohort.html").read_text("utf-8")
        # Three of each endpoint; survival of all, by response, by dose; the forest.
        assert page.count("data:image/svg+xml;base64,") == 3 * 3 + 3 + 1
        assert "http" not in page.replace("http-equiv", "")
        assert "Not a medical device" in page
        for word in ("lifelines", "Efron", "DeLong", "log-log"):
            assert word in page


class TestJoin:
    def test_missing_values_and_lines_alone_are_counted(self, small, tmp_path):
        doses, outcomes = small
        doses.write_text(
            "case_id,tumor_gy\nc1,10\nc2,\nc3,30\nc4,40\nc5,50\nc6,60\nc7,70\n", "utf-8"
        )
        outcomes.write_text(
            "case_id,response\nc1,PD\nc2,SD\nc3,SD\nc4,PR\nc5,NE\nc6,CR\nc9,CR\n",
            "utf-8",
        )
        document = analyzed(
            tmp_path / "out", doses, "--outcomes", outcomes, "--response", "response"
        )
        join = document["join"]["patient"]
        assert (join["joined"], join["patients"]) == (6, 6)
        assert join["doses_without_outcome"] == 1
        assert join["outcomes_without_dose"] == 1
        assert join["lines_without_the_other"] == [
            "doses.csv, line 8", "outcomes.csv, line 8",
        ]  # fmt: skip
        endpoint = document["endpoints"][0]
        assert endpoint["missing"] == {"outcome": 1, "dose": 1}
        assert (endpoint["n"], endpoint["events"]) == (4, 2)
        # Who is left out is named on the page, and where the line stands.
        page = (tmp_path / "out" / "cohort.html").read_text("utf-8")
        assert "outcomes.csv, line 8: &#39;c9&#39; has an outcome but no dose" in page

    def test_a_batch_has_patients_and_lesions(self, tmp_path):
        folder = tmp_path / "batch"
        folder.mkdir()
        cases, rows = [], []
        for n in range(1, 7):
            line = dict.fromkeys(CASE_COLUMNS, "") | {
                "case_id": f"c{n}", "state": "done", "method": "local_deposition",
                "tumors_mean_gy": 10 * n, "normal_whole_mean_gy": 20,
            }  # fmt: skip
            cases.append([line[name] for name in CASE_COLUMNS])
            for method in ("local_deposition", "convolution"):
                for name, role, dose in (
                    ("T1", "tumor", 10 * n),
                    ("T2", "tumor", 12 * n),
                    ("Liver", "liver", 20),
                ):
                    line = dict.fromkeys(COLUMNS, "") | {
                        "method": method, "name": name, "role": role, "mean_gy": dose,
                    }  # fmt: skip
                    rows.append([f"c{n}", *(line[one] for one in COLUMNS)])
        failed = dict.fromkeys(CASE_COLUMNS, "") | {"case_id": "c7", "state": "failed"}
        cases.append([failed[name] for name in CASE_COLUMNS])
        write(folder / "cases.csv", CASE_COLUMNS, cases)
        write(folder / "summary.csv", ["case_id", *COLUMNS], rows)
        patients = write(
            tmp_path / "patients.csv",
            ["case_id", "best_response"],
            [(f"c{n}", "PR" if n > 3 else "SD") for n in range(1, 8)],
        )
        lesions = write(
            tmp_path / "lesions.csv",
            ["case_id", "lesion", "best_response"],
            [(f"c{n}", t, "PR" if n > 3 else "SD") for n in (1, 2, 5, 6)
             for t in ("T1", "T2")],
        )  # fmt: skip
        document = analyzed(
            *(tmp_path / "out", folder, "--outcomes", patients),
            *("--outcomes", lesions, "--response", "best_response"),
        )
        by_patient, by_lesion = document["endpoints"]
        assert by_patient["dose_column"] == "tumors_mean_gy"
        assert by_patient["groups"]["yes"]["values_gy"] == [40, 50, 60]
        assert by_patient["missing"]["dose"] == 1  # of the case that failed
        assert document["join"]["patient"]["joined"] == 6
        assert document["join"]["patient"]["without_dose"] == [
            {"case_id": "c7", "lesion": None, "why": "failed in its batch"}
        ]
        assert by_lesion["dose_column"] == "mean_gy"
        assert by_lesion["groups"]["yes"]["values_gy"] == [50, 60, 60, 72]
        assert by_lesion["clustering"]["patients"] == 4
        assert document["join"]["lesion"]["doses_without_outcome"] == 4

    def test_tables_of_outcomes_are_put_beside_each_other(self, small, tmp_path):
        doses, outcomes = small
        more = write(
            tmp_path / "more.csv",
            ["case_id", "lobes"],
            [(f"c{n}", "one" if n % 2 else "both") for n in range(1, 6)],
        )
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes, "--outcomes", more),
            *("--response", "response", "--covariate", "lobes"),
        )
        lobes = document["endpoints"][0]["covariates"][0]
        # c6 has no line in the second: missing, and still in the first.
        assert document["endpoints"][0]["n"] == 6
        assert (lobes["n"], lobes["missing"]) == (5, 1)
        assert lobes["counts"]["no"] == {"both": 1, "one": 2}

    def test_semicolons_and_a_byte_order_mark(self, small, tmp_path):
        doses, outcomes = small
        for path in small:
            path.write_text(
                "\N{ZERO WIDTH NO-BREAK SPACE}"
                + path.read_text("utf-8").replace(",", ";"),
                "utf-8",
            )
        document = analyzed(
            tmp_path / "out", doses, "--outcomes", outcomes, "--response", "RESPONSE"
        )
        assert document["endpoints"][0]["n"] == 6


class TestNumbers:
    def test_a_cohort_by_hand(self, small, tmp_path):
        doses, outcomes = small
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes),
            *("--response", "response", "--time", "os_months", "--event", "dead"),
            *("--threshold", "30Gy"),
        )
        endpoint = document["endpoints"][0]
        # All 9 pairs in order: one of 20 arrangements at either end.
        assert endpoint["roc"]["auc"] == 1
        assert endpoint["rank_sum"]["p"] == pytest.approx(2 / 20)
        assert endpoint["roc"]["cutoff"]["midpoint"] == 35
        assert "separates all events" in endpoint["dose_response"]["failed"]
        assert endpoint["threshold"]["at_or_above"] == {"yes": 3, "no": 1}
        assert endpoint["threshold"]["below"] == {"yes": 0, "no": 2}
        survival = document["survival"]
        # 3, 5, 8 die with 6, 5, 4 at risk: 5/6, 4/6, 3/6.
        assert survival["overall"]["survival"][1:4] == pytest.approx(
            [5 / 6, 4 / 6, 1 / 2]
        )
        assert survival["overall"]["median"]["time"] == 8
        # Censored at 9 and 12, with 3 and 2 at risk: 2/3, 1/3.
        assert survival["follow_up"]["time"] == 12

    def test_a_landmark_leaves_out_who_ended_before(self, small, tmp_path):
        doses, outcomes = small
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes, "--response"),
            *("response", "--time", "os_months", "--event", "dead"),
            *("--landmark", "5"),
        )
        group = document["survival"]["groups"][0]
        # c1 ended at 3; c2 died at 5, the landmark itself.
        assert (group["n"], group["before_landmark"]) == (4, 2)
        assert group["curves"]["response"]["times"] == [0, 3, 10]
        assert document["survival"]["overall"]["n"] == 6

    @pytest.mark.parametrize(("grade_from", "events"), [(2, 4), (3, 3), (4, 2)])
    def test_grades_count_from_the_one_asked(self, tmp_path, grade_from, events):
        doses = write(
            tmp_path / "d.csv",
            ["case_id", "normal_gy"],
            [(f"c{n}", 10 + n) for n in range(6)],
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "worst_alt_grade"],
            [(f"c{n}", grade) for n, grade in enumerate((0, 1, 2, 3, 4, 5))],
        )
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes),
            *("--toxicity", "worst_alt_grade", "--toxic-from", grade_from),
        )
        assert document["endpoints"][0]["events"] == events

    def test_responders_can_be_others(self, small, tmp_path):
        doses, outcomes = small
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--responders", "CR,PR,SD", "--out", tmp_path / "out"),
        )
        # One alone is left without: too few to compare.
        assert result.exit_code == 3
        assert (
            "patients with a dose in 'tumor_gy' and 'no' in 'response': only 1"
        ) in result.stderr
        assert not (tmp_path / "out").exists()

    def test_covariates_of_numbers_and_of_categories(self, tmp_path):
        doses = write(
            tmp_path / "d.csv",
            ["case_id", "tumor_gy"],
            [(f"c{n}", n) for n in range(1, 13)],
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "response", "lobes", "bilirubin"],
            [
                (
                    f"c{n}",
                    "yes" if n % 2 else "no",
                    "bilobar" if n % 2 and n < 9 else "unilobar",
                    n if n < 12 else "",
                )
                for n in range(1, 13)
            ],
        )
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes),
            *("--response", "response", "--covariate", "lobes"),
            *("--covariate", "bilirubin"),
        )
        lobes, bilirubin = document["endpoints"][0]["covariates"]
        assert lobes["counts"] == {
            "yes": {"bilobar": 4, "unilobar": 2}, "no": {"bilobar": 0, "unilobar": 6},
        }  # fmt: skip
        # Of 12 with 4 bilobar, all in one half: 2 x C(6,4) / C(12,4) = 30/495.
        assert lobes["test"]["p"] == pytest.approx(30 / 495)
        assert (bilirubin["n"], bilirubin["missing"]) == (11, 1)
        assert bilirubin["groups"]["no"]["median"] == 6


REFUSED = [
    ("d", "case_id,dose_gy\nc1,10\nc1,20\n", "d.csv, line 3", "already on line 2"),
    ("d", "case_id,dose_gy\nc1,abc\nc2,3\n", "d.csv, line 2, column dose_gy", "'abc'"),
    ("d", "case_id,dose_gy\nc1,-3\nc2,3\n", "d.csv, line 2, column dose_gy", "-3"),
    ("d", "case_id,dose_gy\nc1,inf\nc2,3\n", "line 2, column dose_gy", "inf"),
    ("d", "patient,dose_gy\nc1,10\n", "d.csv, line 1", "lacks the column"),
    ("d", "case_id,dose_gy,dose_gy\nc1,1,2\n", "line 1", "more than once"),
    ("d", "case_id,dose_gy\nc1\n", "d.csv, line 2", "1 cells"),
    ("d", "case_id,dose_gy\n,10\n", "line 2, column case_id", "empty"),
    ("d", "case_id,dose_gy\n", "d.csv", "only a header"),
    ("d", "", "d.csv", "is empty"),
    ("d", "case_id,dose_gy\nz1,10\n", "no patient", "spelled alike"),
    ("d", "case_id,a_gy,b_gy\nc1,10,20\nc2,1,1\n", "which column", "--dose"),
    ("o", "case_id,response\nc1,PR\nc2,better\n", "line 3, column response", "better"),
    ("o", "case_id,response\nc1,1\nc2,2\n", "line 3, column response", "recode it"),
    ("o", "case_id,answer\nc1,PR\nc2,SD\n", "'response'", "--response"),
    ("o", "case_id,response\nc1,PR\nc2,SD\nc1,SD\n", "line 4", "already on line 2"),
    ("o", "case_id,lesion,response\nc1,T1,PR\n", "no doses by lesion", "lesion"),
    ("o", "case_id,response\nc1,PR\nc2,PR\nc3,SD\n", "only 1, but", "'no'"),
]  # fmt: skip


@pytest.mark.parametrize(("which", "text", "where", "what"), REFUSED)
def test_wrong_tables_are_refused_by_line_and_column(
    tmp_path, which, text, where, what
):
    texts = {
        "d": "case_id,dose_gy\nc1,10\nc2,20\nc3,30\nc4,40\n",
        "o": "case_id,response\nc1,PR\nc2,SD\nc3,PR\nc4,SD\n",
    }
    for name, usual in texts.items():
        own = text if name == which else usual
        (tmp_path / f"{name}.csv").write_text(own, "utf-8")
    result = run(
        *(tmp_path / "d.csv", "--outcomes", tmp_path / "o.csv"),
        *("--response", "response", "--out", tmp_path / "out"),
        *(() if "--dose" in what else ("--dose", "dose_gy")),
    )
    assert result.exit_code == 3, result.output
    assert where in result.stderr
    assert what in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("row", "arguments", "said"),
    [
        (("-1", "1"), [], "line 5, column os_months is -1: it must be at least 0"),
        (("4", "2"), [], "line 5, column dead: the code '2' is not known"),
        (("4", "gone"), [], "line 5, column dead: the code 'gone' is not known"),
        (("4 months", "1"), [], "line 5, column os_months: '4 months' is not a number"),
        (("4", "1"), ["--time", "duration"], "the unit of the times"),
        (("4", "1"), ["--event", "status"], "no table of patients has a column"),
        (("4", "1"), ["--covariate", "os"], "has a column 'os'"),
        (("4", "1"), ["--by", "os_months"], "contains numbers"),
    ],
)
def test_wrong_times_are_refused_by_line_and_column(tmp_path, row, arguments, said):
    doses = write(
        tmp_path / "d.csv", ["case_id", "dose_gy"], [(f"c{n}", n) for n in range(4)]
    )
    outcomes = write(
        tmp_path / "o.csv",
        ["case_id", "os_months", "dead"],
        [("c0", 1, 1), ("c1", 2, 0), ("c2", 3, 1), ("c3", *row)],
    )
    given = {"--time": "os_months", "--event": "dead"}
    for name, value in zip(arguments[::2], arguments[1::2], strict=True):
        given[name] = value
    flat = [word for pair in given.items() for word in pair]
    result = run(doses, "--outcomes", outcomes, *flat, "--out", tmp_path / "out")
    assert result.exit_code == 3, result.output
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_column_in_both_tables_is_refused(tmp_path):
    doses = write(tmp_path / "d.csv", ["case_id", "x_gy", "age"], [("a", 1, 2)])
    outcomes = write(
        tmp_path / "o.csv", ["case_id", "os_days", "dead", "age"], [("a", 1, 1, 2)]
    )
    result = run(
        *(doses, "--outcomes", outcomes, "--time", "os_days", "--event", "dead"),
        *("--covariate", "age", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert "column 'age' is in 2 tables of patients" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 3, "no analysis was chosen"),
        (["--response", "response", "--responders", "XX"], 2, "not a response"),
        (["--response", "response", "--threshold", "80"], 3, "Gy"),
        (["--time", "os_months"], 3, "both --time and --event"),
        (["--simulated"], 2, "leave out TABLE.csv"),
    ],
)
def test_what_is_asked_wrongly(small, tmp_path, arguments, code, said):
    doses, outcomes = small
    result = run(doses, "--outcomes", outcomes, *arguments, "--out", tmp_path / "out")
    assert result.exit_code == code, result.output
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_models_that_cannot_be_fitted_say_why_and_the_rest_stands(tmp_path):
    doses = write(
        tmp_path / "d.csv", ["case_id", "x_gy"], [(f"c{n}", n) for n in range(1, 9)]
    )
    outcomes = write(
        tmp_path / "o.csv",
        ["case_id", "os_days", "dead", "same", "half"],
        [(f"c{n}", n, n < 5, 7, "a" if n < 5 else "b") for n in range(1, 9)],
    )
    out = tmp_path / "out"
    document = analyzed(
        *(out, doses, "--outcomes", outcomes, "--time", "os_days", "--event"),
        *("dead", "--covariate", "same", "--covariate", "half"),
    )
    same, half = document["survival"]["cox"]["univariable"]
    assert same["failed"] == "'same' is the same for all cases"
    # Only those of group a died: there is no finite ratio.
    assert "separates all events" in half["failed"]
    assert document["survival"]["overall"]["n"] == 8
    failed = [one for one in rows_of(out) if one["method"] == half["failed"]]
    assert failed[0]["variable"] == "half"


def test_json_goes_to_the_standard_output(small, tmp_path):
    doses, outcomes = small
    result = run(
        *(doses, "--outcomes", outcomes, "--response", "response"),
        *("--json", "--out", tmp_path / "out"),
    )
    assert json.loads(result.stdout)["schema"] == "sirtdose.cohort/1"
    again = run(
        *(doses, "--outcomes", outcomes, "--response", "response"),
        *("--out", tmp_path / "out"),
    )
    assert again.exit_code == 5
    assert "--force" in again.stderr


def survival_of(tmp_path, times, events, *more, extra=None):
    """A cohort of times in years, with columns in `extra`."""
    extra = extra or {}
    cases = [f"c{n}" for n in range(len(times))]
    doses = write(tmp_path / "d.csv", ["case_id", "x_gy"], [(c, 1) for c in cases])
    rows = zip(cases, times, events, *extra.values(), strict=True)
    outcomes = write(
        tmp_path / "o.csv", ["case_id", "os_years", "dead", *extra], list(rows)
    )
    return run(
        *(doses, "--outcomes", outcomes, "--time", "os_years", "--event", "dead"),
        *(*more, "--out", tmp_path / "out"),
    )


def document_of(tmp_path):
    return json.loads((tmp_path / "out" / "cohort.json").read_text("utf-8"))


class TestReviewed:
    """What a reading by others found."""

    def test_the_median_of_coarse_times_has_an_interval(self, tmp_path):
        # 25 of 100 die in the first year, 65 in the second, 10 in the third.
        times = [1] * 25 + [2] * 65 + [3] * 10
        assert survival_of(tmp_path, times, [1] * 100).exit_code == 0
        median = document_of(tmp_path)["survival"]["overall"]["median"]
        assert (median["time"], median["low"], median["high"]) == (2, 2, 2)

    def test_the_log_log_interval_is_that_of_lifelines(self):
        import numpy as np
        from lifelines import KaplanMeierFitter
        from lifelines.utils import median_survival_times

        from sirtdose.outcomes.survival import kaplan_meier

        rng = np.random.default_rng(5)
        compared = 0
        for _ in range(60):
            count = int(rng.integers(8, 60))
            times = rng.integers(1, 25, count)
            events = rng.random(count) < 0.7
            theirs = KaplanMeierFitter().fit(times, events)
            if theirs.survival_function_.iloc[-1, 0] == 0:
                # At 0 their band is not a number's.
                continue
            low, high = median_survival_times(theirs.confidence_interval_).iloc[0]
            ours = kaplan_meier(list(times), list(events)).median
            assert (ours.low or np.inf, ours.high or np.inf) == (low, high)
            compared += 1
        assert compared > 10

    def test_small_numbers_are_no_constant(self, tmp_path):
        shunts = [0.02, 0.031, 0.024, 0.038, 0.029, 0.022, 0.036, 0.027, 0.033, 0.03]
        percent = [100 * one for one in shunts]
        times, events = list(range(1, 11)), [1, 1, 0, 1, 1, 0, 1, 1, 1, 1]
        result = survival_of(
            *(tmp_path, times, events, "--covariate", "lsf", "--covariate", "percent"),
            extra={"lsf": shunts, "percent": percent},
        )
        assert result.exit_code == 0
        by_part, by_percent = document_of(tmp_path)["survival"]["cox"]["univariable"]
        a, b = by_part["ratios"][0], by_percent["ratios"][0]
        assert a["coefficient"] == pytest.approx(100 * b["coefficient"], rel=1e-6)
        assert a["p"] == pytest.approx(b["p"], rel=1e-6)

    @pytest.mark.parametrize(
        ("times", "events", "said"),
        [
            ([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 0, 0], "Cox, univariable, _event"),
            ([1, 2, 3, 4, 5, 6], [1, 0, 1, 1, 0, 0], "not checked, too few events"),
            ([3, 3, 3, 3, 3, 3], [1, 1, 1, 1, 1, 1], "median"),
            ([0, 0, 1, 2, 3, 4], [1, 0, 1, 1, 0, 1], "median"),
        ],
    )
    def test_little_to_go_on(self, tmp_path, times, events, said):
        result = survival_of(
            *(tmp_path, times, events, "--covariate", "_event", "--by", "$x^"),
            extra={"_event": [3, 1, 2, 5, 4, 6], "$x^": ["$a_", "b"] * 3},
        )
        assert result.exit_code == 0, result.output
        assert said in result.stderr

    def test_none_is_a_category_and_unknown_is_missing(self, tmp_path):
        extra = {"spread": ["none", "None", "bone", "bone", "lung", "lung", "unknown"]}
        result = survival_of(
            *(tmp_path, [1, 2, 3, 4, 5, 6, 7], [1] * 7, "--by", "spread"), extra=extra
        )
        assert result.exit_code == 0
        group = document_of(tmp_path)["survival"]["groups"][0]
        assert {name: one["n"] for name, one in group["curves"].items()} == {
            "none": 2, "bone": 2, "lung": 2,
        }  # fmt: skip
        assert group["missing"] == 1

    def test_after_a_landmark_times_are_named_so(self, tmp_path):
        extra = {"seen": ["yes", "no"] * 5}
        result = survival_of(
            *(tmp_path, range(1, 11), [1] * 10, "--by", "seen", "--landmark", "2"),
            extra=extra,
        )
        assert "after a landmark at 2 years (2 ended until then)" in result.stderr
        page = (tmp_path / "out" / "cohort.html").read_text("utf-8")
        assert "yes, from 2 years on" in page
        methods = {
            one["method"]
            for one in rows_of(tmp_path / "out")
            if one["variable"] == "seen" and one["quantity"] == "median"
        }
        assert methods == {
            f"{one}, from 2 years on" for one in ("log-log", "log", "plain")
        }

    def test_without_a_landmark_any_group_is_cautioned(self, tmp_path):
        extra = {"seen": ["yes", "no"] * 5}
        result = survival_of(
            *(tmp_path, range(1, 11), [1] * 10, "--by", "seen"), extra=extra
        )
        assert "NOTE Survival by seen is subject to immortal-time bias" in result.stderr

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--by", "dead"], "--by has no effect without --time"),
            (["--landmark", "3"], "--landmark has no effect without --time"),
            (
                ["--liver-dose", "tumor_gy"],
                "--liver-dose has no effect without --toxicity",
            ),
            (["--lesion-dose", "tumor_gy"], "--lesion-dose has no effect without"),
        ],
    )
    def test_what_would_change_nothing_is_refused(self, small, tmp_path, options, said):
        doses, outcomes = small
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response", *options),
            *("--out", tmp_path / "out"),
        )
        assert result.exit_code == 3
        assert said in result.stderr

    def test_lesions_of_one_patient_have_no_curve(self, tmp_path):
        rows = [("p", f"T{n}", 10 * n) for n in range(1, 7)]
        doses = write(tmp_path / "d.csv", ["case_id", "lesion", "mean_gy"], rows)
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "lesion", "response"],
            [("p", f"T{n}", "PR" if n in (2, 4, 6) else "SD") for n in range(1, 7)],
        )
        document = analyzed(
            tmp_path / "out", doses, "--outcomes", outcomes, "--response", "response"
        )
        endpoint = document["endpoints"][0]
        assert "1 patients are too few" in endpoint["dose_response"]["failed"]
        assert endpoint["roc"]["auc_low"] is endpoint["roc"]["auc_high"] is None
        assert endpoint["roc"]["cutoff"]["midpoint_low"] is None

    @pytest.mark.parametrize(("patients", "known"), [(9, False), (10, True)])
    def test_few_patients_with_many_lesions_have_no_interval(
        self, tmp_path, patients, known
    ):
        rows = [
            (f"p{n}", f"T{k}", 20 * k + 3 * n)
            for n in range(patients)
            for k in (1, 2, 3)
        ]
        doses = write(tmp_path / "d.csv", ["case_id", "lesion", "mean_gy"], rows)
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "lesion", "response"],
            [
                (case, lesion, "PR" if (dose > 50) != (n % 7 == 0) else "SD")
                for n, (case, lesion, dose) in enumerate(rows)
            ],
        )
        document = analyzed(
            tmp_path / "out", doses, "--outcomes", outcomes, "--response", "response"
        )
        endpoint = document["endpoints"][0]
        assert (endpoint["roc"]["auc_low"] is not None) is known
        assert (not endpoint["dose_response"]["failed"]) is known

    def test_perfect_order_has_no_interval_of_no_width(self, small, tmp_path):
        doses, outcomes = small
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--out", tmp_path / "out"),
        )
        assert "AUC 1.000 (no interval by DeLong" in result.stderr

    def test_a_falling_curve_has_no_dose_of_one_half(self, tmp_path):
        doses = write(
            tmp_path / "d.csv", ["case_id", "x_gy"], [(f"c{n}", n) for n in range(10)]
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "response"],
            [(f"c{n}", "PR" if n in (0, 1, 2, 5) else "SD") for n in range(10)],
        )
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--dose", "x_gy"),
            *("--out", tmp_path / "out"),
        )
        assert "no TCP50: the curve rises through one half at no dose" in result.stderr
        assert "it came with lower doses here" in result.stderr

    def test_the_grade_that_counts_is_said(self, tmp_path):
        doses = write(
            tmp_path / "d.csv", ["case_id", "x_gy"], [(f"c{n}", n) for n in range(6)]
        )
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "worst_grade"],
            [(f"c{n}", n % 4) for n in range(6)],
        )
        result = run(
            *(doses, "--outcomes", outcomes, "--toxicity", "worst_grade"),
            *("--liver-dose", "x_gy", "--toxic-from", "1", "--out", tmp_path / "out"),
        )
        assert "toxicity (worst_grade, grade 1 and above) by patient" in result.stderr
        rows = [one for one in rows_of(tmp_path / "out") if one["part"] == "toxicity"]
        assert {one["outcome"] for one in rows} == {"worst_grade, grade 1 and above"}
        # Yes or no has no grade.
        mixed = write(
            tmp_path / "m.csv",
            ["case_id", "worst_grade", "died"],
            [(f"c{n}", n % 4, "yes" if n == 4 else "no") for n in range(6)],
        )
        result = run(
            *(doses, "--outcomes", mixed, "--toxicity", "worst_grade"),
            *(
                "--toxicity",
                "died",
                "--liver-dose",
                "x_gy",
                "--out",
                tmp_path / "mixed",
            ),
        )
        said = "toxicity (died, or worst_grade of grade 3 and above) by patient"
        assert said in " ".join(result.stderr.split())

    def test_a_level_that_nobody_has_is_left_out(self, tmp_path):
        extra = {
            "site": ["a", "a", "b", "b", "b", "c", "c", "b", "c", "b"],
            "age": ["", "", 50, 61, 47, 66, 58, 52, 49, 70],
        }
        result = survival_of(
            *(tmp_path, range(1, 11), [1, 1, 1, 0, 1, 1, 1, 1, 0, 1]),
            *("--covariate", "site", "--covariate", "age"),
            extra=extra,
        )
        assert result.exit_code == 0
        both = document_of(tmp_path)["survival"]["cox"]["multivariable"]
        assert [one["name"] for one in both["ratios"]] == ["site: c (against b)", "age"]

    def test_no_dose_is_so_high(self, small, tmp_path):
        doses, outcomes = small
        doses.write_text("case_id,tumor_gy\nc1,1e300\nc2,10\n", "utf-8")
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--out", tmp_path / "out"),
        )
        assert result.exit_code == 3
        assert "line 2, column tumor_gy is 1e+300 Gy" in result.stderr


def batch_of(folder, doses):
    """A batch's folder with the tumor dose of each case, None where it failed."""
    folder.mkdir()
    rows = []
    for case, dose in doses.items():
        line = dict.fromkeys(CASE_COLUMNS, "") | {"case_id": case, "state": "failed"}
        if dose is not None:
            line |= {"state": "done", "tumors_mean_gy": dose, "normal_whole_mean_gy": 9}
        rows.append([line[name] for name in CASE_COLUMNS])
    write(folder / "cases.csv", CASE_COLUMNS, rows)
    first = ["c1", *("" for _ in COLUMNS)]
    write(folder / "summary.csv", ["case_id", *COLUMNS], [first])
    return folder


class TestPopulation:
    """Who an analysis is of: a case without a dose is of none."""

    @pytest.mark.parametrize("as_folder", [True, False])
    def test_a_case_that_failed_in_its_batch_is_no_patient(self, tmp_path, as_folder):
        # c6 and c7 failed; both lived long, so that they would move the median.
        doses = {f"c{n}": 10 * n for n in range(1, 6)} | {"c6": None, "c7": None}
        # One without an outcome has no dose either, and is not counted as having one.
        doses |= {"c8": None}
        folder = batch_of(tmp_path / "batch", doses)
        months = {"c1": 2, "c2": 4, "c3": 6, "c4": 8, "c5": 10, "c6": 30, "c7": 40}
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "response", "os_months", "dead", "lobes"],
            [
                (
                    c,
                    "PR" if c in ("c3", "c5", "c6") else "SD",
                    m,
                    1,
                    "one" if m > 6 else "two",
                )
                for c, m in months.items()
            ],
        )
        out = tmp_path / "out"
        document = analyzed(
            *(out, folder if as_folder else folder / "cases.csv"),
            *("--outcomes", outcomes, "--response", "response", "--time", "os_months"),
            *("--event", "dead", "--threshold", "25Gy", "--covariate", "lobes"),
        )
        survival = document["survival"]
        # Of 2, 4, 6, 8, 10 months half are left until 6; with 30 and 40 until 8.
        assert survival["overall"]["median"]["time"] == 6
        assert (survival["n"], survival["without_dose"], survival["missing"]) == (
            5,
            2,
            0,
        )
        for group in survival["groups"]:
            assert (group["n"], group["missing"]) == (5, 0), group["by"]
        assert {one["n"] for one in survival["cox"]["univariable"]} == {5}
        endpoint = document["endpoints"][0]
        assert (endpoint["n"], endpoint["covariates"][0]["n"]) == (5, 5)
        assert endpoint["covariates"][0]["counts"]["yes"] == {"one": 1, "two": 1}
        join = document["join"]["patient"]
        assert (join["joined"], join["patients"]) == (5, 5)
        assert join["doses_without_outcome"] == 0
        page = (out / "cohort.html").read_text("utf-8")
        assert "has no dose: failed in its batch" in page
        assert "2 failed in the batch" in page
        assert "cohort of 5 patients" in page

    def test_a_case_that_failed_and_has_a_dose_elsewhere_has_one(self, tmp_path):
        doses = {f"c{n}": 10 * n for n in range(1, 6)} | {"c6": None}
        folder = batch_of(tmp_path / "batch", doses)
        by_hand = write(tmp_path / "more.csv", ["case_id", "own_gy"], [("c6", 60)])
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "os_months", "dead"],
            [(f"c{n}", n, 1) for n in range(1, 7)],
        )
        document = analyzed(
            *(tmp_path / "out", folder, by_hand, "--outcomes", outcomes),
            *("--time", "os_months", "--event", "dead"),
        )
        assert document["survival"]["n"] == 6
        assert document["join"]["patient"]["without_dose"] == []

    def test_a_line_without_any_dose_is_no_patient_of_survival(self, small, tmp_path):
        doses, outcomes = small
        doses.write_text("case_id,tumor_gy\nc1,10\nc2,20\nc3,30\nc4,40\nc5,\nc6,\n")
        document = analyzed(
            *(tmp_path / "out", doses, "--outcomes", outcomes),
            *("--time", "os_months", "--event", "dead"),
        )
        # 3+, 5+ and 8 months with deaths at 3, 5, 8: 3/4, 1/2.
        survival = document["survival"]
        assert (survival["n"], survival["without_dose"]) == (4, 2)
        assert survival["overall"]["median"]["time"] == 5

    def test_a_sparse_endpoint_is_not_compared_and_the_rest_goes_on(
        self, small, tmp_path
    ):
        doses, outcomes = small
        text = outcomes.read_text("utf-8").splitlines()
        grades = ["worst_grade", *("0" for _ in range(5)), "3"]
        outcomes.write_text(
            "\n".join(f"{a},{b}" for a, b in zip(text, grades, strict=True)), "utf-8"
        )
        out = tmp_path / "out"
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--toxicity", "worst_grade", "--liver-dose", "tumor_gy"),
            *("--time", "os_months", "--event", "dead", "--out", out),
        )
        assert result.exit_code == 0, result.stderr
        document = json.loads((out / "cohort.json").read_text("utf-8"))
        response, toxicity = document["endpoints"]
        assert (response["failed"], response["roc"]["auc"]) == (None, 1)
        assert (toxicity["n"], toxicity["events"], toxicity["roc"]) == (6, 1, None)
        assert document["survival"]["overall"]["median"]["time"] == 8
        said = (
            "not compared: patients with a dose in 'tumor_gy' and 'yes' in "
            "'worst_grade': only 1, but at least 2"
        )
        assert said in result.stderr
        page = (out / "cohort.html").read_text("utf-8")
        assert "ot compared: patients with a dose" in page
        counted, compared = (one for one in rows_of(out) if one["part"] == "toxicity")
        assert (counted["value"], counted["n"]) == ("1", "6")
        assert compared["method"] == f"{said} are needed in each group"

    def test_survival_without_times_leaves_the_response(self, small, tmp_path):
        doses, outcomes = small
        lines = outcomes.read_text("utf-8").splitlines()
        rows = [one.split(",")[:2] for one in lines[1:]]
        write(
            outcomes,
            ["case_id", "response", "os_months", "dead"],
            [(*one, "", "") for one in rows],
        )
        out = tmp_path / "out"
        asked = ("--time", "os_months", "--event", "dead", "--covariate", "os_months")
        document = analyzed(
            *(out, doses, "--outcomes", outcomes, "--response", "response", *asked)
        )
        assert document["survival"]["failed"].startswith("no patient with a dose has")
        assert document["endpoints"][0]["roc"]["auc"] == 1
        covariate = document["endpoints"][0]["covariates"][0]
        assert covariate["failed"] == "'os_months' is empty for every patient"
        # Alone, there is nothing to say.
        alone = run(doses, "--outcomes", outcomes, *asked, "--out", tmp_path / "none")
        assert (alone.exit_code, (tmp_path / "none").exists()) == (3, False)

    def test_lines_without_a_partner_are_named_with_the_nearest(self, small, tmp_path):
        doses, outcomes = small
        text = outcomes.read_text("utf-8").replace("c2,", "C-02,")
        outcomes.write_text(text + "somebody,PR,3,1\n", "utf-8")
        out = tmp_path / "out"
        result = run(
            *(doses, "--outcomes", outcomes, "--time", "os_months", "--event", "dead"),
            *("--out", out),
        )
        assert result.exit_code == 0
        said = "'C-02' has an outcome but no dose: did you mean c2?"
        assert f"outcomes.csv, line 3: {said}" in result.stderr
        # The same slip is told once; cohort.json has both lines.
        assert "'c2' has a dose" not in result.stderr
        both = document_of(tmp_path)["join"]["patient"]["without_partner"]
        assert [(one["case_id"], one["nearest"]) for one in both] == [
            ("c2", "C-02"), ("C-02", "c2"), ("somebody", None),
        ]  # fmt: skip
        assert "'somebody' has an outcome but no dose\n" in result.stderr
        assert "did you mean c2?" in (out / "cohort.html").read_text("utf-8")

    def test_a_lesion_is_named_within_its_case(self, tmp_path):
        rows = [("p", f"T{n}", 10 * n) for n in range(1, 7)]
        doses = write(tmp_path / "d.csv", ["case_id", "lesion", "mean_gy"], rows)
        outcomes = write(
            tmp_path / "o.csv",
            ["case_id", "lesion", "response"],
            [
                ("p", "t-3" if n == 3 else f"T{n}", "PR" if n in (2, 4, 6) else "SD")
                for n in range(1, 7)
            ],
        )
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--out", tmp_path / "out"),
        )
        assert "'p', lesion 't-3', has an outcome but no dose: did you mean T3?" in (
            result.stderr
        )

    def test_nothing_in_common_names_what_may_be_meant(self, small, tmp_path):
        doses, outcomes = small
        text = outcomes.read_text("utf-8").replace("\nc", "\nC0")
        outcomes.write_text(text, "utf-8")
        result = run(
            *(doses, "--outcomes", outcomes, "--response", "response"),
            *("--out", tmp_path / "out"),
        )
        assert result.exit_code == 3
        assert "did you mean C01?" in result.stderr

    def test_lesions_without_a_partner_leave_the_patients(self, small, tmp_path):
        doses, outcomes = small
        by_lesion = write(
            tmp_path / "dl.csv", ["case_id", "lesion", "mean_gy"], [("c1", "T1", 50)]
        )
        lesions = write(
            tmp_path / "ol.csv", ["case_id", "lesion", "response"], [("c1", "A", "PR")]
        )
        document = analyzed(
            *(tmp_path / "out", doses, by_lesion, "--outcomes", outcomes),
            *("--outcomes", lesions, "--response", "response"),
        )
        by_name = {one["level"]: one for one in document["endpoints"]}
        assert by_name["patient"]["roc"]["auc"] == 1
        assert by_name["lesion"]["failed"].startswith("lesions with a dose")


@pytest.mark.parametrize(
    ("columns", "asked", "option", "column"),
    [
        (["tumor_gy"], "--toxicity", "--liver-dose", None),
        (["dose_gy"], "--toxicity", "--liver-dose", None),
        (["lungs_gy"], "--toxicity", "--liver-dose", None),
        (["liver_gy"], "--response", "--dose", None),
        (["dose_gy"], "--response", "--dose", None),
        (["tumor_mean_gy", "tumor_d70_gy"], "--response", "--dose", None),
        (["non_tumor_gy"], "--response", "--dose", None),
        (["tumor_bed_gy"], "--response", "--dose", None),
        (["ptv_gy"], "--response", "--dose", None),
        (["peritumoral_gy"], "--response", "--dose", None),
        (["liver_bed_gy"], "--toxicity", "--liver-dose", None),
        (["tumor_and_normal_gy"], "--toxicity", "--liver-dose", None),
        (["tumor_gy", "non_tumor_gy"], "--response", "--dose", "tumor_gy"),
        (["tumor_gy", "non_tumor_gy"], "--toxicity", "--liver-dose", "non_tumor_gy"),
        (["gtvp_mean_gy", "lung_gy"], "--response", "--dose", "gtvp_mean_gy"),
        (["tumor_gy", "liver_gy"], "--response", "--dose", "tumor_gy"),
        (["tumor_gy", "liver_gy"], "--toxicity", "--liver-dose", "liver_gy"),
        (["tumor_gy", "normal_whole_mean_gy"], "--toxicity", "--liver-dose",
         "normal_whole_mean_gy"),
    ],
)  # fmt: skip
def test_no_column_s_role_is_guessed(tmp_path, columns, asked, option, column):
    doses = write(
        tmp_path / "d.csv",
        ["case_id", *columns],
        [(f"c{n}", *(n for _ in columns)) for n in range(6)],
    )
    outcomes = write(
        tmp_path / "o.csv", ["case_id", "had"], [(f"c{n}", n % 2) for n in range(6)]
    )
    given = (doses, "--outcomes", outcomes, asked, "had")
    result = run(*given, "--out", tmp_path / "out")
    if column is None:
        assert result.exit_code == 3
        advised = f"name it with {option}, such as {option} {columns[0]}"
        other = columns[0] not in ("dose_gy", "tumor_mean_gy")
        # Another's dose is never an example.
        assert (advised in result.stderr) is not other
        assert (f"the one that holds it with {option}" in result.stderr) is other
        # What it says to type works.
        again = run(*given, option, columns[0], "--out", tmp_path / "out")
        assert again.exit_code == 0
        column = columns[0]
    document = json.loads((tmp_path / "out" / "cohort.json").read_text("utf-8"))
    assert document["endpoints"][0]["dose_column"] == column


def test_where_nobody_is_left_the_page_draws_no_end(tmp_path):
    assert survival_of(tmp_path, [1, 2, 3, 4, 5], [1] * 5).exit_code == 0
    document = document_of(tmp_path)
    overall = document["survival"]["overall"]
    # R: 3, log-log 1 to NA, log 2 to NA, plain 1 to NA; the band ends with NA.
    assert [(one["low"], one["high"]) for one in overall["medians"]] == [
        (1, None), (2, None), (1, None),
    ]  # fmt: skip
    assert (overall["low"][-1], overall["high"][-1]) == (None, None)
    page = (tmp_path / "out" / "cohort.html").read_text("utf-8")
    assert '<td class="num">1.000 to not reached</td>' in page
    assert "1.000 to 5.000" not in page
    shown = [one for one in rows_of(tmp_path / "out") if one["quantity"] == "median"]
    assert [one["high"] for one in shown] == ["", "", ""]


def test_the_band_is_drawn_to_where_nobody_is_left():
    from sirtdose.report.cohort.figures import survival_figure

    curve = {
        "n": 2, "times": [0, 1, 2], "survival": [1, 0.5, 0], "low": [1, 0.006, None],
        "high": [1, 0.91, None], "censored": [], "risk_times": [0, 1, 2],
        "at_risk": [2, 2, 1],
    }  # fmt: skip
    (band,) = survival_figure({"all": curve}, "months").axes[0].collections
    corners = {tuple(one) for one in band.get_paths()[0].vertices}
    # Until 2 the ends are those from 1 on: nothing falls to 0.
    assert {(2, 0.006), (2, 0.91)} <= corners
    assert not {one for one in corners if one[1] == 0}


def test_the_page_has_its_results_in_tables(simulated):
    """Test, n, estimate, interval and p, as cohort.json holds them; a first table."""
    out, _ = simulated
    page = (out / "cohort.html").read_text("utf-8")
    document = json.loads((out / "cohort.json").read_text("utf-8"))
    assert "Table 2. Patients with response and without" in page
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page, re.S)
    cells = {
        row.split("</th>")[0]: re.sub("<[^>]*>|\n", "|", row.split("</th>")[1])
        for row in rows
    }
    first = document["endpoints"][0]
    area = cells["Area under the ROC curve"]
    last = document["endpoints"][-1]["roc"]
    assert f"{last['auc']:.3f}" in area
    low, high = (last[f"auc_{end}"] for end in ("low", "high"))
    assert f"{low:.3f} to {high:.3f}" in area
    dose = cells["Tumor mean, Gy, median (IQR)"]
    assert f"{first['groups']['yes']['median']:.0f} (" in dose
    [cox] = [one for name, one in cells.items() if "ast_u_per_l (Cox)" in name]
    assert "1.03" in cox
    assert "&lt; 0.001" in cox
    # No result stands in a sentence of its own any more.
    assert "Youden threshold" not in page
    assert '"os_months"' not in page


@pytest.mark.parametrize(("second", "codes"), [("declared", []), ("absolute", ["H26"])])
def test_doses_of_two_scales(tmp_path, second, codes):
    header = ["case_id", "tumors_mean_gy", "scale"]
    rows = [(f"p{n}", 100 + 10 * n, "declared" if n % 2 else second) for n in range(12)]
    doses = write(tmp_path / "d.csv", header, rows)
    responses = [
        (f"p{n}", "CR" if n in (2, 5, 7, 8, 10, 11) else "PD") for n in range(12)
    ]
    outcomes = write(tmp_path / "o.csv", ["case_id", "response"], responses)
    document = analyzed(
        *(tmp_path / "out", doses, "--outcomes", outcomes),
        *("--response", "response", "--dose", "tumors_mean_gy"),
    )
    assert [one["code"] for one in document["warnings"]] == codes
