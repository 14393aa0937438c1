"""Fetch studies: what is there already, what is missing, and whether all came.

It knows nothing of what an archive speaks. A study's folder has only what is complete:
objects wait in a hidden folder beside it until the last one is there.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sirtdose.errors import OutputError
from sirtdose.model.progress import Task, task
from sirtdose.network.archive.archive import Archive
from sirtdose.network.archive.listing import Listing, Wanted, listing_of
from sirtdose.network.archive.shelf import Shelf
from sirtdose.network.association import Rejected
from sirtdose.network.files import owned
from sirtdose.network.received import (
    NOT_AUTHORIZED,
    OUT_OF_RESOURCES,
    Identity,
    Received,
    Refused,
)
from sirtdose.network.store import Kept

LOCK_FILE = ".fetch.lock"


@dataclass(frozen=True)
class Fetching:
    """How studies are fetched.

    Parameters
    ----------
    out : Path
        Where each study gets a folder, named by its key.
    reserve_bytes : int
        What stays free on the disk.
    retries : int
        How often what is missing is asked for again.
    wait_s : float
        Before each retry.
    """

    out: Path
    reserve_bytes: int
    retries: int
    wait_s: float


@dataclass(frozen=True)
class Fetched:
    """What became of a study.

    Parameters
    ----------
    key : str
        The name of its folder, a digest.
    known, came, lacking : int
        Objects that were there before, that came now, and that the archive has by its
        own lists and counts but did not hand over.
    left : tuple of str
        What was not fetched, since it was not wanted or is of no kind that is read.
    said : tuple of str
        Why it is not complete, and what else there is to know.
    """

    key: str
    known: int
    came: int
    lacking: int
    left: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    is_complete: bool = False

    @property
    def expected(self) -> int:
        """How many objects the archive has of what is wanted."""
        return self.known + self.came + self.lacking


def fetch_studies(
    archive: Archive,
    wanted: Sequence[Wanted],
    how: Fetching,
    say: Callable[[str], None],
) -> list[Fetched]:
    """Fetch studies, one after the other; what is there is not fetched again.

    Raises
    ------
    OutputError
        The folder cannot be written to, there is no room, or the archive refuses for
        good.
    """
    with owned(how.out, LOCK_FILE):
        return [_Study(archive, one, how, say).fetch() for one in wanted]


@dataclass
class _Study:
    """One study that is being fetched."""

    archive: Archive
    wanted: Wanted
    how: Fetching
    say: Callable[[str], None]
    no_room: str = ""
    refusals: list[str] = field(default_factory=list)
    came: set[str] = field(default_factory=set)
    going: Task = field(default_factory=lambda: Task("", 0, None))

    def fetch(self) -> Fetched:
        """Ask for what is missing until all is there, or no retry is left."""
        try:
            self.shelf = Shelf(
                self.how.out,
                self.wanted.study_uid,
                reserve_bytes=self.how.reserve_bytes,
                accept=self._accept,
            )
        except OSError as error:
            raise OutputError(
                f"cannot write to {self.how.out}: {error.strerror}"
            ) from None
        listing: Listing | None = None
        said = ""
        for attempt in range(self.how.retries + 1):
            if attempt:
                self.say(
                    f"study {self.shelf.key}: {said}: trying again in "
                    f"{self.how.wait_s:g} s"
                )
                time.sleep(self.how.wait_s)
            try:
                # It may have grown since.
                listing = listing_of(self.archive, self.wanted)
                listing = listing.doubting(self.shelf.doubted(listing))
                said = self._fetch_missing(listing)
            except Rejected:
                raise
            except OutputError as error:
                said = str(error)
            if not said:
                break
        return self._ended(listing, said)

    def _fetch_missing(self, listing: Listing) -> str:
        """Ask once for each series that lacks something; why it is not complete."""
        self.listing = listing
        parts = self.shelf.missing(listing)
        said = ""
        with task("objects", self.shelf.lacking(listing)) as self.going:
            for part in parts:
                said = self.archive.fetch(part, self._keep) or said
                if self.no_room:
                    raise Rejected(
                        f"study {self.shelf.key}: {self.no_room}; what came is kept: "
                        "make room and fetch again"
                    )
        lacking = self.shelf.lacking(listing)
        if lacking or (said and listing.is_unsure):
            ours = next(iter(self.refusals), "")
            why = ours or said or "the archive does not say why"
            return f"{lacking} objects did not arrive: {why}" if lacking else why
        if self.shelf.doubted(listing) - listing.doubted:
            return "the archive has objects of a series that it does not list"
        if parts and set(self.archive.series(listing.study_uid)) != listing.found:
            return "the study changed at the archive while it was fetched"
        return ""

    def _keep(self, received: Received) -> Kept:
        try:
            kept = self.shelf.keep(received)
        except Refused as refused:
            if refused.status == OUT_OF_RESOURCES:
                self.no_room = str(refused)
            if refused.status != NOT_AUTHORIZED:
                self.refusals.append(f"an object was refused: {refused}")
            raise
        if kept.new:
            self.came.add(kept.instance)
            self.going.done()
        return kept

    def _accept(self, own: Identity) -> None:
        if not self.listing.asks(own):
            if self.listing.overlooks(own):
                self.shelf.doubt(own.series)
            raise Refused(NOT_AUTHORIZED, "it was not asked for")

    def _ended(self, listing: Listing | None, said: str) -> Fetched:
        if listing is None:
            return Fetched(self.shelf.key, 0, 0, 0, said=(said,))
        there, lacking = self.shelf.there(listing), self.shelf.lacking(listing)
        all_came = not said and len(there) > 0
        if all_came:
            try:
                self.shelf.publish(listing)
            except OSError as error:
                raise OutputError(
                    f"study {self.shelf.key} is complete, but cannot be put into "
                    f"{self.how.out}: {error.strerror}; fetch again"
                ) from None
        return Fetched(
            self.shelf.key,
            len(there - self.came),
            len(there & self.came),
            lacking,
            listing.left,
            tuple(one for one in (said, *listing.notes) if one),
            is_complete=all_came and not listing.absent,
        )
