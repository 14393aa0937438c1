"""What is to be said of a camera that counted an image."""

from typing import TYPE_CHECKING

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.request import PostRequest

if TYPE_CHECKING:
    from sirtdose.model.volume import Volume


def camera_findings(
    request: PostRequest, image: "Volume", in_view_gbq: float, elapsed_h: float | None
) -> list[Finding]:
    """More activity in view than a gamma camera counts in proportion (H13)."""
    if image.source is not None and image.source.modality == "PT":
        return []
    if image.source is not None and image.source.decay_correction == "ADMIN":
        said = (
            "the camera's dead time not checked: the image is corrected for decay to "
            "the administration, and does not say when it was taken"
        )
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    limit_gbq, holmium = (
        request.dose.camera_limit_gbq,
        request.given.nuclide.name == "Ho-166",
    )
    if limit_gbq is None or elapsed_h is None:
        if limit_gbq is None and not holmium:
            return []
        needs = (
            "--camera-limit, with --administered-at and --scan-at"
            if limit_gbq is None
            else "--administered-at and the time of the scan"
        )
        said = f"the camera's dead time not checked: needs {needs}"
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    at_scan_gbq = in_view_gbq * request.given.nuclide.decay_factor(elapsed_h)
    said = (
        f"{at_scan_gbq:.4g} GBq were in view at the scan, the camera counts in "
        f"proportion up to {limit_gbq:.4g} GBq"
    )
    if at_scan_gbq <= limit_gbq:
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    return [
        Finding.of(
            "H13",
            f"{said}: hot places look colder than they are",
            severity=Severity.WARN,
        )
    ]
