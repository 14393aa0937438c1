"""Every earlier session counts, whatever parts the plans between had, and once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.checks.same_session import one_session_findings
from sirtdose.checks.sessions import order_findings, session_findings
from sirtdose.errors import InputError
from sirtdose.model.field import Field
from sirtdose.planning.partition_case import Region
from sirtdose.planning.sessions import EarlierSession, SessionPart, with_sessions
from sirtdose.planning.terms import Terms
from sirtdose.workflows.plan.sessions import read_sessions

Run = Callable[..., Result]
RIGHT = "right=perfused:900mL,tumor:T1=100mL@3,lung-shunt:5%"
LEFT = "left=perfused:500mL,tumor:T2=100mL@3,lung-shunt:5%"
LIVER = ("--liver-volume", "1500mL")


def planned(run: Run, folder: Path, *options: object) -> dict[str, Any]:
    """A plan, with its page and approved if it may be."""
    result = run("plan", *options, "--out", folder)
    assert result.exit_code in (0, 4), result.stderr
    path = folder / "plan.json"
    if result.exit_code == 0:
        approval = run("plan", "approve", path, "--by", "A. Physicist")
        assert approval.exit_code == 0, approval.stderr
    return json.loads(path.read_text())


def totals(document: dict[str, Any]) -> dict[str, float]:
    return {one["name"]: one["cumulative_dose_gy"] for one in document["compartments"]}


def test_right_left_right(run: Run, tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in "abc")
    by_lobe = ("partition", *LIVER, "--injection")
    planned(run, one, *by_lobe, f"{RIGHT},normal-dose:40Gy")
    after = ("--after", one / "plan.json")
    planned(run, two, *by_lobe, f"{LEFT},normal-dose:40Gy", *after)
    last = f"{RIGHT},normal-dose:30Gy,limit:normal=60Gy"
    document = planned(run, three, *by_lobe, last, "--after", two / "plan.json")
    found = totals(document)
    # T/N 3 of 40 and of 30 Gy; the normal liver's 40 and 30 Gy.
    assert found["T1"] == pytest.approx(120 + 90)
    assert found["normal perfused"] == pytest.approx(40 + 30)
    # Energy in normal liver over 1400 mL: 40 x 800 + 40 x 400 + 30 x 800 mL.
    assert found["normal whole liver"] == pytest.approx(72000 / 1400)
    [limit] = [one for one in document["limits"] if one["name"] == "normal_perfused"]
    assert limit["value_gy"] == pytest.approx(70.0)
    assert limit["met"] is False
    # The lungs of 5 % of what treats 0.84 + 3 x 0.105 kg with 40 and 30 Gy, and so on.
    right, left = 1.155 * 70 / 0.95 * 0.05, 0.735 * 40 / 0.95 * 0.05
    assert document["lungs"]["cumulative_dose_gy"] == pytest.approx(right + left)
    # What is kept of both is whole, and each is of itself alone.
    sessions = document["assumptions"]["sessions"]
    kept = [{part["name"]: part["dose_gy"] for part in s["parts"]} for s in sessions]
    assert [one["T1" if "T1" in one else "T2"] for one in kept] == [
        pytest.approx(120.0),
        pytest.approx(120.0),
    ]
    assert [one["held"] for one in sessions] == [False, True]
    # The what-if command names the file that was given, and no other.
    page = (three / "plan.html").read_text("utf-8")
    assert page.count("--after plan.json") == 1


def test_what_was_typed_for_all_of_the_liver_stays(run: Run, tmp_path: Path) -> None:
    by_lobe = ("partition", *LIVER, "--injection")
    typed = ("--prior-liver-dose", "20Gy", "--prior-lung-dose", "3Gy")
    planned(run, tmp_path / "a", *by_lobe, f"{LEFT},normal-dose:40Gy", *typed)
    after = ("--after", tmp_path / "a" / "plan.json")
    document = planned(
        run, tmp_path / "b", *by_lobe, f"{RIGHT},normal-dose:30Gy", *after
    )
    # The right lobe had the 20 Gy too; 40 Gy in 400 of 1400 mL are 11.43 Gy there.
    assert totals(document)["normal perfused"] == pytest.approx(50.0)
    assert totals(document)["T1"] == pytest.approx(90.0)
    assert totals(document)["normal whole liver"] == pytest.approx(
        20 + (40 * 400 + 30 * 800) / 1400
    )
    lungs_gy = (0.735 * 40 + 1.155 * 30) / 0.95 * 0.05
    assert document["lungs"]["cumulative_dose_gy"] == pytest.approx(3 + lungs_gy)


def test_an_older_file_without_all_parts_is_refused(tmp_path: Path) -> None:
    rows = [{"hash": "a", "kind": "planned", "nuclide": "Y-90", "lungs_gy": 1.0}]
    document = {"schema": "sirtdose.post/1", "nuclide": {"name": "Y-90"}, "doses": {}}
    document |= {"lungs": {}, "plan": {"earlier": {"sessions": rows}}}
    path = tmp_path / "post.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"sessions\[0\]\.parts is missing"):
        read_sessions([path])


# One session, given twice.


def of(called: str, given: int = 1, **more: Any) -> EarlierSession:
    part = SessionPart("perfused", "perfused", 900.0, 0.945, 40.0, ("injection",))
    known: dict[str, Any] = {"called": called, "kind": "planned", "digest": called}
    known |= {"nuclide": "Y-90", "parts": (part,), "lungs_gy": 2.0, "given": given}
    return EarlierSession(**(known | more))


def asked(*sessions: EarlierSession) -> list[str]:
    return [f"{one.code} {one.severity}" for one in one_session_findings(sessions)]


def test_a_plan_and_a_treatment_that_names_no_plan_may_be_one() -> None:
    given = {"kind": "delivered", "activity_gbq": 1.0}
    plan = of("a", activity_gbq=2.0)
    assert asked(plan, of("b", 2, **given)) == ["H09 ask"]
    # It names another plan, and half the activity.
    assert asked(plan, of("b", 2, plan_known=True, **given)) == []
    # 2.0 and 2.1 GBq are one activity, planned or delivered.
    near = {"kind": "delivered", "activity_gbq": 2.1, "plan_known": True}
    assert asked(plan, of("b", 2, **near)) == ["H09 ask"]


def test_days_keys_and_names_tell_sessions_apart() -> None:
    same = {"activity_gbq": 2.0, "at": "2026-03-02T10:00+01:00"}
    one = of("a", **same)
    assert asked(one, of("b", 2, **same)) == ["H09 ask"]
    assert asked(one, of("b", 2, **(same | {"at": "2026-04-02"}))) == []
    assert asked(one, of("b", 2, **(same | {"at": None}))) == ["H09 ask"]
    keyed = replace(one, patient_key="A")
    assert asked(keyed, of("b", 2, patient_key="B", **same)) == []
    lobes = [
        SessionPart("p", "perfused", 500.0, 0.5, 40.0, (name,))
        for name in ("right", "left")
    ]
    right, left = (
        of(part.of[0], i, parts=(part,), activity_gbq=2.0)
        for i, part in enumerate(lobes, start=1)
    )
    assert asked(right, left) == []
    assert asked(right, replace(left, parts=lobes[:1])) == ["H09 ask"]
    # Of one file they are two.
    assert asked(one, of("b", 1, held=True, **same)) == []


def test_a_planned_day_that_moved_tells_nothing_apart() -> None:
    """Planned for the 5th, given on the 2nd; 14 days are near, 15 are not."""
    given = of("a", kind="delivered", activity_gbq=2.15, at="2026-03-02T10:00+01:00")
    plan = {"activity_gbq": 2.15, "at": "2026-03-05"}
    [found] = one_session_findings([given, of("b", 2, **plan)])
    assert "(2.15 GBq and 2.15 GBq, on 2026-03-02 and on 2026-03-05)" in found.message
    for change, questions in (
        ({"at": "2026-03-16"}, ["H09 ask"]),
        ({"at": "2026-03-17"}, []),
        # 2.58 GBq are 1.2 times 2.15 GBq.
        ({"activity_gbq": 2.57}, ["H09 ask"]),
        ({"activity_gbq": 2.59}, []),
    ):
        assert asked(given, of("b", 2, **(plan | change))) == questions
    # What was given twice was given on its days.
    assert asked(given, of("b", 2, kind="delivered", **plan)) == []


@pytest.mark.parametrize("at", ["2026-01-10", None])
def test_an_injection_planned_twice_with_other_activities_asks(at: str | None) -> None:
    part = SessionPart("p", "perfused", 900.0, 0.945, 40.0, ("right",))
    one, other = (
        of(called, i, parts=(part,), activity_gbq=gbq, at=at)
        for i, (called, gbq) in enumerate([("a", 1.0), ("b", 0.6)], start=1)
    )
    assert asked(one, other) == ["H09 ask"]
    left = replace(part, of=("left",))
    assert asked(one, replace(other, parts=(left,))) == []


def lobe(called: str, given: int, ml: float, tumor: str, vessel: str) -> EarlierSession:
    """A session of an injection without a name, planned for one day for all."""
    parts = [SessionPart("perfused volume", "perfused", ml, ml / 1000, 40.0, ("",))]
    if tumor:
        parts.append(SessionPart(tumor, "tumor", 50.0, 0.05, 120.0, ("",)))
    known = {"activity_gbq": 1.0, "at": "2026-01-10", "vessel": vessel or None}
    return of(called, given, parts=tuple(parts), **known)


@pytest.mark.parametrize(
    ("ml", "tumor", "vessel", "questions"),
    [
        # 900 mL, T1, RHA against another lobe; two of three must differ, none agree.
        (550.0, "T2", "LHA", 0),
        (880.0, "T2", "LHA", 0),
        (550.0, "T2", "", 0),
        (550.0, "", "LHA", 0),
        (550.0, "", "", 1),
        (880.0, "T2", "", 1),
        (550.0, "t1", "LHA", 1),
        (550.0, "T2", "rha", 1),
    ],
)
def test_lobes_without_names_are_told_apart_by_what_they_are(
    ml: float, tumor: str, vessel: str, questions: int
) -> None:
    right, other = lobe("a", 1, 900.0, "T1", "RHA"), lobe("b", 2, ml, tumor, vessel)
    assert len(asked(right, other)) == questions


def test_another_lobe_without_a_name_is_told_how_to_be_named(
    run: Run, tmp_path: Path
) -> None:
    """By the name that is advised, it has none of the right lobe's dose."""
    lobes = ("--perfused-volume", "900mL", "--tumor", "T1=100mL@3")
    options = ("partition", *LIVER, "--lung-shunt", "5%")
    planned(run, tmp_path / "a", *options, *lobes, "--normal-dose", "40Gy")
    after = ("--after", tmp_path / "a" / "plan.json")
    left = ("--perfused-volume", "500mL", "--tumor", "T2=100mL@3")
    result = run("plan", *options, *left, "--normal-dose", "30Gy", *after)
    assert result.exit_code == 3
    assert "`sirtdose plan partition --injection NAME=...`" in result.stderr
    named = ("partition", *LIVER, "--injection", f"{LEFT},normal-dose:30Gy")
    document = planned(run, tmp_path / "b", *named, *after)
    found = totals(document)
    assert (found["normal perfused"], found["T2"]) == pytest.approx((30.0, 90.0))
    # 40 Gy in 800 and 30 Gy in 400 of 1500 - 100 mL.
    assert found["normal whole liver"] == pytest.approx((40 * 800 + 30 * 400) / 1400)


