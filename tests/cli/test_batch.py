"""Many cases: isolated, resumable, the same whatever the number of workers."""

import csv
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import psutil
import pytest
from click.testing import Result

from sirtdose.io.output.folder import claimed
from sirtdose.model.nuclide import Nuclide
from sirtdose.workflows.post.results import Wanted

Run = Callable[..., Result]
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
TABLES = ("cases.csv", "summary.csv", "index.html")


def make_case(folder: Path, level: float = 3.0) -> Path:
    """A liver of 600 mL and a tumor that takes `level` times as much up."""
    folder.mkdir(parents=True)
    labels = np.zeros((20, 18, 12), np.uint8)
    labels[3:17, 4:14, 2:10] = 1
    labels[8:11, 7:10, 4:7] = 2
    image = np.where(labels == 2, level, 1.0 * (labels > 0)).astype(np.float32)
    affine = np.diag([-8.0, -8.0, 8.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(image, affine), folder / "spect.nii.gz")
    nibabel.save(nibabel.Nifti1Image(labels, affine), folder / "labels.nii.gz")
    (folder / "labels.tsv").write_text("index\tname\n1\tLiver\n2\tTumor 1\n", "utf-8")
    return folder


HEADER = "case_id,input,image,structures,administered,no_report\n"


def row(name: str, folder: str, given: str = "2GBq") -> str:
    return f"{name},{folder},spect.nii.gz,labels.nii.gz,{given},yes\n"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Three cases; their folders lie beside the manifest."""
    rows = HEADER
    for number, level in enumerate((2.0, 4.0, 6.0), 1):
        make_case(tmp_path / f"p{number}", level)
        rows += row(f"c{number}", f"p{number}")
    path = tmp_path / "manifest.csv"
    path.write_text(rows, "utf-8")
    return path


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def contents(
    folder: Path, *, without: tuple[str, ...] = ("run.json", "batch.json")
) -> Any:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in without
    }


def nothing_half_written(folder: Path) -> bool:
    return not list(folder.rglob(".sirtdose-*"))


def test_a_failed_case_never_stops_the_rest(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    broken = make_case(tmp_path / "p4")
    cut = (broken / "spect.nii.gz").read_bytes()[:200]
    (broken / "spect.nii.gz").write_bytes(cut)
    with manifest.open("a", encoding="utf-8") as stream:
        stream.write(row("no_unit", "p1", "2.0"))
        stream.write(row("no_folder", "p9"))
        stream.write(row("damaged", "p4"))
    result = run("batch", manifest, "--out", tmp_path / "out", "--jobs", 2, "--json")
    assert result.exit_code == 6
    cases = {one["case_id"]: one for one in table(tmp_path / "out" / "cases.csv")}
    assert {name: one["state"] for name, one in cases.items()} == {
        "c1": "done",
        "c2": "done",
        "c3": "done",
        "no_unit": "failed",
        "no_folder": "failed",
        "damaged": "failed",
    }
    assert cases["no_unit"]["exit_code"] == "2"
    assert "manifest.csv, line 5: Invalid value" in cases["no_unit"]["error"]
    assert "'2.0' has no unit" in cases["no_unit"]["error"]
    assert (
        "line 6: the path in column input does not exist" in cases["no_folder"]["error"]
    )
    assert cases["damaged"]["exit_code"] == cases["no_folder"]["exit_code"] == "3"
    assert "spect.nii.gz" in cases["damaged"]["error"]
    assert sorted(p.name for p in (tmp_path / "out").iterdir() if p.is_dir()) == [
        "c1",
        "c2",
        "c3",
    ]
    document = json.loads(result.stdout)
    assert document["schema"] == "sirtdose.batch/1"
    assert [one["case_id"] for one in document["cases"]] == list(cases)
    assert "Traceback" not in result.stderr
    assert nothing_half_written(tmp_path / "out")
    # No terminal: a line a case, with the time that is left.
    assert " of 4, 0 min " in result.stderr
    assert document["run"]["jobs"] == 2


def test_tables_hold_what_each_case_says(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("batch", manifest, "--out", out, "--jobs", 2).exit_code == 0
    summary = table(out / "summary.csv")
    for name in ("c1", "c2", "c3"):
        own = [one for one in summary if one.pop("case_id", name) == name]
        assert own[: len(table(out / name / "structures.csv"))]
    rows = [
        line.split(",", 1) for line in (out / "summary.csv").read_text().splitlines()
    ]
    for name in ("c1", "c2", "c3"):
        own_text = (out / name / "structures.csv").read_text().splitlines()
        assert [rest for case, rest in rows if case == name] == own_text[1:]
        assert rows[0][1] == own_text[0]
    # By hand: 1093 voxels of liver at 0.5376 g share 2 GBq, 99.34 J (K 49.67 Gy
    # kg/GBq); the tumor's 27, drawn beside it, take up 2, 4 or 6 times as much.
    for case, level in zip(table(out / "cases.csv"), (2, 4, 6), strict=True):
        share = 2 * 49.67 / 0.512e-3 / 1.05 / 1093
        assert float(case["tumors_mean_gy"]) == pytest.approx(share * level, rel=1e-6)
        assert float(case["normal_whole_mean_gy"]) == pytest.approx(share, rel=1e-6)
        assert case["tumors"] == "1"
        assert float(case["tumors_ml"]) == pytest.approx(27 * 0.512)
        assert case["lungs_gy"] == ""


def test_results_are_the_same_whatever_the_number_of_workers(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert run("batch", manifest, "--out", one, "--jobs", 1).exit_code == 0
    assert run("batch", manifest, "--out", two, "--jobs", 2).exit_code == 0
    assert contents(one) == contents(two)
    alone = tmp_path / "alone"
    words = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz")
    given = ("--administered", "2GBq", "--no-report", "--out", alone)
    assert run("post", tmp_path / "p2", *words, *given).exit_code == 0
    assert contents(alone) == contents(one / "c2")


def test_resume_leaves_alone_what_is_unchanged(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("batch", manifest, "--out", out).exit_code == 0
    first = contents(out)
    written = {n: (out / n / "run.json").read_bytes() for n in ("c1", "c2", "c3")}

    refused = run("batch", manifest, "--out", out)
    assert refused.exit_code == 5
    assert "--resume" in refused.stderr

    again = run("batch", manifest, "--out", out, "--resume")
    assert again.exit_code == 0
    assert "3 cases: 3 unchanged" in again.stderr
    assert contents(out) == first
    assert written == {n: (out / n / "run.json").read_bytes() for n in written}

    # Another image, another activity, an edited result: each is computed again.
    image = nibabel.load(tmp_path / "p1" / "spect.nii.gz")
    data = np.asarray(image.dataobj) * (np.asarray(image.dataobj) != 2) + 3.0 * (
        np.asarray(image.dataobj) == 2
    )
    changed = nibabel.Nifti1Image(data.astype(np.float32), image.affine)
    nibabel.save(changed, tmp_path / "p1" / "spect.nii.gz")
    text = manifest.read_text("utf-8").replace(row("c2", "p2"), row("c2", "p2", "3GBq"))
    manifest.write_text(text, "utf-8")
    edited = out / "c3" / "structures.csv"
    edited.write_text(edited.read_text("utf-8").replace("Tumor 1", "Tumor 2"), "utf-8")
    again = run("batch", manifest, "--out", out, "--resume")
    assert "3 cases: 3 done" in again.stderr
    assert "Tumor 1" in edited.read_text("utf-8")
    cases = table(out / "cases.csv")
    before = list(csv.DictReader(first["cases.csv"].decode().splitlines()))
    means = [float(one["tumors_mean_gy"]) for one in cases]
    old = [float(one["tumors_mean_gy"]) for one in before]
    assert means[0] == pytest.approx(old[0] * 3 / 2)
    assert means[1] == pytest.approx(old[1] * 3 / 2)
    assert means[2] == old[2]


def test_what_has_its_size_and_time_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sirtdose.batch.work import Case, run_case
    from sirtdose.io import hashing
    from sirtdose.model.request import Given, ImageRequest, PostRequest

    make_case(tmp_path / "p1")
    make_case(tmp_path / "p2", 5.0)
    image, out = tmp_path / "p1" / "spect.nii.gz", tmp_path / "out"
    request = PostRequest(
        ImageRequest(
            tmp_path / "p1", image=image, structures=(tmp_path / "p1/labels.nii.gz",)
        ),
        Given(Nuclide.named("Y-90"), administered_gbq=2.0),
    )
    case = Case("c1", request, out, wanted=Wanted(report=False), resume=True)

    def aged() -> None:
        # Files of this moment are always read: their time may not change with them.
        for path in image.parent.iterdir():
            os.utime(path, (1e9, 1e9))

    def states(*, may_read: bool) -> str:
        def refuse(path: Path) -> str:
            raise AssertionError(path.name)

        with monkeypatch.context() as patch:
            if not may_read:
                patch.setattr(hashing, "_digest", refuse)
            outcome = run_case(case)
        assert not outcome.error
        return outcome.state

    assert states(may_read=True) == "done"
    # Young when it was computed: read, and found to be the same.
    assert states(may_read=True) == "unchanged"
    aged()
    (out / "run.json").unlink()
    assert states(may_read=True) == "done"
    assert states(may_read=False) == "unchanged"
    # Another time alone: read, and found to be the same.
    os.utime(image, (1.1e9, 1.1e9))
    assert states(may_read=True) == "unchanged"
    with pytest.raises(AssertionError, match=r"nii\.gz|tsv"):
        states(may_read=False)
    aged()
    assert states(may_read=False) == "unchanged"
    # A result of another size, or that is gone, is told without reading any.
    with (out / "structures.csv").open("a", encoding="utf-8") as stream:
        stream.write("\n")
    assert states(may_read=True) == "done"
    (out / "dvh.csv").unlink()
    assert states(may_read=True) == "done"
    assert states(may_read=False) == "unchanged"
    image.write_bytes((tmp_path / "p2" / "spect.nii.gz").read_bytes())
    os.utime(image, (1.2e9, 1.2e9))
    assert states(may_read=True) == "done"


def test_results_stand_when_everything_is_moved(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    for path in (manifest, *(tmp_path / f"p{n}" for n in (1, 2, 3))):
        path.rename(here / path.name)
    assert run("batch", here / manifest.name, "--out", here / "out").exit_code == 0
    there = here.rename(tmp_path / "there")
    again = run("batch", there / manifest.name, "--out", there / "out", "--resume")
    assert "3 unchanged" in again.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("case_id,administered\nc1,2GBq\n", "lacks the column input"),
        ("case_id,input,adminstered\nc1,p1,2GBq\n", "was administered meant?"),
        ("case_id,input,input\nc1,p1,p1\n", "the column 'input' more than once"),
        (
            "case_id,input\nc1,p1\nC1,p2\n",
            "line 3: case_id 'C1' is also that of line 2",
        ),
        ("case_id,input\nc1,p1,2GBq\n", "line 2 has 3 cells, but the header has 2"),
        ("case_id,input\n../c1,p1\n", "cannot be a folder's name"),
        ("case_id,input\nindex.html,p1\n", "cannot be a folder's name"),
        ("case_id,input\nc1,\n", "line 2: input is empty"),
        ("case_id,input,no_report\nc1,p1,maybe\n", "no_report is yes or no"),
        ("case_id,input\n\n", "contains only a header"),
        ("", "is empty"),
        ("case_id,input,out\nc1,p1,x\n", "'out' is not known"),
        ('case_id,input\n"c1,p1\n', "not valid CSV"),
        (
            'case_id,input,administered\nc1,p1,"2\n0 GBq"\n',
            "cell 3 contains a line break",
        ),
        ("case_id,input\nc1,p\x001\n", "unprintable character"),
        (f"case_id,input\nc1,{'p' * 5000}\n", "line 2: 'ppp"),
        ("case_id,input\nlpt1,p1\n", "cannot be a folder's name"),
        ("c1,p1,2GBq\n", "lacks the columns case_id"),
    ],
)
def test_a_manifest_is_refused_by_line_and_column(
    run: Run, manifest: Path, tmp_path: Path, text: str, message: str
) -> None:
    manifest.write_text(text, "utf-8")
    result = run("batch", manifest, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_manifest_of_a_spreadsheet_is_read(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    text = manifest.read_text("utf-8").replace(",", ";")
    manifest.write_bytes(
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode() + b";;;;;\r\n"
    )
    assert run("batch", manifest, "--out", tmp_path / "out").exit_code == 0
    lines = [line + ";;" for line in text.splitlines()]
    lines[0] = lines[0].replace("case_id", "Case_ID")
    manifest.write_text("sep=;\n" + "\n".join(lines), "utf-8")
    again = run("batch", manifest, "--out", tmp_path / "out", "--resume")
    assert "3 cases: 3 unchanged" in again.stderr
    manifest.write_bytes(text.encode("utf-16"))
    result = run("batch", manifest, "--out", tmp_path / "other")
    assert result.exit_code == 3
    assert "CSV UTF-8" in result.stderr


def test_help_is_the_same_after_a_batch(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    assert run("batch", manifest, "--out", tmp_path / "out").exit_code == 0
    assert run("post", "-h").exit_code == 0


def test_options_for_all_give_way_to_a_cases_own(run: Run, tmp_path: Path) -> None:
    make_case(tmp_path / "p1")
    make_case(tmp_path / "p2")
    path = tmp_path / "manifest.csv"
    path.write_text(
        "case_id,input,image,structures,lung_shunt,above\n"
        "c1,p1,spect.nii.gz,labels.nii.gz,,\n"
        "c2,p2,spect.nii.gz,labels.nii.gz,8%,60Gy|90Gy\n",
        "utf-8",
    )
    out = tmp_path / "out"
    common = ("--administered", "2GBq", "--lung-shunt", "4%", "--no-report")
    assert run("batch", path, "--out", out, *common).exit_code == 0
    shunts = [float(one["lung_shunt_fraction"]) for one in table(out / "cases.csv")]
    assert shunts == [0.04, 0.08]
    above = json.loads((out / "c2" / "post.json").read_text())["metrics"]
    assert above == ["V60Gy", "V90Gy"]


def test_a_check_is_accepted_case_by_case(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    result = run("batch", manifest, "--out", tmp_path / "o", "--accept", "H27")
    assert result.exit_code == 2
    lines = HEADER.replace("\n", ",density,accept,reason\n")
    lines += row("c1", "p1").replace("\n", ",0.1g/mL,,\n")
    lines += row("c2", "p2").replace("\n", ",0.1g/mL,H27|H17,foam|phantom\n")
    manifest.write_text(lines, "utf-8")
    assert run("batch", manifest, "--out", tmp_path / "out").exit_code == 6
    asked, accepted = table(tmp_path / "out" / "cases.csv")
    assert asked["state"] == "failed"
    assert "--accept H27" in asked["error"]
    assert accepted["state"] == "done"


@pytest.fixture
def patients(tmp_path: Path, exact_voxels: Path) -> Path:
    """Two folders of DICOM, with the options of each in its case.toml."""
    import shutil

    root = tmp_path / "archive"
    for name in ("alpha", "beta"):
        shutil.copytree(exact_voxels, root / name)
    (root / "beta" / "case.toml").write_text(
        '[options]\nadministered = "1GBq"\nlung_shunt = "5%"\n', "utf-8"
    )
    (root / ".hidden").mkdir()
    (root / "readme.txt").write_text("no case", "utf-8")
    return root


def test_every_folder_of_a_root_is_a_case(run: Run, patients: Path) -> None:
    out = patients / "out"
    result = run(
        "batch", patients, "--administered", "2.2GBq", "--out", out, "--jobs", 2
    )
    assert result.exit_code == 0, result.stderr
    alpha, beta = table(out / "cases.csv")
    assert (alpha["case_id"], beta["case_id"]) == ("alpha", "beta")
    assert (alpha["delivered_gbq"], beta["delivered_gbq"]) == ("2.2", "1")
    page = (out / "index.html").read_text("utf-8")
    for name in ("alpha", "beta"):
        assert f'href="{name}/report.html"' in page
        assert f'src="{name}/thumbnail.png"' in page
        assert (out / name / "thumbnail.png").read_bytes()[:4] == b"\x89PNG"
        assert (out / name / "dose_local.dcm").is_file()
    # The folder of results is no case of the next run.
    again = run(
        *("batch", patients, "--administered", "2.2GBq", "--out", out, "--resume")
    )
    assert "2 cases: 2 unchanged" in again.stderr


def test_a_folder_named_after_its_patient_is_not_shown(
    run: Run, patients: Path
) -> None:
    (patients / "alpha").rename(patients / "phantom_left")
    (patients / "beta" / "case.toml").write_text(
        "[options]\nadministered = 1\n", "utf-8"
    )
    out = patients.parent / "out"
    words = ("batch", patients, "--administered", "2GBq", "--no-report", "--out", out)
    result = run(*words)
    assert result.exit_code == 6
    assert [one["case_id"] for one in table(out / "cases.csv")] == ["beta", "folder-2"]
    told = result.stderr + "".join(
        path.read_text("utf-8") for path in out.iterdir() if path.is_file()
    )
    assert "phantom_left" not in told
    assert "--folder-names" in told
    result = run(*words, "--folder-names", "--force")
    assert [one["case_id"] for one in table(out / "cases.csv")] == [
        "beta",
        "phantom_left",
    ]
    assert table(out / "cases.csv")[1]["state"] == "done"


def test_cases_of_one_name_or_of_a_tables_name_are_refused(
    run: Run, tmp_path: Path
) -> None:
    for name in ("a case", "folder-1", "index.html"):
        make_case(tmp_path / "root" / name)
    out = tmp_path / "out"
    words = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz", "--no-report")
    result = run(
        "batch", tmp_path / "root", *words, "--administered", "2GBq", "--out", out
    )
    assert result.exit_code == 6
    states = {one["case_id"]: one["state"] for one in table(out / "cases.csv")}
    assert states == {
        "folder-1-unnamed": "failed",
        "folder-1": "done",
        "folder-3": "failed",
    }
    assert len(table(out / "summary.csv")) == 3


def test_results_that_lie_in_an_input_do_not_change_it(
    run: Run, tmp_path: Path
) -> None:
    make_case(tmp_path / "case")
    manifest = tmp_path / "case" / "manifest.csv"
    manifest.write_text(HEADER + row("c1", "."), "utf-8")
    words = ("batch", manifest, "--out", tmp_path / "case" / "out")
    assert run(*words).exit_code == 0
    assert "1 unchanged" in run(*words, "--resume").stderr
    # An image of somebody else beside a result is no result.
    (tmp_path / "case" / "out" / "c1" / "other.nii.gz").write_bytes(b"new")
    assert "1 done" in run(*words, "--resume").stderr


def test_a_case_that_fails_now_says_that_old_results_remain(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("batch", manifest, "--out", out).exit_code == 0
    text = manifest.read_text("utf-8").replace(row("c2", "p2"), row("c2", "p2", "2"))
    manifest.write_text(text, "utf-8")
    assert run("batch", manifest, "--out", out, "--resume").exit_code == 6
    case = table(out / "cases.csv")[1]
    assert case["state"] == "failed"
    assert case["error"].endswith("results of an earlier run were kept")
    assert case["tumors_mean_gy"] == ""


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--jobs", 2, "--scheduler", "tcp://127.0.0.1:1"), 2, "exclude each other"),
        (("--deidentify",), 2, "needs --site-key"),
        (("--jobs", 0), 2, "--jobs"),
        (("--scheduler", "nowhere"), 3, "no dask scheduler answers at nowhere"),
        (("--scheduler", "tls://127.0.0.1:1"), 3, "no dask scheduler answers at tls"),
    ],
)
def test_options_that_cannot_be(
    run: Run,
    manifest: Path,
    tmp_path: Path,
    words: tuple[object, ...],
    code: int,
    message: str,
) -> None:
    result = run("batch", manifest, "--out", tmp_path / "out", *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_without_any_file_or_without_a_case_file_is_told_so(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "root" / "empty" / "below").mkdir(parents=True)
    (tmp_path / "root" / "bare").mkdir()
    (tmp_path / "root" / "bare" / "notes.txt").write_text("none")
    said = run("batch", tmp_path / "root", "--out", tmp_path / "out").stderr
    assert "the folder holds no file" in said
    assert "give the activity once" in said
    assert "case.toml" not in said


def test_a_root_without_folders_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    result = run("batch", tmp_path / "root", "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "no folders" in result.stderr
    assert run("batch", tmp_path / "none", "--out", tmp_path / "out").exit_code == 3


def started(
    *words: object, before: Callable[[], object] = int, **options: Any
) -> subprocess.Popen[str]:
    def as_from_a_terminal() -> None:
        # Tests that run in the background ignore Ctrl-C, and so would this.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        before()

    return subprocess.Popen(
        [*PROGRAM, *(str(word) for word in words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=as_from_a_terminal,
        **options,
    )


def worker_of(process: subprocess.Popen[str]) -> psutil.Process:
    """A process that runs a case: a child of the one that workers are forked from."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        for child in psutil.Process(process.pid).children():
            for worker in child.children():
                return worker
        time.sleep(0.02)
    raise AssertionError("no worker was seen")


@pytest.fixture
def slow_cases(tmp_path: Path, exact_voxels: Path) -> Path:
    """Four cases that take some seconds each."""
    path = tmp_path / "slow.csv"
    rows = "".join(f"s{n},{exact_voxels},{n}GBq\n" for n in (1, 2, 3, 4))
    path.write_text(f"case_id,input,administered\n{rows}", "utf-8")
    return path


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_killed_worker_is_its_cases_row(
    slow_cases: Path, tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "out"
    process = started("batch", slow_cases, "--out", out, "--jobs", 1, "--no-report")
    worker_of(process).send_signal(how)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 6, said
    states = [one["state"] for one in table(out / "cases.csv")]
    assert sorted(states) == ["done", "done", "done", "failed"]
    assert "killed from outside, or ran out of memory" in said
    assert nothing_half_written(out)


def test_a_killed_batch_leaves_no_process(slow_cases: Path, tmp_path: Path) -> None:
    process = started("batch", slow_cases, "--out", tmp_path / "out", "--jobs", 1)
    worker = worker_of(process)
    process.kill()
    # Its end closes what a pipe behind it waits for.
    process.communicate(timeout=20)
    gone, alive = psutil.wait_procs([worker], timeout=20)
    assert (gone, alive) == ([worker], [])


def test_nohup_is_honored(manifest: Path, tmp_path: Path) -> None:
    def nohup() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    out = tmp_path / "out"
    process = started(
        "batch", manifest, "--out", out, before=nohup, start_new_session=True
    )
    worker_of(process)
    os.killpg(process.pid, signal.SIGHUP)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "3 done" in said


def test_other_processes_of_the_caller_go_on(manifest: Path) -> None:
    from sirtdose import Case, Given, ImageRequest, Nuclide, PostRequest, run_cases

    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    request = PostRequest(
        ImageRequest(manifest.parent / "p9"), Given(Nuclide.named("Y-90"))
    )
    [outcome] = run_cases([Case("c1", request, manifest.parent / "o")])
    assert outcome.state == "failed"
    assert other.is_alive()
    other.kill()
    other.join()


THREADS_SEEN = """
import os
from types import SimpleNamespace
from sirtdose.batch.run import run_cases
from sirtdose.batch.work import Outcome

def work(case):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    said = [os.environ.get(one, "none") for one in names]
    return Outcome(case.case_id, "done", 0, " ".join(said))

if __name__ == "__main__":
    [outcome] = run_cases([SimpleNamespace(case_id="c1")], work=work)
    print(outcome.error, "then", os.environ.get("OPENBLAS_NUM_THREADS", "none"))
"""


@pytest.mark.parametrize(
    ("own", "seen"),
    [({}, "1 1 1 then none"), ({"OMP_NUM_THREADS": "3"}, "3 1 1 then none")],
)
def test_a_worker_has_one_thread_unless_the_user_says_otherwise(
    tmp_path: Path, own: dict[str, str], seen: str
) -> None:
    """The caller's environment is afterwards what it was."""
    script = tmp_path / "seen.py"
    script.write_text(THREADS_SEEN, "utf-8")
    kept = {name: one for name, one in os.environ.items() if "THREADS" not in name}
    found = subprocess.run(
        [sys.executable, script],
        env={**kept, **own},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.stdout.strip() == seen, found.stderr


@pytest.mark.parametrize(
    "how", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_an_ended_batch_goes_on_where_it_was(
    run: Run, slow_cases: Path, tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "out"
    few = slow_cases.read_text("utf-8")
    # So many that not all of them are done, however late this test is told of one.
    more = few.splitlines()[-1].removeprefix("s4")
    many = "".join(f"t{number}{more}\n" for number in range(40))
    slow_cases.write_text(few + many, "utf-8")
    process = started(
        "batch", slow_cases, "--out", out, "--jobs", 1, start_new_session=True
    )
    assert process.stderr is not None
    before = ""
    while "s1 done" not in before:
        line = process.stderr.readline()
        assert line, before
        before += line
    # A terminal's Ctrl-C reaches every process, a SIGTERM often one alone.
    if how is signal.SIGINT:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    said = before + process.stderr.read()
    process.stderr.close()
    code = process.wait(60)
    assert code == (143 if how is signal.SIGTERM else 130), said
    assert "Traceback" not in said
    # The workers end by themselves.
    end = time.monotonic() + 60
    while not nothing_half_written(out) and time.monotonic() < end:
        time.sleep(0.1)
    assert nothing_half_written(out)
    states = {one["case_id"]: one["state"] for one in table(out / "cases.csv")}
    assert states["s1"] == "done"
    assert states["t39"] == "not run"
    assert said.rstrip().splitlines()[-1].endswith("cases: go on with --resume")
    finished = {
        name: (out / name / "run.json").read_bytes()
        for name, state in states.items()
        if state == "done"
    }
    slow_cases.write_text(few, "utf-8")
    again = run("batch", slow_cases, "--out", out, "--resume")
    assert again.exit_code == 0, again.stderr
    finished = {name: was for name, was in finished.items() if name[0] == "s"}
    assert f"{len(finished)} unchanged" in again.stderr
    for name, before in finished.items():
        assert (out / name / "run.json").read_bytes() == before
    assert {one["state"] for one in table(out / "cases.csv")} == {"done"}


def test_what_a_killed_process_left_is_cleared_away(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("batch", manifest, "--out", out).exit_code == 0
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sirtdose.io.output.folder import output_folder\n"
        "with output_folder(Path(sys.argv[1]), ['post.json'], force=True) as folder:\n"
        "    (folder / 'post.json').write_text('{')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    left = [out / ".sirtdose-c1", out / "c2" / ".sirtdose-below"]
    for folder in (out / "c1", out / "c2" / "below"):
        killed = subprocess.run([sys.executable, "-c", code, folder], check=False)
        assert killed.returncode == -signal.SIGKILL
    assert sorted(out.rglob(".sirtdose-*")) == left
    with claimed(out / "another"):
        assert run("batch", manifest, "--out", out, "--resume").exit_code == 0
        assert [*out.rglob(".sirtdose-*")] == [out / ".sirtdose-another"]
    assert nothing_half_written(out)


def test_two_batches_into_one_folder(run: Run, manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with claimed(out):
        result = run("batch", manifest, "--out", out)
        again = run("batch", manifest, "--out", out, "--resume")
    assert result.exit_code == again.exit_code == 5
    assert "another run of sirtdose is writing to" in result.stderr
    assert not out.exists()
    assert run("batch", manifest, "--out", out).exit_code == 0
    # One case that somebody else is at is that row's, and no other's.
    with claimed(out / "c2"):
        assert run("batch", manifest, "--out", out, "--force").exit_code == 6
    cases = {one["case_id"]: one for one in table(out / "cases.csv")}
    assert [one["state"] for one in cases.values()] == ["done", "failed", "done"]
    assert "another run of sirtdose is writing to" in cases["c2"]["error"]


def test_a_worker_of_another_version_refuses(manifest: Path) -> None:
    from sirtdose import Case, Given, ImageRequest, Nuclide, PostRequest
    from sirtdose.batch.work import run_case

    request = PostRequest(
        ImageRequest(manifest.parent / "p1"), Given(Nuclide.named("Y-90"))
    )
    case = Case("c1", request, manifest.parent / "out", version="0.0.1")
    outcome = run_case(case)
    assert (outcome.state, outcome.exit_code) == ("failed", 3)
    assert "the batch 0.0.1" in outcome.error


def test_a_bug_is_its_cases_row(manifest: Path) -> None:
    from sirtdose import Case, Given, ImageRequest, Nuclide, PostRequest, run_cases

    nuclide = Nuclide.named("Y-90")
    folder = manifest.parent
    images = ImageRequest(folder / "p1", structures=3)  # type: ignore[arg-type]
    broken = PostRequest(images, Given(nuclide))
    whole = PostRequest(
        ImageRequest(
            folder / "p2",
            image=Path("spect.nii.gz"),
            structures=(Path("labels.nii.gz"),),
        ),
        Given(nuclide, administered_gbq=2.0),
    )
    cases = [
        Case("c1", broken, folder / "o1"),
        Case("c2", whole, folder / "o2"),
    ]
    outcomes = {one.case_id: one for one in run_cases(cases, jobs=2)}
    assert outcomes["c2"].state == "done"
    assert outcomes["c1"].state == "failed"
    assert "a bug, please report it: TypeError in scene.py:" in outcomes["c1"].error


def test_a_full_disk_is_each_cases_row(
    manifest: Path, tmp_path: Path, exact_voxels: Path
) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    with manifest.open("a", encoding="utf-8") as stream:
        stream.write(f"large,{exact_voxels},,,2GBq,yes\n")
    out = tmp_path / "out"
    process = started("batch", manifest, "--out", out, before=small_files)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 6, said
    cases = {one["case_id"]: one for one in table(out / "cases.csv")}
    assert [one["state"] for one in cases.values()] == ["done"] * 3 + ["failed"]
    assert cases["large"]["exit_code"] == "5"
    assert cases["large"]["error"].endswith("large: File too large")
    assert "Traceback" not in said
    assert not (out / "large").exists()
    assert nothing_half_written(out)


def test_a_cluster_gives_the_same(
    run: Run, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here", tmp_path / "there"
    assert run("batch", manifest, "--out", here).exit_code == 0
    # Looked for by the worker alone.
    make_case(tmp_path / "p4")
    (tmp_path / "p4" / "labels.nii.gz").unlink()
    with manifest.open("a", encoding="utf-8") as stream:
        stream.write(row("no_labels", "p4"))
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        dashboard_address=None,
        silence_logs=50,
        local_directory=tmp_path / "dask",
    ) as cluster:
        address = cluster.scheduler_address
        # Fewer at a time than there are: the others follow.
        monkeypatch.setattr("sirtdose.batch.run._WITH_SCHEDULER", 2)
        result = run("batch", manifest, "--out", there, "--scheduler", address)
        assert result.exit_code == 6, result.stderr
        again = run(
            "batch", manifest, "--out", there, "--scheduler", address, "--resume"
        )
        cluster.scale(0)
        end = time.monotonic() + 60
        while cluster.scheduler.workers and time.monotonic() < end:
            time.sleep(0.05)
        monkeypatch.setattr("sirtdose.batch.run._CONNECT_S", 2)
        none = run("batch", manifest, "--out", tmp_path / "o", "--scheduler", address)
    assert "3 unchanged, 1 failed" in again.stderr
    assert none.exit_code == 3
    assert "no worker is connected" in none.stderr
    for name in ("c1", "c2", "c3"):
        assert contents(here / name) == contents(there / name)


def test_no_template_is_left_for_a_worker_to_compile() -> None:
    code = (
        "import jinja2, sirtdose.batch.compiled\n"
        "from sirtdose.report.render import _environment\n"
        "def refuse(*a, **k): raise AssertionError(a)\n"
        "jinja2.Environment.compile = refuse\n"
        "for name in ('post.html', 'frame.html', 'readers.html', 'hot_spots.html'):\n"
        "    _environment().get_template(name)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
