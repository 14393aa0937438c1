"""Lesions of a plan by the names that the treatment's structures have (--match)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.errors import InputError
from sirtdose.model.names import alike, by_own_names, named
from sirtdose.model.structure import Structure

_TUMORS = ("tumor", "tumor_outside")


def by_names_here(
    plan: Mapping[str, Any], matches: Mapping[str, str]
) -> dict[str, Any]:
    """A plan whose lesions have other names, also those of sessions before it.

    Its hash stays that of the plan as it was computed.

    Raises
    ------
    InputError
        A name that is no lesion's of the plan, or two lesions that would be one.
    """
    if not matches:
        return dict(plan)
    lesions = [one["name"] for one in plan["compartments"] if one["role"] in _TUMORS]
    own = by_own_names(matches, lesions, "--match names '{}', not a lesion of the plan")
    stay = [one for one in lesions if one not in own]
    for lesion, name in own.items():
        others = [*stay, *(text for key, text in own.items() if key != lesion)]
        if same := alike(name, others):
            raise InputError(
                f"--match \"{lesion}={name}\": '{name}' would be two lesions of the "
                f"plan, '{lesion}' and '{_lesion_of(same[0], own)}', but a lesion is "
                "one: correct --match"
            )
    found = dict(plan)
    found["compartments"] = _renamed(plan["compartments"], own)
    if plan.get("doses"):
        found["doses"] = {
            method: {**one, "structures": _renamed(one["structures"], own)}
            for method, one in plan["doses"].items()
        }
    sessions = plan["assumptions"].get("sessions")
    if sessions:
        found["assumptions"] = {
            **plan["assumptions"],
            "sessions": [
                {**one, "parts": _renamed(one["parts"], own)} for one in sessions
            ],
        }
    return found


def _lesion_of(name: str, own: Mapping[str, str]) -> str:
    return next((lesion for lesion, text in own.items() if text == name), name)


def _renamed(
    rows: Sequence[Mapping[str, Any]], own: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {**one, "name": own.get(one["name"], one["name"])}
        if one["role"] in _TUMORS
        else dict(one)
        for one in rows
    ]


def require_drawn(matches: Mapping[str, str], drawn: Sequence[Structure]) -> None:
    """Refuse a match with what is no tumor of the treatment.

    Raises
    ------
    InputError
        Lists the tumors there are.
    """
    tumors = [one.name for one in drawn if one.role.is_tumor]
    for lesion, name in matches.items():
        named(
            name, tumors, f'--match "{lesion}={name}" names no tumor of the treatment'
        )
