"""After acceptance the value that is used is the one that the question names.

The questions about an administration, an offset from UTC and a positron fraction are
in `test_post_pet.py`, those about a nuclide in `test_post_nuclide.py`.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
import pytest
from click.testing import Result

from sirtdose.checks.activity import mixed_units_finding

Run = Callable[..., Result]
T = "2026-03-02T10:00+01:00"


def asked_then_accepted(
    run: Run, code: str, words: tuple[object, ...], out: Path
) -> tuple[str, dict[str, Any]]:
    """What is asked of a command, and its document once that is accepted."""
    usual = ("--accept", "H07", "--reason", "made up", "--json", "--out", out)
    asked = run(*words, *usual)
    assert asked.exit_code == 3, asked.stderr
    assert f"--accept {code}" in asked.stderr
    assert re.findall(r"--accept (H\d\d)", asked.stderr) == [code]
    assert not out.exists()
    taken = run(*words, *usual, "--accept", code, "--reason", "as typed")
    assert taken.exit_code == 0, taken.stderr
    return asked.stderr, json.loads(taken.stdout)


def post(folder: Path, *options: object) -> tuple[object, ...]:
    return ("post", folder, *options, "--no-report", "--no-dicom")


def test_a_shunt_that_may_be_a_percentage(
    run: Run, exact_voxels: Path, tmp_path: Path
) -> None:
    words = post(exact_voxels, "--administered", "2.2GBq", "--lung-shunt", "0.6")
    said, document = asked_then_accepted(run, "H22", words, tmp_path / "out")
    assert "If accepted, 60.0% is used" in said
    assert document["ledger"]["lung_gbq"] == pytest.approx(0.6 * 2.2)


@pytest.mark.parametrize("typed", ["81GBq", "0.005GBq"])
def test_an_activity_of_another_unit(
    run: Run, exact_voxels: Path, tmp_path: Path, typed: str
) -> None:
    words = post(exact_voxels, "--administered", typed, "--lung-shunt", "5%")
    said, document = asked_then_accepted(run, "H05", words, tmp_path / "out")
    gbq = float(typed.removesuffix("GBq"))
    assert f"If accepted, {gbq:g} GBq is used" in said
    assert document["ledger"]["administered_gbq"] == gbq


def test_two_notes_of_one_activity_are_both_named() -> None:
    finding = mixed_units_finding(81.0, 3.0, "assay and order")
    assert finding is not None
    assert "(81 and 3 GBq)" in finding.message
    assert finding.message.endswith("If accepted, both are used as given")


@pytest.mark.parametrize(
    ("options", "key", "said", "expected"),
    [
        # 240 h at 64.05 h: 2 ** -3.74707 = 0.074486.
        (
            ("--administered", "2GBq", "--scan-at", "2026-03-12T10:00+01:00"),
            "scan",
            "the scan is 240.0 h after administration",
            240.0,
        ),
        (
            ("--assay", "100GBq", "--assay-at", "2026-02-15T10:00+01:00"),
            "administered_gbq",
            "the assay is -360.0 h after administration",
            # 360 h: 2 ** -5.620609 = 0.020326.
            2.0326,
        ),
        (
            (
                *("--administered", "2GBq", "--residual", "0.1GBq"),
                *("--residual-at", "2026-03-02T09:00+01:00"),
            ),
            "residual_gbq",
            "the residual was measured -1.0 h after administration",
            # 1 h earlier: 0.1 * 2 ** (-1 / 64.05) = 0.098924.
            0.098924,
        ),
    ],
)
def test_times_that_do_not_fit(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    key: str,
    said: str,
    expected: float,
) -> None:
    words = post(exact_voxels, *options, "--administered-at", T, "--lung-shunt", "5%")
    told, document = asked_then_accepted(run, "H09", words, tmp_path / "out")
    assert said in told
    assert "If accepted, the times are used as given" in told
    found = document["times"]["elapsed_h"] if key == "scan" else document["ledger"][key]
    assert found == pytest.approx(expected, rel=1e-4)


def test_two_calibrations(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = post(
        *(exact_voxels, "--administered", "2.2GBq", "--lung-shunt", "5%"),
        *("--calibration", "2.0 cps/MBq", "--scan-duration", "30min"),
        *("--administered-at", T, "--scan-at", T),
    )
    said, document = asked_then_accepted(run, "H13", words, tmp_path / "out")
    assert "If accepted, 'camera' is used" in said
    assert document["calibration"]["used"] == "camera"
    # 1 count in 1800 s at 2 cps/MBq is 1e6 / 3600 Bq, and the mean of 30 min of decay
    # is 1 - ln 2 * 0.5 / 64.05 / 2 = 0.99730 of its start.
    assert document["calibration"]["bq_per_unit"] == pytest.approx(
        1e6 / 3600 / 0.99730, rel=1e-4
    )


def test_a_calibrator_far_off(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = post(
        *(exact_voxels, "--administered", "2GBq", "--lung-shunt", "5%"),
        *("--calibrator-factor", "1.4"),
    )
    said, document = asked_then_accepted(run, "H40", words, tmp_path / "out")
    assert "activities are the readings times 1.4" in said
    assert document["ledger"]["administered_gbq"] == pytest.approx(2.8)


def test_a_density_of_no_tissue(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    words = post(
        *(exact_voxels, "--administered", "2GBq", "--lung-shunt", "5%"),
        *("--density", "2.5g/mL"),
    )
    said, document = asked_then_accepted(run, "H27", words, tmp_path / "out")
    assert "one density, 2.5 g/mL, for all tissue" in said
    [dose] = document["doses"].values()
    liver = next(one for one in dose["structures"] if one["role"] == "liver")
    assert liver["mass_kg"] == pytest.approx(liver["volume_ml"] * 2.5e-3)


def test_a_shunt_above_which_resin_is_not_given(run: Run, tmp_path: Path) -> None:
    """1.80 m and 80 kg: 2.00 m2 by DuBois; 2.00 - 0.2 + 0.1 = 1.90 GBq, less 40 %."""
    words = (
        *("plan", "bsa", "--height", "180cm", "--weight", "80kg"),
        *("--liver-volume", "2000mL", "--tumor-volume", "200mL"),
        *("--lung-shunt", "25%"),
    )
    said, document = asked_then_accepted(run, "H22", words, tmp_path / "out")
    assert "lung shunt is 25.0%, above 20%: resin is contraindicated" in said
    reduced = [
        one["message"] for one in document["warnings"] if "reduced" in one["message"]
    ]
    assert len(reduced) == 1
    assert reduced[0].startswith("activity reduced by 40 % for the lung shunt")
    assert document["activity_gbq"] == pytest.approx(1.90 * 0.6, abs=0.01)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_name_that_differs(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    folder = tmp_path / "patient"
    shutil.copytree(exact_contours, folder)
    for path in folder.rglob("*.dcm"):
        data = pydicom.dcmread(path)
        data.PatientName = "Of^Image" if path.name == "spect.dcm" else "Of^Others"
        data.PatientBirthDate = "19500101"
        data.save_as(path)
    words = ("post", folder, "--administered", "2.2GBq", "--lung-shunt", "5%")
    said, _ = asked_then_accepted(run, "H01", words, tmp_path / "out")
    assert "If accepted, results carry the name in the image" in said
    assert "Of^" not in said
    for written in (tmp_path / "out").glob("*.dcm"):
        assert str(pydicom.dcmread(written).PatientName) == "Of^Image"
