"""Numbers of a DICOM attribute, whatever its value is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_SHOWN = 6
EXPORT = "export the file again, or correct the value"


def as_numbers(value: object) -> NDArray[np.float64] | None:
    """A value as numbers, one or more; None where one of them is no number."""
    try:
        return np.atleast_1d(np.asarray(value, dtype=np.float64))
    except (TypeError, ValueError, OverflowError):
        return None


def as_text(value: Any) -> str:
    """A value of text, several as DICOM separates them."""
    several = [value] if isinstance(value, str) else value
    return "\\".join(str(one) for one in several)


def shown(values: NDArray[Any]) -> str:
    r"""Numbers for a message, as DICOM separates them.

    >>> shown(np.array([0.5, 2.0]))
    '0.5\\2'
    >>> shown(np.arange(1.0, 10.0))
    '1\\2\\3\\4\\5\\6 and 3 more'
    """
    numbers = np.ravel(values)
    more = f" and {numbers.size - _SHOWN} more" if numbers.size > _SHOWN else ""
    return "\\".join(f"{one:g}" for one in numbers[:_SHOWN]) + more


def not_numbers(value: Any, has: str, count: int | None) -> str:
    """What is wrong with a value; `has` names file, attribute and tag."""
    parts = [value] if isinstance(value, (str, bytes)) else list(np.atleast_1d(value))
    shown = "\\".join(str(one) for one in parts)
    shown = "".join(one if one.isprintable() else "?" for one in shown)[:40]
    needed = "numbers are" if count is None else f"{count} numbers are"
    needed = "a single number is" if count == 1 else needed
    comma = ", with a decimal point and no comma" if "," in shown else ""
    return f"{has} = {shown}: {needed} needed{comma}; {EXPORT}"
