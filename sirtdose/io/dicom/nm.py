"""Reconstructed SPECT: NM RECON TOMO to counts.

A nuclear-medicine image says where it is in its own way: one position for the
whole stack, inside DetectorInformationSequence, and a slice direction that is the
sign of SpacingBetweenSlices. The result is often left-handed, which is right.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError
from sirtdose.io.dicom.camera import camera_words
from sirtdose.io.dicom.gates import GATED_TOMO, gated_frames
from sirtdose.io.dicom.header import (
    Dataset,
    frame_of_reference,
    number,
    number_if_any,
    numbers,
    plane_steps,
    read_dataset,
    reading_dicom,
    source_of,
)
from sirtdose.io.dicom.nm_values import nm_values
from sirtdose.io.dicom.pet_decay import administration_of
from sirtdose.io.dicom.pixels import frames_of
from sirtdose.model.emitter import Emitter
from sirtdose.model.grid import Grid, affine_of
from sirtdose.model.volume import Doubt, Volume

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.20"
_SLICE_VECTOR = 0x00540080
_NOT_VOLUMES = {
    "TOMO": "raw projections",
    "GATED TOMO": "raw gated projections",
    "STATIC": "a planar image",
    "DYNAMIC": "a dynamic series",
    "WHOLE BODY": "a planar whole-body image",
    "GATED": "a gated planar series",
}


def read_nm(path: Path, *, nuclide: Emitter | None = None) -> Volume:
    """Read a reconstructed SPECT as counts, or Bq/mL where it says so.

    Its header may call the `nuclide` that was given as that one's file says.

    Raises
    ------
    FileFormatError
        Not a reconstructed tomographic image, or damaged.
    MissingTagError
        No spacing, position or orientation.
    GeometryError
        They contradict one another.
    """
    with reading_dicom(path):
        return _volume(read_dataset(path), path, nuclide)


def _volume(dataset: Dataset, path: Path, nuclide: Emitter | None) -> Volume:
    require_recon_tomo(dataset, path)
    frames = frames_of(dataset, path, "counts")
    limit = np.iinfo(frames.dtype).max if frames.dtype.kind in "iu" else None
    counts, quantity, added = nm_values(dataset, frames, path)
    gates = None
    asked: tuple[Doubt, ...] = ()
    if is_gated(dataset):
        # The grid of one gate has the same voxels as that of all frames.
        own, _ = _grid(dataset, counts.shape, path)
        counts, gates, asked = gated_frames(
            dataset, counts, path, quantity=quantity, voxel_ml=own.voxel_volume_ml
        )
    else:
        counts = _in_slice_order(dataset, counts, path)
    grid, remarks = _grid(dataset, counts.shape, path)
    if limit is not None and frames.max() >= limit - 1:
        remarks = (
            *remarks,
            "voxels reach the largest value that can be stored, "
            f"{limit}: values above it were lost",
        )
    source = source_of(dataset, [path], nuclide)
    source = replace(
        source,
        camera=camera_words(dataset),
        remarks=(
            *(*source.remarks, *remarks, *_named_a_map(dataset)),
            *([gates.remark] if gates else []),
        ),
        decay_correction=_decay_correction(dataset),
        frame_duration_s=source.frame_duration_s or _view_duration_s(dataset, path),
        doubts=(
            *source.doubts,
            *_declared(dataset, len(counts), path),
            *offset(added),
            *asked,
        ),
    )
    if source.decay_correction == "ADMIN":
        # As for a PET: the image is of the administration, not of the scan.
        source = administration_of(dataset).of(source)
    return Volume(counts, grid, quantity, source, gates)


def is_gated(dataset: Dataset) -> bool:
    """Whether it is a reconstruction by gates."""
    kinds = [str(value).upper() for value in dataset.get("ImageType", None) or ()]
    return kinds[2:3] == [GATED_TOMO]


def require_recon_tomo(dataset: Dataset, path: Path) -> None:
    """Refuse what is no reconstructed tomographic image, by its own name."""
    kinds = [str(value).upper() for value in dataset.get("ImageType", None) or ()]
    kind = kinds[2] if len(kinds) > 2 else ""
    if kinds[3:4] == ["TRANSMISSION"]:
        raise FileFormatError(
            f"{path.name} is an attenuation map (ImageType (0008,0008) value 4 is "
            "TRANSMISSION): an activity image must be EMISSION"
        )
    if kind not in ("RECON TOMO", GATED_TOMO):
        what = _NOT_VOLUMES.get(kind, f"of kind '{kind}'" if kind else "of no kind")
        raise FileFormatError(
            f"{path.name} is {what} (ImageType (0008,0008) value 3): an activity image "
            "must be a RECON TOMO"
        )


def offset(added: str) -> tuple[Doubt, ...]:
    """What to ask where a header adds the same to every voxel (H12)."""
    said = (
        "the header adds an offset to every voxel, even where there is no activity "
        f"({added}): was the image exported correctly?"
    )
    doubt = Doubt("H12", said, "the values are used with this offset")
    return (doubt,) if added else ()


def _declared(dataset: Dataset, frames: int, path: Path) -> tuple[Doubt, ...]:
    """What to ask where the header declares other slices than there are (H17)."""
    declared = number_if_any(dataset, "NumberOfSlices", path)
    if not declared or declared == frames:
        return ()
    said = f"NumberOfSlices (0054,0081) is {declared:g}, but the file contains {frames}"
    used = f"the {frames} slices that are present are used"
    return (Doubt("H17", f"{said} slices: is it complete?", used),)


def _named_a_map(dataset: Dataset) -> tuple[str, ...]:
    """Text that names an attenuation map; some systems write it on every image."""
    named = any(
        "ATTENUATION" in str(i.get("Radiopharmaceutical")).upper()
        for i in dataset.get("RadiopharmaceuticalInformationSequence") or []
    )
    return (
        "its Radiopharmaceutical is given as an attenuation map: is it one?",
    ) * named


def _decay_correction(dataset: Dataset) -> str:
    """NM has no tag for it: a vendor's own, or DECY among the corrections."""
    stated = str(dataset.get("DecayCorrection", "") or "").upper()
    corrected = "DECY" in [
        str(one).upper() for one in np.atleast_1d(dataset.get("CorrectedImage") or [])
    ]
    return "DECY" if corrected and stated in ("", "NONE") else stated


