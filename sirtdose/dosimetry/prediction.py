"""What a scout image predicts: uptakes, and doses per GBq and at an activity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.hot_spots import Extrahepatic
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.dosimetry.image.uptake import Perfusion
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class Measured:
    """A structure on the image: counts, mass, and how it compares with normal liver.

    `ratios` are its counts per volume over those of each normal liver, by its name;
    `inside` the part of its volume that each injection perfuses.
    """

    structure: Structure
    volume_ml: float
    mass_kg: float
    counts: float
    ratios: Mapping[str, float]
    inside: Mapping[str, float]
    from_liver_mm: tuple[float, ...] | None = None

    @property
    def counts_per_ml(self) -> float:
        """Mean concentration in the image's own units."""
        return self.counts / self.volume_ml


@dataclass(frozen=True, eq=False)
class Prediction:
    """Doses that a scout image predicts, and what they rest on.

    `per_gbq` and `rows_per_gbq` go by injection, then by method; `doses` and `rows`,
    at the planned activities, by method. `activity` is what the map holds, GBq, with
    what lies outside of all that is perfused.
    """

    image: Volume
    activity: Volume
    outside_fraction: float
    measured: tuple[Measured, ...]
    perfusions: tuple[Perfusion, ...]
    shunt: SpectShunt | None
    lungs_covered: float
    per_gbq: Mapping[str, Mapping[str, Dose]]
    rows_per_gbq: Mapping[str, Mapping[str, list[StructureDose]]]
    doses: Mapping[str, Dose]
    rows: Mapping[str, list[StructureDose]]
    extrahepatic: Extrahepatic | None
    density_origin: str
    density_source: str
    dose_grid: str
    choices: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]


def combined(doses: Sequence[Dose], activities: Sequence[float]) -> Dose:
    """The dose of several injections: each per GBq, times its activity."""
    total = np.zeros(doses[0].volume.grid.shape)
    for dose, gbq in zip(doses, activities, strict=True):
        total += np.asarray(dose.volume.data, np.float64) * gbq
    return replace(doses[0], volume=doses[0].volume.with_data(total))
