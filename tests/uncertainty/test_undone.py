"""Intervals of doses without blur: the correction made anew, against known truth."""

from dataclasses import replace

import numpy as np
import pytest

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.partial_volume import iterative_yang
from sirtdose.model.grid import Grid
from sirtdose.uncertainty.borders import Border
from sirtdose.uncertainty.scene import Factor
from sirtdose.uncertainty.undoing import Blurred, Off, Row, Undoing
from sirtdose.uncertainty.undone import undone_differences, undone_ensemble
from tests.uncertainty.simulated import ellipsoid_in

SPACING, SHAPE = (4.5, 4.2, 4.0), (24, 26, 28)
GRID = Grid.regular(SHAPE, spacing_mm=SPACING)
MIDDLE, FWHM_MM = (52.0, 53.0, 55.0), (13.0, 13.0, 14.0)
IN = {"T1": 7.0, "T2": 5.0, "liver": 1.0, "background": 0.02}
CONTOUR_MM, SHIFT_MM, TOGETHER_MM, WIDTH = 0.8, 0.6, 0.8, 0.05
COUNTS = 300.0


def shapes(
    rng: np.random.Generator | None = None,
) -> dict[str, np.ndarray]:
    """Two tumors in a liver; drawn a little off where there is chance."""
    found = {
        "T1": ellipsoid_in(SHAPE, SPACING, (44.0, 46.0, 50.0), (13, 13, 13)),
        "T2": ellipsoid_in(SHAPE, SPACING, (66.0, 68.0, 66.0), (9, 9, 9)),
        "liver": ellipsoid_in(SHAPE, SPACING, MIDDLE, (40, 42, 44)),
    }
    if rng is None:
        return found
    together = TOGETHER_MM * rng.standard_normal(3)
    return {
        name: Border.of(own, SPACING, 8.0).moved(
            CONTOUR_MM * rng.standard_normal(),
            together + SHIFT_MM * rng.standard_normal(3),
        )
        for name, own in found.items()
    }


