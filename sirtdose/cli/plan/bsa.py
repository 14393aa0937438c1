"""`sirtdose plan bsa`: resin by body surface area."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.plan.options import (
    height_option,
    liver_volume_option,
    plan_options,
    plan_request,
    show_plan,
    weight_option,
)
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.quantities import by_name, quantity
from sirtdose.model.units import FRACTION, VOLUME
from sirtdose.planning.bsa_plan import known_reductions
from sirtdose.workflows.plan.numbers import plan_bsa


@command("bsa")
@replace(
    height_option,
    help="Height of the patient, e.g. 165cm or 65in; for the body surface area.",
)
@replace(
    weight_option,
    help="Weight of the patient, e.g. 60kg or 132lb; for the body surface area.",
)
@replace(liver_volume_option, required=True)
@Option(
    "tumor-volume",
    VOLUME,
    "Volume of all tumors in the treated volume.",
    required=True,
)
@Option(
    "treated-volume perfused-volume",
    VOLUME,
    "Volume of the treated lobe or segment, tumors included.  [default: the whole "
    "liver]",
    into="treated_volume",
)
@Option(
    "surface-formula",
    ("dubois", "mosteller"),
    "Formula for body surface area; the BSA method is defined with DuBois.",
    default="dubois",
)
@Option(
    "shunt-reduction",
    str,
    "Reduces the activity from a lung shunt on, e.g. 10%=20%: by 20 % from a shunt of "
    "10 %; none for no reduction. May be repeated.  [default: "
    f"{', '.join(f'{at:.0%}={cut:.0%}' for at, cut in known_reductions())}, "
    "not verified]",
    many=True,
    metavar="FROM=CUT",
    into="reductions",
)
@Option(
    "empirical",
    bool,
    "Use the empirical table of activities, which is unverified, without height and "
    "weight.",
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
    """Body surface area: the activity of resin microspheres from the patient's size.

    --limit takes the names perfused (the treated volume), liver, lungs and
    lungs_cumulative.

    Example: sirtdose plan bsa --height 165cm --weight 60kg --liver-volume 1500mL
    --tumor-volume 300mL --lung-shunt 4%

    Example: sirtdose plan bsa --height 165cm --weight 60kg --liver-volume 1500mL
    --treated-volume 900mL --tumor-volume 200mL --lung-shunt 4% --limit lungs=25Gy
    """
    if not empirical and (height is None or weight is None):
        raise click.UsageError("the BSA method needs --height and --weight")
    plan = plan_bsa(
        plan_request({**options, "height": height, "weight": weight}),
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
    option = "--shunt-reduction"

    def fraction(text: str) -> float:
        return quantity(text, FRACTION, option)

    bands = by_name(texts, option, "10%=20%", fraction)
    return [(fraction(start), cut) for start, cut in bands.items()]
