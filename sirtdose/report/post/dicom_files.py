"""A result as DICOM: doses, the plan they belong to, structures, and a report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Assessment
from sirtdose.io.dicom.link import tracking_uid
from sirtdose.io.dicom.write_dose import RoiHistogram, write_rtdose, write_rtplan
from sirtdose.io.dicom.write_report import ReportSources, write_report
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.model.patient_link import PatientLink, Reference, StructureSet
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.report.ladder import nice_step
from sirtdose.report.post.structured import structured_report

# Names that begin as the maps' do, so that they are never taken for inputs.
PLAN_FILE, STRUCTURES_FILE = "dose_plan.dcm", "dose_structures.dcm"
REPORT_FILE = "dose_report.dcm"
_BINS = 1000


def write_dicom(
    assessment: Assessment,
    document: Mapping[str, Any],
    folder: Path,
    names: Mapping[str, str],
) -> None:
    """Write an RTDOSE of each method, the RTPLAN they share, a SEG, and an SR.

    `names` are file names by method, of this session: its plan is the only one known.
    The doses hold histograms where the structures came from one RTSTRUCT. The report
    has the numbers of `document`. Nothing is written of an image that is no DICOM.
    """
    link = assessment.provenance.link
    if link is None:
        return
    doses = _write_doses(assessment, link, folder, names)
    # All tumors together are the tumors again.
    own = [one for one in assessment.placed.on_grid if one.role is not Role.ALL_TUMORS]
    seg = write_seg(own, folder / STRUCTURES_FILE, link) if own else None
    report = structured_report(
        document,
        segments=_segments(own, assessment.placed.on_grid),
        doses={method: one.sop_instance_uid for method, one in doses.items()},
        tracking=partial(tracking_uid, link),
    )
    sources = ReportSources(link, assessment.provenance.ct, seg, tuple(doses.values()))
    write_report(report, folder / REPORT_FILE, sources)


def _segments(
    written: Sequence[Structure], every: Sequence[Structure]
) -> dict[str, tuple[int, ...]]:
    """Numbers in the SEG by name; all tumors are those of the liver."""
    numbers = {one.name: (number,) for number, one in enumerate(written, start=1)}
    tumors = tuple(numbers[one.name][0] for one in written if one.role is Role.TUMOR)
    together = [one.name for one in every if one.role is Role.ALL_TUMORS]
    return numbers | dict.fromkeys(together, tumors)


def _write_doses(
    assessment: Assessment, link: PatientLink, folder: Path, names: Mapping[str, str]
) -> dict[str, Reference]:
    """The doses by method, each with its RTDOSE, and the plan they share."""
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
    return {
        method: write_rtdose(
            assessment.dosed.doses[method].volume,
            folder / name,
            link,
            method=method,
            plan_uid=plan_uid,
            structure_set=structure_set,
            histograms=_histograms(structure_set, assessment.structure_doses[method]),
            note=assessment.dosed.doses[method].density_note,
        )
        for method, name in names.items()
    }


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
