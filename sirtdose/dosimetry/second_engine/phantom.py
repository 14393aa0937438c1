"""Densities as a phantom of media that a Monte Carlo engine has tables of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML
from sirtdose.model.volume import Quantity, Volume

# In the order of the numbers in a phantom, from 1; 0 is vacuum.
_MEDIA = ("lung", "bone", "air")


@dataclass(frozen=True, eq=False)
class Phantom:
    """A density and a medium in each voxel, as [slice, row, column].

    `media` are names of the engine's tables: voxels hold their number from 1, and 0
    for vacuum.
    """

    density_g_per_ml: NDArray[np.float64]
    medium: NDArray[np.int32]
    media: tuple[str, ...]
    spacing_mm: tuple[float, float, float]

    @classmethod
    def of(cls, density: float | Volume, tia: Volume, medium: str) -> "Phantom":
        """Of one density, all of one medium, or by voxel, where density tells it.

        Parameters
        ----------
        density : float or Volume
            In g/mL; a map is on the grid of `tia`.
        tia : Volume
            Time-integrated activity, whose grid this is on.
        medium : {"soft-tissue", "water"}
            What is neither lung, bone nor air.

        Examples
        --------
        >>> from sirtdose.model.grid import Grid
        >>> grid = Grid.regular((1, 1, 5), spacing_mm=(3.0, 3.0, 3.0))
        >>> map_ = Volume(np.array([[[0, 0.001, 0.3, 1.06, 1.9]]]), grid,
        ...               Quantity.DENSITY)
        >>> phantom = Phantom.of(map_, map_, "soft-tissue")
        >>> phantom.medium.ravel().tolist()
        [0, 4, 2, 1, 3]
        >>> phantom.media[1]
        'LUNG521ICRU'
        """
        known = table("second_engine")["ompmc"]
        media = tuple(known[name]["name"] for name in (medium, *_MEDIA))
        shape = tia.grid.shape
        if not isinstance(density, Volume):
            values = np.full(shape, float(density))
            number = np.ones(shape, np.int32)
            return cls(values, number, media, tia.grid.spacing_mm)
        values = density.require(Quantity.DENSITY).astype(np.float64)
        number = np.select(
            [
                values < known["vacuum_below_g_per_ml"],
                values < AIR_BELOW_G_PER_ML,
                values < known["lung"]["below_g_per_ml"],
                values < known["bone"]["from_g_per_ml"],
            ],
            [0, 4, 2, 1],
            3,
        ).astype(np.int32)
        return cls(values, number, media, density.grid.spacing_mm)

    @property
    def tissue(self) -> NDArray[np.bool_]:
        """Where doses are: not in air, nor where there is nothing."""
        return np.asarray((self.medium > 0) & (self.medium < 4))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """As the engine takes them: [column, row, slice], edges from 0 in cm."""
        edges = {
            f"{axis}_cm": np.arange(size + 1) * side / 10
            for axis, size, side in zip(
                "zyx", self.medium.shape, self.spacing_mm, strict=True
            )
        }
        return {
            **edges,
            "density": self.density_g_per_ml.T,
            "material": self.medium.T,
            "media": np.array(self.media),
        }
