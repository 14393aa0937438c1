"""What a decay emits: kinds and energies of particles, for a simulation of them."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import loggamma

from sirtdose.data.load import table
from sirtdose.errors import InputError

_ELECTRON_MASS_MEV, _FINE_STRUCTURE = 0.51099895, 1 / 137.035999
_BINS = 4000
ELECTRON, PHOTON = -1, 0


def beta_spectrum(
    energy_mev: NDArray[np.float64],
    end_point_mev: float,
    *,
    daughter_z: int,
    mass_number: int,
    unique: bool,
) -> NDArray[np.float64]:
    r"""Relative number of electrons per energy of a beta decay.

    .. math:: N(W) = F_0\, p\, W\, q^2 \; [\,q^2 + (F_1 / F_0)\, p^2\,]

    with the momenta :math:`p` of the electron and :math:`q` of the neutrino, the
    total energy :math:`W` and the Fermi functions :math:`F` of a point charge; the
    bracket is of unique first forbidden decays alone.

    Parameters
    ----------
    energy_mev : ndarray
        Kinetic energies above 0; none are emitted above the end point.
    end_point_mev : float
    daughter_z, mass_number : int
        Of the nucleus that is left.
    unique : bool
        Unique first forbidden, where spin changes by 2 and parity changes; otherwise
        the shape of an allowed decay.

    Notes
    -----
    Screening, the finite nucleus inside its radius and radiative corrections are left
    out: together they move the mean energy by a few tenths of a percent.

    References
    ----------
    Konopinski and Uhlenbeck, Phys Rev 1941;60:308; Behrens and Jänecke, Numerical
    Tables for Beta-Decay and Electron Capture, 1969.

    Examples
    --------
    >>> energy = np.linspace(1e-3, 2.2787, 2000)
    >>> many = beta_spectrum(energy, 2.2787, daughter_z=40, mass_number=90, unique=True)
    >>> round(float((energy * many).sum() / many.sum()), 3)
    0.933
    """
    energy = np.minimum(energy_mev, end_point_mev)
    whole = 1 + energy / _ELECTRON_MASS_MEV
    momentum = np.sqrt(whole**2 - 1)
    neutrino = (end_point_mev - energy) / _ELECTRON_MASS_MEV
    radius = 0.0029 * mass_number ** (1 / 3) + 0.0063 * mass_number ** (-1 / 3)
    radius -= 0.017 / mass_number
    of_charge = _FINE_STRUCTURE * daughter_z

    def fermi(k: int) -> NDArray[np.float64]:
        """The Fermi function of order k - 1, but for a constant; 1 at no charge."""
        power = np.sqrt(k**2 - of_charge**2)
        phase = power + 1j * of_charge * whole / momentum
        said = 2 * loggamma(phase).real + np.pi * phase.imag
        said += 2 * (power - k) * np.log(2 * momentum * radius)
        said += 2 * (loggamma(1 + 2.0 * k) - loggamma(1 + 2 * power)).real
        said -= 2 * loggamma(float(k)).real
        return np.asarray((k + power) / (2 * k) * np.exp(said))

    lowest = fermi(1)
    many = lowest * momentum * whole * neutrino**2
    if unique:
        many *= neutrino**2 + fermi(2) / lowest * momentum**2
    return np.asarray(many)


@dataclass(frozen=True, eq=False)
class Emissions:
    """Particles per decay, by kind, with the energies of each kind.

    Parameters
    ----------
    nuclide : str
    groups : tuple
        Charge, particles per decay, upper edges of cumulated fractions and energies
        in MeV: energies lie on the straight lines between the edges.
    source, left_out : str
        Where the numbers are from, and what is not in them.
    """

    nuclide: str
    groups: tuple[tuple[int, float, NDArray[np.float64], NDArray[np.float64]], ...]
    source: str
    left_out: str

    @classmethod
    @cache
    def of(cls, nuclide: str) -> "Emissions":
        """Of a nuclide of this package.

        Raises
        ------
        InputError
            Its emissions are not tabulated.

        Examples
        --------
        >>> holmium = Emissions.of("Ho-166")
        >>> round(holmium.energy_mev_per_decay, 3)
        0.723
        """
        known = table("emissions")
        if nuclide not in known:
            raise InputError(
                f"the emissions of {nuclide} are not tabulated, only those of "
                f"{', '.join(known)}: a second engine cannot simulate it"
            )
        entry = known[nuclide]
        groups = []
        for beta in entry["betas"]:
            edges = np.linspace(0, beta["end_point_mev"], _BINS + 1)
            many = beta_spectrum(
                (edges[1:] + edges[:-1]) / 2,
                beta["end_point_mev"],
                daughter_z=entry["daughter_z"],
                mass_number=entry["mass_number"],
                unique=beta["shape"] == "unique_first_forbidden",
            )
            up_to = np.concatenate([[0.0], np.cumsum(many)]) / many.sum()
            groups.append((ELECTRON, beta["per_decay"], up_to, edges))
        for line in entry["lines"]:
            charge = ELECTRON if line["particle"] == "electron" else PHOTON
            energy = np.full(2, line["energy_mev"])
            groups.append((charge, line["per_decay"], np.array([0.0, 1.0]), energy))
        return cls(nuclide, tuple(groups), entry["source"], entry["left_out"])

    @property
    def particles_per_decay(self) -> float:
        """All particles of a decay."""
        return sum(one[1] for one in self.groups)

    @property
    def energy_mev_per_decay(self) -> float:
        """Their energy together."""
        return float(
            sum(
                many * (np.diff(up_to) * (energy[1:] + energy[:-1]) / 2).sum()
                for _, many, up_to, energy in self.groups
            )
        )

    def drawn(
        self, count: int, random: np.random.Generator
    ) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
        """Charges and energies in MeV of some particles, in no order.

        They are spread evenly over all that is emitted, so that a batch has nearly the
        mean energy of the whole.
        """
        shares = np.cumsum([one[1] for one in self.groups]) / self.particles_per_decay
        at = (np.arange(count) + random.random(count)) / count
        which = np.minimum(np.searchsorted(shares, at, "right"), len(shares) - 1)
        starts = np.concatenate([[0.0], shares[:-1]])
        charge, energy = np.empty(count, np.int8), np.empty(count, np.float32)
        for number, (own, _, up_to, edges) in enumerate(self.groups):
            mine = which == number
            charge[mine] = own
            inside = (at[mine] - starts[number]) / (shares[number] - starts[number])
            energy[mine] = np.interp(inside, up_to, edges)
        order = random.permutation(count)
        return charge[order], energy[order]
