"""Readers: people whose contours of the same patient are compared."""

import re
from collections.abc import Iterable, Sequence

from sirtdose.errors import InputError

# What results call the contours that they rest on, and another way to agree.
MAJORITY, STAPLE = "majority", "STAPLE"
# Who agreed is kept as one bit a reader, in one byte a voxel.
MOST = 8
_NAME = re.compile(r"\w[\w .-]{0,31}")


def require_readers(names: Iterable[str]) -> None:
    """Refuse names that cannot stand for readers.

    Raises
    ------
    InputError
        Odd characters, a reader named twice, a name that results use, or too many.

    Examples
    --------
    >>> require_readers(["reader A", "Dr. B"])
    >>> require_readers(["A", "a"])
    Traceback (most recent call last):
    ...
    sirtdose.errors.InputError: reader 'a' is named twice: give each reader one file \
of structures, with a name of its own

    Results call A and "reader A" alike:

    >>> require_readers(["reader A", "a"])
    Traceback (most recent call last):
    ...
    sirtdose.errors.InputError: reader 'a' is named twice: give each reader one file \
of structures, with a name of its own
    """
    seen: set[str] = set()
    for name in names:
        if not _NAME.fullmatch(name) or name != name.strip():
            raise InputError(
                f"'{name[:40]}' cannot be the name of a reader: use letters, digits, "
                "spaces, '.', '-' and '_', at most 32"
            )
        plain = " ".join(reader_words(name).casefold().split())
        if name.casefold() in (MAJORITY.casefold(), STAPLE.casefold()):
            raise InputError(
                f"'{name}' is how results call a consensus: give the reader another "
                "name"
            )
        if plain in seen:
            raise InputError(
                f"reader '{name}' is named twice: give each reader one file of "
                "structures, with a name of its own"
            )
        seen.add(plain)
    if len(seen) > MOST:
        raise InputError(f"there are {len(seen)} readers: give at most {MOST}")


def reader_words(name: str) -> str:
    """How a sentence calls a reader.

    >>> reader_words("B"), reader_words("reader A")
    ('reader B', 'reader A')
    """
    return name if name.casefold().startswith("reader") else f"reader {name}"


def readers_words(names: Sequence[str]) -> str:
    """How a sentence calls several.

    >>> readers_words(["A", "reader B", "C"])
    'reader A, reader B and reader C'
    """
    *first, last = map(reader_words, names)
    return f"{', '.join(first)} and {last}" if first else last
