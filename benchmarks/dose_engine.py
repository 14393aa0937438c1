"""Kernels and doses against transforms and convolutions timed in the same run.

Peak memory of the large grid is that of a process of its own.
"""

import argparse
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from scipy import fft, signal

from sirtdose.dosimetry.engine import kernel
from sirtdose.dosimetry.engine.collapsed_cone import superpose
from sirtdose.dosimetry.engine.convolution import convolve
from sirtdose.dosimetry.engine.dose import spread
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import NUMBER, fans

RADIAL = RadialKernel.named("Y-90")
GRID = (128, 128, 128)
SIDE = (4.0, 4.0, 4.0)


def compare(tasks: dict[str, Callable[[], object]], rounds: int = 15) -> None:
    """Time tasks in turn; print medians, and medians of the ratios to the first."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for task in tasks.values():
        task()
    for _ in range(rounds):
        for name, task in tasks.items():
            start = perf_counter()
            task()
            times[name].append(perf_counter() - start)
    base = next(iter(times.values()))
    for name, found in times.items():
        ratio = median(a / b for a, b in zip(found, base, strict=True))
        print(f"{name:<58}{median(found):8.3f} s {ratio:7.2f} x")
    print()


def ball(shape: tuple[int, int, int], side_mm: float, volume_ml: float) -> np.ndarray:
    """A liver's worth of uneven activity in the middle of a grid."""
    middle = [(np.arange(n) - n / 2) * side_mm for n in shape]
    z, y, x = np.meshgrid(*middle, indexing="ij", sparse=True)
    radius = (volume_ml * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    inside = z * z + y * y + x * x <= radius**2
    random = np.random.default_rng(3)
    return np.where(inside, random.gamma(2, 1, shape), 0).astype(np.float32)


def kernels() -> None:
    """Building a kernel, against one real transform."""
    volume = np.random.default_rng(1).random(GRID).astype(np.float32)

    def build(side: float) -> None:
        kernel._cached.cache_clear()
        kernel.voxel_kernel("Y-90", (side,) * 3)

    compare(
        {
            "one scipy.fft.rfftn of 128 x 128 x 128": lambda: fft.rfftn(volume),
            "kernel at 4.8 mm": lambda: build(4.8),
            "kernel at 1.0 mm": lambda: build(1.0),
        }
    )


def convolutions() -> None:
    """A kernel dose, against two real transforms and against fftconvolve."""
    full = np.random.default_rng(2).random(GRID).astype(np.float32)
    liver = ball(GRID, 4.0, 1600)
    octant = kernel.voxel_kernel("Y-90", SIDE).octant
    block = kernel.voxel_kernel("Y-90", SIDE).energy_fraction.astype(np.float32)
    padded = [
        fft.next_fast_len(n + k - 1, real=True)
        for n, k in zip(GRID, block.shape, strict=True)
    ]
    workers = os.cpu_count() or 1

    def two() -> None:
        spectrum = fft.rfftn(full, padded, workers=workers)
        fft.irfftn(spectrum, padded, workers=workers)

    compare(
        {
            "two real transforms of 128 x 128 x 128, padded": two,
            "scipy.signal.fftconvolve": lambda: signal.fftconvolve(full, block),
            "electrons' convolution": lambda: convolve(full, octant),
            "kernel dose, photons' tail included": lambda: spread(full, SIDE, RADIAL),
            "the same of a 1.6 L liver": lambda: spread(liver, SIDE, RADIAL),
        }
    )


def cones() -> None:
    """Collapsed cone, against fftconvolve."""
    liver = ball(GRID, 4.0, 1600)
    density = np.where(liver > 0, 1.06, 0.3).astype(np.float32)
    block = kernel.voxel_kernel("Y-90", SIDE).energy_fraction.astype(np.float32)
    few, usual = (fans(RADIAL, SIDE, number) for number in (256, NUMBER))
    compare(
        {
            "one scipy.signal.fftconvolve of 128 x 128 x 128": lambda: (
                signal.fftconvolve(liver, block, mode="same")
            ),
            "collapsed cone, 1.6 L liver in lung, 256 rays": lambda: superpose(
                liver, density, RADIAL, few
            ),
            f"the same, {NUMBER} rays": lambda: superpose(
                liver, density, RADIAL, usual
            ),
        },
        rounds=5,
    )


def large(method: str) -> None:
    """Time and peak memory of one method on a large grid, in this process."""
    shape, sides = (200, 512, 512), (2.0, 0.98, 0.98)
    decays = np.zeros(shape, np.float32)
    decays[40:150, 130:330, 100:330] = ball((110, 200, 230), 1.2, 1600)
    density = np.full(shape, 1.06, np.float32)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = perf_counter()
    if method == "kernel":
        spread(decays, sides, RADIAL)
    elif method == "kernel, every voxel":
        spread(decays + np.float32(1e-3), sides, RADIAL)
    else:
        superpose(decays, density, RADIAL, fans(RADIAL, sides))
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"512 x 512 x 200, {method:<22}{seconds:8.1f} s, peak {peak / 2**20:.2f} GiB, "
        f"of it {before / 2**20:.2f} before"
    )


def main() -> None:
    """Print every comparison; the large grids run in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", help=argparse.SUPPRESS)
    chosen = parser.parse_args().large
    if chosen:
        large(chosen)
        return
    kernels()
    convolutions()
    cones()
    for method in ("kernel", "kernel, every voxel", "collapsed cone"):
        sys.stdout.flush()
        subprocess.run([sys.executable, Path(__file__), "--large", method], check=True)


if __name__ == "__main__":
    main()
