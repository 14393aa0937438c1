"""Doses of a treatment, compared with usual doses and with limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.checks.spared_liver import allowed_more, is_segment
from sirtdose.data.load import table
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.limit import Limit, above, below
from sirtdose.model.moving import Moving
from sirtdose.model.rounded import amount_at_least, amount_at_most
from sirtdose.model.treatment import Part, Treatment
from sirtdose.planning.limit_table import bilirubin_case, scenario_asking

_LIVER_VOLUMES = (
    *("normal_perfused", "normal_whole", "perfused", "liver"),
    # Of one injection, by the name that a plan shows.
    *("normal perfused", "perfused volume"),
)
# Where chosen limits ask for about as much as is usual, this many times it is doubted.
_ABOVE_WANTED, _NEAR_USUAL = 2.5, 0.85
_LEFT_OUT = ", which EANM 2022 does not apply to a segmentectomy"
# Said of an activity that no option of its command changes.
_ELSEWHERE = (
    "; to plan another activity than the formula's, use `sirtdose plan partition "
    "--activity`"
)
_AT_RISK = ("organ", "gallbladder")


def findings(case: Treatment) -> list[Finding]:
    """Findings on a case's doses, before and after treatment."""
    return [*whole_liver_dose(case), *organs_at_risk(case)]


def whole_liver_dose(case: Treatment) -> list[Finding]:
    """Mean whole-liver dose above its bound, with earlier treatments (H43).

    If the liver volume is not known, a usual volume or that of the perfused part is
    assumed; this warns, and never asks. So do one or two liver segments that are
    treated for the first time: published limits for the whole liver leave them out.
    Of glass the patient's bilirubin decides which bounds hold.
    """
    if case.device is None:
        return [_no_device("H43", "dose to the whole liver")]
    levels = _levels(case.device.name, case.bilirubin_mg_per_dl)
    liver = case.whole_liver(levels[0]["volume"])
    if liver is None:
        needs = "the liver's volume: a structure of role liver"
        return [Finding.not_checked("H43", "dose to the whole liver", needs=needs)]
    most = liver.most
    passed = [one for one in levels if above(most.total_gy, one["above_gy"])]
    if not passed:
        return []
    level = passed[-1]
    bound = Bound(level["above_gy"], "Gy", level["source"], level["verified"])
    perfused = case.held("perfused")
    segment = bool(perfused) and not most.prior_gy and is_segment(case, most)
    certain = not liver.assumed and not segment
    severity = Severity(level["severity"]) if certain else Severity.WARN
    return [
        Finding.of(
            "H43",
            f"{_words(most)} {_gets(case)} {most.total_gy:.4g} Gy{_earlier(most)}, "
            f"above {bound} for {case.device.product}{_LEFT_OUT if segment else ''}",
            severity=severity,
            subject=liver.name,
            value=most.total_gy,
            bound=bound,
            remedy=_remedy(case, most, bound.value),
        )
    ]


def _levels(device: str, bilirubin_mg_per_dl: float | None) -> list[Any]:
    """The bounds of the whole liver that hold for a patient, the lowest first.

    >>> [(one["above_gy"], one["severity"]) for one in _levels("glass", 1.4)]
    [(50.0, 'warn'), (75.0, 'ask')]
    """
    holds = bilirubin_case(bilirubin_mg_per_dl)
    rows = table("devices")[device]["whole_liver"]
    return [one for one in rows if one.get("when", holds) == holds]


def usual_ceilings(
    case: Treatment, limits: Sequence[Limit] = (), disease: str = ""
) -> list[Finding]:
    """Doses compared with those usual with these microspheres, where they are known.

    Where one of the `limits` asks for about as much, that is usual too. Only scenarios
    of the patient's own `disease` are proposed, where it is known.
    """
    if case.device is None:
        return [_no_device("H07", "usual doses")]
    findings = []
    for entry in table("devices")[case.device.name]["ceilings"]:
        parts = case.held(entry["volume"])
        if not parts:
            what = f"dose to {entry['volume'].replace('_', ' ')} liver"
            needs = "tumors with their T/N, or an image"
            findings.append(Finding.not_checked("H07", what, needs=needs))
        for part in parts:
            findings += ceiling_findings(case, part, limits, disease)
    return findings


def ceiling_findings(
    case: Treatment, own: Part, limits: Sequence[Limit], disease: str = ""
) -> list[Finding]:
    """Dose above that usual with these microspheres (H07).

    In one or two liver segments it only warns, and so it does in a disease in which the
    source of the dose allows more, as far as its conditions can be known. Where one of
    the `limits` asks for at least about the usual dose, only doses well above that are
    reported.
    """
    if case.device is None:
        return []
    part = own.most
    return [
        Finding.of(
            "H07",
            f"'{part.name}' {_gets(case)} {part.total_gy:.4g} Gy{_earlier(part)}, "
            f"above {bound}, unusual with {case.device.product} beyond one or two "
            f"segments{more}",
            severity=Severity.WARN if more or is_segment(case, part) else Severity.ASK,
            subject=own.name,
            value=part.total_gy,
            bound=bound,
            remedy=_remedy(case, part, bound.value)
            + _where_more_is_wanted(case, part, entry, disease),
        )
        for entry in table("devices")[case.device.name]["ceilings"]
        if entry["volume"] == own.role
        for bound in [_raised(entry, _asked_gy(limits, entry["volume"], own))]
        if above(part.total_gy, bound.value)
        for more in [allowed_more(case, part, entry, disease)]
    ]


