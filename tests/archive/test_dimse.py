"""`sirtdose find`, `fetch` and `send` with Orthanc, by C-FIND, C-GET and C-MOVE."""

import csv
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from click.testing import Result
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from tests.archive.orthanc import Orthanc, require_orthanc, running
from tests.archive.proxy import between
from tests.certificates import make_pki
from tests.network_peers import (
    LOOPBACK,
    NAME,
    PATIENT_ID,
    free_port,
    make_object,
    with_meta,
    write_object,
)
from tests.pdf_text import needs_pdf

pytestmark = pytest.mark.archive
Run = Callable[..., Result]
EVERY = ("--date", "2020-01-01..")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "from-an-archive.md"
OF_PATIENT = ("Phantom^Digital", "PHANTOM", NAME, "DOE", PATIENT_ID)


@pytest.fixture(scope="module")
def patient(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    require_orthanc()
    folder = tmp_path_factory.mktemp("phantom") / "patient"
    assert run("phantom", folder).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def orthanc(
    run: Run, patient: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Orthanc]:
    """With the digital patient, and with a patient of 300 studies."""
    folder = tmp_path_factory.mktemp("archive")
    with running(folder / "orthanc") as one:
        many = folder / "many"
        many.mkdir()
        for number in range(300):
            small = make_object(number, study=f"1.2.826.0.1.3680043.8.498.9.{number}")
            small.StudyDate = f"2019{number // 28 + 1:02}{number % 28 + 1:02}"
            small.PatientBirthDate, small.AccessionNumber = "19500101", f"A{number}"
            small.StudyID = small.StudyTime = small.ReferringPhysicianName = ""
            small.SeriesNumber = 1
            write_object(many / f"{number}.dcm", small, ExplicitVRLittleEndian)
        site = one.folder / "site.toml"
        site.write_text(one.node(), "utf-8")
        sent = run("--site", site, "send", patient, many, "--to", "pacs")
        assert sent.exit_code == 0, sent.stderr
        yield one


@pytest.fixture
def site(orthanc: Orthanc, tmp_path: Path) -> Callable[..., Path]:
    def write(*, port: int = 0, more: str = "", aet: str = "ORTHANC") -> Path:
        text = orthanc.node(more).replace("ORTHANC", aet)
        if port:
            text = text.replace(f"port = {orthanc.dicom_port}", f"port = {port}")
        path = tmp_path / "site.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def moved(orthanc: Orthanc) -> str:
    return f'receive_host = "{LOOPBACK}"\nreceive_port = {orthanc.receive_port}\n'


@pytest.fixture
def found(run: Run, site: Callable[..., Path], tmp_path: Path) -> Path:
    """What `find` wrote of the digital patient."""
    words = ("find", "--from", "pacs", *EVERY, "--out", tmp_path / "found")
    result = run("--site", site(), *words)
    assert result.exit_code == 0, result.stderr
    assert "1 study in pacs" in result.stderr
    return tmp_path / "found" / "studies.csv"


def whole(folder: Path) -> dict[str, Dataset]:
    return {
        one.SOPInstanceUID: one for one in map(dcmread, sorted(folder.rglob("*.dcm")))
    }


@pytest.mark.parametrize("way", ["get", "move"])
def test_what_was_stored_comes_back(
    run: Run,
    orthanc: Orthanc,
    site: Callable[..., Path],
    patient: Path,
    found: Path,
    tmp_path: Path,
    way: str,
) -> None:
    more = moved(orthanc) if way == "move" else ""
    words = ("fetch", found, "--from", "pacs", "--out", tmp_path / "scans", "--json")
    result = run("--site", site(more=more), *words)
    assert result.exit_code == 0, result.stderr
    [study] = json.loads(result.stdout)["studies"]
    sent, came = whole(patient), whole(tmp_path / "scans" / study["key"])
    assert len(sent) == 104
    assert study["came"] == len(came)
    assert sent.keys() <= came.keys()
    for uid in sent:
        one = came[uid]
        # Encodings of sequences may differ, values may not.
        assert one == sent[uid]
        assert one.get("PixelData") == sent[uid].get("PixelData")
        assert one.file_meta.TransferSyntaxUID == sent[uid].file_meta.TransferSyntaxUID


def as_a_shell(word: str) -> list[str]:
    """Files that it matches, without hidden ones."""
    if "*" not in word:
        return [word]
    return [str(one) for one in Path().glob(word) if not one.name.startswith(".")]


def test_from_an_archive_to_doses_in_it(
    run: Run,
    site: Callable[..., Path],
    found: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The three lines of the page as they are typed, with the patient's study."""
    own = ("--site", site())
    monkeypatch.chdir(tmp_path)
    [study] = csv.DictReader(found.read_text("utf-8").splitlines())
    page = PAGE.read_text("utf-8")
    script = page.partition("```text\n")[2].partition("```")[0]
    assert script.count("1.2.840.113619.2.55.1") == 1
    script = script.replace("1.2.840.113619.2.55.1", study["study_instance_uid"])
    typed = [shlex.split(line) for line in script.splitlines()]
    assert [words[:2] for words in typed] == [
        ["sirtdose", name] for name in ("fetch", "post", "send")
    ]
    for words in typed:
        done = run(*own, *chain.from_iterable(map(as_a_shell, words[1:])))
        assert done.exit_code == 0, done.stderr
    doses = tmp_path / "doses"
    sent = [one for one in doses.iterdir() if one.suffix == ".dcm"]
    assert f"{len(sent)} of {len(sent)} stored" in done.stderr
    again = run(
        *own, "find", "--from", "pacs", *EVERY, "--modality", "RTDOSE", "--json"
    )
    [one] = json.loads(again.stdout)["studies"]
    assert one["objects"] == 104 + len(sent)
    back = tmp_path / "back"
    uid = one["study_instance_uid"]
    words = ("fetch", uid, "--from", "pacs", "--modality", "RTDOSE", "--out", back)
    assert run(*own, *words).exit_code == 0
    [dose] = whole(back / one["key"]).values()
    ours = dcmread(doses / "dose_local.dcm")
    assert dose == ours
    assert dose.PixelData == ours.PixelData
    for name, modality in (("dose_report.dcm", "SR"), ("dose_structures.dcm", "SEG")):
        words = ("fetch", uid, "--from", "pacs", "--modality", modality)
        assert run(*own, *words, "--out", tmp_path / modality).exit_code == 0
        [came] = whole(tmp_path / modality / one["key"]).values()
        assert came == dcmread(doses / name)


def test_pdf_and_pictures_come_back(
    run: Run, site: Callable[..., Path], patient: Path, tmp_path: Path
) -> None:
    needs_pdf()
    own, doses = ("--site", site()), tmp_path / "doses"
    given = (
        "--administered",
        "2.2GBq",
        "--lung-shunt",
        "5%",
        "--calibrate-over",
        "fov",
    )
    words = ("post", patient, *given, "--pdf", "--key-images", "--out", doses)
    assert run(*words).exit_code == 0
    assert run(*own, "send", doses, "--to", "pacs").exit_code == 0
    pdf = dcmread(doses / "dose_pdf.dcm")
    uid = pdf.StudyInstanceUID
    words = ("fetch", uid, "--from", "pacs", "--modality", f"{pdf.Modality},OT")
    assert run(*own, *words, "--out", tmp_path / "back").exit_code == 0
    came = {one.SOPInstanceUID: one for one in whole(tmp_path / "back").values()}
    assert came[pdf.SOPInstanceUID].EncapsulatedDocument == pdf.EncapsulatedDocument
    assert (
        pdf.EncapsulatedDocument[: pdf.EncapsulatedDocumentLength]
        == (doses / "report.pdf").read_bytes()
    )
    pictures = [dcmread(one) for one in doses.glob("dose_picture_*.dcm")]
    assert len(pictures) == 5
    for ours in pictures:
        assert came[ours.SOPInstanceUID].PixelData == ours.PixelData


@pytest.mark.parametrize("way", ["get", "move"])
def test_what_was_interrupted_goes_on(
    run: Run,
    orthanc: Orthanc,
    site: Callable[..., Path],
    found: Path,
    tmp_path: Path,
    way: str,
) -> None:
    """The connection ends in the middle of the slices."""
    out = tmp_path / "scans"
    more = moved(orthanc) if way == "move" else ""
    # For C-MOVE, that of its answers; for C-GET, that of the objects.
    cut = 3_000_000 if way == "get" else 4_000
    words = ("fetch", found, "--from", "pacs", "--out", out, "--json", "--modality")
    words += ("CT", "--retries", "0")
    with between(orthanc.dicom_port, cut_after=cut) as proxy:
        broken = run("--site", site(port=proxy.port, more=more), *words)
        assert proxy.cuts == 1
    assert broken.exit_code == 5, broken.stderr
    [study] = json.loads(broken.stdout)["studies"]
    if way == "get":
        assert 0 < study["came"] < 102
    assert not (out / study["key"]).exists()
    went_on = run("--site", site(more=more), *words)
    assert went_on.exit_code == 0, went_on.stderr
    [last] = json.loads(went_on.stdout)["studies"]
    assert last["known"] >= study["came"]
    assert last["known"] + last["came"] == 102
    assert len(whole(out / study["key"])) == 102


def test_a_killed_fetch_goes_on(
    run: Run, orthanc: Orthanc, site: Callable[..., Path], found: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scans"
    words = ("fetch", found, "--from", "pacs", "--out", out, "--json")
    with between(orthanc.dicom_port, delay_s=0.05) as proxy:
        path = site(port=proxy.port)
        program = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
        command = [*program, "--site", path, *words]
        process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        while process.poll() is None and len(list(out.glob(".incomplete/*/*.dcm"))) < 9:
            pass
        process.kill()
        process.communicate()
    waiting = len(list(out.glob(".incomplete/*/*.dcm")))
    assert 9 <= waiting < 104
    result = run("--site", site(), *words)
    [study] = json.loads(result.stdout)["studies"]
    assert (study["complete"], study["known"]) == (True, waiting)
    assert len(whole(out / study["key"])) == study["objects"] >= 104


@pytest.mark.parametrize("way", ["get", "move"])
def test_a_compressed_image_comes_as_it_is_stored(
    run: Run, orthanc: Orthanc, site: Callable[..., Path], tmp_path: Path, way: str
) -> None:
    path = site(more=moved(orthanc) if way == "move" else "")
    packed = tmp_path / "packed.dcm"
    study = f"1.2.826.0.1.3680043.8.498.8.{1 if way == 'get' else 2}"
    one = with_meta(make_object(study=study), ExplicitVRLittleEndian)
    one.compress(RLELossless, generate_instance_uid=False)
    write_object(packed, one, RLELossless)
    assert run("--site", path, "send", packed, "--to", "pacs").exit_code == 0
    words = ("fetch", study, "--from", "pacs", "--out", tmp_path / "scans", "--json")
    result = run("--site", path, *words)
    assert result.exit_code == 0, result.stderr
    [came] = (tmp_path / "scans").glob("*/*.dcm")
    assert dcmread(came).file_meta.TransferSyntaxUID == RLELossless
    assert dcmread(came).PixelData == dcmread(packed).PixelData


def test_a_slow_archive_is_waited_for(
    run: Run, orthanc: Orthanc, site: Callable[..., Path], found: Path, tmp_path: Path
) -> None:
    words = ("fetch", found, "--from", "pacs", "--out", tmp_path / "scans")
    words += ("--modality", "NM", "--timeout")
    with between(orthanc.dicom_port, delay_s=0.2) as proxy:
        path = site(port=proxy.port)
        given_up = run("--site", path, *words, "0.05s", "--retries", "0")
        assert given_up.exit_code == 5, given_up.stderr
        waited = run("--site", path, *words, "20s")
        assert waited.exit_code == 0, waited.stderr


def test_300_studies_are_listed(
    run: Run, site: Callable[..., Path], tmp_path: Path
) -> None:
    patients = tmp_path / "patients.txt"
    patients.write_text(f"{PATIENT_ID}\n", "utf-8")
    words = ("--site", site(), "find", "--from", "pacs", "--json")
    # Other studies of that patient are of today.
    words = (*words, "--date", "..2019-12-31", "--patients")
    every = json.loads(run(*words, patients).stdout)
    assert len(every["studies"]) == 300
    assert not every["is_cut"]
    days = [one["date"] for one in every["studies"]]
    assert days == sorted(days, reverse=True)
    assert {(one["series"], one["objects"]) for one in every["studies"]} == {(1, 1)}
    cut = json.loads(run(*words, patients, "--limit", "100").stdout)
    assert (len(cut["studies"]), cut["is_cut"]) == (100, True)
    march = run(*words, patients, "--date", "2019-03-01..2019-03-10")
    assert len(json.loads(march.stdout)["studies"]) == 10
    [one] = json.loads(run(*words[:-1], "--accession", "A17").stdout)["studies"]
    assert one["date"] == "2019-01-18"


def test_a_limit_of_its_own_is_noticed(run: Run, tmp_path: Path) -> None:
    sent, site = tmp_path / "sent", tmp_path / "site.toml"
    sent.mkdir()
    for number in range(9):
        one = make_object(number, study=f"1.2.826.0.1.3680043.8.498.9.{number}")
        one.StudyDate, one.SeriesInstanceUID = "20190301", f"{one.StudyInstanceUID}.1"
        write_object(sent / f"{number}.dcm", one, ExplicitVRLittleEndian)
    with running(tmp_path / "orthanc", LimitFindResults=4) as orthanc:
        site.write_text(orthanc.node(), "utf-8")
        words = ("--site", site, "send", sent, "--to", "pacs", "--commitment", "no")
        assert run(*words).exit_code == 0
        words = ("--site", site, "find", "--from", "pacs", "--json")
        found = json.loads(run(*words, "--date", "2019-03-01").stdout)
    assert (len(found["studies"]), found["is_cut"]) == (4, True)
    assert "it gives only the first answers" in found["notes"][0]


def test_who_is_not_known_is_refused(run: Run, site: Callable[..., Path]) -> None:
    words = ("find", "--from", "pacs", *EVERY)
    called = run("--site", site(aet="OTHER"), *words)
    assert called.exit_code == 5
    assert "rejects the association: its AE title is not" in called.stderr
    calling = run("--site", site(more='calling_aet = "STRANGER"\n'), *words)
    assert calling.exit_code == 5
    nobody = run("--site", site(port=free_port()), *words)
    assert nobody.exit_code == 5
    assert "connection refused or timed out" in nobody.stderr


def test_a_destination_that_it_does_not_know(
    run: Run, site: Callable[..., Path], found: Path, tmp_path: Path
) -> None:
    more = f'receive_port = {free_port()}\nreceive_aet = "ELSEWHERE"\n'
    words = ("fetch", found, "--from", "pacs", "--out", tmp_path / "scans")
    result = run("--site", site(more=more), *words, "--retries", "0")
    assert result.exit_code == 5
    assert not list((tmp_path / "scans").glob("*/*.dcm"))


def test_within_tls(run: Run, patient: Path, tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    tls = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(pki / "own.pem"),
        "DicomTlsPrivateKey": str(pki / "own.key"),
        "DicomTlsTrustedCertificates": str(pki / "ca.pem"),
    }
    ours = 'tls_certificate = "own.pem"\ntls_key = "own.key"\n'
    site = tmp_path / "site.toml"
    with running(tmp_path / "orthanc", **tls) as one:

        def call(more: str, *words: object) -> Result:
            site.write_text(one.node(more), "utf-8")
            return run("--site", site, *words)

        trusted = f'{ours}tls_ca = "ca.pem"\n'
        spect = patient / "spect.dcm"
        sent = call(trusted, "send", spect, "--to", "pacs", "--retries", "0")
        assert sent.exit_code == 0, sent.stderr
        search = ("find", "--from", "pacs", *EVERY, "--json")
        [study] = json.loads(call(trusted, *search).stdout)["studies"]
        for way in ("", moved(one)):
            out = tmp_path / f"scans{len(way)}"
            words = (
                "fetch",
                study["study_instance_uid"],
                "--from",
                "pacs",
                "--out",
                out,
            )
            got = call(trusted + way, *words)
            assert got.exit_code == 0, got.stderr
            [came] = whole(out / study["key"]).values()
            assert came.PixelData == dcmread(spect).PixelData
        # One that another authority signed, an unencrypted one, and nobody's.
        for more in (f'{ours}tls_ca = "stranger.pem"\n', "", 'tls_ca = "ca.pem"\n'):
            refused = call(more, *search, "--timeout", "5s")
            assert refused.exit_code == 5, refused.output
            assert "could not associate" in refused.stderr


@pytest.mark.parametrize("way", ["get", "move"])
def test_nothing_of_a_patient_is_in_any_log(
    orthanc: Orthanc, site: Callable[..., Path], found: Path, tmp_path: Path, way: str
) -> None:
    """With every logger of every library at its lowest level."""
    path = site(more=moved(orthanc) if way == "move" else "")
    program = (
        "import logging; logging.basicConfig(level=1); "
        "from sirtdose.cli.main import run; run()"
    )
    ids = tmp_path / "ids.txt"
    ids.write_text(f"PHANTOM\n{PATIENT_ID}\n", "utf-8")
    study = found.read_text("utf-8").splitlines()[1].split(",")[-1]
    out = tmp_path / "scans"
    seen = ""
    for words in (
        ("find", "--from", "pacs", "--patients", ids),
        ("find", "--from", "pacs", "--patients", ids, "--modality", "NM,PT"),
        ("fetch", found, "--from", "pacs", "--out", out, "--json"),
        ("fetch", "1.2.3.4.5", "--from", "pacs", "--out", out, "--retries", "0"),
        ("fetch", study, "--from", "pacs", "--out", out),
    ):
        given = map(str, ("--site", path, *words))
        done = subprocess.run(
            [sys.executable, "-c", program, *given], capture_output=True, text=True
        )
        seen += done.stdout + done.stderr
    assert "complete" in seen
    assert not [one for one in (*OF_PATIENT, study, "1.2.3.4.5") if one in seen]
    names = " ".join(str(one.relative_to(out)) for one in out.rglob("*"))
    assert not [one for one in (*OF_PATIENT, study) if one in names]
