"""What a phantom scan said of a camera: factor, blur, dead time, recovery, noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from math import exp, hypot, log, pi
from pathlib import Path
from statistics import fmean

from sirtdose.errors import RangeError
from sirtdose.model.recovery import LEAST, RecoveryTable

# What a dead-time model may be called in a file.
DEAD_TIMES = ("none", "paralyzable", "non-paralyzable", "not distinguishable")
TAIL_FORMS = ("gaussian", "exponential", "power")


@dataclass(frozen=True)
class Measured:
    """A number with its standard uncertainty (k = 1), in the same unit."""

    value: float
    standard: float

    def __post_init__(self) -> None:
        if not self.standard >= 0:
            raise RangeError(
                f"a standard uncertainty is {self.standard:g}: it is 0 or more"
            )

    @property
    def relative(self) -> float:
        """Of the value."""
        return self.standard / abs(self.value) if self.value else 0.0


@dataclass(frozen=True)
class CameraBlur:
    """Core of the blur by its widths (FWHM, mm), and its wide tail.

    `edge` and `edge_power` describe edges that overshoot, as a resolution model leaves
    them; both are 0 for a Gaussian. `gaussian_tail` is the part of the counts in a
    Gaussian tail and its width, mm: of the fit whose tail is a Gaussian, with the
    widths `gaussian_core_mm`, in the plane and along the axis, that belong to it. A
    correction uses these where they are given, the report the others.

    Examples
    --------
    >>> blur = CameraBlur(
    ...     Measured(13.0, 0.2), Measured(15.0, 0.45), Measured(0.08, 0.01),
    ...     Measured(60.0, 5.0), "exponential", (12.5, 14.5), (0.06, 55.0),
    ... )
    >>> blur.widths_mm, blur.tail, round(blur.relative, 3)
    ((12.5, 12.5, 14.5), (0.06, 55.0), 0.03)
    """

    in_plane_mm: Measured
    axial_mm: Measured
    tail_fraction: Measured
    tail_fwhm_mm: Measured
    tail_form: str = "gaussian"
    gaussian_core_mm: tuple[float, float] = (0.0, 0.0)
    gaussian_tail: tuple[float, float] = (0.0, 0.0)
    edge: float = 0.0
    edge_power: int = 0

    @property
    def widths_mm(self) -> tuple[float, float, float]:
        """The widths that a correction uses, along the patient's x, y and z."""
        own = (self.in_plane_mm.value, self.axial_mm.value)
        plane, axial = self.gaussian_core_mm if any(self.gaussian_core_mm) else own
        return plane, plane, axial

    @property
    def tail(self) -> tuple[float, float] | None:
        """The tail that belongs to these widths: part of the counts, width in mm."""
        own = (self.tail_fraction.value, self.tail_fwhm_mm.value)
        tail = self.gaussian_tail if any(self.gaussian_core_mm) else own
        return tail if tail[0] > 0 else None

    @property
    def edges(self) -> tuple[float, int] | None:
        """How edges overshoot, where they do."""
        return (self.edge, self.edge_power) if self.edge and self.edge_power else None

    @property
    def relative(self) -> float:
        """Standard uncertainty of the widths, of them: the larger of both."""
        return max(self.in_plane_mm.relative, self.axial_mm.relative)


@dataclass(frozen=True)
class CameraFactor:
    """Counts per second per MBq, or shown over true Bq/mL, at a live fraction of 1.

    `live_fraction` is what it was corrected with; None where nobody knows it, and the
    factor then holds at the activity that was scanned alone.
    """

    value: Measured
    unit: str
    live_fraction: Measured | None = None

    @property
    def is_counts(self) -> bool:
        """Whether it turns counts into activity."""
        return self.unit == "cps/MBq"


@dataclass(frozen=True)
class CameraDeadTime:
    """Loss of counts by the activity in view: one model, or two that both fit.

    `per_gbq` is the constant of each model that was kept, by its name; `measured_gbq`
    lowest and highest activity that were scanned, `linear_to_gbq` where 2 % are lost.

    Examples
    --------
    >>> both = {"paralyzable": Measured(0.1, 0.01)}
    >>> one = CameraDeadTime("paralyzable", both, (0.3, 3.0), 0.2)
    >>> round(one.live_fraction(2.0).value, 4), one.outside(4.0)
    (0.8187, 'above')
    """

    model: str
    per_gbq: Mapping[str, Measured]
    measured_gbq: tuple[float, float]
    linear_to_gbq: float

    def live_fraction(self, activity_gbq: float, relative: float = 0.0) -> Measured:
        """Part of the counts that is kept with so much activity in view.

        `relative` is the standard uncertainty of the activity, of it.
        """
        kept = [
            _live(model, constant, activity_gbq, relative)
            for model, constant in self.per_gbq.items()
        ]
        if not kept:
            return Measured(1.0, 0.0)
        values = [one.value for one in kept]
        apart = (max(values) - min(values)) / 2
        noise = max(one.standard for one in kept)
        return Measured(sum(values) / len(values), hypot(noise, apart))

    def outside(self, activity_gbq: float) -> str:
        """Whether an activity is ``"above"`` or ``"below"`` those scanned."""
        low, high = self.measured_gbq
        if activity_gbq > high * 1.01:
            return "above"
        return "below" if activity_gbq < low / 1.01 else ""


