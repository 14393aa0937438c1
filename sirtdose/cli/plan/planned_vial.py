"""The activity of a plan that a vial is to hold, and orders against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from sirtdose.checks.constants import other_file_findings
from sirtdose.checks.orders import order_findings, unapproved_findings
from sirtdose.cli.words.quantities import by_name, moment, quantity
from sirtdose.errors import InputError
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.names import named
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY
from sirtdose.report.plan.hash import plan_of_file


@dataclass(frozen=True)
class PlannedVial:
    """What a plan wants drawn up: for one injection, and for each."""

    activity_gbq: float
    each_gbq: Mapping[str, float]
    device: str | None
    nuclide: Mapping[str, Any]
    status: str
    document: dict[str, Any]

    def decaying_as(self, nuclide: Nuclide) -> Nuclide:
        """The nuclide with the plan's half-life, where that is another."""
        planned_h = float(self.nuclide["half_life_h"])
        if planned_h == nuclide.half_life_h:
            return nuclide
        return nuclide.with_half_life(planned_h)

    def nuclide_findings(self, nuclide: Nuclide) -> list[Finding]:
        """A nuclide of another file than the plan's; another nuclide is refused."""
        if nuclide.name != self.nuclide["name"]:
            raise InputError(f"the plan is for {self.nuclide['name']}: give that one")
        return other_file_findings(self.nuclide, nuclide)


def of_plan(path: Path, options: Mapping[str, Any]) -> PlannedVial:
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
    said = f"'{wanted}' is no injection of the plan"
    name = next(iter(each)) if wanted is None else named(wanted, each, said)
    device = options["device"]
    if device and plan["device"] and device != plan["device"]:
        raise InputError(f"the plan is for {plan['device']}, not for {device}")
    if device and Device.named(device).nuclide_name != plan["nuclide"]["name"]:
        raise InputError(
            f"the plan is for {plan['nuclide']['name']}, and {device} carries "
            f"{Device.named(device).nuclide_name}"
        )
    return PlannedVial(
        activity_gbq=each[name],
        each_gbq=each,
        device=plan["device"],
        nuclide=plan["nuclide"],
        status=plan["status"],
        document={
            "hash": plan["hash"],
            "status": plan["status"],
            "injection": name,
            "draw_activity_gbq": each,
        },
    )


def ordered(
    texts: tuple[str, ...],
    planned: PlannedVial,
    *,
    at: datetime,
    nuclide: Nuclide,
    device: Device,
    zone: str | None,
) -> list[Finding]:
    """Orders decayed to the time of use, held against the plan."""
    findings = unapproved_findings(planned.status)
    if not texts:
        return findings

    def at_use(text: str) -> float:
        activity, _, when = text.partition("@")
        gbq = quantity(activity, ACTIVITY, "--order")
        calibrated = moment(when.strip() or None, "--order", zone)
        if calibrated is not None:
            gbq *= nuclide.decay_factor((at - calibrated).total_seconds() / 3600)
        if gbq > 0:
            return gbq
        raise click.BadParameter(f"'{text}' is no activity", param_hint="--order")

    return findings + order_findings(
        by_name(texts, "--order", "NAME=ACTIVITY@TIME", at_use),
        planned.each_gbq,
        part_is_drawn=device.part_is_drawn,
    )
