"""Response of tumors by their diameters over time: RECIST 1.1 and mRECIST."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import InputError, RangeError
from sirtdose.outcomes.response import Best, TimePoint, until_progression

Criteria = Literal["RECIST 1.1", "mRECIST"]
NonTargets = Literal["none", "absent", "present", "progressed", "not evaluated"]

_TARGETS_MAX = 5
_PER_ORGAN_MAX = 2
_TARGET_MM, _NODE_MM, NODE_GONE_MM = 10.0, 15.0, 10.0
# Slices up to so thick see what is 10 mm; of thicker ones a target has two.
_SLICES = 2
_RULES = table("response_criteria")["recist-1.1"]
THICK_SLICE_MM, _PARTIAL, PROGRESS, PROGRESS_MM = (
    float(_RULES[name])
    for name in (
        *("thick_slice_mm", "partial_of_baseline"),
        *("progress_of_nadir", "progress_mm"),
    )
)
# Sums are of measured diameters: the last bit of a product decides nothing.
_ROOM = 1e-9
_CONFIRMED_D = 28
STABLE_BETWEEN = 1


@dataclass(frozen=True)
class Lesion:
    """A target lesion as it was at baseline.

    `node` is a lymph node, measured by its short axis; `slice_mm` is the thickness of
    the baseline's slices, None where it is not known.
    """

    name: str
    organ: str
    baseline_mm: float
    node: bool = False
    slice_mm: float | None = None


@dataclass(frozen=True)
class Scan:
    """One time point after baseline: diameters by lesion, mm; None not evaluated.

    `unmeasured` says why it cannot be judged, but for progression.
    """

    day: date
    diameters_mm: Mapping[str, float | None]
    non_targets: NonTargets = "none"
    new_lesions: bool = False
    unmeasured: str = ""


def assess_scans(
    lesions: Sequence[Lesion],
    scans: Sequence[Scan],
    *,
    criteria: Criteria = "RECIST 1.1",
    targets_max: int = _TARGETS_MAX,
) -> list[TimePoint]:
    """Response at each time point.

    Complete: no target left, nodes under 10 mm. Partial: the sum is 70 % of baseline or
    less. Progressive: 20 % and 5 mm above the smallest sum so far, or a new lesion, or
    non-targets that progressed. Each bound belongs to the response it leads to. In
    mRECIST diameters are of what takes up contrast in the arterial phase, and 5 mm are
    not asked for. What is seen again after a complete response is progression.

    Parameters
    ----------
    lesions : sequence of Lesion
        The targets.
    scans : sequence of Scan
        After baseline, in order of their days.
    criteria : {"RECIST 1.1", "mRECIST"}
    targets_max : int
        5 in RECIST 1.1, at most 2 of an organ; a protocol may take fewer.

    Raises
    ------
    InputError
        Too many targets, targets too small, lesions that are not known, scans out of
        order.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 2009;45:228; mRECIST: Lencioni and Llovet, Semin
    Liver Dis 2010;30:52 (recalled, read in transcription).

    Examples
    --------
    From 50 mm to 35 mm is 70 %: partial response.

    >>> lesion = Lesion("T1", "liver", 50)
    >>> [one.response for one in assess_scans(
    ...     [lesion], [Scan(date(2026, 5, 1), {"T1": 35.0})])]
    ['PR']
    """
    _require_targets(lesions, criteria, targets_max)
    _require_scans(lesions, scans)
    baseline = sum(one.baseline_mm for one in lesions)
    nadir, progressed, complete = baseline, False, False
    found = []
    for scan in scans:
        sum_mm, target, rule = _targets(
            lesions, scan, baseline=baseline, nadir=nadir, criteria=criteria
        )
        response, rule = _overall(target, rule, scan, has_targets=bool(lesions))
        if progressed and response != "PD":
            response, rule = "PD", "progression earlier: later responses do not count"
        elif complete and response != "PD" and _is_seen(lesions, scan):
            response, rule = "PD", "seen again after a complete response"
        progressed = progressed or response == "PD"
        complete = complete or response == "CR"
        found.append(
            TimePoint(
                scan.day,
                response,
                rule,
                sum_mm,
                baseline if lesions else None,
                nadir if lesions else None,
                scan.new_lesions,
                unmeasured=scan.unmeasured,
            )
        )
        if sum_mm is not None:
            nadir = min(nadir, sum_mm)
    return found


def _require_targets(
    lesions: Sequence[Lesion], criteria: Criteria, targets_max: int
) -> None:
    if reason := unmeasurable(lesions, criteria=criteria, targets_max=targets_max):
        raise RangeError(reason)
    names = [one.name for one in lesions]
    for one in lesions:
        if names.count(one.name) > 1:
            raise InputError(f"two target lesions are named '{one.name}': rename one")


def unmeasurable(
    lesions: Sequence[Lesion], *, criteria: Criteria, targets_max: int
) -> str:
    """Why the targets of a case cannot be followed; empty where they can.

    Too many of them, or one too small: :func:`least_mm`.

    Examples
    --------
    >>> unmeasurable([Lesion("T1", "liver", 9)], criteria="mRECIST", targets_max=2)
    "target 'T1' has 9 mm at baseline, but a target needs 10 mm or more"
    """
    if len(lesions) > targets_max:
        return (
            f"{len(lesions)} target lesions, but {criteria} here allows at most "
            f"{targets_max}: follow the others as non-targets"
        )
    organs = [one.organ for one in lesions]
    for organ in organs:
        if organs.count(organ) > _PER_ORGAN_MAX:
            return (
                f"{organs.count(organ)} target lesions in {organ}: at most "
                f"{_PER_ORGAN_MAX} per organ are allowed"
            )
    for one in lesions:
        least = least_mm(one)
        if not one.baseline_mm >= least - _ROOM:
            thick = (
                f", twice the slices of {one.slice_mm:g} mm"
                if least > _TARGET_MM and not one.node
                else ""
            )
            return (
                f"target '{one.name}' has {one.baseline_mm:g} mm at baseline, but "
                f"{'a node' if one.node else 'a target'} needs {least:g} mm or "
                f"more{thick}"
            )
    return ""


def least_mm(lesion: Lesion) -> float:
    """The least size of a target at baseline, mm.

    10 mm, or twice the thickness of slices over 5 mm if that is more; a node 15 mm.

    Examples
    --------
    >>> [least_mm(Lesion("T1", "liver", 20, slice_mm=mm)) for mm in (None, 5, 5.5, 8)]
    [10.0, 10.0, 11.0, 16.0]
    >>> least_mm(Lesion("N1", "node", 20, node=True, slice_mm=8))
    15.0
    """
    if lesion.node:
        return _NODE_MM
    slice_mm = lesion.slice_mm or 0.0
    return max(
        _TARGET_MM, _SLICES * float(slice_mm) if slice_mm > THICK_SLICE_MM else 0.0
    )


def _is_seen(lesions: Sequence[Lesion], scan: Scan) -> bool:
    """Whether any target but a node, or a non-target, is there."""
    return scan.non_targets == "present" or any(
        scan.diameters_mm.get(one.name) for one in lesions if not one.node
    )


def _require_scans(lesions: Sequence[Lesion], scans: Sequence[Scan]) -> None:
    names = {one.name for one in lesions}
    if any(b.day <= a.day for a, b in pairwise(scans)):
        raise InputError("scans must be in the order of their dates, one for each date")
    for scan in scans:
        unknown = sorted(set(scan.diameters_mm) - names)
        if unknown:
            raise InputError(
                f"scan of {scan.day}: '{unknown[0]}' is not a target lesion: add its "
                "baseline, or leave it out"
            )
        for name, value in scan.diameters_mm.items():
            if value is not None and not value >= 0:
                raise RangeError(
                    f"scan of {scan.day}: '{name}' has {value:g} mm, "
                    "which is not possible"
                )


def _targets(
    lesions: Sequence[Lesion],
    scan: Scan,
    *,
    baseline: float,
    nadir: float,
    criteria: Criteria,
) -> tuple[float | None, str, str]:
    """Sum of diameters, the targets' response, and why."""
    if not lesions:
        return None, "", ""
    known = {one.name: scan.diameters_mm.get(one.name) for one in lesions}
    measured = [value for value in known.values() if value is not None]
    missing = [name for name, value in known.items() if value is None]
    total = sum(measured)
    # What is seen of them may already be too much.
    grown = total >= PROGRESS * nadir - _ROOM and (
        criteria == "mRECIST" or total - nadir >= PROGRESS_MM - _ROOM
    )
    if grown and nadir > 0:
        return (
            total,
            "PD",
            f"sum {total:g} mm is {total / nadir - 1:+.1%}, {total - nadir:+g} mm "
            f"from the smallest sum, {nadir:g} mm",
        )
    if nadir == 0 and total > 0:
        return total, "PD", f"{total:g} mm after all targets had disappeared"
    if missing:
        return None, "NE", f"not evaluated: {', '.join(missing)}"
    gone = all(
        (one.node and (known[one.name] or 0) < NODE_GONE_MM) or known[one.name] == 0
        for one in lesions
    )
    if gone:
        nodes = any(one.node for one in lesions)
        return total, "CR", f"no target is left{', nodes under 10 mm' * nodes}"
    change = f"sum {total:g} mm is {total / baseline - 1:+.1%} from baseline"
    if total <= _PARTIAL * baseline + _ROOM:
        return total, "PR", f"{change}, {baseline:g} mm"
    return total, "SD", f"{change}, {total - nadir:+g} mm from the smallest sum"


