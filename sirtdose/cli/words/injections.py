"""Injections, their goals and tumors, as they are written before and after treatment.

An injection is written alike for all commands, ``NAME=PART,PART,...``; each part is a
word, a colon and a value. An older way, ``NAME=ACTIVITY@TIME;PART=VALUE;...``, is read
too.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from sirtdose.cli.words.goals import (
    AIM,
    aim_of,
    goal_option,
    maximize_order_option,
)
from sirtdose.cli.words.option import Option, together
from sirtdose.cli.words.quantities import by_name, moment, quantity
from sirtdose.model.request import InjectionGiven
from sirtdose.model.units import ACTIVITY, DOSE, FRACTION, VOLUME, Measure
from sirtdose.planning.aim import Aim
from sirtdose.planning.partition_goal import ImagedInjection, Injection
from sirtdose.planning.perfused import Tumor

_OPTION = "--injection"
_TYPED, _IMAGED, _GIVEN = "plan partition", "plan image", "post"
_COMPARED = "plan compare"
_EXAMPLES = {
    _TYPED: "perfused:900mL,tumor:T1=200mL@3.0,lung-shunt:6%,dose:120Gy",
    _COMPARED: "perfused:900mL,tumor:T1=200mL@3.0,lung-shunt:6%,dose:120Gy,"
    "tumor-dose:200Gy",
    _IMAGED: "perfused:STRUCTURE,lung-shunt:6%,tumor-dose:120Gy",
    _GIVEN: "perfused:STRUCTURE,activity:1.2GBq@TIME,residual:20MBq@TIME,lung-shunt:6%",
}

dose_option = Option("dose", DOSE, "Mean dose to the perfused volume, tumors included.")
_OWN_GOALS = (
    Option("tumor-dose", DOSE, "Goal: mean dose that every tumor receives at least."),
    Option("normal-dose", DOSE, "Goal: mean dose to the perfused normal liver."),
    Option(
        "activity",
        ACTIVITY,
        "Goal: inject this activity, e.g. 2GBq; the doses follow from it.",
    ),
    Option("maximize", bool, "Goal: the highest activity that meets every limit."),
)
goal_options = together(*_OWN_GOALS)
aimed_goal_options = together(goal_options, goal_option, maximize_order_option)
_GOALS = [one.name for one in (dose_option, *_OWN_GOALS)]

_NUMBERS = (_TYPED, _COMPARED)
_PLANNED = (*_NUMBERS, _IMAGED)
# The parts of an injection: what each is, and the commands it is for.
_PARTS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "perfused": (str, (*_PLANNED, _GIVEN)),
    "tumor": (str, _NUMBERS),
    "lung-shunt": (FRACTION, (*_PLANNED, _GIVEN)),
    "tlsf": (FRACTION, _NUMBERS),
    "prior-dose": (DOSE, _PLANNED),
    "scout": (ACTIVITY, _PLANNED),
    "limits": (str, _PLANNED),
    "limit": (str, _PLANNED),
    "goal": (str, _PLANNED),
    **{one.name: (one.kind, _PLANNED) for one in (dose_option, *_OWN_GOALS)},
    "activity": (ACTIVITY, (*_PLANNED, _GIVEN)),
    "residual": (ACTIVITY, (_GIVEN,)),
}
# Parts that an injection may have several of.
MANY = ("tumor", "limit", "goal")
# The same as the keys of a table; a tumor has a table of its own.
INJECTION_KEYS = tuple(one.replace("-", "_") for one in _PARTS if one != "tumor")
# A structure's name may hold commas: a part begins with a word and a colon.
_PART = r"\s*(?:[a-z-]+\s*:|maximize\s*(?:,|$))"


def injection_option(command: str) -> Option:
    """The option, with the parts that a command knows."""
    shown = {one.partition(":")[0]: one for one in _EXAMPLES[command].split(",")}
    needed = [one for key, one in shown.items() if key in ("perfused", *_GOALS)]
    parts = re.sub(r"[a-z-]+", lambda one: shown.get(one[0], one[0]), _known(command))
    return Option(
        "injection",
        str,
        f"One of several injections, e.g. 'right={','.join(needed)}'; may be repeated. "
        f"Parts: {parts}.",
        many=True,
        metavar="NAME=PART,PART,...",
        into="injections",
    )


def goals_given(options: Mapping[str, Any]) -> list[str]:
    """The goals that are among the options."""
    names = [one.name.replace("-", "_") for one in _OWN_GOALS]
    given = [
        one for one in names if options[one] is not None and options[one] is not False
    ]
    return given or ([AIM] if options.get("aims") else [])


def goal_of(options: Mapping[str, Any]) -> tuple[Any, float | None]:
    """The one goal that sets the activity, and its value."""
    goals = goals_given(options)
    if len(goals) != 1:
        more = ", or --goal alone" if "aims" in options else ""
        raise click.UsageError(
            "give one goal: --tumor-dose, --normal-dose, --activity or --maximize"
            f"{more}"
        )
    if goals == [AIM]:
        return AIM, aim_of(options["aims"][0]).value
    return goals[0], None if goals[0] == "maximize" else options[goals[0]]


def aims_of(options: Mapping[str, Any]) -> tuple[Aim, ...]:
    """Every --goal of a plan with one injection."""
    return tuple(aim_of(text) for text in options["aims"])


def tumor_of(text: str, option: str) -> Tumor:
    """Read NAME=VOLUME@RATIO, or NAME=VOLUME@R=RATIO with Kao's R.

    >>> tumor_of("T1=200mL@3.0", "--tumor").ratio
    3.0
    >>> tumor_of("T1=200mL@R=1.5", "--tumor").by_activity
    True
    """
    match = re.fullmatch(r"\s*([^=]*[^=\s])\s*=(.*)@\s*(R\s*=)?(.*)", text)
    if match is None:
        raise click.BadParameter(
            f"'{text}' is not a tumor: write NAME=VOLUME@RATIO, such as T1=200mL@3.0",
            param_hint=option,
        )
    name, volume, kao, ratio = match.groups()
    try:
        value = float(ratio)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise click.BadParameter(
            f"'{ratio}' is not a ratio of concentrations: write a number above 0, "
            "such as 3.0",
            param_hint=option,
        )
    return Tumor(name.strip(), quantity(volume, VOLUME, option), value, kao is not None)


def injection_of(text: str) -> Injection:
    """An injection whose volume and tumors are typed, for a plan.

    >>> one = injection_of("right=perfused:900mL,tumor:T1=200mL@3.0,dose:120Gy")
    >>> one.goal, one.value, one.lung_shunt_fraction, len(one.tumors)
    ('perfused_dose', 120.0, None, 1)
    """
    name, parts, _ = _written(text, _TYPED)
    return Injection(
        name,
        quantity(parts["perfused"], VOLUME, _OPTION),
        tuple(parts["tumor"]),
        *_goal_of(parts),
        parts.get("lung-shunt"),
        parts.get("tlsf"),
        parts.get("prior-dose"),
        **_own_of(parts),
    )


def compared_injection_of(text: str) -> tuple[Injection, float | None]:
    """An injection for a comparison, and the dose that MIRD has for it.

    Beside that dose it may have one other goal, or none: then the value is None.

    >>> text = "right=perfused:900mL,tumor:T1=200mL@3.0,dose:120Gy,tumor-dose:200Gy"
    >>> one, dose = compared_injection_of(text)
    >>> one.goal, one.value, dose
    ('tumor_dose', 200.0, 120.0)
    """
    name, parts, _ = _written(text, _COMPARED)
    dose = parts.pop("dose", None)
    has_goal = parts["goal"] or any(one in parts for one in _GOALS)
    goal: Any = "activity"
    goal, value = _goal_of(parts) if has_goal else (goal, None)
    return Injection(
        name,
        quantity(parts["perfused"], VOLUME, _OPTION),
        tuple(parts["tumor"]),
        goal,
        value,
        parts.get("lung-shunt"),
        parts.get("tlsf"),
        parts.get("prior-dose"),
        **_own_of(parts),
    ), dose


def imaged_injection_of(text: str) -> ImagedInjection:
    """An injection whose perfused volume is a structure of an image, for a plan.

    >>> one = imaged_injection_of("right=perfused:Right lobe,tumor-dose:120Gy")
    >>> one.perfused, one.goal
    ('Right lobe', 'tumor_dose')
    """
    name, parts, _ = _written(text, _IMAGED)
    return ImagedInjection(
        name,
        parts["perfused"],
        *_goal_of(parts),
        parts.get("lung-shunt"),
        parts.get("prior-dose"),
        **_own_of(parts),
    )


def given_injection_of(text: str, timezone: str | None = None) -> InjectionGiven:
    """An injection as it was given.

    >>> given = "right=perfused:Right lobe,activity:1.2GBq,lung-shunt:5%"
    >>> one = given_injection_of(given)
    >>> one.administered_gbq, one.perfused, one.lung_shunt_fraction
    (1.2, 'Right lobe', 0.05)
    >>> one == given_injection_of("right=1.2GBq;perfused=Right lobe;lung-shunt=5%")
    True
    """
    name, parts, times = _written(text, _GIVEN, timezone)
    return InjectionGiven(
        name,
        parts["activity"],
        parts["perfused"],
        times["activity"],
        parts.get("residual"),
        times.get("residual"),
        parts.get("lung-shunt"),
    )


def _written(
    text: str, command: str, timezone: str | None = None
) -> tuple[str, dict[str, Any], dict[str, datetime | None]]:
    """The name of an injection, its parts, and the times of those that have one."""
    name, equals, rest = (piece.strip() for piece in text.partition("="))
    if not (equals and name and rest):
        raise _refused(f"'{text}' is not an injection: write NAME={_EXAMPLES[command]}")
    pieces, sign = f"activity={rest}".split(";"), "="
    if re.match(_PART, rest):
        pieces, sign = re.split(f",(?={_PART})", rest), ":"
    parts: dict[str, Any] = {one: [] for one in MANY}
    times: dict[str, datetime | None] = {}
    for piece in pieces:
        key, _, value = (one.strip() for one in piece.partition(sign))
        kind = _kind_of(key, command, name)
        if key == "tumor":
            parts[key].append(tumor_of(value, _OPTION))
        elif key in MANY:
            parts[key].append(value)
        elif key in parts:
            raise _refused(f"'{key}' is given twice in '{name}': give it once")
        elif isinstance(kind, Measure):
            amount, at, when = value.partition("@")
            parts[key] = quantity(amount, kind, _OPTION)
            if at and (command != _GIVEN or kind is not ACTIVITY):
                raise _refused(
                    f"'{key}' of '{name}' has a time, which is for activity and "
                    "residual of `sirtdose post`: leave it out"
                )
            times[key] = moment(when.strip() or None, _OPTION, timezone)
        else:
            parts[key] = value
    _require_complete(name, parts, command)
    return name, parts, times


def _require_complete(name: str, parts: Mapping[str, Any], command: str) -> None:
    """Refuse an injection without its volume or goal, or a part without a value."""
    goals = sum(one in parts for one in _GOALS)
    if command == _COMPARED:
        # The dose is MIRD's, and a goal for all injections may stand beside them.
        goals = max(goals - ("dose" in parts), 1)
    if not parts.get("perfused") or goals > 1 or not (goals or parts["goal"]):
        example = _EXAMPLES[command].partition(",")[0]
        raise _refused(f"'{name}' needs {example} and {_goals(command)}")
    if parts.get("limits") == "":
        raise _refused(
            f"'limits' of '{name}' has no value: write "
            "limits:eanm2022:glass:hcc:segmentectomy"
        )


def _kind_of(key: str, command: str, name: str) -> Any:
    """What a part is; refused where it is none, or another command's."""
    kind, commands = _PARTS.get(key, (str, ()))
    if not commands:
        raise _refused(f"'{key}' of '{name}' is not known: use {_known(command)}")
    if command not in commands:
        planned = [one for one in commands if one != _COMPARED]
        others = " and ".join(f"`sirtdose {one}`" for one in planned)
        raise _refused(
            f"'{key}' of '{name}' is for {others}: leave it out of `sirtdose {command}`"
        )
    return kind


