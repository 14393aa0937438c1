"""What a PET's header says of the injection: the activity, its half-life, and when."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path

from sirtdose.errors import MissingTagError, QuantityError
from sirtdose.io.dicom.header import Dataset, number, tag_of
from sirtdose.io.dicom.time import (
    on_its_clock,
    parse_moment,
    parse_offset,
    parse_time_of_day,
    text_of,
    typed_on_its_clock,
)
from sirtdose.model.uptake import UptakeGiven

# A smaller activity in Bq was written in another unit: kBq, MBq, or mCi.
LEAST_BQ = 1e6
# IBSI: what is smaller was written in MBq.
_IBSI_LEAST_BQ = 1e4
# Above this a time of day may be of another day than the scan's, or the one before.
_LONG_LIVED_H = 11.5
# IBSI: injection times further off than this have a date that is not theirs.
_IBSI_BEFORE = timedelta(hours=-1)
_IBSI_HALF_LIVES = 2
# Longer than this after it, a scan of a short-lived tracer is of another injection.
_LONGEST_HALF_LIVES = 6
_SAME = timedelta(minutes=1)
_DATE_TIME = "RadiopharmaceuticalStartDateTime"
_TIME = "RadiopharmaceuticalStartTime"


@dataclass(frozen=True)
class InjectionTime:
    """When the tracer was injected, and what had to be assumed for it."""

    at: datetime
    remark: str = ""


def tracer_item(dataset: Dataset, path: Path) -> Dataset:
    """The tracer's own part of the header: the only one.

    Raises
    ------
    MissingTagError, QuantityError
        None, or several.
    """
    items = list(dataset.get("RadiopharmaceuticalInformationSequence") or [])
    if not items:
        raise MissingTagError(
            f"{path.name} has no RadiopharmaceuticalInformationSequence "
            f"{tag_of('RadiopharmaceuticalInformationSequence')}: the half-life is not "
            "known; export the PET with it"
        )
    if len(items) > 1:
        raise QuantityError(
            f"{path.name} has {len(items)} radiopharmaceuticals: an SUV is of one"
        )
    found: Dataset = items[0]
    return found


def injected_mbq(item: Dataset, path: Path, given: UptakeGiven) -> tuple[float, str]:
    """The injected activity in MBq, and what had to be assumed.

    Raises
    ------
    MissingTagError, FileFormatError, QuantityError
        Absent, not above 0, or far too small for Bq.
    """
    if given.injected_mbq is not None:
        return given.injected_mbq, ""
    what = "RadionuclideTotalDose"
    bq = number(item, what, path, "give --injected, for example 300MBq", above=0)
    if bq >= (_IBSI_LEAST_BQ if given.ibsi else LEAST_BQ):
        return bq / 1e6, ""
    said = f"{path.name} has {what} {tag_of(what)} = {bq:g} Bq"
    if not given.ibsi:
        raise QuantityError(
            f"{said}, too little to be seen: it may be in kBq, MBq or mCi; give "
            "--injected, for example --injected 300MBq"
        )
    return bq, f"{said}, taken as MBq (IBSI)"


def half_life_h(item: Dataset, path: Path) -> float:
    """The half-life that the header states, h.

    Raises
    ------
    MissingTagError, FileFormatError
        Absent, or not above 0.
    """
    seconds = number(
        item,
        "RadionuclideHalfLife",
        path,
        "an activity cannot be decay-corrected without it; correct the header",
        above=0,
    )
    return seconds / 3600


def injected_at(
    item: Dataset,
    dataset: Dataset,
    path: Path,
    *,
    reference_at: datetime,
    half_life: float,
    given: UptakeGiven,
) -> InjectionTime:
    """When the tracer was injected, before the moment `reference_at`.

    Raises
    ------
    MissingTagError, QuantityError
        No time; one whose day cannot be known; two that differ; or one after the scan,
        or too long before it.
    """
    typed = typed_injection(
        dataset, path, reference_at=reference_at, given=given, half_life=half_life
    )
    if typed is not None:
        return InjectionTime(typed)
    whole = on_its_clock(parse_moment(text_of(item, _DATE_TIME)), dataset)
    clock = parse_time_of_day(text_of(item, _TIME))
    if whole is not None:
        after = _apart(reference_at, whole, path)
        if not given.ibsi:
            _require_one(whole, clock, path)
            where = f"{_DATE_TIME} {tag_of(_DATE_TIME)} of {path.name}"
            _require_before(whole, reference_at, where, half_life)
            return InjectionTime(whole)
        if _IBSI_BEFORE <= after < timedelta(hours=_IBSI_HALF_LIVES * half_life):
            return InjectionTime(whole)
        clock = whole.time()
    if clock is None:
        raise MissingTagError(
            f"{path.name} has no usable {_DATE_TIME} {tag_of(_DATE_TIME)} and no "
            f"{_TIME} {tag_of(_TIME)}: give --injected-at"
        )
    zone = reference_at.tzinfo or parse_offset(
        text_of(dataset, "TimezoneOffsetFromUTC")
    )
    day = datetime.combine(reference_at.date(), clock, zone)
    return _on_a_day(day, path, reference_at, half_life=half_life, ibsi=given.ibsi)


def typed_injection(
    dataset: Dataset,
    path: Path,
    *,
    reference_at: datetime,
    given: UptakeGiven,
    half_life: float | None = None,
) -> datetime | None:
    """The injection as a person says, before the moment `reference_at`; None if not.

    Raises
    ------
    QuantityError
        It is after the scan, or too long before it where the half-life is known.
    """
    typed = typed_on_its_clock(given.injected_at, dataset, "--injected-at")
    if typed is not None:
        _apart(reference_at, typed, path)
        _require_before(typed, reference_at, "--injected-at", half_life)
    return typed


def _require_one(whole: datetime, clock: time | None, path: Path) -> None:
    """Two injection times of one header that differ are a question."""
    if clock is None:
        return
    own = datetime.combine(whole.date(), clock)
    if abs(whole.replace(tzinfo=None) - own) > _SAME:
        raise QuantityError(
            f"{path.name} has two injection times, {whole:%Y-%m-%d %H:%M} "
            f"({_DATE_TIME}) and {clock:%H:%M} ({_TIME}): give --injected-at"
        )


def _on_a_day(
    at: datetime, path: Path, reference_at: datetime, *, half_life: float, ibsi: bool
) -> InjectionTime:
    """A time of day, on the day of the scan or the one before."""
    said = f"the time of the injection, {at:%H:%M}, is stated without a day of its own"
    if half_life >= _LONG_LIVED_H:
        raise QuantityError(
            f"{path.name}: {said}, and the half-life is {half_life:.3g} h: give "
            "--injected-at"
        )
    earliest = _IBSI_BEFORE if ibsi else timedelta(0)
    if reference_at - at >= earliest:
        how = "taken as that of the scan"
    else:
        at -= timedelta(days=1)
        how = "taken as the day before the scan"
    if not ibsi:
        _require_before(at, reference_at, f"{_TIME} {tag_of(_TIME)}", half_life)
    return InjectionTime(at, f"{said}: {how}")


def _apart(later: datetime, earlier: datetime, path: Path) -> timedelta:
    if (later.tzinfo is None) != (earlier.tzinfo is None):
        raise QuantityError(
            f"{path.name} states an offset from UTC for only one of the injection and "
            "the scan: give --injected-at and --scan-at"
        )
    return later - earlier


def _require_before(
    at: datetime, reference_at: datetime, where: str, half_life: float | None
) -> None:
    after = reference_at - at
    said = f"{where} is {at:%Y-%m-%d %H:%M}"
    if after < timedelta(0):
        raise QuantityError(
            f"{said}, after the scan ({reference_at:%Y-%m-%d %H:%M}): give "
            "--injected-at, and --scan-at where the scan's time is wrong"
        )
    if half_life and after > timedelta(hours=_LONGEST_HALF_LIVES * half_life):
        hours = after.total_seconds() / 3600
        raise QuantityError(
            f"{said}, {hours:.1f} h before the scan, which is over "
            f"{_LONGEST_HALF_LIVES} half-lives: give --injected-at"
        )