@pytest.mark.parametrize(
    ("role", "said"),
    [("tumor", "give it another name"), ("liver", ""), ("perfused", "--injection")],
)
def test_the_advice_for_another_structure_is_of_its_role(role: str, said: str) -> None:
    part = SessionPart("one", role, 600.0, 0.63, 40.0, ("",))
    regions = [
        Region("liver", "liver", 1500.0, 1.575, (), (1.0,), (10.0,)),
        Region("one", role, 900.0, 0.945, ("",), (1.0,), (10.0,)),
    ]
    terms = Terms(sessions=(of("it", parts=(part,)),))
    found = session_findings(terms, regions[role == "liver" :], typed={})
    [asks] = [one for one in found if f"{one.code} {one.severity}" == "H38 ask"]
    assert said in asks.remedy if said else asks.remedy == ""


def test_the_vessel_of_a_plan_is_read(run: Run, tmp_path: Path) -> None:
    options = ("mird", "--dose", "40Gy", "--perfused-volume", "900mL", *LIVER)
    options = (*options, "--lung-shunt", "5%", "--vessel", "left hepatic artery")
    planned(run, tmp_path, *options)
    [found] = read_sessions([tmp_path / "plan.json"])
    assert found.vessel == "left hepatic artery"


def test_a_file_with_sessions_that_it_cannot_name_asks() -> None:
    nameless = {"digest": "", "held": True, "activity_gbq": 2.0}
    file = of("a", activity_gbq=1.0, plan_known=True, kind="delivered")
    other = of("b", 2, activity_gbq=2.0, plan_known=True, kind="delivered")
    # The session before a de-identified one, and its own file.
    held = of("a's", kind="delivered", **nameless)
    [found] = one_session_findings([file, held, other])
    assert found.subject == "a and b"
    assert "a's and b may be one session (2 GBq and 2 GBq, their days not known" in (
        found.message
    )
    # A dose map or typed doses: of which session, nobody knows.
    stated = of("stated", kind="stated", digest="", held=True)
    [found] = one_session_findings([file, stated, other])
    assert found.message.startswith("stated may be those of the other file")


