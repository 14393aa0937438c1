r"""What an image's blur takes from the mean dose of a tumor, estimated from its size.

A uniform sphere of radius R under a Gaussian of standard deviation s keeps

.. math:: r = \int_0^{2R} f(x) \left(1 - \frac{3x}{4R} + \frac{x^3}{16R^3}\right) dx

of its mean, f being the density of the distance that the blur moves a point by
(Maxwell's), and the bracket the overlap of two such spheres. Around it lies tissue of
the dose N, which blur brings in: what is measured is M = r T + (1 - r) N.
"""

from collections.abc import Callable, Sequence
from math import exp, pi, sqrt

from sirtdose.model.role import Role

# Widths at half maximum usual after reconstruction, mm; not measured here, and not
# verified for any one scanner: --psf gives the image's own.
_USUAL_FWHM_MM = {"PT": 7.0}
_SPECT_FWHM_MM = 15.0
# Full width at half maximum over standard deviation of a Gaussian.
_FWHM_PER_SIGMA = 2.354820045030949
_STEPS = 400


def sphere_recovery(*, diameter_mm: float, fwhm_mm: float) -> float:
    """The part of a uniform sphere's mean that is left after blur, without background.

    Parameters
    ----------
    diameter_mm, fwhm_mm : float, > 0

    Examples
    --------
    A large sphere loses 3 s / sqrt(2 pi) over its radius: 15 mm, 500 mm: 3 %.

    >>> round(sphere_recovery(diameter_mm=500, fwhm_mm=15), 3)
    0.97
    """
    radius, sigma = diameter_mm / 2, fwhm_mm / _FWHM_PER_SIGMA
    # Beyond eight standard deviations nothing is moved.
    step = min(2 * radius, 8 * sigma) / _STEPS
    total = 0.0
    for i in range(_STEPS):
        x = (i + 0.5) * step
        density = sqrt(2 / pi) * x * x / sigma**3 * exp(-(x * x) / (2 * sigma * sigma))
        overlap = 1 - 3 * x / (4 * radius) + x**3 / (16 * radius**3)
        total += density * overlap * step
    return total


def blur_loss(*, mean_gy: float, around_gy: float, recovery: float) -> float:
    """By how much the true mean is above the measured one, as a part of the measured.

    Below 0 where blur brings in more than it takes: beside hotter tissue.

    Examples
    --------
    200 Gy measured beside 60 Gy at a recovery of 0.75: (200 - 0.25 * 60) / 0.75 =
    246.7 Gy, 23 % more.

    >>> round(blur_loss(mean_gy=200, around_gy=60, recovery=0.75), 3)
    0.233
    """
    return (
        0.0 if mean_gy <= 0 else (1 - recovery) / recovery * (1 - around_gy / mean_gy)
    )


def estimated_losses(
    means_gy: Sequence[tuple[str, str, float, float]],
    *,
    modality: str = "NM",
    psf_mm: Sequence[float] | None = None,
    measured: Callable[[float], float | None] | None = None,
) -> dict[str, float]:
    """What blur takes from the mean of each tumor, as a part of what was measured.

    Parameters
    ----------
    means_gy : sequence of tuple
        Name, role, volume (mL) and mean dose (Gy) of each structure. A tumor of the
        liver lies in its perfused normal part, else in the whole of it.
    modality, psf_mm
        As for :func:`width_mm`.
    measured : callable, optional
        Of a volume, the recovery that was measured in the cold; None where there is
        none, and that of a sphere under the blur is used.
    """
    doses = {role: gy for _, role, _, gy in reversed(means_gy)}
    normal_gy = doses.get(Role.NORMAL_PERFUSED, doses.get(Role.NORMAL_WHOLE, 0.0))
    fwhm_mm = width_mm(modality, psf_mm)
    return {
        name: blur_loss(
            mean_gy=gy,
            around_gy=normal_gy if role == Role.TUMOR else 0.0,
            recovery=(measured(volume_ml) if measured else None)
            or sphere_recovery(diameter_mm=sphere_mm(volume_ml), fwhm_mm=fwhm_mm),
        )
        for name, role, volume_ml, gy in means_gy
        if Role(role).is_tumor and volume_ml > 0
    }


def width_mm(modality: str, psf_mm: Sequence[float] | None = None) -> float:
    """The blur's full width at half maximum, mm: the one given, else the usual one.

    Of an image file whose modality is not known, a SPECT's.

    >>> width_mm("PT"), width_mm("NM", (12.0, 14.0, 14.0))
    (7.0, 14.0)
    """
    return max(psf_mm) if psf_mm else _USUAL_FWHM_MM.get(modality, _SPECT_FWHM_MM)


def sphere_mm(volume_ml: float) -> float:
    """The diameter of a sphere of a volume.

    >>> round(sphere_mm(4.18879), 3)
    20.0
    """
    return float((6000 * volume_ml / pi) ** (1 / 3))
