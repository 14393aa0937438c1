"""The files that a result may have beside its document."""

import json
from collections.abc import Mapping
from pathlib import Path

# `sirtdose report --sheet` makes it of a plan, a comparison, vials or an order.
_SHEET = "sheet.html"
# A later run replaces all of them, also those that it does not write itself: an order
# form, say, must not stay beside vials that it is not of.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "plan.json": ("plan.html", "uncertainty.csv", _SHEET),
    "vial.json": ("vial.html", "order.json", "order.html", "order.csv", _SHEET),
    "compare.json": ("compare.html", _SHEET),
    "plan_check.json": (),
    "commission.json": (
        *("camera.toml", "commission.html", "recovery.csv", "widths.csv"),
        *("dead_time.csv", "profiles.csv", "quality.csv"),
    ),
    "trend.json": ("trend.csv", "trend.html"),
    "lsf.json": (),
    "validation.json": ("validation.csv", "validation.html"),
    "toxicity.json": ("grades.csv", "worst.csv", "liver.csv", "patients.csv"),
    "response.json": ("timepoints.csv", "best.csv"),
    "eligibility.json": (),
    "mmc.json": (),
}


def left_by_image(out: Path | None) -> tuple[str, ...]:
    """Files of an earlier plan by an image, or of its update: maps of other doses.

    Nothing where no such plan is there: maps may be of doses after treatment.
    """
    if out is None:
        return ()
    try:
        earlier = json.loads((out / "plan.json").read_text("utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(earlier, dict) or earlier.get("method") != "image":
        return ()
    from sirtdose.report.plan.image import REPLACED

    return REPLACED
