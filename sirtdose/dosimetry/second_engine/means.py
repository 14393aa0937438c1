"""Mean doses by structure from batches of histories, and how well they are known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class Means:
    """Mean dose of each structure by batch, Gy.

    `awaited` are the places of those that are to be known to `known_to`, a relative
    standard uncertainty, after `least` batches or more.

    Examples
    --------
    >>> means = Means(known_to=0.1, awaited=(0,), least=2)
    >>> means.add([9.0, 2.0])
    >>> means.fraction_done()
    0.0
    >>> means.add([11.0, 0.0])
    >>> means.gy().tolist(), means.standard_gy().tolist()
    ([10.0, 1.0], [1.0, 1.0])
    >>> means.known()
    True
    """

    known_to: float
    awaited: tuple[int, ...]
    least: int
    batches: list[Sequence[float]] = field(default_factory=list)

    def add(self, batch: Sequence[float]) -> None:
        """What one batch gave."""
        self.batches.append(batch)

    def gy(self) -> NDArray[np.float64]:
        """The means of all batches."""
        return np.asarray(np.mean(self.batches, axis=0))

    def standard_gy(self) -> NDArray[np.float64]:
        """Their standard uncertainties, by how much batches differ."""
        count = len(self.batches)
        if count < 2:
            return np.full(len(self.batches[0]), math.inf)
        return np.asarray(np.std(self.batches, axis=0, ddof=1) / math.sqrt(count))

    def relative(self) -> NDArray[np.float64]:
        """Standard uncertainties over the means; infinite where the mean is 0."""
        means = self.gy()
        out = np.full(means.shape, math.inf)
        np.divide(self.standard_gy(), means, out=out, where=means > 0)
        return out

    def fraction_done(self) -> float:
        """Batches made over those needed, 0 to 1, by what is known so far."""
        count = len(self.batches)
        if count < 2:
            return 0.0
        worst = max((float(self.relative()[n]) for n in self.awaited), default=0.0)
        if not math.isfinite(worst):
            return 0.0
        needed = max(self.least, count * (worst / self.known_to) ** 2)
        return min(1.0, count / needed)

    def known(self) -> bool:
        """Whether all that is awaited is known well enough."""
        return self.fraction_done() >= 1
