"""Toxicity of 5,000 patients in 40 lines each, over the same by an older checkout.

Run: python benchmarks/toxicity.py [--before FOLDER] [--runs 5]

FOLDER is a checkout of sirtdose that is run in turn with this one, on the same table.
Medians of processor time are printed, and their ratio to the first: also that of the
same table with two arms and a roster.
"""

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np

CASES = 5000
HERE = Path(__file__).resolve().parents[1]
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
_FIRST, _SECOND = date(2026, 3, 2), date(2026, 4, 27)
_TERMS = (
    *(("ALT", 30, "U/L", 40, ""), ("AST", 30, "U/L", 35, "")),
    *(("bilirubin", 12, "umol/L", 20, ""), ("albumin", 40, "g/L", "", 35)),
    *(("platelets", 160, "10^9/L", "", 150), ("hemoglobin", 120, "g/L", "", 120)),
    ("creatinine", 70, "umol/L", 90, ""),
)
_DAYS = (-10, 20, 40, 70, 100)


def main() -> None:
    """Print medians, and their ratio where there is an older checkout."""
    given = argparse.ArgumentParser()
    given.add_argument("--before", type=Path)
    given.add_argument("--runs", type=int, default=5)
    options = given.parse_args()
    words = ("labs.csv", "--ctcae", "5.0", "--window", "0-90d", "--force", "--out")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder)
        runs = {"now": (HERE, (*words, "now", "--treated", "days.csv"))}
        arms = ("--treated", "arms.csv", "--roster", "roster.csv")
        runs["now, arms and roster"] = (HERE, (*words, "arms", *arms))
        if options.before:
            before = (*words, "before", "--treated", "days.csv")
            runs = {"before": (options.before.resolve(), before), **runs}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(options.runs):
            for name, (tree, own) in runs.items():
                times[name].append(_timed(tree, own, folder))
    medians = {name: statistics.median(own) for name, own in times.items()}
    first = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name}: {median:.2f} s, ratio {median / first:.2f}")


def _timed(tree: Path, words: tuple[str, ...], folder: Path) -> float:
    start = _cpu()
    subprocess.run(
        [*PROGRAM, "toxicity", *words],
        check=True,
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(tree)},
    )
    return _cpu() - start


def _cpu() -> float:
    """Seconds of processor of all children: other work on the machine adds little."""
    own = os.times()
    return own.children_user + own.children_system


def _write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    cases = [f"c{n}" for n in range(CASES)]
    header = ("case_id", "date", "term", "value", "unit", "uln", "lln", "grade")
    rows = [
        (case, _FIRST + timedelta(days=day), term, f"{value * times:.1f}", *rest, "")
        for case in cases
        for day in _DAYS
        for (term, value, *rest), times in zip(
            _TERMS, rng.lognormal(0, 0.5, len(_TERMS)).clip(0.4, 1.9), strict=True
        )
    ]
    rows += [
        (case, _FIRST + timedelta(days=day), "fatigue", "", "", "", "", day % 3)
        for case in cases
        for day in _DAYS
    ]
    _table(folder / "labs.csv", header, rows)
    _table(folder / "days.csv", ("case_id", "treated"), [(c, _FIRST) for c in cases])
    arms = [
        (c, day, arm) for c in cases for day, arm in ((_FIRST, "S"), (_SECOND, "D"))
    ]
    _table(folder / "arms.csv", ("case_id", "treated", "arm"), arms)
    _table(folder / "roster.csv", ("case_id", "arm"), [(c, "S|D") for c in cases])


def _table(path: Path, header: object, rows: object) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
