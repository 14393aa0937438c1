"""A dose-volume histogram as a page draws it: curves with their names beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.report.palette import Paint

WIDTH, HEIGHT = 760, 400
LEFT, TOP, RIGHT, BOTTOM = 46, 14, 590, 356
_APART = 17
# Where on its curve a name's hairline begins, from the first structure on.
_HEIGHTS = (0.5, 0.32, 0.68, 0.2, 0.42, 0.8, 0.12, 0.58)


@dataclass(frozen=True)
class NamedCurve:
    """A curve, and where its name stands: `at` on the curve, `beside` at the right."""

    name: str
    paint: Paint
    points: str
    at: tuple[float, float]
    beside: float


def named_curves(
    dvh: Mapping[str, Any],
    colors: Mapping[str, Paint],
    names: Mapping[str, str] | None = None,
) -> list[NamedCurve]:
    """Curves of a page's data with their names, which are pushed apart.

    Parameters
    ----------
    dvh : mapping
        `end_gy`, and `curves` with `name` and `fraction` at equal steps of dose.
    colors : mapping of str to Paint
    names : mapping of str to str, optional
        What structures are called on the page.
    """
    found = []
    for number, curve in enumerate(dvh["curves"]):
        fractions = curve["fraction"]
        x = [
            LEFT + (RIGHT - LEFT) * n / (len(fractions) - 1)
            for n in range(len(fractions))
        ]
        y = [TOP + (BOTTOM - TOP) * (1 - one) for one in fractions]
        # A structure that is mostly without dose starts low.
        begun = fractions[len(fractions) // 40]
        height = min(_HEIGHTS[number % len(_HEIGHTS)], 0.85 * begun)
        last = max((n for n, one in enumerate(fractions) if one >= height), default=0)
        found.append(
            NamedCurve(
                name=(names or {}).get(curve["name"], curve["name"]),
                paint=colors[curve["name"]],
                points=" ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True)),
                at=(round(x[last], 1), round(y[last], 1)),
                beside=round(y[last], 1),
            )
        )
    return _apart(found)


def _apart(curves: Sequence[NamedCurve]) -> list[NamedCurve]:
    """Names in the order of their heights, none over another."""
    least = TOP + 4.0
    beside = {}
    for one in sorted(curves, key=lambda each: each.beside):
        beside[one.name] = least = max(one.beside, least)
        least += _APART
    over = max(0.0, max(beside.values(), default=0.0) - BOTTOM)
    return [
        NamedCurve(one.name, one.paint, one.points, one.at, beside[one.name] - over)
        for one in curves
    ]
