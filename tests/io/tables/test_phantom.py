"""Phantoms: those that are shipped by hand's volumes, and wrong files of one's own."""

from collections.abc import Callable
from math import pi
from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.phantom import phantom_of, read_phantom, shipped_phantoms
from tests.scanned_phantom import BACKGROUND_ML, SPHERES_ML, TOML


def test_volumes_of_the_iec_body() -> None:
    """Half disc and two quarter discs with a rectangle between, less all insides."""
    one = phantom_of("nema-iec")
    area = pi * 147**2 / 2 + pi * 77**2 / 2 + 140 * 77
    lung = pi * 25**2
    walls = sum(pi * d**3 / 6 for d in (12, 15, 19, 24, 30, 39))
    background_ml = ((area - lung) * 194 - walls) / 1000
    # Arcs are drawn by chords that reach 0.3 mm beyond, and so does the flat side.
    assert one.fill("background").volume_ml == pytest.approx(background_ml, rel=1e-3)
    # The published 0.524, 1.150, 2.572, 5.575, 11.494 and 26.522 mL.
    assert one.fill("spheres").volume_ml == pytest.approx(47.837, abs=0.002)
    assert [ball.center_mm for ball in one.spheres.values()][-1] == (57.2, 0, 0)
    assert len(one.cold) == 1


@pytest.mark.parametrize(
    ("name", "fill", "volume_ml"),
    [
        # pi / 4 x 21.6^2 x 18.6 cm.
        ("cylinder", "background", 6815.7),
        # 0.449 + 1.073 + 2.105 + 3.648 + 8.580 + 16.838.
        ("jaszczak", "spheres", 32.693),
        ("sphere", "spheres", 26.522),
        ("vial", "source", 9.997),
        ("point", "source", 0.0042),
        ("line", "source", 0.1571),
    ],
)
def test_volumes_of_the_others(name: str, fill: str, volume_ml: float) -> None:
    held = phantom_of(name).fill(fill).volume_ml
    assert held == pytest.approx(volume_ml, rel=3e-3)


def test_each_has_a_source_and_what_is_not_verified() -> None:
    for name in shipped_phantoms():
        one = phantom_of(name)
        assert one.source
        assert one.title
        assert one.verified != ("Not verified" in one.source)


def test_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(TOML)
    one = phantom_of(str(file))
    assert one.fill("background").volume_ml == pytest.approx(BACKGROUND_ML, abs=0.002)
    assert one.fill("spheres").volume_ml == pytest.approx(SPHERES_ML, abs=0.002)
    # Without an outer surface, the largest of its shapes.
    assert one.outer.volume_ml == pytest.approx(855.299, abs=0.001)


def test_a_name_that_is_none() -> None:
    with pytest.raises(InputError, match="'nema': it is not known"):
        phantom_of("nema")
    with pytest.raises(InputError, match="there is no file 'ours"):
        phantom_of("ours.toml")


def changed(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


BALL = "{ ball_mm = [25, 0, 0], diameter_mm = 36 }"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (changed("format = 1", "format = 2"), "format is 2: write format = 1"),
        (changed('source = "made for a test"', ""), "needs a source"),
        (changed("verified", "checked"), "'checked' is not known"),
        (changed("verified = true", "verified = 1"), "write true or false"),
        (changed('name = "small"', 'name = ""'), "needs a name"),
        (changed('name = "spheres"', 'name = "background"'), "occurs twice"),
        (changed("diameter_mm = 36", 'diameter_mm = "36"'), "diameter_mm is 36"),
        (changed("diameter_mm = 36", "diameter_mm = -36"), "-36 mm: give more than 0"),
        (changed("diameter_mm = 36", "diameter_mm = nan"), "diameter_mm is nan"),
        (changed("diameter_mm = 36", "diameter_mm = 360"), "larger than what it is"),
        (changed("[25, 0, 0]", "[25, 0]"), "ball_mm is .*: give 3 numbers"),
        (changed(BALL, "{ cube_mm = 3 }"), "no shape: give one of ball_mm"),
        (changed(BALL, "7"), "without, 1 is 7: a table of a shape"),
        (changed(BALL, BALL[:-1] + ", radius_mm = 3 }"), "'radius_mm' is not known"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, change: Callable[[str], str], said: str
) -> None:
    file = tmp_path / "own.toml"
    file.write_text(change(TOML))
    with pytest.raises(Exception, match=said) as error:
        read_phantom(file)
    assert isinstance(error.value, InputError)


@pytest.mark.parametrize(
    ("outline", "said"),
    [
        ("[[0, 0], [0, 10], [10, 0]]", "counterclockwise"),
        ("[[0, 0], [10, 0]]", "at least 3 points"),
        (
            "[{ arc_mm = [0, 0], radius_mm = 0, from_deg = 0, to_deg = 9 }]",
            "an arc of radius 0 mm from 0 to 9 degrees is none",
        ),
        ("[]", "a list of tables is needed"),
    ],
)
def test_an_outline_that_is_none(tmp_path: Path, outline: str, said: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(f"{TOML}\n[outer]\nz_mm = [0, 10]\noutline = {outline}\n")
    with pytest.raises(InputError, match=said):
        read_phantom(file)


def test_a_fill_must_be_known(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text(
        TOML.replace('name = "', 'known = false\nname = "').replace(
            'known = false\nname = "small"', 'name = "small"'
        )
    )
    with pytest.raises(InputError, match="no fill is known"):
        read_phantom(file)
