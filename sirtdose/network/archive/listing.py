"""What an archive has of a study, by its own lists and counts."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from sirtdose.network.archive.archive import Archive
from sirtdose.network.archive.query import FoundInstance, FoundSeries
from sirtdose.network.classes import STORAGE_CLASSES
from sirtdose.network.received import Identity

# Whose objects are read; a series of another is left in the archive.
MODALITIES = (
    *("NM", "PT", "CT", "RTSTRUCT", "SEG", "RTDOSE", "RTPLAN", "REG"),
    # What is stored under no modality of its own.
    *("ST", "OT", ""),
)


@dataclass(frozen=True)
class Wanted:
    """What is fetched of a study: all that is read, some modalities, or some series."""

    study_uid: str = field(repr=False)
    modalities: tuple[str, ...] = ()
    series_uids: tuple[str, ...] = field(default=(), repr=False)

    def takes(self, series: FoundSeries) -> bool:
        """Whether a series is fetched."""
        if self.series_uids:
            return series.uid in self.series_uids
        return series.modality.upper() in (self.modalities or MODALITIES)


@dataclass(frozen=True)
class ListedSeries:
    """A series with its objects.

    Parameters
    ----------
    uid : str
    instances : tuple of FoundInstance
        Empty where the archive does not list them all.
    expected : int or None
        How many there are; None where the archive neither lists nor counts them.
    """

    uid: str = field(repr=False)
    instances: tuple[FoundInstance, ...]
    expected: int | None


@dataclass(frozen=True)
class Listing:
    """What is wanted of a study, and what is not.

    `found` is every series that the archive named; `absent` how many that were asked
    for, or that it counts, are not among them.
    """

    study_uid: str = field(repr=False)
    series: tuple[ListedSeries, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]
    found: frozenset[FoundSeries] = frozenset()
    absent: int = 0

    @property
    def is_unsure(self) -> bool:
        """Whether a series is neither listed nor counted: its end is the archive's."""
        return bool(self.doubted)

    @property
    def doubted(self) -> frozenset[str]:
        """The series that are neither listed nor counted."""
        return frozenset(one.uid for one in self.series if one.expected is None)

    def doubting(self, series_uids: Collection[str]) -> "Listing":
        """The same, but for the lists and counts of some series."""
        if not series_uids:
            return self
        series = tuple(
            ListedSeries(one.uid, (), None) if one.uid in series_uids else one
            for one in self.series
        )
        note = "the archive has objects of a series that it does not list"
        return replace(self, series=series, notes=(*self.notes, note))

    def overlooks(self, own: Identity) -> bool:
        """Whether an object is of a series that is wanted, but not in its list."""
        return (
            own.study == self.study_uid
            and own.sop_class in STORAGE_CLASSES
            and any(one.uid == own.series for one in self.series)
            and not self.asks(own)
        )

    def asks(self, own: Identity) -> bool:
        """Whether an object is one of them."""
        return own.study == self.study_uid and (
            own.sop_instance in self._instances or own.series in self._unlisted
        )

    @cached_property
    def _instances(self) -> frozenset[str]:
        return frozenset(each.uid for one in self.series for each in one.instances)

    @cached_property
    def _unlisted(self) -> frozenset[str]:
        return frozenset(one.uid for one in self.series if not one.instances)


def listing_of(archive: Archive, wanted: Wanted) -> Listing:
    """Ask an archive what it has of a study."""
    found = archive.series(wanted.study_uid)
    notes = []
    if not found:
        notes.append("the archive has no such study")
    unknown = set(wanted.series_uids) - {one.uid for one in found}
    if unknown and found:
        notes.append(f"{len(unknown)} of the series asked for are not in the study")
    own = [one for one in found if wanted.takes(one)]
    if found and not own and not unknown:
        notes.append("the study has no series to fetch")
    stated = archive.series_count(wanted.study_uid) if found else None
    hidden = max((stated or 0) - len(found), 0)
    if hidden:
        notes.append(f"the archive states {stated} series of it, lists {len(found)}")
    if wanted.series_uids:
        hidden = 0
    left = _counted(one.modality or "no modality" for one in found if one not in own)
    series = []
    for one in own:
        listed, others, said = _listed(archive, wanted.study_uid, one)
        left += others
        notes += said
        if listed.expected != 0:
            series.append(listed)
    return Listing(
        wanted.study_uid,
        tuple(series),
        tuple(left),
        tuple(dict.fromkeys(notes)),
        frozenset(found),
        len(unknown) + hidden,
    )


def _listed(
    archive: Archive, study_uid: str, series: FoundSeries
) -> tuple[ListedSeries, list[str], list[str]]:
    """A series with its objects; those of other kinds; what counts do not agree."""
    every = archive.instances(study_uid, series.uid)
    usable = tuple(
        one for one in every if not one.sop_class or one.sop_class in STORAGE_CLASSES
    )
    others = len(every) - len(usable)
    kind, stated = series.modality or "no modality", series.instance_count
    left = [f"{others} of {len(every)} objects of a series of {kind}"] if others else []
    if not every and stated == 0:
        return (
            ListedSeries(series.uid, (), 0),
            left,
            [f"a series of {kind}: the archive states that it has no objects"],
        )
    if not every and stated is None:
        said = [f"a series of {kind}: the archive neither lists nor counts its objects"]
        return ListedSeries(series.uid, (), None), left, said
    if every and stated not in (None, len(every)):
        said = [f"a series of {kind}: the archive states {stated}, lists {len(every)}"]
    else:
        said = []
    # Whoever states more than it lists may keep some back.
    expected = max(len(every), stated or 0) - others
    listed = usable if len(usable) == expected else ()
    return ListedSeries(series.uid, listed, expected), left, said


def _counted(modalities: Iterable[str]) -> list[str]:
    """How many series of each.

    >>> _counted(["SR", "PR", "SR"])
    ['1 series of PR', '2 series of SR']
    """
    every = list(modalities)
    return [f"{every.count(one)} series of {one}" for one in sorted(set(every))]
