"""One density for liver and tumors: constructed CTs, densities by hand."""

import numpy as np
import pytest

from sirtdose.checks.density import structure_density_findings
from sirtdose.dosimetry.engine.assigned_density import (
    Region,
    densities_by_name,
    regions_in,
    with_regions,
)
from sirtdose.dosimetry.engine.tissue_density import density_of_ct
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

GRID = Grid.regular((32, 32, 32), spacing_mm=(2.0, 2.0, 2.0))
# By hand: a straight line from 1.03 at 23 HU to 1.07679 at 101.
AT_60_HU, AT_46_HU, AT_110_HU = 1.0522, 1.0438, 1.0821
LUNG_AT_700 = 0.3101


def ct_of(liver_hu: float = 60.0, noise_hu: float = 25.0) -> np.ndarray:
    """Liver in the lower 20 planes, lung above; the plane between is half of each."""
    hu = np.full(GRID.shape, liver_hu)
    hu[21:] = -700.0
    hu[20] = (liver_hu - 700.0) / 2
    rng = np.random.default_rng(5)
    return hu + rng.normal(0, noise_hu, GRID.shape)


def liver() -> Structure:
    """All of the lower planes, and half of the plane at the lung."""
    part = np.zeros(GRID.shape)
    part[:20], part[20] = 1.0, 0.5
    return Structure("Liver", Role.LIVER, part, GRID)


def box(name: str, role: Role, *sides: slice) -> Structure:
    inside = np.zeros(GRID.shape, bool)
    inside[sides] = True
    return Structure(name, role, inside, GRID)


def tumor(name: str = "T", size: int = 6) -> Structure:
    return box(name, Role.TUMOR, *[slice(8, 8 + size)] * 3)


def told(
    hu: np.ndarray, *structures: Structure, typed: dict | None = None
) -> tuple[dict[str, Region], Volume]:
    ct = Volume(hu, GRID, Quantity.CT_NUMBER)
    fine = density_of_ct(ct)
    known, _ = densities_by_name(typed or {}, structures)
    regions = regions_in(fine, structures, known, ct=ct)
    return {one.name: one for one in regions}, with_regions(fine, regions)


def findings(
    hu: np.ndarray, *structures: Structure, typed: dict | None = None
) -> dict[str, Finding]:
    regions, density = told(hu, *structures, typed=typed)
    found = structure_density_findings(density, [], list(regions.values()), "CT")
    real = [one for one in found if one.severity is not Severity.NOTE]
    assert len({one.subject for one in real}) == len(real)
    return {one.subject: one for one in real}


def test_noise_gas_and_metal_do_not_move_the_median() -> None:
    hu = ct_of()
    hu[5:8, 4, :], hu[3, 5:8, 10] = -900.0, 3000.0
    regions, density = told(hu, liver())
    assert regions["Liver"].g_per_ml == pytest.approx(AT_60_HU, abs=5e-4)
    assert regions["Liver"].origin == "median of 20381 voxels"
    inside = density.data[:20]
    assert inside.min() == inside.max() == pytest.approx(AT_60_HU, abs=5e-4)
    # The lung is the CT's own.
    np.testing.assert_array_equal(
        density.data[21:], density_of_ct(Volume(hu, GRID, Quantity.CT_NUMBER)).data[21:]
    )


def test_a_voxel_half_in_the_lung_is_half_lung() -> None:
    """In the border's dose voxels of 4 mm: planes 20 (a half) and 21 (lung)."""
    hu = ct_of(noise_hu=0)
    hu[20, :4] = -900.0
    _, density = told(hu, liver())
    coarse = Grid.regular((16, 16, 16), spacing_mm=(4.0,) * 3, origin_mm=(1.0,) * 3)
    mean, _ = mean_on(density, coarse)
    half = (AT_60_HU + LUNG_AT_700) / 2
    assert mean[9, 8, 8] == pytest.approx(AT_60_HU, abs=1e-4)
    # The curve bends, so a mixed CT number is up to 0.02 g/mL off.
    assert mean[10, 8, 8] == pytest.approx((half + LUNG_AT_700) / 2, abs=0.012)
    # A streak in it leaves the liver's half, and takes the other.
    assert mean[10, 1, 8] == pytest.approx((AT_60_HU / 2 + LUNG_AT_700) / 2, abs=0.002)


