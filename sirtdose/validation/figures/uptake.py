"""Figures of uptake: the IBSI's digital phantom, and lean body mass."""

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.suv.lesion import lesion_uptake
from sirtdose.model.body_size import LEAN_MASS
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.validation.bench import Figure

# Its 5 x 4 x 4 voxels of 2 mm and their mask, slice by slice: digital phantom of the
# Image Biomarker Standardisation Initiative, design by Alex Zwanenburg, CC BY 4.0.
_VALUES = (
    "14411 14611 41641 44641",
    "14411 11611 11311 44611",
    "14411 11111 11911 11611",
    "14411 11111 11111 11611",
)
_INSIDE = (
    "11111 11111 11111 11111",
    "11111 11111 01111 11111",
    "11100 11111 11011 11111",
    "11100 11111 11111 11111",
)


def ibsi_phantom() -> tuple[Volume, Structure]:
    """The image and its region."""
    grid = Grid.regular((4, 4, 5), spacing_mm=(2.0, 2.0, 2.0))
    inside = _digits(_INSIDE) > 0
    image = Volume(_digits(_VALUES), grid, Quantity.SUV)
    return image, Structure("Tumor", Role.TUMOR, inside, grid)


def _digits(slices: tuple[str, ...]) -> NDArray[np.float64]:
    rows = [[[int(one) for one in row] for row in text.split()] for text in slices]
    return np.array(rows, float)


def _ibsi(*, of: str) -> float:
    found = lesion_uptake(*ibsi_phantom(), fixed={}, relative={})
    if of in ("at_maximum", "anywhere"):
        return float(getattr(found.peaks, of).value)
    return float(getattr(found, of))


FIGURES: dict[str, Figure] = {
    "ibsi_phantom": _ibsi,
    "lean_mass_kg": lambda *, formula, **given: LEAN_MASS[formula](**given),
}
