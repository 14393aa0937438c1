"""Twenty simulated cameras, their scans of phantoms, and what is true of them.

Nothing of the package is used: it is what is tested. The same seed gives the same scan.

Run: python benchmarks/simulated_cameras.py FOLDER [CAMERA ...]
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from blurred_patients import Patient, patient
from numpy.typing import NDArray
from simulated_blur import FORMS, Blur, Tail, mean_over
from simulated_dicom import Header, write_ct, write_nm
from simulated_phantoms import CENTERS_MM, PHANTOMS, Filled, Phantom, Pose

Array = NDArray[np.float64]
Triple = tuple[float, float, float]

HALF_LIFE_H = 64.05
FINER = 3
NUMBER = 20
RADIAL, OVERSHOOT, WRONG_RATIO = range(5), range(5, 8), range(8, 10)
DEAD_TIMES = ("paralyzable", "nonparalyzable", "none")
# 4.8 x 4.42 x 4.42 mm or cubes of 4 mm, (z, y, x), and how many of them.
LATTICES: Sequence[tuple[Triple, tuple[int, int, int]]] = (
    ((4.8, 4.42, 4.42), (80, 128, 128)),
    ((4.0, 4.0, 4.0), (96, 128, 128)),
)
SIZES_MM = {
    "gaussian": (50.0, 80.0),
    "exponential": (12.0, 20.0),
    "power law": (14.0, 24.0),
    "two gaussians": (35.0, 50.0),
}
DECLARED_RATIO = 8.0
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class SimulatedCamera:
    """A camera with its reconstruction.

    `factor_cps_per_mbq` counts/s of the image per MBq in a field without end, without
    dead time; `wide_cps_per_mbq` the rate of the wide window, which is what saturates
    it. `ratio_error` is the declared ratio over the true one, less 1. `top_mbq` is
    where its activity series begins, `minutes` how long a phantom is scanned.
    """

    name: str
    blur: Blur
    factor_cps_per_mbq: float
    wide_cps_per_mbq: float
    dead_time: str
    dead_time_s: float
    top_mbq: float
    minutes: float
    spacing_mm: Triple
    shape: tuple[int, int, int]
    ratio_error: float = 0.0
    seed: int = 0

    @property
    def fwhm_mm(self) -> Triple:
        """The core's widths on the axis, (z, y, x)."""
        return self.blur.fwhm_mm

    def live_fraction(self, activity_mbq: Any) -> Any:
        """The part of the counts that is kept with so much activity in view."""
        lost = self.wide_cps_per_mbq * np.asarray(activity_mbq) * self.dead_time_s
        if self.dead_time == "paralyzable":
            return np.exp(-lost)
        return 1 / (1 + lost) if self.dead_time == "nonparalyzable" else 1 + 0 * lost

    def expected(self, activity_mbq: float, seconds: float) -> "Expected":
        """Counts of the image's window, from an activity that decays meanwhile."""
        at = (np.arange(64) + 0.5) / 64 * seconds
        activity = activity_mbq * 0.5 ** (at / 3600 / HALF_LIFE_H)
        live = self.live_fraction(activity)
        wide = self.wide_cps_per_mbq * activity * live
        counts = self.factor_cps_per_mbq * (activity * live).mean() * seconds
        return Expected(
            float(counts),
            float(activity.mean()),
            float((activity * live).mean() / activity.mean()),
            float(wide.mean()),
        )

    def lattice(self) -> tuple[list[Array], list[float]]:
        """Where the fine points lie about the image's middle, and their distances."""
        steps = [one / FINER for one in self.spacing_mm]
        at: list[Array] = [
            (np.arange(n * FINER, dtype=float) - (n * FINER - 1) / 2) * step
            for n, step in zip(self.shape, steps, strict=True)
        ]
        return at, steps

    def see(
        self,
        whole: NDArray[np.float32],
        finer: int,
        counts: float,
        rng: np.random.Generator | None,
    ) -> Array:
        """Counts in voxels of what is drawn so much finer, all of it `counts`."""
        steps = [one / finer for one in self.spacing_mm]
        return self.blur.scanned(whole, steps, finer, counts, rng).image

    @property
    def header(self) -> Header:
        """What its files say of it."""
        maker = ("Anterior Imaging", "Blue Ridge Nuclear", "Collimation Works")
        number = int(self.name.split()[-1])
        return Header(
            manufacturer=maker[number % 3],
            model=f"Model {chr(65 + number % 4)}",
            station=f"SPECT{number:02d}",
            serial=f"SN-{1000 + 37 * number}",
            collimator=("HEGP", "MEGP")[number % 2],
        )


@dataclass(frozen=True)
class Expected:
    """Mean counts of a scan, mean activity, live fraction and wide-window rate."""

    counts: float
    activity_mbq: float
    live_fraction: float
    wide_cps: float


