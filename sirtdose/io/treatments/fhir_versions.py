"""Which of several versions of a FHIR resource holds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sirtdose.errors import InputError


def latest(resources: Sequence[Mapping[str, Any]], name: str) -> set[int]:
    """The numbers, from 1, of those that hold: of each id the latest version, once.

    Raises
    ------
    InputError
        Which one is the latest is not said.

    Examples
    --------
    >>> each = [{"id": "a", "meta": {"versionId": one}} for one in ("9", "10")]
    >>> latest([*each, {"status": "completed"}], "log.json")
    {2, 3}
    """
    found = set()
    versions: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(resources, 1):
        if one.get("id"):
            versions[str(one["id"])].append(number)
        else:
            found.add(number)
    for numbers in versions.values():
        own = [resources[number - 1] for number in numbers]
        last = numbers[0] if all(one == own[0] for one in own) else _last(numbers, own)
        if last is None:
            said = " and ".join(str(one) for one in numbers)
            raise InputError(
                f"{name} has two versions of one resource, MedicationAdministration "
                f"{said}, and no meta.versionId or meta.lastUpdated says which is the "
                "later one: delete the other"
            )
        found.add(last)
    return found


def _last(numbers: Sequence[int], own: Sequence[Mapping[str, Any]]) -> int | None:
    """By the number of the version, else by time; None where that tells nothing."""
    for key in (_version, _updated):
        known = [key(one.get("meta")) for one in own]
        each = [one for one in known if one is not None]
        if len(each) == len(own) and each.count(max(each)) == 1:
            return numbers[each.index(max(each))]
    return None


def _version(meta: object) -> float | None:
    text = str(meta.get("versionId") or "") if isinstance(meta, dict) else ""
    return float(text) if text.isdecimal() else None


def _updated(meta: object) -> float | None:
    try:
        at = datetime.fromisoformat(str(meta["lastUpdated"]))  # type: ignore[index]
    except (KeyError, TypeError, ValueError):
        return None
    return at.timestamp() if at.tzinfo is not None else None
