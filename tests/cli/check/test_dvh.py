"""`sirtdose dvh`: histograms of a dose map from anywhere."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result

from sirtdose.model.grid import Grid
from tests.cli.post.test_registration import save

Run = Callable[..., Result]


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """10 Gy more every 4 mm along x; a tumor of 2 x 2 x 4 voxels at 20 to 50 Gy."""
    grid = Grid.regular((6, 7, 9), spacing_mm=(4.0, 4.0, 4.0))
    save(
        tmp_path / "dose.nii.gz", np.broadcast_to(10.0 * np.arange(9), (6, 7, 9)), grid
    )
    mask = np.zeros((6, 7, 9), np.uint8)
    mask[2:4, 3:5, 2:6] = 1
    save(tmp_path / "tumor.nii.gz", mask, grid)
    return tmp_path


def call(run: Run, folder: Path, *options: object) -> Result:
    return run(
        *("dvh", folder / "dose.nii.gz", "--structures", folder / "tumor.nii.gz"),
        *("--out", folder / "out", *options),
    )


def test_by_voxels_and_by_points(run: Run, ramp: Path) -> None:
    result = call(run, ramp, "--sampling", "voxels", "--json", "--above", "35Gy")
    assert result.exit_code == 0, result.stderr
    [row] = json.loads(result.stdout)["structures"]
    assert (row["name"], row["role"], row["few_voxels"]) == ("tumor", "tumor", True)
    assert row["volume_ml"] == pytest.approx(16 * 0.064)
    assert row["dose_gy"]["mean"] == pytest.approx(35)
    assert (row["dose_gy"]["d98"], row["dose_gy"]["d2"]) == (20, 50)
    assert row["volume_fraction_above"]["35"] == pytest.approx(0.5)
    assert "under 30 voxels" in result.stderr
    result = call(run, ramp, "--json", "--force")
    [row] = json.loads(result.stdout)["structures"]
    # Between points the dose goes from 15 to 55 Gy, evenly.
    assert row["dose_gy"]["mean"] == pytest.approx(35, abs=0.02)
    assert row["dose_gy"]["d98"] == pytest.approx(15.8, abs=0.02)
    assert row["dose_gy"]["d2"] == pytest.approx(54.2, abs=0.02)
    with (ramp / "out" / "structures.csv").open() as file:
        [table] = csv.DictReader(file)
    assert float(table["d70_gy"]) == pytest.approx(row["dose_gy"]["d70"])
    with (ramp / "out" / "dvh.csv").open() as file:
        curve = list(csv.DictReader(file))
    fractions = [float(one["volume_fraction"]) for one in curve]
    assert fractions == sorted(fractions, reverse=True)
    assert (fractions[0], fractions[-1]) == (1, 0)
    d70 = max(
        float(one["dose_gy"]) for one in curve if float(one["volume_fraction"]) >= 0.7
    )
    assert d70 == pytest.approx(row["dose_gy"]["d70"], rel=0.0025)


def test_own_results_come_back_the_same(
    run: Run, exact_contours: Path, tmp_path: Path
) -> None:
    """post's own map by voxels: post's own numbers."""
    out = tmp_path / "out"
    done = run("post", exact_contours, "--administered", "2GBq", "--out", out, "--json")
    rows = {
        row["name"]: row["dose_gy"]
        for row in json.loads(done.stdout)["doses"]["local_deposition"]["structures"]
    }
    result = run(
        *("dvh", out / "dose_local.dcm", "--structures"),
        *(exact_contours / "structures.dcm", "--sampling", "voxels"),
        *("--out", tmp_path / "dvh", "--json"),
    )
    assert result.exit_code == 0, result.stderr
    for row in json.loads(result.stdout)["structures"]:
        if row["name"] in rows:
            for key in ("mean", "d95", "d70", "d2"):
                expected = rows[row["name"]][key]
                assert row["dose_gy"][key] == pytest.approx(
                    expected, rel=1e-5, abs=1e-5
                )


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--above", "35"), 2, "has no unit"),
        (("--role", "liver=liver"), 3, "names 'liver', which is not a structure"),
        (("--role", "tumor=lump"), 2, "write NAME=ROLE"),
        (("--structures", "tumor.nii.gz"), 3, "of one name"),
        (("--structures", "none.nii.gz"), 3, "no file or folder"),
    ],
)
def test_refusals(
    run: Run,
    ramp: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    exit_code: int,
    message: str,
) -> None:
    monkeypatch.chdir(ramp)
    result = call(run, ramp, *options)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
    assert not (ramp / "out").exists()


def test_what_the_dose_does_not_cover_is_left_out(run: Run, ramp: Path) -> None:
    grid = Grid.regular((6, 7, 18), spacing_mm=(4.0, 4.0, 4.0))
    mask = np.zeros((6, 7, 18), np.uint8)
    mask[2:4, 3:5, 5:13] = 1
    save(ramp / "long.nii.gz", mask, grid)
    for sampling in ("points", "voxels"):
        result = call(
            *(run, ramp, "--structures", ramp / "long.nii.gz", "--force"),
            *("--sampling", sampling, "--json"),
        )
        assert result.exit_code == 0, result.stderr
        document = json.loads(result.stdout)
        assert [one["name"] for one in document["structures"]] == ["tumor"]
        assert "50.0% of the volume" in document["left_out"]["long"]


def test_a_structure_that_fills_the_grid_is_inside_it(run: Run, tmp_path: Path) -> None:
    """2 million voxels are merged to cells, the last of which hang over the edge."""
    grid = Grid.regular((101, 143, 147), spacing_mm=(2.0, 2.0, 2.0))
    save(tmp_path / "dose.nii.gz", np.full(grid.shape, 7.0, np.float32), grid)
    save(tmp_path / "tumor.nii.gz", np.ones(grid.shape, np.uint8), grid)
    result = call(run, tmp_path, "--json")
    assert result.exit_code == 0, result.stderr
    [row] = json.loads(result.stdout)["structures"]
    assert row["volume_ml"] == pytest.approx(101 * 143 * 147 * 0.008, rel=1e-6)
    assert row["dose_gy"]["mean"] == pytest.approx(7)


def test_a_ct_is_no_dose(run: Run, exact_contours: Path, tmp_path: Path) -> None:
    result = run(
        *("dvh", exact_contours / "ct", "--structures"),
        *(exact_contours / "structures.dcm", "--out", tmp_path / "out"),
    )
    assert result.exit_code == 3
    assert "a dose in Gy is needed" in result.stderr
