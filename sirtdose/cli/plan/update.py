"""`sirtdose plan update`: what the day of treatment changes of a plan."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from sirtdose.cli.plan.options import require_kept, require_limits
from sirtdose.cli.words.command import command
from sirtdose.cli.words.families import left_by_image
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    acceptance_options,
    force_option,
    json_option,
    lung_shunt_option,
    lung_shunt_source_option,
    out_option,
    patient_key_option,
    residual_method_option,
    timezone_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of, by_name, moment, quantity
from sirtdose.cli.words.self_test import self_test
from sirtdose.cli.words.show import SHOWN, show_document
from sirtdose.cli.words.typed import site_used
from sirtdose.errors import InputError
from sirtdose.model.names import alike, by_own_names
from sirtdose.model.units import ACTIVITY, FRACTION
from sirtdose.planning.documented_case import planned_activities
from sirtdose.report.documents import document_text
from sirtdose.report.plan.document import plan_document
from sirtdose.report.plan.hash import plan_of_file, signed
from sirtdose.report.plan.page import plan_page
from sirtdose.report.plan.rows import names_of
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    plan_uncertainty_csv,
)
from sirtdose.report.plan.update import update_document, update_screen
from sirtdose.workflows.plan.update import (
    Update,
    documented_nuclide,
    updated_plan,
)

_T = TypeVar("_T")


@command("update")
@click.argument("path", type=click.Path(path_type=Path), metavar="PLAN.JSON")
@Option(
    "drawn",
    str,
    "Activity in the vial at the time of use, or as it was measured at TIME, e.g. "
    "right=2.1GBq@2026-03-04T08:00+01:00. The name is needed if the plan has several "
    "injections. May be repeated.",
    many=True,
    metavar="[NAME=]ACTIVITY[@TIME]",
    into="drawn",
)
@Option(
    "residual",
    str,
    "Expected residual: fraction of the activity in the vial that is not delivered, "
    "e.g. 3% or right=3%. May be repeated.  [default: the plan's]",
    many=True,
    metavar="[NAME=]FRACTION",
    into="residuals",
)
@residual_method_option
@replace(
    lung_shunt_option,
    help="Lung shunt fraction of every injection.  [default: the plan's]",
)
@replace(lung_shunt_source_option, default=None)
@Option(
    "catheter",
    ("same", "other"),
    "Whether the catheter position is the same as for the scout.",
)
@Option(
    "at",
    str,
    "Time of use, e.g. 2026-03-04T10:00+01:00; needed if --drawn has a TIME.",
    metavar="TIME",
)
@timezone_option
@replace(
    patient_key_option,
    help="Must match the plan's key; a different one stops the run.",
)
@acceptance_options
@out_option(required=False)
@force_option
@verbose_option
@json_option
def update_command(
    *,
    path: Path,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Predict a plan again for the activity, residual and lung shunt of the day.

    Doses follow the plan's doses per GBq; limits and checks are judged again. The
    result is a new plan.json, not approved, that names the plan it came from. That
    plan itself is not changed.

    Example: sirtdose plan update plan/plan.json --drawn 2.1GBq --residual 3%

    Example: sirtdose plan update plan/plan.json --drawn 2.1GBq --catheter other --out
    today
    """
    planned = plan_of_file(path)
    click.get_current_context().meta[SHOWN] = names_of(planned)
    names = list(planned_activities(planned))
    catheter = options["catheter"]
    updated = updated_plan(
        planned,
        Update(
            drawn_gbq=_by_injection(
                options["drawn"], "--drawn", names, _decayed(planned, options)
            ),
            residual_fraction=_by_injection(
                options["residuals"],
                "--residual",
                names,
                lambda text: quantity(text, FRACTION, "--residual"),
            ),
            residual_method=_method_of(options),
            lung_shunt_fraction=options["lung_shunt"],
            lung_shunt_source=options["lung_shunt_source"] or "",
            same_catheter=None if catheter is None else catheter == "same",
            patient_key=options["patient_key"],
            at=moment(options["at"], "--at", options["timezone"]),
            folder=path.parent,
            self_test=self_test(),
            site=site_used(),
            acceptances=acceptances_of(options),
        ),
    )
    document = signed(
        update_document(
            plan_document(updated.plan), planned, updated.change, grown=updated.grown
        )
    )
    require_kept(path, out, "the plan that is updated")
    pages: dict[str, str | Callable[[Path], None]] = {
        "plan.html": plan_page(document_text(document)),
        PLAN_UNCERTAINTY_FILE: plan_uncertainty_csv(document["uncertainty"]),
        **{one.file: partial(one.write, document["hash"]) for one in updated.maps},
    }
    show_document(
        document,
        update_screen(document),
        name="plan.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=None if out is None else pages,
        replaces=(*left_by_image(out), *pages),
    )
    require_limits(document)


def _method_of(options: dict[str, Any]) -> str | None:
    """How the residual was measured; only where there is one."""
    method: str | None = options["residual_method"]
    if method and not options["residuals"]:
        raise click.UsageError("--residual-method is for a --residual: give both")
    return method


def _by_injection(
    texts: tuple[str, ...],
    option: str,
    names: list[str],
    read: Callable[[str], _T],
) -> dict[str, _T]:
    """Values by injection; one without a name is of the only injection, or of all.

    Raises
    ------
    InputError
        A name that is no injection's of the plan.
    click.BadParameter
        An activity without a name where there are several injections.
    """
    bare = [text for text in texts if "=" not in text]
    if bare and (len(texts) > 1 or (option == "--drawn" and len(names) > 1)):
        raise click.BadParameter(
            f"'{bare[0]}' is not for one injection: write NAME={bare[0]}, with one of "
            f"{_quoted(names)}",
            param_hint=option,
        )
    if bare:
        return dict.fromkeys(names, read(bare[0]))
    typed = by_name(texts, option, f"{names[0]}=VALUE", read)
    for text in texts:
        _require_known(text, option, names)
    return by_own_names(typed, names, option)


def _require_known(text: str, option: str, names: list[str]) -> None:
    """Refuse a name that is no injection's, and say how to type one that is."""
    name, _, value = (one.strip() for one in text.rpartition("="))
    if alike(name, names):
        return
    said = f"{option}: '{name}' is not an injection of the plan"
    if len(names) == 1:
        raise InputError(
            f"{said}: its only one is '{names[0]}'; leave the name out, "
            f"{option} {value}"
        )
    raise InputError(
        f"{said}: its injections are {_quoted(names)}; type for example {option} "
        f"'{names[0]}={value}'"
    )


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{one}'" for one in names)


def _decayed(
    planned: Mapping[str, Any], options: Mapping[str, Any]
) -> Callable[[str], float]:
    """Reads an activity, decayed from the time of its measurement to the use."""
    nuclide, zone = documented_nuclide(planned), options["timezone"]
    at = moment(options["at"], "--at", zone)

    def read(text: str) -> float:
        activity, _, when = text.partition("@")
        gbq = quantity(activity, ACTIVITY, "--drawn")
        measured = moment(when.strip() or None, "--drawn", zone)
        if not gbq > 0:
            raise click.BadParameter(
                f"'{text}' is not an activity above 0", param_hint="--drawn"
            )
        if measured is None:
            return gbq
        if at is None:
            raise click.UsageError(
                "--drawn has the time of its measurement: give the time of use, --at"
            )
        hours = (at - measured).total_seconds() / 3600
        return gbq * nuclide.decay_factor(hours)

    return read
