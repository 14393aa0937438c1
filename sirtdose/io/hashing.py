"""A digest that tells whether inputs have changed."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path

import numpy as np

from sirtdose.io.companions import companions
from sirtdose.io.found import Found, Held


def sha256_of(paths: Sequence[Path]) -> str:
    """SHA-256 of a file; of several, of their digests in sorted order.

    File names and order do not enter: a renamed or reordered series is the same. Files
    that belong to one, as the voxels of a MetaImage do to its header, count with it.
    """
    every = [one for path in paths for one in (path, *companions(path))]
    with ThreadPoolExecutor(cpu_count()) as threads:
        digests = sorted(threads.map(_digest, every))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def sha256_of_item(item: Found) -> str:
    """SHA-256 of an item's files, or of the voxels of what is held in memory."""
    if not isinstance(item, Held):
        return sha256_of(item.paths)
    digest = hashlib.sha256()
    for array in (
        *(() if item.image is None else (item.image.data,)),
        *(one.occupancy for one in item.structures),
    ):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
