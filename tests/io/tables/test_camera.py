"""camera.toml: written, read again, and refused where it is wrong."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.camera import camera_text, read_camera
from sirtdose.model.commissioned import (
    CameraBlur,
    CameraDeadTime,
    CameraFactor,
    CameraNoise,
    CameraRecovery,
    Commissioned,
    Measured,
)

CAMERA = Commissioned(
    name='room "2"',
    made=date(2026, 3, 2),
    valid_until=date(2027, 3, 2),
    nuclide="Y-90",
    phantom="nema-iec",
    blur=CameraBlur(
        in_plane_mm=Measured(14.0, 0.2),
        axial_mm=Measured(16.0, 0.25),
        tail_fraction=Measured(0.07, 0.01),
        tail_fwhm_mm=Measured(60.0, 3.0),
        tail_form="exponential",
        gaussian_core_mm=(13.9, 15.9),
        gaussian_tail=(0.06, 58.0),
    ),
    factor=CameraFactor(Measured(8.1, 0.02), "cps/MBq", Measured(0.97, 0.003)),
    dead_time=CameraDeadTime(
        "not distinguishable",
        {
            "paralyzable": Measured(0.05, 0.01),
            "non-paralyzable": Measured(0.06, 0.01),
        },
        (0.3, 3.0),
        0.4,
    ),
    recovery=(CameraRecovery(37.0, 8.0, Measured(0.8, 0.01), Measured(0.78, 0.02)),),
    noise=CameraNoise(0.1, 9.0, 10000.0),
    header={"model": "Symbia"},
    scans=("ab",),
)


def written(tmp_path: Path, camera: Commissioned = CAMERA) -> Path:
    path = tmp_path / "camera.toml"
    path.write_text(camera_text(camera), encoding="utf-8")
    return path


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    found = read_camera(written(tmp_path))
    assert len(found.sha256) == 64
    assert replace(found, sha256="") == CAMERA


def test_a_camera_of_little_is_one_too(tmp_path: Path) -> None:
    little = replace(
        CAMERA, blur=None, factor=None, dead_time=None, recovery=(), noise=None
    )
    assert replace(read_camera(written(tmp_path, little)), sha256="") == little


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ("in_plane_mm = 14", "in_plane_mm = 140", "in_plane_mm is 140"),
        ('unit = "cps/MBq"', 'unit = "cps"', "unit is cps"),
        ("format = 1", "format = 2", "format is 2"),
        ("made = 2026-03-02", 'made = "2026-03-02"', "made is 2026-03-02"),
        ("value = 8.1", "value = nan", "value is nan"),
        ("[noise]", "[nois]", "'nois' is not known"),
        ("edge = 0", "edges = 0", "'edges' is not known"),
        ("[dead_time.paralyzable]", "[dead_time.nothing]", "'nothing' is not known"),
        ("gaussian_tail = [0.06, 58]", "gaussian_tail = [0.06]", "gaussian_tail is"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, was: str, now: str, said: str) -> None:
    path = written(tmp_path)
    text = path.read_text("utf-8")
    assert was in text
    path.write_text(text.replace(was, now, 1), encoding="utf-8")
    with pytest.raises(InputError, match=said.replace("[", r"\[")):
        read_camera(path)


def test_live_fractions_by_hand() -> None:
    # exp(-0.05 * 2) = 0.9048 and 1 / (1 + 0.06 * 2) = 0.8929: between them 0.8989.
    assert CAMERA.dead_time is not None
    live = CAMERA.dead_time.live_fraction(2.0)
    assert live.value == pytest.approx(0.89885, abs=2e-4)
    assert live.standard > (0.9048 - 0.8929) / 2


def test_recovery_between_sizes_is_none_beyond_them() -> None:
    two = replace(
        CAMERA,
        recovery=(
            CameraRecovery(20.0, 8.0, Measured(0.5, 0.01)),
            CameraRecovery(40.0, 8.0, Measured(0.8, 0.01)),
        ),
    )
    # 4.189 and 33.51 mL; halfway over the logarithm, 11.85 mL: 0.65.
    assert two.recovery_at(11.848) == pytest.approx(0.65, abs=1e-3)
    assert two.recovery_at(3.0) is None
