"""Radiobiology in post's results, a department's own, and outcome studies."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]
GIVEN = ("--administered", "2GBq", "--lung-shunt", "5%", "--no-report", "--no-dicom")
OWN = """
[tumor]
alpha_beta = "8Gy"
alpha = "0.02/Gy"
source = "our clinic"

[[tcp]]
name = "ours"
form = "logit"
dose = "mean"
b0 = -2
b1 = "0.012/Gy"
device = "glass"
imaging = "SPECT"
source = "89 lesions"

[[ntcp]]
name = "theirs"
form = "lyman"
dose = "geud"
d50 = "52Gy"
m = 0.28
device = "resin"
source = "a paper"
"""


def post(run: Run, source: Path, out: Path, *options: object) -> Result:
    return run("post", source, *GIVEN, *options, "--json", "--out", out)


def rows(result: Result, method: str = "local_deposition") -> dict[str, dict[str, Any]]:
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    return {row["name"]: row for row in document["doses"][method]["structures"]}


def test_every_structure_whose_tissue_is_known(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(run, exact_contours, tmp_path / "out", "--above", "79.5Gy")
    found = rows(result)
    tumor = found["Tumor 1"]
    above = tumor["volume_fraction_above"]
    assert above["80"] <= above["79.5"] <= above["70"] <= 1
    # From the map itself: alpha/beta 10 Gy, 1.5 h of 65.55 h.
    assert tumor["bed_mean_gy"] == pytest.approx(
        tumor["dose_gy"]["mean"]
        + 1.5
        / 65.55
        / 10
        * (tumor["dose_gy"]["mean"] ** 2 + tumor["dose_gy"]["sd"] ** 2),
        rel=1e-6,
    )
    assert tumor["dose_gy"]["min"] < tumor["eud_gy"] < tumor["dose_gy"]["mean"]
    assert tumor["integral_dose_j"] == pytest.approx(
        tumor["dose_gy"]["mean"] * tumor["mass_kg"]
    )
    liver = found["normal_whole"]
    assert (liver["tissue"], liver["eud_gy"]) == ("normal liver", None)
    assert liver["geud_gy"] == pytest.approx(liver["dose_gy"]["mean"], rel=1e-3)
    assert "alpha/beta 10 Gy, repair half-time 1.5 h, alpha 0.036/Gy" in result.stderr
    assert "H25  outcome studies not checked" in result.stderr


def test_a_departments_own_file(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN)
    options = ("--radiobiology", tmp_path / "own.toml", "--device", "glass")
    result = post(run, exact_contours, tmp_path / "out", *options, "--disease", "hcc")
    tumor = rows(result)["Tumor 1"]
    mean = tumor["dose_gy"]["mean"]
    expected = 1 / (1 + np.exp(2 - 0.012 * mean))
    assert tumor["probabilities"] == {"ours": pytest.approx(expected)}
    assert rows(result)["normal_whole"]["probabilities"] == {}
    assert "WARN H25  NTCP 'theirs' is not applied" in result.stderr
    document = json.loads(result.stdout)["radiobiology"]
    assert document["tissues"]["tumor"]["alpha_beta_gy"] == 8
    assert document["tissues"]["tumor"]["repair_half_time_h"] == 1.5
    assert document["tissues"]["tumor"]["source"].startswith("our clinic; geud_a, rep")
    assert document["tissues"]["tumor"]["verified"] is False
    assert document["tissues"]["normal liver"]["alpha_beta_gy"] == 2.5


def test_outcome_studies_of_such_cases_only(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    result = post(
        *(run, exact_contours, tmp_path / "out"),
        *("--device", "resin", "--disease", "breast"),
    )
    held = [one for one in json.loads(result.stdout)["thresholds"] if one["value_gy"]]
    assert {(one["threshold_gy"], one["structure"]) for one in held} == {
        (79.5, "Tumor 1"),
        (79.5, "Tumor 2"),
        (79.5, "Tumor 3"),
    }
    assert all(one["reached"] is (one["value_gy"] >= 79.5) for one in held)
    assert "79.5 Gy, objective response by modified PERCIST" in result.stderr
    glass = post(
        *(run, exact_contours, tmp_path / "glass"),
        *("--device", "glass", "--disease", "hcc"),
    )
    thresholds = json.loads(glass.stdout)["thresholds"]
    # 205 Gy was found on MAA images: not for a scan after treatment (H26).
    assert {one["reached"] for one in thresholds} == {None}
    assert "205" not in glass.stderr.split("NOTE")[0].split("Radiobiology")[1]
    assert "'survival, HCC' (imaging: MAA, but here SPECT)" in glass.stderr


def test_a_model_that_nothing_is_given_to_says_so(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text(
        "[[tcp]]\nname='by kernel'\nform='logit'\ndose='mean'\nb0=-2\nb1='0.01/Gy'\n"
        "method='kernel'\nsource='x'\n"
        "[[ntcp]]\nname='liver EUD'\nform='lyman'\ndose='eud'\nd50='52Gy'\nm=0.3\n"
        "source='x'\n"
        "[[ntcp]]\nname='lobe'\nform='lyman'\ndose='mean'\nd50='100Gy'\nm=0.3\n"
        "roles=['perfused']\nsource='x'\n"
    )
    result = post(
        *(run, exact_contours, tmp_path / "out", "--method", "local"),
        *("--method", "kernel", "--radiobiology", tmp_path / "own.toml"),
    )
    assert rows(result)["Tumor 1"]["probabilities"] == {}
    assert set(rows(result, "kernel")["Tumor 1"]["probabilities"]) == {"by kernel"}
    assert "lobe" in rows(result)["Perfused lobe"]["probabilities"]
    assert rows(result)["Perfused lobe"]["tissue"] is None
    assert "NOTE H25  TCP 'by kernel' is applied only in part" in result.stderr
    assert "WARN H25  NTCP 'liver EUD' is not applied: no structure" in result.stderr
    assert "not applied to local deposition" in result.stderr


def test_scout_studies_hold_for_no_treatment_whatever_its_file(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    from sirtdose.io.read import read_image
    from tests.cli.post.test_registration import save

    spect = read_image(exact_contours / "spect.dcm")
    save(tmp_path / "image.nii.gz", np.asarray(spect.data), spect.grid)
    result = post(
        *(run, exact_contours, tmp_path / "out", "--image", tmp_path / "image.nii.gz"),
        *("--device", "glass", "--disease", "hcc"),
    )
    assert result.exit_code == 0, result.stderr
    by_name = {
        one["name"]: one["value_gy"] for one in json.loads(result.stdout)["thresholds"]
    }
    assert by_name["survival, HCC"] is None
    assert by_name["half of the lesions controlled"] is not None


def test_a_sum_of_sessions_has_no_bed(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    first = post(run, exact_contours, tmp_path / "first")
    assert first.exit_code == 0
    both = post(
        *(run, exact_contours, tmp_path / "both", "--prior-lung-dose", "5Gy"),
        *("--prior-dose", tmp_path / "first" / "dose_local.nii.gz"),
        *("--accept", "H09", "--reason", "one image stands for two sessions"),
    )
    assert rows(both)["Tumor 1"]["bed_mean_gy"] > 0
    summed = rows(both, "local_deposition+with_prior")["Tumor 1"]
    assert (summed["bed_mean_gy"], summed["eud_gy"]) == (None, None)


# Each a slip of unit or decimal point, beyond whatever was published.
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tumor]\nsource='x'\nalpha = '36/Gy'",
            "own.toml: tumor.alpha is 36/Gy: it must be 0.0001 to 1.5/Gy; was "
            "0.036/Gy meant?",
        ),
        ("[tumor]\nsource='x'\nalpha_beta='10000Gy'", "was 10 Gy meant?"),
        ("[tumor]\nsource='x'\nalpha_beta='0.01Gy'", "0.5 to 50 Gy"),
        ("[tumor]\nsource='x'\nrepair_half_time='90h'", "0.05 to 24 h"),
        ("[normal_liver]\nsource='x'\ngeud_a=400", "-50 to 50"),
        (
            "[[ntcp]]\nname='x'\nform='lyman'\ndose='mean'\nsource='y'\n"
            "d50='0.05Gy'\nm=0.3",
            "ntcp 1.d50 is 0.05 Gy: it must be 1 to 3000 Gy",
        ),
        (
            "[[ntcp]]\nname='x'\nform='lyman'\ndose='mean'\nsource='y'\n"
            "d50='52Gy'\nm=28",
            "m is 28: it must be 0.02 to 2; was 0.028 meant?",
        ),
        (
            "[[tcp]]\nname='x'\nform='logistic'\ndose='mean'\nsource='y'\n"
            "d50='52Gy'\ngamma50=250",
            "gamma50 is 250",
        ),
        (
            "[[tcp]]\nname='x'\nform='logit'\ndose='mean'\nsource='y'\n"
            "b0=-2\nb1='12/Gy'",
            "b1 is 12/Gy: it must be -1 to 1/Gy; was 0.012/Gy meant?",
        ),
        (
            "[[tcp]]\nname='x'\nform='logit'\ndose='mean'\nsource='y'\n"
            "b0=-200\nb1='0.01/Gy'",
            "b0 is -200",
        ),
    ],
)
def test_values_far_from_any_published_are_refused(
    run: Run, exact_contours: Path, tmp_path: Path, text: str, message: str
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(text, "utf-8")
    result = post(run, exact_contours, tmp_path / "out", "--radiobiology", own)
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tumor", "is not valid TOML"),
        ("[lungs]\nalpha = 1", "'lungs' is not known"),
        ("[tumor]\nalpha_beta = 10\nsource = 'x'", "write it in quotes with its unit"),
        ("[tumor]\nalpha_beta = '0Gy'\nsource = 'x'", "above 0"),
        ("[tumor]\nalpha_beta = '10Gy'", "needs a source"),
        ("[tumor]\ngeud_a = 0\nsource = 'x'", "geud_a is 0"),
        ("[tumor]\nbeta = '1Gy'\nsource = 'x'", "'beta' is not known"),
        ("[tcp]\nname = 'x'", "two brackets"),
        ("[[tcp]]\nname = 'x'", "needs form"),
        (
            "[[tcp]]\nname='x'\nform='cubic'\ndose='mean'\nsource='y'",
            "form is 'cubic'",
        ),
        (
            2 * "[[tcp]]\nname='x'\nform='logit'\ndose='mean'\nb0=1\nb1='1/Gy'\n"
            "source='y'\n",
            "two models are named x",
        ),
        (
            "[[tcp]]\nname='x'\nform='lyman'\ndose='mean'\nsource='y'\nd50='52Gy'",
            "parameters d50 and m",
        ),
        (
            "[[tcp]]\nname='x'\nform='lyman'\ndose='mean'\nsource='y'\nd50='52Gy'\nm=-1",
            "m is -1",
        ),
        (
            "[[tcp]]\nname='x'\nform='lyman'\ndose='most'\nsource='y'\nd50='52Gy'\nm=1",
            "dose is 'most'",
        ),
        (
            "[[tcp]]\nname='x'\nform='lyman'\ndose='mean'\nsource='y'\nd50='52Gy'\nm=1\n"
            "roles=['spleen']",
            "roles is",
        ),
    ],
)
def test_refused_files(
    run: Run, exact_contours: Path, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "own.toml").write_text(text)
    result = post(
        *(run, exact_contours, tmp_path / "out"),
        *("--radiobiology", tmp_path / "own.toml"),
    )
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()