@dataclass(frozen=True)
class Scan:
    """Counts (z, y, x) of an image whose middle is 0, 0, 0 mm, and what is true."""

    counts: Array
    spacing_mm: Triple
    seconds: float
    truth: Mapping[str, Any]

    @property
    def origin_mm(self) -> Triple:
        """Where the middle of the first voxel lies, (x, y, z)."""
        a, b, c = (
            -(n - 1) / 2 * d
            for n, d in zip(self.counts.shape, self.spacing_mm, strict=True)
        )
        return c, b, a


@dataclass(frozen=True)
class SeriesPoint:
    """A scan of the activity series; the activity is the mean during it."""

    activity_mbq: float
    duration_s: float
    counts: int
    wide_cps: float


def cameras() -> list[SimulatedCamera]:
    """Twenty of them: 5 radial, 3 overshooting, 2 with a wrong ratio, 10 plain."""
    losses = np.random.default_rng(261).permutation(np.linspace(0.05, 0.35, NUMBER))
    return [_camera(i, float(loss)) for i, loss in enumerate(losses)]


def _camera(i: int, loss: float) -> SimulatedCamera:
    rng = np.random.default_rng([26, i])
    in_plane = float(rng.uniform(10, 20))
    axial = in_plane + float(rng.uniform(-3, 3))
    form = FORMS[i % len(FORMS)]
    tail = Tail(
        form, float(rng.uniform(0.05, 0.10)), float(rng.uniform(*SIZES_MM[form]))
    )
    radial = float(rng.uniform(0.06, 0.15)) * (-1) ** i if i in RADIAL else 0.0
    blur = Blur(
        (axial, in_plane, in_plane),
        tail,
        radial=radial,
        overshoot=float(rng.uniform(0.55, 0.75)) if i in OVERSHOOT else 0.0,
        noise_gain=float(rng.uniform(1, 2)),
        correlation=float(rng.uniform(0.45, 0.55)),
    )
    factor, top = float(rng.uniform(4, 12)), float(rng.uniform(3000, 5000))
    wide = factor * float(rng.uniform(5, 12))
    kind = DEAD_TIMES[i % len(DEAD_TIMES)]
    # The constant that loses so much at the top.
    lost = {"paralyzable": -np.log1p(-loss), "nonparalyzable": loss / (1 - loss)}
    spacing, shape = LATTICES[i % 5 == 3]
    return SimulatedCamera(
        f"camera {i + 1}",
        blur,
        factor,
        wide,
        kind,
        float(lost.get(kind, 0.0) / (wide * top)),
        top_mbq=top,
        minutes=float(rng.integers(10, 31)),
        spacing_mm=spacing,
        shape=shape,
        ratio_error=(0.10, -0.10)[i % 2] if i in WRONG_RATIO else 0.0,
        seed=1000 * (i + 1),
    )


def scan(
    camera: SimulatedCamera,
    phantom: str,
    *,
    activity_mbq: float,
    ratio: float = DECLARED_RATIO,
    minutes: float | None = None,
    pose: Pose | None = None,
    seed: int | None = 0,
) -> Scan:
    """A scan of 'nema', 'nema_cold' (spheres only) or 'cylinder'.

    `activity_mbq` is all that is in it when the scan starts; `ratio` the true one of
    spheres to background. Without a seed there is no noise; without a pose, one is
    drawn from it.
    """
    rng = None if seed is None else np.random.default_rng([seed, 77])
    if pose is None:
        pose = Pose() if rng is None else Pose.drawn(rng)
    shape = PHANTOMS[phantom]()
    seconds = 60 * (camera.minutes if minutes is None else minutes)
    expected = camera.expected(activity_mbq, seconds)
    at, steps = camera.lattice()
    filled = shape.fill(at, pose, ratio)
    seen = camera.blur.scanned(filled.whole, steps, FINER, expected.counts, rng)
    # Of a point where the concentration is that of a sphere.
    point = expected.counts / filled.whole.sum(dtype=float)
    point *= ratio if shape.background else 1
    poured = shape.background and bool(shape.spheres)
    truth = {
        "camera": described(camera),
        "phantom": phantom,
        "activity_at_start_mbq": activity_mbq,
        "mean_activity_mbq": expected.activity_mbq,
        "seconds": seconds,
        "live_fraction": expected.live_fraction,
        "wide_window_cps": expected.wide_cps,
        "counts_in_infinite_field": expected.counts,
        "counts_in_image_without_noise": float(seen.fine.sum(dtype=float)),
        "part_below_0_without_clipping": seen.clipped,
        "ratio": ratio if poured else None,
        "declared_ratio": ratio * (1 + camera.ratio_error) if poured else None,
        "concentration_mbq_per_ml": _concentrations(shape, activity_mbq, ratio),
        "pose": _placed(shape, pose),
        "spheres": _recovered(filled, seen.fine, point),
        "seed": seed,
    }
    return Scan(seen.image, camera.spacing_mm, seconds, truth)


