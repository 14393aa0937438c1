"""A plan's structures as rows, each once under one name, with goals and limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Any

from sirtdose.report.doses import drawn_again
from sirtdose.report.findings import accepted_limits, limit_accepted
from sirtdose.report.ladder import LIMIT_NOT_MET, Rung, Verdict
from sirtdose.report.palette import paints
from sirtdose.report.plan.document import readings
from sirtdose.report.plan.goals import aim_words
from sirtdose.report.wording import shown_name

LUNGS, ALL_LUNGS = "lungs", "lungs_cumulative"
_SAME = 1e-6
# Roles whose structures a person drew and named.
_DRAWN = ("liver", "perfused")
_USER = "given by the user"


@dataclass(frozen=True)
class Linear:
    """How a dose follows the activities: Gy per GBq of each injection, and before."""

    gy_per_gbq: tuple[float, ...]
    prior_gy: float = 0.0


def names_of(document: Mapping[str, Any]) -> dict[str, str]:
    """What pages call each part of a plan: as it was drawn, where an image has it.

    One structure has one name: the plan's "perfused volume" is the image's "Right".
    """
    parts = document["compartments"]
    found = {
        reading["name"]: shown_name(reading["name"]) for reading in readings(document)
    } | {LUNGS: shown_name(LUNGS), ALL_LUNGS: shown_name(LUNGS)}
    for name, row in part_rows(document).items():
        if name in found and row["name"] != name and row["role"] in _DRAWN:
            found[name] = row["name"]
    for one in parts:
        if one.get("all_counts"):
            found[one["all_counts"]["name"]] = found[one["name"]]
    return found


def part_rows(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The first image dose's rows by the names of the plan's parts."""
    images = document.get("doses") or {}
    for result in images.values():
        return rows_by_part(document["compartments"], result["structures"])
    return {}


