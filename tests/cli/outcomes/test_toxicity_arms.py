"""`sirtdose toxicity` by arm: n/N by hand, two denominators, and refusals."""

import csv
import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator

Run = Callable[..., Result]
CTCAE = ("--ctcae", "5.0")
SIRT, FIRST, SECOND = "2026-03-02", "2026-04-27", "2026-05-25"

# Shaped as the table of a prospective study: 16 had SIRT, then 2, 1, 3 and 6 mitomycin
# in cohorts A, B, C and D. Of those allocated s03 (A), s08 (C), s15 and s16 (D) had
# SIRT alone, s17 and s18 (D) had nothing: 18 allocated to SIRT, 3, 1, 4 and 10.
NAMES = [f"s{n:02}" for n in range(1, 19)]
ARM = dict(zip(NAMES, "AAABCCCCDDDDDDDDDD", strict=True))
GIVEN = [name for name in NAMES[:14] if name not in ("s03", "s08")]
DAYS = "case_id,treated,arm\n" + "".join(
    f"{name},{SIRT},SIRT\n"
    + f"{name},{FIRST},{ARM[name]}\n" * (name in GIVEN)
    + f"{name},{SECOND},{ARM[name]}\n" * (name in GIVEN and ARM[name] in "CD")
    for name in NAMES[:16]
)
ROSTER = "case_id,arm\n" + "".join(f"{name},SIRT|{ARM[name]}\n" for name in NAMES)
LABS = """case_id,date,term,value,unit,lln,grade,laboratory
s01,2026-03-12,fatigue,,,,1,
s01,2026-03-22,fatigue,,,,2,
s01,2026-05-01,fatigue,,,,1,
s02,2026-03-12,fatigue,,,,1,
s03,2026-03-12,fatigue,,,,3,
s05,2026-05-01,fatigue,,,,2,
s05,2026-06-01,fatigue,,,,1,
s09,2026-05-01,fatigue,,,,1,
s10,2026-05-01,fatigue,,,,1,
s11,2026-04-26,fatigue,,,,1,
s11,2026-04-27,fatigue,,,,2,
s03,2026-04-01,ulcer,,,,3,
s04,2026-04-01,ulcer,,,,3,
s06,2026-04-01,ulcer,,,,3,
s07,2026-04-01,ulcer,,,,2,
s13,2026-04-01,ulcer,,,,3,
s09,2026-05-25,thrombocytopenia,49,10^9/L,150,,north
s12,2026-04-27,thrombocytopenia,74.9,10^9/L,150,,north
s12,2026-05-25,thrombocytopenia,,10^9/L,150,,south
"""
# By hand, of treated and of allocated. Fatigue after SIRT: 1 in s02 and s11, 2 in s01
# (its worst), 3 in s03; nothing of the other 12. After A: 1 in s01. After C: 2 in s05,
# in its first cycle. After D: 1 in s09 and s10, 2 in s11, graded on the day of D.
# Ulcers: 3 in s03, s04, s06 and s13, 2 in s07. Platelets of a day of treatment were
# drawn before it: 49 of s09 follow its first cycle, 74.9 of s12 SIRT; its next value
# is missing.
BY_HAND = {
    ("SIRT", "fatigue", "1"): (2, 16, 2, 18),
    ("SIRT", "fatigue", "2"): (1, 16, 1, 18),
    ("SIRT", "fatigue", "3"): (1, 16, 1, 18),
    ("SIRT", "fatigue", "0"): (0, 16, 0, 18),
    ("SIRT", "fatigue", "no value"): (12, 16, 12, 18),
    ("SIRT", "fatigue", "not treated"): (0, 16, 2, 18),
    ("A", "fatigue", "1"): (1, 2, 1, 3),
    ("A", "fatigue", "2"): (0, 2, 0, 3),
    ("A", "fatigue", "no value"): (1, 2, 1, 3),
    ("A", "fatigue", "not treated"): (0, 2, 1, 3),
    ("B", "fatigue", "no value"): (1, 1, 1, 1),
    ("C", "fatigue", "2"): (1, 3, 1, 4),
    ("C", "fatigue", "1"): (0, 3, 0, 4),
    ("D", "fatigue", "1"): (2, 6, 2, 10),
    ("D", "fatigue", "2"): (1, 6, 1, 10),
    ("D", "fatigue", "not treated"): (0, 6, 4, 10),
    ("SIRT", "gastrointestinal ulcer", "3"): (4, 16, 4, 18),
    ("SIRT", "gastrointestinal ulcer", "2"): (1, 16, 1, 18),
    ("D", "gastrointestinal ulcer", "3"): (0, 6, 0, 10),
    ("SIRT", "platelets", "2"): (1, 16, 1, 18),
    ("D", "platelets", "3"): (1, 6, 1, 10),
    ("D", "platelets", "not gradable"): (1, 6, 1, 10),
    ("D", "platelets", "no value"): (4, 6, 4, 10),
}


