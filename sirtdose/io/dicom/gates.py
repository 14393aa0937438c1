"""A complete set of respiratory gates in one PET series or one NM file."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import FileFormatError, GeometryError, MissingTagError
from sirtdose.io.dicom.header import (
    Dataset,
    number_if_any,
    numbers,
    read_dataset,
    value_of,
)
from sirtdose.io.dicom.stack import Stack, read_stack
from sirtdose.io.gate_times import Together, gates_by_time
from sirtdose.model.gates import Gates
from sirtdose.model.volume import Doubt, Quantity

GATED_TOMO = "RECON GATED TOMO"
_MOST = 64
_EQUAL = "no durations stated, taken as equal"
_NEEDED = "give all gates of one reconstruction, or one of the whole scan"


def is_gated_pet(header: Dataset, path: Path) -> bool:
    """Whether a PET slice belongs to a series of several gates of one cycle."""
    kinds = np.atleast_1d(value_of(header, "SeriesType", path) or [])
    if "GATED" not in [str(one).upper() for one in kinds]:
        return False
    slots = number_if_any(header, "NumberOfTimeSlots", path) or 1
    return slots > 1 and (number_if_any(header, "NumberOfRRIntervals", path) or 1) <= 1


def gated_stack(
    paths: Sequence[Path], headers: Sequence[Dataset]
) -> tuple[Stack, Gates, tuple[Doubt, ...]]:
    """All gates of a PET series as one stack, each of them, and what is asked of them.

    Raises
    ------
    FileFormatError
        A gate that is missing, has too few slices, or was acquired at another time.
    GeometryError
        Gates on different grids.
    """
    headers = headers or [read_dataset(one) for one in paths]
    members = list(zip(headers, paths, strict=True))
    first, path = members[0]
    count = int(number_if_any(first, "NumberOfTimeSlots", path, above=0) or 1)
    if count > _MOST:
        raise FileFormatError(
            f"{path.name} has NumberOfTimeSlots (0054,0071) = {count}: more than "
            f"{_MOST} gates are in no cycle"
        )
    groups: dict[int, list[tuple[Dataset, Path]]] = {}
    for slot, member in zip(_slots(members, count), members, strict=True):
        groups.setdefault(slot, []).append(member)
    _require_all(groups, count, path.name)
    stacks = [
        read_stack([p for _, p in groups[n]], "PET", [h for h, _ in groups[n]])
        for n in range(count)
    ]
    _require_alike(stacks)
    durations = [_frame_time(one) for one in stacks]
    known, timed = _known(durations, "FrameTime (0018,1063)", path.name)
    whole, gates, asked = gates_by_time(
        [one.data for one in stacks],
        known,
        timed=timed,
        quantity=Quantity.ACTIVITY_CONCENTRATION,
        voxel_ml=stacks[0].grid.voxel_volume_ml,
    )
    return replace(stacks[0], data=whole.astype(np.float32)), gates, asked


def _slots(members: Sequence[tuple[Dataset, Path]], count: int) -> list[int]:
    """The gate of each slice, counted from 0: by trigger time, else by index."""
    triggers = [number_if_any(one, "TriggerTime", path) for one, path in members]
    known = sorted({one for one in triggers if one is not None})
    if len(known) == count and None not in triggers:
        return [known.index(one) for one in triggers if one is not None]
    indices = [number_if_any(one, "ImageIndex", path) for one, path in members]
    first, path = members[0]
    slices = number_if_any(first, "NumberOfSlices", path, above=0)
    if slices is None or None in indices:
        raise MissingTagError(
            f"{path.name} is of {count} gates, but TriggerTime (0018,1060) names "
            f"{len(known)} and ImageIndex (0054,1330) with NumberOfSlices (0054,0081) "
            f"is not in every slice: {_NEEDED}"
        )
    return [(int(one) - 1) // int(slices) for one in indices if one is not None]


def _require_all(
    groups: dict[int, list[tuple[Dataset, Path]]], count: int, name: str
) -> None:
    """Every gate, with as many slices as the others."""
    missing = [f"gate {n + 1}" for n in range(count) if n not in groups]
    if missing:
        raise FileFormatError(
            f"the gated series of {name} has no {', '.join(missing)} of its {count} "
            f"gates: {_NEEDED}"
        )
    if others := sorted(set(groups) - set(range(count))):
        raise FileFormatError(
            f"the gated series of {name} has a gate {others[0] + 1}, but "
            f"NumberOfTimeSlots (0054,0071) is {count}: {_NEEDED}"
        )
    most = max(len(one) for one in groups.values())
    for n in range(count):
        if len(groups[n]) < most:
            raise FileFormatError(
                f"gate {n + 1} of the series of {name} has {len(groups[n])} slices, "
                f"others {most}: {_NEEDED}"
            )


def _require_alike(stacks: Sequence[Stack]) -> None:
    """Gates of one scan on one grid."""
    first = stacks[0]
    began = _acquired(first)
    for n, one in enumerate(stacks[1:], 2):
        if not one.grid.matches(first.grid):
            raise GeometryError(
                f"gate {n} of the series of {first.paths[0].name} is on another grid "
                f"than gate 1: {_NEEDED}"
            )
        if _acquired(one) != began:
            raise FileFormatError(
                f"gate {n} of the series of {first.paths[0].name} was acquired at "
                "another time than gate 1 (AcquisitionDate, AcquisitionTime): "
                f"{_NEEDED}"
            )


def _acquired(stack: Stack) -> list[tuple[str, str]]:
    return [
        (str(one.get("AcquisitionDate", "")), str(one.get("AcquisitionTime", "")))
        for one in stack.datasets
    ]


def _frame_time(stack: Stack) -> float | None:
    found = {
        number_if_any(one, "FrameTime", path, above=0)
        for one, path in zip(stack.datasets, stack.paths, strict=True)
    }
    if len(found) > 1:
        raise FileFormatError(
            f"slices of one gate, such as {stack.paths[0].name}, differ in FrameTime "
            f"(0018,1063): {_NEEDED}"
        )
    return found.pop()


def _known(
    durations: Sequence[float | None], said: str, name: str
) -> tuple[list[float] | None, str]:
    """Duration of each gate where they are stated, and what says so."""
    known = [one for one in durations if one is not None]
    if not known:
        return None, _EQUAL
    if len(known) < len(durations):
        without = durations.index(None) + 1
        raise FileFormatError(
            f"gate {without} of {name} does not state its duration ({said}), others "
            f"do: {_NEEDED}"
        )
    return known, f"by {said}"


def gated_frames(
    dataset: Dataset,
    frames: NDArray[Any],
    path: Path,
    *,
    quantity: Quantity,
    voxel_ml: float,
) -> Together:
    """All gates of a gated NM reconstruction together, and each of them.

    Raises
    ------
    FileFormatError
        A gate that is missing or has too few slices.
    """
    vectors = {
        keyword: numbers(dataset, keyword, None, path).astype(int)
        for keyword in ("TimeSlotVector", "SliceVector", "RRIntervalVector")
        if dataset.get(keyword) is not None
    }
    needed = ("TimeSlotVector", "SliceVector")
    if any(len(vectors.get(one, ())) != len(frames) for one in needed):
        raise FileFormatError(
            f"{path.name} is a gated reconstruction (ImageType (0008,0008) value 3) "
            "whose TimeSlotVector (0054,0070) and SliceVector (0054,0080) do not name "
            "each frame: an activity image must be a RECON TOMO, or have all its gates"
        )
    if len(set(vectors.get("RRIntervalVector", [1]))) > 1:
        raise FileFormatError(
            f"{path.name} has several cycle lengths (RRIntervalVector (0054,0060)), "
            f"not gates of one cycle: {_NEEDED}"
        )
    slots, places = vectors["TimeSlotVector"], vectors["SliceVector"]
    declared = number_if_any(dataset, "NumberOfTimeSlots", path, above=0)
    count, slices = int(declared or slots.max()), int(places.max())
    volumes = []
    for n in range(1, count + 1):
        own = np.flatnonzero(slots == n)
        order = own[np.argsort(places[own])]
        if sorted(places[own].tolist()) != list(range(1, slices + 1)):
            raise FileFormatError(
                f"gate {n} of the {count} of {path.name} has {len(own)} of {slices} "
                f"slices: {_NEEDED}"
            )
        volumes.append(frames[order])
    if slots.max() > count:
        raise FileFormatError(
            f"{path.name} has a gate {slots.max()}, but NumberOfTimeSlots (0054,0071) "
            f"is {count}: {_NEEDED}"
        )
    known, timed = _known(_slot_times(dataset, count, path), _SLOT, path.name)
    return gates_by_time(
        volumes, known, timed=timed, quantity=quantity, voxel_ml=voxel_ml
    )


_SLOT = "TimeSlotTime (0054,0073)"


def _slot_times(dataset: Dataset, count: int, path: Path) -> list[float | None]:
    """Duration of each gate in ms, where the file says it."""
    found: list[float | None] = []
    for gated in dataset.get("GatedInformationSequence") or []:
        for data in gated.get("DataInformationSequence") or []:
            for slot in data.get("TimeSlotInformationSequence") or []:
                found.append(number_if_any(slot, "TimeSlotTime", path, above=0))
    return found if len(found) == count else [None] * count
