"""An image and its structures, and how doses are computed from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sirtdose.model.finding import Acceptance
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.usual import LIVER_DENSITY_G_PER_ML


@dataclass(frozen=True)
class ImageRequest:
    """What is to be read, and how doses are computed from it.

    Where no `nuclide_given` was, the header's outranks the one assumed.
    `density` is in g/mL, ``"ct"``, or the path of an image in g/mL; `dose_grid` the
    image's own voxels, the CT's, or cubes of a side in mm. `registration` is
    ``"rigid"``, ``"affine"``, ``"bspline"``, or the path of a transform, by which
    structures come from the image they were `drawn_on`. `segment_liver` and
    `segment_tumors` delineate what is not drawn, above a part of the image's or the
    liver's most, or adaptively.
    """

    source: Path
    nuclide: Nuclide
    nuclide_given: bool = True
    image: Path | None = None
    ct: Path | None = None
    structures: tuple[Path, ...] = ()
    probability_threshold: float | None = None
    roles: Mapping[str, Role] = field(default_factory=dict)
    header_nuclide_was: str | None = None
    positron_fraction_was: float | None = None
    methods: tuple[str, ...] = ()
    medium: str = "soft-tissue"
    density: float | Path | Literal["ct"] = LIVER_DENSITY_G_PER_ML
    density_curve: str = "TOPAS_Schneider"
    dose_grid: float | Literal["image", "ct"] = "image"
    registration: str | Path | None = None
    drawn_on: Path | None = None
    segment_liver: float | None = None
    segment_tumors: float | Literal["adaptive"] | None = None
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
        by_kernel = self.density_by_voxel and self.nuclide.kernels
        return ("local", "collapsed-cone") if by_kernel else ("local",)

    @property
    def grid_in_words(self) -> str:
        """The voxels that doses are computed on."""
        side = self.dose_grid
        return f"cubes of {side:g} mm" if isinstance(side, float) else f"{side} voxels"
