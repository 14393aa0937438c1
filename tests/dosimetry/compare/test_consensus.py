"""What readers agree on, and how far: against shapes whose answers are known."""

import math

import numpy as np
import pytest

from sirtdose.dosimetry.compare.consensus import PackedMask, majority, staple
from sirtdose.dosimetry.compare.overlap import Surface, dice, overlap
from sirtdose.dosimetry.compare.readers import agreement, spread_factor
from sirtdose.errors import GeometryError
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure

GRID = Grid.regular((52, 61, 47), spacing_mm=(1.5, 1.0, 1.25), origin_mm=(9, -31, 40))
MIDDLE = np.array([37.0, -2.0, 78.0])
WORLD = GRID.world_mm(np.argwhere(np.ones(GRID.shape, bool)))


def ball(radius, by=(0.0, 0.0, 0.0), name="T", grid=GRID):
    world = WORLD if grid is GRID else grid.world_mm(np.argwhere(np.ones(grid.shape)))
    far = np.linalg.norm(world - MIDDLE - np.array(by), axis=1)
    return Structure(
        name, Role.TUMOR, (far <= radius).reshape(grid.shape), grid
    ).cropped()


def box(x, y, z, name="T"):
    mask = np.zeros(GRID.shape, bool)
    mask[slice(*z), slice(*y), slice(*x)] = True
    return Structure(name, Role.TUMOR, mask, GRID).cropped()


class TestConsensus:
    def test_a_majority_is_voxel_by_voxel(self):
        a, b, c = box((5, 15), (5, 15), (5, 10)), box((5, 15), (10, 25), (5, 10)), None
        c = box((10, 30), (5, 25), (5, 10))
        voxels = np.zeros(GRID.shape, int)
        for one in (a, b, c):
            start = one.grid.offset_in(GRID)
            part = tuple(
                slice(s, s + n) for s, n in zip(start, one.grid.shape, strict=True)
            )
            voxels[part] += one.occupancy
        found = majority([a, b, c])
        assert found.volume_ml == pytest.approx((voxels >= 2).sum() * 1.875e-3)
        assert found.occupancy.dtype == bool

    def test_of_two_readers_what_one_drew_counts_half(self):
        inner, outer = ball(10), ball(14)
        found = majority([inner, outer])
        mean = (inner.volume_ml + outer.volume_ml) / 2
        assert found.volume_ml == pytest.approx(mean)
        assert set(np.unique(found.occupancy)) == {0.0, 0.5, 1.0}

    def test_staple_trusts_readers_who_agree(self):
        good = [ball(14, by) for by in ((0.5, 0, 0), (-0.5, 0, 0), (0, 0.5, 0))]
        bad = ball(14, (12, 0, 0))
        found = staple([*good, bad])
        assert dice(found, ball(14)) > 0.95
        # Two of four: a majority would have half of what it shares with one of them.
        assert dice(found, ball(14)) > dice(majority([good[0], bad]), ball(14))

    def test_staple_is_simpleitks_own_of_a_small_box(self):
        import SimpleITK

        masks = [ball(8), ball(9, (2, 0, 0)), ball(7, (0, -2, 1.5))]
        whole = []
        for one in masks:
            data = np.zeros(GRID.shape, np.uint8)
            start = one.grid.offset_in(GRID)
            data[
                tuple(
                    slice(s, s + n) for s, n in zip(start, one.grid.shape, strict=True)
                )
            ] = one.occupancy
            whole.append(data)
        inside = np.argwhere(np.any(whole, axis=0))
        low, high = inside.min(axis=0) - 1, inside.max(axis=0) + 2
        cut = [one[tuple(map(slice, low, high))] for one in whole]
        images = [SimpleITK.GetImageFromArray(np.ascontiguousarray(one)) for one in cut]
        theirs = SimpleITK.GetArrayFromImage(SimpleITK.STAPLE(images, 1.0)) >= 0.5
        assert staple(masks).volume_ml == pytest.approx(theirs.sum() * 1.875e-3)

    def test_a_packed_mask_is_the_mask(self):
        one = ball(11)
        again = PackedMask.of(one).structure()
        assert again.grid.matches(one.grid)
        assert (again.occupancy == one.occupancy).all()
        assert PackedMask.of(one).bits.nbytes < one.occupancy.nbytes / 7


