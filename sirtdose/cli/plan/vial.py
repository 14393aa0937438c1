"""`sirtdose plan vial`: which vial, calibrated when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sirtdose.checks.constants import other_file_findings
from sirtdose.checks.method import not_a_device_finding
from sirtdose.checks.orders import order_findings, unapproved_findings
from sirtdose.checks.site import site_findings
from sirtdose.checks.vials import day_findings, typed_activity_findings, vial_findings
from sirtdose.cli.plan.options import CASE_NAMES, case_options
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
from sirtdose.cli.words.quantities import (
    acceptances_of,
    by_name,
    moment,
    nuclide_of,
    quantity,
)
from sirtdose.cli.words.show import show_document
from sirtdose.cli.words.typed import site_used
from sirtdose.errors import InputError
from sirtdose.model.acceptance import require_accepted, unaccepted
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.names import by_own_names, named
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY
from sirtdose.planning.vial import VialPlan, plan_vial
from sirtdose.report.documents import document_text
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.plan.vial import vial_document, vial_screen


@dataclass(frozen=True)
class _PlannedVial:
    """What a plan wants drawn up: for one injection, and for each."""

    activity_gbq: float
    each_gbq: Mapping[str, float]
    device: str | None
    nuclide: Mapping[str, Any]
    status: str
    unmet: Sequence[Finding]
    document: dict[str, Any]
    inputs: Mapping[str, Any]

    def decaying_as(self, nuclide: Nuclide) -> Nuclide:
        """The nuclide with the plan's half-life, where that is another."""
        own_h = float(self.nuclide["half_life_h"])
        same = own_h == nuclide.half_life_h
        return nuclide if same else nuclide.with_half_life(own_h)

    def nuclide_findings(self, nuclide: Nuclide) -> list[Finding]:
        """A nuclide of another file than the plan's; another nuclide is refused."""
        if nuclide.name != self.nuclide["name"]:
            own = self.nuclide["name"]
            raise InputError(
                f"the plan is for {own}, not {nuclide.name}: give --nuclide {own}, or "
                f"the plan for {nuclide.name}"
            )
        return other_file_findings(self.nuclide, nuclide)


