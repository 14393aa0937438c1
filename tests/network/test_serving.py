"""What a listener takes in, and what it refuses, with pynetdicom on the other side."""

import errno
import os
import socket
import struct
import threading
import time
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    RLELossless,
)

from sirtdose.errors import OutputError
from sirtdose.network.addresses import is_loopback
from sirtdose.network.files import names_of
from sirtdose.network.limited_socket import Limits
from sirtdose.network.reception import Reception
from sirtdose.network.server import Endpoint, serving
from sirtdose.network.store import INCOMING, Store
from tests.network_peers import (
    LOOPBACK,
    NAME,
    PATIENT_ID,
    STUDY,
    data_set,
    encoded,
    half_written,
    kept,
    listening,
    make_object,
    send_half,
    wait_until,
    with_meta,
)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_an_object_is_kept_as_it_came(tmp_path: Path, syntax: str) -> None:
    with listening(tmp_path) as listener:
        assert listener.store(make_object(), syntax).Status == 0
        [path] = kept(tmp_path)
        sent = encoded(make_object(), implicit=syntax == ImplicitVRLittleEndian)
        assert data_set(path) == sent
        found = pydicom.dcmread(path)
        assert found.file_meta.TransferSyntaxUID == syntax
        assert found.file_meta.MediaStorageSOPInstanceUID == found.SOPInstanceUID
        assert found.PixelData == make_object().PixelData
        said = " ".join([*listener.said, *map(str, path.relative_to(tmp_path).parts)])
    for private in (NAME, "DOE", PATIENT_ID, STUDY):
        assert private not in said


def test_a_deflated_data_set_stays_as_it_is(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        assert listener.store(make_object(), DeflatedExplicitVRLittleEndian).Status == 0
        [path] = kept(tmp_path)
        again = pydicom.dcmread(path)
        assert again.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
        assert again.PixelData == make_object().PixelData
        # It is known however it comes, and so is what differs.
        assert listener.store(make_object()).Status == 0
        assert listener.store(make_object(level=9)).Status == 0xC002
    assert kept(tmp_path) == [path]


def deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return squeeze.compress(data) + squeeze.flush()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (deflated(encoded(make_object())) + b"\0", 0),
        (deflated(encoded(make_object()))[:-4], 0xC000),
        (deflated(encoded(make_object())[:-1]), 0xC000),
        (deflated(encoded(make_object())) + b"more", 0xC000),
        (encoded(make_object()), 0xC000),
        # 3 kB that inflate to 3 MB.
        (deflated(encoded(make_object()) + bytes(3_000_000)), 0xA700),
    ],
    ids=["padded", "cut off", "whole but half", "followed", "not deflated", "bomb"],
)
def test_what_inflates_to_nothing_whole_is_refused(
    tmp_path: Path, data: bytes, status: int
) -> None:
    syntax = DeflatedExplicitVRLittleEndian
    with listening(tmp_path, object_bytes=100_000) as listener:
        assert listener.store_raw(data, syntax=syntax) == status
    assert len(kept(tmp_path)) == (status == 0)


