"""How structures were brought to the image, as a document."""

from dataclasses import asdict
from typing import Any

from sirtdose.dosimetry.grid.registration import Registration


def registration_document(found: Registration | None) -> dict[str, Any] | None:
    """How structures were brought to the image."""
    if found is None:
        return None
    return {
        "method": found.method,
        "maps": "points of the image to points of what was drawn on, mm, LPS",
        "shift_mm": list(found.shift_mm),
        "rotation_deg": found.rotation_deg,
        "mutual_information_before": None
        if found.metric_before is None
        else -found.metric_before,
        "mutual_information_after": None
        if found.metric_after is None
        else -found.metric_after,
        "inverse_error_mm": found.inverse_error_mm,
        "affine_start": _start(found.start),
        "bend": None if found.bend is None else asdict(found.bend),
        "structures": [asdict(one) for one in found.changes],
    }


def _start(start: Registration | None) -> dict[str, Any] | None:
    """The affine transform that a bent one began with, or that is nearest to it."""
    if start is None:
        return None
    return {
        "shift_mm": list(start.shift_mm),
        "rotation_deg": start.rotation_deg,
        "mutual_information": None
        if start.metric_after is None
        else -start.metric_after,
    }
