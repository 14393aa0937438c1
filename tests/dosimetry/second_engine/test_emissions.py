"""What a decay emits, against evaluated mean energies."""

import numpy as np
import pytest

from sirtdose.dosimetry.engine.emissions import Emissions, beta_spectrum
from sirtdose.errors import InputError


def mean_mev(end_point_mev: float, *, unique: bool, z: int = 40, a: int = 90) -> float:
    edges = np.linspace(0, end_point_mev, 5001)
    energy = (edges[1:] + edges[:-1]) / 2
    many = beta_spectrum(
        energy, end_point_mev, daughter_z=z, mass_number=a, unique=unique
    )
    return float((energy * many).sum() / many.sum())


def test_yttrium_has_the_evaluated_mean_energy() -> None:
    """NNDC 0.9324(7) MeV, ICRP 107 0.9330 MeV for the unique first forbidden shape."""
    assert mean_mev(2.2787, unique=True) == pytest.approx(0.9327, rel=1e-3)


def test_an_allowed_shape_is_softer() -> None:
    """DDEP's 0.9267(8) MeV of Y-90 is that of an allowed shape."""
    assert mean_mev(2.2787, unique=False) == pytest.approx(0.9267, rel=1.5e-3)


@pytest.mark.parametrize(
    ("z", "a", "end_point_mev", "evaluated"),
    [(16, 32, 1.71066, 0.6955), (18, 36, 0.70953, 0.2513), (39, 90, 0.5459, 0.1958)],
    ids=["P-32", "Cl-36", "Sr-90"],
)
def test_other_nuclides(z: int, a: int, end_point_mev: float, evaluated: float) -> None:
    """DDEP's means; Cl-36's own shape factor is not one of these."""
    unique = z == 39
    tolerance = 0.02 if z == 18 else 5e-3
    found = mean_mev(end_point_mev, unique=unique, z=z, a=a)
    assert found == pytest.approx(evaluated, rel=tolerance)


def test_holmium_emits_what_the_kernel_emits() -> None:
    """ICRP 107: 0.7271 MeV per decay, of it 0.0301 as photons."""
    holmium = Emissions.of("Ho-166")
    assert holmium.energy_mev_per_decay == pytest.approx(0.7271, rel=0.01)
    photons = sum(
        many * energy[0] for charge, many, _, energy in holmium.groups if charge == 0
    )
    assert photons == pytest.approx(0.0301, rel=0.02)


def test_what_is_drawn_has_the_mean_of_the_whole() -> None:
    holmium = Emissions.of("Ho-166")
    charge, energy = holmium.drawn(20000, np.random.default_rng(3))
    assert set(charge.tolist()) == {-1, 0}
    # 0.2604 photons and 0.9996 betas with 0.7380 lines of electrons a decay.
    assert (charge == 0).mean() == pytest.approx(0.2596 / 1.9971, abs=2e-3)
    mean = holmium.energy_mev_per_decay / holmium.particles_per_decay
    assert energy.mean() == pytest.approx(mean, rel=2e-3)
    assert 1.6 < energy.max() < 1.8545


def test_another_nuclide_is_refused() -> None:
    with pytest.raises(InputError, match="emissions of P-32 are not tabulated"):
        Emissions.of("P-32")