def described(camera: SimulatedCamera) -> dict[str, Any]:
    """What is true of a camera, for a document."""
    rise, width = camera.blur.edge()
    return {
        **asdict(camera),
        "edge_overshoot": rise,
        "plane_fwhm_over_fwhm": width,
        "header": asdict(camera.header),
    }


def _concentrations(shape: Phantom, activity: float, ratio: float) -> dict[str, float]:
    """MBq/mL at the start, by region."""
    spheres = sum(one.volume_ml for one in shape.spheres.values())
    if not shape.background:
        return {"background": 0.0, "spheres": activity / spheres}
    background = activity / (shape.background_ml + ratio * spheres)
    found = {"background": background, "spheres": ratio * background}
    return found if spheres else {"background": background}


def _placed(shape: Phantom, pose: Pose) -> dict[str, Any]:
    return {
        "turn_deg": pose.turn_deg,
        "shift_mm": pose.shift_mm,
        # Patient = matrix @ phantom + origin, (x, y, z).
        "matrix": pose.matrix.tolist(),
        "origin_mm": shape.origin_mm(pose).tolist(),
    }


def _recovered(filled: Filled, fine: Any, point: float) -> dict[str, Any]:
    """The mean of the blurred model over each true sphere, over what is in it.

    `point` is what a point of the fine lattice in a sphere has without blur.
    """
    found = {}
    for name, (box, part) in filled.spheres.items():
        mean = mean_over(fine, box, part)
        found[name] = {"model_recovery": mean / point, "center_mm": CENTERS_MM[name]}
    return found


def series(camera: SimulatedCamera, seed: int = 0) -> list[SeriesPoint]:
    """A source that decays from `top_mbq` on, 6 to 8 times measured in 8 days."""
    rng = np.random.default_rng([camera.seed, seed, 3])
    number, seconds = int(rng.integers(6, 9)), float(rng.choice([300, 600]))
    points = []
    for hours in np.linspace(0, 192, number):
        activity = camera.top_mbq * 0.5 ** (float(hours) / HALF_LIFE_H)
        one = camera.expected(activity, seconds)
        counts, wide = rng.poisson([one.counts, one.wide_cps * seconds])
        points.append(
            SeriesPoint(one.activity_mbq, seconds, int(counts), float(wide / seconds))
        )
    return points


def patient_of(
    camera: SimulatedCamera,
    seed: int,
    *,
    activity_mbq: float = 2000.0,
    minutes: float = 20.0,
    **scene: bool,
) -> tuple[Patient, Expected, dict[str, float]]:
    """A patient seen by it, what was to be expected, and MBq/mL at the scan's start."""
    expected = camera.expected(activity_mbq, 60 * minutes)
    one = patient(seed, counts=expected.counts, seen_by=camera, **scene)
    each = activity_mbq / expected.counts
    return (
        one,
        expected,
        {name: per_ml * each for name, per_ml in one.concentration.items()},
    )


def scans(camera: SimulatedCamera) -> dict[str, Scan]:
    """What a site would scan: spheres in background, in the cold, and a cylinder."""
    ratio = DECLARED_RATIO / (1 + camera.ratio_error)
    part = {"nema": 0.4, "nema_cold": 0.12, "cylinder": 0.5}
    return {
        name: scan(
            camera,
            name,
            activity_mbq=round(of_top * camera.top_mbq),
            ratio=ratio,
            seed=camera.seed + i,
        )
        for i, (name, of_top) in enumerate(part.items())
    }


def write(camera: SimulatedCamera, folder: Path) -> None:
    """All of a camera's scans with CT, its series, and truth.json beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, Any] = {"camera": described(camera), "scans": {}}
    for i, (name, one) in enumerate(scans(camera).items()):
        start, uid = START + timedelta(hours=3 * i), f"{camera.name} {name}"
        write_nm(folder / f"{name}.dcm", one, camera.header, start=start, seed=uid)
        pose = Pose(one.truth["pose"]["turn_deg"], one.truth["pose"]["shift_mm"])
        ct = folder / f"{name}_ct"
        write_ct(ct, name, pose, camera.header, start=start, seed=uid)
        true = {key: value for key, value in one.truth.items() if key != "camera"}
        truth["scans"][name] = {**true, "start": start.isoformat()}
    points = [asdict(one) for one in series(camera)]
    truth["series"] = points
    header = ",".join(points[0])
    rows = [",".join(f"{value:.10g}" for value in one.values()) for one in points]
    (folder / "series.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")


def main() -> None:
    """Write every camera's scans, or those of the cameras that are named."""
    folder, *names = sys.argv[1:]
    for camera in cameras():
        number = camera.name.split()[-1]
        if names and number not in names:
            continue
        begun = perf_counter()
        write(camera, Path(folder) / f"camera{int(number):02d}")
        print(f"{camera.name}: {perf_counter() - begun:.0f} s")


if __name__ == "__main__":
    main()
