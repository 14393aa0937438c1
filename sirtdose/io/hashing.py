"""A digest that tells whether inputs have changed, with all that belongs to them."""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.io.found import Found, Held

if TYPE_CHECKING:
    from sirtdose.model.structure import Structure

_DETACHED = (".mhd", ".nhdr")
_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
# What either header names its voxels by, and that they are in the file itself.
_DATA = re.compile(r"^(?:ElementDataFile\s*=|data ?file:)\s*(.+?)\s*$", re.I | re.M)
_HEADER_BYTES = 100_000
_OFF = 0.1234567


def sha256_of(paths: Sequence[Path]) -> str:
    """SHA-256 of a file; of several, of their digests in sorted order.

    File names and order do not enter: a renamed or reordered series is the same. Files
    that belong to one, as the voxels of a MetaImage do to its header, count with it.
    """
    return _of_every(paths, _digest)


def state_of(path: Path) -> list[int]:
    """Size in bytes and time of last modification in ns: changed if the file was."""
    state = path.stat()
    return [state.st_size, state.st_mtime_ns]


class Hashes:
    """The same digests for many results in one run: each file is read once.

    A file is known by its place on the disk, its size and its time, and read again
    where one of them is another.

    Examples
    --------
    >>> hashes = Hashes()
    >>> hashes.sha256_of([Path(__file__)]) == sha256_of([Path(__file__)])
    True
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], str] = {}

    def sha256_of(self, paths: Sequence[Path]) -> str:
        """As :func:`sha256_of`."""
        return _of_every(paths, self._digest)

    def _digest(self, path: Path) -> str:
        state = path.stat()
        key = (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)
        if key not in self._known:
            self._known[key] = _digest(path)
        return self._known[key]


def _of_every(paths: Sequence[Path], digest: Callable[[Path], str]) -> str:
    every = [one for path in paths for one in (path, *companions(path))]
    if len(every) == 1:
        return digest(every[0])
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(cpu_count()) as threads:
        digests = sorted(threads.map(digest, every))
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def sha256_of_item(item: Found) -> str:
    """SHA-256 of an item's files, or of the voxels of what is held in memory."""
    if not isinstance(item, Held):
        return sha256_of(item.paths)
    arrays = [
        *([] if item.image is None else [item.image.data]),
        *(one.occupancy for one in item.structures),
    ]
    return hashlib.sha256(b"".join(one.tobytes() for one in arrays)).hexdigest()


def sha256_of_voxels(structure: "Structure") -> str:
    """SHA-256 of a structure as a SEG keeps it: steps of 1/255, at its place.

    The same for either order of slices.
    """
    import numpy as np

    from sirtdose.model.grid import Grid
    from sirtdose.model.structure import bounding_box

    steps = np.rint(255 * structure.occupancy).astype(np.uint8)
    grid = structure.grid
    if not grid.right_handed:
        steps = steps[::-1]
        last = grid.world_mm((grid.shape[0] - 1, 0, 0))
        affine = grid.affine_mm.copy()
        affine[:3, 0], affine[:3, 3] = -affine[:3, 0], last
        grid = Grid(grid.shape, affine)
    box = bounding_box(steps)
    if box is None:
        return hashlib.sha256(b"").hexdigest()
    # Off any round number, so that rounding of decimal strings changes nothing.
    place = np.floor(grid.crop(box).affine_mm[:3, 3] * 20 + _OFF).astype("<i8")
    shape = np.array(steps[box].shape, "<i8")
    told = shape.tobytes() + place.tobytes() + steps[box].tobytes()
    return hashlib.sha256(told).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def companions(path: Path) -> list[Path]:
    """The files that are read with a NIfTI, NRRD or MetaImage file, where they are.

    The voxels that a `.mhd` or `.nhdr` names, and the `.tsv` with names of labels.
    """
    name = path.name.lower()
    ending = next((one for one in _ENDINGS if name.endswith(one)), None)
    if ending is None:
        return []
    names = path.with_name(f"{path.name[: -len(ending)]}.tsv")
    beside = [names, *(_voxels(path) if name.endswith(_DETACHED) else ())]
    return [one for one in beside if one.is_file()]


def _voxels(path: Path) -> Iterator[Path]:
    with path.open("rb") as stream:
        text = stream.read(_HEADER_BYTES).decode("latin-1")
    found = _DATA.search(text)
    if found is None:
        return
    if found[1].upper().startswith("LIST"):
        yield from (
            path.parent / line.strip()
            for line in text[found.end() :].split("\n")
            if line.strip()
        )
    elif "%" in found[1]:
        # A pattern with its first and last number: whatever could be meant.
        yield from sorted(path.parent.glob(re.sub(r"%\d*d", "*", found[1].split()[0])))
    else:
        yield path.parent / found[1]
