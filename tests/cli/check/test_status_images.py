"""Where a patient with DICOM images stands, whom they name, and what changed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.phantom.request import PhantomRequest
from sirtdose.workflows.phantom import write_phantom
from tests.cli.check.test_status import ok, parsed, states, status, the_one, why

Run = Callable[..., Result]
POST = ("--administered", "1.3GBq", "--administered-at", "2097-03-02T10:00+01:00")
POST += ("--scan-at", "2097-03-03T09:30+01:00", "--lung-shunt", "5%", "--device")
POST += ("resin", "--calibrate-over", "fov", "--no-report")
KEY = "a-key-of-this-site-of-tests"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scans of two patients, and what was made of them: plan, shunt and doses."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    def typed(*words: object) -> None:
        ok(CliRunner().invoke(main, [str(one) for one in words]))

    root = tmp_path_factory.mktemp("status")
    for name in ("4711", "4712"):
        scans = root / "scans" / name
        scans.mkdir(parents=True)
        write_phantom(PhantomRequest(noise=False, patient_id=name), scans)
    own, scans = root / "results" / "4711_Digital", root / "scans" / "4711"
    shunt = ("--lung-shunt", "5%")
    words = (*shunt, "--tumor-dose", "120Gy", "--device", "resin", "--out")
    typed("plan", "image", scans, *words, own / "plan")
    plan = own / "plan" / "plan.json"
    typed("plan", "approve", plan, "--by", "A. Physicist")
    typed("lsf", "spect", scans, "--out", own / "lsf")
    typed("post", scans, *POST, "--plan", plan, "--out", own / "post")
    # Nothing is where it was.
    return root.rename(root.with_name("status kept"))


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "own")
    monkeypatch.chdir(tmp_path / "own")
    return Path("results")


def change(path: Path) -> None:
    data = path.read_bytes()
    assert b"Tumor 3" in data
    path.write_bytes(data.replace(b"Tumor 3", b"Tumor 4"))


def test_whom_it_is_of_stays_hidden(run: Run, root: Path) -> None:
    document = status(run, root)
    [patient] = document["patients"]
    assert patient["known_by"][0] == "patient in the DICOM header"
    found = the_one(document)
    assert states(found) == {"order": "not needed", "follow-up": "missing"}
    assert found["not_checked"] == []
    assert set(found["results"]) == {
        f"NAME-1/{one}" for one in ("plan/plan.json", "lsf/lsf.json", "post/post.json")
    }
    said = run("status", root, "-v").stderr
    text = said + json.dumps(document)
    assert not [one for one in ("4711", "4712", "Digital", "Phantom") if one in text]
    shown = run("status", root, "--show-patients").stderr
    assert "Patient 1 (4711)" in shown
    assert "sirtdose lesions results/4711_Digital/plan" in shown


def test_changed_contours_outdate_all_that_was_made_with_them(
    run: Run, root: Path
) -> None:
    change(Path("scans") / "4711" / "structures.dcm")
    # The other patient's are the same series, and unchanged.
    found = the_one(status(run, root, code=3))
    assert states(found) == {
        "shunt": "outdated",
        "plan": "outdated",
        "approval": "outdated",
        "order": "not needed",
        "post": "outdated",
        "follow-up": "missing",
    }
    assert "RTSTRUCT structures.dcm has changed" in why(found, "plan")
    for one in found["steps"]:
        if one["next"]:
            parsed(one["next"])


def test_scans_that_were_moved(run: Run, root: Path) -> None:
    Path("scans").rename("archive")
    found = the_one(status(run, root))
    assert len(found["not_checked"]) == 3
    found = the_one(status(run, root, "--inputs", "archive"))
    assert found["not_checked"] == []
    # All in one folder, under other names.
    flat = Path("flat")
    flat.mkdir()
    for n, path in enumerate(sorted(Path("archive", "4711").rglob("*.dcm"))):
        path.rename(flat / f"IM{n:05}")
    shutil.rmtree("archive")
    found = the_one(status(run, root, "--inputs", flat))
    assert states(found) == {"order": "not needed", "follow-up": "missing"}
    assert found["not_checked"] == []
    [contours] = [one for one in flat.iterdir() if b"Tumor 3" in one.read_bytes()]
    change(contours)
    found = the_one(status(run, root, "--inputs", flat, code=3))
    assert "RTSTRUCT structures.dcm has changed" in why(found, "post")


def test_a_plan_of_another_patient(run: Run, root: Path) -> None:
    plan = root / "4711_Digital" / "plan" / "plan.json"
    words = (*POST, "--plan", plan, "--out", root / "other")
    ok(run("post", Path("scans") / "4712", *words))
    document = status(run, root, code=3)
    [said] = [one for one in document["warnings"] if one["code"] == "H01"]
    assert said["severity"] == "stop"
    assert "name 2 patients" in said["message"]


@pytest.mark.usefixtures("root")
def test_results_by_pseudonym(run: Run) -> None:
    Path("key.txt").write_text(KEY, "utf-8")
    words = (*POST, "--deidentify", "--site-key", "key.txt", "--out", "hidden/post")
    ok(run("post", Path("scans") / "4711", *words))
    shutil.rmtree("scans")
    document: dict[str, Any] = status(run, Path("hidden"))
    [patient] = document["patients"]
    assert patient["known_by"] == ["pseudonym in the DICOM header"]
    assert "is not known" in patient["notes"][0]
    found = the_one(document)
    # Its dates were moved.
    assert found["day"] is None
    assert states(found)["follow-up"] == "missing"
    assert "2097" not in run("status", "hidden", "-v").stderr
