import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import QuantityError, RangeError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

voxels = st.lists(
    st.tuples(st.floats(-5, 500), st.floats(1e-3, 1.0)), min_size=1, max_size=60
)


def of(pairs: list[tuple[float, float]]) -> Dvh:
    dose, volume = zip(*pairs, strict=True)
    return Dvh.of_values("T", dose, volume)


@given(voxels)
def test_curve_falls_and_metrics_lie_within_the_doses(
    pairs: list[tuple[float, float]],
) -> None:
    dvh = of(pairs)
    at = np.linspace(-10, 510, 200)
    curve = dvh.curve(at)
    assert (np.diff(curve) <= 1e-12).all()
    assert curve[0] == pytest.approx(dvh.volume_ml)
    assert curve[-1] == 0
    d = [dvh.dose_to_volume_fraction_gy(x) for x in (0.02, 0.5, 0.7, 0.98, 1.0)]
    assert d == sorted(d, reverse=True)
    assert d[-1] == dvh.min_gy
    assert dvh.min_gy - 1e-9 <= dvh.mean_gy <= dvh.max_gy + 1e-9


@given(voxels, st.floats(0.01, 1))
def test_d_x_and_v_x_undo_each_other(
    pairs: list[tuple[float, float]], fraction: float
) -> None:
    """At least the fraction x gets D_x, and no higher dose can say that."""
    dvh = of(pairs)
    dose = dvh.dose_to_volume_fraction_gy(fraction)
    assert dvh.volume_fraction_above(dose) >= fraction - 1e-9
    assert dvh.volume_fraction_above(np.nextafter(dose, np.inf)) <= fraction + 1e-9


@given(voxels)
def test_splitting_a_voxel_changes_nothing(pairs: list[tuple[float, float]]) -> None:
    whole = of(pairs)
    split = of([(d, v / 2) for d, v in pairs for _ in (0, 1)])
    assert split.mean_gy == pytest.approx(whole.mean_gy)
    assert split.sd_gy == pytest.approx(whole.sd_gy, abs=1e-6)
    for x in (0.02, 0.33, 0.7, 0.95):
        assert split.dose_to_volume_fraction_gy(x) == (
            whole.dose_to_volume_fraction_gy(x)
        )


def test_hand_checked() -> None:
    # 4 mL at 1, 2, 3, 4 Gy: the hottest half gets at least 3 Gy, three quarters 2.
    dvh = of([(1, 1), (2, 1), (3, 1), (4, 1)])
    assert dvh.mean_gy == 2.5
    assert dvh.sd_gy == pytest.approx(np.sqrt(1.25))
    assert dvh.dose_to_volume_fraction_gy(0.5) == 3
    assert dvh.dose_to_volume_fraction_gy(0.75) == 2
    assert dvh.dose_to_volume_fraction_gy(0.76) == 1
    assert dvh.volume_fraction_above(3) == 0.5
    assert dvh.volume_fraction_above(3.001) == 0.25
    assert dvh.volume_fraction_above(9) == 0


@pytest.mark.parametrize("fraction", [0, -0.1, 1.01, float("nan")])
def test_d_x_out_of_range_raises(fraction: float) -> None:
    with pytest.raises(RangeError, match="is not defined"):
        of([(1, 1)]).dose_to_volume_fraction_gy(fraction)


def test_no_volume_raises() -> None:
    with pytest.raises(StructureError, match="no volume"):
        Dvh.of_values("T", [], [])


def test_of_a_structure_needs_a_dose() -> None:
    grid = Grid.regular((1, 1, 2), spacing_mm=(10.0, 10.0, 10.0))
    structure = Structure.named("T", np.ones((1, 1, 2), bool), grid)
    counts = Volume(np.ones((1, 1, 2)), grid, Quantity.COUNTS)
    with pytest.raises(QuantityError, match="expected DOSE"):
        Dvh.of_structure(structure, counts)


@pytest.mark.parametrize("percent", [98, 95, 90, 70, 50, 30, 10, 2])
def test_the_written_curve_says_what_the_table_says(percent: int) -> None:
    """A dose that spans five decades, where steps of its maximum say nothing."""
    rng = np.random.default_rng(3)
    dose = np.concatenate([rng.lognormal(-1.5, 2.5, 3000), [633.0, -0.2, 0.0, 0.0]])
    dvh = Dvh.of_values("Liver", dose, rng.uniform(0.2, 1, dose.size))
    doses, volumes = dvh.staircase()
    assert (np.diff(doses) >= 0).all()
    assert (np.diff(volumes) <= 0).all()
    assert (doses[0], volumes[0], volumes[-1]) == (-0.2, dvh.volume_ml, 0)
    wanted = percent / 100 * dvh.volume_ml
    exact = dvh.dose_to_volume_fraction_gy(percent / 100)
    # Read in three ways: the last corner that holds it, the first that does not, and
    # straight between the two.
    last = np.flatnonzero(volumes >= wanted)[-1]
    straight = np.interp(-wanted, -volumes, doses)
    for read in (doses[last], doses[last + 1], straight):
        assert read == pytest.approx(exact, rel=0.0025)
