"""A study's results in one command, on twelve patients counted by hand."""

import csv
import json
import re
from importlib.resources import files

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from sirtdose.cli.main import main
from sirtdose.errors import InputError
from sirtdose.outcomes.proportional_hazards import cox
from sirtdose.outcomes.survival import log_rank

HEADER = (
    "case_id,workup_date,death_date,last_seen,best_response,bilirubin_grade,ast_grade,"
    "ascites_intervention,lobes,center,ecog,age"
)
ROWS = """\
p01,2024-01-01,2025-01-01,,PR,0,1,no,both,A,0,50
p02,2024-01-01,2024-04-10,2024-04-01,SD,3,0,no,both,A,1,60
p03,2024-01-01,,2024-07-19,PR,1,1,no,one,A,0,55
p04,2024-01-01,2024-10-27,,CR,0,4,no,one,A,2,45
p05,2024-01-01,2025-02-04,2025-02-04,PR,0,0,no,one,A,0,70
p06,2024-01-01,,2025-05-15,CR,1,2,no,both,A,1,65
p07,2024-01-01,2024-05-30,,PD,2,1,yes,both,B,2,52
p08,2024-01-01,2024-09-07,,SD,0,1,,both,B,1,58
p09,2024-01-01,2024-12-16,,PR,0,0,no,one,B,0,48
p10,2024-01-01,,2025-03-26,PR,1,1,no,one,B,0,62
p11,2024-01-01,2024-03-01,,NE,3,3,yes,both,B,2,66
p12,2024-01-01,2024-02-01,,PD,0,0,no,both,B,1,
"""
# From work-up to the end, by hand.
DAYS = (366, 100, 200, 300, 400, 500, 150, 250, 350, 450, 60, 31)
DIED = (1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1)
DATES = ("--from", "workup_date", "--to", "death_date|last_seen")
TOXIC = ("bilirubin_grade", "ast_grade", "ascites_intervention")
ASKED = (
    *("--response", "best_response", *DATES, "--describe", "age"),
    *(word for one in TOXIC for word in ("--toxicity", one)),
    *("--by", "best_response", "--by", "ast_grade", "--by", "lobes"),
    *("--covariate", "ecog", "--covariate", "lobes", "--stratum", "center"),
    *("--interval", "spss", "--paragraph"),
)
EMPTY = ("", "n/a")


def run(folder, *arguments, rows=ROWS, header=HEADER):
    table = folder / "patients.csv"
    table.write_text(f"{header}\n{rows}", "utf-8")
    words = ["cohort", "--outcomes", str(table), *map(str, arguments)]
    return CliRunner().invoke(main, [*words, "--out", str(folder / "out")])


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    result = run(folder, *ASKED)
    assert result.exit_code == 0, result.output
    return folder / "out", json.loads((folder / "out/cohort.json").read_text("utf-8"))


