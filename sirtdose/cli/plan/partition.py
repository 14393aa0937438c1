"""`sirtdose plan partition`: doses to each tumor and to the normal liver."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.plan.options import (
    height_option,
    liver_volume_option,
    perfused_volume_option,
    plan_options,
    plan_request,
    show_plan,
    tumor_option,
    weight_option,
)
from sirtdose.cli.words.command import command
from sirtdose.cli.words.injections import (
    aimed_goal_options,
    aims_of,
    goal_of,
    goals_given,
    injection_of,
    injection_option,
    tumor_of,
)
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import density_option
from sirtdose.model.units import FRACTION
from sirtdose.planning.partition_goal import Injection
from sirtdose.workflows.plan.numbers import plan_partition


@command("partition")
@perfused_volume_option
@injection_option("plan partition")
@replace(
    tumor_option,
    help=f"{tumor_option.help} Or T1=200mL@R=1.5 with Kao's R, the activity ratio.",
)
@aimed_goal_options
@Option("tlsf", FRACTION, "Kao's tumor-lung shunt fraction; replaces --lung-shunt.")
@replace(
    liver_volume_option,
    help="Volume of the whole liver, tumors included; needed for the dose to the whole "
    "normal liver.",
)
@density_option
@height_option
@weight_option
@plan_options
def partition_command(
    *,
    perfused_volume: float | None,
    injections: tuple[str, ...],
    tumors: tuple[str, ...],
    liver_volume: float | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Partition model: doses to each tumor, to the normal liver and to the lungs.

    Give one goal: --tumor-dose, --normal-dose, --activity, --maximize or --goal. Or
    give several --injection, each with its own goal and limits. --limit takes the names
    normal (perfused), normal_whole, perfused, lungs, lungs_cumulative, or that of a
    tumor.

    Example: sirtdose plan partition --perfused-volume 1000mL --tumor T1=200mL@3
    --lung-shunt 5% --tumor-dose 120Gy --limit normal=70Gy

    Example: sirtdose plan partition --perfused-volume 1000mL --tumor T1=200mL@3
    --lung-shunt 5% --activity 2GBq --liver-volume 1500mL
    """
    request = plan_request(options)
    if options["tlsf"] is not None and options["lung_shunt"] is not None:
        raise click.UsageError("--tlsf replaces --lung-shunt: give one of them")
    if injections:
        own = perfused_volume is not None or options["tlsf"] is not None
        if own or tumors or options["aims"] or goals_given(options):
            raise click.UsageError(
                "each --injection has its own volume, tumors and goals: leave out "
                "--perfused-volume, --tumor, --tlsf, --goal and the other goals"
            )
        planned = [injection_of(text) for text in injections]
    else:
        if perfused_volume is None:
            raise click.UsageError("give --perfused-volume, or --injection")
        goal, value = goal_of(options)
        planned = [
            Injection(
                name="perfused volume",
                perfused_volume_ml=perfused_volume,
                tumors=tuple(tumor_of(text, "--tumor") for text in tumors),
                goal=goal,
                value=value,
                tumor_lung_shunt_fraction=options["tlsf"],
                aims=aims_of(options),
            )
        ]
    plan = plan_partition(request, planned, liver_volume_ml=liver_volume)
    show_plan(plan, out=out, force=force, as_json=as_json)
