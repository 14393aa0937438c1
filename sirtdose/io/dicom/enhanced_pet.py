"""Enhanced PET: its frames as slices, each with what its functional groups say."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, QuantityError
from sirtdose.io.dicom.header import (
    Dataset,
    number,
    number_if_any,
    read_dataset,
    reading_dicom,
)
from sirtdose.io.dicom.pixels import frames_of
from sirtdose.io.dicom.time import text_of

SOP_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET",
}
_IN_MBQ, _ = SOP_CLASSES
# Less is in MBq, as that class states it; more of them nobody injects: it is in Bq.
_LEAST_BQ = 1e4
# Units by their codes, as PET slices call them; the first that a file has is used.
_UNITS = {
    "g/ml{SUVbw}": ("GML", "BW"),
    "g/ml{SUVlbmJanma}": ("GML", "LBMJANMA"),
    "g/ml{SUVlbmJames128}": ("GML", "LBMJAMES128"),
    "g/ml{SUVlbm}": ("GML", "LBM"),
    "g/ml{SUVibw}": ("GML", "IBW"),
    "cm2/ml{SUVbsa}": ("CM2ML", "BSA"),
    "Bq/ml": ("BQML", ""),
}
_WHOLE = ("PixelData", "SharedFunctionalGroupsSequence")
# Of each group, what a slice has of it.
_GROUPS = {
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "FrameContentSequence": ("FrameReferenceDateTime",),
}


def is_enhanced(dataset: Dataset) -> bool:
    """Whether a header is of a PET with all slices in one file."""
    return text_of(dataset, "SOPClassUID") in SOP_CLASSES


def frames_as_slices(path: Path) -> list[Dataset]:
    """The frames of a file as headers of slices with their pixels.

    What a frame's own functional groups say stands before what is shared.

    Raises
    ------
    FileFormatError
        Frames without a description each.
    QuantityError
        No value mapping to a unit that is known.
    """
    dataset = read_dataset(path)
    with reading_dicom(path):
        frames = frames_of(dataset, path, "the slices of a PET")
        own = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
        if len(own) != len(frames):
            raise FileFormatError(
                f"{path.name} has {len(frames)} frames and describes {len(own)} "
                "(PerFrameFunctionalGroupsSequence (5200,9230)): export it again"
            )
        shared = list(dataset.get("SharedFunctionalGroupsSequence") or [])
        common = _common(dataset, path)
        return [
            _slice(common, _Groups((one, *shared)), pixels, path)
            for one, pixels in zip(own, frames, strict=True)
        ]


@dataclass(frozen=True)
class _Groups:
    """The functional groups of a frame: its own, else those of all frames."""

    each: tuple[Dataset, ...]

    def items(self, name: str) -> list[Dataset]:
        for one in self.each:
            if found := one.get(name):
                return list(found)
        return []


def _common(dataset: Dataset, path: Path) -> Dataset:
    """What all slices have in common, in the words of slices."""
    from pydicom.dataset import Dataset as Made
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    left_out = (*_WHOLE, "PerFrameFunctionalGroupsSequence", "NumberOfFrames")
    made = Made()
    made.update({one.tag: one for one in dataset if one.keyword not in left_out})
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    corrected = {"YES": "START", "NO": "NONE"}
    kind = corrected.get(text_of(dataset, "DecayCorrected").upper())
    if kind is not None:
        made.DecayCorrection = kind
    listed = ["ATTN"] if text_of(dataset, "AttenuationCorrected") == "YES" else []
    made.CorrectedImage = [*listed, *(["DECY"] if kind == "START" else [])]
    if text_of(dataset, "SOPClassUID") == _IN_MBQ:
        for item in made.get("RadiopharmaceuticalInformationSequence") or []:
            dose = number_if_any(item, "RadionuclideTotalDose", path)
            if dose is not None and 0 < dose < _LEAST_BQ:
                item.RadionuclideTotalDose = f"{dose * 1e6:.10g}"
    return made


def _slice(
    common: Dataset, groups: _Groups, pixels: NDArray[Any], path: Path
) -> Dataset:
    from pydicom.dataset import Dataset as Made

    made = Made()
    made.update(common)
    made.file_meta = common.file_meta
    for name, keywords in _GROUPS.items():
        for item in groups.items(name)[:1]:
            for keyword in keywords:
                if keyword in item:
                    made[keyword] = item[keyword]
    for item in groups.items("FrameContentSequence")[:1]:
        if began := text_of(item, "FrameAcquisitionDateTime"):
            made.AcquisitionDateTime = began
    slope, intercept, (made.Units, made.SUVType) = _mapping(groups, path)
    made.RescaleSlope, made.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
    made.PixelData = np.ascontiguousarray(pixels).tobytes()
    return made


def _mapping(groups: _Groups, path: Path) -> tuple[float, float, tuple[str, str]]:
    """Slope, intercept and unit of the mapping that is preferred."""
    by_code = {}
    for item in groups.items("RealWorldValueMappingSequence"):
        for code in item.get("MeasurementUnitsCodeSequence") or []:
            if "RealWorldValueSlope" in item:
                # Over 16 characters stand in an attribute of their own.
                said = text_of(code, "CodeValue") or text_of(code, "LongCodeValue")
                by_code[said.replace("mL", "ml")] = item
    for code, unit in _UNITS.items():
        if code in by_code:
            item = by_code[code]
            slope = number(item, "RealWorldValueSlope", path)
            return slope, number(item, "RealWorldValueIntercept", path), unit
    raise QuantityError(
        f"{path.name} maps its values (RealWorldValueMappingSequence (0040,9096)) to "
        f"{', '.join(by_code) or 'no unit'}: Bq/ml or an SUV is needed; reconstruct "
        "the PET in Bq/mL"
    )
