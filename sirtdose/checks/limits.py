"""Doses compared with the limits of a plan, before and after treatment."""

from collections.abc import Sequence

from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.limit import Limit, above
from sirtdose.model.moving import Moving
from sirtdose.model.rounded import amount_at_least, amount_at_most

_LIVER_VOLUMES = (
    *("normal_perfused", "normal_whole", "perfused", "liver"),
    # Of one injection, by the name that a plan shows.
    *("normal perfused", "perfused volume"),
)
# Said of an activity that no option of its command changes.
ELSEWHERE = (
    "; to plan another activity than the formula's, use `sirtdose plan partition "
    "--activity`"
)


def limit_findings(
    limits: Sequence[Limit],
    injections: int = 1,
    *,
    planned: bool = False,
    by_formula: bool = False,
) -> list[Finding]:
    """Limits that are not met or could not be checked, one finding per volume.

    Only of a plan can one that warns be made a limit. Where the activity is
    `by_formula`, another one is planned by another command.
    """
    return [
        finding
        for limit in limits
        for finding in (
            _unchecked(limit)
            if limit.met is None
            else _unmet(limit, injections, planned=planned, by_formula=by_formula)
        )
    ]


def delivered_limit_findings(limits: Sequence[Limit]) -> list[Finding]:
    """Limit of the plan that a treatment did not meet (H25, H42).

    Nothing can be taken back, so that it warns. Lung limits of every patient have
    checks of their own.

    >>> limit = Limit("normal", "normal_perfused", "at_most", 96.0, 128.8, "", False,
    ...               True, value_of="normal_perfused")
    >>> [one] = delivered_limit_findings([limit])
    >>> one.code, str(one.severity), one.value
    ('H42', 'warn', 128.8)
    """
    return [
        _passed(one, severity=Severity.WARN) if one.passed else _too_little(one)
        for one in limits
        if one.met is False
    ]


def _unchecked(limit: Limit) -> list[Finding]:
    """Limit given by the user for a dose that is not known in this plan (H25)."""
    if not limit.given_by_user:
        return []
    at_least = limit.sense == "at_least"
    return [
        Finding.of(
            "H25",
            f"{limit.name} {limit.limit_gy:g} Gy ({limit.source}) not checked: its "
            "dose is not known in this plan",
            severity=Severity.NOTE if at_least else Severity.WARN,
            subject=limit.name,
        )
    ]


def _unmet(
    limit: Limit, injections: int, *, planned: bool, by_formula: bool
) -> list[Finding]:
    """Lung dose above its limit, or dose below a requested minimum (H22, H25)."""
    if limit.met is not False or limit.value_gy is None:
        return []
    if limit.passed and limit.given_by_user:
        return [_passed(limit, remedy=_less(limit, injections, by_formula=by_formula))]
    bound = Bound(limit.limit_gy, "Gy", limit.source, limit.verified)
    if limit.volume == "lungs" and not limit.given_by_user:
        session = "all sessions" if "cumulative" in limit.name else "this session"
        return [
            Finding.of(
                "H22",
                f"{limit.volume} get {limit.value_gy:.4g} Gy, above {limit.limit_gy:g} "
                f"Gy ({session})",
                subject=limit.name,
                value=limit.value_gy,
                bound=bound,
                remedy=f"to make this a limit of the plan, give --limit {limit.name}="
                f"{limit.limit_gy:g}Gy"
                if planned
                else "",
            )
        ]
    needed = limit.activity_needed_gbq
    if needed is None:
        return []
    where = f" to '{limit.activity_of}'" if injections > 1 and limit.activity_of else ""
    return [
        _too_little(
            limit,
            f"that needs {amount_at_least(needed)}{where}{ELSEWHERE * by_formula}",
        )
    ]


def _too_little(limit: Limit, remedy: str = "") -> Finding:
    """Dose below a requested minimum (H25)."""
    return Finding.of(
        "H25",
        f"'{limit.value_of}' gets {limit.value_gy:.4g} Gy, less than "
        f"{limit.limit_gy:g} Gy ({limit.source})",
        subject=limit.value_of,
        value=limit.value_gy,
        bound=Bound(limit.limit_gy, "Gy", limit.source, limit.verified),
        remedy=remedy,
    )


def _less(limit: Limit, injections: int, *, by_formula: bool) -> str:
    """What to inject to meet a limit that is passed."""
    most = " and ".join(
        amount_at_most(gbq) + (f" to '{name}'" if injections > 1 else "")
        for name, gbq in limit.at_most_gbq.items()
    )
    if not most:
        return "earlier treatments alone pass it, and no activity meets it"
    at_bound = not above(limit.value_gy or 0.0, _ceiling_gy(limit))
    return f"inject {'less than' if at_bound else 'at most'} {most} to meet it" + (
        ELSEWHERE * by_formula
    )


def _ceiling_gy(limit: Limit) -> float:
    return limit.limit_gy if limit.upper_gy is None else limit.upper_gy


def _passed(
    limit: Limit, *, remedy: str = "", severity: Severity = Severity.ASK
) -> Finding:
    """Dose above a limit given by the user, or of the plan (H42)."""
    ceiling_gy, value_gy = _ceiling_gy(limit), limit.value_gy or 0.0
    where = limit.value_of or limit.name
    at_bound = not above(value_gy, ceiling_gy)
    return Finding.of(
        "H42",
        f"{where}: {_told_apart(value_gy, ceiling_gy)} Gy is "
        f"{'not below' if at_bound else 'above'} the limit of {ceiling_gy:g} Gy "
        f"({limit.source})",
        subject=where,
        value=limit.value_gy,
        bound=Bound(ceiling_gy, "Gy", limit.source, limit.verified),
        remedy=remedy,
        severity=severity,
    )


def _told_apart(value_gy: float, bound_gy: float) -> str:
    """A dose with as many digits as it needs not to read like its bound.

    >>> _told_apart(96.2988, 70.0), _told_apart(100.0031, 100.0)
    ('96.3', '100.003')
    """
    if isinstance(value_gy, Moving):
        return f"{value_gy:apart from {bound_gy!r}}"
    digits = (f"{value_gy:.{n}g}" for n in range(4, 10))
    return next((one for one in digits if float(one) != bound_gy), f"{value_gy:.4g}")


def bound_findings(
    limits: Sequence[Limit], injections: int, *, in_order: bool = False
) -> list[Finding]:
    """Maximum activity with no limit for the liver, or with a shared limit (H07)."""
    shared = [
        limit
        for limit in limits
        if limit.binding and limit.volume in ("lungs", "normal_whole", "liver")
    ]
    if injections > 1 and shared:
        said = f"{shared[0].name} limits all injections, which were " + (
            "maximized one after another: another order gives other activities"
            if in_order
            else "scaled by one factor: an --injection with its own goal may get more, "
            "at the others' cost"
        )
        return [Finding.of("H07", said, severity=Severity.NOTE)]
    for_liver = [
        limit
        for limit in limits
        if limit.volume.partition(" of ")[0] in _LIVER_VOLUMES
        and (limit.sense == "at_most" or limit.upper_gy is not None)
    ]
    if for_liver:
        return []
    return [
        Finding.of(
            "H07",
            "the activity is limited only by the lungs or tumors: no limit for normal "
            "liver or perfused volume was given, such as --limit normal=70Gy",
            subject="greatest activity",
        )
    ]
