"""Dose limits: those always listed, and those the user gives."""

from collections.abc import Mapping

from sirtdose.data.load import table
from sirtdose.errors import InputError, PlanningError
from sirtdose.model.finding import Finding
from sirtdose.model.lungs import Lungs
from sirtdose.planning.result import Limit


def lung_limits(result: Lungs) -> list[Limit]:
    """The lung limits that every plan lists, from ``data/limits.json``."""
    return [
        Limit(
            name=name,
            volume=entry["volume"],
            sense=entry["sense"],
            limit_gy=entry["limit_gy"],
            value_gy=_lung_value(result, cumulative=entry["cumulative"]),
            source=entry["source"],
            binding=False,
            verified=entry["verified"],
        )
        for name, entry in table("limits").items()
    ]


def always_gy(name: str) -> float:
    """A limit of those that every plan lists, Gy.

    >>> always_gy("lungs")
    30.0
    """
    return float(table("limits")[name]["limit_gy"])


def _lung_value(result: Lungs, *, cumulative: bool) -> float | None:
    if not result.known:
        return None
    return result.cumulative_dose_gy if cumulative else result.dose_gy


def given_limits(
    limits_gy: Mapping[str, float], doses_gy: Mapping[str, float]
) -> list[Limit]:
    """Limits the user gave, by the name of the volume they hold for.

    Raises
    ------
    InputError
        No dose goes by that name in this plan.
    """
    unknown = sorted(set(limits_gy) - set(doses_gy))
    if unknown:
        raise InputError(
            f"--limit {unknown[0]} names no volume of this plan: use "
            f"{', '.join(doses_gy)}"
        )
    return [
        Limit(
            name=name,
            volume=name,
            sense="at_most",
            limit_gy=limit_gy,
            value_gy=doses_gy[name],
            source="given by the user",
            binding=False,
            verified=True,
            given_by_user=True,
        )
        for name, limit_gy in limits_gy.items()
    ]


def require_given_limits(
    limits: list[Limit],
    activity_gbq: float,
    prior_gy: Mapping[str, float] | None = None,
) -> None:
    """Refuse a plan that breaks a limit the user gave.

    Parameters
    ----------
    limits : list of Limit
    activity_gbq : float
    prior_gy : mapping, optional
        By a limit's name, how much of its value earlier treatments gave.

    Raises
    ------
    PlanningError
        Names the limit, the dose, and the activity that would meet it.
    """
    broken = []
    for limit in limits:
        if not limit.given_by_user or limit.value_gy is None or limit.met:
            continue
        prior = (prior_gy or {}).get(limit.name, 0.0)
        now = limit.value_gy - prior
        room = (limit.limit_gy - prior) / now if now > 0 else 0.0
        broken.append((max(room, 0.0), limit))
    if not broken:
        return
    room, worst = min(broken, key=lambda pair: pair[0])
    remedy = (
        f"at most {activity_gbq * room:.4g} GBq would meet it, or another limit"
        if room
        else "earlier treatments alone reach it, no activity meets it"
    )
    raise PlanningError(
        f"{activity_gbq:.4g} GBq gives {worst.volume} {worst.value_gy:.4g} Gy, above "
        f"the limit of {worst.limit_gy:g} Gy: {remedy}"
    )


def limit_findings(limits: list[Limit]) -> list[Finding]:
    """A warning for each limit that is always listed and not met."""
    return [
        Finding.of(
            "H22",
            f"{limit.volume} get {limit.value_gy:.4g} Gy, above {limit.limit_gy:g} Gy "
            f"({'all sessions' if 'cumulative' in limit.name else 'this session'})",
        )
        for limit in limits
        if limit.met is False and limit.volume == "lungs" and not limit.given_by_user
    ]
