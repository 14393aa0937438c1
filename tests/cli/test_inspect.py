"""What `inspect` says of folders that are not yet complete, or damaged."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.io.dicom.test_vendors import edit_all, nm, pet

Run = Callable[..., Result]


def test_an_image_alone_is_the_activity_image(run: Run, tmp_path: Path) -> None:
    nm(tmp_path, lambda _: None)
    looked = run("inspect", tmp_path, "--json")
    document = json.loads(looked.stdout)
    assert document["problem"] is None
    assert document["found"][0]["used_as"] == "activity image"
    assert "activity image\n" in looked.stderr
    assert "Structures: none found; draw them, or " in looked.stderr
    assert document["structures"] == []


def test_a_pet_in_suv_is_said(run: Run, tmp_path: Path) -> None:
    paths = pet(tmp_path, "SIEMENS")
    edit_all(paths, lambda one: setattr(one, "Units", "GML"))
    looked = run("inspect", tmp_path, "--json")
    document = json.loads(looked.stdout)
    assert document["found"][0]["used_as"] is None
    [why] = document["unusable"]
    assert "Units (0054,1001) = GML, SUV (g/mL)" in why
    assert "doses need Bq/mL" in why
    assert looked.stderr.count(why) == 1


@pytest.mark.parametrize("images", [1, 2])
def test_a_truncated_file_is_not_used(run: Run, tmp_path: Path, images: int) -> None:
    whole = nm(tmp_path, lambda _: None)
    if images == 2:
        shutil.copy(whole, tmp_path / "whole.dcm")
    whole.write_bytes(whole.read_bytes()[:-200])
    looked = run("inspect", tmp_path, "--json")
    document = json.loads(looked.stdout)
    [cut] = [one for one in document["found"] if one["name"] == "nm.dcm"]
    assert cut["used_as"] is None
    assert "truncated" in cut["remark"]
    assert "cannot be read\n" in looked.stderr
    assert bool(document["problem"]) is (images == 2)


def test_files_of_one_name_have_their_folder(run: Run, tmp_path: Path) -> None:
    one = nm(tmp_path, lambda _: None)
    for folder in ("before", "after", "Like Vendor"):
        (tmp_path / folder).mkdir()
        shutil.copy(one, tmp_path / folder / "nm.dcm")
        (tmp_path / folder / "notes.txt").write_text("seen")
    one.unlink()
    looked = run("inspect", tmp_path, "--json")
    document = json.loads(looked.stdout)
    names = [item["name"] for item in document["found"]]
    assert sorted(names) == [".../nm.dcm", "after/nm.dcm", "before/nm.dcm"]
    [unused] = document["not_used"]
    assert sorted(unused["names"]) == [
        *(".../notes.txt", "after/notes.txt", "before/notes.txt"),
    ]
    assert "Vendor" not in looked.output
