"""What an assessment, a scout image or a dose map gave: everything a report needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.comparison import StatedHistograms
from sirtdose.dosimetry.compare.readers import Observers
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.engine.tissue_density import TissueDensity
from sirtdose.dosimetry.gate_doses import GateDoses
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.dosimetry.histogram.dose_sample import DoseSample
from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.histogram.radiobiology import Biology, ThresholdHeld
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.hot_spots import Extrahepatic
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.dosimetry.image.uptake import Perfusion
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.activity_scale import DoseScale
from sirtdose.model.commissioned import CameraUsed
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger, Lungs, Times
from sirtdose.model.limit import Limit
from sirtdose.model.patient_link import PatientLink, StructureSet
from sirtdose.model.request import Given, PostRequest
from sirtdose.model.shown import Tabled
from sirtdose.model.structure import Structure
from sirtdose.model.uncertain import Uncertainty
from sirtdose.model.volume import Volume


@dataclass(frozen=True)
class PlannedDose:
    """A part of the liver with its planned and its delivered mean dose.

    D70, the least dose in the hottest 70 %, where the plan is by an image.
    """

    name: str
    role: str
    planned_gy: float
    delivered_gy: float
    planned_d70_gy: float | None = None
    delivered_d70_gy: float | None = None

    @property
    def ratio(self) -> float | None:
        """Delivered over planned."""
        return self.delivered_gy / self.planned_gy if self.planned_gy else None


@dataclass(frozen=True, eq=False)
class PlanMap:
    """A plan's own dose map: as read, then on the image's voxels, Gy.

    Of each voxel it reaches the `covered` part, 0 to 1, and `dose` is its mean there.
    `rows` are its means in the structures of this scan, not of the plan's.
    """

    method: str
    dose: Volume
    covered: Volume | None = None
    placed_by: str = ""
    rows: tuple[PlannedDose, ...] = ()

    @property
    def reached(self) -> NDArray[np.bool_]:
        """The voxels that it covers at least half of."""
        return np.asarray(self.covered is not None and self.covered.data >= 0.5)


@dataclass(frozen=True)
class PlanCompared:
    """A plan, and what became of it; `method` is of the delivered doses.

    Planned doses are on the delivered doses' dose constant: those of the plan, which
    rest on `dose_constant_gy_kg_per_gbq`, times `conversion`. So is its `map`.
    `earlier` is what the plan counts of earlier treatments, as results keep it.
    """

    hash: str
    approval: dict[str, Any]
    method: str
    planned_gbq: float
    delivered_gbq: float
    rows: tuple[PlannedDose, ...]
    dose_constant_gy_kg_per_gbq: float
    conversion: float
    map: PlanMap | None = None
    earlier: Mapping[str, Any] = field(default_factory=dict)

    @property
    def earlier_gy(self) -> dict[str, float]:
        """What structures had before by the plan, where it is known."""
        return by_structure(self.earlier)


def by_structure(earlier: Mapping[str, Any]) -> dict[str, float]:
    """What structures had before, of what a plan counts of earlier treatments.

    >>> by_structure({"doses": [{"structure": "T1", "dose_gy": 9.0}]}), by_structure({})
    ({'T1': 9.0}, {})
    """
    return {row["structure"]: row["dose_gy"] for row in earlier.get("doses", ())}


@dataclass(frozen=True, eq=False)
class Read:
    """The image, and what notes and header say was given when.

    `given` is on the true scale of the dose calibrator, and of the header's nuclide
    where none was typed. `injections` are name, perfused structure and ledger of each
    of several. `plan` is an approved plan's document, `plan_map` its dose as read.
    `camera` is that of the image, where its file is known.
    """

    given: Given
    image: Volume
    ledger: Ledger
    times: Times
    injections: tuple[tuple[str, str, Ledger], ...] = ()
    plan: Mapping[str, Any] | None = None
    plan_map: PlanMap | None = None
    camera: CameraUsed | None = None


@dataclass(frozen=True, eq=False)
class Placed:
    """An image and its structures, drawn and derived, where doses are computed.

    `image` and `on_grid` are on the dose grid, `regions` there too, by role; `named`
    are the structures of `on_grid` where they were drawn, in the same order; `drawn`
    the liver, its parts and what is excluded from it, on one lattice; `lungs` as
    drawn, of which `lungs_covered` lies in the image. `prior` is an earlier session's
    dose, Gy, and `plan_map` the plan's.
    """

    image: Volume
    on_grid: tuple[Structure, ...]
    named: tuple[Structure, ...]
    regions: Mapping[str, Structure]
    drawn: tuple[Structure, ...]
    lungs: tuple[Structure, ...]
    lungs_covered: float
    ct: Volume | None = None
    registration: Registration | None = None
    density: TissueDensity = field(default_factory=TissueDensity)
    prior: Volume | None = None
    plan_map: PlanMap | None = None


@dataclass(frozen=True, eq=False)
class Calibrated:
    """The activity that an image shows: by the calibration used, and the other one.

    `images` are activities at administration by the tag of their correction, such as
    ``+gtm``; empty for the image as it is, which comes first. `uptakes` are those of
    corrections that are known finer than voxels, GBq per voxel of the image.
    `ratio_standard` is the standard uncertainty of the ratio of both calibrations,
    where a camera's file gives that of its factor.
    """

    ledger: Ledger
    used: Calibration
    alternative: Calibration | None
    images: Mapping[str, Volume]
    uptakes: Mapping[str, RegionalUptake] = field(default_factory=dict)
    partial_volume: PartialVolume | None = None
    ratio_standard: float | None = None

    @property
    def alternative_to_used_ratio(self) -> float | None:
        """The other calibration's becquerel per unit over the used one's."""
        other = self.alternative
        return None if other is None else other.bq_per_unit / self.used.bq_per_unit


@dataclass(frozen=True, eq=False)
class Dosed:
    """Doses by every method, and what they are in lungs and beyond the liver.

    `doses` and `structure_doses` go by method, such as ``local_deposition``, or
    ``local_deposition+iterative_yang`` where the image's blur was undone. `scale` is
    theirs, not that of the lungs by their shunt. `gates` are doses by respiratory gate.
    """

    doses: dict[str, Dose]
    structure_doses: dict[str, list[StructureDose]]
    lungs: Lungs
    scale: DoseScale
    lungs_in_image_gbq: float | None = None
    extrahepatic: Extrahepatic | None = None
    gates: GateDoses | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """What doses were held against: limits, the plan, models and outcome studies."""

    limits: tuple[Limit, ...]
    biology: Biology
    plan: PlanCompared | None = None
    thresholds: tuple[ThresholdHeld, ...] = ()


@dataclass(frozen=True, eq=False)
class Provenance:
    """Which files results are from, by which options, and whose.

    `link` is whom a DICOM image is of, `ct` the same of the CT, `structure_set` the one
    RTSTRUCT that structures were read from, and `shifted_d` the days that a pseudonym's
    dates are moved back by.
    `people` are those that the inputs name and `file_names` what stands for each file's
    name where results are to name nobody: neither is written.
    """

    choices: tuple[str, ...] = ()
    inputs: tuple[dict[str, Any], ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    link: PatientLink | None = None
    ct: PatientLink | None = None
    shifted_d: int = 0
    structure_set: StructureSet | None = None
    people: tuple[PatientLink, ...] = ()
    file_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False, repr=False)
class Assessment(Tabled):
    """Doses after treatment with everything they rest on: what each stage gave."""

    request: PostRequest
    read: Read
    placed: Placed
    calibrated: Calibrated
    dosed: Dosed
    judged: Judged
    provenance: Provenance
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
    uncertainty: Uncertainty | None = None
    observers: Observers | None = None

    def _facts(self) -> dict[str, object]:
        return {
            "nuclide": self.read.given.nuclide.name,
            "administered_gbq": self.read.ledger.administered_gbq,
            "methods": tuple(self.dosed.doses),
            "findings": len(self.findings),
        }

    def _rows(self) -> dict[str, object]:
        return {
            f"{row.structure.name}, {method}": f"{row.mean_by_mass_gy:.4g} Gy mean"
            for method, rows in self.structure_doses.items()
            for row in rows
        }

    @property
    def structure_doses(self) -> dict[str, list[StructureDose]]:
        """Every structure's dose, by method."""
        return self.dosed.structure_doses


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


