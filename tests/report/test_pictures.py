import base64
import io
import re
from collections.abc import Sequence
from colorsys import rgb_to_hls
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sirtdose.dosimetry.histogram.dvh import Dvh
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report import planes
from sirtdose.report.ladder import nice_step
from sirtdose.report.looks import rgb, structure_looks
from sirtdose.report.page_data import plane_data
from sirtdose.report.palette import ISODOSES
from sirtdose.report.wording import significant

GRID = Grid.regular((12, 20, 20), spacing_mm=(4.0, 2.0, 2.0))


def a_dose(data: NDArray[Any], grid: Grid = GRID) -> Volume:
    return Volume(data, grid, Quantity.DOSE)


def planes_of(
    dose: Volume, structures: Sequence[Structure], numbers: Sequence[float] = ()
) -> dict[str, Any]:
    looks = structure_looks(structures)
    return plane_data({"Dose": dose}, None, structures, looks, numbers=numbers)


def ball(radius_mm: float, grid: Grid, name: str = "Tumor 1") -> Structure:
    index = np.stack(np.indices(grid.shape), axis=-1)
    middle = grid.world_mm((np.array(grid.shape) - 1) / 2)
    away = np.linalg.norm(grid.world_mm(index) - middle, axis=-1)
    return Structure(name, Role.TUMOR, away <= radius_mm, grid)


def test_a_structure_beyond_the_slice_leaves_no_outline() -> None:
    low, high = (
        Structure(
            name,
            role,
            np.ones((3, 20, 20), np.float32),
            GRID.crop((slice(at, at + 3), slice(0, 20), slice(0, 20))),
        )
        for name, role, at in (("T", Role.TUMOR, 1), ("Other", Role.LIVER, 8))
    )
    data = planes_of(a_dose(np.ones(GRID.shape)), [low, high])
    axial, coronal, _ = data["planes"]
    assert [one["name"] for one in axial["outlines"]] == ["T"]
    assert {one["name"] for one in coronal["outlines"]} == {"T", "Other"}


def test_an_outline_is_smooth_and_as_large_as_its_structure() -> None:
    """A ball of 12 mm in voxels of 4 mm: a circle, not stairs, of its own radius."""
    grid = Grid.regular((20, 20, 20), spacing_mm=(4.0, 4.0, 4.0))
    structure = ball(14.0, grid)
    data = planes_of(a_dose(np.ones(grid.shape), grid), [structure])
    radius_mm = (structure.volume_ml * 1000 * 3 / 4 / np.pi) ** (1 / 3)
    for plane in data["planes"]:
        [outline] = plane["outlines"]
        [line] = planes.path_points(outline["paths"])
        at = np.linalg.norm(line - line.mean(axis=0), axis=1)
        at *= data["side_mm"] / planes.UNITS
        assert at.mean() == pytest.approx(radius_mm, rel=0.05)
        assert at.std() < 0.04 * radius_mm


def test_planes_are_equal_and_their_labels_do_not_touch() -> None:
    from PIL import Image

    grid = Grid.regular((30, 40, 40), spacing_mm=(4.0, 4.0, 4.0))
    structures = [ball(18.0, grid), ball(20.0, grid, "Tumor 2")]
    index = np.stack(np.indices(grid.shape), axis=-1) * 4.0
    away = np.linalg.norm(index - index.reshape(-1, 3).mean(axis=0), axis=-1)
    data = planes_of(a_dose(300 * np.exp(-away / 30), grid), structures, [100, 200])
    assert [one["level_gy"] for one in data["isodoses"]][:3] == [100, 150, 200]
    for plane in data["planes"]:
        picture = Image.open(io.BytesIO(base64.b64decode(plane["jpeg_base64"])))
        assert picture.size == (360, 360)
        labels = plane["labels"]
        assert {"100", "150", "T1", "T2"} <= {one["text"] for one in labels}
        for n, one in enumerate(labels):
            for other in labels[:n]:
                across = abs(one["x"] - other["x"]) >= (one["wide"] + other["wide"]) / 2
                assert across or abs(one["y"] - other["y"]) >= planes.FONT
        for level in plane["isodoses"]:
            for line in planes.path_points(level["paths"]):
                at = np.linalg.norm(line - line.mean(axis=0), axis=1)
                expected = -30 * np.log(level["level_gy"] / 300)
                found = at.mean() * data["side_mm"] / planes.UNITS
                assert found == pytest.approx(expected, abs=2.5)


def test_colors_of_structures_and_doses_are_apart() -> None:
    """Structures are cool or gray, doses warm: no hue means both."""
    structures = [
        Structure(name, role, np.ones(GRID.shape, bool), GRID)
        for name, role in (
            *(("L", Role.LIVER), ("P", Role.PERFUSED), ("T1", Role.TUMOR)),
            *(("T2", Role.TUMOR), ("T3", Role.TUMOR), ("Lungs", Role.LUNGS)),
        )
    ]

    def hue(color: str) -> tuple[float, float]:
        red, green, blue = (one / 255 for one in rgb(color))
        turn, _, strength = rgb_to_hls(red, green, blue)
        return 360 * turn, strength

    for look in structure_looks(structures).values():
        for color in (look.color, look.dark):
            at, strength = hue(color)
            assert 150 <= at <= 325 or strength < 0.2
    for color in ISODOSES:
        assert hue(color)[0] <= 60


def test_the_scale_is_that_of_what_is_hot() -> None:
    """A segment in a large grid without a tumor: not the many voxels without dose."""
    grid = Grid.regular((40, 60, 60), spacing_mm=(4.0, 4.0, 4.0))
    data = np.zeros(grid.shape)
    data[10:12, 10:14, 10:14] = 431.0
    found = planes_of(a_dose(data, grid), [])
    assert 430 <= found["top_gy"] < 480
    assert len(found["planes"]) == 3


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
        [StructureDose(structure, 1.0, 1.0, dvh, dvh.mean_gy)],
        structure_looks([structure]),
    )
    [curve] = plot.curves
    points = [tuple(map(float, p.split(","))) for p in curve.points.split()]
    height = plot.bottom - plot.top
    fractions = {round((plot.bottom - y) / height, 2) for _, y in points}
    assert fractions == {1.0, 0.75, 0.5, 0.25}
    assert re.fullmatch(r"40", plot.dose_ticks[-1][1])
