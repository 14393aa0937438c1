"""A run killed while it replaced results: every command completes them first."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.io.output.folder import claimed

Run = Callable[..., Result]

# Kills itself when so many of its results are in their place.
KILLED = """
import os, signal, sys
from sirtdose.io.output import publishing
left = int(sys.argv.pop(1))
replace = os.replace
def counted(one, other):
    global left
    if f"{os.sep}{publishing.NEW}{os.sep}" in str(one):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
    replace(one, other)
os.replace = counted
from sirtdose.cli.main import run
run()
"""
MIRD = ("plan", "mird", "--dose", "120Gy", "--lung-shunt", "0%")


@pytest.fixture
def killed(run: Run, tmp_path: Path) -> Path:
    """A plan for 1 L that was to be replaced by one for 2 L, and was so in part."""
    out = tmp_path / "plan"
    words = (*MIRD, "--out", str(out), "--force")
    assert run(*words, "--perfused-volume", "1L").exit_code == 0
    # A folder of somebody's: names go one by one.
    (out / "mine").mkdir()
    (out / "mine" / "notes.txt").write_text("mine")
    program = [sys.executable, "-c", KILLED, "2", *words, "--perfused-volume", "2L"]
    done = subprocess.run(program, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (tmp_path / ".sirtdose-plan").is_dir()
    return out


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "approve", "plan/plan.json", "--by", "A. Person"),
        ("report", "plan/plan.json"),
        ("check", "--plan", "plan/plan.json"),
        (*MIRD, "--perfused-volume", "2L", "--out", "plan"),
        (*MIRD, "--perfused-volume", "2L", "--out", "beside"),
    ],
)
def test_it_is_completed_first(
    run: Run,
    killed: Path,
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    # The new plan is there, so that --force is asked for.
    assert result.exit_code == (5 if words[-1] == "plan" else 0), result.stderr
    assert not list(tmp_path.rglob(".sirtdose*"))
    text = (killed / "plan.json").read_text("utf-8")
    page = (killed / "plan.html").read_text("utf-8")
    # 120 Gy * 2 L * 1.05 kg/L / 49.67 Gy kg/GBq = 5.074 GBq
    assert "5.07" in text
    assert "5.07" in page
    assert (killed / "mine" / "notes.txt").read_text() == "mine"


def test_what_cannot_be_completed_is_named(
    run: Run, killed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "replace", refused)
    monkeypatch.setattr(os, "rename", refused)
    result = run("report", killed / "plan.json")
    assert result.exit_code == 5
    assert ".sirtdose-plan" in result.stderr
    assert "Operation not permitted" in result.stderr


def test_a_second_run_into_one_folder_ends_with_5(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    post = ("post", exact_voxels, "--administered", "2GBq", "--no-report", "--out", out)
    plan = (*MIRD, "--perfused-volume", "1L", "--out", out)
    with claimed(out):
        for words in (post, plan):
            for force in ((), ("--force",)):
                second = run(*words, *force)
                assert second.exit_code == 5
                assert f"another run of sirtdose is writing to {out}" in second.stderr
        assert not out.exists()
    assert run(*plan).exit_code == 0
    # Both fresh: the second finds what the first wrote.
    late = run(*plan)
    assert late.exit_code == 5
    assert "already contains plan.json" in late.stderr


def test_what_a_killed_run_left_is_cleared_away(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from sirtdose.io.output.folder import output_folder\n"
        "with output_folder(Path(sys.argv[1]), ['post.json']) as folder:\n"
        "    (folder / 'post.json').write_text('{')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    # For the same folder, and for one beside it.
    for name in ("out", "another"):
        killed = [sys.executable, "-c", code, str(tmp_path / name)]
        assert subprocess.run(killed, check=False).returncode == -signal.SIGKILL
        assert (tmp_path / f".sirtdose-{name}" / "new" / "post.json").is_file()
        words = ("--administered", "2GBq", "--no-report", "--out", tmp_path / "out")
        assert run("post", exact_voxels, *words, "--force").exit_code == 0
        assert [one.name for one in tmp_path.iterdir()] == ["out"]
