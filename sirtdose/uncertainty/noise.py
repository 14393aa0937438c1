r"""What the noise of voxels does to numbers of their doses.

Noise is white noise smoothed by a Gaussian G and scaled by each voxel's own size s. A
number that changes by :math:`\sum w_i \varepsilon_i` has the variance
:math:`\lVert G (w s) \rVert^2`, exactly. Where doses are scaled back to a total over a
region of weights r, it is that of w - c r.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import copysign

import numpy as np

from sirtdose.model.structure import bounding_box
from sirtdose.uncertainty.scene import Array, Box, Scene, composed

PER_FWHM = 1 / (8 * np.log(2)) ** 0.5
# As far as scipy's Gaussian reaches.
_REACH = 4.0


@dataclass(frozen=True, eq=False)
class Noise:
    """The noise of a scene's voxels.

    `size_gy` is its standard deviation; `back` is what the region's weights become when
    they are smoothed twice, and `back_variance` their own variance.
    """

    size_gy: Array
    sigma: tuple[float, ...]
    total: float
    back: Array | None
    back_variance: float

    @classmethod
    def of(cls, scene: Scene) -> "Noise":
        """The noise of a scene."""
        size = scene.noise_gy
        sigma = tuple(scene.noise_fwhm_mm * PER_FWHM / a for a in scene.spacing_mm)
        if not scene.region:
            return cls(size, sigma, 1.0, None, 0.0)
        region = composed(scene.region, (), scene.drawn)
        weights = region * size
        back = smoothed(smoothed(weights, sigma), sigma)
        total = float((region * scene.dose_gy).sum())
        return cls(size, sigma, total, back, float((weights * back).sum()))

    def standard(self, weight: Array, goes_with_scale: float) -> float:
        """Standard uncertainty of a number.

        Parameters
        ----------
        weight : array
            How it changes with each voxel's dose.
        goes_with_scale : float
            How it changes when all doses are scaled, relative; for a dose itself.
        """
        box = self.box_of(weight)
        scaled = weight[box] * self.size_gy[box]
        variance = float((smoothed(scaled, self.sigma) ** 2).sum())
        if self.back is not None:
            share = goes_with_scale / self.total
            variance -= 2 * share * float((scaled * self.back[box]).sum())
            variance += share**2 * self.back_variance
        # A difference of nearly equal numbers: rounding must not make it negative.
        return float(max(variance, 0.0) ** 0.5)

    def within(self, box: Box) -> "Noise":
        """The noise of a box of voxels, which holds all that is asked of it."""
        back = None if self.back is None else self.back[box]
        return replace(self, size_gy=self.size_gy[box], back=back)

    def box_of(self, weight: Array) -> Box:
        """The voxels that weights not 0 reach when they are smoothed."""
        found = bounding_box(weight != 0)
        if found is None:
            return tuple(slice(0, 1) for _ in weight.shape)
        margins = [int(np.ceil(_REACH * one)) + 1 for one in self.sigma]
        return tuple(
            slice(max(one.start - margin, 0), one.stop + margin)
            for one, margin in zip(found, margins, strict=True)
        )


def smoothed(values: Array, sigma: Sequence[float], *, wrapped: bool = False) -> Array:
    """Smooth, so that white noise of 1 stays noise of 1; `wrapped` from end to end."""
    if max(sigma) <= 0:
        return values
    from scipy.ndimage import gaussian_filter

    mode = "wrap" if wrapped else "constant"
    smooth = gaussian_filter(values, sigma, mode=mode, truncate=_REACH)
    # By the filter's own weights: what is measured of one draw is itself noisy.
    gains = [
        _gain(size if wrapped else 2 * int(np.ceil(_REACH * one)) + 3, one)
        for size, one in zip(values.shape, sigma, strict=True)
    ]
    return np.asarray(smooth / float(np.prod(gains)))


def _gain(size: int, sigma: float) -> float:
    """What a filter along an axis leaves of the standard deviation of white noise."""
    from scipy.ndimage import gaussian_filter1d

    impulse = np.zeros(size)
    impulse[size // 2] = 1.0
    weights = gaussian_filter1d(impulse, sigma, mode="wrap", truncate=_REACH)
    return float(np.linalg.norm(weights))


def noise_bias(quantity: str, measured: float, mean_gy: float, again: float) -> float:
    r"""By how much noise has moved what was measured, from what as much moves it again.

    Parameters
    ----------
    quantity : str
        Of :func:`sirtdose.uncertainty.scene.quantities`.
    measured : float
        With the noise of the image.
    mean_gy : float
        Of the same structure, which noise does not move.
    again : float
        What another noise of the same size adds to `measured`, on average.

    Notes
    -----
    Doses of one structure spread by s, their noise by :math:`\sigma`, and variances
    add: a D_x lies :math:`q = z \sqrt{s^2 + \sigma^2}` from the mean, and with noise
    once more :math:`q' = z \sqrt{s^2 + 2 \sigma^2}`. Without any it would lie
    :math:`\sqrt{2 q^2 - q'^2}` from it. Where s is large, noise has moved it by
    `again`; where all doses were the same, by all of q.

    Examples
    --------
    All of it is noise: 0.52 below a mean of 25 Gy, with noise again 0.74.

    >>> round(noise_bias("d70_gy", 24.48, 25.0, -0.2154), 3)
    -0.52
    """
    off = measured - mean_gy
    # Only a dose at a volume is moved so.
    if quantity[0] != "d" or off * again <= 0:
        return again
    without = max(2 * off**2 - (off + again) ** 2, 0.0) ** 0.5
    return off - copysign(without, off)
