"""Both routes of uncertainty, against what can be worked out and against each other."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from sirtdose.errors import InputError, RangeError
from sirtdose.model.metric import Metric
from sirtdose.uncertainty.borders import Border, signed_distance_mm
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.ensemble import ensemble, smooth_noise
from sirtdose.uncertainty.first_order import propagated
from sirtdose.uncertainty.scene import Factor, Part, Scene
from tests.uncertainty.simulated import coverage, ellipsoid_in

SPACING = (4.0, 3.5, 4.5)
SHAPE = (24, 28, 24)
MIDDLE = np.array([46.0, 47.0, 52.0])
# Around a liver.
LARGE = (38, 44, 36)
IN_LARGE = np.array([74.0, 76.0, 80.0])


def ellipsoid(center, radii, *, finer=5, shape=SHAPE):
    return ellipsoid_in(shape, SPACING, center, radii, finer=finer)


def still(dose, drawn, parts, **changed):
    """A scene in which nothing is uncertain but what is given."""
    known = {
        "spacing_mm": SPACING,
        "occupied": {part.name: drawn[part.plus[0]] for part in parts},
        "factors": (),
        "region": (),
        "contour_mm": 0.0,
        "contour_shift_mm": 0.0,
        "registration_mm": 0.0,
        "noise": 0.0,
        "noise_at_gy": 1.0,
        "noise_fwhm_mm": 0.0,
    }
    return Scene(dose_gy=dose, drawn=drawn, parts=parts, **(known | changed))


@pytest.fixture(scope="module")
def sphere():
    return ellipsoid(MIDDLE, (24, 24, 24))


T = Part("T", "tumor", ("T",))


def mean_draws(found, name="T"):
    return found.rows[name].values["mean_gy"]


class TestBorders:
    def test_distances_of_a_sphere(self, sphere):
        distance = signed_distance_mm(sphere, SPACING, 12.0)
        index = np.indices(SHAPE).astype(float)
        world = index * np.array(SPACING)[:, None, None, None]
        exact = np.linalg.norm(world - MIDDLE[:, None, None, None], axis=0) - 24
        near = np.abs(exact) < 10
        assert np.abs(distance - exact)[near].max() < 0.8
        # Where half of a voxel is inside lies a little inside of a curved border.
        assert np.abs((distance - exact)[near].mean()) < 0.25

    @pytest.mark.parametrize("outwards", [-3.0, -1.0, 0.0, 1.0, 3.0])
    def test_a_sphere_grows_by_its_radius(self, sphere, outwards):
        border = Border.of(sphere, SPACING, 8.0)
        volume = border.moved(outwards, np.zeros(3)).sum() * np.prod(SPACING)
        assert volume == pytest.approx(4 / 3 * np.pi * (24 + outwards) ** 3, rel=0.02)

    def test_what_is_not_moved_is_what_was_drawn(self, sphere):
        moved = Border.of(sphere, SPACING, 8.0).moved(0.0, np.zeros(3))
        assert np.abs(moved - sphere).max() < 1e-12

    def test_a_shift_moves_its_middle(self, sphere):
        shift = np.array([3.0, -2.0, 1.0])
        moved = Border.of(sphere, SPACING, 12.0).moved(0.0, shift)
        middle = np.multiply(ndimage.center_of_mass(moved), SPACING)
        assert middle == pytest.approx(MIDDLE + shift, abs=0.15)
        assert moved.sum() == pytest.approx(sphere.sum(), rel=0.01)


class TestWorkedOut:
    def test_a_contour_in_sharp_uptake(self, sphere):
        # On the surface the dose is half: dD/D = S/V (1/2 - 1) delta = 1.5 delta / r.
        scene = still(100 * sphere, {"T": sphere}, [T], contour_mm=1.0)
        mean = float((100 * sphere * sphere).sum() / sphere.sum())
        found = propagated(scene)["T"]
        assert found.parts_gy["contour_voxels"] / mean == pytest.approx(
            1.5 / 24, rel=0.15
        )

    def test_factors_add_by_squares(self, sphere):
        factors = [
            Factor("administered", 0.05, 2.2 / 2.1),
            Factor("residual", 0.2, -0.1 / 2.1),
            Factor("density", 0.0116, -1.0),
        ]
        scene = still(np.full(SHAPE, 80.0), {"T": sphere}, [T], factors=factors)
        # 80 Gy x root of 5.238 %^2 + 0.952 %^2 + 1.16 %^2.
        by_hand = 80 * np.sqrt(0.052381**2 + 0.0095238**2 + 0.0116**2)
        assert propagated(scene)["T"].standard_gy == pytest.approx(by_hand, rel=1e-4)
        drawn = mean_draws(ensemble(scene, realizations=400, seed=3))
        assert drawn.std(ddof=1) == pytest.approx(by_hand, rel=0.04)
        assert drawn.mean() == pytest.approx(80, rel=0.004)

    def test_white_noise_goes_down_by_the_root_of_voxels(self):
        whole = ellipsoid(MIDDLE, (24, 24, 24), finer=1)
        scene = still(
            np.full(SHAPE, 50.0), {"T": whole}, [T], noise=0.2, noise_at_gy=50.0
        )
        by_hand = 0.2 * 50 / np.sqrt(whole.sum())
        assert propagated(scene)["T"].standard_gy == pytest.approx(by_hand, rel=1e-6)
        drawn = mean_draws(ensemble(scene, realizations=400))
        assert drawn.std(ddof=1) == pytest.approx(by_hand, rel=0.12)

    def test_activity_shared_over_a_contour_keeps_its_total(self):
        # A uniform liver: mean = A / volume, whatever the contour. delta V / V = S/V d.
        liver = ellipsoid(IN_LARGE, (60, 60, 60), shape=LARGE)
        scene = still(
            *(np.full(LARGE, 40.0), {"L": liver}, [Part("L", "liver", ("L",))]),
            region=("L",),
            contour_mm=0.5,
        )
        by_hand = 40 * 3 / 60 * 0.5
        first = propagated(scene)["L"].standard_gy
        drawn = mean_draws(ensemble(scene, realizations=200), "L").std(ddof=1)
        assert first == pytest.approx(by_hand, rel=0.12)
        assert drawn == pytest.approx(by_hand, rel=0.05)

    def test_noise_of_the_region_cancels(self):
        liver = ellipsoid(IN_LARGE, (60, 60, 60), shape=LARGE)
        scene = still(
            *(np.full(LARGE, 40.0), {"L": liver}, [Part("L", "liver", ("L",))]),
            region=("L",),
            noise=0.3,
            noise_at_gy=40.0,
            noise_fwhm_mm=8.0,
        )
        assert propagated(scene)["L"].standard_gy < 1e-9
        assert mean_draws(ensemble(scene, realizations=30), "L").std() < 1e-9

    def test_smooth_noise_has_the_width_it_says(self):
        rng = np.random.default_rng(2)
        fields = [smooth_noise((32, 40, 36), SPACING, 10.0, rng) for _ in range(30)]
        assert np.std(fields) == pytest.approx(1, rel=0.03)
        # Smoothed by s, noise goes together as a Gaussian of s sqrt(2).
        along = np.mean([one[:, :, 1:] * one[:, :, :-1] for one in fields])
        sigma = 10 / 2.354820045
        assert along == pytest.approx(np.exp(-(4.5**2) / (4 * sigma**2)), abs=0.03)


@pytest.fixture(scope="module")
def liver_scene():
    """A liver with a tumor, blurred, everything uncertain."""
    liver = ellipsoid(IN_LARGE + 2, (50, 60, 62), shape=LARGE)
    tumor = ellipsoid(IN_LARGE - (6, 5, -8), (22, 22, 22), shape=LARGE)
    dose = 3 + 17 * liver + 100 * tumor
    dose = ndimage.gaussian_filter(dose, [8 / 2.3548 / side for side in SPACING])
    parts = [
        Part("L", "liver", ("L",)),
        Part("T", "tumor", ("T",)),
        Part("N", "normal_whole", ("L",), ("T",)),
    ]
    return still(
        dose,
        {"L": liver, "T": tumor},
        parts,
        occupied={"L": liver, "T": tumor, "N": np.clip(liver - tumor, 0, 1)},
        factors=[Factor("administered", 0.05, 1.02), Factor("density", 0.0116, -1.0)],
        contour_mm=1.5,
        contour_shift_mm=0.5,
        registration_mm=0.5,
        noise=0.15,
        noise_at_gy=22.0,
        noise_fwhm_mm=8.0,
    )


class TestBothRoutes:
    @pytest.mark.parametrize("region", [(), ("L",)])
    def test_they_agree_within_a_tenth(self, liver_scene, region):
        scene = replace(liver_scene, region=region)
        first = propagated(scene)
        drawn = ensemble(scene, realizations=300, seed=1)
        ratios = {
            name: first[name].standard_gy / mean_draws(drawn, name).std(ddof=1)
            for name in first
        }
        assert all(0.9 < one < 1.1 for one in ratios.values()), ratios

    def test_shares_add_up(self, liver_scene):
        for one in propagated(liver_scene).values():
            assert sum(one.shares.values()) == pytest.approx(1)

    def test_the_same_seed_gives_the_same_draws(self, liver_scene):
        a, b, c = (
            mean_draws(ensemble(liver_scene, realizations=20, seed=seed))
            for seed in (7, 7, 8)
        )
        assert (a == b).all()
        assert (a != c).any()

    def test_bands_and_quantities_lie_about_what_is_measured(self, liver_scene):
        row = ensemble(
            liver_scene, realizations=60, asked=(Metric.parse("V50Gy"),)
        ).rows["T"]
        assert (row.curve_low <= row.curve_high + 1e-12).all()
        assert row.curve_low[0] == pytest.approx(1)
        for name in ("mean_gy", "d95_gy", "d70_gy", "d50_gy", "d2_gy", "v50"):
            assert np.isfinite(row.values[name]).all()
        assert (row.values["d95_gy"] <= row.values["d70_gy"]).all()

    @pytest.mark.parametrize("count", [0, 19, 200_000])
    def test_so_few_or_many_say_nothing(self, liver_scene, count):
        with pytest.raises(RangeError, match="realizations: give 20 to 100000"):
            ensemble(liver_scene, realizations=count)


@pytest.mark.parametrize(
    ("patients", "least"), [(20, 17), pytest.param(60, 51, marks=pytest.mark.slow)]
)
def test_first_order_intervals_hold_the_truth(patients, least):
    # benchmarks/interval_coverage.py does it with more patients, by the ensemble too.
    held = coverage(patients, 0)
    assert len(held) == 2
    assert all(least <= count <= patients for count in held.values()), held


class TestBudget:
    def test_defaults_have_sources(self):
        budget = Budget.of({})
        assert all(one.source for one in budget.components.values())
        assert budget["administered"] == 0.058

    @pytest.mark.parametrize(
        ("given", "error", "said"),
        [
            ({"administred": 0.1}, InputError, "no entry 'administred'"),
            ({"administered": 5.0}, RangeError, "5 % is 0.05"),
            ({"registration_mm": -1.0}, RangeError, "must be 0 to 50"),
            ({"noise": float("nan")}, RangeError, "nan"),
        ],
    )
    def test_what_cannot_be_one_is_refused(self, given, error, said):
        with pytest.raises(error, match=said):
            Budget.of(given)


def test_no_thread_goes_on_where_ctrl_c_frees_the_arrays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(_: threading.Thread) -> None:
        raise AssertionError("a thread was started")

    monkeypatch.setattr(threading.Thread, "start", start)
    cube = np.zeros((20, 20, 20))
    cube[5:15, 5:15, 5:15] = 1
    # From the center of 10 voxels of 2 mm to the side: 9 mm to a voxel's center.
    distance = signed_distance_mm(cube, (2.0, 2.0, 2.0), 50.0)
    assert distance[9, 9, 9] == pytest.approx(-9.0, abs=0.1)