def _view_duration_s(dataset: Dataset, path: Path) -> float | None:
    """Duration of a view by the first rotation, for an image that states none."""
    for one in dataset.get("RotationInformationSequence") or []:
        found_ms = number_if_any(one, "ActualFrameDuration", path, least=0)
        return found_ms and found_ms / 1000
    return None


def _in_slice_order(dataset: Dataset, frames: NDArray[Any], path: Path) -> NDArray[Any]:
    pointer = dataset.get("FrameIncrementPointer")
    tags = [] if pointer is None else list(np.atleast_1d(pointer))
    if tags and tags != [_SLICE_VECTOR]:
        raise GeometryError(
            f"{path.name} has frames that are indexed by more than slices "
            "(FrameIncrementPointer (0028,0009)): a plain stack of slices is needed"
        )
    if dataset.get("SliceVector") is None:
        return frames
    order = numbers(dataset, "SliceVector", None, path)
    if sorted(order.tolist()) != list(range(1, len(frames) + 1)):
        raise GeometryError(
            f"{path.name} has a SliceVector (0054,0080) that does not number its "
            f"{len(frames)} frames 1 to {len(frames)}: export it again"
        )
    return frames[np.argsort(order)]


def _grid(
    dataset: Dataset, shape: tuple[int, ...], path: Path
) -> tuple[Grid, tuple[str, ...]]:
    detectors = dataset.get("DetectorInformationSequence") or ()
    placed = (one for one in detectors if one.get("ImageOrientationPatient"))
    place = next(placed, dataset)
    normal, steps = plane_steps(dataset, path, placed=place)
    position = numbers(place, "ImagePositionPatient", 3, path)
    slices_apart = number(
        dataset,
        "SpacingBetweenSlices",
        path,
        "its sign is the direction of the slices and cannot be inferred",
    )
    if slices_apart == 0:
        raise GeometryError(
            f"{path.name} has SpacingBetweenSlices (0018,0088) = 0 mm: the distance "
            "between its slices, with the sign of their direction, is needed"
        )
    affine = affine_of(np.column_stack([normal * slices_apart, steps]), position)
    k, j, i = shape
    modality, frame = str(dataset.get("Modality", "")), frame_of_reference(dataset)
    remarks = (
        (
            modality != "NM",
            f"Modality (0008,0060) is {modality}, but SOP class and ImageType are "
            "those of a reconstructed SPECT",
        ),
        (
            not position.any(),
            "ImagePositionPatient is 0, 0, 0, a placeholder: check on the overlay "
            "that structures lie where they should",
        ),
        (
            frame is None,
            "no FrameOfReferenceUID (0020,0052): whether structures and CT belong to "
            "this image was not checked",
        ),
    )
    return Grid((k, j, i), affine, frame), tuple(one for holds, one in remarks if holds)
