"""What the noise of voxels does to one row's doses, volumes and histogram."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import MEAN, VOLUME, Metric
from sirtdose.uncertainty.noise import Noise
from sirtdose.uncertainty.scene import Array, Scene

_ROOT_2_PI = (2 * np.pi) ** 0.5


@dataclass(frozen=True, eq=False)
class RowNoise:
    """A row's voxels and the noise of their box.

    `weight` is the part of the row in each voxel of the box; `inside` are the voxels
    of the flattened box that have some, `dose_gy` their doses.
    """

    scene: Scene
    noise: Noise
    weight: Array
    inside: NDArray[np.intp]
    dose_gy: Array

    @classmethod
    def of(cls, scene: Scene, noise: Noise, name: str) -> "RowNoise":
        """The noise of a row of the scene."""
        occupancy = scene.occupied[name]
        box = noise.box_of(occupancy)
        weight = occupancy[box] / float(occupancy.sum())
        inside = np.flatnonzero(weight > 0)
        dose = scene.dose_gy[box].ravel()[inside]
        return cls(scene, noise.within(box), weight, inside, dose)

    def of_metric(self, metric: Metric, dvh: Dvh) -> float:
        """Standard uncertainty that noise gives to a quantity of the row."""
        at = metric.number if metric.is_part else metric.of(dvh)
        if at is None or metric == VOLUME:
            return 0.0
        if metric.is_part:
            return self.of_volume(at)
        if metric == MEAN:
            return self.noise.standard(self.weight, at)
        density = self._density(at)
        whole = float(density.sum())
        return self.noise.standard(density / whole, at) if whole > 0 else 0.0

    def of_volume(self, at_gy: float) -> float:
        """That of the part of the row that gets at least a dose."""
        density = self._density(at_gy)
        return self.noise.standard(density, at_gy * float(density.sum()))

    def _density(self, at_gy: float) -> Array:
        """How much of a row lies at a dose, by voxel, per Gy."""
        width = self.scene.noise * (self.scene.noise_at_gy * max(at_gy, 0.0)) ** 0.5
        density = np.zeros(self.weight.shape)
        if width > 0:
            off = (self.dose_gy - at_gy) / width
            own = self.weight.ravel()[self.inside] * np.exp(-(off**2) / 2)
            density.ravel()[self.inside] = own / (width * _ROOT_2_PI)
        return density
