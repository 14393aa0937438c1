"""Where decays of a simulation start, and how much each counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.emissions import Emissions
from sirtdose.errors import QuantityError
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Of a voxel's side: 4-byte numbers hold places half a meter away to less than that.
_INSIDE = 1e-4


@dataclass(frozen=True, eq=False)
class Particles:
    """Particles that start a history each.

    `at_cm` and `direction` are along columns, rows and slices, shape (n, 3), from the
    first voxel's outer corner; `weight` is how much each counts, 1 on average.
    """

    charge: NDArray[np.int8]
    energy_mev: NDArray[np.float32]
    at_cm: NDArray[np.float64]
    direction: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Source:
    """Voxels with activity, how often a history starts there, and its weight."""

    emissions: Emissions
    voxels: NDArray[np.int64]
    up_to: NDArray[np.float64]
    weights: NDArray[np.float64]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]

    @classmethod
    def of(
        cls, tia: Volume, structures: Sequence[Structure], emissions: Emissions
    ) -> "Source":
        """Of a time-integrated activity, with more histories near some structures.

        A decay's weight is how often it happens over how often it is simulated, so the
        expected dose is that of the activity alone.

        Raises
        ------
        QuantityError
            Voxels hold less than no activity.
        """
        decays = np.asarray(
            tia.require(Quantity.TIME_INTEGRATED_ACTIVITY), np.float64
        ).ravel()
        if decays.min() < 0:
            raise QuantityError(
                f"{int((decays < 0).sum())} voxels hold a negative activity, which no "
                "decay can be simulated from: a second engine cannot compute this dose"
            )
        true = decays / decays.sum()
        often = _often(true.reshape(tia.grid.shape), structures, tia)
        voxels = np.flatnonzero(true)
        chosen = often.ravel()[voxels]
        return cls(
            emissions,
            voxels,
            np.cumsum(chosen) / chosen.sum(),
            true[voxels] / chosen * chosen.sum(),
            tia.grid.shape,
            tia.grid.spacing_mm,
        )

    def drawn(self, count: int, seed: Sequence[int]) -> Particles:
        """Particles of one batch, evenly over the voxels and in every direction."""
        random = np.random.default_rng(list(seed))
        charge, energy = self.emissions.drawn(count, random)
        at = (np.arange(count) + random.random(count)) / count
        chosen = np.searchsorted(self.up_to, at, "right")
        chosen = np.minimum(chosen, len(self.voxels) - 1)
        index = np.unravel_index(self.voxels[chosen], self.shape)
        corner = np.stack(index[::-1], axis=1)
        sides = np.array(self.spacing_mm[::-1]) / 10
        along = random.uniform(-1, 1, count)
        around = random.uniform(0, 2 * np.pi, count)
        across = np.sqrt(1 - along**2)
        direction = np.stack(
            [across * np.cos(around), across * np.sin(around), along], axis=1
        )
        return Particles(
            charge,
            energy,
            (corner + random.uniform(_INSIDE, 1 - _INSIDE, (count, 3))) * sides,
            direction,
            self.weights[chosen],
        )


def _often(
    true: NDArray[Any], structures: Sequence[Structure], tia: Volume
) -> NDArray[np.float64]:
    r"""How often a history starts in each voxel.

    What a decay at x gives a structure is taken as the structure's blurred mask there,
    :math:`m_s(x)`. The sum over structures of their relative variances is least with

    .. math:: q(x) \propto a(x) \sqrt{\sum_s m_s(x) / E_s^2}, \quad
              E_s = \sum_x a(x)\, m_s(x)
    """
    known = table("second_engine")["source_sampling"]
    sigma = [known["blur_mm"] / side for side in tia.grid.spacing_mm]
    wanted = np.zeros(true.shape)
    for one in structures:
        box = one.box_on(tia.grid)
        if box is None:
            continue
        mask = np.zeros(true.shape, np.float32)
        mask[box] = one.occupancy
        near = gaussian_filter(mask, sigma, mode="constant")
        energy = float((true * near).sum())
        if energy > 0:
            wanted += np.maximum(near, 0) / energy**2
    wanted = true * np.sqrt(wanted)
    if not wanted.any():
        return true
    even = known["even_fraction"]
    return np.asarray(even * true + (1 - even) * wanted / wanted.sum())