def table_of(out, number):
    with (out / f"table_{number}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _sizes(group):
    return {name: one["n"] for name, one in group["curves"].items()}


class TestByHand:
    def test_months_between_dates(self, study):
        _, document = study
        survival = document["survival"]
        assert survival["days_per_month"] == 30.4375
        assert (survival["n"], survival["events"], survival["unit"]) == (
            12,
            9,
            "months",
        )
        ends = sorted(
            day / 30.4375 for day, died in zip(DAYS, DIED, strict=True) if died
        )
        assert survival["overall"]["times"][1:10] == pytest.approx(ends)
        censored = [day / 30.4375 for day in (200, 450, 500)]
        assert survival["overall"]["censored"] == pytest.approx(censored)

    def test_hepatotoxicity_counts_ascites(self, study):
        _, document = study
        toxicity = document["endpoints"][1]
        # p02 bilirubin, p04 AST, p07 ascites alone, p11 all three; of p08 without any
        # it is not known whether ascites needed intervention.
        assert (toxicity["events"], toxicity["n"]) == (4, 11)
        assert toxicity["missing"] == {"outcome": 1, "dose": 0}
        parts = {one["column"]: (one["events"], one["n"]) for one in toxicity["parts"]}
        assert parts == {
            "bilirubin_grade": (2, 11), "ast_grade": (2, 11),
            "ascites_intervention": (2, 11),
        }  # fmt: skip

    def test_who_the_patients_are(self, study):
        out, document = study
        own = {one["column"]: one for one in document["characteristics"]["columns"]}
        # 45 48 50 52 55 58 60 62 65 66 70: the sixth; between 3 and 4, 8 and 9.
        spread = own["age"]["spread"]
        assert (spread["median"], spread["q1"], spread["q3"]) == (58, 51, 63.5)
        assert (own["age"]["n"], own["age"]["missing"]) == (11, 1)
        assert own["lobes"]["counts"] == {"both": 7, "one": 5}
        rows = {row["Characteristic"]: row["All, n = 12"] for row in table_of(out, 1)}
        assert rows["Age, median (IQR)"] == "58.0 (51.0 to 63.5)"
        assert rows["Lobes: one, n (%)"] == "5 (41.7)"
        assert rows["Patients, n"] == "12"

    def test_response_without_doses(self, study):
        _, document = study
        response = document["endpoints"][0]
        assert (response["events"], response["n"]) == (7, 11)
        assert response["dose_column"] is None
        assert response["roc"] is None
        lobes = next(o for o in response["covariates"] if o["column"] == "lobes")
        assert lobes["counts"] == {
            "yes": {"both": 2, "one": 5}, "no": {"both": 4, "one": 0},
        }  # fmt: skip
        # C(7,2) of C(11,6) = 462 ways, and C(7,6) at the other end.
        assert lobes["test"]["p"] == pytest.approx((21 + 7) / 462)

    def test_survival_by_response_and_by_hepatotoxicity(self, study):
        _, document = study
        by = {one["by"]: one for one in document["survival"]["groups"]}
        toxicity = " or ".join(TOXIC)
        assert list(by) == ["best_response", toxicity, "lobes"]
        assert _sizes(by["best_response"]) == {"response": 7, "no response": 4}
        # Named by any of its columns, the toxicity of all of them.
        assert _sizes(by[toxicity]) == {"toxicity": 4, "no toxicity": 7}
        # Deaths without response at 31, 100, 150, 250 days: half are left after 100.
        without = by["best_response"]["curves"]["no response"]["median"]
        assert without["time"] == pytest.approx(100 / 30.4375)
        assert without["method"] == "spss"

    def test_strata_are_centers(self, study):
        _, document = study
        months = [day / 30.4375 for day in DAYS]
        lobes = ["both" if n in (0, 1, 5, 6, 7, 10, 11) else "one" for n in range(12)]
        centers = list("AAAAAABBBBBB")
        test = log_rank(months, DIED, lobes, strata=centers)
        group = document["survival"]["groups"][2]
        found = group["stratified"]["log_rank"]
        assert found["chi_squared"] == pytest.approx(test.chi_squared)
        assert found["strata"] == 2
        assert found["chi_squared"] != pytest.approx(group["log_rank"]["chi_squared"])
        one = {"one": [float(word == "one") for word in lobes]}
        model = document["survival"]["cox"]["univariable"][1]
        expected = cox(months, DIED, one, strata=centers)
        assert model["strata"] == 2
        assert model["ratios"][0]["ratio"] == pytest.approx(expected.ratios[0].ratio)

    def test_the_document_holds(self, study):
        _, document = study
        path = files("sirtdose.data").joinpath("schemas/cohort.schema.json")
        Draft202012Validator(json.loads(path.read_text("utf-8"))).validate(document)


class TestParagraph:
    def test_every_number_is_a_cell_of_its_table(self, study):
        out, _ = study
        page = (out / "paragraph.html").read_text("utf-8")
        text = page.partition("<p>Analyzed with")[0].partition("<body")[2]
        links = re.findall(r'<a href="#(t\d+-\d+-\w+)">(.*?)</a>', text)
        cells = dict(re.findall(r'<td id="(t\d+-\d+-\S+)" style[^>]*>(.*?)</td>', page))
        assert len(links) > 40
        for anchor, number in links:
            assert number == cells[anchor]
        # What is not linked has no number but the level of intervals, and names.
        rest = re.sub(r"<a .*?</a>|95 % CI|grade 3 and above|50em", "", text)
        assert not re.search(r"\d", rest), rest
        with (out / "paragraph.csv").open(encoding="utf-8", newline="") as stream:
            listed = list(csv.DictReader(stream))
        assert len(listed) == len(links)
        for one in listed:
            rows = {
                own[next(iter(own))]: own for own in table_of(out, int(one["table"]))
            }
            assert rows[one["row"]][one["column"]] == one["number"]

    def test_it_says_what_was_counted(self, study):
        out, _ = study
        text = (out / "paragraph.txt").read_text("utf-8")
        assert "12 patients were analyzed (Table 1)." in text
        assert "Response (best_response) was seen in 7 of 11 (63.6 %) patients" in text
        assert (
            "was seen in 4 of 11 (36.4 %) patients; Bilirubin grade in 2 of 11" in text
        )
        assert "Ascites intervention in 2 of 11 (18.2 %)" in text
        assert "divided by 30.4375 (workup_date to death_date or last_seen)" in text
        assert "SPSS" in text
        assert "stratified by center" in text
        assert "No doses were given" in text
        page = (out / "cohort.html").read_text("utf-8")
        assert "patients: 12 with a line of outcomes; no doses were given" in page
        # 9 deaths of 12, as Table 4 has it.
        assert "with 9 events in 12 patients" in text
        assert "SIMULATED" not in text

    def test_the_page_links_to_its_own_tables(self, study):
        out, _ = study
        page = (out / "cohort.html").read_text("utf-8")
        targets = set(re.findall(r'href="#(t\d+-\d+-\w+)"', page))
        assert len(targets) > 30
        assert targets == set(re.findall(r' id="(t\d+-\d+-\w+)"', page))

    def test_tables_are_to_be_pasted(self, study):
        out, _ = study
        page = (out / "table_2.html").read_text("utf-8")
        assert page.count("<table") == 1
        assert "<style" not in page
        assert "<script" not in page
        # 5 tables: patients, two of outcomes, survival, its medians.
        assert (out / "table_5.html").exists()
        assert not (out / "table_6.html").exists()

    def test_a_simulated_cohort_says_so_in_each(self, tmp_path):
        marked = ROWS.replace("\n", ",yes\n")
        asked = ("--response", "best_response", "--paragraph")
        result = run(tmp_path, *asked, rows=marked, header=f"{HEADER},simulated")
        assert result.exit_code == 0, result.output
        out = tmp_path / "out"
        for name in ("paragraph.txt", "paragraph.html", "table_1.html", "cohort.html"):
            assert "SIMULATED" in (out / name).read_text("utf-8")
        assert {one["simulated"] for one in table_of(out, 1)} == {"yes"}
        # A second run without the text leaves none of the first.
        again = run(tmp_path, *asked[:2], "--force")
        assert again.exit_code == 0
        assert {one.name for one in out.iterdir() if one.is_file()} == {
            "cohort.json", "cohort.html", "tables.csv",
        }  # fmt: skip


def _changed(old, new):
    assert old in ROWS
    return ROWS.replace(old, new)


@pytest.mark.parametrize(
    ("arguments", "rows", "said"),
    [
        # Dates out of order, by line and column.
        (DATES, _changed("2024-04-10,2024-04-01", "2023-12-30,"),
         "patients.csv, line 3, column death_date is 2023-12-30, before workup_date, "
         "2024-01-01"),
        (DATES, _changed("p03,2024-01-01,,2024-07-19", "p03,2024-01-01,,2023-07-19"),
         "line 4, column last_seen is 2023-07-19, before workup_date"),
        (DATES, _changed("2024-04-10,2024-04-01", "2024-04-10,2024-05-01"),
         "line 3, column death_date is 2024-04-10, before last_seen, 2024-05-01"),
        (DATES, _changed("2024-07-19", "19.7.2024"),
         "line 4, column last_seen: '19.7.2024' is not a date"),
        ((*DATES, "--event", "ascites_intervention"), ROWS,
         "line 2, column ascites_intervention says that the event was not seen, but "
         "death_date is 2025-01-01"),
        # Half of what is needed.
        (DATES[:2], ROWS, "needs both --from and --to"),
        (("--from", "workup_date", "--to", "last_seen"), ROWS, "give --event"),
        ((*DATES, "--time", "os_months"), ROWS, "either --time or --from and --to"),
        (("--from", "workup_date", "--to", "a|b|c"), ROWS, "one column, or two"),
        (("--response", "best_response", "--stratum", "center"), ROWS,
         "--stratum has no effect without --time, or --from and --to"),
        # Columns that are not there, hold numbers, or say the same twice.
        ((*DATES, "--by", "arm"), ROWS, "the column 'arm' given for --by: the columns"),
        ((*DATES, "--by", "lobes", "--stratum", "arm"), ROWS, "given for --stratum"),
        ((*DATES, "--by", "age"), ROWS, "'age' contains numbers, but --by needs"),
        ((*DATES, "--by", "lobes", "--stratum", "lobes"), ROWS, "given for --by too"),
        ((*DATES, "--by", "lobes", "--stratum", "center"), ROWS.replace(",B,", ",A,"),
         "--stratum center divides nothing"),
        ((*DATES, "--describe", "weight"), ROWS, "has a column 'weight'"),
        (("--toxicity", "alt_grade"), ROWS, "'alt_grade' given for --toxicity"),
        # A group of one patient; nobody died.
        ((*DATES, "--by", "center"), _changed("both,B,1,\n", "both,C,1,\n"),
         "line 13, column center: 'C' is a group of one patient with a time"),
        (DATES, re.sub("(p..,2024-01-01),[^,]*,[^,]*", r"\1,,2025-06-01", ROWS),
         "column 'death_date' has no event among 12 patients with a time"),
        # A dose that no table has.
        (("--response", "best_response", "--threshold", "80Gy"), ROWS,
         "which column holds the tumor dose by patient?"),
    ],
)  # fmt: skip
def test_what_is_missing_is_refused(tmp_path, arguments, rows, said):
    result = run(tmp_path, *arguments, rows=rows)
    assert result.exit_code == 3, result.output
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_one_date_and_its_event(tmp_path):
    header = "case_id,workup_date,end,dead,os_months"
    rows = "".join(
        f"q{n},2024-01-01,{end},{n % 2},{months}\n"
        for n, (end, months) in enumerate(
            (("2024-01-31", 1), ("2024-03-01", 2), ("2024-03-31", 3), ("2024-04-30", 4))
        )
    )
    asked = ("--from", "workup_date", "--to", "end", "--event", "dead")
    result = run(tmp_path, *asked, rows=rows, header=header)
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "out/cohort.json").read_text("utf-8"))
    survival = document["survival"]
    # 60 and 120 days: deaths; 30 and 90: censored.
    assert survival["overall"]["times"][1:] == pytest.approx(
        [60 / 30.4375, 120 / 30.4375]
    )
    assert (survival["events"], survival["event"]) == (2, "dead")
    assert document["characteristics"]["columns"] == []


