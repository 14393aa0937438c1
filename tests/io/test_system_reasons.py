"""What ails the machine is never said to be a damaged file."""

import errno
import os
import resource
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from click.testing import Result

from sirtdose.errors import FileFormatError, OutputError, foreseen
from sirtdose.io.archive import opened
from sirtdose.io.image_file import read_image_file
from sirtdose.io.reading import reading
from sirtdose.model.volume import Quantity
from tests.cli.test_batch import make_case

PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
Run = Callable[..., Result]
FULL = OSError(errno.ENOSPC, "No space left on device")


def failing(error: OSError) -> Callable[..., NoReturn]:
    def fail(*_: Any, **__: Any) -> NoReturn:
        raise error

    return fail


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "case.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for one in make_case(tmp_path / "case").iterdir():
            archive.write(one, one.name)
    return path


def refusal_of(path: Path) -> tuple[str, int]:
    with pytest.raises((OutputError, FileFormatError)) as refused, opened(path):
        pass
    return str(refused.value), refused.value.exit_code


def test_a_zip_on_a_full_disk(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as full:
        full.setattr(zipfile.ZipFile, "extractall", failing(FULL))
        said, code = refusal_of(packed)
    assert code == 5
    assert "No space left on device" in said
    assert f"to {tempfile.gettempdir()}" in said
    assert "set TMPDIR to another folder" in said
    assert "damaged" not in said
    # Without filling it up first.
    there = SimpleNamespace(free=10)
    monkeypatch.setattr("shutil.disk_usage", lambda _: there)
    said, code = refusal_of(packed)
    assert code == 5
    assert "0.0 MB are free" in said


def test_a_zip_larger_than_files_may_be(packed: Path, tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run(
        [*PROGRAM, "inspect", str(packed)],
        capture_output=True,
        text=True,
        preexec_fn=small_files,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 5, done.stderr
    assert f"cannot be unpacked to {tmp_path}: File too large" in done.stderr
    assert "damaged" not in done.stderr


def test_no_folder_for_temporary_files(
    packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = FileNotFoundError(errno.ENOENT, "No usable temporary directory found")
    monkeypatch.setattr(tempfile, "gettempdir", failing(none))
    said, code = refusal_of(packed)
    assert code == 5
    assert "no folder for temporary files can be written to" in said


def test_a_damaged_zip_is_said_to_be(packed: Path) -> None:
    data = bytearray(packed.read_bytes())
    data[60:90] = bytes(30)
    packed.write_bytes(data)
    said, code = refusal_of(packed)
    assert code == 3
    assert said.startswith("case.zip cannot be unpacked: damaged or encrypted")


@pytest.mark.parametrize("code", ["EMFILE", "EACCES", "EIO", "ENOSPC"])
def test_a_reader_that_cannot_open_its_file(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_case(tmp_path / "case") / "spect.nii.gz"
    number = getattr(errno, code)
    error = OSError(number, os.strerror(number))
    monkeypatch.setattr(Path, "open", failing(error))
    with pytest.raises(FileFormatError) as refused:
        read_image_file(path, Quantity.COUNTS)
    said = f"spect.nii.gz cannot be read: {os.strerror(number)}"
    assert str(refused.value) == said


def test_a_librarys_error_around_the_systems(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    path.touch()

    def read() -> None:
        with reading(path, "NIfTI", RuntimeError):
            error = RuntimeError("could not open")
            error.__cause__ = OSError(errno.EMFILE, os.strerror(errno.EMFILE))
            raise error

    with pytest.raises(FileFormatError, match=r"a\.nii cannot be read: Too many open"):
        read()


def test_a_full_disk_is_no_refused_input() -> None:
    assert foreseen(FULL) == ("a file cannot be written: No space left on device", 5)
    assert foreseen(OSError(errno.EIO, "Input/output error")) == (
        "a file or folder: Input/output error",
        3,
    )


def test_results_that_may_not_be_read(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("post.json", "run.json", "plan.json"):
        (tmp_path / name).write_text("{}")
    denied = PermissionError(errno.EACCES, "Permission denied")
    monkeypatch.setattr(Path, "read_text", failing(denied))
    for words in (
        ("report", tmp_path / "post.json"),
        ("verify", tmp_path),
        ("plan", "approve", tmp_path / "plan.json", "--by", "A"),
    ):
        result = run(*words)
        assert result.exit_code == 3
        assert "Permission denied" in result.stderr
        assert "damaged" not in result.stderr
