"""`sirtdose plan vial`: which vials to order, and today's vial against the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from sirtdose.checks.orders import chosen_against_plan, chosen_findings
from sirtdose.cli.plan.options import CASE_NAMES, case_options
from sirtdose.cli.plan.vial_said import about_plan, about_vials
from sirtdose.cli.plan.vial_words import (
    ALONE,
    PlanForVials,
    ordered_of,
    readings_of,
    require_drawn,
    site_zone,
    wants_of,
)
from sirtdose.cli.words.command import command
from sirtdose.cli.words.option import Option
from sirtdose.cli.words.options import (
    acceptance_options,
    assay_options,
    calibrator_factor_option,
    device_option,
    force_option,
    half_life_option,
    json_option,
    nuclide_options,
    out_option,
    plan_option,
    timezone_option,
    verbose_option,
)
from sirtdose.cli.words.quantities import acceptances_of, moment, nuclide_of
from sirtdose.cli.words.show import show_document
from sirtdose.errors import InputError, PlanningError
from sirtdose.io.tables.catalogue import read_catalogue
from sirtdose.model.acceptance import (
    Acceptance,
    require_accepted,
    to_accept,
    unaccepted,
)
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY
from sirtdose.model.vial_product import VIAL_GBQ_MAX
from sirtdose.planning.ordered_vial import (
    MeasuredVial,
    Reading,
    measured_vial,
    orders_of,
)
from sirtdose.planning.vial import Asked, shared_vials, vials_for
from sirtdose.planning.vial_choice import Want
from sirtdose.report.documents import document_text
from sirtdose.report.plan.hash import signed
from sirtdose.report.plan.order import order_csv, order_document
from sirtdose.report.plan.vial import VialsFound, vial_document
from sirtdose.report.plan.vial_lines import vial_screen

# What a page says of a patient by the plan alone.
_OF_PLAN = ("limit_table", "height_mm", "weight_kg")


@command("vial")
@Option("activity", ACTIVITY, "Activity to draw up, at the time of use.")
@replace(
    plan_option,
    help="plan.json from which to take activities, doses and the device; replaces "
    "--activity.",
)
@Option(
    "injection",
    str,
    "Only this injection of the plan.  [default: all of them]",
    metavar="NAME",
)
@Option(
    "at",
    str,
    "Time of use, e.g. 2026-03-04T10:00+01:00, for all injections or for each its "
    "own. May be repeated.",
    many=True,
    required=True,
    metavar="[NAME=]TIME",
    into="times",
)
@replace(device_option, help=f"{device_option.help} Needed unless --plan names it.")
@Option(
    "catalogue",
    Path,
    "Your own sizes, calibration times and shelf lives, TOML or JSON, replacing the "
    "shipped ones.",
    into="catalogue_file",
)
@Option(
    "vial",
    ACTIVITY,
    "Vial activity at calibration, e.g. 3GBq; may be repeated.  [default: those of "
    "the catalogue]",
    many=True,
    into="vials",
)
@Option(
    "calibrated-at",
    str,
    "Calibration time of the vials.  [default: those of the catalogue that are in "
    "time]",
    metavar="TIME",
)
@Option(
    "vials-per-injection",
    click.IntRange(1, 2),
    "Number of vials for an injection; 2 also offers pairs where one vial fits.",
    default="1",
    metavar="N",
)
@Option(
    "choose",
    str,
    "Vial to order: its activity at calibration, and the day or TIME of calibration; "
    "without one, its activity at use. Repeat it for two vials; NAME,NAME shares a "
    "vial. With --out it writes the order form.",
    many=True,
    metavar="[NAME=]ACTIVITY[@DATE]",
    into="chosen",
)
@Option(
    "measured",
    str,
    "Activity of today's vial in the dose calibrator, and when it was measured; for "
    "resin, that of the part drawn. Repeat it for two vials.",
    many=True,
    metavar="[NAME=]ACTIVITY@TIME",
    into="measured",
)
@case_options
@assay_options
@calibrator_factor_option
@nuclide_options
@half_life_option
@timezone_option
@acceptance_options
@out_option(required=False)
@force_option
@verbose_option
@json_option
def vial_command(
    *,
    activity: float | None,
    plan_file: Path | None,
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Choose vials that can be had, order them, and check today's against the plan.

    Example: sirtdose plan vial --activity 2.3GBq --at 2026-03-04T10:00+01:00 --device
    glass

    Example: sirtdose plan vial --plan plan/plan.json --at 2026-12-09T10:00-05:00
    --choose right=5GBq@2026-12-06 --out order
    """
    if activity is None and plan_file is None:
        raise click.UsageError("give --activity, or --plan with plan.json")
    if activity is not None and plan_file is not None:
        raise click.UsageError(
            "--activity and --plan are both given, and a plan has its own activity: "
            "leave one of them out"
        )
    planned = None if plan_file is None else PlanForVials.of_file(plan_file)
    device, nuclide, digest = _microspheres(options, planned)
    if planned is None and options["injection"]:
        raise click.UsageError("--injection is of a plan: give --plan")
    draws = planned.draws_gbq if planned else {ALONE: (activity or 0.0, 0.0)}
    zone = options["timezone"]
    wants = wants_of(
        draws, options["times"], injection=options["injection"], timezone=zone
    )
    asked = Asked(
        site_zone(zone),
        moment(options["calibrated_at"], "--calibrated-at", zone),
        options["vials_per_injection"] > 1,
    )
    ordered = ordered_of(options["chosen"], wants, device=device, timezone=zone)
    if device.vials.part_is_drawn:
        require_drawn(ordered, wants, nuclide)
    found = VialsFound(
        device,
        nuclide,
        [vials_for(want, device, nuclide, asked) for want in wants],
        shared_vials(wants, device, nuclide, asked),
        orders_of(wants, ordered, nuclide, part_is_drawn=device.vials.part_is_drawn),
        _measured(options, wants, nuclide),
        options["calibrator_factor"],
        planned.doses if planned else None,
        planned.summary if planned else None,
        _whose(options, planned),
        digest,
    )
    findings = [
        *about_plan(found, planned, options["treatment_date"]),
        *chosen_findings(
            ordered, wants, device=device, nuclide=nuclide, site=asked.site
        ),
        *chosen_against_plan(ordered, wants, device=device, nuclide=nuclide),
        *about_vials(found, asked),
    ]
    acceptances = acceptances_of(options)
    if planned:
        acceptances = planned.meant(acceptances, findings)
    require_accepted(findings, acceptances)
    document = signed(vial_document(found, findings, acceptances))
    show_document(
        document,
        vial_screen(document),
        name="vial.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=None if out is None else _files(found, findings, acceptances, document),
    )
    _require_limits(document, ordered=bool(found.orders))


