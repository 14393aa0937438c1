"""Vials to order, ordered and measured, as a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.ordered_vial import MeasuredVial, OrderOf
from sirtdose.planning.vial import InjectionVials, SharedVial, SharedVials
from sirtdose.planning.vial_choice import Vial, VialChoice, shifts
from sirtdose.report.documents import nuclide_document, said_document
from sirtdose.report.plan.goals_at import goal_names
from sirtdose.report.plan.vial_doses import PlannedDoses


@dataclass(frozen=True)
class VialsFound:
    """Everything a vial document holds.

    `whose` are case label, patient key, vessel and treatment date; `of_plan` the plan's
    hash and status, with its doses in `planned`.
    """

    device: Device
    nuclide: Nuclide
    found: Sequence[InjectionVials]
    shared: Sequence[SharedVials] = ()
    orders: Sequence[OrderOf] = ()
    measured: Sequence[MeasuredVial] = ()
    calibrator_factor: float = 1.0
    planned: PlannedDoses | None = None
    of_plan: Mapping[str, Any] | None = None
    whose: Mapping[str, Any] = field(default_factory=dict)
    catalogue_sha256: str | None = None


def vial_document(
    own: VialsFound, findings: Sequence[Finding], accepted: Sequence[Acceptance] = ()
) -> dict[str, Any]:
    """What vial.json holds."""
    goals = _goals(own)
    return {
        "schema": "sirtdose.vial/1",
        "sirtdose_version": __version__,
        "device": own.device.name or None,
        "product": own.device.product,
        "nuclide": nuclide_document(own.nuclide),
        "catalogue": {
            "date": None if own.catalogue_sha256 else table("catalogue")["date"],
            "file_sha256": own.catalogue_sha256,
            "facts": [
                {"says": one.says, "source": one.source, "verified": one.verified}
                for one in own.device.vials.facts
            ],
        },
        "injections": [_injection(one, own) for one in own.found],
        "shared": [_shared(one) for one in own.shared],
        "measured_doses": _measured_doses(own),
        "goals": goals,
        "not_repeated": [
            *(own.planned.not_repeated if own.planned else ()),
            *goal_names(goals),
        ],
        "calibrator_factor": own.calibrator_factor,
        "shifts": [
            {"hours": hours, "factor": factor} for hours, factor in shifts(own.nuclide)
        ],
        "inputs": dict(own.whose),
        "plan": own.of_plan,
        **said_document(findings, accepted),
    }


def _injection(found: InjectionVials, own: VialsFound) -> dict[str, Any]:
    want = found.want
    orders = [one for one in own.orders if one.want.name == want.name]
    measured = [one for one in own.measured if one.want.name == want.name]
    drawn = own.device.vials.part_is_drawn

    def choice(one: VialChoice | None) -> dict[str, Any] | None:
        return _choice(one, own.planned) if one else None

    return {
        "name": want.name,
        "at": want.at.isoformat(timespec="minutes"),
        "activity_gbq": want.activity_gbq,
        "activity_mci": want.activity_gbq * MCI_PER_GBQ,
        "residual_fraction": want.residual_fraction,
        "main_dose": (own.planned and own.planned.main_dose(want.name)) or None,
        "choices": [_choice(one, own.planned) for one in found.choices],
        "pairs": [_choice(one, own.planned) for one in found.pairs],
        "nearest": choice(found.nearest),
        "elsewhen": choice(found.elsewhen),
        "ordered": _ordered(orders[0]) if orders else None,
        "measured": _measured(measured[0], [] if drawn else orders)
        if measured
        else None,
    }


def _choice(one: VialChoice, planned: PlannedDoses | None) -> dict[str, Any]:
    injected, name = {one.want.name: one.injected_gbq}, one.want.name
    return {
        "vials": [_vial(vial, one) for vial in one.vials],
        "at": one.want.at.isoformat(timespec="minutes"),
        "at_use_gbq": one.at_use_gbq,
        "at_use_mci": one.at_use_gbq * MCI_PER_GBQ,
        "to_wanted_ratio": one.to_wanted_ratio,
        "part_to_draw": one.part,
        "injected_gbq": one.injected_gbq,
        "holds_it_at": one.holds_it_at.isoformat(timespec="minutes"),
        "spheres": one.spheres or None,
        "bq_per_sphere": one.bq_per_sphere,
        "fits": one.fits,
        "doses": planned.doses(injected, name) if planned else [],
        "warned": planned.warned(injected) if planned else [],
    }


def _vial(vial: Vial, one: VialChoice) -> dict[str, Any]:
    calibration = vial.calibration
    return {
        "calibration_gbq": vial.calibration_gbq,
        "calibration_mci": vial.calibration_gbq * MCI_PER_GBQ,
        "size": one.device.vials.size_name(vial.calibration_gbq) or None,
        "calibrated_at": calibration.at.isoformat(timespec="minutes"),
        "calibration_zone": calibration.zone or None,
        "hours_before_use": calibration.hours_before_use,
        "week": calibration.week or None,
        "delivered": calibration.delivered and calibration.delivered.isoformat(),
        "at_use_gbq": vial.at_use_gbq,
        "residual_gbq": vial.at_use_gbq * one.part * one.want.residual_fraction,
    }


def _shared(one: SharedVials) -> dict[str, Any]:
    names = [want.name for want in one.wants]

    def vial(own: SharedVial) -> dict[str, Any]:
        delivered, drawn = own.calibration.delivered, one.drawn_gbq(own)
        return {
            "calibration_gbq": own.calibration_gbq,
            "calibrated_at": own.calibration.at.isoformat(timespec="minutes"),
            "delivered": delivered and delivered.isoformat(),
            "drawn_gbq": dict(zip(names, drawn, strict=True)),
            "residual_gbq": {
                want.name: gbq * want.residual_fraction
                for want, gbq in zip(one.wants, drawn, strict=True)
            },
        }

    return {
        "vials": [vial(own) for own in one.vials],
        "at_use_gbq": dict(zip(names, one.at_use_gbq, strict=True)),
        "parts": dict(zip(names, one.parts, strict=True)),
        "fits": one.fits,
    }


def _ordered(one: OrderOf) -> dict[str, Any]:
    return {
        "vials": [
            {
                "calibration_gbq": vial.calibration_gbq,
                "calibrated_at": vial.calibration
                and vial.calibration.at.isoformat(timespec="minutes"),
                "shared_with": [
                    name for name in vial.injections if name != one.want.name
                ],
                "part_to_draw": part,
            }
            for vial, part in zip(one.vials, one.parts, strict=True)
        ],
        "at_use_gbq": one.at_use_gbq,
        "to_wanted_ratio": one.to_wanted_ratio,
    }


def _measured(one: MeasuredVial, orders: Sequence[OrderOf]) -> dict[str, Any]:
    return {
        "readings": [
            {
                "activity_gbq": reading.activity_gbq,
                "at": reading.at.isoformat(timespec="minutes"),
            }
            for reading in one.readings
        ],
        "at_use_gbq": one.at_use_gbq,
        "at_use_mci": one.at_use_gbq * MCI_PER_GBQ,
        "to_wanted_ratio": one.to_wanted_ratio,
        "to_ordered_ratio": one.at_use_gbq / orders[0].at_use_gbq if orders else None,
        "injected_gbq": one.injected_gbq,
        "holds_it_at": one.holds_it_at.isoformat(timespec="minutes"),
    }


def _measured_doses(own: VialsFound) -> list[dict[str, Any]]:
    """Doses of all measured vials together; what was not measured is as planned."""
    if own.planned is None or not own.measured:
        return []
    return own.planned.doses(injected_of(own.measured))


def _goals(own: VialsFound) -> list[dict[str, Any]]:
    """The plan's goals with the vials as measured, or else as ordered."""
    if own.planned is None or not (own.measured or own.orders):
        return []
    measured = injected_of(own.measured)
    return own.planned.goals(measured or injected_by_order(own.orders, own.device))


def injected_of(measured: Sequence[MeasuredVial]) -> dict[str, float]:
    """What the measured vials will inject, by injection."""
    return {one.want.name: one.injected_gbq for one in measured}


def injected_by_order(orders: Sequence[OrderOf], device: Device) -> dict[str, float]:
    """What ordered vials will inject; of resin, at most the part that is wanted.

    >>> from datetime import UTC, datetime
    >>> from sirtdose.planning.vial_choice import Want
    >>> want = Want("right", 2.0, datetime(2026, 12, 9, 10, tzinfo=UTC), 0.1)
    >>> order = OrderOf(want, (), 3.0, ())
    >>> [round(injected_by_order([order], Device.named(one))["right"], 2)
    ...  for one in ("glass", "resin")]
    [2.7, 1.8]
    """
    return {
        one.want.name: (1 - one.want.residual_fraction)
        * (
            min(one.at_use_gbq, one.want.activity_gbq)
            if device.vials.part_is_drawn
            else one.at_use_gbq
        )
        for one in orders
    }
