"""Vials as a document and a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.vial import VialPlan
from sirtdose.report.documents import (
    nuclide_document,
    said_document,
)
from sirtdose.report.page_head import day_words
from sirtdose.report.post.summary import own_file_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, significant, table


def vial_document(
    plan: VialPlan,
    accepted: Sequence[Acceptance] = (),
    *,
    of_plan: dict[str, Any] | None = None,
    inputs: dict[str, str | None] | None = None,
) -> dict[str, Any]:
    """What vial.json holds; `of_plan` where the activity is a plan's.

    `inputs` say whose it is: case label, patient key, vessel and treatment date.
    """
    return {
        "schema": "sirtdose.vial/1",
        "sirtdose_version": __version__,
        "device": plan.device.name or None,
        "vial_source": plan.device.vial_source,
        "spheres_source": plan.device.spheres_source,
        "nuclide": nuclide_document(plan.nuclide),
        "activity_gbq": plan.activity_gbq,
        "activity_mci": plan.activity_gbq * MCI_PER_GBQ,
        "at": plan.at.isoformat(),
        "vials": [
            {
                "calibration_gbq": one.calibration_gbq,
                "calibration_mci": one.calibration_gbq * MCI_PER_GBQ,
                "calibrated_at": one.calibrated_at.isoformat(timespec="minutes"),
                "hours_before_use": one.hours_before_use,
                "at_use_gbq": one.at_use_gbq,
                "at_use_mci": one.at_use_gbq * MCI_PER_GBQ,
                "to_wanted_ratio": one.to_wanted_ratio,
                "holds_it_at": one.holds_it_at.isoformat(timespec="minutes"),
                "spheres": one.spheres or None,
                "part_to_draw": one.part,
                "available": one.available,
            }
            for one in plan.choices
        ],
        "shifts": [
            {"hours": one.hours, "at": one.at.isoformat(), "factor": one.factor}
            for one in plan.shifts
        ],
        "assay_at_use_gbq": plan.assay_at_use_gbq,
        "inputs": inputs or {},
        "plan": of_plan,
        **said_document(plan.findings, accepted),
    }


def not_available_words(vial: Mapping[str, Any]) -> str:
    """Why a vial cannot be had; empty where it can.

    >>> not_available_words({"hours_before_use": -12.2, "available": False})
    '12.2 h after use: not available'
    """
    if vial.get("available", True):
        return ""
    return f"{-vial['hours_before_use']:.3g} h after use: not available"


def order_lines(document: Mapping[str, Any]) -> list[str]:
    """What was ordered, and what of it is left at use.

    >>> order = {"injection": "right", "ordered_gbq": 6.0, "at_use_gbq": 2.17,
    ...          "calibrated_at": "2026-11-29T12:00-05:00", "to_wanted_ratio": 1.006}
    >>> order_lines({"plan": {"orders": [order]}})
    ['Ordered: 6 GBq, calibrated Nov 29, 2026, 12:00; 2.17 GBq at use (+0.6 %).']
    """
    orders = (document.get("plan") or {}).get("orders", ())
    return [
        f"Ordered{' for ' + one['injection'] if len(orders) > 1 else ''}: "
        f"{one['ordered_gbq']:.4g} GBq"
        + (
            f", calibrated {day_words(one['calibrated_at'])}"
            if one["calibrated_at"]
            else ""
        )
        + f"; {one['at_use_gbq']:.3g} GBq at use "
        f"({round(100 * one['to_wanted_ratio'] - 100, 1) + 0:+.1f} %)."
        for one in orders
    ]


def vial_screen(document: dict[str, Any]) -> Screen:
    """Vials and shifts, as tables for a terminal."""
    vials = [
        [
            significant(one["calibration_gbq"]),
            not_available_words(one) or one["calibrated_at"],
            f"{one['hours_before_use']:+.1f}",
            significant(one["at_use_gbq"]),
            significant(one["at_use_mci"]),
            f"{round(one['to_wanted_ratio'] - 1, 6) + 0:+.1%}",
            one["holds_it_at"],
            f"{one['part_to_draw']:.0%}",
            f"{one['spheres'] / 1e6:.2g}" if one["spheres"] else "-",
        ]
        for one in document["vials"]
    ]
    shifts = [
        [f"{one['hours']:+g} h", one["at"], f"{one['factor'] - 1:+.1%}"]
        for one in document["shifts"]
    ]
    nuclide = document["nuclide"]
    return Screen.of(
        document,
        [
            f"Vials of {document['device'] or 'no known product'} ({nuclide['name']}, "
            f"half-life {nuclide['half_life_h']:g} h{own_file_words(nuclide)}) for "
            f"{activity(document['activity_gbq'])} "
            f"at {document['at']}",
            *order_lines(document),
            "",
            table(
                [
                    "vial GBq",
                    "calibrated at",
                    "h before use",
                    "at use GBq",
                    "at use mCi",
                    "to wanted",
                    "holds it at",
                    "to draw",
                    "spheres, million",
                ],
                vials,
            ),
            "",
            table(["case at", "time", "activity and dose"], shifts),
        ],
    )
