"""What a commissioning is asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sirtdose.model.acceptance import Acceptance
from sirtdose.model.commissioned import Measured
from sirtdose.model.emitter import Emitter

# What a camera may differ by from its last commissioning, as a part.
TOLERANCES = {"factor": 0.05, "width": 0.05, "dead-time": 0.10}


@dataclass(frozen=True)
class Poured:
    """Activity in a phantom `at` a moment: all of it with a ratio, or each fill's own.

    Parameters
    ----------
    phantom : str
        The name of one that is shipped, or a file.
    activity_mbq : float, optional
        In the whole phantom; without it `fills_mbq` has each fill's by its name.
    ratio : float, optional
        Concentration of spheres over that of the background.
    uncertainty : float, optional
        Standard uncertainty of the activity, as a part.
    """

    phantom: str
    at: datetime
    activity_mbq: float | None = None
    ratio: float | None = None
    fills_mbq: Mapping[str, float] = field(default_factory=dict)
    uncertainty: float | None = None


@dataclass(frozen=True)
class CommissionRequest:
    """Scans, what was in the phantom, and how the camera's file is to be.

    `scan_at` and `scan_duration_h` are one for all scans, or one for each in order.
    `series` and `wide_rates` are tables of count rates.
    """

    scans: tuple[Path, ...]
    poured: Poured
    nuclide: Emitter
    device: str | None = None
    nuclide_was: str | None = None
    ct: tuple[Path, ...] = ()
    timezone: str | None = None
    scan_at: tuple[datetime, ...] = ()
    scan_duration_h: tuple[float, ...] = ()
    live_fraction: Measured | None = None
    series: Path | None = None
    wide_rates: Path | None = None
    name: str | None = None
    valid_for_d: int = 365
    before: Path | None = None
    tolerances: Mapping[str, float] = field(default_factory=dict)
    deidentify: bool = False
    acceptances: tuple[Acceptance, ...] = ()
