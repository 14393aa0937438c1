"""Doses to DICOM: RTDOSE with its histograms, and the RTPLAN that it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import OutputError
from sirtdose.io.dicom.link import result_uid, stamp
from sirtdose.io.dicom.rtdose import SOP_CLASS_UID as _RTDOSE
from sirtdose.io.dicom.rtdose import read_rtdose
from sirtdose.io.dicom.write import decimal, save
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import PatientLink, StructureSet
from sirtdose.model.volume import Quantity, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

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
    from pydicom.dataset import Dataset

    uid = result_uid(link, "rtplan", label, description)
    dataset = Dataset()
    stamp(link, dataset, _RTPLAN, uid)
    dataset.Modality = "RTPLAN"
    dataset.SeriesInstanceUID = result_uid(link, "rtplan series", label)
    dataset.SeriesNumber = 901
    dataset.SeriesDescription = "sirtdose plan"
    dataset.RTPlanLabel = label[:16]
    dataset.RTPlanDescription = description
    dataset.RTPlanDate = link.study_date
    dataset.RTPlanTime = ""
    dataset.RTPlanGeometry = "PATIENT" if structure_set else "TREATMENT_DEVICE"
    if structure_set is not None:
        dataset.ReferencedStructureSetSequence = [
            _referenced(_RTSTRUCT, structure_set.sop_instance_uid)
        ]
    dataset.ApprovalStatus = "UNAPPROVED"
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
) -> None:
    """Write a dose in Gy as 32-bit integers, and read it again.

    DoseComment holds the method and a `note`, such as the density it was computed at.

    Doses below 0, of negative voxels, are written as 0: DICOM has no others for a
    physical dose.

    Raises
    ------
    OutputError
        What is read again is not what was written.
    """
    from pydicom.dataset import Dataset

    values = np.maximum(dose.require(Quantity.DOSE), 0)
    affine, values = _right_handed(dose.grid, values)
    scaling = _scaling(float(values.max(initial=0.0)))
    stored = np.empty(values.shape, "<u4")
    for k, plane in enumerate(values):
        stored[k] = np.minimum(np.rint(plane.astype(np.float64) / scaling), _LARGEST)
    dataset = Dataset()
    # Other doses are another instance: the number stored stands for all of them.
    told = f"{float(stored.sum(dtype=np.float64)):.17g} {scaling:.17g}"
    uid = result_uid(link, "rtdose", method, told)
    stamp(link, dataset, _RTDOSE, uid)
    dataset.Modality = "RTDOSE"
    dataset.SeriesInstanceUID = result_uid(link, "rtdose series", method)
    dataset.SeriesNumber = 902
    dataset.SeriesDescription = f"sirtdose {method}"
    dataset.InstanceNumber = 1
    dataset.DoseUnits = "GY"
    dataset.DoseType = "PHYSICAL"
    dataset.DoseComment = f"{method}, {note}" if note else method
    dataset.DoseSummationType = "PLAN"
    dataset.DoseGridScaling = decimal(scaling)
    dataset.ReferencedRTPlanSequence = [_referenced(_RTPLAN, plan_uid)]
    _put_geometry(dataset, affine, stored.shape)
    _put_doses(dataset, stored)
    if structure_set is not None and histograms:
        dataset.ReferencedStructureSetSequence = [
            _referenced(_RTSTRUCT, structure_set.sop_instance_uid)
        ]
        dataset.DVHSequence = [_histogram(one) for one in histograms]
    save(dataset, path)
    _read_again(path, dose)


def _right_handed(
    grid: Grid, values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slices in the order in which DICOM's normal goes through them."""
    affine = grid.affine_mm.copy()
    normal = np.cross(affine[:3, 2], affine[:3, 1])
    if float(normal @ affine[:3, 0]) > 0:
        return affine, values
    affine[:3, 3] += affine[:3, 0] * (values.shape[0] - 1)
    affine[:3, 0] *= -1
    return affine, values[::-1]


def _scaling(largest_gy: float) -> float:
    """Gy of one step: what 16 characters hold, rounded up, so that all doses fit."""
    least = max(largest_gy, 1e-6) / _LARGEST
    step = float(decimal(least))
    if step < least:
        # The last digit that 16 characters hold of a number such as 1.234567890e-08.
        step = float(decimal(least + 10.0 ** (np.floor(log10(least)) - 9)))
    return step


def _put_geometry(
    dataset: "Dataset", affine: NDArray[np.float64], shape: tuple[int, ...]
) -> None:
    slices_apart, rows_apart, columns_apart = np.linalg.norm(affine[:3, :3], axis=0)
    dataset.ImageOrientationPatient = [
        decimal(x)
        for x in (*(affine[:3, 2] / columns_apart), *(affine[:3, 1] / rows_apart))
    ]
    dataset.ImagePositionPatient = [decimal(x) for x in affine[:3, 3]]
    dataset.PixelSpacing = [decimal(rows_apart), decimal(columns_apart)]
    dataset.SliceThickness = decimal(slices_apart)
    dataset.NumberOfFrames = shape[0]
    dataset.FrameIncrementPointer = 0x3004000C
    dataset.GridFrameOffsetVector = [decimal(k * slices_apart) for k in range(shape[0])]


def _put_doses(dataset: "Dataset", stored: NDArray[np.uint32]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape[1:]
    dataset.BitsAllocated = dataset.BitsStored = 32
    dataset.HighBit = 31
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"


def _referenced(sop_class: str, sop_uid: str) -> "Dataset":
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ReferencedSOPClassUID = sop_class
    item.ReferencedSOPInstanceUID = sop_uid
    return item


def _histogram(one: RoiHistogram) -> "Dataset":
    from pydicom.dataset import Dataset

    item, roi = Dataset(), Dataset()
    roi.ReferencedROINumber = one.roi_number
    roi.DVHROIContributionType = "INCLUDED"
    item.DVHReferencedROISequence = [roi]
    item.DVHType = "CUMULATIVE"
    item.DoseUnits = "GY"
    item.DoseType = "PHYSICAL"
    item.DVHDoseScaling = "1"
    item.DVHVolumeUnits = "CM3"
    item.DVHNumberOfBins = len(one.volume_ml)
    width = decimal(one.bin_gy)
    item.DVHData = [
        text for volume in one.volume_ml for text in (width, decimal(float(volume)))
    ]
    item.DVHMinimumDose = decimal(one.min_gy)
    item.DVHMaximumDose = decimal(one.max_gy)
    item.DVHMeanDose = decimal(one.mean_gy)
    return item


def _read_again(path: Path, dose: Volume) -> None:
    """Refuse a file that does not hold the doses it was written from (H30)."""
    again = read_rtdose(path)
    values = np.maximum(dose.data, 0)
    found = again.data if again.grid.matches(dose.grid) else again.data[::-1]
    worst = 0.0
    for ours, theirs in zip(values, found, strict=True):
        worst = max(worst, float(np.abs(theirs - ours).max()))
    largest = float(values.max(initial=0.0))
    if worst > _SAME * largest:
        raise OutputError(
            f"{path.name} read again differs by {worst:g} Gy from what was computed, "
            f"whose maximum is {largest:g} Gy (H30)"
        )
