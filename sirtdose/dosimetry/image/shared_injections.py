"""Several injections of one session on their image: which counts are whose."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.grid.resample import placed_on
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.injection_shares import (
    Part,
    Shares,
    parts_of_union,
    shares,
)
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import Given, InjectionGiven
from sirtdose.model.structure import Structure, perfused_by
from sirtdose.model.volume import Quantity, Volume


@dataclass(frozen=True, eq=False)
class SharedInjections:
    """Injections of one session, and the parts of their perfused volumes.

    `ledgers` and `volumes` are in the order of `given`.
    """

    given: tuple[InjectionGiven, ...]
    ledgers: tuple[Ledger, ...]
    volumes: tuple[Structure, ...]
    parts: tuple[Part, ...]
    nuclide: Nuclide

    @classmethod
    def of(
        cls,
        given: Given,
        ledgers: Sequence[Ledger],
        *,
        drawn: Sequence[Structure],
        image: Volume,
    ) -> "SharedInjections":
        """Find each injection's perfused volume, and where they overlap.

        Raises
        ------
        InputError
            A structure that is not there.
        """
        volumes = [
            perfused_by(one.name, one.perfused, drawn) for one in given.injections
        ]
        return cls(
            given.injections,
            tuple(ledgers),
            tuple(volumes),
            parts_of_union(volumes, image),
            given.nuclide,
        )

    @property
    def elapsed_h(self) -> tuple[float, ...]:
        """From each injection to the last one; 0 where a time is not known."""
        times = [one.at for one in self.given]
        known = [at for at in times if at is not None]
        if len(known) < len(times):
            return (0.0,) * len(times)
        last = max(known)
        return tuple((last - at).total_seconds() / 3600 for at in known)

    def shares(self, image: Volume) -> Shares:
        """Divide an image's activity among the injections."""
        return shares(
            self.parts,
            image,
            treated_gbq=[one.treated_gbq for one in self.ledgers],
            decayed=[self.nuclide.decay_factor(h) for h in self.elapsed_h],
        )

    def mean_gbq_per_count(self, found: Shares) -> float:
        """All that was treated over all counts of their volumes."""
        return sum(one.treated_gbq for one in self.ledgers) / sum(found.counts)

    def calibration(self, image: Volume) -> Calibration:
        """What one unit of the image is worth on average over what was injected."""
        found = self.shares(image)
        each = ", ".join(
            f"{self.names(group)} {found.gbq_per_count(group) * 1e9:.4g} Bq"
            for group in found.groups
        )
        return Calibration(
            "administered",
            "injections",
            f"treated activity of each injection ({each} per unit)",
            self.mean_gbq_per_count(found) * 1e9,
        )

    def activity(self, image: Volume) -> Volume:
        """Activity in each voxel, each injection's at its own administration, GBq."""
        counts = np.asarray(image.data, np.float64)
        return image.with_data(counts * self.gbq_per_unit(image), Quantity.ACTIVITY)

    def gbq_per_unit(self, image: Volume) -> NDArray[np.float64]:
        """What a unit of each voxel is worth, by the injections that reach it.

        Outside of all volumes it is the injections' mean.
        """
        found = self.shares(image)
        inside = np.zeros(image.grid.shape)
        factor = np.zeros(image.grid.shape)
        for part, gbq in zip(found.parts, found.at_administration, strict=True):
            occupancy = placed_on(part.on_grid, image.grid)
            inside += occupancy
            factor += occupancy * gbq
        factor += np.clip(1 - inside, 0, 1) * self.mean_gbq_per_count(found)
        return factor

    def names(self, group: Sequence[int]) -> str:
        """The names of some of them, as they are written."""
        *first, last = (self.given[i].name for i in group)
        return f"{', '.join(first)} and {last}" if first else last
