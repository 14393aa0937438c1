"""Inspecting 5,000 DICOM files, over plain pydicom reading their headers.

Both run in this process over the same files, in turn; the medians are compared.
Run: python benchmarks/inspect_folder.py
"""

import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import pydicom

from sirtdose.io.choose import choose
from sirtdose.io.discover import discover
from sirtdose.phantom.request import PhantomRequest
from sirtdose.workflows.phantom import write_phantom

FILES, ROUNDS = 5000, 3


def make(root: Path) -> None:
    """One phantom, its CT slices repeated under new series until there are enough."""
    first = root / "patient"
    first.mkdir()
    write_phantom(PhantomRequest(noise=False), first)
    slices = sorted((first / "ct").iterdir())
    for number in range(FILES // len(slices)):
        copy = root / f"series {number}"
        copy.mkdir()
        for path in slices:
            if number % 10 == 0:
                shutil.copy(path, copy / path.name)
            else:
                (copy / path.name).hardlink_to(root / "series 0" / path.name)


def headers(root: Path) -> int:
    """Read every header with pydicom."""
    paths = list(root.rglob("*.dcm"))
    for path in paths:
        pydicom.dcmread(path, stop_before_pixels=True)
    return len(paths)


def inspect(root: Path) -> None:
    """What `sirtdose inspect` does."""
    choose(discover(root))


def main() -> None:
    """Print medians and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        make(root)
        plain, ours = [], []
        for _ in range(ROUNDS):
            start = perf_counter()
            count = headers(root)
            plain.append(perf_counter() - start)
            start = perf_counter()
            inspect(root)
            ours.append(perf_counter() - start)
    ratio = median(ours) / median(plain)
    print(
        f"{count} files: pydicom {median(plain):.2f} s, discover {median(ours):.2f} s"
    )
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
