"""A plan that was predicted again on the day of treatment: its document and screen."""

from collections.abc import Mapping
from typing import Any

from sirtdose.model.treatment import ALL_COUNTS
from sirtdose.report.plan.lines import plan_screen
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, significant, spoken, table

# What no activity changes.
_KEPT = (
    *("nuclide", "metrics", "measured", "density", "grid"),
    *("choices", "images"),
)
_GROWS = ("mean_gy", "activity_gbq")


def update_document(
    document: Mapping[str, Any],
    planned: Mapping[str, Any],
    change: Mapping[str, Any],
    *,
    grown: float,
) -> dict[str, Any]:
    """The new plan.json, with what was planned and what of the image stays.

    The map and its D_x are those of the plan: they are left out.
    """
    kept = {name: planned[name] for name in _KEPT if name in planned}
    if kept.get("measured"):
        kept["measured"] = {
            **kept["measured"],
            "in_map_gbq": _in_map_gbq(planned, change, grown),
        }
    if "extrahepatic" in planned:
        kept["extrahepatic"] = _grown(planned["extrahepatic"], grown)
    return {**document, **kept, "update": dict(change)}


def _in_map_gbq(
    planned: Mapping[str, Any], change: Mapping[str, Any], grown: float
) -> float:
    """What is injected, and what the map shows outside of all perfused volumes."""
    before, now = (
        sum(
            one["activity_gbq"] * (1 - (one["lung_shunt_fraction"] or 0.0))
            for one in rows
        )
        for rows in (
            [one["planned"] for one in change["injections"]],
            change["injections"],
        )
    )
    beyond = planned["measured"]["in_map_gbq"] - before
    return float(now + grown * beyond)


def _grown(beyond: Mapping[str, Any] | None, grown: float) -> dict[str, Any] | None:
    if beyond is None:
        return None
    spots = [
        {**one, "mean_gy": grown * one["mean_gy"], "peak_gy": grown * one["peak_gy"]}
        for one in beyond["hot_spots"]
    ]
    more = {name: grown * beyond[name] for name in _GROWS}
    return {**beyond, **more, "hot_spots": spots}


def update_screen(document: dict[str, Any]) -> Screen:
    """Planned beside what is predicted now, then the plan as any is shown."""
    change, whole = document["update"], plan_screen(document)
    head = [
        f"Update of the plan {change['hash'][:12]}, {state_words(change)}",
        "",
        _activities(change),
        "",
        _doses(document),
        *_goals_and_limits(document),
        "",
        *(
            f"No longer said: {one['code']} {spoken(one['message'])}"
            for one in change["no_longer_said"]
        ),
    ]
    return Screen([*head, *whole.result], whole.details, whole.findings, whole.accepted)


def state_words(change: Mapping[str, Any]) -> str:
    """Who approved the plan that was updated."""
    approval = change["approval"]
    if not approval:
        return "which is not approved"
    return f"approved by {approval['by']} at {approval['at']}"


def update_line(document: Mapping[str, Any]) -> str:
    """What a page says of an update, in one line; empty of any other plan."""
    change = document.get("update")
    if not change:
        return ""
    said = ", ".join(
        f"{one['name']} {significant(one['planned']['activity_gbq'])} to "
        f"{significant(one['activity_gbq'])} GBq"
        for one in change["injections"]
    )
    return f"Update of {_plan_words(change)}: {said}"


def _plan_words(change: Mapping[str, Any]) -> str:
    """Which plan, by the hash that a page without identity has not."""
    return f"plan {change['hash'][:12]}" if change["hash"] else "a plan"


def session_lines(document: Mapping[str, Any]) -> list[str]:
    """The earlier sessions whose doses a plan adds, each in one line."""
    return [
        f"{_session_words(one)}: "
        f"lungs {'not known' if lungs is None else f'{significant(lungs)} Gy'}, "
        + ", ".join(
            f"{spoken(dose['name'])} {significant(dose['dose_gy'])} Gy"
            for dose in one["doses"]
        )
        for one in document["assumptions"].get("sessions", ())
        for lungs in [one["lungs_gy"]]
    ]