@dataclass(frozen=True)
class AsSeen:
    """A part of the liver by an image with its blur, at the planned activities."""

    name: str
    counts: float
    ratios: Mapping[str, float]
    dose_gy: float | None


@dataclass(frozen=True, eq=False)
class Prediction:
    """Doses that a scout image predicts, and what they rest on.

    `per_gbq` and `rows_per_gbq` go by injection, then by method; `doses` and `rows`,
    at the planned activities, by method. Of an image without its blur, `blur` says how
    that was undone, and `blurred` what each part would have with it. `activity` is
    what the map holds, GBq, with what lies outside of all that is perfused. `ct` is for
    pictures of the dose.
    `samples` stand for the doses of each structure of `rows` by 1 GBq of each
    injection, `goal_samples` for those of each part of the plan that a goal by D or V
    is for: one of each reading of it.
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
    density: TissueDensity
    dose_grid: str
    choices: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]
    ct: Volume | None = None
    blur: PartialVolume | None = None
    blurred: tuple[AsSeen, ...] = ()
    samples: Mapping[str, Mapping[str, DoseSample]] = field(default_factory=dict)
    goal_samples: Mapping[str, Sequence[DoseSample]] = field(default_factory=dict)


def combined(doses: Sequence[Dose], activities: Sequence[float]) -> Dose:
    """The dose of several injections: each per GBq, times its activity."""
    total = np.zeros(doses[0].volume.grid.shape)
    for dose, gbq in zip(doses, activities, strict=True):
        total += np.asarray(dose.volume.data, np.float64) * gbq
    return replace(doses[0], volume=doses[0].volume.with_data(total))


@dataclass(frozen=True, eq=False, repr=False)
class DoseHistograms(Tabled):
    """A dose, the histogram of each structure, and why others are left out.

    `stated` are the histograms that an RTDOSE holds itself, against its dose map.
    """

    dose: Volume
    rows: tuple[tuple[Structure, Dvh], ...]
    left_out: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    stated: StatedHistograms = field(default_factory=lambda: StatedHistograms((), {}))

    def _facts(self) -> dict[str, object]:
        return {"structures": len(self.rows), "left_out": len(self.left_out)}

    def _rows(self) -> dict[str, object]:
        return {one.name: f"{dvh.mean_gy:.4g} Gy mean" for one, dvh in self.rows}
