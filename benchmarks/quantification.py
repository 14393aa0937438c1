"""Doses of simulated patients against what is true, by size and by correction.

Run: python benchmarks/quantification.py [PATIENTS [PATIENTS WITH INTERVALS]]
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from blurred_patients import (
    CONTOUR_SPACING_MM,
    DIAMETERS_MM,
    IRREGULAR,
    SHAPE,
    SPACING_MM,
    Patient,
    patient,
)
from scipy.special import erf

from sirtdose.dosimetry.results import Assessment
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, Given, JudgeRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.post.arrays import assess_arrays

ADMINISTERED_GBQ, DENSITY_G_PER_ML = 2.0, 1.05
# What the simulated errors are: contours aside by 2 to 4 mm, right in size.
WIDTH_KNOWN_TO = 0.03
BUDGET = f"""source = "the simulated errors"
[budget]
administered = 0.01
density = 0.001
dose_constant = 0.001
contour_voxels = 0.05
contour_shift_voxels = 0.02
registration_mm = 1.75
psf = {WIDTH_KNOWN_TO}
noise = 0.08
noise_fwhm_voxels = 0.5
"""
SCENES: dict[str, dict[str, Any]] = {
    "lying still, contours right": {},
    "breathing, contours 2 to 4 mm off": {"breathing": True, "contours_off": True},
}
NAMES = [*(f"{d:g} mm" for d in DIAMETERS_MM), IRREGULAR, "normal_whole"]
METRICS = ("mean", "d70")
# A simulated patient is nobody's: high doses and small tumors are meant.
ACCEPTED = tuple(Acceptance(code, "simulated") for code in ("H07", "H14", "H22", "H28"))


def known(one: Patient) -> tuple[float, float, float]:
    """The true widths, breath included, along x, y and z."""
    z, y, x = one.camera.whole_fwhm_mm
    return x, y, z


def with_tail(one: Patient) -> DoseRequest:
    """Core and tail known."""
    tail = (one.camera.tail_fraction, one.camera.tail_fwhm_mm)
    return DoseRequest(
        psf_mm=known(one), psf_tail=tail, pvc="iterative-yang", calibrate_over="fov"
    )


def recovery_table(one: Patient) -> Path:
    """Recovery of a hot sphere's mean in a cold background, by its volume."""
    sigma = np.prod(known(one)) ** (1 / 3) / np.sqrt(8 * np.log(2))
    rows = ["volume_ml,rc"]
    for diameter in (10.0, 13.0, 17.0, 22.0, 28.0, 37.0, 50.0, 70.0, 100.0):
        radius = diameter / 2
        r = np.linspace(1e-6, radius, 400)
        near, far = (radius - r) / (2**0.5 * sigma), (radius + r) / (2**0.5 * sigma)
        seen = (erf(near) + erf(far)) / 2 - sigma / (np.sqrt(2 * np.pi) * r) * (
            np.exp(-(near**2)) - np.exp(-(far**2))
        )
        recovery = 3 * np.trapezoid(seen * r**2, r) / radius**3
        rows.append(f"{np.pi / 6 * diameter**3 / 1000:.4f},{recovery:.4f}")
    path = Path(tempfile.gettempdir()) / "sirtdose-quantification-recovery.csv"
    path.write_text("\n".join(rows) + "\n", "utf-8")
    return path


MOVED = "iterative Yang, tail known, image moved by the offset that is told"
METHODS: dict[str, Callable[[Patient], DoseRequest]] = {
    "uncorrected": lambda _: DoseRequest(calibrate_over="fov"),
    "iterative Yang": lambda one: DoseRequest(
        psf_mm=known(one), pvc="iterative-yang", calibrate_over="liver"
    ),
    "iterative Yang, tail known": with_tail,
    MOVED: with_tail,
    "GTM": lambda one: DoseRequest(
        psf_mm=known(one), pvc="gtm", calibrate_over="liver"
    ),
    "iterative Yang, width fitted": lambda _: DoseRequest(
        psf_mm="fit", pvc="iterative-yang", calibrate_over="liver"
    ),
    "recovery coefficients": lambda one: DoseRequest(
        pvc=recovery_table(one), calibrate_over="liver"
    ),
}


def structures_of(one: Patient) -> list[Structure]:
    """The masks on their own lattice."""
    shape = one.masks["Liver"].shape
    z, y, x = one.contour_origin_mm
    grid = Grid.regular(shape, spacing_mm=CONTOUR_SPACING_MM, origin_mm=(x, y, z))
    return [
        Structure(name, Role.LIVER if name == "Liver" else Role.TUMOR, mask, grid)
        for name, mask in one.masks.items()
    ]


def assessed(
    one: Patient, request: DoseRequest, shift_mm: tuple[float, float, float] = (0, 0, 0)
) -> Assessment:
    """The patient, past every check, with the image moved before."""
    grid = Grid.regular(SHAPE, spacing_mm=SPACING_MM).moved(shift_mm)
    return assess_arrays(
        Volume(one.counts, grid, Quantity.COUNTS),
        structures_of(one),
        Given(
            Nuclide.named("Y-90"),
            administered_gbq=ADMINISTERED_GBQ,
            lung_shunt_fraction=0.0,
        ),
        dose=request,
        judge=JudgeRequest(acceptances=ACCEPTED),
    )


