"""A type checker outside of the package sees the public names and their types."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import sirtdose

STUB = Path(sirtdose.__file__).with_suffix(".pyi")
RIGHT = """
from sirtdose import Grid, PlanRequest, plan_mird

grid = Grid.regular((2, 3, 4), spacing_mm=(3.0, 2.0, 1.0))
volume_ml: float = grid.voxel_volume_ml
plan = plan_mird(PlanRequest(), dose_gy=120.0, perfused_volume_ml=900.0)
activity: float = plan.activity_gbq
"""
WRONG = """
Grid("nonsense", 3)
plan_mird(PlanRequest(), dose_gy="120")
wrong: str = plan.activity_gbq
"""
# What the script does not use is not followed, to take seconds.
SKIPPED = (
    *("numpy", "scipy", "pydicom", "sirtdose.batch", "sirtdose.checks"),
    *("sirtdose.cohort", "sirtdose.dosimetry", "sirtdose.io", "sirtdose.outcomes"),
    *("sirtdose.phantom", "sirtdose.report", "sirtdose.uncertainty"),
    *("sirtdose.workflows.check", "sirtdose.workflows.image"),
    *("sirtdose.workflows.post", "sirtdose.workflows.convert"),
)


def test_the_stub_names_what_the_package_gives() -> None:
    """Each name from its home, under its own name."""
    stubbed = {
        alias.asname: (node.module, alias.name)
        for node in ast.parse(STUB.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    homes = {name: (f"sirtdose.{home}", name) for name, home in sirtdose._HOME.items()}
    assert stubbed == homes
    assert sorted(sirtdose.__all__) == sorted([*stubbed, "__version__"])


def test_mypy_from_outside(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="needs mypy, of the extra dev")
    script = tmp_path / "outside.py"
    script.write_text(RIGHT + WRONG, "utf-8")
    settings = tmp_path / "mypy.ini"
    skipped = ",".join(f"{name}.*" for name in SKIPPED)
    settings.write_text(
        f"[mypy]\nstrict = True\n[mypy-{skipped}]\nfollow_imports = skip\n", "utf-8"
    )
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--config-file", settings),
            *("--follow-imports", "silent", "--ignore-missing-imports"),
            *("--cache-dir", tmp_path / "cache", script),
        ],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(STUB.parents[1])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    first = RIGHT.count("\n") + 2
    lines = done.stdout.splitlines()
    wrong = {int(line.split(":")[1]) for line in lines if ": error" in line}
    assert wrong == {first, first + 1, first + 2}, done.stdout
