"""Data sets that come deflated (DICOM PS3.5, A.5): what is in them."""

import zlib

from sirtdose.network.classes import DEFLATED


class TooLarge(Exception):
    """It would inflate to more than is taken in."""


def plain(
    data: bytes | memoryview, transfer_syntax: str, most_bytes: int
) -> bytes | memoryview:
    """A data set as it is read: inflated where it is deflated, else as it is.

    Raises
    ------
    TooLarge
        More than `most_bytes` when inflated.
    zlib.error
        Damaged.
    EOFError
        Cut off, or with something behind it.

    Examples
    --------
    >>> squeeze = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    >>> deflated = squeeze.compress(bytes(1000)) + squeeze.flush()
    >>> len(deflated) < 20, len(plain(deflated, DEFLATED, 2000))
    (True, 1000)
    """
    if transfer_syntax != DEFLATED:
        return data
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    found = unpacking.decompress(data, most_bytes + 1)
    if len(found) > most_bytes:
        raise TooLarge
    # A byte of zero may make its length even.
    if not unpacking.eof or unpacking.unused_data not in (b"", b"\0"):
        raise EOFError
    return found
