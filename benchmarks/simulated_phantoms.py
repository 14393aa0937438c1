"""Analytic phantoms, and how they are drawn on a lattice of points.

Nothing of the package is used: it is what is tested. A phantom has its own frame, in
mm: z along its axis, x and y across, as the patient's x (left) and y (posterior) where
it is not turned. Seen from the feet, x to the right and y down, angles from +x toward
+y run clockwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Inside = Callable[[Any, Any, Any], NDArray[np.bool_]]
Triple = tuple[float, float, float]

# NEMA IEC body, inner surfaces. Its frame begins at the center of the ring of spheres,
# in their plane: on the axis of the lung insert, which is also the center of the arc
# that bounds the top (anterior, y < 0). Below y = 0 there are two quarter discs about
# (-70, 0) and (70, 0), and the rectangle between them.
NEMA: Mapping[str, Any] = {
    "top_radius_mm": 147.0,
    "corner_radius_mm": 77.0,
    "flat_mm": 140.0,
    # Inner end plates: the nearer one at 70 mm from the spheres, feet side.
    "z_mm": (-70.0, 124.0),
    "lung_radius_mm": 25.0,
    "ring_radius_mm": 57.2,
    "sphere_wall_mm": 1.0,
    # Inner diameter by angle from +x toward +y.
    "sphere_angle_deg": {37: 0, 10: 60, 13: 120, 17: 180, 22: 240, 28: 300},
}
CYLINDER: Mapping[str, Any] = {"radius_mm": 108.0, "z_mm": (-93.0, 93.0)}
# What a CT shows about the inner surfaces.
SHELL_MM, END_MM, LUNG_INNER_MM = 3.0, 10.0, 21.0
CENTERS_MM: Mapping[str, Triple] = {
    f"{diameter} mm": (
        float(NEMA["ring_radius_mm"] * np.cos(np.radians(angle))),
        float(NEMA["ring_radius_mm"] * np.sin(np.radians(angle))),
        0.0,
    )
    for diameter, angle in sorted(NEMA["sphere_angle_deg"].items())
}


@dataclass(frozen=True)
class Part:
    """A shape of a phantom's frame, within a box; `points` an axis in each voxel."""

    inside: Inside
    low_mm: Triple
    high_mm: Triple
    volume_ml: float
    points: int = 2


@dataclass(frozen=True)
class Pose:
    """How a phantom lies: turned about x, y and z, in that order, then shifted.

    Degrees and mm, (x, y, z); the turn is about the frame's own origin. With neither,
    the middle of the phantom is in the middle of the image.
    """

    turn_deg: Triple = (0.0, 0.0, 0.0)
    shift_mm: Triple = (0.0, 0.0, 0.0)

    @property
    def matrix(self) -> Array:
        """What takes a direction of the phantom to one of the patient, (x, y, z)."""
        a, b, c = np.radians(self.turn_deg)
        about_x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
        about_y = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
        about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
        turned: Array = np.array(about_z) @ np.array(about_y) @ np.array(about_x)
        return turned

    @staticmethod
    def drawn(rng: np.random.Generator) -> "Pose":
        """Up to 3 degrees about each axis, and up to 5 mm away in any direction."""
        turn = rng.uniform(-3, 3, 3)
        way = rng.standard_normal(3)
        shift = way / np.linalg.norm(way) * rng.uniform(0, 5)
        return Pose(_triple(turn), _triple(shift))


@dataclass(frozen=True)
class Phantom:
    """A vessel, what takes up room in it, and the spheres."""

    name: str
    vessel: Part
    # By name: 'lung' and the outsides of spheres.
    solid: Mapping[str, Part] = field(default_factory=dict)
    spheres: Mapping[str, Part] = field(default_factory=dict)
    background: bool = True

    @property
    def background_ml(self) -> float:
        """What fills the vessel about everything else."""
        return self.vessel.volume_ml - sum(one.volume_ml for one in self.solid.values())

    @property
    def middle_mm(self) -> Triple:
        """The middle of the vessel, in the phantom's frame."""
        low, high = np.array(self.vessel.low_mm), np.array(self.vessel.high_mm)
        return _triple((low + high) / 2)

    def origin_mm(self, pose: Pose) -> Array:
        """Where the frame begins in the patient's, whose 0 is the image's middle."""
        return np.asarray(np.array(pose.shift_mm) - np.array(self.middle_mm))

    def fill(self, at: Sequence[Array], pose: Pose, ratio: float) -> "Filled":
        """Concentrations over the background's, or over the spheres' without one.

        `at` is where the voxels of a lattice lie, (z, y, x).
        """
        where = pose.matrix, self.origin_mm(pose)
        whole = np.zeros([len(one) for one in at], np.float32)
        spheres = {}
        if self.background:
            box, part = drawn(self.vessel, at, *where)
            whole[box] += part
            for one in self.solid.values():
                box, part = drawn(one, at, *where)
                whole[box] -= part
            np.maximum(whole, 0, out=whole)
        for name, one in self.spheres.items():
            box, part = drawn(one, at, *where)
            spheres[name] = box, part
            whole[box] += part * np.float32(ratio if self.background else 1)
        return Filled(whole, spheres)


