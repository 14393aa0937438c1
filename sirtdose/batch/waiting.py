"""Cases that wait to be run, in little memory: most of each is as in the others."""

import pickle
import zlib
from collections.abc import Iterator

from sirtdose.batch.work import Named


class Waiting:
    """Cases in the order they are to be run; each is made anew when it is taken.

    Examples
    --------
    >>> from pathlib import Path
    >>> from sirtdose.batch.work import Look
    >>> waiting = Waiting()
    >>> waiting.append(Look("c1", Path("scan"), Path("out")))
    >>> [one.case_id for one in waiting], len(waiting)
    (['c1'], 1)
    """

    def __init__(self) -> None:
        self.case_ids: list[str] = []
        self._first = b""
        self._packed: list[bytes] = []

    def append(self, case: Named) -> None:
        """Add one."""
        text = pickle.dumps(case)
        self._first = self._first or text
        packer = zlib.compressobj(zdict=self._first)
        self._packed.append(packer.compress(text) + packer.flush())
        self.case_ids.append(case.case_id)

    def __len__(self) -> int:
        return len(self._packed)

    def __iter__(self) -> Iterator[Named]:
        for one in self._packed:
            text = zlib.decompressobj(zdict=self._first).decompress(one)
            case: Named = pickle.loads(text)
            yield case
