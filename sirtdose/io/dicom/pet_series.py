"""What a PET series declares of itself, against the slices that are there."""

from collections.abc import Iterable, Sequence
from math import expm1, log, prod
from pathlib import Path

import numpy as np

from sirtdose.errors import FileFormatError
from sirtdose.io.dicom.header import (
    Dataset,
    number_if_any,
    stated_half_lives_h,
    tag_of,
    value_of,
)
from sirtdose.model.volume import Doubt

Doubts = tuple[Doubt, ...]

_PARTS = {"GATED": "a gated series", "DYNAMIC": "a dynamic series"}
_UNITS = {"GML": "g/mL", "CM2ML": "cm2/mL", "CNTS": "counts"}
# Gates, cycles and time slices: each holds every slice once more.
_REPEATS = ("NumberOfTimeSlices", "NumberOfTimeSlots", "NumberOfRRIntervals")
# Farther off than this, a dose would be too.
_FACTOR_TOLERANCE = 0.01
_LONGEST_MS = 30 * 86_400_000
# What an accepted doubt about the correction uses: what DecayCorrection says.
_AS_SAID = {
    "START": "assumed to be decay-corrected, by DecayCorrection START",
    "ADMIN": (
        "assumed to be decay-corrected to administration, by DecayCorrection ADMIN"
    ),
    "NONE": "assumed not to be decay-corrected, by DecayCorrection NONE",
}


def declared_slices(header: Dataset, path: Path) -> int | None:
    """How many slices a PET series has by its header; None where it does not say.

    NumberOfSlices (0054,0081) counts the places; time slices and gates repeat them.
    """
    slices = number_if_any(header, "NumberOfSlices", path, above=0)
    return None if slices is None else int(slices) * _repeats(header, path)


def _repeats(header: Dataset, path: Path) -> int:
    counts = [number_if_any(header, keyword, path) for keyword in _REPEATS]
    return prod(max(int(one or 1), 1) for one in counts)


def series_doubts(
    datasets: Sequence[Dataset],
    paths: Sequence[Path],
    half_lives_h: Iterable[float],
    *,
    gates: int = 1,
    decay: bool = True,
) -> Doubts:
    """What to ask of a series before its values are used: code of the check and words.

    `half_lives_h` are those that a scanner may have corrected with, the header's aside.
    `datasets` are those of the first of all `gates` that were read; `decay` is False of
    values that nothing is to be decay-corrected of.

    Raises
    ------
    FileFormatError
        A reprojection, or several gates or time slices together: no volume.
    """
    first, path = datasets[0], paths[0]
    return (
        *(_kind_doubts(first, path) if gates == 1 else ()),
        *_count_doubts(first, gates * len(datasets), path),
        *_intercept_doubts(datasets, paths),
        *(_factor_doubts(datasets, paths, half_lives_h) if decay else ()),
        *(_correction_doubts(datasets, paths) if decay else ()),
    )


def _kind_doubts(first: Dataset, path: Path) -> Doubts:
    kinds = [
        str(value).upper()
        for value in np.atleast_1d(value_of(first, "SeriesType", path) or [])
    ]
    if "REPROJECTION" in kinds:
        raise FileFormatError(
            f"{path.name} is a reprojection (SeriesType (0054,1000)): slices (IMAGE) "
            "are needed"
        )
    part = next((_PARTS[kind] for kind in kinds if kind in _PARTS), None)
    if part is None:
        return ()
    repeats = _repeats(first, path)
    if repeats > 1:
        raise FileFormatError(
            f"{path.name} is part of {part} of {repeats} parts (SeriesType "
            "(0054,1000)): give a STATIC or WHOLE BODY reconstruction of the whole "
            "scan"
        )
    said = f"it is {part} (SeriesType (0054,1000)), not STATIC or WHOLE BODY"
    return (
        Doubt(
            "H12",
            f"{said}: are its values those of the whole scan?",
            "its values are used as those of the whole scan",
        ),
    )


def _count_doubts(first: Dataset, there: int, path: Path) -> Doubts:
    declared = declared_slices(first, path)
    if declared is None or declared == there:
        return ()
    said = (
        f"NumberOfSlices (0054,0081) declares {declared} slices, but {there} are "
        "present"
    )
    used = f"the {there} slices that are present are used"
    return (Doubt("H17", f"{said}: is the series complete, and of one scan?", used),)


