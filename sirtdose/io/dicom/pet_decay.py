"""How a PET scanner corrected for decay: with which half-life, and to which moment."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from math import expm1, log
from operator import itemgetter
from pathlib import Path

from sirtdose.data.load import table
from sirtdose.errors import MissingTagError, QuantityError
from sirtdose.io.dicom.enhanced_pet import is_enhanced
from sirtdose.io.dicom.header import (
    Dataset,
    half_life_in_header_h,
    number,
    private_value,
    tag_of,
)
from sirtdose.io.dicom.stack import Stack
from sirtdose.io.dicom.time import (
    acquired_at,
    moment,
    on_its_clock,
    parse_date,
    parse_moment,
    parse_offset,
    parse_time_of_day,
    text_of,
)
from sirtdose.model.volume import Source

# Half-lives a PET may have been corrected with, h.
HALF_LIVES_H: dict[str, float] = {
    name: emitter["half_life_h"] for name, emitter in table("positron_emitters").items()
}
# A frame that begins later than this after its series is of a later bed.
_FIRST_BED_MS = 1000.0
# A frame of a PET is no shorter, and times of one clock are rounded by less.
_SHORTEST_S, _ROUNDED_S = 1.0, 60.0
# A scan takes less time.
_LONGEST_SCAN = timedelta(hours=6)
# Reference times of one series' slices agree to this.
_SAME_MOMENT_S = 5.0
_ADMIN = "DecayCorrection ADMIN: the time"


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
    return duration_s / 2 if x < 1e-8 else log(x / -expm1(-x)) / decay


def decay_factor_siemens(dataset: Dataset, half_life_h: float) -> float:
    """DecayFactor as Siemens writes it: from series start to the frame's mean."""
    seconds = float(dataset.FrameReferenceTime) / 1000
    return float(2.0 ** (seconds / 3600 / half_life_h))


def decay_factor_ge(dataset: Dataset, half_life_h: float) -> float:
    """DecayFactor as GE writes it: the decay during the frame.

    Of the first bed only: what a later one adds is not known.
    """
    if float(dataset.get("FrameReferenceTime") or 0) > _FIRST_BED_MS:
        raise ValueError("a later bed")
    x = log(2) * float(dataset.ActualFrameDuration) / 3.6e6 / half_life_h
    return x / -expm1(-x)


IDENTITIES = (decay_factor_siemens, decay_factor_ge)


def applied_half_life_h(
    datasets: Sequence[Dataset], path: Path, half_lives_h: Iterable[float]
) -> float | None:
    """Which half-life explains the slices' DecayFactor, the header's own included.

    Philips writes 1 always, which says nothing.
    """
    stated = half_life_in_header_h(datasets[0], path)
    errors: list[tuple[float, float | None]] = [
        (error, half_life_h)
        for half_life_h in [*([stated] if stated else []), *half_lives_h]
        for identity in IDENTITIES
        if (error := misfit(datasets, identity, half_life_h)) is not None
    ]
    error, best = min(errors, key=itemgetter(0), default=(1.0, None))
    return best if error < 0.02 else None


def misfit(
    datasets: Sequence[Dataset],
    identity: Callable[[Dataset, float], float],
    half_life_h: float,
) -> float | None:
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


@dataclass(frozen=True)
class PetReference:
    """When concentrations hold, and how that is known.

    `at` is None where the header does not say; `clock` is then the time of day of an
    administration whose day it leaves out.
    """

    at: datetime | None
    origin: str
    clock: time | None = None

    def of(self, source: Source) -> Source:
        """A source whose values hold at this moment, and not at the scan's start."""
        return replace(
            source,
            scan_start=self.at,
            scan_start_origin=self.origin,
            administration_clock=self.clock,
        )


def slice_references(
    stack: Stack, half_life_h: float, *, any_vendor: bool = False
) -> list[PetReference]:
    """The moment that each slice's values hold at: the same of all, but for NONE.

    `half_life_h` is taken where the header states none. With `any_vendor` the IBSI
    rule, by the mean of the frame, is used of every maker but GE.

    Raises
    ------
    MissingTagError, QuantityError
        A time that is needed is missing, or a correction that is not known.
    """
    each = zip(stack.datasets, stack.paths, strict=True)
    return [
        PetReference(*_slice_reference(one, path, half_life_h, any_vendor=any_vendor))
        for one, path in each
    ]


