"""A dose calibrator's own factor, found on site for a nuclide and a vial (H40)."""

from sirtdose.errors import RangeError

_LOWEST, _HIGHEST = 0.5, 2.0


def require_calibrator_factor(factor: float) -> None:
    """Refuse what is no factor of a calibrator.

    Raises
    ------
    RangeError
        Outside 0.5 to 2: an activity, or a percentage.
    """
    # Written so that a NaN fails too.
    if not _LOWEST <= factor <= _HIGHEST:
        raise RangeError(
            f"calibrator factor is {factor:g}: it must be {_LOWEST:g} to {_HIGHEST:g}, "
            "the true activity over what the dose calibrator reads, such as 0.95"
        )
