"""`sirtdose send`: what the archive says of its own storing, by DICOM and DICOMweb."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.network.web.test_store import Archive, item, said
from tests.network_peers import (
    LOOPBACK,
    NAME,
    PATIENT_ID,
    archive,
    free_port,
    write_study,
)
from tests.web_peers import Answer, web_server

Run = Callable[..., Result]


def to(port: int, *more: object) -> tuple[object, ...]:
    where = ("--to", f"{LOOPBACK}:{port}", "--aet", "PACS")
    return (*where, "--wait", "0.05s", "--retries", 0, *more)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_study(tmp_path / "study", 3)
    return tmp_path / "study"


def test_committed_is_said_of_each(run: Run, study: Path) -> None:
    with archive(stores=lambda _: 0, commits=lambda _: None) as port:
        result = run("send", study, *to(port))
    assert result.exit_code == 0, result.stderr
    assert result.stderr.count("  committed   0000H") == 3
    assert "storage commitment: 3 of 3 committed" in result.stderr


def test_what_the_archive_does_not_keep_is_an_error(run: Run, study: Path) -> None:
    def commits(uid: str) -> int | None:
        return 0x0110 if uid.endswith(".2") else None

    with archive(stores=lambda _: 0, commits=commits) as port:
        result = run("send", study, *to(port), "--json")
        assert result.exit_code == 5
        assert run("send", study, *to(port, "--commitment", "no")).exit_code == 0
    sent = json.loads(result.stdout)["sent"]
    assert [one["stored"] for one in sent] == [True] * 3
    assert [one["confirmed"] for one in sent] == [True, False, True]
    assert sent[1]["said"] == "processing failure (0110H)"
    assert "stored, NOT COMMITTED" in result.stderr
    assert "2 of 3 committed" in result.stderr


def test_an_archive_without_it_is_said_in_a_line(run: Run, study: Path) -> None:
    with archive(stores=lambda _: 0, commits=None) as port:
        result = run("send", study, *to(port), "--json")
        assert result.exit_code == 0
        required = run("send", study, *to(port, "--commitment", "required"))
        assert required.exit_code == 5
    document = json.loads(result.stdout)
    assert document["confirmation"]["offered"] is False
    assert {one["confirmed"] for one in document["sent"]} == {None}
    assert result.stderr.endswith("PACS does not offer storage commitment\n")


def test_only_what_is_stored_is_asked_about(run: Run, study: Path) -> None:
    asked: list[str] = []

    def stores(event: Any) -> int:
        return 0xC000 if event.dataset.InstanceNumber == 1 else 0

    with archive(stores=stores, commits=lambda uid: asked.append(uid)) as port:
        result = run("send", study, *to(port), "--json")
    assert result.exit_code == 5
    assert [uid.rpartition(".")[2] for uid in asked] == ["2", "3"]
    sent = json.loads(result.stdout)["sent"]
    assert [one["confirmed"] for one in sent] == [None, True, True]


def test_a_port_of_ours_that_is_taken_is_said_before_anything_is_sent(
    run: Run, study: Path
) -> None:
    came: list[Any] = []
    with archive(stores=lambda e: came.append(e) or 0, commits=None) as port:
        result = run("send", study, *to(port, "--receive", port))
    assert result.exit_code == 5
    assert f"cannot receive at port {port}" in result.stderr
    assert came == []


def test_by_dicomweb_they_are_stored_and_found(
    run: Run, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIRTDOSE_127_0_0_1_TOKEN", "t0k")
    with web_server(Archive()) as server:
        words = ("--to", f"{server.url}/dicom-web", "--retries", 0)
        result = run("send", study, *words, "--json")
        assert {one.headers["Authorization"] for one in server.asked} == {"Bearer t0k"}
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {one["confirmed"] for one in document["sent"]} == {True}
    assert document["confirmation"]["by"] == "search"
    assert result.stderr.count("stored, found") == 3
    for secret in ("t0k", NAME, PATIENT_ID):
        assert secret not in result.output


def test_by_dicomweb_what_is_not_found_is_an_error(run: Run, study: Path) -> None:
    service = Archive()
    service.search = Answer.json([])
    with web_server(service) as server:
        words = ("--to", f"{server.url}/dicom-web", "--retries", 0)
        assert run("send", study, *words, "--commitment", "no").exit_code == 0
        result = run("send", study, *words)
    assert result.exit_code == 5
    assert result.stderr.count("stored, NOT FOUND") == 3


def test_a_node_of_the_site_may_be_reached_by_dicomweb(
    run: Run, study: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    service = Archive(lambda uids: said([item(uid) for uid in uids]))
    with web_server(service) as server:
        address = f'host = "{LOOPBACK}"\nport = {free_port()}\naet = "PACS"\n'
        web = f'retrieve = "web"\nweb = "{server.url}/dicom-web"\n'
        site.write_text(f"[node.pacs]\n{address}{web}")
        words = ("--to", "pacs", "--retries", 0, "--site", site)
        result = run("send", study, *words)
        assert result.exit_code == 0, result.stderr
        wrong = run("send", study, *words, "--receive", 11113)
    assert wrong.exit_code == 2
    assert "--receive is not for DICOMweb, by which pacs is reached" in wrong.stderr


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("https://a:s3cret@pacs.example/dicom-web", 3, "holds a user or a password"),
        ("https://", 3, "is not one of DICOMweb services"),
    ],
)
def test_a_wrong_address_is_refused_without_its_secret(
    run: Run, study: Path, url: str, code: int, said: str
) -> None:
    result = run("send", study, "--to", url)
    assert result.exit_code == code
    assert said in result.stderr
    assert "s3cret" not in result.stderr


def test_a_password_does_not_go_in_the_clear(
    run: Run, study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIRTDOSE_192_0_2_1_TOKEN", "t0k")
    result = run("send", study, "--to", "http://192.0.2.1/dicom-web")
    assert result.exit_code == 3
    assert "is not sent without encryption" in result.stderr
    assert "t0k" not in result.stderr


def test_reports_within_tls_need_a_certificate_of_ours(
    run: Run, study: Path, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_text("")
    more = ("--receive", 11113, "--tls-ca", tmp_path / "ca.pem")
    result = run("send", study, *to(104, *more))
    assert result.exit_code == 2
    assert "give --tls-certificate, or --commitment no" in result.stderr
