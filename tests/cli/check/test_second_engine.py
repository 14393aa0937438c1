"""`sirtdose check --engine`: doses of results by a program that is not ours."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from sirtdose.checks.second_engine import second_engine_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.second_engine.compared import Mean, Simulation
from sirtdose.workflows.check import ompmc

Run = Callable[..., Result]
LOCAL = Path(__file__).parents[2] / "local_engine.py"
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--residual", "0GBq")
FEW = ("--engine", "ompmc", "--jobs", "2")


@pytest.fixture(scope="module")
def doses(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of the phantom by local deposition and by kernel."""
    from sirtdose.cli.main import main

    folder = tmp_path_factory.mktemp("engine") / "doses"
    methods = ("--method", "local", "--method", "kernel")
    words = ["post", exact_voxels, *GIVEN, *methods, "--no-report", "--out", folder]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """What stands for ompMC, and how it behaves."""
    monkeypatch.setattr("sirtdose.cli.check.engine.require_extra", lambda *_: None)
    monkeypatch.setattr(ompmc, "require_extra", lambda *_: None)
    monkeypatch.setattr(ompmc, "_PROGRAM", (str(LOCAL),))
    monkeypatch.delenv("LOCAL_ENGINE", raising=False)
    return lambda how: monkeypatch.setenv("LOCAL_ENGINE", how)


def schema() -> dict[str, Any]:
    path = files("sirtdose.data").joinpath("schemas/second_engine.schema.json")
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


@pytest.mark.usefixtures("engine")
def test_an_engine_without_transport_gives_local_deposition(
    run: Run, doses: Path, tmp_path: Path
) -> None:
    """Activity, densities, axes, weights and units arrive: its means are ours."""
    out = tmp_path / "out"
    result = run("check", doses, *FEW, "--method", "local", "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["passed"]
    assert document["simulation"]["reached"] <= 0.005
    assert len(document["means"]) >= 6
    for one in document["means"]:
        assert one["method"] == "local_deposition"
        apart = abs(one["ratio"] - 1)
        # Four standard uncertainties, and what 4-byte floats of energies hold.
        assert apart < 4 * one["ratio_standard"] + 1e-3, one["name"]
    own = json.loads((doses / "post.json").read_text())["doses"]["local_deposition"]
    told = {row["name"]: row["dose_gy"]["mean"] for row in own["structures"]}
    assert {one["name"]: one["ours_gy"] for one in document["means"]} == pytest.approx(
        told
    )
    assert sorted(path.name for path in out.iterdir()) == [
        *("second_engine.csv", "second_engine.html", "second_engine.json"),
    ]
    page = (out / "second_engine.html").read_text("utf-8")
    assert "PASS: mean doses of Y-90 against ompMC" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert '<th scope="row">Tumor 1</th>' in page
    with (out / "second_engine.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [one["name"] for one in document["means"]]
    validator = Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(document)] == []
    for key in schema()["required"]:
        assert not validator.is_valid({k: v for k, v in document.items() if k != key})
    assert not validator.is_valid(document | {"more": 1})


@pytest.mark.usefixtures("engine")
def test_the_same_seed_gives_the_same_on_more_processes(run: Run, doses: Path) -> None:
    known = ("--known-to", "2%", "--method", "local", "--json")
    means = []
    for jobs in ("1", "2"):
        words = ("--engine", "ompmc", "--jobs", jobs, "--seed", "5")
        result = run("check", doses, *words, *known)
        assert result.exit_code == 0, result.stderr
        means.append([one["theirs_gy"] for one in json.loads(result.stdout)["means"]])
    assert means[0] == means[1]


@pytest.mark.usefixtures("engine")
def test_the_kernel_is_not_confirmed_by_an_engine_without_transport(
    run: Run, doses: Path
) -> None:
    result = run("check", doses, *FEW, "--known-to", "2%", "--strict", "--json")
    assert result.exit_code == 4, result.stderr
    document = json.loads(result.stdout)
    failed = {one["name"] for one in document["means"] if not one["passed"]}
    found = {one["subject"] for one in document["warnings"] if one["code"] == "H51"}
    assert failed
    assert found == {f"{name} by kernel" for name in failed}
    assert "FAIL: mean doses of Y-90 against ompMC" in result.stderr


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("broken", "before its work was done (ImportError: libgomp.so.1: cannot open"),
        ("killed", "ended by signal 9; is there enough memory? Nothing was written"),
        ("truncated", "ended in the middle of an answer"),
        ("garbage", "ompMC gave an answer that cannot be read: nothing was written"),
        ("odd", "ompMC gave an answer that cannot be read: nothing was written"),
        ("fewer", "histories, fewer than it was given: nothing was written"),
        ("nan", "ompMC gave a dose that is no number"),
        ("hangs", "ompMC has not answered for 0.7 s and was ended"),
    ],
)
def test_what_becomes_of_a_process_is_said(
    run: Run,
    doses: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: Callable[[str], None],
    how: str,
    said: str,
) -> None:
    engine(how)
    if how == "hangs":
        monkeypatch.setattr(ompmc, "_SILENT_MAX_S", 0.7)
    own = tmp_path / "temporary"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    result = run("check", doses, "--engine", "ompmc", "--jobs", "1", "--out",
                 tmp_path / "out")  # fmt: skip
    assert result.exit_code == 5, result.output
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()
    assert not list(own.iterdir())


