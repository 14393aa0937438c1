"""An archive in this process, by pynetdicom, which may be as odd as real ones are."""

import sys
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pydicom import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt

from tests.network_peers import LOOPBACK, free_port, with_meta

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
_AT = {
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
AET = "PACS"


@dataclass
class OddArchive:
    """What it has, and how it is odd.

    Parameters
    ----------
    objects : list of Dataset
    ignores : collection of str
        Keys that it does not match by.
    hides : collection of str
        Keys that it does not return.
    says : mapping
        What it says by a keyword, whatever is true.
    refuses : collection of str
        Keys for which it answers A900H.
    levels : collection of str
        At which it answers queries.
    dies_after : int
        Objects after which it aborts, once; negative for never.
    adds : list of Dataset
        Objects that it sends though nobody asked.
    fails : collection of str
        SOPInstanceUIDs that it fails to send.
    most_rows : mapping of str to int
        By level, after how many answers it ends a query by itself, as if cancelled.
    truncates : collection of str
        Levels at which it says nothing of that.
    """

    objects: list[Dataset]
    ignores: Collection[str] = ()
    hides: Collection[str] = ()
    says: Mapping[str, object] = field(default_factory=dict)
    refuses: Collection[str] = ()
    levels: Collection[str] = ("STUDY", "SERIES", "IMAGE")
    dies_after: int = -1
    adds: Sequence[Dataset] = ()
    fails: Collection[str] = ()
    most_rows: Mapping[str, int] = field(default_factory=dict)
    truncates: Collection[str] = ()
    models: Collection[str] = (FIND, GET, MOVE)
    destination: int = 0
    asked: list[Dataset] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    users: list[tuple[bytes, bytes]] = field(default_factory=list)
    is_silent: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def node(self, more: str = "") -> str:
        """The node `pacs` of a site's file."""
        return (
            f'[node.pacs]\nhost = "{LOOPBACK}"\nport = {self.port}\naet = "{AET}"\n'
            f"{more}"
        )

    def find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        asked = event.identifier
        self.asked.append(asked)
        if self.is_silent.is_set():
            event.assoc.abort()
            return
        level = asked.QueryRetrieveLevel
        wanted = [one for one in self.refuses if asked.get(one)]
        if level not in self.levels or wanted:
            yield 0xA900, None
            return
        most = self.most_rows.get(level, sys.maxsize)
        for count, row in enumerate(self.rows(level, asked)):
            if count >= most and level in self.truncates:
                return
            if event.is_cancelled or count >= most:
                yield 0xFE00, None
                return
            yield 0xFF00, row

    def rows(self, level: str, asked: Dataset) -> Iterator[Dataset]:
        groups: dict[str, list[Dataset]] = {}
        for one in self.objects:
            groups.setdefault(one[_AT[level]].value, []).append(one)
        for own in groups.values():
            answer = self.answer(own)
            if all(self.matches(answer, each) for each in asked):
                row = Dataset()
                row.QueryRetrieveLevel = level
                for each in asked:
                    if each.keyword in answer and each.keyword not in self.hides:
                        row[each.tag] = answer[each.tag]
                yield row

    def answer(self, own: list[Dataset]) -> Dataset:
        found = Dataset()
        found.update(own[0])
        study = [
            one
            for one in self.objects
            if one.StudyInstanceUID == own[0].StudyInstanceUID
        ]
        found.ModalitiesInStudy = sorted({one.Modality for one in study})
        series = {one.SeriesInstanceUID for one in study}
        found.NumberOfStudyRelatedSeries = len(series)
        found.NumberOfStudyRelatedInstances = len(study)
        found.NumberOfSeriesRelatedInstances = sum(
            one.SeriesInstanceUID == own[0].SeriesInstanceUID for one in study
        )
        for keyword, value in self.says.items():
            setattr(found, keyword, value)
        return found

    def matches(self, answer: Dataset, key: Any) -> bool:
        if key.keyword in self.ignores or not key.value or key.keyword not in answer:
            return True
        own = answer[key.keyword].value
        owns = list(own) if isinstance(own, (list, tuple)) or key.VM > 1 else [own]
        if key.VM > 1:
            return str(own) in [str(one) for one in key.value]
        text = str(key.value)
        if key.VR == "DA" and "-" in text:
            first, last = text.split("-")
            return first <= str(own) <= (last or "99999999")
        values = own if not isinstance(own, str) and hasattr(own, "__iter__") else owns
        return any(fnmatchcase(str(one), text) for one in values)

    def chosen(self, asked: Dataset) -> list[Dataset]:
        keys = [one for one in asked if one.keyword in _AT.values() and one.value]
        return [
            one
            for one in self.objects
            if all(
                one[key.keyword].value
                in (list(key.value) if key.VM > 1 else [key.value])
                for key in keys
            )
        ]

    def get(self, event: Any) -> Iterator[Any]:
        asked = event.identifier
        self.asked.append(asked)
        yield from self.handed_over(event, asked)

    def move(self, event: Any) -> Iterator[Any]:
        asked = event.identifier
        self.asked.append(asked)
        if not self.destination:
            yield None, None
            return
        yield LOOPBACK, self.destination
        yield from self.handed_over(event, asked)

    def handed_over(self, event: Any, asked: Dataset) -> Iterator[Any]:
        own = [*self.adds, *self.chosen(asked)]
        yield len(own)
        for one in own:
            if self.dies_after == 0:
                self.dies_after = -1
                event.assoc.abort()
                return
            self.dies_after -= self.dies_after > 0
            if one.SOPInstanceUID in self.fails:
                continue
            self.sent.append(one.SOPInstanceUID)
            sent = Dataset()
            sent.update(one)
            yield 0xFF00, with_meta(sent, ExplicitVRLittleEndian)


@contextmanager
def serving(archive: OddArchive, *, ssl_context: Any = None) -> Iterator[OddArchive]:
    """Have it answer, to everybody who calls it by its title."""
    ae = AE(ae_title=AET)
    ae.require_called_aet = True
    ae.dimse_timeout = ae.network_timeout = ae.acse_timeout = 30
    plain = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]
    ae.add_supported_context("1.2.840.10008.1.1", plain)
    for model in archive.models:
        ae.add_supported_context(model, plain)
    ae.add_supported_context(CTImageStorage, plain, scu_role=True, scp_role=True)
    ae.add_requested_context(CTImageStorage, plain)

    def identify(event: Any) -> tuple[bool, bytes | None]:
        archive.users.append((event.primary_field, event.secondary_field))
        return event.secondary_field != b"wrong", None

    handlers = [
        (evt.EVT_C_FIND, archive.find),
        (evt.EVT_C_GET, archive.get),
        (evt.EVT_C_MOVE, archive.move),
        (evt.EVT_USER_ID, identify),
    ]
    archive.port = free_port()
    server = ae.start_server(
        (LOOPBACK, archive.port),
        block=False,
        evt_handlers=handlers,
        ssl_context=ssl_context,
    )
    assert server is not None
    try:
        yield archive
    finally:
        ae.shutdown()
