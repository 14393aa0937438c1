"""What every way of planning is asked, and what comes of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.cli.words.families import left_by_image
from sirtdose.cli.words.goals import order_of
from sirtdose.cli.words.option import Option, together
from sirtdose.cli.words.options import (
    acceptance_options,
    budget_options,
    force_option,
    json_option,
    lung_mass_option,
    lung_options,
    lung_shunt_option,
    out_option,
    patient_key_option,
    physics_options,
    uncertainty_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import (
    DayType,
    acceptances_of,
    by_name,
    nuclide_of,
    quantity,
)
from sirtdose.cli.words.self_test import self_test
from sirtdose.cli.words.show import show_document
from sirtdose.cli.words.typed import options_kept, site_used
from sirtdose.errors import InputError, PlanningError
from sirtdose.model.acceptance import to_accept, unaccepted
from sirtdose.model.units import (
    ACTIVITY,
    BILIRUBIN,
    BODY_HEIGHT,
    BODY_MASS,
    DOSE,
    FRACTION,
    VOLUME,
)
from sirtdose.planning.remnant import UNDERLYING, RemnantAsked
from sirtdose.planning.result import Plan
from sirtdose.planning.standard_liver import FORMULAS as SLV_FORMULAS
from sirtdose.report.documents import document_text
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.lines import plan_screen
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    plan_uncertainty_csv,
)
from sirtdose.workflows.plan.numbers import PlanRequest
from sirtdose.workflows.plan.sessions import read_sessions

# Where the hash of a case file is kept while its command runs.
CASE_FILE = "sirtdose.case_file"

perfused_volume_option = Option(
    "perfused-volume", VOLUME, "Volume of the perfused liver, tumors included."
)
liver_volume_option = Option(
    "liver-volume", VOLUME, "Volume of the whole liver, tumors included."
)
height_option = Option(
    "height",
    BODY_HEIGHT,
    "Height of the patient, e.g. 165cm or 65in; shown on the plan's page.",
)
weight_option = Option(
    "weight",
    BODY_MASS,
    "Weight of the patient, e.g. 60kg or 132lb; shown on the plan's page, with the "
    "body surface area.",
)
tumor_option = Option(
    "tumor",
    str,
    "A tumor with its volume and T/N, the ratio of activity concentrations in tumor "
    "and normal liver, e.g. T1=200mL@3.0; may be repeated.",
    many=True,
    metavar="NAME=VOLUME@RATIO",
    into="tumors",
)
case_options = together(
    Option(
        "case-label", str, "Label of the case, on every printed sheet.", metavar="TEXT"
    ),
    patient_key_option,
    Option("vessel", str, "Vessel to be treated, e.g. 'right hepatic artery'."),
    Option(
        "treatment-date",
        DayType(),
        "Planned day of treatment, e.g. 2026-12-09.",
        metavar="DATE",
    ),
)
remnant_options = together(
    Option(
        "remnant",
        VOLUME,
        "Volume of the future liver remnant, without tumors.  [default: the liver less "
        "perfused volumes]",
    ),
    Option(
        "slv",
        SLV_FORMULAS,
        "Formula of the standardized liver volume, from --height and --weight; the "
        "remnant is also given as a percentage of it.",
    ),
    Option(
        "underlying-liver",
        UNDERLYING,
        "Underlying liver: normal, after chemotherapy, or with cirrhosis. Warns if the "
        "future liver remnant is below the published minimum for a resection.",
    ),
)
# Whose a plan is, as its documents keep it.
CASE_NAMES = ("case_label", "patient_key", "vessel", "treatment_date")
imaged_plan_options = together(
    lung_shunt_option,
    Option(
        "residual",
        FRACTION,
        "Expected residual: fraction of the drawn activity that is not delivered. The "
        "activity to draw up is raised by it.",
        default="0%",
    ),
    Option(
        "limit",
        str,
        "Maximum dose to a volume by its name, e.g. lungs=30Gy; may be repeated. If it "
        "is not met, the exit code is 4 unless H42 is accepted.",
        many=True,
        metavar="NAME=DOSE",
        into="limits",
    ),
    Option(
        "limits",
        str,
        "Published limits, e.g. eanm2022:glass:hcc:lobectomy. Devices: resin, glass, "
        "ho166. Diseases: hcc, icc, mcrc. Scenarios: segmentectomy, lobectomy, "
        "unilobar, bilobar.",
        metavar="TABLE:DEVICE:DISEASE:SCENARIO",
        into="limit_table",
    ),
    Option(
        "bilirubin",
        BILIRUBIN,
        "Total bilirubin, e.g. 0.9mg/dL or 15umol/L; some published --limits, and the "
        "whole-liver doses that glass warns of (H43), depend on it.",
    ),
    Option(
        "liver-function",
        ("favorable", "compromised"),
        "Liver function of the patient; some published --limits depend on it.",
    ),
    Option(
        "prior-liver-dose",
        DOSE,
        "Dose to the whole liver from earlier treatments; added to the doses of the "
        "liver.",
        default="0Gy",
    ),
    remnant_options,
    Option(
        "scout-activity",
        ACTIVITY,
        "Activity of a scout of the same microspheres (Ho-166), e.g. 250MBq. Its dose "
        "is an earlier dose of every structure: limits count it, goals do not.",
    ),
    Option(
        "after",
        Path,
        "plan.json or post.json of an earlier session, whose doses are added to those "
        "of the same structures and of the lungs; may be repeated. Doses typed with "
        "--prior-liver-dose and --prior-lung-dose are added to them.",
        many=True,
    ),
    case_options,
    replace(
        uncertainty_option,
        help="Also compute intervals from N realizations, e.g. 1000; first-order "
        "intervals are always given.",
    ),
    budget_options,
    lung_options,
    physics_options,
    acceptance_options,
    out_option(required=False),
    force_option,
    verbose_option,
    json_option,
)
plan_options = together(lung_mass_option, imaged_plan_options)


def plan_request(options: Mapping[str, Any]) -> PlanRequest:
    """What all methods share, from the options of a command."""
    chosen, microspheres = nuclide_of(options)
    if options["seed"] is not None and not options["uncertainty"]:
        raise click.UsageError("--seed is for --uncertainty: give both")
    context = click.get_current_context()
    # A comparison writes no plan.json.
    for path in options["after"] if context.command.name != "compare" else ():
        require_kept(path, context.params.get("out"), f"the {path.name} of --after")
    return PlanRequest(
        nuclide=chosen,
        device=microspheres,
        density_g_per_ml=options["density"],
        lung_shunt_fraction=options["lung_shunt"],
        lung_shunt_source=options["lung_shunt_source"],
        lung_mass_kg=options["lung_mass"],
        residual_fraction=options["residual"],
        prior_lung_dose_gy=options["prior_lung_dose"],
        prior_liver_dose_gy=options["prior_liver_dose"],
        scout_activity_gbq=options["scout_activity"] or 0.0,
        sessions=read_sessions(options["after"]),
        limits_gy=by_name(
            options["limits"],
            "--limit",
            "lungs=30Gy",
            lambda dose: quantity(dose, DOSE, "--limit"),
        ),
        limit_table=options["limit_table"] or "",
        bilirubin_mg_per_dl=options["bilirubin"],
        liver_function=options["liver_function"],
        maximize_order=order_of(options.get("maximize_order")),
        budget=options["budget"],
        realizations=options["uncertainty"],
        seed=options["seed"] or 0,
        remnant=_remnant_asked(options),
        self_test=self_test(),
        site=site_used(),
        acceptances=acceptances_of(options),
        inputs={
            "patient_key": options["patient_key"],
            "case_file_sha256": context.meta.get(CASE_FILE),
            **options_kept(context),
        },
    )


def require_kept(path: Path, out: Path | None, which: str) -> None:
    """Refuse to write into the folder of a plan or session that another refers to.

    Raises
    ------
    InputError
        It is that folder, whatever is forced.
    """
    if out is not None and out.resolve() == path.resolve().parent:
        raise InputError(
            f"--out {out.name} holds {which}, which must stay as it is: give another "
            "folder"
        )


def _remnant_asked(options: Mapping[str, Any]) -> RemnantAsked:
    height_mm = options["height"]
    return RemnantAsked(
        volume_ml=options["remnant"],
        formula=options["slv"] or "",
        underlying=options["underlying_liver"] or "",
        height_cm=None if height_mm is None else height_mm / 10,
        weight_kg=options["weight"],
    )


def _pages(document: dict[str, Any]) -> dict[str, str]:
    from sirtdose.report.plan.page import plan_page

    return {
        "plan.html": plan_page(document_text(document)),
        PLAN_UNCERTAINTY_FILE: plan_uncertainty_csv(document["uncertainty"]),
    }


def show_plan(plan: Plan, *, out: Path | None, force: bool, as_json: bool) -> None:
    """Print a plan; write it, its page and its table where a folder is given."""
    document = signed(plan_document(plan))
    # Without a folder no page is made: what makes one takes its time to load.
    pages = None if out is None else _pages(document)
    show_document(
        document,
        plan_screen(document),
        name="plan.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=pages,
        replaces=left_by_image(out),
    )
    require_limits(document)


def require_limits(document: dict[str, Any]) -> None:
    """End as a plan ends that was shown, and whose limits nobody may pass unasked.

    Raises
    ------
    PlanningError
        A limit is not met, and nobody accepted it.
    """
    unmet = unaccepted(document)
    if unmet:
        where = ", ".join(one.subject for one in unmet)
        raise PlanningError(
            f"the limit is not met: {where}. The result above cannot be approved; "
            f"meet the limit, or give {to_accept(unmet)}"
        )
