"""D_x, V_x and histograms by first order, against what can be worked out."""

from dataclasses import replace

import numpy as np
import pytest

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import Metric
from sirtdose.uncertainty.borders import borders_of
from sirtdose.uncertainty.differences import Differences, by_differences
from sirtdose.uncertainty.ensemble import Ensemble, ensemble
from sirtdose.uncertainty.first_order import propagated
from sirtdose.uncertainty.noise import Noise
from sirtdose.uncertainty.scene import (
    Factor,
    Part,
    Scene,
    quantities,
    uncertain_metrics,
)
from tests.uncertainty.simulated import ellipsoid_in

SPACING = (4.0, 3.5, 4.5)
SHAPE = (30, 34, 30)
MIDDLE = np.array([58.0, 57.75, 65.25])
VOXEL_ML = 4.0 * 3.5 * 4.5 / 1000
T = Part("T", "tumor", ("T",))


def ball(radius: float) -> np.ndarray:
    return ellipsoid_in(SHAPE, SPACING, MIDDLE, (radius,) * 3)


def distance() -> np.ndarray:
    index = np.indices(SHAPE).astype(float)
    world = index * np.array(SPACING)[:, None, None, None]
    return np.linalg.norm(world - MIDDLE[:, None, None, None], axis=0)


def scene(dose: np.ndarray, tumor: np.ndarray, **changed: object) -> Scene:
    known: dict[str, object] = {
        "factors": (),
        "region": (),
        "contour_mm": 0.0,
        "contour_shift_mm": 0.0,
        "registration_mm": 0.0,
        "noise": 0.0,
        "noise_at_gy": 1.0,
        "noise_fwhm_mm": 0.0,
    }
    return Scene(
        dose_gy=dose,
        spacing_mm=SPACING,
        drawn={"T": tumor},
        occupied={"T": tumor},
        parts=[T],
        **(known | changed),  # type: ignore[arg-type]
    )


def both(
    one: Scene, *, asked: tuple[Metric, ...] = (), realizations: int = 300
) -> tuple[Differences, Ensemble]:
    borders = borders_of(one)
    first = by_differences(one, borders, asked=asked)["T"]
    drawn = ensemble(
        one, realizations=realizations, seed=2, asked=asked, borders=borders
    )
    return first, drawn


@pytest.fixture(scope="module")
def falling() -> np.ndarray:
    """A dose that falls by 2 Gy a mm from the middle."""
    return np.clip(160 - 2 * distance(), 0, None)


class TestWorkedOut:
    def test_a_factor_moves_every_dose_by_its_part(self, falling: np.ndarray) -> None:
        tumor = ball(24)
        factors = [Factor("administered", 0.05, 1.0), Factor("density", 0.02, -1.0)]
        first, _ = both(scene(falling, tumor, factors=factors), realizations=20)
        part = np.hypot(0.05, 0.02)
        dvh = Dvh.of_values("T", falling[tumor > 0], tumor[tumor > 0] * VOXEL_ML)
        doses = [one for one in uncertain_metrics() if not one.is_part]
        for name, value in quantities(dvh, doses).items():
            wanted = 0.0 if name == "volume_ml" else part * value
            assert first.standard[name] == pytest.approx(wanted, rel=1e-9, abs=1e-12)

    def test_a_contour_moves_a_dose_at_its_border(self, falling: np.ndarray) -> None:
        # D98 of a ball of radius r lies at r (0.98)^(1/3), where it falls 2 Gy a mm.
        first, _ = both(scene(falling, ball(24), contour_mm=1.0), realizations=20)
        near = 0.98 ** (1 / 3)
        assert first.standard["d98_gy"] == pytest.approx(2 * near, rel=0.2)
        # V(r) = 4/3 pi r^3: dV = 3 V / r.
        volume = 4 / 3 * np.pi * 24**3 / 1000
        assert first.standard["volume_ml"] == pytest.approx(3 * volume / 24, rel=0.07)

    def test_a_contour_moves_the_part_above_a_dose(self, falling: np.ndarray) -> None:
        # 130 Gy lie at 15 mm: V130 = (15 / r)^3, which falls by 3 V130 / r.
        first, _ = both(
            scene(falling, ball(24), contour_mm=1.0),
            asked=(Metric.parse("V130Gy"),),
            realizations=20,
        )
        wanted = 3 * (15 / 24) ** 3 / 24
        assert first.standard["v130"] == pytest.approx(wanted, rel=0.1)

    def test_white_noise_of_one_dose_moves_the_mean_as_its_root(self) -> None:
        tumor = ball(24)
        one = scene(np.full(SHAPE, 50.0), tumor, noise=0.2, noise_at_gy=50.0)
        first, _ = both(one, realizations=20)
        weight = tumor / tumor.sum()
        by_hand = 0.2 * 50 * np.sqrt((weight**2).sum())
        assert first.standard["mean_gy"] == pytest.approx(by_hand, rel=1e-9)

    def test_smoothed_noise_of_one_voxel_is_its_own(self) -> None:
        one = scene(
            np.full(SHAPE, 50.0), ball(24), noise=0.2, noise_at_gy=50.0,
            noise_fwhm_mm=12.0,
        )  # fmt: skip
        weight = np.zeros(SHAPE)
        weight[15, 16, 15] = 1.0
        assert Noise.of(one).standard(weight, 50.0) == pytest.approx(10.0, rel=1e-3)

    def test_nothing_uncertain_is_nothing(self, falling: np.ndarray) -> None:
        first, _ = both(scene(falling, ball(24)), realizations=20)
        assert set(first.standard.values()) == {0.0}
        assert not first.curve.any()


