"""What every way of planning is asked, and what comes of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sirtdose.cli.words.options import (
    acceptance_options,
    force_option,
    json_option,
    lung_options,
    lung_shunt_option,
    out_option,
    physics_options,
    together,
)
from sirtdose.cli.words.quantities import QuantityType, acceptances_of, nuclide_of
from sirtdose.cli.words.show import show_document
from sirtdose.errors import QuantityError
from sirtdose.model.units import BILIRUBIN, DOSE, FRACTION
from sirtdose.model.usual import LUNG_MASS_KG
from sirtdose.report.documents import document_text
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.lines import plan_summary
from sirtdose.report.plan.page import plan_page
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    plan_uncertainty_csv,
)
from sirtdose.validation.run import self_test
from sirtdose.workflows.plan.numbers import PlanRequest

if TYPE_CHECKING:
    from sirtdose.planning.result import Plan

# Where the hash of a case file is kept while its command runs.
CASE_FILE = "sirtdose.case_file"

plan_options = together(
    lung_shunt_option,
    click.option(
        "--residual",
        type=QuantityType(FRACTION),
        default=0.0,
        show_default="0%",
        help="Part that is expected to stay behind: more is drawn up, not injected.",
    ),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="NAME=DOSE",
        help="A dose not to pass, by the name of its volume; exit 4 if it is.",
    ),
    click.option(
        "--limits",
        "limit_table",
        default="",
        metavar="TABLE:DEVICE:DISEASE:SCENARIO",
        help="Published limits, such as eanm2022:glass:hcc:lobectomy; resin, glass, "
        "ho166; hcc, icc, mcrc; segmentectomy, lobectomy, unilobar, bilobar.",
    ),
    click.option(
        "--bilirubin",
        type=QuantityType(BILIRUBIN),
        help="Total, such as 0.9mg/dL or 15umol/L: decides between --limits.",
    ),
    click.option(
        "--liver-function",
        type=click.Choice(("favorable", "compromised")),
        help="Decides between --limits.",
    ),
    click.option(
        "--prior-liver-dose",
        type=QuantityType(DOSE),
        default=0.0,
        show_default="0Gy",
        help="Dose of earlier treatments to all of the liver; to one injection's "
        "volume alone: prior-dose:40Gy in --injection.",
    ),
    click.option(
        "--patient-key", metavar="KEY", help="Ties the plan to later results."
    ),
    click.option(
        "--uncertainty",
        type=click.IntRange(20, 100_000),
        metavar="N",
        help="Intervals of an ensemble of N realizations too, such as 1000; by first "
        "order every dose has one.",
    ),
    click.option(
        "--budget",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="TOML with your own standard uncertainties.",
    ),
    click.option(
        "--seed",
        type=click.IntRange(min=0),
        help="Of the realizations.  [default: 0]",
    ),
    lung_options,
    physics_options,
    acceptance_options,
    out_option(required=False),
    force_option,
    json_option,
)


def plan_request(
    options: Mapping[str, Any], inputs: Mapping[str, Any]
) -> "PlanRequest":
    """What all methods share, from the options of a command."""
    chosen, microspheres = nuclide_of(
        options["nuclide"],
        options["device"],
        options["half_life"],
        options["dose_constant"],
    )
    lung_mass = options["lung_mass"]
    if options["seed"] is not None and not options["uncertainty"]:
        raise click.UsageError("--seed is for --uncertainty: give both")
    return PlanRequest(
        nuclide=chosen,
        device=microspheres,
        density_g_per_ml=options["density"],
        lung_shunt_fraction=options["lung_shunt"],
        lung_shunt_source=options["lung_shunt_source"],
        lung_mass_kg=LUNG_MASS_KG if lung_mass is None else lung_mass,
        lung_mass_source="default" if lung_mass is None else "given",
        residual_fraction=options["residual"],
        prior_lung_dose_gy=options["prior_lung_dose"],
        prior_liver_dose_gy=options["prior_liver_dose"],
        limits_gy=_limits(options["limits"]),
        limit_table=options["limit_table"],
        bilirubin_mg_per_dl=options["bilirubin"],
        liver_function=options["liver_function"],
        budget=options["budget"],
        realizations=options["uncertainty"],
        seed=options["seed"] or 0,
        self_test=self_test(),
        acceptances=acceptances_of(options["accept"], options["reason"]),
        inputs={
            "patient_key": options["patient_key"],
            "case_file_sha256": click.get_current_context().meta.get(CASE_FILE),
            **inputs,
        },
    )


def show_plan(plan: "Plan", *, out: Path | None, force: bool, as_json: bool) -> None:
    """Print a plan; write it, its page and its table where a folder is given."""
    document = signed(plan_document(plan))
    pages = {}
    if out is not None:
        pages = {
            "plan.html": plan_page(document_text(document)),
            PLAN_UNCERTAINTY_FILE: plan_uncertainty_csv(document["uncertainty"]),
        }
    show_document(
        document,
        plan_summary(document),
        name="plan.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=pages,
    )


def _limits(texts: tuple[str, ...]) -> dict[str, float]:
    limits = {}
    for text in texts:
        name, equals, dose = text.rpartition("=")
        if not equals:
            raise click.BadParameter(
                f"'{text}' is no limit: write it like lungs=30Gy", param_hint="--limit"
            )
        if name.strip() in limits:
            raise click.BadParameter(
                f"a limit for '{name.strip()}' is given twice: give the one that holds",
                param_hint="--limit",
            )
        try:
            limits[name.strip()] = DOSE.parse(dose)
        except QuantityError as error:
            raise click.BadParameter(str(error), param_hint="--limit") from None
    return limits
