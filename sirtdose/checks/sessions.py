"""Earlier sessions whose doses a plan adds: whose they are, and what they fit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sirtdose.checks.patient import patient_findings
from sirtdose.checks.same_session import one_session_findings
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.planning.partition_case import Region
from sirtdose.planning.sessions import (
    WHOLE_LIVER,
    Counted,
    EarlierSession,
    SessionPart,
    counted,
    day_of,
    injection_name,
)
from sirtdose.planning.terms import Terms

# Volumes and densities of one structure in two sessions.
_SAME_PART = 0.10
_WITHIN = 1 + 1e-6
_BY_INJECTION = ("perfused", "normal_perfused")


def session_findings(
    terms: Terms,
    regions: Sequence[Region],
    *,
    typed: Mapping[str, Any],
) -> list[Finding]:
    """All that is to be said of the sessions before a plan.

    What a session holds was asked of its own file when that was planned; but its parts
    and its lungs are matched anew. `typed` are the options of this plan.

    Raises
    ------
    InputError
        A plan without a whole liver, whose earlier dose would be lost.
    """
    own = [one for one in terms.sessions if not one.held]
    real = [one for one in terms.sessions if one.kind != "stated"]
    return [
        *(
            finding
            for one in own
            for finding in (
                *patient_findings(
                    one.patient_key,
                    typed.get("patient_key"),
                    what=one.called,
                    than="this plan",
                ),
                *_state_findings(one),
                *_twice_findings(one, terms),
            )
        ),
        *one_session_findings(terms.sessions),
        *order_findings(
            {one.called: one.at for one in real},
            typed.get("treatment_at") or typed.get("treatment_date"),
        ),
        *(
            finding
            for one in real
            for finding in (
                *_nuclide_findings(one, terms.nuclide.name),
                *_lung_findings(one),
                *_part_findings(one, regions),
            )
        ),
    ]


def _state_findings(session: EarlierSession) -> list[Finding]:
    """Earlier session by a plan that is not approved, or by a changed file (H02)."""
    if session.unverified:
        return [
            Finding.of(
                "H02",
                f"{session.called} cannot be checked for changes: "
                f"{session.unverified}. Give post.json in the folder in which "
                "`sirtdose post` wrote it",
                severity=Severity.ASK,
                subject=session.called,
                accepted="its doses are added as they are in the file",
            )
        ]
    if session.status == "approved":
        return []
    return [
        Finding.of(
            "H02",
            f"{session.called} is a plan that is a {session.status}: was it given as "
            "planned? Give the approved plan, or post.json with the doses delivered",
            severity=Severity.ASK,
            subject=session.called,
            accepted="its doses are added",
        )
    ]


def _nuclide_findings(session: EarlierSession, nuclide: str) -> list[Finding]:
    """Doses of two nuclides, which are added as they are (H26)."""
    if session.nuclide == nuclide:
        return []
    return [
        Finding.of(
            "H26",
            f"{session.called} is by {session.nuclide}, this plan by {nuclide}: their "
            "doses are added as they are, without regard to dose rate",
            severity=Severity.WARN,
        )
    ]


def _twice_findings(session: EarlierSession, terms: Terms) -> list[Finding]:
    """Earlier dose that a session holds already and that was typed too (H09)."""
    typed = [
        f"{option} {gy:g}Gy"
        for option, gy in (
            ("--prior-liver-dose", terms.prior_liver_dose_gy),
            ("--prior-lung-dose", terms.prior_lung_dose_gy),
        )
        if gy
    ]
    if not (typed and session.after_others):
        return []
    return [
        Finding.of(
            "H09",
            f"{session.called} already holds doses of treatments before it, and "
            f"{' and '.join(typed)} is added: does it count twice?",
            severity=Severity.ASK,
            subject=session.called,
            accepted="both are added",
        )
    ]


def order_findings(
    before: Mapping[str, str | None], treated_at: str | None
) -> list[Finding]:
    """Earlier session that is later than the treatment (H09).

    `before` has the time or day of each session by what it is called.

    >>> order_findings({"the earlier session": "2026-12-01"}, "2026-01-01")[0].subject
    'the earlier session'
    >>> order_findings({"the earlier session": "2026-12-01"}, "2026-12-01")
    []
    """
    day = day_of(treated_at)
    return [
        Finding.of(
            "H09",
            f"{called} was on {then}, after this treatment on {day}",
            severity=Severity.ASK,
            subject=called,
            remedy="correct the time or day of treatment, or leave that session out",
            accepted="its doses are added",
        )
        for called, at in before.items()
        for then in [day_of(at)]
        if day is not None and then is not None and then > day
    ]


def _lung_findings(session: EarlierSession) -> list[Finding]:
    """Earlier session whose lung dose is not known (H22)."""
    if session.lungs_gy is not None:
        return []
    if session.held:
        said = f"{session.called} has no lung dose: it counts as none, if not stated"
        return [Finding.of("H22", said, severity=Severity.WARN, subject=session.called)]
    return [
        Finding.of(
            "H22",
            f"{session.called} has no lung dose, because its lung shunt was not given: "
            "state it with --prior-lung-dose",
            severity=Severity.ASK,
            subject=session.called,
            accepted="only the doses typed or known are added",
        )
    ]


def _part_findings(session: EarlierSession, regions: Sequence[Region]) -> list[Finding]:
    """What of a session and of this plan is the same, and what has no counterpart."""
    found = counted(regions, session)
    _require_liver(session, regions)
    return [
        *_other_part_findings(session, found, regions),
        *_overlap_findings(session, found, regions),
        *_unmatched_findings(session, found, regions),
    ]


def _require_liver(session: EarlierSession, regions: Sequence[Region]) -> None:
    gave = any(one.role in (*_BY_INJECTION, *WHOLE_LIVER) for one in session.parts)
    if gave and not any(one.role in WHOLE_LIVER for one in regions):
        raise InputError(
            f"{session.called} gave the liver a dose, but this plan has no whole liver "
            "that could be checked with it: give --liver-volume, or draw the liver "
            "where an image is planned on"
        )


def _other_part_findings(
    session: EarlierSession, found: Sequence[Counted], regions: Sequence[Region]
) -> Iterator[Finding]:
    """Structure with another volume or density than in the earlier session (H38)."""
    named = {one.name: one for one in regions}
    for one in found:
        region, part = named[one.region], one.parts[0]
        if one.derived or len(part.of) > 1:
            continue
        said = list(_differences(region, part))
        if said:
            yield Finding.of(
                "H38",
                f"'{region.name}' {' and '.join(said)} in {session.called}: is it the "
                "same structure?",
                subject=region.name,
                remedy=_told_apart(region),
                accepted=f"the {one.dose_gy:.4g} Gy are added as they are",
            )


def _told_apart(region: Region) -> str:
    """What to type where a structure is another one than that of its name before."""
    if region.role in WHOLE_LIVER:
        return ""
    if region.role not in _BY_INJECTION:
        return "if it is not, give it another name"
    return (
        "if it is not, give its injection a name of its own: `sirtdose plan partition "
        "--injection NAME=...`, or `sirtdose plan image --injection NAME=...` by an "
        "image"
    )


def _differences(region: Region, part: SessionPart) -> Iterator[str]:
    here_g_per_ml = 1000 * region.mass_kg / region.volume_ml
    for here, then, unit in (
        (region.volume_ml, part.volume_ml, "mL"),
        (here_g_per_ml, part.density_g_per_ml, "g/mL"),
    ):
        if abs(here / then - 1) > _SAME_PART:
            yield f"has {here:.4g} {unit} here and {then:.4g} {unit}"


def _overlap_findings(
    session: EarlierSession, found: Sequence[Counted], regions: Sequence[Region]
) -> Iterator[Finding]:
    """Perfused volume under a new name that must overlap an earlier one (H19)."""
    known = {one.region for one in found}
    before_ml = sum(one.volume_ml for one in session.parts if one.role == "perfused")
    liver_ml = sum(one.volume_ml for one in regions if one.role == "liver")
    for one in regions:
        if one.role != "perfused" or one.name in known or not liver_ml:
            continue
        if before_ml + one.volume_ml > liver_ml * _WITHIN:
            yield Finding.of(
                "H19",
                f"'{one.name}' has {one.volume_ml:.4g} mL and {session.called} "
                f"perfused {before_ml:.4g} mL: both do not fit into a liver of "
                f"{liver_ml:.4g} mL without an overlap, but their injections have "
                "other names. Name the injection as it was named then: "
                f"{_names(session)}",
                severity=Severity.ASK,
                subject=one.name,
                accepted="no earlier dose is added to it",
            )


def _names(session: EarlierSession) -> str:
    """How the injections of a session are named, as one types them."""
    unnamed = injection_name("")
    names = {injection_name(name) for one in session.parts for name in one.of}
    named = ", ".join(f"'{one}'" for one in sorted(names - {unnamed}))
    return " or ".join(
        [*([named] if named else []), *(["no name"] if unnamed in names else [])]
    )


def _unmatched_findings(
    session: EarlierSession, found: Sequence[Counted], regions: Sequence[Region]
) -> Iterator[Finding]:
    """Structures that only the earlier session or only this plan knows (H38)."""
    used = {part.name for one in found for part in one.parts}
    known = {one.region for one in found}
    only_then = [one.name for one in session.parts if one.name not in used]
    only_here = [one.name for one in regions if one.name not in known]
    said = []
    if only_then:
        said.append(f"{', '.join(only_then)} of {session.called} is not in this plan")
    if only_here:
        said.append(f"{', '.join(only_here)} gets no dose of {session.called}")
    if said:
        yield Finding.of("H38", "; ".join(said), severity=Severity.WARN)