def test_each_tumor_has_its_own() -> None:
    hu = ct_of(noise_hu=10.0)
    places = {"necrotic": (4, 18.0), "usual": (12, 46.0), "calcified": (20, 400.0)}
    tumors = []
    for name, (at, number) in places.items():
        sides = slice(6, 14), slice(6, 14), slice(at, at + 7)
        hu[sides] += number - 60.0
        tumors.append(box(name, Role.TUMOR, *sides))
    small = box("small", Role.TUMOR, slice(2, 4), slice(20, 22), slice(20, 22))
    hu[2:4, 20:22, 20:22] = -50.0
    regions, density = told(hu, liver(), *tumors, small)
    assert regions["necrotic"].g_per_ml == pytest.approx(1.03, abs=2e-3)
    assert regions["usual"].g_per_ml == pytest.approx(AT_46_HU, abs=1e-3)
    assert regions["calcified"].g_per_ml == 1.15
    assert regions["calcified"].origin.endswith("limited to 1.15")
    assert regions["small"].g_per_ml == regions["Liver"].g_per_ml
    assert "only 8 of its voxels" in regions["small"].origin
    # Its voxels are no liver's: the median is of the rest.
    assert regions["Liver"].voxels == 20480 - 3 * 448 - 8
    assert np.unique(density.data[7, 8, 12:19]).tolist() == [
        np.float32(regions["usual"].g_per_ml)
    ]


def test_the_border_of_two_tissues_is_both() -> None:
    """A plane half tumor, half liver, with a streak in it."""
    hu = ct_of(noise_hu=0)
    part = np.zeros(GRID.shape)
    part[8:14, 8:14, 8:14], part[14, 8:14, 8:14] = 1.0, 0.5
    hu[8:14, 8:14, 8:14], hu[14, 8:14, 8:14] = 23.0, -900.0
    _, density = told(hu, liver(), Structure("T", Role.TUMOR, part, GRID))
    assert density.data[14, 10, 10] == pytest.approx((1.03 + AT_60_HU) / 2, abs=1e-4)


def test_what_is_no_liver_keeps_its_own() -> None:
    hu = ct_of(noise_hu=0)
    bile = box("Gallbladder", Role.GALLBLADDER, *[slice(4, 8)] * 3)
    hu[4:8, 4:8, 4:8] = 0.0
    _, density = told(hu, liver(), bile)
    assert density.data[5, 5, 5] == pytest.approx(1.018, abs=1e-4)
    assert density.data[9, 9, 9] == pytest.approx(AT_60_HU, abs=1e-4)


def test_without_a_liver_the_perfused_volume_is_one() -> None:
    perfused = box("Right", Role.PERFUSED, slice(2, 12))
    tiny = box("tiny", Role.TUMOR, *[slice(28, 30)] * 3)
    regions, _ = told(ct_of(), perfused)
    assert regions["Right"].g_per_ml == pytest.approx(AT_60_HU, abs=1e-3)
    alone, _ = told(ct_of(), tiny)
    assert (alone["tiny"].g_per_ml, alone["tiny"].origin[:9]) == (1.05, "the usual")


def test_structures_beyond_the_ct_are_left_to_others() -> None:
    far = Grid.regular((4, 4, 4), spacing_mm=(2.0,) * 3, origin_mm=(900.0,) * 3)
    away = Structure("T", Role.TUMOR, np.ones(far.shape, bool), far)
    assert list(told(ct_of(), liver(), away)[0]) == ["Liver"]


