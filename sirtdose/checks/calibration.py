"""Calibration of an image: agreement of two methods, and the region used."""

from collections.abc import Mapping

from sirtdose.dosimetry.image.activity import Calibration, total_in
from sirtdose.dosimetry.image.calibrate import (
    CalibrationRequest,
    Calibrations,
    Over,
    default_over,
)
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

RATIO_RANGE = (0.8, 1.25)
_OUTSIDE_MAX = 0.2
# Bremsstrahlung images hold much background; beyond this they hold another place.
_OUTSIDE_ASK = 0.8
# Filtered reconstructions hold some negative voxels, iterative ones none.
_NEGATIVE_MAX = 0.01


def calibration_findings(
    *,
    volume: Volume,
    regions: Mapping[str, Structure],
    request: CalibrationRequest,
    found: Calibrations,
) -> list[Finding]:
    """Method, region and consistency of an image's calibration."""
    return [
        *fallback_findings(request, found.over),
        *ratio_findings(found.used, found.alternative, request.needed),
        *uncovered_findings(volume, regions, found.over),
        *negative_findings(volume),
    ]


def ratio_findings(
    used: Calibration, alternative: Calibration | None, needed: str
) -> list[Finding]:
    """Two calibrations of one image that disagree (H13)."""
    if alternative is None:
        return [
            Finding.of(
                "H13",
                "second calibration not checked: needs an image in Bq/mL or a camera "
                f"factor, with {needed}",
                severity=Severity.NOTE,
            )
        ]
    ratio = alternative.bq_per_unit / used.bq_per_unit
    low, high = RATIO_RANGE
    said = (
        f"calibration '{alternative.method}' would give {ratio:.4g} times the activity "
        f"of '{used.method}'"
    )
    if low <= ratio <= high:
        return [
            Finding.of(
                "H13", f"{said}, within {low:g} to {high:g}", severity=Severity.NOTE
            )
        ]
    return [
        Finding.of(
            "H13",
            f"{said}, outside {low:g} to {high:g}: check activity, residual, times, "
            "unit and dead time",
            accepted=f"'{used.method}' is used",
        )
    ]


def fallback_findings(request: CalibrationRequest, over: Over) -> list[Finding]:
    """Activity distributed over the whole field of view for lack of a region (H14)."""
    if request.method != "administered" or request.over is not None or over != "fov":
        return []
    return [
        Finding.of(
            "H14",
            "no structure has the role liver or perfused: the administered activity "
            "is distributed over the whole field of view. Give --role 'NAME=liver', "
            "--role 'NAME=perfused', or --calibrate-over fov",
            severity=Severity.WARN,
        )
    ]


def uncovered_findings(
    volume: Volume, regions: Mapping[str, Structure], over: Over
) -> list[Finding]:
    """Much of the image's activity outside the perfused volume or liver (H14)."""
    name = over if over != "fov" else default_over(regions)
    if name == "fov":
        return []
    everything = volume.total()
    outside = (
        1 - total_in(volume, regions[name]) / everything if everything > 0 else 1.0
    )
    if outside <= _OUTSIDE_MAX:
        return []
    return [
        Finding.of(
            "H14",
            f"{outside:.0%} of the image's activity lies outside the {name} volume "
            "(background, lungs, blur, or uptake elsewhere)",
            severity=Severity.ASK if outside > _OUTSIDE_ASK else None,
        )
    ]


def negative_findings(volume: Volume) -> list[Finding]:
    """Negative voxels that make up a relevant part of the activity (H14)."""
    negative = -float(volume.data.clip(max=0).sum(dtype=float))
    positive = volume.total() + negative
    if negative <= _NEGATIVE_MAX * positive:
        return []
    said = (
        f"negative voxels make up {negative / positive:.0%} of the image's activity: "
        "they are kept, and give negative doses; is an offset missing?"
    )
    return [Finding.of("H14", said)]
