"""Files of simulated scans: a reconstructed SPECT, and a CT of the phantom.

Nothing of the package is used: it is what is tested.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid
from pydicom.valuerep import format_number_as_ds
from simulated_phantoms import (
    CENTERS_MM,
    CYLINDER,
    END_MM,
    LUNG_INNER_MM,
    NEMA,
    PHANTOMS,
    SHELL_MM,
    Part,
    Pose,
    ball,
    body,
    drawn,
    rod,
)

Triple = tuple[float, float, float]

NM, CT = "1.2.840.10008.5.1.4.1.1.20", "1.2.840.10008.5.1.4.1.1.2"
WINDOW_KEV = (90.0, 125.0)
VIEWS = 60
CT_SPACING_MM, CT_MARGIN_MM = 2.0, 20.0
AIR, WATER, PLASTIC, FOAM = -1000.0, 0.0, 100.0, -700.0


@dataclass(frozen=True)
class Header:
    """What a camera's files say of it."""

    manufacturer: str
    model: str
    station: str
    serial: str
    collimator: str


class Scanned(Protocol):
    """An image of counts (z, y, x) and how long it took."""

    @property
    def counts(self) -> NDArray[np.float64]:
        """In each voxel."""

    @property
    def spacing_mm(self) -> Triple:
        """The voxels, (z, y, x)."""

    @property
    def origin_mm(self) -> Triple:
        """The middle of the first voxel, (x, y, z)."""

    @property
    def seconds(self) -> float:
        """How long it was scanned."""


def write_nm(
    path: Path, scan: Scanned, header: Header, *, start: datetime, seed: str
) -> None:
    """Write a reconstructed SPECT of Y-90.

    Values go into 16 bits by a RescaleSlope. ActualFrameDuration is the whole scan's
    outside RotationInformationSequence, and a view's within; with as many views as
    one head takes.
    """
    k = len(scan.counts)
    dz, dy, dx = scan.spacing_mm
    # What is written in the file is what is used: at most 16 characters.
    slope = float(_text(max(float(scan.counts.max()), 1.0) / 60000))
    whole_ms = round(scan.seconds * 1000)
    detector = _item(
        CollimatorGridName=header.collimator,
        CollimatorType="PARA",
        ImagePositionPatient=[_text(one) for one in scan.origin_mm],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
    )
    low, high = WINDOW_KEV
    window = _item(EnergyWindowLowerLimit=low, EnergyWindowUpperLimit=high)
    nuclide = _item(
        CodeValue="14691008", CodingSchemeDesignator="SCT", CodeMeaning="^90^Yttrium"
    )
    rotation = _item(
        ScanArc="180",
        AngularStep=_text(180 / VIEWS),
        RotationDirection="CW",
        ActualFrameDuration=round(whole_ms / VIEWS),
        NumberOfFramesInRotation=VIEWS,
    )
    made = _file(NM, header, start, seed)
    _set(
        made,
        Modality="NM",
        ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        SeriesInstanceUID=_uid(seed, "nm series"),
        SeriesNumber=1,
        SeriesDescription="Y-90 bremsstrahlung SPECT",
        InstanceNumber=1,
        CorrectedImage=["ATTN", "SCAT"],
        ActualFrameDuration=whole_ms,
        CountsAccumulated=int(scan.counts.sum()),
        NumberOfFrames=k,
        FrameIncrementPointer=0x00540080,
        SliceVector=list(range(1, k + 1)),
        NumberOfSlices=k,
        SpacingBetweenSlices=_text(dz),
        SliceThickness=_text(dz),
        PixelSpacing=[_text(dy), _text(dx)],
        NumberOfDetectors=2,
        DetectorInformationSequence=[detector, detector],
        NumberOfRotations=1,
        RotationInformationSequence=[rotation],
        NumberOfEnergyWindows=1,
        EnergyWindowInformationSequence=[_item(EnergyWindowRangeSequence=[window])],
        RadiopharmaceuticalInformationSequence=[
            _item(RadionuclideCodeSequence=[nuclide])
        ],
        RescaleSlope=_text(slope),
        RescaleIntercept="0",
    )
    _save(made, path, np.rint(scan.counts / slope).astype("<u2"))


