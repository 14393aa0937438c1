"""Colors, short names and dose levels of pictures and curves.

Structures are cool or gray and doses are warm, so that no hue means both; `dark` is
for pictures on black, where every line has its name on it as well.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log10, sqrt
from typing import Any

from sirtdose.model.metric import Metric
from sirtdose.model.names import told_apart
from sirtdose.model.role import DERIVED_ROLES, PERFUSED_REST, Role
from sirtdose.model.structure import Structure
from sirtdose.report.palette import ISODOSES, paints
from sirtdose.report.wording import shown_name

# The wash below the lowest level and above the highest, and differences.
WASH_BELOW, WASH_ABOVE = "#460a08", "#fffdf0"
DIFFERENCE = ("#3cbed7", "#f5be28")
_REPEATED = (Role.NORMAL_GIVEN, *DERIVED_ROLES)
# Before the name of what is a part of the row above.
_INDENT = "\u2003"
_CORRECTIONS = {
    "iterative_yang": "PVC (iterative Yang)",
    "gtm": "PVC (GTM)",
    "recovery": "PVC (recovery)",
    "with_prior": "sum of sessions",
}
_LEVELS_MAX = 4
# Nearer to each other two lines could not be told apart.
_APART = 1.15
# The wash starts at this part of the lowest level.
_WASH_FROM = 0.25
_SHORT_MAX = 14
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True)
class Look:
    """How a structure is drawn: on white, on black, and by which short name."""

    color: str
    dark: str
    dashed: bool
    short: str


def drawn(structure: Structure) -> bool:
    """Whether a structure's outline is shown: the derived ones repeat others."""
    return structure.role not in _REPEATED


def structure_looks(structures: Sequence[Structure]) -> dict[str, Look]:
    """One look a structure, by its name, the same in pictures and curves."""
    roles = {one.name: one.role for one in reversed(structures)}
    short = {name: short_name(name, role) for name, role in roles.items()}
    alike = [one for one in short if list(short.values()).count(short[one]) > 1]
    short |= told_apart(alike, _SHORT_MAX)
    return {
        name: Look(one.on_white, one.on_black, one.dashed, short[name])
        for name, one in paints((one.name, one.role) for one in structures).items()
    }


def short_name(name: str, role: Role) -> str:
    """A name that fits on its line.

    >>> short_name("Tumor 12", Role.TUMOR), short_name("Perfused lobe", Role.PERFUSED)
    ('T12', 'perfused')
    >>> short_name("Hepatic segment IVb, cranial part", Role.OTHER)
    'Hepatic segmen'
    """
    numbered = re.fullmatch(r"\D*?(\d{1,3})", name)
    if role is Role.TUMOR and numbered:
        return f"T{numbered[1]}"
    if role in (Role.LIVER, Role.PERFUSED, Role.LUNGS) and str(role) in name.lower():
        return str(role)
    return name[:_SHORT_MAX].strip()


def drawn_name(name: str, role: str) -> str:
    """A structure's name as a page shows it: as drawn, or in words where derived.

    >>> drawn_name("normal_perfused", "normal_perfused"), drawn_name("lungs", "lungs")
    ('Normal perfused liver', 'lungs')
    """
    if role == Role.TUMOR_PART:
        return f"{_INDENT}{name}"
    built = name == PERFUSED_REST or (name == role and role in _REPEATED)
    return shown_name(name) if built else name


def method_name(method: str) -> str:
    """A dose map as a switch or a heading names it.

    >>> method_name("collapsed_cone"), method_name("local_deposition+gtm")
    ('Collapsed cone', 'Local deposition, PVC (GTM)')
    >>> method_name("kernel+with_prior")
    'Kernel, sum of sessions'
    """
    base, *rest = method.split("+")
    words = [base.replace("_", " ").capitalize()]
    words += [_CORRECTIONS.get(one, one.replace("_", " ")) for one in rest]
    return ", ".join(words)


