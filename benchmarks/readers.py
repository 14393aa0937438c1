"""Three simulated readers: how often the interval of their consensus has the truth.

Each draws every tumor of a simulated patient with an error of his own: a border that
lies further out or in, and a place aside. What is true is the dose by the true contours
of the same image; the budget has nothing but contours.
Run: python benchmarks/readers.py [PATIENTS [PATIENTS WITH BLUR UNDONE]]
"""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from blurred_patients import CONTOUR_SPACING_MM, Patient, patient
from quantification import ACCEPTED, ADMINISTERED_GBQ, SHAPE, SPACING_MM, known
from scipy import ndimage

from sirtdose.dosimetry.results import Assessment
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, Given, JudgeRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.uncertainty.scene import quantities, uncertain_metrics
from sirtdose.workflows.post.arrays import assess_arrays

READERS = ("A", "B", "C")
# A reader's volume is off by 17 % (doi:10.1186/s40658-022-00515-6); his middle by 1 mm
# along each axis.
VOLUME_CV, ASIDE_MM = 0.17, 1.0
NOTHING_ELSE = "\n".join(
    f"{name} = 0.0"
    for name in (
        *("administered", "residual", "lung_shunt", "density", "dose_constant"),
        *("noise", "registration_mm", "motion_mm", "psf"),
        *("contour_shift_voxels", "contour_voxels"),
    )
)
SMALLEST_ML = 1.0


def drawn_by(
    mask: np.ndarray, rng: np.random.Generator, spacing: Sequence[float]
) -> np.ndarray:
    """A mask as a reader draws it: its border further out, and aside."""
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    half = min(spacing) / 2
    distance = np.where(mask, half - inside, outside - half)
    diameter = (6 * mask.sum() * np.prod(spacing) / np.pi) ** (1 / 3)
    outwards = VOLUME_CV * diameter / 6 * rng.standard_normal()
    aside = ASIDE_MM * rng.standard_normal(3) / spacing
    moved = ndimage.shift(distance, aside, order=1, mode="nearest")
    return np.asarray(moved <= outwards)


def lattice(one: Patient) -> Grid:
    """Where the contours' voxels lie."""
    z, y, x = one.contour_origin_mm
    shape = one.masks["Liver"].shape
    return Grid.regular(shape, spacing_mm=CONTOUR_SPACING_MM, origin_mm=(x, y, z))


def structures(one: Patient, names: Sequence[str]) -> list[Structure]:
    """The true masks of some names."""
    grid = lattice(one)
    return [
        Structure(
            name, Role.LIVER if name == "Liver" else Role.TUMOR, one.masks[name], grid
        )
        for name in names
    ]


def reader(one: Patient, names: Sequence[str], rng: np.random.Generator) -> list:
    """Every tumor as one reader draws it."""
    found = []
    for true in structures(one, names):
        # Room for a border that lies further out.
        held = true.cropped()
        index = np.argwhere(true.occupancy)
        low = np.maximum(index.min(axis=0) - 12, 0)
        high = np.minimum(index.max(axis=0) + 13, true.grid.shape)
        box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        mask = drawn_by(true.occupancy[box], rng, CONTOUR_SPACING_MM)
        found.append(Structure(held.name, held.role, mask, true.grid.crop(box)))
    return found


def assessed(one: Patient, dose: DoseRequest, **contours: object) -> Assessment:
    """The patient by some contours, past every check."""
    return assess_arrays(
        Volume(one.counts, Grid.regular(SHAPE, spacing_mm=SPACING_MM), Quantity.COUNTS),
        given=Given(
            Nuclide.named("Y-90"),
            administered_gbq=ADMINISTERED_GBQ,
            lung_shunt_fraction=0.0,
        ),
        dose=dose,
        judge=JudgeRequest(acceptances=ACCEPTED),
        **contours,
    )


def known_doses(found: Assessment, method: str) -> dict[str, dict[str, float]]:
    """Every quantity by structure."""
    return {
        row.structure.name: quantities(row.dvh, uncertain_metrics())
        for row in found.structure_doses[method]
    }


def main(patients: int, undone: int) -> None:
    """Print coverage and spread by lesion."""
    budget = Path(tempfile.mkdtemp()) / "nothing-else.toml"
    budget.write_text(f'source = "simulated"\n[budget]\n{NOTHING_ELSE}\n', "utf-8")
    began = perf_counter()
    inside: dict[tuple[str, str], list[bool]] = defaultdict(list)
    spread: dict[tuple[str, str], list[float]] = defaultdict(list)
    for seed in range(patients):
        one = patient(seed)
        rng = np.random.default_rng(10_000 + seed)
        names = [
            name
            for name, mask in one.masks.items()
            if name != "Liver"
            and mask.sum() * np.prod(CONTOUR_SPACING_MM) / 1000 >= SMALLEST_ML
        ]
        shared = structures(one, ["Liver"])
        by = {who: reader(one, names, rng) for who in READERS}
        usual = DoseRequest(calibrate_over="liver")
        dose = DoseRequest(
            calibrate_over="liver", uncertainty=60, seed=seed, budget=budget
        )
        truth = known_doses(
            assessed(one, usual, structures=structures(one, ["Liver", *names])),
            "local_deposition",
        )
        found = assessed(one, dose, structures=shared, readers=by)
        for row in found.uncertainty.rows["local_deposition"]:
            if row.name not in names:
                continue
            for quantity, own in row.quantities.items():
                inside[row.name, quantity].append(
                    own.low <= truth[row.name][quantity] <= own.high
                )
        _keep(spread, found, names, "local_deposition", "without")
        if seed < undone:
            blur = DoseRequest(
                calibrate_over="liver", psf_mm=known(one), pvc="iterative-yang"
            )
            corrected = assessed(one, blur, structures=shared, readers=by)
            _keep(spread, corrected, names, "local_deposition+iterative_yang", "undone")
        if (seed + 1) % 10 == 0:
            print(f"{seed + 1} patients, {perf_counter() - began:.0f} s", flush=True)
            told(inside, spread)
    told(inside, spread)


def told(
    inside: Mapping[tuple[str, str], Sequence[bool]],
    spread: Mapping[tuple[str, str], Sequence[float]],
) -> None:
    """Print what was found so far."""
    print("lesion, truth inside the interval of the mean, of the volume, patients")
    for name in dict.fromkeys(name for name, _ in inside):
        held = [np.mean(inside[name, q]) for q in ("mean_gy", "volume_ml")]
        count = len(inside[name, "mean_gy"])
        print(f"{name:>10} {100 * held[0]:6.1f} % {100 * held[1]:6.1f} % {count:4d}")
    for quantity in dict.fromkeys(quantity for _, quantity in inside):
        own = [x for (_, k), some in inside.items() if k == quantity for x in some]
        print(f"all, {quantity}: {100 * np.mean(own):.1f} % of {len(own)}")
    for which in ("volume", "without", "undone"):
        own = [x for (_, k), some in spread.items() if k == which for x in some]
        if own:
            mean = 100 * np.mean(own)
            print(f"mean CV, {which}: {mean:.1f} % of {len(own)} lesions", flush=True)


def _keep(
    spread: dict[tuple[str, str], list[float]],
    found: Assessment,
    names: Sequence[str],
    method: str,
    which: str,
) -> None:
    for one in found.observers.spread(method):
        if one.name in names:
            spread[one.name, which].append(one.mean_cv)
            if which == "without":
                spread[one.name, "volume"].append(one.volume_cv)


if __name__ == "__main__":
    main(*(int(one) for one in (*sys.argv[1:], "100", "10")[:2]))
