"""The program reads the same patients a thousand times here: each file once."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.grid import resample
from sirtdose.io import read
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_KEPT = {"contours": 8, "ct": 4, "overlap": 200}
_known: dict[str, OrderedDict[bytes, Any]] = {name: OrderedDict() for name in _KEPT}


def _once(kind: str, make: Callable[[], Any], *parts: object) -> Any:
    """What these very bytes gave before; of a refusal nothing is kept."""
    seen = blake2b(digest_size=16)
    for one in parts:
        seen.update(one if isinstance(one, bytes) else repr(one).encode())
    known, key = _known[kind], seen.digest()
    if key not in known:
        known[key] = make()
    known.move_to_end(key)
    if len(known) > _KEPT[kind]:
        known.popitem(last=False)
    return known[key]


@pytest.fixture(scope="module", autouse=True)
def files_are_read_once() -> Iterator[None]:
    """Readers and overlaps are pure, as their own tests check without this."""
    rtstruct, ct = read.read_rtstruct, read.read_ct

    def read_rtstruct(path: Path, *, apart: bool = False) -> list[Structure]:
        def fixed() -> list[Structure]:
            found = rtstruct(path, apart=apart)
            for one in found:
                # Who changed it would change it for the next run too.
                one.occupancy.setflags(write=False)
            return found

        return list(_once("contours", fixed, path.read_bytes(), apart))

    def read_ct(paths: Sequence[Path], headers: Sequence[Any]) -> Volume:
        def fixed() -> Volume:
            found = ct(paths, headers)
            found.data.setflags(write=False)
            return found

        parts = [(one.name, one.read_bytes()) for one in paths]
        volume: Volume = _once("ct", fixed, *(part for one in parts for part in one))
        return volume

    def once_of(make: Callable[..., NDArray[Any]]) -> Callable[..., NDArray[Any]]:
        def made(structure: Structure, target: Grid, how: Any) -> NDArray[Any]:
            mask, grids = structure.occupancy, (structure.grid, target)
            found: NDArray[Any] = _once(
                *("overlap", lambda: make(structure, target, how)),
                *(np.ascontiguousarray(mask).tobytes(), mask.dtype.str, mask.shape),
                *(one.affine_mm.tobytes() for one in grids),
                *(target.shape, how, make.__name__),
            )
            return found.copy()

        return made

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(read, "read_rtstruct", read_rtstruct)
        patched.setattr(read, "read_ct", read_ct)
        for name in ("exact_overlap", "_sampled"):
            patched.setattr(resample, name, once_of(getattr(resample, name)))
        yield
