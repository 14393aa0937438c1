"""`sirtdose listen` and `sirtdose send` within TLS, with certificates made here."""

import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.certificates import make_pki
from tests.network_peers import (
    LOOPBACK,
    Program,
    dcmtk,
    free_port,
    kept,
    wait_until,
    write_study,
)

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pki(tmp_path_factory.mktemp("pki"))


def own(pki: Path, authority: str = "ca") -> tuple[object, ...]:
    ours = ("--tls-certificate", pki / "own.pem", "--tls-key", pki / "own.key")
    return (*ours, "--tls-ca", pki / f"{authority}.pem")


def test_only_who_has_a_certificate_is_let_in(
    run: Run, pki: Path, tmp_path: Path
) -> None:
    program = dcmtk("storescu")
    files = write_study(tmp_path / "study", 4)
    out = tmp_path / "out"
    listener = Program(out, "--reserve", "1MB", "--timeout", "60s", *own(pki))
    to = ("--to", f"{LOOPBACK}:{listener.port}", "--aet", "SIRTDOSE", "--retries", 0)
    words = [program, "-aec", "SIRTDOSE", LOOPBACK, str(listener.port)]
    tls = ["+tls", str(pki / "own.key"), str(pki / "own.pem"), "+cf"]
    try:
        given = [*words, *tls, str(pki / "ca.pem"), str(files[0])]
        assert subprocess.run(given, capture_output=True).returncode == 0
        assert len(kept(out)) == 1
        # Without TLS, and without a certificate.
        plain = subprocess.run([*words, str(files[1])], capture_output=True)
        assert plain.returncode != 0
        assert run("send", files[1], *to).exit_code == 5
        nobody = run("send", files[1], *to, "--tls-ca", pki / "ca.pem")
        assert nobody.exit_code == 5
        # Who does not believe the listener.
        refused = run("send", files[1], *to, *own(pki, "stranger"))
        assert refused.exit_code == 5
        assert "a certificate was not trusted" in refused.stderr
        assert len(kept(out)) == 1
        # One that says nothing holds up nobody.
        with socket.create_connection((LOOPBACK, listener.port), 5):
            sent = run("send", *files, *to, *own(pki))
        assert sent.exit_code == 0, (sent.stderr, listener.text)
        wait_until(lambda: len(kept(out)) == 4)
    finally:
        assert listener.end(signal.SIGTERM) == 0
    assert "Traceback" not in listener.text


def test_who_is_refused_is_told_with_address_and_reason(
    run: Run, pki: Path, tmp_path: Path
) -> None:
    [path] = write_study(tmp_path / "study", 1)
    out = tmp_path / "out"
    listener = Program(out, "--reserve", "1MB", *own(pki))
    to = ("--to", f"{LOOPBACK}:{listener.port}", "--aet", "SIRTDOSE", "--retries", 0)
    believes = ("--tls-ca", pki / "ca.pem")
    unknown = ("--tls-certificate", pki / "stranger.pem")
    unknown += ("--tls-key", pki / "stranger.key")
    refusals = {
        "it does not speak TLS": (),
        "it has no certificate, which --tls-ca asks for": believes,
        "its certificate is not trusted": (*unknown, *believes),
        "it does not trust our certificate": own(pki, "stranger"),
    }
    try:
        for why, words in refusals.items():
            assert run("send", path, *to, *words).exit_code == 5
            said = listener.wait_for(f"{LOOPBACK}: refused: {why}")
            assert "stranger" not in said
            assert "DOE" not in said
        with socket.create_connection((LOOPBACK, listener.port), 5):
            pass
        listener.wait_for(
            f"{LOOPBACK}: refused: it disconnected before TLS was established"
        )
        assert run("send", path, *to, *own(pki)).exit_code == 0
    finally:
        assert listener.end(signal.SIGTERM) == 0
    assert len(kept(out)) == 1
    assert "Traceback" not in listener.text


def test_a_large_object_passes_and_its_limit_holds(
    run: Run, pki: Path, tmp_path: Path
) -> None:
    from pydicom.uid import ExplicitVRLittleEndian

    from tests.network_peers import make_object, write_object

    files = []
    for number, size in ((1, 1500), (2, 2500)):
        large = make_object(number)
        large.Rows, large.Columns = size, 1000
        large.PixelData = bytes(2000 * size)
        path = tmp_path / f"{number}.dcm"
        files.append(write_object(path, large, ExplicitVRLittleEndian))
    out = tmp_path / "out"
    most = ("--max-object-size", "3MB", "--reserve", "1MB")
    listener = Program(out, *most, *own(pki))
    to = ("--to", f"{LOOPBACK}:{listener.port}", "--aet", "SIRTDOSE", "--retries", 0)
    assert run("send", files[0], *to, *own(pki)).exit_code == 0
    assert run("send", files[1], *to, *own(pki)).exit_code == 5
    listener.wait_for("an object over 3 MB")
    assert listener.end(signal.SIGTERM) == 0
    assert len(kept(out)) == 1


def test_storescp_within_tls_receives(run: Run, pki: Path, tmp_path: Path) -> None:
    program, port, there = dcmtk("storescp"), free_port(), tmp_path / "there"
    there.mkdir()
    [path] = write_study(tmp_path / "study", 1)
    words = [program, "-aet", "PACS", "-od", str(there), "+tls", str(pki / "own.key")]
    words += [str(pki / "own.pem"), "+cf", str(pki / "ca.pem"), str(port)]
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    to = ("--to", f"{LOOPBACK}:{port}", "--aet", "PACS")
    try:
        result = run("send", path, *to, *own(pki), "--retries", 20, "--wait", "0.2s")
    finally:
        process.terminate()
        process.wait(20)
    assert result.exit_code == 0, result.stderr
    assert len(list(there.iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--tls-key", "own.key"), 2, "--tls-key is for --tls-certificate"),
        (("--tls-ca", "ca.pem"), 2, "needs --tls-certificate"),
        (("--tls-certificate", "none.pem"), 3, "cannot read none.pem"),
        (("--tls-certificate", "own.pem"), 3, "give matching PEM files"),
        (("--tls-certificate", "own.pem", "--tls-key", "ca.key"), 3, "give matching "
        "PEM files"),
        (
            (*("--tls-certificate", "own.pem", "--tls-key", "own.key"),
             *("--tls-ca", "own.key")),
            3,
            "own.key cannot be used as certificates",
        ),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_said(
    run: Run,
    pki: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(pki)
    result = run("listen", "--out", tmp_path / "out", "--port", 0, *words)
    assert result.exit_code == code, result.stderr
    assert said in result.stderr
