"""Which metrics of a dose-volume histogram are asked for beside the usual ones."""

from collections.abc import Mapping
from typing import Any

import click

from sirtdose.cli.words.option import Option, together
from sirtdose.errors import InputError
from sirtdose.model.metric import Metric
from sirtdose.model.units import DOSE


class MetricType(click.ParamType):  # type: ignore[type-arg]
    """A metric as physicists write it: D90, D2cc, V100Gy."""

    name = "metric"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Metric:
        """Parse text; a metric passes."""
        if isinstance(value, Metric):
            return value
        try:
            return Metric.parse(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


metric_option = Option(
    "metric",
    MetricType(),
    "DVH metric to report for each structure: D90 (percent of the volume), D2cc (mL), "
    "V70Gy, mean, min, max, SD, EUD; may be repeated.  [default: those in the "
    "environment variable SIRTDOSE_METRICS, e.g. 'D2cc V70Gy']",
    metavar="NAME",
    many=True,
    into="metrics",
    envvar="SIRTDOSE_METRICS",
)

metric_options = together(
    metric_option,
    Option(
        "above",
        DOSE,
        "Also report the fraction of each structure that gets this dose or more, e.g. "
        "100Gy; may be repeated. Same as --metric V100Gy.",
        many=True,
    ),
)


def metrics_of(options: Mapping[str, Any]) -> tuple[Metric, ...]:
    """Everything that the options ask for, each once."""
    above = (Metric.parse(f"V{gy:.10g}Gy") for gy in options.get("above", ()))
    return tuple(dict.fromkeys((*options["metrics"], *above)))
