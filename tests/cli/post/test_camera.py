"""A camera's own file in `post` and `plan image`: numbers by hand, and by header."""

import json
import shutil
from collections.abc import Callable
from math import exp, hypot, log, sqrt
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

from sirtdose.io.dicom.nm import read_nm
from sirtdose.io.hashing import sha256_of
from sirtdose.io.tables.camera import camera_text
from tests.commissioned import commissioned

Run = Callable[..., Result]
HEADER = {"manufacturer": "Siemens NM", "station": "LIVERROOM", "serial": "4711"}
# One half-life of 64.05 h is 2 days, 16 h and 3 min.
TIMES = (
    *("--administered-at", "2026-02-28T17:27+01:00", "--timezone", "Europe/Brussels"),
    *("--scan-at", "2026-03-03T09:30+01:00", "--scan-duration", "30min"),
)
# 2 GBq delivered, 1.9 treated; 1 GBq at the start of the scan.
GIVEN = ("--administered", "2GBq", "--residual", "0GBq", "--lung-shunt", "5%")
MEAN = (1 - 2 ** (-0.5 / 64.05)) / (log(2) * 0.5 / 64.05)
LOST = 0.1 * MEAN
BARE = ("--no-report", "--no-dicom", "--json")
ACCEPTED = ("--accept", "H13", "--reason", "a factor for the test")


