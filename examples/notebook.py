"""A digital patient from plan to dose, cell by cell."""

# %% [markdown]
# # From plan to dose, cell by cell
#
# Open with Jupytext, or run as it stands. A digital patient stands for yours.

# %%
import tempfile
from pathlib import Path

import sirtdose

y90 = sirtdose.Nuclide.named("Y-90")
folder = Path(tempfile.mkdtemp())
truth = sirtdose.write_phantom(
    sirtdose.PhantomRequest(fwhm_mm=0.0, noise=False, follow_voxels=True), folder
)

# %% [markdown]
# ## Plan
# The activity for a mean dose; a cell that ends with `plan` shows a table.

# %%
request = sirtdose.PlanRequest(lung_shunt_fraction=0.05)
plan = sirtdose.plan_mird(request, dose_gy=120, perfused_volume_ml=900)
print(plan)
plan.to_dataframe()

# %% [markdown]
# ## Assess what is in memory
# Image and structures may come from anywhere: here from DICOM, by way of SimpleITK.

# %%
used = sirtdose.inspect_folder(folder).choice
image = sirtdose.read_image(used.image.paths[0]).to_sitk()
structures = sirtdose.read_structures(used.structures[0].paths[0])
assessment = sirtdose.assess_arrays(
    image,
    {one.name: one.to_sitk() for one in structures},
    sirtdose.Given(
        y90,
        administered_gbq=truth["delivered_gbq"],
        lung_shunt_fraction=truth["lung_shunt_fraction"],
    ),
    dose=sirtdose.DoseRequest(calibrate_over="fov"),
)
table = assessment.to_dataframe()
print(table[["name", "role", "mean_gy"]].to_string(index=False))

# %% [markdown]
# ## Take it elsewhere, and read what is refused

# %%
dose = assessment.dosed.doses["local_deposition"]
print(dose.to_nifti().shape, dose.to_sitk().GetSize())
try:
    sirtdose.plan_mird(sirtdose.PlanRequest(), dose_gy=120, perfused_volume_ml=900)
except sirtdose.SafetyStop as stop:
    print(stop)
