"""Liver and tumors delineated on the image: candidates, by size, until accepted."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from sirtdose.dosimetry.image.segmentation import (
    liver_by_threshold,
    tumors_by_threshold,
)
from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
ACCEPT = [
    word
    for name in ("liver", "tumor 1", "tumor 2", "tumor 3")
    for word in ("--accept", f"H35:{name} (candidate)", "--reason", "looked at")
]


def image() -> Volume:
    """A liver of 10 with tumors of 80 (250 voxels) and 50 (96); a hot spleen of 9."""
    grid = Grid.regular(
        (16, 30, 40), spacing_mm=(5.0, 4.0, 4.0), origin_mm=(-20.0, 30.0, 100.0)
    )
    data = np.zeros(grid.shape)
    data[2:14, 4:26, 3:22] = 10.0
    data[4:9, 6:11, 5:15] = 80.0
    data[10:13, 15:19, 8:16] = 50.0
    data[4:8, 10:14, 30:36] = 9.0
    # One hot voxel is no tumor.
    data[3, 22, 19] = 90.0
    return Volume(data, grid, Quantity.COUNTS)


def test_the_liver_is_the_largest_region() -> None:
    volume = image()
    found = liver_by_threshold(volume, 0.1)
    assert found.volume_ml == pytest.approx(12 * 22 * 19 * 0.08)
    assert str(found.role) == "liver"
    assert "candidate" in found.name


@pytest.mark.parametrize("fraction", [0.4, None])
def test_tumors_by_size(fraction: float | None) -> None:
    volume = image()
    liver = liver_by_threshold(volume, 0.1)
    first, second = tumors_by_threshold(volume, liver, fraction)
    assert first.volume_ml == pytest.approx(250 * 0.08)
    assert second.volume_ml == pytest.approx(96 * 0.08)
    assert (first.name, second.name) == ("tumor 1 (candidate)", "tumor 2 (candidate)")


def test_nothing_stands_out() -> None:
    volume = image()
    even = volume.with_data(np.minimum(volume.data, 10.0))
    liver = liver_by_threshold(even, 0.1)
    with pytest.raises(StructureError, match="most of the liver is above 90%"):
        tumors_by_threshold(even, liver, 0.9)
    # Ten hot voxels are 0.8 mL.
    hot = np.array(even.data)
    hot[3, 20, 5:15] = 90.0
    spot = volume.with_data(hot)
    with pytest.raises(StructureError, match="no region of at least 2 mL"):
        tumors_by_threshold(spot, liver, 0.95)


def test_a_person_looks_first(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    # Without lungs drawn, the liver holds what was treated.
    given = (*GIVEN[:-1], "liver")
    words = ("post", exact_voxels / "spect.dcm", *given, "--out", tmp_path / "out")
    words += ("--segment-liver", "1%", "--segment-tumors", "40%", "--json")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "H35 Segmented by sirtdose: 'tumor 1 (candidate)'" in asked.stderr
    result = run(*words, *ACCEPT)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = {
        row["name"]: row for row in document["doses"]["local_deposition"]["structures"]
    }
    truth = json.loads((exact_voxels / "truth.json").read_text())["structures"]
    true = {row["name"]: row for row in truth}
    # Tumors of 8, 6 and 4 to 1, by size: 92, 24 and 5.6 mL.
    for candidate, name in (("tumor 1", "Tumor 1"), ("tumor 2", "Tumor 2")):
        row = rows[f"{candidate} (candidate)"]
        assert row["volume_ml"] == pytest.approx(true[name]["volume_ml"], rel=0.02)
        mean = row["dose_gy"]["mean"]
        assert mean == pytest.approx(true[name]["mean_on_grid_gy"], rel=0.01)
        assert row["role"] == "tumor"
    assert document["accepted"][0]["code"] == "H35"


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--segment-tumors", "40%"), 3, "tumors are already drawn"),
        (("--segment-liver", "10%"), 3, "a liver is already drawn"),
        (("--segment-tumors", "40"), 2, "or adaptive"),
    ],
)
def test_refusals(
    run: Run,
    exact_voxels: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    result = run("post", exact_voxels, *GIVEN, *options, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
