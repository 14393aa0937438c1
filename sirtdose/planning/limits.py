"""Dose limits: what they hold for, and what a plan gives there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError
from sirtdose.model.activity_scale import Scale
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit, below
from sirtdose.model.names import alike, named
from sirtdose.planning.partition_case import LUNGS, ROLES, WHOLE, Case, Line

Sense = Literal["at_most", "at_least", "range"]
# Names that mean one of the volumes a limit can hold for.
_ALIASES = {"normal": "normal_perfused"}
# What is drawn of what is derived from it.
_DRAWN = {"normal_perfused": "perfused", "normal_whole": "liver"}
# From what a scan gives to several times what microspheres give to any tumor.
_LIMITS_GY = (0.05, 5000.0)


@dataclass(frozen=True)
class Rule:
    """A limit as it is set, before a plan is held against it.

    A range runs from `limit_gy` to `upper_gy`; `strict` leaves the bound itself out.
    A plan that passes one that was `given` needs a person's reason. One of a single
    `injection` holds for what that injection perfuses alone. `scale` is that of the
    doses it was found with; what is typed does not say.
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
    injection: str = ""
    scale: Scale = "unknown"

    @property
    def typed(self) -> bool:
        """Whether the user gave it by itself, not by a table's name."""
        return self.given and self.source == "given by the user"

    @property
    def ceiling_gy(self) -> float | None:
        """The most that it allows; None where it asks for more only."""
        return {"at_most": self.limit_gy, "range": self.upper_gy}.get(self.sense)


def rule_of(row: Mapping[str, Any]) -> Rule:
    """The limit that a row of plan.json was compared with."""
    return Rule(
        volume=row["name"],
        sense=row["sense"],
        limit_gy=row["limit_gy"],
        upper_gy=row["upper_gy"],
        strict=row["strict"],
        condition=row["condition"] or "",
        source=row["source"],
        verified=row["verified"],
        given=row.get("given_by_user", False),
        injection=row.get("injection") or "",
        scale=row.get("scale", "unknown"),
    )


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
            scale=entry["scale"],
        )
        for name, entry in table("limits").items()
    ]


