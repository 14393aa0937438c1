"""Perfused volume and tumors found on the image: candidates until accepted."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.report.plan.nameless import without_identity
from sirtdose.report.post.deidentified import deidentified

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
NAMES = [
    f"{name} (candidate)"
    for name in ("Perfused volume", "Tumor 1", "Tumor 2", "Tumor 3")
]
ACCEPT = [
    word
    for name in NAMES
    for word in ("--accept", f"H35:{name}", "--reason", "looked at")
]


def test_a_person_looks_first(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    # Without lungs drawn, the perfused volume holds what was treated.
    given = (*GIVEN[:-1], "perfused")
    words = ("post", exact_voxels / "spect.dcm", *given, "--out", tmp_path / "out")
    words += ("--segment-perfused", "1%", "--segment-tumors", "40%", "--json")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "H35 Segmented by sirtdose: 'Tumor 1 (candidate)'" in asked.stderr
    assert "a candidate, under the name of who accepts it" in asked.stderr
    typed = "--accept \"H35:Tumor 1 (candidate)\" --reason '...' --by NAME"
    assert typed in asked.stderr
    # A reason names nobody, and the word that stands for a name neither.
    again = run(*words, *ACCEPT)
    first = "What --segment-perfused found is shown in "
    after = asked.stderr.partition(first)[2]
    # What is shown, and what to type next, is the same.
    assert (again.exit_code, again.stderr) == (3, asked.stderr)
    assert "--accept" not in after
    assert "Tumors are shown by that run" in after
    assert "--segment-perfused" not in after
    then = (
        f"--lesion 1 --by NAME\nThen compute with them:\nsirtdose post {exact_voxels}"
    )
    assert then in after
    review = json.loads((tmp_path / "out/review/review.json").read_text("utf-8"))
    assert [one["name"] for one in review["candidates"]] == NAMES[:1]
    nobody = run(*words, *ACCEPT, "--by", "NAME")
    assert (nobody.exit_code, nobody.stdout) == (2, "")
    assert "--by NAME names nobody" in nobody.stderr
    result = run(*words, *ACCEPT, "--by", "A. Physicist")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {one["by"] for one in document["accepted"]} == {"A. Physicist"}
    assert [one["subject"] for one in document["accepted"]] == list(NAMES)
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "Accepted by A. Physicist</b>: looked at" in page
    assert "looked at, A. Physicist (" in result.stderr
    rows = {
        row["name"]: row for row in document["doses"]["local_deposition"]["structures"]
    }
    truth = json.loads((exact_voxels / "truth.json").read_text())["structures"]
    true = {row["name"]: row for row in truth}
    # Tumors of 8, 6 and 4 to 1, by size: 92, 24 and 5.6 mL.
    for candidate, name in (("Tumor 1", "Tumor 1"), ("Tumor 2", "Tumor 2")):
        row = rows[f"{candidate} (candidate)"]
        assert row["volume_ml"] == pytest.approx(true[name]["volume_ml"], rel=0.02)
        mean = row["dose_gy"]["mean"]
        assert mean == pytest.approx(true[name]["mean_on_grid_gy"], rel=0.01)
        assert row["role"] == "tumor"
    # A threshold on microspheres finds what is perfused, and no liver.
    assert "liver" not in {row["role"] for row in rows.values()}
    assert rows["Perfused volume (candidate)"]["role"] == "perfused"
    # What tumors leave of it is called no liver either, but judged as one.
    assert "normal_perfused" not in rows
    rest = rows["perfused_without_tumors"]
    assert rest["role"] == "normal_perfused"
    whole = rows["Perfused volume (candidate)"]["volume_ml"]
    tumors = rows["all_tumors"]["volume_ml"]
    assert rest["volume_ml"] == pytest.approx(whole - tumors, rel=1e-3)
    assert "perfused volume without tumors" in result.stderr
    assert "not shown to be liver" in (tmp_path / "out" / "report.html").read_text()
    assert document["accepted"][0]["code"] == "H35"


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--segment-tumors", "40%"), 3, "a tumor is already drawn"),
        (("--segment-perfused", "10%"), 3, "a perfused volume is already drawn"),
        (("--segment-tumors", "40"), 2, "or adaptive"),
        (("--by", "A. Physicist"), 2, "give --accept and --reason too"),
    ],
)
def test_refusals(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run("post", exact_voxels, *GIVEN, *options, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr


def test_tumors_are_not_looked_for_in_the_whole_image(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """Where nothing is drawn, it is said what to look in."""
    spect = shutil.copy(exact_voxels / "spect.dcm", tmp_path / "spect.dcm")
    asked = ("--segment-tumors", "adaptive", "--out", tmp_path / "out")
    result = run("post", spect, *GIVEN, *asked)
    assert result.exit_code == 3
    assert "draw one, or give --segment-perfused" in result.stderr


def test_nameless_results_do_not_say_who_accepted() -> None:
    row = {"code": "H35", "subject": "T1", "reason": "seen", "by": "A. Physicist"}
    document = {"accepted": [row], "warnings": []}
    hidden = [row | {"by": "removed"}]
    assert deidentified(document, days=3)["accepted"] == hidden
    assert without_identity(document)["accepted"] == hidden
