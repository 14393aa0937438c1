"""Tumors and injections as they are written on the command line."""

import re
from dataclasses import dataclass
from typing import Any

import click

from sirtdose.errors import QuantityError
from sirtdose.model.units import ACTIVITY, DOSE, FRACTION, VOLUME, Measure
from sirtdose.planning.imaged_injection import ImagedInjection
from sirtdose.planning.partition_goal import Injection
from sirtdose.planning.perfused import Tumor

_OPTION = "--injection"

# What an injection is to do, by the word for it.
_GOALS: dict[str, tuple[Any, Measure | None]] = {
    "dose": ("perfused_dose", DOSE),
    "tumor-dose": ("tumor_dose", DOSE),
    "normal-dose": ("normal_dose", DOSE),
    "activity": ("activity", ACTIVITY),
    "maximize": ("maximize", None),
}


_FRACTIONS = ("lung-shunt", "tlsf")
# A structure's name may hold commas: a part begins with a word and a colon.
_PARTS = re.compile(r",(?=\s*(?:[a-z-]+\s*:|maximize\s*(?:,|$)))")


def tumor_of(text: str, option: str) -> Tumor:
    """Read NAME=VOLUME@RATIO, or NAME=VOLUME@R=RATIO with Kao's R.

    >>> tumor_of("T1=200mL@3.0", "--tumor").ratio
    3.0
    >>> tumor_of("T1=200mL@R=1.5", "--tumor").by_activity
    True
    """
    name, equals, rest = text.partition("=")
    volume, at, ratio = rest.rpartition("@")
    if not (equals and at and name.strip()):
        raise click.BadParameter(
            f"'{text}' is no tumor: write NAME=VOLUME@RATIO, such as T1=200mL@3.0",
            param_hint=option,
        )
    volume_ml = _parsed(volume, VOLUME, option)
    kao, equals, number = ratio.partition("=")
    by_activity = bool(equals) and kao.strip() == "R"
    if by_activity:
        ratio = number
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
    return Tumor(name.strip(), volume_ml, value, by_activity)


@dataclass(frozen=True)
class _Written:
    """The parts of an injection as they are written."""

    name: str
    perfused: str
    tumors: tuple[Tumor, ...]
    goal: Any
    value: float | None
    lung_shunt_fraction: float | None
    tumor_lung_shunt_fraction: float | None
    prior_dose_gy: float | None


def injection_of(text: str) -> Injection:
    """Read NAME=PART,PART,...

    >>> one = injection_of("right=perfused:900mL,tumor:T1=200mL@3.0,dose:120Gy")
    >>> one.goal, one.value, one.lung_shunt_fraction, len(one.tumors)
    ('perfused_dose', 120.0, None, 1)
    """
    one = _written(text, "perfused:900mL")
    volume_ml = _parsed(one.perfused, VOLUME, _OPTION)
    return Injection(
        one.name,
        volume_ml,
        one.tumors,
        one.goal,
        one.value,
        one.lung_shunt_fraction,
        one.tumor_lung_shunt_fraction,
        one.prior_dose_gy,
    )


def imaged_injection_of(text: str) -> ImagedInjection:
    """Read NAME=PART,PART,... whose perfused volume is a structure's name.

    >>> one = imaged_injection_of("right=perfused:Right lobe,tumor-dose:120Gy")
    >>> one.perfused, one.goal
    ('Right lobe', 'tumor_dose')
    """
    one = _written(text, "perfused:STRUCTURE")
    if one.tumors or one.tumor_lung_shunt_fraction is not None:
        raise click.BadParameter(
            f"'{one.name}' has tumors or a TLSF: by an image tumors are the structures "
            "of role tumor, and their uptake is measured",
            param_hint=_OPTION,
        )
    return ImagedInjection(
        one.name,
        one.perfused,
        one.goal,
        one.value,
        one.lung_shunt_fraction,
        one.prior_dose_gy,
    )


def _written(text: str, example: str) -> _Written:
    name, equals, rest = text.partition("=")
    if not (equals and name.strip()):
        raise click.BadParameter(
            f"'{text}' is no injection: write NAME={example},dose:120Gy",
            param_hint=_OPTION,
        )
    parts: dict[str, str] = {}
    tumors = []
    for part in _PARTS.split(rest):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        if key == "tumor":
            tumors.append(tumor_of(value, _OPTION))
            continue
        if key not in ("perfused", *_FRACTIONS, "prior-dose", *_GOALS):
            raise click.BadParameter(
                f"'{part}' of '{name}' is not known: use perfused, tumor, "
                f"{', '.join(_FRACTIONS)}, prior-dose, {', '.join(_GOALS)}",
                param_hint=_OPTION,
            )
        if key in parts:
            raise click.BadParameter(
                f"'{key}' is given twice in '{name}': give it once", param_hint=_OPTION
            )
        parts[key] = value
    goals = [key for key in parts if key in _GOALS]
    if not parts.get("perfused") or len(goals) != 1:
        raise click.BadParameter(
            f"'{name}' needs {example} and one of {', '.join(_GOALS)}",
            param_hint=_OPTION,
        )
    goal, measure = _GOALS[goals[0]]

    def number(key: str, measure: Measure) -> float | None:
        return _parsed(parts[key], measure, _OPTION) if key in parts else None

    return _Written(
        name=name.strip(),
        perfused=parts["perfused"],
        tumors=tuple(tumors),
        goal=goal,
        value=number(goals[0], measure) if measure else None,
        lung_shunt_fraction=number("lung-shunt", FRACTION),
        tumor_lung_shunt_fraction=number("tlsf", FRACTION),
        prior_dose_gy=number("prior-dose", DOSE),
    )


def _parsed(text: str, measure: Measure, option: str) -> float:
    try:
        return measure.parse(text)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