def tables(folder: Path, **texts: str) -> tuple[object, ...]:
    """The words of a run with these tables."""
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text, "utf-8")
    words: tuple[object, ...] = (folder / "labs.csv", *CTCAE)
    for name, option in (("days", "--treated"), ("roster", "--roster")):
        words += (option, folder / f"{name}.csv") if name in texts else ()
    return words


def found_of(run: Run, folder: Path, *words: object, **texts: str) -> Any:
    result = run("toxicity", *tables(folder, **texts), *words, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def counted(found: Any) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    numbers = ("treated_n", "treated_of", "allocated_n", "allocated_of")
    return {
        (one["arm"], one["term"], one["grade"]): tuple(one[key] for key in numbers)
        for one in found["arms"]["counts"]
    }


def test_a_study_s_table_by_hand(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    texts = {"labs": LABS, "days": DAYS, "roster": ROSTER}
    found = found_of(run, tmp_path, "--out", out, **texts)
    schema = files("sirtdose.data").joinpath("schemas/toxicity.schema.json")
    Draft202012Validator(json.loads(schema.read_text("utf-8"))).validate(found)
    arms = found["arms"]["arms"]
    assert [(one["arm"], one["treated"], one["allocated"]) for one in arms] == [
        ("SIRT", 16, 18),
        ("A", 2, 3),
        ("B", 1, 1),
        ("C", 3, 4),
        ("D", 6, 10),
    ]
    assert arms[0]["allocated_not_treated"] == ["s17", "s18"]
    assert "s08" in arms[0]["treated_without_values"]
    by_row = counted(found)
    assert {key: by_row[key] for key in BY_HAND} == BY_HAND
    # Every patient of a denominator is in one row of each term.
    for arm, of, allocated in (("SIRT", 16, 18), ("D", 6, 10)):
        for term in ("fatigue", "platelets", "hepatotoxicity grade 3 or above"):
            own = [n for (a, t, _), n in by_row.items() if (a, t) == (arm, term)]
            assert sum(n[0] for n in own) == of
            assert sum(n[2] for n in own) == allocated
    with (out / "arms.csv").open(encoding="utf-8", newline="") as stream:
        written = list(csv.DictReader(stream))
    assert len(written) == len(found["arms"]["counts"])
    row = ",".join(written[1].values())
    assert row == "after treatment,SIRT,fatigue,1,2,16,2,18"
    worst = (out / "arms_worst.csv").read_text("utf-8").splitlines()
    said = "s01,SIRT,after treatment,fatigue,2,2026-03-22,20,graded by the user,,,2,0"
    assert said in worst
    assert found["columns_not_used"] == [
        {"file": "labs.csv", "columns": ["laboratory"]}
    ]


def test_the_summary_names_both_denominators(run: Run, tmp_path: Path) -> None:
    words = tables(tmp_path, labs=LABS, days=DAYS, roster=ROSTER)
    shown = run("toxicity", *words, "--window", "0-60d").stderr
    assert (
        "n/N of patients treated in the arm (in parentheses: of patients allo" in shown
    )
    lines = [one.split() for one in shown.splitlines()]
    assert ["patients", "treated", "16", "2", "1", "3", "6"] in lines
    assert ["allocated", "18", "3", "1", "4", "10"] in lines
    assert "2/16 (2/18)  1/2 (1/3)  0/1 (0/1)  0/3 (0/4)  2/6 (2/10)" in shown
    assert "Columns of labs.csv that were not used: laboratory" in shown
    # 60 days reach past the next treatment of those with mitomycin.
    assert "of a patient ends there: s01, s02, s05, s09, s10 and 6 more" in shown
    assert "A value counts for the last treatment before its day" in shown
    words = tables(tmp_path, labs=LABS, days=DAYS)
    shown = run("toxicity", *words).stderr
    assert "in parentheses" not in shown
    assert "2/16  1/2  0/1  0/3  2/6" in shown


def test_windows_are_days_after_the_treatment_of_a_value(
    run: Run, tmp_path: Path
) -> None:
    words = ("--window", "0-30d", "--window", "31-90d")
    found = found_of(run, tmp_path, *words, labs=LABS, days=DAYS)
    cases = {one["case_id"]: one for one in found["cases"]}
    first, second = cases["s11"]["arms"]
    # 2026-04-26 is day 55 after SIRT, 2026-04-27 day 0 of D.
    assert [len(one["worst"]) for one in first["windows"]] == [0, 1]
    assert [len(one["worst"]) for one in second["windows"]] == [1, 0]
    assert first["ended_by_next_treatment"] == ["31-90d"]
    # The second cycle is on day 28 of the first.
    assert second["treated"] == [FIRST, SECOND]
    assert second["ended_by_next_treatment"] == ["0-30d", "31-90d"]
    grades = {(one["date"], one["arm"]): one for one in cases["s05"]["grades"]}
    # Day 7 of the second cycle, not day 35 of the first.
    assert grades["2026-06-01", "C"]["days"] == 7
    assert grades["2026-06-01", "C"]["treated"] == SECOND
    assert cases["s05"]["treated"] == SIRT
    # Of the last window: s11 alone.
    assert counted(found)["SIRT", "fatigue", "1"][:2] == (1, 16)


def test_one_treated_in_another_arm_counts_among_its_treated_only(
    run: Run, tmp_path: Path
) -> None:
    labs = "case_id,date,term,grade\np1,2026-03-12,pain,2\np2,2026-03-12,pain,2\n"
    days = f"case_id,treated,treatment\np1,{SIRT},a\np2,{SIRT},A\n"
    roster = "case_id,treatment\np1,A\np2,B\n"
    found = found_of(run, tmp_path, labs=labs, days=days, roster=roster)
    by_row = counted(found)
    # Both were treated in A; of the one allocated to it, one has grade 2.
    assert by_row["A", "pain", "2"] == (2, 2, 1, 1)
    assert by_row["B", "pain", "2"] == (0, 0, 0, 1)
    assert by_row["B", "pain", "not treated"] == (0, 0, 1, 1)
    assert any("not allocated: counted" in n and "p2 (A)" in n for n in found["notes"])


def test_arms_of_the_laboratory_s_lines(run: Run, tmp_path: Path) -> None:
    labs = (
        "case_id,date,term,grade,treated,arm\n"
        f"p1,2026-03-12,pain,1,{SIRT},SIRT\n"
        # After D by its day, but the line says of which treatment it is.
        f"p1,2026-05-01,pain,3,{SIRT},SIRT\n"
        f"p1,2026-05-02,pain,2,{FIRST},D\n"
    )
    by_row = counted(found_of(run, tmp_path, labs=labs))
    assert by_row["SIRT", "pain", "3"] == (1, 1, None, None)
    assert by_row["D", "pain", "2"] == (1, 1, None, None)
    # A day from another table, an arm from the lines or from the roster.
    labs = "case_id,date,term,grade,arm\np1,2026-03-12,pain,1,B\n"
    days = f"case_id,treated\np1,{SIRT}\n"
    by_row = counted(found_of(run, tmp_path, labs=labs, days=days))
    assert by_row["B", "pain", "1"][:2] == (1, 1)
    labs = "case_id,date,term,grade\np1,2026-03-12,pain,1\n"
    roster = "case_id,arm\np1,B\np2,B\n"
    by_row = counted(found_of(run, tmp_path, labs=labs, days=days, roster=roster))
    assert by_row["B", "pain", "1"] == (1, 1, 1, 2)


def test_without_arms_nothing_is_counted_by_them(run: Run, tmp_path: Path) -> None:
    days = f"case_id,treated\np1,{SIRT}\n"
    labs = "case_id,date,term,grade\np1,2026-03-12,pain,1\n"
    found = found_of(run, tmp_path, labs=labs, days=days)
    assert found["arms"] is None
    assert found["cases"][0]["treatments"] == [{"date": SIRT, "arm": None}]


PAIN = "case_id,date,term,grade\np1,2026-03-12,pain,1\n"
ONE = f"case_id,treated,arm\np1,{SIRT},A\n"
WITH_ARM = "case_id,date,term,grade,treated,arm\n"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"labs": PAIN, "days": "case_id,treated,arm\np1,,A\n"},
            "days.csv, line 2, column treated is empty: a value is needed",
        ),
        (
            {"labs": PAIN, "days": f"case_id,treated,arm\np1,{SIRT},\n"},
            "days.csv, line 2, column arm is empty: a value is needed",
        ),
        (
            {"labs": PAIN, "days": f"{ONE}p1,2026-02-02,B\n"},
            "days.csv, line 3, column treated is 2026-02-02, but case 'p1' was treated "
            "on 2026-03-02 according to days.csv, line 2, column treated: write one",
        ),
        (
            {"labs": PAIN, "days": f"{ONE}p1,{SIRT},B\n"},
            "days.csv, line 3, column treated is 2026-03-02, but case 'p1' was treated",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,arm\np1,B\n"},
            "days.csv, line 2, column arm: no case of roster.csv was allocated to 'A': "
            "its arms are B; write",
        ),
        (
            {
                "labs": PAIN,
                "days": f"case_id,treated,arm\np1,{SIRT},SRIT\n",
                "roster": "case_id,arm\np1,SIRT\n",
            },
            "days.csv, line 2, column arm: no case of roster.csv was allocated to "
            "'SRIT': was 'SIRT' meant?",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,arm\np2,A\n"},
            "labs.csv, line 2, column case_id: 'p1' is not in roster.csv: add the case",
        ),
        (
            {
                "labs": PAIN,
                "days": f"{ONE}p9,{SIRT},A\n",
                "roster": "case_id,arm\np1,A\n",
            },
            "days.csv, line 3, column case_id: 'p9' is not in roster.csv: add the case",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,arm\np1,A\np1,B\n"},
            "roster.csv, line 3, column case_id: 'p1' is already in line 2: keep one",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,arm\np1,A|a\n"},
            "roster.csv, line 2, column arm is 'A|a': write each arm once",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,arm\np1,\n"},
            "roster.csv, line 2, column arm is empty",
        ),
        (
            {"labs": PAIN, "days": ONE, "roster": "case_id,group\np1,A\n"},
            "roster.csv, line 1 lacks the column arm",
        ),
        (
            {"labs": PAIN, "roster": "case_id,arm\np1,A\n"},
            "roster.csv was given, but no case has a day of treatment: give the days "
            "with --treated",
        ),
        (
            {
                "labs": PAIN,
                "days": f"case_id,treated\np1,{SIRT}\n",
                "roster": "case_id,arm\np1,A|B\n",
            },
            "roster.csv, line 2, column arm: 'p1' was allocated to A, B, but its treat",
        ),
        (
            {"labs": PAIN, "days": f"case_id,treated,arm,treatment\np1,{SIRT},A,A\n"},
            "days.csv, line 1 has the columns arm and treatment, which mean the same",
        ),
        (
            {"labs": f"{WITH_ARM}p1,2026-03-12,pain,1,{SIRT},A\n", "days": ONE},
            "labs.csv and days.csv both have a column of arms: keep it in one of them",
        ),
        (
            {"labs": f"{WITH_ARM}p1,2026-03-12,pain,1,,A\n"},
            "labs.csv, line 2, column arm is 'A', but case 'p1' has no day of treat",
        ),
        (
            {"labs": f"{WITH_ARM}p1,2026-03-12,pain,1,{SIRT},\n"},
            "labs.csv, line 2, column arm is empty",
        ),
        (
            {
                "labs": f"{WITH_ARM}p1,2026-03-12,pain,1,{SIRT},A\n"
                f"p1,2026-03-13,pain,1,{SIRT},B\n"
            },
            "labs.csv, line 3, column arm is 'B', but case 'p1' was treated on 2026-03",
        ),
        (
            {
                "labs": f"{WITH_ARM}p1,2026-03-12,pain,1,{SIRT},A\n"
                "p1,2026-03-13,pain,1,,B\n"
            },
            "labs.csv, line 3, column arm is 'B', but case 'p1' was treated in A: give",
        ),
        (
            {
                "labs": f"{WITH_ARM}p1,2026-03-12,pain,1,{SIRT},A\n"
                "p2,2026-03-13,pain,1,,\n",
                "days": f"case_id,treated\np2,{SIRT}\n",
            },
            "days.csv, line 2, column treated: case 'p2' was treated on 2026-03-02, "
            "but no line has its arm",
        ),
        (
            {
                "labs": "case_id,date,term,grade,treated\n"
                "p1,2026-03-12,pain,1,2026-03-01\n",
                "days": ONE,
            },
            "labs.csv, line 2, column treated is 2026-03-01, but case 'p1' was treated "
            "on 2026-03-02 according to days.csv, line 2",
        ),
        ({"labs": PAIN.replace("grade", "garde")}, "labs.csv, line 1"),
        (
            {"labs": PAIN.replace("grade\n", "grade,ulm\n").replace(",1\n", ",1,\n")},
            "labs.csv, line 1: column 'ulm' is not known in a table of laboratory "
            "values: was uln meant? Otherwise give it another name",
        ),
        (
            {"labs": PAIN, "days": f"case_id,treated,amr\np1,{SIRT},A\n"},
            "days.csv, line 1: column 'amr' is not known in a table of treatment days: "
            "was arm meant?",
        ),
        (
            {"labs": "case_id,date,term,value\np1,2026-03-12,ALT,1\n"},
            "labs.csv, line 1 lacks the column unit: a table of laboratory values has",
        ),
    ],
)
def test_refusals(
    run: Run, tmp_path: Path, texts: dict[str, str], message: str
) -> None:
    out = tmp_path / "out"
    result = run("toxicity", *tables(tmp_path, **texts), "--out", out, "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not out.exists()
