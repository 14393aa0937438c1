"""Compressed voxels: how many they are, and whether all of them are there."""

import bz2
import gzip
import zlib
from pathlib import Path

from sirtdose.errors import FileFormatError, system_reason

_BLOCK = 2**20
_DAMAGE = (EOFError, zlib.error, OSError, ValueError)


def require_inflated(
    path: Path,
    needed: int,
    *,
    named: str,
    says: str,
    begin: int = 0,
    whole: bool = False,
    bzip2: bool = False,
) -> None:
    """Refuse a compressed file that holds fewer or more bytes than its header says.

    Without `whole`, the size that gzip notes in its last four bytes is believed where
    it agrees: a file that was cut has others there. Bzip2 notes none.

    Parameters
    ----------
    path : Path
        Of the compressed bytes.
    needed : int
        Bytes that they should be when they are inflated.
    named : str
        Of the file with the header, for the message.
    says : str
        What that header says of the voxels: ``dim = 3 4 5``.
    begin : int
        Where in the file they begin.
    whole : bool
        Inflate all, and compare with the checksum.
    bzip2 : bool
        Packed with bzip2; else with gzip.

    Raises
    ------
    FileFormatError
        Truncated, damaged, or of another size.
    """
    if not whole and (bzip2 or _noted(path) == needed % 2**32):
        return
    there = 0
    try:
        with path.open("rb") as stream:
            stream.seek(begin)
            with (bz2 if bzip2 else gzip).open(stream) as inflated:
                # Never much more than is needed, whatever the compressed bytes say.
                while there <= needed and (block := inflated.read(_BLOCK)):
                    there += len(block)
    except _DAMAGE as error:
        if system_reason(error) is not None:
            raise
        raise FileFormatError(
            f"{named} is truncated or damaged: its compressed voxels end too early, or "
            "do not agree with their checksum; export it again"
        ) from None
    if there != needed:
        more = "more are" if there > needed else f"{there} bytes are"
        raise FileFormatError(
            f"{named} has {says}, which needs {needed} bytes, and {more} there when "
            "they are inflated: the file or its header is damaged, export it again"
        )


def _noted(path: Path) -> int | None:
    """The size that gzip notes at its end; None of what is too short for one."""
    with path.open("rb") as stream:
        if stream.seek(0, 2) < 18:
            return None
        stream.seek(-4, 2)
        return int.from_bytes(stream.read(4), "little")