def _session_words(session: Mapping[str, Any]) -> str:
    """Which session it is, and how a plan knows of it.

    >>> _session_words({"kind": "stated", "hash": "", "nuclide": "Y-90", "held": True})
    'Earlier doses, stated in the file of an earlier session'
    """
    if session["kind"] == "stated":
        return "Earlier doses, stated in the file of an earlier session"
    by = f" ({session['hash'][:12]})" if session["hash"] else ""
    held = ", held by a later one" if session["held"] else ""
    return f"Earlier session, {session['kind']} with {session['nuclide']}{by}{held}"


def _activities(change: Mapping[str, Any]) -> str:
    rows = []
    for one in change["injections"]:
        was = one["planned"]
        rows += [
            _row(
                f"{one['name']}: in the vial",
                was["draw_activity_gbq"],
                one["drawn_gbq"],
            ),
            _row(f"{one['name']}: injected", was["activity_gbq"], one["activity_gbq"]),
            [
                f"{one['name']}: lung shunt",
                *(
                    "not known" if shunt is None else f"{shunt:.1%}"
                    for shunt in (
                        was["lung_shunt_fraction"],
                        one["lung_shunt_fraction"],
                    )
                ),
                "",
            ],
        ]
    return table(["activity", "planned", "now", "change"], rows)


def _row(name: str, planned_gbq: float, now_gbq: float) -> list[str]:
    change = f"{round(now_gbq / planned_gbq - 1, 3) + 0:+.1%}"
    return [name, activity(planned_gbq), activity(now_gbq), change]


def _doses(document: Mapping[str, Any]) -> str:
    now = {one["name"]: one["dose_gy"] for one in document["compartments"]}
    now["lungs"] = document["lungs"]["dose_gy"]
    rows = [
        [spoken(one["name"]), *_dose_cells(one["planned_gy"], now[one["name"]])]
        for one in document["update"]["doses"]
    ]
    return table(["mean dose, Gy", "planned", "now", "change"], rows)


def _goals_and_limits(document: Mapping[str, Any]) -> list[str]:
    """What goals and limits were to get, beside what they get now."""
    change = document["update"]
    pairs = [
        (
            f"{one['metric']} of {spoken(one['structure'])}",
            f"goal {significant(one['wanted'])}",
            one["reached"],
            now["reached"],
        )
        for one, now in zip(change["goals"], document.get("goals", ()), strict=True)
    ]
    then = {_key(one): one for one in change["limits"]}
    pairs += [
        (
            spoken(one["value_of"] or one["name"]),
            f"{_bound(one)}{', NOT MET' * (one['met'] is False)}",
            then.get(_key(one), {}).get("value_gy"),
            one["value_gy"],
        )
        for one in document["limits"]
    ]
    rows = [[name, bound, *_dose_cells(*doses)] for name, bound, *doses in pairs]
    if not rows:
        return []
    header = ["goal or limit", "", "planned", "now", "change"]
    return ["", table(header, rows, left={0, 1})]


def _bound(limit: Mapping[str, Any]) -> str:
    """A limit by its sense.

    >>> _bound({"sense": "at_least", "limit_gy": 205.0, "upper_gy": None})
    'at least 205'
    """
    if limit["sense"] == "range":
        return f"{limit['limit_gy']:g} to {limit['upper_gy']:g}"
    least = limit["sense"] == "at_least"
    return f"{'at least' if least else 'limit'} {limit['limit_gy']:g}"


def _key(limit: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells limits apart, by either reading of an image."""
    of = (limit["value_of"] or "").removesuffix(f", {ALL_COUNTS}")
    return limit["name"], limit["limit_gy"], of


def _dose_cells(planned: float | None, now: float | None) -> list[str]:
    if planned is None or now is None:
        known = (
            "not known" if one is None else significant(one) for one in (planned, now)
        )
        return [*known, ""]
    change = _noiseless(now - planned, now)
    return [significant(planned), significant(now), f"{change:+.4g}"]


def _noiseless(change: float, of: float) -> float:
    """A change that is no more than the last digits of a document is none."""
    return change if abs(change) > 1e-9 * abs(of) else 0.0
