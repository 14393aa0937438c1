"""`sirtdose plan mird`: one compartment."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose.cli.plan.options import (
    height_option,
    liver_volume_option,
    perfused_volume_option,
    plan_options,
    plan_request,
    show_plan,
    weight_option,
)
from sirtdose.cli.words.command import command
from sirtdose.cli.words.injections import dose_option
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import density_option
from sirtdose.workflows.plan.numbers import plan_mird


@command("mird")
@replace(dose_option, required=True)
@replace(perfused_volume_option, required=True)
@replace(
    liver_volume_option,
    help="Volume of the whole liver, tumors included; its mean dose is then computed "
    "and judged.",
)
@Option(
    "convention",
    ("delivered", "label"),
    "delivered: the formula contains the lung shunt. label: formula of the glass "
    "label, with K = 50 and no lung shunt.",
    default="delivered",
)
@density_option
@height_option
@weight_option
@plan_options
def mird_command(
    *,
    dose: float,
    perfused_volume: float,
    liver_volume: float | None,
    convention: Any,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """One compartment: the activity for a mean dose to the perfused volume.

    --limit takes the names perfused, liver, lungs and lungs_cumulative.

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%

    Example: sirtdose plan mird --device glass --dose 120Gy --perfused-volume 1000mL
    --lung-shunt 5% --liver-volume 1500mL --limit lungs=30Gy
    """
    plan = plan_mird(
        plan_request(options),
        dose_gy=dose,
        perfused_volume_ml=perfused_volume,
        liver_volume_ml=liver_volume,
        convention=convention,
    )
    show_plan(plan, out=out, force=force, as_json=as_json)