def found_of(
    one: Patient, request: DoseRequest, *, moved: bool
) -> dict[str, dict[str, float]]:
    """Mean and D70 by structure, Gy, of the last method."""
    done = assessed(one, request)
    blur = done.calibrated.partial_volume
    fit = blur and blur.fit
    if moved and fit:
        x, y, z = fit.offset_mm
        done = assessed(one, request, (-x, -y, -z))
    rows = list(done.structure_doses.values())[-1]
    return {
        row.structure.name: {
            "mean": row.dvh.mean_gy,
            "d70": row.dvh.dose_to_volume_fraction_gy(0.7),
        }
        for row in rows
    }


def true_gy(one: Patient, name: str) -> float:
    """Local deposition of the concentration over the true shape."""
    key = "Liver normal" if name == "normal_whole" else name
    gbq_per_ml = ADMINISTERED_GBQ / one.true_counts * one.concentration[key]
    k = Nuclide.named("Y-90").dose_constant_gy_kg_per_gbq
    return k * gbq_per_ml * 1000 / DENSITY_G_PER_ML


def errors(patients: int, **scene: Any) -> dict[tuple[str, str, str], list[float]]:
    """Relative errors by method, structure and metric."""
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for seed in range(patients):
        one = patient(seed, **scene)
        for method, request in METHODS.items():
            said = found_of(one, request(one), moved=method == MOVED)
            for name, values in said.items():
                if name in NAMES:
                    for metric, value in values.items():
                        off = value / true_gy(one, name) - 1
                        found[method, name, metric].append(off)
    return found


def lines(found: dict[tuple[str, str, str], list[float]]) -> Iterator[str]:
    """Bias, median and 90th percentile of the absolute error."""
    for method in METHODS:
        for metric in METRICS:
            yield f"{method}, {metric}: bias, median and 90th percentile of |error|"
            for name in NAMES:
                off = np.array(found.get((method, name, metric), []))
                if off.size:
                    yield (
                        f"  {name:>12}: {off.mean():+7.1%} {np.median(abs(off)):7.1%} "
                        f"{np.percentile(abs(off), 90):7.1%}"
                    )


def intervals(patients: int, budget: Path) -> Iterator[str]:
    """How many intervals hold the truth, their half width and score, by size."""
    held: dict[tuple[str, str], list[tuple[bool, float, float]]] = defaultdict(list)
    for seed in range(patients):
        one = patient(seed, breathing=True, contours_off=True)
        # As sure of the width as the budget says, and as often wrong.
        wrong = 1 + WIDTH_KNOWN_TO * np.random.default_rng(seed).standard_normal()
        x, y, z = known(one)
        request = replace(
            with_tail(one),
            psf_mm=(wrong * x, wrong * y, wrong * z),
            uncertainty=100,
            budget=budget,
        )
        found = assessed(one, request).uncertainty
        assert found is not None
        for method, rows in found.rows.items():
            for row in (row for row in rows if row.name in NAMES):
                true = true_gy(one, row.name)
                for metric in ("mean_gy", "d70_gy"):
                    for route, own in (
                        ("ensemble", row.quantities[metric]),
                        ("first order", row.by_first_order[metric]),
                    ):
                        key = (f"{method}, {route}, {metric}", row.name)
                        held[key].append(_scored(own.low / true, own.high / true))
    for (what, name), own in held.items():
        inside = sum(one for one, _, _ in own)
        half, score = np.median([one[1:] for one in own], axis=0)
        mean = np.mean([one[2] for one in own])
        yield (
            f"  {what}, {name}: {inside} of {len(own)}, +/- {half:.1%}, interval "
            f"score median {score:.3f}, mean {mean:.3f}"
        )


def _scored(low: float, high: float) -> tuple[bool, float, float]:
    """Whether a 95 % interval holds 1, its half width and its interval score.

    Gneiting T, Raftery AE. J Am Stat Assoc 2007;102:359, section 6.2: the width, and
    2 / 0.05 times what the truth lies outside by; less is better.
    """
    outside = max(low - 1, 0) + max(1 - high, 0)
    return outside == 0, (high - low) / 2, high - low + 2 / 0.05 * outside


def main() -> None:
    """Print a table for each scene."""
    patients = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    drawn = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    for said, scene in SCENES.items() if patients else ():
        start = perf_counter()
        print(f"{patients} patients {said}")
        print("\n".join(lines(errors(patients, **scene))))
        print(f"{perf_counter() - start:.0f} s\n")
    if not drawn:
        return
    print(f"intervals of {drawn} patients breathing, with the budget of their errors")
    with tempfile.TemporaryDirectory() as folder:
        budget = Path(folder) / "budget.toml"
        budget.write_text(BUDGET, "utf-8")
        print("\n".join(intervals(drawn, budget)))


if __name__ == "__main__":
    main()
