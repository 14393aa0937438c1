"""De-identified results: a marker planted in every input is in no output."""

import gzip
import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK
from click.testing import Result

from sirtdose.io.read import read_image, read_structures
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.request import ImageRequest
from sirtdose.workflows.post.kept_names import without_file_names
from tests.cli.post.test_registration import save
from tests.gated import part_spect
from tests.pdf_text import everything_in, needs_pdf

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--deidentify")
NAME, IDENTIFIER, BIRTH = "Zqmarker^Xylona", "QX77MARK", "19510203"
TOLD = ("zqmarker", "xylona", "qx77mark", BIRTH)
COMMENTS = (
    *("PatientComments", "ImageComments", "StudyDescription", "SeriesDescription"),
    *("ProtocolName", "ReferringPhysicianName", "OperatorsName", "InstitutionName"),
    *(
        "AdditionalPatientHistory",
        "OtherPatientIDs",
        "StationName",
        "DeviceSerialNumber",
    ),
)


def marked(folder: Path, to: Path) -> Path:
    """The patient's files with the marker in names and texts, but not in ROI names."""
    shutil.copytree(folder, to)
    for path in sorted(to.rglob("*.dcm")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(path)
            data.PatientName, data.PatientID = NAME, IDENTIFIER
            data.PatientBirthDate = BIRTH
            for keyword in COMMENTS:
                setattr(data, keyword, f"{NAME.split('^')[0]} {IDENTIFIER}")
            data.StructureSetLabel = "ZQMARKER"
            if "NM" in str(data.get("Modality")):
                data.AccessionNumber = IDENTIFIER
            data.save_as(path)
        path.rename(path.with_name(f"ZQMARKER_{path.name}"))
    return to


def told_in(folder: Path, *texts: str) -> list[str]:
    """Every place that holds the marker, in bytes as they are and unpacked."""
    found = []
    for path in folder.rglob("*"):
        content = path.read_bytes()
        if path.name.endswith(".gz"):
            content += gzip.decompress(content)
        if path.suffix == ".pdf":
            content += everything_in(content)
        # DICOM may hold texts of two bytes a letter.
        plain = content.lower().replace(b"\0", b"")
        found += [f"{path.name}: {one}" for one in TOLD if one.encode() in plain]
    for text in texts:
        found += [f"terminal: {one}" for one in TOLD if one in text.lower()]
    return found


@pytest.fixture
def patient(exact_contours: Path, tmp_path: Path) -> Path:
    return marked(exact_contours, tmp_path / "in")


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_no_input_leads_to_a_person(
    run: Run, patient: Path, exact_contours: Path, tmp_path: Path
) -> None:
    own = tmp_path / "ZQMARKER"
    own.mkdir()
    grid = read_image(exact_contours / "spect.dcm").grid
    density = own / "ZQMARKER_density.nii.gz"
    save(density, np.full(grid.shape, 1.05, np.float32), grid)
    first = ("--administered", "1GBq", "--no-report", "--out", tmp_path / "first")
    assert run("post", patient, *first).exit_code == 0
    # What is looked for is found where nothing was removed.
    assert {one.split(": ")[1] for one in told_in(tmp_path / "first")} == set(TOLD)
    prior = own / "ZQMARKER_prior.dcm"
    shutil.copy(tmp_path / "first" / "dose_local.dcm", prior)
    plan = own / "ZQMARKER_plan"
    words = ("--activity", "2.15GBq", "--lung-shunt", "5%", "--out", plan)
    assert run("plan", "image", patient, *words).exit_code == 0
    assert run("plan", "approve", plan / "plan.json", "--by", NAME).exit_code == 0
    (plan / "plan.json").rename(plan / "ZQMARKER.json")
    radiobiology = '[tumor]\nalpha = "0.02/Gy"\nsource = "our clinic"\n'
    transform = own / "ZQMARKER.tfm"
    SimpleITK.WriteTransform(SimpleITK.TranslationTransform(3), str(transform))
    result = run(
        *("post", patient, *GIVEN, "--density", density, "--method", "local"),
        *("--prior-dose", prior, "--prior-transform", transform),
        *("--plan", plan / "ZQMARKER.json", "--uncertainty", "20"),
        # Texts are looked for, no number: 8 mm will do.
        *("--dose-grid", "8mm"),
        "--budget",
        written(own / "ZQMARKER_budget.toml", "[budget]\nadministered = 0.06\n"),
        *("--radiobiology", written(own / "ZQMARKER.toml", radiobiology)),
        *("--pvc", written(own / "ZQMARKER.csv", "volume_ml,rc\n1,0.3\n200,0.9\n")),
        *("--image", next(patient.glob("*spect.dcm"))),
        *[word for code in ("H09", "H16", "H27") for word in accepted(code)],
        *("--json", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 0, result.stderr
    assert told_in(tmp_path / "out", result.stdout, result.stderr) == []
    document = json.loads(result.stdout)
    kinds = {one["kind"] for one in document["inputs"]}
    assert {"budget", "radiobiology", "recovery coefficients", "plan"} <= kinds
    assert document["options"]["budget"] == "a file"


def test_gates_are_named_by_number(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    """A file each, one of them outside of the folder: no name, UID or hash is kept."""
    parts = part_spect(exact_voxels / "spect.dcm", tmp_path / "own", shifts=(1, -1))
    shutil.copy(exact_voxels / "structures.dcm", tmp_path / "own")
    patient = marked(tmp_path / "own", tmp_path / "in")
    gates = sorted(patient.glob("*part*"))
    gates[1] = gates[1].rename(tmp_path / gates[1].name)
    words = [word for gate in gates for word in ("--gate", gate)]
    uids = {str(pydicom.dcmread(one).SeriesInstanceUID) for one in parts}
    out = tmp_path / "out"
    result = run("post", patient, *GIVEN, *words, "--json", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert told_in(out, result.stdout, result.stderr) == []
    for path in out.iterdir():
        assert not [one for one in uids if one.encode() in path.read_bytes()], path
    document = json.loads(result.stdout)
    assert [(one["file"], one["sha256"]) for one in document["inputs"]] == [
        (name, None) for name in ("SPECT 1", "SPECT 2", "SEG 3")
    ]
    assert document["choices"][0] == (
        "activity image of 2 gates, SPECT 1, SPECT 2: given by --gate"
    )
    assert document["options"]["gates"] == ["a file", "a file"]
    assert "the image has 2 gates, read together" in result.stdout


def test_a_batchs_table_names_no_gate_that_failed(tmp_path: Path) -> None:
    request = ImageRequest(tmp_path / "in", gates=(tmp_path / "ZQMARKER.dcm",))
    said = without_file_names("cannot read ZQMARKER.dcm", request, [])
    assert said == "cannot read a file"


def accepted(code: str) -> tuple[str, ...]:
    return ("--accept", code, "--reason", "made for a test")


def test_a_transform_and_what_was_drawn_on(
    run: Run, patient: Path, exact_contours: Path, tmp_path: Path
) -> None:
    """Masks, whose files' names become structures' names, brought over by a file."""
    own = tmp_path / "ZQMARKER"
    own.mkdir()
    transform = own / "ZQMARKER.tfm"
    SimpleITK.WriteTransform(SimpleITK.TranslationTransform(3), str(transform))
    words = ["post", patient, *GIVEN, "--image", next(patient.glob("*spect.dcm"))]
    masks = masks_of(exact_contours, own, ("Liver", "Perfused lobe", "Tumor 1"))
    for path in masks:
        words += ["--structures", path]
    words += ["--registration", transform, "--out", tmp_path / "out"]
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    assert told_in(tmp_path / "out", result.stdout, result.stderr) == []
    # The same masks, of which one is named after the patient.
    named = own / "Tumor ZQMARKER.nii.gz"
    masks[-1].rename(named)
    words = [named if word == masks[-1] else word for word in words]
    asked = run(*words, "--force")
    assert asked.exit_code == 3
    assert "H33" in asked.stderr
    assert "structure names (1)" in asked.stderr
    assert told_in(tmp_path / "out", asked.stderr) == []
    assert run(*words, "--force", *accepted("H33")).exit_code == 0
    document = json.loads((tmp_path / "out" / "post.json").read_text("utf-8"))
    assert [one["code"] for one in document["accepted"]] == ["H33"]


def masks_of(patient: Path, folder: Path, names: tuple[str, ...]) -> list[Path]:
    grid = read_image(patient / "spect.dcm").grid
    from sirtdose.dosimetry.grid.resample import occupancy_on

    paths = []
    for one in read_structures(patient / "structures.dcm"):
        if one.name not in names:
            continue
        placed = occupancy_on(one, grid)
        offset = placed.grid.offset_in(grid)
        assert offset is not None
        mask = np.zeros(grid.shape, np.uint8)
        box = [slice(a, a + n) for a, n in zip(offset, placed.grid.shape, strict=True)]
        mask[tuple(box)] = placed.occupancy >= 0.5
        paths.append(folder / f"{one.name}.nii.gz")
        save(paths[-1], mask, grid)
    return paths


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("roi", "structure names (1)"),
        ("reason", "reasons of --accept (1)"),
        ("budget", "the budget (1)"),
        ("radiobiology", "the radiobiology file (1)"),
        ("injection", "injection names (1)"),
        ("folder", "the folder's name (1)"),
    ],
)
def test_every_text_that_is_kept_is_compared(
    run: Run, patient: Path, tmp_path: Path, kind: str, said: str
) -> None:
    out, given = tmp_path / "out", list(GIVEN)
    if kind == "roi":
        path = next(patient.glob("*structures.dcm"))
        data = pydicom.dcmread(path)
        next(
            roi for roi in data.StructureSetROISequence if roi.ROIName == "Tumor 1"
        ).ROIName = "Tumor_XYLONA"
        data.save_as(path)
    elif kind == "reason":
        given = ["--administered", "2.15GBq", "--lung-shunt", "0.6", "--deidentify"]
        given += ["--accept", "H22", "--reason", f"as asked for {IDENTIFIER}"]
    elif kind == "budget":
        text = f'source = "of {NAME}"\n[budget]\nadministered = 0.06\n'
        given += ["--uncertainty", "20"]
        given += ["--budget", str(written(tmp_path / "b.toml", text))]
    elif kind == "radiobiology":
        text = f'[tumor]\nalpha = "0.02/Gy"\nsource = "fit of {IDENTIFIER}"\n'
        given += ["--radiobiology", str(written(tmp_path / "r.toml", text))]
    elif kind == "injection":
        given = ["--deidentify", "--injection"]
        given += ["Zqmarker=2.15GBq;perfused=Perfused lobe;lung-shunt=5%"]
    else:
        out = tmp_path / "case-19510203"
    result = run("post", patient, *given, "--no-report", "--out", out)
    assert result.exit_code == 3
    assert "H33" in result.stderr
    assert said in result.stderr
    assert not [one for one in TOLD if one in result.stderr.lower()]
    assert not out.exists()


def test_where_no_file_says_whose_it_is_the_names_are_listed(
    run: Run, tmp_path: Path
) -> None:
    from tests.cli.test_batch import make_case

    case = make_case(tmp_path / "case")
    words = ("--image", "spect.nii.gz", "--structures", "labels.nii.gz")
    given = (*words, *GIVEN, "--no-report", "--out", tmp_path / "out")
    result = run("post", case, *given)
    assert result.exit_code == 0, result.stderr
    assert (
        "WARN H33  names could not be checked, because no input names the patient"
    ) in result.stderr
    assert "'Tumor 1'" in result.stderr


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Spleen", False),
        ("lee_tumor", True),
        ("TumorLee", True),
        ("Müller segment", True),
        ("MULLER2", True),
        ("B7", False),
        ("roi 10234", True),
        ("1023", False),
    ],
)
def test_parts_of_names_are_words(text: str, named: bool) -> None:
    """Three letters are looked for as a word: 'lee' is in 'spleen'."""
    link = PatientLink("10234", "Müller^Lee^B", "", "", "", "", "", "", "", "", ())
    assert link.names(text) is named


@pytest.mark.parametrize(
    ("name", "text", "named"),
    [
        ("Li^Wei", "Tumor_Li", True),
        ("Li^Wei", "liver", False),
        ("Li^Wei", "Perfused lobe", False),
        ("Mueller^Anna", "Tumor Müller", True),
        ("Müller^Anna", "Tumor Mueller", True),
        ("Groß^Eva", "GTV GROSS", True),
        ("Gross^Eva", "GTV Groß", True),
        ("ZorkMark^A", "GTV ZORK MARK", True),
        ("Zork Mark^A", "GTV ZorkMark", True),
        ("Ho^Minh", "Ho-166", False),
        ("Ho^Minh", "dose Ho166", False),
        ("Ho^Minh", "166Ho dose", False),
        ("Li^Wei", "Tumor Li 12", True),
        ("Ho^Minh", "Tumor Ho", True),
        ("Ho^Minh", "whole liver", False),
        ("A^B", "A B", False),
    ],
)
def test_names_as_they_are_written_elsewhere(name: str, text: str, named: bool) -> None:
    link = PatientLink("", name, "", "", "", "", "", "", "", "", ())
    assert link.names(text) is named


def test_a_batchs_tables_name_no_file_of_a_case_that_failed(
    run: Run, patient: Path, tmp_path: Path
) -> None:
    """Nor one that is named after the patient: that case is asked about."""
    key = written(tmp_path / "key", "0123456789abcdef0123456789abcdef")
    damaged = next(patient.glob("*spect.dcm"))
    damaged.write_bytes(damaged.read_bytes()[:-50_000])
    text = (
        f"case_id,input,image,administered,no_report\nc1,in,{damaged.name},2GBq,yes\n"
    )
    manifest = written(tmp_path / "manifest.csv", text)
    words = ("batch", manifest, "--deidentify", "--site-key", key)
    result = run(*words, "--out", tmp_path / "out")
    assert result.exit_code == 6
    table = (tmp_path / "out" / "cases.csv").read_text("utf-8")
    assert "a file" in table
    assert told_in(tmp_path / "out", result.stderr) == []


def test_the_hashes_of_earlier_sessions_are_removed() -> None:
    from sirtdose.report.post.deidentified import deidentified

    one = {"hash": "ab", "includes": ["cd"], "lungs_gy": 12.0}
    earlier = {"updates": ["ef"], "sessions": [one], "doses": [{"dose_gy": 40.0}]}
    document = {"plan": {"hash": "01", "approval": None, "earlier": earlier}}
    found = deidentified(document, days=2)["plan"]["earlier"]
    assert found["updates"] == []
    [kept] = found["sessions"]
    assert kept == {"hash": "", "includes": [], "lungs_gy": 12.0, "at": None}
    assert found["doses"] == [{"dose_gy": 40.0}]
    assert one["hash"] == "ab"


def test_reports_and_pictures_name_nobody(
    run: Run, patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text, metadata and what is drawn in; and all objects are of one study."""
    from tests.cli.post.test_pdf import drawn_texts

    needs_pdf()
    key = written(tmp_path / "key", "0123456789abcdef0123456789abcdef\n")
    time = ("--administered-at", "2026-03-02T10:00+01:00")
    words = ("post", patient, "--administered", "2.15GBq", "--lung-shunt", "5%", *time)
    words += ("--pdf",)
    named = run(*words, "--no-dicom", "--show-patient", "--out", tmp_path / "named")
    assert named.exit_code == 0, named.stderr
    # What is looked for is found in the text of a PDF that names the patient.
    pdf = everything_in((tmp_path / "named" / "report.pdf").read_bytes()).lower()
    assert b"zqmarker" in pdf
    assert b"mar 2, 2026" in pdf
    said = drawn_texts(monkeypatch)
    words += ("--key-images", "--deidentify", "--site-key", key)
    result = run(*words, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert told_in(tmp_path / "out", result.stdout, result.stderr, *said) == []
    hidden = everything_in((tmp_path / "out" / "report.pdf").read_bytes()).lower()
    assert b"de-identified" in hidden
    for date in ("2026-03-0", "mar 2, 2026", "20260302", "20260303"):
        assert date.encode() not in hidden
        assert date not in "\n".join(said).lower()
    files = [
        pydicom.dcmread(one, stop_before_pixels=True)
        for one in (tmp_path / "out").glob("*.dcm")
    ]
    assert len(files) == 10
    for keyword in ("PatientID", "StudyInstanceUID", "StudyDate", "PatientName"):
        assert len({str(one[keyword].value) for one in files}) == 1, keyword
    by_name = {
        one.name: pydicom.dcmread(one, stop_before_pixels=True)
        for one in (tmp_path / "out").glob("*.dcm")
    }
    sources = {
        str(item.ReferencedSOPInstanceUID)
        for name, keyword in (
            ("dose_pdf.dcm", "SourceInstanceSequence"),
            ("dose_picture_axial.dcm", "SourceImageSequence"),
            ("dose_structures.dcm", "SourceImageSequence"),
        )
        for item in by_name[name][keyword].value
    }
    assert len(sources) == 1
    assert all(one.PatientIdentityRemoved == "YES" for one in files)