@command("vial")
@Option("activity", ACTIVITY, "Activity to draw up, at the time of use.")
@replace(
    plan_option,
    help="plan.json from which to take the activity to draw up and the device; "
    "replaces --activity.",
)
@Option(
    "injection", str, "Name of the injection, if the plan has several.", metavar="NAME"
)
@Option(
    "order",
    str,
    "Activity ordered for an injection of the plan, at its calibration TIME or at the "
    "time of use; compared with the plan. May be repeated.",
    many=True,
    metavar="NAME=ACTIVITY[@TIME]",
    into="orders",
)
@Option(
    "at",
    str,
    "Time of use, e.g. 2026-03-04T10:00+01:00.",
    required=True,
    metavar="TIME",
)
@replace(device_option, help=f"{device_option.help} Needed unless --plan names it.")
@Option(
    "vial",
    ACTIVITY,
    "Vial activity at calibration, e.g. 3GBq; may be repeated.  [default: those of "
    "the device]",
    many=True,
    into="vials",
)
@Option(
    "calibrated-at",
    str,
    "Calibration time of the vials.  [default: for each vial, the time that suits the "
    "activity]",
    metavar="TIME",
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
    vials: tuple[float, ...],
    out: Path | None,
    force: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Choose vial and calibration time, and see what an early or late case changes.

    Example: sirtdose plan vial --activity 2.3GBq --at 2026-03-04T10:00+01:00 --device
    glass

    Example: sirtdose plan vial --plan plan/plan.json --at 2026-03-04T10:00+01:00
    """
    zone = options["timezone"]
    times = {
        name: moment(options[name], f"--{name.replace('_', '-')}", zone)
        for name in ("at", "calibrated_at", "assay_at")
    }
    if (activity is None) == (plan_file is None):
        raise click.UsageError("give --activity, or --plan with plan.json")
    planned = None if plan_file is None else _of_plan(plan_file, options)
    device_name = options["device"] or (planned.device if planned else None)
    if times["at"] is None or not (device_name or options["nuclide_file"]):
        raise click.UsageError("give --device, or --plan or --nuclide-file")
    nuclide, device = nuclide_of({**options, "device": device_name})
    device = device or Device.unnamed(nuclide.name)
    if planned and not options["half_life"]:
        nuclide = planned.decaying_as(nuclide)
    if planned is None and options["orders"]:
        raise click.UsageError("--order is compared with a plan: give --plan")
    plan = plan_vial(
        activity_gbq=planned.activity_gbq if planned else activity or 0.0,
        at=times["at"],
        device=device,
        nuclide=nuclide,
        calibrated_at=times["calibrated_at"],
        assay_gbq=options["assay"],
        assay_at=times["assay_at"],
        calibrator_factor=options["calibrator_factor"],
        sizes_gbq=vials or None,
    )
    orders = _orders(options["orders"], plan, zone)
    found = _findings(plan, planned, options, orders)
    plan = replace(plan, findings=tuple(found))
    acceptances = acceptances_of(options["accept"], options["reason"])
    require_accepted(plan.findings, acceptances)
    document = vial_document(
        plan,
        acceptances,
        of_plan=_plan_document(planned, orders) if planned else None,
        inputs=_whose(options, planned),
    )
    show_document(
        document,
        vial_screen(document),
        name="vial.json",
        out=out,
        force=force,
        as_json=as_json,
        pages=None if out is None else {"vial.html": _page(document)},
    )


def _order_findings(
    orders: Mapping[str, "_Order"], planned: _PlannedVial, plan: VialPlan
) -> list[Finding]:
    return order_findings(
        {name: one.at_use_gbq for name, one in orders.items()},
        planned.each_gbq,
        part_is_drawn=plan.device.part_is_drawn,
    )


def _findings(
    plan: VialPlan,
    planned: _PlannedVial | None,
    options: Mapping[str, Any],
    orders: Mapping[str, "_Order"],
) -> list[Finding]:
    """What is said of a vial: by itself, and by the plan that it is for."""
    own = [*vial_findings(plan), not_a_device_finding(), *site_findings(site_used())]
    typed = options["treatment_date"]
    if planned is None:
        return [*typed_activity_findings(plan), *day_findings(plan.at, typed), *own]
    inputs = planned.inputs
    day = inputs.get("treatment_date") or inputs.get("treatment_at")
    return [
        *planned.nuclide_findings(plan.nuclide),
        # A day that is typed here states that the treatment was moved.
        *day_findings(plan.at, typed or day, of_plan=not typed),
        *unapproved_findings(planned.status, planned.unmet),
        *(_order_findings(orders, planned, plan) if orders else []),
        *own,
    ]


def _page(document: dict[str, Any]) -> str:
    """The page, where a folder is given: jinja2 takes its time to load."""
    from sirtdose.report.plan.page import Made
    from sirtdose.report.plan.sheet import vial_page

    return vial_page(document_text(document), Made.today())


def _whose(
    options: Mapping[str, Any], planned: _PlannedVial | None
) -> dict[str, str | None]:
    """Whose a vial is: as typed, else the plan's."""
    of_plan = planned.inputs if planned else {}
    return {name: options[name] or of_plan.get(name) for name in CASE_NAMES}


def _of_plan(path: Path, options: Mapping[str, Any]) -> _PlannedVial:
    """Read the activity to draw up from plan.json.

    Raises
    ------
    InputError
        No plan, one that was edited, another device, or several injections and no
        choice.
    """
    plan = plan_of_file(path)
    each = {
        one["name"]: float(one["draw_activity_gbq"])
        for one in plan["assumptions"].get("injections", [])
    } or {"injection": float(plan["draw_activity_gbq"])}
    wanted = options["injection"]
    if wanted is None and len(each) > 1:
        raise InputError(
            f"the plan has {len(each)} injections: choose one with --injection "
            f"{' or '.join(each)} (orders for all of them are checked)"
        )
    said = f"'{wanted}' is not an injection of the plan"
    name = next(iter(each)) if wanted is None else named(wanted, each, said)
    device = options["device"]
    if device and plan["device"] and device != plan["device"]:
        raise InputError(
            f"the plan is for {plan['device']}, not for {device}: leave --device out"
        )
    if device and Device.named(device).nuclide_name != plan["nuclide"]["name"]:
        raise InputError(
            f"the plan is for {plan['nuclide']['name']}, and {device} carries "
            f"{Device.named(device).nuclide_name}"
        )
    return _PlannedVial(
        activity_gbq=each[name],
        each_gbq=each,
        device=plan["device"],
        nuclide=plan["nuclide"],
        status=plan["status"],
        unmet=unaccepted(plan),
        document={
            "hash": plan["hash"],
            "status": plan["status"],
            "injection": name,
            "draw_activity_gbq": each,
        },
        inputs=plan["inputs"],
    )


@dataclass(frozen=True)
class _Order:
    """What was ordered for an injection, and what of it is left at use."""

    ordered_gbq: float
    calibrated_at: datetime | None
    at_use_gbq: float


def _orders(
    texts: tuple[str, ...], plan: VialPlan, zone: str | None
) -> dict[str, _Order]:
    """Orders by their injections, decayed to the time of use."""

    def order(text: str) -> _Order:
        activity, _, when = text.partition("@")
        ordered = gbq = quantity(activity, ACTIVITY, "--order")
        calibrated = moment(when.strip() or None, "--order", zone)
        if calibrated is not None:
            hours = (plan.at - calibrated).total_seconds() / 3600
            gbq *= plan.nuclide.decay_factor(hours)
        if gbq > 0:
            return _Order(ordered, calibrated, gbq)
        raise click.BadParameter(
            f"'{text}' is not an activity above 0", param_hint="--order"
        )

    return by_name(texts, "--order", "NAME=ACTIVITY@TIME", order) if texts else {}


def _plan_document(
    planned: _PlannedVial, orders: Mapping[str, _Order]
) -> dict[str, Any]:
    """What vial.json holds of a plan, and of what was ordered for it."""
    named_orders = by_own_names(orders, planned.each_gbq, "'{}' is not an injection")
    rows = [
        {
            "injection": name,
            "ordered_gbq": one.ordered_gbq,
            "calibrated_at": one.calibrated_at
            and one.calibrated_at.isoformat(timespec="minutes"),
            "at_use_gbq": one.at_use_gbq,
            "to_wanted_ratio": one.at_use_gbq / planned.each_gbq[name],
        }
        for name, one in named_orders.items()
    ]
    return {**planned.document, "orders": rows}
