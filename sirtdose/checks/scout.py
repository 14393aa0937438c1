"""Scout image: header, age, volumes, and the plan based on it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sirtdose.checks.header import correction_findings, header_findings
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rail_source
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Source

# Nuclides of particles that are given to find out where microspheres go.
_SCOUTS = ("Tc-99m", "Ho-166", "Ga-68", "Y-90")
# Those of them that treat: their scout is as a rule of the same particles.
_THERAPIES = ("Ho-166", "Y-90")
# A map and a formula that say the same agree to this.
_SAME_DOSE, _BORDER_DOSE = 0.03, 0.15
# Shunts, typed and measured, that differ by more than both are said.
_OTHER_SHUNT, _OTHER_SHUNT_PART = 0.01, 0.25
# Neighbors share border voxels: less of the smaller volume than this is no overlap.
_SHARED = 0.02


def scout_findings(
    *,
    source: Source | None,
    treatment_at: date | None,
    treatment_day: str | None = None,
    same_catheter: bool | None,
    measures_shunt: bool,
    planned: Nuclide,
    nuclide_given: bool,
    own_gbq: float = 0.0,
) -> list[Finding]:
    """Header, age and catheter position of the scout (H09, H11, H17, H24, H41)."""
    findings = [
        *treatment_day_findings(treatment_at, treatment_day),
        *interval_findings(
            scan_at=source.scan_start if source else None, treatment_at=treatment_at
        ),
        *catheter_findings(same_catheter=same_catheter),
        *unstated_tracer_findings(source),
        *own_scout_findings(source=source, scout_gbq=own_gbq, planned=planned),
    ]
    if source is None or source.modality == "file":
        return [*findings, *header_findings(source=source)]
    asks = Severity.ASK if measures_shunt else Severity.WARN
    return [
        *findings,
        *header_findings(source=source),
        *scout_nuclide_findings(
            source=source, planned=planned, nuclide_given=nuclide_given
        ),
        *correction_findings(source=source, uncorrected_spect=asks),
    ]


def own_scout_findings(
    *, source: Source | None, scout_gbq: float, planned: Nuclide
) -> list[Finding]:
    """Scout of the treatment's microspheres by an image of another tracer (H11)."""
    named = source.nuclide_in_header if source else ""
    if not scout_gbq or named in ("", planned.name):
        return []
    return [
        Finding.of(
            "H11",
            f"the scout's activity of {scout_gbq:g} GBq is counted as {planned.name}, "
            f"but the header says {named}, whose dose can be neglected: was there "
            f"another scout, of {planned.name}?",
            severity=Severity.ASK,
            subject="scout's activity",
            accepted="its dose is distributed as this image shows",
        )
    ]


def scout_nuclide_findings(
    *,
    source: Source,
    planned: Nuclide | None = None,
    nuclide_given: bool = True,
    own: Nuclide | None = None,
) -> list[Finding]:
    """Scout with an unexpected nuclide, or not the planned one (H11).

    A small activity of the treatment's `own` nuclide is a valid scout, too.
    """
    own = planned or own
    named = source.nuclide_in_header
    words = ", ".join(f"'{one}'" for one in source.nuclide_words)
    findings = []
    if named and named not in (*_SCOUTS, own and own.name):
        findings.append(
            Finding.of(
                "H11",
                f"the header says {named} ({words}), but scout images are of "
                f"{', '.join(_SCOUTS)}: is this the scout?",
                severity=Severity.ASK,
                subject="scout's nuclide",
                accepted="the image is used as it is",
            )
        )
    if planned is None or named not in _THERAPIES or named == planned.name:
        return findings
    wanted = planned.name
    said = f"the header says {named} ({words}), but the plan is for {wanted}"
    either = f"give --nuclide {named} or --nuclide {wanted}"
    findings.append(
        Finding.of(
            "H11",
            said if nuclide_given else f"{said} by default",
            severity=Severity.WARN if nuclide_given else Severity.ASK,
            subject="planned nuclide",
            remedy="" if nuclide_given else either,
            accepted=f"the plan is for {wanted}",
        )
    )
    return findings


