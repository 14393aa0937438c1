"""`sirtdose send`: every file as it is, and what was not stored said."""

import gc
import json
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt

from tests.network_peers import (
    LOOPBACK,
    data_set,
    dcmtk,
    free_port,
    make_object,
    wait_until,
    write_object,
    write_study,
)
from tests.pdf_text import needs_pdf

Run = Callable[..., Result]


@contextmanager
def receiver(
    answer: Callable[[Any], int], *syntaxes: str, verifies: bool = True
) -> Iterator[int]:
    """Somebody else's Storage SCP; yields its port."""
    ae = AE(ae_title="PACS")
    ae.require_called_aet = True
    ae.add_supported_context(CTImageStorage, list(syntaxes))
    if verifies:
        ae.add_supported_context("1.2.840.10008.1.1")
    port = free_port()
    handlers = [(evt.EVT_C_STORE, answer), (evt.EVT_C_ECHO, lambda _: 0)]
    server = ae.start_server((LOOPBACK, port), block=False, evt_handlers=handlers)
    assert server is not None
    try:
        yield port
    finally:
        # The library raises if a rejected caller is aborted while it closes.
        with suppress(AssertionError):
            wait_until(lambda: not ae.active_associations)
        ae.shutdown()


def to(port: int, *more: object) -> tuple[object, ...]:
    where = ("--to", f"{LOOPBACK}:{port}", "--aet", "PACS")
    return (*where, "--wait", "0.05s", *more)


