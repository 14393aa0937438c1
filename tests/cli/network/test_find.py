"""`sirtdose find`: an archive searched, however odd its answers are."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydicom import Dataset

from sirtdose.cli.main import main
from tests.network_peers import NAME, PATIENT_ID, STUDY, free_port, make_object
from tests.odd_archive import OddArchive, serving

Run = Callable[..., Result]
OF_PATIENT = (NAME, "DOE", "JANE", PATIENT_ID, "19500101", "1950-01-01", "ACC-9")


def studies(count: int, **more: str) -> list[Dataset]:
    """One object each, a day apart."""
    found = []
    for number in range(1, count + 1):
        one = make_object(1, study=f"{STUDY}.{number}")
        one.StudyDate = f"202603{number % 28 + 1:02}"
        one.StudyTime, one.StudyDescription = "0930", "Y90 SPECT"
        one.PatientBirthDate, one.AccessionNumber = "19500101", "ACC-9"
        for keyword, value in more.items():
            setattr(one, keyword, value)
        found.append(one)
    return found


@pytest.fixture
def found(run: Run, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Search an archive; returns the document, and checks what is shown."""

    def call(archive: OddArchive, *words: object) -> dict[str, Any]:
        with serving(archive):
            site = tmp_path / "site.toml"
            site.write_text(archive.node(), "utf-8")
            result = run("--site", site, "find", "--from", "pacs", *words, "--json")
        assert result.exit_code == 0, result.output
        if "--show-patients" not in words:
            assert not [one for one in OF_PATIENT if one in result.output]
        document: dict[str, Any] = json.loads(result.stdout)
        return document | {"screen": result.stderr}

    return call


def test_studies_of_some_days(found: Callable[..., dict[str, Any]]) -> None:
    objects = studies(9)
    objects += [make_object(2, study=f"{STUDY}.3")]
    objects[-1].update({"StudyDate": "20260304", "Modality": "NM"})
    objects[-1].SeriesInstanceUID = f"{STUDY}.3.8"
    document = found(OddArchive(objects), "--date", "2026-03-03..2026-03-05")
    assert [
        (one["number"], one["date"], one["modalities"], one["series"], one["objects"])
        for one in document["studies"]
    ] == [
        (1, "2026-03-05", ["CT"], 1, 1),
        (2, "2026-03-04", ["CT", "NM"], 2, 2),
        (3, "2026-03-03", ["CT"], 1, 1),
    ]
    assert document["studies"][0]["study_instance_uid"] == f"{STUDY}.4"
    assert document["studies"][0]["patient"] is None
    assert STUDY not in document["screen"]
    assert "3 studies in pacs" in document["screen"]


def test_several_modalities_are_any_of_them(
    found: Callable[..., dict[str, Any]],
) -> None:
    objects = [*studies(2), *studies(3, Modality="NM")[2:]]
    words = ("--date", "2026-03-01..", "--modality")
    document = found(OddArchive(objects), *words, "nm,PET")
    assert [one["modalities"] for one in document["studies"]] == [["NM"]]
    assert len(found(OddArchive(objects), *words, "NM,CT")["studies"]) == 3


@pytest.mark.parametrize(
    "odd",
    [
        {"ignores": ("ModalitiesInStudy", "StudyDate", "PatientID")},
        {"refuses": ("ModalitiesInStudy",)},
        {"hides": ("ModalitiesInStudy", "NumberOfStudyRelatedSeries")},
        {
            "ignores": ("ModalitiesInStudy",),
            "hides": ("ModalitiesInStudy", "NumberOfStudyRelatedInstances"),
        },
    ],
)
def test_an_odd_archive_gives_the_same_answer(
    found: Callable[..., dict[str, Any]], odd: dict[str, Any]
) -> None:
    other = studies(4, PatientID="MRN-47110")[3:]
    objects = [*studies(2), *studies(3, Modality="NM")[2:], *other]
    words = ("--patient-id", PATIENT_ID, "--date", "2026-03-02..", "--modality", "NM")
    document = found(OddArchive(objects, **odd), *words)
    [one] = document["studies"]
    assert one["study_instance_uid"] == f"{STUDY}.3"
    assert one["modalities"] == ["NM"]
    assert one["series"] == 1


