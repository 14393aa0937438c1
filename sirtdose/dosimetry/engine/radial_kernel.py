"""How far from a decay its energy goes: the radial energy of a point source."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive

MEDIA = ("soft-tissue", "water")


@dataclass(frozen=True, eq=False)
class RadialKernel:
    """Cumulative energy around a point source in an infinite uniform medium.

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
    """

    nuclide: str
    medium: str
    density_g_per_ml: float
    radius_mm: NDArray[np.float64]
    energy_fraction_within: NDArray[np.float64]
    electron_range_mm: float
    energy_mev_per_decay: float
    source: str

    @classmethod
    def named(cls, nuclide: str, medium: str = "soft-tissue") -> "RadialKernel":
        """Read a table of ``sirtdose/data/kernels``.

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
        kernels = table("nuclides").get(nuclide, {}).get("kernels", {})
        if medium not in kernels:
            known = ", ".join(kernels) or "none"
            raise InputError(
                f"there is no dose kernel of {nuclide} in '{medium}': known are {known}"
            )
        entry = kernels[medium]
        edges, within = _shells(entry["file"])
        if edges[-1] < entry["electron_range_mm"]:
            raise InputError(
                f"the dose kernel {entry['file']} ends at {edges[-1]:g} mm, before the "
                f"electrons' range of {entry['electron_range_mm']:g} mm"
            )
        return cls(
            nuclide=nuclide,
            medium=medium,
            density_g_per_ml=entry["density_g_per_ml"],
            radius_mm=edges,
            energy_fraction_within=within,
            electron_range_mm=entry["electron_range_mm"],
            energy_mev_per_decay=entry["energy_mev_per_decay"],
            source=entry["source"],
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

    @property
    def tabulated_fraction(self) -> float:
        """Energy fraction inside the last shell."""
        return float(self.energy_fraction_within[-1])

    def fraction_within(self, radius_mm: float) -> float:
        """Energy fraction inside a radius, mm."""
        return float(np.interp(radius_mm, self.radius_mm, self.energy_fraction_within))

    def radius_of_fraction(self, fraction: float) -> float:
        """Radius in mm that holds an energy fraction."""
        return float(np.interp(fraction, self.energy_fraction_within, self.radius_mm))


@cache
def _shells(file: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        text = files("sirtdose.data").joinpath("kernels", file).read_text("utf-8")
    except FileNotFoundError:
        raise InputError(
            f"the dose kernel {file} is missing: it belongs in sirtdose/data/kernels"
        ) from None
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
            f"the dose kernel {file} has a line that is no row of numbers"
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
