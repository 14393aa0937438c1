"""What a saved plan said, where it is judged again with other numbers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.moving import CLOSED, OPENED

_ANY_NUMBER = re.compile(rf"{OPENED}\d+{CLOSED}|\b\d+(?:\.\d+)?(?:e[+-]\d+)?")
# What every run says of itself.
_OF_THE_RUN = ("H36", "H37", "H44")


def begun(message: str) -> str:
    """How a message begins, whatever its numbers.

    >>> begun("'T1' gets 176.2 Gy, less than 205 Gy (EANM)")
    "'T1' gets # Gy"
    """
    return re.split(r"[,:(]", _ANY_NUMBER.sub("#", message))[0]


def said_before(
    document: Mapping[str, Any],
    before: Sequence[Finding],
    now: Sequence[Finding],
) -> tuple[list[Finding], list[Acceptance]]:
    """What a plan said that is not judged again, and what was accepted of it.

    Parameters
    ----------
    document : mapping
        plan.json.
    before, now : sequence of Finding
        What the checks that are made again say of its numbers, and of the new ones.

    Notes
    -----
    An acceptance of what is judged again was of other numbers: it does not hold.

    Examples
    --------
    >>> row = {"code": "H18", "severity": "note", "message": "with tumors",
    ...        "subject": ""}
    >>> kept, given = said_before({"warnings": [row], "accepted": []}, [], [])
    >>> [one.code for one in kept]
    ['H18']
    """
    again = {(one.code, begun(one.message)) for one in (*before, *now)}
    kept = [
        _finding(one)
        for one in document["warnings"]
        if one["code"] not in _OF_THE_RUN
        and (one["code"], begun(one["message"])) not in again
    ]
    asked = {one.code for one in kept} - {one.code for one in now}
    return kept, [
        Acceptance(one["code"], one["reason"], one["subject"])
        for one in document["accepted"]
        if one["code"] in asked
    ]


def no_longer_said(
    document: Mapping[str, Any], now: Sequence[Finding]
) -> list[dict[str, str]]:
    """What a plan asked or warned of, and what its new numbers do not.

    >>> row = {"code": "H22", "severity": "warn", "message": "lung shunt is 12.0%"}
    >>> [one["code"] for one in no_longer_said({"warnings": [row]}, [])]
    ['H22']
    """
    again = {(one.code, begun(one.message)) for one in now}
    return [
        {"code": one["code"], "message": one["message"]}
        for one in document["warnings"]
        if one["severity"] in (Severity.ASK, Severity.WARN)
        and (one["code"], begun(one["message"])) not in again
    ]


def _finding(row: Mapping[str, Any]) -> Finding:
    bound = row.get("bound")
    return Finding(
        row["code"],
        Severity(row["severity"]),
        row["message"],
        row["subject"],
        row.get("value"),
        None if bound is None else Bound(bound, row["unit"], row["bound_source"]),
        row.get("remedy") or "",
    )
