"""`sirtdose plan update`: planned against what the day of treatment brings."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from sirtdose.io.image_file import read_image_file
from sirtdose.io.map_label import is_as_labeled, label_of
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity
from sirtdose.planning.hand_check import hand_check
from sirtdose.workflows.post.against_plan import read_plan
from tests.cli.plan.test_image import territories, two_territories
from tests.cli.plan.test_image_goals import one_liver

Run = Callable[..., Result]
__all__ = ["one_liver", "two_territories"]
CASE = ("--perfused-volume", "1000mL", "--tumor", "T1=200mL@3", "--lung-shunt", "5%")
CASE += ("--liver-volume", "1500mL", "--density", "1g/mL", "--patient-key", "A")
TWO = ("--injection", "right=perfused:600mL,tumor:T1=100mL@3,activity:1GBq")
TWO += ("--injection", "left=perfused:400mL,tumor:T2=50mL@3,activity:0.5GBq")
TWO += ("--lung-shunt", "5%", "--density", "1g/mL", "--liver-volume", "1500mL")


def approved(run: Run, folder: Path, *options: object) -> Path:
    result = run(*options, "--out", folder)
    assert result.exit_code == 0, result.stderr
    path = folder / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Physicist").exit_code == 0
    return path


@pytest.fixture
def plan(run: Run, tmp_path: Path) -> Path:
    options = ("plan", "partition", *CASE, "--activity", "2GBq")
    return approved(run, tmp_path / "plan", *options)


@pytest.fixture
def two(run: Run, tmp_path: Path) -> Path:
    return approved(run, tmp_path / "two", "plan", "partition", *TWO)


def updated(run: Run, path: Path, *options: object) -> dict[str, Any]:
    result = run("plan", "update", path, *options, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def doses(document: dict[str, Any]) -> dict[str, float]:
    found = {one["name"]: one["dose_gy"] for one in document["compartments"]}
    return found | {"lungs": document["lungs"]["dose_gy"]}


def test_2_2_gbq_instead_of_2_are_a_tenth_more_everywhere(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--drawn", "2.2GBq")
    planned = doses(json.loads(plan.read_text()))
    # 2 GBq x 0.95 over 0.8 + 3 x 0.2 kg are 67.41 Gy; the tumor has three times that.
    assert planned["normal perfused"] == pytest.approx(49.67 * 1.9 / 1.4)
    assert doses(document) == pytest.approx(
        {name: 1.1 * gy for name, gy in planned.items()}, rel=1e-8
    )
    assert document["activity_gbq"] == pytest.approx(2.2)
    assert document["compartments"][0]["activity_gbq"] == pytest.approx(
        2.2 * 0.95 * 0.6 / 1.4
    )


def test_a_residual_is_what_is_not_injected(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--drawn", "2GBq", "--residual", "5%")
    assert document["activity_gbq"] == pytest.approx(1.9)
    assert document["draw_activity_gbq"] == pytest.approx(2.0)
    assert document["assumptions"]["residual_fraction"] == pytest.approx(0.05)
    assert doses(document)["lungs"] == pytest.approx(49.67 * 1.9 * 0.05)


def test_a_residual_alone_is_of_the_activity_to_draw_up(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--residual", "10%")
    assert document["activity_gbq"] == pytest.approx(1.8)


def test_another_lung_shunt_moves_the_lungs_and_the_liver(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--lung-shunt", "10%", "--lung-shunt-source", "spect")
    assert document["lungs"]["shunt_source"] == "spect"
    assert doses(document)["lungs"] == pytest.approx(49.67 * 2 * 0.1)
    assert doses(document)["perfused volume"] == pytest.approx(49.67 * 2 * 0.9 / 1.0)


def test_a_vial_measured_earlier_has_decayed_at_use(run: Run, plan: Path) -> None:
    # A half-life of 64.05 h before use.
    measured = "4GBq@2026-03-01T17:57+00:00"
    options = ("--drawn", measured, "--at", "2026-03-04T10:00+00:00")
    document = updated(run, plan, *options)
    assert document["activity_gbq"] == pytest.approx(2.0, rel=1e-9)
    late = run("plan", "update", plan, "--drawn", measured)
    assert late.exit_code == 2
    assert "give the time of use, --at" in late.stderr


def test_injections_change_one_by_one(run: Run, two: Path) -> None:
    options = ("--drawn", "right=1.2GBq", "--residual", "left=4%")
    document = updated(run, two, *options)
    rows = {one["name"]: one for one in document["update"]["injections"]}
    assert rows["right"]["activity_gbq"] == pytest.approx(1.2)
    assert rows["left"]["activity_gbq"] == pytest.approx(0.48)
    # 0.95 of each over the mass, tumors weighted threefold: 0.5 + 0.3, 0.35 + 0.15.
    gy = doses(document)
    assert gy["normal perfused of right"] == pytest.approx(49.67 * 1.2 * 0.95 / 0.8)
    assert gy["normal perfused of left"] == pytest.approx(49.67 * 0.48 * 0.95 / 0.5)
    assert gy["whole liver"] == pytest.approx(49.67 * 1.68 * 0.95 / 1.5)
    assert all(one.agrees for one in hand_check(document))


def test_limits_are_judged_again(run: Run, tmp_path: Path) -> None:
    options = ("plan", "partition", *CASE, "--activity", "2GBq", "--limit")
    path = approved(run, tmp_path / "limited", *options, "normal=70Gy")
    result = run("plan", "update", path, "--drawn", "2.2GBq", "--json")
    assert result.exit_code == 4
    limits = json.loads(result.stdout)["limits"]
    [limit] = [one for one in limits if one["name"] == "normal_perfused"]
    assert limit["value_gy"] == pytest.approx(49.67 * 2.2 * 0.95 / 1.4)
    assert limit["met"] is False
    assert len(limits) == 3
    assert re.search(r"limit 70, NOT MET +67\.41 +74\.15 +\+6\.741", result.stderr)
    # What was accepted of other numbers does not hold for these.
    accepted = ("--accept", "H42", "--reason", "palliative")
    assert run("plan", "update", path, "--drawn", "2.2GBq", *accepted).exit_code == 0


def test_earlier_sessions_stay(run: Run, plan: Path, tmp_path: Path) -> None:
    options = ("plan", "partition", *CASE, "--activity", "2GBq", "--after", plan)
    second = approved(run, tmp_path / "second", *options)
    document = updated(run, second, "--drawn", "1GBq")
    parts = {one["name"]: one for one in document["compartments"]}
    once = 49.67 * 1.9 / 1.4
    assert parts["normal perfused"]["cumulative_dose_gy"] == pytest.approx(1.5 * once)
    lungs = document["lungs"]
    assert lungs["cumulative_dose_gy"] == pytest.approx(49.67 * 0.05 * (1 + 2))
    assert all(one.agrees for one in hand_check(document))


@pytest.mark.parametrize(
    "options",
    [
        ("mird", "--perfused-volume", "1000mL", "--dose", "120Gy"),
        (
            *("mird", "--perfused-volume", "1000mL", "--dose", "120Gy"),
            *("--convention", "label", "--device", "glass", "--accept", "H43"),
            *("--reason", "x"),
        ),
        (
            *("bsa", "--height", "165cm", "--weight", "60kg", "--liver-volume"),
            *("1500mL", "--tumor-volume", "300mL"),
        ),
    ],
    ids=["mird", "label", "bsa"],
)
def test_every_method_by_numbers(
    run: Run, tmp_path: Path, options: tuple[str, ...]
) -> None:
    path = approved(run, tmp_path / "p", "plan", *options, "--lung-shunt", "5%")
    planned = json.loads(path.read_text())
    drawn = f"{0.9 * planned['draw_activity_gbq']}GBq"
    accepted = ("--accept", "H43", "--reason", "x") if "label" in options else ()
    document = updated(run, path, "--drawn", drawn, *accepted)
    less = {name: 0.9 * gy for name, gy in doses(planned).items()}
    assert doses(document) == pytest.approx(less, rel=1e-8)
    assert document["compartments"][0]["volume_ml"] > 0
    assert all(one.agrees for one in hand_check(document))


def test_the_new_plan_names_the_old_one_and_is_not_approved(
    run: Run, plan: Path, tmp_path: Path
) -> None:
    before = plan.read_bytes()
    out = tmp_path / "today"
    result = run("plan", "update", plan, "--drawn", "2.2GBq", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "T1" in result.stderr
    assert "+10.0%" in result.stderr
    document = json.loads((out / "plan.json").read_text())
    planned = json.loads(before)
    assert document["status"] == "draft"
    assert document["update"]["hash"] == planned["hash"]
    assert document["update"]["approval"]["by"] == "A. Physicist"
    assert f"Update of plan {planned['hash'][:12]}" in (out / "plan.html").read_text()
    assert plan.read_bytes() == before
    assert run("plan", "approve", out / "plan.json", "--by", "B").exit_code == 0
    # An assessment is compared with it as with any plan.
    read, said = read_plan(out / "plan.json", Nuclide.named("Y-90"), "A")
    assert read["activity_gbq"] == pytest.approx(2.2)
    assert [one for one in said if one.code in ("H01", "H02")] == []


def test_the_plan_itself_is_never_written_over(run: Run, plan: Path) -> None:
    options = ("--drawn", "2.2GBq", "--out", plan.parent, "--force")
    result = run("plan", "update", plan, *options)
    assert result.exit_code == 3
    assert "give another folder" in result.stderr


def test_what_is_refused(run: Run, plan: Path, two: Path) -> None:
    def said(path: Path, *options: object) -> str:
        result = run("plan", "update", path, *options)
        assert result.exit_code != 0
        return result.stderr

    drawn = ("--drawn", "2.2GBq")
    assert "H01" in said(plan, *drawn, "--patient-key", "B")
    assert "nothing is other than planned" in said(plan)
    assert "'middle' is not an injection of the plan" in said(
        two, "--drawn", "middle=1GBq"
    )
    assert "write NAME=1GBq" in said(two, "--drawn", "1GBq")
    assert "type for example --drawn 'right=1GBq'" in said(
        two, "--drawn", "middle=1GBq"
    )
    assert "is 'perfused volume'; leave the name out, --drawn 1.3GBq" in said(
        plan, "--drawn", "perfused=1.3GBq"
    )
    assert "not an activity above 0" in said(plan, "--drawn", "0GBq")
    document = json.loads(plan.read_text())
    plan.write_text(json.dumps(document | {"activity_gbq": 3.0}))
    assert "does not fit its hash" in said(plan, *drawn)


def test_a_draft_asks(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "draft"
    options = ("plan", "partition", *CASE, "--activity", "2GBq", "--out", out)
    assert run(*options).exit_code == 0
    result = run("plan", "update", out / "plan.json", "--drawn", "2.2GBq")
    assert "H02" in result.stderr
    assert result.exit_code == 3


def test_another_catheter_position_is_warned_of(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--catheter", "other")
    said = {(one["code"], one["severity"]) for one in document["warnings"]}
    assert ("H24", "warn") in said


def test_what_no_longer_holds_is_said(run: Run, tmp_path: Path) -> None:
    high = ("plan", "partition", *CASE[:4], "--lung-shunt", "12%", "--activity", "1GBq")
    path = approved(run, tmp_path / "high", *high)
    result = run("plan", "update", path, "--lung-shunt", "5%")
    assert "No longer said: H22 lung shunt is 12.0%" in result.stderr


def test_an_activity_a_fifth_off_may_be_reportable(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--drawn", "2.5GBq")
    [said] = [one for one in document["warnings"] if one["code"] == "H08"]
    assert "+25.0% of the 2 GBq (54.05 mCi) planned: 20 % or more" in said["message"]


def test_a_plan_by_an_image(run: Run, two_territories: Path, tmp_path: Path) -> None:
    words = territories(two_territories, "Perfused A", "Perfused B")
    both = ("--injection", "a=perfused:Perfused A,activity:1GBq")
    both += ("--injection", "b=perfused:Perfused B,activity:2GBq")
    path = approved(run, tmp_path / "image", *words, *both)
    changed = approved(
        run,
        tmp_path / "again",
        *words,
        *(one.replace("1GBq", "1.5GBq") for one in both),
    )
    accepted = ("--accept", "H05", "--reason", "x")
    out = ("--out", tmp_path / "today")
    document = updated(run, path, "--drawn", "a=1.5GBq", *accepted, *out)
    again = json.loads(changed.read_text())
    assert doses(document) == pytest.approx(doses(again), rel=1e-8)
    for one, other in zip(document["compartments"], again["compartments"], strict=True):
        assert one["activity_gbq"] == pytest.approx(other["activity_gbq"], rel=1e-8)
    assert document["measured"]["in_map_gbq"] == pytest.approx(
        again["measured"]["in_map_gbq"]
    )
    assert "doses" not in document
    assert document["nuclide"] == again["nuclide"]
    today = tmp_path / "today" / "plan.json"
    assert run("plan", "approve", today, "--by", "B").exit_code == 0
    assert run("report", today).exit_code == 0
    assert document["remnant"] == again["remnant"]
    assert all(one.agrees for one in hand_check(document))


MAPS = {"local": "dose_local.nii.gz", "kernel": "dose_kernel.nii.gz"}
LESS = ("--accept", "H05", "--reason", "x")


def of_activities(*gbq: str, shunt: str = "4%") -> tuple[str, ...]:
    """Injections of these activities into both territories, by two methods."""
    words = ["--lung-shunt", shunt, "--method", "local", "--method", "kernel"]
    for name, one in zip("AB", gbq, strict=False):
        own = f"{name.lower()}=perfused:Perfused {name},activity:{one}"
        words += ["--injection", own]
    return tuple(words)


def no_map(document: dict[str, Any]) -> list[str]:
    begun = "the update has no dose map"
    return [m for one in document["warnings"] if begun in (m := one["message"])]


@pytest.mark.parametrize("count", [1, 2])
def test_the_map_of_the_day_is_that_of_a_new_plan(
    run: Run, two_territories: Path, tmp_path: Path, count: int
) -> None:
    """Other activities and another lung shunt: each map is linear in both."""
    words = territories(two_territories, "Perfused A", "Perfused B")
    path = approved(
        run, tmp_path / "plan", *words, *of_activities(*("1GBq", "2GBq")[:count])
    )
    now = ("1.5GBq", "1.7GBq")[:count]
    fresh = run(
        *words, *of_activities(*now, shunt="7%"), *LESS, "--out", tmp_path / "new"
    )
    assert fresh.exit_code == 0, fresh.stderr
    drawn = [
        word
        for one in zip("ab", now, strict=False)
        for word in ("--drawn", "=".join(one))
    ]
    today = tmp_path / "today"
    document = updated(run, path, *drawn, "--lung-shunt", "7%", *LESS, "--out", today)
    assert no_map(document) == []
    for file in MAPS.values():
        own, new = (
            read_image_file(folder / file, Quantity.DOSE)
            for folder in (today, tmp_path / "new")
        )
        # A kernel's transform in 32 bits rounds by a part of the greatest dose.
        near = 1e-6 * float(new.data.max())
        np.testing.assert_allclose(own.data, new.data, rtol=1e-5, atol=near)
        assert new.data.max() > 10
        np.testing.assert_array_equal(own.grid.affine_mm, new.grid.affine_mm)
        label, other = (label_of(one / file) for one in (today, tmp_path / "new"))
        assert label is not None
        assert other is not None
        assert label.plan == document["hash"]
        assert (label.method, label.of) == (other.method, other.of)
        assert is_as_labeled(today / file, own)
        assert own.source is not None
        assert new.source is not None
        assert own.source.described == new.source.described


def test_why_there_is_no_map_of_the_day(
    run: Run, two_territories: Path, tmp_path: Path
) -> None:
    words = territories(two_territories, "Perfused A", "Perfused B")
    path = approved(run, tmp_path / "plan", *words, *of_activities("1GBq", "2GBq"))
    again = ("--drawn", "a=1.5GBq", *LESS)
    first, second = sorted((path.parent / "per_gbq").glob("dose_*_local.nii.gz"))
    # Two maps of 1 GBq that changed places do not give the plan.
    first.rename(tmp_path / "aside")
    second.rename(first)
    (tmp_path / "aside").rename(second)
    [said] = no_map(updated(run, path, *again, "--out", tmp_path / "swapped"))
    assert "dose_local.nii.gz needs the maps of 1 GBq of each" in said
    assert "dose_kernel" not in said
    assert not (tmp_path / "swapped" / "dose_local.nii.gz").exists()
    assert (tmp_path / "swapped" / "dose_kernel.nii.gz").exists()
    first.unlink()
    [said] = no_map(updated(run, path, *again))
    assert "dose_local.nii.gz needs the maps" in said
    # An update of the update has no maps of 1 GBq.
    today = tmp_path / "swapped" / "plan.json"
    assert run("plan", "approve", today, "--by", "B").exit_code == 0
    [said] = no_map(updated(run, today, "--drawn", "b=1.9GBq", *LESS))
    assert "dose_kernel.nii.gz needs the maps of 1 GBq of each" in said
    for one in MAPS.values():
        (path.parent / one).write_bytes(b"no image")
    [said] = no_map(updated(run, path, *again))
    assert "dose_kernel.nii.gz is of another plan, or was changed" in said
    for one in MAPS.values():
        (path.parent / one).unlink()
    [said] = no_map(updated(run, path, *again))
    assert "there is no map of the plan beside its plan.json" in said
    assert "`sirtdose plan image --activity` writes one" in said


def test_the_plan_that_is_made_again_is_the_plan(run: Run, plan: Path) -> None:
    document = updated(run, plan, "--drawn", "2GBq")
    planned = json.loads(plan.read_text())
    assert doses(document) == pytest.approx(doses(planned), rel=1e-9)
    assert document["remnant"] == planned["remnant"]
    assert document["remnant"]["volume_ml"] == 500.0
    assert [one["name"] for one in document["limits"]] == [
        one["name"] for one in planned["limits"]
    ]
    new_doses, old_doses = (
        [one["dose_by_first_order_gy"]["high"] for one in each["uncertainty"]["doses"]]
        for each in (document, planned)
    )
    assert new_doses == pytest.approx(old_doses, rel=1e-8)
    new = {"H08"}
    codes = [one["code"] for one in document["warnings"]]
    assert sorted(set(codes) - new) == sorted(
        {o["code"] for o in planned["warnings"]} | {"H24", "H01"}
    )


def test_goals_that_need_the_image_are_named(
    run: Run, one_liver: list[object], tmp_path: Path
) -> None:
    goals = ("--goal", "Tumor 1:D90=60Gy", "--goal", "Tumor 1:V50Gy=80%")
    goals += ("--goal", "Tumor 1:mean=60Gy")
    path = approved(run, tmp_path / "goals", *one_liver, *goals)
    planned = json.loads(path.read_text())
    drawn = f"{1.1 * planned['draw_activity_gbq']}GBq"
    accepted = ("--accept", "H05", "--reason", "x")
    document = updated(run, path, "--drawn", drawn, *accepted)
    before, after = (
        {one["metric"]: one["reached"] for one in each["goals"]}
        for each in (planned, document)
    )
    assert before["D90"] == pytest.approx(60.0)
    assert after["D90"] == pytest.approx(66.0)
    assert after["mean"] == pytest.approx(1.1 * before["mean"])
    assert after["V50Gy"] is None
    said = [one["message"] for one in document["warnings"] if one["code"] == "H24"]
    assert any(one.startswith("V50Gy of Tumor 1 cannot be predicted") for one in said)
    # A draft's numbers of the image stay; its map is another's.
    assert document["measured"]["structures"] == planned["measured"]["structures"]
    pages = run(
        "plan", "update", path, "--drawn", drawn, *accepted, "--out", tmp_path / "t"
    )
    assert pages.exit_code == 0


def page_command(folder: Path) -> str | None:
    """The command of a page's what-if, for the activities of its plan."""
    page = (folder / "plan.html").read_text("utf-8")
    found = re.search(r'id="what-if-data">(.*?)</script>', page, re.DOTALL)
    assert found
    data = json.loads(found[1])
    text: str | None = data["command"]
    for number, one in enumerate(data["injections"] if text else ()):
        text = text and text.replace(f"{{a{number}}}", f"{one['gbq']!r}")
    return text


