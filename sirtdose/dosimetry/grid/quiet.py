"""Keep what native code prints by itself from the terminal."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_native_code() -> Iterator[None]:
    """Send the process's own error stream nowhere, and back.

    ITK's libraries write to it directly, whatever is raised; HDF5 prints 40 lines for a
    damaged file. What Python raises is not touched.
    """
    try:
        kept = os.dup(2)
    except OSError:
        # There is no such stream.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
