"""`sirtdose plan`: how much activity."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.options import (
    acceptance_options,
    density_option,
    force_option,
    json_option,
    lung_options,
    lung_shunt_option,
    out_option,
    physics_options,
)
from sirtdose.cli.quantities import QuantityType, acceptances_of, nuclide_of
from sirtdose.errors import QuantityError
from sirtdose.model.units import DOSE, FRACTION, VOLUME

if TYPE_CHECKING:
    from sirtdose.planning.result import Plan


@click.group("plan")
def plan_group() -> None:
    """Before treatment: how much activity, and what it gives each compartment.

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """


@plan_group.command("mird")
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
@lung_shunt_option
@click.option(
    "--residual",
    type=QuantityType(FRACTION),
    default=0.0,
    help="Part that is expected to stay behind: more is drawn up, not injected.",
)
@click.option(
    "--convention",
    type=click.Choice(("delivered", "label")),
    default="delivered",
    show_default=True,
    help="label: K 50 and no lung shunt in the formula, as the glass label has it.",
)
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=DOSE",
    help="perfused, lungs or lungs_cumulative; exit 4 if it cannot be met.",
)
@click.option(
    "--prior-liver-dose",
    type=QuantityType(DOSE),
    default=0.0,
    help="Dose of earlier treatments to the same volume.",
)
@click.option("--patient-key", metavar="KEY", help="Ties the plan to later results.")
@lung_options
@physics_options
@density_option
@acceptance_options
@out_option(required=False)
@force_option
@json_option
def mird_command(
    *,
    dose: float,
    perfused_volume: float,
    lung_shunt: float | None,
    residual: float,
    convention: Any,
    limits: tuple[str, ...],
    prior_liver_dose: float,
    patient_key: str | None,
    lung_shunt_source: str,
    lung_mass: float | None,
    prior_lung_dose: float,
    device: str | None,
    nuclide: str | None,
    half_life: float | None,
    dose_constant: str | None,
    density: float,
    accept: tuple[str, ...],
    reason: tuple[str, ...],
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """One compartment: the activity for a mean dose to the perfused volume.

    Example: sirtdose plan mird --dose 120Gy --perfused-volume 1000mL --lung-shunt 5%
    """
    from sirtdose.workflows.plan import PlanRequest, plan_mird

    chosen, microspheres = nuclide_of(nuclide, device, half_life, dose_constant)
    request = PlanRequest(
        nuclide=chosen,
        device=microspheres,
        density_g_per_ml=density,
        lung_shunt_fraction=lung_shunt,
        lung_shunt_source=lung_shunt_source,
        lung_mass_kg=1.0 if lung_mass is None else lung_mass,
        lung_mass_source="default" if lung_mass is None else "given",
        residual_fraction=residual,
        prior_lung_dose_gy=prior_lung_dose,
        prior_liver_dose_gy=prior_liver_dose,
        limits_gy=_limits(limits),
        acceptances=acceptances_of(accept, reason),
        inputs={"patient_key": patient_key, "perfused_volume_ml": perfused_volume},
    )
    plan = plan_mird(
        request,
        dose_gy=dose,
        perfused_volume_ml=perfused_volume,
        convention=convention,
    )
    show_plan(plan, out=out, force=force, as_json=as_json)


def show_plan(plan: "Plan", *, out: Path | None, force: bool, as_json: bool) -> None:
    """Print a plan, and write plan.json where a folder is given."""
    from sirtdose.io.output_folder import output_folder
    from sirtdose.report.documents import document_text, plan_document
    from sirtdose.report.files import PLAN_FILES, write_plan
    from sirtdose.report.summary import plan_summary

    document = plan_document(plan)
    if out is not None:
        with output_folder(out, PLAN_FILES, force=force) as folder:
            write_plan(document, folder)
    click.echo(plan_summary(document), err=True)
    if out is not None:
        click.echo(f"\nWritten to {out / 'plan.json'}", err=True)
    if as_json:
        click.echo(document_text(document), nl=False)


def _limits(texts: tuple[str, ...]) -> dict[str, float]:
    limits = {}
    for text in texts:
        name, equals, dose = text.partition("=")
        if not equals:
            raise click.BadParameter(
                f"'{text}' is no limit: write it like lungs=30Gy", param_hint="--limit"
            )
        try:
            limits[name.strip()] = DOSE.parse(dose)
        except QuantityError as error:
            raise click.BadParameter(str(error), param_hint="--limit") from None
    return limits
