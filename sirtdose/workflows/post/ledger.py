"""The ledger of a treatment: activities brought to the time of administration."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.request import Given, PostRequest
from sirtdose.model.units import localized
from sirtdose.workflows.post.doubts import (
    administration_doubts,
    clock_doubts,
    residual_doubts,
    time_doubts,
)
from sirtdose.workflows.post.injections import ledgers_of, summed

if TYPE_CHECKING:
    from sirtdose.model.volume import Volume

# From an event to what follows it; vials are calibrated up to two weeks off.
_ELAPSED_MAX_H = 200.0
_ASSAY_MAX_H = 336.0
_RESIDUAL_MAX = 0.2


def ledger_of(
    given: Given, volume: "Volume", findings: list[Finding]
) -> tuple[Ledger, dict[str, Any]]:
    """What was given, left behind and shunted, and the times it rests on."""
    scan_at = _scan_time(given, volume)
    findings += time_doubts(given, volume)
    findings += residual_doubts(given)
    ledger = (
        summed(ledgers_of(given)) if given.injections else _one_ledger(given, findings)
    )
    administered, residual = ledger.administered_gbq, ledger.residual_gbq
    if residual > _RESIDUAL_MAX * administered:
        findings.append(
            Finding.of(
                "H08",
                f"{residual / administered:.0%} of the administered activity stayed "
                "behind as residual: above 20 % the event may be reportable",
            )
        )
    times: dict[str, Any] = {
        "administered_at": given.administered_at,
        "scan_at": scan_at,
        "elapsed_h": None,
    }
    source = volume.source
    to_administration = bool(source and source.decay_correction == "ADMIN")
    if to_administration and given.scan_at is None:
        times["elapsed_h"] = _since_header_administration_h(given, volume, findings)
    elif scan_at is not None and given.administered_at is not None:
        elapsed = (scan_at - given.administered_at).total_seconds() / 3600
        times["elapsed_h"] = elapsed
        _check_elapsed(findings, "the scan is", elapsed, 0, _ELAPSED_MAX_H)
    if scan_at is not None and not to_administration:
        for one in given.injections:
            if one.at is not None:
                elapsed = (scan_at - one.at).total_seconds() / 3600
                what = f"of injection '{one.name}' the scan is"
                _check_elapsed(findings, what, elapsed, 0, _ELAPSED_MAX_H)
    return ledger, times


def _one_ledger(given: Given, findings: list[Finding]) -> Ledger:
    """What was given at once, brought to its administration."""
    nuclide = given.nuclide
    if given.administered_gbq is not None:
        administered = given.administered_gbq
    else:
        if given.assay_gbq is None or given.assay_at is None:
            raise InputError("give --administered, or --assay with --assay-at")
        elapsed = _elapsed_h(given.assay_at, given.administered_at, "assay")
        _check_elapsed(findings, "the assay is", -elapsed, -_ASSAY_MAX_H, _ASSAY_MAX_H)
        administered = given.assay_gbq * nuclide.decay_factor(elapsed)
    residual = given.residual_gbq or 0.0
    if residual > 0:
        elapsed = _elapsed_h(given.residual_at, given.administered_at, "residual")
        _check_elapsed(
            findings, "the residual was measured", -elapsed, 0, _ELAPSED_MAX_H
        )
        residual *= nuclide.decay_factor(elapsed)
    return Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=given.lung_shunt_fraction or 0.0,
    )


def _since_header_administration_h(
    given: Given, volume: "Volume", findings: list[Finding]
) -> float:
    """From the given administration to the one in the header of a corrected image."""
    source, typed = volume.source, given.administered_at
    if source is None or typed is None:
        return 0.0
    written = source.scan_start
    if written is None:
        findings += clock_doubts(source.administration_clock, given, typed)
        return 0.0
    if written.tzinfo is None:
        written = (
            localized(written, given.timezone)
            if given.timezone
            else written.replace(tzinfo=typed.tzinfo)
        )
    findings += administration_doubts(written, given, typed)
    return (written - typed).total_seconds() / 3600


def require_times(
    request: PostRequest, volume: "Volume", times: dict[str, Any]
) -> None:
    """Say exactly which time a calibration that undoes decay still lacks.

    Raises
    ------
    InputError
        A time, or its offset from UTC, is missing; or counts that a header calls
        corrected for decay meet a camera factor.
    """
    if request.dose.calibration == "administered":
        return
    source = volume.source
    corrected = source.decay_correction if source and source.modality != "PT" else ""
    what = f"calibration '{request.dose.calibration}' undoes decay"
    if corrected not in ("", "NONE", "START"):
        if request.dose.calibration == "camera":
            raise InputError(
                f"{what}, and the image is corrected for it already ({corrected}): "
                "reconstruct it without decay correction"
            )
        if corrected == "DECY" and request.given.scan_at is None:
            raise InputError(
                f"{what}: the image is corrected for decay (DECY in CorrectedImage "
                "(0028,0051)) to a moment its header does not say; give it with "
                "--scan-at"
            )
    if times["elapsed_h"] is not None:
        return
    if request.given.administered_at is None:
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


def _check_elapsed(
    findings: list[Finding], what: str, elapsed_h: float, low_h: float, high_h: float
) -> None:
    if low_h <= elapsed_h <= high_h:
        return
    findings.append(
        Finding.of(
            "H09",
            f"{what} {elapsed_h:.1f} h after administration, outside {low_h:.0f} to "
            f"{high_h:.0f} h: check dates and offsets",
            accepted="the times are used as they are",
        )
    )


def _scan_time(given: Given, volume: "Volume") -> datetime | None:
    if given.scan_at is not None:
        return given.scan_at
    start = volume.source.scan_start if volume.source else None
    if start is None or start.tzinfo is not None:
        return start
    return localized(start, given.timezone) if given.timezone else None


def _elapsed_h(start: datetime | None, end: datetime | None, what: str) -> float:
    if start is None or end is None:
        raise InputError(
            f"the {what} decays to the time of administration: give --{what}-at and "
            "--administered-at, with their offsets from UTC"
        )
    return (end - start).total_seconds() / 3600
