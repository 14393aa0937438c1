"""An image: voxel values, where they are, and what they measure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timezone
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import GeometryError, QuantityError
from sirtdose.model.gates import Gates
from sirtdose.model.grid import Grid
from sirtdose.model.shown import Placed


class Quantity(Enum):
    """What a voxel value measures; each has one unit."""

    COUNTS = "counts"
    ACTIVITY_CONCENTRATION = "Bq/mL"
    ACTIVITY = "GBq"
    TIME_INTEGRATED_ACTIVITY = "GBq h"
    CT_NUMBER = "HU"
    DENSITY = "g/mL"
    DOSE = "Gy"
    ENERGY_FRACTION = "1"
    SUV = "g/mL, by body weight"

    @property
    def unit(self) -> str:
        """The unit of the voxel values."""
        return self.value

    @property
    def adds_up(self) -> bool:
        """Whether it is so much in a voxel, as against so much per volume or mass.

        >>> Quantity.COUNTS.adds_up, Quantity.ACTIVITY_CONCENTRATION.adds_up
        (True, False)
        """
        return self in (
            Quantity.COUNTS,
            Quantity.ACTIVITY,
            Quantity.TIME_INTEGRATED_ACTIVITY,
        )


@dataclass(frozen=True)
class Doubt:
    """What a person must accept of an image, by its check, and what is used then."""

    code: str
    said: str
    used: str


@dataclass(frozen=True)
class Source:
    """Where an image came from, and what its header says of time.

    `scan_start` is as the header gives it: without a time zone where the header
    has none. `scan_start_origin` names the attribute it was read from. For a PET
    it is the moment its decay correction refers to. `clock_offset` is the offset from
    UTC that the header states for its clock: a moment may be written with another one
    of its own. `applied_half_life_h` is the
    half-life the scanner really used, where the header lets it be found.
    `nuclide_in_header` is what its `nuclide_words`, as they stand, are understood to
    name: empty for nothing, several one after the other where slices differ.
    `administration_clock` is the time of day to which a PET was corrected where its
    header leaves the day out.
    `frame_duration_s` is ActualFrameDuration as it stands: of a reconstructed SPECT
    it may be one view, all views or nothing, so no scan time is computed from it.
    `camera` is what it says of the camera, by
    :data:`sirtdose.model.site.CAMERA_KEYS`. `remarks` are said; `doubts` must be
    accepted by a person before the image is used. `described` is what a dose's file
    says of itself in words.
    """

    files: tuple[str, ...] = ()
    modality: str = ""
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    scan_start: datetime | None = None
    scan_start_origin: str = ""
    clock_offset: timezone | None = None
    administration_clock: time | None = None
    nuclide_in_header: str = ""
    nuclide_words: tuple[str, ...] = ()
    half_life_in_header_h: float | None = None
    applied_half_life_h: float | None = None
    positron_fraction_in_header: float | None = None
    decay_correction: str = ""
    corrections: tuple[str, ...] = ()
    frame_duration_s: float | None = None
    energy_windows_kev: tuple[tuple[float, float], ...] = ()
    camera: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    described: str = ""


@dataclass(frozen=True, eq=False, repr=False)
class Volume(Placed):
    """Voxel values, where they are, and what they measure.

    A Volume never changes: make another with :meth:`with_data`.

    Parameters
    ----------
    data : array of shape ``grid.shape``
        Voxel values in ``quantity.unit``; made read-only.
    grid : Grid
    quantity : Quantity
    source : Source, optional
    gates : Gates, optional
        Of a gated image, as they were read: what is made of it keeps them.

    Raises
    ------
    GeometryError
        The array's shape is not the grid's.
    QuantityError
        A value is not finite (H30).

    Examples
    --------
    >>> import numpy as np
    >>> grid = Grid.regular((2, 3, 4), spacing_mm=(3.0, 2.0, 1.0))
    >>> volume = Volume(np.ones((2, 3, 4)), grid, Quantity.COUNTS)
    >>> volume.total()
    24.0
    """

    data: NDArray[Any]
    grid: Grid
    quantity: Quantity
    source: Source | None = None
    gates: Gates | None = None

    def __post_init__(self) -> None:
        """Refuse voxels that are not finite numbers (H30)."""
        data = np.asarray(self.data)
        if data.shape != self.grid.shape:
            raise GeometryError(
                f"the array has shape {data.shape}, but its grid {self.grid.shape}"
            )
        if data.dtype.kind == "f" and not np.isfinite(data).all():
            bad = int(data.size - np.isfinite(data).sum())
            raise QuantityError(
                f"{bad} of {data.size} voxels are not finite numbers (H30): correct "
                f"the image, whose unit is {self.quantity.unit}"
            )
        if data.flags.writeable:
            data = data.view()
            data.flags.writeable = False
        object.__setattr__(self, "data", data)

    def _facts(self) -> dict[str, object]:
        return {
            "quantity": f"{self.quantity.name} [{self.quantity.unit}]",
            "shape": self.grid.shape,
            "spacing_mm": self.grid.spacing_mm,
            "min": float(self.data.min()),
            "max": float(self.data.max()),
        }

    def require(self, quantity: Quantity) -> NDArray[Any]:
        """The voxel values, provided they are of this quantity.

        Raises
        ------
        QuantityError
            They measure something else.
        """
        if self.quantity is not quantity:
            raise QuantityError(
                f"expected {quantity.name} [{quantity.unit}], but got "
                f"{self.quantity.name} [{self.quantity.unit}]"
            )
        return self.data

    def with_data(
        self, data: NDArray[Any], quantity: Quantity | None = None
    ) -> "Volume":
        """Other values on the same grid, from the same source."""
        return replace(self, data=data, quantity=quantity or self.quantity)

    def total(self) -> float:
        """Sum of the voxel values, in double precision."""
        return float(self.data.sum(dtype=np.float64))
