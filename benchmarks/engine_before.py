"""Collapsed cone and realizations of a dose, over the same by an older checkout.

Run: python benchmarks/engine_before.py --before FOLDER [--runs 3] [--pet FOLDER]

FOLDER is a checkout of sirtdose that is run in turn with this one. Collapsed cone is
that of 512 x 512 x 200 voxels: a liver of 1.6 L in one soft tissue, and one in a body
with lungs, ribs and the noise of a CT. Realizations are 200 of a `post` with report, of
the PET in the folder given. Printed are medians of processor time, of time on the wall
and of peak memory, each of a process of its own, and ratios to the older checkout.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

HERE = Path(__file__).resolve().parents[1]
SHAPE, SIDES = (200, 512, 512), (2.0, 0.98, 0.98)
_AT = "2026-03-01T10:00+01:00"
_POST = (
    *("--calibration", "image", "--administered", "1.4GBq", "--administered-at", _AT),
    *("--scan-at", _AT, "--density", "1.05g/mL", "--method", "local"),
    *("--uncertainty", "200", "--force", "--out"),
)


def main() -> None:
    """Print medians and their ratios, one line for each figure."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--before", type=Path)
    given.add_argument("--runs", type=int, default=3)
    given.add_argument("--pet", type=Path, help="a PET and its structures")
    given.add_argument("--cone", choices=("uniform", "body"), help=argparse.SUPPRESS)
    options = given.parse_args()
    if options.cone:
        cone(options.cone)
        return
    if options.before is None:
        given.error("--before FOLDER is missing")
    own = str(Path(__file__).resolve())
    tasks = {f"cone, {one}": (own, "--cone", one) for one in ("uniform", "body")}
    with tempfile.TemporaryDirectory() as out:
        if options.pet:
            program = ("-c", "from sirtdose.cli.main import run; run()", "post")
            post = (*program, str(options.pet.resolve()), *_POST, f"{out}/out")
            tasks["200 realizations"] = post
        for name, words in tasks.items():
            compare(name, words, options.before.resolve(), options.runs)


def compare(name: str, words: tuple[str, ...], before: Path, runs: int) -> None:
    """Run both in turn, once more to begin with: the first run compiles."""
    found: dict[Path, list[tuple[float, float, float]]] = {before: [], HERE: []}
    for number in range(runs + 1):
        for tree, figures in found.items():
            own = measured(tree, words)
            if number:
                figures.append(own)
    old, new = (
        [statistics.median(one) for one in zip(*figures, strict=True)]
        for figures in found.values()
    )
    units = ("s of processor", "s on the wall", "MiB at most")
    for unit, first, second in zip(units, old, new, strict=True):
        ratio = second / first
        print(f"{name:<18}{first:8.1f} to {second:7.1f} {unit:<15} {ratio:.2f}")


def measured(tree: Path, words: tuple[str, ...]) -> tuple[float, float, float]:
    """Processor time, time on the wall and peak memory of a whole process."""
    with tempfile.TemporaryDirectory() as empty:
        start = perf_counter()
        # From an empty folder: the code of the current one would be loaded instead.
        process = subprocess.Popen(
            [sys.executable, *words],
            env={**os.environ, "PYTHONPATH": str(tree)},
            cwd=empty,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{tree}: {' '.join(words)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime, seconds, used.ru_maxrss / 1024


def cone(kind: str) -> None:
    """One dose by collapsed cone, in this process."""
    from sirtdose.dosimetry.engine.dose import compute_dose
    from sirtdose.model.grid import Grid
    from sirtdose.model.nuclide import Nuclide
    from sirtdose.model.volume import Quantity, Volume

    decays, density = patient(kind)
    grid = Grid.regular(SHAPE, spacing_mm=SIDES)
    compute_dose(
        Volume(decays, grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named("Y-90"),
        density_g_per_ml=Volume(density, grid, Quantity.DENSITY),
        method="collapsed-cone",
    )
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def patient(kind: str) -> tuple[np.ndarray, np.ndarray]:
    """Uneven decays in a liver with two tumors, and the density of what is around."""
    rng = np.random.default_rng(3)
    z, y, x = np.meshgrid(
        *(
            ((np.arange(n) - n / 2) * side).astype(np.float32)
            for n, side in zip(SHAPE, SIDES, strict=True)
        ),
        indexing="ij",
        sparse=True,
    )
    liver = ((x + 60) / 85) ** 2 + (y / 75) ** 2 + (z / 62) ** 2 < 1
    decays = np.zeros(SHAPE, np.float32)
    decays[liver] = rng.gamma(2, 1, int(liver.sum()))
    for (c, b, a), radius in (((0, -20, -90), 20), ((20, 30, -40), 35)):
        tumor = (z - c) ** 2 + (y - b) ** 2 + (x - a) ** 2 < radius**2
        decays[tumor] *= 4
    if kind == "uniform":
        return decays, np.full(SHAPE, 1.06, np.float32)
    density = np.full(SHAPE, 0.0012, np.float32)
    shell = (x / 200) ** 2 + (y / 150) ** 2 + 0 * z
    density[shell < 1] = 1.04
    for side in (-90, 90):
        lung = ((x - side) / 70) ** 2 + (y / 90) ** 2 + ((z + 160) / 105) ** 2 < 1
        density[lung & (z < -60)] = 0.26
    density[(np.abs((x / 185) ** 2 + (y / 135) ** 2 - 1) < 0.06) & (z % 24 < 9)] = 1.5
    density[liver] = 1.06
    noise = rng.standard_normal(SHAPE, dtype=np.float32) * np.float32(0.02)
    density += noise * (density > 0.5)
    return decays, density


if __name__ == "__main__":
    main()
