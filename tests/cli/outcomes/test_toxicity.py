"""`sirtdose toxicity`: tables of values to grades, by hand, and refusals."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
FILES = {"toxicity.json", "grades.csv", "worst.csv", "liver.csv", "patients.csv"}
COLUMNS = (
    *("uln", "lln", "baseline", "treated", "grade", "anticoagulated", "baseline_uln"),
)
HEADER = f"case_id,date,term,value,unit,{','.join(COLUMNS)}\n"
CTCAE = ("--ctcae", "5.0")


def line(
    term: str,
    value: object = "",
    unit: str = "",
    *,
    case: str = "p1",
    day: str = "2026-04-01",
    **more: object,
) -> str:
    cells = [case, day, term, value, unit]
    cells += [more.get(column, "") for column in COLUMNS]
    return ",".join(str(cell) for cell in cells) + "\n"


def toxicity(run: Run, tmp_path: Path, *lines: str, words: tuple = ()) -> Any:
    path = tmp_path / "labs.csv"
    path.write_text(HEADER + "".join(lines), "utf-8")
    result = run("toxicity", path, *CTCAE, *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def grade(run: Run, tmp_path: Path, *lines: str) -> Any:
    return toxicity(run, tmp_path, *lines)["cases"][0]["grades"][-1]["grade"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


# Day 30 is 2026-04-01. SGPT 121 of 40 is 3.025 times: grade 2. 3.7 of 1.2 mg/dL is
# 3.08 times: grade 3.
CASE = (
    line("bilirubin", 0.9, "mg/dL", day="2026-02-20", uln=1.2, treated="2026-03-02"),
    line("albumin", 4.0, "g/dL", day="2026-02-20", lln=3.5),
    line("SGPT", 121, "U/L", uln=40),
    line("AST", 36, "U/L", uln=40),
    line("bilirubin", 3.7, "mg/dL", uln=1.2),
    line("albumin", 33, "g/L", lln=35),
    line("INR", 1.2),
    line("ascites-child-pugh", "none"),
    line("encephalopathy-child-pugh", "none"),
    line("fatigue", grade=2),
    line("ALT", 39, "U/L", case="p2", uln=40, treated="2026-03-02"),
    line("AST", 39, "U/L", case="p2"),
    line("bilirubin", 10, "umol/L", case="p2", uln=20),
)


def test_a_table_by_hand(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = toxicity(run, tmp_path, *CASE, words=("--out", out))
    assert {one.name for one in out.iterdir()} == FILES
    assert found == json.loads((out / "toxicity.json").read_text("utf-8"))
    assert (found["schema"], found["ctcae_version"]) == ("sirtdose.toxicity/1", "5.0")
    assert found["hepatotoxicity"]["verified"] is False
    first, second = rows(out / "patients.csv")
    assert first["hepatotoxicity_grade3"] == "yes"
    assert (first["worst_alt_grade"], first["worst_ast_grade"]) == ("2", "0")
    assert (first["worst_fatigue_grade"], first["worst_albumin_grade"]) == ("2", "1")
    # 0.9 mg/dL x 17.104.
    assert first["baseline_bilirubin_umol_per_l"] == "15.3936"
    assert first["baseline_albumin_g_per_l"] == "40"
    # 0.66 x log10(15.3936) - 0.085 x 40 = 0.7836 - 3.4.
    assert float(first["baseline_albi"]) == pytest.approx(-2.61636, abs=1e-5)
    assert first["baseline_albi_grade"] == "1"
    # AST has no upper limit: null, not 0, and so hepatotoxicity cannot be said.
    assert (second["hepatotoxicity_grade3"], second["worst_ast_grade"]) == ("", "")
    why = found["cases"][1]["together"]["hepatotoxicity_why"]
    assert why == "AST: 1 of 1 not gradable (needs the upper limit of normal)"
    worst = {one["term"]: one for one in rows(out / "worst.csv")[:6]}
    assert worst["bilirubin"]["window"] == "after treatment"
    assert (worst["bilirubin"]["worst_grade"], worst["bilirubin"]["values"]) == (
        "3",
        "1",
    )
    assert (worst["bilirubin"]["date"], worst["bilirubin"]["days"]) == (
        "2026-04-01",
        "30",
    )
    before, after = rows(out / "liver.csv")
    assert (before["days"], before["albi_grade"], before["child_pugh"]) == (
        "-10",
        "1",
        "",
    )
    # 63.3 umol/L is above 3 mg/dL: 3; 33 g/L: 2; INR 1.2, none, none: 1 each.
    assert (after["child_pugh"], after["child_pugh_points"]) == ("B", "8")
    assert (after["points_bilirubin"], after["points_albumin"]) == ("3", "2")
    assert (after["modified_albi_grade"], after["points_inr"]) == ("2b", "1")
    assert any("above 2.3 it has 3" in note for note in found["notes"])
    assert any(note.startswith("not verified, INR:") for note in found["notes"])


def test_the_summary(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "labs.csv"
    path.write_text(HEADER + "".join(CASE), "utf-8")
    result = run("toxicity", path, *CTCAE)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "CTCAE 5.0" in result.stderr
    assert "grade 3 or above: yes 1, no 0, unknown 1" in result.stderr
    assert "bilirubin 3, albumin 2, INR 1, ascites 1, encephalopathy 1" in result.stderr


def test_windows(run: Run, tmp_path: Path) -> None:
    values = [
        line("ALT", 100, "U/L", uln=40, day=day, treated=treated)
        for day, treated in (("2026-03-02", "2026-03-02"), ("2026-04-01", ""))
    ]
    values += [
        line("ALT", 201, "U/L", uln=40, day="2026-04-02"),
        line("ALT", 801, "U/L", uln=40, day="2026-06-01"),
        line("pain", day="2026-03-02", grade=1),
    ]
    words = ("--window", "0-30d", "--window", "31-90d", "--window", "91d-")
    found = toxicity(run, tmp_path, *values, words=words)["cases"][0]
    first, second, third = found["windows"]
    # Baseline 100 is abnormal: 200 is 2 x it (grade 1), 201 too, 801 above 5 x.
    assert [(one["term"], one["worst_grade"]) for one in first["worst"]] == [
        ("pain", 1),
        ("ALT", 0),
    ]
    assert [one["worst_grade"] for one in second["worst"]] == [1]
    # 2026-06-01 is day 91.
    assert [one["worst_grade"] for one in third["worst"]] == [3]
    assert found["together"]["window"] == "0-30d or 31-90d or 91d-"
    assert found["baselines"]["ALT"]["from"] == "value of 2026-03-02"


def test_without_a_day_of_treatment_all_values_count(run: Run, tmp_path: Path) -> None:
    found = toxicity(run, tmp_path, line("ALT", 121, "U/L", uln=40))
    assert found["cases"][0]["windows"][0]["window"] == "all values"
    assert found["cases"][0]["windows"][0]["worst"][0]["worst_grade"] == 2
    assert any("no day of treatment: all values" in one for one in found["notes"])
    path = tmp_path / "labs.csv"
    result = run("toxicity", path, *CTCAE, "--window", "0-30d")
    assert result.exit_code == 3
    assert (
        "labs.csv: case 'p1', like all others, has no day of treatment"
    ) in result.stderr


def test_a_case_without_a_day_of_treatment_leaves_the_others_their_windows(
    run: Run, tmp_path: Path
) -> None:
    labs = [
        line("ALT", 121, "U/L", uln=40, treated="2026-03-02"),
        line("ALT", 201, "U/L", uln=40, case="p2"),
    ]
    found = toxicity(run, tmp_path, *labs, words=("--window", "0-30d"))
    first, second = found["cases"]
    assert [one["worst_grade"] for one in first["windows"][0]["worst"]] == [2]
    assert second["windows"][0]["worst"] == []
    assert second["together"]["hepatotoxicity_grade3"] is None
    assert "no day of treatment" in second["together"]["hepatotoxicity_why"]
    assert second["grades"][0]["grade"] == 3
    assert any("nothing is known in any window: p2" in one for one in found["notes"])


# Bilirubin of 1.5 mg/dL at a limit of 1.2, then 4.6 where the limit is 1.6. By hand:
# 4.6 / 1.5 = 3.07, above 3 times an abnormal baseline; 4.6 / 1.6 = 2.9.
@pytest.mark.parametrize(
    ("before", "more", "expected", "borrowed"),
    [
        ({"uln": 1.2}, {}, 3, False),
        ({"uln": 1.2}, {"uln": ""}, 3, False),
        ({"uln": 1.6}, {}, 2, False),
        # The baseline's own laboratory is not known.
        ({}, {}, 2, True),
        (None, {"baseline": 1.5}, 2, True),
        (None, {"baseline": 1.5, "baseline_uln": 1.2}, 3, False),
        # Typed, and the value of a line that has its limit.
        ({"uln": 1.2}, {"baseline": 1.5}, 3, False),
        ({"uln": 1.2}, {"baseline": 1.4}, 2, True),
    ],
)
def test_a_baseline_has_the_limit_of_its_own_laboratory(
    run: Run,
    tmp_path: Path,
    before: Any,
    more: Any,
    expected: int,
    borrowed: bool,
) -> None:
    labs = []
    if before is not None:
        labs = [line("bilirubin", 1.5, "mg/dL", day="2026-02-20", **before)]
    own = {"treated": "2026-03-02", "uln": 1.6} | more
    labs.append(line("bilirubin", 4.6, "mg/dL", **own))
    found = toxicity(run, tmp_path, *labs)
    last = found["cases"][0]["grades"][-1]
    assert last["grade"] == expected, last
    assert ("no ULN of its own" in last["rule"]) is borrowed
    assert any("p1 (bilirubin)" in note for note in found["notes"]) is borrowed


def test_days_of_treatment_from_a_table(run: Run, tmp_path: Path) -> None:
    days = tmp_path / "days.csv"
    days.write_text("case_id,treated,age\np1,2026-03-02,54\np9,2026-01-01,60\n")
    labs = line("ALT", 121, "U/L", uln=40)
    found = toxicity(run, tmp_path, labs, words=("--treated", days))
    assert found["cases"][0]["treated"] == "2026-03-02"
    assert found["cases"][0]["grades"][0]["days"] == 30
    days.write_text("case_id,treated\np1,2026-03-02\np1,2026-03-09\n")
    result = run("toxicity", tmp_path / "labs.csv", *CTCAE, "--treated", days)
    assert result.exit_code == 3
    assert "days.csv, line 3, column case_id: 'p1' is already" in result.stderr
    days.write_text("case_id,treated\np1,2026-03-09\n")
    path = tmp_path / "labs.csv"
    labs = line("ALT", 121, "U/L", uln=40, treated="2026-03-02")
    path.write_text(HEADER + labs, "utf-8")
    result = run("toxicity", path, *CTCAE, "--treated", days)
    assert result.exit_code == 3
    assert (
        "days.csv, line 2, column treated is 2026-03-09, but case 'p1' was treated on "
        "2026-03-02 according to labs.csv, line 2" in result.stderr
    )


@pytest.mark.parametrize(
    ("value", "unit", "more", "expected"),
    [
        # 3 x ULN itself is grade 1.
        (120, "U/L", {"uln": 40}, 1),
        (120.4, "U/L", {"uln": 40}, 2),
        # 2 ukat/L are 120 U/L, 0.6667 are 40.
        (2.0, "ukat/L", {"uln": 0.66666667}, 1),
        (2.01, "ukat/L", {"uln": 0.66666667}, 2),
        # An abnormal baseline is what is multiplied: 241 is above 3 x 80.
        (240, "U/L", {"uln": 40, "baseline": 80}, 1),
        (241, "U/L", {"uln": 40, "baseline": 80}, 2),
        (121, "U/L", {}, None),
        (121, "", {"uln": 40}, None),
        ("", "U/L", {"uln": 40}, None),
        # The user's own grade, where there is no value.
        ("", "", {"grade": 3}, 3),
    ],
)
def test_alt(
    run: Run, tmp_path: Path, value: object, unit: str, more: Any, expected: int | None
) -> None:
    assert grade(run, tmp_path, line("ALT", value, unit, **more)) == expected


@pytest.mark.parametrize(
    ("term", "value", "unit", "more", "expected"),
    [
        ("thrombocytes", 75, "10^9/L", {"lln": 150}, 1),
        ("platelets", 74900, "/uL", {"lln": 150000}, 2),
        ("platelets", 75000, "/mm3", {"lln": 150000}, 1),
        ("Hb", 10, "g/dL", {"lln": 12}, 1),
        ("Hb", 9.9, "g/dL", {"lln": 12}, 2),
        # Printed bounds, not their conversion: 6.2 mmol/L are 99.9 g/L.
        ("Hb", 6.2, "mmol/l", {"lln": 7.5}, 1),
        ("Hb", 6.1, "mmol/L", {"lln": 7.5}, 2),
        # A transfusion is grade 3, whatever the value.
        ("Hb", 9.9, "g/dL", {"lln": 12, "grade": 3}, 3),
        ("bilirubin", 3.6, "mg/dL", {"uln": 1.2}, 2),
        ("bilirubin", 3.61, "mg/dL", {"uln": 1.2}, 3),
        ("creatinine", 1.5, "mg/dL", {"uln": 1.0}, 1),
        ("creatinine", 1.51, "mg/dL", {"uln": 1.0}, 2),
        ("INR", 1.5, "", {}, 1),
        ("INR", 1.51, "1", {}, 2),
        ("INR", 3.0, "", {"baseline": 2.4, "anticoagulated": "yes"}, 1),
        ("INR", 3.0, "", {"anticoagulated": "yes"}, None),
        ("albumin", 3.0, "g/dL", {"lln": 3.5}, 1),
        ("albumin", 29.9, "g/L", {"lln": 35}, 2),
        ("ulcer", "", "", {"grade": 4}, 4),
        ("emesis", "", "", {"grade": 0}, 0),
        ("nausea", "", "", {}, None),
    ],
)
def test_terms_and_units(
    run: Run,
    tmp_path: Path,
    term: str,
    value: object,
    unit: str,
    more: Any,
    expected: int | None,
) -> None:
    assert grade(run, tmp_path, line(term, value, unit, **more)) == expected


@pytest.mark.parametrize(
    ("ascites", "option", "expected"),
    [(3, "3", True), (2, "3", False), (2, "2", True), (None, "3", False)],
)
def test_ascites(
    run: Run, tmp_path: Path, ascites: int | None, option: str, expected: bool
) -> None:
    labs = [
        line(term, 30, "U/L", uln=40, treated="2026-03-02") for term in ("ALT", "AST")
    ]
    labs.append(line("bilirubin", 10, "umol/L", uln=20))
    if ascites is not None:
        labs.append(line("ascites", grade=ascites))
    found = toxicity(run, tmp_path, *labs, words=("--ascites-from", option))
    assert found["cases"][0]["together"]["hepatotoxicity_grade3"] is expected


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((line("sodium", 1, "mmol/L"),), "line 2, column term: 'sodium' is not known"),
        (
            (line("ALT", 1, "g/L"),),
            "line 2, column unit: 'g/L' is not a unit of ALT: use",
        ),
        (
            (line("ALT", -1, "U/L"),),
            "line 2, column value is -1: it must be at least 0",
        ),
        ((line("ALT", "<5", "U/L"),), "line 2, column value: '<5' is not a number"),
        (
            (line("ALT", 1, "U/L", uln=0),),
            "line 2, column uln is 0: it must be above 0",
        ),
        ((line("ALT", 1, "U/L", uln=5, lln=9),), "line 2, column lln is 9, above the"),
        ((line("albumin", 4, "g/L"),), "line 2, column value: albumin of 4 g/L is 4"),
        (
            (line("fatigue", grade=4),),
            "line 2, column grade is 4, but fatigue has the gra",
        ),
        ((line("pain", grade=1.5),), "line 2, column grade is 1.5, but pain has the"),
        (
            (line("ALT", 1, "U/L", day="soon"),),
            "line 2, column date: 'soon' is not a date",
        ),
        ((line("INR", 1, anticoagulated="may"),), "column anticoagulated: 'may' is"),
        (
            (line("ALT", 1, "U/L"), line("SGPT", 2, "U/L")),
            "line 3, column term: ALT of case 'p1' on 2026-04-01 is already in line 2",
        ),
        (
            (
                line("ALT", 1, "U/L", baseline=30),
                line("ALT", 2, "U/L", baseline=40, day="2026-04-02"),
            ),
            "line 3, column baseline is 40 U/L, but another line of the same case and "
            "term",
        ),
        (
            (line("ALT", 1, "U/L", baseline_uln=40),),
            "line 2, column baseline_uln is 40, but the line has no baseline",
        ),
        (
            (
                line("ALT", 1, "U/L", baseline=30, baseline_uln=40),
                line(
                    *("ALT", 2, "U/L"), baseline=30, baseline_uln=50, day="2026-04-02"
                ),
            ),
            "line 3, column baseline_uln is 50 U/L, but another line of the same case",
        ),
        (
            (
                line("ALT", 1, "U/L", treated="2026-03-02"),
                line("AST", 1, "U/L", treated="2026-03-03"),
            ),
            "line 3, column treated is 2026-03-03, but case 'p1' was treated on "
            "2026-03-02",
        ),
        (
            (line("ascites-child-pugh", "some"),),
            "line 2, column value is 'some', but ascites-child-pugh is none, slight, "
            "mod",
        ),
        ((line("ascites-child-pugh"),), "line 2, column value is ''"),
    ],
)
def test_refusals(
    run: Run, tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    path, out = tmp_path / "labs.csv", tmp_path / "out"
    path.write_text(HEADER + "".join(lines), "utf-8")
    result = run("toxicity", path, *CTCAE, "--out", out, "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        ((), 2, "Missing option '--ctcae'"),
        (("--ctcae", "6.0"), 3, "CTCAE 6.0 is not available: use 5.0; versions grade"),
        (("--ctcae", "4"), 3, "CTCAE 4 is not available"),
        ((*CTCAE, "--window", "30"), 2, "'30' is not a window of days"),
        ((*CTCAE, "--window", "30-0d"), 2, "'30-0d' is not a window of days"),
        ((*CTCAE, "--window", "0-9d", "--window", "0d-9d"), 2, "given twice"),
        ((*CTCAE, "--ascites-from", "4"), 2, "'4' is not one of '2', '3'"),
    ],
)
def test_options(
    run: Run, tmp_path: Path, words: tuple[str, ...], exit_code: int, message: str
) -> None:
    path = tmp_path / "labs.csv"
    path.write_text(HEADER + "".join(CASE), "utf-8")
    result = run("toxicity", path, *words)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"case_id,date\n", HEADER.encode(), b'"'], ids=str
)
def test_no_table_leaves_no_traceback(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "labs.csv"
    path.write_bytes(content)
    assert run("toxicity", path, *CTCAE).exit_code == 3


def test_a_name_is_no_formula(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    labs = line("ALT", 30, "U/L", uln=40, case="=1+1")
    toxicity(run, tmp_path, labs, words=("--out", out))
    assert rows(out / "patients.csv")[0]["case_id"] == "'=1+1"
