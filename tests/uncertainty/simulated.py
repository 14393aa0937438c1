"""Patients whose true doses are known, measured with every error drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.metric import Metric
from sirtdose.uncertainty.borders import Border, borders_of
from sirtdose.uncertainty.differences import by_differences
from sirtdose.uncertainty.ensemble import ensemble, interval_of, smooth_noise
from sirtdose.uncertainty.first_order import propagated
from sirtdose.uncertainty.scene import (
    Factor,
    Part,
    Scene,
    quantities,
    uncertain_metrics,
)

Array = NDArray[np.float64]
SPACING = (4.0, 3.5, 4.5)
SHAPE = (28, 34, 28)
MIDDLE = (54.0, 58.0, 60.0)
CONTOUR_MM, SHIFT_MM, NOISE, CALIBRATION = 1.2, 0.4, 0.1, 0.05


def ellipsoid_in(
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
    center: Sequence[float],
    radii: Sequence[float],
    *,
    finer: int = 5,
) -> Array:
    """The part of each voxel inside, by points on a finer lattice."""
    axes = [
        (np.arange(size * finer) + 0.5) / finer * side - side / 2
        for size, side in zip(shape, spacing, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
    squares = [
        ((at - c) / r) ** 2 for at, c, r in zip((z, y, x), center, radii, strict=True)
    ]
    inside = squares[0] + squares[1] + squares[2] <= 1
    a, b, c = shape
    parts: Array = inside.reshape(a, finer, b, finer, c, finer).mean(axis=(1, 3, 5))
    return parts


def measured(
    rng: np.random.Generator, truth: Array, structures: dict[str, Array]
) -> Scene:
    """What somebody would measure: contours, noise and calibration drawn."""
    drawn = {
        name: Border.of(own, SPACING, 8.0).moved(
            CONTOUR_MM * rng.standard_normal(), SHIFT_MM * rng.standard_normal(3)
        )
        for name, own in structures.items()
    }
    noise = smooth_noise(SHAPE, SPACING, 8.0, rng)
    seen = truth + NOISE * np.sqrt(30.0 * truth) * noise
    seen *= np.exp(CALIBRATION * rng.standard_normal())
    return Scene(
        dose_gy=seen,
        spacing_mm=SPACING,
        drawn=drawn,
        occupied=drawn,
        parts=[Part("L", "liver", ("L",)), Part("T", "tumor", ("T",))],
        factors=[Factor("administered", CALIBRATION, 1.0)],
        region=(),
        contour_mm=CONTOUR_MM,
        contour_shift_mm=SHIFT_MM,
        registration_mm=0.0,
        noise=NOISE,
        noise_at_gy=30.0,
        noise_fwhm_mm=8.0,
    )


ASKED = (Metric.parse("V60Gy"),)
MEANS, OTHERS = ("mean_gy",), ("d90_gy", "d70_gy", "d50_gy", "v60")


def quantities_of(dose: Array, part: Array) -> dict[str, float]:
    inside = part > 0
    volumes = part[inside] * np.prod(SPACING) / 1000
    return quantities(
        Dvh.of_values("", dose[inside], volumes), uncertain_metrics(ASKED)
    )


def coverage(
    patients: int, realizations: int, *, others: bool = False, blur_mm: float = 0.0
) -> dict[tuple[str, str, str], int]:
    """In how many of so many patients each 95 % interval holds the truth.

    By route, structure and quantity; with `others` of D_x and V_x too. `blur_mm`
    (FWHM) is of the true doses: none of them changes within a voxel then.
    """
    structures = {
        "L": ellipsoid_in(SHAPE, SPACING, MIDDLE, (42, 46, 46)),
        "T": ellipsoid_in(SHAPE, SPACING, (50.0, 52.0, 66.0), (18, 18, 18)),
    }
    truth = 2 + 23 * structures["L"] + 75 * structures["T"]
    if blur_mm > 0:
        sigma = [blur_mm / 2.3548 / side for side in SPACING]
        truth = ndimage.gaussian_filter(truth, sigma)
    true = {name: quantities_of(truth, own) for name, own in structures.items()}
    rng = np.random.default_rng(11)
    held: dict[tuple[str, str, str], int] = {}
    wanted = MEANS + OTHERS if others else MEANS

    def count(route: str, name: str, low: float, quantity: str, high: float) -> None:
        key = (route, name, quantity)
        held[key] = held.get(key, 0) + int(low <= true[name][quantity] <= high)

    for n in range(patients):
        scene = measured(rng, truth, structures)
        borders = borders_of(scene)
        first = propagated(scene)
        drawn = ensemble(
            scene, realizations=realizations, seed=n, asked=ASKED, borders=borders
        ) if realizations else None  # fmt: skip
        further = by_differences(scene, borders, asked=ASKED) if others else {}
        for name in true:
            values = quantities_of(scene.dose_gy, scene.drawn[name])
            for quantity in wanted:
                standard = (
                    first[name].standard_gy
                    if quantity in MEANS
                    else further[name].standard[quantity]
                )
                value, off = values[quantity], 1.96 * standard
                bias = drawn.rows[name].by_noise[quantity] if drawn else 0.0
                low, high = value - max(bias, 0.0), value + max(-bias, 0.0)
                count("first order", name, low - off, quantity, high + off)
                if drawn is not None:
                    row = drawn.rows[name]
                    low, high = interval_of(
                        value, row.values[quantity], row.by_noise[quantity]
                    )
                    count("ensemble", name, low, quantity, high)
    return held
