"""Doses to DICOM: RTDOSE with its histograms, and the RTPLAN that it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log10
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import OutputError
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.link import attributes_of, result_uid
from sirtdose.io.dicom.rtdose import SOP_CLASS_UID as _RTDOSE
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.write import (
    decimal,
    file_of,
    item,
    pixels_of,
    plane_of,
    reference_to,
    save,
)
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import PatientLink, Reference, StructureSet
from sirtdose.model.volume import Quantity, Volume

_RTPLAN = "1.2.840.10008.5.1.4.1.1.481.5"
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_LARGEST = 2**32 - 1
# What is read again differs from what was written by less than this of the maximum.
_SAME = 1e-3


@dataclass(frozen=True, eq=False)
class RoiHistogram:
    """Cumulative histogram of one region of an RTSTRUCT: mL at and above each dose.

    Bins are `bin_gy` wide, the first begins at 0 Gy.
    """

    roi_number: int
    bin_gy: float
    volume_ml: NDArray[np.float64]
    min_gy: float
    mean_gy: float
    max_gy: float


def write_rtplan(
    path: Path,
    link: PatientLink,
    *,
    label: str,
    description: str,
    structure_set: StructureSet | None,
) -> str:
    """Write the least plan that a dose can refer to; returns its UID.

    It prescribes nothing: it stands for the injections that the dose is of.
    """
    uid = result_uid(link, "rtplan", label, description)
    dataset = file_of(
        _RTPLAN,
        uid,
        **attributes_of(link),
        OperatorsName="",
        Modality="RTPLAN",
        SeriesInstanceUID=result_uid(link, "rtplan series", label),
        SeriesNumber=901,
        SeriesDescription="sirtdose plan",
        RTPlanLabel=label[:16],
        RTPlanDescription=description,
        RTPlanDate=link.study_date,
        RTPlanTime="",
        RTPlanGeometry="PATIENT" if structure_set else "TREATMENT_DEVICE",
        ApprovalStatus="UNAPPROVED",
    )
    if structure_set is not None:
        dataset.ReferencedStructureSetSequence = [
            _referenced(_RTSTRUCT, structure_set.sop_instance_uid)
        ]
    save(dataset, path)
    return uid


def write_rtdose(
    dose: Volume,
    path: Path,
    link: PatientLink,
    *,
    method: str,
    plan_uid: str,
    structure_set: StructureSet | None = None,
    histograms: Sequence[RoiHistogram] = (),
    note: str = "",
) -> Reference:
    """Write a dose in Gy as 32-bit integers, and read it again.

    Returns a reference to it.

    DoseComment holds the method and a `note`, such as the density it was computed at.

    Doses below 0, of negative voxels, are written as 0: DICOM has no others for a
    physical dose.

    Raises
    ------
    OutputError
        What is read again is not what was written.
    """
    values = np.maximum(dose.require(Quantity.DOSE), 0)
    grid = dose.grid
    if not grid.right_handed:
        # Slices go in the order in which DICOM's normal goes through them.
        affine = grid.affine_mm.copy()
        affine[:3, 3] += affine[:3, 0] * (values.shape[0] - 1)
        affine[:3, 0] *= -1
        grid, values = Grid(grid.shape, affine), values[::-1]
    scaling = _scaling(float(values.max(initial=0.0)))
    stored = np.empty(values.shape, "<u4")
    for k, plane in enumerate(values):
        stored[k] = np.minimum(np.rint(plane.astype(np.float64) / scaling), _LARGEST)
    # Other doses are another instance: the number stored stands for all of them.
    told = f"{float(stored.sum(dtype=np.float64)):.17g} {scaling:.17g}"
    dataset = file_of(
        _RTDOSE,
        result_uid(link, "rtdose", method, told),
        **attributes_of(link),
        OperatorsName="",
        Modality="RTDOSE",
        SeriesInstanceUID=result_uid(link, "rtdose series", method),
        SeriesNumber=902,
        SeriesDescription=f"sirtdose {method}",
        InstanceNumber=1,
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DoseComment=f"{method}, {note}" if note else method,
        DoseSummationType="PLAN",
        DoseGridScaling=decimal(scaling),
        ReferencedRTPlanSequence=[_referenced(_RTPLAN, plan_uid)],
        ImagePositionPatient=[decimal(x) for x in grid.affine_mm[:3, 3]],
        NumberOfFrames=len(stored),
        FrameIncrementPointer=0x3004000C,
        GridFrameOffsetVector=[
            decimal(k * grid.spacing_mm[0]) for k in range(len(stored))
        ],
        **plane_of(grid),
        **pixels_of(stored),
    )
    if structure_set is not None and histograms:
        dataset.ReferencedStructureSetSequence = [
            _referenced(_RTSTRUCT, structure_set.sop_instance_uid)
        ]
        dataset.DVHSequence = [_histogram(one) for one in histograms]
    save(dataset, path)
    _read_again(path, dose)
    return reference_to(dataset)


def _scaling(largest_gy: float) -> float:
    """Gy of one step: what 16 characters hold, rounded up, so that all doses fit."""
    least = max(largest_gy, 1e-6) / _LARGEST
    step = float(decimal(least))
    if step < least:
        # The last digit that 16 characters hold of a number such as 1.234567890e-08.
        step = float(decimal(least + 10.0 ** (np.floor(log10(least)) - 9)))
    return step


def _referenced(sop_class: str, sop_uid: str) -> Dataset:
    return item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=sop_uid)


def _histogram(one: RoiHistogram) -> Dataset:
    width = decimal(one.bin_gy)
    roi = item(ReferencedROINumber=one.roi_number, DVHROIContributionType="INCLUDED")
    return item(
        DVHReferencedROISequence=[roi],
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DoseType="PHYSICAL",
        DVHDoseScaling="1",
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=len(one.volume_ml),
        DVHData=[
            text for volume in one.volume_ml for text in (width, decimal(float(volume)))
        ],
        DVHMinimumDose=decimal(one.min_gy),
        DVHMaximumDose=decimal(one.max_gy),
        DVHMeanDose=decimal(one.mean_gy),
    )


def _read_again(path: Path, dose: Volume) -> None:
    """Refuse a file that does not hold the doses it was written from (H30)."""
    again = read_rtdose(path)
    values = np.maximum(dose.data, 0)
    # A frame of reference that hides a patient is another than the image's own.
    found = (
        again.data
        if replace(again.grid, frame_of_reference_uid=None).matches(dose.grid)
        else again.data[::-1]
    )
    worst = max(
        float(np.abs(theirs - ours).max())
        for ours, theirs in zip(values, found, strict=True)
    )
    largest = float(values.max(initial=0.0))
    if worst > _SAME * largest:
        raise OutputError(
            f"{path.name}, read back, differs by {worst:g} Gy from the dose computed, "
            f"whose maximum is {largest:g} Gy (H30)"
        )
