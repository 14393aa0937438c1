"""`sirtdose commission`: a drawn phantom, and everything that may be wrong with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from click.testing import Result

from sirtdose.dosimetry.commission.scan import PhantomScan, scan_of
from sirtdose.io.dicom.write import Study, write_ct, write_nm
from sirtdose.io.tables.camera import read_camera
from sirtdose.model.commissioned import Measured
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from tests.scanned_phantom import (
    BACKGROUND_ML,
    SHAPE,
    SPACING_MM,
    SPHERES_ML,
    TOML,
    save_scan,
    scanned,
)

Run = Callable[..., Result]
SCAN_OF = "sirtdose.workflows.commission.run.scan_of"
# 400 MBq one hour before a scan of 20 minutes.
WHEN = ("--at", "2026-03-02T08:00+01:00", "--scan-duration", "20min")
AT = ("--scan-at", "2026-03-02T09:00+01:00")
POURED = ("--activity", "400MBq", "--ratio", "8")
COUNTS = 4e6
# 400 x 2^(-1 / 64.05) x the mean over 20 min, 1 - ln(2) / 64.05 / 6 = 0.998196.
IN_VIEW_MBQ = 400 * 0.989236 * 0.998198


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("phantom")
    (folder / "small.toml").write_text(TOML)
    save_scan(folder / "scan.nii.gz", scanned(counts=COUNTS))
    return folder


@pytest.fixture(scope="module")
def whole(
    run: Run, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Result, Path, PhantomScan]:
    """A run with nothing replaced, and what it fitted."""
    kept: list[PhantomScan] = []

    def keep(*given: Any) -> PhantomScan:
        kept.append(scan_of(*given))
        return kept[-1]

    out = tmp_path_factory.mktemp("out") / "camera"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SCAN_OF, keep)
        result = run(
            "commission", folder / "scan.nii.gz", "--phantom", folder / "small.toml",
            *POURED, *WHEN, *AT, "--live-fraction", "97%", "--json", "--out", out,
        )  # fmt: skip
    return result, out, kept[0]


@pytest.fixture
def commission(
    run: Run,
    folder: Path,
    whole: tuple[Result, Path, PhantomScan],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run the command with a fit that is at hand, scaled to each image's counts."""
    _, _, fitted = whole

    def at_hand(image: Any, *_: Any) -> PhantomScan:
        part = float(image.sum()) / fitted.total.value
        return replace(
            fitted,
            total=Measured(part * fitted.total.value, part * fitted.total.standard),
            fitted_total=Measured(part * fitted.total.value, 1.0),
        )

    monkeypatch.setattr(SCAN_OF, at_hand)

    def call(*words: object, poured: tuple[str, ...] = POURED) -> Result:
        scans = [one for one in words if isinstance(one, Path)]
        others = [one for one in words if not isinstance(one, Path)]
        at = AT if not scans else ()
        return run(
            "commission", *(scans or [folder / "scan.nii.gz"]),
            "--phantom", folder / "small.toml", *poured, *WHEN, *at,
            "--out", tmp_path / "out", *others,
        )  # fmt: skip

    return call


def test_what_a_drawn_phantom_says(whole: tuple[Result, Path, PhantomScan]) -> None:
    """4 million counts in 1200 s of 395 MBq, at a live fraction of 0.97."""
    result, out, _ = whole
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document == json.loads((out / "commission.json").read_text())
    camera = document["camera"]
    expected = COUNTS / 1200 / IN_VIEW_MBQ / 0.97
    assert camera["factor"]["value"]["value"] == pytest.approx(expected, rel=0.005)
    assert camera["factor"]["live_fraction"]["value"] == 0.97
    assert camera["blur"]["in_plane_mm"]["value"] == pytest.approx(13.0, rel=0.04)
    assert camera["blur"]["axial_mm"]["value"] == pytest.approx(13.0, rel=0.06)
    assert camera["blur"]["tail_fraction"]["value"] == pytest.approx(0.07, abs=0.02)
    [scan] = document["scans"]
    assert scan["placement"]["middle_mm"] == pytest.approx([4, -3, 3], abs=0.5)
    assert sum(scan["activity_mbq"].values()) == pytest.approx(IN_VIEW_MBQ, rel=1e-5)
    spheres_mbq = IN_VIEW_MBQ * 8 * SPHERES_ML / (BACKGROUND_ML + 8 * SPHERES_ML)
    assert scan["activity_mbq"]["spheres"] == pytest.approx(spheres_mbq, rel=1e-4)


