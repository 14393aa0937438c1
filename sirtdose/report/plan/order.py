"""An order of vials as a document, a csv and a page's content."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Finding
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.planning.ordered_vial import Ordered
from sirtdose.report.documents import nuclide_document, said_document
from sirtdose.report.plan.vial import VialsFound
from sirtdose.report.tables import rows_csv

COLUMNS = (
    *("injection", "device", "product", "size", "calibration_gbq", "calibration_mci"),
    *("calibrated_at", "calibration_zone", "vials", "delivery", "treatment_at"),
    *("at_use_gbq", "at_use_mci", "part_to_draw", "draw_by_injection"),
    *("plan_hash", "plan_status"),
)
SIGNED_BY = ("Ordered by, date", "Physicist, date", "Second check, date")


def order_document(
    own: VialsFound, findings: Sequence[Finding], accepted: Sequence[Acceptance] = ()
) -> dict[str, Any]:
    """What order.json holds: a line for each kind of vial, and what each injection has.

    Vials of one injection, size and calibration are one line with their number.
    """
    ordered = _each_once([vial for one in own.orders for vial in one.vials])
    plan = own.of_plan or {}
    return {
        "schema": "sirtdose.order/1",
        "sirtdose_version": __version__,
        "device": own.device.name or None,
        "product": own.device.product,
        "nuclide": nuclide_document(own.nuclide),
        "plan": {"hash": plan["hash"], "status": plan["status"]} if plan else None,
        "lines": [_line(one, count, own) for one, count in ordered],
        "injections": [
            {
                "name": one.want.name,
                "at": one.want.at.isoformat(timespec="minutes"),
                "draw_activity_gbq": one.want.activity_gbq,
                "draw_activity_mci": one.want.activity_gbq * MCI_PER_GBQ,
                "residual_fraction": one.want.residual_fraction,
                "ordered_at_use_gbq": one.at_use_gbq,
                "to_wanted_ratio": one.to_wanted_ratio,
                "shared_with": one.shared_with,
                "parts_to_draw": list(one.parts),
            }
            for one in own.orders
        ],
        "sign": list(SIGNED_BY),
        "inputs": dict(own.whose),
        **said_document(findings, accepted),
    }


def _each_once(vials: Sequence[Ordered]) -> list[tuple[Ordered, int]]:
    """Vials with their number; one that injections share is listed by each of them."""
    found: dict[Ordered, int] = {}
    for one in vials:
        found[one] = found.get(one, 0) + 1
    return [(one, count // len(one.injections)) for one, count in found.items()]


def _line(one: Ordered, count: int, own: VialsFound) -> dict[str, Any]:
    first = min(each.want.at for each in own.found if each.want.name in one.injections)
    at_use = one.at_use_gbq(first, own.nuclide)
    orders = [order for order in own.orders if order.want.name in one.injections]
    parts = {order.want.name: order.part_of(one) for order in orders}
    drawn = {
        order.want.name: order.part_of(one) * one.at_use_gbq(order.want.at, own.nuclide)
        for order in orders
    }
    calibration = one.calibration
    delivered = calibration.delivered if calibration else None
    return {
        "injections": list(one.injections),
        "size": own.device.vials.size_name(one.calibration_gbq) or None,
        "calibration_gbq": one.calibration_gbq,
        "calibration_mci": one.calibration_gbq * MCI_PER_GBQ,
        "calibrated_at": calibration and calibration.at.isoformat(timespec="minutes"),
        "calibration_zone": (calibration.zone or None) if calibration else None,
        "vials": count,
        "delivery": delivered.isoformat() if delivered else None,
        "treatment_at": first.isoformat(timespec="minutes"),
        "at_use_gbq": at_use,
        "at_use_mci": at_use * MCI_PER_GBQ,
        "part_to_draw": min(sum(parts.values()), 1.0),
        "draw_by_injection": parts,
        "drawn_gbq": drawn,
        "residual_gbq": {
            order.want.name: drawn[order.want.name] * order.want.residual_fraction
            for order in orders
        },
    }


def drawn_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each injection draws from each vial, of vials that injections share."""
    at = {one["name"]: one["at"] for one in document["injections"]}
    lines = document["lines"]
    if not any(len(one["injections"]) > 1 for one in lines):
        return []
    every = [one for one in lines for _ in range(one["vials"])]
    return [
        {
            "vial": f"{number}: {one['calibration_gbq']:.4g} GBq",
            "injection": name,
            "at": at[name],
            "part": part,
            "gbq": one["drawn_gbq"][name],
            "residual_gbq": one["residual_gbq"][name],
        }
        for number, one in enumerate(every, start=1)
        for name, part in one["draw_by_injection"].items()
    ]


def draws_words(line: Mapping[str, Any]) -> str:
    """What of a vial each injection draws.

    >>> draws_words({"draw_by_injection": {"right": 0.3, "left": 0.12}})
    'right 30 %, left 12 %'
    """
    each = line["draw_by_injection"]
    alone = len(each) == 1
    return ", ".join(
        f"{'' if alone else f'{name} '}{100 * part:.0f} %"
        for name, part in each.items()
    )


def order_csv(document: Mapping[str, Any]) -> str:
    """The lines of an order, with the plan that each is for."""
    plan = document["plan"] or {}
    same = {
        "device": document["device"],
        "product": document["product"],
        "plan_hash": plan.get("hash"),
        "plan_status": plan.get("status"),
    }
    return rows_csv(
        COLUMNS,
        [
            {
                **same,
                **line,
                "injection": ", ".join(line["injections"]),
                "draw_by_injection": draws_words(line),
            }
            for line in document["lines"]
        ],
    )
