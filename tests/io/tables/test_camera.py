"""camera.toml: read as it was written, refused where it is wrong."""

from dataclasses import replace
from math import exp, hypot, log
from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.camera import camera_text, read_camera, require_camera
from sirtdose.model.commissioned import CameraDeadTime, CameraFactor, Measured
from tests.commissioned import blur, commissioned, dead_time

CAMERA = commissioned(header={"manufacturer": 'A "B"'}, scans=("ab",), notes=("n",))
BOTH = {"paralyzable": Measured(0.1, 0.01), "non-paralyzable": Measured(0.12, 0.01)}


@pytest.mark.parametrize(
    "camera",
    [
        CAMERA,
        commissioned(
            blur=blur(edge=0.3, edge_power=2),
            factor=CameraFactor(Measured(0.97, 0.01), "shown/true"),
            dead_time=dead_time("not distinguishable", per_gbq=BOTH),
        ),
        commissioned(dead_time=dead_time("none", per_gbq={})),
        commissioned(blur=None, factor=None, dead_time=None, noise=None, recovery=()),
    ],
)
def test_what_is_written_is_read(camera: object, tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(camera_text(camera), "utf-8")
    found = read_camera(path)
    assert len(found.sha256) == 64
    assert replace(found, sha256="") == camera


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("valid_until = 2027", "valid_until = 2025", "a day from made, 2026-01-02"),
        ("made = 2026-01-02", 'made = "today"', "a date such as"),
        ('scans = ["ab"]', 'scans = "ab"', "scans is ab: a list"),
        ("unit = ", "unti = ", "was unit meant?"),
        ('"cps/MBq"', '"cps"', "cps/MBq or shown/true"),
        ("[dead_time.paralyzable]", "[dead_time.non-paralyzable]", "of non-paralyz"),
        ("per_gbq = 0.1\n", "per_gbq = 0.1\nper = 1\n", "was per_gbq meant?"),
        ("[0.3, 3]", "[3, 0.3]", "the lowest and the highest"),
        ("[12.5, 14.5]", "[0, 0]", "the fit with a Gaussian tail"),
        ("[12.5, 14.5]", "[12.5, 0]", "a width of 1 to 60 mm"),
        ("[0.05, 60]", "[0.05, 13]", "in a width above that of the core"),
        ("format = 1", "format = 2", "write it again with `sirtdose commission`"),
        ("in_plane_mm = 12", "in_plane_mm = nan", "a number of 1 to 60"),
        ("in_plane_mm = 12", "in_plane_mm = 140", "in_plane_mm is 140"),
        ("[noise]", "[nois]", "'nois' is not known"),
        ("edge = 0", "edges = 0", "'edges' is not known"),
        ("[dead_time.paralyzable]", "[dead_time.nothing]", "'nothing' is not known"),
        ("[0.05, 60]", "[0.05]", "gaussian_tail is"),
    ],
)
def test_what_is_wrong_is_refused(
    was: str, now: str, said: str, tmp_path: Path
) -> None:
    text = camera_text(CAMERA)
    assert was in text
    path = tmp_path / "camera.toml"
    path.write_text(text.replace(was, now), "utf-8")
    with pytest.raises(InputError) as error:
        read_camera(path)
    assert said in str(error.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no camera file 'camera\.toml'"):
        require_camera(tmp_path / "camera.toml")


def test_counts_that_are_kept() -> None:
    """2 GBq at 0.1 per GBq: exp(-0.2), or 1 / 1.2; both: the middle of them."""
    one = dead_time().live_fraction(2.0)
    assert one.value == pytest.approx(exp(-0.2))
    # 0.01 per GBq at 2 GBq is 0.02 of the exponent; 5 % of the activity 0.01 of it.
    assert one.standard == pytest.approx(exp(-0.2) * 0.02)
    surely = dead_time().live_fraction(2.0, 0.05)
    assert surely.standard == pytest.approx(exp(-0.2) * hypot(0.02, 0.01))
    same = {name: Measured(0.1, 0.0) for name in BOTH}
    two = CameraDeadTime("not distinguishable", same, (0.3, 3.0), 0.2)
    kept = two.live_fraction(2.0)
    assert kept.value == pytest.approx((exp(-0.2) + 1 / 1.2) / 2)
    assert kept.standard == pytest.approx((1 / 1.2 - exp(-0.2)) / 2)


def test_recovery_is_that_of_a_lesion_in_the_cold() -> None:
    """Beside 1/8 a sphere of recovery r shows r + (1 - r) / 8 of what it holds."""
    r = 0.4
    shown = r + (1 - r) / 8
    rows = [
        replace(CAMERA.recovery[0], diameter_mm=mm, model=Measured(value, 0.01))
        for mm, value in ((10.0, shown), (20.0, 0.8 + 0.2 / 8))
    ]
    camera = commissioned(recovery=rows)
    small, large = (3.14159265 * mm**3 / 6000 for mm in (10, 20))
    assert camera.recovery_at(small * 1.0001) == pytest.approx(0.4, abs=1e-4)
    between = small * (large / small) ** 0.25
    assert log(between / small) / log(large / small) == pytest.approx(0.25)
    assert camera.recovery_at(between) == pytest.approx(0.5, abs=1e-6)
    assert camera.recovery_at(large * 1.01) is None
