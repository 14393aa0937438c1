"""What an archive can do, whatever it speaks: find, list, and hand objects over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sirtdose.network.archive.query import (
    Answers,
    FoundInstance,
    FoundSeries,
    Query,
)
from sirtdose.network.received import Received
from sirtdose.network.store import Kept

# Keeps an object that came, on the disk when it returns; raises `Refused` where it is
# damaged or was not asked for: the archive is told so, and fetching goes on.
Keep = Callable[[Received], Kept]


@dataclass(frozen=True)
class Part:
    """What is missing of a series.

    Parameters
    ----------
    study_uid, series_uid : str
    instances : tuple of FoundInstance
        The objects; empty where the archive does not list them.
    is_whole : bool
        Whether nothing of the series is there yet.
    """

    study_uid: str = field(repr=False)
    series_uid: str = field(repr=False)
    instances: tuple[FoundInstance, ...]
    is_whole: bool


class Archive(Protocol):
    """An archive that is open.

    Each method raises `OutputError` where the archive does not answer or refuses, with
    what to do; `sirtdose.network.association.Rejected` where another try is no use.
    """

    def find(self, query: Query, most: int) -> Answers:
        """Studies, at most so many."""

    def series_count(self, study_uid: str) -> int | None:
        """How many series it states of a study; None where it does not say."""

    def series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study."""

    def instances(self, study_uid: str, series_uid: str) -> list[FoundInstance]:
        """The objects of a series; none where the archive does not list them."""

    def fetch(self, part: Part, keep: Keep) -> str:
        """Have objects handed over; returns what the archive said of those that failed.

        Objects that are there already may come again.
        """
