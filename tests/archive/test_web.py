"""Orthanc by DICOMweb, and its storage commitment: what goes there comes back equal."""

import asyncio
import gc
import json
import ssl
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import which

import pydicom
import pytest
from click.testing import Result
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from tests.archive.orthanc import Orthanc, running
from tests.network_peers import (
    LOOPBACK,
    NAME,
    PATIENT_ID,
    data_set,
    free_port,
    make_object,
    write_object,
    write_study,
)

pytestmark = pytest.mark.archive
Run = Callable[..., Result]
STUDY = "1.2.826.0.1.3680043.8.498.1"


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with running(tmp_path_factory.mktemp("orthanc") / "o") as one:
        yield one


@pytest.fixture
def site(orthanc: Orthanc, tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    web = f'retrieve = "web"\nweb = "{orthanc.web}"\n'
    receives = f"receive_port = {orthanc.receive_port}\n"
    path.write_text(
        orthanc.node(f'retrieve = "get"\n{receives}')
        + f"[node.web]\n{web}"
        + f"[node.deaf]\n{orthanc.node().split(chr(10), 1)[1]}"
    )
    return path


@contextmanager
def within_tls(one: Orthanc, context: ssl.SSLContext) -> Iterator[int]:
    """TLS before Orthanc, as by a proxy; its own ends the process in some builds."""
    loop = asyncio.new_event_loop()

    async def pass_on(source: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                to.write(data)
                await to.drain()
        to.close()

    async def both(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
        inner_read, inner_write = await asyncio.open_connection(LOOPBACK, one.http_port)
        await asyncio.gather(pass_on(read, inner_write), pass_on(inner_read, write))

    server = loop.run_until_complete(
        asyncio.start_server(both, LOOPBACK, 0, ssl=context)
    )
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.close()
        with warnings.catch_warnings():
            # Connections that the client did not trust: not left to a later test.
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


def mixed_study(folder: Path) -> list[Path]:
    """Slices in three encodings."""
    paths = write_study(folder, 40)
    for number, syntax in ((50, ImplicitVRLittleEndian), (51, RLELossless)):
        one = make_object(number)
        if syntax == RLELossless:
            one.file_meta = pydicom.dataset.FileMetaDataset()
            one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            one.compress(RLELossless)
        paths.append(write_object(folder / f"{number:04}.dcm", one, syntax))
    return paths


def by_uid(folder: Path) -> dict[str, tuple[str, bytes]]:
    found = {}
    for path in folder.rglob("*.dcm"):
        meta = pydicom.filereader.read_file_meta_info(path)
        uid = str(meta.MediaStorageSOPInstanceUID)
        found[uid] = (str(meta.TransferSyntaxUID), data_set(path))
    return found


def test_what_is_stored_by_dicomweb_comes_back_byte_for_byte(
    run: Run, site: Path, tmp_path: Path
) -> None:
    mixed_study(tmp_path / "study")
    sent = run("send", tmp_path / "study", "--to", "web", "--site", site, "--json")
    assert sent.exit_code == 0, sent.stderr
    assert {one["confirmed"] for one in json.loads(sent.stdout)["sent"]} == {True}
    (tmp_path / "ids").write_text(f"{PATIENT_ID}\n")
    words = ("--from", "web", "--site", site)
    ids = ("--patients", tmp_path / "ids")
    found = run("find", *words, *ids, "--out", tmp_path / "found", "--json")
    assert found.exit_code == 0, found.stderr
    [study] = json.loads(found.stdout)["studies"]
    assert study["objects"] == 42
    table = tmp_path / "found" / "studies.csv"
    fetched = run("fetch", table, *words, "--out", tmp_path / "back")
    assert fetched.exit_code == 0, fetched.stderr
    assert by_uid(tmp_path / "back") == by_uid(tmp_path / "study")
    for text in (NAME, PATIENT_ID, STUDY):
        assert text not in sent.output + found.stderr + fetched.output


def test_what_is_missing_alone_is_fetched_again(
    run: Run, site: Path, tmp_path: Path
) -> None:
    study = f"{STUDY}.77"
    write_study(tmp_path / "study", 12, study=study)
    assert run("send", tmp_path / "study", "--to", "web", "--site", site).exit_code == 0
    words = ("--from", "web", "--site", site, "--out", tmp_path / "back", "--json")
    assert run("fetch", study, *words).exit_code == 0
    for path in sorted((tmp_path / "back").rglob("*.dcm"))[:5]:
        path.unlink()
    again = run("fetch", study, *words)
    assert again.exit_code == 0, again.stderr
    assert by_uid(tmp_path / "back") == by_uid(tmp_path / "study")


def test_storage_commitment_comes_on_an_association_of_its_own(
    run: Run, site: Path, tmp_path: Path
) -> None:
    write_study(tmp_path / "study", 5, study=f"{STUDY}.78")
    words = (tmp_path / "study", "--site", site)
    result = run("send", *words, "--to", "pacs", "--commitment", "required", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {one["confirmed"] for one in document["sent"]} == {True}
    assert document["confirmation"]["said"] == "storage commitment: 5 of 5 committed"
    # Without a port of ours nobody hears of it.
    deaf = run("send", *words, "--to", "deaf", "--commit-wait", "1s", "--json")
    assert deaf.exit_code == 0, deaf.stderr
    assert json.loads(deaf.stdout)["confirmation"]["answered"] is False


def test_300_studies_are_listed(
    run: Run, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "many").mkdir()
    for number in range(300):
        one = make_object(1, study=f"{STUDY}.9.{number + 1}")
        one.StudyDate, one.PatientID = "20260302", f"P{number}"
        path = tmp_path / "many" / f"{number}.dcm"
        write_object(path, one, ExplicitVRLittleEndian)
    monkeypatch.setattr("sirtdose.network.web.search._PAGE", 70)
    assert run("send", tmp_path / "many", "--to", "web", "--site", site).exit_code == 0
    words = ("find", "--date", "2026-03-02", "--site", site, "--json")
    keys = []
    for node in ("web", "pacs"):
        result = run(*words, "--from", node)
        assert result.exit_code == 0, result.stderr
        keys.append({one["key"] for one in json.loads(result.stdout)["studies"]})
    assert len(keys[0]) == 300
    assert keys[0] == keys[1]


def test_tls_user_and_password(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = which("openssl")
    if program is None:
        pytest.skip("needs openssl")
    own = tmp_path / "own.pem"
    subprocess.run(
        [
            *(program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=archive", "-addext", f"subjectAltName=IP:{LOOPBACK}"),
            *("-keyout", str(tmp_path / "key"), "-out", str(own)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own, tmp_path / "key")
    write_study(tmp_path / "study", 2, study=f"{STUDY}.79")
    users = {"AuthenticationEnabled": True, "RegisteredUsers": {"reader": "s3cret"}}
    with running(tmp_path / "o", **users) as one, within_tls(one, context) as port:
        url = f"https://{LOOPBACK}:{port}/dicom-web"
        words = ("send", tmp_path / "study", "--to", url, "--retries", 0)
        distrusted = run(*words)
        assert distrusted.exit_code == 5
        assert "its certificate is not trusted" in distrusted.stderr
        unknown = run(*words, "--tls-ca", own)
        assert "asks for a user (HTTP 401)" in unknown.stderr
        monkeypatch.setenv("SIRTDOSE_127_0_0_1_USER", "reader")
        monkeypatch.setenv("SIRTDOSE_127_0_0_1_PASSWORD", "wr0ng")
        wrong = run(*words, "--tls-ca", own)
        assert "does not accept the user and password" in wrong.stderr
        monkeypatch.setenv("SIRTDOSE_127_0_0_1_PASSWORD", "s3cret")
        result = run(*words, "--tls-ca", own)
        assert result.exit_code == 0, result.stderr
        for secret in ("s3cret", "wr0ng"):
            assert secret not in wrong.output + result.output


def test_an_archive_that_dies_is_said(run: Run, tmp_path: Path) -> None:
    write_study(tmp_path / "study", 2, study=f"{STUDY}.80")
    with running(tmp_path / "o") as one:
        web = one.web
    words = ("send", tmp_path / "study", "--retries", 1, "--wait", "0.1s")
    result = run(*words, "--to", web)
    assert result.exit_code == 5
    assert "could not connect to" in result.stderr
    other = run(*words, "--to", f"http://{LOOPBACK}:{free_port()}/dicom-web")
    assert other.exit_code == 5
