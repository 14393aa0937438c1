"""Lung shunt fraction from counts: two planar views, or a SPECT's regions."""

from dataclasses import dataclass
from math import sqrt

from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_not_negative


@dataclass(frozen=True)
class Views:
    """Counts of one region in the anterior and in the posterior view.

    Background counts are those of an equally large region beside it.
    """

    anterior: float
    posterior: float
    anterior_background: float = 0.0
    posterior_background: float = 0.0


def geometric_mean(views: Views) -> float:
    r"""Counts of a region, whatever its depth: the geometric mean of both views.

    .. math:: C = \sqrt{(a - a_B)(p - p_B)}

    Raises
    ------
    RangeError
        Counts below 0, or a background above the region's own counts.

    Examples
    --------
    >>> round(geometric_mean(Views(12000, 10000)), 1)
    10954.5
    """
    require_not_negative(
        anterior_counts=views.anterior,
        posterior_counts=views.posterior,
        anterior_background_counts=views.anterior_background,
        posterior_background_counts=views.posterior_background,
    )
    net = (
        ("anterior", views.anterior - views.anterior_background),
        ("posterior", views.posterior - views.posterior_background),
    )
    for name, counts in net:
        if counts < 0:
            raise RangeError(
                f"the {name} background is {-counts:g} counts above the region "
                "itself: give the background of a region of the same size"
            )
    return sqrt(net[0][1] * net[1][1])


def planar_lung_shunt(*, lungs: Views, liver: Views) -> float:
    r"""Lung shunt fraction from anterior and posterior planar views.

    .. math:: L = \frac{C_{lungs}}{C_{lungs} + C_{liver}}

    Raises
    ------
    RangeError
        Counts below 0, a background above its region, or no counts at all.

    Notes
    -----
    Planar images overestimate the shunt: the liver is attenuated more than the lungs,
    and scatters into their base.

    Examples
    --------
    >>> round(planar_lung_shunt(lungs=Views(12000, 10000),
    ...                         liver=Views(160000, 90000)), 6)
    0.083651
    """
    lung_counts, liver_counts = geometric_mean(lungs), geometric_mean(liver)
    if lung_counts + liver_counts == 0:
        raise RangeError("there are no counts in lungs and liver: check the regions")
    return lung_counts / (lung_counts + liver_counts)


def poisson_uncertainty(*, lungs: Views, liver: Views) -> float:
    r"""Standard uncertainty of a planar shunt by counting statistics alone.

    .. math:: \frac{u(C)}{C} = \frac{1}{2}
              \sqrt{\frac{a + a_B}{(a - a_B)^2} + \frac{p + p_B}{(p - p_B)^2}},
              \qquad u(L) = L (1 - L)
              \sqrt{\left(\tfrac{u(C)}{C}\right)_{lungs}^2
              + \left(\tfrac{u(C)}{C}\right)_{liver}^2}

    Examples
    --------
    12000 and 10000 counts are known to 0.7 %, 0.083651 to 0.0005.

    >>> round(poisson_uncertainty(lungs=Views(12000, 10000),
    ...                           liver=Views(160000, 90000)), 4)
    0.0005
    """
    fraction = planar_lung_shunt(lungs=lungs, liver=liver)
    if fraction in (0.0, 1.0):
        return 0.0
    relative = [_relative(views) for views in (lungs, liver)]
    return fraction * (1 - fraction) * sqrt(relative[0] ** 2 + relative[1] ** 2)


def _relative(views: Views) -> float:
    parts = (
        (views.anterior, views.anterior_background),
        (views.posterior, views.posterior_background),
    )
    return sqrt(sum((c + b) / (c - b) ** 2 for c, b in parts)) / 2