def _asked_gy(limits: Sequence[Limit], volume: str, part: Part) -> float:
    """The most that the limits of a part ask for; 0 for nothing."""
    asked = (
        one.limit_gy
        for one in limits
        if one.sense == "at_least"
        and one.volume == volume
        and (not one.injection or one.injection in part.of)
    )
    return max(asked, default=0.0)


def organs_at_risk(case: Treatment) -> list[Finding]:
    """Organ dose above the reporting level, as a mean or in a hot spot (H28)."""
    least = rail("organ_dose_gy")
    return [
        Finding.of(
            "H28",
            f"'{part.name}' {_gets(case)} {part.dose_gy:.4g} Gy on average"
            f"{_hottest(part)}: true uptake, or spill-out from the liver?",
            subject=own.name,
            value=part.dose_gy,
            bound=Bound(least, "Gy", "shown from here on"),
        )
        for own in case.held(*_AT_RISK)
        for part in [own.most]
        if not below(max(part.dose_gy, part.focus_gy), least)
    ]


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
        return [_passed(limit, injections, by_formula=by_formula)]
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
        Finding.of(
            "H25",
            f"'{limit.value_of}' gets {limit.value_gy:.4g} Gy, less than "
            f"{limit.limit_gy:g} Gy ({limit.source})",
            subject=limit.value_of,
            value=limit.value_gy,
            bound=bound,
            remedy=f"that needs {amount_at_least(needed)}{where}"
            f"{_ELSEWHERE * by_formula}",
        )
    ]


def _passed(limit: Limit, injections: int, *, by_formula: bool) -> Finding:
    """Dose above a limit given by the user (H42)."""
    ceiling_gy = limit.limit_gy if limit.upper_gy is None else limit.upper_gy
    where = limit.value_of or limit.name
    most = " and ".join(
        amount_at_most(gbq) + (f" to '{name}'" if injections > 1 else "")
        for name, gbq in limit.at_most_gbq.items()
    )
    value_gy = limit.value_gy or 0.0
    at_bound = not above(value_gy, ceiling_gy)
    less = "less than" if at_bound else "at most"
    return Finding.of(
        "H42",
        f"{where}: {_told_apart(value_gy, ceiling_gy)} Gy is "
        f"{'not below' if at_bound else 'above'} the limit of {ceiling_gy:g} Gy "
        f"({limit.source})",
        subject=where,
        value=limit.value_gy,
        bound=Bound(ceiling_gy, "Gy", limit.source, limit.verified),
        remedy=f"inject {less} {most} to meet it{_ELSEWHERE * by_formula}"
        if most
        else "earlier treatments alone pass it, and no activity meets it",
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


def _raised(entry: Mapping[str, Any], wanted_gy: float) -> Bound:
    """Usual dose, raised if the chosen limits require about that much."""
    if wanted_gy >= _NEAR_USUAL * entry["dose_gy"]:
        source = f"{_ABOVE_WANTED:g} times the {wanted_gy:g} Gy that --limits asks for"
        return Bound(_ABOVE_WANTED * wanted_gy, "Gy", source)
    return Bound(entry["dose_gy"], "Gy", entry["source"], entry["verified"])


def _where_more_is_wanted(
    case: Treatment, part: Part, entry: Mapping[str, Any], disease: str
) -> str:
    """Remedy that names a published scenario with such doses; for plans only."""
    if case.given or case.device is None:
        return ""
    least_gy = _NEAR_USUAL * entry["dose_gy"]
    asking = scenario_asking(case.device.name, entry["volume"], least_gy, disease)
    if asking is None or part.total_gy > _ABOVE_WANTED * asking.dose_gy:
        return ""
    if len(case.injections) > 1 and len(part.of) == 1:
        how = f"'{part.of[0]}' with limits:{asking.words}"
    else:
        how = f"with --limits {asking.words}"
    return f"; if this is {asking.condition}, plan {how}"


def _no_device(code: str, what: str) -> Finding:
    return Finding.not_checked(code, what, needs="--device")


def _gets(case: Treatment) -> str:
    return "got" if case.given else "gets"


def _earlier(part: Part) -> str:
    return f" in total ({part.prior_gy:.4g} Gy given before)" if part.prior_gy else ""


def _words(liver: Part) -> str:
    known = f", {liver.assumed}: its volume is not known" if liver.assumed else ""
    return f"the {liver.name} ({liver.volume_ml:.0f} mL{known})"


def _hottest(organ: Part) -> str:
    """D2 and hot spot of an organ, which its mean dose does not show."""
    said = f", D2 {organ.hottest_gy:.4g} Gy" if organ.hottest_gy else ""
    focus = f", and a hot spot of {organ.focus_gy:.4g} Gy reaches into it"
    return f"{said}{focus}" if organ.focus_gy else said


def _remedy(case: Treatment, part: Part, bound_gy: float) -> str:
    """Remedy for a dose above its bound, by injection."""
    if case.given:
        return "check the activity and the volume"
    how = "draw the liver, or " if case.drawn else "give --liver-volume, or "
    known = how if part.assumed else ""
    most = case.at_most(part, bound_gy)
    if not most:
        return f"{known}earlier treatments alone already exceed it"
    return f"{known}reduce the activity to at most {most}" + (
        _ELSEWHERE * case.by_formula
    )
