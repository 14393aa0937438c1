"""What one injection is to do, as options."""

from collections.abc import Mapping
from typing import Any

import click

from sirtdose.cli.words.options import together
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.model.units import ACTIVITY, DOSE

_GOALS = ("tumor_dose", "normal_dose", "activity", "maximize")

goal_options = together(
    click.option(
        "--tumor-dose",
        type=QuantityType(DOSE),
        help="Mean dose that every tumor is to get at least.",
    ),
    click.option(
        "--normal-dose",
        type=QuantityType(DOSE),
        help="Mean dose to the perfused normal liver.",
    ),
    click.option("--activity", type=QuantityType(ACTIVITY), help="To inject."),
    click.option(
        "--maximize", is_flag=True, help="The most activity that every limit allows."
    ),
)


def goals_given(options: Mapping[str, Any]) -> list[str]:
    """The goals that are among the options."""
    return [
        goal
        for goal in _GOALS
        if options[goal] is not None and options[goal] is not False
    ]


def goal_of(options: Mapping[str, Any]) -> tuple[Any, float | None]:
    """The one goal, and its value."""
    goals = goals_given(options)
    if len(goals) != 1:
        raise click.UsageError(
            "give one goal: --tumor-dose, --normal-dose, --activity or --maximize"
        )
    [goal] = goals
    return goal, None if goal == "maximize" else options[goal]
