"""`sirtdose plan mird`: one compartment."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.plan.options import plan_options, plan_request, show_plan
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.model.units import DOSE, VOLUME
from sirtdose.workflows.plan.numbers import plan_mird


@click.command("mird")
@click.option(
    "--dose",
    type=QuantityType(DOSE),
    required=True,
    help="Mean dose to the perfused volume, tumors included.",
)
@click.option(
    "--perfused-volume",
    type=QuantityType(VOLUME),
    required=True,
    help="Volume that is perfused, tumors included.",
)
@click.option(
    "--liver-volume",
    type=QuantityType(VOLUME),
    help="Volume of the whole liver, tumors included: its dose is judged.",
)
@click.option(
    "--convention",
    type=click.Choice(("delivered", "label")),
    default="delivered",
    show_default=True,
    help="label: K 50 and no lung shunt in the formula, as the glass label has it.",
)
@density_option
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

    Limits go by perfused, liver, lungs and lungs_cumulative.

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """
    plan = plan_mird(
        plan_request(
            options,
            {"perfused_volume_ml": perfused_volume, "liver_volume_ml": liver_volume},
        ),
        dose_gy=dose,
        perfused_volume_ml=perfused_volume,
        liver_volume_ml=liver_volume,
        convention=convention,
    )
    show_plan(plan, out=out, force=force, as_json=as_json)
