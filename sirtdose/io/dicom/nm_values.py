"""Stored NM pixels to counts: every vendor keeps the scale somewhere else."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import QuantityError
from sirtdose.io.dicom.header import Dataset, number_if_any, private_value, shown
from sirtdose.io.dicom.pixels import scale_of
from sirtdose.model.volume import Quantity

# In lower case.
_COUNTS = ("{counts}", "{count}", "counts", "cnts", "1", "")
# What adds to the values, by what scales them.
_ADDS = {
    "RescaleSlope": "RescaleIntercept (0028,1052)",
    "RealWorld": "RealWorldValueIntercept (0040,9224)",
    "Pixel Scale": "offset (0011,xx3C) of GEMS_GENIE_1",
}
_CONCENTRATIONS = {"bq/ml": 1.0, "bqml": 1.0, "kbq/ml": 1e3, "mbq/ml": 1e6}


def nm_values(
    dataset: Dataset, frames: NDArray[Any], path: Path
) -> tuple[NDArray[Any], Quantity, str]:
    """Values of the frames, in stored order, what they measure, and what was added.

    What was added to each of them is empty, or names the attribute and the amount.

    RescaleSlope, RealWorldValueMapping (Hermes, quantitative SPECT) and GE's private
    Pixel Scale, found by its creator, are the three places a scale is kept. More
    than one that differ are refused.

    Raises
    ------
    QuantityError
        Scales that differ, are not positive, or map to an unknown unit.
    """
    scales: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
    quantity = Quantity.COUNTS
    if "RescaleSlope" in dataset or "RescaleIntercept" in dataset:
        one, add = scale_of(dataset, path)
        scales["RescaleSlope (0028,1053)"] = np.array([one]), np.array([add])
    mapping = dataset.get("RealWorldValueMappingSequence")
    if mapping:
        slope, intercept, quantity = _real_world(_only(mapping, path), path)
        scales["RealWorldValueMappingSequence (0040,9096)"] = slope, intercept
    pixel_scale = _numbers(private_value(dataset, 0x0011, "GEMS_GENIE_1", 0x3B))
    if pixel_scale is not None:
        offset = _numbers(private_value(dataset, 0x0011, "GEMS_GENIE_1", 0x3C))
        scales["Pixel Scale (0011,xx3B) of GEMS_GENIE_1"] = (
            pixel_scale,
            np.zeros(1) if offset is None else offset,
        )
    values, added = _scaled(frames, scales, path)
    return values, quantity, added


def _scaled(
    frames: NDArray[Any],
    scales: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    path: Path,
) -> tuple[NDArray[Any], str]:
    if not scales:
        return frames, ""
    empty = np.array([not frame.any() for frame in frames])
    for name, (slope, intercept) in scales.items():
        # A scale of 0 is right for a frame whose pixels are all 0.
        none = empty if slope.size == empty.size else empty.all()
        positive = (slope > 0) | ((slope == 0) & none)
        if not (
            positive.all() and np.isfinite(slope).all() and np.isfinite(intercept).all()
        ):
            raise QuantityError(
                f"{path.name} has {name} = {shown(slope)}: finite numbers above 0 "
                "are needed"
            )
        if slope.size not in (1, len(frames)) or intercept.size not in (1, len(frames)):
            raise QuantityError(
                f"{path.name} has {name} for {slope.size} frames, but {len(frames)} "
                "frames: export it again"
            )
    # A scale that changes nothing does not contradict one that does.
    meant = {
        name: (slope, intercept)
        for name, (slope, intercept) in scales.items()
        if (slope != 1).any() or (intercept != 0).any()
    }
    if not meant:
        return frames, ""
    (name, (slope, intercept)), *others = meant.items()
    for other, (its_slope, its_intercept) in others:
        if not (
            np.allclose(slope, its_slope, 1e-6)
            and np.allclose(intercept, its_intercept, 1e-6, 1e-6)
        ):
            raise QuantityError(
                f"{path.name} has {name} = {shown(slope)} and {other} = "
                f"{shown(its_slope)}: which scale applies is not known; export it "
                "with one"
            )
    most = float(intercept[np.abs(intercept).argmax()])
    adds = next((word for kind, word in _ADDS.items() if name.startswith(kind)), name)
    return (
        frames * slope.reshape(-1, 1, 1) + intercept.reshape(-1, 1, 1),
        f"{adds} = {most:g}" if most else "",
    )


def _only(mapping: Sequence[Dataset], path: Path) -> Dataset:
    """The mapping, or of several the one in Bq/ml where there is one."""
    if len(mapping) == 1:
        return mapping[0]
    in_bq = [item for item in mapping if _unit(item).lower() in _CONCENTRATIONS]
    if len(in_bq) != 1:
        units = ", ".join(f"'{_unit(item)}'" for item in mapping)
        raise QuantityError(
            f"{path.name} maps its values in {len(mapping)} ways, to {units} "
            "(RealWorldValueMappingSequence (0040,9096)): which one applies is not "
            "known; export it with one"
        )
    return in_bq[0]


def _unit(item: Dataset) -> str:
    codes = item.get("MeasurementUnitsCodeSequence") or []
    return str(codes[0].get("CodeValue", "")).strip() if codes else ""


def _real_world(
    item: Dataset, path: Path
) -> tuple[NDArray[np.float64], NDArray[np.float64], Quantity]:
    slope, intercept = (
        number_if_any(item, keyword, path)
        for keyword in ("RealWorldValueSlope", "RealWorldValueIntercept")
    )
    if slope is None or intercept is None:
        raise QuantityError(
            f"{path.name} has a RealWorldValueMappingSequence (0040,9096) without a "
            "slope and intercept: a look-up table is not supported"
        )
    written = _unit(item)
    unit = written.lower()
    if unit in _CONCENTRATIONS:
        factor, quantity = _CONCENTRATIONS[unit], Quantity.ACTIVITY_CONCENTRATION
    elif unit in _COUNTS:
        factor, quantity = 1.0, Quantity.COUNTS
    else:
        raise QuantityError(
            f"{path.name} maps its values to '{written}' (MeasurementUnitsCodeSequence "
            "(0040,08EA)): counts or Bq/ml are needed"
        )
    return (
        np.array([slope * factor]),
        np.array([intercept * factor]),
        quantity,
    )


def _numbers(value: object) -> NDArray[np.float64] | None:
    """A private element's numbers, whether stored as text, bytes or floats."""
    if value is None:
        return None
    if isinstance(value, bytes):
        try:
            parts = value.decode("ascii").strip(" \0").split("\\")
            return np.array([float(part) for part in parts], dtype=np.float64)
        except (UnicodeDecodeError, ValueError):
            return np.frombuffer(value, "<f8")
    return np.atleast_1d(np.asarray(value, dtype=np.float64))