def reference_of(stack: Stack, half_life_h: float) -> PetReference:
    """The moment that a series' decay correction refers to.

    `half_life_h` is taken where the header states none.

    Raises
    ------
    QuantityError
        Slices that refer to different moments.
    """
    if str(stack.datasets[0].DecayCorrection).upper() == "ADMIN":
        return one_reference([administration_of(one) for one in stack.datasets])
    try:
        found = slice_references(stack, half_life_h)
    except (MissingTagError, QuantityError) as error:
        # The time may be given instead, or not be needed at all.
        return PetReference(None, str(error))
    return one_reference(found)


def one_reference(found: list[PetReference]) -> PetReference:
    """The moment of all slices, provided they agree on it."""
    first = found[0]
    placed = [one.at for one in found if one.at is not None]
    if len(placed) not in (0, len(found)) or len({one.clock for one in found}) > 1:
        raise QuantityError(
            "the slices are decay-corrected to different times, or some do not state "
            "the time: give the slices of one reconstruction"
        )
    spread = _spread(placed).total_seconds()
    if spread > _SAME_MOMENT_S:
        raise QuantityError(
            f"the slices' decay reference times are {spread:.1f} s apart: beds of "
            "several scans, or another convention; give the slices of one"
        )
    return first


def require_of_the_scan(found: list[PetReference], stack: Stack) -> None:
    """Refuse a reference time, a maker's own too, that is not of its slice's scan.

    Raises
    ------
    QuantityError
        Later than the slice was acquired, or longer before than a scan takes; or two
        times of acquisition that differ.
    """
    for one, dataset, path in zip(found, stack.datasets, stack.paths, strict=True):
        acquired, _ = acquired_at(dataset)
        _require_one_clock(dataset, acquired, path)
        if one.at is None or acquired is None:
            continue
        if (one.at.tzinfo is None) != (acquired.tzinfo is None):
            continue
        if -_LONGEST_SCAN <= one.at - acquired <= timedelta(seconds=_ROUNDED_S):
            continue
        raise QuantityError(
            f"{path.name} is decay-corrected to {one.at:%Y-%m-%d %H:%M} by "
            f"{one.origin}, but was acquired at {acquired:%Y-%m-%d %H:%M} "
            "(AcquisitionTime (0008,0032)): give --scan-at"
        )


def _require_one_clock(dataset: Dataset, at: datetime | None, path: Path) -> None:
    """Two acquisition times of one header that differ are a question."""
    whole = on_its_clock(parse_moment(text_of(dataset, "AcquisitionDateTime")), dataset)
    if at is None or whole is None or (at.tzinfo is None) != (whole.tzinfo is None):
        return
    if abs(whole - at) > timedelta(seconds=_ROUNDED_S):
        raise QuantityError(
            f"{path.name} has two acquisition times, {at:%Y-%m-%d %H:%M} "
            f"(AcquisitionTime) and {whole:%Y-%m-%d %H:%M} (AcquisitionDateTime): give "
            "--scan-at"
        )


def require_one_scan(found: list[PetReference]) -> None:
    """Refuse beds that are further apart than a scan takes.

    Raises
    ------
    QuantityError
    """
    spread = _spread([one.at for one in found if one.at is not None])
    if spread > _LONGEST_SCAN:
        raise QuantityError(
            f"the slices were acquired over {spread.total_seconds() / 3600:.1f} h, "
            "longer than a scan takes: correct their dates, or give the slices of one "
            "scan"
        )


def _spread(placed: list[datetime]) -> timedelta:
    if len({one.tzinfo is None for one in placed}) > 1:
        raise QuantityError(
            "only some slices state an offset from UTC (TimezoneOffsetFromUTC "
            "(0008,0201)): give the slices of one reconstruction"
        )
    return max(placed) - min(placed) if placed else timedelta(0)


def administration_of(dataset: Dataset) -> PetReference:
    """When the header says the activity was given; no day is ever made up."""
    for item in dataset.get("RadiopharmaceuticalInformationSequence") or []:
        written = text_of(item, "RadiopharmaceuticalStartDateTime")
        clock = parse_time_of_day(text_of(item, "RadiopharmaceuticalStartTime"))
        at = parse_moment(written)
        day = parse_date(written[:8])
        if at is None and len(written) <= len("20260302+0100") and day and clock:
            zone = parse_offset(written[8:])
            at = datetime.combine(day, clock, zone)
        at = on_its_clock(at, dataset)
        if at is not None:
            return PetReference(at, f"{_ADMIN} of the header's administration")
        if clock is not None:
            zone = parse_offset(text_of(dataset, "TimezoneOffsetFromUTC"))
            return PetReference(
                None,
                f"{_ADMIN} of administration, {clock:%H:%M} from "
                "RadiopharmaceuticalStartTime (0018,1072), which has no date",
                clock.replace(tzinfo=zone),
            )
    return PetReference(None, f"{_ADMIN} of administration")


