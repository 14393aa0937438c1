"""Methods on spheres whose blurred profile, and so every volume, is known exactly."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf

from sirtdose.dosimetry.derived import centroid_mm
from sirtdose.dosimetry.image.segmentation import candidates
from sirtdose.errors import RangeError, StructureError
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.segmentation import Segmentation
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((40, 44, 52), spacing_mm=(4.0, 3.5, 3.0), origin_mm=(-60, 25, 310))
# Radius and uptake of two spheres in a background of 10, blurred by a sigma of 5 mm.
RADIUS, SMALL, SIGMA = 24.0, 16.0, 5.0
FIRST, SECOND = np.array([-22.0, 105.0, 385.0]), np.array([52.0, 95.0, 380.0])
HOT, WARM, COLD = 80.0, 45.0, 10.0


def profile(r: Any, radius: float, sigma: float = SIGMA) -> Any:
    """A uniform sphere of 1 convolved with a Gaussian, at some distance."""
    r = np.maximum(r, 1e-6)
    near, far = (radius - r) / sigma, (radius + r) / sigma
    edge = np.exp(-(near**2) / 2) - np.exp(-(far**2) / 2)
    return (erf(near / math.sqrt(2)) + erf(far / math.sqrt(2))) / 2 - sigma * edge / (
        r * math.sqrt(2 * math.pi)
    )


def image() -> Volume:
    index = np.indices(GRID.shape).reshape(3, -1).T
    places = GRID.world_mm(index)
    data = np.full(len(index), COLD)
    for center, radius, uptake in ((FIRST, RADIUS, HOT), (SECOND, SMALL, WARM)):
        away = np.linalg.norm(places - center, axis=1)
        data += (uptake - COLD) * profile(away, radius)
    return Volume(data.reshape(GRID.shape), GRID, Quantity.COUNTS)


VOLUME = image()


def ml_above(value: float, radius: float, uptake: float) -> float:
    """The volume where a blurred sphere is above a value, in closed form."""
    r = brentq(lambda r: COLD + (uptake - COLD) * profile(r, radius) - value, 1, 60)
    return float(4 / 3 * math.pi * r**3 / 1000)


def steepest_ml(radius: float) -> float:
    def fall(r: float) -> float:
        return float(profile(r + 0.01, radius) - profile(r - 0.01, radius))

    r = minimize_scalar(fall, bounds=(radius / 2, 2 * radius), method="bounded").x
    return float(4 / 3 * math.pi * r**3 / 1000)


def volumes(asked: Segmentation, within: Structure | None = None) -> list[float]:
    return [one.structure.volume_ml for one in candidates(VOLUME, within, asked)]


@pytest.mark.parametrize("fraction", [None, 0.3, 0.5])
def test_a_fixed_fraction_cuts_both_at_one_value(fraction: float | None) -> None:
    value = (fraction or 0.41) * HOT
    found = candidates(VOLUME, None, Segmentation(fraction=fraction))
    expected = [ml_above(value, RADIUS, HOT)]
    expected += [ml_above(value, SMALL, WARM)] if value < 42 else []
    # Voxels of 42 mm3: the smallest has 62 of them.
    measured = [one.structure.volume_ml for one in found]
    assert measured[0] == pytest.approx(expected[0], rel=0.01)
    assert measured[1:] == pytest.approx(expected[1:], rel=0.12)
    assert [one.structure.role for one in found] == [Role.TUMOR] * len(expected)
    assert found[0].threshold == pytest.approx(value, rel=0.01)
    assert found[0].maximum == pytest.approx(HOT, rel=0.01)


def test_adaptive_cuts_each_half_way_above_its_own_background() -> None:
    first, second = volumes(Segmentation("adaptive"))
    # Peaks of the image smoothed by 12 mm more, in a background of 10.
    wide = math.hypot(SIGMA, 12 / 2.3548)
    tops = [
        COLD + (uptake - COLD) * float(profile(0.01, radius, wide))
        for radius, uptake in ((RADIUS, HOT), (SMALL, WARM))
    ]
    assert tops == pytest.approx([79.3, 39.0], abs=0.1)
    middle = [(COLD + one) / 2 for one in tops]
    assert first == pytest.approx(ml_above(middle[0], RADIUS, HOT), rel=0.02)
    assert second == pytest.approx(ml_above(middle[1], SMALL, WARM), rel=0.06)


def test_the_gradient_finds_where_each_falls_most_steeply() -> None:
    expected = [steepest_ml(RADIUS), steepest_ml(SMALL)]
    # Less than the true 57.9 and 17.2 mL: blur moves the steepest place inwards.
    assert expected == pytest.approx([50.7, 12.7], rel=0.01)
    assert volumes(Segmentation("gradient")) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("method", ["adaptive", "gradient"])
def test_two_tumors_that_touch_are_told_apart(method: str) -> None:
    # 38 mm apart: at 45, half of the hot one, a threshold leaves them connected.
    second = FIRST + np.array([38.0, 0.0, 0.0])
    index = np.indices(GRID.shape).reshape(3, -1).T
    data = np.full(len(index), COLD)
    for center, uptake in ((FIRST, 120.0), (second, 90.0)):
        away = np.linalg.norm(GRID.world_mm(index) - center, axis=1)
        data += (uptake - COLD) * profile(away, SMALL)
    volume = VOLUME.with_data(data.reshape(GRID.shape))
    assert len(candidates(volume, None, Segmentation(fraction=0.2))) == 1
    found = [one.structure for one in candidates(volume, None, Segmentation(method))]
    assert len(found) == 2
    assert (found[0] & found[1]).empty
    centers = sorted(centroid_mm(one)[0] for one in found)
    assert centers == pytest.approx([FIRST[0], second[0]], abs=1.5)
    for one in found:
        # Half of what the lesser stands out by, and the steepest place, in mL.
        assert one.volume_ml == pytest.approx(13.5, rel=0.15)


def test_a_seed_grows_to_its_own_lesion_alone() -> None:
    # 4 mm beside the center of the smaller one, whose maximum there is 44.4.
    seed = tuple((SECOND + np.array([0.0, 4.0, 0.0])).tolist())
    asked = Segmentation("region-growing", fraction=0.6, seeds_mm=(seed,))
    top = COLD + (WARM - COLD) * float(profile(1.5, SMALL))
    assert volumes(asked) == pytest.approx([ml_above(0.6 * top, SMALL, WARM)], rel=0.04)


def test_two_seeds_in_one_lesion_are_no_two_tumors() -> None:
    first = tuple(FIRST.tolist())
    again = tuple((FIRST + np.array([0.0, 6.0, 0.0])).tolist())
    asked = Segmentation("region-growing", fraction=0.5, seeds_mm=(first, again))
    with pytest.raises(StructureError, match="leave the seed -22,111,385 out"):
        volumes(asked)
    both = (first, tuple(SECOND.tolist()))
    asked = Segmentation("region-growing", fraction=0.5, seeds_mm=both)
    assert len(volumes(asked)) == 2
    # So low that either grows into the other.
    asked = Segmentation("region-growing", fraction=0.12, seeds_mm=both)
    with pytest.raises(StructureError, match=r"shares .* mL with what grows from"):
        volumes(asked)


def test_the_perfused_volume_is_never_called_liver() -> None:
    data = np.where(VOLUME.data > 10.5, VOLUME.data, 0.0)
    # A hole that a threshold leaves is perfused too.
    data[18:20, 22:24, 12:14] = 0.0
    asked = Segmentation(find="perfused", fraction=0.2)
    [one] = candidates(VOLUME.with_data(data), None, asked)
    assert one.structure.volume_ml == pytest.approx(ml_above(16, RADIUS, HOT), rel=0.03)
    assert one.structure.role is Role.PERFUSED
    assert "liver" not in one.structure.name.lower()


def test_names_that_are_drawn_already_are_left_to_them() -> None:
    found = candidates(VOLUME, None, Segmentation(), taken=["tumor 1", "Liver"])
    assert [one.structure.name for one in found] == [
        "Tumor 2 (candidate)",
        "Tumor 3 (candidate)",
    ]
    assert [one.number for one in found] == [2, 3]
    asked = Segmentation(find="perfused", fraction=0.2)
    [one] = candidates(VOLUME, None, asked, taken=["perfused volume"])
    assert one.structure.name == "Perfused volume 2 (candidate)"


def test_what_finds_nothing_says_threshold_and_maximum() -> None:
    box = np.zeros(GRID.shape, bool)
    box[10:30, 12:32, 3:23] = True
    part = Structure("Liver", Role.LIVER, box, GRID)
    with pytest.raises(StructureError, match=r"threshold of 79.* \(maximum 79.*fixed"):
        volumes(Segmentation(fraction=0.9999), part)
    even = Structure("Liver", Role.LIVER, np.ones(GRID.shape, bool), GRID)
    with pytest.raises(StructureError, match=r"most of 'Liver' is above 0\.1 of the"):
        volumes(Segmentation(fraction=0.1), even)
    nothing = VOLUME.with_data(np.zeros(GRID.shape))
    with pytest.raises(StructureError, match="no activity"):
        candidates(nothing, None, Segmentation("adaptive"))


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        ((500.0, 100.0, 380.0), "outside the image, which reaches over x -62 to 9"),
        ((52.0, 95.0, 380.0), "outside 'Liver', in which tumors"),
        (
            (-40.0, 40.0, 320.0),
            "most of 'Liver' is grown from a seed above the threshold of 4.1",
        ),
    ],
)
def test_a_seed_outside(seed: tuple[float, float, float], said: str) -> None:
    half = np.zeros(GRID.shape, bool)
    half[:, :, :26] = True
    liver = Structure("Liver", Role.LIVER, half, GRID)
    asked = Segmentation("region-growing", seeds_mm=(seed,))
    with pytest.raises((RangeError, StructureError), match=said):
        volumes(asked, liver)


def test_a_fraction_is_a_fraction() -> None:
    with pytest.raises(RangeError, match="threshold of 41 is not possible"):
        Segmentation(fraction=41)


@pytest.mark.parametrize("find", ["tumors", "perfused"])
def test_what_is_larger_than_any_liver_is_refused(find: Any) -> None:
    # A uniform image: 48 x 44 x 52 voxels of 10 x 4 x 4 mm are 17572 mL.
    grid = Grid.regular((48, 44, 52), spacing_mm=(10.0, 4.0, 4.0))
    flat = Volume(np.full(grid.shape, 7.0), grid, Quantity.COUNTS)
    with pytest.raises(StructureError, match=r"17572 mL .* no liver is larger than"):
        candidates(flat, None, Segmentation(find=find))
