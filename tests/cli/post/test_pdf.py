"""`sirtdose post --pdf --key-images`: the report and pictures for an archive."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.io.read import read_image, read_structures
from tests.network_peers import dcmtk
from tests.pdf_text import needs_pdf, packed, pages_of

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%")
KINDS = ("overview", "axial", "coronal", "sagittal", "dvh_1", "dvh_2")


@pytest.fixture(scope="module")
def out(
    run: Run, exact_contours: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    needs_pdf()
    folder = tmp_path_factory.mktemp("archive") / "out"
    words = ("--method", "local", "--method", "kernel", "--pdf", "--key-images")
    result = run("post", exact_contours, *GIVEN, *words, "--out", folder)
    assert result.exit_code == 0, result.stderr
    assert "report.pdf" in result.stderr
    return folder


def pictures(folder: Path) -> dict[str, Any]:
    found = sorted(folder.glob("dose_picture_*.dcm"))
    return {
        one.stem.removeprefix("dose_picture_"): pydicom.dcmread(one) for one in found
    }


def test_the_report_is_in_the_patients_study(out: Path, exact_contours: Path) -> None:
    one = pydicom.dcmread(out / "dose_pdf.dcm")
    dose = pydicom.dcmread(out / "dose_local.dcm", stop_before_pixels=True)
    image = pydicom.dcmread(exact_contours / "spect.dcm", stop_before_pixels=True)
    assert one.SOPClassUID == "1.2.840.10008.5.1.4.1.1.104.1"
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate"):
        assert one[keyword].value == dose[keyword].value == image[keyword].value
    content = (out / "report.pdf").read_bytes()
    assert one.EncapsulatedDocument == content
    assert one.EncapsulatedDocumentLength == len(content)
    assert one.MIMETypeOfEncapsulatedDocument == "application/pdf"
    assert (one.Modality, one.BurnedInAnnotation) == ("DOC", "YES")
    assert one.DocumentTitle == "Doses after treatment"
    [concept] = one.ConceptNameCodeSequence
    assert (concept.CodeValue, concept.CodingSchemeDesignator) == ("49118-3", "LN")
    [source] = one.SourceInstanceSequence
    assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
    number = sha256((out / "post.json").read_bytes()).hexdigest()[:12]
    assert number in pages_of(content)[0]
    # A page for people lies in no frame of reference, and has nothing of CDA.
    assert "FrameOfReferenceUID" not in one
    assert "HL7InstanceIdentifier" not in one


def test_objects_have_series_of_their_own(out: Path) -> None:
    files = [pydicom.dcmread(one, stop_before_pixels=True) for one in out.glob("*.dcm")]
    assert len({one.SOPInstanceUID for one in files}) == len(files)
    series: dict[str, set[str]] = {}
    for one in files:
        series.setdefault(one.SeriesInstanceUID, set()).add(one.SOPClassUID)
    assert all(len(classes) == 1 for classes in series.values())
    numbers = sorted(one.InstanceNumber for one in pictures(out).values())
    assert numbers == list(range(1, 7))


def test_pictures_are_whole_and_say_so(out: Path, exact_contours: Path) -> None:
    image = pydicom.dcmread(exact_contours / "spect.dcm", stop_before_pixels=True)
    found = pictures(out)
    assert sorted(found) == sorted(KINDS)
    for name, one in found.items():
        assert one.SOPClassUID == "1.2.840.10008.5.1.4.1.1.7"
        assert (one.ConversionType, one.BurnedInAnnotation) == ("WSD", "YES")
        assert (one.PhotometricInterpretation, one.LossyImageCompression) == (
            "RGB",
            "00",
        )
        assert list(one.ImageType[:2]) == ["DERIVED", "SECONDARY"]
        assert "not a medical device" in one.DerivationDescription
        [source] = one.SourceImageSequence
        assert source.ReferencedSOPInstanceUID == image.SOPInstanceUID
        pixels = one.pixel_array
        assert pixels.dtype == np.uint8
        assert min(pixels.shape[:2]) > 700, name
        # Black, white, and colors beside them.
        assert np.ptp(pixels.astype(int), axis=2).max() > 100
    sides = {name: list(one.PatientOrientation or []) for name, one in found.items()}
    assert sides["axial"] == ["L", "P"]
    assert sides["coronal"] == ["L", "F"]
    assert sides["sagittal"] == ["P", "F"]
    assert sides["overview"] == sides["dvh_1"] == []


def like(pixels: np.ndarray, color: str, within: int = 12) -> np.ndarray:
    """Where a color is, such as 'e465b8'."""
    wanted = [int(color[k : k + 2], 16) for k in (0, 2, 4)]
    return (np.abs(pixels.astype(int) - wanted) <= within).all(axis=2)


def test_scale_bar_and_sides_are_true(out: Path, exact_contours: Path) -> None:
    """The tumor's outline measured by the bar is as wide as its voxels are."""
    axial = pictures(out)["axial"].pixel_array
    data = json.loads((out / "report_data.json").read_text("utf-8"))
    [tumor] = [one for one in data["outlines"] if one["name"] == "Tumor 1"]
    # Between the letter P's column and the left edge, below the middle: the bar alone.
    part = axial[700:860, 20:330]
    rows = np.flatnonzero((part > 250).all(axis=2).sum(axis=1) > 100)
    bar = (part[rows[0]] > 250).all(axis=1).sum()
    drawn = np.flatnonzero(
        like(axial[30:860], tumor["dark"].removeprefix("#")).sum(axis=0) > 0
    )
    wide_mm = 50 * (drawn.max() - drawn.min()) / bar
    truth = {
        one.name: one for one in read_structures(exact_contours / "structures.dcm")
    }
    place = truth["Tumor 1"]
    z = tumor["at_mm"][2]
    index = np.argwhere(np.asarray(place.occupancy) > 0.5)
    world = np.array([place.grid.world_mm(one) for one in index])
    near = world[np.abs(world[:, 2] - z) < 2]
    assert wide_mm == pytest.approx(np.ptp(near[:, 0]), rel=0.05)
    # DICOM's x grows to the patient's left, which is right in the picture.
    spect = read_image(exact_contours / "spect.dcm").grid
    liver = truth["Liver"].grid.corners_mm().mean(axis=0)
    assert spect.right_handed is not None
    assert (near[:, 0].mean() < liver[0]) == (drawn.mean() < 0.87 * 960 / 2)


