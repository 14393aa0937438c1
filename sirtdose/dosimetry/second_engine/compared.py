"""Mean doses by our methods beside those of another engine."""

import math
from dataclasses import dataclass
from typing import Any

from sirtdose.data.load import table
from sirtdose.model.finding import Finding


@dataclass(frozen=True)
class Mean:
    """A structure's mean dose by one of our methods, and the other engine's, Gy.

    `tolerance_fraction` is the allowed difference, to which the simulation's
    uncertainty is added.
    """

    method: str
    name: str
    role: str
    ours_gy: float
    theirs_gy: float
    standard_gy: float
    tolerance_fraction: float

    @property
    def known_to_gy(self) -> float | None:
        """Standard uncertainty; None where no history, or only one batch, tells it.

        >>> Mean("kernel", "Lungs", "lungs", 0.1, 0.0, 0.0, 0.03).known_to_gy is None
        True
        """
        known = self.theirs_gy > 0 and math.isfinite(self.standard_gy)
        return self.standard_gy if known else None

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return self.ours_gy / self.theirs_gy if self.theirs_gy > 0 else None

    @property
    def ratio_standard(self) -> float | None:
        """Standard uncertainty of the ratio, by the simulation alone."""
        ratio, known = self.ratio, self.known_to_gy
        return ratio * known / self.theirs_gy if ratio and known is not None else None

    @property
    def allowed_gy(self) -> float:
        """By how much they may differ: at least so many Gy."""
        known = table("second_engine")["tolerance"]
        allowed = max(self.tolerance_fraction * self.theirs_gy, known["least_gy"])
        return float(allowed + known["standard_uncertainties"] * self.standard_gy)

    @property
    def apart_gy(self) -> float:
        """Ours less theirs."""
        return self.ours_gy - self.theirs_gy

    @property
    def passed(self) -> bool:
        """Whether they are near enough.

        >>> near = Mean("kernel", "T", "tumor", 102.0, 100.0, 0.5, 0.03)
        >>> far = Mean("kernel", "T", "tumor", 105.0, 100.0, 0.5, 0.03)
        >>> near.passed, far.passed
        (True, False)
        """
        return abs(self.apart_gy) <= self.allowed_gy


@dataclass(frozen=True)
class Simulation:
    """How another engine came to its doses.

    `reached` is the largest relative standard uncertainty of what was awaited, None
    before it is known; `stopped` whether the time was over before; `seconds` are those
    that it took, however many processes worked.
    """

    engine: str
    version: str
    histories: int
    batches: int
    seed: int
    processes: int
    known_to: float
    reached: float | None
    stopped: bool
    seconds: float
    absorbed_fraction: float
    energy_mev_per_decay: float
    awaited: tuple[str, ...]
    media: dict[str, Any]


@dataclass(frozen=True)
class SecondEngine:
    """Our doses against those of another engine."""

    nuclide: str
    dose_constant_gy_kg_per_gbq: float
    density_g_per_ml: float | None
    simulation: Simulation
    rows: tuple[Mean, ...]
    findings: tuple[Finding, ...]
    emissions_source: str
    emissions_left_out: str

    @property
    def passed(self) -> bool:
        """Whether every mean of every method is near enough."""
        return all(one.passed for one in self.rows)
