"""Doses as each respiratory gate shows them, and how far it moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose


@dataclass(frozen=True, eq=False)
class GateDoses:
    """Doses of structures as if the patient had stayed in one gate.

    Parameters
    ----------
    names : tuple of str
    fractions : tuple of float
        Part of the time in each gate; doses weighted by it add up to those of the
        image.
    timed : str
        What the fractions were read from.
    method : str
        Of the doses; of the image as it is, without correction of blur.
    head_feet_mm : tuple of float
        Where the activity lies in each gate, towards the head, against its mean.
    rows : sequence of sequence of StructureDose
        Of each gate.
    """

    names: tuple[str, ...]
    fractions: tuple[float, ...]
    timed: str
    method: str
    head_feet_mm: tuple[float, ...]
    rows: Sequence[Sequence[StructureDose]]

    @property
    def amplitude_mm(self) -> float | None:
        """From the highest to the lowest gate; None where one shows no activity."""
        if not np.isfinite(self.head_feet_mm).all():
            return None
        return max(self.head_feet_mm) - min(self.head_feet_mm)

    def by_time(self, n: int) -> float:
        """The motion-averaged mean dose of a structure, Gy."""
        means = [own[n].dvh.mean_gy for own in self.rows]
        return float(np.dot(self.fractions, means))