def rows_by_part(
    parts: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """An image's rows by the part of their name, else by that of their role alone.

    >>> parts = [{"name": "T1", "role": "tumor"}, {"name": "whole", "role": "liver"}]
    >>> rows = [{"name": "Liver", "role": "liver"}, {"name": "T1", "role": "tumor"}]
    >>> list(rows_by_part(parts, rows))
    ['whole', 'T1']
    """
    names = [one["name"] for one in parts]

    def part_of(row: Mapping[str, Any]) -> str:
        same = [one["name"] for one in parts if one["role"] == row["role"]]
        alone = sum(one["role"] == row["role"] for one in rows) == 1
        own = row["name"] not in names and len(same) == 1 and alone
        return str(same[0] if own else row["name"])

    again = drawn_again(rows)
    return {part_of(row): row for row in rows if row["name"] not in again}


def injections_of(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each injection with its activities; one without a name where there is but one."""
    listed = document["assumptions"].get("injections")
    if listed:
        return [dict(one) for one in listed]
    return [
        {
            "name": "injection",
            "goal": "dose" if "prescribed_dose_gy" in document["assumptions"] else None,
            "value": document["assumptions"].get("prescribed_dose_gy"),
            "activity_gbq": document["activity_gbq"],
            "draw_activity_gbq": document["draw_activity_gbq"],
            "lung_shunt_fraction": document["lungs"]["shunt_fraction"],
            "tumor_to_normal_ratio": {},
        }
    ]


def linear_doses(document: Mapping[str, Any]) -> dict[str, Linear]:
    """How every dose that limits can hold for follows the activities, by its name."""
    activities = [one["activity_gbq"] for one in injections_of(document)]
    found = {}
    for part in readings(document):
        each = part.get("dose_gy_per_gbq")
        if each or len(activities) == 1:
            slopes = (
                tuple(each.values()) if each else (part["dose_gy"] / activities[0],)
            )
            found[part["name"]] = Linear(
                slopes, part["cumulative_dose_gy"] - part["dose_gy"]
            )
    return found | _lung_doses(document)


def _lung_doses(document: Mapping[str, Any]) -> dict[str, Linear]:
    """Lungs get of each injection what its own shunt brings there."""
    lungs, injections = document["lungs"], injections_of(document)
    if lungs["dose_gy"] is None:
        return {}
    brought = [
        (one["lung_shunt_fraction"] or 0.0) * one["activity_gbq"] for one in injections
    ]
    total = sum(brought)
    slopes = tuple(
        lungs["dose_gy"] * (one["lung_shunt_fraction"] or 0.0) / total if total else 0.0
        for one in injections
    )
    prior = lungs["cumulative_dose_gy"] - lungs["dose_gy"]
    return {LUNGS: Linear(slopes), ALL_LUNGS: Linear(slopes, prior)}


def plan_rungs(document: Mapping[str, Any]) -> list[Rung]:
    """Every structure of a plan and the lungs, each with its goal and its limits."""
    parts = document["compartments"]
    colors = paints([*((one["name"], one["role"]) for one in parts), (LUNGS, LUNGS)])
    linear, names = linear_doses(document), names_of(document)
    verdicts = _verdicts(document, linear)
    known = {
        one["name"]: one["dose_by_first_order_gy"]
        for one in (document.get("uncertainty") or {"doses": ()})["doses"]
    }
    lungs = document["lungs"]
    rows = [*parts, {"name": LUNGS, "volume_ml": None, "dose_gy": lungs["dose_gy"]}]
    return [
        Rung(
            name=names[one["name"]],
            paint=colors[one["name"]],
            dose_gy=one["dose_gy"],
            volume_ml=one["volume_ml"],
            low_gy=known.get(one["name"], {}).get("low"),
            high_gy=known.get(one["name"], {}).get("high"),
            verdicts=tuple(verdicts.get(one["name"], ())),
            gy_per_gbq=linear[one["name"]].gy_per_gbq if one["name"] in linear else (),
            note="lung shunt not given" if one["dose_gy"] is None else "",
        )
        for one in rows
    ]


def _verdicts(
    document: Mapping[str, Any], linear: Mapping[str, Linear]
) -> dict[str, list[Verdict]]:
    """Goals, then limits, by the name of the structure they hold for."""
    found: dict[str, list[Verdict]] = {}
    for name, verdict in _goals(document, linear):
        found.setdefault(name, []).append(verdict)
    own = {
        reading["name"]: part["name"]
        for part in document["compartments"]
        for reading in [part, *filter(None, [part.get("all_counts")])]
    }
    accepted = accepted_limits(document)
    for limit in document["limits"]:
        of = limit["value_of"] or limit["volume"]
        name = LUNGS if of in (LUNGS, ALL_LUNGS) else own.get(of, of)
        same = linear.get(of, Linear(()))
        found.setdefault(name, []).append(
            Verdict.of_limit(
                limit,
                note=_note(limit, of, name),
                accepted=limit_accepted(limit, accepted),
                with_earlier=same.prior_gy > 0 and of != ALL_LUNGS,
                gy_per_gbq=same.gy_per_gbq,
                prior_gy=same.prior_gy,
            )
        )
    return found


def _note(limit: Mapping[str, Any], of: str, name: str) -> str:
    """What qualifies a verdict."""
    said = (
        "over all sessions" if of == ALL_LUNGS else "",
        "by all counts of the image" if of not in (name, ALL_LUNGS) else "",
        "set by the user" if limit["source"] == _USER else "",
        f"limit of {limit['injection']}" if limit.get("injection") else "",
        "" if limit["verified"] else "not verified",
        "limits the activity" if limit["binding"] else "",
        limit["condition"] or "",
    )
    return "; ".join(one for one in said if one)


def _goals(
    document: Mapping[str, Any], linear: Mapping[str, Linear]
) -> list[tuple[str, Verdict]]:
    """The dose that each injection aims at, for the structures it is meant for."""
    parts = {one["name"]: one for one in document["compartments"]}
    injections = injections_of(document)
    found = []
    for one in injections:
        for name in _aimed_at(one, parts, alone=len(injections) == 1):
            dose, value = parts[name]["dose_gy"], one["value"]
            least = one["goal"] == "tumor_dose"
            at = isclose(dose, value, rel_tol=_SAME)
            same = linear.get(name, Linear(()))
            found.append(
                (
                    name,
                    Verdict(
                        "at_least" if least else "aim",
                        value,
                        dose,
                        at or (least and dose > value),
                        gy_per_gbq=same.gy_per_gbq,
                        planned=True,
                    ),
                )
            )
    return found


def _aimed_at(
    injection: Mapping[str, Any], parts: Mapping[str, Any], *, alone: bool
) -> list[str]:
    """The structures that an injection's goal is a dose to."""
    role = {
        "tumor_dose": "tumor",
        "normal_dose": "normal_perfused",
        **dict.fromkeys(("dose", "perfused_dose"), "perfused"),
    }.get(injection["goal"] or "")
    if role is None:
        return []
    return [
        name
        for name, part in parts.items()
        if part["role"] == role
        and (alone or injection["name"] in (part.get("dose_by_injection_gy") or {}))
    ]


def goal_words(document: Mapping[str, Any]) -> str:
    """What a plan aims at, e.g. ": 250 Gy to T1", after the word Goal."""
    parts = {one["name"]: one for one in document["compartments"]}
    injections, names = injections_of(document), names_of(document)
    said = []
    for one in injections:
        aimed = _aimed_at(one, parts, alone=len(injections) == 1)
        goal = _goal(one, [names[each] for each in aimed])
        told = len(injections) == 1 or goal.endswith(f" of {one['name']}")
        said.append(goal if told else f"{goal} ({one['name']})")
    return "; ".join(one for one in said if one)


def _goal(injection: Mapping[str, Any], names: Sequence[str]) -> str:
    value = injection["value"]
    if injection["goal"] == "activity":
        return "none, the activity was set"
    if injection["goal"] == "maximize":
        return "the highest activity within the limits"
    if injection["goal"] == "aim":
        return aim_words(injection["aims"][0])
    if not names:
        return "no dose is aimed at"
    if injection["goal"] == "tumor_dose" and len(names) > 1:
        return f"at least {value:g} Gy to every tumor"
    return f"{value:g} Gy to {_lowered(names[0])}"


def _lowered(name: str) -> str:
    """A plan's own name inside a sentence."""
    said = f"{name[:1].lower()}{name[1:]}"
    return f"the {said}" if shown_name(said) == name != said else name


def unchecked(document: Mapping[str, Any]) -> list[str]:
    """Volumes with a limit but no known dose, by the names of the page."""
    names = names_of(document)
    found = [
        names.get(one["volume"], shown_name(one["volume"]))
        for one in document["limits"]
        if one["met"] is None and one["sense"] != "at_least"
    ]
    return list(dict.fromkeys(found))


def met_words(
    rungs: Sequence[Rung], not_checked: Sequence[str] = ()
) -> tuple[str, str]:
    """Goals and limits in words: what is missed or unknown, and what is met."""
    missed: dict[str, list[str]] = {}
    checked = 0
    for rung in rungs:
        for one in rung.verdicts:
            checked += one.met is not None and one.sense in ("at_most", "range")
            if one.met is False and one.sense != "aim":
                names = missed.setdefault(f"{one.falls_short}{one.answer}", [])
                names += [] if rung.name in names else [rung.name]
    if not_checked:
        missed["Limit not checked"] = list(not_checked)
    said = " ".join(f"{what}: {', '.join(names)}." for what, names in missed.items())
    if not checked or any(what.startswith(LIMIT_NOT_MET) for what in missed):
        return said, ""
    others = "other " if not_checked else ""
    if checked > 1:
        return said, f"All {others}limits are met."
    return said, f"The {others}limit is met."


def repeated(document: Mapping[str, Any]) -> dict[str, str]:
    """Normal livers as drawn that have no row of their own, in the first image dose."""
    for result in (document.get("doses") or {}).values():
        return drawn_again(result["structures"])
    return {}