def test_the_same_image_assessed_twice_is_refused(tmp_path: Path) -> None:
    paths = []
    for name, sha256 in (("a", "e1"), ("b", "e1"), ("c", "e2")):
        document = {
            "schema": "sirtdose.post/1",
            "nuclide": {"name": "Y-90"},
            "ledger": {"injections": [], "delivered_gbq": 2.0},
            "lungs": {"dose_gy": 3.0, "cumulative_dose_gy": 3.0},
            "doses": {"kernel": {"structures": [], "name": name}},
            "inputs": [{"file": "x", "sha256": sha256}, {"file": "ct", "sha256": "c"}],
        }
        path = tmp_path / name / "post.json"
        path.parent.mkdir()
        path.write_text(json.dumps(document))
        paths.append(path)
    with pytest.raises(InputError, match=r"a/post\.json .* --after b/post\.json"):
        read_sessions(paths[:2])
    assert len(read_sessions(paths[::2])) == 2


def test_a_session_held_as_planned_says_how_it_counts_as_delivered(
    run: Run, exact_voxels: Path, treated: Callable[..., Path], tmp_path: Path
) -> None:
    """The second plan again after post.json: the third has what was delivered."""
    image = ("image", exact_voxels, "--lung-shunt", "5%", "--accept", "H05")
    planned(run, tmp_path / "p1", *image, "--reason", "x", "--activity", "2GBq")
    first = treated("d1", 1.6, tmp_path / "p1" / "plan.json")
    again = ("mird", "--perfused-volume", "1040mL", "--liver-volume", "1610mL")
    again = (*again, "--lung-shunt", "5%", "--dose", "40Gy", "--after")
    planned(run, tmp_path / "p2", *again, tmp_path / "p1" / "plan.json")
    held = tmp_path / "p2" / "plan.json"
    for files in ([held, first], [first, held]):
        with pytest.raises(InputError) as refused:
            read_sessions(files)
        said = str(refused.value)
        assert "plan the session of plan.json again with --after post.json" in said
    # A plan beside the treatment by it has nothing to be planned again.
    with pytest.raises(InputError, match=r"Give only the later one$"):
        read_sessions([tmp_path / "p1" / "plan.json", first])
    planned(run, tmp_path / "p2", *again, first, "--force")
    kinds = [(one.kind, one.activity_gbq) for one in read_sessions([held])]
    assert kinds[1] == ("delivered", pytest.approx(1.6))