@pytest.mark.usefixtures("engine")
def test_time_that_is_over_is_said(run: Run, doses: Path) -> None:
    words = ("--known-to", "0.01%", "--time-limit", "1.2s", "--json")
    result = run("check", doses, *FEW, "--method", "local", *words)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    made = document["simulation"]
    assert made["stopped"]
    assert made["reached"] > 1e-4
    (found,) = (one for one in document["warnings"] if one["subject"] == "uncertainty")
    assert "was stopped by the time limit" in found["message"]
    assert found["message"].endswith("not 0.01 %. Raise --time-limit or --jobs")


def test_a_structure_that_no_history_reached_is_not_known(
    run: Run, doses: Path, tmp_path: Path, engine: Callable[[str], None]
) -> None:
    engine("unreached")
    out = tmp_path / "out"
    words = ("--method", "local", "--time-limit", "2s", "--out", out)
    result = run("check", doses, *FEW, *words)
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "second_engine.json").read_text())
    assert [
        e.message for e in Draft202012Validator(schema()).iter_errors(document)
    ] == []
    *_, last = document["means"]
    assert (last["theirs_gy"], last["theirs_standard_gy"]) == (0, None)
    assert (last["ratio"], last["ratio_standard"], last["passed"]) == (
        None,
        None,
        False,
    )
    [row] = [one for one in result.output.splitlines() if "  not known  " in one]
    assert row.startswith("All tumors")
    assert row.split()[-5:] == ["not", "known", "-", "-", "FAIL"]
    assert "by ompMC 0 Gy, which no history reached: they differ by" in result.stderr
    assert ">not known<" in (out / "second_engine.html").read_text("utf-8")


@pytest.mark.usefixtures("engine")
def test_what_was_not_waited_for_is_said(
    run: Run, doses: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ("check", doses, *FEW, "--known-to", "2%", "--method", "local")
    said = "That holds for means of 50 % of the highest or more; not waited for: Liver,"
    assert "not waited for" not in run(*words).output
    known = table("second_engine")
    few = {**known, "awaited": {**known["awaited"], "fraction_of_highest_mean": 0.5}}
    for room in (
        "workflows.check.simulated.table",
        "report.check.second_engine.known_table",
    ):
        monkeypatch.setattr(f"sirtdose.{room}", lambda _: few)
    result = run(*words)
    assert said in " ".join(result.stderr.split())
    assert result.stderr.index(said[:20]) < result.stderr.index("structure")


@pytest.mark.usefixtures("engine")
def test_time_for_nothing_gives_nothing(run: Run, doses: Path, tmp_path: Path) -> None:
    result = run("check", doses, "--engine", "ompmc", "--jobs", "1", "--time-limit",
                 "0.001s", "--out", tmp_path / "out")  # fmt: skip
    assert result.exit_code == 5
    assert "nothing is known: raise --time-limit" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--known-to", "1%"), "--known-to: only for --engine, so give that too"),
        (("--engine", "ompmc", "--gamma", "2%/2mm"), "leave out --gamma"),
        (("--engine", "ompmc", "--tolerance", "d70=5%"), "give only mean=3%"),
        (("--engine", "ompmc", "--plan", "plan.json"), "--plan for a plan"),
    ],
)
@pytest.mark.usefixtures("engine")
def test_options_that_do_not_go_together(
    run: Run, doses: Path, words: tuple[str, ...], said: str
) -> None:
    result = run("check", doses, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())


@pytest.mark.usefixtures("engine")
def test_an_uncertainty_of_nothing_cannot_be_reached(run: Run, doses: Path) -> None:
    result = run("check", doses, *FEW, "--known-to", "0%")
    assert result.exit_code == 3
    assert "--known-to is 0 %: it must be above 0 %" in result.stderr


@pytest.mark.usefixtures("engine")
def test_results_that_are_not_as_they_were(
    run: Run, doses: Path, exact_voxels: Path, tmp_path: Path
) -> None:
    """Edited, with no request, or of another input: no engine is started for them."""
    edited = tmp_path / "edited"
    shutil.copytree(doses, edited)
    text = (edited / "post.json").read_text().replace("Tumor 1", "Tumor 9", 1)
    (edited / "post.json").write_text(text)
    result = run("check", edited, *FEW)
    assert result.exit_code == 3
    assert "post.json was changed since it was written" in result.stderr
    bare = tmp_path / "bare"
    shutil.copytree(doses, bare)
    record = json.loads((bare / "run.json").read_text())
    (bare / "run.json").write_text(json.dumps(record | {"asked": None}))
    result = run("check", bare, *FEW)
    assert result.exit_code == 3
    assert "run `sirtdose post` without --deidentify" in result.stderr
    other = tmp_path / "other"
    shutil.copytree(exact_voxels, other)
    first = next(one for one in sorted(other.rglob("*.dcm")) if "struct" in one.name)
    first.write_bytes(first.read_bytes() + b"\0\0")
    result = run("check", doses, *FEW, "--inputs", other)
    assert result.exit_code == 3, result.output
    assert "since the doses were computed" in result.stderr


