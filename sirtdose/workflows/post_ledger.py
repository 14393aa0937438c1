"""The ledger of a treatment: activities brought to the time of administration."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.units import localized
from sirtdose.workflows.post_request import PostRequest

if TYPE_CHECKING:
    from sirtdose.model.volume import Volume

# From an event to what follows it; vials are calibrated up to two weeks off.
_ELAPSED_MAX_H = 200.0
_ASSAY_MAX_H = 336.0
_RESIDUAL_MAX = 0.2


def ledger_of(
    request: PostRequest, volume: "Volume", findings: list[Finding]
) -> tuple[Ledger, dict[str, Any]]:
    """What was given, left behind and shunted, and the times it rests on."""
    nuclide = request.nuclide
    scan_at = _scan_time(request, volume)
    if request.administered_gbq is not None:
        administered = request.administered_gbq
    else:
        if request.assay_gbq is None or request.assay_at is None:
            raise InputError("give --administered, or --assay with --assay-at")
        elapsed = _elapsed_h(request.assay_at, request.administered_at, "assay")
        _check_elapsed(findings, "the assay is", -elapsed, -_ASSAY_MAX_H, _ASSAY_MAX_H)
        administered = request.assay_gbq * nuclide.decay_factor(elapsed)
    residual = request.residual_gbq
    if residual > 0:
        elapsed = _elapsed_h(request.residual_at, request.administered_at, "residual")
        _check_elapsed(
            findings, "the residual was measured", -elapsed, 0, _ELAPSED_MAX_H
        )
        residual *= nuclide.decay_factor(elapsed)
    ledger = Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=request.lung_shunt_fraction or 0.0,
    )
    if residual > _RESIDUAL_MAX * administered:
        findings.append(
            Finding.of(
                "H08",
                f"{residual / administered:.0%} of the administered activity stayed "
                "behind as residual: above 20 % the event may be reportable",
            )
        )
    times: dict[str, Any] = {
        "administered_at": request.administered_at,
        "scan_at": scan_at,
        "elapsed_h": None,
    }
    source = volume.source
    if source and source.decay_correction == "ADMIN" and request.scan_at is None:
        # Its decay is already corrected to administration.
        times["elapsed_h"] = 0.0
    elif scan_at is not None and request.administered_at is not None:
        elapsed = (scan_at - request.administered_at).total_seconds() / 3600
        times["elapsed_h"] = elapsed
        _check_elapsed(findings, "the scan is", elapsed, 0, _ELAPSED_MAX_H)
    return ledger, times


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
        )
    )


def _scan_time(request: PostRequest, volume: "Volume") -> datetime | None:
    if request.scan_at is not None:
        return request.scan_at
    start = volume.source.scan_start if volume.source else None
    if start is None or start.tzinfo is not None:
        return start
    return localized(start, request.timezone) if request.timezone else None


def _elapsed_h(start: datetime | None, end: datetime | None, what: str) -> float:
    if start is None or end is None:
        raise InputError(
            f"the {what} decays to the time of administration: give --{what}-at and "
            "--administered-at, with their offsets from UTC"
        )
    return (end - start).total_seconds() / 3600
