"""Solids that a phantom is made of: ball, cylinder and prism, along its own axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi

from sirtdose.errors import RangeError

Point = tuple[float, float, float]
_MOST_MM = 1000.0


def _require_size(kind: str, **sizes_mm: float) -> None:
    for name, value in sizes_mm.items():
        if not 0 < value <= _MOST_MM:
            raise RangeError(
                f"the {name} of a {kind} is {value:g} mm: give more than 0 and at most "
                f"{_MOST_MM:g} mm"
            )


@dataclass(frozen=True)
class Ball:
    """A sphere by its inner diameter.

    Examples
    --------
    >>> round(Ball((0.0, 0.0, 0.0), 37.0).volume_ml, 3)
    26.522
    """

    center_mm: Point
    diameter_mm: float

    def __post_init__(self) -> None:
        _require_size("ball", diameter=self.diameter_mm)

    @property
    def volume_ml(self) -> float:
        """Volume inside."""
        return pi * self.diameter_mm**3 / 6000

    @property
    def middle_mm(self) -> Point:
        """Its center of mass."""
        return self.center_mm

    @property
    def half_mm(self) -> Point:
        """Half of its extent along each axis."""
        half = self.diameter_mm / 2
        return half, half, half


@dataclass(frozen=True)
class Cylinder:
    """A circular or elliptic cylinder along z; `depth_mm` is its diameter along y.

    Examples
    --------
    >>> round(Cylinder((0.0, 0.0, 0.0), 216.0, 216.0, 186.0).volume_ml)
    6816
    """

    center_mm: Point
    diameter_mm: float
    depth_mm: float
    length_mm: float

    def __post_init__(self) -> None:
        _require_size(
            "cylinder",
            diameter=self.diameter_mm,
            depth=self.depth_mm,
            length=self.length_mm,
        )

    @property
    def volume_ml(self) -> float:
        """Volume inside."""
        return pi / 4 * self.diameter_mm * self.depth_mm * self.length_mm / 1000

    @property
    def middle_mm(self) -> Point:
        """Its center of mass."""
        return self.center_mm

    @property
    def half_mm(self) -> Point:
        """Half of its extent along each axis."""
        return self.diameter_mm / 2, self.depth_mm / 2, self.length_mm / 2


@dataclass(frozen=True)
class Prism:
    """An outline in the plane, counterclockwise from +x toward +y, from low to high z.

    Examples
    --------
    >>> Prism(((0.0, 0.0), (20.0, 0.0), (20.0, 10.0), (0.0, 10.0)), 0.0, 50.0).volume_ml
    10.0
    """

    outline_mm: tuple[tuple[float, float], ...]
    low_mm: float
    high_mm: float

    def __post_init__(self) -> None:
        _require_size("prism", length=self.high_mm - self.low_mm)
        if len(self.outline_mm) < 3 or not self._moments[0] > 0:
            raise RangeError(
                "the outline of a prism needs at least 3 points, counterclockwise from "
                "+x toward +y"
            )

    @property
    def _moments(self) -> tuple[float, float, float]:
        """Area, and its first moments along x and y."""
        area = x_area = y_area = 0.0
        points = self.outline_mm
        for (x, y), (u, v) in zip(points, (*points[1:], points[0]), strict=True):
            cross = (x * v - u * y) / 2
            area += cross
            x_area += cross * (x + u) / 3
            y_area += cross * (y + v) / 3
        return area, x_area, y_area

    @property
    def volume_ml(self) -> float:
        """Volume inside."""
        return self._moments[0] * (self.high_mm - self.low_mm) / 1000

    @property
    def middle_mm(self) -> Point:
        """Its center of mass."""
        area, x_area, y_area = self._moments
        return x_area / area, y_area / area, (self.low_mm + self.high_mm) / 2

    @property
    def half_mm(self) -> Point:
        """The most that it reaches from its middle along each axis."""
        x, y, _ = self.middle_mm
        return (
            max(abs(one - x) for one, _ in self.outline_mm),
            max(abs(one - y) for _, one in self.outline_mm),
            (self.high_mm - self.low_mm) / 2,
        )


Solid = Ball | Cylinder | Prism


@dataclass(frozen=True)
class Fill:
    """What is poured from one bottle: solids, without those that lie in them.

    A fill that is not `known` has an activity of its own that nobody measured, such as
    between rods: it is fitted and used for nothing.

    Examples
    --------
    >>> round(Fill("spheres", (Ball((0.0, 0.0, 0.0), 10.0),)).volume_ml, 4)
    0.5236
    """

    name: str
    solids: tuple[Solid, ...]
    without: tuple[Solid, ...] = ()
    known: bool = True

    def __post_init__(self) -> None:
        if not self.volume_ml > 0:
            raise RangeError(
                f"'{self.name}' holds {self.volume_ml:.4g} mL: what is taken out is "
                "larger than what it is taken out of"
            )

    @property
    def volume_ml(self) -> float:
        """Volume that is filled."""
        held = sum(one.volume_ml for one in self.solids)
        return held - sum(one.volume_ml for one in self.without)


@dataclass(frozen=True)
class ScanPhantom:
    """A phantom as its maker describes it, in millimeters along its own axes.

    x runs to the left, y to the back and z to the head of a phantom that lies on its
    back, as DICOM has it for a patient. `spheres` are the balls of which recoveries are
    measured, by name; `outer` is what a CT shows of it.
    """

    name: str
    title: str
    fills: tuple[Fill, ...]
    outer: Solid
    source: str
    verified: bool

    @property
    def spheres(self) -> dict[str, Ball]:
        """Balls of known fills, by diameter."""
        return {
            f"{ball.diameter_mm:g} mm": ball
            for fill in self.fills
            for ball in fill.solids
            if isinstance(ball, Ball) and fill.known
        }

    @property
    def cold(self) -> tuple[Solid, ...]:
        """Parts that hold nothing and are more than a wall around a ball."""
        own = {ball.center_mm for ball in self.spheres.values()}
        return tuple(
            one
            for fill in self.fills
            for one in fill.without
            if one.middle_mm not in own
        )

    @property
    def middle_mm(self) -> Point:
        """About which it is turned."""
        return self.outer.middle_mm

    def fill(self, name: str) -> Fill:
        """A fill by its name."""
        return next(one for one in self.fills if one.name == name)


def arc_mm(
    center: Sequence[float], radius: float, start: float, end: float
) -> list[tuple[float, float]]:
    """Points of an arc in degrees, by chords that hold the arc's own area.

    Examples
    --------
    >>> points = arc_mm((0.0, 0.0), 10.0, 0.0, 360.0)[:-1]
    >>> round(Prism(tuple(points), 0.0, 1000.0).volume_ml, 3)
    314.159
    """
    from math import ceil, cos, radians, sin

    steps = max(2, ceil(abs(end - start) / 9))
    step = radians(end - start) / steps
    wider = radius * (abs(step) / abs(sin(step))) ** 0.5
    return [
        (
            center[0] + wider * cos(radians(start) + k * step),
            center[1] + wider * sin(radians(start) + k * step),
        )
        for k in range(steps + 1)
    ]
