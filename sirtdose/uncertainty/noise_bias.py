"""What an image's own noise has moved the ends of a histogram by."""

from math import copysign


def noise_bias(quantity: str, measured: float, mean_gy: float, again: float) -> float:
    r"""By how much noise has moved what was measured, from what as much moves it again.

    Parameters
    ----------
    quantity : str
        Of :func:`sirtdose.uncertainty.quantities.quantities`.
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
    is_dose_at_volume = quantity[0] == "d"
    if not is_dose_at_volume or off * again <= 0:
        return again
    without = max(2 * off**2 - (off + again) ** 2, 0.0) ** 0.5
    return off - copysign(without, off)
