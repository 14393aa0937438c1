"""Time-integrated activity to absorbed dose."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML, superpose
from sirtdose.dosimetry.engine.convolution import convolve
from sirtdose.dosimetry.engine.kernel import electron_kernel
from sirtdose.dosimetry.engine.media import Media
from sirtdose.dosimetry.engine.photon_tail import photon_tail
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import fans
from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.model.bounds import require_positive
from sirtdose.model.density_note import density_note
from sirtdose.model.grid import three
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.shown import Placed
from sirtdose.model.structure import Structure, bounding_box
from sirtdose.model.volume import Quantity, Volume

METHODS: dict[str, str] = {
    "local": "local_deposition",
    "kernel": "kernel",
    "collapsed-cone": "collapsed_cone",
}
# Energy put in and found again agree to this, or there is no dose.
_ENERGY_TOLERANCE = 1e-3
# Where energy goes that is not in the map.
LEFT = "electrons_past_edge"
PHOTONS_OUT = "photons_past_edge"


@dataclass(frozen=True, eq=False, repr=False)
class Dose(Placed):
    """An absorbed dose and how it was computed.

    `density_g_per_ml` is the one value, or the map on the dose's grid, by which
    energy became dose. `energy_recovered` is the energy in the dose map over the
    energy of all the decays: 1 where nothing is lost; `energy_elsewhere` says where
    rest went, as fractions of the same, and all of them add up to 1.
    `electron_fraction` stays within the electrons' range; `medium` is the kernel's.
    `rays` is the number of directions of a superposition; `nuclide` has the dose
    constant that the method took.
    """

    volume: Volume
    method: str
    nuclide: Nuclide
    density_g_per_ml: float | Volume
    energy_recovered: float
    energy_elsewhere: dict[str, float] = field(default_factory=dict)
    medium: str | None = None
    electron_fraction: float | None = None
    rays: int | None = None

    def _facts(self) -> dict[str, object]:
        density = self.one_density_g_per_ml
        return {
            "method": self.method,
            "nuclide": self.nuclide.name,
            "shape": self.volume.grid.shape,
            "density_g_per_ml": "by voxel" if density is None else density,
            "max_gy": float(self.volume.data.max()),
        }

    @property
    def one_density_g_per_ml(self) -> float | None:
        """The one density used; None where every voxel has its own."""
        density = self.density_g_per_ml
        return None if isinstance(density, Volume) else density

    @property
    def density_note(self) -> str:
        """At which density it was computed, as its files say it."""
        return density_note(self.one_density_g_per_ml)

    def mean_by_mass_gy(self, structure: Structure) -> float:
        """Energy in a structure over its mass; over volume where density is one."""
        dose, parts = structure.values_in(self.volume)
        if isinstance(self.density_g_per_ml, Volume):
            parts = parts * structure.values_in(self.density_g_per_ml)[0]
        mass = float(parts.sum())
        return float((dose * parts).sum()) / mass if mass > 0 else 0.0


def compute_dose(
    tia: Volume,
    *,
    nuclide: Nuclide,
    density_g_per_ml: float | Volume,
    method: str = "local",
    medium: str = "soft-tissue",
) -> Dose:
    r"""Absorbed dose of each voxel.

    Local deposition, the EANM 2021 consensus method: every decay's energy stays
    in its voxel,

    .. math:: D_i = \frac{K \ln 2}{T_{1/2}} \frac{\tilde A_i}{\rho_i V}

    Its K is of the energy absorbed near a decay, that of the other methods of all that
    is emitted, which the kernel's fractions are of, unless `nuclide` has a chosen one.

    Kernel convolution: a part of it goes to the voxels around, by the radial energy
    of a decay in one medium of one density, photons' long tail included,

    .. math:: D_i = \frac{K \ln 2}{T_{1/2}\, \rho V} \sum_j E_{i-j} \tilde A_j

    Collapsed-cone superposition: the same where density varies, the electrons'
    energy along straight paths by areal density
    (:func:`sirtdose.dosimetry.engine.collapsed_cone.superpose`), the photons' as a dose
    in the uniform medium.

    Parameters
    ----------
    tia : Volume
        Time-integrated activity of each voxel, GBq h.
    nuclide : Nuclide
    density_g_per_ml : float or Volume
        One value above 0, or a density in g/mL on the grid of `tia`. Collapsed cone
        needs the map. A kernel has one density: of a map, the median by activity.
        Voxels of a map under 0.05 g/mL are air and get no dose.
    method : {"local", "kernel", "collapsed-cone"}
    medium : {"soft-tissue", "water"}
        Of the kernel.

    Returns
    -------
    Dose
        In Gy, on the grid of `tia`.

    Raises
    ------
    InputError
        An unknown method, or one that needs a map of densities without it.
    GeometryError
        The map of densities is on another grid.
    QuantityError
        `tia` is not a time-integrated activity, a density is below 0, or the dose is
        not finite (H30).

    References
    ----------
    EANM SOP for radioembolization dosimetry, 2021, doi:10.1186/s40658-021-00394-3.

    Examples
    --------
    1 GBq in 1 kg gives K: a voxel of 1000 mL at 1 g/mL.

    >>> import numpy as np
    >>> from sirtdose.dosimetry.image.activity import time_integrated_activity
    >>> from sirtdose.model.grid import Grid
    >>> grid = Grid.regular((1, 1, 1), spacing_mm=(100.0, 100.0, 100.0))
    >>> activity = Volume(np.ones((1, 1, 1)), grid, Quantity.ACTIVITY)
    >>> y90 = Nuclide.named("Y-90")
    >>> tia = time_integrated_activity(activity, y90)
    >>> dose = compute_dose(tia, nuclide=y90, density_g_per_ml=1.0)
    >>> round(dose.volume.total(), 2)
    49.67
    """
    if method not in METHODS:
        raise InputError(f"'{method}' is not a dose method: use {', '.join(METHODS)}")
    decays = tia.require(Quantity.TIME_INTEGRATED_ACTIVITY)
    emitted = tia.total()
    if not emitted > 0:
        raise QuantityError(
            "the image contains no activity, or less than none: no dose can be computed"
        )
    nuclide = nuclide.for_energy(emitted=method != "local")
    density = _usable(density_g_per_ml, tia)
    if method == "kernel" and isinstance(density, Volume):
        density = _median_by_activity(density, decays)
    radial, number = None, None
    energy: NDArray[Any] = decays
    elsewhere: dict[str, float] = {}
    if method != "local":
        radial = RadialKernel.of(nuclide, medium)
    if method == "kernel" and radial and not isinstance(density, Volume):
        radial = radial.at_density(density)
        energy, elsewhere = spread(decays, tia.grid.spacing_mm, radial)
    if method == "collapsed-cone" and radial:
        if not isinstance(density, Volume):
            raise InputError(
                "collapsed-cone needs a density map: give --density ct, or a density "
                "image; for a single density --method kernel is exact"
            )
        energy, elsewhere, number = _through(decays, density, radial)
    voxel_kg: Any = tia.grid.voxel_volume_ml / 1000
    if isinstance(density, Volume):
        voxel_kg = voxel_kg * density.data
        tissue = density.data >= AIR_BELOW_G_PER_ML
        elsewhere["in_air"] = float(energy[~tissue].sum(dtype=float))
        energy = np.where(tissue, energy, np.float32(0))
        voxel_kg = np.where(tissue, voxel_kg, np.float32(1))
    else:
        voxel_kg *= density
    recovered = float(energy.sum(dtype=float)) / emitted
    elsewhere = {where: part / emitted for where, part in elsewhere.items()}
    _require_all_energy(recovered + sum(elsewhere.values()), decays, emitted)
    return Dose(
        volume=tia.with_data(
            energy * (nuclide.dose_gy_kg_per_gbq_h / voxel_kg), Quantity.DOSE
        ),
        method=METHODS[method],
        nuclide=nuclide,
        density_g_per_ml=density,
        energy_recovered=recovered,
        energy_elsewhere=elsewhere,
        medium=medium if radial else None,
        electron_fraction=radial.electron_fraction if radial else None,
        rays=number,
    )


def _through(
    decays: NDArray[Any], density: Volume, radial: RadialKernel
) -> tuple[NDArray[np.float32], dict[str, float], int]:
    """Energy by superposition with the photons' dose, the rest, number of rays."""
    spacing = density.grid.spacing_mm
    electrons, photons = radial.electrons, radial.photons
    media = Media.of(radial.nuclide)
    around = fans(electrons, spacing)
    result = superpose(decays, density.data, electrons, around, media=media)
    # Photons reach far whatever lies between: their dose is the uniform medium's, but
    # for bone, which absorbs more of them.
    tail = photon_tail(np.asarray(decays, np.float32), spacing, photons, from_mm=0)
    tail *= density.data / np.float32(radial.density_g_per_ml)
    tail *= media.photons(density.data)
    carried = (1 - electrons.electron_fraction) * float(decays.sum(dtype=float))
    elsewhere = {PHOTONS_OUT: carried - float(tail.sum(dtype=float)), LEFT: result.left}
    tail += result.energy
    return tail, elsewhere, len(around[0].weights)