def _live(
    model: str, constant: Measured, activity_gbq: float, relative: float
) -> Measured:
    lost = constant.value * activity_gbq
    if model == "paralyzable":
        live = exp(-lost)
        slope = live
    else:
        live = 1 / (1 + lost)
        slope = live**2
    return Measured(live, slope * lost * hypot(constant.relative, relative))


@dataclass(frozen=True)
class CameraRecovery:
    """Recovery of a sphere: of the blurred model, and of the image itself.

    `ratio` is its concentration over that of what is around; 0 where that is cold.
    """

    diameter_mm: float
    ratio: float
    model: Measured
    image: Measured | None = None


@dataclass(frozen=True)
class CameraNoise:
    """Noise of voxels in an even part of the phantom, and how far it goes together."""

    relative: float
    fwhm_mm: float
    counts_per_ml: float


@dataclass(frozen=True)
class Commissioned:
    """A camera as it was commissioned: what `camera.toml` says.

    `header` holds what files of the camera say of it, by the keys of
    :data:`sirtdose.model.site.CAMERA_KEYS`; `scans` the SHA-256 of what was used;
    `sha256` is the file's own where it was read.
    """

    name: str
    made: date
    valid_until: date
    nuclide: str
    phantom: str
    blur: CameraBlur | None
    factor: CameraFactor | None
    dead_time: CameraDeadTime | None = None
    recovery: Sequence[CameraRecovery] = ()
    noise: CameraNoise | None = None
    header: Mapping[str, str] = field(default_factory=dict)
    scans: Sequence[str] = ()
    notes: Sequence[str] = ()
    sha256: str = ""

    def expired(self, on: date) -> bool:
        """Whether a day lies after what the file is valid for."""
        return on > self.valid_until

    def recovery_at(self, volume_ml: float) -> float | None:
        """Recovery of a lesion in the cold by its volume, between those measured.

        By the blurred model, over the logarithm of volume; None outside of what was
        measured. A sphere of recovery r shows r + (1 - r) / ratio of what it holds:
        what its background brings in is left out.
        """
        sizes = [(log(one), own.value) for one, own in self._in_the_cold()]
        at = log(volume_ml)
        for (low, a), (high, b) in pairwise(sizes):
            if low <= at <= high:
                return a + (at - low) / (high - low) * (b - a)
        return None

    @property
    def recovery_curve(self) -> RecoveryTable | None:
        """Recovery in the cold by volume, as a correction takes it; None without one.

        Spheres of which less is left than can be corrected are no part of it.
        """
        rows = [one for one in self._in_the_cold() if one[1].value >= LEAST]
        if len(rows) < 2:
            return None
        return RecoveryTable(
            [volume_ml for volume_ml, _ in rows],
            [own.value for _, own in rows],
            [own.standard for _, own in rows],
        )

    def _in_the_cold(self) -> list[tuple[float, Measured]]:
        """Volumes of spheres, mL, and what the blurred model keeps of each alone."""
        by_size: dict[float, list[Measured]] = {}
        for one in self.recovery:
            around = 1 / one.ratio if one.ratio else 0.0
            if around < 1:
                kept = (one.model.value - around) / (1 - around)
                own = Measured(kept, one.model.standard / (1 - around))
                by_size.setdefault(one.diameter_mm, []).append(own)
        return [
            (
                pi * diameter**3 / 6000,
                Measured(
                    fmean(one.value for one in found),
                    fmean(one.standard for one in found),
                ),
            )
            for diameter, found in sorted(by_size.items())
        ]


@dataclass(frozen=True)
class ScanLive:
    """What a camera keeps of its counts at a scan.

    `in_view_gbq` is the mean activity over the scan by the ledger, `outside` whether
    it is ``"above"`` or ``"below"`` those that the camera was scanned with.
    """

    in_view_gbq: float
    fraction: Measured
    outside: str = ""


@dataclass(frozen=True)
class CameraUsed:
    """A camera's file that an image is used with, and what it gives there.

    `header` are the words that the image's own header has of its camera, `gives` what
    is used of ``"blur"``, ``"factor"`` and ``"dead time"``, or ``"tail"`` where the
    width is fitted to the image; `without_factor` says why no calibration is by its
    factor.
    """

    camera: Commissioned
    path: Path
    header: Mapping[str, str] = field(default_factory=dict)
    live: ScanLive | None = None
    gives: tuple[str, ...] = ()
    without_factor: str = ""

    @property
    def factor_relative(self) -> float | None:
        """Standard uncertainty of the factor with its live fraction, of it.

        None where it calibrates nothing.
        """
        if self.camera.factor is None or "factor" not in self.gives:
            return None
        lost = self.live.fraction.relative if self.live and self.corrects else 0.0
        return hypot(self.camera.factor.value.relative, lost)

    @property
    def corrects(self) -> bool:
        """Whether counts that were lost are put back."""
        return "dead time" in self.gives
