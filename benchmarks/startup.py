"""Start-up time of the program over that of `python -c "import click"`.

Both are timed in turn in one run, and the medians compared, because machines are
noisy; installed as a wheel first, with the self-test of the day already made. Run:
python benchmarks/startup.py [--before FOLDER], an older checkout.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from installed import CODE, installed

ROUNDS = 15
CLICK = [sys.executable, "-c", "import click"]
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
SHUNT = ["--lung-shunt", "5%"]
MIRD = ["--dose", "120Gy", "--perfused-volume", "1000mL", *SHUNT]
BSA = ["--height", "165cm", "--weight", "60kg", "--liver-volume", "1500mL"]
BSA += ["--tumor-volume", "300mL", *SHUNT]
PARTITION = ["--perfused-volume", "1000mL", "--tumor", "T1=200mL@3"]
PARTITION += [*SHUNT, "--tumor-dose", "200Gy"]
VIAL = ["--activity", "2.3GBq", "--at", "2026-03-04T10:00+01:00", "--device", "glass"]
COUNTS = ["--lung-counts", "12000,10000", "--liver-counts", "160000,90000"]
CASE = Path(__file__).parents[1] / "examples" / "partition.toml"
LIMITS = ["--limits", "eanm2022:resin:mcrc:unilobar", "--normal-dose", "30Gy"]
COMMANDS = {
    "import click": CLICK,
    "sirtdose --help": [*PROGRAM, "--help"],
    "plan mird": [*PROGRAM, "plan", "mird", *MIRD],
    "plan bsa": [*PROGRAM, "plan", "bsa", *BSA],
    "plan partition": [*PROGRAM, "plan", "partition", *PARTITION],
    "with --limits": [*PROGRAM, "plan", "partition", *PARTITION[:-2], *LIMITS],
    "plan vial": [*PROGRAM, "plan", "vial", *VIAL],
    "plan compare": [*PROGRAM, "plan", "compare", *PARTITION, *MIRD[:2]],
    "plan CASE.toml": [*PROGRAM, "plan", str(CASE)],
    "lsf planar": [*PROGRAM, "lsf", "planar", *COUNTS],
}


def seconds(command: list[str], environment: dict[str, str], folder: str) -> float:
    """Wall-clock time of one run, which must succeed."""
    start = perf_counter()
    # From an empty folder: the code of the current one would be loaded instead.
    subprocess.run(
        command, check=True, capture_output=True, env=environment, cwd=folder
    )
    return perf_counter() - start


def main() -> None:
    """Print medians and their ratio to importing click."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--before", type=Path)
    before = parser.parse_args().before
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as empty:
        programs = {"now": installed(Path(name), CODE)}
        if before:
            programs["before"] = installed(Path(name), before)
        runs = [(one, command) for command in COMMANDS for one in programs]
        times: dict[tuple[str, str], list[float]] = {run: [] for run in runs}
        for number in range(ROUNDS + 1):
            for run in runs:
                taken = seconds(COMMANDS[run[1]], programs[run[0]], empty)
                if number:
                    times[run].append(taken)
    for (program, command), measured in times.items():
        middle, base = median(measured), median(times[program, "import click"])
        said = f"{command}, {program}" if before else command
        print(f"{said:<28} {middle * 1000:6.1f} ms  {middle / base:5.2f} x")


if __name__ == "__main__":
    main()