def unstated_tracer_findings(source: Source | None) -> list[Finding]:
    """Scout that states no tracer and may be an image after the treatment (H11)."""
    if source is None or source.nuclide_words or source.nuclide_in_header:
        return []
    return [
        Finding.of(
            "H11",
            "the image does not state its tracer, so it may be a Y-90 image from after "
            "a treatment: is it the scout?",
            severity=Severity.WARN,
            subject="scout's nuclide",
        )
    ]


def treatment_day_findings(at: date | None, day: str | None) -> list[Finding]:
    """Time of treatment on another day than the day of treatment (H09).

    >>> at, day = datetime(2026, 3, 12, 10), "2026-03-10"
    >>> [str(one.severity) for one in treatment_day_findings(at, day)]
    ['ask']
    >>> treatment_day_findings(at, "2026-03-12"), treatment_day_findings(at, None)
    ([], [])
    """
    if at is None or day is None or f"{at:%Y-%m-%d}" == day:
        return []
    return [
        Finding.of(
            "H09",
            f"--treatment-date is {day}, but --treatment-at is {at:%Y-%m-%d}",
            subject="day of treatment",
            remedy="correct one of them",
            accepted="the age of the image is computed from --treatment-at",
        )
    ]


def interval_findings(
    *, scan_at: datetime | None, treatment_at: date | None
) -> list[Finding]:
    """Scout acquired long before the treatment, or after it (H24).

    `treatment_at` is a time, or a day where no time is known.
    """
    if treatment_at is None or scan_at is None:
        needs = (
            "--treatment-at or --treatment-date"
            if treatment_at is None
            else "an image with its date"
        )
        return [Finding.not_checked("H24", "interval to the treatment", needs=needs)]
    days = _days_between(scan_at, treatment_at)
    most = rail("scout_interval_d")
    if 0 <= days <= most:
        return []
    return [
        Finding.of(
            "H24",
            f"the image was taken {-days:.1f} d after the planned treatment: is the "
            "date right?"
            if days < 0
            else f"the image was taken {days:.1f} d before the treatment, more than "
            f"{most:g} d: perfusion may have changed",
            severity=Severity.ASK if days < 0 else Severity.WARN,
            subject="age of the scout",
            value=days,
            bound=Bound(most, "d", rail_source("scout_interval_d")),
        )
    ]


def _days_between(scan_at: datetime, treatment_at: date) -> float:
    """Whole days where of the treatment only the day is known."""
    if not isinstance(treatment_at, datetime):
        return float((treatment_at - scan_at.date()).days)
    if scan_at.tzinfo is None:
        scan_at = scan_at.replace(tzinfo=treatment_at.tzinfo)
    return (treatment_at - scan_at).total_seconds() / 86400


def catheter_findings(*, same_catheter: bool | None) -> list[Finding]:
    """Scout from a different catheter position (H24)."""
    if same_catheter is None:
        needs = "--catheter same or other"
        return [Finding.not_checked("H24", "catheter position", needs=needs)]
    if same_catheter:
        return []
    said = (
        "the catheter position at the scout was different: its distribution does not "
        "predict that of the treatment"
    )
    return [Finding.of("H24", said, subject="catheter position")]


def typed_volume_findings(
    *, typed_ml: Mapping[str, float], measured_ml: Mapping[str, float]
) -> list[Finding]:
    """Typed volume that differs from the volume drawn on the image (H06).

    >>> found = typed_volume_findings(typed_ml={"liver": 900}, measured_ml={})
    >>> found[0].message
    'the liver volume was typed, but is not drawn on the image'
    """
    findings = []
    for name, ml in typed_ml.items():
        if name not in measured_ml:
            said = f"the {name} volume was typed, but is not drawn on the image"
            findings.append(
                Finding.of("H06", said, severity=Severity.WARN, subject=name)
            )
            continue
        found_ml = measured_ml[name]
        off, most = ml / found_ml - 1, rail("typed_volume")
        said = f"the {name} volume is {found_ml:.0f} mL, but {ml:.0f} mL was typed"
        stops = abs(off) > most
        findings.append(
            Finding.of(
                "H06",
                f"{said} ({off:+.0%}): does it belong to another region?"
                if stops
                else said,
                severity=Severity.STOP if stops else Severity.NOTE,
                subject=name,
                value=off,
                bound=Bound(most, "", rail_source("typed_volume")),
            )
        )
    return findings