def _require_limits(document: Mapping[str, Any], *, ordered: bool) -> None:
    """After the result: a limit that the vials pass, and that nobody accepted."""
    if unmet := unaccepted(document):
        where = ", ".join(one.subject for one in unmet)
        unwritten = " No order form is written." if ordered else ""
        raise PlanningError(
            f"with these vials a limit is not met: {where}.{unwritten} Choose other "
            f"vials or another time, or give {to_accept(unmet)}"
        )


def _microspheres(
    options: Mapping[str, Any], planned: PlanForVials | None
) -> tuple[Device, Nuclide, str | None]:
    """The device with its vials, the nuclide, and the catalogue's digest."""
    if planned:
        planned.require_device(options["device"])
    name = options["device"] or (planned.device if planned else None)
    if not (name or options["nuclide_file"]):
        raise click.UsageError("give --device, or --plan or --nuclide-file")
    nuclide, device = nuclide_of({**options, "device": name})
    device = device or Device.unnamed(nuclide.name)
    if planned and not options["half_life"]:
        nuclide = planned.decaying_as(nuclide)
    file, digest = options["catalogue_file"], None
    if file is not None:
        products, read = read_catalogue(file)
        if device.name in products:
            digest = read
            device = replace(device, vials=products[device.name])
    if options["vials"]:
        _require_vials(options["vials"])
        device = replace(device, vials=device.vials.with_sizes(options["vials"]))
    return device, nuclide, digest


def _require_vials(sizes_gbq: Sequence[float]) -> None:
    for gbq in sizes_gbq:
        if not 0 < gbq <= VIAL_GBQ_MAX:
            raise click.BadParameter(
                f"{gbq:g} GBq is not a vial's activity: give one above 0, up to "
                f"{VIAL_GBQ_MAX:g} GBq",
                param_hint="--vial",
            )


def _measured(
    options: Mapping[str, Any], wants: Sequence[Want], nuclide: Nuclide
) -> list[MeasuredVial]:
    """Today's vials, of each injection that has any."""
    readings = _readings(options, wants)
    return [
        measured_vial(want, own, nuclide, options["calibrator_factor"])
        for want in wants
        for own in [readings.get(want.name)]
        if own
    ]


def _readings(
    options: Mapping[str, Any], wants: Sequence[Want]
) -> dict[str, list[Reading]]:
    """Measured vials; --assay with --assay-at is the same for one injection."""
    gbq, zone = options["assay"], options["timezone"]
    at = moment(options["assay_at"], "--assay-at", zone)
    found = readings_of(options["measured"], wants, zone)
    if gbq is None and at is None:
        return found
    if gbq is None or at is None:
        raise InputError("an assay needs its time: give both --assay and --assay-at")
    if len(wants) > 1 or found:
        raise click.UsageError(
            f"--assay is of one vial: give --measured {wants[0].name}=ACTIVITY@TIME"
        )
    return {wants[0].name: [Reading(gbq, at)]}


def _files(
    found: VialsFound,
    findings: Sequence[Finding],
    acceptances: Sequence[Acceptance],
    document: dict[str, Any],
) -> dict[str, str]:
    """The pages, where a folder is given: jinja2 takes its time to load."""
    from sirtdose.report.plan.page import Made
    from sirtdose.report.plan.vial_page import order_page, vial_page

    made = Made.today()
    pages = {"vial.html": vial_page(document_text(document), made)}
    if not found.orders or unaccepted(document):
        return pages
    order = signed(order_document(found, findings, acceptances))
    text = document_text(order)
    return {
        **pages,
        "order.json": text,
        "order.html": order_page(text, made),
        "order.csv": order_csv(order),
    }


def _whose(options: Mapping[str, Any], planned: PlanForVials | None) -> dict[str, Any]:
    """Whose a vial is: as typed, else the plan's; and what only a plan says."""
    of_plan = planned.document["inputs"] if planned else {}
    more = {name: of_plan[name] for name in _OF_PLAN if of_plan.get(name)}
    return {name: options[name] or of_plan.get(name) for name in CASE_NAMES} | more
