r"""One number from several forms of a blur: weighed by how well each fits.

A form that leaves more than the best, by :math:`\Delta\chi^2` of independent voxels,
weighs :math:`e^{-\Delta\chi^2/2}`. What the forms differ by is part of the uncertainty,
and so is what no form can tell.
"""

from collections.abc import Callable, Sequence
from math import exp, sqrt

from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.model.commissioned import Measured


def weights(fits: Sequence[PhantomFit]) -> list[float]:
    """What each fit weighs; together 1."""
    best = min(fits, key=lambda one: one.misfit)
    raw = [exp(-(one.misfit / best.misfit - 1) * best.independent / 2) for one in fits]
    return [one / sum(raw) for one in raw]


def averaged(
    fits: Sequence[PhantomFit],
    value: Callable[[PhantomFit], float],
    *,
    standard: Callable[[PhantomFit], float] = lambda _: 0.0,
    untold: float = 0.0,
) -> Measured:
    """A number of several fits, with noise, their difference, and what none tells.

    Parameters
    ----------
    fits : sequence of PhantomFit
    value, standard : callable
        The number of a fit, and its standard uncertainty by noise.
    untold : float
        Of the value, what the form of any model leaves open.
    """
    weighed = list(zip(weights(fits), fits, strict=True))
    mean = sum(part * value(one) for part, one in weighed)
    noise = sum(part * standard(one) ** 2 for part, one in weighed)
    apart = sum(part * (value(one) - mean) ** 2 for part, one in weighed)
    return Measured(mean, sqrt(noise + apart + (untold * mean) ** 2))
