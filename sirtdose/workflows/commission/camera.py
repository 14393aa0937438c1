"""The camera that scans describe, and how it differs from its last commissioning."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import hypot, isfinite

from sirtdose.dosimetry.commission.dead_time import DeadTimeFit
from sirtdose.dosimetry.commission.pooled import pooled, pooled_blur
from sirtdose.dosimetry.commission.results import CommissionedScan, Drift, Filling
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.commissioned import (
    CameraFactor,
    CameraNoise,
    CameraRecovery,
    Commissioned,
    Measured,
)
from sirtdose.workflows.commission.rates import camera_dead_time
from sirtdose.workflows.commission.request import TOLERANCES, CommissionRequest

# Words by which a camera is told from all others of its kind.
_TELLING = ("station", "serial")


def camera_of_scans(
    scans: Sequence[CommissionedScan],
    dead_time: DeadTimeFit | None,
    filling: Filling,
    request: CommissionRequest,
) -> Commissioned:
    """Factor, blur, recovery, noise and dead time together, with what must be known."""
    made = max(one.scan_start for one in scans).date()
    header = _header(scans, nameless=request.deidentify)
    surest = min((one.scan for one in scans), key=lambda one: one.total.relative)
    named = " ".join(header[k] for k in ("manufacturer", "model") if k in header)
    return Commissioned(
        name=request.name or named or "camera",
        made=made,
        valid_until=made + timedelta(days=request.valid_for_d),
        nuclide=filling.nuclide.name,
        phantom=filling.phantom.name,
        blur=pooled_blur([one.scan.blur for one in scans]),
        factor=_factor(scans),
        dead_time=None if dead_time is None else camera_dead_time(dead_time),
        recovery=_recovery(surest),
        noise=_noise(surest),
        header=header,
        scans=tuple(one.sha256 for one in scans),
        notes=tuple(_notes(scans, filling, request)),
    )


def _header(scans: Sequence[CommissionedScan], *, nameless: bool) -> dict[str, str]:
    """What all headers say alike."""
    first = scans[0].header
    return {
        key: text
        for key, text in first.items()
        if all(one.header.get(key) == text for one in scans)
        and not (nameless and key in _TELLING)
    }


def _factor(scans: Sequence[CommissionedScan]) -> CameraFactor | None:
    found = [one.factor for one in scans if one.factor is not None]
    if not found:
        return None
    lives = [one.live_fraction for one in scans if one.live_fraction is not None]
    unit = "cps/MBq" if scans[0].rate_cps is not None else "shown/true"
    live = pooled(lives) if len(lives) == len(scans) else None
    return CameraFactor(pooled(found), unit, live)


def _recovery(scan: PhantomScan) -> tuple[CameraRecovery, ...]:
    """The blur's own curve: a lesion has no wall, and no neighbors in a ring.

    The ratio of what is in the cold is written as 0.
    """
    return tuple(
        one if isfinite(one.ratio) else replace(one, ratio=0.0) for one in scan.curve
    )


def _noise(scan: PhantomScan) -> CameraNoise | None:
    own = scan.quality
    if not own.noise > 0:
        return None
    return CameraNoise(
        own.noise, own.noise_fwhm_mm, own.per_voxel / scan.grid.voxel_volume_ml
    )


def _notes(
    scans: Sequence[CommissionedScan], filling: Filling, request: CommissionRequest
) -> Iterator[str]:
    low, high = (pick(one.total_mbq for one in scans) for pick in (min, max))
    many = "s" * (len(scans) != 1)
    yield (
        f"{len(scans)} scan{many} with {low:.5g} to {high:.5g} MBq of "
        f"{filling.nuclide.name} in the field of view"
    )
    if request.poured.uncertainty is None:
        yield "the uncertainty of the factor leaves out that of the poured activity"
    if any(one.factor and one.live_fraction is None for one in scans):
        yield "no live fraction: the factor holds at these activities alone"
    if not filling.phantom.verified:
        yield f"dimensions of the phantom: {filling.phantom.source}"
    if request.nuclide_was is not None:
        yield (
            f"of images that were reconstructed as {request.nuclide_was} and are read "
            f"with --header-nuclide-was {request.nuclide_was}"
        )


def drift_of(
    now: Commissioned, before: Commissioned, tolerances: Mapping[str, float]
) -> tuple[Drift, ...]:
    """Each number that both files have, beside the earlier one."""
    allowed = TOLERANCES | dict(tolerances)
    return tuple(
        _drift(name, unit, pair, allowed[kind])
        for name, unit, kind, *pair in _pairs(now, before)
    )


def _pairs(
    now: Commissioned, before: Commissioned
) -> Iterator[tuple[str, str, str, Measured, Measured]]:
    one, other = now.factor, before.factor
    alike = one and other and one.unit == other.unit
    if one and other and alike:
        yield "factor", one.unit, "factor", one.value, other.value
    if now.blur and before.blur:
        widths = ("in_plane_mm", "axial_mm")
        for name, key in zip(("width in plane", "axial width"), widths, strict=True):
            own, earlier = getattr(now.blur, key), getattr(before.blur, key)
            yield name, "mm", "width", own, earlier
    if now.dead_time and before.dead_time:
        for model, constant in now.dead_time.per_gbq.items():
            if model in before.dead_time.per_gbq:
                earlier = before.dead_time.per_gbq[model]
                yield f"dead time, {model}", "1/GBq", "dead-time", constant, earlier


def _drift(name: str, unit: str, pair: Sequence[Measured], allowed: float) -> Drift:
    now, before = pair
    relative = now.value / before.value - 1 if before.value else 0.0
    noise = (1 + relative) * hypot(now.relative, before.relative)
    return Drift(name, unit, now, before, relative, noise, allowed)
