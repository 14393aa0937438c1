"""Simulated patients whose concentrations are known, as a camera would see them.

Shapes are analytic and drawn on a lattice of their own, three points a voxel; blur is a
product in the Fourier domain. Nothing of the package is used: it is what is tested.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Array = NDArray[np.float64]
Inside = Callable[[Array, Array, Array], NDArray[np.bool_]]

SPACING_MM = (4.8, 4.42, 4.42)
SHAPE = (54, 70, 80)
FINER = 3
# Semi-axes of liver and body, mm: 1.6 L.
LIVER_MM, BODY_MM = (68.0, 66.0, 86.0), (115.0, 135.0, 160.0)
DIAMETERS_MM = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
IRREGULAR = "irregular"
GAP_MM = 8.0
CONTOUR_SPACING_MM = (2.0, 1.0, 1.0)


@dataclass(frozen=True)
class Camera:
    """How a camera and a breath blur: widths and travel in mm, (z, y, x)."""

    fwhm_mm: tuple[float, float, float]
    tail_fraction: float = 0.0
    tail_fwhm_mm: float = 60.0
    breath_mm: float = 0.0

    def transfer(self, shape: Sequence[int], spacing: Sequence[float]) -> Array:
        """What is left of each frequency."""
        last = len(shape) - 1
        axes = [
            fft.rfftfreq(n, d) if i == last else fft.fftfreq(n, d)
            for i, (n, d) in enumerate(zip(shape, spacing, strict=True))
        ]
        z, y, x = np.meshgrid(*axes, indexing="ij", sparse=True)
        core = np.exp(-_squares((z, y, x), self.fwhm_mm))
        tail = np.exp(-_squares((z, y, x), (self.tail_fwhm_mm,) * 3))
        # More time at the end of expiration; about its mean, which contours follow.
        phases = (np.arange(64) + 0.5) / 64
        travel = self.breath_mm * np.cos(np.pi * phases) ** 4
        breath = np.mean(
            [np.exp(-2j * np.pi * z * (one - travel.mean())) for one in travel], axis=0
        )
        kept: Array = breath * (
            (1 - self.tail_fraction) * core + self.tail_fraction * tail
        )
        return kept

    @property
    def whole_fwhm_mm(self) -> tuple[float, float, float]:
        """The widths with the breath in them."""
        phases = (np.arange(64) + 0.5) / 64
        spread = 8 * np.log(2) * (self.breath_mm * np.cos(np.pi * phases) ** 4).var()
        z, y, x = self.fwhm_mm
        return float(np.sqrt(z**2 + spread)), y, x


def _squares(frequencies: Sequence[Array], fwhm_mm: Sequence[float]) -> Array:
    total = 0.0
    for one, width in zip(frequencies, fwhm_mm, strict=True):
        total = total + 2 * (np.pi * one * width) ** 2 / (8 * np.log(2))
    return np.asarray(total)


@dataclass(frozen=True)
class Patient:
    """Counts as they were seen, masks as they were drawn, and what is true.

    `masks` lie on `contour_spacing_mm` and begin at `contour_origin_mm` from the middle
    of the image's first voxel; `concentration` goes by structure, in counts per mL of
    the image without blur or noise.
    """

    counts: Array
    masks: Mapping[str, NDArray[np.bool_]]
    contour_origin_mm: tuple[float, float, float]
    camera: Camera
    concentration: Mapping[str, float]
    diameter_mm: Mapping[str, float]
    offset_mm: tuple[float, float, float]
    core_of: str = ""
    true_counts: float = field(default=0.0)
    spacing_mm: tuple[float, float, float] = SPACING_MM


class Eye(Protocol):
    """What sees a patient in place of a camera that is drawn."""

    @property
    def fwhm_mm(self) -> tuple[float, float, float]:
        """The core's widths, (z, y, x)."""

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """The voxels of its images, (z, y, x)."""

    def see(
        self,
        whole: NDArray[np.float32],
        finer: int,
        counts: float,
        rng: np.random.Generator | None,
    ) -> Array:
        """Counts in voxels of what is drawn so much finer, all of it `counts`."""


