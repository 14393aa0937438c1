from pathlib import Path

import pytest

from sirtdose.errors import OutputError
from sirtdose.io.hashing import sha256_of
from sirtdose.io.output_folder import output_folder


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
        pytest.raises(OutputError, match=r"already holds a\.txt.*--force"),
        output_folder(tmp_path, ["a.txt"]),
    ):
        pass
    with output_folder(tmp_path, ["a.txt"], force=True) as folder:
        (folder / "a.txt").write_text("new")
    assert (tmp_path / "a.txt").read_text() == "new"
    assert (tmp_path / "mine.txt").read_text() == "mine"


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
