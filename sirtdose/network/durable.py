"""Files that are whole whatever happens: written aside, flushed to disk, renamed."""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from sirtdose.io.output.publishing import flush_folder

# What an interrupt leaves begins so; nothing that is read does.
PART = ".part-"


def write_durably(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write a file that is on the disk, whole, when this returns.

    Raises
    ------
    OSError
        Nothing is kept then.
    """
    aside = path.with_name(f"{PART}{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as stream:
            for part in parts:
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder that is there after a power cut too."""
    if not path.is_dir():
        path.mkdir(exist_ok=True)
        flush_folder(path.parent)


def remove_parts(folder: Path) -> None:
    """Clear away what an interrupt left in a folder and the folders below it."""
    for depth in ("", "*/"):
        for one in folder.glob(f"{depth}{PART}*"):
            one.unlink(missing_ok=True)
