"""Dose limits: what they hold for, and what a plan gives there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError, PlanningError, RangeError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.names import named
from sirtdose.planning.partition_case import LUNGS, ROLES, Case, Line

Sense = Literal["at_most", "at_least", "range"]
# Names that mean one of the volumes a limit can hold for.
_ALIASES = {"normal": "normal_perfused"}
# From what a scan gives to several times what microspheres give to any tumor.
_LIMITS_GY = (0.05, 5000.0)


@dataclass(frozen=True)
class Rule:
    """A limit as it is set, before a plan is held against it.

    A range runs from `limit_gy` to `upper_gy`; `strict` leaves the bound itself out.
    Where a rule that was `given` is broken by too much dose, there is no plan.
    """

    volume: str
    sense: Sense
    limit_gy: float
    upper_gy: float | None = None
    strict: bool = False
    condition: str = ""
    source: str = "given by the user"
    verified: bool = True
    given: bool = True

    @property
    def typed(self) -> bool:
        """Whether the user gave it by itself, not by a table's name."""
        return self.given and self.source == "given by the user"

    @property
    def ceiling_gy(self) -> float | None:
        """The most that it allows; None where it asks for more only."""
        return {"at_most": self.limit_gy, "range": self.upper_gy}.get(self.sense)


def lung_rules() -> list[Rule]:
    """The lung limits that every plan lists, from ``data/limits.json``."""
    return [
        Rule(
            volume=name,
            sense=entry["sense"],
            limit_gy=entry["limit_gy"],
            source=entry["source"],
            verified=entry["verified"],
            given=False,
        )
        for name, entry in table("limits").items()
    ]


def given_rules(limits_gy: Mapping[str, float]) -> list[Rule]:
    """Doses not to pass, by the names of their volumes.

    >>> [(rule.volume, rule.ceiling_gy) for rule in given_rules({"normal": 70.0})]
    [('normal_perfused', 70.0)]

    Raises
    ------
    RangeError
        A dose that limits nothing, or everything: cGy or kGy for Gy.
    """
    low, high = _LIMITS_GY
    for name, limit_gy in limits_gy.items():
        if not low <= limit_gy <= high:
            raise RangeError(
                f"--limit {name} is {limit_gy:g} Gy: it must be {low:g} to {high:g} "
                "Gy; is the unit right?"
            )
    return [
        Rule(volume=_ALIASES.get(name, name), sense="at_most", limit_gy=limit_gy)
        for name, limit_gy in limits_gy.items()
    ]


def known(rules: Sequence[Rule], case: Case) -> list[Rule]:
    """The limits by their volumes' own names in a plan, where it has those volumes.

    Raises
    ------
    InputError
        A limit of the user's own for a volume that is not there: names those there are.
    """
    found = []
    names = (*case.volumes, *ROLES, *LUNGS, *_ALIASES)
    for rule in rules:
        said = f"--limit {rule.volume} names no volume of this plan"
        own = named(rule.volume, names, said, offered=case.volumes)
        rule = replace(rule, volume=_ALIASES.get(own, own))
        found.append(rule)
        if rule.typed and not case.lines(rule.volume):
            needs = "--lung-shunt" if rule.volume in LUNGS else "--liver-volume"
            raise InputError(
                f"--limit {rule.volume} cannot be checked, as its dose is not known "
                f"in this plan: give {needs}, or limit {', '.join(case.volumes)}"
            )
    return found


def require_checkable(rules: Sequence[Rule], case: Case) -> None:
    """Refuse to grow an activity past limits that nothing can be held against.

    Raises
    ------
    InputError
        Names the limit and what it needs.
    """
    for rule in rules:
        if rule.ceiling_gy is not None and not case.lines(rule.volume):
            raise InputError(
                f"--maximize cannot obey the limit of {rule.ceiling_gy:g} Gy to "
                f"{rule.volume} ({rule.source}), as its dose is not known: give "
                f"{'--lung-shunt' if rule.volume in LUNGS else '--liver-volume'}"
            )


def checked_limits(
    rules: Sequence[Rule], case: Case, activities: Sequence[float]
) -> list[Limit]:
    """What a plan gives where limits hold: the worst of several volumes."""
    limits = []
    for rule in rules:
        lines = case.lines(rule.volume)
        worst = max(
            lines, key=lambda line: _excess(rule, line, activities), default=None
        )
        value = None if worst is None else worst.value_gy(activities)
        if rule.volume == "lungs_cumulative" and worst is None:
            # Earlier treatments alone may reach it, whatever the shunt.
            value = case.prior_lung_gy if case.prior_lung_gy > rule.limit_gy else None
        limit = limit_at(rule, value)
        limits.append(
            replace(
                limit,
                value_of=worst.name if worst else "",
                activity_needed_gbq=_needed(rule, worst, activities),
            )
        )
    return limits


