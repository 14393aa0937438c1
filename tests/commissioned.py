"""A camera as commissioning might have found it, for tests: every number is given."""

from datetime import date
from typing import Any

from sirtdose.model.commissioned import (
    CameraBlur,
    CameraDeadTime,
    CameraFactor,
    CameraNoise,
    CameraRecovery,
    Commissioned,
    Measured,
)


def blur(**change: Any) -> CameraBlur:
    values = {
        "in_plane_mm": Measured(12.0, 0.24),
        "axial_mm": Measured(14.0, 0.42),
        "tail_fraction": Measured(0.06, 0.01),
        "tail_fwhm_mm": Measured(55.0, 5.0),
        "tail_form": "exponential",
        "gaussian_core_mm": (12.5, 14.5),
        "gaussian_tail": (0.05, 60.0),
    }
    return CameraBlur(**(values | change))


def dead_time(model: str = "paralyzable", **change: Any) -> CameraDeadTime:
    values = {
        "per_gbq": {"paralyzable": Measured(0.1, 0.01)},
        "measured_gbq": (0.3, 3.0),
        "linear_to_gbq": 0.2,
    }
    return CameraDeadTime(model, **(values | change))


def commissioned(**change: Any) -> Commissioned:
    values = {
        "name": "room 2",
        "made": date(2026, 1, 2),
        "valid_until": date(2027, 1, 2),
        "nuclide": "Y-90",
        "phantom": "nema-iec",
        "blur": blur(),
        "factor": CameraFactor(Measured(10.0, 0.1), "cps/MBq", Measured(0.9, 0.005)),
        "dead_time": dead_time(),
        "noise": CameraNoise(0.2, 10.0, 50.0),
        "recovery": (
            CameraRecovery(10.0, 8.0, Measured(0.3, 0.01)),
            CameraRecovery(37.0, 8.0, Measured(0.7, 0.01), Measured(0.75, 0.02)),
        ),
    }
    return Commissioned(**(values | change))
