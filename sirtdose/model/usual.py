"""What is taken where nothing else is given; each with its source in usual.json."""

from typing import Final

from sirtdose.data.load import table

LIVER_DENSITY_G_PER_ML: Final[float] = table("usual")["liver_density_g_per_ml"]["value"]
LUNG_MASS_KG: Final[float] = table("usual")["lung_mass_kg"]["value"]
