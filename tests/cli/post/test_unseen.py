"""A run that stops for what it found itself shows it first, as `segment` does."""

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from click.testing import Result

from sirtdose.cli.network.work import Assessing
from sirtdose.errors import SafetyStop
from sirtdose.model.next_run import NextRun
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import Given, ImageRequest, PostRequest, Privacy
from sirtdose.workflows.segment.unseen import free_folder, shown_if_unseen

Run = Callable[..., Result]
# What is drawn of tumors is left out, so that they are looked for.
GIVEN = (
    *("--administered", "2.15GBq", "--lung-shunt", "0%", "--calibrate-over", "fov"),
    *(word for k in (1, 2, 3) for word in ("--role", f"Tumor {k}=other")),
)
STOP = SafetyStop("H35 asks", (), [("H35", "Tumor 1 (candidate)")])


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("unseen") / "out"


@pytest.fixture(scope="module")
def stopped(run: Run, exact_contours: Path, out: Path) -> Result:
    words = ("--segment-tumors", "40%", "--density", "1.05g/mL", "--out", out)
    return run("post", exact_contours, *GIVEN, *words)


def document(folder: Path) -> dict[str, Any]:
    """Without what tells one review of the same from another."""
    found = json.loads((folder / "review.json").read_text("utf-8"))
    own = ("hash", "source", "files", "next_run")
    return {key: value for key, value in found.items() if key not in own}


def test_the_review_is_the_one_that_segment_writes(
    run: Run, exact_contours: Path, stopped: Result, out: Path
) -> None:
    assert (stopped.exit_code, stopped.stdout) == (3, "")
    # Nothing there looks like results.
    assert [one.name for one in out.iterdir()] == ["review"]
    same = out.parent / "segment"
    words = ("--fraction", "40%", "--out", same)
    assert run("segment", exact_contours, *GIVEN, *words).exit_code == 0
    found = document(out / "review")
    assert found == document(same)
    assert found["activity"]["delivered_gbq"] == 2.15
    for one in same.glob("planes/*"):
        assert (out / "review" / "planes" / one.name).read_bytes() == one.read_bytes()
    # They are called the same by the run that stopped.
    for one in found["candidates"]:
        said = f"'{one['name']}', {one['volume_ml']:.1f} mL, was segmented"
        assert said in stopped.stderr


def test_a_second_run_says_the_same(
    run: Run, exact_contours: Path, stopped: Result, out: Path
) -> None:
    page = (out / "review" / "review.html").read_bytes()
    words = ("--segment-tumors", "40%", "--density", "1.05g/mL", "--out", out)
    again = run("post", exact_contours, *GIVEN, *words)
    assert (again.exit_code, again.stderr) == (3, stopped.stderr)
    assert (out / "review" / "review.html").read_bytes() == page
    # Other candidates are another review, in whose place this one is.
    words = ("--segment-tumors", "50%", "--density", "1.05g/mL", "--out", out)
    other = run("post", exact_contours, *GIVEN, *words)
    assert "No review is written: " in other.stderr
    assert "already contains review.json" in " ".join(other.stderr.split())
    assert (out / "review" / "review.html").read_bytes() == page


def test_its_last_lines_can_be_typed(run: Run, stopped: Result, out: Path) -> None:
    accept, post = re.findall(r"^sirtdose (.+)$", stopped.stderr, re.MULTILINE)
    accept, post = shlex.split(accept), shlex.split(post)
    assert accept == ["accept", str(out / "review"), *accept[2:]]
    assert accept[2:] == ["--lesion", "4,5,6", "--by", "NAME"]
    assert "--segment-tumors" not in post
    assert post[post.index("--density") + 1] == "1.05g/mL"
    accepted = run(*accept[:-1], "A. Physicist")
    assert accepted.exit_code == 0, accepted.stderr
    result = run(*post)
    assert result.exit_code == 0, result.stderr
    said = json.loads((out / "post.json").read_text("utf-8"))["warnings"]
    tumors = {one["subject"] for one in said if one["code"] == "H35"}
    assert tumors == {"Tumor 4", "Tumor 5", "Tumor 6"}
    # The review stays beside the results, and what is accepted in it is nobody's to
    # replace.
    assert (out / "review" / "accepted-1" / "accepted.dcm").is_file()
    assert free_folder(out) == out / "review-2"


@pytest.fixture
def request_of(tmp_path: Path) -> PostRequest:
    path = tmp_path / "image.nii.gz"
    data = np.ones((6, 7, 8), np.float32)
    nibabel.save(nibabel.Nifti1Image(data, np.diag([3.0, 4.0, 5.0, 1.0])), path)
    image = ImageRequest(path, segment_tumors=0.4)
    return PostRequest(image, Given(Nuclide.named("Y-90"), administered_gbq=2.0))


def refused(request: PostRequest, out: Path, stop: SafetyStop = STOP) -> str:
    with (
        pytest.raises(SafetyStop) as caught,
        shown_if_unseen(request, out, run=NextRun("post")),
    ):
        raise stop
    return str(caught.value)


