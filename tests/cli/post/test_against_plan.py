"""`sirtdose post --plan`: planned beside delivered, and the checks between them."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.planned import planned_by

Run = Callable[..., Result]
GIVEN = ("--lung-shunt", "5%", "--json", "--no-report", "--no-dicom")


@pytest.fixture(scope="module")
def plan(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan of 2 GBq by the phantom's own image, approved."""
    return planned_by(exact_voxels, tmp_path_factory.mktemp("plan") / "plan")


def test_planned_beside_delivered(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    words = ("post", exact_voxels, *GIVEN, "--plan", plan, "--out", tmp_path / "out")
    result = run(*words, "--administered", "2.1GBq")
    assert result.exit_code == 0, result.stderr
    compared = json.loads(result.stdout)["plan"]
    assert compared["approval"]["by"] == "A. Person"
    assert compared["delivered_to_planned_ratio"] == pytest.approx(1.05)
    ratios = {
        row["name"]: row["delivered_to_planned_ratio"] for row in compared["doses"]
    }
    for name in ("Tumor 1", "Tumor 2", "Tumor 3", "Perfused lobe", "normal_perfused"):
        assert ratios[name] == pytest.approx(1.05, rel=5e-3)
    # 1 mCi is 0.037 GBq.
    said = "delivered 2.1 GBq (56.76 mCi), +5.0% of the 2 GBq (54.05 mCi) planned"
    assert f"NOTE H08  {said}" in result.stderr


def test_lungs_are_weighed_as_in_the_plan(
    run: Run, exact_voxels: Path, exact_contours: Path, plan: Path, tmp_path: Path
) -> None:
    """The CT's lungs in both: the same shunt and 5 % more activity is 5 % more dose."""
    words = ("post", exact_voxels, *GIVEN, "--plan", plan, "--administered", "2.1GBq")
    by_ct = run(*words, "--out", tmp_path / "out")
    assert by_ct.exit_code == 0, by_ct.stderr
    document = json.loads(by_ct.stdout)
    lungs, planned = document["lungs"], json.loads(plan.read_text())["lungs"]
    assert lungs["mass_source"] == planned["mass_source"] == "CT densitovolumetry"
    assert lungs["mass_kg"] == pytest.approx(planned["mass_kg"], rel=1e-9)
    row = document["plan"]["doses"][-1]
    assert (row["name"], row["delivered_gy"]) == ("lungs", lungs["dose_gy"])
    assert row["delivered_to_planned_ratio"] == pytest.approx(1.05)
    assert "the lung mass is" not in by_ct.stderr
    # Without a CT it is the plan's.
    folder = tmp_path / "patient"
    folder.mkdir()
    for name in ("spect.dcm", "structures.dcm"):
        (folder / name).symlink_to(exact_contours / name)
    words = ("post", folder, *words[2:])
    alone = run(*words, "--out", tmp_path / "alone")
    assert alone.exit_code == 0, alone.stderr
    without = json.loads(alone.stdout)["lungs"]
    assert without["mass_source"] == "of the plan: CT densitovolumetry"
    assert without["mass_kg"] == lungs["mass_kg"]
    # A mass that is typed wins, and is said to differ.
    typed = run(*words, "--lung-mass", "1kg", "--out", tmp_path / "typed")
    lungs = json.loads(typed.stdout)["lungs"]
    assert (lungs["mass_kg"], lungs["mass_source"]) == (1.0, "given")
    assert lungs["dose_gy"] == pytest.approx(49.67 * 2.1 * 0.05)
    assert "WARN H23  the lung mass is 1 kg (given), but the plan has" in typed.stderr


@pytest.mark.parametrize("day", ["2026-03-10", "2026-03-02"])
def test_a_plan_for_another_day(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path, day: str
) -> None:
    from sirtdose.report.plan.hash import approved, signed

    document = json.loads(plan.read_text())
    at = document.pop("approval")["at"]
    document |= {"status": "draft"}
    document["inputs"]["treatment_date"] = day
    dated = tmp_path / "plan.json"
    draft = json.dumps(signed(document))
    dated.write_text(json.dumps(approved(draft, by="A. Person", at=at)))
    words = ("--administered", "2GBq", "--administered-at", "2026-03-02T10:00+01:00")
    result = run(
        *("post", exact_voxels, *GIVEN, "--plan", dated, *words),
        *("--out", tmp_path / "out"),
    )
    other = day != "2026-03-02"
    assert result.exit_code == (3 if other else 0), result.stderr
    said = "the plan is for 2026-03-10, but the treatment was given on 2026-03-02"
    assert (said in result.stderr) is other


@pytest.mark.parametrize(
    ("administered", "residual", "said"),
    [
        ("2.3GBq", "0MBq", "WARN H08  delivered 2.3 GBq (62.16 mCi), +15.0%"),
        ("2GBq", "500MBq", "20 % or more may be reportable"),
    ],
)
def test_another_activity_than_planned(
    run: Run,
    exact_voxels: Path,
    plan: Path,
    tmp_path: Path,
    administered: str,
    residual: str,
    said: str,
) -> None:
    at = "2026-03-02T10:00+01:00"
    words = ("--administered", administered, "--administered-at", at)
    words += ("--residual", residual, "--residual-at", at, "--plan", plan)
    result = run("post", exact_voxels, *GIVEN, *words, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert said in result.stderr


def test_a_draft_is_no_plan_to_hold_a_treatment_against(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    document = json.loads(plan.read_text())
    draft = tmp_path / "draft.json"
    document["status"] = "draft"
    document.pop("approval")
    draft.write_text(json.dumps(document))
    words = ("post", exact_voxels, *GIVEN, "--administered", "2GBq")
    result = run(*words, "--plan", draft, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert (
        "H02 A plan that is not the approved one: the plan is a draft" in result.stderr
    )
    edited = tmp_path / "edited.json"
    edited.write_text(
        plan.read_text().replace('"activity_gbq": 2.0', '"activity_gbq": 3')
    )
    result = run(*words, "--plan", edited, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "does not fit its hash" in result.stderr
    holmium = run(
        *words, "--nuclide", "Ho-166", "--plan", plan, "--out", tmp_path / "x"
    )
    assert holmium.exit_code == 3
    assert "the plan is for Y-90" in holmium.stderr


def test_lesions_that_are_others(
    run: Run, exact_voxels: Path, exact_contours: Path, plan: Path, tmp_path: Path
) -> None:
    words = ("--administered", "2GBq", "--plan", plan, "--out", tmp_path / "out")
    missing = run("post", exact_voxels, *GIVEN, *words, "--role", "Tumor 1=other")
    assert missing.exit_code == 3
    assert "'Tumor 1' of the plan has no structure of role tumor here" in missing.stderr
    # Names exchanged: another volume, and elsewhere in the liver.
    import pydicom

    folder = tmp_path / "patient"
    folder.mkdir()
    (folder / "spect.dcm").symlink_to(exact_contours / "spect.dcm")
    dataset = pydicom.dcmread(exact_contours / "structures.dcm")
    swapped = {"Tumor 1": "Tumor 3", "Tumor 3": "Tumor 1"}
    for item in dataset.StructureSetROISequence:
        item.ROIName = swapped.get(item.ROIName, item.ROIName)
    dataset.save_as(folder / "structures.dcm")
    result = run("post", folder, *GIVEN, *words)
    assert result.exit_code == 3
    assert "'Tumor 1' is 5.6 mL here" in result.stderr
    assert "from its place in the plan, relative to the liver" in result.stderr
    accept = [
        word
        for name in ("Tumor 1", "Tumor 3")
        for word in ("--accept", f"H38:{name}", "--reason", "x")
    ]
    accepted = run("post", folder, *GIVEN, *words, *accept)
    assert accepted.exit_code == 0, accepted.stderr


def test_the_same_mean_lying_elsewhere(
    run: Run, exact_voxels: Path, plan: Path, tmp_path: Path
) -> None:
    """Tumor 1's activity gathered in its hotter half: mean as planned, D70 not."""
    import nibabel
    import numpy as np

    from sirtdose.io.read import read_image, read_structures

    image = read_image(exact_voxels / "spect.dcm")
    [tumor] = [
        s
        for s in read_structures(exact_voxels / "structures.dcm")
        if s.name == "Tumor 1"
    ]
    offset = tumor.grid.offset_in(image.grid)
    assert offset is not None
    data = np.array(image.data, np.float64)
    box = tuple(slice(a, a + n) for a, n in zip(offset, tumor.grid.shape, strict=True))
    inside = np.argwhere(tumor.occupancy) + [b.start for b in box]
    half = len(inside) // 2
    total = data[tuple(inside.T)].sum()
    data[tuple(inside[:half].T)] = 0.02 * total / half
    data[tuple(inside[half:].T)] = 0.98 * total / (len(inside) - half)
    affine = np.diag([-1, -1, 1, 1]) @ image.grid.affine_mm[:, [2, 1, 0, 3]]
    moved = nibabel.nifti1.Nifti1Image(
        data.transpose(2, 1, 0).astype(np.float32), affine
    )
    moved.set_sform(affine, 1)
    nibabel.save(moved, tmp_path / "spect.nii.gz")
    words = ("post", tmp_path / "spect.nii.gz", *GIVEN, "--plan", plan)
    words += (
        "--structures",
        exact_voxels / "structures.dcm",
        "--out",
        tmp_path / "out",
    )
    result = run(*words, "--administered", "2GBq")
    assert result.exit_code == 0, result.stderr
    assert (
        "WARN H39  the mean dose of 'Tumor 1' differs by +0% from the plan"
    ) in result.stderr
    rows = {r["name"]: r for r in json.loads(result.stdout)["plan"]["doses"]}
    assert rows["Tumor 1"]["delivered_d70_gy"] < 0.1 * rows["Tumor 1"]["planned_d70_gy"]
    assert "NOTE H21" in result.stderr


def test_lungs_by_the_image(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = ("post", exact_voxels, *GIVEN, "--calibrate-over", "fov")
    result = run(*words, "--administered", "2GBq", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    lungs = json.loads(result.stdout)["lungs"]
    # The phantom has 5 % in the lungs, and so has the image.
    assert lungs["in_image_gbq"] == pytest.approx(lungs["activity_gbq"], rel=5e-3)
    assert lungs["in_image_dose_gy"] == pytest.approx(lungs["dose_gy"], rel=5e-3)
    assert "Lungs by the image: 0.0" in result.stderr


def test_a_plan_of_another_patient(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plan"
    words = ("plan", "image", exact_voxels, "--activity", "2GBq", "--lung-shunt", "5%")
    assert run(*words, "--patient-key", "A7", "--out", out).exit_code == 0
    assert run("plan", "approve", out / "plan.json", "--by", "N").exit_code == 0
    post = ("post", exact_voxels, *GIVEN, "--administered", "2GBq", "--force")
    post += ("--plan", out / "plan.json", "--out", tmp_path / "out")
    same = run(*post, "--patient-key", "A7")
    assert same.exit_code == 0, same.stderr
    other = run(*post, "--patient-key", "B2")
    assert other.exit_code == 3
    assert "H01 Files of more than one patient" in other.stderr
    assert "NOTE H01  plan and patient not checked" in run(*post).stderr


@pytest.mark.parametrize(
    ("key", "exit_code", "said"),
    [
        ("P7", 3, "H02 A plan that is not the approved one"),
        (
            None,
            0,
            "without --patient-key it is not known whether it is for the same patient",
        ),
    ],
)
def test_a_newer_plan_beside_it(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    key: str | None,
    exit_code: int,
    said: str,
) -> None:
    """Two approved plans in one folder: the older is not what was decided (H02)."""
    keyed = () if key is None else ("--patient-key", key)
    for name, gbq in (("first", "2GBq"), ("second", "2.2GBq")):
        # Approvals are written to the second.
        time.sleep(1.1 if name == "second" else 0)
        out = tmp_path / name
        words = ("--activity", gbq, "--lung-shunt", "5%", *keyed, "--out", out)
        assert run("plan", "image", exact_voxels, *words).exit_code == 0
        path = out / "plan.json"
        assert run("plan", "approve", path, "--by", "A. Person").exit_code == 0
        path.rename(tmp_path / f"{name}.json")
    given = ("post", exact_voxels, *GIVEN, *keyed, "--administered", "2.2GBq")
    given = (*given, "--force", "--out", tmp_path / "out", "--plan")
    newest = run(*given, tmp_path / "second.json")
    assert newest.exit_code == 0, newest.stderr
    assert "in the same folder" not in newest.stderr
    older = run(*given, tmp_path / "first.json")
    assert older.exit_code == exit_code
    assert "second.json in the same folder was approved later" in older.stderr
    assert said in older.stderr


@pytest.fixture(scope="module")
def second(
    exact_voxels: Path, plan: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A plan of 1 GBq after that of 2 GBq, with a limit for normal liver."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    out = tmp_path_factory.mktemp("second") / "plan"
    words = ["plan", "image", str(exact_voxels), "--activity", "1GBq", "--out"]
    words += [str(out), "--lung-shunt", "5%", "--after", str(plan)]
    words += ["--limit", "normal=500Gy"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.stderr
    path = out / "plan.json"
    done = CliRunner().invoke(main, ["plan", "approve", str(path), "--by", "A. Person"])
    assert done.exit_code == 0, done.stderr
    return path


def test_sessions_of_the_plan_are_in_its_limits_and_in_what_follows(
    run: Run, exact_voxels: Path, second: Path, tmp_path: Path
) -> None:
    """2 GBq before and 1 GBq now are three times the doses of now."""
    from sirtdose.workflows.plan.sessions import read_sessions

    words = ("post", exact_voxels, *GIVEN, "--plan", second, "--out", tmp_path / "out")
    result = run(*words, "--administered", "1GBq")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    [method, *_] = document["doses"]
    own = {
        one["name"]: one["dose_gy"]["mean_by_mass"]
        for one in document["doses"][method]["structures"]
    }
    planned = json.loads(second.read_text())
    [limit] = [one for one in document["limits"] if one["name"] == "normal_perfused"]
    [wanted] = [one for one in planned["limits"] if one["name"] == "normal_perfused"]
    assert limit["value_gy"] == pytest.approx(3 * own["normal_perfused"], rel=5e-3)
    assert limit["value_gy"] == pytest.approx(wanted["value_gy"], rel=5e-3)
    lungs = document["lungs"]
    # 5 % of 1 GBq now and of 2 GBq before.
    both_gy = 49.67 * 0.05 * (1 / lungs["mass_kg"] + 2 / planned["lungs"]["mass_kg"])
    assert lungs["cumulative_dose_gy"] == pytest.approx(both_gy)
    assert document["plan"]["earlier"]["sessions"] == planned["assumptions"]["sessions"]
    found, held = read_sessions([tmp_path / "out" / "post.json"])
    doses = [{part.name: part.dose_gy for part in one.parts} for one in (found, held)]
    assert doses[0]["Tumor 1"] == pytest.approx(own["Tumor 1"])
    assert doses[1]["Tumor 1"] == pytest.approx(2 * own["Tumor 1"], rel=5e-3)
    [first] = planned["assumptions"]["sessions"]
    [image, *_] = document["inputs"]
    assert found.includes == (planned["hash"], image["sha256"])
    assert held.digest == first["hash"]


def test_earlier_doses_given_twice_or_of_other_parts() -> None:
    from sirtdose.checks.planned import earlier_findings
    from sirtdose.model.limit import Limit

    limit = Limit("n", "n", "at_most", 45.0, None, "", False, True, value_of="Left")
    plan = {"assumptions": {"sessions": [{"lungs_gy": 12.0}, {"lungs_gy": None}]}}
    found = earlier_findings(plan=plan, typed_lung_gy=9.0, summed=True, limits=[limit])
    said = [f"{one.code} {one.severity} {one.message.split(':')[0]}" for one in found]
    assert said == [
        "H09 warn the plan counts 12 Gy to the lungs of earlier sessions, and "
        "--prior-lung-dose 9Gy is added",
        "H09 warn the plan counts earlier sessions by number, and --prior-dose is a "
        "map of one",
        "H38 warn limits of Left not checked",
    ]
    assert earlier_findings(plan={}, typed_lung_gy=9.0, summed=True, limits=[]) == []


def test_a_limit_of_the_plan_that_is_passed_warns(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """2 GBq of a plan whose limit for normal liver 2.5 GBq pass by a quarter."""
    words = ("plan", "image", exact_voxels, "--lung-shunt", "5%", "--out", tmp_path)
    words = (*words, "--force", "--activity", "2GBq")
    assert run(*words).exit_code == 0
    [normal_gy] = [
        one["dose_gy"]
        for one in json.loads((tmp_path / "plan.json").read_text())["compartments"]
        if one["role"] == "normal_perfused"
    ]
    limit = f"normal={normal_gy * 1.05:.6g}Gy"
    assert run(*words, "--limit", limit).exit_code == 0
    path = tmp_path / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Person").exit_code == 0
    given = ("post", exact_voxels, *GIVEN[:2], "--no-dicom", "--plan", path)
    for gbq, missed in (("2GBq", False), ("2.5GBq", True)):
        out = tmp_path / gbq
        result = run(*given, "--administered", gbq, "--out", out)
        assert result.exit_code == 0, result.stderr
        document = json.loads((out / "post.json").read_text())
        found = [one for one in document["warnings"] if one["code"] == "H42"]
        assert [one["severity"] for one in found] == ["warn"] * missed
        shown = "is above the limit of"
        assert (shown in result.stdout + result.stderr) is missed
        assert (shown in (out / "report.html").read_text("utf-8")) is missed
    [one] = found
    assert one["value"] == pytest.approx(1.25 * normal_gy, rel=5e-3)
    assert one["bound"] == pytest.approx(1.05 * normal_gy, rel=1e-4)


def test_lung_limits_of_the_plan_hold_after_treatment(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """49.67 x 0.05 / 0.691 kg: 7.19 Gy of 2 GBq, 8.99 Gy of 2.5 GBq, and 3 before."""
    words = ("plan", "image", exact_voxels, "--lung-shunt", "5%", "--activity", "2GBq")
    words = (*words, "--prior-lung-dose", "3Gy", "--out", tmp_path)
    words = (*words, "--limit", "lungs=8Gy", "--limit", "lungs_cumulative=11Gy")
    assert run(*words).exit_code == 0
    path = tmp_path / "plan.json"
    assert run("plan", "approve", path, "--by", "A. Person").exit_code == 0
    given = ("post", exact_voxels, *GIVEN[:2], "--no-dicom", "--plan", path)
    given = (*given, "--prior-lung-dose", "3Gy", "--administered")
    result = run(*given, "2GBq", "--no-report", "--out", tmp_path / "met")
    assert result.exit_code == 0, result.stderr
    assert "NOT MET" not in result.stdout + result.stderr
    assert "H42" not in result.stderr
    out = tmp_path / "passed"
    result = run(*given, "2.5GBq", "--uncertainty", "20", "--out", out)
    assert result.exit_code == 0, result.stderr
    said = result.stdout + result.stderr
    missed = [one.split() for one in said.splitlines() if "NOT MET" in one]
    assert [(one[0], one[-3:]) for one in missed] == [
        (name, ["of", "the", "plan"]) for name in ("lungs", "lungs,")
    ]
    document = json.loads((out / "post.json").read_text())
    found = [one for one in document["warnings"] if one["code"] == "H42"]
    assert [(one["subject"], one["severity"], one["bound"]) for one in found] == [
        ("lungs", "warn", 8.0),
        ("lungs_cumulative", "warn", 11.0),
    ]
    assert [one["value"] for one in found] == pytest.approx([8.985, 11.985], abs=0.01)
    # 3 Gy before leave 8 of 11 Gy: one is met as often as the other.
    chances = {one["limit_gy"]: one for one in document["uncertainty"]["limits"]}
    same = chances[8.0]["probability_met"]
    assert chances[11.0]["probability_met"] == same < 1
    assert "of 11 Gy" in (out / "report.html").read_text("utf-8")


def test_earlier_sessions_are_in_the_checks_of_the_whole_liver(
    run: Run, exact_voxels: Path, second: Path, tmp_path: Path
) -> None:
    """H43 of a treatment counts the sessions of its plan, as that plan did."""
    words = ("post", exact_voxels, *GIVEN, "--plan", second, "--device", "glass")
    words = (*words, "--administered", "3GBq", "--out", tmp_path / "out")
    accepted = ("--accept", "H43", "--reason", "x", "--accept", "H07", "--reason", "x")
    result = run(*words, *accepted)
    assert result.exit_code == 0, result.stderr
    assert "(36.68 Gy given before)" in result.stderr
    document = json.loads(result.stdout)
    [found] = [
        one
        for one in document["warnings"]
        if one["code"] == "H43" and one["value"] is not None
    ]
    [method, *_] = document["doses"]
    own = {
        one["role"]: one["dose_gy"]["mean_by_mass"]
        for one in document["doses"][method]["structures"]
    }
    # 3 GBq now and 2 GBq before.
    assert found["value"] == pytest.approx(own["normal_whole"] * 5 / 3, rel=5e-3)