def test_the_validator_of_dicom3tools_finds_no_error(out: Path) -> None:
    if not shutil.which("dciodvfy"):
        pytest.skip("needs dicom3tools' dciodvfy")
    files = [out / "dose_pdf.dcm", *out.glob("dose_picture_*.dcm")]
    assert len(files) == 7
    for file in files:
        checked = subprocess.run(
            ["dciodvfy", "-new", str(file)], capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stderr
        assert "Error" not in checked.stderr, file.name


def test_dcmtk_takes_the_same_pdf_out(out: Path, tmp_path: Path) -> None:
    words = [dcmtk("dcm2pdf"), str(out / "dose_pdf.dcm"), str(tmp_path / "x.pdf")]
    subprocess.run(words, check=True, capture_output=True)
    assert (tmp_path / "x.pdf").read_bytes() == (out / "report.pdf").read_bytes()


@pytest.mark.slow
def test_the_same_input_gives_the_same_files(
    run: Run, exact_contours: Path, out: Path, tmp_path: Path
) -> None:
    words = ("--method", "local", "--method", "kernel", "--pdf", "--key-images")
    result = run("post", exact_contours, *GIVEN, *words, "--out", tmp_path / "again")
    assert result.exit_code == 0, result.stderr
    for one in (*out.glob("*.dcm"), out / "report.pdf"):
        assert one.read_bytes() == (tmp_path / "again" / one.name).read_bytes(), one


def drawn_texts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is drawn into a picture from now on."""
    from matplotlib.text import Text

    from sirtdose.report.post import key_images

    said: list[str] = []
    draw = key_images._picture

    def told(figure: Any, *more: Any) -> Any:
        said.extend(one.get_text() for one in figure.findobj(Text))
        return draw(figure, *more)

    monkeypatch.setattr(key_images, "_picture", told)
    return said


def test_what_is_drawn_into_them(
    run: Run, exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = drawn_texts(monkeypatch)
    words = ("--key-images", "--no-report", "--out", tmp_path / "out")
    result = run("post", exact_contours, *GIVEN, *words)
    assert result.exit_code == 0, result.stderr
    assert not list((tmp_path / "out").glob("*.pdf"))
    for one in (*"RLAPHF", "5 cm", "Isodoses, Gy", "Gy", "T1", "Tumor 1", "D70 Gy"):
        assert one in said, one
    text = "\n".join(said)
    assert text.count("Not a medical device") == 5
    assert "window \u2212160 to 240 HU" in text
    document = json.loads((tmp_path / "out" / "post.json").read_text("utf-8"))
    [result, *_] = document["doses"].values()
    for row in result["structures"]:
        if row["role"] == "tumor":
            # Four digits that count, as 464.0.
            assert f"{row['dose_gy']['mean']:#.4g}" in said
    number = sha256((tmp_path / "out" / "post.json").read_bytes()).hexdigest()[:12]
    assert text.count(f"Case {number}") == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pdf", "--no-report"), "--pdf and --no-report contradict"),
        (("--key-images", "--no-dicom"), "--key-images and --no-dicom contradict"),
        (("--pdf", "--no-structures"), "--no-structures computes no doses: leave out"),
    ],
)
def test_what_contradicts_is_refused(
    run: Run, exact_contours: Path, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    result = run("post", exact_contours, *GIVEN, *words, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_an_image_without_a_patient(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    from tests.cli.post.test_registration import save

    needs_pdf()
    spect = read_image(exact_contours / "spect.dcm")
    save(tmp_path / "spect.nii.gz", np.asarray(spect.data), spect.grid)
    words = ("post", exact_contours, *GIVEN, "--image", tmp_path / "spect.nii.gz")
    result = run(*words, "--pdf", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "out" / "report.pdf").is_file()
    assert not list((tmp_path / "out").glob("*.dcm"))
    result = run(*words, "--key-images", "--out", tmp_path / "none")
    assert result.exit_code == 3
    assert "--key-images: the image is not DICOM" in result.stderr
    assert not (tmp_path / "none").exists()


def without_pango(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A WeasyPrint that finds no library of the system, and says so by itself."""
    (tmp_path / "weasyprint.py").write_text(
        "print('could not import some external libraries')\n"
        "raise OSError('cannot load library libpango')\n"
    )
    for name in [one for one in sys.modules if one.partition(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)


def test_without_the_system_library_nothing_is_begun(
    run: Run, exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lib"
    folder.mkdir()
    out = tmp_path / "out"
    assert run("post", exact_contours, *GIVEN, "--out", out).exit_code == 0
    before = {one.name: one.read_bytes() for one in out.iterdir()}
    without_pango(folder, monkeypatch)
    words = ("--pdf", "--force", "--out", out)
    result = run("post", exact_contours, *GIVEN, *words)
    assert result.exit_code == 2
    assert "--pdf needs Pango" in result.stderr
    assert "apt install libpango-1.0-0" in result.stderr
    assert "external libraries" not in result.stdout + result.stderr
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before
    result = run("report", out / "post.json", "--pdf")
    assert result.exit_code == 2
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before


def test_a_pdf_that_cannot_be_made_leaves_earlier_results(
    run: Run, exact_contours: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_pdf()
    out = tmp_path / "out"
    assert run("post", exact_contours, *GIVEN, "--out", out).exit_code == 0
    before = {one.name: one.read_bytes() for one in out.iterdir()}

    def full(_: str) -> bytes:
        raise MemoryError

    monkeypatch.setattr("sirtdose.report.post.files.page_pdf", full)
    words = ("--administered", "2GBq", "--lung-shunt", "5%", "--pdf", "--force")
    result = run("post", exact_contours, *words, "--out", out)
    assert result.exit_code == 1
    assert "not enough memory" in result.stderr
    assert {one.name: one.read_bytes() for one in out.iterdir()} == before


def test_a_later_run_without_them_leaves_none(
    run: Run, exact_contours: Path, out: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "out"
    shutil.copytree(out, folder)
    result = run("post", exact_contours, *GIVEN, "--force", "--out", folder)
    assert result.exit_code == 0, result.stderr
    assert not list(folder.glob("dose_picture_*"))
    assert not (folder / "report.pdf").exists()
    assert not (folder / "dose_pdf.dcm").exists()


def test_the_page_again_as_pdf(run: Run, out: Path, tmp_path: Path) -> None:
    result = run("report", out / "post.json", "--pdf", "--out", tmp_path / "again")
    assert result.exit_code == 0, result.stderr
    assert "report.html, report.pdf" in result.stderr
    again = (tmp_path / "again" / "report.pdf").read_bytes()
    assert again == (out / "report.pdf").read_bytes()


def test_a_plan_and_its_sheet_as_pdf(run: Run, tmp_path: Path) -> None:
    needs_pdf()
    plan = tmp_path / "plan"
    words = ("--dose", "100Gy", "--perfused-volume", "1000mL", "--lung-shunt", "10%")
    assert run("plan", "mird", *words, "--out", plan).exit_code == 0
    number = json.loads((plan / "plan.json").read_text("utf-8"))["hash"][:12]
    for more, name in (((), "plan.pdf"), (("--sheet",), "sheet.pdf")):
        result = run("report", plan / "plan.json", "--pdf", *more)
        assert result.exit_code == 0, result.stderr
        first, *_ = pages_of((plan / name).read_bytes())
        for one in ("Draft, not approved", number, "perfused volume to 100 Gy"):
            assert packed(one) in packed(first) or one.startswith("perfused")
        assert "Page 1 of " in first


def test_pictures_and_pdfs_among_inputs_are_no_images(
    run: Run, exact_contours: Path, out: Path, tmp_path: Path
) -> None:
    """An SC that a CT scanner wrote beside its slices is no slice."""
    patient = tmp_path / "in"
    shutil.copytree(exact_contours, patient)
    slices = sorted((patient / "ct").iterdir())
    ct = pydicom.dcmread(slices[0], stop_before_pixels=True)
    for name in ("axial", "overview"):
        one = pictures(out)[name]
        one.Modality = "CT"
        one.SeriesInstanceUID = ct.SeriesInstanceUID
        one.FrameOfReferenceUID = ct.FrameOfReferenceUID
        one.save_as(patient / "ct" / f"{name}.dcm")
    shutil.copy(out / "dose_pdf.dcm", patient / "letter.dcm")
    result = run("inspect", patient)
    assert result.exit_code == 0, result.stderr
    said = " ".join((result.stdout + result.stderr).split())
    assert "a secondary capture, not an image to compute with" in said
    assert "an encapsulated PDF, not an image to compute with" in said
    doses = []
    for folder, to in ((exact_contours, "one"), (patient, "two")):
        result = run("post", folder, *GIVEN, "--no-report", "--out", tmp_path / to)
        assert result.exit_code == 0, result.stderr
        document = json.loads((tmp_path / to / "post.json").read_text("utf-8"))
        doses.append(document["doses"])
    assert doses[0] == doses[1]