class TestBothRoutes:
    @pytest.mark.parametrize(
        "changed",
        [
            {"contour_mm": 1.0},
            {"registration_mm": 1.5},
            {"contour_shift_mm": 1.5},
            {"noise": 0.1, "noise_at_gy": 100.0, "noise_fwhm_mm": 8.0},
            {"factors": [Factor("administered", 0.05, 1.0)]},
            {
                "contour_mm": 1.0,
                "contour_shift_mm": 0.5,
                "noise": 0.1,
                "noise_at_gy": 100.0,
                "noise_fwhm_mm": 8.0,
                "factors": [Factor("administered", 0.05, 1.0)],
            },
        ],
        ids=["contour", "registration", "shift", "noise", "factor", "all"],
    )
    def test_they_agree(self, changed: dict[str, object]) -> None:
        # A dose that slopes along one axis, so that nothing cancels.
        index = np.indices(SHAPE)[0].astype(float)
        dose = 40 + 1.2 * SPACING[0] * index + 1.5 * np.clip(40 - distance(), 0, None)
        one = scene(dose, ball(24), **changed)
        first, drawn = both(one, asked=(Metric.parse("V120Gy"),))
        draws = drawn.rows["T"].values
        names = ("mean_gy", "d90_gy", "d70_gy", "d50_gy", "v120")
        ratios = {
            name: first.standard[name] / draws[name].std(ddof=1)
            for name in names
            if draws[name].std(ddof=1) > 1e-3
        }
        assert all(0.8 < ratio < 1.2 for ratio in ratios.values()), ratios
        assert 0.9 < ratios.get("mean_gy", 1) < 1.1
        mean = propagated(one)["T"].standard_gy
        assert first.standard["mean_gy"] == pytest.approx(mean, rel=0.08, abs=0.05)

    def test_histograms_agree(self, falling: np.ndarray) -> None:
        factors = [Factor("administered", 0.05, 1.0)]
        one = scene(falling, ball(24), contour_mm=1.0, factors=factors)
        first, drawn = both(one)
        row = drawn.rows["T"]
        half = (row.curve_high - row.curve_low) / 2 / 1.96
        steep = half > 0.03
        assert steep.sum() > 10
        ratio = first.curve[steep] / half[steep]
        assert 0.8 < np.median(ratio) < 1.2


class TestNoiseTwice:
    def test_intervals_lie_about_what_was_measured(self) -> None:
        # One dose everywhere: noise alone makes D98 and D2 differ from it.
        tumor = ball(24)
        one = scene(np.full(SHAPE, 50.0), tumor, noise=0.2, noise_at_gy=50.0)
        row = ensemble(one, realizations=60).rows["T"]
        assert row.by_noise["d98_gy"] < -10
        assert row.by_noise["d2_gy"] > 10
        assert row.by_noise["mean_gy"] == 0
        for name in ("d98_gy", "d50_gy", "d2_gy"):
            assert np.mean(row.values[name]) == pytest.approx(50, abs=1)


def test_what_shrinks_to_nothing_is_counted() -> None:
    tumor = ball(4)
    one = scene(np.full(SHAPE, 50.0), tumor, contour_mm=4.0)
    borders = borders_of(one)
    row = ensemble(one, realizations=100, borders=borders).rows["T"]
    gone = row.values["volume_ml"] == 0
    assert 0.02 < gone.mean() < 0.5
    assert np.isnan(row.values["mean_gy"][gone]).all()
    assert np.isfinite(row.values["mean_gy"][~gone]).all()
    assert np.isfinite(by_differences(one, borders)["T"].standard["d70_gy"])


def test_what_fills_no_voxel_by_half_has_a_border() -> None:
    part = np.zeros(SHAPE)
    part[15, 16, 15] = 0.3
    one = scene(np.full(SHAPE, 50.0), part, contour_mm=2.0)
    volumes = ensemble(one, realizations=40).rows["T"].values["volume_ml"]
    assert volumes.std() > 0.3 * VOXEL_ML * 0.3


def test_a_single_slice_has_borders_too() -> None:
    flat = ball(20)[14:15]
    one = replace(
        scene(np.full(SHAPE, 50.0), ball(20)),
        dose_gy=100 * flat,
        drawn={"T": flat},
        occupied={"T": flat},
        contour_mm=1.0,
        registration_mm=1.0,
    )
    borders = borders_of(one)
    draws = ensemble(one, realizations=30, borders=borders).rows["T"].values["mean_gy"]
    assert np.isfinite(draws).all()
    assert propagated(one)["T"].standard_gy > 0
    assert by_differences(one, borders)["T"].standard["volume_ml"] > 0
