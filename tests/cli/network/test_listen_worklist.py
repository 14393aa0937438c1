"""`sirtdose listen --worklist`: each study with the numbers of its own treatment."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sirtdose.cli.network.work import Assessing
from sirtdose.cli.network.worklist import FromWorklist
from sirtdose.network.listen import NotYet
from tests.network_peers import LOOPBACK, Program
from tests.treatment_files import HEADER, LINE, write_log, write_scan

Run = Callable[..., Result]
POST = ("--run", "post", "--settle", "0.3s", "--reserve", "1MB")
TRACER = {"Radiopharmaceutical": "Y-90 microspheres"}


def make_worklist(run: Run, folder: Path, *words: object) -> Path:
    """A worklist in a folder, of its log and studies."""
    (folder / "studies").mkdir(exist_ok=True)
    (folder / "list.csv").write_text(
        "study_instance_uid,patient_id,date,modalities\n1.9,NOBODY,2026-01-01,CT\n"
    )
    given = ("--log", folder / "log.csv", "--timezone", "Europe/Rome")
    done = run(
        *("worklist", "--from", folder / "list.csv", *given, *words),
        *("--out", folder / "worklist", "--force"),
    )
    assert done.exit_code == 0, done.stderr
    return folder / "worklist"


def test_a_study_waits_for_what_is_missing_and_gets_the_doses_of_post(
    run: Run, tmp_path: Path
) -> None:
    write_log(tmp_path / "log.csv", LINE.replace("50 MBq,10:00", ","))
    worklist = make_worklist(run, tmp_path)
    scan = write_scan(tmp_path / "scan", injection=TRACER)
    case = tmp_path / "common.toml"
    case.write_text('[options]\ncalibrate_over = "fov"\nno_dicom = true\n')
    out = tmp_path / "out"
    words = (*POST, "--worklist", worklist, "--case", case)
    listener = Program(out, *words, "--once")
    to = ("--to", f"{LOOPBACK}:{listener.port}", "--aet", "SIRTDOSE")
    assert run("send", scan, *to).exit_code == 0
    waiting = listener.wait_for("waiting: treatment ")
    assert waiting.endswith("lacks residual (0 GBq if nothing was left)")
    write_log(tmp_path / "log.csv", LINE)
    make_worklist(run, tmp_path)
    assert listener.ended() == 0, listener.text
    for private in ("4711", "Phantom", "1.2.3.1"):
        assert private not in listener.text
    given = (
        *("--administered", "2.2GBq", "--administered-at", "2026-03-02T10:00+01:00"),
        *("--residual", "50MBq", "--residual-at", "2026-03-02T10:00+01:00"),
        *("--lung-shunt", "5%", "--device", "resin", "--calibrate-over", "fov"),
    )
    done = run("post", scan, *given, "--no-dicom", "--out", tmp_path / "hand")
    assert done.exit_code == 0, done.stderr
    [result] = (out / "results").iterdir()
    by_hand = (tmp_path / "hand" / "structures.csv").read_text()
    assert (result / "structures.csv").read_text() == by_hand


class Folder:
    """A listener's folder with studies that came, and its worklist."""

    def __init__(self, out: Path, worklist: Path) -> None:
        self.out = out
        self.said: list[str] = []
        self.used: dict[str, str] = {}
        source = FromWorklist(worklist, {}, self.said.append)
        self.work = Assessing(out, None, worklist=source)

    def came(self, name: str, **study: object) -> None:
        write_scan(self.out / "incoming" / name, **study)  # type: ignore[arg-type]

    def ask(self, name: str) -> str:
        """Begin a study with its options, as the listener would."""

        def used_by(options: str) -> str | None:
            treatment = options.partition(":")[0]
            return next(
                (
                    study
                    for study, used in self.used.items()
                    if used.partition(":")[0] == treatment and study != name
                ),
                None,
            )

        self.used[name] = self.work.options_of(name, used_by)
        return self.used[name]

    def waits(self, name: str) -> str:
        with pytest.raises(NotYet) as waiting:
            self.ask(name)
        return str(waiting.value)


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Folder:
    write_log(tmp_path / "log.csv", LINE)
    return Folder(tmp_path / "out", make_worklist(run, tmp_path))


