import re

import numpy as np
import pytest

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.report import planes
from sirtdose.report.ladder import nice_step
from sirtdose.report.wording import significant

GRID = Grid.regular((12, 20, 20), spacing_mm=(4.0, 2.0, 2.0))


def test_a_structure_beyond_the_slice_leaves_no_outline() -> None:
    block = Structure(
        "T",
        Role.TUMOR,
        np.ones((3, 20, 20), np.float32),
        GRID.crop((slice(9, 12), slice(0, 20), slice(0, 20))),
    )
    rows, columns = np.mgrid[0:40:1.0, 0:40:1.0]
    for z, crosses in ((8.0, False), (40.0, True)):
        points = np.stack([columns, rows, np.full_like(rows, z)], axis=-1)
        picture = np.zeros((40, 40, 3))
        planes._outline(picture, [block], {"T": "#ffffff"}, points)
        assert picture.any() == crosses


def test_a_ninth_outline_is_told_from_the_first() -> None:
    names = [f"S{n}" for n in range(9)]
    structures = [
        Structure(name, Role.OTHER, np.ones(GRID.shape, bool), GRID) for name in names
    ]
    colors = planes.structure_colors(structures)
    assert colors["S8"] == colors["S0"]
    assert planes.comes_again(structures, colors) == {"S8"}


def test_the_scale_is_that_of_what_is_hot() -> None:
    """A segment in a large grid without a tumor: not the many voxels without dose."""
    from sirtdose.model.volume import Quantity, Volume

    grid = Grid.regular((40, 60, 60), spacing_mm=(4.0, 4.0, 4.0))
    data = np.zeros(grid.shape)
    data[10:12, 10:14, 10:14] = 431.0
    planes_of, top_gy = planes.fused_planes(
        Volume(data, grid, Quantity.DOSE), None, [], {}
    )
    assert top_gy == 430
    assert len(planes_of) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (8.5e-14, "0"), (0.0002147, "0.0002147"), (1234.5, "1234")],
)
def test_numbers_for_people(value: float, text: str) -> None:
    assert significant(value) == text


def test_ticks_are_round() -> None:
    assert [nice_step(x) for x in (0.9, 1.1, 2.2, 5.1, 83)] == [1, 2, 5, 10, 100]


def test_the_curve_in_the_drawing_is_the_histogram() -> None:
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.report.dvh_plot import dvh_plot

    structure = Structure(
        "T",
        Role.TUMOR,
        np.ones((1, 1, 4), bool),
        GRID.crop((slice(0, 1), slice(0, 1), slice(0, 4))),
    )
    dvh = Dvh.of_values("T", [10, 20, 30, 40], [1, 1, 1, 1])
    plot = dvh_plot(
        [StructureDose(structure, 1.0, 1.0, dvh, dvh.mean_gy)], {"T": "#000000"}
    )
    [curve] = plot.curves
    points = [tuple(map(float, p.split(","))) for p in curve.points.split()]
    height = plot.bottom - plot.top
    fractions = {round((plot.bottom - y) / height, 2) for _, y in points}
    assert fractions == {1.0, 0.75, 0.5, 0.25}
    assert re.fullmatch(r"40", plot.dose_ticks[-1][1])
