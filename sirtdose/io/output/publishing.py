"""Put new results in the place of old ones, so that a kill at any moment loses none.

Either the whole folder changes places with the new one in one step, or, where that
cannot be, names go one by one. Both follow a journal on the disk: what a killed run
began, the next one carries out or undoes.
"""

import errno
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

NEW, _OLD, _JOURNAL = "new", "old", "journal.json"
# The system or the file system does not know how to exchange.
_CANNOT = (errno.ENOSYS, errno.EINVAL, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP)
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


class _NotAsAWhole(Exception):
    """The folder cannot be replaced in one step."""


@dataclass(frozen=True)
class _Journal:
    """What is being done.

    `placed` are the new files' names, `dropped` those of an earlier run that have none
    now. `whole`: the folder is replaced in one step.
    """

    placed: tuple[str, ...]
    dropped: tuple[str, ...]
    whole: bool


def publish(room: Path, folder: Path, names: Iterable[str]) -> None:
    """Move what is in the room's new folder to a folder, in place of `names` there.

    Parameters
    ----------
    room : Path
        On the file system of the folder; holds what is unfinished.
    folder : Path
        May not exist yet; no symbolic link.
    names : iterable of str
        What an earlier run may have left, and nobody else.

    Raises
    ------
    OSError
        The folder is then as it was.
    """
    new = room / NEW
    if not folder.exists():
        new.rename(folder)
        return
    placed = tuple(sorted(one.name for one in new.iterdir()))
    dropped = tuple(sorted(set(names) - set(placed)))
    if any(os.path.lexists(folder / name) for name in (*placed, *dropped)):
        # After a power cut the new ones must be there where the old ones are not.
        _flush(new)
    try:
        _link_others(new, folder, {*placed, *dropped})
        _write(room, _Journal(placed, dropped, whole=True))
        _replace_whole(room, folder)
    except _NotAsAWhole:
        _write(room, _Journal(placed, dropped, whole=False))
    carry_out(room, folder)
    clear(room)


def carry_out(room: Path, folder: Path) -> None:
    """Complete or undo what the journal says was begun; nothing without one.

    Raises
    ------
    OSError
        It cannot be; the folder is then as it was, or what it lacks is in the room.
    """
    journal = _read(room)
    if journal is None:
        return
    if journal.whole:
        _settle_whole(room, folder, {*journal.placed, *journal.dropped})
    else:
        try:
            _move_each(room, folder, journal)
        except OSError:
            _move_back(room, folder, journal)
            (room / _JOURNAL).unlink()
            raise
    # What is left in the room is nobody's now, however much of it is cleared away.
    (room / _JOURNAL).unlink()


def has_journal(room: Path) -> bool:
    """Whether something was begun there and neither completed nor undone."""
    return os.path.exists(room / _JOURNAL)  # noqa: PTH110 - a Path would raise


def clear(room: Path) -> None:
    """Remove what is left in a room that has no journal."""
    import shutil

    with suppress(OSError):
        (room / f"{_JOURNAL}~").unlink()
    for name in (_OLD, NEW):
        shutil.rmtree(room / name, ignore_errors=True)


def _link_others(new: Path, folder: Path, ours: set[str]) -> None:
    """Give the new folder what is not ours, without taking it from the old one."""
    from shutil import copystat

    # Who works in a folder would go on in the old one.
    with suppress(FileNotFoundError):
        if Path.cwd().is_relative_to(folder):
            raise _NotAsAWhole
    others = [one for one in os.scandir(folder) if one.name not in ours]
    # Somebody may be writing into a folder, and it cannot be in two places.
    if any(one.is_dir(follow_symlinks=False) for one in others):
        raise _NotAsAWhole
    try:
        for one in others:
            os.link(one.path, new / one.name, follow_symlinks=False)
        there = folder.stat()
        copystat(folder, new)
        os.utime(new)
        if (there.st_uid, there.st_gid) != (new.stat().st_uid, new.stat().st_gid):
            os.chown(new, there.st_uid, there.st_gid)
    except (OSError, NotImplementedError):
        raise _NotAsAWhole from None


def _replace_whole(room: Path, folder: Path) -> None:
    new, old = room / NEW, room / _OLD
    try:
        exchange(new, folder)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise _NotAsAWhole from None
        try:
            folder.rename(old)
        except OSError:
            raise _NotAsAWhole from None
        try:
            new.rename(folder)
        except OSError:
            old.rename(folder)
            raise _NotAsAWhole from None