def test_typed_densities() -> None:
    lungs = box("Lungs", Role.LUNGS, slice(21, 32))
    structures = (liver(), lungs, tumor("T 1"), tumor("T 2", 3))
    typed = {"Liver": 1.06, "TUMOURS": 1.04, "t 2": 1.02, "lung": 0.26}
    regions, density = told(ct_of(), *structures, typed=typed)
    assert {name: one.g_per_ml for name, one in regions.items()} == {
        "Liver": 1.06,
        "Lungs": 0.26,
        "T 1": 1.04,
        "T 2": 1.02,
    }
    assert density.data[25].max() == np.float32(0.26)
    assert density.data[[2, 12, 9], [2, 12, 9], [2, 12, 9]].tolist() == [
        np.float32(1.06),
        np.float32(1.04),
        np.float32(1.02),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (
            {"Livver": 1.06},
            "not a structure here: there are liver, tumors, lungs, Liver",
        ),
        ({"tumor": 1.0, "tumors": 1.1}, "two densities"),
        ({"liver": 1.0, " LIVER": 1.1}, "two densities"),
    ],
)
def test_refused(typed: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        densities_by_name(typed, [liver(), tumor()])


def test_words_of_nothing_and_names_that_are_words() -> None:
    one = (slice(0, 1),) * 3
    named = Structure("liver", Role.OTHER, np.ones((1, 1, 1), bool), GRID.crop(one))
    assert densities_by_name({"lungs": 0.3}, [liver()]) == ({}, ["lungs"])
    assert densities_by_name({"liver": 1.06}, [named]) == ({"liver": 1.06}, [])
    assert densities_by_name({"liver": 1.06}, [liver()]) == ({None: 1.06}, [])
    two = [box("A", Role.LIVER, slice(0, 4)), box("B", Role.LIVER, slice(4, 8))]
    assert densities_by_name({"a": 1.06}, two) == ({"A": 1.06}, [])


@pytest.mark.parametrize("noise_hu", [5.0, 30.0])
def test_a_normal_ct_is_not_questioned(noise_hu: float) -> None:
    """With 3 % of fat in fissures, and a tumor as it may be."""
    hu = ct_of(noise_hu=noise_hu)
    hu[:20, :, 15] -= 160.0
    hu[8:14, 8:14, 8:14] -= 20.0
    assert findings(hu, liver(), tumor()) == {}


@pytest.mark.parametrize("extra_hu", [50.0, 30.0])
def test_contrast_is_told(extra_hu: float) -> None:
    hu = ct_of() + extra_hu
    found = findings(hu, liver())
    assert found["Liver"].severity is Severity.WARN
    assert f"the median of 'Liver' is {60 + extra_hu:.0f} HU" in found["Liver"].message
    assert "--density-in 'liver=1.06g/mL'" in found["Liver"].message
    assert findings(hu, liver(), typed={"liver": 1.06}) == {}


@pytest.mark.parametrize(("lines", "severity"), [(1, Severity.WARN), (8, Severity.ASK)])
def test_a_streak_is_told_of_the_tumor_it_is_in(lines: int, severity: Severity) -> None:
    """Lines of 6 of a tumor's 216 voxels: 3 and 22 %."""
    hu = ct_of()
    for n in range(lines):
        hu[8 + n // 6, 8 + n % 6, 8:14] = -900.0
    found = findings(hu, liver(), tumor())
    assert set(found) == {"T"}
    assert found["T"].severity is severity
    assert told(hu, liver(), tumor())[1].data[8:14, 8:14, 8:14].min() > 1.05
    assert "0.104" in found["T"].message


def test_a_typed_density_that_is_no_liver_asks() -> None:
    for typed, severity in ((1.2, Severity.WARN), (1.4, Severity.ASK)):
        found = findings(ct_of(), liver(), typed={"liver": typed})
        assert found["Liver"].severity is severity


def test_an_image_of_densities_stands() -> None:
    """Without a CT only what was typed is changed; what is odd is told."""
    fine = Volume(np.full(GRID.shape, 1.02), GRID, Quantity.DENSITY)
    structures = [liver(), tumor()]
    for typed, expected in (({}, 1.02), ({"T": 1.08}, 1.08)):
        regions = regions_in(fine, structures, typed, ct=None)
        made = with_regions(fine, regions).data
        assert made[10, 10, 10] == pytest.approx(expected)
        assert made[2, 2, 2] == pytest.approx(1.02)
