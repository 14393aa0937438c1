"""A digital reference object: PET slices whose SUV is known in every voxel.

What a scanner writes is computed from decay alone, integrated over each frame in small
steps, and shares nothing with the reader.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from sirtdose.io.dicom.write import Study, write_ct
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

F18_S, GA68_S, ZR89_S = 6588.0, 4062.6, 282_276.0
INJECTED_BQ, WEIGHT_KG, HEIGHT_M = 318e6, 71.0, 1.74
INJECTED_AT = datetime(2026, 3, 2, 9, 12, 30)
SCAN_AT = INJECTED_AT + timedelta(minutes=63)
FRAME_S = 150.0
Change = Callable[[Dataset], object]
_PET = "1.2.840.10008.5.1.4.1.1.128"


@dataclass(frozen=True)
class Scanner:
    """How one maker corrects for decay and what it writes of it."""

    maker: str = "SIEMENS"
    correction: str = "START"
    half_life_s: float = F18_S
    # When each bed of two slices begins, s after the scan.
    beds_s: tuple[float, ...] = (0.0, 170.0)
    injected_at: datetime = INJECTED_AT
    scan_at: datetime = SCAN_AT

    def left(self, seconds_after_injection: float) -> float:
        """The part that is left, by its half-life."""
        return float(0.5 ** (seconds_after_injection / self.half_life_s))

    def mean_left(self, begin_s: float) -> float:
        """The mean part over a frame, in steps of 10 ms."""
        steps = begin_s + np.arange(0.005, FRAME_S, 0.01)
        return float((0.5 ** (steps / self.half_life_s)).mean())

    def written(self, bed_s: float) -> float:
        """What one Bq/mL at injection is written as, of a bed."""
        before = (self.scan_at - self.injected_at).total_seconds()
        if self.correction == "ADMIN":
            return 1.0
        if self.correction == "NONE":
            return self.mean_left(before + bed_s)
        return self.left(before)

    def frame_reference_s(self, bed_s: float) -> float:
        """FrameReferenceTime by the maker's own convention."""
        if self.maker.startswith("GE"):
            return bed_s
        if self.maker.startswith("Philips"):
            return bed_s + FRAME_S / 2
        # Where the activity is the mean of the frame's.
        mean = self.mean_left(bed_s) / self.left(bed_s)
        return bed_s - self.half_life_s * log(mean) / log(2)


