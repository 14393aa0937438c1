"""A result as DICOM: doses, the plan they belong to, and the structures used."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Assessment
from sirtdose.io.dicom.write_dose import RoiHistogram, write_rtdose, write_rtplan
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.model.patient_link import PatientLink, StructureSet
from sirtdose.model.role import Role
from sirtdose.report.ladder import nice_step

# Names that begin as the maps' do, so that they are never taken for inputs.
PLAN_FILE, STRUCTURES_FILE = "dose_plan.dcm", "dose_structures.dcm"
_BINS = 1000


def write_dicom(
    assessment: Assessment, link: PatientLink, folder: Path, names: dict[str, str]
) -> None:
    """Write an RTDOSE of each method, the RTPLAN they share, and a SEG.

    `names` are file names by method, of this session: its plan is the only one known.
    The doses hold histograms where the structures came from one RTSTRUCT.
    """
    nuclide, ledger = assessment.read.given.nuclide, assessment.read.ledger
    structure_set = assessment.provenance.structure_set
    plan_uid = write_rtplan(
        folder / PLAN_FILE,
        link,
        label=f"{nuclide.name} given",
        description=f"{nuclide.name} microspheres, {ledger.delivered_gbq:.4g} GBq "
        "delivered: stands for the treatment that doses are of, prescribes nothing. "
        "Not a medical device.",
        structure_set=structure_set,
    )
    for method, name in names.items():
        write_rtdose(
            assessment.dosed.doses[method].volume,
            folder / name,
            link,
            method=method,
            plan_uid=plan_uid,
            structure_set=structure_set,
            histograms=_histograms(structure_set, assessment.structure_doses[method]),
            note=assessment.dosed.doses[method].density_note,
        )
    # All tumors together are the tumors again.
    own = [one for one in assessment.placed.on_grid if one.role is not Role.ALL_TUMORS]
    if own:
        write_seg(own, folder / STRUCTURES_FILE, link)


def _histograms(
    structure_set: StructureSet | None, rows: list[StructureDose]
) -> list[RoiHistogram]:
    """Of the regions that the RTSTRUCT has; derived ones have no number there."""
    if structure_set is None:
        return []
    numbers, found = structure_set.roi_numbers, []
    for row in (one for one in rows if one.structure.name in numbers):
        # As the voxels: RTDOSE has no number below 0.
        dvh = replace(row.dvh, dose_gy=np.maximum(row.dvh.dose_gy, 0.0))
        width = nice_step(max(dvh.max_gy, 0.01) / _BINS)
        edges = np.arange(int(dvh.max_gy / width) + 2, dtype=np.float64)
        found.append(
            RoiHistogram(
                roi_number=numbers[row.structure.name],
                bin_gy=width,
                volume_ml=dvh.curve(width * edges),
                min_gy=dvh.min_gy,
                mean_gy=dvh.mean_gy,
                max_gy=dvh.max_gy,
            )
        )
    return found
