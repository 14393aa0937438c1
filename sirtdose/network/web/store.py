"""STOW-RS (DICOM PS3.18, 10.5): files in batches, and what is said of each."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.errors import OutputError
from sirtdose.network.outgoing import Outgoing
from sirtdose.network.reasons import reason
from sirtdose.network.send import Sent
from sirtdose.network.web.answers import Lost, TooLarge, json_of, value_of, values_of
from sirtdose.network.web.multipart import CutOff, FileParts
from sirtdose.network.web.service import Service

if TYPE_CHECKING:
    import requests

# Of one request; a service, or a proxy before it, may take less.
_BATCH_BYTES = 64_000_000
_JSON = "application/dicom+json"
_STORED, _FAILED = "00081199", "00081198"
_INSTANCE, _WARNING, _FAILURE = "00081155", "00081196", "00081197"
_PROCESSING_FAILURE, _SOME_STORED, _NONE_STORED = 0x0110, 202, 409
# A status, and what it means.
_Answer = tuple[int | None, str]
_SILENT: _Answer = (None, "its answer does not mention the object")


def store_files(
    files: Sequence[Outgoing],
    service: Service,
    session: "requests.Session",
    say: Callable[[str], None],
) -> list[Sent]:
    """Store every file, byte for byte as it is; again what failed, after a while.

    Raises
    ------
    OutputError
        The service refuses all, or does not answer.
    """
    storing = _Storing(service, session, say)
    done: dict[int, Sent] = {}
    left = list(range(len(files)))
    for attempt in range(1, service.retries + 2):
        answers = storing.store([files[i] for i in left])
        done |= {
            i: Sent(files[i], *answer, attempt)
            for i, answer in zip(left, answers, strict=True)
        }
        left = [i for i in left if not done[i].stored]
        if not left or storing.broken or attempt > service.retries:
            break
        say(
            f"{len(left)} of {len(files)} not stored: trying again in "
            f"{service.wait_s:g} s"
        )
        time.sleep(service.wait_s)
    return [done[i] for i in range(len(files))]


class _Storing:
    """Batches of files, as large as the service takes them.

    `broken` is what made another batch no use, and None as long as nothing has.
    """

    def __init__(
        self, service: Service, session: "requests.Session", say: Callable[[str], None]
    ) -> None:
        self.service, self.session, self.say = service, session, say
        self.most_bytes = _BATCH_BYTES
        self.broken: str | None = None
        self.has_stored = False

    def store(self, files: Sequence[Outgoing]) -> list[_Answer]:
        """What is said of each."""
        found: list[_Answer] = []
        while len(found) < len(files):
            batch = list(self._batch(files[len(found) :]))
            if self.broken is None:
                found += self._stored(batch)
            else:
                found += [(None, self.broken)] * len(batch)
        return found

    def _batch(self, files: Sequence[Outgoing]) -> Iterator[Outgoing]:
        """As many of the first as are not too large together, and one at least."""
        total = 0
        for number, file in enumerate(files):
            total += _size(file)
            if number and total > self.most_bytes:
                return
            yield file

    def _stored(self, batch: Sequence[Outgoing]) -> list[_Answer]:
        """Of a batch, or of its first half where it is too large."""
        size = sum(map(_size, batch))
        try:
            answers = self._post(batch)
        except CutOff as error:
            return [(None, str(error))] * len(batch)
        except (TooLarge, Lost) as error:
            # Who closes a connection while data come may not want so many.
            if len(batch) > 1:
                self.most_bytes = size // 2
                self.say(f"{error}: sending at most {size / 2e6:.3g} MB at a time")
                return []
            if isinstance(error, TooLarge):
                return [(None, str(error))]
            return self._broken(error, batch)
        except OutputError as error:
            return self._broken(error, batch)
        self.has_stored = True
        return answers

    def _broken(self, error: OutputError, batch: Sequence[Outgoing]) -> list[_Answer]:
        if not self.has_stored:
            raise error
        self.broken = str(error)
        self.say(self.broken)
        return [(None, self.broken)] * len(batch)

    def _post(self, batch: Sequence[Outgoing]) -> list[_Answer]:
        body = FileParts([file.path for file in batch], [_size(file) for file in batch])
        answer = self.session.post(
            f"{self.service.url}/studies",
            data=body,
            headers={"Content-Type": body.content_type, "Accept": _JSON},
        )
        said = json_of(answer, self.service)
        if said is None and answer.status_code not in (_SOME_STORED, _NONE_STORED):
            # All are stored where nothing is said (PS3.18, 10.5.3); a search will tell.
            return [(0, "")] * len(batch)
        by_uid = dict(_answers(said or {}))
        return [by_uid.get(file.sop_instance, _SILENT) for file in batch]


def _answers(said: Any) -> Iterable[tuple[str, _Answer]]:
    for of in said if isinstance(said, list) else [said]:
        for one in values_of(of, _STORED):
            warned = _status(one, _WARNING) or 0
            yield _uid(one), (warned, reason(warned) if warned else "")
        # Last: what is said to be both is not believed to be stored.
        for one in values_of(of, _FAILED):
            status = _status(one, _FAILURE) or _PROCESSING_FAILURE
            yield _uid(one), (status, reason(status))


def _uid(item: Any) -> str:
    return str(value_of(item, _INSTANCE) or "")


def _status(item: Any, tag: str) -> int | None:
    value = value_of(item, tag)
    return value if isinstance(value, int) else None


def _size(file: Outgoing) -> int:
    return file.path.stat().st_size
