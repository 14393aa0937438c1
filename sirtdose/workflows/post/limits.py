"""Limits after treatment: the lungs', and those that the plan was made with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.model.limit import Limit
from sirtdose.planning.limits import lung_limits

if TYPE_CHECKING:
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.model.ledger import Lungs

_LUNGS = ("lungs", "lungs_cumulative")


def limits_of(
    lungs: "Lungs", plan: Mapping[str, Any] | None, rows: "Sequence[StructureDose]"
) -> tuple[Limit, ...]:
    """Every limit with what was delivered: the worst of several volumes counts.

    Of a session alone: what a plan counted of earlier ones is not in its map.
    """
    limits = lung_limits(lungs)
    for one in (plan or {"limits": []})["limits"]:
        if one["volume"] in _LUNGS:
            continue
        doses = {
            row.structure.name: row.mean_by_mass_gy
            for row in rows
            if one["volume"] in (row.structure.role, row.structure.name)
        }
        name = _worst(doses, one)
        limits.append(
            Limit(
                name=one["name"],
                volume=one["volume"],
                sense=one["sense"],
                limit_gy=one["limit_gy"],
                upper_gy=one["upper_gy"],
                strict=one["strict"],
                value_gy=None if name is None else doses[name],
                source=f"of the plan: {one['source']}",
                binding=False,
                verified=one["verified"],
                condition=one["condition"] or "",
                value_of=name or "",
            )
        )
    return tuple(limits)


def _worst(doses: Mapping[str, float], limit: Mapping[str, Any]) -> str | None:
    """Of several volumes the one that is furthest on the wrong side."""
    if not doses:
        return None
    if limit["sense"] == "at_most":
        return max(doses, key=doses.__getitem__)
    least = min(doses, key=doses.__getitem__)
    most = max(doses, key=doses.__getitem__)
    over = limit["sense"] == "range" and doses[most] > limit["upper_gy"]
    return most if over and doses[least] >= limit["limit_gy"] else least