def test_what_segment_refuses_is_said(request_of: PostRequest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shifted = replace(request_of.image, image_shift_mm=(1.0, 0.0, 0.0))
    nameless = Privacy(site_key=b"0123456789abcdef")
    for request, said in (
        (request_of, "image.nii.gz is not DICOM"),
        (replace(request_of, image=shifted), "`sirtdose segment` has no --image-shift"),
        (replace(request_of, privacy=nameless), "a run without --deidentify writes"),
    ):
        text = refused(request, out)
        assert text.startswith("H35 asks\nNo review is written: ")
        assert said in text
    assert not out.exists()


def test_other_stops_are_left_alone(request_of: PostRequest, tmp_path: Path) -> None:
    drawn = replace(request_of, image=replace(request_of.image, segment_tumors=None))
    assert refused(drawn, tmp_path) == "H35 asks"
    for one in (("H13", "Tumor 1 (candidate)"), ("H35", "Tumor 1")):
        assert refused(request_of, tmp_path, SafetyStop("no", (), [one])) == "no"


def test_a_review_that_is_there_is_kept(
    request_of: PostRequest, tmp_path: Path
) -> None:
    there = tmp_path / "review" / "review.html"
    there.parent.mkdir()
    there.write_text("seen", "utf-8")
    assert "already contains review.html" in refused(request_of, tmp_path)
    assert there.read_text("utf-8") == "seen"


def said_last(result: Result) -> list[list[str]]:
    found = re.findall(r"^sirtdose (.+)$", result.stderr, re.MULTILINE)
    return [shlex.split(one) for one in found]


def test_a_plan_by_an_image_shows_them_too(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    drawn = [word for k in (1, 2, 3) for word in ("--role", f"Tumor {k}=other")]
    words = ("plan", "image", exact_contours, *drawn, "--segment-tumors", "40%")
    goal = ("--tumor-dose", "120Gy", "--lung-shunt", "5%")
    bare = run(*words, *goal)
    assert bare.exit_code == 3
    assert "No review is written: give --out to have what was found" in bare.stderr
    result = run(*words, *goal, "--out", tmp_path / "o")
    assert result.exit_code == 3
    assert [one.name for one in (tmp_path / "o").iterdir()] == ["review"]
    accept, plan = said_last(result)
    assert run(*accept[:-1], "A. Physicist").exit_code == 0
    done = run(*plan)
    assert done.exit_code == 0, done.stderr
    document = json.loads((tmp_path / "o" / "plan.json").read_text("utf-8"))
    tumors = [one["name"] for one in document["compartments"] if "Tumor" in one["name"]]
    assert tumors == ["Tumor 4", "Tumor 5", "Tumor 6"]


@pytest.mark.slow
def test_a_batch_shows_them_in_the_case_s_folder(
    run: Run, exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    roles = "|".join(f"Tumor {k}=other" for k in (1, 2, 3))
    drawn = exact_contours / "structures.dcm"

    def batch(find: str, structures: str) -> Result:
        (tmp_path / "m.csv").write_text(
            "case_id,input,administered,lung_shunt,calibrate_over,segment_tumors,role,"
            f"structures\nA,{exact_contours},2.2GBq,5%,fov,{find},{roles},{structures}\n"
        )
        return run("batch", "m.csv", "--out", "b", "--resume", "--jobs", "1")

    first = batch("40%", "")
    assert first.exit_code == 6
    [accept] = said_last(first)
    assert accept == ["accept", "A/review", "--lesion", "4,5,6", "--by", "NAME"]
    assert str(tmp_path) not in first.stderr
    added = "Then add A/review/accepted-1/accepted.dcm to the structures of this case"
    assert added in first.stderr
    assert said_last(batch("40%", "")) == [accept]
    monkeypatch.chdir(tmp_path / "b")
    accepted = run(*accept[:-1], "A. Physicist")
    assert accepted.exit_code == 0, accepted.stderr
    monkeypatch.chdir(tmp_path)
    assert batch("", f"{drawn}|b/A/review/accepted-1/accepted.dcm").exit_code == 0
    assert (tmp_path / "b" / "A" / "post.json").is_file()


def test_what_was_received_is_shown_beside_its_results(
    exact_contours: Path, tmp_path: Path
) -> None:
    roles = [f"Tumor {k}=other" for k in (1, 2, 3)]
    common = tmp_path / "common.toml"
    common.write_text(
        '[options]\nadministered = "2.2GBq"\nlung_shunt = "5%"\n'
        f'segment_tumors = "40%"\nrole = {json.dumps(roles)}\n'
    )
    work = Assessing(tmp_path, common, for_every=True)
    results = tmp_path / "results" / "one"
    ended = work.run("1.2.3", exact_contours, results)
    assert ended.exit_code == 3
    assert "is shown in review-1.2.3/review/review.html" in ended.error
    assert (tmp_path / "review-1.2.3" / "review" / "review.html").is_file()
    # A folder of results is there only if they are whole.
    assert not results.exists()
