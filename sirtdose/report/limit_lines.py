"""Limits as lines of text."""

from typing import Any

from sirtdose.report.wording import activity, significant


def limit_line(limit: dict[str, Any]) -> str:
    """A limit, what is held against it, and whether that meets it."""
    wanted = _wanted(limit)
    if limit["value_gy"] is None:
        return f"{limit['name']}: limit {wanted}, not checked"
    given = significant(limit["value_gy"])
    yours = ", yours" if limit["source"] == "given by the user" else ""
    of = limit["value_of"]
    named = f" ({of})" if of and of != limit["name"] else ""
    if limit["met"] and limit["strict"] and float(given) == limit["limit_gy"]:
        given = f"just under {given}"
    said = f"{limit['name']}{named}: {given} Gy of {wanted}"
    said += f"{yours}, {'met' if limit['met'] else 'NOT MET'}"
    said += ", binds" if limit["binding"] else ""
    if limit["activity_needed_gbq"]:
        said += f", needs {activity(limit['activity_needed_gbq'])}"
        said += f" to {limit['activity_of']}" if limit["activity_of"] else ""
    return f"{said} ({limit['condition']})" if limit["condition"] else said


def _wanted(limit: dict[str, Any]) -> str:
    """A limit in words: at most is not said."""
    gy = f"{limit['limit_gy']:g}"
    if limit["sense"] == "range":
        return f"{gy} to {limit['upper_gy']:g} Gy"
    under, over = ("less than ", "more than ") if limit["strict"] else ("", "at least ")
    return f"{over if limit['sense'] == 'at_least' else under}{gy} Gy"
