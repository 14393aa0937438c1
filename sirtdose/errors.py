"""Every error sirtdose raises on purpose.

::

    SirtdoseError                                                  exit 1
      InputError        the data given cannot be used              exit 3
        FileFormatError   not a file of a kind we read, or damaged
        MissingTagError   a DICOM attribute we need is absent
        GeometryError     where the voxels are is unclear or contradictory
        QuantityError     what the numbers measure is unclear or wrong
        StructureError    a structure cannot be used
        RangeError        a value is outside its range
        SafetyStop        a coded safety check refused to go on
      PlanningError     a limit is not met                          exit 4
      OutputError       would overwrite, or could not write         exit 5
      MissingExtra      an optional library is not installed        exit 2

A usage error on the command line exits 2. Anything else is a bug and shows a
traceback.

A message says what is wrong, with its value and unit, where, and what would be
right. It never holds a patient's name or identifier.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

# What ails a machine, not a file: no other file would do better there.
_NO_ROOM = ("ENOSPC", "EDQUOT", "EFBIG", "EROFS")
_OF_THE_SYSTEM = (
    *_NO_ROOM,
    *("EACCES", "EPERM", "EMFILE", "ENFILE", "EIO", "ENOMEM", "EBUSY"),
    *("ESTALE", "ETIMEDOUT", "ENODEV", "ENXIO", "ENOTCONN", "EHOSTDOWN"),
)


class SirtdoseError(Exception):
    """Any error raised on purpose; `exit_code` is what the program ends with."""

    exit_code = 1


class InputError(SirtdoseError):
    """The data given cannot be used."""

    exit_code = 3


class FileFormatError(InputError):
    """A file is not of a kind that is read, or is damaged."""


class MissingTagError(InputError):
    """A DICOM attribute that is needed is absent or empty."""


class GeometryError(InputError):
    """Where the voxels are is unclear, contradictory, or in another frame."""


class QuantityError(InputError):
    """What the numbers measure is unclear or not what is needed."""


class StructureError(InputError):
    """A structure cannot be used."""


class RangeError(InputError):
    """A value is outside its range."""


class SafetyStop(InputError):
    """A coded safety check refused to go on.

    `beside` is what else the checks found until then, as documents list it, and
    `unanswered` the code and subject of each that is in the way.
    """

    def __init__(
        self,
        said: str,
        beside: Iterable[Mapping[str, Any]] = (),
        unanswered: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(said)
        self.beside = tuple(beside)
        self.unanswered = tuple(unanswered)


class PlanningError(SirtdoseError):
    """A limit is not met, or no activity meets what was asked."""

    exit_code = 4


class OutputError(SirtdoseError):
    """A result would overwrite another or could not be written."""

    exit_code = 5


class MissingExtra(SirtdoseError):
    """A library that only some commands need is not installed."""

    exit_code = 2


# What `pip install "sirtdose[...]"` brings beside the base, by their modules.
EXTRAS = {
    "cohort": ("lifelines", "pandas", "statsmodels", "jsonschema"),
    "network": ("pynetdicom",),
    "web": ("dicomweb_client", "requests"),
    "keyring": ("keyring",),
    "fast": ("numba",),
    "cluster": ("distributed",),
    "pdf": ("weasyprint",),
    "parquet": ("pyarrow",),
    "ompmc": ("ompmc",),
}


def nearest_name(text: str, known: Iterable[str], at_least: float = 0.6) -> str:
    """What is known and spelled most like a text; empty if nothing is.

    >>> nearest_name("lumgs", ["liver", "lungs"]), nearest_name("x", ["liver", "lungs"])
    ('lungs', '')
    """
    from difflib import get_close_matches

    return next(iter(get_close_matches(text, list(known), 1, at_least)), "")


def has_extra(name: str) -> bool:
    """Whether the libraries of an extra are installed."""
    return all(find_spec(module) for module in EXTRAS[name])


def require_extra(name: str, what: str) -> None:
    """Refuse what needs an extra that is not installed, with the line that installs it.

    Raises
    ------
    MissingExtra
        It is not.
    """
    missing = [module for module in EXTRAS[name] if find_spec(module) is None]
    if missing:
        raise MissingExtra(
            f"{what} needs {' and '.join(missing)}, which "
            f"{'are' if missing[1:] else 'is'} not installed: pip install "
            f'"sirtdose[{name}]"'
        )


@contextmanager
def said_at(where: str) -> Iterator[None]:
    """Put before a refusal of what was given where it stands.

    >>> with said_at("doses.csv, line 3"):
    ...     raise RangeError("dose is -1 Gy: it must be 0 or more")
    Traceback (most recent call last):
    sirtdose.errors.RangeError: doses.csv, line 3: dose is -1 Gy: it must be 0 or more
    """
    try:
        yield
    except InputError as error:
        raise type(error)(f"{where}: {error}") from None


def foreseen(error: BaseException) -> tuple[str, int] | None:
    """What to say of an error, and the exit code; None for a bug.

    >>> foreseen(OutputError("the folder is full"))
    ('the folder is full', 5)
    >>> foreseen(KeyError("x")) is None
    True
    """
    if isinstance(error, SirtdoseError):
        return str(error), error.exit_code
    if isinstance(error, UnicodeError):
        return ("an option or a file name is not valid UTF-8 text: retype it"), 2
    if isinstance(error, OSError):
        said = error.strerror or "cannot be read or written"
        if _code(error) in _NO_ROOM:
            return f"a file cannot be written: {said}", 5
        return f"a file or folder: {said}", 3
    if isinstance(error, MemoryError):
        return (
            "not enough memory: use coarser voxels (--dose-grid) or fewer methods"
        ), 1
    return None


def system_reason(error: BaseException | None) -> str | None:
    """What the system said is wrong with itself; None where a file may be to blame.

    Full disks, missing rights, too many open files and the like, also where a library
    wrapped its own error around them.

    >>> system_reason(OSError(errno.ENOSPC, "No space left on device"))
    'No space left on device'
    >>> system_reason(ValueError("truncated")) is None
    True
    """
    while error is not None:
        if isinstance(error, OSError) and _code(error) in _OF_THE_SYSTEM:
            return error.strerror or os.strerror(error.errno or 0)
        error = error.__cause__ or error.__context__
    return None


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "")