def _overall(
    target: str, rule: str, scan: Scan, *, has_targets: bool
) -> tuple[str, str]:
    """Targets, non-targets and new lesions together (Tables 1 and 2)."""
    if scan.new_lesions:
        return "PD", "a new lesion"
    if target == "PD":
        return "PD", rule
    if scan.non_targets == "progressed":
        return "PD", "non-targets progressed"
    if scan.unmeasured:
        return "NE", scan.unmeasured
    if not has_targets:
        return {
            "absent": ("CR", "no non-target is left"),
            "present": ("non-CR/non-PD", "non-targets are still there"),
            "none": ("NE", "nothing to assess"),
            "not evaluated": ("NE", "non-targets not evaluated"),
        }[scan.non_targets]
    if target == "CR" and scan.non_targets in ("present", "not evaluated"):
        return "PR", f"{rule}, but non-targets {scan.non_targets}"
    return target, rule


def best_overall(
    found: Sequence[TimePoint],
    *,
    confirmed: bool = False,
    stable_between: int = STABLE_BETWEEN,
    stable_d: int | None = None,
    start: date | None = None,
) -> Best:
    """The best response until progression, and why.

    Parameters
    ----------
    found : sequence of TimePoint
    confirmed : bool
        CR and PR need the same or better again, 28 days later or more.
    stable_between : int, >= 0
        With `confirmed`, at how many scans between the two the disease may be stable.
    stable_d : int, optional
        Days from `start` from which SD counts; a protocol's own, 42 to 56.
    start : date, optional
        Of treatment or baseline, for `stable_d`.

    Notes
    -----
    One stable scan between is the default: in its answers to questions the paper of
    RECIST 1.1 takes 32 %, 28 % and 33 % less for a confirmed partial response, and two
    or three others between for stable disease. What is not evaluated does not count.

    References
    ----------
    Eisenhauer et al., Eur J Cancer 2009;45:228, Appendix III (recalled).

    Examples
    --------
    >>> best_overall([]).response
    'NE'
    """
    if not found:
        return Best("NE", "no scan after baseline")
    if stable_d is not None and start is None:
        raise InputError(
            "a minimum time of stable disease needs the date it starts from: give it"
        )
    before = until_progression(found)
    for response in ("CR", "PR"):
        for one in (one for one in before if one.response == response):
            if not confirmed or _confirmed(one, before, stable_between):
                return Best(response, one.rule, one.day)
    lasting = [
        one
        for one in before
        if one.response in ("CR", "PR", "SD", "non-CR/non-PD")
        and (stable_d is None or start is None or (one.day - start).days >= stable_d)
    ]
    if lasting:
        return _stable(lasting)
    if before[-1].response == "PD":
        return Best("PD", before[-1].rule, before[-1].day)
    early = next((one for one in before if one.response != "NE"), None)
    return Best(
        "NE",
        "no evaluable response was seen"
        if early is None
        else f"{early.response} was seen only before {stable_d} days",
    )


def _stable(lasting: Sequence[TimePoint]) -> Best:
    """Stable disease, or a response that was asked to be confirmed and was not."""
    first = lasting[0]
    if {one.response for one in lasting} == {"non-CR/non-PD"}:
        return Best("non-CR/non-PD", first.rule, first.day)
    asked = f"{first.response} not confirmed: " * (first.response in ("CR", "PR"))
    return Best("SD", f"{asked}{first.rule}", first.day)


def _confirmed(one: TimePoint, found: Sequence[TimePoint], stable_between: int) -> bool:
    as_good = ("CR",) if one.response == "CR" else ("CR", "PR")
    stable = 0
    for later in (other for other in found if other.day > one.day):
        if later.response in as_good and (later.day - one.day).days >= _CONFIRMED_D:
            return stable <= stable_between
        stable += later.response == "SD"
    return False
