"""An archive that speaks DICOM: C-FIND, and C-GET or C-MOVE."""

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from sirtdose.errors import OutputError
from sirtdose.model.node import Node
from sirtdose.model.progress import counted
from sirtdose.network.archive.archive import Archive, Keep, Part
from sirtdose.network.archive.identifiers import (
    identifier,
    instance_of,
    series_of,
    study_identifiers,
    study_of,
    text_of,
    without_optional,
)
from sirtdose.network.archive.query import (
    Answers,
    FoundInstance,
    FoundSeries,
    FoundStudy,
    Query,
    left_out,
    matching,
)
from sirtdose.network.archive.retrieve import Getting, Moving
from sirtdose.network.association import Peer, Rejected, associated
from sirtdose.network.classes import EXPLICIT, IMPLICIT
from sirtdose.network.quiet import without_warnings

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
_PENDING = (0xFF00, 0xFF01)
_CANCELLED = 0xFE00
_KINDS = {
    0xA700: "out of resources: narrow the search",
    0xA900: "it does not take these keys",
    0xC000: "it cannot process the query",
    0x0122: "it does not support the query",
}
# Beyond it, an archive that ignores the keys is not listened to any longer.
_MOST_ROWS = 20_000
# Nor in the lists of one study.
_MOST_LISTED = 200_000
# So much may still come after it is told to end.
_AFTER_CANCEL = 1_000


class _NotAnswered(OutputError):
    """An archive that is there and does not answer a query."""


class _NotWhole(OutputError):
    """An answer that is not all there is, or cannot be read in part."""