def test_a_session_after_the_treatment_asks(run: Run, tmp_path: Path) -> None:
    assert [one.code for one in order_findings({"a": "2026-12-01"}, "2026-01-01")] == [
        "H09"
    ]
    assert order_findings({"a": None, "b": "2026-01-01"}, "2026-01-01T09:00Z") == []
    options = ("partition", *LIVER, "--injection", f"{RIGHT},normal-dose:40Gy")
    day = "--treatment-date"
    planned(run, tmp_path / "a", *options, day, "2026-12-01")
    after = ("--after", tmp_path / "a" / "plan.json")
    result = run("plan", *options, day, "2026-01-01", *after)
    assert result.exit_code == 3
    assert "was on 2026-12-01, after this treatment on 2026-01-01" in result.stderr
    later = ("--out", tmp_path / "b", day, "2026-12-24")
    assert run("plan", *options, *later, *after).exit_code == 0
    update = ("plan", "update", tmp_path / "b" / "plan.json", "--residual", "3%")
    accept = ("--accept", "H02", "--reason", "x", "--at")
    early = run(*update, *accept, "2020-01-01T10:00+01:00")
    assert early.exit_code == 3
    assert "the plan is for 2026-12-24, but --at is 2020-01-01" in early.stderr
    assert "after this treatment on 2020-01-01" in early.stderr
    assert run(*update, *accept, "2026-12-24T10:00+01:00").exit_code == 0


