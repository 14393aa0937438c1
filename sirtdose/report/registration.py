"""How structures were brought to the image, as a document."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sirtdose.dosimetry.registration import Registration


def registration_document(found: "Registration | None") -> dict[str, Any] | None:
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
    }
