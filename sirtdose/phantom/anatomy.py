"""The digital patient's shapes: where liver, lobe, tumors and lungs are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.role import Role

# The patient lies off the scanner's center, mm: no flip can go unseen.
CENTER_MM = np.array([23.7, -41.3, 18.9])


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid, cut off at a plane of constant x on request; mm, LPS."""

    center_mm: tuple[float, float, float]
    radii_mm: tuple[float, float, float]
    x_max_mm: float = float("inf")

    def inside(self, x: Any, y: Any, z: Any) -> NDArray[np.bool_]:
        """Whether points lie inside."""
        (a, b, c), (p, q, r) = self.center_mm, self.radii_mm
        distance = ((x - a) / p) ** 2 + ((y - b) / q) ** 2 + ((z - c) / r) ** 2
        return np.asarray((distance <= 1) & (x <= self.x_max_mm), bool)

    def contour(self, z: float, points: int = 240) -> NDArray[np.float64] | None:
        """Outline in the plane at z as (n, 3), or None where there is none."""
        (a, b, c), (p, q, r) = self.center_mm, self.radii_mm
        size = 1 - ((z - c) / r) ** 2
        if size <= 0 or a - p * np.sqrt(size) >= self.x_max_mm:
            return None
        angle = 2 * np.pi * np.arange(points) / points
        x = np.minimum(a + p * np.sqrt(size) * np.cos(angle), self.x_max_mm)
        y = b + q * np.sqrt(size) * np.sin(angle)
        return np.column_stack([x, y, np.full(points, z)])

    @property
    def volume_ml(self) -> float:
        """Volume, the cut part left out."""
        p, q, r = self.radii_mm
        t = min(max((self.x_max_mm - self.center_mm[0]) / p, -1.0), 1.0)
        kept = (t - t**3 / 3 + 2 / 3) * 3 / 4
        return 4 / 3 * np.pi * p * q * r * float(kept) / 1000


@dataclass(frozen=True)
class Region:
    """A named structure of the phantom: one or more shapes that do not touch."""

    name: str
    role: Role
    shapes: tuple[Ellipsoid, ...]

    @property
    def volume_ml(self) -> float:
        """Volume of the shapes."""
        return sum(shape.volume_ml for shape in self.shapes)


def _ellipsoid(
    offset: Sequence[float], radii: tuple[float, float, float], cut: float | None = None
) -> Ellipsoid:
    x, y, z = (float(v) for v in CENTER_MM + np.array(offset))
    end = float("inf") if cut is None else float(CENTER_MM[0]) + cut
    return Ellipsoid((x, y, z), radii, end)


_LIVER = (-58.0, -8.0, -60.0)
_LIVER_RADII = (90.0, 70.0, 61.0)
SPINE = _ellipsoid((4.0, 76.0, 0.0), (22.0, 19.0, 1e6))
BODY = _ellipsoid((0.0, 0.0, 0.0), (172.0, 122.0, 1e6))
REGIONS = (
    Region("Liver", Role.LIVER, (_ellipsoid(_LIVER, _LIVER_RADII),)),
    Region(
        "Perfused lobe", Role.PERFUSED, (_ellipsoid(_LIVER, _LIVER_RADII, cut=-40.0),)
    ),
    Region("Tumor 1", Role.TUMOR, (_ellipsoid((-88.0, -2.0, -52.0), (28.0,) * 3),)),
    Region("Tumor 2", Role.TUMOR, (_ellipsoid((-62.0, -42.0, -74.0), (18.0,) * 3),)),
    Region("Tumor 3", Role.TUMOR, (_ellipsoid((-84.0, 20.0, -91.0), (11.0,) * 3),)),
    Region(
        "Lungs",
        Role.LUNGS,
        (
            _ellipsoid((-76.0, 2.0, 88.0), (57.0, 76.0, 82.0)),
            _ellipsoid((78.0, 4.0, 88.0), (54.0, 74.0, 82.0)),
        ),
    ),
)
# Concentration in each tumor over that in the rest of the perfused lobe.
TUMOR_TO_NORMAL_RATIO = {"Tumor 1": 4.0, "Tumor 2": 8.0, "Tumor 3": 6.0}
_SPHERES_MM = {"Tumor 1": 20.0, "Tumor 2": 10.0, "Tumor 3": 5.0}


def regions_of(*, spheres: bool) -> tuple[Region, ...]:
    """The structures; with tumors of 40, 20 and 10 mm across on request."""
    if not spheres:
        return REGIONS
    return tuple(
        replace(
            region,
            shapes=(
                replace(region.shapes[0], radii_mm=(_SPHERES_MM[region.name],) * 3),
            ),
        )
        if region.role is Role.TUMOR
        else region
        for region in REGIONS
    )


def ratios_of(*, spheres: bool) -> dict[str, float]:
    """Concentration of each tumor over normal liver's; all alike on request."""
    return dict.fromkeys(_SPHERES_MM, 8.0) if spheres else TUMOR_TO_NORMAL_RATIO
