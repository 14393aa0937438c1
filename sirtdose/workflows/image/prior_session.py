"""An earlier session's dose map beside this one's: the sum of both."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.checks import earlier_dose as checks
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import GeometryError
from sirtdose.io.choose import Choice
from sirtdose.io.discover import discover
from sirtdose.io.found import Kind
from sirtdose.io.read import study_uid
from sirtdose.model.finding import Finding
from sirtdose.model.volume import Quantity, Volume
from sirtdose.workflows.image.scene import one_patient_findings
from sirtdose.workflows.post.placed_dose import (
    in_liver_findings,
    moved_dose,
    read_dose_map,
)

# The name that the sum's results carry behind their method's.
TAG = "+with_prior"


def prior_on(
    path: Path | None, transform: Path | None, placed: Placed
) -> tuple[Volume | None, list[Finding]]:
    """Earlier dose in another frame of reference (H15); else on this image's voxels.

    In Gy. It is placed by its frame of reference, or by a transform from this image's
    points to those of the earlier one.

    Raises
    ------
    InputError
        No dose, one in another frame of reference, or a transform that bends.
    """
    if path is None:
        return None, []
    volume, structures = placed.image, placed.on_grid
    dose = read_dose_map(path, checks.EARLIER)
    findings: list[Finding] = []
    if transform is not None:
        dose, findings = moved_dose(dose, transform, placed, checks.EARLIER)
    elif dose.grid.frame_of_reference_uid is None:
        findings = checks.unframed_findings()
    if not dose.grid.shares_frame(volume.grid):
        raise GeometryError(
            f"--prior-dose {path.name} is in another frame of reference (0020,0052) "
            "than the image (H15): give --prior-transform"
        )
    mean, covered = mean_on(dose, volume.grid)
    findings += checks.coverage_findings(
        Volume(covered, volume.grid, Quantity.DENSITY), structures
    )
    findings += in_liver_findings(dose, placed, checks.EARLIER)
    return Volume(
        np.asarray(mean * covered, np.float32), volume.grid, Quantity.DOSE
    ), findings


def prior_file_findings(choice: Choice, path: Path | None) -> list[Finding]:
    """An earlier dose of somebody else (H01), or of the image's own study (H09).

    Raises
    ------
    SafetyStop
        It is another patient's.
    """
    if path is None or not path.exists():
        return []

    found = discover(path)
    findings = one_patient_findings([choice.image, *found])
    own = study_uid(choice.image)
    if not own or own not in [study_uid(one) for one in found if one.kind is Kind.DOSE]:
        return findings
    return findings + checks.own_study_findings(path.name)


def as_it_lies(path: Path, on: Volume) -> Volume:
    """The earlier dose without a transform: this treatment's own dose needs none."""
    dose = read_dose_map(path, checks.EARLIER)
    grid = replace(dose.grid, frame_of_reference_uid=None)
    mean, covered = mean_on(replace(dose, grid=grid), on.grid)
    return on.with_data(mean * covered)


def summed_dose(dose: Dose, prior: Volume) -> Dose:
    """Dose of both sessions together."""
    return replace(dose, volume=dose.volume.with_data(dose.volume.data + prior.data))
