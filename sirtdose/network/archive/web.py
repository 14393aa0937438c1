"""An archive by DICOMweb: QIDO-RS and WADO-RS behind the same few verbs."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

from sirtdose.network.archive.archive import Keep, Part
from sirtdose.network.archive.identifiers import day_of
from sirtdose.network.archive.query import (
    Answers,
    FoundInstance,
    FoundPatient,
    FoundSeries,
    FoundStudy,
    Query,
    left_out,
    matching,
)
from sirtdose.network.association import Rejected
from sirtdose.network.received import OUT_OF_RESOURCES, Refused, received_of
from sirtdose.network.web.answers import NotThere, value_of, values_of
from sirtdose.network.web.retrieve import objects_of
from sirtdose.network.web.search import INSTANCE, SERIES, STUDY, Searches, require_uid
from sirtdose.network.web.service import Service
from sirtdose.network.web.session import session_of

if TYPE_CHECKING:
    import requests

_SOP_CLASS, _DATE, _TIME, _ACCESSION = "00080016", "00080020", "00080030", "00080050"
_MODALITY, _MODALITIES = "00080060", "00080061"
_STUDY_WORDS, _SERIES_WORDS = "00081030", "0008103E"
_NAME, _PATIENT, _BORN = "00100010", "00100020", "00100030"
_NUMBER = "00200011"
_SERIES_COUNT, _STUDY_COUNT, _COUNT = "00201206", "00201208", "00201209"
_OF_STUDY = (
    *(_DATE, _TIME, _ACCESSION, _MODALITIES, _STUDY_WORDS, _NAME, _PATIENT, _BORN),
    *(_SERIES_COUNT, _STUDY_COUNT),
)
_OF_SERIES = (_MODALITY, _NUMBER, _SERIES_WORDS, _COUNT)
# An integer as text has 12 digits (DICOM PS3.5, 6.2).
_LONGEST_COUNT = 12
# The length of an element has 32 bits.
_MOST_BYTES = 1 << 32


@contextmanager
def web_archive(service: Service) -> "Iterator[WebArchive]":
    """The archive behind a service, open.

    Raises
    ------
    InputError
        Certificates that cannot be used.
    """
    with session_of(service) as session:
        yield WebArchive(service, session)


class WebArchive:
    """An archive that is asked by DICOMweb."""

    def __init__(self, service: Service, session: "requests.Session") -> None:
        self._service, self._session = service, session
        self._searches = Searches(service, session)

    def find(self, query: Query, most: int) -> Answers:
        """Studies, at most so many."""
        found: dict[str, FoundStudy] = {}
        is_cut = is_repeating = False
        for filters in _filters(query):
            for page in self._searches.studies(filters, _OF_STUDY):
                is_repeating |= page.is_cut
                found |= {one.uid: one for one in map(_study, page.items)}
                if len(matching([*found.values()], query)[0]) > most:
                    is_cut = True
                    break
        studies, others = matching([*found.values()], query)
        notes = []
        if is_repeating:
            notes.append(
                f"{self._service.where} gives no further pages of an answer: there may "
                "be more studies; ask for less at a time"
            )
        if others:
            notes.append(left_out(others))
        return Answers(tuple(studies[:most]), tuple(notes), is_cut or is_repeating)

    def series_count(self, study_uid: str) -> int | None:
        """How many series it states of a study; None where it does not say."""
        try:
            pages = self._searches.studies({STUDY: study_uid}, (_SERIES_COUNT,))
            found = [_study(one) for page in pages for one in page.items]
        except Rejected:
            return None
        return next((one.series_count for one in found if one.uid == study_uid), None)

    def series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study; none where it has no such study."""
        try:
            pages = [*self._searches.series(study_uid, _OF_SERIES)]
        except NotThere:
            return []
        if any(page.is_cut for page in pages):
            raise Rejected(
                f"{self._service.where} gives no further pages of an answer, so that "
                "not all series of a study are known"
            )
        return [_series(one) for page in pages for one in page.items]

    def instances(self, study_uid: str, series_uid: str) -> list[FoundInstance]:
        """The objects of a series; none where the archive does not list them all."""
        try:
            pages = [
                *self._searches.instances(study_uid, series_uid, (_SOP_CLASS,)),
            ]
        except NotThere:
            return []
        if any(page.is_cut for page in pages):
            return []
        return [
            FoundInstance(_text(one, INSTANCE), _text(one, _SOP_CLASS))
            for page in pages
            for one in page.items
        ]

    def fetch(self, part: Part, keep: Keep) -> str:
        """Have objects handed over: a series at once, else one by one."""
        refused: Counter[str] = Counter()
        study, of_it = map(require_uid, (part.study_uid, part.series_uid))
        series = f"studies/{study}/series/{of_it}"
        paths = [series]
        if not part.is_whole and part.instances:
            uids = [require_uid(one.uid) for one in part.instances]
            paths = [f"{series}/instances/{uid}" for uid in uids]
        for path in paths:
            for data in objects_of(self._session, self._service, path, _MOST_BYTES):
                try:
                    keep(received_of(data, _MOST_BYTES))
                except Refused as error:
                    refused[str(error)] += 1
                    if error.status == OUT_OF_RESOURCES:
                        # The next would find no room either.
                        return str(error)
        return "; ".join(f"{count} refused: {why}" for why, count in refused.items())


