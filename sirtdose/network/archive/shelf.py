"""Where a study's objects are on the disk, complete or not yet."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from sirtdose.io.output.publishing import flush_folder
from sirtdose.network.archive.archive import Part
from sirtdose.network.archive.listing import ListedSeries, Listing
from sirtdose.network.archive.query import key_of
from sirtdose.network.files import make_folder
from sirtdose.network.received import Identity, Received
from sirtdose.network.store import MISSING, SUFFIX, Kept, Store

# No command looks into a hidden folder: half a study is never taken for one.
WAITING = ".incomplete"
_INSTANCE_DIGITS = 32


class Keys:
    """Names of folders and files: digests that are the same wherever they are made."""

    def study(self, uid: str) -> str:
        """The name of a study's folder."""
        return key_of(uid)

    def instance(self, uid: str) -> str:
        """The name of an object's file, without its suffix."""
        return sha256(f"instance {uid}".encode()).hexdigest()[:_INSTANCE_DIGITS]


class Shelf:
    """The folder of a study, and the one where it waits until it is complete."""

    def __init__(
        self,
        out: Path,
        study_uid: str,
        *,
        reserve_bytes: int,
        accept: Callable[[Identity], None],
    ) -> None:
        self.key = key_of(study_uid)
        self._names = Keys()
        self._folder = out / self.key
        self._waiting = out / WAITING / self.key
        self._store = Store(
            out / WAITING, self._names, reserve_bytes=reserve_bytes, accept=accept
        )

    def keep(self, received: Received) -> Kept:
        """Keep an object, unless it is in the study's folder already.

        Raises
        ------
        Refused
        """
        name = self._names.instance(received.told.sop_instance)
        if (self._folder / f"{name}{SUFFIX}").exists():
            return Kept(self.key, name, new=False)
        return self._store.keep(received)

    def count(self, listing: Listing) -> int:
        """How many of the objects that are wanted are there."""
        return sum(len(self._there(one)) for one in listing.series)

    def lacking(self, listing: Listing) -> int:
        """How many of the objects that are counted are not there."""
        return sum(
            max((one.expected or 0) - len(self._there(one)), 0)
            for one in listing.series
        )

    def missing(self, listing: Listing) -> list[Part]:
        """What has to be asked for, by series."""
        parts = []
        for series in listing.series:
            there = self._there(series)
            lacking = tuple(
                one
                for one in series.instances
                if self._names.instance(one.uid) not in there
            )
            if series.expected is None or len(there) < series.expected:
                parts.append(Part(listing.study_uid, series.uid, lacking, not there))
        return parts

    def publish(self) -> None:
        """Put what is complete into the study's folder."""
        came = sorted(self._waiting.glob(f"*{SUFFIX}"))
        if came:
            make_folder(self._folder)
        for path in came:
            path.replace(self._folder / path.name)
        if came:
            flush_folder(self._folder)
        for path in self._waiting.glob(f"*{MISSING}"):
            path.unlink()
        for folder in (self._waiting, self._waiting.parent):
            # Somebody's own file in it stays where it is.
            with suppress(OSError):
                folder.rmdir()

    def _files(self) -> Iterator[Path]:
        for folder in (self._folder, self._waiting):
            yield from folder.glob(f"*{SUFFIX}")

    def _there(self, series: ListedSeries) -> set[str]:
        """The names of a series' objects that are there."""
        if not series.instances:
            own = (one for one in self._files() if _series_of(one) == series.uid)
            return {path.stem for path in own}
        there = {path.stem for path in self._files()}
        return there & {self._names.instance(one.uid) for one in series.instances}


def _series_of(path: Path) -> str:
    """The series that a file of ours is of."""
    from pydicom import dcmread

    found = dcmread(path, specific_tags=["SeriesInstanceUID"], stop_before_pixels=True)
    return str(found.get("SeriesInstanceUID", ""))
