"""Every file of a folder that is not used is named, with the reason."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.io.dicom.test_hostile_headers import metaimage

Run = Callable[..., Result]
GIVEN = ("--administered", "1GBq", "--residual", "0GBq", "--lung-shunt", "5%")


@pytest.fixture
def folder(exact_contours: Path, tmp_path: Path) -> Path:
    folder = shutil.copytree(exact_contours, tmp_path / "patient")
    (folder / "notes_of_smith_zq.txt").write_text("seen on Monday")
    (folder / "empty_smith_zq.dcm").touch()
    metaimage(folder / "mask_smith_zq.mha", NDims="-10")
    return folder


def test_inspect_names_each(run: Run, folder: Path) -> None:
    result = run("inspect", folder, "--json")
    assert result.exit_code == 0
    named = {
        name: one["why"]
        for one in json.loads(result.stdout)["not_used"]
        for name in one["names"]
    }
    assert set(named) == {
        "notes_of_smith_zq.txt",
        "empty_smith_zq.dcm",
        "mask_smith_zq.mha",
        "truth.json",
    }
    assert named["empty_smith_zq.dcm"] == "empty (0 bytes)"
    assert "NDims = -10" in named["mask_smith_zq.mha"]
    for name in named:
        assert name in result.stderr


def test_post_warns_of_the_damaged_and_lists_all(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    result = run("post", folder, *GIVEN, "--no-report", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    [said] = [one for one in result.stderr.splitlines() if "not used: " in one]
    assert said.startswith("WARN H17")
    assert "empty_smith_zq.dcm: empty (0 bytes)" in said
    assert "mask_smith_zq.mha" in said
    assert "notes" not in said
    choices = json.loads((tmp_path / "out" / "post.json").read_text())["choices"]
    listed = " ".join(one for one in choices if one.startswith("not used: "))
    for name in (
        "notes_of_smith_zq.txt",
        "empty_smith_zq.dcm",
        "mask_smith_zq.mha",
        "truth.json",
    ):
        assert name in listed


def test_a_result_without_identifiers_names_none_of_them(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    result = run("post", folder, *GIVEN, "--deidentify", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            assert b"smith_zq" not in path.read_bytes().lower(), path.name