def _filters(query: Query) -> Iterator[dict[str, str]]:
    """One search for each: a filter has one value, and a study matches any of them."""
    lists = {
        _PATIENT: query.patient_ids,
        _ACCESSION: query.accession_numbers,
        STUDY: query.study_uids,
        _MODALITIES: query.modalities,
        _DATE: (_days(query.dates),),
        _STUDY_WORDS: (query.description,),
    }
    named = {tag: [one for one in words if one] for tag, words in lists.items()}
    asked = {tag: words for tag, words in named.items() if words}
    for values in itertools.product(*asked.values()):
        yield dict(zip(asked, values, strict=True))


def _days(dates: tuple[date | None, date | None]) -> str:
    first, last = (f"{day:%Y%m%d}" if day else "" for day in dates)
    return first if first == last else f"{first}-{last}"


def _study(item: Mapping[str, Any]) -> FoundStudy:
    return FoundStudy(
        uid=_text(item, STUDY),
        day=day_of(_text(item, _DATE)),
        time=_text(item, _TIME),
        modalities=_modalities(item),
        description=_text(item, _STUDY_WORDS),
        series_count=_count(item, _SERIES_COUNT),
        instance_count=_count(item, _STUDY_COUNT),
        accession_number=_text(item, _ACCESSION),
        patient=FoundPatient(
            _text(item, _NAME), _text(item, _PATIENT), day_of(_text(item, _BORN))
        ),
    )


def _series(item: Mapping[str, Any]) -> FoundSeries:
    return FoundSeries(
        _text(item, SERIES),
        _text(item, _MODALITY),
        _count(item, _NUMBER),
        _text(item, _SERIES_WORDS),
        _count(item, _COUNT),
    )


def _modalities(item: Mapping[str, Any]) -> tuple[str, ...]:
    found = {str(one).strip() for one in values_of(item, _MODALITIES) if one}
    return tuple(sorted(one for one in found if one.isprintable() and one))


def _text(item: Mapping[str, Any], tag: str) -> str:
    value = value_of(item, tag)
    if isinstance(value, dict):
        # A name of a person, in letters.
        value = value.get("Alphabetic")
    text = "" if value is None else str(value)
    # Nothing that a terminal would obey.
    return "".join(c for c in text if c.isprintable()).strip()


def _count(item: Mapping[str, Any], tag: str) -> int | None:
    text = _text(item, tag)
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_COUNT else None