def test_the_command_of_its_page_makes_the_update(
    run: Run, plan: Path, tmp_path: Path
) -> None:
    out = tmp_path / "today"
    words = ("--drawn", "1.25GBq", "--residual", "3%", "--lung-shunt", "10%")
    words += ("--catheter", "other", "--lung-shunt-source", "spect")
    document = updated(run, plan, *words, "--out", out)
    text = page_command(out)
    assert text is not None
    # A plan by numbers has no --catheter.
    for said in ("--lung-shunt 0.1", "--residual 0.03", "--lung-shunt-source spect"):
        assert said in text
    again = run(*shlex.split(text)[1:], "--json")
    assert again.exit_code == 0, again.stderr
    new = json.loads(again.stdout)
    assert new["draw_activity_gbq"] == pytest.approx(1.25)
    # 1.25 x 0.97 GBq: a tenth to the lungs of 1 kg, nine tenths in 1.4 kg.
    gbq = 1.25 * 0.97
    assert doses(new)["lungs"] == pytest.approx(49.67 * gbq * 0.1)
    assert doses(new)["normal perfused"] == pytest.approx(49.67 * gbq * 0.9 / 1.4)
    assert doses(new) == pytest.approx(doses(document), rel=1e-8)


def test_the_command_of_several_has_their_shunt(run: Run, tmp_path: Path) -> None:
    words = ("plan", "partition", *TWO[:1], f"{TWO[1]},lung-shunt:4%", *TWO[2:])
    path, out = approved(run, tmp_path / "two", *words), tmp_path / "today"
    options = ("--lung-shunt", "10%", "--residual", "4%")
    document = updated(run, path, *options, "--out", out)
    text = page_command(out)
    assert text is not None
    assert "lung-shunt:0.1" in text
    again = run(*shlex.split(text)[1:], "--json")
    assert again.exit_code == 0, again.stderr
    new = json.loads(again.stdout)
    # 1.5 GBq drawn up, 0.96 of it injected, a tenth of that in the lungs.
    assert doses(new)["lungs"] == pytest.approx(49.67 * 1.5 * 0.96 * 0.1)
    assert doses(new) == pytest.approx(doses(document), rel=1e-8)
    # No plan has a residual for each injection.
    apart = tmp_path / "apart"
    updated(run, path, "--residual", "left=4%", "--out", apart)
    assert page_command(apart) is None
    assert "has its own residual" in (apart / "plan.html").read_text("utf-8")