def _goal_of(parts: Mapping[str, Any]) -> tuple[Any, float | None]:
    """What an injection is planned for, and how much of that."""
    key = next((one for one in _GOALS if one in parts), AIM)
    if key == AIM:
        return AIM, aim_of(parts["goal"][0], _OPTION).value
    goal = "perfused_dose" if key == "dose" else key.replace("-", "_")
    return goal, None if key == "maximize" else parts[key]


def _own_of(parts: Mapping[str, Any]) -> dict[str, Any]:
    """The limits, further goals and scout of an injection."""
    return {
        "limit_table": parts.get("limits", ""),
        "limits_gy": by_name(
            parts["limit"],
            _OPTION,
            "limit:normal=70Gy",
            lambda dose: quantity(dose, DOSE, _OPTION),
        ),
        "scout_gbq": parts.get("scout"),
        "aims": tuple(aim_of(text, _OPTION) for text in parts["goal"]),
    }


def _known(command: str) -> str:
    mine = [one for one, (_, of) in _PARTS.items() if command in of]
    others = ", ".join(one for one in mine if one not in (*_GOALS, "goal"))
    return f"{others}, and {_goals(command)}"


def _goals(command: str) -> str:
    mine = [
        *(one for one in _GOALS if command in _PARTS[one][1]),
        *(["goal"] if command in _PARTS["goal"][1] else []),
    ]
    return f"{'one of ' if len(mine) > 1 else ''}{', '.join(mine)}"


def _refused(said: str) -> click.BadParameter:
    return click.BadParameter(said, param_hint=_OPTION)