def test_one_treatments_numbers_serve_no_other_study(
    run: Run, tmp_path: Path, folder: Folder
) -> None:
    folder.came("a", injection=TRACER)
    first = folder.ask("a")
    folder.came("b", study="1.2.3.2", injection=TRACER)
    assert "has another scan already: if this is a further one" in folder.waits("b")
    # Corrected numbers are no other treatment's.
    write_log(tmp_path / "log.csv", LINE.replace("2.2", "2.3"))
    make_worklist(run, tmp_path)
    assert "has another scan already" in folder.waits("b")
    corrected = folder.ask("a")
    assert corrected != first
    assert corrected.partition(":")[0] == first.partition(":")[0]
    # A further scan that the worklist lists is one, and is said once.
    make_worklist(run, tmp_path, "--from", folder.out / "incoming")
    folder.ask("b")
    folder.ask("b")
    [said] = folder.said
    assert said.startswith("study b: a further scan of treatment ")
    assert said.endswith("whose numbers study a has too")
    folder.came("c", study="1.2.3.3", injection=TRACER)
    assert "has another scan already" in folder.waits("c")


def test_others_and_what_contradicts_wait(folder: Folder) -> None:
    folder.came("other", patient="XRN-1", study="1.2.3.4", injection=TRACER)
    assert folder.waits("other") == (
        "no treatment of this patient and day is in the worklist"
    )
    dose = {**TRACER, "RadionuclideTotalDose": "1000"}
    folder.came("a", injection=dose)
    said = folder.waits("a")
    assert "contradicts: H50: the header's RadionuclideTotalDose" in said
    assert "4711" not in said


def test_an_image_that_has_not_come_yet(folder: Folder) -> None:
    folder.came("a", injection=TRACER)
    (folder.out / "incoming" / "a" / "spect.dcm").unlink()
    assert folder.waits("a") == "it has no activity image"


def test_a_worklist_that_is_half_written_is_waited_for(
    tmp_path: Path, folder: Folder
) -> None:
    folder.came("a", injection=TRACER)
    path = tmp_path / "worklist" / "worklist.json"
    whole = path.read_text()
    path.write_text(whole[:200])
    assert "is not JSON" in folder.waits("a")
    path.write_text(whole)
    assert folder.ask("a")


def test_a_line_that_contradicts_waits_too(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE.replace("50 MBq", "3 GBq"))
    folder = Folder(tmp_path / "out", make_worklist(run, tmp_path))
    folder.came("a", injection=TRACER)
    assert "contradicts: H08: the residual, 3 GBq" in folder.waits("a")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--run", "inspect", "--worklist", "w"), 2, "--worklist is for --run post"),
        (("--run", "post", "--worklist", "none"), 3, "cannot read none"),
        (
            ("--run", "post", "--worklist", "w", "--case", "one.toml"),
            2,
            "one.toml has administered",
        ),
        (
            (
                "--run",
                "post",
                "--worklist",
                "w",
                "--case",
                "c",
                "--case-for-every-study",
            ),
            2,
            "leave out --case-for-every-study",
        ),
    ],
)
def test_refusals(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    write_log(tmp_path / "log.csv", LINE)
    make_worklist(run, tmp_path).rename(tmp_path / "w")
    (tmp_path / "one.toml").write_text('[options]\nadministered = "2GBq"\n')
    monkeypatch.chdir(tmp_path)
    done = run("listen", "--out", "out", "--port", "0", *words)
    assert (done.exit_code, said in done.stderr) == (code, True), done.stderr


def test_signals_end_it_while_it_waits(run: Run, tmp_path: Path) -> None:
    write_log(tmp_path / "log.csv", LINE)
    worklist = make_worklist(run, tmp_path)
    listener = Program(tmp_path / "out", *POST, "--worklist", worklist)
    assert listener.end(signal.SIGTERM) == 0


def test_a_study_that_the_log_names_gets_the_numbers_and_no_other(
    run: Run, tmp_path: Path
) -> None:
    header = f"{HEADER},study_uid"
    write_log(tmp_path / "log.csv", f"{LINE},1.2.3.7", header=header)
    folder = Folder(tmp_path / "out", make_worklist(run, tmp_path))
    assert "1.2.3.7" not in (tmp_path / "worklist" / "worklist.json").read_text()
    folder.came("a", study="1.2.3.1", injection=TRACER)
    assert "no treatment of this patient and day" in folder.waits("a")
    folder.came("b", study="1.2.3.7", injection=TRACER)
    folder.ask("b")


def test_a_study_that_the_log_names_of_another_patient_waits(
    run: Run, tmp_path: Path
) -> None:
    header = f"{HEADER},study_uid"
    write_log(tmp_path / "log.csv", f"{LINE},1.2.3.7", header=header)
    folder = Folder(tmp_path / "out", make_worklist(run, tmp_path))
    folder.came("a", patient="OTHER-1", study="1.2.3.7", injection=TRACER)
    assert "another PatientID" in folder.waits("a")
