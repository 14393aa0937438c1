"""`sirtdose plan bsa`: resin by body surface area."""

from pathlib import Path
from typing import Any

import click

from sirtdose.cli.plan.options import plan_options, plan_request, show_plan
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.quantities import QuantityType
from sirtdose.errors import QuantityError
from sirtdose.model.units import FRACTION, LENGTH, MASS, VOLUME
from sirtdose.workflows.plan.numbers import plan_bsa


@click.command("bsa")
@click.option("--height", type=QuantityType(LENGTH), help="Such as 165cm.")
@click.option("--weight", type=QuantityType(MASS), help="Such as 60kg.")
@click.option(
    "--liver-volume",
    type=QuantityType(VOLUME),
    required=True,
    help="Of the whole liver, tumors included.",
)
@click.option(
    "--tumor-volume",
    type=QuantityType(VOLUME),
    required=True,
    help="Of all tumors in the treated volume.",
)
@click.option(
    "--treated-volume",
    "--perfused-volume",
    "treated_volume",
    type=QuantityType(VOLUME),
    help="Lobe or segment, tumors included.  [default: the whole liver]",
)
@click.option(
    "--surface-formula",
    type=click.Choice(("dubois", "mosteller")),
    default="dubois",
    show_default=True,
    help="The method is defined with DuBois.",
)
@click.option(
    "--shunt-reduction",
    "reductions",
    multiple=True,
    metavar="FROM=CUT",
    help="Such as 10%=20%: from this lung shunt on, so much less; or none.  [default: "
    "unverified bands]",
)
@click.option(
    "--empirical",
    is_flag=True,
    help="By the (unverified) empirical table instead: no height or weight.",
)
@density_option
@plan_options
def bsa_command(
    *,
    height: float | None,
    weight: float | None,
    liver_volume: float,
    tumor_volume: float,
    treated_volume: float | None,
    surface_formula: str,
    reductions: tuple[str, ...],
    empirical: bool,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Body surface area: the activity of resin microspheres by the patient's size.

    Limits go by perfused (the treated volume), liver, lungs and lungs_cumulative.

    Example: sirtdose plan bsa --height 165cm --weight 60kg --liver-volume 1500mL
    --tumor-volume 300mL --lung-shunt 4%
    """
    if not empirical and (height is None or weight is None):
        raise click.UsageError("the BSA method needs --height and --weight")
    request = plan_request(
        options,
        {
            "height_mm": height,
            "weight_kg": weight,
            "liver_volume_ml": liver_volume,
            "tumor_volume_ml": tumor_volume,
            "treated_volume_ml": treated_volume,
        },
    )
    plan = plan_bsa(
        request,
        height_cm=None if height is None else height / 10,
        weight_kg=weight,
        liver_volume_ml=liver_volume,
        tumor_volume_ml=tumor_volume,
        treated_volume_ml=treated_volume,
        rule="empirical" if empirical else "bsa",
        surface_formula=surface_formula,
        reductions=_reductions(reductions),
    )
    show_plan(plan, out=out, force=force, as_json=as_json)


def _reductions(texts: tuple[str, ...]) -> list[tuple[float, float]] | None:
    if not texts:
        return None
    if texts == ("none",):
        return []
    bands = []
    for text in texts:
        start, equals, cut = text.partition("=")
        if not equals:
            raise click.BadParameter(
                f"'{text}' is no reduction: write it like 10%=20%",
                param_hint="--shunt-reduction",
            )
        try:
            bands.append((FRACTION.parse(start), FRACTION.parse(cut)))
        except QuantityError as error:
            raise click.BadParameter(
                str(error), param_hint="--shunt-reduction"
            ) from None
    return bands
