"""An earlier session's dose beside this one's, and the sum of both."""

import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK
from click.testing import Result

Run = Callable[..., Result]
GIVEN = ("--administered", "1GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
METHOD = "local_deposition"


def document_of(result: Result) -> dict:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def means(document: dict, method: str) -> dict[str, float]:
    rows = document["doses"][method]["structures"]
    return {row["name"]: row["dose_gy"]["mean"] for row in rows}


@pytest.fixture
def earlier(run: Run, exact_voxels: Path, tmp_path: Path) -> Path:
    """The same patient treated with 1 GBq before."""
    out = tmp_path / "earlier"
    words = ("post", exact_voxels, *GIVEN, "--density", "ct", "--method", "local")
    assert run(*words, "--out", out).exit_code == 0
    return out / "dose_local.nii.gz"


def test_this_session_and_the_sum(
    run: Run, exact_voxels: Path, earlier: Path, tmp_path: Path
) -> None:
    words = ("post", exact_voxels, *GIVEN, "--density", "ct", "--method", "local")
    result = run(*words, "--json", "--out", tmp_path / "now", "--prior-dose", earlier)
    document = document_of(result)
    assert list(document["doses"]) == [METHOD, f"{METHOD}+with_prior"]
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in now:
        assert total[name] == pytest.approx(2 * now[name], rel=1e-5)
    assert (tmp_path / "now" / "dose_local_with_prior.nii.gz").is_file()
    # What the lungs had is for a person to say: a map of one density has it wrong.
    lungs = document["lungs"]
    assert lungs["cumulative_dose_gy"] == lungs["dose_gy"]
    assert "WARN H22  the lungs' dose of the earlier session" in result.stderr
    both = run(
        *(*words, "--force", "--out", tmp_path / "now", "--prior-dose", earlier),
        *("--psf", "10mm", "--json"),
    )
    assert list(document_of(both)["doses"]) == [
        METHOD,
        f"{METHOD}+iterative_yang",
        f"{METHOD}+with_prior",
        f"{METHOD}+iterative_yang+with_prior",
    ]
    assert "WARN H15  the earlier dose has no frame of reference" in result.stderr


def test_a_dose_that_lies_elsewhere_is_brought_over(
    run: Run, exact_voxels: Path, earlier: Path, tmp_path: Path
) -> None:
    image = nibabel.load(earlier)
    # The patient lay 30 mm further left and 12 mm higher: RAS x down, z up.
    affine = image.affine.copy()
    affine[:3, 3] += (-30.0, 0.0, 12.0)
    moved = nibabel.nifti1.Nifti1Image(np.asarray(image.dataobj), affine)
    moved.set_sform(affine, 1)
    nibabel.save(moved, tmp_path / "moved.nii.gz")
    transform = SimpleITK.TranslationTransform(3, (30.0, 0.0, 12.0))
    SimpleITK.WriteTransform(transform, str(tmp_path / "t.tfm"))
    words = ("post", exact_voxels, *GIVEN, "--density", "ct", "--method", "local")
    words += ("--json", "--force", "--out", tmp_path / "now")
    prior = ("--prior-dose", tmp_path / "moved.nii.gz")
    document = document_of(run(*words, *prior, "--prior-transform", tmp_path / "t.tfm"))
    now, total = means(document, METHOD), means(document, f"{METHOD}+with_prior")
    for name in ("Tumor 1", "Tumor 2", "Perfused lobe"):
        assert total[name] == pytest.approx(2 * now[name], rel=1e-4)
    unmoved = means(document_of(run(*words, *prior)), f"{METHOD}+with_prior")
    assert unmoved["Tumor 2"] < 1.8 * now["Tumor 2"]


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--prior-dose", "no.nii.gz"), 3, "there is no file no.nii.gz"),
        (("--prior-dose", "spect.dcm"), 3, "holds counts, not Gy"),
        (("--prior-transform", "t.tfm"), 2, "is for a --prior-dose"),
    ],
)
def test_refusals(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    options: tuple[str, str],
    exit_code: int,
    message: str,
) -> None:
    option, name = options
    path = exact_voxels / name if name == "spect.dcm" else tmp_path / name
    result = run("post", exact_voxels, *GIVEN, option, path, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
