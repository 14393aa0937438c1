"""PET series to activity concentration at a reference time.

What the reference time is, and which half-life the scanner really used, is in the
header only between the lines; where it is not, reading stops.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import expm1, log
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import MissingTagError, QuantityError
from sirtdose.io.dicom_header import (
    half_life_h as stated_half_life_h,
)
from sirtdose.io.dicom_header import (
    moment,
    number,
    private_value,
    reading_dicom,
    required,
)
from sirtdose.io.dicom_pet_series import series_doubts
from sirtdose.io.dicom_stack import Stack, read_stack
from sirtdose.model.volume import Quantity, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SOP_CLASS_UID = "1.2.840.10008.5.1.4.1.1.128"
REFUSED_SOP_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.130": "Enhanced PET",
    "1.2.840.10008.5.1.4.1.1.128.1": "Legacy Converted Enhanced PET",
}
_UNITS = {
    "GML": "SUV (g/mL)",
    "CM2ML": "SUV by body surface",
    "CNTS": "counts",
    "PROPCNTS": "proportional to counts",
    "PROPCPS": "proportional to counts per second",
    "NONE": "without unit",
}
# Half-lives a PET may have been corrected with, h.
HALF_LIVES_H = {
    "Y-90": 64.05,
    "F-18": 6586.2 / 3600,
    "Ga-68": 67.71 / 60,
    "Ge-68": 270.95 * 24,
    "C-11": 20.36 / 60,
    "Cu-64": 12.701,
    "Zr-89": 78.41,
}
# A frame that begins later than this after its series is of a later bed.
_FIRST_BED_MS = 1000.0
# Reference times of one series' slices agree to this.
_SAME_MOMENT_S = 5.0


def read_pet(
    paths: Sequence[Path],
    headers: "Sequence[Dataset]" = (),
    *,
    header_nuclide_was: str | None = None,
) -> Volume:
    """Read a PET series as Bq/mL at its decay reference time.

    Parameters
    ----------
    paths : sequence of Path
        The slices, in any order.
    headers : sequence of Dataset, optional
        Of the same files in the same order; read where not given.
    header_nuclide_was : str, optional
        The nuclide the scanner was told, where it was told wrong: its decay
        correction is undone and Y-90's applied.

    Raises
    ------
    QuantityError
        Not in Bq/mL, or corrected for decay in a way the header does not say.
    MissingTagError
        A unit, decay correction or time is missing.
    """
    with reading_dicom(paths[0]):
        stack = read_stack(paths, "PET", headers)
    first, path = stack.datasets[0], stack.paths[0]
    for dataset, its_path in zip(stack.datasets, stack.paths, strict=True):
        with reading_dicom(its_path):
            _require_bq_per_ml(dataset, its_path)
            _require_alike(dataset, its_path, first)
    with reading_dicom(path):
        source = replace(
            stack.source,
            doubts=(
                *stack.source.doubts,
                *series_doubts(stack.datasets, stack.paths, HALF_LIVES_H.values()),
            ),
            decay_correction=_decay_correction(first, path),
            applied_half_life_h=applied_half_life_h(stack.datasets, path),
        )
        data = stack.data
        if header_nuclide_was is not None:
            data = _corrected_again(stack, header_nuclide_was)
            source = replace(
                source,
                applied_half_life_h=HALF_LIVES_H["Y-90"],
                remarks=(
                    *source.remarks,
                    f"decay correction of {header_nuclide_was} undone, of Y-90 applied",
                ),
            )
        reference, origin = _reference(stack)
    source = replace(source, scan_start=reference, scan_start_origin=origin)
    return Volume(data, stack.grid, Quantity.ACTIVITY_CONCENTRATION, source)


def _require_bq_per_ml(dataset: "Dataset", path: Path) -> None:
    units = str(required(dataset, "Units", path, "BQML is needed")).upper()
    if units != "BQML":
        said = _UNITS.get(units, "another unit")
        if units in ("GML", "CM2ML"):
            said += "; an SUV cannot be turned back safely"
        if str(dataset.get("DecayCorrection", "")).upper() == "ADMIN":
            said += ", corrected for decay to administration"
        raise QuantityError(
            f"{path.name} has Units (0054,1001) = {units}, {said} (H12): reconstruct "
            "the PET in Bq/mL (BQML)"
        )
    slope = number(dataset, "RescaleSlope", path, "each slice has its own")
    if slope < 0:
        raise QuantityError(
            f"{path.name} has RescaleSlope (0028,1053) = {slope:g}: it must be above 0"
        )


def _require_alike(dataset: "Dataset", path: Path, first: "Dataset") -> None:
    ours, its = (str(one.get("DecayCorrection", "")) for one in (first, dataset))
    if its != ours:
        raise QuantityError(
            f"{path.name} has DecayCorrection (0054,1102) = '{its}', other slices "
            f"'{ours}': give the slices of one reconstruction"
        )


def _decay_correction(dataset: "Dataset", path: Path) -> str:
    kind = str(required(dataset, "DecayCorrection", path)).upper()
    if kind not in ("START", "ADMIN", "NONE"):
        raise QuantityError(
            f"{path.name} has DecayCorrection (0054,1102) = {kind}: START, ADMIN or "
            "NONE is needed"
        )
    return kind


def average_time_s(duration_s: float, half_life_h: float) -> float:
    r"""Time in a frame at which the activity is its mean over the frame.

    .. math:: t = \frac{1}{\lambda} \ln \frac{\lambda T}{1 - e^{-\lambda T}}

    Examples
    --------
    For a short frame it is the middle: 60 s of F-18, 30 s.

    >>> round(average_time_s(60.0, 6586.2 / 3600), 2)
    29.98
    """
    decay = log(2) / (half_life_h * 3600)
    x = decay * duration_s
    if x < 1e-8:
        return duration_s / 2
    return log(x / -expm1(-x)) / decay


def decay_factor_siemens(dataset: "Dataset", half_life_h: float) -> float:
    """DecayFactor as Siemens writes it: from series start to the frame's mean."""
    seconds = float(dataset.FrameReferenceTime) / 1000
    return float(2.0 ** (seconds / 3600 / half_life_h))