def given_rules(limits_gy: Mapping[str, float], injection: str = "") -> list[Rule]:
    """Doses not to pass, by the names of their volumes; of one injection where named.

    >>> [(rule.volume, rule.ceiling_gy) for rule in given_rules({"normal": 70.0})]
    [('normal_perfused', 70.0)]

    Raises
    ------
    RangeError
        A dose that limits nothing, or everything: cGy or kGy for Gy.
    InputError
        A limit of one injection for a volume that belongs to the whole patient.
    """
    low, high = _LIMITS_GY
    for name, limit_gy in limits_gy.items():
        if not low <= limit_gy <= high:
            raise RangeError(
                f"--limit {name} is {limit_gy:g} Gy: it must be {low:g} to {high:g} "
                "Gy; is the unit right?"
            )
        if injection and name in (*LUNGS, *WHOLE):
            raise InputError(
                f"limit:{name} of '{injection}' is for a volume of the whole patient: "
                f"give --limit {name}={limit_gy:g}Gy"
            )
    return [
        Rule(
            volume=_ALIASES.get(name, name),
            sense="at_most",
            limit_gy=limit_gy,
            injection=injection,
        )
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
    for rule in rules:
        typed = f"--limit {rule.volume}"
        if rule.injection:
            typed = f"limit:{rule.volume} of '{rule.injection}'"
        rule = replace(rule, volume=_volume(rule.volume, case, typed))
        found.append(rule)
        if rule.typed and not case.lines(rule.volume, rule.injection):
            if rule.injection and case.lines(rule.volume):
                raise InputError(
                    f"'{rule.injection}' does not perfuse {rule.volume}, so its limit "
                    "cannot be checked: give it to the injection that does, or as "
                    f"--limit {rule.volume}={rule.limit_gy:g}Gy"
                )
            raise InputError(
                f"{typed} cannot be checked, as its dose is not known in this plan: "
                f"{_needs(rule.volume, case)}, or limit one of "
                f"{', '.join(case.volumes)}"
            )
    return found


def _volume(text: str, case: Case, typed: str) -> str:
    """The volume that a name means: its own, or one that a screen or a page shows.

    Raises
    ------
    InputError
        It is none, or the name of one and what another was drawn as.
    """
    shown = {**_shown(case), **_ALIASES}
    names = (*case.volumes, *ROLES, *LUNGS, *shown)
    drawn = [one for one in case.regions if one.drawn]
    same = alike(text, [one.drawn for one in drawn])
    meant = {shown.get(one.name, one.name) for one in drawn if one.drawn in same}
    if text not in names:
        meant |= {shown.get(one, one) for one in alike(text, names) if meant}
        if len(meant) > 1:
            raise InputError(
                f"{typed} may be {' or '.join(sorted(meant))}: write one of these"
            )
        if meant:
            return meant.pop()
    there = dict.fromkeys((*case.volumes, *(one.drawn for one in drawn)))
    said = f"{typed} names no volume of this plan"
    own = named(text, names, said, offered=there)
    return shown.get(own, own)


def _shown(case: Case) -> dict[str, str]:
    """Derived volumes by the names under which a plan shows them.

    Where several injections have one each, its name means that one alone.
    """
    found = {"lungs, all treatments": "lungs_cumulative"}
    for role in ROLES:
        own = case.held(role)
        for region in own if role != "tumor" else ():
            for one in region.readings:
                meant = role if len(own) == 1 else region.name
                shown = one.name.replace("normal perfused", "normal perfused liver")
                found |= {one.name: meant, shown: meant}
    return found


def _needs(volume: str, case: Case) -> str:
    """What makes the dose of a volume known in a plan that does not have it."""
    if volume in LUNGS:
        return "give --lung-shunt"
    if case.measured:
        return f"draw it, or name it with --role 'NAME={_DRAWN.get(volume, volume)}'"
    has_normal = bool(case.held("normal_perfused"))
    if volume == "liver" or (volume == "normal_whole" and has_normal):
        return "give --liver-volume"
    if volume == "tumor" and has_normal:
        return "give --tumor"
    return "use `sirtdose plan partition`, which has tumors and normal liver"


def require_checkable(rules: Sequence[Rule], case: Case) -> None:
    """Refuse to grow an activity past limits that nothing can be held against.

    Raises
    ------
    InputError
        Names the limit and what it needs.
    """
    for rule in rules:
        if rule.ceiling_gy is not None and not case.lines(rule.volume, rule.injection):
            raise InputError(
                f"--maximize cannot obey the limit of {rule.ceiling_gy:g} Gy to "
                f"{rule.volume} ({rule.source}), as its dose is not known: "
                f"{_needs(rule.volume, case)}"
            )


def checked_limits(
    rules: Sequence[Rule], case: Case, activities: Sequence[float]
) -> list[Limit]:
    """What a plan gives where limits hold: a row for each volume."""
    return [limit for rule in rules for limit in _checked(rule, case, activities)]


def _checked(rule: Rule, case: Case, activities: Sequence[float]) -> list[Limit]:
    lines = case.deciding_lines(rule.volume, rule.sense, activities, rule.injection)
    if not lines:
        # Earlier treatments alone may reach it, whatever the shunt.
        alone = rule.volume == "lungs_cumulative" and case.prior_lung_gy > rule.limit_gy
        return [limit_at(rule, case.prior_lung_gy if alone else None)]
    return [held_against(rule, line, case.injections, activities) for line in lines]


def held_against(
    rule: Rule, line: Line, injections: Sequence[str], activities: Sequence[float]
) -> Limit:
    """A limit with a dose, and the activities that would meet it.

    Examples
    --------
    >>> rule, line = Rule("liver", "at_most", 30.0), Line("liver", 0.0, (20.0,))
    >>> held_against(rule, line, ["right"], [2.0]).at_most_gbq
    {'right': 1.5}
    """
    each = dict(zip(injections, activities, strict=True))
    row = limit_at(rule, line.value_gy(activities))
    needed, name = _needed(rule, line, each)
    return replace(
        row,
        value_of=line.name,
        activity_needed_gbq=needed,
        activity_of=name,
        at_most_gbq=_at_most(line, rule.ceiling_gy, each) if row.passed else {},
    )


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
        injection=rule.injection,
        scale=rule.scale,
    )


def lung_limits(result: Lungs) -> list[Limit]:
    """The lung limits that are always listed, with what these lungs get."""
    values = {"lungs": result.dose_gy, "lungs_cumulative": result.cumulative_dose_gy}
    return [
        limit_at(rule, values[rule.volume] if result.known else None)
        for rule in lung_rules()
    ]


def _needed(
    rule: Rule, line: Line, activities: Mapping[str, float]
) -> tuple[float | None, str]:
    """The activity at which a dose reaches what is asked of it at least, and whose.

    Of the injection that gives it most, the others as they are.
    """
    value = line.value_gy(tuple(activities.values()))
    if rule.sense == "at_most" or not below(value, rule.limit_gy):
        return None, ""
    slopes = dict(zip(activities, line.gy_per_gbq, strict=True))
    name = max(activities, key=lambda one: slopes[one] * activities[one])
    if not slopes[name] * activities[name] > 0:
        return None, ""
    return activities[name] + (rule.limit_gy - value) / slopes[name], name


def _at_most(
    line: Line, ceiling_gy: float | None, activities: Mapping[str, float]
) -> dict[str, float]:
    """The activities that give a volume no more than its limit, all scaled alike."""
    gain = line.value_gy(tuple(activities.values())) - line.prior_gy
    room_gy = (ceiling_gy or 0.0) - line.prior_gy
    if room_gy <= 0 or gain <= 0:
        return {}
    each = zip(activities.items(), line.gy_per_gbq, strict=True)
    return {
        name: gbq * room_gy / gain for (name, gbq), slope in each if slope * gbq > 0
    }
