"""A partial-volume correction with what it rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class PartialVolume:
    """An image whose blur was undone, beside the one it came from.

    `concentrations` go by region, in the image's unit; `total_change` is what the
    correction added to the image's total, of it. `sensitivity` says by tumor how its
    mean would change, of it, with another width or contour. `unreliable` are tumors
    under one width of the blur, or outside of a table of recovery coefficients.
    `uniform_gy` is what each tumor's concentration gives where all of a voxel is in it.
    """

    method: str
    volume: Volume
    fwhm_mm: tuple[float, float, float] | None
    rounds: int
    settled: bool
    total_change: float
    concentrations: Mapping[str, float]
    recoveries: Mapping[str, float]
    sensitivity: Mapping[str, Mapping[str, float]]
    unreliable: tuple[str, ...]
    source: str = ""
    calibration: Calibration | None = None
    uniform_gy: Mapping[str, float] = field(default_factory=dict)
