"""What the simulated cameras must give, whatever they are; stops where they do not.

Run: python benchmarks/simulated_checks.py
"""

import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from simulated_blur import FORMS, Blur, Image, Tail, mean_over
from simulated_cameras import SIZES_MM, cameras
from simulated_phantoms import PHANTOMS, Phantom, Pose, ball, drawn


def main() -> None:
    """Volumes, a sphere's recovery, and every camera's point source."""
    for name in ("nema", "cylinder"):
        _check_volume(PHANTOMS[name]())
    for form in FORMS:
        tail = Tail(form, 0.08, sum(SIZES_MM[form]) / 2)
        _check_sphere(Blur((14.0, 14.0, 14.0), tail))
    for one in cameras():
        _check_point(one.blur)
        if one.blur.radial:
            _check_radial(one.blur)
        if one.blur.overshoot:
            _must(0.05 < one.blur.edge()[0] < 0.12)


def _check_volume(shape: Phantom) -> None:
    """What is drawn has the volume that was worked out."""
    pose = Pose.drawn(np.random.default_rng(1))
    at, steps = cameras()[0].lattice()
    filled = shape.fill(at, pose, 1.0)
    ml = float(np.prod(steps)) / 1000
    seen = filled.whole.sum(dtype=float) * ml
    spheres = {name: one.volume_ml for name, one in shape.spheres.items()}
    true = shape.background_ml + sum(spheres.values())
    off = [
        part.sum() * ml / spheres[name] - 1
        for name, (_, part) in filled.spheres.items()
    ]
    print(
        f"{shape.name}: {true:.1f} mL, drawn {seen / true - 1:+.1e}; spheres "
        + ", ".join(f"{one:+.1e}" for one in off)
    )
    _must(abs(seen / true - 1) < 1e-3 and all(abs(one) < 5e-3 for one in off))


def _check_sphere(blur: Blur) -> None:
    """A blurred sphere's mean over itself, against one integral over distances."""
    steps, radius, center = [1.6, 1.4733, 1.4733], 11.0, (3.1, -2.2, 1.3)
    at = [
        (np.arange(n, dtype=float) - (n - 1) / 2) * d
        for n, d in zip((80, 90, 90), steps, strict=True)
    ]
    alone = Phantom("one", ball(center, radius), {}, {}, background=True)
    whole = alone.fill(at, Pose(shift_mm=center), 1.0).whole
    seen, _ = blur.blurred(whole, steps)
    mean = mean_over(seen, *drawn(ball(center, radius), at, np.eye(3), np.zeros(3)))
    r = (np.arange(100_000, dtype=float) + 0.5) * 0.002
    core = np.exp(-4 * np.log(2) * (r / blur.fwhm_mm[0]) ** 2)
    kernels = (core, 1 - blur.tail.fraction), (blur.tail.density(r), blur.tail.fraction)
    # How much of a sphere meets itself when it is moved so far.
    both = np.where(r < 2 * radius, 1 - 0.75 * r / radius + (r / radius) ** 3 / 16, 0)
    true = sum(part * (one * r**2) @ both / (one @ r**2) for one, part in kernels)
    print(f"22 mm sphere, {blur.tail.form}: {mean:.4f}, by an integral {true:.4f}")
    _must(abs(mean - true) < 1e-3)


def _check_point(blur: Blur) -> None:
    """A point keeps its counts, and has the width of its core."""
    whole = np.zeros((161, 161, 161), np.float32)
    whole[80, 80, 80] = 1
    kept = [float(one.sum(dtype=float)) for one in blur.blurred(whole, [3.0, 3.0, 3.0])]
    core = replace(blur, tail=replace(blur.tail, fraction=0.0), radial=0.0)
    seen, _ = core.blurred(whole, [1.0, 1.0, 1.0])
    lines = [seen[:, 80, 80], seen[80, :, 80], seen[80, 80, :]]
    off = [_width(line) / w - 1 for line, w in zip(lines, blur.fwhm_mm, strict=True)]
    print(
        f"{blur.tail.form}: {kept[0] - 1:+.1e} and {kept[1] - 1:+.1e} of the counts, "
        f"widths {max(map(abs, off)):.2%} off"
    )
    _must(max(abs(one - 1) for one in kept) < 1e-3 and max(map(abs, off)) < 0.005)


def _check_radial(blur: Blur) -> None:
    """Points away from the axis are as wide as they should be there."""
    core = replace(blur, tail=replace(blur.tail, fraction=0.0))
    for far in (40, 95, 150):
        whole = np.zeros((101, 101, 401), np.float32)
        whole[50, 50, 200 + far] = 1
        seen, _ = core.blurred(whole, [1.0, 1.0, 1.0])
        true = blur.fwhm_mm[0] * (1 + blur.radial * far / 150)
        found = _width(seen[:, 50, 200 + far])
        print(f"{far} mm from the axis: {found:.2f} mm, to be {true:.2f} mm")
        _must(abs(found / true - 1) < 0.005)


def _must(holds: bool) -> None:
    if not holds:
        raise SystemExit("the simulator is not what it should be")


def _width(line: Image) -> float:
    """The width at half of the highest point, which is in the middle."""
    middle = len(line) // 2
    side = line[middle:] / line[middle]
    return 2 * float(np.interp(-0.5, -side[:40], np.arange(40)))


if __name__ == "__main__":
    main()
