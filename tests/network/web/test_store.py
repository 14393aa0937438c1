"""STOW-RS: each file byte for byte, in batches, and what is said of each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sirtdose.errors import OutputError
from sirtdose.network.deliver import Delivery, deliver_by_web
from sirtdose.network.outgoing import Outgoing, outgoing_files
from tests.network_peers import STUDY, write_study
from tests.web_peers import Answer, Asked, WebServer, parts_posted, web_server

JSON = "application/dicom+json"


def item(uid: str, **more: int) -> dict[str, Any]:
    tags = {"warning": "00081196", "failure": "00081197"}
    found: dict[str, Any] = {"00081155": {"vr": "UI", "Value": [uid]}}
    for key, value in more.items():
        found[tags[key]] = {"vr": "US", "Value": [value]}
    return found


def said(
    stored: list[Any], failed: list[Any] | None = None, status: int = 200
) -> Answer:
    """As a service answers (PS3.18, table 10.5.3-3)."""
    document: dict[str, Any] = {"00081199": {"vr": "SQ", "Value": stored}}
    if failed:
        document["00081198"] = {"vr": "SQ", "Value": failed}
    return Answer.json(document, status)


class Archive:
    """A service that stores, lists what it has, and can be told to do worse."""

    def __init__(self, store: Callable[[list[str]], Answer] | None = None) -> None:
        self.store = store
        self.kept: dict[str, bytes] = {}
        self.forgets: set[str] = set()
        self.search: Answer | None = None

    def __call__(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            return self.search or self.listed(int(asked.query["offset"][0]))
        found = {uid_of(one): one for one in parts_posted(asked)}
        answer = self.store(list(found)) if self.store else None
        if answer is None or answer.status < 300:
            self.kept |= found
        return answer or said([item(uid) for uid in found])

    def listed(self, offset: int) -> Answer:
        uids = sorted(set(self.kept) - self.forgets)[offset:]
        return Answer.json([{"00080018": {"vr": "UI", "Value": [uid]}} for uid in uids])


def uid_of(data: bytes) -> str:
    from io import BytesIO

    import pydicom

    return str(pydicom.dcmread(BytesIO(data), stop_before_pixels=True).SOPInstanceUID)


def store(
    server: WebServer, files: list[Outgoing], told: list[str], **more: Any
) -> Delivery:
    return deliver_by_web(files, server.service(**more), confirm=True, say=told.append)


@pytest.fixture
def files(tmp_path: Path) -> list[Outgoing]:
    write_study(tmp_path / "study", 5)
    return outgoing_files([tmp_path / "study"])[0]


def test_files_are_stored_byte_for_byte_and_found(files: list[Outgoing]) -> None:
    archive = Archive()
    with web_server(archive) as server:
        delivery = store(server, files, [])
    assert [one.status for one in delivery.sent] == [0] * 5
    assert [delivery.has(one) for one in delivery.sent] == [True] * 5
    for one in files:
        assert archive.kept[one.sop_instance] == one.path.read_bytes()
    posted, *searches = server.asked
    assert posted.path == "/dicom-web/studies"
    assert posted.headers["Accept"] == JSON
    assert 'type="application/dicom"' in posted.headers["Content-Type"]
    assert {one.path for one in searches} == {f"/dicom-web/studies/{STUDY}/instances"}
    assert delivery.confirmation is not None
    assert delivery.confirmation.said == "found by a search after storing: 5 of 5"


def test_a_partial_success_is_told_by_file(files: list[Outgoing]) -> None:
    a, b, c, d, e = (one.sop_instance for one in files)

    def answer(_: list[str]) -> Answer:
        stored = [item(a), item(b, warning=0xB000)]
        failed = [item(c, failure=0xA700), item(d, failure=0x0122)]
        return said(stored, failed, 202)

    archive = Archive(answer)
    with web_server(archive) as server:
        delivery = store(server, files, [])
    sent = {one.file.sop_instance: one for one in delivery.sent}
    assert [sent[uid].stored for uid in (a, b, c, d, e)] == [True, True] + [False] * 3
    assert sent[b].said == "stored with a warning: values were changed"
    assert sent[c].said == "out of resources"
    assert sent[d].said == "it does not take this SOP class"
    assert sent[e].said == "its answer does not mention the object"
    assert [delivery.has(sent[uid]) for uid in (a, c)] == [True, None]


def test_a_conflict_says_why_of_each(files: list[Outgoing]) -> None:
    def answer(uids: list[str]) -> Answer:
        return said([], [item(uid, failure=0xC122) for uid in uids], 409)

    with web_server(Archive(answer)) as server:
        delivery = store(server, files, [])
    assert {one.said for one in delivery.sent} == {"it does not take this encoding"}
    assert delivery.confirmation is None


def test_who_says_both_is_not_believed(files: list[Outgoing]) -> None:
    def answer(uids: list[str]) -> Answer:
        return said([item(uid) for uid in uids], [item(uids[0], failure=0x0110)])

    with web_server(Archive(answer)) as server:
        sent = store(server, files, []).sent
    assert [one.stored for one in sent] == [False, True, True, True, True]


def test_a_service_that_forgets_is_caught(files: list[Outgoing]) -> None:
    archive = Archive()
    archive.forgets = {files[2].sop_instance}
    with web_server(archive) as server:
        delivery = store(server, files, [])
    assert all(one.stored for one in delivery.sent)
    has = [delivery.has(one) for one in delivery.sent]
    assert has == [True, True, False, True, True]
    assert delivery.confirmation is not None
    assert "4 of 5" in delivery.confirmation.said


@pytest.mark.parametrize(
    ("search", "why"),
    [
        (Answer(501), "does not offer this service (HTTP 501)"),
        (Answer(200, b"<p>", "text/html"), "a page for a browser"),
        (Answer.json([{}]), "without SOPInstanceUID"),
    ],
)
def test_what_cannot_be_searched_is_said(
    files: list[Outgoing], search: Answer, why: str
) -> None:
    archive = Archive()
    archive.search = search
    with web_server(archive) as server:
        delivery = store(server, files, [])
    assert all(one.stored for one in delivery.sent)
    assert {delivery.has(one) for one in delivery.sent} == {None}
    assert delivery.confirmation is not None
    assert why in delivery.confirmation.said


@pytest.mark.parametrize("refusal", [Answer(413), Answer(hangs_up=True)])
def test_a_batch_that_is_too_large_is_halved(
    files: list[Outgoing], refusal: Answer
) -> None:
    archive = Archive(
        lambda uids: refusal if len(uids) > 2 else said(list(map(item, uids)))
    )
    told: list[str] = []
    with web_server(archive) as server:
        delivery = store(server, files, told)
    assert all(one.stored for one in delivery.sent)
    assert set(archive.kept) == {one.sop_instance for one in files}
    posted = [len(parts_posted(one)) for one in server.asked if one.method == "POST"]
    assert posted == [5, 2, 2, 1]
    assert "MB at a time" in told[0]


def test_one_file_that_is_too_large_does_not_stop_the_others(
    files: list[Outgoing],
) -> None:
    large = files[1].sop_instance
    archive = Archive(
        lambda uids: Answer(413) if large in uids else said(list(map(item, uids)))
    )
    with web_server(archive) as server:
        sent = store(server, files, []).sent
    assert [one.stored for one in sent] == [True, False, True, True, True]
    assert "so large a request (HTTP 413)" in sent[1].said


def test_what_failed_is_stored_again(files: list[Outgoing]) -> None:
    asked: list[list[str]] = []

    def answer(uids: list[str]) -> Answer:
        asked.append(uids)
        failed = uids[:1] if len(asked) < 3 else []
        stored = [item(uid) for uid in uids if uid not in failed]
        return said(stored, [item(uid, failure=0xA700) for uid in failed], 202)

    with web_server(Archive(answer)) as server:
        sent = store(server, files, [], retries=2).sent
    assert list(map(len, asked)) == [5, 1, 1]
    assert [one.attempts for one in sent] == [3, 1, 1, 1, 1]
    assert all(one.stored for one in sent)


def test_a_service_that_dies_leaves_a_word_for_each(
    files: list[Outgoing], monkeypatch: pytest.MonkeyPatch
) -> None:
    size = files[0].path.stat().st_size
    monkeypatch.setattr("sirtdose.network.web.store._BATCH_BYTES", 2 * size + 50)
    archive = Archive()
    calls: list[int] = []

    def answer(uids: list[str]) -> Answer:
        calls.append(len(uids))
        return said(list(map(item, uids))) if len(calls) == 1 else Answer(503)

    archive.store = answer
    with web_server(archive) as server:
        sent = store(server, files, []).sent
    assert [one.stored for one in sent] == [True, True, False, False, False]
    assert "HTTP 503" in sent[-1].said
    assert calls == [2, 2]


def test_a_refusal_of_all_is_raised(files: list[Outgoing]) -> None:
    for status in (401, 403, 404, 503):
        with (
            web_server(lambda _, s=status: Answer(s)) as server,
            pytest.raises(OutputError, match=f"HTTP {status}"),
        ):
            store(server, files, [])


def test_an_empty_answer_of_success_is_checked_by_a_search(
    files: list[Outgoing],
) -> None:
    archive = Archive(lambda _: Answer(200, kind=JSON))
    archive.forgets = {one.sop_instance for one in files[:4]}
    with web_server(archive) as server:
        delivery = store(server, files, [])
    assert [delivery.has(one) for one in delivery.sent] == [False] * 4 + [True]


def test_an_empty_answer_of_partial_success_is_none(files: list[Outgoing]) -> None:
    with web_server(Archive(lambda _: Answer(202, kind=JSON))) as server:
        delivery = store(server, files, [])
    assert [one.stored for one in delivery.sent] == [False] * 5
    assert "does not mention the object" in delivery.sent[0].said


def test_an_answer_that_is_no_json_is_no_success(files: list[Outgoing]) -> None:
    xml = Answer(200, b"<NativeDicomModel/>", "application/dicom+xml")
    with (
        web_server(lambda _: xml) as server,
        pytest.raises(OutputError, match="not JSON"),
    ):
        store(server, files, [])
