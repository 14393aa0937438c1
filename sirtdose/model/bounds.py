"""Ranges that a number must be in, and characters that a name may have."""

from math import isfinite

from sirtdose.errors import RangeError

# Of a dose calibrator's own factor.
_LOWEST, _HIGHEST = 0.5, 2.0


def require_positive(**values: float) -> None:
    """Refuse a value that is not a finite number above 0.

    >>> require_positive(mass_kg=-1.0)
    Traceback (most recent call last):
    sirtdose.errors.RangeError: mass kg is -1: it must be above 0
    """
    for name, value in values.items():
        if not (isfinite(value) and value > 0):
            raise RangeError(f"{_words(name)} is {value:g}: it must be above 0")


def require_not_negative(**values: float) -> None:
    """Refuse a value that is not a finite number of 0 or more.

    >>> require_not_negative(prior_lung_dose_gy=0.0)
    """
    for name, value in values.items():
        if not (isfinite(value) and value >= 0):
            raise RangeError(f"{_words(name)} is {value:g}: it must be 0 or more")


def require_fraction(**values: float) -> None:
    """Refuse a value that is not a fraction of at least 0 and less than 1.

    >>> require_fraction(lung_shunt_fraction=4.2)
    Traceback (most recent call last):
    ...
    sirtdose.errors.RangeError: lung shunt fraction is 4.2: it must be a fraction, \
0 to below 1 (4.2 % is 0.042)
    """
    for name, value in values.items():
        if not 0 <= value < 1:
            percent = f" ({value:g} % is {value / 100:g})" if 1 < value < 100 else ""
            raise RangeError(
                f"{_words(name)} is {value:g}: it must be a fraction, 0 to below 1"
                f"{percent}"
            )


def _words(name: str) -> str:
    """A parameter's name as people read it, its unit last."""
    return name.replace("_g_per_ml", " g/mL").replace("_", " ")


def printable(name: str) -> str:
    r"""A name that any terminal or file can show: no control characters.

    >>> printable("Tumor\x1b[31m")
    'Tumor?[31m'
    """
    text = name.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else "?" for c in text)


def require_calibrator_factor(factor: float) -> None:
    """Refuse what is no factor of a dose calibrator, found on site (H40).

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