def test_a_shunt_typed_for_a_plan_by_tumors_replaces_theirs(
    run: Run, tmp_path: Path
) -> None:
    at = CASE.index("--lung-shunt")
    words = (*CASE[:at], "--tlsf", "8%", *CASE[at + 2 :])
    path = approved(
        run, tmp_path / "tlsf", "plan", "partition", *words, "--activity", "2GBq"
    )
    out = tmp_path / "today"
    document = updated(run, path, "--lung-shunt", "10%", "--out", out)
    again = run(*shlex.split(page_command(out) or "")[1:], "--json")
    assert again.exit_code == 0, again.stderr
    lungs = doses(json.loads(again.stdout))["lungs"]
    assert lungs == pytest.approx(49.67 * 2 * 0.1)
    assert lungs == pytest.approx(doses(document)["lungs"])


def test_a_scout_follows_the_lung_shunt_of_the_day(run: Run, tmp_path: Path) -> None:
    words = ("plan", "partition", "--device", "ho166", *CASE, "--activity", "3GBq")
    words += ("--scout-activity", "250MBq", "--limit", "T1=150Gy")
    path = approved(run, tmp_path / "ho", *words)
    document = updated(run, path, "--lung-shunt", "10%")
    scout = document["assumptions"]["scout"]
    # 0.25 GBq: a tenth to 1 kg of lungs; nine tenths in 0.8 + 3 x 0.2 kg, thrice in T1.
    assert scout["lungs_gy"] == pytest.approx(15.87 * 0.25 * 0.1)
    of_tumor = 3 * 15.87 * 0.25 * 0.9 / 1.4
    assert scout["doses_gy"]["T1"] == pytest.approx(of_tumor)
    [tumor] = [one for one in document["compartments"] if one["name"] == "T1"]
    assert tumor["dose_gy"] == pytest.approx(12 * of_tumor)
    assert tumor["cumulative_dose_gy"] == pytest.approx(13 * of_tumor)
    lungs = document["lungs"]["cumulative_dose_gy"]
    assert lungs == pytest.approx(15.87 * 3.25 * 0.1)
    [limit] = [one for one in document["limits"] if one["name"] == "T1"]
    assert limit["value_gy"] == pytest.approx(13 * of_tumor)
    assert all(one.agrees for one in hand_check(document))
    # As planned, without another shunt.
    same = updated(run, path, "--drawn", "3GBq")
    planned = json.loads(path.read_text())
    for name in ("T1", "lungs"):
        assert doses(same)[name] == pytest.approx(doses(planned)[name])
    was, now = (one["assumptions"]["scout"]["doses_gy"] for one in (planned, same))
    assert now == pytest.approx(was, rel=1e-8)
    assert same["lungs"]["cumulative_dose_gy"] == pytest.approx(15.87 * 3.25 * 0.05)


