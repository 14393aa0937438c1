"""Structures to DICOM: contours (RTSTRUCT) and masks (SEG)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.errors import GeometryError
from sirtdose.io.dicom.bare import Dataset
from sirtdose.io.dicom.content_items import coded, dcm
from sirtdose.io.dicom.link import attributes_of, result_uid, tracking_uid
from sirtdose.io.dicom.write import (
    DATES_OF_RESULT,
    TIMES_OF_RESULT,
    Study,
    decimal,
    file_of,
    item,
    pixels_of,
    plane_of,
    reference_to,
    save,
)
from sirtdose.io.hashing import sha256_of_voxels
from sirtdose.model.accepted import (
    BY_ACCEPTED,
    BY_CANDIDATE,
    RESAMPLED,
    candidate_text,
    short,
)
from sirtdose.model.grid import Grid, box_at
from sirtdose.model.names import told_apart
from sirtdose.model.patient_link import PatientLink, Reference
from sirtdose.model.report_codes import structure_codes
from sirtdose.model.structure import Structure

_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_SEG = "1.2.840.10008.5.1.4.1.1.66.4"
# What LO holds but one: readers count the space that makes a value even.
_LONGEST = 63
_BY_HAND = dcm("123109", "Manual Processing")


def write_rtstruct(
    contours: Mapping[str, Sequence[NDArray[np.float64]]], path: Path, study: Study
) -> None:
    """Write closed planar contours (each (n, 3), mm, LPS) under their names."""
    frame = study.frame_of_reference_uid
    attributes = study.attributes
    numbered = list(enumerate(contours.items(), start=1))
    dataset = file_of(
        _RTSTRUCT,
        study.uid("rtstruct"),
        **attributes,
        Modality="RTSTRUCT",
        SeriesInstanceUID=study.uid("rtstruct series"),
        SeriesNumber=3,
        OperatorsName="",
        StructureSetLabel="structures",
        StructureSetDate=attributes["ContentDate"],
        StructureSetTime=attributes["ContentTime"],
        ReferencedFrameOfReferenceSequence=[item(FrameOfReferenceUID=frame)],
        StructureSetROISequence=[
            item(
                ROINumber=number,
                ReferencedFrameOfReferenceUID=frame,
                ROIName=name,
                ROIGenerationAlgorithm="AUTOMATIC",
            )
            for number, (name, _) in numbered
        ],
        ROIContourSequence=[
            item(
                ReferencedROINumber=number,
                ContourSequence=[_contour(polygon) for polygon in polygons],
            )
            for number, (_, polygons) in numbered
        ],
        RTROIObservationsSequence=[
            item(
                ObservationNumber=number,
                ReferencedROINumber=number,
                RTROIInterpretedType="",
                ROIInterpreter="",
            )
            for number, _ in numbered
        ],
    )
    save(dataset, path)


def _contour(polygon: NDArray[np.float64]) -> Dataset:
    from pydicom.dataelem import DataElement

    made = item(
        ContourGeometricType="CLOSED_PLANAR", NumberOfContourPoints=len(polygon)
    )
    numbers = [decimal(round(x, 4)) for x in polygon.ravel().tolist()]
    # `decimal` keeps to the standard: checked again, a file would take twice as long.
    made.add(DataElement("ContourData", "DS", numbers, already_converted=True))
    return made


def write_seg(
    structures: Sequence[Structure],
    path: Path,
    link: PatientLink,
    *,
    made_by: str = "SEMIAUTOMATIC",
    on: Grid | None = None,
) -> Reference:
    """Write structures on one lattice as a segmentation; returns a reference to it.

    Masks are written as they are; parts of voxels as fractions, in steps of 1/255.
    Planes in which a structure has no part are left out. Planes are as large as those
    of the lattice `on`, which structures lie in, else no larger than is needed. Who
    accepted a structure stands in its SegmentDescription, with the digest of what is
    written; nobody stands there where the `link` is de-identified.

    Raises
    ------
    GeometryError
        Structures on different lattices.
    """
    structures = [_as_written(one, nameless=link.shifted_d > 0) for one in structures]
    box = on or _box_of_all(structures)
    labels = _labels(structures)
    told = [f"{one.name} {one.volume_ml:.9g}" for one in structures]
    accepted = [one.accepted for one in structures if one.accepted]
    told += [one.text for one in accepted]
    series: dict[str, list[Dataset]] = {}
    for one in link.references:
        series.setdefault(one.series_instance_uid, []).append(
            item(
                ReferencedSOPClassUID=one.sop_class_uid,
                ReferencedSOPInstanceUID=one.sop_instance_uid,
            )
        )
    dataset = file_of(
        _SEG,
        result_uid(link, "seg", *told),
        **attributes_of(link),
        Modality="SEG",
        SeriesInstanceUID=result_uid(link, "seg series"),
        SeriesNumber=903,
        SeriesDescription="sirtdose structures",
        InstanceNumber=1,
        # The same input must give the same file: not the moment of writing.
        **dict.fromkeys(DATES_OF_RESULT, link.study_date or "19000101"),
        **dict.fromkeys(TIMES_OF_RESULT, link.study_time or "000000"),
        ContentLabel=f"{link.references[0].modality}_SEG",
        ContentDescription="",
        ContentCreatorName=accepted[-1].by[:64] if accepted else "",
        ImageType=["DERIVED", "PRIMARY"],
        LossyImageCompression="00",
        PresentationLUTShape="IDENTITY",
        CodingSchemeIdentificationSequence=[coding_scheme()],
        SegmentSequence=[
            _segment(
                number,
                structure,
                made_by,
                {
                    "SegmentLabel": labels[structure.name],
                    "TrackingID": structure.name,
                    "TrackingUID": tracking_uid(link, structure.name),
                },
            )
            for number, structure in enumerate(structures, start=1)
        ],
        # The images that the structures are of, and the series they belong to.
        SourceImageSequence=[source for items in series.values() for source in items],
        ReferencedSeriesSequence=[
            item(SeriesInstanceUID=uid, ReferencedInstanceSequence=items)
            for uid, items in series.items()
        ],
        **_dimensions(result_uid(link, "seg dimensions")),
        **_frames(structures, box),
    )
    dataset["PixelData"].VR = "OB"
    save(dataset, path)
    return reference_to(dataset)


def coding_scheme() -> Dataset:
    """What declares the codes of our own."""
    own = table("report_codes")["scheme"]
    return item(
        CodingSchemeDesignator=own["designator"],
        CodingSchemeUID=own["uid"],
        CodingSchemeName=own["name"],
        CodingSchemeVersion=own["version"],
        CodingSchemeResponsibleOrganization=own["organization"],
    )


def _as_written(structure: Structure, *, nameless: bool) -> Structure:
    """With an acceptance of the voxels that are written, or with none that names one.

    What was accepted, and only brought to another grid since, stays accepted; what was
    changed by anybody keeps the digest that tells so.
    """
    given = structure.accepted
    if given is None or given.lost:
        return structure
    if nameless:
        return replace(structure, accepted=None)
    voxels = short(sha256_of_voxels(structure))
    if not given.unchanged or voxels == given.voxels:
        return structure
    how = given.how.removesuffix(RESAMPLED) + RESAMPLED
    return replace(structure, accepted=replace(given, voxels=voxels, how=how))


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


def _frames(structures: Sequence[Structure], box: Grid) -> dict[str, Any]:
    """A frame for each structure and each plane that it has a part in."""
    fractions = any(one.occupancy.dtype != bool for one in structures)
    # Planes are numbered against DICOM's normal, as highdicom does.
    numbers = range(box.shape[0])[:: -1 if box.right_handed else 1]
    touched: NDArray[Any] = np.zeros(box.shape, np.uint8)
    frames, places = [], []
    for segment, one in enumerate(structures):
        place = box_at(_offset(one, box).tolist(), one.grid.shape)
        inside = one.occupancy > 0
        np.add(touched[place], inside, out=touched[place], casting="unsafe")
        drawn = set((place[0].start + np.flatnonzero(inside.any(axis=(1, 2)))).tolist())
        for k in (k for k in numbers if k in drawn):
            plane = one.occupancy[k - place[0].start]
            frame = np.zeros(box.shape[1:], np.uint8 if fractions else bool)
            frame[place[1:]] = np.rint(255 * plane) if fractions else plane
            frames.append(frame)
            places.append((segment, k))
    used = {k for _, k in places}
    shared = not fractions and bool((touched > 1).any())
    return {
        **_pixels(np.stack(frames), overlap="YES" if shared else "NO"),
        **_places(box, places, [k for k in numbers if k in used]),
    }


def _pixels(frames: NDArray[Any], *, overlap: str) -> dict[str, Any]:
    """Masks in a bit a pixel, or parts of voxels in a byte."""
    found = pixels_of(frames) | {"NumberOfFrames": len(frames)}
    if frames.dtype != bool:
        return found | {
            "SegmentationType": "FRACTIONAL",
            "SegmentationFractionalType": "OCCUPANCY",
            "MaximumFractionalValue": 255,
            "SegmentsOverlap": "UNDEFINED",
            "PixelData": _even(frames.tobytes()),
        }
    return found | {
        "SegmentationType": "BINARY",
        "SegmentsOverlap": overlap,
        "BitsAllocated": 1,
        "BitsStored": 1,
        "HighBit": 0,
        "PixelData": _even(np.packbits(frames, bitorder="little").tobytes()),
    }


def _even(pixels: bytes) -> bytes:
    return pixels + b"\0" * (len(pixels) % 2)


def _dimensions(organization_uid: str) -> dict[str, Any]:
    """Frames are told apart by their segment, then by their place."""
    return {
        "DimensionOrganizationSequence": [
            item(DimensionOrganizationUID=organization_uid)
        ],
        "DimensionIndexSequence": [
            item(
                DimensionOrganizationUID=organization_uid,
                DimensionIndexPointer=pointer,
                FunctionalGroupPointer=group,
                DimensionDescriptionLabel=label,
            )
            for pointer, group, label in (
                (0x0062000B, 0x0062000A, "Referenced Segment Number"),
                (0x00200032, 0x00209113, "Image Position Patient"),
            )
        ],
    }


def _places(
    box: Grid, frames: Sequence[tuple[int, int]], planes: Sequence[int]
) -> dict[str, Any]:
    """What and where each frame is; `frames` are (segment, plane)."""
    plane = plane_of(box)
    orientation = item(ImageOrientationPatient=plane.pop("ImageOrientationPatient"))
    measures = item(SpacingBetweenSlices=plane["SliceThickness"], **plane)
    # Hundreds of frames share these: made once.
    positions = {
        k: item(ImagePositionPatient=[decimal(x) for x in box.world_mm((k, 0, 0))])
        for k in planes
    }
    segments = {
        segment: item(ReferencedSegmentNumber=segment + 1) for segment, _ in frames
    }
    return {
        "SharedFunctionalGroupsSequence": [
            item(
                PlaneOrientationSequence=[orientation],
                PixelMeasuresSequence=[measures],
            )
        ],
        "PerFrameFunctionalGroupsSequence": [
            item(
                DerivationImageSequence=[],
                FrameContentSequence=[
                    item(DimensionIndexValues=[segment + 1, planes.index(k) + 1])
                ],
                PlanePositionSequence=[positions[k]],
                SegmentIdentificationSequence=[segments[segment]],
            )
            for segment, k in frames
        ],
    }


def _labels(structures: Sequence[Structure]) -> dict[str, str]:
    """Names as LO holds them: not too long, no backslash, and no two alike."""
    plain = {one.name: one.name.replace("\\", "/") for one in structures}
    short = told_apart(plain.values(), _LONGEST)
    return {name: short[one] for name, one in plain.items()}


def _segment(
    number: int, structure: Structure, made_by: str, named: Mapping[str, str]
) -> Dataset:
    category, kind = structure_codes(structure.role)
    algorithm = item(
        AlgorithmFamilyCodeSequence=[coded(_BY_HAND)],
        AlgorithmVersion=__version__,
        AlgorithmName="sirtdose",
    )
    ours = {
        "SegmentAlgorithmName": _algorithm(structure),
        "SegmentationAlgorithmIdentificationSequence": [algorithm],
    }
    given = structure.accepted
    said = given.text if given and not given.lost else ""
    if structure.is_candidate:
        said = candidate_text(structure.definition)
    return item(
        SegmentNumber=number,
        SegmentedPropertyCategoryCodeSequence=[coded(category)],
        SegmentedPropertyTypeCodeSequence=[coded(kind)],
        SegmentAlgorithmType=made_by,
        **named,
        **({"SegmentDescription": said} if said else {}),
        **({} if made_by == "MANUAL" else ours),
    )


def _algorithm(structure: Structure) -> str:
    """What tells candidates and what was accepted, where an editor drops the rest."""
    if structure.is_candidate:
        return BY_CANDIDATE
    return BY_ACCEPTED if structure.accepted else "sirtdose"