def _slice_reference(
    dataset: Dataset, path: Path, half_life_h: float, *, any_vendor: bool = False
) -> tuple[datetime, str]:
    if is_enhanced(dataset):
        return _stated(dataset, path)
    acquired, _ = acquired_at(dataset)
    half_life_h = half_life_in_header_h(dataset, path) or half_life_h
    if str(dataset.DecayCorrection).upper() == "NONE":
        frame_s = _frame_s(dataset, path)
        return (
            _known(acquired, path)
            + timedelta(seconds=average_time_s(frame_s, half_life_h)),
            "AcquisitionTime and the frame's mean (DecayCorrection NONE)",
        )
    for group, creator, element in (
        (0x0071, "SIEMENS MED PT", 0x22),
        (0x0009, "GEMS_PETD_01", 0x0D),
    ):
        written = private_value(dataset, group, creator, element)
        private = on_its_clock(_private_moment(written), dataset)
        if private is not None:
            origin = f"private ({group:04X},xx{element:02X}) of {creator}"
            return private, origin
    if acquired is not None and acquired == moment(dataset, "SeriesDate", "SeriesTime"):
        return acquired, "AcquisitionTime, which is SeriesTime"
    known = _known(acquired, path)
    return _by_vendor(dataset, path, known, half_life_h, any_vendor=any_vendor)


def _stated(dataset: Dataset, path: Path) -> tuple[datetime, str]:
    """The moment of a frame of an enhanced PET, which says it."""
    start = text_of(dataset, "DecayCorrection") == "START"
    what = "DecayCorrectionDateTime" if start else "FrameReferenceDateTime"
    at = on_its_clock(parse_moment(text_of(dataset, what)), dataset)
    if at is None:
        how = "give --scan-at" if start else "correct the header"
        raise MissingTagError(f"{path.name} has no usable {what} {tag_of(what)}: {how}")
    return at, f"{what} {tag_of(what)}"


def _by_vendor(
    dataset: Dataset,
    path: Path,
    acquired: datetime,
    half_life_h: float,
    *,
    any_vendor: bool,
) -> tuple[datetime, str]:
    # Whole words: "Merge Healthcare" is no GE.
    maker = set(re.findall("[A-Z0-9]+", text_of(dataset, "Manufacturer").upper()))
    reference_s = _seconds(dataset, "FrameReferenceTime", path)
    if maker & {"GE", "GEMS"}:
        return acquired - timedelta(
            seconds=reference_s
        ), "AcquisitionTime - FrameReferenceTime"
    frame_s = _frame_s(dataset, path)
    if any_vendor or maker & {"SIEMENS", "CPS"}:
        middle = average_time_s(frame_s, half_life_h)
        how = "AcquisitionTime + mean of the frame - FrameReferenceTime"
    elif "PHILIPS" in maker:
        middle = frame_s / 2
        how = "AcquisitionTime + half the frame - FrameReferenceTime"
    else:
        raise QuantityError(
            f"{path.name} is decay-corrected to a time that is not known for this "
            "manufacturer: give --scan-at"
        )
    if middle - reference_s > _SHORTEST_S and not any_vendor:
        raise QuantityError(
            f"{path.name} has FrameReferenceTime (0054,1300) = {1e3 * reference_s:g} "
            f"ms, before the mean of its own frame of {frame_s:g} s: one of them is "
            "wrong; give --scan-at"
        )
    return acquired + timedelta(seconds=middle - reference_s), how


def _frame_s(dataset: Dataset, path: Path) -> float:
    frame_s = _seconds(dataset, "ActualFrameDuration", path)
    if frame_s < _SHORTEST_S:
        raise QuantityError(
            f"{path.name} has ActualFrameDuration (0018,1242) = {1e3 * frame_s:g} ms, "
            "which may be in s: correct the header, or give --scan-at"
        )
    return frame_s


def _known(acquired: datetime | None, path: Path) -> datetime:
    if acquired is None:
        raise MissingTagError(
            f"{path.name} has no usable AcquisitionDate (0008,0022) and "
            "AcquisitionTime (0008,0032): give --scan-at"
        )
    return acquired


def _seconds(dataset: Dataset, keyword: str, path: Path) -> float:
    return number(dataset, keyword, path, "give --scan-at") / 1000


def _private_moment(value: object) -> datetime | None:
    if isinstance(value, bytes):
        value = value.decode("ascii", "ignore")
    return parse_moment(str(value or ""))