def test_a_message_without_a_data_set_is_answered(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        assert listener.store_raw(b"") == 0xC000
        assert any("the object has no data set" in one for one in listener.said)
        assert listener.store(make_object()).Status == 0


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_compressed_pixels_stay_as_they_are(tmp_path: Path, syntax: str) -> None:
    found = make_object()
    found.PixelData = encapsulate([b"\xff\x4f\xff\x51not read here.."])
    found["PixelData"].VR = "OB"
    found["PixelData"].is_undefined_length = True
    with listening(tmp_path) as listener:
        assert listener.store(found, syntax).Status == 0
    again = pydicom.dcmread(kept(tmp_path)[0])
    assert again.file_meta.TransferSyntaxUID == syntax
    assert again.PixelData == found.PixelData


def test_what_came_before_is_kept_once(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        for syntax in (ExplicitVRLittleEndian, ExplicitVRLittleEndian):
            assert listener.store(make_object(), syntax).Status == 0
        # Another encoding of the same.
        assert listener.store(make_object(), ImplicitVRLittleEndian).Status == 0
        wait_until(lambda: len([s for s in listener.said if "ended" in s]) == 3)
        counts = [s for s in listener.said if "already known" in s]
        assert "1 stored, 0 already known" in counts[0]
        assert "0 stored, 1 already known" in counts[1]
        assert "0 stored, 1 already known" in counts[2]
        private = make_object(2)
        private.private_block(0x0009, "MAKER", create=True).add_new(1, "LO", "x")
        for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian):
            assert listener.store(private, syntax).Status == 0
    assert len(kept(tmp_path)) == 2
    # Another listener at the same folder knows it too.
    with listening(tmp_path) as listener:
        assert listener.store(make_object()).Status == 0
        assert listener.store(make_object(level=9)).Status == 0xC002
    assert len(kept(tmp_path)) == 2


def test_another_object_of_the_same_uid_is_refused(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        listener.store(make_object())
        [path] = kept(tmp_path)
        before = path.read_bytes()
        answer = listener.store(make_object(level=9))
        assert answer.Status == 0xC002
        assert (
            "SOPInstanceUID is that of a different stored object"
        ) in answer.ErrorComment
        other = make_object()
        other.StudyInstanceUID = "1.2.3"
        assert listener.store(other).Status == 0xC002
        assert listener.store(make_object(level=9), ImplicitVRLittleEndian).Status == (
            0xC002
        )
        refused = [s for s in listener.said if "refused C002H" in s]
        assert len(refused) == 3
    assert kept(tmp_path) == [path]
    assert path.read_bytes() == before


def without(*keywords: str) -> Dataset:
    found = make_object()
    for keyword in keywords:
        delattr(found, keyword)
    return found


GOOD = encoded(make_object())
SEQUENCE_AT = GOOD.index(b"\x08\x00\x18\x22SQ")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (GOOD[:-1], 0xC000),
        (GOOD[: len(GOOD) // 2], 0xC000),
        (GOOD[: GOOD.index(b"\xe0\x7f\x10\x00")], 0xC000),
        (GOOD[:90], 0xC000),
        (b"\0\0", 0xC000),
        (b"GET / HTTP/1.1\r\nHost: somewhere\r\n\r\n", 0xC000),
        (bytes(range(256)) * 8, 0xC000),
        # A sequence whose item is longer than it.
        (
            GOOD[: SEQUENCE_AT + 16] + b"\xff\x00\x00\x00" + GOOD[SEQUENCE_AT + 20 :],
            0xC000,
        ),
        # The end of an item where there is none hides what follows.
        (GOOD + b"\xfe\xff\x0d\xe0\x00\x00\x00\x00" + b"hidden", 0xC000),
        (encoded(without("StudyInstanceUID")), 0xC001),
        (encoded(without("SOPInstanceUID")), 0xC001),
        (encoded(without("SOPClassUID")), 0xC001),
        (
            GOOD.replace(
                STUDY.encode() + b"\0", b"../../" + STUDY.encode()[6:] + b"\0"
            ),
            0xC001,
        ),
        (encoded(make_object(2)), 0xC003),
    ],
    ids=[
        *(
            "last byte",
            "half",
            "no pixels",
            "start",
            "two bytes",
            "http",
            "garbage",
            "long item",
        ),
        *("hidden", "no study", "no instance", "no class", "no uid", "other instance"),
    ],
)
def test_what_is_malformed_is_refused_and_nothing_of_it_kept(
    tmp_path: Path, data: bytes, status: int
) -> None:
    with listening(tmp_path) as listener:
        assert listener.store_raw(data) == status
        assert kept(tmp_path) == half_written(tmp_path) == []
        # The listener goes on.
        assert listener.store(make_object()).Status == 0
    assert len(kept(tmp_path)) == 1


def test_sequences_without_end_are_refused(tmp_path: Path) -> None:
    data = encoded(make_object())
    open_item = (
        b"\x08\x00\x18\x22SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    )
    bomb = data[:SEQUENCE_AT] + open_item * 20_000
    with listening(tmp_path) as listener:
        assert listener.store_raw(bomb) == 0xC000
        assert listener.store(make_object()).Status == 0


def test_an_object_of_another_class_is_refused(tmp_path: Path) -> None:
    found = make_object()
    found.SOPClassUID = "1.2.840.10008.5.1.4.1.1.20"
    with listening(tmp_path) as listener:
        assert listener.store_raw(encoded(found)) == 0xA900
        nuclear = "1.2.840.10008.5.1.4.1.1.20"
        assert listener.store_raw(encoded(found), sop_class=nuclear) == 0xA900
    assert kept(tmp_path) == []


def test_an_object_that_there_is_no_room_for_is_refused(tmp_path: Path) -> None:
    with listening(tmp_path, reserve_bytes=10**18) as listener:
        answer = listener.store(make_object())
        assert answer.Status == 0xA700
        assert "must stay free" in answer.ErrorComment
    assert kept(tmp_path) == half_written(tmp_path) == []


def test_a_study_that_lacks_an_object_is_known_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def store() -> Store:
        return Store(tmp_path / INCOMING, names_of(tmp_path), reserve_bytes=0)

    with listening(tmp_path) as listener:
        assert listener.store(make_object(1)).Status == 0
        [study] = store().studies()
        assert store().missing(study) == 0

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patched:
            patched.setattr("sirtdose.network.files.os.fsync", full)
            assert listener.store(make_object(2)).Status == 0xA700
            assert listener.store(make_object(3)).Status == 0xA700
        # Known to a listener that begins anew, too.
        assert store().missing(study) == 2
        assert listener.store(make_object(2)).Status == 0
        assert store().missing(study) == 1
        assert listener.store(make_object(3)).Status == 0
    assert store().missing(study) == 0


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fills_up_leaves_no_half_object(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    with listening(tmp_path) as listener:
        assert listener.store(make_object(1)).Status == 0

        def full(_: int) -> None:
            raise OSError(number, os.strerror(number))

        with monkeypatch.context() as patched:
            patched.setattr("sirtdose.network.files.os.fsync", full)
            assert listener.store(make_object(2)).Status == 0xA700
        assert len(kept(tmp_path)) == 1
        assert half_written(tmp_path) == []
        assert listener.store(make_object(2)).Status == 0
    assert len(kept(tmp_path)) == 2


def test_an_association_is_rejected_with_the_reason(tmp_path: Path) -> None:
    with listening(tmp_path, allowed=("PEER", "PACS"), most=2) as listener:
        with listener.association(called="OTHER") as wrong:
            assert wrong.is_rejected
        with listener.association(calling="STRANGER") as stranger:
            assert stranger.is_rejected
        with (
            listener.association() as one,
            listener.association(calling="PACS") as two,
            listener.association() as three,
        ):
            assert one.is_established
            assert two.is_established
            assert three.is_rejected
            assert two.send_c_echo().Status == 0
        wait_until(lambda: sum("association ended" in s for s in listener.said) == 2)
        with listener.association() as again:
            assert again.is_established
        said = " ".join(listener.said)
    assert "it called an AE title that is not this one" in said
    assert "STRANGER at 127.0.0.1: association rejected: its AE title is not" in said
    assert "maximum number of associations" in said


def test_an_association_that_ended_leaves_its_place_at_once(tmp_path: Path) -> None:
    with listening(tmp_path, most=1) as listener:
        for _ in range(10):
            listener.said.clear()
            with listener.association() as one:
                assert one.is_established
            wait_until(lambda: any("association ended" in s for s in listener.said))


def test_only_this_machine_reaches_it(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        socket.create_connection((LOOPBACK, listener.port), 5).close()
        # Of this machine too, but another address.
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", listener.port), 5)
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("::")
    assert not is_loopback("192.0.2.1")
    assert not is_loopback("")


def test_a_port_in_use_is_said(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        store = Store(tmp_path / INCOMING, names_of(tmp_path), reserve_bytes=0)
        reception = Reception(
            store, listener.arrivals, listener.said.append, object_bytes=1000
        )
        limits = Limits(65536, 1000, 1.0)
        endpoint = Endpoint(LOOPBACK, listener.port, "SIRTDOSE", (), 1, limits)
        with (
            pytest.raises(OutputError, match="take another port"),
            serving(endpoint, reception, listener.said.append),
        ):
            pass


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends a connection, with or without a word before."""
    connection.settimeout(10)
    try:
        while connection.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return True


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack(">BBL", 1, 0, 0xFFFFFFF0) + bytes(5000),
        struct.pack(">BBL", 4, 0, 0xFFFFFFF0) + bytes(5000),
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack(">BBL", 1, 0, 300) + bytes(100),
        b"\x01\x00",
        b"",
    ],
    ids=["long request", "long data", "http", "cut off", "three bytes", "silence"],
)
def test_a_stranger_holds_nothing_for_long(tmp_path: Path, sent: bytes) -> None:
    with listening(tmp_path, timeout_s=1.0) as listener:
        with socket.create_connection((LOOPBACK, listener.port), 5) as connection:
            connection.sendall(sent)
            assert closed(connection)
        assert listener.store(make_object()).Status == 0


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\n\r\n", None])
def test_strangers_take_no_association(tmp_path: Path, sent: bytes | None) -> None:
    """As scans of ports and checks of health do: each left a thread until its time."""
    with (
        listening(tmp_path, most=2, timeout_s=20) as listener,
        ExitStack() as open_ones,
    ):
        for _ in range(8):
            stranger = socket.create_connection((LOOPBACK, listener.port), 5)
            if sent is None:
                open_ones.enter_context(stranger)
            else:
                stranger.sendall(sent)
                stranger.close()
        assert listener.store(make_object()).Status == 0
        # And those that left are forgotten.
        if sent is not None:
            wait_until(
                lambda: (
                    not any(
                        "AcceptorThread" in one.name for one in threading.enumerate()
                    )
                )
            )
        if sent:
            told = f"{LOOPBACK}: connection closed: it does not speak DICOM"
            assert listener.said.count(told) == 8
    assert len(kept(tmp_path)) == 1


def test_drops_do_not_keep_a_connection_open(tmp_path: Path) -> None:
    with listening(tmp_path, timeout_s=1.0) as listener:
        with socket.create_connection((LOOPBACK, listener.port), 5) as connection:
            connection.sendall(struct.pack(">BBL", 1, 0, 1000))
            drops = 0
            with suppress(ConnectionResetError, BrokenPipeError):
                while drops < 900:
                    connection.sendall(b"\0")
                    time.sleep(0.05)
                    drops += 1
            # Before the unit was complete, however slow this machine is.
            assert drops < 900
        assert any("not complete in time" in one for one in listener.said)


def test_an_idle_association_is_ended(tmp_path: Path) -> None:
    with (
        listening(tmp_path, timeout_s=0.5) as listener,
        listener.association() as idle,
    ):
        wait_until(lambda: not idle.is_established)


def test_an_object_that_is_too_large_ends_its_association(tmp_path: Path) -> None:
    large = make_object()
    large.PixelData = bytes(3_000_000)
    with listening(tmp_path, object_bytes=100_000) as listener:
        with listener.association() as association:
            answer = association.send_c_store(with_meta(large, ExplicitVRLittleEndian))
            assert "Status" not in answer
        assert any("an object over 0.1 MB" in one for one in listener.said)
        assert listener.store(make_object()).Status == 0
    assert len(kept(tmp_path)) == 1


def test_what_was_not_sent_to_its_end_is_not_kept(tmp_path: Path) -> None:
    with listening(tmp_path) as listener:
        with listener.association() as association:
            assert association.send_c_store(
                with_meta(make_object(1), ExplicitVRLittleEndian)
            )
            send_half(association)
            association.abort()
        wait_until(lambda: any("1 stored" in one for one in listener.said))
    assert len(kept(tmp_path)) == 1
    assert half_written(tmp_path) == []


def test_big_endian_is_kept_as_it_came(tmp_path: Path) -> None:
    found = make_object()
    with listening(tmp_path) as listener:
        assert listener.store(found, ExplicitVRBigEndian).Status == 0
    again = pydicom.dcmread(kept(tmp_path)[0])
    assert again.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    assert again.Rows == 6
