"""How far from a decay its energy goes: the radial energy of a point source."""

from dataclasses import dataclass, field, replace
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.model.nuclide import Nuclide

_PHOTONS = "E_photon_MeV"
_ROUNDED = 1e-4


@dataclass(frozen=True)
class RadialKernel:
    """Cumulative energy around a point source in an infinite uniform medium.

    Two are equal that were made of the same text and numbers: kernels of voxels are
    kept by that.

    Parameters
    ----------
    nuclide, medium : str
    density_g_per_ml : float, > 0
    radius_mm : ndarray, shape (n,)
        Shell borders, from 0.
    energy_fraction_within : ndarray, shape (n,)
        Of the energy emitted per decay, what stays inside each border: 0 at 0;
        what the last border leaves out is not in the table.
    electron_range_mm : float
        Where the electrons have stopped: beyond it photons alone carry energy.
    energy_mev_per_decay : float
        Of which the fractions are: betas, or all emissions.
    source : str
    text : str
        The table as its file holds it.
    """

    nuclide: str
    medium: str
    density_g_per_ml: float
    radius_mm: NDArray[np.float64] = field(compare=False)
    energy_fraction_within: NDArray[np.float64] = field(compare=False)
    electron_range_mm: float
    energy_mev_per_decay: float
    source: str
    text: str = field(repr=False)

    @classmethod
    def named(cls, nuclide: str, medium: str = "soft-tissue") -> "RadialKernel":
        """The kernel of a nuclide that is shipped.

        Raises
        ------
        InputError
            No kernel of this nuclide in this medium.

        Examples
        --------
        Half of Y-90's energy stays within 2.28 mm of soft tissue.

        >>> kernel = RadialKernel.named("Y-90")
        >>> round(kernel.radius_of_fraction(0.5), 2)
        2.28
        """
        return cls.of(Nuclide.named(nuclide), medium)

    @classmethod
    def of(cls, nuclide: Nuclide, medium: str = "soft-tissue") -> "RadialKernel":
        """Read the table that a nuclide has for a medium.

        Raises
        ------
        InputError
            No kernel of this nuclide in this medium, or a damaged one.
        """
        known = {one.medium: one for one in nuclide.kernels}
        if medium not in known:
            raise InputError(
                f"there is no dose kernel of {nuclide.name} in '{medium}' (known: "
                f"{', '.join(known) or 'none'}): use `sirtdose post --method "
                "local`, which needs none, or name a kernel in a --nuclide-file"
            )
        one = known[medium]
        try:
            text = one.file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or "it is not text"
            raise InputError(
                f"cannot read the dose kernel {one.file.name}: {said}"
            ) from None
        edges, within = shells_of(text, one.file.name)
        if edges[-1] < one.electron_range_mm:
            raise InputError(
                f"the dose kernel {one.file.name} ends at {edges[-1]:g} mm, below the "
                f"electrons' range of {one.electron_range_mm:g} mm: give a longer "
                "kernel"
            )
        return cls(
            nuclide=nuclide.name,
            medium=medium,
            density_g_per_ml=one.density_g_per_ml,
            radius_mm=edges,
            energy_fraction_within=within,
            electron_range_mm=one.electron_range_mm,
            energy_mev_per_decay=one.energy_mev_per_decay,
            source=one.source,
            text=text,
        )

    def at_density(self, density_g_per_ml: float) -> "RadialKernel":
        """The same medium, denser or thinner: every length by the density's inverse."""
        require_positive(density_g_per_ml=density_g_per_ml)
        scale = self.density_g_per_ml / density_g_per_ml
        return replace(
            self,
            density_g_per_ml=density_g_per_ml,
            radius_mm=self.radius_mm * scale,
            electron_range_mm=self.electron_range_mm * scale,
        )

    @property
    def electron_fraction(self) -> float:
        """Energy fraction inside the electrons' range."""
        return self.fraction_within(self.electron_range_mm)

    @cached_property
    def electrons(self) -> "RadialKernel":
        """What electrons carry alone, to their range."""
        within = np.maximum.accumulate(
            self.energy_fraction_within - self.photons.energy_fraction_within
        )
        return replace(
            self,
            energy_fraction_within=np.where(
                self.radius_mm <= self.electron_range_mm,
                within,
                np.interp(self.electron_range_mm, self.radius_mm, within),
            ),
            text=f"electrons of {self.text}",
        )

    @cached_property
    def photons(self) -> "RadialKernel":
        """What photons carry, from the decay on.

        The table's own column, where it has one. Else all beyond the electrons' range,
        and within it as much in each millimeter as in the next third of the range.

        Raises
        ------
        InputError
            The column holds what photons cannot leave.
        """
        radii, within = self.radius_mm, self.energy_fraction_within
        reach = self.electron_range_mm
        column = _photons_of(self)
        if column is not None:
            own = column
        else:
            next_mm = min(reach * 4 / 3, float(radii[-1]))
            more = self.fraction_within(next_mm) - self.fraction_within(reach)
            in_a_mm = more / (next_mm - reach) if next_mm > reach else 0.0
            own = np.minimum(radii, reach) * in_a_mm
        here = float(np.interp(reach, radii, own))
        beyond = np.maximum(within - self.electron_fraction, 0)
        return replace(
            self,
            energy_fraction_within=np.where(radii <= reach, own, here + beyond),
            text=f"photons of {self.text}",
        )

    def fraction_within(self, radius_mm: float) -> float:
        """Energy fraction inside a radius, mm."""
        return float(np.interp(radius_mm, self.radius_mm, self.energy_fraction_within))

    def radius_of_fraction(self, fraction: float) -> float:
        """Radius in mm that holds an energy fraction."""
        return float(np.interp(fraction, self.energy_fraction_within, self.radius_mm))


