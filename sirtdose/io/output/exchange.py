"""Two names of a file system change places, in one step."""

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange(one: Path, other: Path) -> None:
    """Let two files or folders change names: nobody sees only one of the steps.

    Raises
    ------
    OSError
        ENOSYS, EINVAL or the like where the system (any but Linux) or the file system
        (NFS and others) cannot; else what stands in the way.
    """
    rename = getattr(_library(), "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    ours, theirs = os.fsencode(one), os.fsencode(other)
    if rename(_AT_FDCWD, ours, _AT_FDCWD, theirs, ctypes.c_uint(_RENAME_EXCHANGE)):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(one), None, str(other))


def _library() -> ctypes.CDLL | None:
    if os.name == "nt":
        return None
    return ctypes.CDLL(None, use_errno=True)
