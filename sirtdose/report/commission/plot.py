"""Graphs of a commissioning as SVG drawings: lines, points, bands; linear or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, isfinite, log10

from sirtdose.report.ladder import nice_step

WIDTH, HEIGHT = 400, 290
_LEFT, _TOP, _RIGHT, _BOTTOM = 66, 12, 12, 46
_TICKS = 5
# A drawing has no use for more decades than this.
_DECADES = 5

Points = Sequence[tuple[float, float]]
# x, then from y to y.
Spans = Sequence[tuple[float, float, float]]


@dataclass(frozen=True)
class Curve:
    """One line, row of dots, or band: what it is called and how it is drawn.

    `spans` of a curve are the ends of its band, or of each dot's bar.
    """

    name: str
    color: str
    points: Points = ()
    spans: Spans = ()
    dash: str = ""
    dots: bool = False
    open: bool = False


@dataclass(frozen=True)
class Axis:
    """A scale from one end to the other, logarithmic from `low` > 0."""

    label: str
    low: float
    high: float
    logarithmic: bool = False

    def part(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1 between its ends.

        >>> Axis("", 0.01, 100.0, logarithmic=True).part(1.0), Axis("", 0, 4).part(1)
        (0.5, 0.25)
        """
        if self.logarithmic:
            decades = log10(self.high / self.low)
            return log10(max(value, self.low * 1e-3) / self.low) / decades
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Values that are written on it.

        >>> [text for _, text in Axis("", 0.0, 100.0).ticks]
        ['0', '20', '40', '60', '80', '100']
        >>> [text for _, text in Axis("", 0.05, 20.0, logarithmic=True).ticks]
        ['0.1', '1', '10']
        """
        if self.logarithmic:
            low, high = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
            return [(10.0**n, f"{10.0**n:g}") for n in range(low, high + 1)]
        step = nice_step((self.high - self.low) / _TICKS)
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [(n * step, _signed(n * step)) for n in range(first, last + 1)]


def _signed(value: float) -> str:
    return f"{value + 0.0:.6g}".replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True)
class Drawn:
    """A curve in the drawing's own units."""

    name: str
    color: str
    dash: str
    lines: tuple[str, ...]
    band: str
    bars: tuple[tuple[float, float, float], ...]
    dots: tuple[tuple[float, float], ...]
    open: bool


@dataclass(frozen=True)
class Plot:
    """Everything that the template needs to draw a graph.

    `shades` are stretches of x, such as a sphere's true width.
    """

    says: str
    x: Axis
    y: Axis
    curves: tuple[Drawn, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    shades: tuple[tuple[float, float], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    top: int = _TOP
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM


def plot(
    says: str,
    curves: Sequence[Curve],
    x: Axis,
    y: Axis,
    *,
    shades: Sequence[tuple[float, float]] = (),
) -> Plot:
    """Lay out curves between two axes; what lies beyond the y axis is not drawn."""
    return Plot(
        says,
        x,
        y,
        tuple(_drawn(one, x, y) for one in curves),
        tuple((_across(x, at), text) for at, text in x.ticks),
        tuple((_down(y, at), text) for at, text in y.ticks),
        tuple((_across(x, low), _across(x, high)) for low, high in shades),
    )


def decades(values: Sequence[float]) -> tuple[float, float]:
    """Ends of a logarithmic axis that shows values: whole decades, a few at most.

    >>> decades([0.003, 7.0, 0.0])
    (0.001, 10.0)
    """
    above = [one for one in values if one > 0 and isfinite(one)] or [1.0]
    high = ceil(log10(max(above)) - 1e-9)
    low = max(floor(log10(min(above)) + 1e-9), high - _DECADES)
    return 10.0 ** min(low, high - 1), 10.0**high


def _across(axis: Axis, value: float) -> float:
    part = min(max(axis.part(value), 0.0), 1.0)
    return round(_LEFT + part * (WIDTH - _LEFT - _RIGHT), 1)


def _down(axis: Axis, value: float) -> float:
    return _at(axis.part(value))


def _at(part: float) -> float:
    """How far down the drawing a part of the y axis is."""
    part = min(max(part, 0.0), 1.0)
    return round(HEIGHT - _BOTTOM - part * (HEIGHT - _BOTTOM - _TOP), 1)


def _drawn(curve: Curve, x: Axis, y: Axis) -> Drawn:
    points = [(_across(x, a), _down(y, b)) for a, b in curve.points]
    spans = [(_across(x, a), _down(y, low), _down(y, high))
             for a, low, high in curve.spans]  # fmt: skip
    band = ""
    if spans and not curve.dots:
        around = [(a, low) for a, low, _ in spans]
        around += [(a, high) for a, _, high in reversed(spans)]
        band = _path(around)
    inside = [
        at
        for at, (a, b) in zip(points, curve.points, strict=True)
        if 0 <= x.part(a) <= 1 and -1e-9 <= y.part(b) <= 1 + 1e-9
    ]
    return Drawn(
        curve.name,
        curve.color,
        curve.dash,
        () if curve.dots else tuple(_path(run) for run in _runs(curve.points, x, y)),
        band,
        tuple(spans) if curve.dots else (),
        tuple(inside) if curve.dots else (),
        curve.open,
    )


def _runs(points: Points, x: Axis, y: Axis) -> list[list[tuple[float, float]]]:
    """The stretches of a line that lie on the drawing, in its own units."""
    runs: list[list[tuple[float, float]]] = [[]]
    for (a, b), (c, d) in pairwise(points):
        start, end = y.part(b), y.part(d)
        # Where along the step the line comes in and goes out.
        ends = sorted(
            (bound - start) / (end - start) if end != start else bound
            for bound in (0.0, 1.0)
        )
        enters, leaves = max(ends[0], 0.0), min(ends[1], 1.0)
        if end == start and not 0 <= start <= 1:
            enters, leaves = 1.0, 0.0
        if enters > leaves:
            runs.append([])
            continue
        for at in (enters, leaves):
            place = (
                _across(x, a + at * (c - a)),
                _at(start + at * (end - start)),
            )
            if place not in runs[-1][-1:]:
                runs[-1].append(place)
        if leaves < 1:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{a:g},{b:g}" for a, b in points)