def test_the_files_and_the_screen(whole: tuple[Result, Path, PhantomScan]) -> None:
    result, out, _ = whole
    assert sorted(one.name for one in out.iterdir()) == [
        "camera.toml",
        "commission.html",
        "commission.json",
        "dead_time.csv",
        "profiles.csv",
        "quality.csv",
        "recovery.csv",
        "widths.csv",
    ]
    camera = read_camera(out / "camera.toml")
    assert camera.phantom == "small"
    assert str(camera.valid_until) == "2027-03-02"
    lines = result.stderr.splitlines()
    assert lines[0].startswith("camera: 1 scan of small, Y-90, 2026-03-02")
    assert any(line.startswith("FWHM in plane") for line in lines)
    assert len(lines) < 26


def test_results_are_not_overwritten(
    commission: Run, whole: tuple[Result, Path, PhantomScan]
) -> None:
    _, out, _ = whole
    result = commission("--out", str(out))
    assert result.exit_code == 5
    assert "already contains camera.toml" in result.stderr


def test_a_last_commissioning(
    commission: Run, whole: tuple[Result, Path, PhantomScan], tmp_path: Path
) -> None:
    """At a live fraction of 0.80 the factor is 0.97 / 0.80 = 1.2125 times the first."""
    _, out, _ = whole
    before = ("--before", str(out / "camera.toml"))
    assert commission(*before, "--live-fraction", "97%").exit_code == 0
    changed = ("--live-fraction", "80%", "--out", tmp_path / "two")
    drifted = commission(*before, *map(str, changed))
    assert drifted.exit_code == 3
    assert "is 10.55 cps/MBq, +21.3% from" in drifted.stderr
    assert "--accept H47 --reason" in drifted.stderr
    assert not (tmp_path / "two").exists()
    allowed = commission(*before, *map(str, changed), "--tolerance", "factor=25%")
    assert allowed.exit_code == 0
    assert "within the tolerance of 25.0 %" in allowed.stderr


def test_another_ratio_asks(commission: Run) -> None:
    result = commission(poured=("--activity", "400MBq", "--ratio", "6"))
    assert result.exit_code == 3
    assert "from the 6 that was given" in result.stderr


