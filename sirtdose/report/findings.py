"""What checks said, as people read it: counted, in order, and on page one in short."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Any

from sirtdose.model.acceptance import answers
from sirtdose.report.wording import spoken

GRAVE = ("stop", "ask", "accepted", "warn")
_ORDER = (*GRAVE, "note")
# Codes of limits, whose subject is the structure that a limit holds for.
_LIMITS = ("H22", "H42")
_NEEDED = re.compile(r"that needs ([\d.]+) GBq \(([\d.]+) mCi\)$")
# Letters of findings that page one has room for, with pictures and without, less for
# each line of its table; and what a finding takes besides its own.
_ROOM, _MORE_ROOM, _A_LINE, _A_FINDING = 1600, 2800, 90, 60

# All of a longer reason stands with all checks.
_REASON, _AGAIN = 110, "for the same reason"

Said = Mapping[str, Any]


def answered(
    findings: Iterable[Said], accepted: Iterable[Said], *, by: str = ""
) -> list[dict[str, Any]]:
    """Findings in order, the gravest first; each question with its answer.

    A question that a person accepted has the severity ``accepted``, its `reason`, and
    `by` whom, where a name stands under the document.

    Examples
    --------
    >>> asked = {"code": "H05", "severity": "ask", "message": "mCi?", "subject": ""}
    >>> [one] = answered([asked], [{"code": "H05", "subject": "", "reason": "seen"}])
    >>> one["severity"], one["reason"]
    ('accepted', 'seen')
    """
    listed = list(findings)
    found = []
    given = answers({"warnings": listed, "accepted": list(accepted)})
    for one, answer in zip(listed, given, strict=True):
        own = {"reason": "", "by": ""}
        if answer:
            own = {"severity": "accepted", "reason": answer.reason}
            own["by"] = answer.by or by
            own["typed"] = answer.subject
        found.append({**one, **own})
    return sorted(found, key=lambda one: (_ORDER.index(one["severity"]), one["code"]))


def count_words(findings: Iterable[Said], accepted: Iterable[Said]) -> str:
    """How much a person has to look at.

    >>> said = [{"code": "H42", "severity": "ask", "message": "", "subject": "lungs"},
    ...         {"code": "H20", "severity": "warn", "message": "", "subject": ""}]
    >>> count_words(said, []), count_words(said[1:], []), count_words([], [])
    ('1 question, 1 warning', '1 warning', 'No warnings')
    >>> count_words(said, [{"code": "H42", "subject": "lungs", "reason": "old"}])
    '1 accepted, 1 warning'
    """
    every = [one["severity"] for one in answered(findings, accepted)]
    words = {"stop": "stop", "ask": "question", "accepted": "accepted"}
    parts = [
        f"{count} {word}{'s' * (count != 1 and word != 'accepted')}"
        for severity, word in (words | {"warn": "warning"}).items()
        if (count := every.count(severity))
    ]
    return ", ".join(parts) or "No warnings"


def accepted_limits(document: Said) -> set[str]:
    """The structures whose limits are not met, as a person accepted."""
    return {
        one["subject"]
        for one in answered(document.get("warnings", ()), document.get("accepted", ()))
        if one["severity"] == "accepted" and one["code"] in _LIMITS
    }


def limit_accepted(limit: Said, subjects: Collection[str]) -> bool:
    """Whether a limit is one of those, see :func:`accepted_limits`."""
    own = (limit["value_of"] or limit["name"], limit["name"])
    return limit["met"] is False and any(one in subjects for one in own)


def in_short(findings: Sequence[Said]) -> list[dict[str, Any]]:
    """Findings for page one: what its table shows already is told once, in brief.

    These are doses below a recommended one, and limits passed that were accepted. Long
    reasons are cut.

    Examples
    --------
    >>> low = [{"code": "H25", "severity": "warn", "message": "...", "subject": name,
    ...         "bound": 205.0, "remedy": f"that needs {gbq}"}
    ...        for name, gbq in (("T3", "3.21 GBq (86.76 mCi)"),
    ...                          ("T4", "4.9 GBq (132.5 mCi)"))]
    >>> [one] = in_short(low)
    >>> one["message"], one["count"]  # doctest: +NORMALIZE_WHITESPACE
    ('T3, T4: less than recommended, see the table;
      that needs 3.21 to 4.9 GBq (86.76 to 132.5 mCi)', 2)
    """
    found: dict[Any, list[Said]] = {}
    for n, one in enumerate(findings):
        found.setdefault(_in_the_table(one) or n, []).append(one)
    told: list[dict[str, Any]] = []
    reasons: set[str] = set()
    for own, some in found.items():
        reason = some[0].get("reason", "")
        short = shorten(reason, _REASON, placeholder=" ...")
        again = reason in reasons and len(reason) > len(_AGAIN)
        reasons.add(reason)
        brief: dict[str, Any] = {"count": 1}
        if isinstance(own, str):
            brief = _all_low(some) if own == "low" else _all_accepted(some)
        told.append({**some[0], "reason": _AGAIN if again else short, **brief})
    return told


def _in_the_table(one: Said) -> str:
    """What of findings that the table shows already are told as one; else empty."""
    if one.get("bound") is None:
        return ""
    if one["code"] == "H42" and one["severity"] == "accepted":
        return f"accepted: {one['reason']}"
    return "low" if one["code"] == "H25" and one["severity"] == "warn" else ""


def _called(one: Said) -> str:
    return str(one.get("called") or spoken(one["subject"]))


def _all_accepted(some: Sequence[Said]) -> dict[str, Any]:
    """One finding for all limits that are not met, as a person accepted."""
    names = ", ".join(f"{_called(one)} ({one['bound']:g} Gy)" for one in some)
    said = f"{names}: above the limit, see the table"
    return {"message": said, "remedy": "", "count": len(some)}


def _all_low(low: Sequence[Said]) -> dict[str, Any]:
    """One finding for all structures below a recommended dose."""
    names = ", ".join(dict.fromkeys(_called(one) for one in low))
    needed = [_NEEDED.match(one["remedy"]) for one in low]
    said = f"{names}: less than recommended, see the table"
    if all(needed):
        each = sorted(
            (one.groups() for one in needed if one), key=lambda one: float(one[0])
        )
        gbq, mci = (
            " to ".join(dict.fromkeys(ends))
            for ends in zip(each[0], each[-1], strict=True)
        )
        said += f"; that needs {gbq} GBq ({mci} mCi)"
    return {"message": said, "remedy": "", "count": len(low)}


def first_page(
    findings: Sequence[Said], lines: int, *, pictures: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What of the findings page one has room for beside so many lines of its table.

    And the rest, which follows on a sheet of its own.

    In order, the gravest first: what stops or asks always stays.

    Examples
    --------
    >>> long = [{"code": "H20", "severity": "warn", "message": "x" * 500,
    ...          "subject": ""} for _ in range(4)]
    >>> [len(some) for some in first_page(long, lines=5)]
    [2, 2]
    """
    room = (_ROOM if pictures else _MORE_ROOM) - _A_LINE * lines
    first: list[dict[str, Any]] = []
    rest: list[dict[str, Any]] = []
    for one in in_short([each for each in findings if each["severity"] in GRAVE]):
        room -= len(one["message"]) + len(one.get("reason", "")) + _A_FINDING
        open_one = one["severity"] in ("stop", "ask")
        fits = room >= 0 and not rest
        (first if open_one or fits or not first else rest).append(one)
    return first, rest