def _settle_whole(room: Path, folder: Path, ours: set[str]) -> None:
    """After both steps, between them, or before: nobody's file stays in the room."""
    new, old = room / NEW, room / _OLD
    if old.exists() and not folder.exists():
        (new if new.exists() else old).rename(folder)
    left = old if old.exists() else new
    if not left.exists() or not folder.exists():
        return
    for one in left.iterdir():
        # What came, or was changed, after it was linked.
        there = folder / one.name
        if one.name not in ours and (
            not os.path.lexists(there)
            or one.lstat().st_mtime_ns > there.lstat().st_mtime_ns
        ):
            one.replace(there)


def _move_each(room: Path, folder: Path, journal: _Journal) -> None:
    """Name by name; what is moved already stays."""
    new, old = room / NEW, room / _OLD
    old.mkdir(exist_ok=True)
    for name in journal.dropped:
        # What somebody wrote anew after it was dropped is not dropped again.
        if os.path.lexists(folder / name) and not os.path.lexists(old / name):
            (folder / name).rename(old / name)
    for name in journal.placed:
        if os.path.lexists(new / name):
            if os.path.lexists(folder / name):
                _keep(folder / name, old / name)
            (new / name).replace(folder / name)


def _keep(there: Path, old: Path) -> None:
    """Have an old result in the room too, or where it cannot be in two places, only."""
    if os.path.lexists(old):
        if os.path.samestat(old.lstat(), there.lstat()):
            # Linked already, by a run that was killed before the next step.
            return
        # Somebody wrote it anew after that.
        old.rename(old.with_name(f"{old.name}~{os.urandom(4).hex()}"))
    try:
        os.link(there, old, follow_symlinks=False)
    except (OSError, NotImplementedError):
        # A folder, or a file system without links.
        there.rename(old)


def _move_back(room: Path, folder: Path, journal: _Journal) -> None:
    new, old = room / NEW, room / _OLD
    for name in journal.placed:
        if not os.path.lexists(new / name):
            (folder / name).rename(new / name)
    for name in (*journal.placed, *journal.dropped):
        if os.path.lexists(old / name):
            (old / name).replace(folder / name)


def _write(room: Path, journal: _Journal) -> None:
    aside = room / f"{_JOURNAL}~"
    with aside.open("w", encoding="utf-8") as stream:
        json.dump(asdict(journal), stream)
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(room / _JOURNAL)


def _read(room: Path) -> _Journal | None:
    try:
        said = json.loads((room / _JOURNAL).read_text("utf-8"))
        placed, dropped = tuple(said["placed"]), tuple(said["dropped"])
        # Names in a folder, and nothing that leads elsewhere.
        are_plain = all(one == Path(one).name for one in (*placed, *dropped))
        journal = _Journal(placed, dropped, whole=said["whole"] is True)
    except FileNotFoundError:
        return None
    except (ValueError, LookupError, TypeError):
        are_plain = False
    if not are_plain:
        raise OSError(errno.EINVAL, f"{_JOURNAL} is damaged")
    return journal


def _flush(folder: Path) -> None:
    """Have every file of a folder on the disk, and the folder's names."""
    for one in folder.iterdir():
        if one.is_dir():
            _flush(one)
        else:
            with one.open("rb+") as stream:
                os.fsync(stream.fileno())
    # Some file systems know no flush of a folder.
    with suppress(OSError):
        flush_folder(folder)


def flush_folder(path: Path) -> None:
    """Have the names in a folder on the disk.

    Raises
    ------
    OSError
        It could not be done; Windows has no such call, and is passed over.
    """
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def exchange(one: Path, other: Path) -> None:
    """Let two files or folders change names: nobody sees only one of the steps.

    Raises
    ------
    OSError
        ENOSYS, EINVAL or the like where the system (any but Linux) or the file system
        (NFS and others) cannot; else what stands in the way.
    """
    import ctypes

    library = None if os.name == "nt" else ctypes.CDLL(None, use_errno=True)
    rename = getattr(library, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    ours, theirs = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, ours, _AT_FDCWD, theirs, ctypes.c_uint(_RENAME_EXCHANGE)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one), None, str(other))
