"""Results appear whole or not at all: write aside, then rename."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sirtdose.errors import OutputError


def require_free(folder: Path, names: Iterable[str], *, force: bool) -> None:
    """Refuse a folder in which a result would overwrite something.

    Raises
    ------
    OutputError
        A file of that name exists and `force` is not given, or the folder is a
        file.
    """
    try:
        there = folder.exists()
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    if there and not folder.is_dir():
        raise OutputError(f"{folder} is a file: give a folder for --out")
    taken = [name for name in names if (folder / name).exists()]
    if taken and not force:
        raise OutputError(
            f"{folder} already holds {', '.join(taken)}: give another folder, or "
            "--force to overwrite"
        )


@contextmanager
def output_folder(
    folder: Path, names: Iterable[str], *, force: bool = False
) -> Iterator[Path]:
    """A folder to write into; its files move to `folder` when all went well.

    Raises
    ------
    OutputError
        Something would be overwritten, or could not be written.
    """
    names = list(names)
    require_free(folder, names, force=force)
    # Beside what it becomes: a rename must not cross a mount point.
    beside = folder if folder.is_dir() else folder.parent
    aside = beside / f"{_prefix()}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        aside.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}") from error
    try:
        try:
            yield aside
            _move(aside, folder, names)
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {_said(error)}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def remove_abandoned(folder: Path) -> None:
    """Clear away what this machine's killed processes left half-written in a folder."""
    prefix = _prefix()
    for aside in (*folder.glob(f"{prefix}*"), *folder.glob(f"*/{prefix}*")):
        owner = aside.name.removeprefix(prefix).split("-")[0]
        if owner.isdigit() and not _is_running(int(owner)):
            shutil.rmtree(aside, ignore_errors=True)


def _prefix() -> str:
    """What the names of this machine's unfinished folders begin with."""
    import platform

    machine = "".join(c for c in platform.node() if c.isalnum())
    return f".sirtdose-{machine or 'machine'}-"


def _is_running(process_id: int) -> bool:
    if os.name == "nt":
        # There the signal 0 is Ctrl-C: nobody is asked, and nothing cleared away.
        return True
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _said(error: BaseException | None) -> str:
    """What the system said: a library's error around it has only a traceback."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        error = error.__cause__ or error.__context__
    return "the system does not say why"


def _move(aside: Path, folder: Path, names: list[str]) -> None:
    if not folder.exists():
        aside.rename(folder)
        return
    # What an earlier run left must not stand beside this one's results.
    for name in names:
        old = folder / name
        if old.is_dir():
            shutil.rmtree(old)
        else:
            old.unlink(missing_ok=True)
    for path in sorted(aside.iterdir()):
        path.replace(folder / path.name)
