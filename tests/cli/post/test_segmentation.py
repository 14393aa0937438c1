"""Perfused volume and tumors found on the image: candidates until accepted."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
GIVEN = ("--administered", "2.15GBq", "--lung-shunt", "5%", "--calibrate-over", "fov")
ACCEPT = [
    word
    for name in ("Perfused volume", "Tumor 1", "Tumor 2", "Tumor 3")
    for word in ("--accept", f"H35:{name} (candidate)", "--reason", "looked at")
]


def test_a_person_looks_first(run: Run, exact_voxels: Path, tmp_path: Path) -> None:
    # Without lungs drawn, the perfused volume holds what was treated.
    given = (*GIVEN[:-1], "perfused")
    words = ("post", exact_voxels / "spect.dcm", *given, "--out", tmp_path / "out")
    words += ("--segment-perfused", "1%", "--segment-tumors", "40%", "--json")
    asked = run(*words)
    assert asked.exit_code == 3
    assert "H35 Segmented by sirtdose: 'Tumor 1 (candidate)'" in asked.stderr
    assert "If accepted, it is used under nobody's name, as a candidate" in asked.stderr
    result = run(*words, *ACCEPT)
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    rows = {
        row["name"]: row for row in document["doses"]["local_deposition"]["structures"]
    }
    truth = json.loads((exact_voxels / "truth.json").read_text())["structures"]
    true = {row["name"]: row for row in truth}
    # Tumors of 8, 6 and 4 to 1, by size: 92, 24 and 5.6 mL.
    for candidate, name in (("Tumor 1", "Tumor 1"), ("Tumor 2", "Tumor 2")):
        row = rows[f"{candidate} (candidate)"]
        assert row["volume_ml"] == pytest.approx(true[name]["volume_ml"], rel=0.02)
        mean = row["dose_gy"]["mean"]
        assert mean == pytest.approx(true[name]["mean_on_grid_gy"], rel=0.01)
        assert row["role"] == "tumor"
    # A threshold on microspheres finds what is perfused, and no liver.
    assert "liver" not in {row["role"] for row in rows.values()}
    assert rows["Perfused volume (candidate)"]["role"] == "perfused"
    assert document["accepted"][0]["code"] == "H35"


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (("--segment-tumors", "40%"), 3, "a tumor is already drawn"),
        (("--segment-perfused", "10%"), 3, "a perfused volume is already drawn"),
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
