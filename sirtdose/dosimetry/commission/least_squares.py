"""Least squares of many voxels and few numbers, each of them between bounds.

Levenberg and Marquardt's steps over normal equations: with a million voxels and ten
numbers, what goes over the whole matrix is the price, and it is needed once a step.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import QuantityError

Array = NDArray[np.float64]
Evaluate = Callable[[Array], tuple[NDArray[Any], NDArray[Any]]]
_ROUNDS = 30
_DAMPED, _EASED, _LEAST, _MOST = 1e-3, 0.2, 1e-9, 1e6
# A step that lowers the sum of squares by less, of it, has settled; and so has one that
# changes every number by less, of it.
_SETTLED, _STILL = 1e-5, 1e-4
# After all steps this much may still be gained by each: nothing is told apart by it.
_NEARLY = 1e-3


class Settled(NamedTuple):
    """Where the sum of squares is least, what is left over, and the normal matrix."""

    at: Array
    rest: NDArray[Any]
    normal: Array


def settled(
    evaluate: Evaluate,
    start: Array,
    *,
    low: Array,
    high: Array,
    gain: float = _SETTLED,
) -> Settled:
    """Find the numbers that leave over least.

    Parameters
    ----------
    evaluate : callable
        What is left over at some numbers, shape (n,), and its slopes (n, k).
    start, low, high : arrays of shape (k,)
    gain : float
        A step that lowers the sum of squares by less, of it, is the last.

    Raises
    ------
    QuantityError
        Nothing settles within 30 steps.

    Examples
    --------
    >>> x = np.arange(50.0)
    >>> seen = 3 * np.exp(-x / 8)
    >>> def line(at):
    ...     shape = np.exp(-x / at[1])
    ...     slopes = np.stack([shape, at[0] * shape * x / at[1] ** 2], 1)
    ...     return at[0] * shape - seen, slopes
    >>> both = {"low": np.zeros(2), "high": np.full(2, 99.0)}
    >>> settled(line, np.array([1.0, 5.0]), **both).at.round(4)
    array([3., 8.])
    """
    at = np.clip(start, low, high)
    rest, slopes = evaluate(at)
    cost, damped, gained = _squares(rest), _DAMPED, 1.0
    for _ in range(_ROUNDS):
        normal = np.asarray(slopes.T @ slopes, float)
        downhill = -np.asarray(slopes.T @ rest, float)
        # What would only go beyond its bound stays, and the others go without it.
        goes = ~((at <= low) & (downhill < 0) | (at >= high) & (downhill > 0))
        normal_of, down = normal[np.ix_(goes, goes)], downhill[goes]
        size = np.maximum(np.diag(normal_of), 1e-12 * np.diag(normal).max())
        while True:
            new = at.copy()
            new[goes] += np.linalg.solve(normal_of + np.diag(damped * size), down)
            new = np.clip(new, low, high)
            new_rest, new_slopes = evaluate(new)
            new_cost = _squares(new_rest)
            if new_cost <= cost or damped > _MOST:
                break
            damped *= 10
        if not np.isfinite(new_cost) or new_cost > cost:
            return Settled(at, rest, normal)
        gained = 1 - new_cost / cost if cost > 0 else 0.0
        still = bool((np.abs(new - at) <= _STILL * (np.abs(at) + 0.1)).all())
        at, rest, slopes, cost = new, new_rest, new_slopes, new_cost
        damped = max(damped * _EASED, _LEAST)
        if gained < gain or still:
            gained = 0.0
            break
    if gained < _NEARLY:
        return Settled(at, rest, np.asarray(slopes.T @ slopes, float))
    raise QuantityError(
        "the phantom cannot be fitted to its image: check --phantom, the activities of "
        "its fills, and that the whole phantom is in view"
    )


def _squares(rest: NDArray[Any]) -> float:
    return float((rest.astype(float) ** 2).sum())
