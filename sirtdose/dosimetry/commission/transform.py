r"""Fourier transforms of solids, in closed form.

.. math:: F(f) = \int_{solid} e^{-2 \pi i f \cdot r}\, d^3r

of a ball :math:`3 V (\sin u - u \cos u) / u^3`, :math:`u = \pi d |f|`; of a cylinder
:math:`2 V J_1(u)/u\, \mathrm{sinc}(f_z l)`; of a prism the sum over the edges of its
outline that the divergence theorem gives.
"""

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.solid import Ball, Cylinder, Fill, Prism, Solid

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
# Of a Gaussian's exponent, by width (FWHM) and frequency.
PER_MM2 = float(2 * np.pi**2 / (8 * np.log(2)))
# Below this argument a quotient is taken by its series.
_SMALL = 1e-3
# Frequencies that fit a processor's own memory, and how many at a time.
_AT_ONCE, _THREADS = 1 << 14, 2


def transform_of(fill: Fill, frequency: Array) -> Complex:
    """Transform of a fill in its phantom's own axes.

    Parameters
    ----------
    fill : Fill
    frequency : array of shape (3, n)
        Along x, y and z of the phantom, 1/mm.

    Returns
    -------
    array of shape (n,)
        In mL; the fill's volume at frequency 0.

    Examples
    --------
    >>> ball = Fill("sphere", (Ball((0.0, 0.0, 0.0), 20.0),))
    >>> round(float(transform_of(ball, np.zeros((3, 1)))[0].real), 4)
    4.1888
    """
    from concurrent.futures import ThreadPoolExecutor

    def part(start: int) -> Complex:
        own = frequency[:, start : start + _AT_ONCE]
        length = np.sqrt((own**2).sum(axis=0))
        found = np.zeros(own.shape[1], np.complex128)
        for solid in fill.solids:
            found += _solid(solid, own, length)
        for solid in fill.without:
            found -= _solid(solid, own, length)
        return found

    with ThreadPoolExecutor(_THREADS) as threads:
        parts = threads.map(part, range(0, frequency.shape[1], _AT_ONCE))
        return np.concatenate([np.zeros(0, np.complex128), *parts])


def _solid(solid: Solid, frequency: Array, length: Array) -> Complex:
    if isinstance(solid, Ball):
        return _moved(_ball(solid, length), solid.center_mm, frequency)
    if isinstance(solid, Cylinder):
        return _moved(_cylinder(solid, frequency), solid.center_mm, frequency)
    return _prism(solid, frequency)


def _moved(values: Array, center_mm: tuple[float, ...], frequency: Array) -> Complex:
    if not any(center_mm):
        return values.astype(np.complex128)
    return np.asarray(
        values * _turn(center_mm[0] * frequency[0] + _rest(center_mm, frequency))
    )


def _rest(center_mm: tuple[float, ...], frequency: Array) -> Array:
    return np.asarray(center_mm[1] * frequency[1] + center_mm[2] * frequency[2])


def _turn(cycles: Array) -> Complex:
    """exp(-2 pi i cycles), at half the price of a complex exponential."""
    angle = 2 * np.pi * cycles
    found = np.empty(angle.shape, np.complex128)
    found.real, found.imag = np.cos(angle), -np.sin(angle)
    return found


def _ball(ball: Ball, length: Array) -> Array:
    u = np.pi * ball.diameter_mm * length
    safe = np.where(u < _SMALL, 1.0, u)
    form = 3 * (np.sin(safe) - safe * np.cos(safe)) / safe**3
    return np.asarray(ball.volume_ml * np.where(u < _SMALL, 1 - u**2 / 10, form))


def _cylinder(solid: Cylinder, frequency: Array) -> Array:
    from scipy.special import j1

    u = np.pi * np.hypot(
        solid.diameter_mm * frequency[0], solid.depth_mm * frequency[1]
    )
    safe = np.where(u < _SMALL, 1.0, u)
    disk = np.where(u < _SMALL, 1 - u**2 / 8, 2 * j1(safe) / safe)
    return np.asarray(solid.volume_ml * disk * np.sinc(solid.length_mm * frequency[2]))


def _prism(solid: Prism, frequency: Array) -> Complex:
    length = solid.high_mm - solid.low_mm
    along = length * np.sinc(length * frequency[2])
    middle = (solid.low_mm + solid.high_mm) / 2
    own = _outline(solid, frequency[:2]) * along / 1000
    return np.asarray(own * _turn(middle * frequency[2]))


def _outline(solid: Prism, frequency: Array) -> Complex:
    """Transform of a polygon; mm2."""
    x, y = frequency
    square = x**2 + y**2
    # Where the frequency is 0 the sum over edges is 0 over 0.
    still = square < (_SMALL / _size_of(solid)) ** 2
    square = np.where(still, 1.0, square)
    total = np.zeros(x.shape, np.complex128)
    points = np.array(solid.outline_mm)
    for (a, b), (c, d) in zip(points, np.roll(points, -1, axis=0), strict=True):
        across = x * (d - b) - y * (c - a)
        turned = _turn((x * (a + c) + y * (b + d)) / 2)
        total += across * np.sinc(x * (c - a) + y * (d - b)) * turned
    found = 1j / (2 * np.pi) * total / square
    area = solid.volume_ml * 1000 / (solid.high_mm - solid.low_mm)
    return np.asarray(np.where(still, area, found))


def _size_of(solid: Prism) -> float:
    return float(np.ptp(np.array(solid.outline_mm), axis=0).max())


def blurred(frequency: Array, in_plane_mm: float, axial_mm: float) -> Array:
    """What a Gaussian leaves of each frequency, by its widths (FWHM).

    Examples
    --------
    >>> half = np.array([[0.4412 / 15], [0.0], [0.0]])
    >>> round(float(blurred(half, 15.0, 15.0)[0]), 2)
    0.5
    """
    plane = frequency[0] ** 2 + frequency[1] ** 2
    return np.asarray(
        np.exp(-PER_MM2 * (in_plane_mm**2 * plane + (axial_mm * frequency[2]) ** 2))
    )
