"""Four digits of a number that are never on its wrong side, and activities."""

from collections.abc import Callable
from math import ceil, floor, log10
from typing import Any

from sirtdose.model.moving import Moving, Number
from sirtdose.model.units import MCI_PER_GBQ

# Last digits of a computer's arithmetic do not count.
_SAME = 1e-12


def rounded_down(value: Number) -> str:
    """Four digits that are never more than a number above 0: what to give at most.

    >>> rounded_down(0.65867), rounded_down(5.7296), rounded_down(2.181)
    ('0.6586', '5.729', '2.181')
    """
    if isinstance(value, Moving):
        return f"{value:rounded down}"
    return _four_digits(value, floor, 1 + _SAME)


def rounded_up(value: Number) -> str:
    """Four digits that are never less than a number above 0: what to give at least.

    >>> rounded_up(0.65861), rounded_up(9.9991), rounded_up(2.181)
    ('0.6587', '10', '2.181')
    """
    if isinstance(value, Moving):
        return f"{value:rounded up}"
    return _four_digits(value, ceil, 1 - _SAME)


def _four_digits(value: float, whole: Callable[[float], int], same: float) -> str:
    places = 3 - floor(log10(value))
    return f"{whole(value * 10**places * same) / 10**places:.4g}"


def in_both_units(gbq: Number, write: Callable[[Any], str]) -> str:
    """An activity in GBq and mCi, each as `write` writes a number.

    >>> in_both_units(2.0, "{:.1f}".format)
    '2.0 GBq (54.1 mCi)'
    """
    return f"{write(gbq)} GBq ({write(gbq * MCI_PER_GBQ)} mCi)"


def amount(gbq: Number) -> str:
    """An activity in both units, four digits of each.

    >>> amount(2.0)
    '2 GBq (54.05 mCi)'
    """
    return in_both_units(gbq, "{:.4g}".format)


def amount_at_most(gbq: Number) -> str:
    """An activity in both units; whichever is typed, it is no more.

    >>> amount_at_most(1.4687)
    '1.468 GBq (39.69 mCi)'
    """
    return in_both_units(gbq, rounded_down)


def amount_at_least(gbq: Number) -> str:
    """An activity in both units; whichever is typed, it is no less.

    >>> amount_at_least(2.5692)
    '2.57 GBq (69.44 mCi)'
    """
    return in_both_units(gbq, rounded_up)
