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
