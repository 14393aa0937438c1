"""Vials judged as plans are, and what is written of them: unchanged, and complete."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.plan.test_pages import visible

Run = Callable[..., Result]
AT = "2026-12-09T10:00+01:00"
BASE = ("--perfused-volume", "1000mL", "--liver-volume", "1700mL", "--lung-shunt", "2%")
CASE = ("plan", "partition", "--device", "glass", *BASE, "--tumor", "T1=100mL@2")
HIGH = ("--measured", f"3.4GBq@{AT}")


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    """145 Gy to the perfused volume: 3.128 GBq."""
    made = run(*CASE, "--goal", "perfused:mean=145Gy", "--out", tmp_path / "plan")
    assert made.exit_code == 0, made.stderr
    return tmp_path / "plan" / "plan.json"


def found(result: Result) -> set[tuple[str, str, str]]:
    return {
        (one["code"], one["severity"], one["subject"])
        for one in json.loads(result.stdout)["warnings"]
        if one["severity"] != "note" and one["code"] != "H04"
    }


def test_usual_doses_and_the_whole_liver_are_judged(run: Run, plan: Path) -> None:
    """49.67 x 0.98 x 3.4 / 1.05 = 157.6 Gy, above 150; normal liver 80.6, above 75."""
    words = ("plan", "vial", "--plan", plan, "--at", AT, "--json")
    asked = run(*words, *HIGH)
    assert asked.exit_code == 3
    assert "H07" in asked.stderr
    assert "with the vials as measured, 'perfused volume' gets 157.6" in asked.stderr
    # Nothing is advised that this command has no option for.
    assert "--limits" not in asked.stderr
    accepted = ("--accept", "H07", "--reason", "known")
    by_vial = run(*words, *HIGH, *accepted)
    by_plan = run(*CASE, "--activity", "3.4GBq", *accepted, "--json")
    assert found(by_vial) == found(by_plan)
    assert {one[:2] for one in found(by_vial)} == {("H07", "ask"), ("H43", "warn")}


def test_an_order_asks_as_the_plan_does(run: Run, plan: Path, tmp_path: Path) -> None:
    """7 GBq of Sunday noon in New York: 3.427 GBq at 6:00, 158.9 Gy."""
    out = tmp_path / "order"
    words = ("plan", "vial", "--plan", plan, "--at", "2026-12-09T06:00-05:00")
    asked = run(*words, "--choose", "7GBq@2026-12-06", "--out", out)
    assert asked.exit_code == 3
    assert "H07" in asked.stderr
    assert not out.exists()


def test_cells_are_marked_by_the_same_checks(run: Run, plan: Path) -> None:
    result = run("plan", "vial", "--plan", plan, "--at", "2026-12-09T06:00-05:00")
    rows = {line.split()[0]: line for line in result.stderr.splitlines() if line}
    assert rows["5"].endswith("206 Gy")
    assert rows["7"].endswith("289 Gy *!")


def test_lower_limits_warn(run: Run, tmp_path: Path) -> None:
    """Over 400 Gy in a segment, at least 140 Gy in a lobe: 393 and 139 are less."""
    of = "limits:eanm2022:glass:hcc"
    words = ["plan", "partition", "--device", "glass", "--lung-shunt", "5%"]
    words += ["--liver-volume", "2400mL", "--bilirubin", "0.9mg/dL"]
    right = f"right=perfused:200mL,{of}:segmentectomy,dose:420Gy"
    left = f"left=perfused:600mL,tumor:T2=50mL@4,{of}:lobectomy,dose:150Gy"
    words += ["--injection", right, "--injection", left]
    assert run(*words, "--out", tmp_path).exit_code == 0
    at = "2026-12-09T10:00-05:00"
    vial = ("plan", "vial", "--plan", tmp_path / "plan.json", "--at", at)
    grid = run(*vial).stderr
    assert "316 Gy !" in grid
    assert "421 Gy *\n" in grid
    result = run(
        *(*vial, "--measured", f"right=1.75GBq@{at}"),
        *("--measured", f"left=1.85GBq@{at}"),
    )
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("WARN H25  with the vials") == 2
    assert "NOT MET: 393 Gy, below 400 Gy; WARN H25" in result.stderr
    assert "'perfused volume of right' gets 393.2 Gy, less than 400" in result.stderr


def test_shipped_lung_limits_warn_as_in_plans(run: Run, tmp_path: Path) -> None:
    """49.67 x 0.2 x 3.1 = 30.8 Gy to 1 kg: nobody typed the limit of 30 Gy."""
    words = ("plan", "partition", "--device", "glass", "--perfused-volume", "1500mL")
    words += ("--lung-shunt", "20%", "--tumor", "T1=300mL@3", "--activity")
    for activity, said in (("2.9GBq", ""), ("3.1GBq", ", as in the plan")):
        out = tmp_path / activity
        assert run(*words, activity, "--out", out).exit_code == 0
        result = run(
            *("plan", "vial", "--plan", out / "plan.json", "--at", AT),
            *("--measured", f"3.1GBq@{AT}"),
        )
        assert result.exit_code == 0, result.stderr
        assert f"NOT MET: 31 Gy, above 30 Gy; WARN H22{said}\n" in result.stderr
        assert result.stderr.count("WARN H22  with the vials") == (not said)


def test_more_than_10_percent_in_an_order_can_be_accepted(
    run: Run, plan: Path, tmp_path: Path
) -> None:
    accepted = ("--accept", "H03", "--reason", "ok", "--accept", "H07", "--reason", "x")
    two = tmp_path / "two"
    words = ["plan", "partition", "--device", "glass", "--lung-shunt", "0%"]
    for name in ("right", "left"):
        words += ["--injection", f"{name}=perfused:900mL,activity:{len(name) / 4}GBq"]
    assert run(*words, "--out", two).exit_code == 0
    alone = run(
        *("plan", "vial", "--plan", plan, "--at", AT, "--choose", "3.6GBq"), *accepted
    )
    assert alone.exit_code == 0, alone.stderr
    both = ("--choose", "right=1.42GBq", "--choose", "left=1.14GBq")
    several = run("plan", "vial", "--plan", two / "plan.json", "--at", AT, *both)
    assert several.exit_code == 3
    each = ("H03:right", "H03:left")
    named = [word for one in each for word in ("--accept", one, "--reason", "ok")]
    several = run(
        *("plan", "vial", "--plan", two / "plan.json", "--at", AT, *both, *named)
    )
    assert several.exit_code == 0, several.stderr


@pytest.fixture
def written(run: Run, plan: Path, tmp_path: Path) -> Path:
    vial = ("plan", "vial", "--plan", plan, "--at", "2026-12-09T06:00-05:00")
    done = run(*vial, "--choose", "6.5GBq@2026-12-06", "--out", tmp_path / "made")
    assert done.exit_code == 0, done.stderr
    return tmp_path / "made"


def test_the_day_of_treatment_is_that_of_the_vial(written: Path) -> None:
    for name in ("order", "vial"):
        text = visible((written / f"{name}.html").read_text("utf-8"))
        assert "Treatment Dec 9, 2026, 06:00" in text
        assert "treatment date not given" not in text


def test_every_day_of_treatment_is_in_the_head(run: Run, tmp_path: Path) -> None:
    """Each injection at its own time: on three days, of which two times are alike."""
    words = ["plan", "partition", "--device", "glass", "--lung-shunt", "0%"]
    times = []
    for name, day in (("right", 11), ("left", 9), ("seg 4", 10)):
        words += ["--injection", f"{name}=perfused:900mL,activity:1GBq"]
        times += ["--at", f"{name}=2026-12-{day:02}T10:00+01:00"]
    assert run(*words, "--out", tmp_path).exit_code == 0
    vial = ("plan", "vial", "--plan", tmp_path / "plan.json", *times)
    chosen = [
        word
        for name, gbq in (("right", 1.01), ("left", 1.02), ("seg 4", 1.04))
        for word in ("--choose", f"{name}={gbq}GBq")
    ]
    made = run(*vial, *chosen, "--out", tmp_path / "vial")
    assert made.exit_code == 0, made.stderr
    days = "Dec 9, 2026, Dec 10, 2026 and Dec 11, 2026"
    for name in ("order", "vial"):
        page = (tmp_path / "vial" / f"{name}.html").read_text("utf-8")
        assert f"Treatment {days}" in visible(page)
        assert f"|  treatment {days}" in page.replace(r"\7c ", "|")
    hidden = ("report", tmp_path / "vial" / "vial.json", "--deidentify", "--out")
    assert run(*hidden, tmp_path / "hidden").exit_code == 0
    assert "2026" not in visible((tmp_path / "hidden" / "vial.html").read_text())


def test_edited_documents_get_no_page(run: Run, written: Path, tmp_path: Path) -> None:
    body = ("--height", "165cm", "--weight", "60kg", "--liver-volume", "1500mL")
    compare = ("plan", "compare", "--device", "resin", *body, "--lung-shunt", "4%")
    compare += ("--tumor", "T1=300mL@3", "--dose", "60Gy", "--normal-dose", "40Gy")
    made = run(*compare, "--out", tmp_path / "compare")
    assert made.exit_code == 0, made.stderr
    documents = [written / "order.json", written / "vial.json"]
    for path in (*documents, tmp_path / "compare" / "compare.json"):
        again = run("report", path, "--out", tmp_path / "again", "--force")
        assert again.exit_code == 0, again.stderr
        document = json.loads(path.read_text("utf-8"))
        assert document["sirtdose_version"]
        for edited in (
            {**document, "sirtdose_version": "9"},
            {key: one for key, one in document.items() if key != "hash"},
            {**document, "hash": 3},
            {**document, "more": float("nan")},
        ):
            path.write_text(json.dumps(edited), "utf-8")
            refused = run("report", path, "--out", tmp_path / "page")
            assert refused.exit_code == 3
            assert f"{path.name} is not what was written (H31)" in refused.stderr
            assert not (tmp_path / "page").exists()


def test_a_shared_vial_is_measured_by_its_parts(run: Run, tmp_path: Path) -> None:
    words = ["plan", "partition", "--device", "resin", "--lung-shunt", "0%"]
    for name, gbq in (("right", 1.0), ("left", 0.4)):
        words += ["--injection", f"{name}=perfused:900mL,activity:{gbq}GBq"]
    assert run(*words, "--out", tmp_path).exit_code == 0
    vial = ("plan", "vial", "--plan", tmp_path / "plan.json", "--at", AT)
    refused = run(*vial, "--measured", f"right,left=1.4GBq@{AT}")
    assert refused.exit_code == 2
    said = " ".join(refused.stderr.split())
    assert "--measured right=ACTIVITY@TIME --measured left=ACTIVITY@TIME" in said
    # The parts are compared with the plan, not with the whole vial of 3.271 GBq.
    chosen = ("--choose", "right,left=3GBq@2026-12-09T18:00+01:00")
    parts = ("--measured", f"right=1GBq@{AT}", "--measured", f"left=0.4GBq@{AT}")
    measured = run(*vial, *chosen, *parts, "--json")
    assert measured.exit_code == 0, measured.stderr
    for one in json.loads(measured.stdout)["injections"]:
        assert one["measured"]["to_wanted_ratio"] == pytest.approx(1)
        assert one["measured"]["to_ordered_ratio"] is None


def test_holmium_needs_the_time_of_calibration(run: Run) -> None:
    words = ("plan", "vial", "--activity", "4GBq", "--device", "ho166", "--at", AT)
    refused = run(*words, "--choose", "4GBq@2026-12-09")
    assert refused.exit_code == 3
    assert "have no fixed times of calibration: write the time" in refused.stderr
    assert "can be had" not in refused.stderr
    shown = run(*words[:2], "--activity", "4.17869GBq", *words[4:])
    assert "4.17869" not in shown.stderr
    assert "fits: 4.179 GBq" in shown.stderr
