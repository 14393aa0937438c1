"""Structures to DICOM: contours (RTSTRUCT) and masks (SEG)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.io.dicom_write import Study, decimal, save
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
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
    source_images: Sequence[Path],
    path: Path,
    study: Study,
) -> None:
    """Write bool structures, all on one grid, as a binary segmentation.

    `source_images` are the files the segmentation belongs to.
    """
    import highdicom
    import pydicom
    from pydicom.sr.coding import Code

    descriptions = []
    for number, structure in enumerate(structures, start=1):
        category, kind = _CODES.get(structure.role, _TISSUE)
        descriptions.append(
            highdicom.seg.SegmentDescription(
                segment_number=number,
                segment_label=structure.name,
                segmented_property_category=Code(*category),
                segmented_property_type=Code(*kind),
                algorithm_type="MANUAL",
            )
        )
    grid = structures[0].grid
    masks = np.stack([s.occupancy for s in structures], axis=-1).astype(np.uint8)
    volume = highdicom.Volume(
        array=masks,
        affine=grid.affine_mm,
        coordinate_system="PATIENT",
        frame_of_reference_uid=study.frame_of_reference_uid,
        channels={"SegmentNumber": list(range(1, len(structures) + 1))},
    )
    dataset = highdicom.seg.Segmentation(
        source_images=[
            pydicom.dcmread(image, stop_before_pixels=True) for image in source_images
        ],
        pixel_array=volume,
        segmentation_type="BINARY",
        segment_descriptions=descriptions,
        series_instance_uid=study.uid("seg series"),
        series_number=4,
        sop_instance_uid=study.uid("seg"),
        instance_number=1,
        manufacturer="sirtdose",
        manufacturer_model_name="sirtdose",
        software_versions=study.version,
        device_serial_number="0",
    )
    # highdicom stamps the moment of writing and makes up a UID; the same seed must
    # give the same file.
    organization = study.uid("seg dimensions")
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = organization
    for index in dataset.DimensionIndexSequence:
        index.DimensionOrganizationUID = organization
    del dataset.ContributingEquipmentSequence
    for prefix in ("Content", "InstanceCreation", "Series"):
        setattr(dataset, f"{prefix}Date", study.acquired.strftime("%Y%m%d"))
        setattr(dataset, f"{prefix}Time", study.acquired.strftime("%H%M%S"))
    save(dataset, path)
