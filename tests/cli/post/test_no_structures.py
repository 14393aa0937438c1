"""`sirtdose post --no-structures`: scans of QA and phantoms, by hand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

import sirtdose
from sirtdose.model.grid import Grid
from tests.cli.post.test_registration import save

Run = Callable[..., Result]
REAL = Path(__file__).parents[3] / ".." / "shared" / "data"
Y90_H = 64.05


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """10 x 10 x 10 voxels of 1 mL, each with 2000: 2 MBq, or 2 million counts."""
    grid = Grid.regular((10, 10, 10), spacing_mm=(10.0, 10.0, 10.0))
    save(tmp_path / "scan.nii.gz", np.full((10, 10, 10), 2000.0), grid)
    return tmp_path / "scan.nii.gz"


def read(run: Run, scan: Path, *words: object) -> tuple[dict[str, Any], Result]:
    out = scan.parent / "out"
    result = run("post", scan, "--no-structures", "--out", out, "--force", *words)
    assert result.exit_code == 0, result.stderr
    return json.loads((out / "scan.json").read_text("utf-8")), result


def test_a_total_in_becquerel(run: Run, scan: Path) -> None:
    document, result = read(run, scan, "--calibration", "image")
    # 1000 mL x 2000 Bq/mL = 2 MBq.
    assert document["total"]["activity_gbq"] == pytest.approx(0.002)
    assert document["total"]["at_administration_gbq"] is None
    assert document["ledger"] is None
    assert result.stderr.startswith("Scan without structures: no doses")
    assert "0.002000 GBq (0.05405 mCi)" in result.stderr
    page = (scan.parent / "out" / "scan.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 3
    assert "there are no doses" in page


def test_the_ratio_to_what_was_given(run: Run, scan: Path) -> None:
    words: tuple[str, ...] = ("--calibration", "image", "--nuclide", "Y-90")
    words += ("--administered", "5MBq")
    words += ("--administered-at", "2026-03-02T10:00Z", "--residual", "1MBq")
    words += ("--residual-at", "2026-03-02T10:00Z", "--scan-at", "2026-03-05T02:03Z")
    document, result = read(run, scan, *words)
    # One half-life later: 4 MBq at administration, of 5 - 1 = 4 MBq delivered.
    assert document["total"]["at_administration_gbq"] == pytest.approx(0.004, rel=1e-9)
    assert document["ledger"]["image_to_delivered_ratio"] == pytest.approx(1.0)
    assert "at the time of --scan-at" in result.stderr
    less = [*words, "--residual", "0GBq"]
    document, result = read(run, scan, *less, "--administered", "8MBq")
    assert document["ledger"]["image_to_delivered_ratio"] == pytest.approx(0.5)
    assert "WARN H13  the scan holds 0.5 times the activity" in result.stderr


def test_counts_by_a_factor_and_back(run: Run, scan: Path) -> None:
    """2 million counts in 20 min by 10 cps/MBq, of Y-90 that decays by 0.36 %."""
    words = ("--nuclide", "Y-90", "--scan-duration", "20min")
    document, _ = read(run, scan, *words, "--calibration", "10 cps/MBq")
    # Mean over 1/3 h, by the mean of its ends: (1 + 2^(-1/3 / 64.05)) / 2.
    mean = (1 + 2 ** (-1 / 3 / Y90_H)) / 2
    mbq = 2e6 / (10 * 1200) / mean
    assert document["total"]["activity_gbq"] == pytest.approx(mbq / 1000, rel=1e-5)
    # What was given then gives the factor again.
    given = ("--administered", f"{mbq}MBq", "--administered-at", "2026-03-02T10:00Z")
    document, result = read(run, scan, *words, *given, "--scan-at", "2026-03-02T10:00Z")
    assert document["total"]["activity_gbq"] is None
    assert document["total"]["cps_per_mbq"] == pytest.approx(10.0, rel=1e-5)
    assert document["total"]["counts_per_mbq"] == pytest.approx(2e6 / mbq, rel=1e-9)
    assert "Activity in view      not known" in result.stderr
    assert "10.00 cps/MBq" in result.stderr


def test_what_cannot_be_said_is_said(run: Run, scan: Path) -> None:
    document, result = read(run, scan, "-v")
    assert document["total"]["activity_gbq"] is None
    assert document["nuclide"] is None
    assert "total activity not checked: needs an image in Bq/mL" in result.stderr
    assert "read as counts; if it is in Bq/mL, give --calibration image" in (
        result.stderr
    )
    assert "decay of the scan's nuclide not checked" in result.stderr


def test_voxels_below_zero_and_no_counts_warn(run: Run, scan: Path) -> None:
    grid = Grid.regular((10, 10, 10), spacing_mm=(10.0, 10.0, 10.0))
    values = np.full((10, 10, 10), 10.0)
    values[0] = -9.0
    save(scan, values, grid)
    # 900 voxels of 10 and 100 of -9: 900 of 9000.
    document, result = read(run, scan)
    assert document["voxels"]["negative_fraction"] == pytest.approx(0.1)
    assert "WARN H14  negative voxels make up 10% of the image" in result.stderr
    save(scan, np.zeros((10, 10, 10)), grid)
    _, result = read(run, scan)
    assert "the voxels add up to 0 counts: is it the right image?" in result.stderr
    assert "there is no picture" in (scan.parent / "out/scan.html").read_text("utf-8")


def test_a_factor_of_an_image_in_becquerel_is_refused(run: Run, tmp_path: Path) -> None:
    """A real PET in Bq/mL: its values are no counts."""
    words = ("--calibration", "10 cps/MBq", "--scan-duration", "20min")
    result = run(
        *("post", real("pet_siemens_mct"), "--no-structures", *words),
        *("--out", tmp_path / "o"),
    )
    assert result.exit_code == 3
    assert "the image is in Bq/mL, not counts (H12)" in result.stderr


def test_structures_of_the_folder_are_left_alone(run: Run, scan: Path) -> None:
    """The folder's only image is read, and the segmentation beside it is named."""
    folder = scan.parent / "both"
    folder.mkdir()
    scan.rename(folder / "scan.nii.gz")
    (folder / "drawn.seg.nrrd").write_bytes(b"NRRD0004\n")
    out = scan.parent / "out"
    result = run("post", folder, "--no-structures", "--out", out)
    assert result.exit_code == 0, result.stderr
    choices = json.loads((out / "scan.json").read_text())["choices"]
    assert "structures: none are read (--no-structures)" in choices


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--structures", "x.nrrd"), "leave one of them out"),
        (("--role", "A=liver", "--density", "ct"), "leave out --role, --density"),
        (("--lung-shunt", "3%"), "computes no doses: leave out --lung-shunt"),
        (("--no-dicom",), "leave out --no-dicom"),
        (
            ("--calibration", "10cps/MBq", "--nuclide", "Y-90"),
            "needs the duration of the scan",
        ),
        (
            ("--calibration", "10cps/MBq", "--scan-duration", "20min"),
            "the nuclide of the image is not known",
        ),
        (
            (
                *("--assay", "2GBq", "--assay-at", "2026-03-02T08:00Z"),
                *("--administered-at", "2026-03-02T10:00Z"),
            ),
            "the nuclide of the image is not known",
        ),
        (("--administered", "1GBq", "--assay", "1GBq"), "give the activity once"),
    ],
)
def test_refusals(run: Run, scan: Path, words: tuple[str, ...], said: str) -> None:
    result = run("post", scan, "--no-structures", "--out", scan.parent / "o", *words)
    assert result.exit_code in (2, 3)
    assert said in " ".join(result.stderr.split())
    assert not (scan.parent / "o").exists()