def decay_factor_ge(dataset: "Dataset", half_life_h: float) -> float:
    """DecayFactor as GE writes it: the decay during the frame.

    Of the first bed only: what a later one adds is not known.
    """
    if float(dataset.get("FrameReferenceTime") or 0) > _FIRST_BED_MS:
        raise ValueError("a later bed")
    x = log(2) * float(dataset.ActualFrameDuration) / 3.6e6 / half_life_h
    return x / -expm1(-x)


_IDENTITIES = (decay_factor_siemens, decay_factor_ge)


def applied_half_life_h(datasets: "Sequence[Dataset]", path: Path) -> float | None:
    """The half-life that explains the slices' DecayFactor, if one does.

    Philips writes 1 always, which says nothing.
    """
    candidates = dict.fromkeys(HALF_LIVES_H.values())
    stated = _stated_half_life_h(datasets[0], path)
    if stated:
        candidates = dict.fromkeys([stated, *candidates])
    sampled = datasets[:: max(len(datasets) // 8, 1)]
    best: tuple[float, float] | None = None
    for half_life_h in candidates:
        for identity in _IDENTITIES:
            error = _misfit(sampled, identity, half_life_h)
            if error is not None and (best is None or error < best[0]):
                best = error, half_life_h
    return best[1] if best is not None and best[0] < 0.02 else None


def _misfit(datasets, identity, half_life_h: float) -> float | None:  # type: ignore[no-untyped-def]
    """Largest deviation of the factors' excess over 1, as a part of that excess."""
    worst = 0.0
    for dataset in datasets:
        try:
            written = float(dataset.DecayFactor)
            expected = identity(dataset, half_life_h)
        except (AttributeError, TypeError, ValueError, OverflowError):
            return None
        excess = max(abs(written - 1), abs(expected - 1))
        if abs(written - 1) < 1e-6 and excess < 1e-6:
            return None
        worst = max(worst, abs(written - expected) / excess)
    return worst


def _stated_half_life_h(dataset: "Dataset", path: Path) -> float | None:
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        hours = stated_half_life_h(item, path)
        if hours:
            return hours
    return None


def _corrected_again(stack: Stack, nuclide: str) -> NDArray[np.float32]:
    if nuclide not in HALF_LIVES_H:
        raise QuantityError(
            f"--header-nuclide-was {nuclide} is not known: use "
            f"{', '.join(HALF_LIVES_H)}"
        )
    wrong_h, right_h = HALF_LIVES_H[nuclide], HALF_LIVES_H["Y-90"]
    fits = [
        (_misfit(stack.datasets, identity, wrong_h), identity)
        for identity in _IDENTITIES
    ]
    if str(stack.datasets[0].DecayCorrection).upper() == "ADMIN":
        raise QuantityError(
            f"{stack.paths[0].name} is corrected for decay to administration "
            f"(DecayCorrection (0054,1102) = ADMIN), as {nuclide}, and by how much its "
            "header does not say: reconstruct it as Y-90, or with START"
        )
    known = [(error, identity) for error, identity in fits if error is not None]
    error, identity = min(known, key=lambda pair: pair[0], default=(1.0, None))
    if identity is None or error > 0.02:
        raise QuantityError(
            f"{stack.paths[0].name}: DecayFactor (0054,1321) is not that of {nuclide}: "
            "its correction cannot be undone"
        )
    data = stack.data.astype(np.float32)
    for k, dataset in enumerate(stack.datasets):
        data[k] *= identity(dataset, right_h) / float(dataset.DecayFactor)
    return data


def _reference(stack: Stack) -> tuple[datetime | None, str]:
    """When the concentrations hold, and how that is known."""
    first = stack.datasets[0]
    if str(first.DecayCorrection).upper() == "ADMIN":
        injected = _administration(first)
        at = "of the header's administration" if injected else "of administration"
        return injected, f"DecayCorrection ADMIN: the time {at}"
    moments = []
    try:
        for dataset, path in zip(stack.datasets, stack.paths, strict=True):
            found, origin = _slice_reference(dataset, path)
            moments.append(found)
    except (MissingTagError, QuantityError) as error:
        # The time may be given instead, or not be needed at all.
        return None, str(error)
    spread = (max(moments) - min(moments)).total_seconds()
    if spread > _SAME_MOMENT_S:
        raise QuantityError(
            f"the slices' decay reference times are {spread:.1f} s apart: beds of "
            "several scans, or another convention; give the slices of one"
        )
    return moments[0], origin


def _administration(dataset: "Dataset") -> datetime | None:
    """When the header says the activity was given."""
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        written = str(item.get("RadiopharmaceuticalStartDateTime", "") or "")
        written = written.split("+")[0].split("-")[0]
        date = written[:8] or str(dataset.get("SeriesDate", "") or "")
        time = written[8:] or str(item.get("RadiopharmaceuticalStartTime", "") or "")
        offset = str(dataset.get("TimezoneOffsetFromUTC", "") or "")
        return moment({"D": date, "T": time, "TimezoneOffsetFromUTC": offset}, "D", "T")
    return None


def _slice_reference(dataset: "Dataset", path: Path) -> tuple[datetime, str]:
    acquired = moment(dataset, "AcquisitionDate", "AcquisitionTime")
    half_life_h = _stated_half_life_h(dataset, path) or HALF_LIVES_H["Y-90"]
    if str(dataset.DecayCorrection).upper() == "NONE":
        frame_s = _seconds(dataset, "ActualFrameDuration", path)
        return (
            _known(acquired, path) + _span(average_time_s(frame_s, half_life_h)),
            "AcquisitionTime and the frame's mean (DecayCorrection NONE)",
        )
    for group, creator, element in (
        (0x0071, "SIEMENS MED PT", 0x22),
        (0x0009, "GEMS_PETD_01", 0x0D),
    ):
        written = private_value(dataset, group, creator, element)
        private = _private_moment(written)
        if private is not None:
            return private, f"private ({group:04X},xx{element:02X}) of {creator}"
    started = moment(dataset, "SeriesDate", "SeriesTime")
    if acquired is not None and acquired == started:
        return acquired, "AcquisitionTime, which is SeriesTime"
    return _by_vendor(dataset, path, _known(acquired, path), half_life_h)


def _by_vendor(
    dataset: "Dataset", path: Path, acquired: datetime, half_life_h: float
) -> tuple[datetime, str]:
    maker = str(dataset.get("Manufacturer", "")).upper()
    reference_s = _seconds(dataset, "FrameReferenceTime", path)
    if "GE " in f"{maker} " or maker.startswith("GEMS"):
        return acquired - _span(reference_s), "AcquisitionTime - FrameReferenceTime"
    frame_s = _seconds(dataset, "ActualFrameDuration", path)
    if "SIEMENS" in maker or "CPS" in maker:
        middle = average_time_s(frame_s, half_life_h)
        how = "AcquisitionTime + mean of the frame - FrameReferenceTime"
    elif "PHILIPS" in maker:
        middle = frame_s / 2
        how = "AcquisitionTime + half the frame - FrameReferenceTime"
    else:
        raise QuantityError(
            f"{path.name}: to which moment its decay is corrected is not known for "
            "this manufacturer: give --scan-at"
        )
    return acquired + _span(middle - reference_s), how


def _known(acquired: datetime | None, path: Path) -> datetime:
    if acquired is None:
        raise MissingTagError(
            f"{path.name} has no usable AcquisitionDate (0008,0022) and "
            "AcquisitionTime (0008,0032): give --scan-at"
        )
    return acquired


def _seconds(dataset: "Dataset", keyword: str, path: Path) -> float:
    return number(dataset, keyword, path, "give --scan-at") / 1000


def _span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _private_moment(value: object) -> datetime | None:
    if value is None:
        return None
    raw = value.decode("ascii", "ignore") if isinstance(value, bytes) else str(value)
    digits = raw.strip().rstrip("\0")
    for form in ("%Y%m%d%H%M%S.%f", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(digits[: 14 + 7], form)
        except ValueError:
            continue
    return None
