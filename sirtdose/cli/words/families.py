"""The files that a result may have beside its document."""

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError
from sirtdose.io.output.owners import document_in

# `sirtdose report --sheet` makes it of a plan, a comparison, vials or an order, and
# `--pdf` the PDF of any page.
_SHEET = "sheet.html"
SHEETS = (_SHEET, "sheet.pdf")
_NUMBER = re.compile(r"<title>[^<]*? ([0-9a-f]{12})</title>")
_HEADERS = {"structures.csv": "method,name,role,", "dvh.csv": "method,name,dose_gy,"}
# A later run replaces all of them, also those that it does not write itself: an order
# form, say, must not stay beside vials that it is not of.
FAMILIES: Mapping[str, tuple[str, ...]] = {
    "plan.json": ("plan.html", "plan.pdf", "uncertainty.csv", *SHEETS),
    "vial.json": (
        *("vial.html", "vial.pdf", "order.json", "order.html", "order.pdf"),
        *("order.csv", *SHEETS),
    ),
    "compare.json": ("compare.html", "compare.pdf", *SHEETS),
    "plan_check.json": (),
    "second_engine.json": ("second_engine.csv", "second_engine.html"),
    "commission.json": (
        *("camera.toml", "commission.html", "recovery.csv", "widths.csv"),
        *("dead_time.csv", "profiles.csv", "quality.csv"),
    ),
    "trend.json": ("trend.csv", "trend.html"),
    "status.json": ("status.csv",),
    "lsf.json": (),
    "worklist.json": ("manifest.csv", "studies.csv"),
    "review.json": ("review.html", "candidates.dcm", "planes"),
    "accepted.json": ("accepted.dcm",),
    "validation.json": ("validation.csv", "validation.html"),
    "toxicity.json": (
        *("grades.csv", "worst.csv", "liver.csv", "patients.csv"),
        *("arms.csv", "arms_worst.csv"),
    ),
    "response.json": ("timepoints.csv", "best.csv", "variants.csv"),
    "lesions.json": ("lesions.csv", "lesions.html", "lesions.pdf"),
    "suv.json": ("lesions.csv", "uptake.csv", "suv.html"),
    "pooled.json": ("pooled.csv", "pooled.html"),
    "eligibility.json": (),
    "find.json": ("studies.csv",),
    "mmc.json": (),
}


def left_by_image(out: Path | None) -> tuple[str, ...]:
    """Files of an earlier plan by an image, or of its update: maps of other doses.

    Nothing where no such plan is there: maps may be of doses after treatment. A file
    that is not of that plan by its content is somebody's own.
    """
    if out is None:
        return ()
    earlier = document_in(out, "plan.json")
    if earlier.get("method") != "image":
        return ()
    from sirtdose.report.plan.image import REPLACED

    always = ("plan.json", *FAMILIES["plan.json"])
    return tuple(
        one
        for one in REPLACED
        if one not in always and (out / one).exists() and _is_of(earlier, out / one)
    )


def _is_of(plan: Mapping[str, Any], path: Path) -> bool:
    """Whether a file is what that plan wrote."""
    if path.is_dir():
        # What is in it and is somebody's own stays when the folder is replaced.
        return not path.suffix
    try:
        if path.name.endswith(".nii.gz"):
            from sirtdose.io.map_label import label_of

            label = label_of(path)
            return label is not None and label.plan == plan.get("hash")
        text = path.read_text("utf-8")
    except (FileFormatError, OSError, ValueError):
        return False
    if path.name == "report_data.json":
        digest = sha256(str(plan.get("hash")).encode()).hexdigest()
        return f'"{digest}"' in text
    return text.startswith(_HEADERS.get(path.name, "\0"))


def own_family(out: Path, name: str) -> tuple[str, ...]:
    """What may be beside a document and goes with it: of sheets only its own."""
    family = FAMILIES[name]
    own = has_own_sheet(out, name)
    return tuple(one for one in family if own or one not in SHEETS)


def has_own_sheet(out: Path, name: str) -> bool:
    """Whether a sheet there is of that document, or of the order beside it."""
    try:
        page = (out / _SHEET).read_text("utf-8")
    except (OSError, ValueError):
        return False
    found = _NUMBER.search(page)
    return found is not None and any(
        found[1] in _numbers(out / one)
        for one in (name, *FAMILIES[name])
        if one.endswith(".json")
    )


def _numbers(path: Path) -> set[str]:
    """What pages of a document carry: of it as it is, and without names and dates."""
    document = document_in(path.parent, path.name)
    if not document:
        return set()
    from sirtdose.report.documents import document_text
    from sirtdose.report.plan.nameless import without_identity
    from sirtdose.report.render import case_hash

    try:
        each = [document, without_identity(document)]
    except (LookupError, TypeError, AttributeError):
        each = [document]
    return {
        number
        for one in each
        for number in (str(one.get("hash", ""))[:12], case_hash(document_text(one)))
    }
