"""Structures to DICOM: contours (RTSTRUCT) and masks (SEG)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.errors import GeometryError
from sirtdose.io.dicom.link import result_uid, stamp
from sirtdose.io.dicom.write import Study, decimal, save
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_SEG = "1.2.840.10008.5.1.4.1.1.66.4"
_ANATOMY = ("123037004", "SCT", "Anatomical Structure")
_ALTERED = ("49755003", "SCT", "Morphologically Altered Structure")
_CODES = {
    Role.LIVER: (_ANATOMY, ("10200004", "SCT", "Liver")),
    Role.PERFUSED: (_ANATOMY, ("10200004", "SCT", "Liver")),
    Role.LUNGS: (_ANATOMY, ("39607008", "SCT", "Lung")),
    Role.TUMOR: (_ALTERED, ("108369006", "SCT", "Neoplasm")),
    Role.TUMOR_OUTSIDE: (_ALTERED, ("108369006", "SCT", "Neoplasm")),
}
_BY_HAND = ("123109", "DCM", "Manual Processing")
_TISSUE = (("85756007", "SCT", "Tissue"), ("85756007", "SCT", "Tissue"))


def write_rtstruct(
    contours: Mapping[str, Sequence[NDArray[np.float64]]], path: Path, study: Study
) -> None:
    """Write closed planar contours (each (n, 3), mm, LPS) under their names."""
    from pydicom.dataset import Dataset

    dataset = Dataset()
    study.stamp(dataset, _RTSTRUCT, "rtstruct")
    dataset.Modality = "RTSTRUCT"
    dataset.SeriesInstanceUID = study.uid("rtstruct series")
    dataset.SeriesNumber = 3
    dataset.OperatorsName = ""
    dataset.StructureSetLabel = "structures"
    dataset.StructureSetDate = dataset.ContentDate
    dataset.StructureSetTime = dataset.ContentTime
    frame = Dataset()
    frame.FrameOfReferenceUID = study.frame_of_reference_uid
    dataset.ReferencedFrameOfReferenceSequence = [frame]
    regions, drawings, observations = [], [], []
    for number, (name, polygons) in enumerate(contours.items(), start=1):
        region = Dataset()
        region.ROINumber = number
        region.ReferencedFrameOfReferenceUID = study.frame_of_reference_uid
        region.ROIName = name
        region.ROIGenerationAlgorithm = "AUTOMATIC"
        regions.append(region)
        drawing = Dataset()
        drawing.ReferencedROINumber = number
        drawing.ContourSequence = [_contour(polygon) for polygon in polygons]
        drawings.append(drawing)
        observation = Dataset()
        observation.ObservationNumber = number
        observation.ReferencedROINumber = number
        observation.RTROIInterpretedType = ""
        observation.ROIInterpreter = ""
        observations.append(observation)
    dataset.StructureSetROISequence = regions
    dataset.ROIContourSequence = drawings
    dataset.RTROIObservationsSequence = observations
    save(dataset, path)


def _contour(polygon: NDArray[np.float64]) -> Any:
    from pydicom.dataset import Dataset

    contour = Dataset()
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(polygon)
    contour.ContourData = [decimal(round(float(x), 4)) for x in polygon.ravel()]
    return contour


def write_seg(
    structures: Sequence[Structure],
    path: Path,
    link: PatientLink,
    *,
    series_number: int = 903,
    made_by: str = "SEMIAUTOMATIC",
) -> None:
    """Write structures on one lattice as a segmentation.

    Masks are written as they are; parts of voxels as fractions, in steps of 1/255.
    Planes in which a structure has no part are left out.

    Raises
    ------
    GeometryError
        Structures on different lattices.
    """
    from pydicom.dataset import Dataset

    box = _box_of_all(structures)
    dataset = Dataset()
    uid = result_uid(link, "seg", *(_told(one) for one in structures))
    stamp(link, dataset, _SEG, uid)
    del dataset.OperatorsName
    dataset.Modality = "SEG"
    dataset.SeriesInstanceUID = result_uid(link, "seg series")
    dataset.SeriesNumber = series_number
    dataset.SeriesDescription = "sirtdose structures"
    dataset.InstanceNumber = 1
    # The same input must give the same file: not the moment of writing.
    for prefix in ("Content", "InstanceCreation", "Series"):
        setattr(dataset, f"{prefix}Date", link.study_date or "19000101")
        setattr(dataset, f"{prefix}Time", link.study_time or "000000")
    dataset.ContentLabel = f"{link.references[0].modality}_SEG"
    dataset.ContentDescription = ""
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.LossyImageCompression = "00"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.SegmentSequence = [
        _segment(number, structure, made_by)
        for number, structure in enumerate(structures, start=1)
    ]
    _put_sources(dataset, link)
    _put_dimensions(dataset, result_uid(link, "seg dimensions"))
    _put_frames(dataset, structures, box)
    save(dataset, path)


def _told(structure: Structure) -> str:
    return f"{structure.name} {structure.volume_ml:.9g}"


def _box_of_all(structures: Sequence[Structure]) -> Grid:
    """The smallest part of their lattice that holds all structures."""
    lattice = structures[0].grid
    offsets = [_offset(one, lattice) for one in structures]
    ends = [o + one.grid.shape for o, one in zip(offsets, structures, strict=True)]
    low, high = np.min(offsets, axis=0), np.max(ends, axis=0)
    return lattice.crop(box_at(low.tolist(), (high - low).tolist()))


def _offset(structure: Structure, lattice: Grid) -> NDArray[np.int64]:
    offset = structure.grid.offset_in(lattice)
    if offset is None:
        raise GeometryError(f"structure '{structure.name}' is on another lattice")
    return np.array(offset)


def _put_frames(dataset: "Dataset", structures: Sequence[Structure], box: Grid) -> None:
    """A frame for each structure and each plane that it has a part in."""
    fractions = any(one.occupancy.dtype != bool for one in structures)
    # Planes are numbered against DICOM's normal, as highdicom does.
    numbers = range(box.shape[0])[:: -1 if box.right_handed else 1]
    touched: NDArray[Any] = np.zeros((len(structures), *box.shape), bool)
    frames = []
    for segment, one in enumerate(structures):
        place = box_at(_offset(one, box).tolist(), one.grid.shape)
        touched[(segment, *place)] = one.occupancy > 0
        whole = touched[segment]
        drawn = np.flatnonzero(whole.any(axis=(1, 2)))
        if fractions:
            whole = np.zeros(box.shape, np.uint8)
            whole[place] = np.rint(255 * one.occupancy)
        frames += [(segment, k, whole[k]) for k in numbers if k in drawn]
    used = {k for _, k, _ in frames}
    _put_pixels(dataset, np.stack([pixels for _, _, pixels in frames]))
    if not fractions:
        shared = (touched.sum(axis=0, dtype=np.uint16) > 1).any()
        dataset.SegmentsOverlap = "YES" if shared else "NO"
    places = [(segment, k) for segment, k, _ in frames]
    _put_places(dataset, box, places, [k for k in numbers if k in used])


def _put_pixels(dataset: "Dataset", frames: NDArray[Any]) -> None:
    fractions = frames.dtype != bool
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.BitsAllocated = dataset.BitsStored = 8 if fractions else 1
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    dataset.SegmentationType = "FRACTIONAL" if fractions else "BINARY"
    if fractions:
        dataset.SegmentationFractionalType = "OCCUPANCY"
        dataset.MaximumFractionalValue = 255
        dataset.SegmentsOverlap = "UNDEFINED"
    else:
        frames = np.packbits(frames, bitorder="little")
    pixels = frames.tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB"


def _put_dimensions(dataset: "Dataset", organization_uid: str) -> None:
    """Frames are told apart by their segment, then by their place."""
    organization = _item(DimensionOrganizationUID=organization_uid)
    dataset.DimensionOrganizationSequence = [organization]
    dataset.DimensionIndexSequence = [
        _item(
            DimensionOrganizationUID=organization_uid,
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=group,
            DimensionDescriptionLabel=label,
        )
        for pointer, group, label in (
            (0x0062000B, 0x0062000A, "Referenced Segment Number"),
            (0x00200032, 0x00209113, "Image Position Patient"),
        )
    ]


def _put_places(
    dataset: "Dataset",
    box: Grid,
    frames: Sequence[tuple[int, int]],
    planes: Sequence[int],
) -> None:
    """What and where each frame is; `frames` are (segment, plane)."""
    steps = box.affine_mm[:3, :3] / box.spacing_mm
    slices_apart, rows_apart, columns_apart = (decimal(x) for x in box.spacing_mm)
    orientation = [decimal(x) for x in (*steps[:, 2], *steps[:, 1])]
    measures = _item(
        SliceThickness=slices_apart,
        SpacingBetweenSlices=slices_apart,
        PixelSpacing=[rows_apart, columns_apart],
    )
    dataset.SharedFunctionalGroupsSequence = [
        _item(
            PlaneOrientationSequence=[_item(ImageOrientationPatient=orientation)],
            PixelMeasuresSequence=[measures],
        )
    ]
    # Hundreds of frames share these: made once.
    positions = {
        k: _item(ImagePositionPatient=[decimal(x) for x in box.world_mm((k, 0, 0))])
        for k in planes
    }
    segments = {
        segment: _item(ReferencedSegmentNumber=segment + 1) for segment, _ in frames
    }
    dataset.PerFrameFunctionalGroupsSequence = [
        _item(
            DerivationImageSequence=[],
            FrameContentSequence=[
                _item(DimensionIndexValues=[segment + 1, planes.index(k) + 1])
            ],
            PlanePositionSequence=[positions[k]],
            SegmentIdentificationSequence=[segments[segment]],
        )
        for segment, k in frames
    ]


def _segment(number: int, structure: Structure, made_by: str) -> "Dataset":
    category, kind = _CODES.get(structure.role, _TISSUE)
    segment = _item(
        SegmentNumber=number,
        SegmentLabel=structure.name[:64],
        SegmentedPropertyCategoryCodeSequence=[_code(category)],
        SegmentedPropertyTypeCodeSequence=[_code(kind)],
        SegmentAlgorithmType=made_by,
    )
    if made_by != "MANUAL":
        segment.SegmentAlgorithmName = "sirtdose"
        segment.SegmentationAlgorithmIdentificationSequence = [
            _item(
                AlgorithmFamilyCodeSequence=[_code(_BY_HAND)],
                AlgorithmVersion=__version__,
                AlgorithmName="sirtdose",
            )
        ]
    return segment


def _put_sources(dataset: "Dataset", link: PatientLink) -> None:
    """Name the images that the structures are of, and the series they belong to."""
    series: dict[str, list[Dataset]] = {}
    for one in link.references:
        item = _item(
            ReferencedSOPClassUID=one.sop_class_uid,
            ReferencedSOPInstanceUID=one.sop_instance_uid,
        )
        series.setdefault(one.series_instance_uid, []).append(item)
    dataset.SourceImageSequence = [item for items in series.values() for item in items]
    dataset.ReferencedSeriesSequence = [
        _item(SeriesInstanceUID=uid, ReferencedInstanceSequence=items)
        for uid, items in series.items()
    ]


def _code(code: tuple[str, str, str]) -> "Dataset":
    value, scheme, meaning = code
    return _item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _item(**attributes: Any) -> "Dataset":
    """An item of a sequence, by the keywords of its attributes."""
    from pydicom.dataset import Dataset

    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
