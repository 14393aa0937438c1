"""An image and the phantom in it, where both can be compared: on one lattice."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sirtdose.dosimetry.commission.transform import blurred, transform_of
from sirtdose.model.grid import Grid
from sirtdose.model.solid import Fill, ScanPhantom

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Single = NDArray[np.float32]
# Around the image, so that what is blurred out on one side does not come in on the
# other; mm.
_PAD_MM = 60.0
# What a blur leaves less of is not computed.
_NOTHING = 2e-3


@dataclass(frozen=True)
class Pose:
    """Where a phantom lies: its middle in the image, and its turn about it.

    Angles are about x, then y, then z. A mirrored one has its spheres the other way
    round, as a phantom has that is seen from the other side.

    Examples
    --------
    >>> Pose((0.0, 0.0, 0.0), (0.0, 0.0, 90.0)).turn.round(3)[0].tolist()
    [0.0, -1.0, 0.0]
    """

    middle_mm: tuple[float, float, float]
    angles_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mirrored: bool = False

    @property
    def turn(self) -> Array:
        """From the phantom's axes to the patient's."""
        a, b, c = np.radians(self.angles_deg)
        about_x = [[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]]
        about_y = [[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]]
        about_z = [[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]]
        sense = np.diag([-1.0 if self.mirrored else 1.0, 1.0, 1.0])
        return np.asarray(
            np.array(about_z) @ np.array(about_y) @ np.array(about_x) @ sense
        )

    def world_mm(self, points: ArrayLike, phantom: ScanPhantom) -> Array:
        """Where points (..., 3) of a phantom are in the image."""
        own = np.asarray(points, float) - np.asarray(phantom.middle_mm)
        return np.asarray(own @ self.turn.T + np.asarray(self.middle_mm))

    def corners_mm(self, phantom: ScanPhantom) -> Array:
        """Of the box that a phantom fills, (8, 3), in the image."""
        signs = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
        middle, half = np.array(phantom.middle_mm), np.array(phantom.outer.half_mm)
        return self.world_mm(middle + signs * half, phantom)


class View:
    """A lattice of frequencies that holds an image with room around it.

    Parameters
    ----------
    grid : Grid
        Of the image.
    narrowest_mm : float
        The least width (FWHM) that the phantom is looked at with.
    """

    def __init__(self, grid: Grid, narrowest_mm: float) -> None:
        from scipy import fft

        self.grid = grid
        pad = [int(np.ceil(_PAD_MM / side)) for side in grid.spacing_mm]
        self._shape = tuple(
            fft.next_fast_len(n + 2 * p, real=True)
            for n, p in zip(grid.shape, pad, strict=True)
        )
        self._inner = tuple(
            slice(p, p + n) for p, n in zip(pad, grid.shape, strict=True)
        )
        steps = grid.affine_mm[:3, :3]
        lattice = np.meshgrid(
            *(
                (fft.rfftfreq if axis == 2 else fft.fftfreq)(n)
                for axis, n in enumerate(self._shape)
            ),
            indexing="ij",
        )
        cycles = np.stack([one.ravel() for one in lattice])
        everywhere = np.linalg.inv(steps).T @ cycles
        # The highest frequency of an even lattice has no partner.
        paired = (np.abs(cycles) < 0.5 - 1e-9).all(axis=0)
        seen = paired & (blurred(everywhere, narrowest_mm, narrowest_mm) > _NOTHING)
        self._seen = np.flatnonzero(seen)
        self.frequency = everywhere[:, seen]
        origin = grid.world_mm([-float(p) for p in pad])
        box = np.prod(np.sinc(cycles[:, seen]), axis=0)
        start = 2 * np.pi * (origin @ self.frequency)
        self._placed = np.asarray(box * (np.cos(start) + 1j * np.sin(start)))
        # Half of the lattice stands for all of it.
        self._twice = np.where(cycles[2, seen] > 0, 2.0, 1.0)
        self._last: tuple[ScanPhantom, object, Mapping[str, Complex]] | None = None

    def of(self, phantom: ScanPhantom, pose: Pose) -> Mapping[str, Complex]:
        """Transforms of a phantom's fills, mL, as it is turned but not yet placed.

        The last are kept: a phantom is looked at in several ways, and turns seldom.
        """
        way = (pose.angles_deg, pose.mirrored)
        if self._last is None or self._last[0] is not phantom or self._last[1] != way:
            own, centered = self._turned(phantom, pose)
            fills = {o.name: centered * transform_of(o, own) for o in phantom.fills}
            self._last = phantom, way, fills
        return self._last[2]

    def placed(self, phantom: ScanPhantom, pose: Pose) -> Mapping[str, Complex]:
        """The same where the phantom lies."""
        moved = self.moved(pose.middle_mm)
        return {name: one * moved for name, one in self.of(phantom, pose).items()}

    def of_fill(self, fill: Fill, phantom: ScanPhantom, pose: Pose) -> Complex:
        """The same of one fill that may be none of the phantom's."""
        own, centered = self._turned(phantom, pose)
        return centered * transform_of(fill, own)

    def _turned(self, phantom: ScanPhantom, pose: Pose) -> tuple[Array, Complex]:
        """Frequencies along the phantom's axes, and what its middle makes of them."""
        own = pose.turn.T @ self.frequency
        back = 2 * np.pi * (np.asarray(phantom.middle_mm) @ own)
        return own, self._placed * (np.cos(back) + 1j * np.sin(back))

    def overlap(self, one: Complex, other: Complex) -> float:
        """Integral of the product of two spectra of :meth:`of`; mL.

        Without what a voxel's own size takes: it is divided out again.
        """
        product = (one * other.conj()).real / np.abs(self._placed) ** 2
        total = float((product * self._twice).sum())
        volume = float(np.prod(self._shape)) * self.grid.voxel_volume_ml
        return total / volume

    def moved(self, middle_mm: ArrayLike) -> Complex:
        """What a phantom's place makes of each frequency."""
        angle = 2 * np.pi * (np.asarray(middle_mm) @ self.frequency)
        return np.asarray(np.cos(angle) - 1j * np.sin(angle))

    def image(self, spectrum: NDArray[np.complexfloating]) -> NDArray[np.float32]:
        """What a voxel holds of a spectrum, mL times concentration."""
        from scipy import fft

        half = (*self._shape[:2], self._shape[2] // 2 + 1)
        whole = np.zeros(int(np.prod(half)), np.complex64)
        whole[self._seen] = spectrum
        found = fft.irfftn(whole.reshape(half), self._shape, workers=2)
        return np.asarray(found[self._inner])

    @cached_property
    def squares(self) -> tuple[Single, Single]:
        """Of the frequency in the plane, and along the axis; in single precision."""
        x, y, z = self.frequency
        return (x**2 + y**2).astype(np.float32), (z**2).astype(np.float32)
