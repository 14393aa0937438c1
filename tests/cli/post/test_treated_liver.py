"""What fraction of the liver was treated, beside the doses after treatment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.cli.plan.test_image import territories, two_territories

Run = Callable[..., Result]
__all__ = ["two_territories"]


def treated(
    run: Run, folder: Path, out: Path, *names: str, liver: bool = True
) -> tuple[dict[str, Any] | None, str, str]:
    """Of post.json, the page and the terminal, after 20 MBq into these volumes."""
    words: list[object] = ["post", folder, "--image", folder / "maa.nii.gz"]
    for name in (*(["Liver"] if liver else []), *names, "Tumor 1"):
        words += ["--structures", folder / f"{name}.nii.gz"]
    words += ["--nuclide", "Y-90", "--density", "1g/mL", "--lung-shunt", "0%"]
    words += ["--administered", "20MBq", "-v", "--out", out]
    for code in ("H05", "H42", "H43", "H12", "H14", "H09"):
        words += ["--accept", code, "--reason", "x"]
    result = run(*words)
    assert result.exit_code == 0, result.stderr
    document = json.loads((out / "post.json").read_text("utf-8"))
    page = (out / "report.html").read_text("utf-8")
    return document["treated_liver"], page, result.stderr


@pytest.mark.parametrize(
    ("names", "layers"),
    [
        (("Perfused A",), 12),
        # Layers 1 to 12 and 9 to 20 share four: all 20.
        (("Perfused A", "Perfused B"), 20),
    ],
)
def test_layers_of_twenty(
    run: Run, two_territories: Path, tmp_path: Path, names: tuple[str, ...], layers: int
) -> None:
    found, page, screen = treated(run, two_territories, tmp_path / "out", *names)
    assert found is not None
    # A layer is 20 x 10 voxels of 20 uL.
    assert found["liver_ml"] == pytest.approx(20 * 200 * 0.02)
    assert found["treated_ml"] == pytest.approx(layers * 200 * 0.02)
    assert found["treated_fraction"] == pytest.approx(layers / 20)
    said = f"Treated: {4 * layers} of 80 mL of the liver, {100 * layers / 20:.1f} %"
    assert said in page
    assert said in screen


def test_it_is_that_of_the_plan(
    run: Run, two_territories: Path, tmp_path: Path
) -> None:
    found, _, _ = treated(run, two_territories, tmp_path / "out", "Perfused A")
    words = territories(two_territories, "Perfused A")
    planned = run(*words, "--injection", "A=perfused:Perfused A,activity:20MBq")
    remnant = json.loads(planned.stdout)["remnant"]
    assert found is not None
    for key in ("treated_ml", "treated_fraction"):
        assert found[key] == pytest.approx(remnant[key])


def test_of_a_liver_that_is_not_drawn_nothing_is_said(
    run: Run, two_territories: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    found, page, screen = treated(run, two_territories, out, "Perfused A", liver=False)
    assert found is None
    assert "Treated:" not in page
    assert "Treated:" not in screen
