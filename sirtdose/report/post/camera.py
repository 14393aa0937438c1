"""The camera's own file in a document, and in words."""

from typing import Any

from sirtdose.model.commissioned import CameraUsed, Measured
from sirtdose.report.documents import iso
from sirtdose.report.wording import significant


def camera_document(used: CameraUsed | None) -> dict[str, Any] | None:
    """Which camera an image is of, what its file gave, and what was lost at the scan.

    Its `header` is in the image's words.
    """
    if used is None:
        return None
    camera, factor = used.camera, used.camera.factor
    return {
        "name": camera.name,
        "sha256": camera.sha256,
        "made": iso(camera.made),
        "valid_until": iso(camera.valid_until),
        "nuclide": camera.nuclide,
        "phantom": camera.phantom,
        "header": dict(used.header),
        "gives": list(used.gives),
        "factor": None if factor is None else _measured(factor.value),
        "factor_unit": None if factor is None else factor.unit,
        "dead_time": _dead_time(used),
    }


def _measured(one: Measured) -> dict[str, float]:
    return {"value": one.value, "standard": one.standard}


def _dead_time(used: CameraUsed) -> dict[str, Any] | None:
    """The live fraction at the scan; None where it is not known."""
    if used.live is None or used.camera.dead_time is None:
        return None
    return {
        "model": used.camera.dead_time.model,
        "in_view_gbq": used.live.in_view_gbq,
        "live_fraction": _measured(used.live.fraction),
        "outside": used.live.outside or None,
        "corrected": used.corrects,
    }


def camera_lines(camera: dict[str, Any] | None) -> list[str]:
    """The camera's file, what it gave, and what was lost at the scan."""
    if camera is None:
        return []
    gives = ", ".join(camera["gives"]) or "nothing"
    lines = [
        f"Camera: {camera['name']}, commissioned {camera['made']} with "
        f"{camera['phantom']}, {camera['nuclide']}; used of it: {gives}"
    ]
    factor, lost = camera["factor"], camera["dead_time"]
    if factor and "factor" in camera["gives"]:
        lines.append(
            f"Camera factor {factor['value']:.4g} +/- {factor['standard']:.2g} "
            f"{camera['factor_unit']} (k = 1)"
        )
    if lost:
        kept = lost["live_fraction"]
        done = "corrected" if lost["corrected"] else "not corrected"
        lines.append(
            f"Dead time: {significant(lost['in_view_gbq'])} GBq in view at the scan, "
            f"live fraction {kept['value']:.4f} +/- {kept['standard']:.4f} (k = 1, "
            f"{lost['model']}), {done}"
        )
    return lines
