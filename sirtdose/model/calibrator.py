"""A dose calibrator's own factor, found on site for a nuclide and a vial (H40)."""

from sirtdose.errors import RangeError
from sirtdose.model.finding import Finding, Severity

_LOWEST, _HIGHEST = 0.5, 2.0
# A vendor's scale has been found 26 % off.
_UNUSUAL = 0.3


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


def calibrator_findings(factor: float) -> list[Finding]:
    """What a factor did to the activities; over 30 % asks.

    >>> [one.severity.value for f in (1.0, 1.05, 1.4) for one in calibrator_findings(f)]
    ['note', 'ask']
    """
    if factor == 1.0:
        return []
    said = f"activities are {factor:g} times as read, the dose calibrator's factor"
    if abs(factor - 1) > _UNUSUAL:
        said += ": over 30 % from 1, is it right?"
        return [Finding.of("H40", said, severity=Severity.ASK)]
    return [Finding.of("H40", said, severity=Severity.NOTE)]
