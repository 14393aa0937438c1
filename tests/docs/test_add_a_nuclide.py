"""The how-to is followed to the letter, in a copy of the package."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "add-a-nuclide.md").read_text("utf-8")


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "sirtdose", tmp_path / "sirtdose", ignore=ignore)
    path = tmp_path / "sirtdose" / "data" / "nuclides.json"
    nuclides = json.loads(path.read_text("utf-8")) | json.loads(block("json"))
    path.write_text(json.dumps(nuclides), "utf-8")
    kernels = tmp_path / "sirtdose" / "data" / "kernels"
    (kernels / "Xy-99_soft_tissue.csv").write_text(block("csv"), "utf-8")
    return tmp_path


def run_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = "from sirtdose.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_nuclide_is_an_entry_and_a_file(copy: Path) -> None:
    command = PAGE[PAGE.index("sirtdose kernel --nuclide") :].splitlines()[0]
    result = run_in(copy, *command.split()[1:], "--json")
    assert result.returncode == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["nuclide"]["name"] == "Xy-99"
    # Up to 3 mm the table holds 0.99.
    assert document["energy_recovered"] == pytest.approx(0.99, abs=1e-3)
    assert document["source"] == "which code, spectrum and medium"


def test_the_pages_own_arithmetic() -> None:
    constant = 0.9 * 1.602177e-13 * 100 * 3600 / 0.693147 * 1e9
    entry = json.loads(block("json"))["Xy-99"]["dose_constants_gy_kg_per_gbq"]
    assert entry["clinical"]["value"] == pytest.approx(constant, rel=1e-4)


@pytest.mark.parametrize(
    ("old", "new"),
    [("2.0,0.85", "2.0,0.45"), ("0.5,0.25", "0.05,0.25"), ("20.0,1.00", "20.0,1.2")],
)
def test_a_kernel_that_cannot_be_is_refused(copy: Path, old: str, new: str) -> None:
    path = copy / "sirtdose" / "data" / "kernels" / "Xy-99_soft_tissue.csv"
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    result = run_in(
        copy, "kernel", "--nuclide", "Xy-99", "--spacing", "3mm", "--out", "out"
    )
    assert result.returncode == 3
    assert "Xy-99_soft_tissue.csv" in result.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "is missing"),
        ("r_outer_mm;cum_frac\n1;0.5\n", "has no column"),
        ("r_outer_mm,cum_frac_of_emitted_E\n1,half\n", "no row of numbers"),
        ("r_outer_mm,cum_frac_of_emitted_E\n1,0.5\n2,0.9\n", "ends at 2 mm"),
        ("", "has no column"),
    ],
)
def test_a_damaged_kernel_file_is_named(
    copy: Path, text: str | None, message: str
) -> None:
    path = copy / "sirtdose" / "data" / "kernels" / "Xy-99_soft_tissue.csv"
    path.unlink()
    if text is not None:
        path.write_text(text, "utf-8")
    result = run_in(
        copy, "kernel", "--nuclide", "Xy-99", "--spacing", "3mm", "--out", "out"
    )
    assert result.returncode == 3
    assert message in result.stderr
    assert "Traceback" not in result.stderr
