"""The ledger of a treatment: activities brought to the time of administration."""

from dataclasses import replace
from datetime import datetime

from sirtdose.checks.activity import residual_doubts
from sirtdose.checks.residual import measured_residual_findings
from sirtdose.checks.times import (
    administration_doubts,
    clock_doubts,
    elapsed_doubts,
    time_doubts,
)
from sirtdose.checks.vials import calibrator_findings
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_calibrator_factor
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger, Times
from sirtdose.model.request import Given
from sirtdose.model.units import localized
from sirtdose.model.volume import Source
from sirtdose.workflows.post.injected import ledgers_of, summed

# From an event to what follows it; vials are calibrated up to two weeks off.
_ELAPSED_MAX_H = 200.0
_ASSAY_MAX_H = 336.0


def on_own_scale(given: Given) -> tuple[Given, list[Finding]]:
    """The same with every activity times the dose calibrator's factor.

    Raises
    ------
    RangeError
        No factor of a calibrator.
    """
    factor = given.calibrator_factor
    require_calibrator_factor(factor)

    def scaled(read_gbq: float | None) -> float | None:
        return None if read_gbq is None else read_gbq * factor

    return replace(
        given,
        administered_gbq=scaled(given.administered_gbq),
        assay_gbq=scaled(given.assay_gbq),
        residual_gbq=scaled(given.residual_gbq),
        injections=tuple(
            replace(
                one,
                administered_gbq=one.administered_gbq * factor,
                residual_gbq=scaled(one.residual_gbq),
            )
            for one in given.injections
        ),
    ), calibrator_findings(factor)


def ledger_of(given: Given, device: str | None) -> tuple[Ledger, list[Finding]]:
    """What was given, left behind and shunted."""
    findings: list[Finding] = []
    if given.injections:
        ledger = summed(ledgers_of(given))
    else:
        ledger, findings = _one_ledger(given)
    return ledger, findings + residual_doubts(
        ledger=ledger,
        residual_gbq=given.residual_gbq,
        injections=given.injections,
    ) + _residual_findings(given, ledger, device)


def _residual_findings(
    given: Given, ledger: Ledger, device: str | None
) -> list[Finding]:
    """What is said of a residual that was given."""
    several = [one.residual_gbq for one in given.injections]
    if given.residual_gbq is None and (None in several or not several):
        return []
    return measured_residual_findings(
        ledger.residual_gbq / ledger.administered_gbq,
        method=given.residual_method,
        device=device,
        drawn_gbq=ledger.administered_gbq,
    )


def times_of(given: Given, source: Source | None) -> tuple[Times, list[Finding]]:
    """When it was given and imaged, by notes and header."""
    findings = time_doubts(
        source=source,
        scan_at=given.scan_at,
        administered_at=given.administered_at,
        timezone=given.timezone,
    )
    times = Times(given.administered_at, _scan_time(given, source))
    to_administration = bool(source and source.decay_correction == "ADMIN")
    if source and to_administration and given.scan_at is None:
        elapsed_h, said = _since_header_administration_h(given, source)
        return replace(times, elapsed_h=elapsed_h), findings + said
    at = times.scan_at
    if at is not None and given.administered_at is not None:
        elapsed_h = _hours(given.administered_at, at)
        times = replace(times, elapsed_h=elapsed_h)
        findings += elapsed_doubts(
            what="the scan is", elapsed_h=elapsed_h, most_h=_ELAPSED_MAX_H
        )
    if at is None or to_administration:
        return times, findings
    for one in given.injections:
        if one.at is not None:
            findings += elapsed_doubts(
                what=f"of injection '{one.name}' the scan is",
                elapsed_h=_hours(one.at, at),
                most_h=_ELAPSED_MAX_H,
            )
    return times, findings


def _one_ledger(given: Given) -> tuple[Ledger, list[Finding]]:
    """What was given at once, brought to its administration."""
    findings = []
    if given.administered_gbq is not None:
        administered = given.administered_gbq
    else:
        if given.assay_gbq is None or given.assay_at is None:
            raise InputError("give --administered, or --assay with --assay-at")
        elapsed_h = _elapsed_h(given.assay_at, given.administered_at, "assay")
        findings += elapsed_doubts(
            what="the assay is",
            elapsed_h=-elapsed_h,
            least_h=-_ASSAY_MAX_H,
            most_h=_ASSAY_MAX_H,
        )
        administered = given.assay_gbq * given.nuclide.decay_factor(elapsed_h)
    residual = given.residual_gbq or 0.0
    if residual > 0:
        elapsed_h = _elapsed_h(given.residual_at, given.administered_at, "residual")
        findings += elapsed_doubts(
            what="the residual was measured",
            elapsed_h=-elapsed_h,
            most_h=_ELAPSED_MAX_H,
        )
        residual *= given.nuclide.decay_factor(elapsed_h)
    return Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=given.lung_shunt_fraction or 0.0,
    ), findings


def _since_header_administration_h(
    given: Given, source: Source
) -> tuple[float, list[Finding]]:
    """From the given administration to the one in the header of a corrected image."""
    typed = given.administered_at
    if typed is None:
        return 0.0, []
    written = source.scan_start
    if written is None:
        return 0.0, clock_doubts(
            clock=source.administration_clock, typed=typed, timezone=given.timezone
        )
    if written.tzinfo is None:
        written = (
            localized(written, given.timezone)
            if given.timezone
            else written.replace(tzinfo=typed.tzinfo)
        )
    return _hours(typed, written), administration_doubts(
        written=written, typed=typed, nuclide=given.nuclide
    )


def require_times(
    calibration: str,
    given: Given,
    *,
    source: Source | None,
    elapsed_h: float | None,
) -> None:
    """Say exactly which time a calibration that undoes decay still lacks.

    Raises
    ------
    InputError
        A time, or its offset from UTC, is missing; or counts that a header calls
        corrected for decay meet a camera factor.
    """
    if calibration == "administered":
        return
    corrected = source.decay_correction if source and source.modality != "PT" else ""
    what = f"calibration '{calibration}' corrects for decay"
    if corrected not in ("", "NONE", "START"):
        if calibration == "camera":
            raise InputError(
                f"{what}, but the image is already corrected ({corrected}): "
                "reconstruct it without decay correction"
            )
        if corrected == "DECY" and given.scan_at is None:
            raise InputError(
                f"{what}: the image is decay-corrected (DECY in CorrectedImage "
                "(0028,0051)) to a time its header does not state; give it with "
                "--scan-at"
            )
    if elapsed_h is not None:
        return
    if given.administered_at is None:
        raise InputError(f"{what}: give --administered-at, with its offset from UTC")
    start = source.scan_start if source else None
    if start is not None:
        raise InputError(
            f"{what}: the header's time {start.isoformat()} has no offset from UTC; "
            "give --timezone, for example Europe/Brussels"
        )
    why = (
        f" ({source.scan_start_origin})" if source and source.scan_start_origin else ""
    )
    raise InputError(f"{what}: give --scan-at, with its offset from UTC{why}")


def _scan_time(given: Given, source: Source | None) -> datetime | None:
    if given.scan_at is not None:
        return given.scan_at
    start = source.scan_start if source else None
    if start is None or start.tzinfo is not None:
        return start
    return localized(start, given.timezone) if given.timezone else None


def _elapsed_h(start: datetime | None, end: datetime | None, what: str) -> float:
    if start is None or end is None:
        raise InputError(
            f"the {what} must be decay-corrected to the administration: give "
            f"--{what}-at and --administered-at, with their offsets from UTC"
        )
    return _hours(start, end)


def _hours(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 3600
