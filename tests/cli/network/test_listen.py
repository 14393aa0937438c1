"""`sirtdose listen`: nothing is lost, nothing is processed twice."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result
from pydicom.uid import generate_uid
from pynetdicom.association import Association

from sirtdose.network.records import Records
from tests.network_peers import (
    LOOPBACK,
    NAME,
    PATIENT_ID,
    STUDY,
    Program,
    associated,
    free_port,
    half_written,
    kept,
    send_half,
    wait_until,
    write_study,
)

Run = Callable[..., Result]
INSPECT = ("--run", "inspect", "--reserve", "1MB")


def runs_of(out: Path) -> list[dict[str, Any]]:
    """Every run that was written down."""
    return [
        run
        for path in sorted((out / "studies").glob("*.json"))
        for run in json.loads(path.read_text("utf-8"))["runs"]
    ]


def send(run: Run, port: int, *sources: object) -> Result:
    to = ("--to", f"{LOOPBACK}:{port}", "--aet", "SIRTDOSE", "--retries", "0")
    return run("send", *sources, *to)


def results_of(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "results").iterdir())


def test_interrupted_twice_a_study_is_complete_and_processed_once(
    run: Run, tmp_path: Path
) -> None:
    files = write_study(tmp_path / "study", 60)
    out, port = tmp_path / "out", free_port()

    def store(association: Association, paths: list[Path]) -> None:
        for path in paths:
            assert association.send_c_store(path).Status == 0
        send_half(association)

    # Nothing is processed but by the last of them, however long a sender is away.
    keeping = (*INSPECT, "--settle", "24h")
    listener = Program(out, *keeping, port=port)
    with associated(port) as first:
        store(first, files[:10])
        first.abort()
    listener.wait_for("10 stored, 0 already known")
    with associated(port) as second:
        store(second, files[:30])
        assert listener.end(signal.SIGKILL) == -signal.SIGKILL
    assert len(kept(out)) == 30
    for path in kept(out):
        pydicom.dcmread(path)
    again = Program(out, *keeping, port=port)
    again.wait_for("30 objects from an earlier run")
    assert send(run, port, *files).exit_code == 0
    again.wait_for("30 stored, 30 already known")
    assert again.end(signal.SIGTERM) == 0
    assert runs_of(out) == []
    last = Program(out, *INSPECT, "--settle", "0.1s", "--once")
    assert last.ended() == 0

    assert len(kept(out)) == 60
    assert half_written(out) == []
    sent = {pydicom.dcmread(path).SOPInstanceUID: path for path in files}
    for path in kept(out):
        found = pydicom.dcmread(path)
        original = pydicom.dcmread(sent.pop(found.SOPInstanceUID))
        assert found.PixelData == original.PixelData
        assert found == original
    assert sent == {}
    [only] = runs_of(out)
    assert (only["state"], len(only["instances"])) == ("done", 60)
    assert results_of(out) == [Path(only["folder"]).name]
    said = listener.text + again.text + last.text
    assert said.count("inspect of 60 objects started") == 1
    assert said.count("objects started") == 1
    for private in (NAME, "DOE", PATIENT_ID, STUDY):
        assert private not in said
        assert not [path for path in out.rglob("*") if private in str(path)]


def begun_and_killed(run: Run, study: Path, out: Path, *, times: int = 1) -> None:
    """A folder as listeners leave it that are killed when they begin to process."""
    keeping = Program(out, "--reserve", "1MB", "--settle", "24h")
    assert send(run, keeping.port, study).exit_code == 0
    assert keeping.end(signal.SIGTERM) == 0
    records = Records(out)
    instances = frozenset(path.stem for path in kept(out))
    for _ in range(times):
        assert records.begin(kept(out)[0].parent.name, "inspect", instances, "")
    assert [(one["state"], one["attempts"]) for one in runs_of(out)] == [
        ("running", times)
    ]


def test_killed_while_it_processes_it_does_so_once(run: Run, tmp_path: Path) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    write_study(study, 20)
    begun_and_killed(run, study, out)
    again = Program(out, *INSPECT, "--settle", "0.3s", "--once")
    again.wait_for("20 objects from an earlier run")
    assert again.ended() == 0
    [only] = runs_of(out)
    assert len(only["instances"]) == 20
    assert results_of(out) == [Path(only["folder"]).name]
    # And a third start has nothing to do.
    third = Program(out, *INSPECT, "--settle", "0.3s")
    time.sleep(1)
    assert third.end(signal.SIGTERM) == 0
    assert "from an earlier run" not in third.text
    assert "objects started" not in third.text


def test_a_study_that_lacks_objects_waits_for_them(run: Run, tmp_path: Path) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    write_study(study, 3)
    keeping = Program(out, "--reserve", "1MB", "--settle", "60s")
    assert send(run, keeping.port, study).exit_code == 0
    assert keeping.end(signal.SIGTERM) == 0
    [folder] = (out / "incoming").iterdir()
    # As a full disk leaves it: two came, for one there was no room.
    kept(out)[0].unlink()
    missing = folder / f"{'0' * 16}.missing"
    missing.touch()
    waiting = Program(out, *INSPECT, "--settle", "0.3s")
    said = waiting.wait_for("waiting: 1 of its objects could not be stored")
    assert "send them again" in said
    time.sleep(0.5)
    assert waiting.end(signal.SIGTERM) == 0
    assert runs_of(out) == []
    missing.unlink()
    complete = Program(out, *INSPECT, "--settle", "0.3s", "--once")
    assert complete.ended() == 0
    assert "inspect of 2 objects started" in complete.text


def test_doses_are_those_of_the_files_that_were_sent(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    case, out = tmp_path / "case.toml", tmp_path / "out"
    case.write_text('[options]\nadministered = "2 GBq"\nno_report = true\n', "utf-8")
    words = ("--run", "post", "--case", case, "--settle", "0.5s", "--reserve", "1MB")
    listener = Program(out, *words)
    sent = send(run, listener.port, exact_contours)
    assert sent.exit_code == 0
    assert "skipped, not DICOM: truth.json" in sent.stderr
    done = listener.wait_for("post done")
    folder = out / done.split(": ")[-1]
    alone = tmp_path / "alone"
    given = ("--administered", "2GBq", "--no-report", "--out", alone)
    assert run("post", exact_contours, *given).exit_code == 0
    ours, theirs = (
        json.loads((one / "post.json").read_text("utf-8")) for one in (folder, alone)
    )
    assert ours["doses"] == theirs["doses"]
    assert (folder / "dose_local.dcm").is_file()

    # The activity of one treatment is no other's: that study waits for its own.
    other = tmp_path / "other"
    shutil.copytree(exact_contours, other)
    for path in other.rglob("*.dcm"):
        found = pydicom.dcmread(path)
        found.StudyInstanceUID = "1.2.3.4"
        found.SOPInstanceUID = generate_uid(entropy_srcs=[found.SOPInstanceUID])
        found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
        found.save_as(path)
    send(run, listener.port, other)
    waits = listener.wait_for("waiting: ")
    assert "case.toml was used for study" in waits
    assert results_of(out) == [folder.name]
    name = waits.split("study ")[1].split(":")[0]
    assert f"write cases/{name}.toml" in waits
    (out / "cases").mkdir()
    own = '[options]\nadministered = "1 GBq"\nlung_shunt = "5%"\nno_report = true\n'
    (out / "cases" / f"{name}.toml").write_text(own, "utf-8")
    wait_until(
        lambda: [one["state"] != "running" for one in runs_of(out)] == [True] * 2
    )
    assert listener.end(signal.SIGTERM) == 0
    assert {one["state"] for one in runs_of(out)} <= {"done", "failed"}
    assert "NAME" not in listener.text


def test_what_comes_later_is_processed_into_another_folder(
    run: Run, tmp_path: Path
) -> None:
    files = write_study(tmp_path / "study", 6)
    out = tmp_path / "out"
    listener = Program(out, *INSPECT, "--settle", "0.3s")
    send(run, listener.port, *files[:4])
    first = listener.wait_for("inspect done").split(": ")[-1]
    # The same again changes nothing.
    send(run, listener.port, *files[:4])
    time.sleep(1)
    assert listener.text.count("objects started") == 1
    send(run, listener.port, *files)
    second = listener.wait_for(f"{first}-2").split(": ")[-1]
    assert f"{first} lacks 2 of its objects: do not use it" in listener.text
    assert listener.end(signal.SIGTERM) == 0
    counts = [len(one["instances"]) for one in runs_of(out)]
    assert counts == [4, 6]
    documents = [
        json.loads((out / one / "inspection.json").read_text("utf-8"))
        for one in (first, second)
    ]
    assert [one["found"][0]["files"] for one in documents] == [4, 6]


def test_a_run_that_fails_is_kept_and_does_not_end_the_listener(
    run: Run, tmp_path: Path
) -> None:
    case, out = tmp_path / "case.toml", tmp_path / "out"
    case.write_text('[options]\nadministered = "2 GBq"\n', "utf-8")
    words = ("--run", "post", "--case", case, "--settle", "0.3s", "--reserve", "1MB")
    write_study(tmp_path / "study", 3)
    listener = Program(out, *words, "--case-for-every-study")
    send(run, listener.port, tmp_path / "study")
    assert "no activity image found" in listener.wait_for("post failed")
    write_study(tmp_path / "another", 3, study="1.2.3")
    send(run, listener.port, tmp_path / "another")
    wait_until(lambda: listener.text.count("post failed") == 2)
    assert listener.end(signal.SIGTERM) == 0
    assert [one["state"] for one in runs_of(out)] == ["failed", "failed"]
    assert runs_of(out)[0]["exit_code"] == 3
    assert results_of(out) == []
    # With --once its exit code is the run's.
    write_study(tmp_path / "third", 3, study="1.2.4")
    once = Program(out, *words, "--case-for-every-study", "--once")
    send(run, once.port, tmp_path / "third")
    assert once.ended() == 3
    assert "Traceback" not in listener.text + once.text


@pytest.mark.slow
def test_a_run_that_failed_is_tried_again_with_other_options(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    case, out = tmp_path / "case.toml", tmp_path / "out"
    text = '[options]\nadministered = "{} GBq"\nlung_shunt = "5%"\nno_report = true\n'
    case.write_text(text.format(2) + 'role = ["NONE=tumor"]\n', "utf-8")
    words = ("--run", "post", "--case", case, "--settle", "0.3s", "--reserve", "1MB")
    listener = Program(out, *words)
    send(run, listener.port, exact_contours)
    listener.wait_for("post failed")
    time.sleep(1)
    assert listener.text.count("objects started") == 1
    assert listener.end(signal.SIGTERM) == 0
    # Another start says so, and does not try the same again.
    again = Program(out, *words)
    again.wait_for("post failed before: ")
    time.sleep(1)
    assert "objects started" not in again.text
    case.write_text(text.format(2), "utf-8")
    again.wait_for("post done")
    assert again.end(signal.SIGTERM) == 0
    assert [one["state"] for one in runs_of(out)] == ["failed", "done"]
    assert len(results_of(out)) == 1


def test_a_run_that_takes_the_listener_along_is_said_to_have_failed(
    run: Run, tmp_path: Path
) -> None:
    study, out = tmp_path / "study", tmp_path / "out"
    write_study(study, 20)
    begun_and_killed(run, study, out, times=3)
    listener = Program(out, *INSPECT, "--settle", "0.3s")
    listener.wait_for("inspect failed: the listener stopped 3 times during this run")
    assert listener.end(signal.SIGTERM) == 0
    assert [one["state"] for one in runs_of(out)] == ["failed"]
    third = Program(out, *INSPECT, "--settle", "0.3s")
    third.wait_for("inspect failed before: the listener stopped 3 times")
    assert third.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.slow)],
)
def test_a_signal_ends_it_in_the_middle_of_a_run(
    run: Run, exact_contours: Path, tmp_path: Path, number: int, code: int
) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        pytest.skip("needs Ctrl-C, which is ignored here")
    case, out = tmp_path / "case.toml", tmp_path / "out"
    slow = '[options]\nadministered = "2 GBq"\nmethod = ["kernel"]\ndose_grid = "ct"\n'
    case.write_text(slow, "utf-8")
    words = ("--run", "post", "--case", case, "--settle", "0.3s", "--reserve", "1MB")
    listener = Program(out, *words)
    send(run, listener.port, exact_contours)
    listener.wait_for("objects started")
    time.sleep(0.7)
    assert listener.end(number) == code
    assert "Traceback" not in listener.text
    assert listener.said[-1].endswith(" ends")
    # It was not ended by itself, so it counts for nothing.
    assert [one["state"] for one in runs_of(out)] in ([], ["done"])
    wait_until(lambda: not list(out.rglob(".sirtdose-*")))


def test_it_listens_to_this_machine_alone_unless_told_otherwise(
    run: Run, tmp_path: Path
) -> None:
    import psutil

    out = tmp_path / "out"
    listener = Program(out)
    try:
        process = psutil.Process(listener.process.pid)
        addresses = {
            one.laddr.ip
            for one in process.net_connections("tcp")
            if one.status == psutil.CONN_LISTEN
        }
        assert addresses == {LOOPBACK}
        assert "Warning" not in listener.text

        taken = run("listen", "--out", tmp_path / "other", "--port", listener.port)
        assert taken.exit_code == 5
        assert "take another port" in taken.stderr
        shared = run("listen", "--out", out, "--port", 0)
        assert shared.exit_code == 5
        assert "another `sirtdose` writes" in shared.stderr
        away = ("--host", "0.0.0.0", "--port", listener.port)
        refused = run("listen", "--out", tmp_path / "third", *away)
        assert refused.exit_code == 5
        assert "no encryption" in refused.stderr
    finally:
        assert listener.end(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--case", "case.toml"), 2, "--case is for --run post"),
        (("--case-for-every-study",), 2, "is for --case"),
        (("--run", "post", "--case", "none.toml"), 3, "cannot read none.toml"),
        (("--run", "post", "--case", "case.toml"), 3, "was administered meant"),
        (("--run", "post", "--case", "two.toml"), 2, "give the activity once"),
        (("--ae-title", "A" * 17), 2, "not an AE title"),
        (("--ae-title", "A\\B"), 2, "not an AE title"),
        (
            ("--host", "no.such.host.invalid"),
            3,
            "--host: 'no.such.host.invalid' is not a known",
        ),
        (("--host", "192.0.2.77", "--port", "0"), 5, "cannot listen at 192.0.2.77:0"),
        (("--settle", "30"), 2, "has no unit"),
        (("--port", "70000"), 2, "70000"),
        (("--max-object-size", "1GBq"), 2, "unknown unit"),
    ],
)
def test_options_are_refused_before_anything_is_listened_to(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("case.toml").write_text('[options]\nadminstered = "2 GBq"\n', "utf-8")
    Path("two.toml").write_text("[options]\nno_report = true\n", "utf-8")
    result = run("listen", "--out", "out", *words)
    assert result.exit_code == code
    assert message in result.stderr


def test_a_folder_that_cannot_be_written_to_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run("listen", "--out", tmp_path / "file" / "out", "--port", 0)
    assert result.exit_code == 5
    assert "cannot write to" in result.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
