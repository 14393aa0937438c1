"""Whether two files before a plan are of one session, whose doses would count twice."""

from collections.abc import Sequence
from itertools import combinations

from sirtdose.model.finding import Finding, Severity
from sirtdose.planning.sessions import EarlierSession, injection_name

# A part of a liver in two sessions.
_SAME_VOLUME = 0.10
# A planned activity and what was given of it, or an activity that was planned anew.
_SAME_ACTIVITY = 0.20
# A planned day may move by days; the same part of a liver is not treated anew so soon.
_MOVED_DAYS = 14
_UNNAMED = injection_name("").casefold()


def one_session_findings(sessions: Sequence[EarlierSession]) -> list[Finding]:
    """Two files that may be of one session, or that hold one without a name (H09).

    Files that are surely of one session are refused when they are read.

    >>> from sirtdose.planning.sessions import SessionPart
    >>> liver = SessionPart("liver", "liver", 1500.0, 1.5, 30.0, ("injection",))
    >>> one = EarlierSession("session 1", "planned", "a", "Y-90", (liver,), 9.0)
    >>> two = EarlierSession("session 2", "delivered", "b", "Y-90", (liver,), 9.0,
    ...                      given=2)
    >>> one_session_findings([one, two])[0].subject
    'session 1 and session 2'
    """
    pairs = [
        (one, other)
        for one, other in combinations(sessions, 2)
        if one.given != other.given
    ]
    files = {one.given: one.called for one in sessions if not one.held}
    said: dict[tuple[int, int], list[str]] = {}
    for one, other in pairs:
        why = _doubt(one, other)
        if why:
            said.setdefault((one.given, other.given), []).append(why)
    return [
        Finding.of(
            "H09",
            f"{'; '.join(dict.fromkeys(whys))}: is a session counted twice? Give "
            "only the later file, or assess the treatment again with its plan",
            severity=Severity.ASK,
            subject=f"{files[first]} and {files[second]}",
            accepted="the doses of both files are added",
        )
        for (first, second), whys in said.items()
    ]


def _doubt(one: EarlierSession, other: EarlierSession) -> str:
    """Why two sessions of two files may be one; empty where they are not."""
    for stated in (one, other):
        if stated.kind == "stated":
            return f"{stated.called} may be those of the other file"
    keys = {one.patient_key, other.patient_key} - {None}
    if len(keys) > 1 or one.nuclide != other.nuclide:
        return ""
    if _elsewhere(one, other) or _at_another_time(one, other):
        return ""
    days = [each.day for each in (one, other) if each.day]
    day = "their days not known"
    if len(days) == 2:
        day = " and ".join(f"on {each}" for each in days)
        day = f"both on {days[0]}" if days[0] == days[1] else day
    amount = " and ".join(
        "an unknown activity" if gbq is None else f"{gbq:.4g} GBq"
        for gbq in (one.activity_gbq, other.activity_gbq)
    )
    return f"{one.called} and {other.called} may be one session ({amount}, {day})"


def _at_another_time(one: EarlierSession, other: EarlierSession) -> bool:
    """Whether days, or activities where days do not tell, are of two sessions."""
    if one.day and other.day:
        if one.day == other.day:
            return False
        moved = "planned" in (one.kind, other.kind)
        if not moved or abs((one.day - other.day).days) > _MOVED_DAYS:
            return True
        return _of_another_activity(one, other)
    # A plan may be made anew with any activity; two that were delivered, or one of a
    # plan that it names, are told apart by theirs.
    told_apart = all(each.kind == "delivered" for each in (one, other)) or any(
        each.kind == "delivered" and each.plan_known for each in (one, other)
    )
    return told_apart and _of_another_activity(one, other)


def _of_another_activity(one: EarlierSession, other: EarlierSession) -> bool:
    least, most = sorted((one.activity_gbq or 0.0, other.activity_gbq or 0.0))
    return least > 0 and most > (1 + _SAME_ACTIVITY) * least


def _elsewhere(one: EarlierSession, other: EarlierSession) -> bool:
    """Whether two sessions treated two parts of the liver.

    By the names of their injections. Where one has none, two of volume, tumors and
    vessel must differ, and no tumor or vessel be of both.
    """
    if (one.injections & other.injections) - {_UNNAMED}:
        return False
    if _UNNAMED not in one.injections | other.injections:
        return not one.injections & other.injections
    tumors = [_tumors(each) for each in (one, other)]
    vessels = [_vessel(each) for each in (one, other)]
    if any(first & second for first, second in (tumors, vessels)):
        return False
    differ = [all(tumors), all(vessels), _volumes_differ(one, other)]
    return sum(differ) >= 2


def _tumors(session: EarlierSession) -> set[str]:
    return {
        part.name.strip().casefold() for part in session.parts if part.role == "tumor"
    }


def _vessel(session: EarlierSession) -> set[str]:
    return {(session.vessel or "").strip().casefold()} - {""}


def _volumes_differ(one: EarlierSession, other: EarlierSession) -> bool:
    least, most = sorted(
        sum(part.volume_ml for part in each.parts if part.role == "perfused")
        for each in (one, other)
    )
    return least > 0 and most > (1 + _SAME_VOLUME) * least