def method_findings(*, method: str, limits_source: str) -> list[Finding]:
    """Published limits that apply to doses by another method (H26)."""
    if not limits_source or method == "local":
        return []
    return [
        Finding.of(
            "H26",
            f"the limits of {limits_source} are mean doses by local deposition, but "
            f"this plan's doses are by {method}",
            subject=method,
        )
    ]


def typed_shunt_findings(*, typed: float, measured: float) -> list[Finding]:
    """Typed lung shunt that differs from the shunt on the image (H22)."""
    most = max(_OTHER_SHUNT, _OTHER_SHUNT_PART * measured)
    return [
        Finding.of(
            "H22",
            f"the lung shunt typed, {typed:.2%}, is used, but the image shows "
            f"{measured:.2%}",
            severity=Severity.WARN if abs(typed - measured) > most else Severity.NOTE,
            subject="typed lung shunt",
            value=typed,
            bound=Bound(measured, "", "the image"),
        )
    ]


def overlapping_findings(
    *, shared_ml: Mapping[tuple[str, str], float], volumes_ml: Mapping[str, float]
) -> list[Finding]:
    """Overlapping perfused volumes, whose scout counts are used twice (H24).

    `shared_ml` is keyed by pairs of injections, `volumes_ml` by injection.
    """
    return [
        Finding.of(
            "H24",
            f"the volumes of '{one}' and '{other}' overlap by {ml:.1f} mL. If the "
            "scout was injected at both places, each planned injection is assigned "
            "all counts there: the dose is overestimated in the overlap and "
            "underestimated in the rest",
            subject=f"{one} and {other}",
            value=ml,
            remedy="plan each from its own scout",
        )
        for (one, other), ml in shared_ml.items()
        if ml > _SHARED * min(volumes_ml[one], volumes_ml[other])
    ]


def unperfused_findings(*, names: Sequence[str]) -> list[Finding]:
    """Tumors and perfused volumes that no injection reaches (H19)."""
    return [
        Finding.of(
            "H19",
            f"'{name}' is perfused by no injection: it gets no dose in this plan, and "
            "counts toward no goal",
            subject=name,
        )
        for name in names
    ]


def same_dose_findings(*, doses_gy: Mapping[str, tuple[float, float]]) -> list[Finding]:
    """Mean dose to a perfused volume: by the map and by the formula (H06).

    With one volume, a difference over 3 % stops. With several, the map splits voxels
    on a shared border evenly: a difference up to 15 % only warns.

    >>> [found] = same_dose_findings(doses_gy={"A": (95, 100)})
    >>> found.severity
    <Severity.STOP: 'stop'>
    """
    findings = []
    for name, (by_map_gy, formula_gy) in doses_gy.items():
        off = by_map_gy / formula_gy - 1
        severity = Severity.NOTE
        if abs(off) > _SAME_DOSE:
            severe = len(doses_gy) == 1 or abs(off) > _BORDER_DOSE
            severity = Severity.STOP if severe else Severity.WARN
        findings.append(
            Finding.of(
                "H06",
                f"{name}: {by_map_gy:.4g} Gy by the map, {formula_gy:.4g} Gy by the "
                f"formula ({round(off, 3) + 0:+.1%})",
                severity=severity,
                subject=name,
                value=by_map_gy,
                bound=Bound(formula_gy, "Gy", "the formula"),
            )
        )
    return findings
