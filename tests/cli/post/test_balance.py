"""The dose map against what was delivered: no sum may be impossible without a word."""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """10 parts of the counts in the lobe, 3 in the rest of the liver, 2 elsewhere."""
    shape = (20, 18, 16)
    lobe, liver, elsewhere = (np.zeros(shape, bool) for _ in range(3))
    lobe[2:10, 3:13, 4:12] = True
    liver[2:14, 3:13, 4:12] = True
    elsewhere[15:19, 3:9, 4:8] = True
    rest = liver & ~lobe
    counts = 10 * lobe / lobe.sum() + 3 * rest / rest.sum()
    counts = counts + 2 * elsewhere / elsewhere.sum()
    affine = np.diag([-8.0, -8.0, 9.0, 1.0])
    for name, data in (("spect", counts), ("Liver", liver), ("Perfused", lobe)):
        kind = np.float32 if name == "spect" else np.uint8
        file = nibabel.nifti1.Nifti1Image(data.astype(kind), affine)
        nibabel.save(file, tmp_path / f"{name}.nii.gz")
    return tmp_path


def post(run: Run, image: Path, *more: object) -> Result:
    return run(
        *("post", image / "spect.nii.gz", "--structures", image / "Liver.nii.gz"),
        *("--structures", image / "Perfused.nii.gz", "--administered", "2GBq"),
        *("--no-report", "--out", image / "out", *more),
    )


def test_more_in_the_map_than_was_delivered(run: Run, image: Path) -> None:
    """2 GBq in the lobe's 10 parts of 15: 3 GBq in all, 0.6 and 0.4 of it outside."""
    result = post(run, image)
    assert result.exit_code == 0, result.stderr
    said = " ".join(result.stderr.split())
    assert (
        "WARN H14 the dose map contains 3 GBq, 1.50 times the 2 GBq delivered"
    ) in said
    assert (
        "2 GBq in the perfused volume, 0.6 GBq in the rest of liver and tumors, "
        "0.4 GBq in other places, lungs included"
    ) in said


def test_the_remedy_leads_on(run: Run, image: Path) -> None:
    result = post(run, image, "--calibrate-over", "fov")
    assert result.exit_code == 0, result.stderr
    assert "the dose map contains" not in result.stderr


def test_of_an_injection_too(run: Run, image: Path) -> None:
    result = run(
        *("post", image / "spect.nii.gz", "--structures", image / "Liver.nii.gz"),
        *("--structures", image / "Perfused.nii.gz", "--no-report"),
        *("--injection", "one=2GBq;perfused=Perfused", "--out", image / "out"),
    )
    assert result.exit_code == 0, result.stderr
    assert "the dose map contains 3 GBq" in result.stderr
    assert "Is an injection missing" in result.stderr
