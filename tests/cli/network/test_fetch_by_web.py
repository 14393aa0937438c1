"""`sirtdose fetch` by DICOMweb: what is cut off is no file, and comes the next time."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.network_peers import NAME, PATIENT_ID, STUDY, data_set, write_study
from tests.web_peers import READER, Answer, Asked, multipart, web_server

Run = Callable[..., Result]
SERIES = f"{STUDY}.7"


def listed(tag: str, values: list[str], asked: Asked, **more: Any) -> Answer:
    rows: list[dict[str, Any]] = [
        {tag: {"vr": "UI", "Value": [one]}, **more} for one in values
    ]
    return Answer.json(rows[int(asked.query["offset"][0]) :])


class Archive:
    """One study of one series; `cuts` says how many answers end before their end."""

    def __init__(self, paths: list[Path], cuts: int) -> None:
        self.files = {
            f"{SERIES}.{number}": path.read_bytes()
            for number, path in enumerate(paths, start=1)
        }
        self.cuts = cuts

    def __call__(self, asked: Asked) -> Answer:
        last = asked.path.rpartition("/")[2]
        kind = {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.2"]}
        if last == "instances":
            return listed("00080018", list(self.files), asked, **{"00080016": kind})
        if last == "studies":
            return listed("0020000D", [STUDY], asked)
        if last == "series":
            modality = {"vr": "CS", "Value": ["CT"]}
            return listed("0020000E", [SERIES], asked, **{"00080060": modality})
        bodies = [one for uid, one in self.files.items() if uid.startswith(last)]
        if last in self.files:
            bodies = [self.files[last]]
        whole = multipart(bodies)
        if self.cuts:
            self.cuts -= 1
            return Answer(200, whole.body[: -len(whole.body) // 3], whole.kind)
        return whole


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return write_study(tmp_path / "study", 6)


def site_of(folder: Path, url: str) -> Path:
    path = folder / "site.toml"
    path.write_text(f'[node.pacs]\nweb = "{url}/dicom-web"\n')
    return path


def test_a_cut_answer_is_asked_for_again(
    run: Run,
    paths: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SIRTDOSE_PACS_USER", READER.user or "")
    monkeypatch.setenv("SIRTDOSE_PACS_PASSWORD", READER.password or "")
    out = tmp_path / "back"
    words = (
        "fetch",
        STUDY,
        "--from",
        "pacs",
        "--out",
        out,
        "--wait",
        "0.05s",
        "--json",
    )
    with web_server(Archive(paths, cuts=1)) as server, caplog.at_level(logging.DEBUG):
        site = ("--site", site_of(tmp_path, server.url))
        first = run(*words, *site, "--retries", 0)
        assert first.exit_code == 5, first.stderr
        assert json.loads(first.stdout)["studies"][0]["complete"] is False
        assert "cut off" in first.stderr
        # A study that is not complete has no folder yet.
        assert not list(out.glob("[!.]*"))
        second = run(*words, *site, "--retries", 0)
        assert second.exit_code == 0, second.stderr
        assert all("Authorization" in one.headers for one in server.asked)
    came = sorted(data_set(path) for path in out.rglob("*.dcm"))
    assert came == sorted(map(data_set, paths))
    for secret in (NAME, PATIENT_ID, STUDY, READER.password or ""):
        assert secret not in caplog.text + first.stderr + second.stderr


def test_what_was_not_asked_for_is_not_kept(
    run: Run, paths: list[Path], tmp_path: Path
) -> None:
    others = write_study(tmp_path / "other", 2, study="1.2.826.0.1.3680043.8.498.5")

    class Mixing(Archive):
        def __call__(self, asked: Asked) -> Answer:
            answer = super().__call__(asked)
            if not answer.kind.startswith("multipart"):
                return answer
            return multipart([*self.files.values(), others[0].read_bytes()])

    out = tmp_path / "back"
    with web_server(Mixing(paths, cuts=0)) as server:
        site = ("--site", site_of(tmp_path, server.url))
        words = ("--from", "pacs", "--out", out, "--retries", 0)
        run("fetch", STUDY, *words, *site)
    came = sorted(data_set(path) for path in out.rglob("*.dcm"))
    assert came == sorted(map(data_set, paths))


def test_http_beyond_this_machine_is_warned_of(run: Run, tmp_path: Path) -> None:
    site = ("--site", site_of(tmp_path, "http://no.such.host.invalid"))
    words = ("--from", "pacs", "--out", tmp_path / "back", "--retries", 0)
    result = run("fetch", STUDY, *words, *site, "--timeout", "1s")
    assert result.exit_code == 5
    assert "is reached by http, without encryption" in result.stderr