def found(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def said(document: dict[str, Any], code: str) -> list[str]:
    return [one["message"] for one in document["warnings"] if one["code"] == code]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("camera") / "camera.toml"
    path.write_text(camera_text(commissioned()), "utf-8")
    return path


@pytest.fixture(scope="module")
def labeled(exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The phantom with a camera in its header."""
    folder = tmp_path_factory.mktemp("labeled") / "patient"
    shutil.copytree(exact_voxels, folder)
    spect = pydicom.dcmread(folder / "spect.dcm")
    spect.Manufacturer = "Siemens NM"
    spect.ManufacturerModelName = "Symbia T2"
    spect.StationName, spect.DeviceSerialNumber = "LIVERROOM", "4711"
    spect.ProtocolName = "Y90"
    spect.DetectorInformationSequence[0].CollimatorGridName = "MELP"
    spect.DetectorInformationSequence[0].CollimatorType = "PARA"
    spect.save_as(folder / "spect.dcm")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cameras: the station of one of them is the image's."""
    folder = tmp_path_factory.mktemp("site")
    for name, own in (("left", HEADER), ("right", {})):
        text = camera_text(commissioned(name=f"{name} room", header=own))
        (folder / f"{name}.toml").write_text(text, "utf-8")
    (folder / "site.toml").write_text(
        '[[camera]]\nname = "left"\nmanufacturer = "siemens*"\nstation = "LIVERROOM"\n'
        'file = "left.toml"\n[[camera]]\nname = "right"\nmanufacturer = "siemens*"\n'
        'station = "LUNGROOM"\nfile = "right.toml"\n',
        "utf-8",
    )
    return folder / "site.toml"


def test_words_of_the_header(labeled: Path) -> None:
    source = read_nm(labeled / "spect.dcm").source
    assert source is not None
    assert source.camera == HEADER | {
        "model": "Symbia T2",
        "protocol": "Y90",
        "collimator": "MELP",
    }


def test_a_calibration_by_the_camera_has_its_live_fraction_and_uncertainty(
    run: Run, exact_voxels: Path, camera: Path, tmp_path: Path
) -> None:
    document = found(
        run(
            *("post", exact_voxels, *GIVEN, *TIMES, "--calibration", "camera"),
            *("--camera", camera, "--uncertainty", 20, *BARE, *ACCEPTED),
            *("--out", tmp_path / "out"),
        )
    )
    calibration, lost = document["calibration"], document["camera"]["dead_time"]
    live = exp(-LOST)
    assert lost["in_view_gbq"] == pytest.approx(MEAN, rel=1e-6)
    assert lost["live_fraction"]["value"] == pytest.approx(live, rel=1e-6)
    # 10 % of the constant, and 5.8 % of the administered activity.
    standard = LOST * hypot(0.1, 0.058)
    assert lost["live_fraction"]["standard"] == pytest.approx(live * standard, rel=1e-6)
    assert lost["corrected"] is True
    assert calibration["used"] == "camera"
    # At 10 cps/MBq for 1800 s, of what is there on average over the scan.
    per_count = 1e6 / (10 * live * 1800 * 0.5 * MEAN)
    assert calibration["bq_per_unit"] == pytest.approx(per_count, rel=1e-6)
    budget = {one["name"]: one for one in document["uncertainty"]["budget"]}
    assert budget["camera_factor"]["value"] == pytest.approx(hypot(0.01, standard))
    assert budget["camera_factor"]["source"] == (
        "camera.toml, camera 'room 2', 2026-01-02"
    )
    assert budget["psf"]["value"] == pytest.approx(0.42 / 14)
    # 0.2 at 50 counts per mL; 10 mm of voxels as large as those of the image.
    first = next(iter(document["doses"].values()))["structures"]
    liver = next(one for one in first if one["role"] == "liver")
    per_ml = liver["activity_gbq"] * 1e9 / per_count / liver["volume_ml"]
    assert budget["noise"]["value"] == pytest.approx(0.2 * sqrt(50 / per_ml), rel=1e-4)
    z, y, x = document["grid"]["spacing_mm"]
    assert budget["noise_fwhm_voxels"]["value"] == pytest.approx(
        10 / (x * y * z) ** (1 / 3), rel=1e-6
    )
    assert budget["administered"]["value"] == 0.058


TYPED = ("--calibration", "10 cps/MBq")


def test_a_typed_factor_is_corrected_where_it_was_measured_without_loss(
    run: Run, exact_voxels: Path, camera: Path, tmp_path: Path
) -> None:
    """exp(-0.1 x the mean over the scan) is kept; without correction it is said."""
    words = ("post", exact_voxels, *GIVEN, *TIMES, *TYPED, "--camera", camera)
    words = (*words, "--uncertainty", 20, *BARE, *ACCEPTED, "--out", tmp_path / "out")
    live = exp(-LOST)
    plain = found(run(*words))
    assert plain["camera"]["dead_time"]["corrected"] is False
    per_count = 1e6 / (10 * 1800 * 0.5 * MEAN)
    assert plain["calibration"]["bq_per_unit"] == pytest.approx(per_count, rel=1e-6)
    (warned,) = [one for one in said(plain, "H13") if "the typed factor" in one]
    assert f"loses {1 - live:.1%} +/- 1.0% of its counts" in warned
    assert (
        "If it was, give --dead-time camera; if the factor includes the loss" in warned
    )
    document = found(run(*words, "--dead-time", "camera", "--force"))
    assert document["camera"]["gives"] == ["blur", "dead time"]
    assert document["camera"]["dead_time"]["corrected"] is True
    corrected = document["calibration"]["bq_per_unit"]
    assert corrected == pytest.approx(per_count / live, rel=1e-6)
    (done,) = [one for one in said(document, "H13") if "field of view" in one]
    assert done.endswith("; the calibration is corrected for it")
    # That of a typed factor, with that of the live fraction.
    before, after = (
        {one["name"]: one for one in each["uncertainty"]["budget"]}["camera_factor"]
        for each in (plain, document)
    )
    standard = hypot(before["value"], LOST * hypot(0.1, 0.058))
    assert after["value"] == pytest.approx(standard, rel=1e-6)
    assert after["source"].endswith(
        "; with dead time of camera.toml, camera 'room 2', 2026-01-02"
    )
    assert document["options"]["dead_time"] == "camera"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (TYPED, "--dead-time camera: name a camera's file with --camera"),
        ((*TYPED, "--camera", "bare.toml"), "camera 'room 2' has no dead time"),
        (("--camera", "bare.toml"), "--dead-time is for a camera factor in --calib"),
        (("--calibration", "camera"), "--dead-time is for a camera factor in --calib"),
    ],
)
def test_a_dead_time_that_no_camera_has(
    run: Run, exact_voxels: Path, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    bare = tmp_path / "bare.toml"
    bare.write_text(camera_text(commissioned(dead_time=None)), "utf-8")
    words = tuple(str(bare) if one == bare.name else one for one in words)
    result = run(
        *("post", exact_voxels, *GIVEN, *TIMES, *words, "--dead-time", "camera"),
        *(*BARE, *ACCEPTED, "--out", tmp_path / "out"),
    )
    assert result.exit_code in (2, 3), result.output
    assert why in " ".join(result.stderr.split())


@pytest.fixture(scope="module")
def by_header(
    run: Run, labeled: Path, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("by_header") / "out"
    result = run(
        *("post", labeled, *GIVEN, *TIMES, "--site", site, *ACCEPTED),
        *("--no-dicom", "--json", "--out", out),
    )
    return out, found(result)


def test_the_camera_of_the_header_gives_the_second_calibration(
    by_header: tuple[Path, dict[str, Any]], site: Path
) -> None:
    out, document = by_header
    assert document["camera"]["name"] == "left room"
    assert document["camera"]["gives"] == ["blur", "factor", "dead time"]
    assert document["camera"]["header"]["serial"] == "4711"
    (own,) = [one for one in document["inputs"] if one["kind"] == "camera"]
    assert own["file"] == "left.toml"
    assert own["sha256"] == sha256_of([site.parent / "left.toml"])
    assert document["options"]["camera"] == "left.toml"
    assert "cameras" not in document["options"]
    calibration = document["calibration"]
    assert calibration["used"] == "administered"
    per_count = 1e6 / (10 * exp(-LOST) * 1800 * 0.5 * MEAN)
    ratio = per_count / calibration["bq_per_unit"]
    assert calibration["alternative"]["method"] == "camera"
    assert calibration["alternative_to_used_ratio"] == pytest.approx(ratio, rel=1e-6)
    # Factor and live fraction; administered; a shunt of 5 +/- 1.5 % leaves 95 %.
    parts = (0.01, LOST * hypot(0.1, 0.058), 0.058, 0.015 / 0.95)
    assert calibration["alternative_to_used_standard"] == pytest.approx(
        ratio * hypot(*parts), rel=1e-6
    )
    (cancels,) = [one for one in said(document, "H13") if "cancels" in one]
    assert "the second calibration is corrected for it" in cancels
    words = f"{ratio:.3f} +/- {ratio * hypot(*parts):.3f} (k = 1) times those by the"
    assert words in (out / "report.html").read_text("utf-8")


def test_a_rerun_uses_the_same_camera_and_a_change_of_it_is_seen(
    run: Run,
    by_header: tuple[Path, dict[str, Any]],
    site: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, _ = by_header
    # Nobody's file of today says which camera it was.
    monkeypatch.setenv("SIRTDOSE_SITE", "")
    result = run("verify", out, "--rerun", "--json")
    assert result.exit_code == 0, result.output
    (case,) = json.loads(result.stdout)["cases"]
    assert case["rerun"] == "the same"
    states = {one["kind"]: one["state"] for one in case["inputs"]}
    assert states["camera"] == "unchanged"
    path = site.parent / "left.toml"
    before = path.read_text("utf-8")
    try:
        path.write_text(before + "# edited\n", "utf-8")
        result = run("verify", out, "--json")
    finally:
        path.write_text(before, "utf-8")
    assert result.exit_code == 3
    (case,) = json.loads(result.stdout)["cases"]
    states = {one["kind"]: one["state"] for one in case["inputs"]}
    assert states["camera"] == "changed"


def test_stations_are_removed_with_patients(
    run: Run, labeled: Path, site: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "site"
    shutil.copytree(site.parent, folder)
    other = HEADER | {"station": "OTHERROOM"}
    text = camera_text(commissioned(name="left room", header=other))
    (folder / "left.toml").write_text(text, "utf-8")
    out = tmp_path / "out"
    result = run(
        *("post", labeled, *GIVEN, *TIMES, "--site", folder / "site.toml", *ACCEPTED),
        *("--accept", "H46", "--reason", "renamed"),
        *("--pvc", "recovery", "--deidentify", "--no-dicom", "--json", "--out", out),
    )
    camera = found(result)["camera"]
    assert camera["header"] == {
        "manufacturer": "Siemens NM",
        "model": "Symbia T2",
        "collimator": "MELP",
    }
    written = "".join(
        path.read_text("utf-8") for path in out.iterdir() if path.suffix != ".gz"
    )
    for name in ("LIVERROOM", "OTHERROOM", "4711", "left room", "left.toml"):
        assert name not in written, name


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--calibration", "camera"), "--calibration camera: name a camera's file"),
        (("--psf", "camera"), "the blur of the camera is not known: name a camera's"),
        (("--pvc", "gtm"), "--pvc gtm needs --psf, such as 15mm, or the camera's file"),
        (("--psf", "camera", "--psf-tail", "8%@60mm"), "leave --psf-tail out, or give"),
        (("--camera", "no.toml", "--psf", "camera"), "no.toml"),
        (("--scan-duration", "20min"), "or the camera's file in --camera: give both"),
    ],
)
def test_what_no_camera_gives_is_refused(
    run: Run, exact_voxels: Path, tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    times = TIMES[:-2]
    out = ("--out", tmp_path / "out")
    result = run("post", exact_voxels, *GIVEN, *times, *words, *BARE, *out)
    assert result.exit_code in (2, 3), result.output
    assert why in " ".join(result.stderr.split())
