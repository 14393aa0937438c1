"""Count-rate linearity of the camera that acquired an image."""

from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Source


def camera_findings(
    *,
    source: Source | None,
    nuclide: Nuclide,
    camera_limit_gbq: float | None,
    in_view_gbq: float,
    elapsed_h: float | None,
    known: bool = False,
) -> list[Finding]:
    """Activity in the field of view above the camera's linear range (H13).

    `known` is whether the camera's own file tells its dead time.
    """
    if source is not None and source.modality == "PT":
        return []
    if source is not None and source.decay_correction == "ADMIN":
        said = (
            "camera dead time was not checked: the image is decay-corrected to the "
            "administration, and does not state when it was acquired"
        )
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    if camera_limit_gbq is None or elapsed_h is None:
        if camera_limit_gbq is None and (known or nuclide.name != "Ho-166"):
            return []
        needs = (
            "--camera-limit, with --administered-at and --scan-at"
            if camera_limit_gbq is None
            else "--administered-at and the time of the scan"
        )
        said = f"camera dead time not checked: needs {needs}"
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    at_scan_gbq = in_view_gbq * nuclide.decay_factor(elapsed_h)
    said = (
        f"{at_scan_gbq:.4g} GBq were in the field of view at the scan, but the "
        f"camera's count rate is linear only up to {camera_limit_gbq:.4g} GBq"
    )
    if at_scan_gbq <= camera_limit_gbq:
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    return [
        Finding.of(
            "H13",
            f"{said}: the hottest regions are underestimated",
            severity=Severity.WARN,
        )
    ]