def test_a_held_session_without_a_lung_dose_warns() -> None:
    unknown = of("session 1", lungs_gy=None, held=True)
    liver = Region("liver", "liver", 1500.0, 1.575, (), (1.0,), (10.0,))
    found = session_findings(Terms(sessions=(unknown,)), [liver], typed={})
    assert "H22 warn" in [f"{one.code} {one.severity}" for one in found]


def test_an_overlap_says_the_name_to_type() -> None:
    part = SessionPart("p", "perfused", 900.0, 0.9, 40.0, ("segment 4",))
    regions = [
        Region("liver", "liver", 1500.0, 1.575, (), (1.0,), (10.0,)),
        Region("p", "perfused", 900.0, 0.9, ("right",), (1.0,), (10.0,)),
    ]
    terms = Terms(sessions=(of("it", parts=(part,)),))
    [found] = [
        one for one in session_findings(terms, regions, typed={}) if one.code == "H19"
    ]
    assert "as it was named then: 'segment 4'" in found.message


# Numbers of an edited file.


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-50.0, "is -50"),
        (float("nan"), "is nan"),
        (float("inf"), "is inf"),
        ("12", "is no number"),
        (True, "is no number"),
        (None, "is missing"),
        (2e6, r"is 2000000\.0: it must be -1 to 1e\+06"),
    ],
)
def test_a_dose_is_a_number_in_its_range(
    value: object, said: str, tmp_path: Path
) -> None:
    path = edited(tmp_path, mean=value)
    where = r"post\.json: doses\.kernel\.structures\[0\]\.dose_gy\.mean_by_mass "
    with pytest.raises(InputError, match=where + said):
        read_sessions([path])


def test_no_volume_or_mass_is_0_and_no_lungs_below_it(tmp_path: Path) -> None:
    for key, value in (("volume_ml", 0), ("mass_kg", 0.0), ("mass_kg", 101.0)):
        with pytest.raises(InputError, match=rf"structures\[0\]\.{key} is "):
            read_sessions([edited(tmp_path, **{key: value})])
    with pytest.raises(InputError, match=r"lungs\.cumulative_dose_gy is -5"):
        read_sessions([edited(tmp_path, lungs_gy=-5.0)])
    with pytest.raises(InputError, match=r"cumulative_dose_gy is 1 Gy, less than"):
        read_sessions([edited(tmp_path, lungs_gy=1.0)])
    # Noise around none is none.
    [found] = read_sessions([edited(tmp_path, mean=-0.02)])
    assert found.parts[0].dose_gy == 0.0


def edited(
    folder: Path,
    mean: object = 40.0,
    lungs_gy: float = 3.0,
    **more: object,
) -> Path:
    row: dict[str, object] = {"name": "L", "role": "liver", "volume_ml": 1500.0}
    row |= {"mass_kg": 1.575, "dose_gy": {"mean_by_mass": mean}} | more
    document = {
        "schema": "sirtdose.post/1",
        "nuclide": {"name": "Y-90"},
        "ledger": {"injections": []},
        "lungs": {"dose_gy": 3.0, "cumulative_dose_gy": lungs_gy},
        "doses": {"kernel": {"structures": [row]}},
    }
    path = folder / "post.json"
    path.write_text(json.dumps(document))
    return path


