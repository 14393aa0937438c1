"""Structures held against a dose map."""

from collections.abc import Mapping
from dataclasses import dataclass

from sirtdose.dosimetry.dvh import Dvh
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class DoseHistograms:
    """A dose, the histogram of each structure, and why others are left out."""

    dose: Volume
    rows: tuple[tuple[Structure, Dvh], ...]
    left_out: Mapping[str, str]