def test_a_site_file_of_doses_does_not_stop_it(run: Run, scan: Path) -> None:
    site = scan.parent / "site.toml"
    site.write_text('[defaults]\ndensity = "1.06g/mL"\ndevice = "resin"\n', "utf-8")
    document, _ = read(run, scan, "--site", site, "--calibration", "image")
    assert document["nuclide"]["name"] == "Y-90"


def test_results_are_not_overwritten(run: Run, scan: Path) -> None:
    read(run, scan)
    again = run("post", scan, "--no-structures", "--out", scan.parent / "out")
    assert again.exit_code == 5
    assert "scan.json" in again.stderr


def test_its_record_is_verified(run: Run, scan: Path) -> None:
    """A result that was changed, an input that was, and a rerun."""
    words = ("--calibration", "image", "--nuclide", "Y-90")
    read(run, scan, *words)
    out = scan.parent / "out"
    record = json.loads((out / "run.json").read_text("utf-8"))
    assert sorted(record["results"]) == ["scan.html", "scan.json"]
    assert record["nuclide"]["name"] == "Y-90"
    result = run("verify", out, "--rerun", "--json")
    assert result.exit_code == 0, result.output
    [case] = json.loads(result.stdout)["cases"]
    assert (case["state"], case["rerun"]) == ("good", "the same")
    assert [one["state"] for one in case["inputs"]] == ["unchanged"]
    grid = Grid.regular((10, 10, 10), spacing_mm=(10.0, 10.0, 10.0))
    save(scan, np.full((10, 10, 10), 2100.0), grid)
    result = run("verify", out, "--rerun", "--json")
    assert result.exit_code == 3
    [case] = json.loads(result.stdout)["cases"]
    assert case["rerun"] == "differs"
    assert [one["state"] for one in case["inputs"]] == ["changed"]
    [total] = [d for d in case["differences"] if d["where"] == "total.activity_gbq"]
    assert (total["before"], total["now"]) == pytest.approx((0.002, 0.0021))
    with (out / "scan.json").open("a", encoding="utf-8") as file:
        file.write(" ")
    result = run("verify", out, "--json")
    assert json.loads(result.stdout)["cases"][0]["results"]["scan.json"] == "changed"


