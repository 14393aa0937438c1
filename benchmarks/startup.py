"""Start-up time of the program over that of `python -c "import click"`.

Both are timed in turn in one run, and the medians compared, because machines are
noisy. Run: python benchmarks/startup.py
"""

import subprocess
import sys
from statistics import median
from time import perf_counter

ROUNDS = 15
CLICK = [sys.executable, "-c", "import click"]
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
PLAN = ["plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL"]
COMMANDS = {
    "import click": CLICK,
    "sirtdose --help": [*PROGRAM, "--help"],
    "sirtdose plan mird": [*PROGRAM, *PLAN],
}


def seconds(command: list[str]) -> float:
    """Wall-clock time of one run, which must succeed."""
    start = perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return perf_counter() - start


def main() -> None:
    """Print medians and their ratio to importing click."""
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    base = median(times["import click"])
    for name, measured in times.items():
        middle = median(measured)
        print(f"{name:<20} {middle * 1000:6.1f} ms  {middle / base:5.2f} x")


if __name__ == "__main__":
    main()