def _intercept_doubts(datasets: Sequence[Dataset], paths: Sequence[Path]) -> Doubts:
    added = [
        number_if_any(dataset, "RescaleIntercept", path) or 0.0
        for dataset, path in zip(datasets, paths, strict=True)
    ]
    most = max(added, key=abs)
    if not most:
        return ()
    units = str(value_of(datasets[0], "Units", paths[0]) or "").upper()
    unit = _UNITS.get(units, "Bq/mL")
    said = (
        f"RescaleIntercept (0028,1052) adds {most:g} {unit} to every voxel of a slice, "
        "but in PET it is 0"
    )
    used = "the values are used with this offset"
    return (Doubt("H12", f"{said}: was the image exported correctly?", used),)


def _factor_doubts(
    datasets: Sequence[Dataset], paths: Sequence[Path], half_lives_h: Iterable[float]
) -> Doubts:
    """A DecayFactor that no half-life explains from the frame's own times (H10)."""
    worst, at = 0.0, 0
    for k, (dataset, path) in enumerate(zip(datasets, paths, strict=True)):
        off = _off_factor(
            dataset, path, {*half_lives_h, *stated_half_lives_h(dataset, path)}
        )
        if off > worst:
            worst, at = off, k
    if worst <= _FACTOR_TOLERANCE:
        return ()
    written = number_if_any(datasets[at], "DecayFactor", paths[at])
    used = _AS_SAID.get(_correction(datasets[at], paths[at]), "used as they are")
    said = (
        f"{paths[at].name} has DecayFactor (0054,1321) = {written:g}, "
        f"{worst:.3g} from what its times, half-life and DecayCorrection give"
    )
    return (
        Doubt(
            "H10",
            f"{said}: the decay correction that was applied is not known",
            f"its values are {used}",
        ),
    )


def _correction_doubts(datasets: Sequence[Dataset], paths: Sequence[Path]) -> Doubts:
    """Slices whose DecayCorrection and CorrectedImage say opposite things (H10)."""
    for dataset, path in zip(datasets, paths, strict=True):
        kind = _correction(dataset, path)
        listed = np.atleast_1d(value_of(dataset, "CorrectedImage", path) or [])
        done = {str(one).strip().upper() for one in listed}
        if kind not in _AS_SAID or not done or ("DECY" in done) is (kind != "NONE"):
            continue
        has = "lists DECY" if "DECY" in done else "does not list DECY"
        said = (
            f"{path.name} has DecayCorrection (0054,1102) = {kind}, but its "
            f"CorrectedImage (0028,0051) {has}: was it decay-corrected?"
        )
        return (Doubt("H10", said, f"its values are {_AS_SAID[kind]}"),)
    return ()


def _correction(dataset: Dataset, path: Path) -> str:
    return str(value_of(dataset, "DecayCorrection", path) or "").upper()


def _milliseconds(dataset: Dataset, keyword: str, path: Path) -> float | None:
    """A time within a scan; one of months is refused."""
    value_ms = number_if_any(dataset, keyword, path)
    if value_ms is not None and abs(value_ms) > _LONGEST_MS:
        raise FileFormatError(
            f"{path.name} has {keyword} {tag_of(keyword)} = {value_ms:g} ms, longer "
            "than any scan: export the file again"
        )
    return value_ms


def _off_factor(dataset: Dataset, path: Path, half_lives_h: Iterable[float]) -> float:
    """How far DecayFactor is from the nearest that the frame's times can explain.

    To the frame's mean from the scan's start (Siemens), for the decay within the frame
    (GE), or both together (GE, later beds); 1 says nothing (Philips). A factor of
    another nuclide's is told of by H11.
    """
    written = number_if_any(dataset, "DecayFactor", path, above=0)
    kind = _correction(dataset, path)
    frame_ms, reference_ms = (
        _milliseconds(dataset, keyword, path)
        for keyword in ("ActualFrameDuration", "FrameReferenceTime")
    )
    if written is None or kind == "ADMIN":
        return 0.0
    explained = [1.0]
    if kind == "START" and (frame_ms is None or reference_ms is None):
        return 0.0
    if kind == "START" and frame_ms is not None and reference_ms is not None:
        for hours in half_lives_h:
            decay = log(2) / (hours * 3.6e6)
            x = decay * frame_ms
            within = x / -expm1(-x) if x > 1e-9 else 1.0
            since = float(np.exp(decay * reference_ms))
            explained += [within, since, within * since]
    return min(abs(written - one) for one in explained)
