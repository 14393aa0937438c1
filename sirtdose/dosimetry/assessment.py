"""The result of a post-treatment assessment: everything a report needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.dosimetry.histogram.biology import Biology, ThresholdHeld
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.hot_spots import Extrahepatic
from sirtdose.dosimetry.image.partial_volume_result import PartialVolume
from sirtdose.dosimetry.planned_dose import PlanCompared
from sirtdose.model.finding import Acceptance, Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.limit import Limit
from sirtdose.model.lungs import Lungs
from sirtdose.model.metric import Metric
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.patient_link import PatientLink, StructureSet
from sirtdose.model.self_test import SelfTest
from sirtdose.model.structure import Structure
from sirtdose.model.uncertain import Uncertainty
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class Assessment:
    """Doses after treatment with everything they rest on.

    `doses` and `structure_doses` go by method, such as ``local_deposition``, or
    ``local_deposition+iterative_yang`` where the image's blur was undone.
    `injections` are name, perfused structure and ledger of each of several.
    `metrics` were asked for beside the usual ones.
    `image` and `structures` are on the dose grid, which `dose_grid` names. `link` is
    whom a DICOM image is of, `structure_set` the one RTSTRUCT that structures are
    from, and `shifted_d` the days that a pseudonym's dates are moved back by. `people`
    are those that the inputs name and `file_names` what stands for each file's name
    where results are to name nobody: neither is written.
    """

    nuclide: Nuclide
    ledger: Ledger
    calibration: Calibration
    alternative: Calibration | None
    doses: dict[str, Dose]
    structure_doses: dict[str, list[StructureDose]]
    lungs: Lungs
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    image: Volume
    ct: Volume | None
    structures: tuple[Structure, ...]
    density_origin: str = "given"
    density_source: str = ""
    dose_grid: str = "image voxels"
    partial_volume: PartialVolume | None = None
    extrahepatic: Extrahepatic | None = None
    plan: PlanCompared | None = None
    registration: Registration | None = None
    lungs_in_image_gbq: float | None = None
    injections: tuple[tuple[str, str, Ledger], ...] = ()
    times: dict[str, datetime | float | None] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    inputs: tuple[dict[str, Any], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    metrics: tuple[Metric, ...] = ()
    limits: tuple[Limit, ...] = ()
    device: str | None = None
    disease: str | None = None
    biology: Biology | None = None
    thresholds: tuple[ThresholdHeld, ...] = ()
    link: PatientLink | None = None
    shifted_d: int = 0
    structure_set: StructureSet | None = None
    uncertainty: Uncertainty | None = None
    self_test: SelfTest | None = None
    people: tuple[PatientLink, ...] = ()
    file_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def alternative_to_used_ratio(self) -> float | None:
        """The other calibration's becquerel per unit over the used one's."""
        if self.alternative is None:
            return None
        return self.alternative.bq_per_unit / self.calibration.bq_per_unit
