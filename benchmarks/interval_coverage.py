"""How many of 200 simulated patients' true doses lie in their 95 % intervals.

Run: python benchmarks/interval_coverage.py
"""

import sys
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.uncertainty.simulated import coverage

PATIENTS, REALIZATIONS = 200, 200
# Doses that jump at every border, and doses as an image has them.
BLURS_MM = (0.0, 12.0)


def main() -> None:
    """Print the counts."""
    for blur_mm in BLURS_MM:
        start = perf_counter()
        print(f"true doses with borders of {blur_mm:g} mm (FWHM)")
        held = coverage(PATIENTS, REALIZATIONS, others=True, blur_mm=blur_mm)
        for (route, name, quantity), count in held.items():
            whole = {"L": "liver", "T": "tumor"}[name]
            part = f"{count / PATIENTS:.1%}"
            print(f"  {route}, {whole}, {quantity}: {count} of {PATIENTS} ({part})")
        print(
            f"{REALIZATIONS} realizations each, {perf_counter() - start:.0f} s in all"
        )


if __name__ == "__main__":
    main()
