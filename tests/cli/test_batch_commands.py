"""A batch of `plan image` or `suv`: each case as it would be typed by itself."""

import csv
import json
import os
import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from jsonschema import Draft202012Validator

from tests.uptake_files import write_patient

Run = Callable[..., Result]
PLANS = (
    "case_id,input,tumor_dose,lung_shunt,limit\n"
    "c1,p1,120Gy,5%,\n"
    "c2,p2,120Gy,5%,lungs=1Gy\n"
    "c3,p2,120,5%,\n"
)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in sorted(folder.rglob("*"))
        if one.is_file() and one.name != "batch.mark"
    }


@pytest.fixture
def plans(tmp_path: Path, exact_voxels: Path) -> Path:
    """A plan, one whose limit is not met, and one of a dose without a unit."""
    for name in ("p1", "p2"):
        shutil.copytree(exact_voxels, tmp_path / name)
    path = tmp_path / "plans.csv"
    path.write_text(PLANS, "utf-8")
    return path


def require_schema(text: str) -> None:
    path = files("sirtdose.data").joinpath("schemas/batch.schema.json")
    validator = Draft202012Validator(json.loads(path.read_text("utf-8")))
    assert [one.message for one in validator.iter_errors(json.loads(text))] == []


def states(result: Result) -> list[str]:
    said: dict[str, Any] = json.loads(result.stdout)
    return [one["state"] for one in said["run"]["cases"].values()]


