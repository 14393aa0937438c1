"""A result document without what could lead back to a patient."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from sirtdose.data.load import table
from sirtdose.io.found import UNUSED
from sirtdose.report.documents import without_names
from sirtdose.report.page_head import REMOVED
from sirtdose.report.post.readers import kept_names

_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
# Of the program's own data: nothing of the patient's is in them.
_OWN = ("schema", "sirtdose_version", "nuclide", "limits", "thresholds")
# Words of the program's own, which a file's name may be by chance.
_CODES = ("code", "severity", "kind", "role", "name", "structure", "unit")
_KEPT_OF_OWN_FILES = {
    "radiobiology": "the radiobiology file",
    "uncertainty": "the budget",
}
# Texts that name files and little else.
_ABOUT_FILES = ("choices",)
# What tells the kind of a camera, but not which one it is.
CAMERA_KINDS = ("manufacturer", "model", "collimator")
_LETTERS = re.compile(r"[^\W\d_]")


def deidentified(
    document: Mapping[str, Any],
    *,
    days: int,
    file_names: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """The document with dates moved back, files named by kind, no UIDs or hashes.

    All dates move by the same days, so that intervals stay. In messages a file's name
    is replaced where it has two letters or more: others name nobody. `file_names` are
    those of files that `inputs` does not list one by one, and what stands for each.

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
    inputs = document.get("inputs", ())
    own = {
        one["file"]: f"{one['kind']} {number}"
        for number, one in enumerate(inputs, start=1)
    }
    names = {**file_names, **own}
    telling = {old: new for old, new in names.items() if len(_LETTERS.findall(old)) > 1}
    in_messages, in_choices = _replacer(telling, days), _replacer(names, days)
    result = {
        key: value
        if key in _OWN
        else _through(value, in_choices if key in _ABOUT_FILES else in_messages)
        for key, value in document.items()
    }
    result["inputs"] = [
        one | {"file": own[one["file"]], "series_instance_uid": None, "sha256": None}
        for one in inputs
    ]
    if "accepted" in result:
        result["accepted"] = without_names(result["accepted"])
    if camera := result.get("camera"):
        camera |= {"name": REMOVED, "sha256": None}
        camera["header"] = {
            key: text for key, text in camera["header"].items() if key in CAMERA_KINDS
        }
    if result.get("plan"):
        # Whether it was approved stays; by whom and when does not.
        removed = dict.fromkeys(("by", "at", "hash"), REMOVED)
        approval = removed if result["plan"].get("approval") else None
        result["plan"] |= {"hash": None, "approval": approval}
        if earlier := result["plan"].get("earlier"):
            earlier["updates"] = []
            # Empty: two that are only "removed" would be one and the same session.
            for one in earlier["sessions"]:
                one |= {"hash": "", "includes": [], "at": None}
    return result


def with_names_replaced(text: str, names: Mapping[str, str]) -> str:
    """A text with names of two letters or more replaced.

    >>> with_names_replaced("cannot read doe.dcm (7)", {"doe.dcm": "a file", "7": "b"})
    'cannot read a file (7)'
    """
    telling = {old: new for old, new in names.items() if len(_LETTERS.findall(old)) > 1}
    return _replacer(telling, 0)(text)


def without_dates(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with every date in its texts taken out.

    >>> without_dates({"choices": ["scan of 2026-03-02, 10:15"]})
    {'choices': ['scan of removed, 10:15']}
    """
    return {
        key: value
        if key in _OWN
        else _through(value, lambda text: _DATE.sub(REMOVED, text))
        for key, value in document.items()
    }


def kept_texts(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Texts that people wrote and a de-identified document keeps, and what each is."""
    rows = [row for one in document["doses"].values() for row in one["structures"]]
    injections = document["ledger"]["injections"]
    plan, nuclide = document.get("plan") or {"doses": ()}, document["nuclide"]
    ours = {*_texts(table("radiobiology")), *_texts(table("budget"))}
    sources = ("half_life_source", "dose_constant_name", "dose_constant_source")
    found = {
        "structure names": [
            *(row["name"] for row in rows if not row["definition"]),
            *kept_names(document.get("observers")),
            *document["options"].get("roles", {}),
            *document["options"].get("matches", {}),
        ],
        "injection names": [
            one[key] for one in injections for key in ("name", "perfused")
        ],
        "reasons of --accept": [one["reason"] for one in document["accepted"]],
        "the plan's names": [
            *(row["name"] for row in plan["doses"] if row["role"] != "lungs"),
            *_of_sessions(plan.get("earlier") or {"sessions": ()}),
        ],
        **{
            what: [text for text in _texts(document.get(key)) if text not in ours]
            for key, what in _KEPT_OF_OWN_FILES.items()
        },
        "the camera's file": [
            camera["phantom"] for camera in [document.get("camera")] if camera
        ],
        "the nuclide file": [nuclide[key] for key in sources if nuclide["file_sha256"]],
    }
    each = ((what, text) for what, texts in found.items() for text in texts)
    return list(dict.fromkeys(each))


def _of_sessions(earlier: Mapping[str, Any]) -> list[str]:
    """Names that people gave to structures and injections of earlier sessions."""
    parts = [part for one in earlier["sessions"] for part in one["parts"]]
    return [text for part in parts for text in (part["name"], *part["of"])]


def _texts(value: Any) -> list[str]:
    """Every text of a document, but for the names of its keys."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in _texts(one)]
    return []


def _replacer(names: Mapping[str, str], days: int) -> Callable[[str], str]:
    ordered = sorted(names, key=len, reverse=True)
    whole = (
        re.compile(
            r"(?<![\w.])(?:" + "|".join(re.escape(one) for one in ordered) + r")(?!\w)"
        )
        if ordered
        else None
    )

    def hidden(text: str) -> str:
        if text.startswith(UNUSED):
            return f"{UNUSED}files that are not named here"
        if whole is not None:
            text = whole.sub(lambda found: names[found[0]], text)
        return _DATE.sub(lambda found: _earlier(found, days), text)

    return hidden


def _earlier(found: re.Match[str], days: int) -> str:
    try:
        then = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return found[0]
    return (then - timedelta(days=days)).isoformat()


def _through(value: Any, change: Callable[[str], str]) -> Any:
    """A copy with every string changed but for names, codes and units."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            key: one if key in _CODES else _through(one, change)
            for key, one in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_through(one, change) for one in value]
    return value
