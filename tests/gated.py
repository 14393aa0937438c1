"""Respiratory gates made of images without: their slices, moved head and feet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid


def gate_spect(
    source: Path,
    target: Path,
    *,
    shifts: Sequence[int],
    times_ms: Sequence[float] | None = None,
) -> Path:
    """A SPECT as a gated reconstruction: each gate moved by whole slices.

    Counts are shared by `times_ms`, or equally.
    """
    file = pydicom.dcmread(source)
    frames = file.pixel_array
    parts = np.array(times_ms or [1.0] * len(shifts), float)
    gates = [
        np.rint(np.roll(frames, shift, axis=0) * part).astype(frames.dtype)
        for shift, part in zip(shifts, parts / parts.sum(), strict=True)
    ]
    count, slices = len(gates), len(frames)
    file.ImageType = ["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"]
    file.FrameIncrementPointer = [0x00540060, 0x00540070, 0x00540080]
    file.NumberOfFrames = count * slices
    file.NumberOfRRIntervals, file.RRIntervalVector = 1, [1] * count * slices
    file.NumberOfTimeSlots = count
    file.TimeSlotVector = np.repeat(np.arange(1, count + 1), slices).tolist()
    file.NumberOfSlices = slices
    own = file.get("SliceVector") or list(range(1, slices + 1))
    file.SliceVector = list(own) * count
    if times_ms is not None:
        slots = []
        for one in times_ms:
            slot = Dataset()
            slot.TimeSlotTime = one
            slots.append(slot)
        data, gated = Dataset(), Dataset()
        data.TimeSlotInformationSequence = Items(slots)
        gated.DataInformationSequence = Items([data])
        file.GatedInformationSequence = Items([gated])
    file.PixelData = np.concatenate(gates).tobytes()
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.save_as(target)
    return target


def gate_pet(
    slices: Sequence[Path],
    folder: Path,
    *,
    factors: Sequence[float],
    times_ms: Sequence[float],
) -> list[Path]:
    """A PET series as a gated one: values of each gate times its factor."""
    folder.mkdir(exist_ok=True)
    made = []
    for n, (factor, time_ms) in enumerate(zip(factors, times_ms, strict=True)):
        for k, path in enumerate(slices):
            file = pydicom.dcmread(path)
            file.SeriesType = ["GATED", "IMAGE"]
            file.NumberOfRRIntervals, file.NumberOfTimeSlots = 1, len(factors)
            file.NumberOfSlices = len(slices)
            file.TriggerTime = str(sum(times_ms[:n]))
            file.FrameTime = str(time_ms)
            file.ImageIndex = n * len(slices) + k + 1
            file.RescaleSlope = str(float(file.RescaleSlope) * factor)
            file.SOPInstanceUID = generate_uid()
            file.file_meta.MediaStorageSOPInstanceUID = file.SOPInstanceUID
            made.append(folder / f"{n}_{k}.dcm")
            file.save_as(made[-1])
    return made


def part_spect(source: Path, folder: Path, *, shifts: Sequence[int]) -> list[Path]:
    """A SPECT as one file for each gate, of equal time, moved by whole slices."""
    folder.mkdir(exist_ok=True)
    made = []
    for n, shift in enumerate(shifts):
        file = pydicom.dcmread(source)
        frames = np.roll(file.pixel_array, shift, axis=0)
        file.PixelData = (frames // len(shifts)).astype(frames.dtype).tobytes()
        file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        file.SeriesInstanceUID = generate_uid()
        made.append(folder / f"part{n}.dcm")
        file.save_as(made[-1])
    return made
