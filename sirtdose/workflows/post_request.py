"""What is to be assessed after treatment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sirtdose.model.finding import Acceptance
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from sirtdose.dosimetry.calibrate import Over


@dataclass(frozen=True)
class PostRequest:
    """What is to be assessed, and what was given when.

    Exactly one of `administered_gbq`, and `assay_gbq` with `assay_at`, is needed.
    Times know their offset from UTC; `timezone` places an image's own clock.
    `density` is in g/mL, ``"ct"``, or the path of an image in g/mL; `dose_grid` the
    image's own voxels, the CT's, or cubes of a side in mm.
    """

    source: Path
    nuclide: Nuclide
    administered_gbq: float | None = None
    assay_gbq: float | None = None
    assay_at: datetime | None = None
    administered_at: datetime | None = None
    residual_gbq: float = 0.0
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None
    image: Path | None = None
    ct: Path | None = None
    structures: tuple[Path, ...] = ()
    probability_threshold: float | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    calibration: str = "administered"
    cps_per_mbq: float | None = None
    calibrate_over: "Over | None" = None
    header_nuclide_was: str | None = None
    scan_at: datetime | None = None
    scan_duration_h: float | None = None
    timezone: str | None = None
    methods: tuple[str, ...] = ()
    medium: str = "soft-tissue"
    density: float | Path | Literal["ct"] = 1.05
    density_curve: str = "TOPAS_Schneider"
    dose_grid: float | Literal["image", "ct"] = "image"
    lung_mass_kg: float = 1.0
    lung_mass_source: str = "default"
    lung_shunt_source: str = "unknown"
    prior_lung_dose_gy: float = 0.0
    acceptances: tuple[Acceptance, ...] = ()

    @property
    def density_by_voxel(self) -> bool:
        """Whether densities come from an image rather than as one value."""
        return isinstance(self.density, (str, Path))

    @property
    def used_methods(self) -> tuple[str, ...]:
        """The methods asked for, else those that suit the density."""
        if self.methods:
            return self.methods
        return ("local", "collapsed-cone") if self.density_by_voxel else ("local",)
