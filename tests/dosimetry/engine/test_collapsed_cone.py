"""Superposition through varying density: energy, borders, the uniform medium."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sirtdose.data.load import table
from sirtdose.dosimetry.compiled import compiled
from sirtdose.dosimetry.engine.collapsed_cone import superpose
from sirtdose.dosimetry.engine.dose import Dose, compute_dose
from sirtdose.dosimetry.engine.kernel import voxel_kernel
from sirtdose.dosimetry.engine.media import Media
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.engine.rays import fans
from sirtdose.errors import GeometryError, InputError, QuantityError
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.volume import Quantity, Volume

LIVER, LUNG, BONE = 1.06, 0.26, 1.92
RADIAL = RadialKernel.named("Y-90")
MEDIA = Media.of("Y-90")


def dose(
    decays: np.ndarray, density: np.ndarray, side_mm: float, nuclide: str = "Y-90"
) -> Dose:
    grid = Grid.regular(decays.shape, spacing_mm=(side_mm,) * 3)  # type: ignore[arg-type]
    return compute_dose(
        Volume(decays.astype(np.float32), grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named(nuclide),
        density_g_per_ml=Volume(density.astype(np.float32), grid, Quantity.DENSITY),
        method="collapsed-cone",
    )


def plane_source_profile(
    borders_mm: np.ndarray, densities: np.ndarray, source: tuple[float, float]
) -> np.ndarray:
    """Energy fraction per layer from a plane-parallel source, by integration.

    At a cosine m to the depth axis, the areal density to a depth is the layers' own
    over m. Both hemispheres, sources and cosines by the midpoint rule.
    """
    cosines = (np.arange(400) + 0.5) / 400
    within = partial(
        np.interp,
        xp=RADIAL.radius_mm * RADIAL.density_g_per_ml,
        fp=RADIAL.energy_fraction_within,
    )
    end = RADIAL.electron_range_mm * RADIAL.density_g_per_ml
    areal = np.concatenate([[0], np.cumsum(np.diff(borders_mm) * densities)])
    profile = np.zeros(len(densities))
    depths = source[0] + (np.arange(200) + 0.5) / 200 * (source[1] - source[0])
    for depth in depths:
        to_border = areal - np.interp(depth, borders_mm, areal)
        reached = within(np.minimum(np.abs(to_border)[:, None] / cosines, end))
        signed = np.sign(to_border) * reached.mean(axis=1) / 2
        profile += np.diff(signed)
    return profile / len(depths)


@pytest.mark.parametrize("side", [4.0, 2.0])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("flipped", [False, True])
def test_layers_of_liver_lung_and_bone(side: float, axis: int, flipped: bool) -> None:
    layers = int(120 / side)
    borders = np.arange(layers + 1) * side
    middles = borders[:-1] + side / 2
    density = np.where(middles < 32, BONE, np.where(middles < 72, LIVER, LUNG))
    across = 2 * int(50 / side) + 4
    shape = (layers, across, across)
    decays = np.zeros(shape)
    # Columns stand for a plane: what they leave in a layer adds up over the layer.
    sources = np.flatnonzero((middles > 32) & (middles < 72))
    middle = slice(across // 2 - 2, across // 2 + 2)
    decays[sources, middle, middle] = 1 / (16 * len(sources))
    everywhere = np.broadcast_to(density[:, None, None], shape)

    def turned(array: np.ndarray) -> np.ndarray:
        array = array[::-1] if flipped else array
        return np.ascontiguousarray(np.moveaxis(array, 0, axis))

    found = superpose(
        turned(decays), turned(everywhere), RADIAL, fans(RADIAL, (side,) * 3)
    )
    others = tuple(k for k in range(3) if k != axis)
    profile = found.energy.sum(axis=others, dtype=float)
    profile = profile[::-1] if flipped else profile
    first, last = float(borders[sources[0]]), float(borders[sources[-1] + 1])
    expected = plane_source_profile(borders, density, (first, last))
    for tissue in (BONE, LIVER, LUNG):
        part = density == tissue
        assert profile[part].sum() == pytest.approx(expected[part].sum(), rel=0.004)
    # Layer by layer, as far as a thousandth of the largest reaches.
    seen = expected > 1e-3 * expected.max()
    assert seen[density == LUNG].sum() * side >= 24
    np.testing.assert_allclose(profile[seen], expected[seen], rtol=0.02)


def test_what_validate_expects_of_layers_is_the_integral() -> None:
    borders = np.arange(31) * 4.0
    tissues = np.repeat(["bone", "liver", "lung"], [8, 10, 12])
    density = np.repeat([BONE, LIVER, LUNG], [8, 10, 12])
    integral = plane_source_profile(borders, density, (32.0, 72.0))
    checks = [c for c in table("validation")["checks"] if c["figure"] == "layer_energy"]
    assert len(checks) == 8
    for check in checks:
        own = integral[tissues == check["given"]["tissue"]]
        depth = check["given"].get("depth")
        expected = own.sum() if depth is None else own[depth]
        # The one expected has a hundred times the points.
        assert check["expected"] == pytest.approx(expected, rel=0.003)


@pytest.mark.parametrize("nuclide", ["Y-90", "Ho-166"])
@pytest.mark.parametrize("diameter_mm", [20.0, 40.0])
def test_spheres_in_a_uniform_medium_are_the_kernel(
    nuclide: str, diameter_mm: float
) -> None:
    x = (np.arange(21) - 10) * 4.0
    radius = np.sqrt(x[:, None, None] ** 2 + x[:, None] ** 2 + x**2)
    decays = (radius <= diameter_mm / 2).astype(float)
    grid = Grid.regular((21, 21, 21), spacing_mm=(4.0, 4.0, 4.0))
    kernel = compute_dose(
        Volume(decays, grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named(nuclide),
        density_g_per_ml=1.04,
        method="kernel",
    )
    cone = dose(decays, np.full(decays.shape, 1.04), 4.0, nuclide)
    inside = decays > 0
    around = (radius > diameter_mm / 2) & (radius <= diameter_mm / 2 + 6)
    for part in (inside, around):
        assert cone.volume.data[part].mean() == pytest.approx(
            kernel.volume.data[part].mean(), rel=0.005
        )
    ratio = cone.volume.data[inside] / kernel.volume.data[inside]
    assert np.abs(ratio - 1).max() < 0.03
    assert cone.energy_recovered == pytest.approx(kernel.energy_recovered, rel=1e-3)


@pytest.mark.parametrize("mass_g", [1, 10, 100])
def test_spheres_in_water(mass_g: int) -> None:
    radius_mm = (mass_g * 1000 * 3 / (4 * np.pi)) ** (1 / 3)
    half = int((radius_mm + 13) / 2)
    x = np.arange(-half, half + 1) * 2.0
    decays = np.sqrt(x[:, None, None] ** 2 + x[:, None] ** 2 + x**2) <= radius_mm
    grid = Grid.regular(decays.shape, spacing_mm=(2.0, 2.0, 2.0))  # type: ignore[arg-type]
    compute = partial(
        compute_dose,
        Volume(decays.astype(float), grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named("Y-90"),
        medium="water",
    )
    ones = Volume(np.ones(decays.shape), grid, Quantity.DENSITY)
    kernel = compute(density_g_per_ml=1.0, method="kernel").volume.data
    cone = compute(density_g_per_ml=ones, method="collapsed-cone").volume.data
    assert cone[decays].mean() == pytest.approx(kernel[decays].mean(), rel=1e-3)


@pytest.mark.parametrize("spacing", [(4.0, 4.0, 4.0), (2.0, 4.8, 4.8), (2.0, 2.0, 2.0)])
def test_one_voxel_gives_its_neighbors_what_the_kernel_does(
    spacing: tuple[float, float, float],
) -> None:
    exact = voxel_kernel("Y-90", spacing).energy_fraction
    decays = np.zeros(exact.shape)
    middle = tuple(n // 2 for n in exact.shape)
    decays[middle] = 1.0
    density = np.full(exact.shape, 1.04)
    found = superpose(decays, density, RADIAL, fans(RADIAL, spacing)[:1]).energy
    assert found[middle] == pytest.approx(exact[middle], rel=0.002)
    for axis in range(3):
        faces = [
            np.roll(array, side, axis)[middle]
            for array in (found, exact)
            for side in (1, -1)
        ]
        assert faces[:2] == pytest.approx(faces[2:], rel=0.02)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_energy_is_kept_across_any_border(seed: int, pet_noise: bool) -> None:
    random = np.random.default_rng(seed)
    shape = tuple(random.integers(3, 14, 3))
    density = random.choice([0.001, LUNG, LIVER, BONE, 7.8], shape)
    decays = random.random(shape) - (0.2 if pet_noise else 0.0)
    around = fans(RADIAL, (5.0, 3.0, 4.0), 64)
    media = MEDIA if seed % 2 else None
    found = superpose(decays, density, RADIAL, around, media=media)
    kept = found.energy.sum(dtype=float) + found.left
    emitted = decays.sum() * RADIAL.electron_fraction
    assert kept == pytest.approx(emitted, abs=1e-4 * np.abs(decays).sum())


def turned_back_at(density: float) -> float:
    """Energy that a layer adds to all before it, over what soft tissue lets through."""
    energies = []
    for beyond in (LIVER, density):
        decays, everywhere = np.zeros((13, 25, 25)), np.full((13, 25, 25), LIVER)
        decays[6, 12, 12] = 1.0
        everywhere[7:] = beyond
        found = superpose(
            decays, everywhere, RADIAL, fans(RADIAL, (4.0,) * 3), media=MEDIA
        )
        energies.append(found.energy.sum(axis=(1, 2), dtype=float))
    soft, other = energies
    return float((other[:7] - soft[:7]).sum() / soft[7:].sum())


def test_bone_turns_back_a_part_of_what_arrives() -> None:
    # 0.035 to 0.040 by Monte Carlo; half of that where half of a voxel is bone.
    assert turned_back_at(BONE) == pytest.approx(0.037, abs=0.001)
    assert turned_back_at((1.1 + BONE) / 2) == pytest.approx(0.0185, abs=0.001)
    assert turned_back_at(LUNG) == pytest.approx(0, abs=1e-4)
    # Metal is not known: it counts as bone.
    assert turned_back_at(7.8) == pytest.approx(0.037, abs=0.001)


def test_lung_and_bone_stop_as_their_own_kernels_say() -> None:
    # Radii of 90 % of the energy, of the simulations' records, times densities.
    soft, lung, bone = 5.288 * 1.04, 20.81 * LUNG, 2.963 * BONE
    assert MEDIA.lung_length == pytest.approx(soft / lung, rel=1e-3)
    assert MEDIA.bone_length == pytest.approx(soft / bone, rel=1e-3)
    lengths = MEDIA.length(np.array([0.1, LUNG, 1.04, LIVER, BONE, 7.8]))
    assert lengths[:4] == pytest.approx([soft / lung, soft / lung, 1, 1], rel=1e-3)
    assert lengths[4:] == pytest.approx([soft / bone, soft / bone], rel=1e-3)


@pytest.mark.parametrize(("nuclide", "ratio"), [("Y-90", 1.7), ("Ho-166", 2.1)])
def test_bone_takes_more_of_the_photons(nuclide: str, ratio: float) -> None:
    decays, density = np.zeros((9, 9, 30)), np.full((9, 9, 30), 1.04)
    decays[3:6, 3:6, 2:5] = 1.0
    plain = dose(decays, density, 4.0, nuclide).volume.data
    density[:, :, 20:] = BONE
    bone = dose(decays, density, 4.0, nuclide).volume.data
    assert bone[4, 4, 24] / plain[4, 4, 24] == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize(("nuclide", "photon_mev"), [("Y-90", 0.0), ("Ho-166", 0.0301)])
def test_electrons_and_photons_are_the_whole_kernel(
    nuclide: str, photon_mev: float
) -> None:
    whole = RadialKernel.named(nuclide)
    electrons, photons = whole.electrons, whole.photons
    together = electrons.energy_fraction_within + photons.energy_fraction_within
    np.testing.assert_allclose(together, whole.energy_fraction_within, atol=1e-6)
    assert (np.diff(electrons.energy_fraction_within) >= 0).all()
    assert (np.diff(photons.energy_fraction_within) >= 0).all()
    reach = whole.electron_range_mm
    assert electrons.fraction_within(2 * reach) == electrons.electron_fraction
    if photon_mev:
        # All photons less what the table's end leaves out, and bremsstrahlung more.
        emitted = whole.energy_mev_per_decay
        own = photons.energy_fraction_within[-1] * emitted
        assert own == pytest.approx(photon_mev - 0.0118, abs=0.002)
    else:
        # Within 12 mm bremsstrahlung is a twentieth of what it is in all.
        assert 0 < photons.fraction_within(reach) < 6e-4


@pytest.mark.parametrize("value", ["1.0", "-1e-6", "nan", "many", ""])
def test_photons_that_no_table_can_hold_are_refused(value: str) -> None:
    """A kernel of the user's own, with one number of its photons wrong."""
    whole = RadialKernel.named("Ho-166")
    lines = whole.text.splitlines()
    lines[9] = ",".join([*lines[9].split(",")[:-1], value])
    with pytest.raises(InputError, match="E_photon_MeV must be a number in every row"):
        _ = replace(whole, text="\n".join(lines)).electrons


