"""Small objects, and listeners to send them to."""

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association
from pynetdicom.dsutils import encode, split_dataset

from sirtdose.network.files import names_of
from sirtdose.network.limited_socket import Limits
from sirtdose.network.reception import Arrivals, Reception
from sirtdose.network.server import Endpoint, serving
from sirtdose.network.store import INCOMING, Store

PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
NAME = "DOE^JANE"
PATIENT_ID = "MRN-4711"
STUDY = "1.2.826.0.1.3680043.8.498.1"
LOOPBACK = "127.0.0.1"


def make_object(number: int = 1, *, study: str = STUDY, level: int = 0) -> Dataset:
    """A slice of 6 x 4 pixels."""
    found = Dataset()
    found.SOPClassUID = CTImageStorage
    found.SOPInstanceUID = f"{study}.7.{number}"
    found.StudyInstanceUID = study
    found.SeriesInstanceUID = f"{study}.7"
    found.PatientName, found.PatientID = NAME, PATIENT_ID
    found.Modality = "CT"
    found.InstanceNumber = number
    inner = Dataset()
    inner.CodeValue = "T-62000"
    found.AnatomicRegionSequence = [inner]
    found.Rows, found.Columns = 6, 4
    found.BitsAllocated = found.BitsStored = 16
    found.HighBit, found.SamplesPerPixel, found.PixelRepresentation = 15, 1, 0
    found.PhotometricInterpretation = "MONOCHROME2"
    found.PixelData = bytes([level, number % 251] * 24)
    return found


def write_object(path: Path, found: Dataset, syntax: str) -> Path:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = found.SOPClassUID
    meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    whole = FileDataset(None, found, file_meta=meta, preamble=bytes(128))
    whole.save_as(path, enforce_file_format=True)
    return path


def write_study(folder: Path, count: int, *, study: str = STUDY) -> list[Path]:
    folder.mkdir(parents=True)
    return [
        write_object(
            folder / f"{number:04}.dcm",
            make_object(number, study=study),
            ExplicitVRLittleEndian,
        )
        for number in range(1, count + 1)
    ]


def data_set(path: Path) -> bytes:
    """A file's bytes behind its header."""
    _, offset = split_dataset(path)
    return path.read_bytes()[offset:]


def kept(out: Path) -> list[Path]:
    return sorted((out / "incoming").glob("*/*.dcm"))


def half_written(out: Path) -> list[Path]:
    return list(out.rglob(".part-*"))


def free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])


@contextmanager
def associated(
    port: int,
    syntaxes: Sequence[str] = (ExplicitVRLittleEndian,),
    *,
    called: str = "SIRTDOSE",
    calling: str = "PEER",
) -> Iterator[Association]:
    """An association with a listener, released at the end if it is there still."""
    ae = AE(ae_title=calling)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
    contexts = [build_context("1.2.840.10008.1.1")]
    contexts += [build_context(CTImageStorage, one) for one in syntaxes]
    contexts.append(build_context("1.2.840.10008.5.1.4.1.1.20"))
    association = ae.associate(LOOPBACK, port, contexts=contexts, ae_title=called)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def send_half(association: Association) -> None:
    """Begin to send an object, and stop in the middle."""
    sent = association.dul.socket
    assert sent is not None
    assert sent.socket is not None
    sent.socket.sendall(struct.pack(">BBL", 4, 0, 20_000) + bytes(9_000))


class Listener:
    """A store behind a port, in this process."""

    def __init__(
        self, out: Path, port: int, said: list[str], arrivals: Arrivals, store_of: Store
    ):
        self.out, self.port, self.said, self.arrivals = out, port, said, arrivals
        self.store_of = store_of

    @contextmanager
    def association(
        self,
        syntaxes: Sequence[str] = (ExplicitVRLittleEndian,),
        *,
        called: str = "SIRTDOSE",
        calling: str = "PEER",
    ) -> Iterator[Association]:
        with associated(
            self.port, syntaxes, called=called, calling=calling
        ) as association:
            yield association

    def store(self, found: Dataset, syntax: str = ExplicitVRLittleEndian) -> Dataset:
        """Send one object; returns the answer."""
        with self.association([syntax]) as association:
            return association.send_c_store(with_meta(found, syntax))

    def store_raw(
        self,
        data: bytes,
        *,
        sop_class: str = CTImageStorage,
        instance: str = "",
        syntax: str = ExplicitVRLittleEndian,
    ) -> int:
        """Send bytes as what they may not be; returns the status."""
        from pynetdicom.dimse_primitives import C_STORE

        with self.association([syntax]) as association:
            request = C_STORE()
            request.MessageID, request.Priority = 1, 2
            request.AffectedSOPClassUID = sop_class
            request.AffectedSOPInstanceUID = instance or f"{STUDY}.7.1"
            request.DataSet = BytesIO(data) if data else None
            context = next(
                one
                for one in association.accepted_contexts
                if one.abstract_syntax == CTImageStorage
            )
            assert context.context_id is not None
            association._reactor_checkpoint.clear()
            while not association._is_paused:
                time.sleep(0.001)
            association.dimse.send_msg(request, context.context_id)
            _, answer = association.dimse.get_msg(block=True)
            association._reactor_checkpoint.set()
            assert isinstance(answer, C_STORE)
            assert answer.Status is not None
            return int(answer.Status)


