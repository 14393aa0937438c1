"""Structures to DICOM: contours (RTSTRUCT) and masks (SEG)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.errors import GeometryError
from sirtdose.io.dicom_link import result_uid, stamp, stamp_patient
from sirtdose.io.dicom_write import Study, decimal, save
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

if TYPE_CHECKING:
    from pydicom.dataelem import DataElement
    from pydicom.dataset import Dataset

_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
# highdicom takes an NM image for an enhanced one, whose places it then looks for.
_SINGLE_FRAME = "1.2.840.10008.5.1.4.1.1.128"
_ANATOMY = ("123037004", "SCT", "Anatomical Structure")
_ALTERED = ("49755003", "SCT", "Morphologically Altered Structure")
_CODES = {
    Role.LIVER: (_ANATOMY, ("10200004", "SCT", "Liver")),
    Role.PERFUSED: (_ANATOMY, ("10200004", "SCT", "Liver")),
    Role.LUNGS: (_ANATOMY, ("39607008", "SCT", "Lung")),
    Role.TUMOR: (_ALTERED, ("108369006", "SCT", "Neoplasm")),
}
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

    Raises
    ------
    GeometryError
        Structures on different lattices.
    """
    import highdicom

    box = _box_of_all(structures)
    dataset = highdicom.seg.Segmentation(
        source_images=[_stand_in(link, one) for one in link.references],
        pixel_array=_touched(structures, box, link),
        segmentation_type="BINARY",
        segment_descriptions=[
            _segment(number, structure, made_by)
            for number, structure in enumerate(structures, start=1)
        ],
        series_instance_uid=result_uid(link, "seg series"),
        series_number=series_number,
        series_description="sirtdose structures",
        sop_instance_uid=result_uid(link, "seg", *(_told(one) for one in structures)),
        instance_number=1,
        manufacturer="sirtdose",
        manufacturer_model_name="sirtdose",
        software_versions=__version__,
        device_serial_number="0",
    )
    # highdicom stamps the moment of writing and makes up a UID; the same input must
    # give the same file.
    organization = result_uid(link, "seg dimensions")
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for index in dataset.DimensionIndexSequence:
        index.DimensionOrganizationUID = organization
    del dataset.ContributingEquipmentSequence
    if any(one.occupancy.dtype != bool for one in structures):
        _put_fractions(dataset, structures, box)
    for prefix in ("Content", "InstanceCreation", "Series"):
        setattr(dataset, f"{prefix}Date", link.study_date or "19000101")
        setattr(dataset, f"{prefix}Time", link.study_time or "000000")
    stamp_patient(link, dataset)
    _name_sources(dataset, link)
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


def _touched(structures: Sequence[Structure], box: Grid, link: PatientLink) -> Any:
    """Every voxel that has a part in a structure, with a channel for each."""
    import highdicom

    masks = np.zeros((*box.shape, len(structures)), np.uint8)
    for number, one in enumerate(structures):
        place = box_at(_offset(one, box).tolist(), one.grid.shape)
        masks[(*place, number)] = one.occupancy > 0
    return highdicom.Volume(
        array=masks,
        affine=box.affine_mm,
        coordinate_system="PATIENT",
        frame_of_reference_uid=link.frame_of_reference_uid,
        channels={"SegmentNumber": list(range(1, len(structures) + 1))},
    )


def _put_fractions(
    dataset: "Dataset", structures: Sequence[Structure], box: Grid
) -> None:
    """Parts of voxels in place of masks: highdicom would hold all of them as floats."""
    frames = []
    for item in dataset.PerFrameFunctionalGroupsSequence:
        segment = item.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        structure = structures[segment - 1]
        position = item.PlanePositionSequence[0].ImagePositionPatient
        k = int(np.rint(box.index(np.array(position, float))[0]))
        first, j, i = (int(start) for start in _offset(structure, box))
        frame = np.zeros(box.shape[1:], np.uint8)
        part = structure.occupancy[k - first]
        frame[j : j + part.shape[0], i : i + part.shape[1]] = np.rint(255 * part)
        frames.append(frame)
    dataset.SegmentationType = "FRACTIONAL"
    dataset.SegmentationFractionalType = "OCCUPANCY"
    dataset.MaximumFractionalValue = 255
    dataset.SegmentsOverlap = "UNDEFINED"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit = 7
    pixels = np.stack(frames).tobytes()
    dataset.PixelData = pixels + b"\0" * (len(pixels) % 2)
    dataset["PixelData"].VR = "OB"


def _segment(number: int, structure: Structure, made_by: str) -> Any:
    import highdicom
    from pydicom.sr.coding import Code

    category, kind = _CODES.get(structure.role, _TISSUE)
    algorithm = None
    if made_by != "MANUAL":
        algorithm = highdicom.AlgorithmIdentificationSequence(
            name="sirtdose",
            version=__version__,
            family=Code("123109", "DCM", "Manual Processing"),
        )
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=structure.name[:64],
        segmented_property_category=Code(*category),
        segmented_property_type=Code(*kind),
        algorithm_type=made_by,
        algorithm_identification=algorithm,
    )


def _name_sources(dataset: "Dataset", link: PatientLink) -> None:
    """Put the images' own class where their stand-ins' is."""
    classes = {one.sop_instance_uid: one.sop_class_uid for one in link.references}

    def put(item: "Dataset", element: "DataElement") -> None:
        if element.keyword == "ReferencedSOPInstanceUID" and element.value in classes:
            item.ReferencedSOPClassUID = classes[element.value]

    dataset.walk(put)


def _stand_in(link: PatientLink, reference: Reference) -> "Dataset":
    """What a segmentation takes over from its image: not more than the link has."""
    from pydicom.dataset import Dataset

    image = Dataset()
    # Whom it is of is filled in when it is done: highdicom has its own mind of names.
    nobody = replace(
        link,
        patient_name="",
        patient_id="",
        birth_date="",
        sex="",
        study_date="",
        study_time="",
        study_id="",
        accession_number="",
    )
    stamp(nobody, image, _SINGLE_FRAME, reference.sop_instance_uid)
    image.Modality = reference.modality
    image.SeriesInstanceUID = reference.series_instance_uid
    image.Rows, image.Columns = reference.rows, reference.columns
    # highdicom asks where a source lies; the segments have places of their own.
    image.ImagePositionPatient = [0, 0, 0]
    image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    image.PixelSpacing = [1, 1]
    image.SliceThickness = 1
    return image