def test_a_record_of_doses_is_not_replaced(run: Run, scan: Path) -> None:
    out = scan.parent / "out"
    out.mkdir()
    (out / "post.json").write_text("{}", "utf-8")
    (out / "run.json").write_text('{"results": {"post.json": "0"}}', "utf-8")
    result = run("post", scan, "--no-structures", "--out", out, "--force")
    assert result.exit_code == 5
    assert "run.json of another result, that of post.json" in result.stderr


def test_nobody_is_named(run: Run, scan: Path, tmp_path: Path) -> None:
    """Dates move, files are named by kind, and the request is not kept."""
    named = scan.rename(tmp_path / "ZQDOE.nii.gz")
    words: tuple[str, ...] = ("--calibration", "image", "--nuclide", "Y-90")
    words += ("--scan-at", "2026-03-05T02:03Z", "--administered", "5MBq")
    words += ("--administered-at", "2026-03-02T10:00Z")
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    out = tmp_path / "out"
    hide = ("--deidentify", "--site-key", key, "--out", out)
    result = run("post", named, "--no-structures", *words, *hide)
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "scan.json").read_text("utf-8"))
    [used] = document["inputs"]
    assert (used["file"], used["sha256"]) == ("image file 1", None)
    assert not document["times"]["scan_at"].startswith("2026-03-05")
    assert document["times"]["elapsed_h"] == pytest.approx(64.05)
    written = "".join(path.read_text("utf-8") for path in out.iterdir())
    for text in ("ZQDOE", "2026-03-05", "2026-03-02"):
        assert text not in written + result.output, text
    assert json.loads((out / "run.json").read_text("utf-8"))["asked"] is None
    assert "removed" in (out / "scan.html").read_text("utf-8")