@cache
def shells_of(text: str, file: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Borders in mm and energy fractions within them, of a kernel's table.

    Raises
    ------
    InputError
        The table is damaged.
    """
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = lines[0].split(",") if lines else []
    missing = {"r_outer_mm", "cum_frac_of_emitted_E"} - set(names)
    if missing:
        raise InputError(
            f"the dose kernel {file} has no column {', '.join(sorted(missing))}: its "
            "first line names the columns, with commas between"
        )
    outer, within = (
        names.index(name) for name in ("r_outer_mm", "cum_frac_of_emitted_E")
    )
    rows = [line.split(",") for line in lines[1:]]
    try:
        edges = np.array([0.0, *(float(row[outer]) for row in rows)])
        fractions = np.array([0.0, *(float(row[within]) for row in rows)])
    except (ValueError, IndexError):
        raise InputError(
            f"the dose kernel {file} has a line that is not a row of numbers: correct "
            "it"
        ) from None
    grows = (np.diff(edges) > 0).all() and (np.diff(fractions) >= 0).all()
    if not grows or fractions[-1] > 1 + 1e-6:
        raise InputError(
            f"the dose kernel {file} is damaged: radii must grow, and energy fractions "
            "with them, up to 1"
        )
    for array in (edges, fractions):
        array.setflags(write=False)
    return edges, fractions


def _photons_of(kernel: RadialKernel) -> NDArray[np.float64] | None:
    """Energy fraction that photons leave within each border, where the table has it."""
    text = kernel.text
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = lines[0].split(",")
    if _PHOTONS not in names:
        return None
    at = names.index(_PHOTONS)
    damaged = InputError(
        f"the dose kernel of {kernel.nuclide} in {kernel.medium} is damaged: "
        f"{_PHOTONS} must be a number in every row, from 0 to all energy in its shell"
    )
    try:
        shells = np.array([float(line.split(",")[at]) for line in lines[1:]])
    except (ValueError, IndexError):
        raise damaged from None
    own = np.concatenate([[0.0], shells.cumsum()]) / kernel.energy_mev_per_decay
    # Shells are rounded one by one.
    most = kernel.energy_fraction_within + _ROUNDED
    if not ((shells >= 0).all() and (own <= most).all()):
        raise damaged
    return own
