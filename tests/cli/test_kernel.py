"""`sirtdose kernel`: published S values, the full block, refusals."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest
from click.testing import Result

Run = Callable[..., Result]


def rows_of(folder: Path) -> dict[tuple[int, int, int], tuple[float, float]]:
    with (folder / "kernel.csv").open() as file:
        return {
            (int(row["dx"]), int(row["dy"]), int(row["dz"])): (
                float(row["energy_fraction"]),
                float(row["s_mgy_per_mbq_s"]),
            )
            for row in csv.DictReader(file)
        }


@pytest.mark.parametrize(("side", "self_dose"), [("3mm", 1.61), ("6mm", 0.346)])
def test_mird_17_in_water(
    run: Run, tmp_path: Path, side: str, self_dose: float
) -> None:
    out = tmp_path / "out"
    result = run("kernel", "--spacing", side, "--medium", "water", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert rows_of(out)[0, 0, 0][1] == pytest.approx(self_dose, rel=0.015)
    assert "in water, 1 g/mL" in result.stderr


def test_the_full_block_in_x_y_z(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    spacing = ("--spacing", "2mm,3mm,5mm")
    result = run("kernel", *spacing, "--density", "1.05g/mL", "--json", "--out", out)
    assert {path.name for path in out.iterdir()} == {
        "kernel.csv",
        "kernel.nii.gz",
        "kernel.json",
    }
    document = json.loads(result.stdout)
    assert document == json.loads((out / "kernel.json").read_text())
    assert document["spacing_mm"] == [2, 3, 5]
    rows = rows_of(out)
    assert len(rows) == np.prod(document["shape"])
    # The finer the side, the more of the energy is in the next voxel along it.
    assert rows[1, 0, 0][0] > rows[0, 1, 0][0] > rows[0, 0, 1][0]
    for (dx, dy, dz), values in rows.items():
        assert values == rows[-dx, dy, -dz]
    total = sum(fraction for fraction, _ in rows.values())
    assert total == pytest.approx(document["energy_recovered"], rel=1e-6)
    assert total == pytest.approx(document["energy_in_table"], abs=1e-3)
    mass_kg = 2 * 3 * 5 * 1e-6 * 1.05
    whole = sum(s for _, s in rows.values()) * mass_kg
    # 1 MBq s is 1e6 decays of 0.9321 MeV, K's own mean energy.
    assert whole == pytest.approx(1e6 * 0.9321 * 1.602177e-13 * 1e3 * total, rel=1e-3)
    image = nibabel.load(out / "kernel.nii.gz")
    assert image.header.get_zooms() == pytest.approx((2, 3, 5))
    data = image.get_fdata()
    i, j, k = (n // 2 for n in data.shape)
    assert data[i, j, k] == pytest.approx(rows[0, 0, 0][0], rel=1e-6)
    assert data[i + 1, j, k] == pytest.approx(rows[1, 0, 0][0], rel=1e-6)
    assert image.affine @ [i, j, k, 1] == pytest.approx([0, 0, 0, 1])


def test_another_nuclide_and_constant(run: Run, tmp_path: Path) -> None:
    for name, options in {
        "usual": (),
        "icrp": ("--dose-constant", "icrp107"),
    }.items():
        result = run(
            *("kernel", "--spacing", "4.8mm", "--nuclide", "Ho-166"),
            *options,
            *("--out", tmp_path / name),
        )
        assert result.exit_code == 0, result.stderr
    usual, icrp = (rows_of(tmp_path / name)[0, 0, 0] for name in ("usual", "icrp"))
    assert usual[0] == icrp[0]
    assert icrp[1] / usual[1] == pytest.approx(15.53 / 16.22)
    document = json.loads((tmp_path / "usual" / "kernel.json").read_text())
    # Photons carry 4 % of its energy beyond the electrons' range.
    assert document["energy_beyond_by_photons"] == pytest.approx(0.042, abs=0.002)


@pytest.mark.parametrize(
    ("spacing", "exit_code", "message"),
    [
        ("4.8", 2, "has no unit"),
        ("4.8mm,4.8mm", 2, "2 lengths"),
        ("0mm", 2, "must be above 0"),
        ("4.8mm,-1mm,2mm", 2, "must be above 0"),
        ("0.2mm", 3, "give larger ones"),
        ("4.8um,4.8um,2um", 2, "unit"),
        ("0.002mm", 3, "use larger voxels"),
    ],
)
def test_refusals(
    run: Run, tmp_path: Path, spacing: str, exit_code: int, message: str
) -> None:
    result = run("kernel", "--spacing", spacing, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_overwrites_only_by_force(run: Run, tmp_path: Path) -> None:
    arguments = ("kernel", "--spacing", "5mm", "--out", tmp_path / "out")
    assert run(*arguments).exit_code == 0
    assert run(*arguments).exit_code == 5
    assert run(*arguments, "--force").exit_code == 0
