"""What `sirtdose lesions` asks of names, frames, dates, drawings; answers lead on."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from jsonschema import validate

from sirtdose.model.accepted import Accepted
from tests.lesion_files import box, boxes, write_follow_up, write_treatment

Run = Callable[..., Result]
DOSES = {"T1": 120.0, "T2": 80.0, "T3": 50.0}
ELSEWHERE = "1.2.3"


@pytest.fixture
def treated(tmp_path: Path) -> Path:
    return write_treatment(tmp_path / "one", "20260302", DOSES)


def asked(run: Run, treated: Path, *more: object, late: str = "june.dcm") -> Result:
    words = ("--follow-up", treated.parent / late, "--case-label", "p1", "--json")
    return run("lesions", treated, *words, *more)


def matches(result: Result, visit: str = "follow-up 1") -> dict[str, tuple[str, str]]:
    """The lesion of each name at a visit, and how it is known."""
    assert result.exit_code == 0, result.stderr
    return {
        seen["name"]: (lesion["name"], seen["match"])
        for lesion in json.loads(result.stdout)["lesions"]
        for seen in lesion["visits"]
        if seen["visit"] == visit
    }


def said(result: Result) -> list[str]:
    return [
        one["message"]
        for one in json.loads(result.stdout)["warnings"]
        if one["code"] == "H48"
    ]


def write_identity(path: Path) -> Path:
    import SimpleITK

    same = SimpleITK.TranslationTransform(3, (0.0, 0.0, 0.0))
    SimpleITK.WriteTransform(same, str(path))
    return path


def test_names_in_another_frame_are_warned_of_with_what_to_give(
    run: Run, treated: Path
) -> None:
    drawn = boxes(frame=ELSEWHERE)
    write_follow_up(treated.parent / "june.dcm", "20260601", drawn, frame=ELSEWHERE)
    result = asked(run, treated)
    assert matches(result)["T1"] == ("T1", "name, place not compared")
    [warned] = said(result)
    assert warned.startswith("'T1', 'T2', 'T3' of follow-up 1: matched by name alone")
    assert warned.endswith("Give --registration 'follow-up 1=FILE'")
    transform = write_identity(treated.parent / "same.tfm")
    result = asked(run, treated, "--registration", f"follow-up 1={transform}")
    assert matches(result)["T1"] == ("T1", "name: overlap 1.00, 0.0 mm apart")
    assert said(result) == []


def test_names_without_contours_before_are_warned_of(run: Run, treated: Path) -> None:
    (treated / "dose_structures.dcm").unlink()
    write_follow_up(treated.parent / "june.dcm", "20260601", boxes())
    [warned] = said(asked(run, treated))
    assert warned.startswith("'T1', 'T2', 'T3' of follow-up 1: matched by name alone")
    assert warned.endswith("Give --structures 'treatment=FILE'")


def test_new_names_in_another_frame_ask_once(run: Run, treated: Path) -> None:
    drawn = boxes({"A": "T1", "B": "T2", "T3": "T3"}, ELSEWHERE)
    write_follow_up(treated.parent / "june.dcm", "20260601", drawn, frame=ELSEWHERE)
    refused = asked(run, treated)
    assert refused.exit_code == 3
    assert refused.stderr.count("H48 A lesion from visit to visit") == 1
    assert "'A', 'B' of follow-up 1 may be no new lesion" in refused.stderr
    assert "than those of 'T1', 'T2', of which follow-up 1 has none" in refused.stderr
    assert (
        "To compare them, give --registration 'follow-up 1=FILE'; or," in refused.stderr
    )
    transform = write_identity(treated.parent / "same.tfm")
    result = asked(run, treated, "--registration", f"follow-up 1={transform}")
    assert matches(result)["A"] == ("T1", "overlap 1.00, 0.0 mm apart")
    typed = ("--match", "T1=follow-up 1:A", "--new", "follow-up 1:B")
    answered = matches(asked(run, treated, *typed))
    assert answered["A"] == ("T1", "confirmed")
    assert answered["B"] == ("B", "new")


def test_a_registered_visit_names_the_one_that_is_not(run: Run, treated: Path) -> None:
    late = [box("T9", (8, 10, 1), (2, 2, 2), ELSEWHERE)]
    write_follow_up(treated.parent / "june.dcm", "20260601", late, frame=ELSEWHERE)
    late = [box("T9", (8, 10, 1), (2, 2, 2), "1.2.4")]
    write_follow_up(treated.parent / "july.dcm", "20260701", late, frame="1.2.4")
    transform = write_identity(treated.parent / "same.tfm")
    words = ("--follow-up", treated.parent / "july.dcm", "--new", "follow-up 1:T9")
    words += ("--registration", f"follow-up 2={transform}")
    result = asked(run, treated, *words)
    assert matches(result, "follow-up 2")["T9"][0] == "T9"
    [warned] = [one for one in said(result) if "by name alone" in one]
    assert warned.endswith("Give --registration 'follow-up 1=FILE'")


def test_swapped_names_offer_the_lesion_that_each_lies_on(
    run: Run, treated: Path
) -> None:
    drawn = boxes({"T1": "T2", "T2": "T1", "T3": "T3"})
    write_follow_up(treated.parent / "june.dcm", "20260601", drawn)
    refused = asked(run, treated)
    assert refused.exit_code == 3
    lines = [one for one in refused.stderr.splitlines() if "H48 A lesion" in one]
    first = [re.findall(r'--match "[^"]+"', one)[0] for one in lines]
    assert first == ['--match "T2=follow-up 1:T1"', '--match "T1=follow-up 1:T2"']
    answered = matches(asked(run, treated, *shlex.split(" ".join(first))))
    assert {name: lesion for name, (lesion, _) in answered.items()} == {
        "T1": "T2",
        "T2": "T1",
        "T3": "T3",
    }
    # One answer alone leaves the other name without a lesion: that is said.
    half = asked(run, treated, *shlex.split(first[0]))
    assert half.exit_code == 3
    assert "'T2' would be both 'T1' and 'T2' of one visit" in half.stderr


def test_what_was_answered_is_not_asked_again(run: Run, treated: Path) -> None:
    drawn = boxes({"T1": "T2", "T2": "T1", "T3": "T3"})
    write_follow_up(treated.parent / "june.dcm", "20260601", drawn)
    own = ("--match", "T1=follow-up 1:T1", "--match", "T2=follow-up 1:T2")
    assert matches(asked(run, treated, *own))["T1"][0] == "T1"
    # Half of T1 and its other half, which a person says is new.
    halves = [box("T1", (1, 2, 2), (3, 4, 3)), box("B", (1, 2, 5), (3, 4, 1))]
    write_follow_up(treated.parent / "july.dcm", "20260701", halves)
    asks = asked(run, treated, late="july.dcm")
    assert '--new "follow-up 1:B"' in asks.stderr
    result = asked(run, treated, "--new", "follow-up 1:B", late="july.dcm")
    assert matches(result)["B"] == ("B", "new")


def test_a_plan_after_its_treatment_is_asked(
    run: Run, treated: Path, tmp_path: Path
) -> None:
    words: tuple[Any, ...] = ("plan", "partition", "--perfused-volume", "1000mL")
    words += ("--tumor", "T1=1.44mL@4", "--tumor-dose", "120Gy", "--lung-shunt", "5%")
    words += ("--device", "resin", "--treatment-date", "2026-04-01")
    assert run(*words, "--out", tmp_path / "plan").exit_code == 0
    write_follow_up(tmp_path / "june.dcm", "20260601", boxes())
    result = asked(run, treated, tmp_path / "plan")
    assert result.exit_code == 3
    assert "plan.json is given behind its treatment" in result.stderr
    follow_up = ("--follow-up", tmp_path / "june.dcm", "--case-label", "p1")
    result = run("lesions", tmp_path / "plan", treated, *follow_up)
    assert result.exit_code == 3
    assert "plan is for 2026-04-01, after treatment on 2026-03-02" in result.stderr
    result = run(
        *("lesions", tmp_path / "plan", treated, *follow_up, "--json"),
        *("--accept", "H48", "--reason", "postponed on paper"),
    )
    assert result.exit_code == 0, result.stderr


def test_candidates_stop_until_a_person_accepts_them(run: Run, treated: Path) -> None:
    found = [replace(one, unaccepted=True) for one in boxes()]
    write_follow_up(treated.parent / "june.dcm", "20260601", found)
    refused = asked(run, treated, "--accept", "H35", "--reason", "seen")
    assert refused.exit_code == 3
    assert "H35 Segmented by sirtdose: 'T1', 1.4 mL, was segmented" in refused.stderr
    assert "accept it with `sirtdose accept`" in refused.stderr


def test_an_acceptance_that_was_changed_is_taken_by_name(
    run: Run, treated: Path
) -> None:
    """H35 asks for a name, which the command must take."""
    before = Accepted("A. B", "2026-06-01", *["0" * 12] * 3, edited=False, how="seen")
    before = replace(before, unchanged=False)
    found = [replace(one, accepted=before) for one in boxes()[:1]]
    write_follow_up(treated.parent / "june.dcm", "20260601", found)
    words = ("--accept", "H35", "--reason", "same border")
    refused = asked(run, treated, *words)
    assert refused.exit_code == 3
    assert "--accept H35 --reason '...' --by NAME" in refused.stderr
    result = asked(run, treated, *words, "--by", "C. D")
    assert result.exit_code == 0, result.stderr
    assert [one["by"] for one in json.loads(result.stdout)["accepted"]] == ["C. D"]
    hidden = asked(run, treated, *words, "--by", "C. D", "--deidentify")
    assert "C. D" not in hidden.stdout
    schema = files("sirtdose.data").joinpath("schemas/lesions.schema.json")
    validate(json.loads(hidden.stdout), json.loads(schema.read_text("utf-8")))


def test_the_page_is_made_again_of_what_is_unchanged(
    run: Run, treated: Path, tmp_path: Path
) -> None:
    write_follow_up(tmp_path / "june.dcm", "20260601", boxes())
    out = tmp_path / "history"
    assert asked(run, treated, "--out", out).exit_code == 0
    page = (out / "lesions.html").read_bytes()
    (out / "lesions.html").unlink()
    assert run("report", out / "lesions.json").exit_code == 0
    assert (out / "lesions.html").read_bytes() == page
    for option, why in (
        ("--sheet", "--sheet is for plans"),
        ("--figures", "lesions.json has no pictures"),
        ("--deidentify", "run `sirtdose lesions` with --deidentify"),
    ):
        refused = run("report", out / "lesions.json", option, "--out", tmp_path / "x")
        assert refused.exit_code == 3
        assert why in refused.stderr
        assert not (tmp_path / "x").exists()
    text = (out / "lesions.json").read_text("utf-8")
    (out / "lesions.json").write_text(text.replace('"mean": 120.0', '"mean": 12.0'))
    refused = run("report", out / "lesions.json")
    assert refused.exit_code == 3
    assert "lesions.json is not what was written (H31)" in refused.stderr
