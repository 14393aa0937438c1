"""What lung and bone do to electrons and photons beside what their density does."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import KERNELS, table
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel, shells_of


@dataclass(frozen=True)
class Media:
    """Lung and bone beside soft tissue.

    Parameters
    ----------
    lung_length, bone_length : float
        Areal density of soft tissue that stops as much as 1 of the medium's own.
    turned_back : float, 0 to 1
        Of the energy that arrives at a step from soft tissue to cortical bone, what
        goes back.
    least_rise_g_per_ml : float
        Of density from a voxel to the next: less than this is noise, and turns nothing
        back.
    way_back : float
        How much sooner that is used up than what went on.
    photons_in_bone : float
        Energy that photons leave in a gram of cortical bone, over soft tissue's.
    lung_g_per_ml, bone_g_per_ml : float
        Of the media that these stand for.
    soft_tissue_g_per_ml : tuple of float
        From which density to which nothing differs.

    Notes
    -----
    Between lung, soft tissue and bone a voxel is a mixture, by its density.
    """

    lung_length: float
    bone_length: float
    turned_back: float
    least_rise_g_per_ml: float
    way_back: float
    photons_in_bone: float
    lung_g_per_ml: float
    soft_tissue_g_per_ml: tuple[float, float]
    bone_g_per_ml: float

    @classmethod
    @cache
    def of(cls, nuclide: str) -> "Media":
        """Of a nuclide; lengths are those of Y-90's electrons, and so is bone's rest.

        Examples
        --------
        >>> media = Media.of("Y-90")
        >>> round(media.lung_length, 3), round(media.bone_length, 3)
        (1.017, 0.967)
        """
        known = table("media")
        part = known["energy_fraction_of_range"]
        soft = RadialKernel.named("Y-90")
        reach = soft.radius_of_fraction(part) * soft.density_g_per_ml
        lengths = {}
        for name in ("lung", "bone"):
            one = known[name]
            file = KERNELS / one["kernel"]
            radii, within = shells_of(file.read_text("utf-8"), file.name)
            own = float(np.interp(part, within, radii)) * one["density_g_per_ml"]
            lengths[name] = reach / own
        photons = known["photons_absorbed_in_bone"]["value"]
        return cls(
            lung_length=lengths["lung"],
            bone_length=lengths["bone"],
            turned_back=known["turned_back_by_bone"]["value"],
            least_rise_g_per_ml=known["least_rise_g_per_ml"]["value"],
            way_back=known["way_back_from_bone"]["value"],
            photons_in_bone=photons.get(nuclide, photons["Y-90"]),
            lung_g_per_ml=known["lung"]["density_g_per_ml"],
            soft_tissue_g_per_ml=tuple(known["soft_tissue_g_per_ml"]),
            bone_g_per_ml=known["bone"]["density_g_per_ml"],
        )

    def length(self, density_g_per_ml: NDArray[np.floating]) -> NDArray[np.float32]:
        """Soft tissue's areal density for one of each density's own."""
        places = [self.lung_g_per_ml, *self.soft_tissue_g_per_ml, self.bone_g_per_ml]
        values = [self.lung_length, 1.0, 1.0, self.bone_length]
        found = np.interp(density_g_per_ml, places, values)
        return np.asarray(found, np.float32)

    def photons(self, density_g_per_ml: NDArray[np.floating]) -> NDArray[np.float32]:
        """Energy that photons leave in a gram of each density, over soft tissue's."""
        soft, bone = self.soft_tissue_g_per_ml[1], self.bone_g_per_ml
        density = np.clip(density_g_per_ml, soft, bone)
        of_bone = bone * (density - soft) / (density * (bone - soft))
        return np.asarray(1 + (self.photons_in_bone - 1) * of_bone, np.float32)
