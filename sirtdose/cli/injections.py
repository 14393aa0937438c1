"""Tumors and injections as they are written on the command line."""

from typing import Any

import click

from sirtdose.errors import QuantityError
from sirtdose.model.units import ACTIVITY, DOSE, FRACTION, VOLUME, Measure
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor

# What an injection is to do, by the word for it.
_GOALS: dict[str, tuple[Any, Measure | None]] = {
    "dose": ("perfused_dose", DOSE),
    "tumor-dose": ("tumor_dose", DOSE),
    "normal-dose": ("normal_dose", DOSE),
    "activity": ("activity", ACTIVITY),
    "maximize": ("maximize", None),
}


def tumor_of(text: str, option: str) -> Tumor:
    """Read NAME=VOLUME@RATIO.

    >>> tumor_of("T1=200mL@3.0", "--tumor")
    Tumor(name='T1', volume_ml=200.0, ratio=3.0)
    """
    name, equals, rest = text.partition("=")
    volume, at, ratio = rest.rpartition("@")
    if not (equals and at and name.strip()):
        raise click.BadParameter(
            f"'{text}' is no tumor: write NAME=VOLUME@RATIO, such as T1=200mL@3.0",
            param_hint=option,
        )
    volume_ml = _parsed(volume, VOLUME, option)
    try:
        value = float(ratio)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise click.BadParameter(
            f"'{ratio}' is no ratio of concentrations: write a number above 0, such as "
            "3.0",
            param_hint=option,
        )
    return Tumor(name.strip(), volume_ml, value)


def injection_of(text: str, lung_shunt_fraction: float | None) -> Injection:
    """Read NAME=PART,PART,...; `lung_shunt_fraction` holds where it gives none.

    >>> one = injection_of("right=perfused:900mL,tumor:T1=200mL@3.0,dose:120Gy", 0.05)
    >>> one.goal, one.value, one.lung_shunt_fraction, len(one.tumors)
    ('perfused_dose', 120.0, 0.05, 1)
    """
    option = "--injection"
    name, equals, rest = text.partition("=")
    if not (equals and name.strip()):
        raise click.BadParameter(
            f"'{text}' is no injection: write NAME=perfused:900mL,dose:120Gy",
            param_hint=option,
        )
    volume_ml, shunt, goals, tumors = None, lung_shunt_fraction, [], []
    for part in rest.split(","):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key == "perfused":
            volume_ml = _parsed(value, VOLUME, option)
        elif key == "tumor":
            tumors.append(tumor_of(value, option))
        elif key == "lung-shunt":
            shunt = _parsed(value, FRACTION, option)
        elif key in _GOALS:
            goal, measure = _GOALS[key]
            goals.append((goal, _parsed(value, measure, option) if measure else None))
        else:
            raise click.BadParameter(
                f"'{part}' of '{name}' is not known: use perfused, tumor, lung-shunt, "
                f"{', '.join(_GOALS)}",
                param_hint=option,
            )
    if volume_ml is None or len(goals) != 1:
        raise click.BadParameter(
            f"'{name}' needs perfused:VOLUME and one of {', '.join(_GOALS)}",
            param_hint=option,
        )
    goal, number = goals[0]
    return Injection(name.strip(), volume_ml, tuple(tumors), goal, number, shunt)


def _parsed(text: str, measure: Measure, option: str) -> float:
    try:
        return measure.parse(text)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
