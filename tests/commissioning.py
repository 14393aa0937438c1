"""A commissioning by one scan of a small phantom, for its page and its tables."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from sirtdose.dosimetry.commission.count_rate import CountRate
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit, fitted_dead_time
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.placement import Placement
from sirtdose.dosimetry.commission.quality import Quality
from sirtdose.dosimetry.commission.results import (
    CommissionedScan,
    Commissioning,
    Drift,
    Filling,
)
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.dosimetry.commission.view import Pose
from sirtdose.model.commissioned import (
    CameraBlur,
    CameraDeadTime,
    CameraFactor,
    CameraNoise,
    CameraRecovery,
    Commissioned,
    Measured,
)
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.grid import Grid
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.solid import Ball, Cylinder, Fill, ScanPhantom

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SPHERES = ((37.0, 27.0), (22.0, -30.0))
POURED = {"background": 0.1, "spheres": 0.8}
SHA256 = "0123456789abcdef" * 4
HEADER = {
    "manufacturer": "Anterior Imaging",
    "model": "Model A",
    "collimator": "HEGP",
    "station": "SPECT13",
    "serial": "SN-1481",
}
# FWHM in the plane and along the axis, and of the tail, with its part.
PLANE_MM, AXIAL_MM, TAIL_MM, TAIL = 18.0, 16.0, 60.0, 0.07
_VOXEL_MM, _FINER, _SIDE = 8.0, 4, 26
_TO_SIGMA = 2.3548


def phantom() -> ScanPhantom:
    """Two spheres and a cold rod in a cylinder of 120 mm."""
    balls = tuple(Ball((x, 0.0, 0.0), diameter) for diameter, x in SPHERES)
    outer = Cylinder((0.0, 0.0, 0.0), 120.0, 120.0, 80.0)
    rod = Cylinder((0.0, 36.0, 0.0), 30.0, 30.0, 80.0)
    fills = (Fill("background", (outer,), (rod, *balls)), Fill("spheres", balls))
    return ScanPhantom("small", "Small cylinder", fills, outer, "drawn by hand", False)


@cache
def scan() -> PhantomScan:
    """Its scan as a fit would tell it, drawn on points of 2 mm and blurred there."""
    step = _VOXEL_MM / _FINER
    at = (np.arange(_SIDE * _FINER) - (_SIDE * _FINER - 1) / 2) * step
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    held = np.where((np.hypot(x, y) < 60) & (np.abs(z) < 40), 0.1, 0.0)
    held[np.hypot(x, y - 36) < 15] = 0
    for diameter, middle in SPHERES:
        inside = (x - middle) ** 2 + y**2 + z**2 < (diameter / 2) ** 2
        held[inside] = 0.8
    widths = (AXIAL_MM, PLANE_MM, PLANE_MM)
    core = gaussian_filter(held, [one / _TO_SIGMA / step for one in widths])
    wide = gaussian_filter(held, TAIL_MM / _TO_SIGMA / step)
    fit, plain = (_seen((1 - tail) * core + tail * wide) for tail in (TAIL, 0.0))
    first = -(_SIDE - 1) / 2 * _VOXEL_MM
    placement = Placement(Pose((0.0, 0.0, 0.0)), 17.0, 0.0007, 0.0118)
    fits = tuple(
        _fit(form, fit, misfit=misfit)
        for form, misfit in (("gaussian", 1.0), ("exponential", 1.02))
    )
    widths_mm = Measured(PLANE_MM, 0.1), Measured(AXIAL_MM, 0.1)
    return PhantomScan(
        placement=placement,
        grid=Grid.regular(
            fit.shape, spacing_mm=(_VOXEL_MM,) * 3, origin_mm=(first,) * 3
        ),
        image=np.random.default_rng(5).poisson(fit).astype(np.float32),
        fits=fits,
        plain=replace(_fit("gaussian", plain, misfit=1.2), tail_fraction=0.0),
        apart=replace(_fit("gaussian", fit, misfit=1.0), spheres_mm=(18.1, 16.2)),
        blur=CameraBlur(*widths_mm, Measured(TAIL, 0.002), Measured(TAIL_MM, 1.0)),
        total=Measured(1e6, 1e3),
        fitted_total=Measured(1e6, 1e3),
        ratio=Measured(8.0, 0.05),
        recovery=(_recovered(22.0, 0.42, 0.40), _recovered(37.0, 0.61, 0.60)),
        curve=tuple(
            _recovered(diameter, value)
            for diameter, value in ((10.0, 0.2), (40.0, 0.64), (80.0, 0.8))
        ),
        quality=Quality(0.142, 4.4, 100.0, 0.07, {"22 mm": 0.263, "37 mm": 0.498},
                        {"22 mm": 0.05}, {"cold part of 30 mm": 0.36}),
    )  # fmt: skip


def _seen(fine: NDArray[np.float64]) -> NDArray[np.float32]:
    """Counts in voxels."""
    parts = fine.reshape(_SIDE, _FINER, _SIDE, _FINER, _SIDE, _FINER)
    return np.asarray(parts.sum(axis=(1, 3, 5)) * 30, np.float32)


def _fit(form: str, model: NDArray[np.float32], *, misfit: float) -> PhantomFit:
    names = ["in_plane_mm", "axial_mm", "tail_fraction", "tail_fwhm_mm"]
    names += ["spheres_in_plane_mm", "spheres_axial_mm", "background", "spheres"]
    # 64 points of 2 mm with 30 counts at a concentration of 1 are 0.512 mL.
    per_ml = _FINER**3 * 30 / (_VOXEL_MM**3 / 1000)
    return PhantomFit(
        form=form,
        pose=Pose((0.0, 0.0, 0.0)),
        in_plane_mm=PLANE_MM,
        axial_mm=AXIAL_MM,
        edge=0.0,
        sharp=0,
        tail_fraction=TAIL,
        tail_fwhm_mm=TAIL_MM,
        concentrations={name: held * per_ml for name, held in POURED.items()},
        standard=dict.fromkeys(names, 0.05),
        misfit=misfit,
        independent=200.0,
        model=model,
    )


def _recovered(
    diameter: float, model: float, image: float | None = None
) -> CameraRecovery:
    seen = None if image is None else Measured(image, 0.01)
    return CameraRecovery(diameter, 8.0, Measured(model, 0.005), seen)


def dead_time() -> DeadTimeFit:
    """10 cps/MBq, paralyzable with 0.1 per GBq."""
    at = (200.0, 500.0, 1000.0, 2000.0, 4000.0)
    return fitted_dead_time(
        [CountRate(a, 10 * a * float(np.exp(-1e-4 * a)), 2.0) for a in at]
    )


def commissioning(
    scans: int = 1, findings: Sequence[Finding] = (), *, drifts: bool = True
) -> Commissioning:
    """The same scan so many times, with numbers that are easy to read."""
    one, fit = scan(), dead_time()
    live = Measured(0.95, 0.001)
    made = CommissionedScan(
        file="nema.dcm",
        sha256=SHA256,
        files=1,
        scan_start=AT,
        duration_s=600.0,
        activity_mbq={"background": 150.0, "spheres": 25.0},
        scan=one,
        rate_cps=Measured(1750.0, 5.0),
        factor=Measured(10.5, 0.05),
        live_fraction=live,
        header=HEADER,
    )
    camera = Commissioned(
        name="room 2",
        made=date(2026, 3, 2),
        valid_until=date(2027, 3, 2),
        nuclide="Y-90",
        phantom="small",
        blur=one.blur,
        factor=CameraFactor(Measured(10.5, 0.05), "cps/MBq", live),
        dead_time=CameraDeadTime(
            "paralyzable", {"paralyzable": Measured(0.1, 0.001)}, (0.2, 4.0), 0.2
        ),
        recovery=one.curve,
        noise=CameraNoise(0.142, 4.4, 500.0),
        header=HEADER,
        scans=(SHA256,),
    )
    # 10.5 of 10.0 is 5 % more, 14 of 14 no change.
    drift = (
        Drift("Calibration factor", "cps/MBq", Measured(10.5, 0.05),
              Measured(10.0, 0.05), 0.05, 0.007, 0.03),
        Drift("FWHM in plane", "mm", Measured(14.0, 0.1), Measured(14.0, 0.1),
              0.0, 0.01, 0.05),
    )  # fmt: skip
    return Commissioning(
        filling=Filling(phantom(), 175.0, AT, Nuclide.named("Y-90"), POURED, 8.0),
        made=date(2026, 3, 2),
        scans=(made,) * scans,
        dead_time=fit,
        camera=camera,
        before=camera if drifts else None,
        drift=drift if drifts else (),
        findings=tuple(findings),
    )


QUESTION = Finding.of(
    "H13", "the fitted ratio is 8.0, but 8.8 was given", severity=Severity.ASK
)
