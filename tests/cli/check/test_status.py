"""Where each patient stands, by real runs of the commands."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import nibabel
import numpy as np
import pytest
from click.testing import Result

from sirtdose.cli.main import main
from sirtdose.cli.words.near import commands_of
from sirtdose.network.records import Ended, Records
from tests.cli.test_batch import make_case

Run = Callable[..., Result]
STEPS = ["scout", "shunt", "plan", "approval", "order", "given", "post", "follow-up"]
NUMBERS = ("--perfused-volume", "1000mL", "--tumor", "T1=200mL@3", "--lung-shunt", "5%")
NUMBERS += ("--liver-volume", "1500mL", "--normal-dose", "40Gy", "--device", "glass")
# No approval of today is after it.
GIVEN_AT = "2097-12-09T10:00-05:00"
LONG_AGO = "2024-12-09T10:00-05:00"
FILLED = {
    "ACTIVITY": "2GBq",
    "TIME": GIVEN_AT,
    "SIZE@DATE": "10GBq@2097-12-01",
    "FRACTION": "5%",
    "DOSE": "120Gy",
    "DEVICE": "resin",
    "LENGTH": "170cm",
    "MASS": "70kg",
    "VOLUME": "200mL",
    "DAY=FILE": "2025-03-02=a.dcm",
}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of results, named as it is typed."""
    monkeypatch.chdir(tmp_path)
    return Path("results")


def ok(result: Result) -> Result:
    assert result.exit_code == 0, result.stderr
    return result


def plan(
    run: Run, out: Path, *words: object, key: str = "A", approved: bool = True
) -> Path:
    ok(run("plan", "partition", *NUMBERS, "--patient-key", key, *words, "--out", out))
    if approved:
        ok(run("plan", "approve", out / "plan.json", "--by", "A. Physicist"))
    return out / "plan.json"


def order(run: Run, path: Path, out: Path) -> None:
    # 1.246 GBq are to be drawn up: 10 GBq leave 1.279 GBq after 190 h.
    words = ("--at", GIVEN_AT, "--choose", "10GBq@2097-12-01", "--out", out)
    ok(run("plan", "vial", "--plan", path, *words))


def post(
    run: Run, source: Path, out: Path, *words: object, given: str = "1.2GBq"
) -> None:
    case = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz", "--no-report")
    ok(
        run(
            *("post", source, *case, "--administered", given, "--lung-shunt", "5%"),
            *("--administered-at", GIVEN_AT, *words, "--out", out),
        )
    )


def status(run: Run, root: Path, *words: object, code: int = 0) -> dict[str, Any]:
    result = run("status", root, *words, "--json")
    assert result.exit_code == code, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def states(treatment: dict[str, Any]) -> dict[str, str]:
    """The state of each step that is not done."""
    assert [one["step"] for one in treatment["steps"]] == STEPS
    return {
        one["step"]: one["state"]
        for one in treatment["steps"]
        if one["state"] != "done"
    }


def the_one(document: dict[str, Any]) -> dict[str, Any]:
    [patient] = document["patients"]
    [treatment] = patient["treatments"]
    found: dict[str, Any] = treatment
    return found


def why(treatment: dict[str, Any], step: str) -> str:
    [found] = [one for one in treatment["steps"] if one["step"] == step]
    return "; ".join(found["why"])


def next_of(treatment: dict[str, Any], step: str) -> str:
    [found] = [one for one in treatment["steps"] if one["step"] == step]
    assert found["next"], step
    return str(found["next"])


def parsed(typed: str) -> None:
    """A command that is told exists, and takes its words."""
    words = shlex.split(typed)
    assert words[0] == "sirtdose"
    commands = dict(commands_of(click.Context(main)))
    name = max(
        (one for one in commands if words[1 : 1 + len(one.split())] == one.split()),
        key=len,
    )
    rest = [
        re.sub(r"[A-Z]+(@|=)?[A-Z]+", lambda found: FILLED.get(found[0], found[0]), one)
        for one in words[1 + len(name.split()) :]
    ]
    command = commands[name]
    command.make_context(name, rest, resilient_parsing=False)


