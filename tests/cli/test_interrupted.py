"""Ctrl-C ends the program with 130 and one line, also while modules load."""

import subprocess
import sys
from pathlib import Path

import pytest

# Presses Ctrl-C where a module of this name begins to load, as `how` says.
PRESSING = """
import os, signal, sys

module, how = sys.argv.pop(1), sys.argv.pop(1)

class Pressing:
    def find_spec(self, name, path=None, target=None):
        if name != module:
            return None
        sys.meta_path.remove(self)
        if how == "swallowed":
            class Gone:
                def __del__(self):
                    os.kill(os.getpid(), signal.SIGINT)
            Gone()
            return None
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            if how == "changed":
                raise ImportError("cut off while it loaded") from None
            raise

# What runs in the background ignores Ctrl-C, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
# Some of these Python has loaded already, for this test or itself.
if module in ("signal", "typing", "os"):
    sys.modules.pop(module, None)
sys.meta_path.insert(0, Pressing())
from sirtdose.cli.main import run
run()
"""


def pressed(module: str, *words: object, how: str = "raised") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", PRESSING, module, how, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "module",
    ["click", "sirtdose.cli.post.command", "numpy", "scipy", "pydicom"],
)
def test_while_modules_load(module: str, exact_voxels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("post", exact_voxels, "--administered", "2GBq", "--out", out)
    assert pressed(module, *words) == (130, "", "Interrupted\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["os", "signal", "typing"])
def test_while_the_entry_point_itself_loads(module: str) -> None:
    assert pressed(module, "plan", "--help") == (130, "", "Interrupted\n")


@pytest.mark.parametrize("how", ["changed", "swallowed"])
@pytest.mark.parametrize("module", ["sirtdose.cli.inspect", "numpy"])
def test_what_a_library_makes_of_it_is_ctrl_c_still(
    how: str, module: str, exact_voxels: Path
) -> None:
    words = ("inspect", exact_voxels)
    assert pressed(module, *words, how=how) == (130, "", "Interrupted\n")


@pytest.mark.parametrize(
    "words",
    [
        ("batch", "manifest.csv", "--out", "out"),
        ("listen", "--out", "out", "--port", "0"),
        ("send", ".", "--to", "127.0.0.1:1", "--aet", "PACS"),
        ("demo", "--out", "out"),
        ("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1L"),
    ],
)
def test_every_command(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("manifest.csv").write_text("case_id,input\nc1,.\n", "utf-8")
    module = {
        "batch": "sirtdose.batch.run",
        "listen": "pynetdicom",
        "send": "sirtdose.network.outgoing",
        "demo": "scipy",
        "plan": "sirtdose.planning.mird",
    }[words[0]]
    code, stdout, stderr = pressed(module, *words)
    assert (code, stdout) == (130, "")
    assert len(stderr.splitlines()) == 1
    assert [one.name for one in Path.cwd().glob(".sirtdose*")] == []
