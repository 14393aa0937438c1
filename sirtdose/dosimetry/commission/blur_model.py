"""The numbers of a phantom's image that are fitted, and what each changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.kernel import tail_transfer
from sirtdose.dosimetry.commission.transform import PER_MM2, blurred
from sirtdose.dosimetry.commission.view import View

Array = NDArray[np.float64]
# What is fitted lies between these.
_WIDTH_MM, _TAIL_MOST, _TAIL_WIDTH_MM = (2.0, 45.0), 0.4, (15.0, 160.0)
_EDGE_MOST = 3.0
# Where each number stands: widths, overshoot, tail, its width, place, concentrations.
PLANE, AXIS, SHARP, TAIL, TAIL_WIDTH, PLACE, HELD = 0, 1, 2, 3, 4, 5, 8


@dataclass(frozen=True)
class BlurModel:
    """Which numbers a blur has: widths, tail, and widths of spheres apart."""

    form: str
    in_balls: list[bool]
    sharp: int
    apart: bool

    def bounds(self) -> tuple[Array, Array]:
        """What each number may be."""
        count = len(self.in_balls)
        narrow, wide = _WIDTH_MM
        low = [narrow, narrow, -0.3, 0.0, _TAIL_WIDTH_MM[0], *[-np.inf] * 3]
        low += [0.0] * count
        high = [wide, wide, _EDGE_MOST, _TAIL_MOST, _TAIL_WIDTH_MM[1]]
        high += [np.inf] * (3 + count)
        if self.apart:
            low += [narrow, narrow]
            high += [wide, wide]
        return np.array(low), np.array(high)

    def _widths(self, k: int, at: Array) -> tuple[int, int]:
        """Where the widths of a fill stand."""
        return (at.size - 2, at.size - 1) if self.apart and self.in_balls[k] else (0, 1)

    def transfers(self, view: View, at: Array) -> list[Array]:
        """What is left of each frequency, by fill."""
        tail = self._tail(view, at[TAIL_WIDTH])
        cores = self._cores(view, at)
        part = at[TAIL]
        return [
            (1 - part) * self._sharpened(cores[self._widths(k, at)], at[SHARP])
            + part * tail
            for k in range(len(self.in_balls))
        ]

    def _tail(self, view: View, width: float) -> Array:
        plane, axial = view.squares
        return tail_transfer(self.form, plane + axial, width)

    def _cores(self, view: View, at: Array) -> dict[tuple[int, int], Array]:
        """Gaussians by where their widths stand."""
        wanted = {self._widths(k, at) for k in range(len(self.in_balls))}
        return {
            (p, z): np.asarray(blurred(view.frequency, at[p], at[z]), float)
            for p, z in wanted
        }

    def slopes(
        self, view: View, at: Array
    ) -> tuple[list[Array], list[dict[int, Array]]]:
        """Transfers, and by fill their change with each number of the blur."""
        plane, axial = view.squares
        step = 1e-3 * at[TAIL_WIDTH]
        wider = self._tail(view, at[TAIL_WIDTH] + step)
        wider = (wider - self._tail(view, at[TAIL_WIDTH] - step)) / (2 * step)
        tail, cores = self._tail(view, at[TAIL_WIDTH]), self._cores(view, at)
        part, edge = at[TAIL], at[SHARP]
        of = []
        for k in range(len(self.in_balls)):
            p, z = self._widths(k, at)
            core = cores[p, z]
            power = self.sharp
            bent = 1 + edge * (1 - (1 + power) * core**power)
            inner = -2 * PER_MM2 * (1 - part) * core * bent
            of.append(
                {
                    p: inner * at[p] * plane,
                    z: inner * at[z] * axial,
                    SHARP: (1 - part) * core * (1 - core**power),
                    TAIL: tail - self._sharpened(core, edge),
                    TAIL_WIDTH: part * wider,
                }
            )
        return self.transfers(view, at), of

    def _sharpened(self, core: Array, edge: float) -> Array:
        """A Gaussian whose edges overshoot."""
        return core * (1 + edge * (1 - core**self.sharp)) if self.sharp else core