def with_meta(found: Dataset, syntax: str) -> Dataset:
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = syntax
    return found


def encoded(found: Dataset, *, implicit: bool = False) -> bytes:
    data = encode(found, implicit, True)
    assert data is not None
    return data


@contextmanager
def listening(
    out: Path,
    *,
    allowed: tuple[str, ...] = (),
    most: int = 4,
    object_bytes: int = 10**8,
    timeout_s: float = 20.0,
    reserve_bytes: int = 0,
    settle_s: float = 1.0,
) -> Iterator[Listener]:
    out.mkdir(exist_ok=True)
    said: list[str] = []
    store = Store(out / INCOMING, names_of(out), reserve_bytes=reserve_bytes)
    arrivals = Arrivals(settle_s)
    limits = Limits(65536, object_bytes, timeout_s)
    endpoint = Endpoint(LOOPBACK, 0, "SIRTDOSE", allowed, most, limits)
    reception = Reception(store, arrivals, said.append, object_bytes=object_bytes)
    with serving(endpoint, reception, said.append) as (_, port):
        yield Listener(out, port, said, arrivals, store)


class Program:
    """`sirtdose listen` in a process of its own."""

    def __init__(self, out: Path, *words: object, port: int = 0) -> None:
        self.out = out
        self.said: list[str] = []
        self.process = subprocess.Popen(
            [*PROGRAM, "listen", "--out", out, "--port", str(port), *map(str, words)],
            stderr=subprocess.PIPE,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.port = int(self.wait_for("listening at ").split(":")[-1].split()[0])

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip())

    def wait_for(self, text: str, seconds: float = 40) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.said):
                if text in line:
                    return line
            if self.process.poll() is not None:
                self._thread.join()
                if not any(text in line for line in self.said):
                    break
            time.sleep(0.02)
        raise AssertionError((text, self.said, self.process.poll()))

    def end(self, number: int) -> int:
        """Send a signal and wait; returns the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(40)
        self._thread.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    @property
    def text(self) -> str:
        return "\n".join(self.said)


COMMITMENT = "1.2.840.10008.1.20.1"


@contextmanager
def archive(
    *, stores: Callable[[Any], int], commits: Callable[[str], int | None] | None
) -> Iterator[int]:
    """An archive with storage commitment, reported on our association; yields its port.

    `commits` gives a reason of failure for an object's UID, or None where it is kept;
    itself None, no commitment is offered.
    """
    ae = AE(ae_title="PACS")
    ae.add_supported_context(CTImageStorage, ExplicitVRLittleEndian)
    ae.add_supported_context("1.2.840.10008.1.1")
    if commits is not None:
        ae.add_supported_context(COMMITMENT)

    def report(association: Association, asked: Dataset) -> None:
        said = Dataset()
        said.TransactionUID = asked.TransactionUID
        said.ReferencedSOPSequence, said.FailedSOPSequence = [], []
        assert commits is not None
        for one in asked.ReferencedSOPSequence:
            one.FailureReason = commits(one.ReferencedSOPInstanceUID)
            if one.FailureReason is None:
                del one.FailureReason
                said.ReferencedSOPSequence.append(one)
            else:
                said.FailedSOPSequence.append(one)
        kind = 2 if said.FailedSOPSequence else 1
        association.send_n_event_report(said, kind, COMMITMENT, f"{COMMITMENT}.1")

    def act(event: Any) -> tuple[int, None]:
        words = (event.assoc, event.action_information)
        threading.Timer(0.05, report, words).start()
        return 0, None

    handlers: list[Any] = [(evt.EVT_C_STORE, stores), (evt.EVT_C_ECHO, lambda _: 0)]
    handlers.append((evt.EVT_N_ACTION, act))
    port = free_port()
    server = ae.start_server((LOOPBACK, port), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield port
    finally:
        ae.shutdown()


def wait_until(true: Callable[[], Any], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def dcmtk(name: str) -> str:
    """A program of dcmtk, or a skip that says so."""
    from shutil import which

    # pynetdicom brings programs of the same names along with itself.
    own = Path(sys.executable).parent
    folders = os.environ["PATH"].split(os.pathsep)
    found = which(name, path=os.pathsep.join(f for f in folders if Path(f) != own))
    if found is None:
        pytest.skip(f"needs {name} of dcmtk")
    return found
