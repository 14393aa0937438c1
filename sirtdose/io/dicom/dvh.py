"""The histograms that an RTDOSE holds beside its dose: DVHSequence (PS3.3, C.8.8.4)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import InputError
from sirtdose.io.dicom.header import (
    Dataset,
    deferred_dataset,
    number,
    number_if_any,
    numbers,
    reading_dicom,
    whole_number,
)
from sirtdose.io.dicom.rtdose import SOP_CLASS_UID as _RTDOSE
from sirtdose.model.bounds import printable
from sirtdose.model.dose_curve import DoseCurve

# Rounding of what was written: a curve may rise by this part of the volume.
_RISE = 1e-3


@dataclass(frozen=True)
class DicomHistogram:
    """One histogram of an RTDOSE.

    `curve` is None where it is not read, and `unread` says why. `mean_gy` is what the
    file's DVHMeanDose says, as it stands there.
    """

    roi_number: int | None
    curve: DoseCurve | None
    bin_gy: float | None = None
    mean_gy: float | None = None
    unread: str = ""


@dataclass(frozen=True)
class DicomHistograms:
    """Every histogram of an RTDOSE, and the structure set whose numbers they bear."""

    histograms: tuple[DicomHistogram, ...]
    structure_set_uid: str | None


def read_histograms(path: Path) -> DicomHistograms:
    """Read the DVHSequence of an RTDOSE; nothing where there is none.

    Cumulative and differential ones, in cm3 or percent, in Gy or relative to
    DVHNormalizationDoseValue. A histogram in any other form is not read, with the
    reason.

    Raises
    ------
    FileFormatError
        A damaged file.
    """
    with reading_dicom(path):
        dataset = deferred_dataset(path)
        if dataset.get("SOPClassUID") != _RTDOSE:
            return DicomHistograms((), None)
        found = [
            _histogram(item, dataset, path) for item in dataset.get("DVHSequence") or ()
        ]
        sets = list(dataset.get("ReferencedStructureSetSequence") or [])
        uid = str(sets[0].get("ReferencedSOPInstanceUID", "")) if sets else ""
        return DicomHistograms(tuple(found), uid or None)


def read_roi_names(path: Path) -> tuple[str | None, dict[int, str]]:
    """An RTSTRUCT's UID, and the names of its regions by their numbers.

    Raises
    ------
    FileFormatError
        A damaged file.
    """
    with reading_dicom(path):
        dataset = deferred_dataset(path)
        names = {
            whole_number(one, "ROINumber", path): printable(str(one.get("ROIName", "")))
            for one in dataset.get("StructureSetROISequence") or ()
        }
        return str(dataset.get("SOPInstanceUID", "")) or None, names


def _histogram(item: Dataset, dataset: Dataset, path: Path) -> DicomHistogram:
    roi = None
    try:
        roi = _roi_number(item, path)
        if roi is None:
            return DicomHistogram(
                None, None, unread="it refers to several regions, or to none"
            )
        curve, width = _curve(item, dataset, path)
        mean_gy = number_if_any(item, "DVHMeanDose", path)
    except InputError as error:
        return DicomHistogram(roi, None, unread=str(error))
    except (TypeError, ValueError, AttributeError):
        return DicomHistogram(roi, None, unread="it is damaged")
    return DicomHistogram(roi, curve, width, mean_gy)


def _roi_number(item: Dataset, path: Path) -> int | None:
    """The region that a histogram is of, where it is of a single one."""
    rois = list(item.get("DVHReferencedROISequence") or [])
    kinds = [str(one.get("DVHROIContributionType", "") or "INCLUDED") for one in rois]
    if (
        kinds != ["INCLUDED"]
        or number_if_any(rois[0], "ReferencedROINumber", path) is None
    ):
        return None
    return whole_number(rois[0], "ReferencedROINumber", path)


def _curve(item: Dataset, dataset: Dataset, path: Path) -> tuple[DoseCurve, float]:
    widths, volumes = _bins(item, path)
    widths = widths * _gy_per_unit(item, dataset, path)
    kind = str(item.get("DVHType", "")).upper()
    # A bin's value stands at its lower edge; a differential one is spread over the bin.
    if kind == "DIFFERENTIAL":
        volumes = np.cumsum(volumes[::-1])[::-1]
    elif kind != "CUMULATIVE":
        raise InputError(
            f"its DVHType (3004,0001) is {kind or 'missing'}: CUMULATIVE or "
            "DIFFERENTIAL is needed"
        )
    whole = float(volumes[0])
    if not whole > 0:
        raise InputError("its volume is 0")
    if (np.diff(volumes) > _RISE * whole).any():
        raise InputError("it is cumulative and rises: is it a differential one?")
    units = str(item.get("DVHVolumeUnits", "")).upper()
    if units not in ("CM3", "PERCENT"):
        raise InputError(
            f"its DVHVolumeUnits (3004,0054) are {units or 'missing'}: CM3 or PERCENT "
            "is needed"
        )
    parts = np.minimum.accumulate(np.clip(volumes / whole, 0.0, 1.0))
    curve = DoseCurve.of(
        np.concatenate([[0.0], np.cumsum(widths)]).tolist(),
        [*parts.tolist(), 0.0],
        whole if units == "CM3" else None,
    )
    return curve, float(widths.max())


def _bins(item: Dataset, path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    data = numbers(item, "DVHData", None, path) if item.get("DVHData") else np.zeros(0)
    count = number_if_any(item, "DVHNumberOfBins", path)
    if data.size < 2 or data.size % 2 or (count and 2 * count != data.size):
        raise InputError(
            f"its DVHData (3004,0058) has {data.size} numbers for DVHNumberOfBins "
            f"(3004,0056) = {count or 0:g}: two per bin are needed"
        )
    widths, volumes = data.reshape(-1, 2).T
    if not np.isfinite(data).all() or (widths <= 0).any():
        raise InputError("its DVHData (3004,0058) has a bin width that is not above 0")
    if (volumes < -_RISE * np.abs(volumes).max()).any():
        raise InputError("its DVHData (3004,0058) has a volume below 0")
    return widths, volumes


def _gy_per_unit(item: Dataset, dataset: Dataset, path: Path) -> float:
    """Gy of one unit of width: DVHDoseScaling, and what relative doses refer to."""
    kind = str(item.get("DoseType", "") or "PHYSICAL").upper()
    if kind != "PHYSICAL":
        raise InputError(f"its DoseType (3004,0004) is {kind}: PHYSICAL is needed")
    scaling = number_if_any(item, "DVHDoseScaling", path) or 1.0
    units = str(item.get("DoseUnits", "")).upper()
    if units == "RELATIVE":
        scaling *= number(dataset, "DVHNormalizationDoseValue", path)
    elif units != "GY":
        raise InputError(
            f"its DoseUnits (3004,0002) are {units or 'missing'}: GY or RELATIVE is "
            "needed"
        )
    if not (np.isfinite(scaling) and scaling > 0):
        raise InputError(f"its doses are scaled by {scaling:g}: it must be above 0")
    return scaling
