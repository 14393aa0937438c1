"""Storage commitment: the archive's report, on either association, whatever it is."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_primitives import N_EVENT_REPORT

from sirtdose.errors import OutputError
from sirtdose.model.node import Address
from sirtdose.network.association import Peer
from sirtdose.network.commitment import receiving_reports, request_commitment
from sirtdose.network.confirmation import Confirmation
from sirtdose.network.outgoing import Outgoing
from tests.network_peers import LOOPBACK, free_port, wait_until

MODEL = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
FILES = [
    Outgoing(Path(f"{i}.dcm"), CTImageStorage, f"1.2.{i}", ExplicitVRLittleEndian)
    for i in range(1, 4)
]
UIDS = [one.sop_instance for one in FILES]


def reference(uid: str, failure: int | None = None) -> Dataset:
    one = Dataset()
    one.ReferencedSOPClassUID, one.ReferencedSOPInstanceUID = CTImageStorage, uid
    if failure is not None:
        one.FailureReason = failure
    return one


def report(
    transaction: str, kept: Sequence[str], failed: dict[str, int] | None = None
) -> Dataset:
    """As PS3.4, table J.3-2 has it."""
    said = Dataset()
    said.TransactionUID = transaction
    said.ReferencedSOPSequence = [reference(uid) for uid in kept]
    if failed:
        said.FailedSOPSequence = [reference(*one) for one in failed.items()]
    return said


class Archive:
    """An archive that answers as it is told; `asked` is what it was asked for."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[Dataset] = []
        self.callers: list[str] = []
        self.answers: list[int] = []

    def report_here(self, event: Any, said: Dataset) -> None:
        """On the association that asked, once it has its answer."""

        def send() -> None:
            answer, _ = event.assoc.send_n_event_report(
                said, 2 if "FailedSOPSequence" in said else 1, MODEL, INSTANCE
            )
            self.answers.append(int(answer.Status))

        threading.Timer(0.1, send).start()

    def report_to(self, port: int, title: str, said: Dataset, role: bool) -> None:
        """On an association of its own."""

        def send() -> None:
            ae = AE(ae_title="PACS")
            roles = [build_role(MODEL, scp_role=True)] if role else []
            association = ae.associate(
                LOOPBACK, port, [build_context(MODEL)], title, ext_neg=roles
            )
            if association.is_established:
                answer, _ = association.send_n_event_report(said, 1, MODEL, INSTANCE)
                self.answers.append(int(answer.Status))
                association.release()

        threading.Thread(target=send).start()


@contextmanager
def archive(
    act: Callable[[Archive, Any, str], int], *, offers: bool = True
) -> Iterator[Archive]:
    port = free_port()
    one = Archive(port)
    ae = AE(ae_title="PACS")
    ae.add_supported_context("1.2.840.10008.1.1")
    if offers:
        ae.add_supported_context(MODEL)

    def on_action(event: Any) -> tuple[int, None]:
        asked = event.action_information
        one.asked.append(asked)
        one.callers.append(event.assoc.requestor.ae_title)
        return act(one, event, str(asked.TransactionUID)), None

    handlers = [(evt.EVT_N_ACTION, on_action), (evt.EVT_C_ECHO, lambda _: 0)]
    server = ae.start_server((LOOPBACK, port), block=False, evt_handlers=handlers)
    try:
        yield one
    finally:
        assert server is not None
        ae.shutdown()


def asked_of(
    one: Archive, wait_s: float = 15.0, receiver: Address | None = None
) -> Confirmation:
    peer = Peer(LOOPBACK, one.port, "PACS", "SIRTDOSE", 15.0)
    with receiving_reports(receiver, None, 15.0) as reports:
        return request_commitment(FILES, peer, reports, wait_s)


def test_a_report_on_our_association() -> None:
    def act(one: Archive, event: Any, transaction: str) -> int:
        one.report_here(event, report(transaction, UIDS))
        return 0

    with archive(act) as one:
        said = asked_of(one)
    assert said.said == "storage commitment: 3 of 3 committed"
    assert [said.has(uid) for uid in UIDS] == [True] * 3
    [asked] = one.asked
    assert [x.ReferencedSOPInstanceUID for x in asked.ReferencedSOPSequence] == UIDS
    assert {x.ReferencedSOPClassUID for x in asked.ReferencedSOPSequence} == {
        CTImageStorage
    }
    assert one.answers == [0]