@dataclass(frozen=True)
class Filled:
    """A phantom on a lattice; of each sphere its box and the part of each voxel."""

    whole: NDArray[np.float32]
    spheres: Mapping[str, tuple[tuple[slice, ...], NDArray[np.float32]]]


def _triple(values: Sequence[float] | Array) -> Triple:
    a, b, c = (float(one) for one in values)
    return a, b, c


def body(grow_mm: float = 0.0, ends_mm: float = 0.0) -> Part:
    """The NEMA body's inside, or so much larger."""
    top, corner = NEMA["top_radius_mm"] + grow_mm, NEMA["corner_radius_mm"] + grow_mm
    half = NEMA["flat_mm"] / 2
    low, high = NEMA["z_mm"][0] - ends_mm, NEMA["z_mm"][1] + ends_mm

    def inside(x: Any, y: Any, z: Any) -> NDArray[np.bool_]:
        beside = np.maximum(np.abs(x) - half, 0)
        upper = (y <= 0) & (x * x + y * y <= top**2)
        lower = (y > 0) & (beside * beside + y * y <= corner**2)
        made: NDArray[np.bool_] = (upper | lower) & (z >= low) & (z <= high)
        return made

    area = np.pi * (top**2 + corner**2) / 2 + 2 * half * corner
    reach = max(top, half + corner)
    return Part(
        inside, (-reach, -top, low), (reach, corner, high), area * (high - low) / 1000
    )


def rod(radius: float, low: float, high: float) -> Part:
    """A cylinder along the axis."""
    return Part(
        lambda x, y, z: (x * x + y * y <= radius**2) & (z >= low) & (z <= high),
        (-radius, -radius, low),
        (radius, radius, high),
        np.pi * radius**2 * (high - low) / 1000,
    )


def ball(center: Triple, radius: float) -> Part:
    """A sphere."""
    a, b, c = center
    return Part(
        lambda x, y, z: (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 <= radius**2,
        (a - radius, b - radius, c - radius),
        (a + radius, b + radius, c + radius),
        4 / 3 * np.pi * radius**3 / 1000,
        points=5,
    )


def nema(*, background: bool = True) -> Phantom:
    """The NEMA IEC body with six hot spheres; in water without activity or with."""
    wall = NEMA["sphere_wall_mm"]
    spheres = {
        name: ball(center, float(name.split()[0]) / 2)
        for name, center in CENTERS_MM.items()
    }
    walls = {
        name: ball(center, float(name.split()[0]) / 2 + wall)
        for name, center in CENTERS_MM.items()
    }
    lung = rod(NEMA["lung_radius_mm"], *NEMA["z_mm"])
    name = "nema" if background else "nema_cold"
    return Phantom(name, body(), {"lung": lung, **walls}, spheres, background)


def cylinder() -> Phantom:
    """A uniform cylinder; its frame begins in its middle."""
    return Phantom("cylinder", rod(CYLINDER["radius_mm"], *CYLINDER["z_mm"]))


def drawn(
    part: Part, at: Sequence[Array], matrix: Array, origin: Array
) -> tuple[tuple[slice, ...], NDArray[np.float32]]:
    """The box of voxels about a part, and how much of each is inside."""
    corners = np.array(np.meshgrid(*zip(part.low_mm, part.high_mm, strict=True)))
    placed = (matrix @ corners.reshape(3, -1)).T + origin
    low, high = placed.min(0)[::-1], placed.max(0)[::-1]
    steps = [float(one[1] - one[0]) for one in at]
    box = tuple(
        slice(
            max(int(np.searchsorted(one, a - step)), 0),
            int(np.searchsorted(one, b + step, side="right")),
        )
        for one, a, b, step in zip(at, low, high, steps, strict=True)
    )
    n = part.points
    near = [one[cut] for one, cut in zip(at, box, strict=True)]
    total = np.zeros([len(one) for one in near], np.float32)
    for shift in np.ndindex(n, n, n):
        z, y, x = (
            (one + ((s + 0.5) / n - 0.5) * step).reshape(
                [-1 if i == axis else 1 for i in range(3)]
            )
            - origin[2 - axis]
            for axis, (one, s, step) in enumerate(zip(near, shift, steps, strict=True))
        )
        # The transpose turns a place back into the phantom's frame.
        own = (
            np.float32(m[0]) * x.astype(np.float32)
            + np.float32(m[1]) * y.astype(np.float32)
            + np.float32(m[2]) * z.astype(np.float32)
            for m in matrix.T
        )
        total += part.inside(*own)
    return box, total / np.float32(n**3)


PHANTOMS: Mapping[str, Callable[[], Phantom]] = {
    "nema": nema,
    "nema_cold": lambda: nema(background=False),
    "cylinder": cylinder,
}