def test_a_phantom_that_is_not_this_one(
    commission: Run,
    whole: tuple[Result, Path, PhantomScan],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    _, _, fitted = whole
    wrong = replace(fitted, placement=replace(fitted.placement, unexplained=0.5))
    monkeypatch.setattr(SCAN_OF, lambda *_: wrong)
    result = commission()
    assert result.exit_code == 3
    assert "leaves 50.0% of the image unexplained" in result.stderr
    assert not (tmp_path / "out").exists()


def test_activity_in_the_wrong_unit(commission: Run) -> None:
    """8.7 cps/MBq of 400 MBq are 0.23 of 400 mCi."""
    result = commission(poured=("--activity", "400mCi", "--ratio", "8"))
    assert result.exit_code == 3
    assert "gamma cameras have 0.5 to 150 cps/MBq" in result.stderr
    assert "--accept H05" in result.stderr


def test_a_series_of_count_rates(commission: Run, tmp_path: Path) -> None:
    """10 cps/MBq, and 0.1 per GBq lost by a paralyzable camera: 395 MBq are 0.961."""
    series = tmp_path / "rates.csv"
    rows = [
        f"{a},600,{600 * 10 * a * np.exp(-1e-4 * a):.0f}"
        for a in (3000, 2000, 1200, 700, 350)
    ]
    series.write_text("\n".join(["activity_mbq,duration_s,counts", *rows]) + "\n")
    result = commission("--series", str(series), "--json")
    assert result.exit_code == 0, result.stderr
    camera = json.loads(result.stdout)["camera"]
    assert camera["dead_time"]["model"] == "paralyzable"
    constant = camera["dead_time"]["per_gbq"]["paralyzable"]["value"]
    assert constant == pytest.approx(0.1, rel=0.01)
    live = camera["factor"]["live_fraction"]["value"]
    assert live == pytest.approx(np.exp(-1e-4 * IN_VIEW_MBQ), abs=1e-3)


STUDY = Study(
    seed="phantom",
    patient_id="P-77",
    patient_name="Phantom^Zq",
    description="test",
    acquired=datetime.fromisoformat("2026-03-02T09:00:00+01:00"),
    version="0",
)


Y90, TC99M = ("14691008", "^90^Yttrium"), ("72454006", "^99m^Technetium")


def nm(
    path: Path,
    counts: float,
    start: str,
    uid: str,
    *,
    nuclide: tuple[str, str] = Y90,
    **header: str,
) -> Path:
    """A DICOM scan at another time, with words of its camera."""
    side = (SHAPE[0] - 1) / 2 * SPACING_MM
    regular = Grid.regular(SHAPE, spacing_mm=(SPACING_MM,) * 3)
    frame = f"1.2.5.{uid}"
    grid = replace(regular.moved((-side, -side, -side)), frame_of_reference_uid=frame)
    values = scanned(counts=counts, seed=None)
    write_nm(Volume(values, grid, Quantity.COUNTS), path, STUDY)
    dataset = pydicom.dcmread(path)
    day, clock = start.split("T")
    words = {
        "Manufacturer": "Camera Works", "ManufacturerModelName": "Two Heads",
        "StationName": "ROOM2ZQ", "DeviceSerialNumber": "SN77ZQ",
    }  # fmt: skip
    for name, value in (words | header).items():
        setattr(dataset, name, value)
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate"):
        setattr(dataset, name, day.replace("-", ""))
    for name in ("StudyTime", "SeriesTime", "AcquisitionTime"):
        setattr(dataset, name, clock.replace(":", "") + "00")
    code = pydicom.Dataset()
    code.CodeValue, code.CodingSchemeDesignator = nuclide[0], "SCT"
    code.CodeMeaning = nuclide[1]
    agent = pydicom.Dataset()
    agent.RadionuclideCodeSequence = [code]
    dataset.RadiopharmaceuticalInformationSequence = [agent]
    dataset.SOPInstanceUID = f"1.2.3.{uid}"
    dataset.SeriesInstanceUID = f"1.2.4.{uid}"
    dataset.FrameOfReferenceUID = frame
    dataset.save_as(path)
    return path


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """One, two and three half-lives later: 64.05 h are 2 d 16 h 3 min."""
    starts = ("2026-03-02T09:00", "2026-03-05T01:03", "2026-03-07T17:06")
    folder = tmp_path / "scans"
    folder.mkdir()
    return [
        nm(folder / f"{n}.dcm", COUNTS / 2**n, start, str(n))
        for n, start in enumerate(starts)
    ]


ZONE = ("--timezone", "Europe/Brussels")


def test_three_scans_of_one_filling(commission: Run, three: list[Path]) -> None:
    """Counts that halve with the activity: no dead time, and one factor."""
    result = commission(*three, *ZONE, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["camera"]["dead_time"]["model"] == "none"
    assert document["camera"]["header"]["serial"] == "SN77ZQ"
    held = [sum(one["activity_mbq"].values()) for one in document["scans"]]
    assert held == pytest.approx([IN_VIEW_MBQ / 2**n for n in range(3)], rel=1e-4)
    expected = COUNTS / 1200 / IN_VIEW_MBQ
    factor = document["camera"]["factor"]["value"]["value"]
    assert factor == pytest.approx(expected, rel=0.005)


def test_one_live_fraction_of_several_scans(commission: Run, three: list[Path]) -> None:
    result = commission(*three, *ZONE, "--live-fraction", "97%")
    assert result.exit_code == 3
    assert "is one number for 3 scans" in result.stderr


def test_nobody_is_named(commission: Run, three: list[Path], tmp_path: Path) -> None:
    result = commission(*three, *ZONE, "--deidentify", "--json")
    assert result.exit_code == 0, result.stderr
    files = [one.read_text() for one in (tmp_path / "out").iterdir()]
    for text in (*files, result.stdout, result.stderr):
        assert not any(one in text for one in ("ROOM2ZQ", "SN77ZQ", "Phantom^Zq"))
        assert "P-77" not in text
        assert "0.dcm" not in text
    assert '"file": "scan 1"' in result.stdout


def test_two_cameras(commission: Run, three: list[Path]) -> None:
    dataset = pydicom.dcmread(three[1])
    dataset.DeviceSerialNumber = "SN78ZQ"
    dataset.save_as(three[1])
    result = commission(*three, *ZONE)
    assert result.exit_code == 3
    assert "the headers of the scans differ in serial" in result.stderr


def test_another_nuclide_in_the_header(commission: Run, three: list[Path]) -> None:
    result = commission(three[0], *ZONE, "--nuclide", "Ho-166")
    assert result.exit_code == 3
    assert "the header says Y-90, but the phantom is said to hold Ho-166" in (
        result.stderr
    )


def test_the_ct_of_a_scan(commission: Run, three: list[Path], tmp_path: Path) -> None:
    """Water of the phantom's outer cylinder, 8 mm more to the head than the image."""
    side = (SHAPE[0] - 1) / 2 * SPACING_MM
    grid = Grid.regular((68, 68, 68), spacing_mm=(3.0, 3.0, 3.0))
    grid = grid.moved((-side, -side, -side))
    at = grid.world_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    inside = np.hypot(at[..., 0] - 4, at[..., 1] + 3) <= 55
    inside &= abs(at[..., 2] - 11) <= 45
    frame = str(pydicom.dcmread(three[0]).FrameOfReferenceUID)
    ct = Volume(
        np.where(inside, 0.0, -1000.0),
        replace(grid, frame_of_reference_uid=frame),
        Quantity.CT_NUMBER,
    )
    (tmp_path / "ct").mkdir()
    for path in write_ct(ct, tmp_path / "ct", STUDY):
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = frame
        dataset.save_as(path)
    result = commission(
        three[0], *ZONE, "--ct", str(tmp_path / "ct"), "--json", "--live-fraction", "1"
    )
    assert result.exit_code == 0, result.stderr
    [scan] = json.loads(result.stdout)["scans"]
    assert scan["ct_offset_mm"] == pytest.approx([0, 0, -8], abs=1.0)
    assert "WARN H16" in result.stderr


@pytest.mark.parametrize(
    ("words", "poured", "said"),
    [
        ((), ("--activity", "400MBq"), "give --ratio"),
        ((), ("--ratio", "8"), "give --activity"),
        ((), (*POURED, "--fill", "spheres=2MBq"), "leave out --activity"),
        ((), ("--fill", "lesion=2MBq"), "no known fill of this name"),
        ((), ("--fill", "spheres=2"), "no unit"),
        ((), ("--activity", "400MBq", "--ratio", "-8"), "must be above 0"),
        (("--tolerance", "factor=3%"), POURED, "is for --before"),
        (("--before", "none.toml"), POURED, "there is no camera file"),
        (("--scan-duration", "9min"), POURED, "given 2 times for 1 scans"),
        (("--series", "none.csv"), POURED, "none.csv"),
        (("--wide-rates", "none.csv"), POURED, "none.csv"),
        (("--live-fraction", "0"), POURED, "above 0"),
        (("--phantom", "nema"), POURED, "it is not known"),
    ],
)
def test_what_is_refused(
    commission: Run,
    words: tuple[str, ...],
    poured: tuple[str, ...],
    said: str,
    tmp_path: Path,
) -> None:
    result = commission(*words, poured=poured)
    assert result.exit_code in (2, 3)
    assert said in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_counts_need_a_duration(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run(
        "commission", folder / "scan.nii.gz", "--phantom", folder / "small.toml",
        *POURED, *WHEN[:2], *AT, "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 3
    assert "give --scan-duration" in result.stderr


@pytest.mark.parametrize(
    ("image", "said"),
    [
        (np.zeros(SHAPE), "the sum of its voxels is 0"),
        (-np.ones(SHAPE), "not above 0"),
        (np.ones((34, 34, 1)), "has 1 x 34 x 34 voxels"),
        # By its fit, or by what the fit leaves unexplained.
        (np.eye(34)[:, :, None] * (np.arange(34) == 17), "the phantom"),
        (np.ones(SHAPE), "cannot be fitted"),
    ],
)
def test_an_image_of_no_phantom(
    run: Run, folder: Path, tmp_path: Path, image: Any, said: str
) -> None:
    import nibabel

    affine = np.diag([-SPACING_MM, -SPACING_MM, SPACING_MM, 1.0])
    path = tmp_path / "empty.nii.gz"
    nibabel.save(nibabel.Nifti1Image(image.astype(np.float32), affine), path)
    result = run(
        "commission", path, "--phantom", folder / "small.toml", *POURED, *WHEN, *AT,
        "--out", tmp_path / "out",
    )  # fmt: skip
    assert result.exit_code == 3
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_two_images_of_one_scan(commission: Run, three: list[Path]) -> None:
    twin = nm(three[0].parent / "again.dcm", 1e6, "2026-03-02T09:00", "9")
    result = commission(three[0], twin, *ZONE)
    assert result.exit_code == 3
    assert "are of one time" in result.stderr


def test_rates_of_a_wide_window(
    commission: Run, three: list[Path], tmp_path: Path
) -> None:
    table = tmp_path / "wide.csv"
    table.write_text("file,wide_cps\n0.dcm,30000\n1.dcm,15000\n")
    result = commission(*three, *ZONE, "--wide-rates", str(table))
    assert "has no rate of 2.dcm" in result.stderr
    table.write_text("file,wide_cps\n0.dcm,30000\n1.dcm,15000\n2.dcm,7500\n")
    result = commission(*three, *ZONE, "--wide-rates", str(table), "--json")
    assert result.exit_code == 0, result.stderr
    scans = json.loads(result.stdout)["dead_time"]["scans"]
    assert [one["wide_cps"] for one in scans] == [7500, 15000, 30000]


def test_the_phantoms_are_listed(run: Run) -> None:
    result = run("commission", "--list-phantoms")
    assert result.exit_code == 0
    assert "nema-iec: NEMA IEC body" in result.stdout
    assert "rods: 3224.6 mL, activity not known" in result.stdout


def pet(
    folder: Path,
    nuclide: str,
    half_life_h: float,
    part: float,
    *,
    held_h: float = 64.05,
) -> Path:
    """A PET of 20 minutes, corrected to its start, that shows a part of the truth.

    The phantom's own half-life is `held_h`.
    """
    folder.mkdir()
    side = (SHAPE[0] - 1) / 2 * SPACING_MM
    grid = Grid.regular(SHAPE, spacing_mm=(SPACING_MM,) * 3).moved((-side,) * 3)
    grid = replace(grid, frame_of_reference_uid=STUDY.frame_of_reference_uid)
    counts = scanned(counts=COUNTS, seed=None)
    # What write_ct adds.
    paths = write_ct(Volume(counts - 1024, grid, Quantity.CT_NUMBER), folder, STUDY)
    x = np.log(2) / 3 / half_life_h
    # 400 MBq an hour before its start, in voxels of 0.216 mL.
    bq_per_ml = part * 400e6 * 2 ** (-1 / held_h) / COUNTS / 0.216
    code = pydicom.Dataset()
    code.CodeValue = {"Y-90": "C-162A7", "F-18": "C-111A1"}[nuclide]
    code.CodingSchemeDesignator, code.CodeMeaning = "SRT", nuclide
    agent = pydicom.Dataset()
    agent.RadionuclideCodeSequence = [code]
    agent.RadionuclideHalfLife = f"{half_life_h * 3600:.8g}"
    for path in paths:
        d = pydicom.dcmread(path)
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = (
            "1.2.840.10008.5.1.4.1.1.128"
        )
        d.Modality, d.Units, d.DecayCorrection = "PT", "BQML", "START"
        d.CorrectedImage = ["ATTN", "SCAT", "DECY"]
        d.RescaleIntercept, d.RescaleSlope = "0", f"{bq_per_ml:.8g}"
        d.ActualFrameDuration, d.FrameReferenceTime = "1200000", "0"
        d.Manufacturer = "GE MEDICAL SYSTEMS"
        d.DecayFactor = f"{x / -np.expm1(-x):.6f}"
        d.RadiopharmaceuticalInformationSequence = [agent]
        d.save_as(path)
    return folder


def test_a_pet_that_is_right(commission: Run, tmp_path: Path) -> None:
    result = commission(pet(tmp_path / "pet", "Y-90", 64.05, 0.95), "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    factor = document["camera"]["factor"]
    assert factor["unit"] == "shown/true"
    assert factor["value"]["value"] == pytest.approx(0.95, rel=0.005)
    assert document["yield_factor"] is None


def test_a_pet_of_f18(commission: Run, tmp_path: Path) -> None:
    folder = pet(tmp_path / "pet", "F-18", 1.8295, 0.95, held_h=1.8295)
    asked = commission(folder)
    assert asked.exit_code == 3
    assert "for a phantom of F-18 give --nuclide F-18" in " ".join(asked.stderr.split())
    result = commission(folder, "--nuclide", "F18", "--json")
    assert result.exit_code == 0, result.stderr
    camera = json.loads(result.stdout)["camera"]
    assert camera["factor"]["value"]["value"] == pytest.approx(0.95, rel=0.005)
    assert read_camera(tmp_path / "out" / "camera.toml").nuclide == "F-18"


def test_a_pet_that_was_told_another_nuclide(commission: Run, tmp_path: Path) -> None:
    """0.0000319 positrons shown as 0.967; decay over the scan as that of F-18.

    The scanner multiplied by x / (1 - exp(-x)), x = ln 2 / 3 / 1.8295: 1.0646, where
    Y-90 has 1.0018.
    """
    part = 3.186e-5 / 0.967 * 1.0646 / 1.0018
    folder = pet(tmp_path / "pet", "F-18", 1.8295, part)
    asked = commission(folder)
    assert asked.exit_code == 3
    assert "--header-nuclide-was F-18" in asked.stderr
    told = commission(folder, "--header-nuclide-was", "F-18", "--json")
    assert told.exit_code == 0, told.stderr
    document = json.loads(told.stdout)
    found = document["yield_factor"]["value"]
    assert found == pytest.approx(0.967 / 3.186e-5, rel=0.005)
    assert document["nuclide_was"] == "F-18"


def test_a_phantom_of_technetium_decays_as_technetium(
    commission: Run, tmp_path: Path
) -> None:
    """400 MBq, an hour later and on average over 20 min, with 6.0072 h: 349.64 MBq.

    2^(-1 / 6.0072) = 0.891022; x = ln 2 / 3 / 6.0072 = 0.038462, and
    (1 - exp(-x)) / x = 0.981012.
    """
    in_view = 400 * 0.891022 * 0.981012
    scan = nm(tmp_path / "a.dcm", 4e7, "2026-03-02T09:00", "7", nuclide=TC99M)
    zone = ("--timezone", "Europe/Brussels")
    asked = commission(scan, *zone)
    assert asked.exit_code == 3
    said = " ".join(asked.stderr.split())
    assert "the header says Tc-99m, but the phantom is said to hold Y-90" in said
    assert "for a phantom of Tc-99m give --nuclide Tc-99m" in said
    live = ("--live-fraction", "97%")
    words = (*zone, *live, "--nuclide", "Tc99m")
    result = commission(scan, *words, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["nuclide"]["half_life_h"] == 6.0072
    assert document["nuclide"]["dose_constant_gy_kg_per_gbq"] is None
    [one] = document["scans"]
    assert sum(one["activity_mbq"].values()) == pytest.approx(in_view, rel=1e-5)
    factor = document["camera"]["factor"]["value"]["value"]
    assert factor == pytest.approx(4e7 / 1200 / in_view / 0.97, rel=0.005)
    path = tmp_path / "out" / "camera.toml"
    assert read_camera(path).nuclide == "Tc-99m"
    page = (tmp_path / "out" / "commission.html").read_text("utf-8")
    assert "Tc-99m, half-life 6.0072 h" in page
    kept = path.rename(tmp_path / "tc.toml")
    device = commission(scan, *words, "--device", "resin", "--force")
    assert "resin microspheres carry Y-90, not Tc-99m" in device.stderr
    other = commission(scan, *zone, *live, "--before", str(kept), "--force")
    assert other.exit_code != 0
    assert "commissioned with Tc-99m, and this phantom holds Y-90" in " ".join(
        other.stderr.split()
    )
