"""Where histories start, and that weights undo it."""

import struct
from pathlib import Path

import numpy as np
import pytest

from sirtdose.dosimetry.engine.emissions import Emissions
from sirtdose.dosimetry.second_engine.means import Means
from sirtdose.dosimetry.second_engine.source import Particles, Source
from sirtdose.errors import QuantityError
from sirtdose.io.phase_space import write_phase_space
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((6, 8, 10), spacing_mm=(5.0, 4.0, 3.0))


@pytest.fixture
def tia() -> Volume:
    decays = np.ones(GRID.shape, np.float32)
    decays[3, 4, 5] = 5
    decays[0] = 0
    return Volume(decays, GRID, Quantity.TIME_INTEGRATED_ACTIVITY)


@pytest.fixture
def small() -> Structure:
    inside = np.zeros(GRID.shape, bool)
    inside[3, 4, 5] = True
    return Structure.named("T", inside, GRID)


def started(particles: Particles) -> np.ndarray:
    """How many histories start in each voxel of [slice, row, column]."""
    at = np.floor(particles.at_cm[:, ::-1] / np.array([0.5, 0.4, 0.3])).astype(int)
    many = np.zeros(GRID.shape)
    np.add.at(many, tuple(at.T), 1)
    return many


def test_weights_make_up_for_where_they_start(tia: Volume, small: Structure) -> None:
    made = Source.of(tia, [small], Emissions.of("Y-90")).drawn(50000, (1, 0))
    at = np.floor(made.at_cm[:, ::-1] / np.array([0.5, 0.4, 0.3])).astype(int)
    weight = np.zeros(GRID.shape)
    np.add.at(weight, tuple(at.T), made.weight)
    expected = np.asarray(tia.data, float) / tia.total()
    # 404 units of activity, 5 of them in one voxel of 400.
    assert expected[3, 4, 5] == pytest.approx(5 / 404)
    assert weight.sum() / 50000 == pytest.approx(1, abs=1e-3)
    assert weight[3, 4, 5] / 50000 == pytest.approx(5 / 404, rel=0.01)
    assert np.abs(weight / 50000 - expected).max() < 3e-4
    assert (weight[0] == 0).all()


def test_more_start_near_what_is_small(tia: Volume, small: Structure) -> None:
    none = started(Source.of(tia, [], Emissions.of("Y-90")).drawn(20000, (1, 0)))
    many = started(Source.of(tia, [small], Emissions.of("Y-90")).drawn(20000, (1, 0)))
    assert none[3, 4, 5] == pytest.approx(20000 * 5 / 404, rel=0.02)
    assert many[3, 4, 5] > 1.4 * none[3, 4, 5]
    # And still half of them where the activity is.
    assert (many[1:] > 0.3 * none[1:].mean()).all()


def test_directions_and_energies(tia: Volume) -> None:
    made = Source.of(tia, [], Emissions.of("Y-90")).drawn(40000, (2, 0))
    assert np.linalg.norm(made.direction, axis=1) == pytest.approx(np.ones(40000))
    assert np.abs(made.direction.mean(axis=0)).max() < 0.015
    assert (made.direction**2).mean(axis=0) == pytest.approx(
        np.full(3, 1 / 3), abs=0.01
    )
    assert made.energy_mev.mean() == pytest.approx(0.933, abs=2e-3)


def test_the_same_seed_gives_the_same(tia: Volume) -> None:
    source = Source.of(tia, [], Emissions.of("Y-90"))
    one, same, other = (source.drawn(100, seed) for seed in ((1, 2), (1, 2), (1, 3)))
    assert (one.at_cm == same.at_cm).all()
    assert (one.at_cm != other.at_cm).any()


def test_less_than_no_activity_is_refused(tia: Volume) -> None:
    data = np.array(tia.data)
    data[1, 1, 1] = -0.1
    with pytest.raises(QuantityError, match="1 voxels hold a negative activity"):
        Source.of(tia.with_data(data), [], Emissions.of("Y-90"))


def test_a_phase_space_has_what_the_report_says(tmp_path: Path) -> None:
    """INDC(NDS)-0484: signs of the kind and of the energy, floats of four bytes."""
    particles = Particles(
        np.array([-1, 0], np.int8),
        np.array([1.5, 0.25], np.float32),
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        np.array([[0.6, 0.0, 0.8], [0.0, 1.0, -0.0]]),
        np.array([2.0, 0.5]),
    )
    particles.direction[1] = (0.0, 0.6, -0.8)
    write_phase_space(tmp_path / "decays", particles)
    told = (tmp_path / "decays.IAEAphsp").read_bytes()
    first, second = (struct.unpack("<b7f", told[n : n + 29]) for n in (0, 29))
    assert first == pytest.approx((2, -1.5, 1, 2, 3, 0.6, 0, 2))
    assert second == pytest.approx((-1, -0.25, 4, 5, 6, 0, 0.6, 0.5))
    header = (tmp_path / "decays.IAEAheader").read_text().splitlines()
    after = {line: header[n + 1] for n, line in enumerate(header) if line[:1] == "$"}
    assert after["$RECORD_LENGTH:"] == "29"
    assert after["$CHECKSUM:"] == "58"
    assert (after["$PHOTONS:"], after["$ELECTRONS:"]) == ("1", "1")


def test_what_is_not_known_yet_needs_more_batches() -> None:
    means = Means(known_to=0.01, awaited=(0,), least=4)
    for one in (9.0, 11.0, 9.0, 11.0):
        means.add([one, 0.0])
    # A standard uncertainty of 0.577 in 10: 33 times as many batches.
    assert means.relative()[0] == pytest.approx(0.0577, rel=1e-2)
    assert means.fraction_done() == pytest.approx(1 / 33.3, rel=1e-2)
    assert not means.known()
    assert np.isinf(means.relative()[1])


def test_a_mean_of_nothing_is_never_known() -> None:
    means = Means(known_to=0.01, awaited=(1,), least=2)
    means.add([1.0, 0.0])
    means.add([1.0, 0.0])
    assert not means.known()
