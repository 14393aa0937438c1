"""One way for every reader to fail: a file is named and what is wrong said."""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sirtdose.errors import FileFormatError, SirtdoseError, system_reason

_DAMAGE: tuple[type[BaseException], ...] = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    StopIteration,
    zlib.error,
    struct.error,
)


@contextmanager
def reading(
    path: Path, kind: str, *library_errors: type[BaseException]
) -> Iterator[None]:
    """Turn what a library raises on a damaged file into a FileFormatError.

    Parameters
    ----------
    path : Path
    kind : str
        What the file should be, for the message.
    *library_errors
        The library's own exceptions.

    Raises
    ------
    FileFormatError
        The file is missing, truncated or damaged, or the system could not read it.
    """
    if not path.is_file():
        raise FileFormatError(f"there is no file {path.name} in {path.parent}")
    try:
        # Not every library says why a file could not be opened.
        path.open("rb").close()
        yield
    except SirtdoseError:
        raise
    except MemoryError:
        raise FileFormatError(
            f"{path.name} declares more voxels than fit in memory: is it damaged?"
        ) from None
    except (*_DAMAGE, *library_errors) as error:
        ails = system_reason(error)
        if ails is not None:
            raise FileFormatError(f"{path.name} cannot be read: {ails}") from error
        lines = str(error).strip().splitlines()
        # The reader's own words help only where they are of the file, not of code.
        told = isinstance(
            error, (OSError, EOFError, *library_errors)
        ) and not isinstance(error, RecursionError)
        # A folder is often named after a patient.
        said = lines[0].replace(str(path), path.name) if told and lines else ""
        said = said.replace(str(path.parent), "...")
        raise FileFormatError(
            f"{path.name} cannot be read as {kind}: it is truncated, damaged, or "
            f"another kind of file{f' ({said[:160]})' if said else ''}"
        ) from error
