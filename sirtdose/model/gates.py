"""Respiratory gates: what an image shows in each part of the breathing cycle."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Gates:
    """A complete set of gates, of which an image is the time-weighted mean.

    Parameters
    ----------
    fractions : tuple of float
        Part of the time in each gate; they add up to 1.
    data : array of shape (gates, slices, rows, columns)
        Each gate on the image's own grid, as bright as the image would be if the
        patient had stayed in that gate.
    timed : str
        What the fractions were read from.

    Examples
    --------
    >>> gates = Gates((0.25, 0.75), np.array([[[[8.0]]], [[[4.0]]]]), "FrameTime")
    >>> gates.names, gates.mean().item()
    (('gate 1', 'gate 2'), 5.0)
    """

    fractions: tuple[float, ...]
    data: NDArray[Any]
    timed: str

    @property
    def names(self) -> tuple[str, ...]:
        """One each, in the order of the cycle."""
        return tuple(f"gate {n + 1}" for n in range(len(self.fractions)))

    def mean(self) -> NDArray[np.float64]:
        """All gates, each by its time."""
        return np.asarray(np.tensordot(np.array(self.fractions), self.data, axes=1))

    @property
    def remark(self) -> str:
        """What is said of the image."""
        each = ", ".join(
            f"{name} {part:.0%}"
            for name, part in zip(self.names, self.fractions, strict=True)
        )
        return (
            f"the image has {len(self.fractions)} gates, read together as their mean "
            f"by time ({each}; {self.timed})"
        )