def test_a_kernel_that_ends_where_electrons_do(tmp_path: Path) -> None:
    usual = Nuclide.named("Y-90")
    [soft] = [one for one in usual.kernels if one.medium == "soft-tissue"]
    lines = soft.file.read_text("utf-8").splitlines()
    last = next(k for k, line in enumerate(lines) if ",12.0000," in line)
    short = tmp_path / "short.csv"
    short.write_text("\n".join(lines[: last + 1]) + "\n", "utf-8")
    nuclide = replace(usual, kernels=(replace(soft, file=short),))
    decays = np.zeros((9, 9, 9))
    decays[4, 4, 4] = 1.0
    grid = Grid.regular((9, 9, 9), spacing_mm=(4.0, 4.0, 4.0))
    found = compute_dose(
        Volume(decays, grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=nuclide,
        density_g_per_ml=Volume(np.full((9, 9, 9), LIVER), grid, Quantity.DENSITY),
        method="collapsed-cone",
    )
    # All but bremsstrahlung, 0.39 % of the energy.
    assert found.energy_recovered == pytest.approx(0.9961, abs=1e-4)


def test_all_energy_is_accounted_for() -> None:
    decays = np.zeros((24, 24, 24))
    decays[8:16, 8:16, 8:16] = 1.0
    density = np.full(decays.shape, LIVER)
    density[15:] = LUNG
    density[:, :6] = 0.0012
    result = dose(decays, density, 4.0)
    elsewhere = result.energy_elsewhere
    assert result.energy_recovered + sum(elsewhere.values()) == pytest.approx(1.0)
    assert set(elsewhere) == {
        "in_air",
        "electrons_past_edge",
        "photons_past_edge",
    }
    assert 0 < elsewhere["in_air"] < 0.001
    assert (result.volume.data[:, :6] == 0).all()
    mass_kg = density * 0.064 / 1000
    emitted = result.nuclide.dose_gy_kg_per_gbq_h * decays.sum()
    in_map = float((result.volume.data * mass_kg).sum())
    assert in_map / emitted == pytest.approx(result.energy_recovered, rel=1e-5)


def test_energy_over_the_edge_is_lost_and_said() -> None:
    decays = np.zeros((9, 9, 9))
    decays[0, 4, 4] = 1.0
    result = dose(decays, np.full(decays.shape, 1.04), 4.0)
    borders, densities = np.array([-50.0, 0.0, 50.0]), np.full(2, 1.04)
    beyond, _ = plane_source_profile(borders, densities, (0.0, 4.0))
    left = result.energy_elsewhere["electrons_past_edge"]
    assert left == pytest.approx(beyond, rel=0.01)


def test_the_same_bits_on_every_run() -> None:
    random = np.random.default_rng(5)
    shape = (20, 18, 16)
    decays, density = random.random(shape), random.uniform(0.2, 1.5, shape)
    first, second = (dose(decays, density, 3.0).volume.data for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_lung_gets_what_local_deposition_denies_it() -> None:
    decays = np.zeros((20, 15, 15))
    decays[:10] = 1.0
    density = np.full(decays.shape, LIVER)
    density[10:] = LUNG
    result = dose(decays, density, 4.0).volume.data
    inside = result[4, 7, 7]
    # The first lung layer takes its dose from one side only, at a quarter the mass.
    assert 0.3 * inside < result[10, 7, 7] < 0.6 * inside
    assert result[10, 7, 7] > result[12, 7, 7] > result[14, 7, 7] > 0


def test_no_direction_is_favored() -> None:
    decays = np.zeros((9, 9, 9))
    decays[4, 4, 4] = 1.0
    found = superpose(
        decays, np.full(decays.shape, 1.04), RADIAL, fans(RADIAL, (3.0, 1.0, 2.0))[:1]
    ).energy
    for axis in range(3):
        along = np.moveaxis(found, axis, 0)
        before, after = along[:4].sum(), along[5:].sum()
        assert before == pytest.approx(after, rel=1e-3)


@pytest.mark.parametrize(
    "spacing", [(4.0, 4.0, 4.0), (3.0, 0.9, 0.9), (10.0, 8.0, 9.0)]
)
@pytest.mark.parametrize("nuclide", ["Y-90", "Ho-166"])
def test_weights_are_positive_and_complete(
    spacing: tuple[float, float, float], nuclide: str
) -> None:
    *_, some = fans(RadialKernel.named(nuclide), spacing)
    assert some.weights.min() > 0
    assert some.weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(np.linalg.norm(some.directions, axis=1), 1.0)


def test_a_path_crosses_voxel_after_voxel() -> None:
    some, *_ = fans(RADIAL, (4.0, 4.0, 4.0), 64)
    for ray in range(0, 64, 7):
        offsets, lengths_mm = some.path(ray, 30)
        assert (offsets[0] == 0).all()
        assert (np.abs(np.diff(offsets, axis=0)).sum(axis=1) == 1).all()
        assert (lengths_mm > 0).all()
        # Half-way through a voxel, the straight line is in it.
        until = np.concatenate([[0], lengths_mm.cumsum()])
        halfway = (until[1:] + until[:-1]) / 2
        place = some.starts[ray] * 4 + halfway[:, None] * some.directions[ray]
        assert (np.abs(place - offsets * 4) <= 2).all()


def test_decays_in_air_stay_there() -> None:
    decays = np.zeros((5, 5, 5))
    decays[2, 2, 2] = 1.0
    density = np.full(decays.shape, LIVER)
    density[2, 2, 2] = 0.01
    with pytest.raises(QuantityError, match="all activity lies in air"):
        dose(decays, density, 4.0)
    decays[2, 2, 4] = 3.0
    result = dose(decays, density, 4.0)
    own = RADIAL.electrons.electron_fraction / 4
    across = result.energy_elsewhere["in_air"] - own
    # The other voxel's electrons cross the air, and leave next to nothing in it.
    assert 0 < across < 1e-3


def test_needs_a_map_on_the_same_grid() -> None:
    grid = Grid.regular((3, 3, 3), spacing_mm=(4.0, 4.0, 4.0))
    tia = Volume(np.ones((3, 3, 3)), grid, Quantity.TIME_INTEGRATED_ACTIVITY)
    compute = partial(
        compute_dose, tia, nuclide=Nuclide.named("Y-90"), method="collapsed-cone"
    )
    with pytest.raises(InputError, match="--density ct"):
        compute(density_g_per_ml=1.05)
    elsewhere = Grid.regular((3, 3, 3), spacing_mm=(5.0, 4.0, 4.0))
    ones = np.ones((3, 3, 3))
    with pytest.raises(GeometryError, match="not on the activity's grid"):
        compute(density_g_per_ml=Volume(ones, elsewhere, Quantity.DENSITY))
    with pytest.raises(QuantityError, match=r"-1 g/mL"):
        compute(density_g_per_ml=Volume(-ones, grid, Quantity.DENSITY))
    with pytest.raises(QuantityError, match="DENSITY"):
        compute(density_g_per_ml=Volume(ones, grid, Quantity.CT_NUMBER))


def test_local_deposition_by_each_voxels_own_mass() -> None:
    grid = Grid.regular((1, 1, 3), spacing_mm=(10.0, 10.0, 10.0))
    result = compute_dose(
        Volume(np.ones((1, 1, 3)), grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named("Y-90"),
        density_g_per_ml=Volume(
            np.array([[[1.0, 0.25, 0.01]]]), grid, Quantity.DENSITY
        ),
    )
    first, second, air = result.volume.data.ravel()
    assert second == pytest.approx(4 * first)
    assert air == 0
    assert result.energy_elsewhere["in_air"] == pytest.approx(1 / 3)


def test_a_kernel_has_the_density_most_decays_have() -> None:
    grid = Grid.regular((6, 6, 6), spacing_mm=(4.0, 4.0, 4.0))
    decays, density = np.zeros((6, 6, 6)), np.full((6, 6, 6), LUNG)
    decays[:3], density[:3] = 1.0, LIVER
    decays[3:] = 0.1
    result = compute_dose(
        Volume(decays, grid, Quantity.TIME_INTEGRATED_ACTIVITY),
        nuclide=Nuclide.named("Y-90"),
        density_g_per_ml=Volume(density, grid, Quantity.DENSITY),
        method="kernel",
    )
    assert result.density_g_per_ml == LIVER


def test_without_a_folder_for_compiled_code(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    decays = np.zeros((7, 7, 7))
    decays[3, 3, 3] = 1.0
    density = np.full(decays.shape, LIVER)
    usual = dose(decays, density, 4.0).volume.data
    compile_ = numba.njit

    def read_only(**options: object) -> object:
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return compile_(**options)

    monkeypatch.setattr(numba, "njit", read_only)
    compiled.cache_clear()
    try:
        again = dose(decays, density, 4.0).volume.data
    finally:
        compiled.cache_clear()
    assert again.tobytes() == usual.tobytes()
