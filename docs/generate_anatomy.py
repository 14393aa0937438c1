"""Write sirtdose/data/anatomy/liver_and_lungs.npz from the whole simulated case.

`python docs/generate_anatomy.py FOLDER`, with the folder that holds `activity.nii.gz`,
`density_g_per_ml.nii.gz`, `labels.nii.gz` and `dose_mc_gy_per_gbq.nii.gz`. What is
rounded, and how finely, stands in the NOTICE.txt beside the file.
"""

import sys
from pathlib import Path

import numpy as np

from sirtdose.io.read import read_image
from sirtdose.model.volume import Quantity

FILE = (
    Path(__file__).parents[1] / "sirtdose" / "data" / "anatomy" / "liver_and_lungs.npz"
)
# The activity has an arbitrary unit; its greatest value becomes this.
ACTIVITY_STEPS = 60_000


def arrays(folder: Path) -> dict[str, np.ndarray]:
    """What the file holds, by name."""
    density = read_image(folder / "density_g_per_ml.nii.gz", quantity=Quantity.DENSITY)
    activity = read_image(folder / "activity.nii.gz", quantity=Quantity.ACTIVITY).data
    dose = read_image(folder / "dose_mc_gy_per_gbq.nii.gz", quantity=Quantity.DOSE)
    labels = read_image(folder / "labels.nii.gz").data
    return {
        "affine_mm": density.grid.affine_mm,
        "density_mg_per_ml": np.round(density.data * 1000).astype(np.uint16),
        "activity": np.round(activity / activity.max() * ACTIVITY_STEPS).astype(
            np.uint16
        ),
        "labels": labels.astype(np.uint8),
        "dose_cgy_per_gbq": np.round(dose.data * 100).astype(np.uint16),
    }


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **arrays(Path(sys.argv[1])))
    print(f"Written: {FILE.name}, {FILE.stat().st_size} bytes")
