"""One case by `sirtdose post`, over what SimpleITK takes to read its CT alone.

A SPECT of 128 x 128 x 128, a CT of 512 x 512 x 200 as 200 files and an RTSTRUCT with
six structures; post.json, tables, NIfTI and DICOM are written, without and with
report.html. Every run is a process of its own, imports included, all in turn; medians
are compared. The program is installed as a wheel first, with the self-test of the day
already made. Run: python benchmarks/post_case.py [--cores N]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from installed import installed

from sirtdose.dosimetry.grid.regrid import activity_on
from sirtdose.io.dicom.write import write_ct, write_nm
from sirtdose.io.dicom.write_structures import write_rtstruct
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume
from sirtdose.phantom.make import contours_on, make_phantom
from sirtdose.phantom.request import PhantomRequest

ROUNDS = 5
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
GIVEN = ["--administered", "2.2GBq", "--lung-shunt", "5%", "--force"]
SIMPLEITK = """
import sys, SimpleITK
reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames(sys.argv[1]))
assert reader.Execute().GetSize() == (512, 512, 200)
"""


def make(folder: Path) -> None:
    """Write the digital patient on larger grids."""
    phantom = make_phantom(PhantomRequest())
    frame = phantom.study.frame_of_reference_uid
    low = phantom.spect.grid.corners_mm().min(axis=0)
    high = phantom.spect.grid.corners_mm().max(axis=0)

    def grid_of(shape: tuple[int, int, int]) -> Grid:
        sides = (high - low)[::-1] / shape
        x, y, z = low + sides[::-1] / 2
        a, b, c = (float(side) for side in sides)
        return Grid.regular(
            shape,
            spacing_mm=(a, b, c),
            origin_mm=(float(x), float(y), float(z)),
            frame_of_reference_uid=frame,
        )

    counts = activity_on(phantom.spect, grid_of((128, 128, 128)))
    write_nm(
        counts.with_data(np.rint(counts.data)), folder / "spect.dcm", phantom.study
    )
    grid = grid_of((200, 512, 512))
    index = phantom.ct.grid.index(
        grid.world_mm(np.stack([np.arange(512)] * 3, axis=1).clip(0, (199, 511, 511)))
    )
    nearest = [
        np.rint(index[:n, axis]).astype(int).clip(0, phantom.ct.grid.shape[axis] - 1)
        for axis, n in enumerate(grid.shape)
    ]
    numbers = phantom.ct.data[np.ix_(*nearest)]
    (folder / "ct").mkdir()
    ct = Volume(numbers, grid, Quantity.CT_NUMBER)
    write_ct(ct, folder / "ct", phantom.study)
    write_rtstruct(contours_on(grid), folder / "structures.dcm", phantom.study)


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """Wall-clock time of one fresh process that succeeds."""
    start = perf_counter()
    # From a folder without code: that of the current one would be loaded instead.
    run = {"check": True, "capture_output": True, "env": environment}
    subprocess.run(command, cwd=tempfile.gettempdir(), **run)
    return perf_counter() - start


def main() -> None:
    """Print medians and their ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cores", type=int, help="Let both use only so many.")
    cores = parser.parse_args().cores
    if cores:
        os.sched_setaffinity(0, range(cores))
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name, "case"), Path(name, "out")
        folder.mkdir()
        make(folder)
        post = [*PROGRAM, "post", str(folder), *GIVEN, "--out", str(out)]
        commands = {
            "SimpleITK reads the CT": [sys.executable, "-c", SIMPLEITK, f"{folder}/ct"],
            "post, no report": [*post, "--no-report"],
            "post": post,
        }
        packages = Path(name, "packages")
        packages.mkdir()
        environment = installed(packages)
        for command in commands.values():
            seconds(command, environment)
        taken: dict[str, list[float]] = {said: [] for said in commands}
        for _ in range(ROUNDS):
            for said, command in commands.items():
                taken[said].append(seconds(command, environment))
        floor = median(taken["SimpleITK reads the CT"])
        for said, times in taken.items():
            typical = median(times)
            print(f"{said:<24}{typical:7.2f} s  {typical / floor:5.2f} x")
        print(f"report.html {(out / 'report.html').stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
