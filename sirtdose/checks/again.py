"""What a saved plan said, where it is judged again with other numbers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.moving import CLOSED, OPENED

_ANY_NUMBER = re.compile(rf"{OPENED}\d+{CLOSED}|\b\d+(?:\.\d+)?(?:e[+-]\d+)?")
# Numbers that follow the activities, and those that follow a lung shunt.
_DOSE = re.compile(r"\d\s*(?:Gy|GBq|MBq|mCi)\b")
_PERCENT = re.compile(r"\d\s*%")
_OF_SHUNTS = "H22"
# What these say in Gy and GBq is of earlier sessions, which stay as they are.
_OF_SESSIONS = ("H09", "H38")
# What every run says of itself.
_OF_THE_RUN = ("H36", "H37", "H44")


def begun(message: str) -> str:
    """How a message begins, whatever its numbers.

    >>> begun("'T1' gets 176.2 Gy, less than 205 Gy (EANM)")
    "'T1' gets # Gy"
    """
    return re.split(r"[,:(]", _ANY_NUMBER.sub("#", message))[0]


@dataclass(frozen=True)
class Moved:
    """What is other than planned: doses, with what they are of, and lung shunts."""

    doses: bool = False
    shunts: bool = False


@dataclass(frozen=True)
class SaidBefore:
    """What a plan said that is not judged again.

    `kept` is as true as it was, and `given` what was accepted of it. `left_out` has
    numbers that are no longer true, and needs the image to be made anew.
    """

    kept: list[Finding]
    given: list[Acceptance]
    left_out: list[Finding]


def said_before(
    document: Mapping[str, Any],
    before: Sequence[Finding],
    now: Sequence[Finding],
    moved: Moved,
) -> SaidBefore:
    """What a plan said that is not judged again, and whether it still holds.

    Parameters
    ----------
    document : mapping
        plan.json.
    before, now : sequence of Finding
        What the checks that are made again say of its numbers, and of the new ones.
    moved : Moved

    Notes
    -----
    An acceptance of what is judged again was of other numbers: it does not hold.

    Examples
    --------
    >>> row = {"code": "H18", "severity": "note", "message": "with tumors",
    ...        "subject": ""}
    >>> map_ = row | {"code": "H06", "message": "43.2 Gy by the map"}
    >>> said = said_before({"warnings": [row, map_], "accepted": []}, [], [],
    ...                    Moved(doses=True))
    >>> [one.code for one in said.kept], [one.code for one in said.left_out]
    (['H18'], ['H06'])
    """
    again = {(one.code, begun(one.message)) for one in (*before, *now)}
    stay = [
        _finding(one)
        for one in document["warnings"]
        if one["code"] not in _OF_THE_RUN
        and (one["code"], begun(one["message"])) not in again
    ]
    kept = [one for one in stay if not _follows(one, moved)]
    asked = {one.code for one in kept} - {one.code for one in now}
    given = [
        Acceptance(one["code"], one["reason"], one["subject"], one.get("by", ""))
        for one in document["accepted"]
        if one["code"] in asked
    ]
    return SaidBefore(kept, given, [one for one in stay if _follows(one, moved)])


def _follows(one: Finding, moved: Moved) -> bool:
    """Whether a finding says numbers that follow what moved."""
    if moved.shunts and one.code == _OF_SHUNTS and _PERCENT.search(one.message):
        return True
    follows = moved.doses or moved.shunts
    if not follows or one.code in _OF_SESSIONS:
        return False
    return bool(_DOSE.search(one.message))


def not_repeated_findings(left_out: Sequence[Finding], method: str) -> list[Finding]:
    """Checks of the plan that are not made for the numbers of the day, by their codes.

    >>> left = [Finding.of("H06", "43.2 Gy by the map", severity=Severity.NOTE)]
    >>> [one] = not_repeated_findings(left, "image")
    >>> one.message.partition(":")[0]
    'a check of the plan is not repeated for these numbers (Volume of another region)'
    """
    codes: dict[str, list[Finding]] = {}
    for one in left_out:
        codes.setdefault(one.code, []).append(one)
    return [
        Finding.of(
            code,
            f"a check of the plan is not repeated for these numbers ({some[0].title})",
            severity=Severity.WARN
            if any(one.severity is not Severity.NOTE for one in some)
            else Severity.NOTE,
            subject=", ".join(
                dict.fromkeys(one.subject for one in some if one.subject)
            ),
            remedy=f"to have it, plan again with `sirtdose plan {method}`",
        )
        for code, some in codes.items()
    ]


def no_longer_said(
    document: Mapping[str, Any],
    now: Sequence[Finding],
    left_out: Sequence[Finding] = (),
) -> list[dict[str, str]]:
    """What a plan asked or warned of, and what its new numbers do not.

    What was `left_out` may be said or not.

    >>> row = {"code": "H22", "severity": "warn", "message": "lung shunt is 12.0%"}
    >>> [one["code"] for one in no_longer_said({"warnings": [row]}, [])]
    ['H22']
    """
    again = {(one.code, begun(one.message)) for one in (*now, *left_out)}
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