def every_command(document: dict[str, Any]) -> list[str]:
    return [
        one["next"]
        for patient in document["patients"]
        for treatment in patient["treatments"]
        for one in treatment["steps"]
        if one["next"]
    ]


def test_a_treatment_from_plan_to_post(run: Run, root: Path) -> None:
    """Step by step: what is done, what is next, and that it can be typed."""
    path = plan(run, root / "plan", approved=False)
    first = the_one(status(run, root))
    missing = dict.fromkeys(
        ("approval", "order", "given", "post", "follow-up"), "missing"
    )
    assert states(first) == {"scout": "not needed", **missing}
    assert next_of(first, "approval") == (
        "sirtdose plan approve results/plan/plan.json --by NAME"
    )
    ok(run("plan", "approve", path, "--by", "A. Physicist"))
    del missing["approval"]
    second = the_one(status(run, root))
    assert states(second) == {"scout": "not needed", **missing}
    assert next_of(second, "order").startswith(
        "sirtdose plan vial --plan results/plan/plan.json --at TIME"
    )
    order(run, path, root / "order")
    del missing["order"]
    assert states(the_one(status(run, root))) == {"scout": "not needed", **missing}
    post(run, make_case(Path("case")), root / "post", "--plan", path, *HELD)
    last = status(run, root)
    assert states(the_one(last)) == {"scout": "not needed", "follow-up": "missing"}
    assert last["patients"][0]["known_by"] == [
        "patient key",
        "hashes of each other's files",
    ]
    assert last["counts"] == {
        "patients": 1,
        "treatments": 1,
        "results": 4,
        "done": 6,
        "missing": 1,
        "outdated": 0,
    }
    for typed in every_command(last):
        parsed(typed)


# The lobe that was planned is not that of the little image.
HELD: tuple[str, ...] = ("--patient-key", "A", "--device", "glass")
for code in ("H38", "H43"):
    HELD += ("--accept", code, "--reason", "a small phantom")


def test_a_changed_input_is_told_by_its_hash(run: Run, root: Path) -> None:
    source = make_case(Path("case"))
    post(run, source, root / "post")
    assert states(the_one(status(run, root)))["plan"] == "not needed"
    image = nibabel.load(source / "spect.nii.gz")
    data = np.asarray(image.dataobj).copy()
    data[9, 8, 5] = 60
    nibabel.save(nibabel.Nifti1Image(data, image.affine), source / "spect.nii.gz")
    listed = json.loads((root / "post" / "post.json").read_text("utf-8"))["inputs"]
    document = status(run, root, code=3)
    found = the_one(document)
    assert states(found)["post"] == "outdated"
    assert listed[0]["sha256"][:12] in why(found, "post")
    assert "spect.nii.gz has changed" in why(found, "post")
    assert "labels" not in why(found, "post")
    again = next_of(found, "post")
    assert "--administered 1.2GBq" in again
    assert "--out results/post --force" in again
    parsed(again)
    said = run("status", root)
    assert "OUTDATED: image file spect.nii.gz has changed" in said.stderr
    assert said.exit_code == 3


def test_an_input_that_moved_is_found_by_its_content(run: Run, root: Path) -> None:
    source = make_case(Path("case"))
    post(run, source, root / "post")
    source.rename("elsewhere")
    lost = status(run, root)
    # Not there, and nobody said where: it may be in an archive.
    assert states(the_one(lost)).get("post") is None
    assert the_one(lost)["not_checked"] == ["post/post.json"]
    assert "Inputs of 1 result were not found" in run("status", root).stderr
    found = the_one(status(run, root, "--inputs", "elsewhere"))
    assert (states(found).get("post"), found["not_checked"]) == (None, [])
    # A new name hides nothing; other content does.
    (Path("elsewhere") / "spect.nii.gz").rename(Path("elsewhere") / "nm.nii.gz")
    assert "post" not in states(the_one(status(run, root, "--inputs", "elsewhere")))
    (Path("elsewhere") / "labels.nii.gz").unlink()
    gone = the_one(status(run, root, "--inputs", "elsewhere", code=3))
    assert "labels.nii.gz is gone" in why(gone, "post")


