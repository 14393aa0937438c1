"""A PET measured: uptake of its lesions and of normal tissue."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sirtdose.data.load import table
from sirtdose.dosimetry.suv.lesion import LesionUptake
from sirtdose.dosimetry.suv.peak import Peak
from sirtdose.dosimetry.suv.reference import ReferenceTissue
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.structure import Structure
from sirtdose.model.uptake import Uptake
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class Measurable:
    """The peak from which a lesion can be followed, SUL in g/mL.

    Parameters
    ----------
    value : float
    rule : str
        In words.
    source : str
    verified : bool
    """

    value: float
    rule: str
    source: str
    verified: bool

    def allows(self, sul_peak: float) -> bool:
        """Whether a lesion of this SULpeak can be followed."""
        return sul_peak >= self.value


@dataclass(frozen=True)
class MeasuredLesion:
    """A lesion with its uptake by body weight, and its CT number.

    Parameters
    ----------
    uptake : LesionUptake
        SUV by body weight, g/mL.
    role : str
    drawn, on_grid : Structure
        As drawn, and on the PET's grid.
    ct_number_hu : float, optional
        Mean; None without a CT.
    """

    uptake: LesionUptake
    role: str
    drawn: Structure
    on_grid: Structure
    ct_number_hu: float | None = None

    @property
    def suv_peak(self) -> float:
        """The peak that lesions are judged by (``peak`` in data/uptake.json)."""
        peak: Peak = getattr(self.uptake.peaks, table("uptake")["peak"]["primary"])
        return peak.value


@dataclass(frozen=True)
class UptakeMeasurement:
    """What `sirtdose suv` found.

    Parameters
    ----------
    uptake : Uptake
    lean_mass_formula : str
        That SUL are by.
    lesions : tuple of MeasuredLesion
    liver, blood_pool : ReferenceTissue, optional
        In SUL, g/mL.
    measurable : Measurable, optional
        None where neither liver nor blood pool is known.
    ct : Volume, optional
    file_names : mapping of str to str
        What stands for names of files where the results are de-identified.
    """

    uptake: Uptake
    lean_mass_formula: str
    lesions: tuple[MeasuredLesion, ...]
    liver: ReferenceTissue | None
    blood_pool: ReferenceTissue | None
    measurable: Measurable | None
    ct: Volume | None
    case_label: str | None
    choices: tuple[str, ...]
    inputs: tuple[Mapping[str, Any], ...]
    ibsi: bool
    percist: str
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    deidentified: bool = False
    file_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def lean_factor(self) -> float:
        """What turns an SUV by body weight into an SUL."""
        return self.uptake.lean_factor(self.lean_mass_formula)
