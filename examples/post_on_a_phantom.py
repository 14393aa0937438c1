"""Make a digital patient, assess its doses, and compare them with the truth."""

import tempfile
from pathlib import Path

from sirtdose import (
    DoseRequest,
    Given,
    ImageRequest,
    Nuclide,
    PhantomRequest,
    PostRequest,
    assess_dose,
    write_phantom,
)

with tempfile.TemporaryDirectory() as folder:
    truth = write_phantom(PhantomRequest(fwhm_mm=0.0, noise=False), Path(folder))
    request = PostRequest(
        ImageRequest(Path(folder)),
        Given(
            Nuclide.named("Y-90"),
            administered_gbq=truth["delivered_gbq"],
            lung_shunt_fraction=truth["lung_shunt_fraction"],
        ),
        DoseRequest(calibrate_over="fov"),
    )
    assessment = assess_dose(request)

true = {row["name"]: row["mean_on_grid_gy"] for row in truth["structures"]}
for row in assessment.structure_doses["local_deposition"]:
    name, mean = row.structure.name, row.dvh.mean_gy
    if name in true:
        print(f"{name:<14} {mean:7.2f} Gy, {mean / true[name] - 1:+.2%} from truth")
