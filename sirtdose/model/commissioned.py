"""What a phantom scan said of a camera: factor, blur, dead time, recovery, noise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from math import exp, log

from sirtdose.errors import RangeError

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
    widths `gaussian_core_mm` that belong to it. A correction uses these, the report the
    others.
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

    def live_fraction(self, activity_gbq: float) -> Measured:
        """Part of the counts that is kept with so much activity in view."""
        kept = [
            _live(model, constant, activity_gbq)
            for model, constant in self.per_gbq.items()
        ]
        if not kept:
            return Measured(1.0, 0.0)
        values = [one.value for one in kept]
        apart = (max(values) - min(values)) / 2
        noise = max(one.standard for one in kept)
        return Measured(sum(values) / len(values), (noise**2 + apart**2) ** 0.5)

    def outside(self, activity_gbq: float) -> str:
        """Whether an activity is ``"above"`` or ``"below"`` those scanned."""
        low, high = self.measured_gbq
        if activity_gbq > high * 1.01:
            return "above"
        return "below" if activity_gbq < low / 1.01 else ""


def _live(model: str, constant: Measured, activity_gbq: float) -> Measured:
    lost = constant.value * activity_gbq
    if model == "paralyzable":
        live = exp(-lost)
        slope = live
    else:
        live = 1 / (1 + lost)
        slope = live**2
    return Measured(live, slope * activity_gbq * constant.standard)


@dataclass(frozen=True)
class CameraRecovery:
    """Recovery of a sphere: of the blurred model, and of the image itself."""

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
        """Recovery of the blurred model by a lesion's volume, between those measured.

        Over the logarithm of volume; None outside of what was measured.
        """
        rows = sorted({(one.diameter_mm, one.model.value) for one in self.recovery})
        sizes = [(log(0.5235988 * d**3 / 1000), value) for d, value in rows]
        at = log(volume_ml)
        for (low, a), (high, b) in pairwise(sizes):
            if low <= at <= high:
                return a + (at - low) / (high - low) * (b - a)
        return None