def spread(
    decays: NDArray[np.floating[Any]],
    spacing_mm: tuple[float, float, float],
    radial: RadialKernel,
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Energy deposited in each voxel by convolution, which must conserve it (H29).

    Also the energy deposited elsewhere; both in units of one decay's energy.

    Raises
    ------
    QuantityError
        The convolution lost energy (H29).
    """
    kernel = electron_kernel(radial, three(float(side) for side in spacing_mm))
    data = np.asarray(decays, dtype=np.float32)
    energy = photon_tail(data, kernel.spacing_mm, radial)
    photons = (1 - radial.electron_fraction) * float(data.sum())
    elsewhere = {PHOTONS_OUT: photons - float(energy.sum())}
    active = bounding_box(data != 0)
    if active is None:
        return energy, elsewhere
    box = data[active]
    reach = [n - 1 for n in kernel.octant.shape]
    # What reaches past the image's edges is left out, and said.
    z, y, x = (
        (min(r, side.start), min(r, n - side.stop))
        for r, side, n in zip(reach, active, data.shape, strict=True)
    )
    around, found = convolve(box, kernel.octant, (z, y, x))
    emitted = float(box.sum()) * kernel.energy_recovered
    lost = abs(found - emitted)
    # With negative voxels the total may be small: what they all hold counts.
    if not lost <= _ENERGY_TOLERANCE * emitted and not (
        lost <= _ENERGY_TOLERANCE * kernel.energy_recovered * float(np.abs(box).sum())
    ):
        raise QuantityError(
            f"the convolution changed the energy by {found / emitted - 1:.2e} (H29): "
            "no dose was computed"
        )
    if box.min() >= 0:
        # A transform's rounding leaves no negative energy where none was put.
        np.maximum(around, 0, out=around)
    sides = zip((z, y, x), active, strict=True)
    here = tuple(slice(s.start - low, s.stop + high) for (low, high), s in sides)
    energy[here] += around
    elsewhere[LEFT] = emitted - float(around.sum())
    _require_left_from_edge(elsewhere[LEFT], data, reach)
    return energy, elsewhere


def _require_left_from_edge(
    left: float, data: NDArray[np.float32], reach: list[int]
) -> None:
    """Energy lost although the decays are too far from any edge (H29)."""
    inner = tuple(
        slice(r, max(n - r, r)) for r, n in zip(reach, data.shape, strict=True)
    )
    size = float(np.abs(data).sum())
    at_edge = size - float(np.abs(data[inner]).sum())
    if abs(left) > at_edge + _ENERGY_TOLERANCE * size:
        raise QuantityError(
            f"the convolution lost {left / size:.1e} of the energy inside the image "
            "(H29): no dose was computed"
        )


def _require_all_energy(found: float, decays: NDArray[Any], emitted: float) -> None:
    """Energy in the dose map and elsewhere that differs from that emitted (H29)."""
    size = float(np.abs(decays).sum(dtype=float)) / emitted
    if not abs(found - 1) <= _ENERGY_TOLERANCE * size:
        raise QuantityError(
            f"only {found:.5f} of the energy was found in the dose (H29): no dose is "
            "reported"
        )


def _usable(density: float | Volume, tia: Volume) -> float | Volume:
    if not isinstance(density, Volume):
        require_positive(density_g_per_ml=density)
        return density
    values = density.require(Quantity.DENSITY)
    if not density.grid.matches(tia.grid):
        raise GeometryError(
            "the densities are not on the activity's grid: bring them there with "
            "mean_on()"
        )
    if values.min() < 0:
        raise QuantityError(f"a density is {values.min():g} g/mL: it must be 0 or more")
    if not (tia.data[values >= AIR_BELOW_G_PER_ML] > 0).any():
        raise QuantityError("all activity lies in air: there is no dose to compute")
    return density


def _median_by_activity(density: Volume, decays: NDArray[Any]) -> float:
    """Half of the decays are in tissue at least as dense."""
    active = (decays > 0) & (density.data >= AIR_BELOW_G_PER_ML)
    values, weights = density.data[active], decays[active].astype(np.float64)
    order = np.argsort(values)
    below = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(below, below[-1] / 2)]])
