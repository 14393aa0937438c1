"""Options whose value carries its unit, and options that need looking up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from sirtdose.data.load import table
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.tables.nuclides import own_nuclide
from sirtdose.model.device import Device
from sirtdose.model.finding import Acceptance
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import DAYS, DOSE_CONSTANT, Measure, parse_time

DEVICES = ("resin", "glass", "ho166")
_DAYS_MAX = 3660
DOSE_CONSTANTS = ("clinical", "label", "ddep", "icrp107")


class QuantityType(click.ParamType):  # type: ignore[type-arg]
    """A number with its unit, read into the unit used inside."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.name = measure.name

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Parse text; a default that is a number already passes."""
        if isinstance(value, float):
            return value
        try:
            return self.measure.parse(value)
        except QuantityError as error:
            self.fail(str(error), param, ctx)

    def get_metavar(
        self, param: click.Parameter, ctx: click.Context | None = None
    ) -> str:
        """Show the kind of quantity instead of a type name."""
        del param, ctx
        return f"<{self.measure.name}>"


class DaysType(click.ParamType):  # type: ignore[type-arg]
    """A whole number of days, written in days or weeks."""

    name = "days"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Parse text; a default that is a number already passes."""
        if isinstance(value, int):
            return value
        try:
            days = DAYS.parse(value)
        except QuantityError as error:
            self.fail(str(error), param, ctx)
        if days != int(days) or days > _DAYS_MAX:
            self.fail(
                f"'{value}' is {days:g} days: give a whole number of days up to "
                f"{_DAYS_MAX}, for example {DAYS.example}",
                param,
                ctx,
            )
        return int(days)

    def get_metavar(
        self, param: click.Parameter, ctx: click.Context | None = None
    ) -> str:
        """Show what it is instead of a type name."""
        del param, ctx
        return "<days>"


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
    preset = None
    if dose_constant in DOSE_CONSTANTS or (file and str(dose_constant).isidentifier()):
        preset = dose_constant
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
        try:
            value = DOSE_CONSTANT.parse(dose_constant)
        except QuantityError as error:
            raise click.BadParameter(
                f"{error}, or one of {', '.join(DOSE_CONSTANTS)}",
                param_hint="--dose-constant",
            ) from None
        nuclide = nuclide.with_dose_constant(value)
    if half_life_h is not None:
        nuclide = nuclide.with_half_life(half_life_h)
    return nuclide, microspheres


def _shipped(typed: str | None) -> str | None:
    """A nuclide that is shipped, as its table writes it."""
    if typed is None:
        return None
    known = {name.casefold(): name for name in table("nuclides")}
    if typed.casefold() not in known:
        raise click.BadParameter(
            f"'{typed}' is not one of {', '.join(known.values())}: name a file of your "
            "own with --nuclide-file",
            param_hint="--nuclide",
        )
    return known[typed.casefold()]


def nuclide_typed(options: Mapping[str, Any]) -> bool:
    """Whether the nuclide is the user's: typed, the device's, or meant by its data."""
    names = ("nuclide", "nuclide_file", "device", "half_life", "dose_constant")
    return any(options[name] is not None for name in names)


def acceptances_of(
    codes: tuple[str, ...], reasons: tuple[str, ...]
) -> tuple[Acceptance, ...]:
    """Pair every --accept with its --reason, in order."""
    if len(codes) != len(reasons):
        raise click.UsageError(
            f"{len(codes)} --accept and {len(reasons)} --reason: give each code its "
            "own reason, in the same order"
        )
    try:
        return tuple(
            Acceptance(code, reason)
            for code, reason in zip(codes, reasons, strict=True)
        )
    except InputError as error:
        raise click.UsageError(str(error)) from None
