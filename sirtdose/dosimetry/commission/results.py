"""What the commissioning of a camera is asked, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sirtdose.dosimetry.commission.dead_time import DeadTimeFit
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.acceptance import Acceptance
from sirtdose.model.commissioned import Commissioned, Measured
from sirtdose.model.emitter import Emitter
from sirtdose.model.finding import Finding
from sirtdose.model.solid import ScanPhantom


@dataclass(frozen=True)
class Filling:
    """What was poured into a phantom, and when it was measured.

    `poured_mbq_per_ml` is by name of fill at `at`; a fill of 0 is cold. `ratio` is of
    spheres to background as it was declared, None where there are not both.
    """

    phantom: ScanPhantom
    activity_mbq: float
    at: datetime
    nuclide: Emitter
    poured_mbq_per_ml: Mapping[str, float]
    ratio: float | None = None


@dataclass(frozen=True, eq=False)
class CommissionedScan:
    """One scan: its file, its moment, what was in the phantom, what the fit said.

    `activity_mbq` is in the field of view by fill, the mean during the scan;
    `rate_cps` the counts per second in a field without end, None for an image in Bq/mL.
    `live_fraction` is what `factor` was corrected with, None where nobody knows it.
    `ct_offset_mm` is the phantom's place in the image less that on the CT (x, y, z).
    """

    file: str
    sha256: str
    files: int
    scan_start: datetime
    duration_s: float | None
    activity_mbq: Mapping[str, float]
    scan: PhantomScan
    rate_cps: Measured | None
    factor: Measured | None
    live_fraction: Measured | None = None
    ct_offset_mm: tuple[float, float, float] | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    modality: str = "NM"

    @property
    def total_mbq(self) -> float:
        """All that is in the field of view."""
        return sum(self.activity_mbq.values())


@dataclass(frozen=True)
class Drift:
    """One number beside that of the last commissioning.

    `relative` is now over before, less 1; `standard` its standard uncertainty;
    `tolerance` what the site allows, as a part.
    """

    name: str
    unit: str
    now: Measured
    before: Measured
    relative: float
    standard: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether it is within the tolerance."""
        return abs(self.relative) <= self.tolerance


@dataclass(frozen=True, eq=False)
class Commissioning:
    """A camera, the scans that it was commissioned by, and what is in doubt.

    `filling` is what was poured, `made` the day of the last scan. `dead_time` is by the
    series of count rates where one was given. `yield_factor` multiplies a PET image
    that was told another nuclide, `nuclide_was`.
    """

    filling: Filling
    made: date
    scans: tuple[CommissionedScan, ...]
    dead_time: DeadTimeFit | None
    camera: Commissioned
    before: Commissioned | None = None
    drift: tuple[Drift, ...] = ()
    findings: tuple[Finding, ...] = ()
    accepted: tuple[Acceptance, ...] = ()
    nuclide_was: str | None = None
    yield_factor: Measured | None = None
