"""Options whose value carries its unit, and options that need looking up."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

import click

from sirtdose.data.load import table
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.tables.nuclides import own_nuclide
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.device import Device, device_name
from sirtdose.model.emitter import Emitter
from sirtdose.model.names import person_named
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.nuclide_words import nuclide_name
from sirtdose.model.role_words import languages_named
from sirtdose.model.units import DAYS, DOSE_CONSTANT, LENGTH, Measure, parse_time

_T = TypeVar("_T")
DEVICES = tuple(table("devices"))
_DAYS_MAX = 3660
# TIME is one of a clock.
_METAVARS = {"time": "duration", "number of days": "days"}
_SHIFT = replace(LENGTH, allows_zero=True)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
DOSE_CONSTANTS = (
    *("clinical", "label", "ddep", "icrp107"),
    *("device", "near", "emitted"),
)


class QuantityType(click.ParamType):  # type: ignore[type-arg]
    """A number with its unit, read into the unit used inside; or one of some words."""

    def __init__(self, measure: Measure, *words: str) -> None:
        self.measure, self.words = measure, words
        self.name, self.suffix = measure.name, f"_{measure.suffix}"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | str:
        """Parse text; a default that is a number already passes."""
        if isinstance(value, float):
            return value
        word = value.strip().lower()
        if word in self.words:
            return str(word)
        try:
            return self.measure.parse(value)
        except QuantityError as error:
            words = " or ".join(self.words)
            self.fail(f"{error}; or {words}" if words else str(error), param, ctx)

    def get_metavar(
        self, param: click.Parameter, ctx: click.Context | None = None
    ) -> str:
        """Show the kind of quantity instead of a type name."""
        del param, ctx
        name = _METAVARS.get(self.measure.name, self.measure.name)
        return name.upper().replace(" ", "_")


class DeviceType(click.Choice[str]):
    """Microspheres by their name here, or that of their product."""

    def __init__(self) -> None:
        super().__init__(DEVICES, case_sensitive=False)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The name here."""
        try:
            return device_name(str(value))
        except InputError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType):  # type: ignore[type-arg]
    """A day, kept as it is typed."""

    name = "date"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Refuse what is not a day, and another order of year, month and day."""
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            said = _readings(value) or "write year-month-day, e.g. 2026-12-09"
            self.fail(f"'{value}' is not a date: {said}", param, ctx)


def _readings(text: str) -> str:
    """How to write a day whose year comes last; both ways where two can be meant."""
    parts = re.fullmatch(r"\s*(\d{1,2})([/.-])(\d{1,2})\2(\d{4})\s*", text)
    if parts is None:
        return ""
    first, mark, second, year = parts.groups()
    # Points are written between numbers where the day comes first.
    orders = [(second, first)] if mark == "." else [(first, second), (second, first)]
    days = dict.fromkeys(
        f"{year}-{int(month):02}-{int(day):02}"
        for month, day in orders
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 31
    )
    return f"write {' or '.join(days)}, year first" if days else ""


class LanguagesType(click.ParamType):  # type: ignore[type-arg]
    """Languages by their codes, with commas between them, in any order."""

    name = "languages"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Each once, in the order of the table."""
        try:
            return languages_named(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


class DaysType(QuantityType):
    """A whole number of days, written in days or weeks."""

    def __init__(self) -> None:
        super().__init__(DAYS)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse text; a default that is a number already passes."""
        if isinstance(value, int):
            return value
        days = float(super().convert(value, param, ctx))
        if days != int(days) or days > _DAYS_MAX:
            self.fail(
                f"'{value}' is {days:g} days: give a whole number of days up to "
                f"{_DAYS_MAX}, for example {DAYS.example}",
                param,
                ctx,
            )
        return int(days)


def quantity(text: str, measure: Measure, option: str, hint: str = "") -> float:
    """A number with its unit that is a part of an option's text.

    Raises
    ------
    click.BadParameter
        Names the option, and after what is wrong the `hint`.
    """
    try:
        return measure.parse(text.strip())
    except QuantityError as error:
        raise click.BadParameter(f"{error}{hint}", param_hint=option) from None


def named_value(text: str, option: str, example: str) -> tuple[str, str]:
    """Name and value of NAME=VALUE, where the name may hold an equals sign itself.

    >>> named_value("T1 = a = bone", "--organ", "T1=bone")
    ('T1 = a', 'bone')
    """
    name, equals, value = (one.strip() for one in text.rpartition("="))
    if not (equals and name and value):
        raise click.BadParameter(
            f"'{text}': write it like {example}", param_hint=option
        )
    return name, value


def by_name(
    texts: Iterable[str], option: str, example: str, read: Callable[[str], _T]
) -> dict[str, _T]:
    """What the texts of an option say that are written NAME=VALUE, each name once."""
    found: dict[str, _T] = {}
    for text in texts:
        name, value = named_value(text, option, example)
        if name in found:
            raise click.BadParameter(
                f"'{name}' is given twice: give it once", param_hint=option
            )
        found[name] = read(value)
    return found


def matches_of(texts: Iterable[str]) -> dict[str, str]:
    """Lesions and their other names, of options written LESION=NAME.

    >>> matches_of(["Tumor 1=Lesion A"])
    {'Tumor 1': 'Lesion A'}
    """
    return by_name(texts, "--match", "'Tumor 1=Lesion A'", _other_name)


def _other_name(text: str) -> str:
    if not text:
        raise click.BadParameter(
            "a name is missing: write it like 'Tumor 1=Lesion A'", param_hint="--match"
        )
    return text


def along_xyz(text: str, option: str) -> tuple[float, float, float]:
    """Lengths along x, y and z in mm, of an option that has one for all or three."""
    each = [quantity(part, LENGTH, option) for part in text.split(",")]
    if len(each) not in (1, 3):
        raise click.BadParameter(
            f"'{text}' has {len(each)} lengths: give one for all, or three along x,y,z",
            param_hint=option,
        )
    return each[0], each[len(each) // 2], each[-1]


def shift_of(text: str | None, option: str) -> tuple[float, float, float] | None:
    """Millimeters along x, y and z, either way, of an option that has three lengths."""
    if text is None:
        return None
    return _three(text, option, "lengths", "-1.2mm,0mm,3mm")


def point_of(text: str, option: str) -> tuple[float, float, float]:
    """A place in the patient, in mm as viewers show it where no unit is typed.

    >>> point_of("-42, 1.2cm,1031.5", "--seed")
    (-42.0, 12.0, 1031.5)
    """
    return _three(text, option, "coordinates", "-42,12,1031", plain="mm")


def _three(
    text: str, option: str, what: str, example: str, *, plain: str = ""
) -> tuple[float, float, float]:
    parts = [one.strip() for one in text.split(",")]
    if len(parts) != 3:
        raise click.BadParameter(
            f"'{text}' has {len(parts)} of three {what}: give them along x,y,z, such "
            f"as {example}",
            param_hint=option,
        )
    x, y, z = (
        (-1 if part.startswith("-") else 1)
        * quantity(
            f"{part.lstrip('+-')}{plain if _NUMBER.fullmatch(part) else ''}",
            _SHIFT,
            option,
        )
        for part in parts
    )
    return x, y, z


def moment(text: str | None, option: str, timezone: str | None) -> datetime | None:
    """Read a time option, with the run's time zone where it has no offset."""
    if text is None:
        return None
    try:
        return parse_time(text, timezone)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def nuclide_of(options: Mapping[str, Any]) -> tuple[Nuclide, Device | None]:
    """The nuclide and device that a command's options name.

    A nuclide file's only nuclide needs no name, and outranks the default and what an
    image's header names.
    """
    device, typed, file = (
        options.get(key) for key in ("device", "nuclide", "nuclide_file")
    )
    dose_constant, half_life_h = options.get("dose_constant"), options["half_life"]
    microspheres = Device.named(device) if device else None
    is_preset = dose_constant in DOSE_CONSTANTS or (
        file and str(dose_constant).isidentifier()
    )
    preset = dose_constant if is_preset else None
    if file is not None:
        nuclide = own_nuclide(file, typed, dose_constant=preset)
    else:
        carried = microspheres.nuclide_name if microspheres else "Y-90"
        nuclide = Nuclide.named(_shipped(typed) or carried, dose_constant=preset)
    if microspheres and nuclide.name != microspheres.nuclide_name:
        raise InputError(
            f"{microspheres.product} carry {microspheres.nuclide_name}, not "
            f"{nuclide.name}: leave --device or the nuclide out"
        )
    if dose_constant and not preset:
        hint = f", or one of {', '.join(DOSE_CONSTANTS)}"
        value = quantity(dose_constant, DOSE_CONSTANT, "--dose-constant", hint)
        nuclide = nuclide.with_dose_constant(value)
    if half_life_h is not None:
        nuclide = nuclide.with_half_life(half_life_h)
    return nuclide, microspheres


def emitter_of(options: Mapping[str, Any]) -> Emitter:
    """The nuclide in a phantom: of microspheres, or one that only images show."""
    typed, half_life_h = options["nuclide"], options["half_life"]
    name = (nuclide_name(typed) or typed) if typed else ""
    found = None
    if options["nuclide_file"] is None and name not in table("nuclides"):
        found = Emitter.tabulated(name)
    if found is None:
        return nuclide_of(options)[0]
    if options["device"]:
        microspheres = Device.named(options["device"])
        raise InputError(
            f"{microspheres.product} carry {microspheres.nuclide_name}, not "
            f"{found.name}: leave --device or the nuclide out"
        )
    return found if half_life_h is None else found.with_half_life(half_life_h)


def _shipped(typed: str | None) -> str | None:
    """A nuclide that is shipped, as its table writes it."""
    if typed is None:
        return None
    known = {name.casefold(): name for name in table("nuclides")}
    name = known.get((nuclide_name(typed) or typed).casefold())
    if name is not None:
        return name
    try:
        device = device_name(typed)
    except InputError:
        hint = "name a file of your own with --nuclide-file"
    else:
        hint = f"for {device} microspheres give --device {device}"
    raise click.BadParameter(
        f"'{typed}' is not one of {', '.join(known.values())}: {hint}",
        param_hint="--nuclide",
    )


def nuclide_typed(options: Mapping[str, Any]) -> bool:
    """Whether the nuclide is the user's: typed, the device's, or meant by its data."""
    names = ("nuclide", "nuclide_file", "device", "half_life", "dose_constant")
    return any(options[name] is not None for name in names)


def acceptances_of(options: Mapping[str, Any]) -> tuple[Acceptance, ...]:
    """Pair every --accept with its --reason, in order, under the name of --by."""
    codes, reasons, by = options["accept"], options["reason"], options.get("by")
    if by is not None and not codes:
        raise click.UsageError(
            "--by names who accepts: give --accept and --reason too, or leave it out"
        )
    if len(codes) != len(reasons):
        raise click.UsageError(
            f"{len(codes)} --accept and {len(reasons)} --reason: give each code its "
            "own reason, in the same order"
        )
    try:
        return tuple(
            Acceptance.parse(code, reason, "" if by is None else person_named(by))
            for code, reason in zip(codes, reasons, strict=True)
        )
    except InputError as error:
        raise click.UsageError(str(error)) from None
