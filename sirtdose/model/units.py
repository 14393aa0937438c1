"""A quantity written with its unit, read into the one unit used inside.

A bare number is never accepted: GBq typed for mCi has harmed patients.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from datetime import timezone as fixed_zone
from typing import TYPE_CHECKING, Final

from sirtdose.errors import QuantityError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

MCI_PER_GBQ: Final = 1000 / 37

# Beyond these, in the unit used inside, nothing is measured.
_LEAST, _MOST = 1e-9, 1e9
# No clock change moves clocks by more.
_CHANGE = timedelta(hours=1)

# Radioembolization is of this time.
_FIRST_YEAR, _LAST_YEAR = 1950, 2200

_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*?)\s*")
# Thousands apart, and what is a number with one of any separator in it.
_SPACED = re.compile(r"\s*[+-]?\d+(?:[ ']|\.\d+\.)\d")
_MARKED = re.compile(r"\s*[+-]?(\d[\d,.' ]*\d)\s*((?:[^\d,.].*)?)")
# Units that a prefix of the other case makes another quantity of.
_PREFIXES = {"m": "milli", "M": "mega", "G": "giga", "k": "kilo", "T": "tera"}
_PREFIXED = {"Bq": "becquerel", "Ci": "curie", "Gy": "gray"}


@dataclass(frozen=True)
class Measure:
    """A kind of quantity: what it is, the unit used inside, the units accepted."""

    name: str
    unit: str
    factors: dict[str, float]
    example: str
    allows_zero: bool = True

    @property
    def article(self) -> str:
        """The one that goes before its name."""
        return "an" if self.name[0] in "aeiou" else "a"

    @property
    def suffix(self) -> str:
        """What a name of such a quantity ends in.

        >>> ACTIVITY.suffix, DENSITY.suffix, FRACTION.suffix
        ('gbq', 'g_per_ml', 'fraction')
        """
        unit = self.unit.lower().replace("/", "_per_").replace(" ", "_")
        return "fraction" if unit == "1" else unit

    def parse(self, text: str) -> float:
        """Read text such as ``"45 mCi"`` into this measure's unit.

        Raises
        ------
        QuantityError
            No number, no unit, an unknown unit, or a negative value.

        Examples
        --------
        37 GBq is one curie, so 45 mCi are 45 * 0.037 = 1.665 GBq.

        >>> round(ACTIVITY.parse("45 mCi"), 6)
        1.665
        """
        number, unit = _split(text, self)
        if unit not in self.factors:
            raise QuantityError(_unit_refused(text, unit, self))
        value = number * self.factors[unit]
        if value and not _LEAST <= abs(value) <= _MOST:
            raise QuantityError(
                f"'{text}' is not a possible {self.name}: give a value such as "
                f"{self.example}"
            )
        if number < 0 or (number == 0 and not self.allows_zero):
            raise QuantityError(
                f"'{text}' is not a possible {self.name}: it must be "
                f"{'0 or more' if self.allows_zero else 'above 0'}, for example "
                f"{self.example}"
            )
        return value


def _split(text: str, measure: "Measure") -> tuple[float, str]:
    match = _NUMBER.fullmatch(text)
    if match is None or "," in text or _SPACED.match(text):
        raise QuantityError(_number_refused(text, measure))
    number = float(match[1])
    if number in (float("inf"), float("-inf")):
        raise QuantityError(f"'{text}' is too large for a {measure.name}")
    # A keyboard's micro sign and the Greek letter look the same.
    return number, match[2].replace("\u03bc", "\u00b5").replace("\u00b3", "3")


def _number_refused(text: str, measure: "Measure") -> str:
    """What is wrong with a number: which of its signs may mean two things."""
    match = _MARKED.fullmatch(text)
    if match is None:
        return (
            f"'{text}' is not {measure.article} {measure.name}: write a number and "
            f"its unit, for example {measure.example}"
        )
    number, unit = match.groups()
    space = " " if f" {unit}" in text else ""
    readings = [f"{one}{space}{unit}" for one in _readings(number)]
    both = "can mean" if len(readings) > 1 else "is written"
    return (
        f"'{text}' {both} {' or '.join(readings)}: use a point for decimals and no "
        "separator for thousands"
    )


def _readings(number: str) -> list[str]:
    """What a number with separators may mean, with a decimal point at most.

    >>> _readings("1,000"), _readings("1.000,5"), _readings("1,5")
    (['1000', '1.000'], ['1000.5'], ['1.5'])
    """
    last = max(number.rfind(mark) for mark in ",.")
    marks = set(number) & set(",. '")
    whole = re.sub(r"[^\d]", "", number)
    if last < 0:
        return [whole]
    head, tail = re.sub(r"[^\d]", "", number[:last]), number[last + 1 :]
    decimal = f"{head or 0}.{tail}"
    grouped = re.fullmatch(r"\d{1,3}([,. '])\d{3}(?:\1\d{3})*", number) is not None
    if number.count(number[last]) > 1:
        return [whole]
    if not grouped or len(marks) > 1:
        return [decimal]
    return [whole, decimal]


def _unit_refused(text: str, unit: str, measure: "Measure") -> str:
    """What is wrong with a unit; the case of a prefix is named, never guessed."""
    known = measure.factors
    meant = [one for one in known if one.casefold() == unit.casefold()]
    if not meant:
        spaced = " (without a space, or in quotes)" if not unit else ""
        return (
            f"'{text}' has {'no' if not unit else 'an unknown'} unit for "
            f"{measure.name}: use {', '.join(known)}, for example "
            f"{measure.example}{spaced}"
        )
    right = text.strip().removesuffix(unit) + meant[0]
    name = _PREFIXED.get(unit[1:])
    if name is None or unit[0] not in _PREFIXES:
        return f"'{text}' has the unit '{unit}', which is written {meant[0]}: {right}"
    meaning, intended = (_PREFIXES.get(one[0], "") + name for one in (unit, meant[0]))
    return f"'{text}' is in {meaning}: for {intended} write {right}"


class _Fraction(Measure):
    def parse(self, text: str) -> float:
        number, unit = _split(text, self)
        if unit == "%":
            number /= 100
        elif unit:
            raise QuantityError(
                f"'{text}' has an unknown unit for a fraction: use {self.example}"
            )
        elif number > 1:
            raise QuantityError(
                f"'{text}' is above 1 for a fraction: for percent write "
                f"{text.strip()}%, or use a fraction such as 0.042"
            )
        if not 0 <= number <= 1:
            raise QuantityError(
                f"'{text}' is outside 0 to 100 %: use a fraction such as {self.example}"
            )
        return number


ACTIVITY: Final = Measure(
    "activity",
    "GBq",
    {
        "GBq": 1.0,
        "mCi": 0.037,
        "MBq": 1e-3,
        "kBq": 1e-6,
        "TBq": 1e3,
        "Bq": 1e-9,
        "Ci": 37.0,
        "uCi": 3.7e-5,
        "µCi": 3.7e-5,
    },
    "1.68GBq or 45mCi",
)
DOSE: Final = Measure("dose", "Gy", {"Gy": 1.0, "cGy": 0.01, "mGy": 1e-3}, "120Gy")
INVERSE_DOSE: Final = Measure(
    "sensitivity", "/Gy", {"/Gy": 1.0, "1/Gy": 1.0, "Gy^-1": 1.0}, "0.036/Gy"
)
VOLUME: Final = Measure(
    "volume",
    "mL",
    {"mL": 1.0, "ml": 1.0, "L": 1000.0, "l": 1000.0, "cm3": 1.0, "cc": 1.0},
    "1500mL",
    allows_zero=False,
)
MASS: Final = Measure("mass", "kg", {"kg": 1.0, "g": 1e-3}, "1kg", allows_zero=False)
BODY_MASS: Final = replace(
    MASS, factors={"kg": 1.0, "g": 1e-3, "lb": 0.45359237}, example="80kg"
)
DENSITY: Final = Measure(
    "density",
    "g/mL",
    {"g/mL": 1.0, "g/ml": 1.0, "g/cm3": 1.0, "kg/L": 1.0, "kg/m3": 1e-3},
    "1.05g/mL",
    allows_zero=False,
)
LENGTH: Final = Measure(
    "length", "mm", {"mm": 1.0, "cm": 10.0, "m": 1000.0}, "15mm", allows_zero=False
)
BODY_HEIGHT: Final = replace(
    LENGTH,
    factors={"cm": 10.0, "m": 1000.0, "mm": 1.0, "in": 25.4},
    example="175cm",
)
DURATION: Final = Measure(
    "time",
    "h",
    {"h": 1.0, "min": 1 / 60, "s": 1 / 3600, "d": 24.0},
    "64.05h",
    allows_zero=False,
)
DAYS: Final = Measure(
    "number of days",
    "d",
    {"d": 1.0, "wk": 7.0, "w": 7.0, "weeks": 7.0},
    "42d or 6wk",
)
DOSE_CONSTANT: Final = Measure(
    "dose constant",
    "Gy kg/GBq",
    {"Gykg/GBq": 1.0, "Gy kg/GBq": 1.0, "Gy*kg/GBq": 1.0, "J/GBq": 1.0, "mJ/MBq": 1.0},
    "'49.67 Gy kg/GBq'",
    allows_zero=False,
)
CAMERA_FACTOR: Final = Measure(
    "camera factor",
    "cps/MBq",
    {"cps/MBq": 1.0, "cps/GBq": 1e-3, "cps/kBq": 1e3},
    "'12.3 cps/MBq'",
    allows_zero=False,
)
BILIRUBIN: Final = Measure(
    "bilirubin",
    "mg/dL",
    {
        "mg/dL": 1.0,
        "mg/dl": 1.0,
        "umol/L": 1 / 17.104,
        "µmol/L": 1 / 17.104,
        "umol/l": 1 / 17.104,
    },
    "0.9mg/dL",
    allows_zero=False,
)
FRACTION: Final = _Fraction("fraction", "1", {}, "4.2% or 0.042")


def parse_time(text: str, timezone: str | None = None) -> datetime:
    """Read an ISO 8601 time that says where on Earth it was read off the clock.

    Parameters
    ----------
    text : str
        Such as ``2026-03-01T10:30+01:00``; without an offset, `timezone` is used.
    timezone : str, optional
        An IANA name such as ``Europe/Brussels``.

    Raises
    ------
    QuantityError
        Not a time, no offset and no time zone, or an hour that daylight saving
        skips or repeats.

    Examples
    --------
    >>> parse_time("2026-03-01T10:30", "Europe/Brussels").isoformat()
    '2026-03-01T10:30:00+01:00'
    """
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise QuantityError(
            f"'{text}' is not a time: write it like 2026-03-01T10:30+01:00"
        ) from None
    if not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise QuantityError(
            f"'{text}' is in the year {time.year}: give one from {_FIRST_YEAR} to "
            f"{_LAST_YEAR}"
        )
    if time.tzinfo is not None:
        return time
    if len(text.strip()) <= len("2026-03-01"):
        raise QuantityError(
            f"'{text}' is a date without a time of day: write it like "
            "2026-03-01T10:30+01:00"
        )
    if timezone is None:
        raise QuantityError(
            f"'{text}' has no offset from UTC: write it like {text.strip()}+01:00, "
            "or give --timezone Europe/Brussels"
        )
    return localized(time, timezone)


def localized(time: datetime, timezone: str) -> datetime:
    """Place a clock reading in an IANA time zone, unless daylight saving forbids.

    Raises
    ------
    QuantityError
        Unknown zone, or an hour that daylight saving skips or repeats.

    Examples
    --------
    >>> localized(datetime(2026, 7, 1, 12), "Europe/Brussels").isoformat()
    '2026-07-01T12:00:00+02:00'
    """
    zone = _zone(timezone)
    first, second = (time.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise QuantityError(
            f"{time.isoformat()} does not exist once in {timezone} (daylight saving "
            f"changes there): write the offset, such as {first.isoformat()}"
        )
    # A fixed offset: clocks of one zone subtract by the wall, across its changes too.
    offset = first.utcoffset()
    return first if offset is None else time.replace(tzinfo=fixed_zone(offset))


def offset_in(moment: datetime, timezone: str) -> timedelta:
    """The offset from UTC that clocks of an IANA time zone show at a moment.

    Raises
    ------
    QuantityError
        Unknown zone.

    Examples
    --------
    >>> offset_in(datetime(2026, 7, 1, 12, tzinfo=fixed_zone.utc), "Europe/Brussels")
    datetime.timedelta(seconds=7200)
    """
    return moment.astimezone(_zone(timezone)).utcoffset() or timedelta(0)


def clocks_of_one_place(first: datetime, second: datetime) -> bool:
    """Whether the offsets of two moments are those of any one time zone then.

    Two offsets that differ are, where clocks changed in between.

    Examples
    --------
    The night of 29 March 2026, and one without a change:

    >>> clocks_of_one_place(datetime.fromisoformat("2026-03-28T10:00+01:00"),
    ...                     datetime.fromisoformat("2026-03-29T10:00+02:00"))
    True
    >>> clocks_of_one_place(datetime.fromisoformat("2026-03-02T10:00+01:00"),
    ...                     datetime.fromisoformat("2026-03-03T10:00+02:00"))
    False
    """
    offsets = first.utcoffset(), second.utcoffset()
    if offsets[0] == offsets[1]:
        return True
    by_the_wall = first.replace(tzinfo=None) - second.replace(tzinfo=None)
    if None in offsets or abs((first - second) - by_the_wall) > _CHANGE:
        return False
    from zoneinfo import available_timezones

    return any(
        (offset_in(first, name), offset_in(second, name)) == offsets
        for name in sorted(available_timezones())
    )


def _zone(timezone: str) -> "ZoneInfo":
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QuantityError(
            f"'{timezone}' is not a time zone: use an IANA name such as "
            "Europe/Brussels or America/New_York"
        ) from None
