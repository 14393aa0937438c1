"""`sirtdose post`: both scales where an image has two calibrations."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from sirtdose.report.post.lines import post_screen

Run = Callable[..., Result]
AT = "2026-03-02T10:00+01:00"
GIVEN: tuple[str, ...] = ("--administered", "2.2GBq", "--administered-at", AT)
GIVEN += ("--lung-shunt", "5%")
GIVEN += ("--residual", "60MBq", "--residual-at", AT, "--no-report", "--no-dicom")
GIVEN += ("--timezone", "Europe/Brussels", "--device", "glass")
FACTOR = ("--calibration", "61.7 cps/MBq", "--scan-duration", "20min")


def post(run: Run, source: Path, out: Path, *options: object) -> dict[str, Any]:
    words = ("--accept", "H13", "--reason", "a made up factor", "--json", "--out", out)
    result = run("post", source, *GIVEN, *words, *options)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def means(document: dict[str, Any]) -> dict[str, float]:
    rows = document["doses"]["local_deposition"]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


def test_both_scales_are_shown(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    absolute = post(run, exact_contours, tmp_path / "a", *FACTOR)
    over_all = ("--calibrate-over", "fov")
    declared = post(run, exact_contours, tmp_path / "d", *over_all)
    assert absolute["scale"]["doses"] == "absolute"
    assert declared["scale"]["doses"] == "declared"
    # An image in counts without a factor has one calibration alone.
    assert declared["scale"]["other"] is None
    assert declared["scale"]["pet_over_declared"]["ratio"] == 0.79
    # Another run by the declared activity gives what this one says that it would.
    other = absolute["scale"]["other"]
    assert other["doses"] == "declared"
    assert other["mean_gy"] == pytest.approx(means(declared), rel=1e-6)
    assert absolute["scale"]["lungs"] == declared["scale"]["lungs"] == "declared"
    screen = post_screen(absolute).text()
    assert "Scale      absolute image calibration; by declared activity doses are" in (
        screen
    )
    assert "declared Gy" in screen
    assert "Scale      declared activity; PET measured 0.79 of it for glass" in (
        post_screen(declared).text()
    )


def test_an_older_result_says_nothing_of_it(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    document = post(run, exact_contours, tmp_path / "d")
    del document["scale"]
    assert "Scale" not in post_screen(document).text()


def test_a_residual_by_survey_meter(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    words = ("--residual-method", "survey-meter", "--uncertainty", "20")
    document = post(run, exact_contours, tmp_path / "s", *words)
    assert document["ledger"]["residual_method"] == "survey-meter"
    budget = {one["name"]: one for one in document["uncertainty"]["budget"]}
    assert budget["residual"]["value"] == 0.5
    assert "Ebbers 2020" in budget["residual"]["source"]
    said = [one for one in document["warnings"] if one["code"] == "H08"]
    assert any("by survey meter" in one["message"] for one in said)
    # 60 MBq of 2.2 GBq is 2.73 %, more than three times the median of 0.61 %.
    assert any("2.73 %, unusual for glass" in one["message"] for one in said)


def test_a_method_without_a_residual(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    words = ("--administered", "2GBq", "--residual-method", "pet")
    result = run("post", exact_contours, *words, "--out", tmp_path / "x")
    assert result.exit_code == 2
    assert "--residual-method is for a --residual: give both" in result.stderr


def test_their_dose_by_the_other_scale(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    from sirtdose.io.image_file import write_nifti
    from sirtdose.io.read import read_image
    from sirtdose.model.volume import Quantity

    ours = tmp_path / "ours"
    post(run, exact_contours, ours)
    dose = read_image(ours / "dose_local.nii.gz", quantity=Quantity.DOSE)
    # As a system whose PET sees 0.8 of the declared activity.
    theirs = tmp_path / "theirs.nii.gz"
    write_nifti(dose.with_data(0.8 * dose.data), theirs)
    result = run(
        *(
            "check",
            theirs,
            "--against",
            ours,
            "--structures",
            exact_contours / "structures.dcm",
        ),
        *("--json", "--out", tmp_path / "check"),
    )
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)["warnings"]
    [found] = [one for one in said if one["code"] == "H26"]
    assert found["severity"] == "warn"
    assert "their dose is 0.8 times ours: is it of another scale?" in found["message"]
