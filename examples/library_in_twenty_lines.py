"""From arrays to a dose histogram, without any file."""

import numpy as np

from sirtdose import (
    Dvh,
    Grid,
    Metric,
    Nuclide,
    Quantity,
    Role,
    Structure,
    Volume,
    compute_dose,
    time_integrated_activity,
)

y90 = Nuclide.named("Y-90")
grid = Grid.regular((40, 48, 56), spacing_mm=(4.0, 4.0, 4.0), origin_mm=(0, 0, 0))
z, y, x = np.indices(grid.shape)
in_tumor = (z - 20) ** 2 + (y - 24) ** 2 + (x - 28) ** 2 < 5**2
activity_gbq = Volume(np.where(in_tumor, 2e-3, 1e-4), grid, Quantity.ACTIVITY)
decays = time_integrated_activity(activity_gbq, y90)
tumor = Structure("Tumor 1", Role.TUMOR, in_tumor, grid)
for method in ("local", "kernel"):
    dose = compute_dose(decays, nuclide=y90, density_g_per_ml=1.05, method=method)
    dvh = Dvh.of_structure(tumor, dose.volume)
    d70 = Metric.parse("D70").of(dvh)
    print(f"{method:<7} mean {dvh.mean_gy:.0f} Gy, D70 {d70:.0f} Gy")
