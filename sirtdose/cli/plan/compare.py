"""`sirtdose plan compare`: methods side by side, or whole plans."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

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
from sirtdose.cli.words.goals import maximize_order_option
from sirtdose.cli.words.injections import (
    compared_injection_of,
    dose_option,
    goal_options,
    goals_given,
    injection_option,
    tumor_of,
)
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import density_option
from sirtdose.cli.words.quantities import acceptances_of
from sirtdose.cli.words.show import show_document
from sirtdose.planning.comparison import ComparedCase
from sirtdose.planning.partition_goal import Injection
from sirtdose.report.documents import document_text
from sirtdose.report.plan.comparison import comparison_document
from sirtdose.report.plan.comparison_lines import comparison_screen
from sirtdose.report.plan.hash import signed
from sirtdose.workflows.plan.beside import compare_documents
from sirtdose.workflows.plan.numbers import compare_plans

# What is for whole plans too: all else is in them.
_FOR_PLANS = ("plans", "out", "force", "as_json", "verbose", "accept", "reason")


@command("compare")
@click.argument("plans", nargs=-1, type=click.Path(path_type=Path), metavar="[PLAN]...")
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
@injection_option("plan compare")
@goal_options
@maximize_order_option
@Option(
    "empirical",
    bool,
    "Compare the empirical table of activities too, which is unverified; for the whole "
    "liver.",
)
@density_option
@plan_options
def compare_command(
    *,
    plans: tuple[Path, ...],
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare methods for one case, or whole plans: activities, doses and reasons.

    A method is compared if it has what it needs: bsa --height and --weight, for resin;
    mird --dose; partition --tumor and a goal. Each further goal is another row. All
    activities are judged by the same volumes and limits. Give several --injection with
    their own volumes, tumors, doses and goals.

    Or give two or more plan.json of one patient, such as first/plan.json
    second/plan.json. They are compared as they are, with the differences from the
    first.

    Example: sirtdose plan compare --height 165cm --weight 60kg --liver-volume 1500mL
    --tumor T1=300mL@3 --lung-shunt 4% --dose 60Gy --normal-dose 40Gy

    Example: sirtdose plan compare --liver-volume 1500mL --lung-shunt 4% --dose 60Gy
    --injection right=perfused:900mL,tumor:T1=200mL@3 --injection
    left=perfused:300mL,tumor:T2=50mL@4 --tumor-dose 120Gy --normal-dose 40Gy
    """
    if plans:
        _require_alone(plans)
        document = compare_documents(plans, acceptances_of(options))
    else:
        document = _methods(options)
    document = signed(document)
    show_document(
        document,
        comparison_screen(document),
        name="compare.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=None if out is None else {"compare.html": _page(document)},
    )


def _methods(options: Mapping[str, Any]) -> dict[str, Any]:
    """Methods for the case that the options describe."""
    injections, doses = _injections(options)
    height = options["height"]
    case = ComparedCase(
        injections=injections,
        liver_volume_ml=options["liver_volume"],
        height_cm=None if height is None else height / 10,
        weight_kg=options["weight"],
        empirical=options["empirical"],
        doses_gy={name: gy for name, gy in doses.items() if gy is not None},
        partitions=_partitions(injections, doses, options),
    )
    request = plan_request(options)
    rows, findings = compare_plans(request, case)
    return comparison_document(
        rows,
        findings,
        request.acceptances,
        dict(request.inputs),
        unperfused_ml=case.unperfused_volume_ml,
    )


def _injections(
    options: Mapping[str, Any],
) -> tuple[tuple[Injection, ...], dict[str, float | None]]:
    """The injections, and the dose that MIRD has for each."""
    volume = options["perfused_volume"] or options["liver_volume"]
    texts, common = options["injections"], options["dose"]
    if texts:
        if options["perfused_volume"] is not None or options["tumors"]:
            raise click.UsageError(
                "each --injection has its own volume and tumors: leave out "
                "--perfused-volume and --tumor"
            )
        read = [compared_injection_of(text) for text in texts]
        return tuple(one for one, _ in read), {
            one.name: common if own is None else own for one, own in read
        }
    if volume is None:
        raise click.UsageError(
            "give --perfused-volume, --liver-volume or --injection, or two plan.json"
        )
    tumors = tuple(tumor_of(text, "--tumor") for text in options["tumors"])
    one = Injection("perfused volume", volume, tumors, "activity")
    return (one,), {one.name: common}


def _partitions(
    injections: tuple[Injection, ...],
    doses: Mapping[str, float | None],
    options: Mapping[str, Any],
) -> tuple[tuple[Injection, ...], ...]:
    """Each prescription of the partition model: the injections' own, then the others.

    An injection that has but a dose is to reach that, where others have a goal.
    """
    found = []
    if any(_has_goal(one) for one in injections):
        without = [
            one.name
            for one in injections
            if not _has_goal(one) and doses[one.name] is None
        ]
        if without:
            raise click.UsageError(
                f"{', '.join(without)} has no goal, but other injections have: give "
                "each --injection a goal such as tumor-dose:120Gy, or none"
            )
        found.append(
            tuple(
                one
                if _has_goal(one)
                else replace(one, goal="perfused_dose", value=doses[one.name])
                for one in injections
            )
        )
    goal: Any
    for goal in goals_given(options):
        value = None if goal == "maximize" else options[goal]
        found.append(tuple(replace(one, goal=goal, value=value) for one in injections))
    return tuple(found)


def _has_goal(one: Injection) -> bool:
    return one.value is not None or one.goal == "maximize"


def _require_alone(plans: tuple[Path, ...]) -> None:
    """Refuse one plan alone, or numbers beside plans that have their own."""
    context = click.get_current_context()
    typed = [
        one.opts[0]
        for one in context.command.params
        if one.name not in _FOR_PLANS
        and context.get_parameter_source(str(one.name)) is ParameterSource.COMMANDLINE
    ]
    if typed:
        raise click.UsageError(
            f"plans are compared as they are: leave out {', '.join(typed)}"
        )
    if len(plans) < 2:
        raise click.UsageError(
            f"{plans[0].name} alone cannot be compared: give two or more plan.json"
        )


def _page(document: dict[str, Any]) -> str:
    """The page, where a folder is given: jinja2 takes its time to load."""
    from sirtdose.report.plan.comparison_page import comparison_page
    from sirtdose.report.plan.page import Made

    return comparison_page(document_text(document), Made.today())
