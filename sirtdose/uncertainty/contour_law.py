r"""How far one reader's contour may be off, by the published law of its size.

.. math:: \frac{u(V)}{V} = \frac{3\,u(d)}{d}, \qquad
          u^2(d) = \frac{a^2}{6} + \frac{w^2}{4 \ln 2}

for a diameter d, voxels of a side a and a resolution of a full width w. Both are of the
image that was drawn on. A border lies half as far off as a diameter.
"""

from dataclasses import dataclass
from math import log, sqrt

from sirtdose.data.load import table
from sirtdose.dosimetry.image.blur_loss import sphere_mm
from sirtdose.uncertainty.budget import Component
from sirtdose.uncertainty.scene import Contour

SIZE, SHIFT = "contour_size", "contour_shift_voxels"


def diameter_standard_mm(*, voxel_mm: float, fwhm_mm: float) -> float:
    """Standard uncertainty of a diameter that was drawn on an image.

    Parameters
    ----------
    voxel_mm, fwhm_mm : float, >= 0

    References
    ----------
    Gear et al., Eur J Nucl Med Mol Imaging 2018;45:2456,
    doi:10.1007/s00259-018-4136-7.

    Examples
    --------
    A SPECT of 4.8 mm voxels and 15 mm: sqrt(23.04 / 6 + 225 / 2.7726) = 9.219 mm; of a
    sphere of 30 mm the volume is known to 3 * 9.219 / 30 = 92 %.

    >>> round(diameter_standard_mm(voxel_mm=4.8, fwhm_mm=15.0), 3)
    9.219
    """
    return sqrt(voxel_mm**2 / 6 + fwhm_mm**2 / (4 * log(2)))


@dataclass(frozen=True)
class DrawnOn:
    """The image that contours were drawn on: its voxels' side and its resolution, mm.

    On a CT or MR readers differ by more than the image makes them: of tumors, that is
    added.
    """

    words: str
    voxel_mm: float
    fwhm_mm: float
    is_emission: bool

    @property
    def outwards_mm(self) -> float:
        """What the law says of a border."""
        return diameter_standard_mm(voxel_mm=self.voxel_mm, fwhm_mm=self.fwhm_mm) / 2

    def contour(self, volume_ml: float, *, tumor: bool, aside_mm: float) -> Contour:
        """How far the border of a structure may be off.

        Examples
        --------
        A tumor of 30 mm on a CT: 17.2 % of its volume is 0.86 mm of its border.

        >>> ct = DrawnOn("CT", 1.4, 1.0, is_emission=False)
        >>> round(ct.contour(14.137, tumor=True, aside_mm=1.0).outwards_mm, 3)
        0.955
        """
        readers = 0.0
        if tumor and not self.is_emission:
            spread = table("budget")["contour_law"]["volume_between_readers"]
            readers = spread["value"] * sphere_mm(volume_ml) / 6
        outwards = sqrt(self.outwards_mm**2 + readers**2)
        return Contour(outwards, aside_mm, (SIZE, SHIFT))

    def component(self) -> Component:
        """The entry of the budget."""
        known = table("budget")["contour_law"]
        between = known["volume_between_readers"]
        says = (
            "displacement of a contour outward or inward by its size, drawn by one "
            f"reader on {self.words}: voxels {self.voxel_mm:.2g} mm, FWHM "
            f"{self.fwhm_mm:.2g} mm"
        )
        source = known["source"]
        if not self.is_emission:
            says += f"; of a tumor also {between['value']:.1%} of its volume"
            source += f"; {between['source']}"
        return Component(
            SIZE, self.outwards_mm, "mm", says, source, verified=known["verified"]
        )


def anatomical_fwhm_mm() -> float:
    """The resolution of a CT or MR that was drawn on; assumed."""
    return float(table("budget")["contour_law"]["anatomical_fwhm_mm"]["value"])
