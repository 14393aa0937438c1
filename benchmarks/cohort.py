"""A cohort of 5,000 cases and 15,000 lesions, beside the import of its libraries.

Run: python benchmarks/cohort.py
"""

import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

CASES = 5000
PROGRAM = [sys.executable, "-c", "from sirtdose.cli.main import run; run()"]
_PAPER = (
    *("--by", "response", "--by", "hepatotoxicity", "--stratum", "center"),
    "--paragraph",
)
_IMPORTS = "import lifelines, statsmodels.api, matplotlib.figure"


def main() -> None:
    """Print both times and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder)
        imports = _timed([sys.executable, "-c", _IMPORTS])
        asked = [
            *(*PROGRAM, "cohort"),
            *("doses.csv", "lesion_doses.csv", "--outcomes", "outcomes.csv"),
            *("--outcomes", "lesion_outcomes.csv", "--response", "response"),
            *("--dose", "tumor_mean_gy", "--lesion-dose", "mean_gy"),
            *("--toxicity", "hepatotoxicity"),
            *("--liver-dose", "normal_liver_mean_gy"),
            *("--time", "os_months", "--event", "dead", "--landmark", "2"),
            *("--covariate", "bilobar", "--covariate", "ast_u_per_l"),
            *("--covariate", "tumor_mean_gy", "--threshold", "80Gy"),
        ]
        whole = _timed([*asked, "--out", "cohort"], folder)
        more = _timed([*asked, *_PAPER, "--out", "paper"], folder)
    print(f"{CASES} cases, {3 * CASES} lesions: {whole:.1f} s")
    print(f"importing its libraries: {imports:.1f} s; ratio {whole / imports:.1f}")
    print(f"with strata, two groupings and the text: ratio {more / whole:.2f}")


def _timed(command: list[str], folder: Path | None = None) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, capture_output=True)
    return time.perf_counter() - start


def _write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    doses = rng.lognormal(4.8, 0.6, CASES)
    response = rng.random(CASES) < 1 / (1 + np.exp(-(doses - 110) / 30))
    liver = rng.lognormal(3.4, 0.4, CASES)
    toxic = rng.random(CASES) < 1 / (1 + np.exp(-(liver - 60) / 12))
    death = rng.exponential(np.where(response, 24, 14))
    end = rng.uniform(6, 60, CASES)
    cases = [f"c{n}" for n in range(CASES)]
    _table(
        folder / "doses.csv",
        ("case_id", "tumor_mean_gy", "normal_liver_mean_gy"),
        zip(cases, doses.round(1), liver.round(1), strict=True),
    )
    _table(
        folder / "outcomes.csv",
        (
            *("case_id", "response", "hepatotoxicity", "bilobar", "ast_u_per_l"),
            *("os_months", "dead", "center"),
        ),
        zip(
            cases,
            np.where(response, "PR", "SD"),
            np.where(toxic, "yes", "no"),
            rng.choice(["yes", "no"], CASES),
            rng.lognormal(3.5, 0.4, CASES).round(),
            np.minimum(death, end).round(1),
            np.where(death < end, "yes", "no"),
            [f"center {n % 5}" for n in range(CASES)],
            strict=True,
        ),
    )
    lesions = [(case, f"T{n}") for case in cases for n in range(3)]
    scatter = rng.lognormal(0, 0.3, len(lesions))
    _table(
        folder / "lesion_doses.csv",
        ("case_id", "lesion", "mean_gy"),
        [(*one, round(doses[n // 3] * scatter[n], 1)) for n, one in enumerate(lesions)],
    )
    _table(
        folder / "lesion_outcomes.csv",
        ("case_id", "lesion", "response"),
        [
            (*one, "PR" if response[n // 3] == (rng.random() < 0.9) else "SD")
            for n, one in enumerate(lesions)
        ],
    )


def _table(path: Path, header: object, rows: object) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