def test_a_dose_in_the_table_of_outcomes(tmp_path):
    header, rows = (
        "case_id,response,tumor_gy",
        "".join(f"q{n},{'PR' if n > 3 else 'SD'},{10 * n}\n" for n in range(1, 7)),
    )
    asked = ("--response", "response", "--dose", "tumor_gy")
    result = run(tmp_path, *asked, rows=rows, header=header)
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "out/cohort.json").read_text("utf-8"))
    assert document["endpoints"][0]["roc"]["cutoff"]["midpoint"] == 35


def test_columns_as_one_word_are_refused_in_python(tmp_path):
    from sirtdose import CohortRequest, InputError

    with pytest.raises(InputError, match=r"give a tuple of columns, \('lobes',\)"):
        CohortRequest((), (tmp_path / "a.csv",), by="lobes")


def test_groups_that_share_no_stratum_cannot_be_compared() -> None:
    times = [1.0, 2, 3, 4, 5, 6, 7, 8]
    groups, centers = list("abababcd"), list("AAAAAABB")
    with pytest.raises(InputError, match="a, b and c, d share no stratum"):
        log_rank(times, [True] * 8, groups, strata=centers)
    # One of c in the first center connects them.
    joined = log_rank(times, [True] * 8, list("abcbabcd"), strata=centers)
    assert 0 < joined.p < 1