class DimseArchive:
    """See `Archive`; associations are opened when needed, and again where lost."""

    def __init__(self, peer: Peer, retrieving: "Getting | Moving", ends: ExitStack):
        self._peer, self._retrieving, self._ends = peer, retrieving, ends
        self._association: Association | None = None
        self._numbers = count(1)

    @classmethod
    @contextmanager
    def opened(cls, node: Node, peer: Peer) -> Iterator["Archive"]:
        """The archive of a node, until the end."""
        with ExitStack() as ends, without_warnings():
            yield cls(peer, _retrieving(node, peer, ends), ends)

    def find(self, query: Query, most: int) -> Answers:
        """Studies, at most so many."""
        found: dict[str, FoundStudy] = {}
        ignored = is_cut = False
        notes: list[str] = []
        for asked in study_identifiers(query):
            rows, one_cut, one_ignored = self._studies(asked, query, most, notes)
            is_cut |= one_cut
            ignored |= one_ignored
            for row in rows:
                found.setdefault(row.uid, row)
        loose = replace(query, modalities=())
        kept, others = matching(list(found.values()), loose)
        kept = kept[: most + 1]
        kept = [self._completed(one, query) for one in counted("studies", kept)]
        kept, more = matching(kept, query)
        notes = list(dict.fromkeys(notes))
        if ignored:
            notes.append(
                "the archive does not search by modality or description: its answers "
                "were searched here"
            )
        if others + more:
            notes.append(left_out(others + more))
        return Answers(tuple(kept[:most]), tuple(notes), is_cut or len(kept) > most)

    def series_count(self, study_uid: str) -> int | None:
        """How many series it states of a study; None where it does not say."""
        asked = identifier("STUDY", StudyInstanceUID=study_uid)
        try:
            rows = [study_of(one) for one in self._rows(asked)]
        except (_NotAnswered, _NotWhole):
            return None
        return next((one.series_count for one in rows if one.uid == study_uid), None)

    def series(self, study_uid: str) -> list[FoundSeries]:
        """The series of a study."""
        asked = identifier("SERIES", StudyInstanceUID=study_uid)
        rows = [series_of(one) for one in self._rows(asked) if _is_of(one, study_uid)]
        if not all(one.uid for one in rows):
            raise _NotWhole(f"{self._peer.where}: it lists a series without its UID")
        return list({one.uid: one for one in rows}.values())

    def instances(self, study_uid: str, series_uid: str) -> list[FoundInstance]:
        """The objects of a series; none where the archive does not list them."""
        asked = identifier(
            "IMAGE", StudyInstanceUID=study_uid, SeriesInstanceUID=series_uid
        )
        try:
            rows = [
                instance_of(one)
                for one in self._rows(asked)
                if _is_of(one, study_uid)
                and text_of(one, "SeriesInstanceUID") in ("", series_uid)
            ]
        except (_NotAnswered, _NotWhole):
            return []
        if not all(one.uid for one in rows):
            return []
        return list({one.uid: one for one in rows}.values())

    def fetch(self, part: Part, keep: Keep) -> str:
        """Have objects handed over, by C-GET or C-MOVE."""
        return self._retrieving.fetch(part, keep)

    def _studies(
        self, asked: "Dataset", query: Query, most: int, notes: list[str]
    ) -> tuple[list[FoundStudy], bool, bool]:
        """Studies; whether there are more; and whether optional keys were left out."""
        plain = without_optional(asked)
        try:
            rows = self._first(asked, query, most, notes)
        except _NotAnswered:
            if plain is None:
                raise
            return (*self._first(plain, query, most, notes), True)
        return (*rows, False)

    def _first(
        self, asked: "Dataset", query: Query, most: int, notes: list[str]
    ) -> tuple[list[FoundStudy], bool]:
        """As many as are wanted and match, and whether there are more."""
        loose = replace(query, modalities=())
        found: list[FoundStudy] = []
        matched: set[str] = set()
        rows = self._rows(asked)
        try:
            for number, row in enumerate(rows, start=1):
                one = study_of(row)
                found.append(one)
                matched |= {one.uid for one in matching([one], loose)[0]}
                if len(matched) > most or number >= _MOST_ROWS:
                    rows.close()
                    return found, True
        except _NotWhole as error:
            notes.append(f"{error}: there may be more studies; ask for less at a time")
            return found, True
        return found, False

    def _completed(self, one: FoundStudy, query: Query) -> FoundStudy:
        """A study with what the archive says of its series alone."""
        lacks_modalities = bool(query.modalities) and not one.modalities
        if one.series_count is not None and not lacks_modalities:
            return one
        try:
            series = self.series(one.uid)
        except (_NotAnswered, _NotWhole):
            return one
        counts = [each.instance_count for each in series]
        known = [each for each in counts if each is not None]
        total = sum(known) if series and len(known) == len(counts) else None
        modalities = tuple(sorted({each.modality for each in series} - {""}))
        return replace(
            one,
            modalities=one.modalities or modalities,
            series_count=len(series) if one.series_count is None else one.series_count,
            instance_count=total if one.instance_count is None else one.instance_count,
        )

    def _rows(self, asked: "Dataset") -> Generator["Dataset", None, None]:
        """The answers to a query; closed early, the archive is told to end.

        That they are not all is said after them.
        """
        association = self._asked()
        number = next(self._numbers) % 0xFFFF + 1
        where, lacks = self._peer.where, ""
        answers = association.send_c_find(asked, FIND, msg_id=number)
        try:
            for count, (answer, row) in enumerate(answers):
                status = answer.get("Status")
                if status in _PENDING:
                    if count >= _MOST_LISTED:
                        self._end(association, answers, number)
                        raise _NotWhole(f"{where}: it does not come to an end")
                    if row is None:
                        lacks = "an answer cannot be read"
                    else:
                        yield row
                elif status is None:
                    raise OutputError(f"{where}: the association was lost")
                elif status == _CANCELLED:
                    # Nobody cancelled it: so do archives end that have a limit.
                    lacks = "it gives only the first answers"
                elif status != 0:
                    raise _NotAnswered(f"{where}: {_meaning(answer)}")
        except GeneratorExit:
            self._end(association, answers, number)
            raise
        if lacks:
            raise _NotWhole(f"{where}: {lacks}")

    def _end(self, association: "Association", answers: Any, number: int) -> None:
        """Have no more answers come; an archive that goes on is left."""
        association.send_c_cancel(number, query_model=FIND)
        for after, _ in enumerate(answers):
            if after > _AFTER_CANCEL:
                association.abort()
                return

    def _asked(self) -> "Association":
        """An association for queries."""
        if self._association is None or not self._association.is_established:
            opening = associated(self._peer, [(FIND, [EXPLICIT, IMPLICIT])])
            self._association = self._ends.enter_context(opening)
            known = {
                str(one.abstract_syntax) for one in self._association.accepted_contexts
            }
            if FIND not in known:
                raise Rejected(f"{self._peer.where} does not offer C-FIND of studies")
        return self._association


def _retrieving(node: Node, peer: Peer, ends: ExitStack) -> "Getting | Moving":
    if node.retrieve == "move" and node.receiver is not None:
        return Moving(node, node.receiver, peer, ends)
    return Getting(peer, ends)


def _is_of(row: "Dataset", study_uid: str) -> bool:
    """Whether an answer is of the study that was asked for."""
    return text_of(row, "StudyInstanceUID") in ("", study_uid)


def _meaning(answer: "Dataset") -> str:
    status = int(answer.Status)
    kind = (
        _KINDS.get(status) or _KINDS.get(status & 0xFF00) or _KINDS.get(status & 0xF000)
    )
    # Its own comment may hold what was asked for.
    return f"{kind or 'the query failed'} (status {status:04X}H)"
