"""A digest that tells whether inputs have changed."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def sha256_of(paths: Sequence[Path]) -> str:
    """SHA-256 of a file; of several, of their digests in sorted order.

    File names and order do not enter: a renamed or reordered series is the same.
    """
    # Reading and hashing leave the interpreter to others.
    with ThreadPoolExecutor() as threads:
        digests = sorted(threads.map(_digest, paths))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