@pytest.mark.usefixtures("engine")
def test_a_folder_that_is_taken_is_said_before_anything_is_simulated(
    run: Run, doses: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "second_engine.json").write_text("{}")
    monkeypatch.setattr(ompmc, "_PROGRAM", ("nothing",))
    result = run("check", doses, *FEW, "--out", tmp_path)
    assert result.exit_code == 5
    assert "--force" in result.stderr


def _simulation(*, stopped: bool = False) -> Simulation:
    return Simulation(
        engine="ompMC",
        version="0",
        histories=1,
        batches=1,
        seed=1,
        processes=1,
        known_to=0.005,
        reached=None if stopped else 0.004,
        stopped=stopped,
        seconds=1.0,
        absorbed_fraction=1.0,
        energy_mev_per_decay=0.93,
        awaited=(),
        media={},
    )


@pytest.mark.parametrize(
    ("ours_gy", "theirs_gy", "standard_gy", "found"),
    [
        (103.9, 100.0, 0.5, 0),
        (104.1, 100.0, 0.5, 1),
        (95.9, 100.0, 0.5, 1),
        (1.45, 1.0, 0.0, 0),
        (1.55, 1.0, 0.0, 1),
        (1.0, 0.0, 0.0, 1),
    ],
)
def test_what_differs_by_more_than_three_percent(
    ours_gy: float, theirs_gy: float, standard_gy: float, found: int
) -> None:
    """3 %, at least 0.5 Gy, and two standard uncertainties."""
    row = Mean("kernel", "T", "tumor", ours_gy, theirs_gy, standard_gy, 0.03)
    made = second_engine_findings(rows=[row], simulation=_simulation())
    assert [one.code for one in made] == ["H51"] * found


@pytest.mark.usefixtures("engine")
def test_a_failing_method_says_what_it_leaves_out(
    run: Run, doses: Path, tmp_path: Path
) -> None:
    said = "The kernel carries energy as in one medium of one density"
    failing = tmp_path / "failing"
    result = run("check", doses, *FEW, "--known-to", "2%", "--out", failing)
    assert said in " ".join(result.output.split())
    assert said in (failing / "second_engine.html").read_text("utf-8")
    assert "Local deposition leaves" not in result.output
    result = run("check", doses, *FEW, "--known-to", "2%", "--method", "local")
    assert said not in " ".join(result.output.split())


def test_a_killed_program_leaves_no_folder_behind(tmp_path: Path) -> None:
    """Its process of ompMC sees that nobody asks any more, and clears up."""
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "ompmc.py").write_text(
        "__version__ = '0'\nGeometry = lambda *given: None\n", "utf-8"
    )
    names = ("x_cm", "y_cm", "z_cm", "density", "material")
    arrays = {name: np.zeros((1, 1, 1)) for name in names}
    np.savez(folder / "phantom.npz", media=np.array(["A"]), **arrays)
    path = os.pathsep.join([str(tmp_path), *sys.path])
    ended = subprocess.run(
        [sys.executable, "-m", "sirtdose.workflows.check.ompmc_process", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, '{"ompmc": "0"}\n')
    assert not folder.exists()


def test_a_mean_that_is_not_known_is_said() -> None:
    (one,) = second_engine_findings(rows=[], simulation=_simulation(stopped=True))
    assert one.subject == "uncertainty"
    assert one.message.endswith(
        "a mean is not known at all. Raise --time-limit or --jobs"
    )


# Ctrl-C reaches the program while its engine works.
INTERRUPTED = """
import signal, sys
import sirtdose.cli.check.engine as engine
from sirtdose.workflows.check import ompmc
signal.signal(signal.SIGINT, signal.default_int_handler)
engine.require_extra = ompmc.require_extra = lambda *_: None
ompmc._PROGRAM = (sys.argv.pop(1),)
from sirtdose.cli.main import run
run()
"""


def test_ctrl_c_ends_all_processes_and_leaves_nothing(
    doses: Path, tmp_path: Path
) -> None:
    own = tmp_path / "temporary"
    own.mkdir()
    words = ("check", doses, "--engine", "ompmc", "--out", tmp_path / "out")
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(LOCAL), *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(own), "LOCAL_ENGINE": "hangs"},
    )
    for _ in range(300):
        if list(own.glob("*/source_0.IAEAheader")):
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.strip() == "Interrupted"
    assert not (tmp_path / "out").exists()
    assert not list(own.iterdir())


@pytest.mark.usefixtures("engine")
def test_a_file_is_no_folder_of_results(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no result", "utf-8")
    result = run("check", tmp_path / "notes.txt", *FEW)
    assert result.exit_code == 3
    assert "notes.txt is not a folder of results: give the --out of" in result.stderr