def test_storescp_receives_what_was_sent(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    program = dcmtk("storescp")
    doses, there = tmp_path / "doses", tmp_path / "there"
    there.mkdir()
    needs_pdf()
    given = ("--administered", "2GBq", "--pdf", "--key-images", "--out", doses)
    assert run("post", exact_voxels, *given).exit_code == 0
    port = free_port()
    # +B: data sets byte by byte as they came.
    words = [program, "-aet", "PACS", "+B", "-od", str(there), str(port)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    try:
        result = run("send", doses, *to(port, "--retries", 20, "--wait", "0.2s"))
    finally:
        process.terminate()
        process.wait(20)
    assert result.exit_code == 0, result.stderr
    sent = sorted(doses.glob("*.dcm"))
    assert [path.name for path in sent] == [
        "dose_local.dcm",
        "dose_pdf.dcm",
        *(f"dose_picture_{one}.dcm" for one in ("axial", "coronal", "dvh_1")),
        *(f"dose_picture_{one}.dcm" for one in ("overview", "sagittal")),
        *("dose_plan.dcm", "dose_report.dcm", "dose_structures.dcm"),
    ]
    assert f"{len(sent)} of {len(sent)} stored" in result.stderr
    assert "skipped, not DICOM: " in result.stderr
    came = {pydicom.dcmread(path).SOPInstanceUID: path for path in there.iterdir()}
    for path in sent:
        assert data_set(came.pop(pydicom.dcmread(path).SOPInstanceUID)) == data_set(
            path
        )
    assert came == {}


def test_data_sets_are_sent_byte_by_byte(run: Run, tmp_path: Path) -> None:
    came: list[bytes] = []

    def answer(event: Any) -> int:
        came.append(event.request.DataSet.getvalue())
        return 0

    files = write_study(tmp_path / "study", 3)
    implicit = make_object(4)
    path = write_object(tmp_path / "study" / "x", implicit, ImplicitVRLittleEndian)
    with receiver(answer, ExplicitVRLittleEndian, ImplicitVRLittleEndian) as port:
        result = run("send", tmp_path / "study", *to(port), "--json")
    assert result.exit_code == 0
    assert came == [data_set(one) for one in (*files, path)]
    document = json.loads(result.stdout)
    assert [one["status"] for one in document["sent"]] == ["0000H"] * 4
    assert document["skipped"] == []


def test_who_knows_only_implicit_little_endian_gets_it(
    run: Run, tmp_path: Path
) -> None:
    came = []

    def answer(event: Any) -> int:
        assert event.context.transfer_syntax == ImplicitVRLittleEndian
        came.append(event.dataset)
        return 0

    [path] = write_study(tmp_path / "study", 1)
    with receiver(answer, ImplicitVRLittleEndian) as port:
        assert run("send", path, *to(port)).exit_code == 0
    assert came[0].PixelData == pydicom.dcmread(path).PixelData


def test_what_failed_is_sent_again_and_only_that(run: Run, tmp_path: Path) -> None:
    asked: list[str] = []

    def answer(event: Any) -> int:
        number = event.dataset.InstanceNumber
        asked.append(str(number))
        return 0xA700 if number == 2 and asked.count("2") < 3 else 0

    write_study(tmp_path / "study", 3)
    with receiver(answer, ExplicitVRLittleEndian) as port:
        result = run("send", tmp_path / "study", *to(port, "--retries", 2), "--json")
    assert result.exit_code == 0
    assert asked == ["1", "2", "3", "2", "2"]
    sent = json.loads(result.stdout)["sent"]
    assert [one["attempts"] for one in sent] == [1, 3, 1]
    assert "1 of 3 not stored: trying again" in result.stderr


def test_a_lost_association_is_begun_anew(run: Run, tmp_path: Path) -> None:
    asked: list[int] = []

    def answer(event: Any) -> int:
        asked.append(int(event.dataset.InstanceNumber))
        if len(asked) == 2:
            event.assoc.abort()
        return 0

    write_study(tmp_path / "study", 4)
    with receiver(answer, ExplicitVRLittleEndian) as port:
        result = run("send", tmp_path / "study", *to(port, "--timeout", "4s"))
    assert result.exit_code == 0, result.stderr
    assert asked == [1, 2, 2, 3, 4]


def test_what_is_not_stored_is_said(run: Run, tmp_path: Path) -> None:
    def answer(event: Any) -> int:
        return {1: 0xB007, 2: 0xC123, 3: 0xA900}[int(event.dataset.InstanceNumber)]

    write_study(tmp_path / "study", 3)
    other = make_object(4)
    other.SOPClassUID = "1.2.840.10008.5.1.4.1.1.20"
    write_object(tmp_path / "study" / "nm.dcm", other, ExplicitVRLittleEndian)
    with receiver(answer, ExplicitVRLittleEndian, verifies=False) as port:
        result = run("send", tmp_path / "study", *to(port, "--retries", 1), "--json")
    assert result.exit_code == 5
    sent = json.loads(result.stdout)["sent"]
    assert [one["stored"] for one in sent] == [True, False, False, False]
    assert [one["attempts"] for one in sent] == [1, 2, 2, 1]
    assert "stored with a warning" in sent[0]["said"]
    assert "cannot understand the object" in sent[1]["said"]
    assert "does not match its SOP class" in sent[2]["said"]
    assert "does not accept this kind of object" in sent[3]["said"]
    assert "1 of 4 stored" in result.stderr


def test_a_wrong_title_and_nobody_there_are_said(run: Run, tmp_path: Path) -> None:
    write_study(tmp_path / "study", 2)
    with receiver(lambda _: 0, ExplicitVRLittleEndian) as port:
        where = ("--to", f"{LOOPBACK}:{port}", "--aet", "OTHER")
        wrong = run("send", tmp_path / "study", *where)
        assert wrong.exit_code == 5
        assert "its AE title is not " in wrong.stderr
    nobody = run("send", tmp_path / "study", *to(free_port(), "--retries", 1))
    assert nobody.exit_code == 5
    assert "connection refused or timed out" in nobody.stderr
    with warnings.catch_warnings():
        # The library leaves refused sockets to the collector: not to a later test's.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_only_whole_dicom_is_sent(run: Run, tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_study(study, 1)
    (study / "notes.txt").write_text("no image")
    (study / "empty.dcm").write_bytes(b"")
    (study / "cut.dcm").write_bytes(bytes(128) + b"DICM\x02\x00")
    whole = (study / "0001.dcm").read_bytes()
    (study / "half.dcm").write_bytes(whole[:-20])
    (study / ".hidden.dcm").write_bytes((study / "0001.dcm").read_bytes())
    asked: list[Any] = []
    with receiver(lambda event: asked.append(event) or 0, ExplicitVRLittleEndian) as p:
        result = run("send", study, study, *to(p))
        assert result.exit_code == 0
        assert run("send", study / "notes.txt", *to(p)).exit_code == 3
        nothing = tmp_path / "nothing"
        nothing.mkdir()
        assert "no DICOM file to send" in run("send", nothing, *to(p)).stderr
        assert run("send", tmp_path / "none", *to(p)).exit_code == 3
    wait_until(lambda: len(asked) == 1)
    for name in ("notes.txt", "empty.dcm", "cut.dcm"):
        assert name in result.stderr
    assert "skipped, its data set is damaged or cut off: half.dcm" in result.stderr


def test_a_host_that_is_none_is_said(run: Run, tmp_path: Path) -> None:
    write_study(tmp_path / "study", 1)
    more = ("--aet", "PACS", "--retries", 0)
    for host in ("no.such.host.invalid", "a..b"):
        result = run("send", tmp_path / "study", "--to", f"{host}:104", *more)
        assert result.exit_code == 5
        assert f"the host '{host}' is not known" in result.stderr


@pytest.mark.parametrize("address", ["pacs:", ":104", "pacs:0", "pacs:x"])
def test_an_address_has_a_host_and_a_port(
    run: Run, tmp_path: Path, address: str
) -> None:
    result = run("send", tmp_path, "--to", address, "--aet", "PACS")
    assert result.exit_code == 2
    assert "write HOST:PORT" in result.stderr


def test_what_cannot_be_read_is_not_said_to_be_damaged(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    write_study(tmp_path / "study", 1)
    denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    def deny(*_: object) -> None:
        raise denied

    def walk(_: Path, onerror: Callable[[OSError], None]) -> list[object]:
        denied.filename = "below"
        onerror(denied)
        return []

    monkeypatch.setattr(Path, "read_bytes", deny)
    result = run("send", tmp_path / "study", *to(1))
    assert "0001.dcm: cannot be read: Permission denied" in result.stderr
    monkeypatch.setattr(os, "walk", walk)
    result = run("send", tmp_path / "study", *to(1))
    assert result.exit_code == 3
    assert "cannot look into below: Permission denied" in result.stderr


@pytest.mark.parametrize(
    ("comment", "is_shown"),
    [
        ("quota of this AE is used up", True),
        ("no order for Jane of MRN 4711", False),
        ("duplicate of 1.2.826.0.1.3680043.8.498.1.7", False),
    ],
)
def test_a_comment_that_names_a_patient_is_not_shown(
    run: Run, tmp_path: Path, comment: str, is_shown: bool
) -> None:
    write_study(tmp_path / "study", 1)

    def refuse(_: Any) -> Any:
        answer = pydicom.Dataset()
        answer.Status, answer.ErrorComment = 0xA700, comment
        return answer

    with receiver(refuse, ExplicitVRLittleEndian) as port:
        result = run("send", tmp_path / "study", *to(port, "--retries", 0), "--json")
    assert result.exit_code == 5
    assert (comment in result.stdout) is is_shown
    assert is_shown or "has identifiers and is not shown" in result.stdout
    assert "out of resources" in result.stdout


def test_two_files_of_one_uid_that_differ(run: Run, tmp_path: Path) -> None:
    """An archive keeps one, and says of both that it has them."""
    came: list[str] = []

    def keep(event: Any) -> int:
        came.append(event.request.AffectedSOPInstanceUID)
        return 0

    folder = tmp_path / "study"
    folder.mkdir()
    for name, level in (("a.dcm", 1), ("b.dcm", 1)):
        write_object(folder / name, make_object(1, level=level), ExplicitVRLittleEndian)
    with receiver(keep, ExplicitVRLittleEndian) as port:
        assert run("send", folder, *to(port)).exit_code == 0
        assert len(came) == 2
        write_object(folder / "b.dcm", make_object(1, level=9), ExplicitVRLittleEndian)
        result = run("send", folder, *to(port))
    assert result.exit_code == 3
    assert "a.dcm and b.dcm differ but have the same SOPInstanceUID" in result.stderr
    assert len(came) == 2
