"""Where results are until they are whole: one hidden folder, of one run at a time."""

import errno
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep
from typing import IO, Any

from sirtdose.errors import OutputError
from sirtdose.io.output.publishing import carry_out, clear, has_journal

# Followed by the name of what it is for; by nothing where it is inside of that.
PREFIX = ".sirtdose-"
_LOCK = "sirtdose.lock"
# Somebody may just be clearing away what a killed run left.
_TRIES, _BETWEEN_S = 10, 0.1
_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


@contextmanager
def room_for(folder: Path) -> Iterator[Path]:
    """A hidden folder on the file system of a folder, ours until the end.

    What killed runs left in it, or for folders beside, is completed or undone first.

    Parameters
    ----------
    folder : Path
        As `resolve` gives it; may not exist.

    Raises
    ------
    OutputError
        Another run writes to the folder, or what a killed one left cannot be completed.
    OSError
        Nothing can be written there.
    """
    missing = [one for one in folder.parents if not one.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # What a batch writes to it clears itself, once for thousands of folders.
        if not any(room.is_dir() for room in _rooms(folder.parent)):
            remove_abandoned(folder.parent, below=False)
        beside, inside = _rooms(folder)
        # Whether nothing can be renamed from beside the folder into it.
        needs_inside = folder.is_dir() and (
            _is_mount(folder) or not os.access(folder.parent, os.W_OK | os.X_OK)
        )
        with _ours(inside if needs_inside else beside, folder) as room:
            _require_nobody(beside if needs_inside else inside, folder)
            _settle(room, folder)
            try:
                yield room
            finally:
                _settle(room, folder)
    finally:
        # Of a run that failed nothing stays.
        for one in missing:
            with suppress(OSError):
                one.rmdir()


def finish(folder: Path) -> None:
    """Complete or undo what killed runs left for a folder, before it is read.

    Raises
    ------
    OutputError
        A run was killed while it replaced results, and that cannot be completed.
    """
    try:
        real = folder.resolve()
    except (OSError, RuntimeError):
        return
    for room in _rooms(real):
        try:
            _finish(room, real)
        except OSError as error:
            if has_journal(room):
                raise OutputError(
                    f"a run was killed while it replaced results in {folder}, and its "
                    f"files in {room} cannot be completed: {error.strerror}"
                ) from error


def remove_abandoned(folder: Path, *, below: bool = True) -> None:
    """Complete or undo what killed runs of this user left in a folder.

    With `below` in the folders in it too. What cannot be is left as it is.
    """
    deeper = folder.glob(f"*/{PREFIX}*") if below else ()
    for room in (*folder.glob(f"{PREFIX}*"), *deeper):
        name = room.name.removeprefix(PREFIX)
        with suppress(OutputError, OSError):
            _finish(room, room.with_name(name) if name else room.parent)


def _finish(room: Path, folder: Path) -> None:
    if not (room.is_dir() and _is_mine(room)):
        return
    if (room / _LOCK).is_file():
        with _held(room) as held:
            if held:
                _settle(room, folder)
    else:
        # Killed when it was made or removed: it is empty, or none of ours.
        with suppress(OSError):
            room.rmdir()


def _rooms(folder: Path) -> tuple[Path, Path]:
    """Beside a folder, and inside."""
    return folder.parent / f"{PREFIX}{folder.name}", folder / PREFIX


def _is_mount(folder: Path) -> bool:
    if os.path.ismount(folder):
        return True
    # A folder of the same file system may be mounted too.
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
    except OSError:
        return False
    points = (line.split()[4] for line in lines.splitlines())
    # Spaces and the like are written as octal numbers.
    said = (re.sub(r"\\(\d{3})", lambda x: chr(int(x[1], 8)), one) for one in points)
    return str(folder) in said


def _require_nobody(room: Path, folder: Path) -> None:
    """The same in the other place where a run could have been at it."""
    if room.is_dir():
        with _ours(room, folder):
            _settle(room, folder)


@contextmanager
def _ours(room: Path, folder: Path) -> Iterator[Path]:
    """A room that no other run is in."""
    if room.is_dir() and not _is_mine(room):
        raise OutputError(
            f"{room} belongs to another user, whose run is still going on or was "
            "killed: wait, have it removed, or give another folder"
        )
    for _ in range(_TRIES):
        with _held(room) as held:
            if held:
                yield room
                return
        sleep(_BETWEEN_S)
    raise OutputError(
        f"another run of sirtdose is writing to {folder}: wait until it has ended, or "
        "give another folder"
    )


@contextmanager
def _held(room: Path) -> Iterator[bool]:
    """Try to lock a room, made if need be; it goes when nothing of worth is in it."""
    is_new = not room.is_dir()
    room.mkdir(mode=0o700, exist_ok=True)
    path = room / _LOCK
    try:
        stream = path.open("ab")
    except FileNotFoundError:
        # Who was in it has just removed it.
        yield False
        return
    with stream:
        if not (_locked(stream, room, is_new=is_new) and _is_still(path, stream)):
            yield False
            return
        try:
            yield True
        finally:
            is_empty = [one.name for one in room.iterdir()] == [_LOCK]
            if os.name == "nt":
                # There no open file can be removed.
                stream.close()
            if is_empty:
                # Who waits for the lock sees that it has no name any more.
                with suppress(OSError):
                    path.unlink()
                    room.rmdir()


def _locked(stream: IO[Any], room: Path, *, is_new: bool) -> bool:
    try:
        return is_locked_by_us(stream)
    except OSError as error:
        if is_new:
            return True
        raise OutputError(
            f"{room} exists, and file locks do not work on this file system "
            f"({error.strerror}): if no other run is going on, move it away"
        ) from None


def _is_still(path: Path, stream: IO[Any]) -> bool:
    """Whether a file has the name still that it was opened by."""
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except OSError:
        return False


def _is_mine(room: Path) -> bool:
    """Whether a room is a folder of this user: others could lead us anywhere."""
    said = room.lstat()
    is_own = not hasattr(os, "geteuid") or said.st_uid == os.geteuid()
    return stat.S_ISDIR(said.st_mode) and is_own


def _settle(room: Path, folder: Path) -> None:
    try:
        carry_out(room, folder)
    except OSError as error:
        if has_journal(room):
            raise OutputError(
                f"cannot write to {folder}: {error.strerror}; the new results, and "
                f"what they replace, are in {room}, and the next run there tries again"
            ) from error
        clear(room)
        raise
    clear(room)


def is_locked_by_us(stream: IO[Any]) -> bool:
    """Lock an open file, without waiting; False where another process holds it.

    The system lets go of the lock when the file is closed or the process is killed. On
    NFS the server has to know of locks, and a client that was cut off holds its own
    until the server gives it up.

    Raises
    ------
    OSError
        The file system has no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(0)
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