def test_an_image_inside_of_the_folder_needs_no_option(run: Run, root: Path) -> None:
    source = make_case(root / "a" / "images")
    post(run, source, root / "a" / "post")
    shutil.move(root / "a", root / "b")
    assert "post" not in states(the_one(status(run, root)))


def test_a_result_that_was_edited(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    post(run, make_case(Path("case")), root / "post")
    for file, name in ((path, "plan"), (root / "post" / "post.json", "post")):
        file.write_text(file.read_text("utf-8").replace("1.2", "1.3"), "utf-8")
        document = status(run, root, code=3)
        every = [it for one in document["patients"] for it in one["treatments"]]
        [found] = [one for one in every if states(one).get(name) == "outdated"]
        assert "not what was computed" in why(found, name) or (
            "post.json changed" in why(found, name)
        )


def test_an_approval_that_was_edited(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    path.write_text(
        path.read_text("utf-8").replace("A. Physicist", "B. Other"), "utf-8"
    )
    found = the_one(status(run, root, code=3))
    assert "approval was edited" in why(found, "plan")
    assert states(found)["approval"] == "outdated"


def test_an_order_of_an_older_plan(run: Run, root: Path) -> None:
    old = plan(run, root / "old", "--treatment-date", "2097-12-09")
    order(run, old, root / "order")
    plan(run, root / "new", "--treatment-date", "2097-12-09", "--residual", "2%")
    document = status(run, root, code=3)
    found = the_one(document)
    assert states(found)["order"] == "outdated"
    assert why(found, "order") == (
        "order/order.json is for old/plan.json, not for the plan that holds, "
        "new/plan.json"
    )
    [said] = [one for one in document["warnings"] if one["code"] == "H02"]
    assert said["severity"] == "stop"
    assert "2 plans of this treatment are approved" in said["message"]


def test_an_update_that_nobody_approved(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    order(run, path, root / "order")
    ok(run("plan", "update", path, "--drawn", "1.2GBq", "--out", root / "today"))
    found = the_one(status(run, root, code=3))
    assert why(found, "approval") == ("today/plan.json updates it and is not approved")
    assert next_of(found, "approval") == (
        "sirtdose plan approve results/today/plan.json --by NAME"
    )
    ok(run("plan", "approve", root / "today" / "plan.json", "--by", "A. Physicist"))
    # The vials were ordered by the plan that the update is of: they stay.
    after = the_one(status(run, root))
    assert "order" not in states(after)
    assert "drawn up" in why(after, "given")


def test_a_post_with_the_plan_before_its_update(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    words = ("--plan", path, *HELD, "--administered-at", LONG_AGO)
    post(run, make_case(Path("case")), root / "post", *words)
    ok(run("plan", "update", path, "--drawn", "1.2GBq", "--out", root / "today"))
    ok(run("plan", "approve", root / "today" / "plan.json", "--by", "A. Physicist"))
    document = status(run, root, code=3)
    found = the_one(document)
    assert "which today/plan.json updates" in why(found, "post")
    again = next_of(found, "post")
    assert "--plan results/today/plan.json" in again
    parsed(again)
    # It was approved today, and given long ago.
    assert "was approved at" in document["warnings"][0]["message"]


def test_a_shunt_that_is_another_than_the_plans(run: Run, root: Path) -> None:
    plan(run, root / "a" / "plan")
    counts = ("--lung-counts", "12000,10000", "--liver-counts", "60000,50000")
    ok(run("lsf", "planar", *counts, "--out", root / "a" / "lsf"))
    document = status(run, root, code=3)
    found = the_one(document)
    # Square roots of 1.2e8 and 3e9: 10954 of 65727 counts.
    assert why(found, "shunt") == "16.7% by planar"
    assert "the lung shunt is 16.7% by a/lsf/lsf.json" in why(found, "plan")
    assert "the plan has 5.0%" in why(found, "plan")
    [said] = [one for one in document["warnings"] if one["code"] == "H22"]
    assert said["severity"] == "warn"
    again = next_of(found, "plan")
    assert "--normal-dose 40Gy" in again
    parsed(again)


def test_a_shunt_that_was_edited(run: Run, root: Path) -> None:
    counts = ("--lung-counts", "12000,10000", "--liver-counts", "60000,50000")
    ok(run("lsf", "planar", *counts, "--out", root / "lsf"))
    path = root / "lsf" / "lsf.json"
    assert "shunt" not in states(the_one(status(run, root)))
    whole = path.read_text("utf-8")
    for old, new in (("0.1666666667", "0.02"), ("12000.0", "12001.0")):
        assert old in whole
        path.write_text(whole.replace(old, new), "utf-8")
        found = the_one(status(run, root, code=3))
        assert states(found)["shunt"] == "outdated"
        assert "is not what was written" in why(found, "shunt")
        assert next_of(found, "shunt").startswith("sirtdose lsf planar ")
        parsed(next_of(found, "shunt"))


def test_two_sessions_are_two_treatments(run: Run, root: Path) -> None:
    first = plan(run, root / "first", "--treatment-date", "2097-12-09")
    post(run, make_case(Path("case")), root / "post", "--plan", first, *HELD)
    words = ("--after", root / "post" / "post.json", "--limit", "normal=90Gy")
    asked = ("H38:whole liver", "H38:normal whole liver", "H43")
    accepted = [
        word
        for code in asked
        for word in ("--accept", code, "--reason", "a small phantom")
    ]
    plan(run, root / "second", "--treatment-date", "2098-01-20", *words, *accepted)
    [patient] = status(run, root)["patients"]
    one, two = patient["treatments"]
    assert [one["label"], two["label"]] == ["treatment 1", "treatment 2"]
    assert (one["day"], two["day"]) == ("2097-12-09", "2098-01-20")
    assert states(one) == {
        "scout": "not needed",
        "order": "not needed",
        "follow-up": "missing",
    }
    assert states(two)["post"] == "missing"
    # The first is assessed again: the second plan counts what is no more.
    shutil.rmtree(root / "post")
    words = ("--plan", first, *HELD, "--density", "1.06g/mL")
    post(run, Path("case"), root / "post", *words)
    [patient] = status(run, root, code=3)["patients"]
    again = patient["treatments"][1]
    assert "it was assessed or planned again" in why(again, "plan")


def test_lobes_of_one_plan_are_one_treatment(run: Run, root: Path) -> None:
    lobes = (
        "right=perfused:900mL,tumor:T1=100mL@3,tumor-dose:200Gy,lung-shunt:5%",
        "left=perfused:500mL,tumor:T2=40mL@5,tumor-dose:150Gy,lung-shunt:4%",
    )
    words = [word for one in lobes for word in ("--injection", one)]
    ok(
        run(
            *("plan", "partition", "--device", "glass", *words),
            *("--liver-volume", "1900mL", "--out", root / "plan"),
        )
    )
    ok(run("plan", "approve", root / "plan" / "plan.json", "--by", "A. Physicist"))
    found = the_one(status(run, root))
    assert found["injections"] == ["right", "left"]
    for typed in every_command(status(run, root)):
        parsed(typed)
    assert "--drawn right=ACTIVITY --drawn left=ACTIVITY" in next_of(found, "given")


def test_patients_are_told_apart(run: Run, root: Path) -> None:
    for key in "ABC":
        plan(run, root / key / "plan", key=key)
    # Nothing ties them, and no folder puts two treatments together.
    for name in ("x", "y"):
        words = ("--dose", "120Gy", "--perfused-volume", "1000mL", "--lung-shunt")
        liver = f"{1400 + ord(name)}mL"
        ok(
            run(
                *("plan", "mird", *words, "5%", "--liver-volume", liver),
                *("--out", root / "others" / name),
            )
        )
    document = status(run, root)
    assert [one["label"] for one in document["patients"]] == [
        f"Patient {n}" for n in range(1, 6)
    ]
    assert [one["known_by"] for one in document["patients"]][3:] == [[], []]
    assert "A" not in {one.strip(",") for one in run("status", root).stderr.split()}
    shown = status(run, root, "--show-patients")
    assert [one["identity"] for one in shown["patients"]][:2] == [
        {"patient_key": "A"},
        {"patient_key": "B"},
    ]
    assert {one["identity"] is None for one in document["patients"]} == {True}


def test_what_is_damaged_foreign_or_newer_is_named(run: Run, root: Path) -> None:
    path = plan(run, root / "good")
    text = path.read_text("utf-8")
    newer = text.replace("sirtdose.plan/1", "sirtdose.plan/2")
    wrong = json.loads(text)
    wrong["approval"]["at"] = {"hour": 7}
    listed = json.loads(text)
    listed["assumptions"]["injections"] = [["right"]]
    files = {
        "half/plan.json": text[: len(text) // 2],
        "empty/post.json": "",
        "foreign/order.json": '{"schema": "hl7", "lines": []}',
        "newer/plan.json": newer,
        "wrong/plan.json": json.dumps(wrong, indent=1),
        "listed/plan.json": json.dumps(listed, indent=1),
        "number/plan.json": "7",
        "deep/plan.json": "[" * 100_000,
        "nan/post.json": '{"schema": "sirtdose.post/1", "sirtdose_version": NaN}',
        "other/notes.json": '{"schema": "mine"}',
        "other/truth.json": "{",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(content, "utf-8")
    document = status(run, root, code=3)
    told = {one["place"]: one["why"] for one in document["unread"]}
    assert set(told) == {one for one in files if not one.startswith("other")}
    assert "no whole JSON" in told["half/plan.json"]
    assert "none of sirtdose" in told["foreign/order.json"]
    assert "sirtdose.plan/2 is of another version" in told["newer/plan.json"]
    assert "approval.at is no text" in told["wrong/plan.json"]
    assert document["counts"]["results"] == 1


def test_links_are_followed_once(run: Run, root: Path, tmp_path: Path) -> None:
    plan(run, tmp_path / "store" / "plan")
    root.mkdir()
    (root / "linked").symlink_to(tmp_path / "store")
    (root / "linked" / "round").symlink_to(tmp_path / "store")
    (root / "again").symlink_to(root.resolve())
    (root / "lost.json").symlink_to(tmp_path / "nowhere.json")
    (root / "plan.json").symlink_to(tmp_path / "store" / "plan" / "plan.json")
    document = status(run, root)
    assert document["counts"]["results"] == 1
    assert document["copies"] == ["plan.json"] or document["copies"] == [
        "linked/plan/plan.json"
    ]


def test_a_closed_folder_is_named(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(run, root / "open")
    (root / "closed").mkdir()
    scan = os.scandir

    def closed(path: Any = ".") -> Any:
        if isinstance(path, str | Path) and Path(path).name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    document = status(run, root, code=3)
    assert document["unread"] == [{"place": "closed", "why": "Permission denied"}]
    assert document["counts"]["treatments"] == 1


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_without_results_is_refused(run: Run, root: Path, name: str) -> None:
    (root / "empty").mkdir(parents=True)
    result = run("status", root / name)
    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    assert ("contains no result" in result.stderr) == (name == "empty")


def test_a_batch_with_a_failed_case(run: Run, root: Path) -> None:
    header = "case_id,input,image,structures,administered,no_report\n"
    rows = ""
    for name in ("p1", "p2"):
        make_case(Path(name), 3.0 if name == "p1" else 4.0)
        labels = "labels.nii.gz" if name == "p1" else "lost.nii.gz"
        rows += f"{name},{name},spect.nii.gz,{labels},2GBq,yes\n"
    Path("cases.csv").write_text(header + rows, "utf-8")
    assert run("batch", "cases.csv", "--out", root).exit_code == 6
    document = status(run, root, "--show-patients", code=3)
    [patient] = document["patients"]
    assert patient["identity"] == {"case_id": "p1"}
    [said] = document["unread"]
    assert said["place"] == "batch.json"
    assert said["why"].startswith("case p2 failed with exit code 3")


def test_it_writes_a_table(run: Run, root: Path) -> None:
    plan(run, root / "plan")
    ok(run("status", root, "--out", "worklist"))
    header, row = (Path("worklist") / "status.csv").read_text("utf-8").splitlines()
    assert header.startswith("patient,treatment,day,scout,shunt,plan,approval,order")
    assert row.startswith("Patient 1,treatment,,not needed,done,done,done,missing")
    # What it wrote itself is no result that stands anywhere.
    again = status(run, Path())
    assert again["counts"]["results"] == 1


def test_results_of_another_version_are_noted(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan(run, root / "plan")
    monkeypatch.setattr("sirtdose.workflows.status.run.__version__", "9.9")
    found = the_one(status(run, root))
    assert "outdated" not in states(found).values()
    [note] = [one for one in found["notes"] if "made by" in one]
    assert note.startswith("plan/plan.json was made by sirtdose ")


def write_post(
    path: Path,
    *,
    plan: str = "",
    image: str = "a",
    at: str = GIVEN_AT,
    gbq: float = 1.0,
) -> None:
    """An assessment by hand, with what is read of it."""
    document = {
        "schema": "sirtdose.post/1",
        "sirtdose_version": "0.1.0",
        "times": {"administered_at": at},
        "ledger": {"administered_gbq": gbq, "injections": []},
        "plan": {"hash": plan} if plan else None,
        "inputs": [{"kind": "SPECT", "file": "nm.dcm", "sha256": image * 64}],
    }
    path.mkdir(parents=True)
    (path / "post.json").write_text(json.dumps(document), "utf-8")


def test_two_lobes_by_plans_of_their_own_are_two_treatments(
    run: Run, root: Path
) -> None:
    """One SPECT shows both, and both were typed with one time."""
    for n, lobe in enumerate(("right", "left")):
        path = plan(run, root / lobe, "--vessel", f"{lobe} hepatic artery")
        key = json.loads(path.read_text("utf-8"))["hash"]
        write_post(root / f"post {n}", plan=key)
    document = status(run, root)
    [patient] = document["patients"]
    assert [states(one).get("post") for one in patient["treatments"]] == [None, None]
    assert document["warnings"] == []
    # Another assessment of the SPECT, without a plan, may be of either.
    write_post(root / "third", gbq=1.5)
    [patient] = status(run, root)["patients"]
    assert len(patient["treatments"]) == 3


def test_two_assessments_of_one_treatment_that_differ(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    key = json.loads(path.read_text("utf-8"))["hash"]
    write_post(root / "spect", plan=key)
    # The same image, by other numbers and without the plan.
    write_post(root / "again", gbq=1.2)
    document = status(run, root, code=3)
    assert the_one(document)["results"] == [
        "plan/plan.json",
        "spect/post.json",
        "again/post.json",
    ]
    [said] = document["warnings"]
    assert (said["code"], said["severity"]) == ("H08", "ask")
    assert "which one is right" in said["message"]


def test_a_shunt_alone_begins_a_treatment(run: Run, root: Path) -> None:
    counts = ("--lung-counts", "12000,10000", "--liver-counts", "60000,50000")
    ok(run("lsf", "planar", *counts, "--out", root / "lsf"))
    document = status(run, root)
    found = the_one(document)
    missing = dict.fromkeys(
        ("scout", "plan", "approval", "order", "given", "post", "follow-up"), "missing"
    )
    assert states(found) == missing
    for typed in every_command(document):
        parsed(typed)
    assert {one["next"] is not None for one in found["steps"][2:]} == {True}


def test_follow_ups_by_case(run: Run, root: Path) -> None:
    header = "case_id,input,image,structures,administered,no_report\n"
    rows = ""
    for name in ("p1", "p2"):
        make_case(Path(name), 3.0 if name == "p1" else 4.0)
        rows += f"{name},{name},spect.nii.gz,labels.nii.gz,2GBq,yes\n"
    Path("cases.csv").write_text(header + rows, "utf-8")
    ok(run("batch", "cases.csv", "--out", root / "batch"))
    lesions = "case_id,date,lesion,organ,kind,diameter_mm,state\n"
    for name in ("p1", "p9"):
        lesions += f"{name},2026-01-05,T1,liver,target,40,\n"
        lesions += f"{name},2026-06-02,T1,,target,26,\n"
    Path("lesions.csv").write_text(lesions, "utf-8")
    words = ("--criteria", "recist-1.1", "--out", root / "response")
    ok(run("response", "lesions.csv", *words))
    document = status(run, root, "--show-patients")
    followed = {
        one["identity"]["case_id"]: states(one["treatments"][0]).get("follow-up")
        for one in document["patients"]
    }
    # p9 of the same table has no treatment here.
    assert followed == {"p1": None, "p2": "missing"}


def test_names_of_files_that_no_terminal_shows(run: Run, root: Path) -> None:
    path = plan(run, root / "plan")
    odd = Path(os.fsdecode(os.fsencode(root / "r") + b"\xff\x1b[31m"))
    path.parent.rename(odd)
    (odd / "post.json").write_text("{", "utf-8")
    result = run("status", root, "--out", "worklist")
    assert result.exit_code == 3
    assert "\x1b[31m" not in result.stderr
    [said] = json.loads(Path("worklist/status.json").read_text("utf-8"))["unread"]
    assert said["place"] == "r??[31m/post.json"


def test_a_listeners_runs(run: Run, root: Path) -> None:
    """More objects came after the first run, and another study failed."""
    root.mkdir()
    records = Records(root)
    for study, ended in (("a" * 16, Ended()), ("b" * 16, Ended(3, "a reason"))):
        one = records.begin(study, "post", frozenset({"o1"}), "")
        assert one is not None
        records.end(study, one, ended)
    for name, gbq in (("a" * 16, 1.0), (f"{'a' * 16}-2", 1.0)):
        write_post(root / "results" / name, gbq=gbq)
    newer = root / "results" / f"{'a' * 16}-2" / "post.json"
    # The same content would be a copy.
    newer.write_text(newer.read_text("utf-8") + "\n", "utf-8")
    document = status(run, root, code=3)
    found = the_one(document)
    [post] = [one for one in found["steps"] if one["step"] == "post"]
    assert post["results"] == [f"results/{'a' * 16}-2/post.json"]
    [said] = document["unread"]
    assert said["place"] == f"studies/{'b' * 16}.json"
    assert said["why"] == (
        "the last run over this study failed with exit code 3: see the listener's log"
    )


JUNK = (None, [], {}, "", "x", -1, True, [["a"]], {"a": 1}, 10**400, "2026-13-45T99:00")


@pytest.mark.parametrize("junk", JUNK)
def test_an_edited_document_is_told_and_ends_nothing(
    run: Run, root: Path, junk: object
) -> None:
    """One value after the other, in each document that a treatment has."""
    path = plan(run, root / "plan")
    order(run, path, root / "order")
    write_post(root / "post", plan=json.loads(path.read_text("utf-8"))["hash"])
    files = [root / one for one in ("plan/plan.json", "order/order.json")]
    for file in (*files, root / "post" / "post.json"):
        text = file.read_text("utf-8")
        for key in json.loads(text):
            changed = json.loads(text)
            changed[key] = junk
            file.write_text(json.dumps(changed), "utf-8")
            result = run("status", root)
            assert result.exit_code in (0, 3), (file, key)
            assert "Traceback" not in result.stderr
        file.write_text(text, "utf-8")


def test_of_many_patients_those_outdated_come_first(run: Run, root: Path) -> None:
    for n in range(45):
        write_post(root / f"{n:02}", image=f"{n:064x}"[-1], at=f"2097-12-09T10:{n:02}Z")
        text = (root / f"{n:02}" / "post.json").read_text("utf-8")
        digest = json.loads(text)["inputs"][0]["sha256"]
        (root / f"{n:02}" / "post.json").write_text(
            text.replace(digest, f"{n:064x}"), "utf-8"
        )
    last = root / "44" / "run.json"
    record = {"schema": "sirtdose.run/1", "sirtdose_version": "0.1.0", "asked": None}
    record |= {"fingerprint": None, "results": {"post.json": "0" * 64}}
    last.write_text(json.dumps(record), "utf-8")
    result = run("status", root)
    assert result.exit_code == 3
    rows = [one for one in result.stderr.splitlines() if one.startswith("Patient ")]
    assert rows[0].startswith("Patient 45 ")
    assert rows[1].startswith("Patient 1 ")
    assert "and 5 more: --out writes all of them" in result.stderr
    assert "and 35 more: status.csv of --out has all of them" in result.stderr
    listed = result.stderr.partition("Next (")[2].splitlines()[1:]
    assert listed[0].startswith("Patient 45: sirtdose post STUDY")
    assert len(listed) == 11
