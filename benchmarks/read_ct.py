"""Reading a 200-slice CT, over SimpleITK's series reader; imports included.

Both read the same files, each in a fresh process, in turn, and the medians are
compared. Run: python benchmarks/read_ct.py
"""

import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from sirtdose.io.dicom.write import Study, write_ct
from sirtdose.model.grid import Grid
from sirtdose.model.volume import Quantity, Volume

ROUNDS = 7
OURS = """
import sys; from pathlib import Path
from sirtdose.io.read import read_image
assert read_image(Path(sys.argv[1])).grid.shape == (200, 512, 512)
"""
SIMPLEITK = """
import sys, SimpleITK
reader = SimpleITK.ImageSeriesReader()
reader.SetFileNames(reader.GetGDCMSeriesFileNames(sys.argv[1]))
assert reader.Execute().GetSize() == (512, 512, 200)
"""


def make(folder: Path) -> None:
    """Write 200 slices of 512 x 512 noise."""
    grid = Grid.regular((200, 512, 512), spacing_mm=(2.0, 0.98, 0.977))
    numbers = np.random.default_rng(1).normal(0, 300, grid.shape).clip(-1000, 3000)
    study = Study(
        "benchmark", "B", "Benchmark^CT", "", datetime.fromisoformat("2026-01-01"), "0"
    )
    write_ct(Volume(numbers.astype(np.int16), grid, Quantity.CT_NUMBER), folder, study)


def seconds(code: str, folder: Path) -> float:
    """Wall-clock time of one fresh process."""
    start = perf_counter()
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return perf_counter() - start


def main() -> None:
    """Print medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            theirs.append(seconds(SIMPLEITK, folder))
            ours.append(seconds(OURS, folder))
    ratio = median(ours) / median(theirs)
    print(f"SimpleITK {median(theirs):.3f} s, sirtdose {median(ours):.3f} s")
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