def test_its_answer_is_not_overtaken_by_the_end_of_the_association(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def act(one: Archive, event: Any, transaction: str) -> int:
        one.report_here(event, report(transaction, UIDS))
        return 0

    usual = DIMSEServiceProvider.send_msg

    def slow(self: Any, primitive: Any, context_id: int) -> None:
        if isinstance(primitive, N_EVENT_REPORT) and primitive.is_valid_response:
            time.sleep(0.5)
        usual(self, primitive, context_id)

    monkeypatch.setattr(DIMSEServiceProvider, "send_msg", slow)
    with archive(act) as one:
        assert asked_of(one).has(UIDS[0]) is True
        wait_until(lambda: one.answers == [0], 5)


@pytest.mark.parametrize("role", [True, False])
def test_a_report_on_an_association_of_the_archives(role: bool) -> None:
    ours = Address(LOOPBACK, free_port(), "SIRTDOSE")

    def act(one: Archive, _: Any, transaction: str) -> int:
        one.report_to(ours.port, "SIRTDOSE", report(transaction, UIDS), role)
        return 0

    with archive(act) as one:
        assert asked_of(one, receiver=ours).has(UIDS[0]) is True
        assert one.answers == [0]


def test_what_failed_is_said_with_its_reason() -> None:
    def act(one: Archive, event: Any, transaction: str) -> int:
        failed = {UIDS[1]: 0x0112, UIDS[2]: 0x0213}
        one.report_here(event, report(transaction, UIDS[:1], failed))
        return 0

    with archive(act) as one:
        said = asked_of(one)
    assert said.said == "storage commitment: 1 of 3 committed"
    assert [said.has(uid) for uid in UIDS] == [True, False, False]
    assert said.lacking[UIDS[1]] == "it does not have the object (0112H)"
    assert said.lacking[UIDS[2]] == "out of resources (0213H)"


def test_what_is_passed_over_or_both_is_not_committed() -> None:
    def act(one: Archive, event: Any, transaction: str) -> int:
        # The second is said to be kept and to have failed; the third not at all.
        one.report_here(event, report(transaction, UIDS[:2], {UIDS[1]: 0x0110}))
        return 0

    with archive(act) as one:
        said = asked_of(one)
    assert [said.has(uid) for uid in UIDS] == [True, False, False]
    assert said.lacking[UIDS[2]] == "its report does not mention the object"


def test_the_report_of_another_transaction_counts_for_nothing() -> None:
    def act(one: Archive, event: Any, _: str) -> int:
        one.report_here(event, report("1.2.3.4", UIDS))
        return 0

    with archive(act) as one:
        said = asked_of(one, wait_s=0.6)
    assert not said.answered
    assert [said.has(uid) for uid in UIDS] == [None] * 3


def test_a_report_that_cannot_be_read_is_none() -> None:
    def act(one: Archive, event: Any, transaction: str) -> int:
        broken = report(transaction, UIDS)
        del broken.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        one.report_here(event, broken)
        return 0

    with archive(act) as one:
        assert not asked_of(one, wait_s=0.6).answered
        assert one.answers == [0x0110]


def test_no_report_in_time_says_what_to_check() -> None:
    with archive(lambda *_: 0) as one:
        said = asked_of(one, wait_s=0.3)
        assert "PACS did not report on storage commitment within 0.3 s" in said.said
        assert "--receive" in said.said
        ours = Address(LOOPBACK, free_port(), "SIRTDOSE")
        said = asked_of(one, wait_s=0.3, receiver=ours)
        assert "check that it knows SIRTDOSE at this machine and port" in said.said


def test_a_request_that_is_refused_and_one_that_is_not_offered() -> None:
    with archive(lambda *_: 0x0124) as one:
        said = asked_of(one)
    assert said.offered
    assert not said.answered
    assert (
        "did not take the request for storage commitment: not authorized (0124H)"
        in (said.said)
    )
    with archive(lambda *_: 0, offers=False) as one:
        said = asked_of(one)
    assert not said.offered
    assert said.said == "PACS does not offer storage commitment"


def test_an_archive_that_ends_the_association_is_waited_for_elsewhere() -> None:
    ours = Address(LOOPBACK, free_port(), "SIRTDOSE")

    def act(one: Archive, event: Any, transaction: str) -> int:
        threading.Timer(0.1, event.assoc.abort).start()
        threading.Timer(
            0.4,
            one.report_to,
            (ours.port, "SIRTDOSE", report(transaction, UIDS), True),
        ).start()
        return 0

    with archive(act) as one:
        assert asked_of(one, receiver=ours).answered


def test_nobody_there_is_said_and_not_raised() -> None:
    one = Archive(free_port())
    said = asked_of(one)
    assert "storage commitment was not asked for: could not associate" in said.said


def test_a_port_that_is_taken_is_said() -> None:
    ours = Address(LOOPBACK, free_port(), "SIRTDOSE")
    with (
        receiving_reports(ours, None, 5.0),
        pytest.raises(OutputError, match="give another with --receive"),
        receiving_reports(ours, None, 5.0),
    ):
        raise AssertionError


def test_the_receiver_takes_no_images() -> None:
    ours = Address(LOOPBACK, free_port(), "SIRTDOSE")
    with receiving_reports(ours, None, 5.0):
        ae = AE(ae_title="STRANGER")
        contexts = [build_context(CTImageStorage), build_context("1.2.840.10008.1.1")]
        association = ae.associate(LOOPBACK, ours.port, contexts, "SIRTDOSE")
        try:
            known = {str(one.abstract_syntax) for one in association.accepted_contexts}
            assert known == {"1.2.840.10008.1.1"}
        finally:
            association.release()
