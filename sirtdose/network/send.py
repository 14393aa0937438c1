"""Send files: verify, then store each, on new associations where one fails."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sirtdose.errors import OutputError
from sirtdose.io.dicom.header import read_dataset
from sirtdose.network.association import Peer, Rejected, associated
from sirtdose.network.classes import EXPLICIT, IMPLICIT
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.reasons import is_stored, reason

if TYPE_CHECKING:
    from pynetdicom.association import Association

# A context has an odd number of one byte.
_MOST_CONTEXTS = 126
_UID = re.compile(r"\d+(\.\d+){3,}")
_WHO = (
    *("PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames"),
    *("PatientBirthDate", "AccessionNumber", "StudyID"),
)
_NOT_NEGOTIATED = "the receiver does not accept this kind of object in this encoding"


@dataclass(frozen=True)
class Destination:
    """Where to send, and how often."""

    peer: Peer
    retries: int
    wait_s: float


@dataclass(frozen=True)
class Sent:
    """What became of a file.

    Parameters
    ----------
    file : Outgoing
    status : int or None
        The DICOM status that was answered; None where there was no answer.
    said : str
        Why it was not stored, or what was warned of; empty otherwise.
    attempts : int
    """

    file: Outgoing
    status: int | None
    said: str
    attempts: int

    @property
    def stored(self) -> bool:
        """Whether it is there now."""
        return is_stored(self.status)


def send_files(
    files: Sequence[Outgoing], to: Destination, say: Callable[[str], None]
) -> list[Sent]:
    """Send every file; each as it is encoded in it.

    Raises
    ------
    OutputError
        Nobody is there, or the association is rejected, on the last try too.
    """
    done: dict[int, Sent] = {}
    left = list(enumerate(files))
    for attempt in range(1, to.retries + 2):
        try:
            for part in _parts(left):
                done.update(_send_part(part, to, attempt))
        except OutputError as error:
            over = isinstance(error, Rejected) or attempt > to.retries
            if over and all(one.status is None for one in done.values()):
                raise
            say(str(error))
            done |= {
                number: Sent(file, None, str(error), attempt)
                for number, file in left
                if number not in done
            }
            if over:
                break
        left = [
            (number, file)
            for number, file in left
            if not done[number].stored and done[number].said != _NOT_NEGOTIATED
        ]
        if not left or attempt > to.retries:
            break
        say(f"{len(left)} of {len(files)} not stored: trying again in {to.wait_s:g} s")
        time.sleep(to.wait_s)
    return [done[number] for number in range(len(files))]


def _parts(
    files: Sequence[tuple[int, Outgoing]],
) -> Iterator[list[tuple[int, Outgoing]]]:
    """As many as the contexts of one association are enough for."""
    part: list[tuple[int, Outgoing]] = []
    contexts: set[tuple[str, str]] = set()
    for number, file in files:
        more = contexts | set(_contexts(file))
        if len(more) > _MOST_CONTEXTS:
            yield part
            part, more = [], set(_contexts(file))
        part.append((number, file))
        contexts = more
    if part:
        yield part


def _contexts(file: Outgoing) -> list[tuple[str, str]]:
    """In its own encoding; and in the one that every receiver has to know."""
    also = [IMPLICIT] if file.transfer_syntax == EXPLICIT else []
    return [(file.sop_class, syntax) for syntax in (file.transfer_syntax, *also)]


def _send_part(
    part: Sequence[tuple[int, Outgoing]], to: Destination, attempt: int
) -> Iterator[tuple[int, Sent]]:
    wanted = dict.fromkeys(one for _, file in part for one in _contexts(file))
    contexts = [(kind, [syntax]) for kind, syntax in wanted]
    with associated(to.peer, contexts) as association:
        accepted = {
            (str(one.abstract_syntax), str(one.transfer_syntax[0]))
            for one in association.accepted_contexts
        }
        for number, file in part:
            status, said = _store(association, file, accepted)
            yield number, Sent(file, status, said, attempt)


def _store(
    association: "Association", file: Outgoing, accepted: set[tuple[str, str]]
) -> tuple[int | None, str]:
    usable = [one for one in _contexts(file) if one in accepted]
    if not usable:
        return None, _NOT_NEGOTIATED
    if not association.is_established:
        return None, "the association was lost"
    try:
        if usable[0][1] == file.transfer_syntax:
            with _as_it_is():
                answer = association.send_c_store(file.path)
        else:
            answer = association.send_c_store(read_dataset(file.path))
    except (RuntimeError, ValueError, AttributeError, OSError):
        return None, "it could not be read, or the association was lost"
    status = answer.get("Status")
    if status is None:
        return None, "no answer"
    if status == 0:
        return 0, ""
    comment = "".join(
        c for c in str(answer.get("ErrorComment") or "") if c.isprintable()
    )
    if _names_someone(comment, file):
        comment = "its comment has identifiers and is not shown"
    return int(status), ": ".join(one for one in (reason(int(status)), comment) if one)


def _names_someone(comment: str, file: Outgoing) -> bool:
    """Whether a receiver's comment has a UID, or a word of whose object it is."""
    from pydicom import dcmread

    if not comment or _UID.search(comment):
        return bool(comment)
    try:
        found = dcmread(file.path, specific_tags=list(_WHO), stop_before_pixels=True)
        own = " ".join(str(found.get(keyword, "")) for keyword in _WHO)
    except Exception:  # noqa: BLE001 - a value that cannot be read may be anybody's
        return True
    words, of_patient = (
        set(re.findall(r"\w{2,}", text.casefold().replace("_", " ")))
        for text in (comment, own)
    )
    return bool(words & of_patient)


@contextmanager
def _as_it_is() -> Iterator[None]:
    """Have the library send a file's bytes, and not what it makes of them."""
    from pynetdicom import _config

    before = _config.STORE_SEND_CHUNKED_DATASET
    _config.STORE_SEND_CHUNKED_DATASET = True
    try:
        yield
    finally:
        _config.STORE_SEND_CHUNKED_DATASET = before
