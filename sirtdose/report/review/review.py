"""A review: the candidates of one image, with all that its page needs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.image.accepting import RegionChange
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.candidate_facts import Place, UptakeIn
from sirtdose.dosimetry.image.segmentation import Candidate
from sirtdose.dosimetry.results import Read
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.grid import Grid
from sirtdose.model.next_run import NextRun
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.segmentation import Segmentation
from sirtdose.model.self_test import SelfTest
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class Reviewed:
    """A candidate with its place, its uptake and what accepting it alone changes.

    `on_image` is its structure on the image's voxels; doses change by `scale` where
    activity would be shared over it.
    """

    number: int
    candidate: Candidate
    on_image: Structure
    place: Place
    uptake: UptakeIn
    changes: tuple[RegionChange, ...]
    scale: float


@dataclass(frozen=True, eq=False)
class Review:
    """The candidates of an image, and what they rest on.

    `lattice` is the grid that they lie on: the image's, or the CT's for a liver.
    `all_changes` is what accepting every one of them changes. `read`, `calibration` and
    `dose` are there where an activity was given. `source` is where the image was read.
    """

    asked: Segmentation
    image: Volume
    ct: Volume | None
    lattice: Grid
    drawn: tuple[Structure, ...]
    searched: Structure | None
    candidates: tuple[Reviewed, ...]
    all_changes: tuple[RegionChange, ...]
    read: Read | None
    calibration: Calibration | None
    dose: Dose | None
    link: PatientLink
    nameless: bool
    source: Path
    file_names: dict[str, str]
    self_test: SelfTest | None
    choices: tuple[str, ...]
    inputs: tuple[dict[str, Any], ...]
    options: dict[str, Any]
    next_run: NextRun | None
    findings: tuple[Finding, ...]
    accepted: tuple[Acceptance, ...]
