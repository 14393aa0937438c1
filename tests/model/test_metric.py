"""Metrics of a histogram: their names, their values by hand, and what has none."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.errors import InputError
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.grid import Grid
from sirtdose.model.metric import DEFAULTS, EVERYWHERE, Metric, metrics_in
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.doses import dvh_metrics
from sirtdose.report.tables import structure_columns
from sirtdose.uncertainty.scene import uncertain_metrics


@pytest.mark.parametrize(
    ("text", "words", "key", "column", "unit"),
    [
        ("D90", "D90", "d90", "d90_gy", "Gy"),
        ("d37.5 %", "D37.5", "d37.5", "d37.5_gy", "Gy"),
        ("D2cc", "D2cc", "d2cc", "d2cc_gy", "Gy"),
        ("D0.030 mL", "D0.03cc", "d0.03cc", "d0.03cc_gy", "Gy"),
        ("V100Gy", "V100Gy", "v100", "v100gy_percent", "1"),
        ("v20.5", "V20.5Gy", "v20.5", "v20.5gy_percent", "1"),
        ("Dmean", "mean", "mean", "mean_gy", "Gy"),
        ("SD", "SD", "sd", "sd_gy", "Gy"),
        ("volume", "volume", "volume", "volume_ml", "mL"),
        ("bed_mean", "BED mean", "bed_mean", "bed_mean_gy", "Gy"),
        ("gEUD", "gEUD", "geud", "geud_gy", "Gy"),
    ],
)
def test_every_name(text: str, words: str, key: str, column: str, unit: str) -> None:
    one = Metric.parse(text)
    assert (one.words, one.key, one.column, one.unit) == (words, key, column, unit)
    assert Metric.parse(words) == Metric.parse(key) == one


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("D150", r"at most 100 %, or D150cc for 150 mL"),
        ("D0", r"the volume of a D is above 0"),
        ("D0cc", r"the volume of a D is above 0"),
        ("D-2cc", r"the volume of a D is above 0"),
        ("V-5Gy", r"V is 0 Gy or more, as in V70Gy"),
        ("V70%", r"write D90 \(percent of the volume\), D2cc \(mL\), V100Gy"),
        ("V20cc", "is not a DVH metric"),
        ("D70Gy", "is not a DVH metric"),
        ("D0,03cc", "is not a DVH metric"),
        ("D1e2", "is not a DVH metric"),
        ("Dnan", "is not a DVH metric"),
        ("", "is not a DVH metric"),
    ],
)
def test_what_is_no_metric_says_what_to_type(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Metric.parse(text)


def partial(spacing_mm: tuple[float, float, float]) -> Dvh:
    """Five voxels, two of them partly inside, hottest not first."""
    grid = Grid.regular((1, 2, 4), spacing_mm=spacing_mm)
    dose = [[[40.0, 100.0, 999.0, 60.0], [20.0, 80.0, 999.0, 999.0]]]
    part = [[[0.25, 1.0, 0.0, 1.0], [1.0, 0.5, 0.0, 0.0]]]
    structure = Structure("T", Role.TUMOR, np.array(part, np.float32), grid)
    return Dvh.of_structure(structure, Volume(np.array(dose), grid, Quantity.DOSE))


# Voxels of 20 x 10 x 5 mm: 1 mL at 100 Gy, 0.5 at 80, 1 at 60, 0.25 at 40, 1 at 20.
BY_HAND = {
    "volume": 3.75,
    "mean": (100 + 40 + 60 + 10 + 20) / 3.75,
    "min": 20,
    "max": 100,
    "D1cc": 100,
    "D1.4cc": 80,
    "D1.5cc": 80,
    "D2cc": 60,
    "D2.5cc": 60,
    "D2.6cc": 40,
    "D3.75cc": 20,
    "D3.76cc": None,
    "D90cc": None,
    "D37": 80,  # 1.3875 mL
    "D100": 20,
    "V70Gy": 1.5 / 3.75,
    "V60Gy": 2.5 / 3.75,
    "V20.5Gy": 2.75 / 3.75,
    "V0Gy": 1,
    "V101Gy": 0,
    "EUD": None,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand_with_partial_voxels(name: str) -> None:
    found = Metric.parse(name).of(partial((20.0, 10.0, 5.0)))
    expected = BY_HAND[name]
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-6))


@pytest.mark.parametrize(
    ("name", "gy"), [("D90cc", 80), ("D60cc", 100), ("D90.1cc", 60), ("D2cc", 100)]
)
def test_by_hand_in_a_large_structure(name: str, gy: float) -> None:
    """Voxels of 50 x 30 x 40 mm, 60 mL: 60 mL at 100 Gy, 90 at 80 and above."""
    assert Metric.parse(name).of(partial((50.0, 30.0, 40.0))) == gy


def test_an_effect_is_read_where_it_is_known() -> None:
    effects = SimpleNamespace(eud_gy=71.0, eubed_gy=None)
    dvh = partial((20.0, 10.0, 5.0))
    assert Metric.parse("EUD").of(dvh, effects) == 71.0
    assert Metric.parse("EUBED").of(dvh, effects) is None


def test_of_a_histogram_that_another_system_wrote() -> None:
    quarters = ([0, 10, 20, 30, 40], [1, 0.75, 0.5, 0.25, 0])
    told, untold = DoseCurve.of(*quarters, 200.0), DoseCurve.of(*quarters)
    # 50 of 200 mL are the hottest quarter, from 30 Gy on.
    assert Metric.parse("D50cc").of(told) == pytest.approx(30)
    assert Metric.parse("D201cc").of(told) is None
    for name in ("D50cc", "SD", "max", "volume"):
        assert Metric.parse(name).of(untold) is None


voxels = st.lists(
    st.tuples(st.floats(-5, 500), st.floats(0.01, 1.0)), min_size=1, max_size=40
)


@given(voxels, st.lists(st.floats(0.01, 1), min_size=2, max_size=2))
def test_more_volume_has_less_dose_in_percent_and_in_ml(
    pairs: list[tuple[float, float]], fractions: list[float]
) -> None:
    dvh = Dvh.of_values("T", *zip(*pairs, strict=True))
    less, more = sorted(fractions)
    for kind, whole in (("d", 100), ("dcc", dvh.volume_ml)):
        hot, cold = (Metric(kind, one * whole).of(dvh) for one in (less, more))
        assert hot is not None
        assert cold is not None
        assert dvh.max_gy >= hot >= cold >= dvh.min_gy
    assert Metric("dcc", dvh.volume_ml).of(dvh) == dvh.min_gy
    assert Metric("dcc", dvh.volume_ml * 1.001).of(dvh) is None


@given(voxels, st.lists(st.floats(0, 500), min_size=2, max_size=2))
def test_more_dose_has_less_volume(
    pairs: list[tuple[float, float]], doses: list[float]
) -> None:
    dvh = Dvh.of_values("T", *zip(*pairs, strict=True))
    less, more = (Metric("v", one).of(dvh) for one in sorted(doses))
    assert less is not None
    assert more is not None
    assert 1 >= less >= more >= 0


def test_todays_names_stand() -> None:
    doses = ["mean", "sd", "min", "max", "d98", "d95", "d90", "d70", "d50", "d2"]
    assert structure_columns() == (
        *("method", "name", "role", "volume_ml", "mass_kg", "activity_gbq"),
        *(f"{one}_gy" for one in doses),
    )
    document = dvh_metrics(partial((20.0, 10.0, 5.0)))
    assert list(document["dose_gy"]) == doses
    doses_gy = (20, 30, 40, 50, 70, 80, 100, 120, 150, 200, 205, 250, 300)
    assert list(document["volume_fraction_above"]) == [str(gy) for gy in doses_gy]
    assert [one.quantity for one in uncertain_metrics()] == [
        *("mean_gy", "volume_ml", "d98_gy", "d95_gy", "d90_gy"),
        *("d70_gy", "d50_gy", "d2_gy", "v100"),
    ]


def test_places_are_spelled_as_they_are_asked_for() -> None:
    known = set(EVERYWHERE.split())
    for places in DEFAULTS.values():
        assert set(places.split()) <= known
    assert all(metrics_in(place) for place in known)
