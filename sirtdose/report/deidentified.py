"""A result document without what could lead back to a patient."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
# Where dates, file names and UIDs of the patient's can be.
_PATIENTS = (
    "partial_volume",
    "times",
    "image",
    "plan",
    "warnings",
    "accepted",
    "choices",
    "inputs",
)


def deidentified(document: Mapping[str, Any], *, days: int) -> dict[str, Any]:
    """The document with dates moved back, files named by kind, no UIDs or hashes.

    All dates move by the same days, so that intervals stay.

    Examples
    --------
    >>> found = deidentified(
    ...     {"times": {"scan_at": "2026-03-03T09:30:00+01:00"},
    ...      "inputs": [{"file": "doe.dcm", "kind": "PET", "series_instance_uid": "1"}],
    ...      "choices": ["image: doe.dcm"]}, days=2)
    >>> found["times"]["scan_at"], found["choices"]
    ('2026-03-01T09:30:00+01:00', ['image: PET 1'])
    >>> found["inputs"]
    [{'file': 'PET 1', 'kind': 'PET', 'series_instance_uid': None, 'sha256': None}]
    """
    names = {
        one["file"]: f"{one['kind']} {number}"
        for number, one in enumerate(document.get("inputs", ()), start=1)
    }

    def hidden(text: str) -> str:
        for name in sorted(names, key=len, reverse=True):
            text = text.replace(name, names[name])
        return _DATE.sub(lambda found: _earlier(found, days), text)

    result = dict(document)
    for key in _PATIENTS:
        if key in result:
            result[key] = _through(result[key], hidden)
    for one in result.get("inputs", ()):
        one["series_instance_uid"] = one["sha256"] = None
    if result.get("plan"):
        result["plan"] |= {"hash": None, "approval": None}
    return result


def _earlier(found: re.Match[str], days: int) -> str:
    try:
        then = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return found[0]
    return (then - timedelta(days=days)).isoformat()


def _through(value: Any, change: Callable[[str], str]) -> Any:
    """A copy with every string changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _through(one, change) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_through(one, change) for one in value]
    return value
