"""`sirtdose response`: tables of lesions to responses, by hand, and refusals."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Run = Callable[..., Result]
FILES = {"response.json", "timepoints.csv", "best.csv"}
RECIST = ("--criteria", "recist-1.1")
HEADER = "case_id,date,lesion,organ,kind,diameter_mm,state\n"
THICK = "case_id,date,lesion,organ,kind,diameter_mm,state,slice_mm\n"
# p1: 40 + 20 = 60 mm; 26 + 14 = 40 mm, -33 %; 31 + 17 = 48 mm, +20 % and 8 mm from 40.
LESIONS = """p1,2026-01-05,T1,liver,target,40,
p1,2026-01-05,T2,liver,target,20,
p1,2026-05-04,T1,,target,31,
p1,2026-05-04,T2,,target,17,
p1,2026-03-02,T1,,target,26,
p1,2026-03-02,T2,,target,14,
p2,2026-01-12,T1,liver,target,50,
p2,2026-01-12,N1,lymph nodes,non-target,,present
p2,2026-03-09,T1,,target,45,
p2,2026-03-09,N1,,non-target,,present
p3,2026-01-12,T1,liver,target,50,
"""
PET = "case_id,date,lesion,sul_peak,liver_mean,liver_sd,tlg,new\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lesions.csv"
    path.write_text(text, "utf-8")
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_recist_by_hand(run: Run, tmp_path: Path) -> None:
    path, out = written(tmp_path, HEADER + LESIONS), tmp_path / "out"
    result = run("response", path, *RECIST, "--out", out, "--json")
    found = document(result)
    assert {one.name for one in out.iterdir()} == FILES
    assert found == json.loads((out / "response.json").read_text("utf-8"))
    assert found["schema"] == "sirtdose.response/1"
    assert found["criteria"]["name"] == "RECIST 1.1"
    assert found["criteria"]["targets_max"] == 5
    assert found["baseline"] == "the earliest day of each case"
    first, second, third = rows(out / "timepoints.csv")
    assert list(first) == [
        *("case_id", "date", "days", "response", "rule", "sum", "baseline", "nadir"),
        *("change_from_baseline", "change_from_nadir", "new_lesion"),
    ]
    assert (first["date"], first["days"], first["response"]) == (
        "2026-03-02",
        "56",
        "PR",
    )
    assert (first["sum"], first["baseline"], first["nadir"]) == ("40", "60", "60")
    assert first["change_from_baseline"] == "-0.3333333333"
    assert (second["response"], second["nadir"]) == ("PD", "40")
    assert float(second["change_from_nadir"]) == pytest.approx(0.2)
    assert (third["case_id"], third["response"]) == ("p2", "SD")
    best = [tuple(one.values()) for one in rows(out / "best.csv")]
    rule = "sum 40 mm is -33.3% from baseline, 60 mm"
    assert best[0] == ("p1", "PR", "2026-03-02", rule, "yes", "2")
    rule = "sum 45 mm is -10.0% from baseline, -5 mm from the smallest sum"
    assert best[1] == ("p2", "SD", "2026-03-09", rule, "no", "1")
    assert best[2] == ("p3", "NE", "", "no scan after baseline", "", "0")
    assert "1 of 2 evaluable cases (50%); best: PR 1, SD 1, NE 1" in result.stderr


def one_target(*later: tuple[str, object], extra: str = "", first: float = 50) -> str:
    text = HEADER + f"p1,2026-01-01,T1,liver,target,{first},\n"
    for day, mm in later:
        text += f"p1,{day},T1,,target,{mm},\n"
    return text + extra


def responses(result: Result) -> list[str]:
    return [one["response"] for one in document(result)["cases"][0]["timepoints"]]


@pytest.mark.parametrize(
    ("sums", "expected"),
    [
        # 70 % of 50 mm is 35 mm.
        ([34.9], ["PR"]),
        ([35], ["PR"]),
        ([35.1], ["SD"]),
        # From the nadir of 30 mm, 36 mm is 20 % and 6 mm more.
        ([30, 36], ["PR", "PD"]),
        ([30, 35.9], ["PR", "SD"]),
        # 20 % of 20 mm are 4 mm: 5 mm are needed.
        ([20, 24.9], ["PR", "PR"]),
        ([20, 25], ["PR", "PD"]),
        ([0, ""], ["CR", "NE"]),
    ],
)
def test_recist_bounds(
    run: Run, tmp_path: Path, sums: list[object], expected: list[str]
) -> None:
    days = ("2026-03-01", "2026-05-01")
    path = written(tmp_path, one_target(*zip(days, sums, strict=False)))
    assert responses(run("response", path, *RECIST, "--json")) == expected


def test_a_target_that_is_not_written_is_not_evaluated(
    run: Run, tmp_path: Path
) -> None:
    text = HEADER + (
        "p1,2026-01-01,T1,liver,target,50,\n"
        "p1,2026-01-01,T2,lung,target,20,\n"
        "p1,2026-03-01,T1,,target,10,\n"
    )
    found = document(run("response", written(tmp_path, text), *RECIST, "--json"))
    [point] = found["cases"][0]["timepoints"]
    assert (point["response"], point["rule"]) == ("NE", "not evaluated: T2")
    assert point["sum"] is None
    assert found["cases"][0]["best"]["objective_response"] is None


def test_new_lesions_and_non_targets(run: Run, tmp_path: Path) -> None:
    non_target = "p1,2026-01-01,X,lung,non-target,,present\n"
    for extra, expected in (
        ("p1,2026-03-01,N,lung,new,,\n", "PD"),
        (f"{non_target}p1,2026-03-01,X,,non-target,,progressed\n", "PD"),
        (f"{non_target}p1,2026-03-01,X,,non-target,,absent\n", "CR"),
        (f"{non_target}p1,2026-03-01,X,,non-target,,present\n", "PR"),
        # Not written: not evaluated.
        (non_target, "PR"),
    ):
        text = one_target(("2026-03-01", 0), extra=extra)
        result = run("response", written(tmp_path, text), *RECIST, "--json")
        assert responses(result) == [expected], extra
    text = one_target(("2026-03-01", 20), extra="p1,2026-03-01,N,lung,new,9,\n")
    found = document(run("response", written(tmp_path, text), *RECIST, "--json"))
    assert found["cases"][0]["timepoints"][0]["new_lesion"] is True
    assert any("1 diameters of non-targets or new" in one for one in found["notes"])


def test_non_targets_alone(run: Run, tmp_path: Path) -> None:
    text = HEADER + (
        "p1,2026-01-01,X,lung,non-target,,present\n"
        "p1,2026-01-01,Y,lung,non-target,,present\n"
        "p1,2026-03-01,X,,non-target,,present\n"
        "p1,2026-03-01,Y,,non-target,,absent\n"
        "p1,2026-05-01,X,,non-target,,present\n"
    )
    result = run("response", written(tmp_path, text), *RECIST, "--json")
    assert responses(result) == ["non-CR/non-PD", "NE"]
    best = document(result)["cases"][0]["best"]
    assert (best["response"], best["objective_response"]) == ("non-CR/non-PD", False)


def test_confirmation_and_stable_disease(run: Run, tmp_path: Path) -> None:
    def best(text: str, *words: str) -> str:
        result = run("response", written(tmp_path, text), *RECIST, *words, "--json")
        return document(result)["cases"][0]["best"]["response"]

    # 28 days are enough, 27 are not.
    late = one_target(("2026-03-01", 30), ("2026-03-29", 30))
    soon = one_target(("2026-03-01", 30), ("2026-03-28", 30))
    assert [best(one, "--confirmed") for one in (late, soon)] == ["PR", "SD"]
    assert best(soon) == "PR"
    # 2026-02-12 is day 42.
    stable = one_target(("2026-02-12", 48))
    assert best(stable, "--stable-from", "42d") == "SD"
    assert best(stable, "--stable-from", "6wk") == "SD"
    assert best(stable, "--stable-from", "43d") == "NE"


def test_mrecist_takes_two_targets_and_is_marked(run: Run, tmp_path: Path) -> None:
    three = HEADER + "".join(
        f"p1,2026-01-01,T{n},organ {n},target,20,\n" for n in (1, 2, 3)
    )
    path = written(tmp_path, three)
    result = run("response", path, "--criteria", "mrecist", "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "lesions.csv, case 'p1': 3 target lesions, but mRECIST" in result.stderr
    more = run("response", path, "--criteria", "mrecist", "--targets-max", 3, "--json")
    assert document(more)["criteria"]["verified"] is False
    # 20 to 24 mm: 20 % more, without 5 mm.
    text = one_target(("2026-03-01", 20), ("2026-05-01", 24))
    result = run("response", written(tmp_path, text), "--criteria", "mrecist", "--json")
    assert responses(result) == ["PR", "PD"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            "p1,2026-01-01,T1,liver,target,9.9,,\n",
            "target 'T1' has 9.9 mm at baseline, but a target needs 10 mm or more",
        ),
        (
            "p1,2026-01-01,N1,node,target-node,14.9,,\n",
            "target 'N1' has 14.9 mm at baseline, but a node needs 15 mm or more",
        ),
        # Slices of 8 mm: 16 mm are needed.
        (
            "p1,2026-01-01,T1,liver,target,15,,8\n",
            "target 'T1' has 15 mm at baseline, but a target needs 16 mm or more, "
            "twice the slices of 8 mm",
        ),
        (
            "".join(f"p1,2026-01-01,T{n},liver,target,50,,\n" for n in range(3)),
            "3 target lesions in liver: at most 2 per organ are allowed",
        ),
    ],
)
def test_a_case_that_cannot_be_followed_leaves_the_others(
    run: Run, tmp_path: Path, lines: str, reason: str
) -> None:
    other = "p0,2026-01-01,T1,liver,target,50,,5\np0,2026-03-01,T1,,target,30,,\n"
    out = tmp_path / "out"
    path = written(tmp_path, THICK + lines + other)
    found = document(run("response", path, *RECIST, "--out", out, "--json"))
    first, second = rows(out / "best.csv")
    assert (first["best_response"], first["rule"]) == ("NE", reason)
    assert first["objective_response"] == ""
    assert second["best_response"] == "PR"
    assert found["counts"]["evaluable"] == 1
    assert any("cannot be followed: p1" in note for note in found["notes"])
    # Alone, there is nothing to judge.
    alone = run("response", written(tmp_path, THICK + lines), *RECIST)
    assert alone.exit_code == 3
    assert f"lesions.csv, case 'p1': {reason}" in alone.stderr


@pytest.mark.parametrize(
    ("mm", "slice_mm", "taken"),
    [
        (10, "", True),
        (10, 5, True),
        # Over 5 mm it is twice the slice, if that is more than 10 mm.
        (10.9, 5.5, False),
        (11, 5.5, True),
        (15.9, 8, False),
        (16, 8, True),
    ],
)
def test_a_target_of_thick_slices(
    run: Run, tmp_path: Path, mm: float, slice_mm: object, taken: bool
) -> None:
    text = f"p1,2026-01-01,T1,liver,target,{mm},,{slice_mm}\n"
    result = run("response", written(tmp_path, THICK + text), *RECIST, "--json")
    assert result.exit_code == (0 if taken else 3)
    if taken:
        said = [one for one in document(result)["notes"] if "slice_mm" in one]
        assert bool(said) is (slice_mm == "")


def test_one_stable_scan_may_lie_before_a_confirmation(
    run: Run, tmp_path: Path
) -> None:
    def best(*words: object, between: int) -> str:
        # 50 mm, then -32 %, between times -28 %, and -33 %, 30 days apart.
        sums = [34, *[36] * between, 33.5]
        days = ("2026-03-01", "2026-03-31", "2026-04-30", "2026-05-30")
        path = written(tmp_path, one_target(*zip(days, sums, strict=False)))
        result = run("response", path, *RECIST, "--confirmed", *words, "--json")
        return document(result)["cases"][0]["best"]["response"]

    # The RECIST paper's own question: one is confirmed, two or three are stable.
    assert [best(between=n) for n in (0, 1, 2)] == ["PR", "PR", "SD"]
    strict = [best("--stable-between", 0, between=n) for n in (0, 1)]
    assert strict == ["PR", "SD"]
    assert best("--stable-between", 2, between=2) == "PR"
    path = tmp_path / "lesions.csv"
    result = run("response", path, *RECIST, "--confirmed")
    assert "confirmed with at most 1 stable scan between" in result.stderr
    refused = run("response", path, *RECIST, "--stable-between", 1)
    assert "--stable-between needs --confirmed" in refused.stderr


def pet(*lines: str) -> str:
    return PET + "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("A,7,1.6,0.2,,", "PMR"),
        ("A,7.01,1.6,0.2,,", "SMD"),
        ("A,13,1.6,0.2,,", "PMD"),
        ("A,12.99,1.6,0.2,,", "SMD"),
        ("A,10,1.6,0.2,175,", "PMD"),
        ("A,10,1.6,0.2,174,", "SMD"),
        ("A,1.6,1.6,0.2,,", "CMR"),
        ("A,5,1.6,0.2,,yes", "PMD"),
    ],
)
def test_percist_bounds(run: Run, tmp_path: Path, after: str, expected: str) -> None:
    text = pet("p1,2026-01-05,A,10,1.6,0.2,100,no", f"p1,2026-03-05,{after}")
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    assert responses(result) == [expected]


SIZES = PET.replace("new", "new,diameter_mm")


@pytest.mark.parametrize(
    ("lesion_b", "expected", "said"),
    [
        # A falls from 10 to 4; B, 5 g/mL and 20 mm, may rise by 30 %: to 6.5 or 26 mm.
        ("5,20", "PMR", "SUL 10 to 5"),
        ("6.5,26", "PMR", "SUL 10 to 6.5"),
        ("6.51,20", "SMD", "but 'B' rose from 5 to 6.51 in SUL"),
        ("5,26.1", "SMD", "but 'B' rose from 20 to 26.1 mm in size"),
    ],
)
def test_a_partial_response_has_no_lesion_that_rises(
    run: Run, tmp_path: Path, lesion_b: str, expected: str, said: str
) -> None:
    sul, size = lesion_b.split(",")
    text = SIZES + (
        "p1,2026-01-05,A,10,1.6,0.2,,,30\np1,2026-01-05,B,5,,,,,20\n"
        f"p1,2026-03-05,A,4,1.6,0.2,,,15\np1,2026-03-05,B,{sul},,,,,{size}\n"
    )
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    found = document(result)
    [point] = found["cases"][0]["timepoints"]
    assert point["response"] == expected
    assert said in point["rule"]
    assert not any("sizes" in note for note in found["notes"])


def test_a_partial_response_without_sizes_says_so(run: Run, tmp_path: Path) -> None:
    text = pet("p1,2026-01-05,A,10,1.6,0.2,,", "p1,2026-03-05,A,5,1.6,0.2,,")
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    assert responses(result) == ["PMR"]
    said = "that none grew by more than 30 % was not checked: every case"
    assert any(said in note for note in document(result)["notes"])


@pytest.mark.parametrize(
    ("sul", "expected"),
    [(10, "PMD"), (10.5, "PMD"), (9.9, "SMD"), (7, "PMR")],
)
def test_glycolysis_is_progression_only_without_a_decline_in_sul(
    run: Run, tmp_path: Path, sul: float, expected: str
) -> None:
    # TLG 100 to 200: twice.
    text = pet("p1,2026-01-05,A,10,1.6,0.2,100,", f"p1,2026-03-05,A,{sul},1.6,0.2,200,")
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    assert responses(result) == [expected]


def test_one_case_that_cannot_be_measured_leaves_the_others(
    run: Run, tmp_path: Path
) -> None:
    # 1.5 x 1.6 + 2 x 0.2 = 2.8 is asked for.
    text = pet(
        "p1,2026-01-05,A,2.7,1.6,0.2,,",
        "p1,2026-03-05,A,2.0,1.6,0.2,,",
        "p2,2026-01-05,A,10,1.6,0.2,,",
        "p2,2026-03-05,A,5,1.6,0.2,,",
    )
    path, out = written(tmp_path, text), tmp_path / "out"
    words = ("--criteria", "percist", "--out", out, "--json")
    found = document(run("response", path, *words))
    first, second = rows(out / "best.csv")
    assert first["best_response"] == "NE"
    assert first["rule"].startswith("baseline SULpeak 2.7 is under 2.8 (1.5 x liver")
    assert second["best_response"] == "PMR"
    assert found["counts"] == {
        "cases": 2,
        "evaluable": 1,
        "objective_response": 1,
        "best": {"PMR": 1, "NE": 1},
    }


def test_a_third_less_of_little_is_stable(run: Run, tmp_path: Path) -> None:
    text = pet("p1,2026-01-05,A,2.1,0.8,0.1,,", "p1,2026-03-05,A,1.4,0.8,0.1,,")
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    assert responses(result) == ["SMD"]


def test_modified_percist_sums_what_it_says(run: Run, tmp_path: Path) -> None:
    text = pet(
        "p1,2026-01-05,A,10,1.6,0.2,100,",
        "p1,2026-01-05,B,8,,,,",
        "p1,2026-03-05,A,9,1.6,0.2,,",
        "p1,2026-03-05,B,3,1.6,0.2,,",
    )
    path, out = written(tmp_path, text), tmp_path / "out"
    words = ("--criteria", "mpercist", "--lesions-max", 2, "--out", out)
    assert "needs --lesions-max" in run("response", path, *words[:2]).stderr
    result = run("response", path, *words, "--json")
    # 18 to 12: a third, and 6.
    assert responses(result) == ["PMR"]
    assert document(result)["criteria"]["lesions_max"] == 2
    [best] = rows(out / "best.csv")
    assert (best["best_response"], best["objective_response"]) == ("PMR", "yes")
    # The hottest alone is 10 to 9.
    assert responses(run("response", path, "--criteria", "percist", "--json")) == [
        "SMD"
    ]


def test_livers_that_differ_are_said(run: Run, tmp_path: Path) -> None:
    text = pet("p1,2026-01-05,A,10,1.6,0.2,,", "p1,2026-03-05,A,4,2.1,0.2,,")
    found = document(
        run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    )
    assert found["cases"][0]["timepoints"][0]["liver_differs"] is True
    assert any("such a scan is NE" in note for note in found["notes"])
    # From 1.6 to 2.1: 0.5 SUL and 31 %. 10 to 4 would have been a partial response.
    assert found["cases"][0]["timepoints"][0]["response"] == "NE"
    assert found["cases"][0]["best"]["objective_response"] is None


BASE = "p1,2026-01-01,T1,liver,target,50,\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (BASE + BASE, "line 3, column lesion: 'T1' of case 'p1' on 2026-01-01 is alr"),
        (BASE.replace("target", "goal"), "line 2, column kind is 'goal': use target"),
        (BASE.replace("50", "-5"), "line 2, column diameter_mm is -5: it must be at l"),
        (
            BASE.replace("50", "5 cm"),
            "line 2, column diameter_mm: '5 cm' is not a number",
        ),
        (BASE.replace("50", "1e300"), "it must be 0, or from 0.0001 to 1000 mm"),
        (BASE.replace("p1", ""), "line 2, column case_id is empty"),
        (BASE.replace("2026-01-01", "1.1.26"), "column date: '1.1.26' is not a date"),
        (BASE.replace("2026", "0026"), "column date is 0026-01-01: give a day from"),
        (
            BASE + "p1,2026-01-01,X,lung,non-target,,gone\n",
            "line 3, column state is 'gone': use absent, present, progressed, not eva",
        ),
    ],
)
def test_refusals(run: Run, tmp_path: Path, lines: str, message: str) -> None:
    good = "p0,2026-01-01,T1,liver,target,50,\n"
    path, out = written(tmp_path, HEADER + lines + good), tmp_path / "out"
    result = run("response", path, *RECIST, "--out", out, "--json")
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    # A line that cannot be read refuses the file, and nothing is left behind.
    assert [one.name for one in tmp_path.iterdir()] == ["lesions.csv"]


NODE = BASE + "p1,2026-01-01,X,lung,non-target,,present\n"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (BASE.replace("50", ""), "line 2, column diameter_mm is empty"),
        (BASE.replace("liver", ""), "line 2, column organ is empty"),
        (BASE.replace("target", "new"), "column kind: a new lesion on 2026-01-01, the"),
        (BASE.replace(",50,", ",50,present"), "give a target its diameter"),
        (
            BASE + "p1,2026-03-01,T1,,non-target,,present\n",
            "line 3, column kind is non-target, but 'T1' is target in line 2",
        ),
        (
            BASE + "p1,2026-03-01,T2,liver,target,20,\n",
            "line 3, column kind is target, but 'T2' is not at its case's baseline",
        ),
        (
            BASE + "p1,2026-03-01,T1,lung,target,20,\n",
            "line 3, column organ is 'lung', but 'T1' is in 'liver' in line 2",
        ),
        (
            BASE + "p1,2026-01-01,X,lung,non-target,,absent\n",
            "line 3, column state is 'absent' at baseline",
        ),
        (
            BASE + "p1,2026-03-01,X,lung,new,,absent\n",
            "line 3, column state is 'absent': write a new lesion as present",
        ),
        (
            NODE + "p1,2026-03-01,T1,,target,20,\np1,2026-03-01,X,,non-target,,\n",
            "line 5, column state is empty",
        ),
    ],
)
def test_a_case_whose_lines_do_not_fit_leaves_the_others(
    run: Run, tmp_path: Path, lines: str, message: str
) -> None:
    other = "p0,2026-01-01,T1,liver,target,50,\np0,2026-03-01,T1,,target,30,\n"
    words = (*RECIST, "--json")
    found = document(run("response", written(tmp_path, HEADER + lines + other), *words))
    first, second = found["cases"]
    # 50 to 30 mm is 40 % less.
    assert (first["best"]["response"], second["best"]["response"]) == ("NE", "PR")
    rules = [first["best"]["rule"], *(one["rule"] for one in first["timepoints"])]
    assert any(message in rule for rule in rules)
    alone = run("response", written(tmp_path, HEADER + lines), *words)
    assert (alone.exit_code, alone.stdout) == (3, "")
    assert "case 'p1': " in alone.stderr
    assert message in alone.stderr


def test_a_day_that_does_not_fit_is_progression_all_the_same(
    run: Run, tmp_path: Path
) -> None:
    text = NODE + (
        "p1,2026-03-01,T1,,target,20,\n"
        "p1,2026-03-01,X,,non-target,,\n"
        "p1,2026-05-01,T1,,target,61,\n"
        "p1,2026-05-01,X,,non-target,,\n"
    )
    result = run("response", written(tmp_path, HEADER + text), *RECIST, "--json")
    assert responses(result) == ["NE", "PD"]


GOOD_PET = ("p0,2026-01-05,A,10,1.6,0.2,,", "p0,2026-03-05,A,6,1.6,0.2,,")
BOTH = ("p1,2026-01-05,Met A,10,1.6,0.2,,", "p1,2026-01-05,B,8,1.6,0.2,,")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            ("p1,2026-03-05,Met A,5,,,,", "p1,2026-03-05,B,4,,,,"),
            "line 4, column liver_mean is empty on every line of 2026-03-05 of its",
        ),
        (
            ("p1,2026-03-05,Met A,,1.6,0.2,,", "p1,2026-03-05,B,4,1.6,0.2,,"),
            "line 4, column sul_peak is empty: 'Met A' was not measured on 2026-03-05",
        ),
        (
            ("p1,2026-03-05,B,4,1.6,0.2,,",),
            "line 4: the scan of 2026-03-05 has no line for lesion 'Met A'",
        ),
        (
            ("p1,2026-03-05,Met A,5,1.6,0.2,,", "p1,2026-03-05,B,4,1.7,0.2,,"),
            "line 5, column liver_mean is 1.7, but another line",
        ),
        (
            ("p1,2026-03-05,Met A,5,9,0.2,,", "p1,2026-03-05,B,4,9,0.2,,"),
            "the normal liver has SUL 9, but had 1.6 at baseline",
        ),
    ],
)
def test_a_pet_that_cannot_be_measured_is_of_its_day_alone(
    run: Run, tmp_path: Path, lines: tuple[str, ...], message: str
) -> None:
    # 10 to 6 later is 40 % less; the follow-up's deviation decides nothing.
    later = ("p1,2026-06-05,met a,6,1.6,,,", "p1,2026-06-05,B,5,1.6,,,")
    path = written(tmp_path, pet(*BOTH, *lines, *later, *GOOD_PET))
    found = document(run("response", path, "--criteria", "percist", "--json"))
    first, second = found["cases"]
    assert [one["response"] for one in first["timepoints"]] == ["NE", "PMR"]
    assert message in first["timepoints"][0]["rule"]
    assert (first["best"]["response"], first["best"]["date"]) == ("PMR", "2026-06-05")
    assert second["best"]["response"] == "PMR"
    assert any(message in note or "liver differs" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("p1,2026-01-05,A,10,,0.2,,", "line 2, column liver_mean is empty"),
        ("p1,2026-01-05,A,,1.6,0.2,,", "line 2, column sul_peak is empty"),
    ],
)
def test_a_baseline_pet_that_cannot_be_measured_leaves_the_others(
    run: Run, tmp_path: Path, line: str, message: str
) -> None:
    path = written(tmp_path, pet(line, "p1,2026-03-05,A,6,1.6,0.2,,", *GOOD_PET))
    found = document(run("response", path, "--criteria", "percist", "--json"))
    first, second = (one["best"] for one in found["cases"])
    assert first["response"] == "NE"
    assert first["rule"].startswith(message)
    assert second["response"] == "PMR"


def test_a_new_lesion_is_progression_whatever_the_liver(
    run: Run, tmp_path: Path
) -> None:
    text = pet(*BOTH[:1], "p1,2026-03-05,Met A,1,,,,", "p1,2026-03-05,N,5,,,,yes")
    result = run("response", written(tmp_path, text), "--criteria", "percist", "--json")
    assert responses(result) == ["PMD"]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["p1,2026-01-05,A,2.7,1.6,0.2,,"], "case 'p1': baseline SULpeak 2.7 is under"),
        (["p1,2026-01-05,A,,1.6,0.2,,"], "line 2, column sul_peak is empty"),
        (["p1,2026-01-05,A,9,1.6,,,"], "line 2, column liver_sd is empty on every"),
        (["p1,2026-01-05,A,9,0,0.2,,"], "column liver_mean is 0 on every line of"),
        (["p1,2026-01-05,A,-9,1.6,0.2,,"], "line 2, column sul_peak is -9"),
        (["p1,2026-01-05,A,9,1.6,0.2,,maybe"], "column new: 'maybe' is neither yes"),
        (["p1,2026-01-05,A,9,1.6,0.2,,yes"], "line 2, column new: a new lesion on"),
        (
            ["p1,2026-01-05,A,9,1.6,0.2,,", "p1,2026-01-05,B,8,1.7,0.2,,"],
            "line 3, column liver_mean is 1.7, but another line of the same case and "
            "day has 1.6",
        ),
        (
            ["p1,2026-01-05,A,9,1.6,0.2,90,", "p1,2026-01-05,B,8,,,91,"],
            "line 3, column tlg is 91",
        ),
    ],
)
def test_refusals_of_uptake(
    run: Run, tmp_path: Path, lines: list[str], message: str
) -> None:
    path, out = written(tmp_path, pet(*lines)), tmp_path / "out"
    result = run("response", path, "--criteria", "percist", "--out", out)
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (("--criteria", "choi"), 2, "'choi' is not one of"),
        (("--criteria", "recist1.1"), 2, "did you mean recist-1.1?"),
        ((), 2, "Missing option '--criteria'"),
        ((*RECIST, "--targets-max", 6), 2, "6 is not in the range 1<=x<=5"),
        ((*RECIST, "--lesions-max", 2), 2, "--lesions-max is for percist"),
        (("--criteria", "percist", "--confirmed"), 2, "--confirmed is for recist-1.1"),
        (("--criteria", "percist", "--lesions-max", 5), 2, "use --criteria mpercist"),
        ((*RECIST, "--stable-from", "42"), 2, "has no unit for number of days"),
        ((*RECIST, "--stable-from", "1.5d"), 2, "is 1.5 days: give a whole number"),
        (("--criteria", "percist"), 3, "line 1 lacks the columns sul_peak"),
    ],
)
def test_options_that_do_not_fit(
    run: Run, tmp_path: Path, words: tuple[object, ...], exit_code: int, message: str
) -> None:
    result = run("response", written(tmp_path, HEADER + LESIONS), *words)
    assert result.exit_code == exit_code
    assert message in result.stderr


def test_what_is_there_is_kept(run: Run, tmp_path: Path) -> None:
    path, out = written(tmp_path, HEADER + LESIONS), tmp_path / "out"
    words = ("response", path, *RECIST, "--out", out)
    assert run(*words).exit_code == 0
    kept = (out / "best.csv").read_bytes()
    assert run(*words).exit_code == 5
    assert run(*words, "--force").exit_code == 0
    assert (out / "best.csv").read_bytes() == kept


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"case_id\n", b'a,"b\n', HEADER.encode()]
)
def test_no_table_leaves_no_traceback(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lesions.csv"
    path.write_bytes(content)
    for criteria in ("recist-1.1", "percist"):
        result = run("response", path, "--criteria", criteria)
        assert (result.exit_code, result.stdout) == (3, "")
    assert run("response", tmp_path / "none.csv", *RECIST).exit_code == 3
    assert run("response", tmp_path, *RECIST).exit_code == 3


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (
            ("p1,2026-01-05,A,10,1.6,0.2,,", "p1,2026-01-05,B,8,,,,",
             "p1,2026-03-05,A,9,1.6,0.2,,"),
            "line 4: the scan of 2026-03-05 has no line for lesion 'B'",
        ),
        (
            ("p1,2026-01-05,A,10,1.6,0.2,,", "p1,2026-03-05,A,9,1.6,0.2,,",
             "p1,2026-03-05,Z,9,,,,"),
            "line 4, column lesion: 'Z' is not on its case's baseline scan",
        ),
    ],
)  # fmt: skip
def test_a_lesion_is_never_gone_or_new_by_silence(
    run: Run, tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    result = run(
        *("response", written(tmp_path, pet(*lines)), "--criteria", "mpercist"),
        *("--lesions-max", 2, "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_other_columns_are_named_and_slips_are_asked(run: Run, tmp_path: Path) -> None:
    text = HEADER + LESIONS
    lines = [f"{one},x" for one in text.splitlines()]
    path = written(tmp_path, "\n".join([lines[0][:-2] + ",reader", *lines[1:]]))
    result = run("response", path, *RECIST, "--json")
    assert document(result)["columns_not_used"] == [
        {"file": "lesions.csv", "columns": ["reader"]}
    ]
    assert "Columns of lesions.csv that were not used: reader" in result.stderr
    path = written(tmp_path, "\n".join([lines[0][:-2] + ",slice_m", *lines[1:]]))
    result = run("response", path, *RECIST)
    assert result.exit_code == 3
    assert "column 'slice_m' is not known in a table of diameters: was slice_mm" in (
        " ".join(result.stderr.split())
    )
    # The same of uptake; a column of a table of diameters is nothing there.
    pet = PET.replace("\n", ",organ\n") + (
        "p1,2026-01-01,T1,9,2,0.3,,,liver\np1,2026-04-01,T1,4,2,0.3,,,liver\n"
    )
    result = run("response", written(tmp_path, pet), "--criteria", "percist", "--json")
    assert document(result)["columns_not_used"] == [
        {"file": "lesions.csv", "columns": ["organ"]}
    ]