def limit_at(rule: Rule, value_gy: float | None) -> Limit:
    """A limit with the dose that is held against it; None where it is not known."""
    return Limit(
        name=rule.volume,
        volume="lungs" if rule.volume in LUNGS else rule.volume,
        sense=rule.sense,
        limit_gy=rule.limit_gy,
        upper_gy=rule.upper_gy,
        strict=rule.strict,
        condition=rule.condition,
        value_gy=value_gy,
        source=rule.source,
        binding=False,
        verified=rule.verified,
        given_by_user=rule.given,
    )


def lung_limits(result: Lungs) -> list[Limit]:
    """The lung limits that are always listed, with what these lungs get."""
    values = {"lungs": result.dose_gy, "lungs_cumulative": result.cumulative_dose_gy}
    return [
        limit_at(rule, values[rule.volume] if result.known else None)
        for rule in lung_rules()
    ]


def _excess(rule: Rule, line: Line, activities: Sequence[float]) -> float:
    """How far a dose is on the wrong side; below 0 where it is on the right one."""
    value = line.value_gy(activities)
    over = value - (rule.ceiling_gy or value)
    under = rule.limit_gy - value
    if rule.sense == "at_most":
        return over
    return under if rule.sense == "at_least" else max(over, under)


def _needed(rule: Rule, line: Line | None, activities: Sequence[float]) -> float | None:
    """The activity at which a dose reaches what is asked of it at least."""
    if line is None or rule.sense == "at_most":
        return None
    total = sum(activities)
    value = line.value_gy(activities)
    gain = value - line.prior_gy
    if value >= rule.limit_gy or gain <= 0:
        return None
    return total * (rule.limit_gy - line.prior_gy) / gain


def require_met(rules: Sequence[Rule], case: Case, activities: Sequence[float]) -> None:
    """Refuse a plan that gives more than a limit the user gave.

    Raises
    ------
    PlanningError
        Names the limit, the dose, and the activity that would meet it.
    """
    broken = []
    total = sum(activities)
    for rule in rules:
        ceiling = rule.ceiling_gy
        if ceiling is None or not rule.given:
            continue
        for line in case.lines(rule.volume):
            value = line.value_gy(activities)
            if value < ceiling or (value == ceiling and not rule.strict):
                continue
            gain = value - line.prior_gy
            room = max((ceiling - line.prior_gy) / gain, 0.0) if gain > 0 else 0.0
            broken.append((room, value, ceiling, line.name))
    if not broken:
        return
    room, value, ceiling, name = min(broken)
    remedy = (
        f"at most {total * room:.4g} GBq would meet it, or another limit"
        if room
        else "earlier treatments alone reach it, no activity meets it"
    )
    raise PlanningError(
        f"{total:.4g} GBq gives {name} {value:.4g} Gy, above the limit of "
        f"{ceiling:g} Gy: {remedy}"
    )


def limit_findings(limits: Sequence[Limit]) -> list[Finding]:
    """A warning for each limit that is not met, but for those that refuse."""
    findings = []
    for limit in limits:
        if limit.met is None and limit.given_by_user:
            findings.append(
                Finding.of(
                    "H25",
                    f"not checked: {limit.name} {limit.limit_gy:g} Gy "
                    f"({limit.source}), as its dose is not known in this plan",
                    severity=Severity.NOTE
                    if limit.sense == "at_least"
                    else Severity.WARN,
                )
            )
        if limit.met is not False:
            continue
        if limit.volume == "lungs" and not limit.given_by_user:
            session = "all sessions" if "cumulative" in limit.name else "this session"
            findings.append(
                Finding.of(
                    "H22",
                    f"{limit.volume} get {limit.value_gy:.4g} Gy, above "
                    f"{limit.limit_gy:g} Gy ({session})",
                )
            )
        elif limit.activity_needed_gbq is not None:
            findings.append(
                Finding.of(
                    "H25",
                    f"'{limit.value_of}' gets {limit.value_gy:.4g} Gy, less than "
                    f"{limit.limit_gy:g} Gy: that needs "
                    f"{limit.activity_needed_gbq:.4g} GBq ({limit.source})",
                )
            )
    return findings