def patient(
    seed: int,
    *,
    breathing: bool = False,
    contours_off: bool = False,
    tail: bool = True,
    noise: bool = True,
    cold_core: bool = False,
    counts: float = 6e6,
    seen_by: Eye | None = None,
) -> Patient:
    """A patient with spheres of every size and an irregular tumor in the liver.

    `seen_by` blurs and adds noise in place of a camera that is drawn; the same seed has
    the same patient.
    """
    rng = np.random.default_rng(seed)
    in_plane = rng.uniform(13, 16)
    camera = Camera(
        (float(in_plane + rng.uniform(0, 1)), float(in_plane), float(in_plane)),
        tail_fraction=float(rng.uniform(0.05, 0.10)) if tail else 0.0,
        tail_fwhm_mm=float(rng.uniform(50, 80)),
        breath_mm=float(rng.uniform(6, 12)) if breathing else 0.0,
    )
    centers = _placed(rng)
    shapes = {
        name: _shape(name, center, diameter, rng)
        for name, (center, diameter) in centers.items()
    }
    ratios = {name: float(rng.uniform(4, 8)) for name in centers}
    spacing, lattice = SPACING_MM, SHAPE
    if seen_by is not None:
        spacing, lattice = seen_by.spacing_mm, _covering(seen_by.spacing_mm)
        camera = Camera(seen_by.fwhm_mm, breath_mm=camera.breath_mm)
    fine = [side / FINER for side in spacing]
    at = [
        (np.arange(n * FINER) - (FINER - 1) / 2) * step - (n - 1) * side / 2
        for n, step, side in zip(lattice, fine, spacing, strict=True)
    ]
    truth = 0.005 * _part(_ellipsoid(BODY_MM), at, fine)
    truth += (1 - truth) * _part(_ellipsoid(LIVER_MM), at, fine)
    for name, shape in shapes.items():
        part = _part(shape, at, fine)
        truth += part * (ratios[name] - 1)
    if cold_core:
        center, _ = centers["60 mm"]
        truth -= _part(_sphere(center, 9.0), at, fine) * (ratios["60 mm"] - 0.3)
    scale = counts / truth.sum()
    if seen_by is None:
        blurred = _blurred(truth, camera, fine)
        coarse = blurred.reshape(SHAPE[0], FINER, SHAPE[1], FINER, SHAPE[2], FINER).sum(
            axis=(1, 3, 5)
        )
        seen = np.maximum(coarse, 0) * scale
        if noise:
            seen = rng.poisson(seen).astype(float)
    else:
        breathed = _blurred(truth, Camera((0, 0, 0), breath_mm=camera.breath_mm), fine)
        own = np.random.default_rng([seed, 1]) if noise else None
        seen = seen_by.see(breathed.astype(np.float32), FINER, counts, own)
    offset = _offset(rng) if contours_off else (0.0, 0.0, 0.0)
    middle = [(n - 1) * side / 2 for n, side in zip(lattice, spacing, strict=True)]
    masks, origin = _drawn(shapes, offset, middle)
    per_ml = scale / (np.prod(fine) / 1000)
    return Patient(
        counts=seen,
        masks=masks,
        contour_origin_mm=origin,
        camera=camera,
        concentration={
            "Liver normal": float(per_ml),
            **{name: float(ratio * per_ml) for name, ratio in ratios.items()},
        },
        diameter_mm={name: one[1] for name, one in centers.items()},
        offset_mm=offset,
        core_of="60 mm" if cold_core else "",
        true_counts=counts,
        spacing_mm=spacing,
    )


def _covering(spacing: Sequence[float]) -> tuple[int, int, int]:
    """How many voxels of another size cover the same field."""
    k, j, i = (
        int(np.ceil(n * side / one))
        for n, side, one in zip(SHAPE, SPACING_MM, spacing, strict=True)
    )
    return k, j, i


