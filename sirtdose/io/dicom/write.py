"""Volumes to DICOM: reconstructed SPECT (NM) and CT."""

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import OutputError
from sirtdose.io.dicom.bare import Dataset
from sirtdose.model.grid import Grid
from sirtdose.model.patient_link import Reference
from sirtdose.model.volume import Quantity, Volume

_NM = "1.2.840.10008.5.1.4.1.1.20"
_CT = "1.2.840.10008.5.1.4.1.1.2"
_MANUFACTURER = "sirtdose"
_DECIMAL_MAX = 16
_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_TIMES = ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime")
# Of what is made from images: the examination's, not the moment of writing.
DATES_OF_RESULT = ("ContentDate", "InstanceCreationDate", "SeriesDate")
TIMES_OF_RESULT = ("ContentTime", "InstanceCreationTime", "SeriesTime")


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
    patient_sex: str = "O"

    def uid(self, what: str) -> str:
        """A UID that depends on this study and on what it names only."""
        from pydicom.uid import generate_uid

        return str(generate_uid(entropy_srcs=[self.seed, what]))

    @property
    def frame_of_reference_uid(self) -> str:
        """The coordinate system that all files of the study share."""
        return self.uid("frame of reference")

    @property
    def attributes(self) -> dict[str, Any]:
        """The attributes of patient, study and acquisition."""
        offset = self.acquired.strftime("%z")
        return {
            **dict.fromkeys(_DATES, self.acquired.strftime("%Y%m%d")),
            **dict.fromkeys(_TIMES, self.acquired.strftime("%H%M%S")),
            **({"TimezoneOffsetFromUTC": offset} if offset else {}),
            "AccessionNumber": "",
            "SoftwareVersions": self.version,
            "StudyDescription": self.description,
            "PatientName": self.patient_name,
            "PatientID": self.patient_id,
            "PatientBirthDate": "",
            "PatientSex": self.patient_sex,
            "StudyInstanceUID": self.uid("study"),
            "StudyID": "1",
            "FrameOfReferenceUID": self.frame_of_reference_uid,
            "PatientPosition": "HFS",
        }


def item(**attributes: Any) -> Dataset:
    """A data set, such as an item of a sequence, by the keywords of its attributes."""
    from pydicom.dataset import Dataset

    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def file_of(sop_class: str, sop_uid: str, **attributes: Any) -> Dataset:
    """A data set for a file of its own, with what all of ours have in common."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian

    made = item(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=sop_class,
        SOPInstanceUID=sop_uid,
        Manufacturer=_MANUFACTURER,
        ManufacturerModelName=_MANUFACTURER,
        DeviceSerialNumber="0",
        ReferringPhysicianName="",
        PositionReferenceIndicator="",
        **attributes,
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    made.file_meta.MediaStorageSOPInstanceUID = UID(sop_uid)
    return made


def plane_of(grid: Grid) -> dict[str, Any]:
    """How an image's slices lie and how far their pixels and planes are apart."""
    steps = grid.affine_mm[:3, :3] / grid.spacing_mm
    slices_apart, *pixels_apart = (decimal(x) for x in grid.spacing_mm)
    return {
        "ImageOrientationPatient": [decimal(x) for x in (*steps[:, 2], *steps[:, 1])],
        "PixelSpacing": pixels_apart,
        "SliceThickness": slices_apart,
    }


def pixels_of(stored: NDArray[Any]) -> dict[str, Any]:
    """Pixels of whole numbers without a sign, and what describes them."""
    rows, columns = stored.shape[-2:]
    bits = 8 * stored.itemsize
    return {
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": rows,
        "Columns": columns,
        "BitsAllocated": bits,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 0,
        "PixelData": np.ascontiguousarray(stored).tobytes(),
    }


def reference_to(dataset: Dataset) -> Reference:
    """What another file needs to refer to one."""
    return Reference(
        str(dataset.SOPClassUID),
        str(dataset.SOPInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.Modality),
        int(dataset.get("Rows", 0)),
        int(dataset.get("Columns", 0)),
    )


def save(dataset: Dataset, path: Path) -> None:
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
    counts = np.rint(volume.require(Quantity.COUNTS))
    if counts.min() < 0 or counts.max() > 65535:
        raise OutputError(
            f"counts from {counts.min():g} to {counts.max():g} do not fit 16 bits"
        )
    grid, slices = volume.grid, counts.shape[0]
    plane = plane_of(grid)
    detector = item(
        CollimatorType="PARA",
        ImagePositionPatient=[decimal(x) for x in grid.affine_mm[:3, 3]],
        ImageOrientationPatient=plane.pop("ImageOrientationPatient"),
    )
    window = item(EnergyWindowLowerLimit="50", EnergyWindowUpperLimit="150")
    dataset = file_of(
        _NM,
        study.uid("nm"),
        **study.attributes,
        Modality="NM",
        ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        SeriesInstanceUID=study.uid("nm series"),
        SeriesNumber=1,
        SeriesDescription="bremsstrahlung SPECT",
        InstanceNumber=1,
        CorrectedImage=["ATTN", "SCAT"],
        CountsAccumulated=int(counts.sum()),
        NumberOfFrames=slices,
        FrameIncrementPointer=0x00540080,
        SliceVector=list(range(1, slices + 1)),
        NumberOfSlices=slices,
        SpacingBetweenSlices=decimal(
            grid.spacing_mm[0] if grid.right_handed else -grid.spacing_mm[0]
        ),
        NumberOfDetectors=1,
        DetectorInformationSequence=[detector],
        NumberOfEnergyWindows=1,
        EnergyWindowInformationSequence=[item(EnergyWindowRangeSequence=[window])],
        **plane,
        **pixels_of(counts.astype("<u2")),
    )
    save(dataset, path)


def write_ct(volume: Volume, folder: Path, study: Study) -> list[Path]:
    """Write CT numbers as a series, one file a slice; returns their paths."""
    numbers = np.rint(volume.require(Quantity.CT_NUMBER)).astype("<i2")
    paths = []
    for k, pixels in enumerate(numbers):
        dataset = file_of(
            _CT,
            study.uid(f"ct {k}"),
            **study.attributes,
            Modality="CT",
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
            SeriesInstanceUID=study.uid("ct series"),
            SeriesNumber=2,
            SeriesDescription="CT",
            InstanceNumber=k + 1,
            AcquisitionNumber=1,
            KVP="120",
            ImagePositionPatient=[decimal(x) for x in volume.grid.world_mm((k, 0, 0))],
            RescaleIntercept="-1024",
            RescaleSlope="1",
            RescaleType="HU",
            **plane_of(volume.grid),
            **pixels_of((pixels + 1024).astype("<u2")),
        )
        path = folder / f"slice{k:03d}.dcm"
        save(dataset, path)
        paths.append(path)
    return paths


def decimal(value: float) -> str:
    """Write a decimal string of at most 16 characters, as exact as that allows."""
    number = float(value) + 0.0
    text = repr(number)
    # Most are short: contours have hundreds of thousands of them.
    if len(text) <= _DECIMAL_MAX and isfinite(number):
        return text
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(number)
