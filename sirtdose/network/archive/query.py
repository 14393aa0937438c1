"""A search of an archive, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from hashlib import sha256

from sirtdose.errors import InputError

_KEY_DIGITS = 16
_WILDCARDS = "*?\\"


@dataclass(frozen=True)
class Query:
    """Which studies are wanted: every one that matches all of what is given.

    Parameters
    ----------
    patient_ids, accession_numbers, study_uids : tuple of str
        One of each has to match, exactly.
    dates : tuple of (date or None)
        First and last day; None for an open end.
    modalities : tuple of str
        A study with a series of one of them.
    description : str
        Of the study; ``*`` and ``?`` stand for any letters and any one.

    Raises
    ------
    InputError
        It would list the whole archive, or an identifier is empty or has a wildcard.
    """

    patient_ids: tuple[str, ...] = field(default=(), repr=False)
    dates: tuple[date | None, date | None] = (None, None)
    modalities: tuple[str, ...] = ()
    accession_numbers: tuple[str, ...] = field(default=(), repr=False)
    study_uids: tuple[str, ...] = field(default=(), repr=False)
    description: str = ""

    def __post_init__(self) -> None:
        first, last = self.dates
        if first is not None and last is not None and last < first:
            raise InputError(
                f"the last day, {last}, is before the first, {first}: write "
                f"{last}..{first}"
            )
        named = (*self.patient_ids, *self.accession_numbers, *self.study_uids)
        if not all(named):
            # An archive would take it for anybody.
            raise InputError(
                "an identifier to search by is empty: give it, or leave its option out"
            )
        if any(one in text for text in named for one in _WILDCARDS):
            # Which one, is an identifier.
            raise InputError(
                "an identifier to search by has a wildcard (*, ?, \\), which would "
                "find other patients: give it in full"
            )
        if not named and first is None and last is None:
            raise InputError(
                "this would list the whole archive: narrow it with "
                "`sirtdose find --date` or `sirtdose find --patients`"
            )

    def asks_date(self, day: date | None) -> bool:
        """Whether a study of that day is wanted."""
        first, last = self.dates
        if first is None and last is None:
            return True
        if day is None:
            return False
        return (first is None or first <= day) and (last is None or day <= last)


@dataclass(frozen=True)
class FoundPatient:
    """Whose study it is, as the archive says; shown only where that is asked for."""

    name: str = field(default="", repr=False)
    patient_id: str = field(default="", repr=False)
    birth_date: date | None = field(default=None, repr=False)


@dataclass(frozen=True)
class FoundStudy:
    """A study that an archive has; None or empty for what it does not say.

    `modalities` are sorted. The counts are the archive's own.
    """

    uid: str = field(repr=False)
    day: date | None
    time: str
    modalities: tuple[str, ...]
    description: str
    series_count: int | None
    instance_count: int | None
    accession_number: str = field(default="", repr=False)
    patient: FoundPatient = FoundPatient()

    @property
    def key(self) -> str:
        """A digest of its UID, which also names the folder it is fetched into."""
        return key_of(self.uid)


@dataclass(frozen=True)
class FoundSeries:
    """A series of a study; `instance_count` is the archive's own, None for not said."""

    uid: str = field(repr=False)
    modality: str
    number: int | None
    description: str
    instance_count: int | None


@dataclass(frozen=True)
class FoundInstance:
    """An object of a series; `sop_class` is empty where the archive does not say."""

    uid: str = field(repr=False)
    sop_class: str = ""


@dataclass(frozen=True)
class Answers:
    """Studies, the newest first, and what there is to say of the search.

    Parameters
    ----------
    studies : tuple of FoundStudy
    notes : tuple of str
        What the archive did not do, such as keys that it ignored.
    is_cut : bool
        Whether there are more than were asked for at most.
    """

    studies: tuple[FoundStudy, ...]
    notes: tuple[str, ...] = ()
    is_cut: bool = False


def key_of(study_uid: str) -> str:
    """A digest of a study's UID: the same wherever it is made.

    >>> key_of("1.2.840.1")
    '0ec01790fd45eaed'
    """
    return sha256(f"study {study_uid}".encode()).hexdigest()[:_KEY_DIGITS]


def matching(found: Sequence[FoundStudy], query: Query) -> tuple[list[FoundStudy], int]:
    """Those that are wanted, each once; and how many were answered that are not.

    An archive may ignore a key, or match it loosely. What it does not say of a study is
    taken to match, but for the patient: a study without an identifier is nobody's.
    """
    kept: dict[str, FoundStudy] = {}
    others = set()
    for one in found:
        if one.uid and _matches(one, query):
            kept.setdefault(one.uid, one)
        else:
            others.add(one.uid)
    order = sorted(kept.values(), key=lambda one: one.uid)
    order.sort(key=lambda one: (one.day or date.min, one.time), reverse=True)
    return order, len(others - set(kept))


def left_out(count: int) -> str:
    """What is said of studies that were answered and do not match.

    >>> left_out(1)
    '1 study that the archive answered does not match and is left out'
    """
    if count == 1:
        return "1 study that the archive answered does not match and is left out"
    return f"{count} studies that the archive answered do not match and are left out"


def _matches(one: FoundStudy, query: Query) -> bool:
    ids, numbers = query.patient_ids, query.accession_numbers
    return (
        (not ids or one.patient.patient_id in ids)
        and (not numbers or one.accession_number in numbers)
        and (not query.study_uids or one.uid in query.study_uids)
        and (one.day is None or query.asks_date(one.day))
        and (
            not query.modalities
            or not one.modalities
            or bool(set(query.modalities) & set(one.modalities))
        )
        and _is_described(one.description, query.description)
    )


def _is_described(text: str, wanted: str) -> bool:
    """Whether a description matches, in letters of any case.

    >>> _is_described("Y90 SPECT", "y90*"), _is_described("Y90 SPECT", "Y90")
    (True, False)
    """
    # A bracket is a letter like others.
    pattern = wanted.casefold().replace("[", "[[]")
    return not wanted or not text or fnmatchcase(text.casefold(), pattern)