def test_a_post_without_its_record_asks(run: Run, tmp_path: Path) -> None:
    options = ("plan", "mird", "--dose", "40Gy", "--perfused-volume", "900mL", *LIVER)
    options = (*options, "--lung-shunt", "5%", "--after", edited(tmp_path))
    result = run(*options)
    assert result.exit_code == 3
    assert "H02" in result.stderr
    assert "there is no run.json beside it" in result.stderr
    assert run(*options, "--accept", "H02", "--reason", "x").exit_code == 0


def test_fields_are_of_their_kind() -> None:
    document = Field({"a": {"b": [1]}, "c": "x"}, "f.json:")
    [one] = document["a"]["b"]
    assert one.where == "f.json: a.b[0]"
    for read, said in (
        (lambda: list(document["c"]), "c is no list"),
        (lambda: document["c"]["d"], "c is no object"),
        (lambda: list(document["c"].items()), "c is no object"),
        (document["a"].text, "a is no text"),
        (one.flag, r"b\[0\] is no true or false"),
        (lambda: document["c"].text("y", "z"), "c is x: it must be y or z"),
        (lambda: one.number(least=1, most=2, above=True), "must be above 1"),
    ):
        with pytest.raises(InputError, match=said):
            read()


# By one compartment, by part of the tumors, and by what was delivered.


@pytest.fixture
def treated(run: Run, exact_voxels: Path, tmp_path: Path) -> Callable[..., Path]:
    """Assess the phantom's image at an activity, by a plan."""

    def assess(name: str, gbq: float, plan: Path) -> Path:
        words = ("post", exact_voxels, "--lung-shunt", "5%", "--no-report")
        words = (*words, "--no-dicom", "--administered", f"{gbq}GBq", "--plan", plan)
        result = run(*words, "--out", tmp_path / name)
        assert result.exit_code == 0, result.stderr
        return tmp_path / name / "post.json"

    return assess


BETWEEN = {
    "mird": ("mird", "--dose", "40Gy", "--perfused-volume", "1040mL"),
    "partition": (
        *("partition", "--tumor", "Tumor 1=92mL@4"),
        *("--perfused-volume", "1040mL", "--activity", "1GBq"),
    ),
}


@pytest.mark.parametrize("method", BETWEEN)
def test_a_plan_of_fewer_parts_between_two_loses_none(
    method: str,
    run: Run,
    exact_voxels: Path,
    treated: Callable[..., Path],
    tmp_path: Path,
) -> None:
    """2 GBq, 1 GBq by a plan of fewer parts, then 0.5 GBq: 7 times the last."""
    image = ("image", exact_voxels, "--lung-shunt", "5%", "--accept", "H05")
    image = (*image, "--reason", "x", "--activity")
    planned(run, tmp_path / "p1", *image, "2GBq")
    first = treated("d1", 2.0, tmp_path / "p1" / "plan.json")
    rest = ("--liver-volume", "1610mL", "--lung-shunt", "5%", "--after", first)
    planned(run, tmp_path / "p2", *BETWEEN[method], *rest)
    second = treated("d2", 1.0, tmp_path / "p2" / "plan.json")
    last = planned(run, tmp_path / "p3", *image, "0.5GBq", "--after", second)
    for one in last["compartments"]:
        seven = one["cumulative_dose_gy"] / one["dose_gy"]
        assert seven == pytest.approx(7.0, rel=0.02), one["name"]
    assert last["lungs"]["cumulative_dose_gy"] == pytest.approx(
        7 * last["lungs"]["dose_gy"], rel=0.02
    )


def test_parts_of_sessions_add_up_by_energy() -> None:
    """60 Gy to 0.8 kg then 40 Gy to 0.4 kg are 48 + 16 J in 1.6 kg: 40 Gy."""
    first, second = (
        of(
            name,
            parts=(SessionPart("n", "normal_perfused", 1000 * kg, kg, gy, (name,)),),
        )
        for name, kg, gy in (("right", 0.8, 60.0), ("left", 0.4, 40.0))
    )
    whole = Region("w", "normal_whole", 1600.0, 1.6, (), (1.0,), (10.0,))
    [raised] = with_sessions([whole], [first, second])
    assert raised.prior_gy == pytest.approx(40.0)