def write_ct(
    folder: Path,
    phantom: str,
    pose: Pose,
    header: Header,
    *,
    start: datetime,
    seed: str,
) -> None:
    """Write a CT of a phantom on voxels of 2 mm, in its SPECT's frame of reference."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers, at = ct_numbers(phantom, pose)
    for k, plane in enumerate(numbers):
        made = _file(CT, header, start, seed, f"ct {k}")
        _set(
            made,
            Modality="CT",
            ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
            SeriesInstanceUID=_uid(seed, "ct series"),
            SeriesNumber=2,
            SeriesDescription="CT",
            InstanceNumber=k + 1,
            AcquisitionNumber=1,
            KVP="120",
            ImagePositionPatient=[_text(one[0]) for one in (at[2], at[1], at[0][k:])],
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
            PixelSpacing=[_text(CT_SPACING_MM)] * 2,
            SliceThickness=_text(CT_SPACING_MM),
            RescaleIntercept="-1024",
            RescaleSlope="1",
            RescaleType="HU",
        )
        stored = np.rint(plane + 1024).astype("<u2")
        _save(made, folder / f"slice{k:03d}.dcm", stored)


def ct_numbers(
    phantom: str, pose: Pose
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """CT numbers, and where their voxels lie, (z, y, x)."""
    shape = PHANTOMS[phantom]()
    layers = _layers(phantom)
    outer = layers[0][0]
    half = [
        (b - a) / 2 + CT_MARGIN_MM
        for a, b in zip(outer.low_mm[::-1], outer.high_mm[::-1], strict=True)
    ]
    sides = [int(np.ceil(2 * one / CT_SPACING_MM)) for one in half]
    at = [(np.arange(n, dtype=float) - (n - 1) / 2) * CT_SPACING_MM for n in sides]
    numbers: NDArray[np.float64] = np.full(sides, AIR)
    where = pose.matrix, shape.origin_mm(pose)
    for part, number in layers:
        box, share = drawn(part, at, *where)
        numbers[box] += share * (number - numbers[box])
    return numbers, at


def _layers(phantom: str) -> Sequence[tuple[Part, float]]:
    """What a CT shows, each over the one before."""
    if phantom == "cylinder":
        radius, (low, high) = CYLINDER["radius_mm"], CYLINDER["z_mm"]
        outer = rod(radius + SHELL_MM, low - END_MM, high + END_MM)
        return [(outer, PLASTIC), (rod(radius, low, high), WATER)]
    layers = [(body(SHELL_MM, END_MM), PLASTIC), (body(), WATER)]
    layers += [(rod(NEMA["lung_radius_mm"], *NEMA["z_mm"]), PLASTIC)]
    layers += [(rod(LUNG_INNER_MM, *NEMA["z_mm"]), FOAM)]
    for name, center in CENTERS_MM.items():
        radius = float(name.split()[0]) / 2
        layers += [(ball(center, radius + NEMA["sphere_wall_mm"]), PLASTIC)]
        layers += [(ball(center, radius), WATER)]
    return layers


def _uid(seed: str, what: str) -> str:
    return str(generate_uid(entropy_srcs=[seed, what]))


def _text(value: float) -> str:
    return format_number_as_ds(float(value) + 0.0)


def _item(**attributes: Any) -> Dataset:
    made = Dataset()
    _set(made, **attributes)
    return made


def _set(made: Dataset, **attributes: Any) -> None:
    for keyword, value in attributes.items():
        setattr(made, keyword, value)


def _file(
    sop_class: str, header: Header, start: datetime, seed: str, what: str = "nm"
) -> Dataset:
    day, clock = start.strftime("%Y%m%d"), start.strftime("%H%M%S")
    kinds = ("Study", "Series", "Acquisition", "Content")
    times: Mapping[str, str] = {
        **{f"{one}Date": day for one in kinds},
        **{f"{one}Time": clock for one in kinds},
    }
    made = _item(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=sop_class,
        SOPInstanceUID=_uid(seed, what),
        **times,
        TimezoneOffsetFromUTC=start.strftime("%z"),
        Manufacturer=header.manufacturer,
        ManufacturerModelName=header.model,
        StationName=header.station,
        DeviceSerialNumber=header.serial,
        SoftwareVersions="1",
        AccessionNumber="",
        ReferringPhysicianName="",
        StudyDescription="phantom",
        PatientName="PHANTOM",
        PatientID="PHANTOM",
        PatientBirthDate="",
        PatientSex="O",
        PatientPosition="HFS",
        StudyInstanceUID=_uid(seed, "study"),
        StudyID="1",
        FrameOfReferenceUID=_uid(seed, "frame of reference"),
        PositionReferenceIndicator="",
    )
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    made.file_meta.MediaStorageSOPInstanceUID = UID(made.SOPInstanceUID)
    return made


def _save(made: Dataset, path: Path, stored: NDArray[Any]) -> None:
    rows, columns = stored.shape[-2:]
    _set(
        made,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=rows,
        Columns=columns,
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=0,
        PixelData=np.ascontiguousarray(stored).tobytes(),
    )
    made.save_as(path, enforce_file_format=True)
