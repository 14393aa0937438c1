"""Doses of a treatment, compared with usual doses and with limits."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.checks.limits import ELSEWHERE
from sirtdose.checks.spared_liver import allowed_more, is_segment
from sirtdose.data.load import table
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail
from sirtdose.model.limit import Limit, above, below
from sirtdose.model.treatment import Part, Treatment
from sirtdose.planning.limit_table import bilirubin_case, scenario_asking

# Where chosen limits ask for about as much as is usual, this many times it is doubted.
_ABOVE_WANTED, _NEAR_USUAL = 2.5, 0.85
_LEFT_OUT = ", which EANM 2022 does not apply to a segmentectomy"
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
    source of the dose allows more, as far as its conditions can be known; well above
    the usual dose it asks there too. Where one of the `limits` asks for at least about
    the usual dose, only doses well above that are reported.
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
        for far in [_ABOVE_WANTED * entry["dose_gy"]]
        for more in [
            ""
            if bound.value > entry["dose_gy"] or above(part.total_gy, far)
            else allowed_more(case, part, entry, disease)
        ]
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
        ELSEWHERE * case.by_formula
    )
