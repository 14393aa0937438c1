"""The numbers of a phantom's image that are fitted, and what each changes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.kernel import tail_transfer
from sirtdose.dosimetry.commission.transform import PER_MM2
from sirtdose.dosimetry.commission.view import View

Array = NDArray[np.float64]
Single = NDArray[np.float32]
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

    def transfers(self, view: View, at: Array) -> list[Single]:
        """What is left of each frequency, by fill."""
        tail, cores = self._tail(view, float(at[TAIL_WIDTH])), self._cores(view, at)
        return self._mixed(at, tail, cores)

    def _mixed(
        self, at: Array, tail: Single, cores: dict[tuple[int, int], Single]
    ) -> list[Single]:
        part, edge = float(at[TAIL]), float(at[SHARP])
        return [
            (1 - part) * self._sharpened(cores[self._widths(k, at)], edge) + part * tail
            for k in range(len(self.in_balls))
        ]

    def _tail(self, view: View, width: float) -> Single:
        plane, axial = view.squares
        return np.asarray(tail_transfer(self.form, plane + axial, width), np.float32)

    def _cores(self, view: View, at: Array) -> dict[tuple[int, int], Single]:
        """Gaussians by where their widths stand."""
        plane, axial = view.squares
        wanted = {self._widths(k, at) for k in range(len(self.in_balls))}
        return {
            (p, z): np.exp(
                -PER_MM2 * (float(at[p]) ** 2 * plane + float(at[z]) ** 2 * axial)
            )
            for p, z in wanted
        }

    def slopes(
        self, view: View, at: Array
    ) -> tuple[list[Single], list[dict[int, Single]]]:
        """Transfers, and by fill their change with each number of the blur."""
        plane, axial = view.squares
        width = float(at[TAIL_WIDTH])
        tail, cores = self._tail(view, width), self._cores(view, at)
        step = 1e-2 * width
        wider = self._tail(view, width + step) - self._tail(view, width - step)
        part, edge, power = float(at[TAIL]), float(at[SHARP]), self.sharp
        of = []
        for k in range(len(self.in_balls)):
            p, z = self._widths(k, at)
            core = cores[p, z]
            around = core**power if power else np.ones_like(core)
            bent = core * (1 + edge * (1 - (1 + power) * around))
            bent *= -2 * PER_MM2 * (1 - part)
            of.append(
                {
                    p: bent * float(at[p]) * plane,
                    z: bent * float(at[z]) * axial,
                    SHARP: (1 - part) * core * (1 - around),
                    TAIL: tail - self._sharpened(core, edge),
                    TAIL_WIDTH: wider * (part / (2 * step)),
                }
            )
        return self._mixed(at, tail, cores), of

    def _sharpened(self, core: Single, edge: float) -> Single:
        """A Gaussian whose edges overshoot."""
        return core * (1 + edge * (1 - core**self.sharp)) if self.sharp else core
