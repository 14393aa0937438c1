"""A plan's documents without keys, dates and the names of files."""

import re
from collections.abc import Mapping
from typing import Any

from sirtdose.report.documents import document_text, without_names
from sirtdose.report.page_head import REMOVED
from sirtdose.report.render import case_hash

_DATE = re.compile(
    r"(?<!\d)\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?"
    r"(?:Z|[+-]\d{2}:\d{2})?)?(?!\d)"
)
_KEYS = ("patient_key", "case_label", "treatment_date", "treatment_at")


def without_identity(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with keys and dates taken out, images named by their kind.

    Hashes of the patient's other plans and results, which hold the key, are taken out
    too. Its own is of what is left: of all else known, a short key could be found by
    trying. Names of structures and of the vessel stay.

    Examples
    --------
    >>> found = without_identity({"hash": "ab", "inputs": {"patient_key": "D-2"},
    ...     "at": "2026-12-09T10:00+01:00", "images": [{"file": "doe", "kind": "CT"}]})
    >>> found["inputs"], found["at"], found["images"][0]["file"]
    ({'patient_key': None}, 'removed', 'CT 1')
    """
    images = document.get("images") or []
    names = {
        one["file"]: f"{one['kind']} {number}"
        for number, one in enumerate(images, start=1)
    }
    found: dict[str, Any] = {
        key: _through(value, names) for key, value in document.items() if key != "hash"
    }
    typed = found.get("inputs")
    if isinstance(typed, dict):
        found["inputs"] = typed | {key: None for key in _KEYS if key in typed}
    if images:
        found["images"] = [
            one
            | {"file": names[one["file"]], "sha256": None, "series_instance_uid": None}
            for one in images
        ]
    if found.get("accepted"):
        found["accepted"] = without_names(found["accepted"])
    if found.get("plan"):
        found["plan"] = {**found["plan"], "hash": None}
    for one in found.get("plans") or ():
        one["plan"] |= {"hash": None, "case_label": None}
    if found.get("approval"):
        found["approval"] = {"by": REMOVED, "at": REMOVED}
    if found.get("update"):
        approval = found["update"]["approval"] and {"by": REMOVED, "at": REMOVED}
        found["update"] |= {"hash": "", "updates": [], "approval": approval}
    # Empty: two that are only "removed" would be one and the same session.
    for one in (found.get("assumptions") or {}).get("sessions", ()):
        one |= {"hash": "", "includes": []}
    if "hash" in document:
        found["hash"] = case_hash(document_text(found), digits=64)
    return found


def _through(value: Any, names: Mapping[str, str]) -> Any:
    """A copy with dates and names of files replaced in every text."""
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return _DATE.sub(REMOVED, value)
    if isinstance(value, Mapping):
        return {key: _through(one, names) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_through(one, names) for one in value]
    return value
