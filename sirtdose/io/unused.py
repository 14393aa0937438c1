"""The files of a folder that were not used, and why."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from sirtdose.io.choose import Choice
from sirtdose.io.found import UNUSED, Found, Passed
from sirtdose.model.bounds import printable

_NAMED_MAX = 12


def unused(
    found: Iterable[Found],
    passed: Iterable[Passed],
    choice: Choice | None,
    other_inputs: Collection[Path] = (),
) -> dict[str, list[str]]:
    """Names of what was not used, by the reason why.

    `other_inputs` are files that an option named: of something else than images.
    """
    chosen = (choice.image, choice.ct, *choice.structures) if choice else ()
    used = {path for item in chosen if item is not None for path in item.paths}
    used |= set(other_inputs)
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for item in found:
        if used.isdisjoint(item.paths):
            why = item.remark.removeprefix(f"{item.label} ")
            reasons[why or f"{item.kind}, not chosen"].append(item.label)
    for one in passed:
        if one.path not in used:
            reasons[one.why].append(printable(one.path.name))
    return dict(reasons)


def unused_lines(
    reasons: Mapping[str, Sequence[str]], most: int = _NAMED_MAX
) -> list[str]:
    """A line for each reason, with the names of the first files it holds for.

    Examples
    --------
    >>> unused_lines({"empty": ["a.dcm", "b.dcm", "c.dcm"]}, most=2)
    ['not used: a.dcm, b.dcm and 1 more: empty']
    """
    lines = []
    for why, names in reasons.items():
        more = f" and {len(names) - most} more" if len(names) > most else ""
        lines.append(f"{UNUSED}{', '.join(names[:most])}{more}: {why}")
    return lines
