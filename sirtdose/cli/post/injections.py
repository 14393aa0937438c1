"""Injections that were given, as they are written for `sirtdose post`."""

from datetime import datetime

import click

from sirtdose.cli.words.quantities import moment
from sirtdose.errors import QuantityError
from sirtdose.model.request import InjectionGiven
from sirtdose.model.units import ACTIVITY, FRACTION

_OPTION = "--injection"


def given_injection_of(text: str, timezone: str | None = None) -> InjectionGiven:
    """Read NAME=ACTIVITY@TIME;perfused=STRUCTURE;residual=ACTIVITY@TIME;lung-shunt=5%.

    >>> one = given_injection_of("right=1.2GBq;perfused=Perfused R;lung-shunt=5%")
    >>> one.administered_gbq, one.perfused, one.lung_shunt_fraction
    (1.2, 'Perfused R', 0.05)
    """
    first, *rest = text.split(";")
    name, equals, activity = first.partition("=")
    parts = dict(part.split("=", 1) for part in rest if "=" in part)
    parts = {key.strip(): value.strip() for key, value in parts.items()}
    known = ("perfused", "residual", "lung-shunt")
    unknown = [key for key in parts if key not in known]
    if not (equals and name.strip()) or unknown or len(parts) < len(rest):
        raise click.BadParameter(
            f"'{text}' is no injection: write "
            "'right=1.2GBq@TIME;perfused=STRUCTURE;residual=20MBq@TIME'",
            param_hint=_OPTION,
        )
    if not parts.get("perfused"):
        raise click.BadParameter(
            f"'{name}' needs perfused=STRUCTURE", param_hint=_OPTION
        )
    gbq, at = _activity_at(activity, timezone)
    residual, residual_at = None, None
    if "residual" in parts:
        residual, residual_at = _activity_at(parts["residual"], timezone)
    shunt = None
    if "lung-shunt" in parts:
        try:
            shunt = FRACTION.parse(parts["lung-shunt"])
        except QuantityError as error:
            raise click.BadParameter(str(error), param_hint=_OPTION) from None
    return InjectionGiven(
        name.strip(), gbq, parts["perfused"], at, residual, residual_at, shunt
    )


def _activity_at(text: str, timezone: str | None) -> tuple[float, datetime | None]:
    activity, _, when = text.partition("@")
    try:
        gbq = ACTIVITY.parse(activity.strip())
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint=_OPTION) from None
    return gbq, moment(when.strip() or None, _OPTION, timezone)
