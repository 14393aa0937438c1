"""Mean doses by ompMC over EGSnrc's: the tables of the docs.

Needs the extra `ompmc`, and as the first argument the folder that holds the cases
`mc_real_ct` and `mc_liver_lung_bone`: activities, densities and EGSnrc's doses on grids
of 4 mm. The second argument is the number of processes. Prints a table of each case.
"""

import resource
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.io.read import read_image
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.check.simulated import Scene, SimulationRequest, simulated

YTTRIUM = Nuclide.named("Y-90")
NAMES = {
    1: "Normal liver",
    2: "Tumor 15 mm",
    3: "Tumor 30 mm",
    4: "Tumor 45 mm",
    5: "Lungs",
    6: "Bone",
}
# Gy per GBq at K = 49.67 of EGSnrc's mGy per MBq s.
GY_PER_GBQ = 332366
Case = tuple[str, Volume, Volume, dict[str, NDArray[np.bool_]], NDArray[np.float64]]


def main() -> None:
    """Simulate each case until its means are known to 0.5 %, and compare."""
    folder, processes = Path(sys.argv[1]), int(sys.argv[2])
    for title, activity, density, masks, truth in cases(folder):
        truths = {name: float(truth[mask].mean()) for name, mask in masks.items()}
        structures = [
            Structure.named(name, mask, activity.grid) for name, mask in masks.items()
        ]
        scene = Scene(
            time_integrated_activity(activity, YTTRIUM),
            YTTRIUM,
            density,
            "soft-tissue",
            structures,
            truths,
        )
        before = processor_s()
        means, made = simulated(scene, SimulationRequest(processes=processes))
        print(
            f"\n{title}: {made.histories:,} histories, {made.seconds:.0f} s on "
            f"{processes} processes, {processor_s() - before:.0f} s of processor time\n"
        )
        print_table(truths, means.gy(), means.standard_gy())


def print_table(
    truths: Mapping[str, float],
    found: NDArray[np.float64],
    standard: NDArray[np.float64],
) -> None:
    """Each structure's mean, its standard uncertainty, and the ratio to EGSnrc's."""
    print("| | EGSnrc, Gy/GBq | ompMC, Gy/GBq | ompMC/EGSnrc |")
    print("|---|---|---|---|")
    for (name, truth), gy, own in zip(truths.items(), found, standard, strict=True):
        ratio, relative = gy / truth, own / gy
        print(
            f"| {name} | {truth:.4g} | {gy:.4g} | {ratio:.4f} +- "
            f"{ratio * relative:.4f} |"
        )


def processor_s() -> float:
    """Of this process and of those that it waited for."""
    each = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in each]
    return sum(one.ru_utime + one.ru_stime for one in used)


def cases(folder: Path) -> Iterator[Case]:
    """Title, activity of 1 GBq, densities, masks and EGSnrc's dose, Gy per GBq."""
    yield real_anatomy(folder / "mc_real_ct")
    for name, title in (
        ("phantomD_liver_lung_bone_tumour", "Liver, lung and bone, tumor in the liver"),
        ("phantomD_lungsource", "Liver, lung and bone, activity in the lung"),
    ):
        yield phantom(folder / "mc_liver_lung_bone" / f"{name}.npz", title)


def real_anatomy(folder: Path) -> Case:
    """The abdominal CT."""
    activity = read_image(folder / "activity.nii.gz", quantity=Quantity.ACTIVITY)
    density = read_image(folder / "density_g_per_ml.nii.gz", quantity=Quantity.DENSITY)
    truth = read_image(
        folder / "dose_mc_gy_per_gbq.nii.gz", quantity=Quantity.DOSE
    ).data
    labels = read_image(folder / "labels.nii.gz").data
    masks = {name: labels == label for label, name in NAMES.items()}
    whole = activity.with_data(activity.data / activity.total())
    return "Real anatomy", whole, density, masks, truth


def phantom(path: Path, title: str) -> Case:
    """One of the phantom's sources; beyond its faces is vacuum in both engines."""
    with np.load(path) as file:
        given = {name: np.asarray(file[name]) for name in file.files}
    density, activity = given["density_g_cm3"], given["activity"]
    grid = Grid.regular(density.shape, spacing_mm=(4.0,) * 3)  # type: ignore[arg-type]
    tumor = given.get("tumour", np.zeros(density.shape, bool))
    masks = {
        "Liver": (np.abs(density - 1.06) < 0.01) & ~tumor,
        "Tumor 15 mm radius": tumor,
        "Lung": density < 0.5,
        "Bone": density > 1.5,
    }
    return (
        title,
        Volume(activity / activity.sum(dtype=float), grid, Quantity.ACTIVITY),
        Volume(density, grid, Quantity.DENSITY),
        {name: mask for name, mask in masks.items() if mask.any()},
        given["dose"].astype(np.float64) * GY_PER_GBQ,
    )


if __name__ == "__main__":
    main()
