"""Goals by a metric, as they are written: NAME:METRIC=VALUE."""

import re

import click

from sirtdose.cli.words.option import Option
from sirtdose.cli.words.quantities import quantity
from sirtdose.errors import InputError
from sirtdose.model.metric import MEAN, Metric
from sirtdose.model.units import DOSE, FRACTION
from sirtdose.planning.aim import Aim

AIM = "aim"
# Metrics that a tumor can be asked to reach at least.
_KINDS = ("d", "dcc", "v")
_EXAMPLE = "T1:D70=120Gy, tumor:V100Gy=90% or tumor:mean=150Gy"

goal_option = Option(
    "goal",
    str,
    "Goal: a mean dose, D or V that a tumor reaches at least, e.g. T1:D70=120Gy; "
    "tumor means every tumor, e.g. tumor:V100Gy=90%. D and V need an image. Without "
    "another goal the first one sets the activity; all are shown as met or missed. May "
    "be repeated.",
    many=True,
    metavar="NAME:METRIC=VALUE",
    into="aims",
)
maximize_order_option = Option(
    "maximize-order",
    str,
    "Order in which several injections are maximized, e.g. right,left: the first up to "
    "the limits, the next with what is left.  [default: all together]",
    metavar="NAME,NAME,...",
)


def aim_of(text: str, option: str = "--goal") -> Aim:
    """Read NAME:METRIC=VALUE.

    >>> aim_of("T1:D70=120Gy").words
    'D70 of T1 at least 120 Gy'
    >>> aim_of("tumor:V100Gy=90%").value
    0.9
    """
    match = re.fullmatch(r"\s*(.*\S)\s*:\s*([^:=]+?)\s*=\s*(.+?)\s*", text)
    if match is None:
        raise click.BadParameter(
            f"'{text}' is not a goal: write NAME:METRIC=VALUE, such as {_EXAMPLE}",
            param_hint=option,
        )
    name, metric_text, value_text = match.groups()
    try:
        metric = Metric.parse(metric_text)
    except InputError as error:
        raise click.BadParameter(str(error), param_hint=option) from None
    if metric != MEAN and metric.kind not in _KINDS:
        raise click.BadParameter(
            f"{metric.words} cannot be a goal: use the mean, a D or a V, such as "
            f"{_EXAMPLE}",
            param_hint=option,
        )
    value = quantity(value_text, FRACTION if metric.is_part else DOSE, option)
    if not value > 0 or (metric.is_part and not metric.number):
        raise click.BadParameter(
            f"'{text}' asks for nothing: give a dose above 0 Gy, and of a V more than "
            "0 % of the volume",
            param_hint=option,
        )
    return Aim(name, metric, value)


def order_of(text: str | None) -> tuple[str, ...]:
    """The names of --maximize-order.

    >>> order_of("right, left")
    ('right', 'left')
    """
    return tuple(one.strip() for one in text.split(",")) if text is not None else ()