def test_plans_are_those_of_plan_image(run: Run, plans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("batch", plans, "--run", "plan", "--out", out, "--nuclide", "Y-90")
    result = run(*words, "--json")
    assert result.exit_code == 6, result.stderr
    assert states(result) == ["done", "done", "failed"]
    require_schema(result.stdout)
    assert "Traceback" not in result.stderr
    lines = {one["case_id"]: one for one in table(out / "plans.csv")}
    assert [lines[name]["exit_code"] for name in ("c1", "c2", "c3")] == ["0", "4", "2"]
    assert "line 4: Invalid value" in lines["c3"]["error"]
    assert (lines["c1"]["limits_met"], lines["c2"]["limits_met"]) == ("yes", "no")
    assert lines["c2"]["limits_not_met"] == "lungs"
    # By itself a case is the same, byte for byte.
    alone = run(
        *("plan", "image", tmp_path / "p1", "--tumor-dose", "120Gy"),
        *("--lung-shunt", "5%", "--nuclide", "Y-90", "--out", tmp_path / "alone"),
    )
    assert alone.exit_code == 0, alone.stderr
    assert contents(out / "c1") == contents(tmp_path / "alone")
    plan = json.loads((out / "c1" / "plan.json").read_text("utf-8"))
    assert float(lines["c1"]["activity_gbq"]) == plan["activity_gbq"]
    doses = [o["dose_gy"] for o in plan["compartments"] if o["role"] == "tumor"]
    assert min(doses) < float(lines["c1"]["tumors_mean_gy"]) < max(doses)
    rows = [one for one in table(out / "plan_structures.csv") if one["case_id"] == "c1"]
    own = table(out / "c1" / "structures.csv")
    assert own
    assert [{k: v for k, v in one.items() if k != "case_id"} for one in rows] == own
    page = (out / "index.html").read_text("utf-8")
    assert 'href="c1/plan.html"' in page
    # `cohort` takes no plan for doses that were given.
    assert not (out / "cases.csv").exists()


def test_plans_go_on_where_they_were(run: Run, plans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("batch", plans, "--run", "plan", "--out", out, "--json")
    run(*words)
    first = contents(out)
    assert run(*words).exit_code == 5
    again = run(*words, "--resume")
    assert states(again) == ["unchanged", "unchanged", "failed"]
    first.pop("batch.json")
    before = float(table(out / "plans.csv")[0]["tumors_mean_gy"])
    assert {name: one for name, one in contents(out).items() if name in first} == first
    # That a limit is not met is said again.
    assert table(out / "plans.csv")[1]["exit_code"] == "4"

    # Another option, an edited result: each is computed again.
    plans.write_text(PLANS.replace("120Gy,5%,\n", "130Gy,5%,\n"), "utf-8")
    edited = out / "c2" / "structures.csv"
    text = edited.read_text("utf-8")
    edited.write_text(text.replace("Tumor 1", "Tumor 2"), "utf-8")
    assert states(run(*words, "--resume")) == ["done", "done", "failed"]
    assert edited.read_text("utf-8") == text
    after = float(table(out / "plans.csv")[0]["tumors_mean_gy"])
    assert after / before == pytest.approx(130 / 120)
    assert states(run(*words, "--resume")) == ["unchanged", "unchanged", "failed"]
    # A file more may change what is chosen.
    (tmp_path / "p1" / "note.txt").write_text("x", "utf-8")
    assert states(run(*words, "--resume")) == ["done", "unchanged", "failed"]


def test_scans_are_those_of_suv(run: Run, tmp_path: Path) -> None:
    scan, out = write_patient(tmp_path / "scan"), tmp_path / "out"
    path = tmp_path / "scans.csv"
    path.write_text(
        "case_id,input,structures,deidentify\n"
        "s1,scan,drawn.dcm,\ns2,scan,drawn.dcm,yes\ns3,scan,gone.dcm,yes\n",
        "utf-8",
    )
    words = ("batch", path, "--run", "suv", "--out", out, "--json")
    result = run(*words, "--resume")
    assert result.exit_code == 6, result.stderr
    require_schema(result.stdout)
    lines = {one["case_id"]: one for one in table(out / "scans.csv")}
    assert [one["state"] for one in lines.values()] == ["done", "done", "failed"]
    # Of a case that names nobody neither date nor file is in a table.
    assert lines["s1"]["started"]
    assert not lines["s2"]["started"]
    assert lines["s3"]["error"]
    assert "gone.dcm" not in (out / "scans.csv").read_text("utf-8")
    alone = run(
        *("suv", scan, "--structures", scan / "drawn.dcm", "--case-label", "s1"),
        *("--out", tmp_path / "alone"),
    )
    assert alone.exit_code == 0, alone.stderr
    assert contents(out / "s1") == contents(tmp_path / "alone")
    rows = [one for one in table(out / "suv_lesions.csv") if one["case_id"] == "s1"]
    assert rows == table(out / "s1" / "lesions.csv")
    assert float(lines["s1"]["suv_max"]) == max(float(one["suv_max"]) for one in rows)
    assert states(run(*words, "--resume")) == ["unchanged", "unchanged", "failed"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--administered", "2GBq"), "administered"),
        (("--lesions", "patients.csv"), "--run post"),
        (("--parquet",), "--run post"),
        (("--deidentify",), "deidentify"),
    ],
)
def test_what_plans_do_not_have_is_refused(
    run: Run, plans: Path, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    out = tmp_path / "out"
    result = run("batch", plans, "--run", "plan", "--out", out, *words)
    assert result.exit_code in (2, 3)
    assert message in result.stderr
    assert not out.exists()


def test_plans_by_numbers_are_refused_with_the_way_to_make_them(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "case.toml").write_text('command = "mird"\n', "utf-8")
    (tmp_path / "m.csv").write_text("case_id,input\nc1,case.toml\n", "utf-8")
    words = ("batch", tmp_path / "m.csv", "--run", "plan", "--out", tmp_path / "out")
    result = run(*words)
    assert result.exit_code == 6
    assert "`sirtdose plan CASE.toml --out DIR`" in result.stderr
    assert table(tmp_path / "out" / "plans.csv")[0]["exit_code"] == "3"


def test_the_sites_file_is_that_of_the_command(
    run: Run, plans: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    site.write_text(
        '[defaults]\ndevice = "resin"\n[defaults.post]\ncalibrate_over = "fov"\n',
        "utf-8",
    )
    out = tmp_path / "out"
    result = run("--site", site, "batch", plans, "--run", "plan", "--out", out)
    assert result.exit_code == 6, result.stderr
    assert {one["device"] for one in table(out / "plans.csv")[:2]} == {"resin"}


def test_results_of_one_command_do_not_stay_beside_anothers(
    run: Run, plans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run("batch", plans, "--run", "plan", "--out", out)
    posts = tmp_path / "posts.csv"
    posts.write_text(
        "case_id,input,administered,lung_shunt,calibrate_over,no_report,no_dicom\n"
        "d1,p1,2GBq,5%,fov,yes,yes\n",
        "utf-8",
    )
    result = run("batch", posts, "--out", out, "--force")
    assert result.exit_code == 0, result.stderr
    assert (out / "cases.csv").is_file()
    assert not (out / "plans.csv").exists()
    assert os.path.lexists(out / "c1" / "plan.json")


@pytest.mark.slow
def test_a_cluster_of_two_processes_gives_the_same_plans(
    run: Run, plans: Path, tmp_path: Path
) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here", tmp_path / "there"
    words = ("batch", plans, "--run", "plan", "--nuclide", "Y-90", "--json")
    alone = run(*words, "--out", here)
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=50,
        local_directory=tmp_path / "dask",
    ) as cluster:
        on = ("--out", there, "--scheduler", cluster.scheduler_address)
        result = run(*words, *on)
        again = run(*words, *on, "--resume")
    assert result.exit_code == alone.exit_code == 6, result.stderr
    assert states(result) == states(alone) == ["done", "done", "failed"]
    assert states(again) == ["unchanged", "unchanged", "failed"]
    ours, theirs = contents(here), contents(there)
    del ours["batch.json"], theirs["batch.json"]
    assert ours == theirs
