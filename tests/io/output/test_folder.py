import errno
import json
import os
from pathlib import Path

import pytest

from sirtdose.errors import OutputError
from sirtdose.io.discover import discover
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output.folder import claimed, output_folder, require_free
from tests.cli.test_batch import make_case

NAMES = ["a.txt", "b.txt", "gone.txt"]


def test_everything_appears_at_once(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "results"
    with output_folder(out, ["a.txt"]) as folder:
        (folder / "a.txt").write_text("1")
        assert not out.exists()
    assert (out / "a.txt").read_text() == "1"
    assert [p.name for p in out.parent.iterdir()] == ["results"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with output_folder(tmp_path / "out", ["a.txt"]) as folder:
            (folder / "a.txt").write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_overwriting_needs_force_and_spares_the_rest(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "mine.txt").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"already contains a\.txt.*--force"),
        output_folder(tmp_path, ["a.txt"]),
    ):
        pass
    with output_folder(tmp_path, ["a.txt"], force=True) as folder:
        (folder / "a.txt").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_a_files_name_is_somebody_elses(
    tmp_path: Path, force: bool
) -> None:
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "a.txt" / "mine").write_text("mine")
    with (
        pytest.raises(OutputError, match=r"contains a folder named a\.txt"),
        output_folder(tmp_path, ["a.txt"], force=force),
    ):
        pass
    assert (tmp_path / "a.txt" / "mine").read_text() == "mine"


def test_a_folder_of_results_is_replaced(tmp_path: Path) -> None:
    for text in ("planes.png", "dvh.png"):
        with output_folder(tmp_path, ["figures"], force=text == "dvh.png") as folder:
            (folder / "figures").mkdir()
            (folder / "figures" / text).write_text(text)
    assert [one.name for one in (tmp_path / "figures").iterdir()] == ["dvh.png"]
    # A case of a batch may be called anything.
    (tmp_path / "case.1").mkdir()
    require_free(tmp_path, [], force=True, folders=["case.1"])
    with pytest.raises(OutputError, match=r"already contains case\.1"):
        require_free(tmp_path, [], force=False, folders=["case.1"])


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
@pytest.mark.parametrize("target", ["nowhere", "kept"])
def test_a_link_is_replaced_only_when_forced(tmp_path: Path, target: str) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "mine").write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").symlink_to(tmp_path / target)
    with (
        pytest.raises(OutputError, match=r"contains a\.txt"),
        output_folder(out, ["a.txt"]),
    ):
        pass
    assert (out / "a.txt").is_symlink()
    with output_folder(out, ["a.txt"], force=True) as folder:
        (folder / "a.txt").write_text("new")
    assert (out / "a.txt").read_text() == "new"
    assert not (out / "a.txt").is_symlink()
    assert (tmp_path / "kept" / "mine").read_text() == "mine"


def test_a_file_in_the_way_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError), output_folder(out, ["a.txt"]):
            pass


def test_hash_follows_content_not_names(tmp_path: Path) -> None:
    for name, text in (("a", "1"), ("b", "2"), ("c", "1")):
        (tmp_path / name).write_text(text)
    a, b, c = (tmp_path / name for name in "abc")
    assert sha256_of([a]) == sha256_of([c])
    assert sha256_of([a, b]) == sha256_of([b, c])
    assert sha256_of([a, b]) != sha256_of([a, c])


def test_two_runs_into_one_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "link").symlink_to("out")
    with output_folder(out, ["a.txt"]) as folder:
        (folder / "a.txt").write_text("first")
        for same in (out, tmp_path / "link", tmp_path / "x" / ".." / "out"):
            with (
                pytest.raises(
                    OutputError, match=r"another run of sirtdose is writing to"
                ),
                output_folder(same, ["a.txt"], force=True),
            ):
                pass
        # Beside it is somewhere else.
        with output_folder(tmp_path / "other", ["a.txt"]) as other:
            (other / "a.txt").write_text("other")
    assert (out / "a.txt").read_text() == "first"
    with (
        pytest.raises(OutputError, match="already contains"),
        output_folder(out, NAMES),
    ):
        pass
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "other", "out"]


