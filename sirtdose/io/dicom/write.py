"""Volumes to DICOM: reconstructed SPECT (NM) and CT."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import OutputError
from sirtdose.model.volume import Quantity, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NM = "1.2.840.10008.5.1.4.1.1.20"
_CT = "1.2.840.10008.5.1.4.1.1.2"
_MANUFACTURER = "sirtdose"


@dataclass(frozen=True)
class Study:
    """What all files of one examination have in common.

    `seed` makes every UID: the same seed gives the same files.
    """

    seed: str
    patient_id: str
    patient_name: str
    description: str
    acquired: datetime
    version: str

    def uid(self, what: str) -> str:
        """A UID that depends on this study and on what it names only."""
        from pydicom.uid import generate_uid

        return str(generate_uid(entropy_srcs=[self.seed, what]))

    @property
    def frame_of_reference_uid(self) -> str:
        """The coordinate system that all files of the study share."""
        return self.uid("frame of reference")

    def stamp(self, dataset: "Dataset", sop_class: str, what: str) -> None:
        """Fill in the attributes of patient, study and equipment."""
        from pydicom.dataset import FileMetaDataset
        from pydicom.uid import UID, ExplicitVRLittleEndian

        date = self.acquired.strftime("%Y%m%d")
        time = self.acquired.strftime("%H%M%S")
        dataset.SpecificCharacterSet = "ISO_IR 192"
        dataset.SOPClassUID = sop_class
        dataset.SOPInstanceUID = self.uid(what)
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(dataset, keyword, date)
        for keyword in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
            setattr(dataset, keyword, time)
        offset = self.acquired.strftime("%z")
        if offset:
            dataset.TimezoneOffsetFromUTC = offset
        dataset.AccessionNumber = ""
        dataset.Manufacturer = _MANUFACTURER
        dataset.ManufacturerModelName = _MANUFACTURER
        dataset.DeviceSerialNumber = "0"
        dataset.SoftwareVersions = self.version
        dataset.ReferringPhysicianName = ""
        dataset.StudyDescription = self.description
        dataset.PatientName = self.patient_name
        dataset.PatientID = self.patient_id
        dataset.PatientBirthDate = ""
        dataset.PatientSex = "O"
        dataset.StudyInstanceUID = self.uid("study")
        dataset.StudyID = "1"
        dataset.FrameOfReferenceUID = self.frame_of_reference_uid
        dataset.PositionReferenceIndicator = ""
        dataset.PatientPosition = "HFS"
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.file_meta.MediaStorageSOPClassUID = UID(sop_class)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def save(dataset: "Dataset", path: Path) -> None:
    """Write a data set whole, or not at all."""
    aside = path.with_name(f".{path.name}.part")
    dataset.save_as(aside, enforce_file_format=True)
    aside.replace(path)


def write_nm(volume: Volume, path: Path, study: Study) -> None:
    """Write counts as a reconstructed SPECT, the way gamma cameras write theirs.

    Position and orientation go into DetectorInformationSequence only; the slice
    direction is the sign of SpacingBetweenSlices.

    Raises
    ------
    OutputError
        Counts above the 65535 that 16 bits hold, or negative.
    """
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    counts = np.rint(volume.require(Quantity.COUNTS))
    if counts.min() < 0 or counts.max() > 65535:
        raise OutputError(
            f"counts from {counts.min():g} to {counts.max():g} do not fit 16 bits"
        )
    slices_apart, rows_apart, columns_apart = volume.grid.spacing_mm
    along = volume.grid.affine_mm[:3, :3] / volume.grid.spacing_mm
    backwards = float(np.cross(along[:, 2], along[:, 1]) @ along[:, 0]) < 0
    dataset = Dataset()
    study.stamp(dataset, _NM, "nm")
    dataset.Modality = "NM"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    dataset.SeriesInstanceUID = study.uid("nm series")
    dataset.SeriesNumber = 1
    dataset.SeriesDescription = "bremsstrahlung SPECT"
    dataset.InstanceNumber = 1
    dataset.CorrectedImage = ["ATTN", "SCAT"]
    dataset.CountsAccumulated = int(counts.sum())
    dataset.NumberOfFrames = counts.shape[0]
    dataset.FrameIncrementPointer = Tag(0x00540080)
    dataset.SliceVector = list(range(1, counts.shape[0] + 1))
    dataset.NumberOfSlices = counts.shape[0]
    dataset.SliceThickness = decimal(slices_apart)
    dataset.SpacingBetweenSlices = decimal(-slices_apart if backwards else slices_apart)
    dataset.PixelSpacing = [decimal(rows_apart), decimal(columns_apart)]
    detector = Dataset()
    detector.CollimatorType = "PARA"
    detector.ImagePositionPatient = [decimal(x) for x in volume.grid.affine_mm[:3, 3]]
    detector.ImageOrientationPatient = [
        decimal(x) for x in (*along[:, 2], *along[:, 1])
    ]
    dataset.NumberOfDetectors = 1
    dataset.DetectorInformationSequence = [detector]
    dataset.NumberOfEnergyWindows = 1
    window, bounds = Dataset(), Dataset()
    bounds.EnergyWindowLowerLimit = "50"
    bounds.EnergyWindowUpperLimit = "150"
    window.EnergyWindowRangeSequence = [bounds]
    dataset.EnergyWindowInformationSequence = [window]
    _put_pixels(dataset, counts.astype("<u2"))
    save(dataset, path)


def write_ct(volume: Volume, folder: Path, study: Study) -> list[Path]:
    """Write CT numbers as a series, one file a slice; returns their paths."""
    from pydicom.dataset import Dataset

    numbers = np.rint(volume.require(Quantity.CT_NUMBER)).astype("<i2")
    slices_apart, rows_apart, columns_apart = volume.grid.spacing_mm
    along = volume.grid.affine_mm[:3, :3] / volume.grid.spacing_mm
    paths = []
    for k, pixels in enumerate(numbers):
        dataset = Dataset()
        study.stamp(dataset, _CT, f"ct {k}")
        dataset.Modality = "CT"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SeriesInstanceUID = study.uid("ct series")
        dataset.SeriesNumber = 2
        dataset.SeriesDescription = "CT"
        dataset.InstanceNumber = k + 1
        dataset.AcquisitionNumber = 1
        dataset.KVP = "120"
        dataset.SliceThickness = decimal(slices_apart)
        dataset.PixelSpacing = [decimal(rows_apart), decimal(columns_apart)]
        dataset.ImagePositionPatient = [
            decimal(x) for x in volume.grid.world_mm((k, 0, 0))
        ]
        dataset.ImageOrientationPatient = [
            decimal(x) for x in (*along[:, 2], *along[:, 1])
        ]
        dataset.RescaleIntercept = "-1024"
        dataset.RescaleSlope = "1"
        dataset.RescaleType = "HU"
        _put_pixels(dataset, (pixels + 1024).astype("<u2"))
        path = folder / f"slice{k:03d}.dcm"
        save(dataset, path)
        paths.append(path)
    return paths


def decimal(value: float) -> str:
    """Write a decimal string of at most 16 characters, as exact as that allows."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value) + 0.0)


def _put_pixels(dataset: "Dataset", pixels: NDArray[Any]) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelData = np.ascontiguousarray(pixels).tobytes()
    dataset["PixelData"].VR = "OW"