def test_the_patient_in_a_folders_name_is_asked_about(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    patient = str(pydicom.dcmread(exact_voxels / "spect.dcm").PatientID)
    words = ("post", exact_voxels, "--no-structures", "--deidentify", "--out")
    result = run(*words, tmp_path / f"scan {patient}")
    assert result.exit_code == 3
    assert "H33" in result.stderr
    assert "the folder's name (1)" in " ".join(result.stderr.split())
    kept = run(*words, tmp_path / "scan")
    assert kept.exit_code == 0, kept.stderr
    written = "".join(one.read_text("utf-8") for one in (tmp_path / "scan").iterdir())
    assert patient not in written


def test_from_python(run: Run, scan: Path) -> None:
    """2 MBq by its own unit, the same as on the command line."""
    request = sirtdose.PostRequest(
        sirtdose.ImageRequest(scan),
        sirtdose.Given(sirtdose.Nuclide.named("Y-90"), nuclide_given=True),
        sirtdose.DoseRequest(calibration="image"),
    )
    found = sirtdose.read_scan(request)
    assert isinstance(found, sirtdose.Scan)
    assert found.total.activity_gbq == pytest.approx(0.002)
    kept = sirtdose.scan_into(request, scan.parent / "api", report=False)
    assert kept.names == ("run.json", "scan.json")
    document, _ = read(run, scan, "--calibration", "image", "--nuclide", "Y-90")
    assert kept.document["total"] == document["total"]


def real(name: str) -> Path:
    path = REAL / name
    if not path.exists():
        pytest.skip(f"needs {path}")
    return path


def test_a_real_pet_of_a_phantom(run: Run, tmp_path: Path) -> None:
    """Siemens, F-18: its total is that of the stored values by pydicom alone."""
    folder = real("pet_siemens_mct")
    total_bq, at_z = 0.0, []
    for path in folder.glob("*.IMA"):
        one = pydicom.dcmread(path)
        values = one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept)
        high, wide = map(float, one.PixelSpacing)
        total_bq += values.sum() * high * wide / 1000
        at_z.append(float(one.ImagePositionPatient[2]))
    # Slices lie 3 mm apart, though their SliceThickness is 5 mm.
    total_bq *= (max(at_z) - min(at_z)) / (len(at_z) - 1)
    result = run("post", folder, "--no-structures", "--out", tmp_path / "o", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    found = document["total"]["activity_gbq"] * 1e9
    assert found == pytest.approx(total_bq, rel=1e-6)
    assert document["nuclide"]["name"] == "F-18"
    assert document["total"]["reference"] == "the start of the scan"
    wrong = run(
        *("post", folder, "--no-structures", "--nuclide", "Y-90"),
        *("--out", tmp_path / "w"),
    )
    assert wrong.exit_code == 3
    assert "H11 Nuclide in the header: the header says F-18" in wrong.stderr


def test_a_real_spect_of_a_phantom(run: Run, tmp_path: Path) -> None:
    """Jaszczak, Tc-99m, in counts: no activity, but all that the header says."""
    folder = real("nm_recon_tomo")
    result = run("post", folder, "--no-structures", "--out", tmp_path / "o", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    counts = int(pydicom.dcmread(folder / "Jaszack.dcm").pixel_array.sum())
    assert document["voxels"]["sum"] == counts
    assert document["total"]["activity_gbq"] is None
    assert document["image"]["energy_windows_kev"] == [[126, 154]]
    # Of a view, in its RotationInformationSequence.
    assert document["image"]["frame_duration_s"] == 45
    assert document["nuclide"]["name"] == "Tc-99m"
    as_bq = run(
        *("post", folder, "--no-structures", "--calibration", "image"),
        *("--out", tmp_path / "b"),
    )
    assert as_bq.exit_code == 3
    assert "the image is in counts, not Bq/mL (H12)" in as_bq.stderr
    inspected = run("inspect", folder)
    assert "126 to 154 keV" in inspected.stdout + inspected.stderr