def test_what_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def late() -> None:
        with output_folder(out, ["a.txt"]) as folder:
            (folder / "a.txt").write_text("ours")
            out.mkdir()
            (out / "a.txt").write_text("theirs")

    with pytest.raises(OutputError, match="already contains"):
        late()
    assert (out / "a.txt").read_text() == "theirs"


def test_a_name_that_cannot_be_replaced_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    (out / "more").mkdir(parents=True)
    for name in NAMES:
        (out / name).write_text("old")
    replace = os.replace

    def refused(one: Path, other: Path) -> None:
        if other == out / "b.txt" and Path(one).read_text() == "new":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        replace(one, other)

    def write() -> None:
        with output_folder(out, NAMES, force=True) as folder:
            (folder / "a.txt").write_text("new")
            (folder / "b.txt").write_text("new")

    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(OutputError, match=r"cannot write to .*Operation not permitted"):
        write()
    assert {one.name: one.read_text() for one in out.glob("*.txt")} == dict.fromkeys(
        NAMES, "old"
    )
    assert sorted(one.name for one in out.iterdir()) == [*NAMES, "more"]
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_what_is_somebody_elses_stays_itself(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o750)
    (out / "a.txt").write_text("old")
    (out / "notes.txt").write_text("mine")
    (out / "elsewhere").symlink_to("/nowhere")
    inode = (out / "notes.txt").stat().st_ino
    with output_folder(out, ["a.txt"], force=True) as folder:
        (folder / "a.txt").write_text("new")
        # Written while the run goes on.
        (out / "late.txt").write_text("mine")
    assert (out / "notes.txt").stat().st_ino == inode
    assert (out / "elsewhere").readlink() == Path("/nowhere")
    assert (out / "late.txt").read_text() == "mine"
    assert out.stat().st_mode & 0o777 == 0o750


def test_another_users_unfinished_folder_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".sirtdose-out").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with (
        pytest.raises(OutputError, match=r"\.sirtdose-out belongs to another user"),
        output_folder(tmp_path / "out", ["a.txt"]),
    ):
        pass
    assert (tmp_path / ".sirtdose-out").is_dir()


def test_links_that_lead_nowhere_and_in_circles(tmp_path: Path) -> None:
    (tmp_path / "to").symlink_to("results")
    with output_folder(tmp_path / "to", ["a.txt"]) as folder:
        (folder / "a.txt").write_text("1")
    assert (tmp_path / "results" / "a.txt").read_text() == "1"
    (tmp_path / "circle").symlink_to("circle")
    with (
        pytest.raises(OutputError, match="circle"),
        output_folder(tmp_path / "circle", ["a.txt"]),
    ):
        pass


def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("sirtdose.io.output.unfinished.is_locked_by_us", none)
    out = tmp_path / "out"
    with output_folder(out, ["a.txt"]) as folder:
        (folder / "a.txt").write_text("1")
        with (
            pytest.raises(OutputError, match="locks do not work on this file system"),
            output_folder(out, ["a.txt"]),
        ):
            pass
    assert (out / "a.txt").read_text() == "1"
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_journal_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    room = tmp_path / ".sirtdose-out"
    (room / "new").mkdir(parents=True)
    (room / "sirtdose.lock").touch()
    (tmp_path / "victim").write_text("mine")
    out.mkdir()
    journal = {"placed": [], "dropped": ["../victim"], "whole": False}
    (room / "journal.json").write_text(json.dumps(journal))
    with (
        pytest.raises(OutputError, match=r"journal\.json is damaged"),
        output_folder(out, ["a.txt"]),
    ):
        pass
    assert (tmp_path / "victim").read_text() == "mine"


def test_what_is_unfinished_is_no_input(tmp_path: Path) -> None:
    make_case(tmp_path / "case")
    with claimed(tmp_path / "case" / "doses") as claim:
        make_case(claim.room / "new")
        found = discover(tmp_path / "case")
    assert sorted(one.paths[0].name for one in found) == [
        "labels.nii.gz",
        "spect.nii.gz",
    ]
