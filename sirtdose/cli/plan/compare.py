"""`sirtdose plan compare`: methods side by side."""

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
    tumor_option,
    weight_option,
)
from sirtdose.cli.words.command import command
from sirtdose.cli.words.injections import (
    dose_option,
    goal_of,
    goal_options,
    goals_given,
    tumor_of,
)
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.show import show_document
from sirtdose.planning.comparison import ComparedCase
from sirtdose.report.documents import document_text
from sirtdose.report.plan.comparison import comparison_document, comparison_screen
from sirtdose.report.plan.hash import signed
from sirtdose.workflows.plan.numbers import compare_plans


@command("compare")
@replace(
    height_option, help="Height of the patient, e.g. 165cm or 65in; needed for bsa."
)
@replace(
    weight_option, help="Weight of the patient, e.g. 60kg or 132lb; needed for bsa."
)
@replace(
    dose_option, help="Goal of mird: mean dose to the perfused volume, tumors included."
)
@replace(
    liver_volume_option,
    help="Volume of the whole liver, tumors included; needed for bsa, and for the dose "
    "to the whole normal liver.",
)
@replace(
    perfused_volume_option,
    help=f"{perfused_volume_option.help}  [default: the whole liver]",
)
@tumor_option
@goal_options
@density_option
@plan_options
def compare_command(
    *,
    perfused_volume: float | None,
    liver_volume: float | None,
    tumors: tuple[str, ...],
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare BSA, MIRD and partition for one case: activities, doses and reasons.

    A method is compared if it has what it needs: bsa --height and --weight, mird
    --dose, partition --tumor and a goal. All activities are judged by the same volumes
    and limits.

    Example: sirtdose plan compare --height 165cm --weight 60kg --liver-volume 1500mL
    --tumor T1=300mL@3 --lung-shunt 4% --dose 60Gy --normal-dose 40Gy

    Example: sirtdose plan compare --liver-volume 1500mL --perfused-volume 900mL --tumor
    T1=200mL@3 --lung-shunt 4% --dose 60Gy --tumor-dose 120Gy
    """
    volume = perfused_volume or liver_volume
    if volume is None:
        raise click.UsageError("give --perfused-volume or --liver-volume")
    goal, value = goal_of(options) if goals_given(options) else (None, None)
    height = options["height"]
    parts = tuple(tumor_of(text, "--tumor") for text in tumors)
    if any(tumor.by_activity for tumor in parts):
        raise click.UsageError(
            "Kao's R is for `sirtdose plan partition`: give T/N to compare"
        )
    case = ComparedCase(
        perfused_volume_ml=volume,
        tumors=parts,
        liver_volume_ml=liver_volume,
        height_cm=None if height is None else height / 10,
        weight_kg=options["weight"],
        dose_gy=options["dose"],
        goal=goal,
        value=value,
    )
    request = plan_request(options)
    rows, findings = compare_plans(request, case)
    document = signed(
        comparison_document(rows, findings, request.acceptances, dict(request.inputs))
    )
    show_document(
        document,
        comparison_screen(document),
        name="compare.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=None if out is None else {"compare.html": _page(document)},
    )


def _page(document: dict[str, Any]) -> str:
    """The page, where a folder is given: jinja2 takes its time to load."""
    from sirtdose.report.plan.page import Made
    from sirtdose.report.plan.sheet import comparison_page

    return comparison_page(document_text(document), Made.today())