def isodose_levels(numbers: Iterable[float], top_gy: float) -> list[float]:
    """At most four doses: numbers of the case, one between and one above.

    Parameters
    ----------
    numbers : iterable of float
        Limits and goals, Gy.
    top_gy : float
        The dose that only the hottest voxels exceed.

    Examples
    --------
    >>> isodose_levels([40, 120], 300)
    [40.0, 80.0, 120.0, 250.0]
    >>> isodose_levels([], 430)
    [50.0, 100.0, 200.0, 400.0]
    >>> isodose_levels([40], 230)
    [20.0, 40.0, 80.0, 150.0]
    """
    levels: list[float] = []
    for one in sorted({float(n) for n in numbers if 0 < n <= top_gy}):
        if not levels or one > _APART * levels[-1]:
            levels.append(one)
    if len(levels) >= _LEVELS_MAX:
        # The lowest and the highest are what a case is judged by.
        return [*levels[: _LEVELS_MAX - 1], levels[-1]]
    if not levels:
        return sorted({_round(top_gy * part) for part in (0.12, 0.25, 0.5, 0.9)})
    if len(levels) == 1:
        levels.insert(0, _round(levels[0] / 2))
    else:
        low, high = max(pairwise(levels), key=lambda pair: pair[1] / pair[0])
        between = _round(sqrt(low * high) if high > 4 * low else (low + high) / 2)
        levels += [between] if _fits(between, levels) else []
    while len(levels) < _LEVELS_MAX:
        most = max(levels)
        above = _round(min(2 * most, 0.95 * top_gy))
        if above > top_gy or not _fits(above, levels):
            break
        levels.append(above)
    return sorted(levels)


def _fits(level: float, levels: Iterable[float]) -> bool:
    return all(max(level, one) > _APART * min(level, one) for one in levels)


def _round(value: float) -> float:
    """The nearest round number, by ratio."""
    power = 10.0 ** floor(log10(value))
    part = value / power
    return float(
        f"{power * min(_ROUND, key=lambda one: max(one / part, part / one)):.3g}"
    )


def color_bar(
    levels: Sequence[float], top_gy: float, max_gy: float
) -> list[tuple[float, str]]:
    """Doses and their colors: the wash starts at the first and clips at the last."""
    used = [one for one in levels if one < top_gy] or [top_gy / 2]
    return [
        (_WASH_FROM * used[0], WASH_BELOW),
        *zip(used, ISODOSES, strict=False),
        (min(top_gy, max(max_gy, used[-1] * 1.01)), WASH_ABOVE),
    ]


def bar_ticks(bar: Sequence[tuple[float, str]]) -> list[float]:
    """The doses of a color bar that are written under it: none near another.

    >>> bar_ticks([(12, ""), (50, ""), (60, ""), (200, ""), (290, ""), (300, "")])
    [50, 200]
    """
    end = bar[-1][0]
    ticks: list[float] = []
    for gy, _ in bar[1:-1]:
        if gy - (ticks[-1] if ticks else 0.0) > 0.09 * end and gy < 0.84 * end:
            ticks.append(gy)
    return ticks


def scale_top_gy(levels: Sequence[float], hot_gy: float) -> float:
    """Where the color scale ends: above all levels and most of what is hot."""
    return max(float(f"{hot_gy:.2g}"), 1.15 * max(levels, default=0.0), 1e-6)


def rgb(color: str) -> tuple[int, int, int]:
    """A color in numbers, 0 to 255.

    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def case_numbers(
    limits: Iterable[Mapping[str, Any]], assumptions: Mapping[str, Any]
) -> list[float]:
    """Limits of liver tissue, and goals: the doses that a case is judged by, Gy."""
    held = [
        float(bound)
        for one in limits
        if one["volume"] != "lungs"
        for bound in (one["limit_gy"], one["upper_gy"])
        if bound
    ]
    goals = [assumptions.get("prescribed_dose_gy")]
    goals += [
        one["value"]
        for one in assumptions.get("injections", ())
        if one["goal"].endswith("dose")
    ]
    goals += [
        metric.number if metric.is_part else aim["value"]
        for one in assumptions.get("injections", ())
        for aim in one.get("aims", ())
        for metric in [Metric.parse(aim["metric"])]
    ]
    return held + [float(one) for one in goals if one]
