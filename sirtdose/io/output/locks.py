"""Locks that end with the process that holds them, however it ends."""

import errno
import sys
from typing import IO, Any

_HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)


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