def test_counts_that_are_not_said_are_not_made_up(
    found: Callable[..., dict[str, Any]],
) -> None:
    hides = ("NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances")
    archive = OddArchive(studies(1), hides=(*hides, "NumberOfSeriesRelatedInstances"))
    [one] = found(archive, "--date", "2026-03-02")["studies"]
    assert (one["series"], one["objects"]) == (1, None)
    silent = OddArchive(studies(1), hides=hides, levels=("STUDY",))
    [one] = found(silent, "--date", "2026-03-02")["studies"]
    assert (one["series"], one["objects"]) == (None, None)


def test_a_limit_is_kept_and_said(found: Callable[..., dict[str, Any]]) -> None:
    document = found(OddArchive(studies(28)), "--date", "2026-03-01..", "--limit", 10)
    assert len(document["studies"]) == 10
    assert document["is_cut"]
    assert "and there are more" in document["screen"]
    document = found(OddArchive(studies(10)), "--date", "2026-03-01..", "--limit", 10)
    assert not document["is_cut"]


def test_an_archive_with_a_limit_of_its_own(
    found: Callable[..., dict[str, Any]],
) -> None:
    odd = OddArchive(studies(9), most_rows={"STUDY": 4})
    document = found(odd, "--date", "2026-03-01..")
    assert (len(document["studies"]), document["is_cut"]) == (4, True)
    [note] = document["notes"]
    assert "it gives only the first answers: there may be more studies" in note


