"""The shipped case of a simulated dose on real anatomy."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sirtdose.model.volume import Volume

_FILE = Path(__file__).parents[1] / "data" / "anatomy" / "liver_and_lungs.npz"
# How many mm from the lungs the liver is looked at by itself.
_NEAR_MM = 8.0
LABELS = {
    "Liver": 1,
    "Tumor of 15 mm": 2,
    "Tumor of 30 mm": 3,
    "Tumor of 45 mm": 4,
    "Lungs": 5,
}
NEAR_LUNGS = "Liver within 8 mm of the lungs"


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is given to a dose method, and the dose that was simulated.

    Examples
    --------
    >>> case = Anatomy.shipped()
    >>> round(case.activity_gbq.total(), 6)
    1.0
    >>> int(case.mask("Tumor of 30 mm").sum())
    251
    """

    activity_gbq: "Volume"
    density_g_per_ml: "Volume"
    simulated_gy: "Volume"
    labels: "NDArray[np.uint8]"

    @classmethod
    def shipped(cls) -> "Anatomy":
        """Read the case of ``sirtdose/data/anatomy``; NOTICE.txt there describes it."""
        import numpy as np

        from sirtdose.model.grid import Grid
        from sirtdose.model.volume import Quantity, Volume

        with np.load(_FILE) as file:
            held = {name: file[name] for name in file.files}
        grid = Grid(held["labels"].shape, held["affine_mm"])
        share = held["activity"] / held["activity"].sum(dtype=float)
        density = held["density_mg_per_ml"] / 1000
        return cls(
            Volume(share, grid, Quantity.ACTIVITY),
            Volume(density.astype(np.float32), grid, Quantity.DENSITY),
            Volume(held["dose_cgy_per_gbq"] / 100, grid, Quantity.DOSE),
            held["labels"],
        )

    def mask(self, structure: str) -> "NDArray[np.bool_]":
        """Voxels of a structure, or of the liver near the lungs."""
        from scipy.ndimage import distance_transform_edt

        if structure != NEAR_LUNGS:
            found: NDArray[np.bool_] = self.labels == LABELS[structure]
            return found
        spacing = self.density_g_per_ml.grid.spacing_mm
        away = distance_transform_edt(self.labels != LABELS["Lungs"], spacing)
        near: NDArray[np.bool_] = (self.labels == LABELS["Liver"]) & (away <= _NEAR_MM)
        return near