def write_uptake(
    folder: Path,
    suv: NDArray[np.float64],
    grid: Grid,
    scanner: Scanner = Scanner(),
    *,
    change: Change = lambda _: None,
) -> list[Path]:
    """Write slices of an SUV by body weight as a scanner's Bq/mL; then `change` each.

    Slices are shared equally between the beds.
    """
    folder.mkdir(parents=True, exist_ok=True)
    concentration = suv * INJECTED_BQ / (WEIGHT_KG * 1e3)
    study = Study("uptake", "U", "Uptake^Known", "", scanner.scan_at, "0")
    blank = Volume(np.zeros(suv.shape, np.int16), grid, Quantity.CT_NUMBER)
    paths = write_ct(blank, folder, study)
    for k, path in enumerate(paths):
        bed_s = scanner.beds_s[k * len(scanner.beds_s) // len(suv)]
        file = pydicom.dcmread(path)
        file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = _PET
        _store(file, concentration[k] * scanner.written(bed_s))
        _describe(file, scanner, bed_s)
        change(file)
        file.save_as(path)
    return paths


def _store(file: Dataset, values: NDArray[np.float64]) -> None:
    slope = float(f"{max(values.max(), 1e-9) / 60000:.10g}")
    file.RescaleSlope, file.RescaleIntercept = f"{slope:.10g}", "0"
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.PixelData = np.rint(values / slope).astype("<u2").tobytes()


def _describe(file: Dataset, scanner: Scanner, bed_s: float) -> None:
    acquired = scanner.scan_at + timedelta(seconds=bed_s)
    file.Modality, file.Units, file.DecayCorrection = "PT", "BQML", scanner.correction
    decay = [] if scanner.correction == "NONE" else ["DECY"]
    file.CorrectedImage = ["ATTN", "SCAT", *decay]
    file.Manufacturer = scanner.maker
    file.ActualFrameDuration = str(int(FRAME_S * 1000))
    file.FrameReferenceTime = f"{scanner.frame_reference_s(bed_s) * 1000:.8g}"
    file.AcquisitionDate = acquired.strftime("%Y%m%d")
    file.AcquisitionTime = acquired.strftime("%H%M%S.%f")
    # Of a series that was reconstructed again its own time says nothing.
    later = scanner.scan_at + timedelta(minutes=40)
    file.SeriesDate, file.SeriesTime = (
        later.strftime("%Y%m%d"),
        later.strftime("%H%M%S"),
    )
    file.PatientWeight, file.PatientSize = str(WEIGHT_KG), str(HEIGHT_M)
    file.PatientSex = "M"
    item = Dataset()
    item.RadionuclideTotalDose = f"{INJECTED_BQ:g}"
    item.RadionuclideHalfLife = f"{scanner.half_life_s:g}"
    item.RadiopharmaceuticalStartDateTime = scanner.injected_at.strftime("%Y%m%d%H%M%S")
    file.RadiopharmaceuticalInformationSequence = [item]


def write_enhanced(
    path: Path,
    suv: NDArray[np.float64],
    grid: Grid,
    scanner: Scanner = Scanner(),
    *,
    units: dict[str, float],
    legacy: bool = False,
    change: Change = lambda _: None,
) -> Path:
    """Write one file of all slices; `units` are codes, and what a Bq/mL is in each.

    Frames are out of order. Spacing and the first frame's mapping are shared, and each
    frame's own mapping stands before it.
    """
    slices = [pydicom.dcmread(p) for p in write_uptake(path.parent, suv, grid, scanner)]
    slices = slices[::-1]
    for one in path.parent.iterdir():
        one.unlink()
    file = slices[0]
    whole = np.stack([one.pixel_array for one in slices])
    file.NumberOfFrames, file.PixelData = len(slices), whole.tobytes()
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = (
        _PET + ".1" if legacy else "1.2.840.10008.5.1.4.1.1.130"
    )
    shared = Dataset()
    shared.PlaneOrientationSequence = [_some(file, "ImageOrientationPatient")]
    shared.PixelMeasuresSequence = [_some(file, "PixelSpacing", "SliceThickness")]
    shared.RealWorldValueMappingSequence = [_mapping("Bq/ml", 1e9)]
    file.SharedFunctionalGroupsSequence = [shared]
    file.PerFrameFunctionalGroupsSequence = []
    for k, one in enumerate(slices):
        frame = Dataset()
        frame.PlanePositionSequence = [_some(one, "ImagePositionPatient")]
        slope = float(one.RescaleSlope)
        frame.RealWorldValueMappingSequence = [
            _mapping(code, slope * factor) for code, factor in units.items()
        ]
        bed_s = scanner.beds_s[::-1][k * len(scanner.beds_s) // len(slices)]
        began = scanner.scan_at + timedelta(seconds=bed_s)
        content = Dataset()
        content.FrameAcquisitionDateTime = f"{began:%Y%m%d%H%M%S}"
        # Where the activity is the mean of the frame's.
        mean_s = log(scanner.left(bed_s) / scanner.mean_left(bed_s)) / log(2)
        at = began + timedelta(seconds=mean_s * scanner.half_life_s)
        content.FrameReferenceDateTime = f"{at:%Y%m%d%H%M%S.%f}"
        frame.FrameContentSequence = [content]
        file.PerFrameFunctionalGroupsSequence.append(frame)
    for keyword in (
        *("Units", "DecayCorrection", "RescaleSlope", "RescaleIntercept"),
        *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"),
        *("SliceThickness", "AcquisitionDate", "AcquisitionTime", "CorrectedImage"),
    ):
        delattr(file, keyword)
    corrected = scanner.correction != "NONE"
    file.DecayCorrected, file.AttenuationCorrected = "YES" if corrected else "NO", "YES"
    if corrected:
        file.DecayCorrectionDateTime = f"{scanner.scan_at:%Y%m%d%H%M%S}"
    if not legacy:
        # This class states MBq.
        item = file.RadiopharmaceuticalInformationSequence[0]
        item.RadionuclideTotalDose = f"{INJECTED_BQ / 1e6:g}"
    change(file)
    file.save_as(path)
    return path


def _some(file: Dataset, *keywords: str) -> Dataset:
    found = Dataset()
    for keyword in keywords:
        found[keyword] = file[keyword]
    return found


def _mapping(code: str, slope: float) -> Dataset:
    unit = Dataset()
    unit.CodingSchemeDesignator, unit.CodeMeaning = "UCUM", code
    setattr(unit, "CodeValue" if len(code) <= 16 else "LongCodeValue", code)
    mapping = Dataset()
    mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = slope, 0.0
    mapping.MeasurementUnitsCodeSequence = [unit]
    return mapping


PET_CT = Grid.regular(
    (20, 32, 36),
    spacing_mm=(4.0, 4.0, 4.0),
    origin_mm=(-70.0, -60.0, 100.0),
    frame_of_reference_uid="1.2.826.0.1.3680043.8.498.49",
)
# First voxel and size, in (slice, row, column). The patient's right is column 0.
REGIONS = {
    "Liver": ((2, 4, 2), (16, 24, 32)),
    "T1": ((7, 8, 25), (6, 6, 6)),
    "T2": ((9, 20, 26), (2, 2, 2)),
    "Aorta": ((2, 29, 20), (16, 2, 2)),
}
_ROLES = {"Liver": Role.LIVER, "T1": Role.TUMOR, "T2": Role.TUMOR, "Aorta": Role.OTHER}


def region(name: str) -> Structure:
    """One of the regions as a structure."""
    mask = np.zeros(PET_CT.shape, bool)
    mask[_box(name)] = True
    return Structure(name, _ROLES[name], mask, PET_CT)


def _box(name: str) -> tuple[slice, ...]:
    return tuple(slice(a, a + n) for a, n in zip(*REGIONS[name], strict=True))


def known_suv() -> NDArray[np.float64]:
    """SUV 2 in liver, +/- 0.2 by turns in its right half; 8 and 5 in the tumors.

    T1 has one voxel of 12 in the middle of its lowest slice; blood has 1.6 and 1.8.
    """
    suv = np.full(PET_CT.shape, 0.5)
    suv[_box("Liver")] = 2.0
    turns = 0.2 * (1 - 2 * (np.indices(PET_CT.shape).sum(axis=0) % 2))
    right = (*_box("Liver")[:2], slice(2, 18))
    suv[right] += turns[right]
    suv[_box("T1")], suv[_box("T2")] = 8.0, 5.0
    suv[7, 10, 27] = 12.0
    suv[_box("Aorta")] = 1.6
    suv[2:10, 29:31, 20:22] = 1.8
    return suv


def link(patient: str = "U") -> PatientLink:
    """Whose structures are: those of the PET, unless of another patient."""
    image = Reference(_PET, "2.25.491", "2.25.492", "PT", 32, 36)
    name = "Uptake^Known" if patient == "U" else "Other^One"
    return PatientLink(
        *(patient, name, "" if patient == "U" else "19600101", "M", "2.25.49", "1"),
        *("20260302", "101530", "", str(PET_CT.frame_of_reference_uid), (image,)),
    )


def write_patient(
    folder: Path,
    *,
    scanner: Scanner = Scanner(),
    change: Change = lambda _: None,
    names: tuple[str, ...] = tuple(REGIONS),
) -> Path:
    """Write PET, CT (50 HU in T1, else 0) and a SEG of the regions."""

    def describe(file: Dataset) -> None:
        file.FrameOfReferenceUID = PET_CT.frame_of_reference_uid
        tracer = file.RadiopharmaceuticalInformationSequence[0]
        tracer.Radiopharmaceutical = "Fluorodeoxyglucose"
        file.Manufacturer, file.StationName = scanner.maker, "PETCT3"
        change(file)

    write_uptake(folder / "pet", known_suv(), PET_CT, scanner, change=describe)
    numbers = np.zeros(PET_CT.shape, np.int16)
    numbers[_box("T1")] = 50
    study = Study("uptake ct", "U", "Uptake^Known", "", scanner.scan_at, "0")
    (folder / "ct").mkdir()
    blank = Volume(numbers, PET_CT, Quantity.CT_NUMBER)
    for path in write_ct(blank, folder / "ct", study):
        file = pydicom.dcmread(path)
        file.FrameOfReferenceUID = PET_CT.frame_of_reference_uid
        file.PatientSex = "M"
        file.save_as(path)
    write_seg([region(one) for one in names], folder / "drawn.dcm", link())
    return folder
