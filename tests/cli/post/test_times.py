"""Decay between injection and scan, whatever clocks and offsets the times are in."""

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pydicom
import pytest
from click.testing import Result

Run = Callable[..., Result]


def bq_per_unit(
    run: Run, folder: Path, out: Path, administered: str, scan: str, *zone: str
) -> float:
    result = run(
        *("post", folder, "--administered", "2.2GBq", "--lung-shunt", "5%", "--json"),
        *("--calibration", "2.0 cps/MBq", "--scan-duration", "30min"),
        *("--administered-at", administered, "--scan-at", scan, *zone),
        *("--accept", "H13", "--reason", "a factor for the test"),
        *("--force", "--no-report", "--no-dicom", "--out", out),
    )
    assert result.exit_code == 0, result.stderr
    return float(json.loads(result.stdout)["calibration"]["bq_per_unit"])


# Hours that really pass between the two, by hand.
CASES = [
    # The same day, one clock.
    ("2026-03-02T10:00+01:00", "2026-03-02T16:00+01:00", (), 6.0),
    # Over midnight.
    ("2026-03-02T22:15+01:00", "2026-03-03T01:45+01:00", (), 3.5),
    # The scanner writes UTC, the ward its own clock.
    ("2026-03-02T10:00+01:00", "2026-03-02T15:00+00:00", (), 6.0),
    # Across the Atlantic, and the date with it.
    ("2026-03-02T23:30-05:00", "2026-03-03T10:30+01:00", (), 5.0),
    # The night when clocks go forward: 24 h by the clock are 23.
    ("2026-03-28T10:00", "2026-03-29T10:00", ("--timezone", "Europe/Brussels"), 23.0),
    # The night when they go back: 24 h by the clock are 25.
    ("2026-10-24T10:00", "2026-10-25T10:00", ("--timezone", "Europe/Brussels"), 25.0),
]


@pytest.fixture(scope="module")
def at_once(
    run: Run, exact_voxels: Path, tmp_path_factory: pytest.TempPathFactory
) -> float:
    """Where no time passes."""
    moment, out = "2026-03-02T10:00+01:00", tmp_path_factory.mktemp("at_once")
    return bq_per_unit(run, exact_voxels, out / "out", moment, moment)


@pytest.mark.parametrize(("administered", "scan", "zone", "hours"), CASES)
def test_decay_is_of_the_hours_that_passed(
    run: Run,
    exact_voxels: Path,
    at_once: float,
    tmp_path: Path,
    administered: str,
    scan: str,
    zone: tuple[str, ...],
    hours: float,
) -> None:
    found = bq_per_unit(run, exact_voxels, tmp_path / "out", administered, scan, *zone)
    assert found / at_once == pytest.approx(2 ** (hours / 64.05), rel=1e-6)
    if not zone:
        clocks = (datetime.fromisoformat(t) for t in (scan, administered))
        passed = next(clocks) - next(clocks)
        assert passed.total_seconds() / 3600 == hours


@pytest.mark.parametrize(
    ("limit", "nuclide", "said"),
    [
        # 2.2 GBq after 6 h at 64.05 h: 2.0617 GBq.
        ("2GBq", "Y-90", "WARN H13  2.062 GBq were in the field of view at the scan"),
        ("2.1GBq", "Y-90", "NOTE H13  2.062 GBq were in the field of view at the scan"),
        (None, "Ho-166", "NOTE H13  camera dead time not checked: needs"),
    ],
)
def test_more_in_view_than_the_camera_counts(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    limit: str | None,
    nuclide: str,
    said: str,
) -> None:
    result = run(
        *("post", exact_voxels, "--administered", "2.2GBq", "--nuclide", nuclide),
        *("--administered-at", "2026-03-02T10:00+01:00"),
        *("--scan-at", "2026-03-02T16:00+01:00", "--out", tmp_path / "out"),
        *("--no-report", "--no-dicom"),
        *(() if limit is None else ("--camera-limit", limit)),
    )
    assert result.exit_code == 0, result.stderr
    assert said in result.stderr


@pytest.mark.parametrize(
    ("started", "exit_code", "said"),
    [
        # 10:00+01:00 was typed, and the header agrees; the scan is a day later.
        ("20260302090000+0000", 0, ""),
        ("20260302070000+0000", 3, "-2.00 h from --administered-at"),
        # No day is made up.
        ("", 0, ""),
    ],
)
def test_a_spect_corrected_to_administration_is_of_that_moment(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    started: str,
    exit_code: int,
    said: str,
) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_voxels, folder)
    image = pydicom.dcmread(folder / "spect.dcm")
    image.DecayCorrection = "ADMIN"
    item = pydicom.Dataset()
    item.RadiopharmaceuticalStartTime = "100000"
    if started:
        item.RadiopharmaceuticalStartDateTime = started
    image.RadiopharmaceuticalInformationSequence = [item]
    image.save_as(folder / "spect.dcm")
    result = run(
        *("post", folder, "--administered", "2.2GBq", "--lung-shunt", "5%", "--json"),
        *("--administered-at", "2026-03-02T10:00+01:00", "--camera-limit", "2GBq"),
        *("--no-report", "--no-dicom", "--out", tmp_path / "out"),
    )
    assert result.exit_code == exit_code, result.stderr
    assert said in result.stderr
    if exit_code == 0:
        document = json.loads(result.stdout)
        assert document["times"]["elapsed_h"] == 0
        assert "dead time was not checked" in result.stderr


def test_a_camera_factor_that_is_far_off_is_caught(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    truth = json.loads((exact_voxels / "truth.json").read_text())
    factor = truth["camera_factor_cps_per_mbq"]
    words = ("post", exact_voxels, *truth["post_options"], "--scan-duration", "30min")
    right = run(
        *words, "--calibration", f"{factor} cps/MBq", "--json", "--out", tmp_path / "a"
    )
    assert right.exit_code == 0, right.stderr
    ratio = json.loads(right.stdout)["calibration"]["alternative_to_used_ratio"]
    assert ratio == pytest.approx(1, abs=1e-3)
    # Dead time: 3.6 times the activity it should be.
    off = run(
        *words, "--calibration", f"{factor / 3.6} cps/MBq", "--out", tmp_path / "b"
    )
    assert off.exit_code == 3
    assert "H13" in off.stderr
    assert "would give 0.2778 times the activity of 'camera'" in off.stderr
