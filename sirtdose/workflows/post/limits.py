"""Limits after treatment: the lungs', and those that the plan was made with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.model.limit import Limit
from sirtdose.planning.limits import lung_limits

if TYPE_CHECKING:
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.model.ledger import Lungs

_LUNGS = ("lungs", "lungs_cumulative")
# What tells one limit of a plan from another; a plan has a row for each volume of one.
_RULE = ("name", "sense", "limit_gy", "upper_gy", "source")


def limits_of(
    lungs: "Lungs", plan: Mapping[str, Any] | None, rows: "Sequence[StructureDose]"
) -> tuple[Limit, ...]:
    """Every limit with what was delivered, a row for each volume.

    Of a session alone: what a plan counted of earlier ones is not in its map.
    """
    limits = lung_limits(lungs)
    seen = set()
    for one in (plan or {"limits": []})["limits"]:
        rule = tuple(one[key] for key in _RULE)
        if one["volume"] in _LUNGS or rule in seen:
            continue
        seen.add(rule)
        doses: dict[str, float | None] = {
            row.structure.name: row.mean_by_mass_gy
            for row in rows
            if one["volume"] in (row.structure.role, row.structure.name)
        }
        limits += [_limit(one, name, gy) for name, gy in (doses or {"": None}).items()]
    return tuple(limits)


def _limit(one: Mapping[str, Any], name: str, value_gy: float | None) -> Limit:
    return Limit(
        name=one["name"],
        volume=one["volume"],
        sense=one["sense"],
        limit_gy=one["limit_gy"],
        upper_gy=one["upper_gy"],
        strict=one["strict"],
        value_gy=value_gy,
        source=f"of the plan: {one['source']}",
        binding=False,
        verified=one["verified"],
        condition=one["condition"] or "",
        value_of=name,
    )