def regions_of(layers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    tumors = layers["T1"] + layers["T2"]
    return {
        "T1": layers["T1"].astype(np.float32),
        "T2": layers["T2"].astype(np.float32),
        "liver": np.clip(layers["liver"] - tumors, 0, 1).astype(np.float32),
        "background": np.clip(1 - np.maximum(layers["liver"], tumors), 0, 1).astype(
            np.float32
        ),
    }


def scene(
    rng: np.random.Generator | None = None, *, noise: float = 0.0, off: float = 1.0
) -> Blurred:
    """What a camera shows of the truth, with somebody's contours and width."""
    blur = Blur.on(GRID, FWHM_MM)
    truth = sum(IN[name] * part for name, part in regions_of(shapes()).items())
    image = COUNTS * blur.scaled(off)(truth)
    if rng is not None and noise:
        image = rng.poisson(image).astype(np.float32)
    layers = shapes(rng)
    regions = regions_of(layers)
    found = iterative_yang(
        np.asarray(image, np.float32), list(regions.values()), blur, tumors=2
    )
    shown = {
        name: Dvh.of_values(name, field[part > 0] / COUNTS, part[part > 0])
        for (name, part), field in zip(regions.items(), found.fields, strict=True)
    }
    rows = {
        "T1": Row("tumor", layers["T1"], shown["T1"], "T1"),
        "T2": Row("tumor", layers["T2"], shown["T2"], "T2"),
        "normal": Row(
            "normal_whole", layers["liver"], shown["liver"], "liver", ("T1", "T2")
        ),
    }
    return Blurred(
        image=np.asarray(image, np.float32),
        beyond=0.0,
        spacing_mm=SPACING,
        regions=regions,
        layers=layers,
        tumors=2,
        rows=rows,
        shared_over="",
        is_shared=False,
        blur=blur,
        factors=(),
        contour_mm=CONTOUR_MM,
        contour_shift_mm=SHIFT_MM,
        registration_mm=TOGETHER_MM,
        noise=noise,
        noise_at=COUNTS,
        noise_fwhm_mm=0.5,
        psf=WIDTH,
    )


TRUTH = {"T1": 7.0, "T2": 5.0, "normal": 1.0}


def test_nothing_off_is_what_was_shown() -> None:
    made = scene()
    for name, (values, volumes) in Undoing(made).doses().items():
        shown = made.rows[name].dvh
        assert (values * volumes).sum() / volumes.sum() == pytest.approx(shown.mean_gy)
        assert shown.mean_gy == pytest.approx(TRUTH[name], rel=0.01)


def test_a_wider_blur_makes_tumors_hotter_by_what_is_said() -> None:
    quiet = replace(scene(), contour_mm=0.0, contour_shift_mm=0.0, registration_mm=0.0)
    wider = replace(quiet, blur=quiet.blur.scaled(1 + WIDTH))
    parts = list(quiet.regions.values())
    again = iterative_yang(quiet.image, parts, wider.blur, tumors=2).concentrations
    known = iterative_yang(quiet.image, parts, quiet.blur, tumors=2).concentrations
    found = undone_differences(Undoing(quiet), seed=0, asked=())
    for k, name in enumerate(("T1", "T2")):
        mean, others = found[name]
        step = TRUTH[name] * (again[k] / known[k] - 1)
        assert mean.parts_gy["psf"] == pytest.approx(step, rel=0.05)
        assert mean.standard_gy == pytest.approx(mean.parts_gy["psf"])
        assert others.standard["d70_gy"] == pytest.approx(step, rel=0.15)
    assert found["normal"][0].parts_gy["psf"] < 0.01


def test_a_shared_activity_keeps_its_total() -> None:
    """What a wider blur gives the tumors it takes from the liver."""

    def whole(undoing: Undoing, wider: float) -> float:
        found = undoing.doses(Off(wider=wider)).values()
        return sum(float((gy * volume).sum()) for gy, volume in found)

    shared = Undoing(replace(scene(), is_shared=True, beyond=2000.0))
    assert whole(shared, 1.15) == pytest.approx(whole(shared, 1.0), rel=0.01)
    hotter = [
        float(np.median(shared.doses(Off(wider=wider))["T2"][0]))
        for wider in (1.0, 1.15)
    ]
    assert hotter[1] > 1.1 * hotter[0]


def test_factors_scale_and_count() -> None:
    quiet = replace(
        scene(),
        contour_mm=0.0,
        contour_shift_mm=0.0,
        registration_mm=0.0,
        psf=0.0,
        factors=(Factor("administered", 0.05, 1.0),),
    )
    mean, others = undone_differences(Undoing(quiet), seed=0, asked=())["T1"]
    assert mean.standard_gy == pytest.approx(0.05 * mean.mean_gy)
    assert others.standard["volume_ml"] == pytest.approx(0.0, abs=1e-9)
    drawn = undone_ensemble(Undoing(quiet), realizations=100, seed=1, asked=())["T1"]
    spread = drawn.values["mean_gy"].std(ddof=1) / drawn.values["mean_gy"].mean()
    assert spread == pytest.approx(0.05, rel=0.03)


def test_both_routes_agree() -> None:
    made = scene(noise=0.06)
    first = undone_differences(Undoing(made), seed=0, asked=())
    drawn = undone_ensemble(Undoing(made), realizations=120, seed=0, asked=())
    for name, (mean, others) in first.items():
        spread = drawn[name].values["mean_gy"].std(ddof=1)
        assert spread == pytest.approx(mean.standard_gy, rel=0.15)
        if made.rows[name].role == "tumor":
            spread = drawn[name].values["d70_gy"].std(ddof=1)
            assert spread == pytest.approx(others.standard["d70_gy"], rel=0.3)


def test_the_same_seed_gives_the_same_draws() -> None:
    undoing = Undoing(scene(noise=0.06))
    a, b, c = (
        undone_ensemble(undoing, realizations=20, seed=seed, asked=())["T2"]
        for seed in (7, 7, 8)
    )
    assert (a.values["mean_gy"] == b.values["mean_gy"]).all()
    assert (a.values["mean_gy"] != c.values["mean_gy"]).any()


@pytest.mark.parametrize("patients", [10, pytest.param(30, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth(patients: int) -> None:
    """Of patients with everything drawn as the budget says, by first order."""
    rng = np.random.default_rng(5)
    held: dict[tuple[str, str], int] = {}
    for _ in range(patients):
        made = scene(rng, noise=0.06, off=float(1 + WIDTH * rng.standard_normal()))
        found = undone_differences(Undoing(made), seed=0, asked=())
        for name, (mean, others) in found.items():
            shown = made.rows[name].dvh
            d70_gy = shown.dose_to_volume_fraction_gy(0.7)
            for quantity, value, standard in (
                ("mean", shown.mean_gy, mean.standard_gy),
                ("d70", d70_gy, others.standard["d70_gy"]),
            ):
                # Noise of voxels moves the D70 of a large volume; not a tumor's.
                if quantity == "mean" or made.rows[name].role == "tumor":
                    key = (name, quantity)
                    within = abs(value - TRUTH[name]) < 1.96 * standard
                    held[key] = held.get(key, 0) + int(within)
    assert min(held.values()) >= 0.85 * patients, held
    assert sum(held.values()) >= 0.92 * patients * len(held), held