def test_an_answer_that_cannot_be_read(
    found: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from pynetdicom import association

    usual, calls = association.decode, count()

    def decode(*words: Any) -> Dataset:
        if next(calls) == 1:
            raise ValueError("damaged")
        return usual(*words)

    monkeypatch.setattr(association, "decode", decode)
    document = found(OddArchive(studies(3)), "--date", "2026-03-01..")
    assert (len(document["studies"]), document["is_cut"]) == (2, True)
    assert "an answer cannot be read" in document["notes"][0]


def test_patients_are_shown_where_that_is_asked(
    found: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    words = ("--date", "2026-03-01..", "--show-patients", "--out", tmp_path / "out")
    document = found(OddArchive(studies(1)), *words)
    assert document["studies"][0]["patient"] == {
        "patient_id": PATIENT_ID,
        "patient_name": NAME,
        "birth_date": "1950-01-01",
        "accession_number": "ACC-9",
    }
    assert NAME in document["screen"]
    table = (tmp_path / "out" / "studies.csv").read_text("utf-8")
    assert PATIENT_ID in table
    assert table.splitlines()[0].endswith("birth_date,accession_number")


def test_patients_come_from_a_file_or_standard_input(tmp_path: Path) -> None:
    archive = OddArchive([*studies(2), *studies(3, PatientID="other")[2:]])
    table = tmp_path / "patients.csv"
    table.write_text(f"name;patient_id\nx;{PATIENT_ID}\ny;nobody\n", "utf-8")
    plain = f"\n{PATIENT_ID}\nother\n{PATIENT_ID}\n"
    with serving(archive):
        site = tmp_path / "site.toml"
        site.write_text(archive.node(), "utf-8")
        words = ["--site", str(site), "find", "--from", "pacs", "--json", "--patients"]
        of_file = CliRunner().invoke(main, [*words, str(table)])
        of_input = CliRunner().invoke(main, [*words, "-"], input=plain)
    assert len(json.loads(of_file.stdout)["studies"]) == 2, of_file.output
    assert len(json.loads(of_input.stdout)["studies"]) == 3
    assert PATIENT_ID not in of_file.output + of_input.output
    latin = CliRunner().invoke(main, [*words, "-"], input=b"M\xfcller\n")
    assert (latin.exit_code, "is not UTF-8" in latin.stderr) == (3, True), latin.output
    # Each was asked for once.
    assert [one.PatientID for one in archive.asked][2:] == [PATIENT_ID, "other"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 3, "would list the whole archive"),
        (("--modality", "NM"), 3, "would list the whole archive"),
        (("--patient-id", "47*"), 3, "has a wildcard"),
        # As a shell makes of a variable that is not set.
        (("--patient-id", " "), 3, "an identifier to search by is empty"),
        (("--accession", ""), 3, "an identifier to search by is empty"),
        (("--patients", "long.csv"), 3, "neither a list nor a table"),
        (("--date", "2026-02-30"), 2, "is not a date: write 2026-03-02"),
        (("--date", ".."), 2, "is not a date"),
        (("--date", "2026-03-02..2026-03-01"), 3, "is before the first"),
        (("--date", "2026-03-02", "--modality", "N/M"), 2, "no codes of modalities"),
        (("--patients", "no.txt"), 3, "--patients: there is no file 'no.txt'"),
        (("--patients", "empty.txt"), 3, "there is no patient ID in the file"),
        (("--patients", "table.csv"), 3, "the table has no column patient_id"),
        (("--date", "2026-03-02"), 5, "could not associate with 127.0.0.1:"),
    ],
)
def test_what_is_wrong_is_said(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    archive = OddArchive([], port=free_port())
    Path("site.toml").write_text(archive.node(), "utf-8")
    Path("empty.txt").write_text("\n", "utf-8")
    Path("table.csv").write_text("name,born\nDoe,1950\n", "utf-8")
    Path("long.csv").write_text(f"patient_id,a\n1,{'x' * 200_000}\n", "utf-8")
    result = run("--site", "site.toml", "find", "--from", "pacs", *words)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output
    assert "47" not in result.stderr.partition("127.0.0.1")[0]


def test_an_archive_that_fails_is_said(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "site.toml"

    def search(archive: OddArchive) -> str:
        with serving(archive):
            site.write_text(archive.node(), "utf-8")
            words = ("find", "--from", "pacs", "--patient-id", PATIENT_ID)
            result = run("--site", site, *words, "--out", tmp_path / "out")
        assert result.exit_code == 5, result.output
        assert PATIENT_ID not in result.output
        assert not (tmp_path / "out").exists()
        return result.stderr

    assert "does not take these keys (status A900H)" in search(
        OddArchive(studies(1), levels=())
    )
    assert "does not offer C-FIND" in search(OddArchive([], models=("1.2.840.1",)))
    dying = OddArchive(studies(1))
    dying.is_silent.set()
    assert "the association was lost" in search(dying)


def test_who_we_are_is_told_and_never_shown(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = OddArchive(studies(1))
    monkeypatch.setenv("SIRTDOSE_PACS_USER", "somebody")
    monkeypatch.setenv("SIRTDOSE_PACS_PASSWORD", "geheim")
    site = tmp_path / "site.toml"
    words = ("--site", site, "find", "--from", "pacs", "--date", "2026-03-02")
    with serving(archive):
        site.write_text(archive.node(), "utf-8")
        assert run(*words).exit_code == 0
        assert archive.users == [(b"somebody", b"geheim")]
        monkeypatch.setenv("SIRTDOSE_PACS_PASSWORD", "wrong")
        refused = run(*words)
    assert refused.exit_code == 5
    assert "or it does not accept the user and password" in refused.stderr
    assert "wrong" not in refused.output
    site.write_text(archive.node().replace("127.0.0.1", "192.0.2.1"), "utf-8")
    clear = run(*words)
    assert clear.exit_code == 3
    assert "is not sent without encryption" in clear.stderr


def test_a_password_is_of_one_node(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site.toml"
    words = ("--site", site, "find", "--from", "pacs-2", "--date", "2026-03-02")
    archive = OddArchive(studies(1))
    with serving(archive):
        twins = archive.node().replace("node.pacs", "node.pacs-2")
        twins += twins.replace("pacs-2", "PACS_2")
        site.write_text(twins, "utf-8")
        assert run(*words).exit_code == 0
        monkeypatch.setenv("SIRTDOSE_PACS_2_PASSWORD", "geheim")
        monkeypatch.setenv("SIRTDOSE_PACS_2_USER", "me")
        refused = run(*words)
    assert refused.exit_code == 3
    assert "is of the nodes pacs-2 and PACS_2 alike" in refused.stderr
    assert archive.users == []


def test_a_study_that_is_described(found: Callable[..., dict[str, Any]]) -> None:
    objects = [*studies(1), *studies(2, StudyDescription="Liver CT")[1:]]
    words = ("--date", "2026-03-01..", "--description")
    assert len(found(OddArchive(objects), *words, "Y90*")["studies"]) == 1
    assert len(found(OddArchive(objects), *words, "*")["studies"]) == 2
    for odd in ({"ignores": ("StudyDescription",)}, {"refuses": ("StudyDescription",)}):
        document = found(OddArchive(objects, **odd), *words, "y90 ?pe*")
        assert [one["description"] for one in document["studies"]] == ["Y90 SPECT"]
    # A bracket is a letter as others.
    assert found(OddArchive(objects), *words, "[LY]*")["studies"] == []
