"""Doses of earlier sessions in a plan: by name, by role, by energy, and the lungs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.checks.sessions import session_findings
from sirtdose.errors import InputError
from sirtdose.model.field import Field
from sirtdose.planning import mird_plan
from sirtdose.planning.partition_case import Region
from sirtdose.planning.sessions import (
    EarlierSession,
    SessionPart,
    counted,
    sessions_document,
    with_sessions,
)
from sirtdose.planning.terms import Terms
from sirtdose.workflows.plan.planned import planned_sessions
from sirtdose.workflows.plan.sessions import read_sessions
from tests.cli.plan.test_image_goals import one_liver

Run = Callable[..., Result]
__all__ = ["one_liver"]
CASE = ("plan", "partition", "--perfused-volume", "1000mL", "--tumor", "T1=200mL@3")
CASE += ("--lung-shunt", "5%", "--liver-volume", "1500mL", "--density", "1g/mL")


def region(name: str, role: str, kg: float, *of: str, ml: float = 0.0) -> Region:
    return Region(name, role, ml or 1000 * kg, kg, of, (1.0,), (10.0,))


def part(name: str, role: str, gy: float, kg: float = 0.8, of: str = "") -> SessionPart:
    return SessionPart(name, role, 1000 * kg, kg, gy, (of,) if of else ())


def session(*parts: SessionPart, lungs_gy: float | None = 12.0) -> EarlierSession:
    return EarlierSession(
        "the earlier session", "planned", "d1", "Y-90", parts, lungs_gy
    )


def doses(regions: list[Region], *parts: SessionPart) -> list[tuple[str, float]]:
    return [(one.region, one.dose_gy) for one in counted(regions, session(*parts))]


def test_tumors_go_by_name_and_the_liver_by_role() -> None:
    regions = [
        region("T1", "tumor", 0.2),
        region("T2", "tumor", 0.1),
        region("whole liver", "liver", 1.6),
        region("normal whole liver", "normal_whole", 1.3),
    ]
    found = doses(
        regions,
        part("t1", "tumor", 180.0),
        part("Liver", "liver", 56.0),
        part("normal_whole", "normal_whole", 37.0),
    )
    assert found == [
        ("T1", 180.0),
        ("whole liver", 56.0),
        ("normal whole liver", 37.0),
    ]


def test_perfused_volumes_go_by_their_injection() -> None:
    regions = [
        region("normal perfused of right", "normal_perfused", 0.8, "right"),
        region("normal perfused of left", "normal_perfused", 0.4, "left"),
    ]
    before = part("normal perfused", "normal_perfused", 60.0, of="Right")
    assert doses(regions, before) == [("normal perfused of right", 60.0)]


def test_injections_without_a_name_are_alike() -> None:
    here = [region("treated volume", "perfused", 1.0, "treated volume")]
    before = part("perfused volume", "perfused", 84.0, of="injection")
    assert doses(here, before) == [("treated volume", 84.0)]


def test_a_liver_that_the_session_had_not_gets_its_energy() -> None:
    # 60 Gy x 0.8 kg = 48 J in 1.6 kg are 30 Gy; 84 x 1 in 2 kg are 42 Gy.
    normal = [region("normal whole liver", "normal_whole", 1.6)]
    of = {"kg": 0.8, "of": "right"}
    assert doses(normal, part("n", "normal_perfused", 60.0, **of)) == [
        ("normal whole liver", 30.0)
    ]
    whole = [region("whole liver", "liver", 2.0)]
    assert doses(whole, part("p", "perfused", 84.0, kg=1.0, of="right")) == [
        ("whole liver", 42.0)
    ]


def test_a_session_by_one_compartment_gave_its_mean_to_normal_liver() -> None:
    here = [region("normal perfused", "normal_perfused", 0.8, "injection")]
    before = part("perfused volume", "perfused", 120.0, kg=1.0, of="injection")
    assert doses(here, before) == [("normal perfused", 120.0)]


def test_what_all_of_the_liver_had_its_lobe_had_too() -> None:
    lobe = [region("perfused volume", "perfused", 0.9, "right")]
    lobe.append(region("whole liver", "liver", 1.5))
    before = (
        part("treated volume", "perfused", 40.0, kg=1.5, of="injection"),
        part("whole liver", "liver", 40.0, kg=1.5),
    )
    assert doses(lobe, *before) == [("perfused volume", 40.0), ("whole liver", 40.0)]
    # A right lobe before gave the left none, and all of the liver 24 Gy.
    right = part("perfused volume", "perfused", 40.0, kg=0.9, of="right")
    whole = part("whole liver", "liver", 24.0, kg=1.5)
    left = [region("perfused volume", "perfused", 0.6, "left"), lobe[1]]
    assert doses(left, right, whole) == [("whole liver", 24.0)]
    everything = [region("treated volume", "perfused", 1.5, "injection"), lobe[1]]
    assert doses(everything, right, whole) == [
        ("treated volume", 24.0),
        ("whole liver", 24.0),
    ]


def test_sessions_add_up_with_what_was_typed() -> None:
    here = Region("T1", "tumor", 200, 0.2, (), (1.0,), (10.0,), prior_gy=5.0)
    first, second = (session(part("T1", "tumor", gy)) for gy in (60.0, 40.0))
    [raised] = with_sessions([here], [first, second])
    assert raised.prior_gy == 105.0


def test_lungs_of_sessions_are_12_and_15_gy() -> None:
    terms = Terms(prior_lung_dose_gy=3.0, sessions=(session(), session(lungs_gy=15.0)))
    assert terms.earlier_lung_gy == 30.0


def test_what_a_plan_keeps_of_a_session() -> None:
    [row] = sessions_document(
        [region("T1", "tumor", 0.2)], [session(part("T1", "tumor", 60.0))]
    )["sessions"]
    assert row["hash"] == "d1"
    assert row["lungs_gy"] == 12.0
    assert row["doses"] == [{"name": "T1", "of": ["T1"], "dose_gy": 60.0}]


def said(terms: Terms, *regions: Region, key: str | None = "A") -> dict[str, str]:
    found = session_findings(terms, regions, typed={"patient_key": key})
    return {f"{one.code} {one.severity}": one.message for one in found}


def before(**more: object) -> Terms:
    liver = part("whole liver", "liver", 30.0, kg=1.5)
    known: dict[str, object] = {"patient_key": "A", **more}
    return Terms(
        sessions=(
            EarlierSession(
                **{
                    "called": "the earlier session",
                    "kind": "planned",
                    "digest": "d1",
                    "nuclide": "Y-90",
                    "parts": (liver,),
                    "lungs_gy": 12.0,
                    **known,
                }
            ),
        )
    )


LIVER = region("whole liver", "liver", 1.5)


def test_a_session_that_fits_says_nothing() -> None:
    assert said(before(), LIVER) == {}


def test_another_patient_stops() -> None:
    assert "H01 stop" in said(before(), LIVER, key="B")
    assert "H01 note" in said(before(), LIVER, key=None)


def test_a_draft_asks_and_an_approved_plan_does_not() -> None:
    assert "H02 ask" in said(before(status="draft"), LIVER)


def test_another_nuclide_is_added_with_a_warning() -> None:
    assert "Ho-166" in said(before(nuclide="Ho-166"), LIVER)["H26 warn"]


def test_an_unknown_lung_dose_asks() -> None:
    assert "--prior-lung-dose" in said(before(lungs_gy=None), LIVER)["H22 ask"]


def test_a_dose_that_may_count_twice_asks() -> None:
    from dataclasses import replace

    twice = replace(before(after_others=True), prior_liver_dose_gy=20.0)
    assert "--prior-liver-dose 20Gy" in said(twice, LIVER)["H09 ask"]
    assert "H09 ask" not in said(before(after_others=True), LIVER)


def test_a_volume_or_a_density_of_more_than_10_percent_else_asks() -> None:
    # 1500 mL then; 1640 mL here is 9.3 % more, 1660 mL 10.7 %.
    assert said(before(), region("whole liver", "liver", 1.64)) == {}
    more = said(before(), region("whole liver", "liver", 1.66))
    assert "1660 mL here and 1500 mL" in more["H38 ask"]
    dense = region("whole liver", "liver", 1.7, ml=1500.0)
    assert "1.133 g/mL here and 1 g/mL" in said(before(), dense)["H38 ask"]


def test_one_note_says_what_has_no_counterpart() -> None:
    here = (LIVER, region("T9", "tumor", 0.1))
    only = before(
        parts=(part("whole liver", "liver", 30.0, 1.5), part("T1", "tumor", 9))
    )
    assert said(only, *here)["H38 warn"] == (
        "T1 of the earlier session is not in this plan; T9 gets no dose of the earlier "
        "session"
    )


def test_volumes_that_must_overlap_under_other_names_ask() -> None:
    # 1000 + 700 mL in 1500 mL overlap, 1000 + 400 mL need not.
    then = before(parts=(part("p", "perfused", 60.0, 1.0, "right"),))
    large = region("perfused volume of left", "perfused", 0.7, "left")
    assert "H19 ask" in said(then, LIVER, large)
    small = region("perfused volume of left", "perfused", 0.4, "left")
    assert "H19 ask" not in said(then, LIVER, small)


def test_a_dose_to_the_liver_is_never_lost() -> None:
    with pytest.raises(InputError, match="give --liver-volume"):
        said(before(), region("T1", "tumor", 0.2))


@pytest.fixture
def first(run: Run, tmp_path: Path) -> Path:
    folder = tmp_path / "first"
    options = ("--normal-dose", "60Gy", "--patient-key", "A", "--out", folder)
    assert run(*CASE, *options).exit_code == 0
    path = folder / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Physicist").exit_code == 0
    return path


def test_60_and_20_gy_to_normal_liver_are_80(run: Run, first: Path) -> None:
    options = ("--normal-dose", "20Gy", "--patient-key", "A", "--after", first)
    result = run(*CASE, *options, "--limit", "normal=70Gy", "--json")
    document = json.loads(result.stdout)
    parts = {one["name"]: one for one in document["compartments"]}
    assert parts["normal perfused"]["dose_gy"] == pytest.approx(20.0)
    assert parts["normal perfused"]["cumulative_dose_gy"] == pytest.approx(80.0)
    # T/N 3, and 48 + 16 J in 1.3 kg of normal liver.
    assert parts["T1"]["cumulative_dose_gy"] == pytest.approx(240.0)
    assert parts["normal whole liver"]["cumulative_dose_gy"] == pytest.approx(64 / 1.3)
    [limit] = [one for one in document["limits"] if one["name"] == "normal_perfused"]
    assert limit["value_gy"] == pytest.approx(80.0)
    assert limit["met"] is False
    assert result.exit_code == 4
    [kept] = document["assumptions"]["sessions"]
    assert kept["hash"] == json.loads(first.read_text())["hash"]


def test_lungs_of_both_sessions_meet_the_limit_of_all(run: Run, first: Path) -> None:
    options = ("--activity", "2GBq", "--patient-key", "A", "--after", first)
    lungs = json.loads(run(*CASE, *options, "--json").stdout)["lungs"]
    # 60 Gy in (0.8 + 3 x 0.2) kg take 60 x 1.4 / (49.67 x 0.95) GBq; 5 % of them.
    before_gy = 60 * 1.4 / 0.95 * 0.05
    assert lungs["dose_gy"] == pytest.approx(49.67 * 2 * 0.05)
    assert lungs["cumulative_dose_gy"] == pytest.approx(4.967 + before_gy)


def test_an_edited_plan_or_another_file_is_refused(run: Run, first: Path) -> None:
    options = ("--normal-dose", "20Gy", "--after", first)
    first.write_text(first.read_text().replace("60.0", "50.0"))
    assert "does not fit its hash" in run(*CASE, *options).stderr
    first.write_text("{}")
    assert "neither a plan.json nor a post.json" in run(*CASE, *options).stderr


def test_a_plan_by_an_image_adds_them_too(
    run: Run, one_liver: list[object], tmp_path: Path
) -> None:
    words = (*one_liver, "--activity", "1GBq", "--patient-key", "A", "--json")
    out = tmp_path / "image"
    assert run(*words, "--out", out).exit_code == 0
    path = out / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Physicist").exit_code == 0
    result = run(*words, "--after", path, "--accept", "H05", "--reason", "x")
    assert result.exit_code == 0, result.stderr
    parts = json.loads(result.stdout)["compartments"]
    twice = [one["cumulative_dose_gy"] / one["dose_gy"] for one in parts]
    assert twice == pytest.approx([2.0] * 5)


def test_lungs_of_12_and_45_gy_pass_the_limit_of_all() -> None:
    # 45 Gy after 12: above 30 in one session, and 57 above 50 of all.
    terms = Terms(density_g_per_ml=1.0, lung_shunt_fraction=0.1, sessions=(session(),))
    plan = mird_plan.plan(
        terms, dose_gy=45 * 9 / 1.0, perfused_volume_ml=1000, liver_volume_ml=1500
    )
    limits = {one.name: (one.value_gy, one.met) for one in plan.limits}
    assert limits["lungs"] == (pytest.approx(45.0), False)
    assert limits["lungs_cumulative"] == (pytest.approx(57.0), False)
    less = mird_plan.plan(
        terms, dose_gy=15 * 9, perfused_volume_ml=1000, liver_volume_ml=1500
    )
    limits = {one.name: (one.value_gy, one.met) for one in less.limits}
    assert limits["lungs"] == (pytest.approx(15.0), True)
    assert limits["lungs_cumulative"] == (pytest.approx(27.0), True)


def test_one_session_is_given_once(first: Path) -> None:
    with pytest.raises(InputError, match="count the same session"):
        read_sessions([first, first])


def test_a_plan_after_another_holds_it(run: Run, first: Path, tmp_path: Path) -> None:
    options = ("--normal-dose", "20Gy", "--patient-key", "A")
    second = tmp_path / "second"
    assert run(*CASE, *options, "--after", first, "--out", second).exit_code == 0
    own, held = read_sessions([second / "plan.json"])
    assert own.after_others
    assert held.held
    assert held.digest == json.loads(first.read_text())["hash"]
    for session_, gy in ((own, 20.0), (held, 60.0)):
        doses_gy = {one.name: one.dose_gy for one in session_.parts}
        assert doses_gy["normal perfused"] == pytest.approx(gy)
    with pytest.raises(InputError, match="count the same session"):
        read_sessions([first, second / "plan.json"])


def test_an_update_is_the_session_that_it_updates(
    run: Run, first: Path, tmp_path: Path
) -> None:
    def updated(name: str, residual: str) -> Path:
        words = ("plan", "update", first, "--residual", residual)
        result = run(*words, "--out", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        return tmp_path / name / "plan.json"

    today, other = updated("today", "5%"), updated("other", "10%")
    options = ("--normal-dose", "20Gy", "--patient-key", "A", "--after", first)
    second = tmp_path / "second"
    assert run(*CASE, *options, "--out", second).exit_code == 0
    for pair in ((first, today), (today, other), (second / "plan.json", today)):
        for given in (pair, pair[::-1]):
            with pytest.raises(InputError, match=r"earlier session 1\) and --after"):
                read_sessions(given)
    [found] = read_sessions([today])
    assert found.includes == (json.loads(first.read_text())["hash"],)


def test_an_update_of_an_update_is_still_the_first() -> None:
    part = {"name": "T1", "role": "tumor", "volume_ml": 100.0, "mass_kg": 0.1}
    part |= {"dose_gy": 9.0, "cumulative_dose_gy": 9.0}
    plan = {"hash": "third", "status": "draft", "nuclide": {"name": "Y-90"}}
    plan |= {"lungs": {"dose_gy": 1.0, "cumulative_dose_gy": 1.0}, "assumptions": {}}
    plan |= {"update": {"hash": "second", "updates": ["first"]}}
    [found] = planned_sessions(Field(plan | {"compartments": [part]}, "it:"), "it")
    assert found.known_as == {"first", "second", "third"}


def delivered(folder: Path, rows: list[dict], plan: dict | None) -> Path:
    folder.mkdir()
    document = {
        "schema": "sirtdose.post/1",
        "nuclide": {"name": "Y-90"},
        "ledger": {"injections": []},
        "lungs": {"dose_gy": 3.0, "cumulative_dose_gy": 15.0},
        "doses": {"kernel": {"structures": rows}},
        "plan": plan,
    }
    (folder / "post.json").write_text(json.dumps(document))
    return folder / "post.json"


def row_of(name: str, role: str, gy: float) -> dict:
    known = {"name": name, "role": role, "volume_ml": 800.0, "mass_kg": 0.8}
    return known | {"dose_gy": {"mean_by_mass": gy}}


def kept(*parts: dict, lungs_gy: float | None = 12.0, **more: object) -> dict:
    """A session as a document keeps it."""
    row: dict = {"hash": "first", "kind": "planned", "nuclide": "Y-90"}
    row |= {"lungs_gy": lungs_gy, "at": None, "activity_gbq": 2.0, "given": 1}
    row |= {"held": False, "parts": list(parts), "doses": [], "includes": ["zero"]}
    return row | more


def kept_part(name: str, role: str, gy: float, of: str = "injection") -> dict:
    known = {"name": name, "role": role, "volume_ml": 400.0, "mass_kg": 0.4}
    return known | {"dose_gy": gy, "of": [of]}


def test_what_was_delivered_holds_the_sessions_of_its_plan(tmp_path: Path) -> None:
    # 40 Gy of the first session and 10 Gy here; T1 is gone and keeps its 120 Gy.
    parts = (
        kept_part("normal perfused", "normal_perfused", 40.0),
        kept_part("T1", "tumor", 120.0),
    )
    earlier = {"updates": ["old"], "sessions": [kept(*parts)], "doses": []}
    rows = [row_of("Normal", "normal_perfused", 10.0), row_of("T2", "tumor", 30.0)]
    plan = {"hash": "second", "earlier": earlier}
    path = delivered(tmp_path / "two", rows, plan)
    found = read_sessions([path])
    regions = [
        region("normal perfused", "normal_perfused", 0.8, "injection"),
        region("T1", "tumor", 0.1),
        region("T2", "tumor", 0.1),
    ]
    gy = {one.name: one.prior_gy for one in with_sessions(regions, found)}
    assert gy == {"normal perfused": 50.0, "T1": 120.0, "T2": 30.0}
    assert found[0].includes == ("second", "old")
    assert found[1].known_as == {"first", "zero"}
    assert found[0].after_others
    # 15 Gy with all before it: 3 here, 12 then.
    assert [one.lungs_gy for one in found] == [3.0, 12.0]
    # The treatment of the first plan is in it already; one without a plan is not.
    first = delivered(tmp_path / "one", rows, {"hash": "first"})
    with pytest.raises(InputError, match="count the same session"):
        read_sessions([first, path])
    other = delivered(tmp_path / "none", rows[:1], None)
    assert {one.given for one in read_sessions([other, path])} == {1, 2}


def test_a_plan_that_divides_the_liver_keeps_its_parts(tmp_path: Path) -> None:
    # 10 Gy to all that was perfused; before, 40 Gy to the right and none to the left.
    first = kept(kept_part("normal of right", "normal_perfused", 40.0, "right"))
    plan = {"hash": "p", "earlier": {"updates": [], "sessions": [first], "doses": []}}
    rows = [row_of("Normal", "normal_perfused", 10.0)]
    found = read_sessions([delivered(tmp_path / "two", rows, plan)])
    for name, gy in (("right", 40.0), ("left", 0.0), ("injection", 10.0)):
        [one] = with_sessions([region("n", "normal_perfused", 0.8, name)], found)
        assert one.prior_gy == gy


def test_a_plan_and_the_treatment_by_it_are_one_session(
    first: Path, tmp_path: Path
) -> None:
    plan = {"hash": json.loads(first.read_text())["hash"]}
    path = delivered(tmp_path / "post", [row_of("T1", "tumor", 30.0)], plan)
    with pytest.raises(InputError, match=r"plan.json \(.*post.json \(.*the same"):
        read_sessions([first, path])


def test_what_was_delivered(tmp_path: Path) -> None:
    def row(name: str, role: str, gy: float) -> dict:
        dose = {"mean_by_mass": gy}
        return {
            "name": name,
            "role": role,
            "volume_ml": 800.0,
            "mass_kg": 0.84,
            "dose_gy": dose,
        }

    rows = [row("Right", "perfused", 84.0), row("Lungs", "lungs", 50.0)]
    rows.append(row("normal_perfused", "normal_perfused", 57.0))
    document = {
        "schema": "sirtdose.post/1",
        "nuclide": {"name": "Y-90"},
        "ledger": {"injections": [{"name": "right", "perfused": "Right"}]},
        "lungs": {"dose_gy": 12.0, "cumulative_dose_gy": 15.0},
        "doses": {
            "kernel": {"structures": []},
            "kernel+with_prior": {"structures": rows},
        },
    }
    document["doses"]["kernel"]["structures"] = [
        row(one["name"], one["role"], one["dose_gy"]["mean_by_mass"] - 20.0)
        for one in rows
    ]
    path = tmp_path / "post.json"
    path.write_text(json.dumps(document))
    own, stated = read_sessions([path])
    # Of 84 and 57 Gy, 20 Gy are of the earlier map.
    assert [(one.name, one.dose_gy, one.of) for one in own.parts] == [
        ("Right", 64.0, ("right",)),
        ("normal_perfused", 37.0, ("right",)),
    ]
    assert [one.dose_gy for one in stated.parts] == [20.0, 20.0]
    assert (own.lungs_gy, stated.lungs_gy) == (12.0, 3.0)
    assert own.after_others
    assert "no run.json" in own.unverified
    path.write_text('{"schema": "sirtdose.post/1"}')
    with pytest.raises(InputError, match=r"post.json: lungs is missing"):
        read_sessions([path])