class TestOverlap:
    @pytest.mark.parametrize("r", [10.0, 14.0])
    def test_one_ball_in_another(self, r):
        inner, outer = ball(r), ball(r + 3)
        found = overlap(("A", inner, Surface(inner)), ("B", outer, Surface(outer)))
        assert found.dice == pytest.approx(2 / (1 + ((r + 3) / r) ** 3), abs=0.01)
        assert found.mean_mm == pytest.approx(3.0, abs=0.15)
        assert found.p95_mm == pytest.approx(3.0, abs=0.6)

    def test_a_box_that_is_moved(self):
        # 20 x 30 x 15 voxels of 1.25 x 1 x 1.5 mm, 5 mm along x.
        a, b = box((8, 28), (10, 40), (12, 27)), box((12, 32), (10, 40), (12, 27))
        found = overlap(("A", a, Surface(a)), ("B", b, Surface(b)))
        assert found.dice == pytest.approx(16 / 20)
        # One end is 5 mm from the other's; one lies inside, at most 5 mm from a wall,
        # of which the part (1 - 2 t / 30) (1 - 2 t / 22.5) is farther than t; sides
        # reach 5 mm beyond, on average 2.5 mm away.
        end, sides = 30 * 22.5, 2 * 25 * (30 + 22.5)
        within = (end * 5 - 105 * 25 / 2 + 4 * 125 / 3) / end
        beyond = 5 * 2 * (30 + 22.5)
        mean = (end * 5 + end * within + beyond * 2.5) / (2 * end + sides)
        assert found.mean_mm == pytest.approx(mean, rel=0.05)
        assert found.p95_mm == pytest.approx(5.0, abs=0.4)

    def test_the_area_of_a_ball(self):
        assert Surface(ball(14)).area_mm2 == pytest.approx(4 * np.pi * 14**2, rel=0.03)

    def test_a_large_one_is_looked_at_on_fewer_voxels(self):
        fine = Grid.regular(
            (90, 100, 95), spacing_mm=(0.5, 0.5, 0.5), origin_mm=(13, -27, 55)
        )
        one = ball(20, grid=fine)
        assert len(Surface(one).areas) < 40_000
        assert Surface(one).area_mm2 == pytest.approx(4 * np.pi * 20**2, rel=0.03)


class TestAgreement:
    def test_spread_of_borders_and_middles(self):
        # Borders 12, 14 and 16 mm from middles that are 2 mm apart along x.
        packed = {
            who: [PackedMask.of(ball(r, (x, 0, 0)))]
            for who, r, x in (("A", 12, -2), ("B", 14, 0), ("C", 16, 2))
        }
        found = agreement(packed)
        [border] = found.borders
        volumes = [4 / 3 * np.pi * r**3 for r in (12, 14, 16)]
        area = np.mean([4 * np.pi * r**2 for r in (12, 14, 16)])
        assert border.outwards_mm == pytest.approx(
            np.std(volumes, ddof=1) / area, rel=0.03
        )
        # Variance 4 mm2 along one of three axes.
        assert border.aside_mm == pytest.approx(math.sqrt(4 / 3), rel=0.03)
        assert len(found.overlaps) == 3

    def test_one_contour_in_several_files_says_nothing_of_readers(self):
        packed = {who: [PackedMask.of(ball(12))] for who in ("A", "B")}
        found = agreement(packed)
        assert found.borders == ()
        assert found.by_majority[0].volume_ml == pytest.approx(ball(12).volume_ml)

    def test_names_differ_by_case_and_a_lesion_is_lacking(self):
        packed = {
            "A": [PackedMask.of(ball(12)), PackedMask.of(ball(6, name="second"))],
            "B": [PackedMask.of(ball(13, name="t "))],
        }
        found = agreement(packed)
        assert [one.name for one in found.by_majority] == ["T", "second"]
        [lacking] = found.lacking
        assert (lacking.name, lacking.drawn_by, lacking.used) == (
            "second",
            ("A",),
            True,
        )

    def test_lattices_that_differ_meet_on_the_finest(self):
        coarse = Grid.regular(
            (30, 32, 28), spacing_mm=(2.5, 2.0, 2.0), origin_mm=(9, -31, 41)
        )
        packed = {
            "A": [PackedMask.of(ball(14))],
            "B": [PackedMask.of(ball(14, grid=coarse))],
        }
        found = agreement(packed)
        assert found.overlaps[0].dice > 0.93
        assert found.by_majority[0].grid.spacing_mm == GRID.spacing_mm

    def test_other_frames_of_reference_are_refused(self):
        other = Grid(GRID.shape, GRID.affine_mm, "1.2.3")
        mine = Grid(GRID.shape, GRID.affine_mm, "1.2.4")
        packed = {
            "A": [PackedMask.of(ball(9, grid=mine))],
            "B": [PackedMask.of(ball(10, grid=other))],
        }
        with pytest.raises(GeometryError, match="another frame of reference"):
            agreement(packed)

    @pytest.mark.parametrize(
        ("readers", "values", "student"),
        # Student's t, 97.5 %, with 1, 2, 3 and 14 degrees of freedom.
        [(2, 1, 12.7062), (3, 1, 4.3027), (4, 1, 3.1824), (8, 2, 2.1448)],
    )
    def test_few_readers_tell_their_spread_badly(self, readers, values, student):
        # A majority's border is the median of the readers': how sure that is.
        draws = np.random.default_rng(7).standard_normal((200_000, readers))
        median = np.median(draws, axis=1).std()
        expected = max(1.0, median * student / 1.95996)
        assert spread_factor(readers, values) == pytest.approx(expected, rel=0.006)