def test_a_remnant_is_said_once(run: Run, tmp_path: Path) -> None:
    # 1500 - 1000 mL are 33 % of the liver, less than the 40 % of cirrhosis.
    words = ("plan", "partition", *CASE, "--activity", "2GBq")
    path = approved(run, tmp_path / "p", *words, "--underlying-liver", "cirrhosis")
    document = updated(run, path, "--drawn", "2GBq")
    for one in (json.loads(path.read_text()), document):
        assert [own["code"] for own in one["warnings"]].count("H45") == 1


def test_a_least_dose_is_shown_as_one(run: Run, tmp_path: Path) -> None:
    words = ("--limits", "eanm2022:glass:hcc:lobectomy", "--device", "glass")
    path = approved(
        run, tmp_path / "p", "plan", "partition", *CASE, "--activity", "3GBq", *words
    )
    result = run("plan", "update", path, "--drawn", "3.1GBq")
    rows = json.loads(path.read_text())["limits"]
    least = {one["limit_gy"] for one in rows if one["sense"] == "at_least"}
    assert least
    for gy in least:
        assert f"at least {gy:g}" in result.stderr
        assert f"limit {gy:g}" not in result.stderr


def test_no_plan_is_written_over_the_one_it_follows(run: Run, plan: Path) -> None:
    before = plan.read_bytes()
    words = ("plan", "partition", *CASE, "--activity", "2GBq", "--after", plan)
    result = run(*words, "--out", plan.parent, "--force")
    assert result.exit_code == 3
    assert "holds the plan.json of --after" in result.stderr
    assert plan.read_bytes() == before


def test_a_scout_and_an_earlier_plan_are_both_named(run: Run, tmp_path: Path) -> None:
    words = ("plan", "partition", "--device", "ho166", *CASE, "--activity", "1GBq")
    first = approved(run, tmp_path / "first", *words)
    result = run(*words, "--scout-activity", "250MBq", "--after", first)
    # 1 + 0.25 + 1 GBq.
    normal_gy = 15.87 * 2.25 * 0.95 / 1.4
    said = f"{normal_gy:.2f} Gy with the scout and earlier treatments"
    assert said in result.stderr
