"""What stands in for Windows and macOS where the tests run on Linux."""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PureWindowsPath

import pytest
from click.testing import Result

from sirtdose.io import place
from sirtdose.io.output import publishing

Run = Callable[..., Result]
GIVEN = ("--administered", "2GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
# A page of a Western Windows: what it has no letter for must not end a run.
CP1252 = {"PYTHONIOENCODING": "cp1252:strict", "PYTHONUTF8": "0", "LC_ALL": "C"}
# Whatever is read or written without saying its encoding, by the package itself.
_STRICT = """
import sys, warnings
warnings.filterwarnings("error", category=EncodingWarning, module=r"sirtdose\\.")
from sirtdose.cli.main import run
sys.argv = ["sirtdose", *sys.argv[1:]]
run()
"""


@pytest.fixture
def cases(exact_voxels: Path, tmp_path: Path) -> Path:
    rows = [f"case{n},{exact_voxels},2GBq,5%,fov" for n in (1, 2)]
    header = "case_id,input,administered,lung_shunt,calibrate_over"
    path = tmp_path / "cases.csv"
    path.write_text("\n".join([header, *rows]), "utf-8")
    return path


def test_workers_that_are_spawned_give_what_forked_ones_give(
    run: Run, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows and macOS have no fork: a worker begins with nothing loaded."""
    words = ("batch", cases, "--jobs", 2, "--no-report")
    forked, spawned = tmp_path / "forked", tmp_path / "spawned"
    assert run(*words, "--out", forked).exit_code == 0
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    done = run(*words, "--out", spawned)
    assert done.exit_code == 0, done.output
    for name in ("case1", "case2"):
        ours, theirs = (
            json.loads((one / name / "post.json").read_text("utf-8"))["doses"]
            for one in (forked, spawned)
        )
        assert ours == theirs


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1L",
         "--lung-shunt", "5%", "--device", "resin", "--json"),
        ("validate", "--help"),
        ("post", "{image}", *GIVEN, "--out", "{out}"),
        ("inspect", "{image}"),
    ],
    ids=["plan", "help", "post", "inspect"],
)  # fmt: skip
def test_a_terminal_of_few_letters(
    exact_voxels: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    told = [one.format(image=exact_voxels, out=tmp_path / "out") for one in words]
    done = subprocess.run(
        [sys.executable, "-X", "warn_default_encoding", "-c", _STRICT, *told],
        capture_output=True,
        check=False,
        env=os.environ | CP1252,
    )
    said = done.stderr.decode("cp1252")
    assert done.returncode == 0, said
    assert "Traceback" not in said
    done.stdout.decode("cp1252")


def test_drives_are_no_part_of_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """C: holds the colon that parts an injection's words."""
    monkeypatch.setattr(place, "_whole", lambda path: path)
    told = place.place_of(
        PureWindowsPath(r"D:\\scans\\patient\\spect.dcm"),  # type: ignore[arg-type]
        seen_from=PureWindowsPath(r"D:\\results"),  # type: ignore[arg-type]
        salt="x",
    )
    assert told["root"] == "D:\\"
    assert len(told["from_root"]) == 3
    assert "patient" not in json.dumps(told)


def test_folders_that_cannot_change_names_at_once(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without renameat2 and links, as on Windows, results are replaced all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise NotImplementedError

    out = tmp_path / "out"
    words = ("post", exact_voxels, *GIVEN, "--no-report", "--no-dicom", "--out", out)
    assert run(*words).exit_code == 0
    (out / "mine.txt").write_text("stays", "utf-8")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: None)
    monkeypatch.setattr(publishing.os, "link", refuse)
    done = run(*words, "--force")
    assert done.exit_code == 0, done.output
    assert (out / "mine.txt").read_text("utf-8") == "stays"
    assert json.loads((out / "post.json").read_text("utf-8"))["schema"]
