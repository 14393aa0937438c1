"""The package as pip installs it: benchmarks time this, not the folder of its code.

An installed program has a list of its files, which the self-test compares them with,
and compiled bytecode; a folder of code has neither.
"""

import os
import subprocess
import sys
from pathlib import Path

CODE = Path(__file__).parents[1]


def installed(folder: Path, code: Path = CODE) -> dict[str, str]:
    """Build the wheel of a checkout, install it below a folder: what runs it."""
    name = f"installed-{len(list(folder.iterdir()))}"
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheels, packages = folder / f"{name}-wheel", folder / name
    built = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(code)]
    subprocess.run([*pip, *built], check=True)
    [wheel] = wheels.glob("*.whl")
    into = ["install", "--no-deps", "--compile", "--target", str(packages), str(wheel)]
    subprocess.run([*pip, *into], check=True)
    kept = {
        "PYTHONPATH": str(packages),
        "SIRTDOSE_SELF_TEST": str(folder / f"{name}-self-test.json"),
        "SIRTDOSE_SITE": "",
    }
    return os.environ | kept
