"""What was delivered of what was drawn up, by a residual measured in either way."""

from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_not_negative, require_positive
from sirtdose.model.nuclide import Nuclide


def delivered_activity_gbq(
    *,
    dispensed_gbq: float,
    residual_gbq: float,
    residual_after_h: float,
    nuclide: Nuclide,
) -> float:
    r"""Activity delivered, both measurements brought to the time of injection.

    .. math:: A = A_{dispensed} - A_{residual}\, 2^{\Delta t / T_{1/2}}

    Parameters
    ----------
    dispensed_gbq : float, > 0
        In the vial at injection.
    residual_gbq : float, >= 0
        When it was measured.
    residual_after_h : float
        From injection to that measurement.
    nuclide : Nuclide

    Raises
    ------
    RangeError
        More stayed behind than there was.

    Examples
    --------
    2 GBq, of which 0.1 GBq are found a half-life later: 0.2 GBq stayed behind.

    >>> delivered_activity_gbq(dispensed_gbq=2.0, residual_gbq=0.1,
    ...     residual_after_h=64.05, nuclide=Nuclide.named("Y-90"))
    1.8
    """
    require_positive(dispensed_gbq=dispensed_gbq)
    require_not_negative(residual_gbq=residual_gbq)
    stayed = residual_gbq / nuclide.decay_factor(residual_after_h)
    if stayed > dispensed_gbq:
        raise RangeError(
            f"the residual was {stayed:.4g} GBq at injection, more than the "
            f"{dispensed_gbq:.4g} GBq dispensed: check units and times"
        )
    return dispensed_gbq - stayed


def delivered_fraction(
    *,
    rate_before: float,
    rate_after: float,
    background: float = 0.0,
    elapsed_h: float = 0.0,
    nuclide: Nuclide | None = None,
) -> float:
    r"""Part delivered, by exposure rates of vial and waste in one geometry.

    .. math:: f = 1 - \frac{R_{after} - B}{R_{before} - B}\, 2^{\Delta t / T_{1/2}}

    Parameters
    ----------
    rate_before, rate_after, background : float, >= 0
        In one unit.
    elapsed_h : float, >= 0
        Between the two, over which the residual decayed.
    nuclide : Nuclide, optional
        Y-90.

    Returns
    -------
    float
        Of what was in the vial before: of the assayed, not of the prescribed.

    Raises
    ------
    RangeError
        A rate below the background, or one that rose.

    Notes
    -----
    Vial and waste jar must be measured alike; the bremsstrahlung of a residual spread
    over tubing is not that of a vial.

    Examples
    --------
    5.8 mR/h before and 3.8 mR/h after: 1 - 3.8 / 5.8.

    >>> round(delivered_fraction(rate_before=5.8, rate_after=3.8), 3)
    0.345
    """
    require_not_negative(
        rate_before=rate_before,
        rate_after=rate_after,
        background=background,
        elapsed_h=elapsed_h,
    )
    before, after = rate_before - background, rate_after - background
    if before <= 0 or after < 0:
        raise RangeError(
            f"the rates, {rate_before:g} and {rate_after:g}, are not above the "
            f"background, {background:g}: measure nearer, or check the unit"
        )
    decayed = (nuclide or Nuclide.named("Y-90")).decay_factor(elapsed_h)
    fraction = 1 - after / before / decayed
    if fraction < 0:
        raise RangeError(
            f"the rate rose from {rate_before:g} to {rate_after:g}, decay considered: "
            "the two were not measured alike"
        )
    return fraction
