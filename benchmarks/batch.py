"""Forty digital patients by `sirtdose batch`, with two workers and with one.

Both in turn in one run, each from an empty folder; results are compared byte for byte.
Also: what each process held at most, and that with more cases it does not grow.
Run: python benchmarks/batch.py
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from sirtdose.phantom.request import PhantomRequest
from sirtdose.workflows.phantom import write_phantom

CASES = 40
ROUNDS = 3
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
# They tell of the run itself.
OF_THE_RUN = ("run.json", "batch.json")


def make(folder: Path) -> Path:
    """Write ten patients, each of them four times in the manifest."""
    for seed in range(10):
        patient = folder / f"p{seed}"
        patient.mkdir()
        write_phantom(PhantomRequest(seed=seed), patient)
    path = folder / "cases.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("case_id", "input", "administered", "lung_shunt"))
        for n in range(CASES):
            rows.writerow((f"c{n:02}", f"p{n % 10}", f"{1 + n / 40:g}GBq", "5%"))
    return path


def run(manifest: Path, out: Path, jobs: int) -> float:
    """Wall-clock seconds of one batch, which must succeed."""
    words = ["batch", str(manifest), "--out", str(out), "--jobs", str(jobs)]
    start = perf_counter()
    subprocess.run([*PROGRAM, *words], check=True, capture_output=True)
    return perf_counter() - start


def contents(folder: Path) -> dict[str, bytes]:
    """Every file that does not tell of the run itself."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in OF_THE_RUN
    }


def peaks_mib(out: Path) -> tuple[float, float, float]:
    """The most memory of the first and of any worker, and of what started them."""
    told = json.loads((out / "batch.json").read_text("utf-8"))["run"]
    peaks = [one["peak_memory_mib"] for one in told["cases"].values()]
    return peaks[0], max(peaks), told["peak_memory_mib"]


def main() -> None:
    """Print times, their ratio, and memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest = make(folder)
        taken: dict[int, list[float]] = {1: [], 2: []}
        for round_ in range(ROUNDS):
            for jobs, times in taken.items():
                times.append(run(manifest, folder / f"out-{jobs}-{round_}", jobs))
        one, two = median(taken[1]), median(taken[2])
        print(f"{CASES} cases, one worker   {one:6.1f} s")
        print(
            f"{CASES} cases, two workers  {two:6.1f} s, {one / two:.2f} times as fast"
        )
        same = contents(folder / "out-1-0") == contents(folder / "out-2-0")
        print(f"results {'the same, byte for byte' if same else 'DIFFER'}")
        first, most, parent = peaks_mib(folder / "out-2-0")
        print(f"memory: first case {first:.0f} MiB, any case {most:.0f} MiB at most")
        lines = manifest.read_text("utf-8").splitlines(keepends=True)
        manifest.write_text("".join(lines[:5]), "utf-8")
        run(manifest, folder / "few", 2)
        few = peaks_mib(folder / "few")[2]
        print(
            f"the batch itself: {parent:.0f} MiB with {CASES} cases, {few:.0f} with 4"
        )


if __name__ == "__main__":
    main()
