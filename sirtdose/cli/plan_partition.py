"""`sirtdose plan partition`: doses to each tumor and to the normal liver."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.plan_options import plan_options, plan_request, show_plan
from sirtdose.cli.quantities import QuantityType
from sirtdose.errors import QuantityError
from sirtdose.model.units import ACTIVITY, DOSE, VOLUME

if TYPE_CHECKING:
    from sirtdose.planning.perfused import Tumor

_GOALS = ("tumor_dose", "normal_dose", "activity", "maximize")


@click.command("partition")
@click.option(
    "--perfused-volume",
    type=QuantityType(VOLUME),
    required=True,
    help="Volume that is perfused, tumors included.",
)
@click.option(
    "--tumor",
    "tumors",
    multiple=True,
    metavar="NAME=VOLUME@RATIO",
    help="Such as T1=200mL@3.0: volume, and its concentration over the normal liver's.",
)
@click.option(
    "--tumor-dose",
    type=QuantityType(DOSE),
    help="Mean dose that every tumor is to get at least.",
)
@click.option(
    "--normal-dose",
    type=QuantityType(DOSE),
    help="Mean dose to the perfused normal liver.",
)
@click.option("--activity", type=QuantityType(ACTIVITY), help="To inject.")
@click.option(
    "--maximize", is_flag=True, help="The most activity that every limit allows."
)
@click.option(
    "--liver-volume",
    type=QuantityType(VOLUME),
    help="Of the whole liver, for the dose to all of the normal liver.",
)
@plan_options
def partition_command(
    *,
    perfused_volume: float,
    tumors: tuple[str, ...],
    liver_volume: float | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Partition model: a dose to each tumor, one to the normal liver, one to the lungs.

    Give one goal: --tumor-dose, --normal-dose, --activity or --maximize. Limits go by
    normal (perfused), normal_whole, perfused, lungs, lungs_cumulative or a tumor's
    name.

    Example: sirtdose plan partition --perfused-volume 1000mL --tumor T1=200mL@3
    --lung-shunt 5% --tumor-dose 200Gy --limit normal=70Gy
    """
    from sirtdose.planning.partition_goal import Injection
    from sirtdose.workflows.plan import plan_partition

    goals = [goal for goal in _GOALS if options[goal]]
    if len(goals) != 1:
        raise click.UsageError(
            "give one goal: --tumor-dose, --normal-dose, --activity or --maximize"
        )
    [goal] = goals
    request = plan_request(
        options,
        {
            "perfused_volume_ml": perfused_volume,
            "liver_volume_ml": liver_volume,
            "tumors": list(tumors),
        },
    )
    injection = Injection(
        name="perfused volume",
        perfused_volume_ml=perfused_volume,
        tumors=tuple(_tumor(text) for text in tumors),
        goal=goal,  # type: ignore[arg-type]
        value=None if goal == "maximize" else options[goal],
        lung_shunt_fraction=request.lung_shunt_fraction,
    )
    plan = plan_partition(request, [injection], liver_volume_ml=liver_volume)
    show_plan(plan, out=out, force=force, as_json=as_json)


def _tumor(text: str) -> "Tumor":
    from sirtdose.planning.perfused import Tumor

    name, equals, rest = text.partition("=")
    volume, at, ratio = rest.rpartition("@")
    if not (equals and at and name.strip()):
        raise click.BadParameter(
            f"'{text}' is no tumor: write NAME=VOLUME@RATIO, such as T1=200mL@3.0",
            param_hint="--tumor",
        )
    try:
        volume_ml = VOLUME.parse(volume)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint="--tumor") from None
    try:
        value = float(ratio)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise click.BadParameter(
            f"'{ratio}' is no ratio of concentrations: write a number above 0, such as "
            "3.0",
            param_hint="--tumor",
        )
    return Tumor(name.strip(), volume_ml, value)
