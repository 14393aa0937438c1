"""Runs that are killed at any moment lose nothing: every step, and every step after."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sirtdose.io.output.publishing import exchange

DRIVER = Path(__file__).with_name("killed_runs.py")

OLD = dict.fromkeys(("a.txt", "b.txt", "gone.txt", "pictures/1.png"), "old")
NEW = dict.fromkeys(("a.txt", "b.txt", "later.txt", "pictures/2.png"), "new")
MINE = {"notes.txt": "mine"}
BELOW = {"more/notes.txt": "mine"}


def require_exchange(folder: Path) -> None:
    one, other = folder / "one", folder / "other"
    one.touch()
    other.mkdir()
    try:
        exchange(one, other)
    except OSError:
        pytest.skip("needs a system and a file system that exchange names")
    assert one.is_dir()
    assert other.is_file()


def observed(route: str, tmp_path: Path) -> dict[str, Any]:
    if route in ("exchange", "link"):
        require_exchange(tmp_path)
    done = subprocess.run(
        [sys.executable, str(DRIVER), route, str(tmp_path / "base")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def is_whole(seen: dict[str, str], mine: dict[str, str]) -> bool:
    return seen in (OLD | mine, NEW | mine)


@pytest.mark.parametrize(
    ("route", "mine"),
    [
        ("exchange", MINE),
        ("link", MINE),
        ("two renames", MINE),
        ("here", MINE),
        ("mount", MINE),
        ("subfolder", MINE | BELOW),
        ("unlinked", MINE),
        ("unlinked renames", MINE),
    ],
)
def test_a_killed_run_is_completed_or_undone_by_the_next_command(
    route: str, mine: dict[str, str], tmp_path: Path
) -> None:
    seen = observed(route, tmp_path)
    assert seen["whole"]["after"] == NEW | mine
    assert seen["whole"]["left"] == []
    states = []
    for one in seen["killed"]:
        assert one["after"] in (OLD | mine, NEW | mine), one
        assert one["left"] == [], one
        states.append(one["after"] == NEW | mine)
    # Where it cannot be in one step, what is between two of them was seen.
    between = [one for one in seen["killed"] if not is_whole(one["at_once"], mine)]
    assert bool(between) == (route not in ("exchange", "link"))
    # Killed early it was undone, killed late completed.
    assert set(states) == {False, True}


@pytest.mark.parametrize("route", ["exchange", "link"])
def test_in_one_step_the_folder_is_old_or_new_at_any_moment(
    route: str, tmp_path: Path
) -> None:
    seen = observed(route, tmp_path)["killed"]
    visible = [one["at_once"] for one in seen]
    assert all(is_whole(one, MINE) for one in visible)
    assert OLD | MINE in visible
    assert NEW | MINE in visible


def test_a_fresh_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    seen = observed("fresh", tmp_path)
    assert seen["whole"]["after"] == NEW
    for one in seen["killed"]:
        assert one["at_once"] in ({}, NEW), one
        assert one["after"] in ({}, NEW), one
        assert one["left"] == [], one