def _placed(
    rng: np.random.Generator,
) -> dict[str, tuple[tuple[float, float, float], float]]:
    """Where spheres lie, none in another's way; the largest first."""
    sizes = {f"{d:g} mm": d for d in DIAMETERS_MM} | {IRREGULAR: 34.0}
    wanted = sorted(sizes, key=lambda name: -sizes[name])
    while True:
        found: dict[str, tuple[tuple[float, float, float], float]] = {}
        for name in wanted:
            for _ in range(400):
                center = rng.uniform(-1, 1, 3) * LIVER_MM
                radius = sizes[name] / 2
                room = np.array(LIVER_MM) - radius - 2
                clear = all(
                    np.linalg.norm(center - other) > radius + size / 2 + GAP_MM
                    for other, size in found.values()
                )
                if ((center / room) ** 2).sum() < 1 and clear:
                    a, b, c = (float(one) for one in center)
                    found[name] = ((a, b, c), sizes[name])
                    break
        if len(found) == len(wanted):
            return found


def _ellipsoid(radii: Sequence[float]) -> Inside:
    a, b, c = radii
    return lambda z, y, x: (z / a) ** 2 + (y / b) ** 2 + (x / c) ** 2 <= 1


def _sphere(center: Sequence[float], radius: float) -> Inside:
    a, b, c = center
    return lambda z, y, x: (z - a) ** 2 + (y - b) ** 2 + (x - c) ** 2 <= radius**2


def _shape(
    name: str,
    center: tuple[float, float, float],
    diameter: float,
    rng: np.random.Generator,
) -> Inside:
    """A sphere, or for the irregular one three that overlap."""
    if name != IRREGULAR:
        return _sphere(center, diameter / 2)
    lobes = [
        _sphere(np.array(center) + rng.uniform(-0.22, 0.22, 3) * diameter, r * diameter)
        for r in (0.3, 0.25, 0.2)
    ]
    return lambda z, y, x: lobes[0](z, y, x) | lobes[1](z, y, x) | lobes[2](z, y, x)


def _part(inside: Inside, at: Sequence[Array], step: Sequence[float]) -> Array:
    """The part of each fine voxel inside: two points an axis, where it matters."""
    total = np.zeros([len(one) for one in at])
    for shift in np.ndindex(2, 2, 2):
        z, y, x = (
            one + (s - 0.5) * d / 2 for one, s, d in zip(at, shift, step, strict=True)
        )
        total += inside(z[:, None, None], y[None, :, None], x[None, None, :])
    return total / 8


def _blurred(truth: Array, camera: Camera, step: Sequence[float]) -> Array:
    shape = [fft.next_fast_len(n + 30, real=True) for n in truth.shape]
    spectrum = fft.rfftn(truth.astype(np.float32), shape, workers=2)
    spectrum *= camera.transfer(shape, step).astype(np.complex64)
    whole = fft.irfftn(spectrum, shape, workers=2)
    a, b, c = truth.shape
    kept: Array = whole[:a, :b, :c]
    return kept


def _offset(rng: np.random.Generator) -> tuple[float, float, float]:
    """Contours that are 2 to 4 mm away from the image."""
    direction = rng.standard_normal(3)
    a, b, c = direction / np.linalg.norm(direction) * rng.uniform(2, 4)
    return float(a), float(b), float(c)


def _drawn(
    shapes: Mapping[str, Inside], offset: Sequence[float], middle: Sequence[float]
) -> tuple[dict[str, NDArray[np.bool_]], tuple[float, float, float]]:
    """Masks on the lattice of a CT, off by so much; `middle` is the image's."""
    reach = [one + 12 for one in LIVER_MM]
    at = [
        np.arange(-r, r, d) + d / 2
        for r, d in zip(reach, CONTOUR_SPACING_MM, strict=True)
    ]
    z, y, x = (
        one.reshape([-1 if i == k else 1 for i in range(3)]) - off
        for k, (one, off) in enumerate(zip(at, offset, strict=True))
    )
    masks = {"Liver": np.asarray(_ellipsoid(LIVER_MM)(z, y, x))}
    masks |= {name: np.asarray(one(z, y, x)) for name, one in shapes.items()}
    first = [float(one[0] + half) for one, half in zip(at, middle, strict=True)]
    return masks, (first[0], first[1], first[2])
