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
# What stands for a series of which there is more than the archive lists.
_MORE = ".more"
# Objects on their way from there to the study's folder.
_LEAVING = "-whole"
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
        self._leaving = out / WAITING / f"{self.key}{_LEAVING}"
        self._series: dict[str, str] = {}
        self._turn_back()
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

    def there(self, listing: Listing) -> set[str]:
        """The names of the objects that are wanted and there."""
        return {name for one in listing.series for name in self._there(one)}

    def lacking(self, listing: Listing) -> int:
        """How many objects are not there; one at least of a series without any."""
        return sum(
            max(
                (1 if one.expected is None else one.expected) - len(self._there(one)), 0
            )
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

    def doubt(self, series_uid: str) -> None:
        """Note that a series has more than is listed, until it is complete."""
        # Where that cannot be written, nothing else can.
        with suppress(OSError):
            make_folder(self._waiting)
            self._more(series_uid).touch()

    def doubted(self, listing: Listing) -> set[str]:
        """The series of which that is noted."""
        return {one.uid for one in listing.series if self._more(one.uid).exists()}

    def publish(self, listing: Listing) -> None:
        """Put what is complete into the study's folder.

        A folder that is new appears at once, with all of it. What waits and is not in
        the listing may be half a series, and stays.
        """
        names = self.there(listing)
        came = [path for path in self._waiting.glob(f"*{SUFFIX}") if path.stem in names]
        is_new = not self._folder.exists()
        to = self._leaving if is_new else self._folder
        if came:
            make_folder(to)
            for path in came:
                path.replace(to / path.name)
            flush_folder(to)
        if came and is_new:
            to.rename(self._folder)
            flush_folder(self._folder.parent)
        for suffix in (MISSING, _MORE):
            for path in self._waiting.glob(f"*{suffix}"):
                path.unlink()
        for folder in (self._waiting, self._waiting.parent):
            # Somebody's own file in it stays where it is.
            with suppress(OSError):
                folder.rmdir()

    def _more(self, series_uid: str) -> Path:
        return self._waiting / f"{self._names.instance(series_uid)}{_MORE}"

    def _turn_back(self) -> None:
        """What was interrupted on its way to the study's folder waits again."""
        if self._leaving.is_dir():
            make_folder(self._waiting)
            for path in self._leaving.iterdir():
                path.replace(self._waiting / path.name)
            self._leaving.rmdir()

    def _files(self) -> Iterator[Path]:
        for folder in (self._folder, self._waiting):
            yield from folder.glob(f"*{SUFFIX}")

    def _there(self, series: ListedSeries) -> set[str]:
        """The names of a series' objects that are there."""
        if not series.instances:
            for path in self._files():
                if path.stem not in self._series:
                    self._series[path.stem] = _series_of(path)
            return {name for name, uid in self._series.items() if uid == series.uid}
        there = {path.stem for path in self._files()}
        return there & {self._names.instance(one.uid) for one in series.instances}


def _series_of(path: Path) -> str:
    """The series that a file of ours is of; empty for another's, or a damaged one."""
    from pydicom import dcmread

    tags = ["SeriesInstanceUID"]
    try:
        found = dcmread(path, specific_tags=tags, stop_before_pixels=True)
        return str(found.get("SeriesInstanceUID", ""))
    except Exception:  # noqa: BLE001 - what somebody put there may break a parser anyhow
        return ""
