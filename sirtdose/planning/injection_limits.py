"""Limits of single injections: each its own table, the whole liver's once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeVar

from sirtdose.planning.limit_table import Chosen, Patient, chosen_limits
from sirtdose.planning.limits import Rule, given_rules
from sirtdose.planning.partition_case import WHOLE
from sirtdose.planning.terms import Terms

T = TypeVar("T", bound=Terms)


class Limited(Protocol):
    """An injection with a table of its own, or doses not to pass; empty for none."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def limit_table(self) -> str: ...  # noqa: D102
    @property
    def limits_gy(self) -> Mapping[str, float]: ...  # noqa: D102


def with_own_limits(terms: T, injections: Iterable[Limited]) -> T:
    """The same terms with the doses that single injections are not to pass."""
    own = (rule for one in injections for rule in given_rules(one.limits_gy, one.name))
    return replace(terms, rules=(*terms.rules, *own))


def tables_of(injections: Sequence[Limited], shared: str) -> dict[str, str]:
    """The table of each injection by its name; of all alike where none has its own.

    An injection without one of its own has the `shared` table, where there is one.
    """
    if not any(one.limit_table for one in injections):
        return {"": shared} if shared else {}
    each = {one.name: one.limit_table or shared for one in injections}
    return {name: text for name, text in each.items() if text}


def chosen_by_injection(
    tables: Mapping[str, str], patient: Patient
) -> dict[str, Chosen]:
    """The limits of each table, as they hold for the patient.

    Raises
    ------
    InputError
        As :func:`chosen_limits` does; names the injection.
    """
    return {
        name: chosen_limits(
            text, patient, f"limits of '{name}'" if name else "--limits"
        )
        for name, text in tables.items()
    }


def joined_rules(
    chosen: Mapping[str, Chosen],
) -> tuple[tuple[Rule, ...], dict[str, tuple[Rule, Rule]]]:
    """All rules, those of the whole liver once; by volume where tables differ.

    Returns
    -------
    rules : tuple of Rule
        Each of its injection, but those of the whole liver, of which the stricter
        holds.
    differing : dict
        Of a volume of the whole liver, the rule that holds and a milder one.

    Examples
    --------
    >>> chosen = chosen_by_injection({
    ...     "right": "eanm2022:glass:hcc:lobectomy",
    ...     "left": "eanm2022:glass:hcc:segmentectomy"}, Patient())
    >>> [(rule.injection, rule.volume, rule.limit_gy)
    ...  for rule in joined_rules(chosen)[0] if rule.volume != "tumor"]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('right', 'perfused', 140.0), ('right', 'normal_perfused', 88.0),
     ('left', 'perfused', 400.0), ('', 'normal_whole', 75.0)]
    """
    own = [
        replace(rule, injection=name)
        for name, table in chosen.items()
        for rule in table.rules
        if not (name and rule.volume in WHOLE)
    ]
    whole: dict[str, list[Rule]] = {}
    for name, table in chosen.items():
        for rule in table.rules if name else ():
            if rule.volume in WHOLE:
                of = f"{rule.source}, {table.scenario} of {name}"
                whole.setdefault(rule.volume, []).append(replace(rule, source=of))
    strictest = {
        volume: sorted(rules, key=_mildness) for volume, rules in whole.items()
    }
    return (*own, *(rules[0] for rules in strictest.values())), {
        volume: (rules[0], rules[-1])
        for volume, rules in strictest.items()
        if _mildness(rules[0]) != _mildness(rules[-1])
    }


def _mildness(rule: Rule) -> tuple[float, bool]:
    """Larger for what allows more, the bound itself included."""
    ceiling = rule.ceiling_gy
    return (float("inf") if ceiling is None else ceiling, not rule.strict)
