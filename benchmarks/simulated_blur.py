"""How a simulated camera blurs and how noisy it is.

Shapes are blurred as products in the Fourier domain of a fine lattice, with room about
them. Nothing of the package is used: it is what is tested.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage, optimize

Array = NDArray[np.float64]
Image = NDArray[np.float32]
# What is left of the frequencies of one plane, all with the same one along z.
Kernel = Callable[[float, Array, Array], Array]
Triple = tuple[float, float, float]

CUT_MM = 200.0
TO_SIGMA = 1 / np.sqrt(8 * np.log(2))
FORMS = ("gaussian", "exponential", "power law", "two gaussians")
# Classes of width across a field in which it varies, and how far out the last lies.
CLASSES, LAST_MM = 4, 170.0
# The wider Gaussian that makes a resolution-modeled image overshoot.
WIDER = 1.7


@dataclass(frozen=True)
class Tail:
    """Wide blur that looks the same from every side, up to 200 mm.

    `size_mm` is the FWHM of 'gaussian'; of 'two gaussians' the narrower one's, with
    half of the tail, the other one is 2.5 times as wide; the mean free path of
    'exponential', exp(-r/size); and the radius of 'power law', (1 + (r/size)^2)^-2.
    """

    form: str
    fraction: float
    size_mm: float

    def density(self, r: Array) -> Array:
        """How dense it is at a distance, over no unit in particular."""
        size = self.size_mm
        if self.form == "exponential":
            made = np.exp(-r / size)
        elif self.form == "power law":
            made = (1 + (r / size) ** 2) ** -2
        elif self.form == "two gaussians":
            near, far = _bell(r, size), _bell(r, 2.5 * size)
            made = near + far / 2.5**3
        elif self.form == "gaussian":
            made = _bell(r, size)
        else:
            raise ValueError(self.form)
        return np.asarray(made)

    def kernel(self, highest: float) -> Kernel:
        """What is left of each frequency, in 1/mm; none may exceed the highest."""
        r = (np.arange(4000) + 0.5) * CUT_MM / 4000
        weights = self.density(r) * r**2
        # Dense about 0, where it is curved.
        table = np.linspace(0, 1, 1500) ** 2 * highest
        kept = [
            float(weights @ np.sinc(2 * one * r)) / weights.sum()  # sin(2 pi k r) / ...
            for one in table
        ]
        root = np.linspace(0, 1, 1500)

        def at(z: float, y: Array, x: Array) -> Array:
            size = np.sqrt(z * z + y * y + x * x)
            return np.asarray(np.interp(np.sqrt(size / highest), root, kept))

        return at


def _bell(r: Array, fwhm: float) -> Array:
    return np.asarray(np.exp(-0.5 * (r / (fwhm * TO_SIGMA)) ** 2))


def gaussian(fwhm_mm: Sequence[float]) -> Kernel:
    """A Gaussian by its widths, (z, y, x)."""
    a, b, c = (2 * (np.pi * one * TO_SIGMA) ** 2 for one in fwhm_mm)
    return lambda z, y, x: np.asarray(np.exp(-a * z * z - b * y * y - c * x * x))


@dataclass(frozen=True)
class Blur:
    """Core and tail. `fwhm_mm` (z, y, x) is the core's own on the axis.

    `radial`: how much wider it is at 150 mm from the axis, over the width on it; by
    where the activity is. `overshoot`: b in G (1 + b (1 - G2)), G2 a Gaussian 1.7 times
    as wide; G is widened until the FWHM of the whole is `fwhm_mm`. Noise is correlated
    over `correlation` times the width.
    """

    fwhm_mm: Triple
    tail: Tail
    radial: float = 0.0
    overshoot: float = 0.0
    noise_gain: float = 1.5
    correlation: float = 0.5

    @property
    def widened(self) -> float:
        """How much wider than the whole the Gaussian of an overshooting core is."""
        b = self.overshoot
        # The point spread function is (1 + b) g - b g', g' the wider in both.
        far = 1 + WIDER**2

        def half(x: float) -> float:
            top = (1 + b) - b * far**-1.5
            at = (1 + b) * 2 ** (-(x**2)) - b * far**-1.5 * 2 ** (-(x**2) / far)
            return float(at - top / 2)

        return 1 / float(optimize.brentq(half, 0.3, 1.2))

    def core(self, scale: float = 1.0, *, unfiltered: bool = False) -> Kernel:
        """The core where it is so much wider; or without the last filter's part."""
        whole = [one * scale * self.widened for one in self.fwhm_mm]
        kept = [
            np.sqrt(one**2 - last**2)
            for one, last in zip(whole, self.filter_mm, strict=True)
        ]
        narrow = gaussian(kept if unfiltered else whole)
        if not self.overshoot:
            return narrow
        wide, b = gaussian([WIDER * one for one in whole]), self.overshoot
        return lambda z, y, x: narrow(z, y, x) * (1 + b * (1 - wide(z, y, x)))

    @property
    def filter_mm(self) -> Triple:
        """The width of the filter that correlates the noise."""
        a, b, c = (one * self.correlation for one in self.fwhm_mm)
        return a, b, c

    def edge(self) -> tuple[float, float]:
        """What a plane edge shows of the core.

        How far its image rises above its plateau, over the step; and how wide the
        image of a plane is at half its height, over `fwhm_mm`.
        """
        x = np.linspace(-6, 6, 4801)
        width, b = self.widened, self.overshoot
        line = (1 + b) * _line(x, width) - b * _line(x, width * np.hypot(1, WIDER))
        rise = float(np.cumsum(line).max() / line.sum() - 1)
        half = line >= line.max() / 2
        return (rise if b else 0.0), float(half.sum() * (x[1] - x[0]))

    def blurred(self, whole: Image, steps: Sequence[float]) -> tuple[Image, Image]:
        """An image on a lattice as it is seen, and before the last filter.

        The lattice's middle is on the axis; it ends where the field of view ends.
        """
        box = _box(whole)
        tail = _filtered(whole, box, steps, CUT_MM, [self.tail.kernel(_highest(steps))])
        room = 3.2 * max(self.fwhm_mm) * (1 + abs(self.radial)) * self.widened
        room *= np.hypot(1, WIDER) if self.overshoot else 1
        around = tuple(
            slice(max(cut.start - int(room / d), 0), min(cut.stop + int(room / d), n))
            for cut, d, n in zip(box, steps, whole.shape, strict=True)
        )
        part = whole[around]
        seen, raw = tail[0] * np.float32(self.tail.fraction), None
        raw = seen.copy()
        kept = np.float32(1 - self.tail.fraction)
        for share, scale in self._classes(part, around, whole.shape, steps):
            one = _filtered(
                share,
                _box(share),
                steps,
                room,
                [self.core(scale), self.core(scale, unfiltered=True)],
            )
            seen[around] += kept * one[0]
            raw[around] += kept * one[1]
        return seen, raw

    def _classes(
        self,
        part: Image,
        around: Sequence[slice],
        shape: Sequence[int],
        steps: Sequence[float],
    ) -> list[tuple[Image, float]]:
        """Shares of the activity, and how wide the core of each is."""
        if not self.radial:
            return [(part, 1.0)]
        y, x = (
            (np.arange(n)[cut] - (n - 1) / 2) * d
            for cut, n, d in zip(around[1:], shape[1:], steps[1:], strict=True)
        )
        far = np.minimum(np.hypot(y[:, None], x[None, :]), LAST_MM)
        # In steps of the variance: so a mixture of two has just the one between.
        variance = (1 + self.radial * far / 150) ** 2
        ends = np.linspace(1, (1 + self.radial * LAST_MM / 150) ** 2, CLASSES)
        place = (variance - ends[0]) / (ends[1] - ends[0])
        return [
            (
                part * np.clip(1 - np.abs(place - i), 0, 1).astype(np.float32),
                float(np.sqrt(end)),
            )
            for i, end in enumerate(ends)
        ]

    def noisy(
        self,
        raw: Array,
        seen: Array,
        spacing: Sequence[float],
        rng: np.random.Generator,
    ) -> Array:
        """Counts with noise, from the means before and after the last filter.

        Each Poisson event stands for `noise_gain` squared counts, as a reconstruction
        makes noise of what it amplifies; then events and their means pass the filter.
        """
        weight = self.noise_gain**2
        mean = np.maximum(raw, 0) / weight
        noise = (rng.poisson(mean) - mean) * weight
        sigma = [
            one * TO_SIGMA / d for one, d in zip(self.filter_mm, spacing, strict=True)
        ]
        made = np.maximum(seen + ndimage.gaussian_filter(noise, sigma), 0)
        return np.asarray(made)

    def scanned(
        self,
        whole: Image,
        steps: Sequence[float],
        finer: int,
        counts: float,
        rng: np.random.Generator | None,
    ) -> "Seen":
        """What an image has of what is drawn.

        `counts` is what the whole would give in a field without end; the lattice has
        `finer` points a voxel. Without random numbers there is no noise.
        """
        scale = np.float32(counts / whole.sum(dtype=float))
        fine, raw = self.blurred(whole, steps)
        clipped = 0.0
        if self.overshoot:
            # An iterative image has nothing below 0 and keeps its counts.
            before = fine.sum(dtype=float)
            np.maximum(fine, 0, out=fine)
            after = fine.sum(dtype=float)
            fine *= np.float32(before / after)
            clipped = float(after / before - 1)
        fine *= scale
        image = np.maximum(binned(fine, finer), 0)
        if rng is not None:
            spacing = [one * finer for one in steps]
            image = self.noisy(binned(raw, finer) * float(scale), image, spacing, rng)
        return Seen(image, fine, clipped)


@dataclass(frozen=True)
class Seen:
    """Counts of voxels; without noise on the fine lattice; what was below 0 in part."""

    image: Array
    fine: Image
    clipped: float


def _line(x: Array, fwhm: float) -> Array:
    return np.asarray(_bell(x, fwhm) / (fwhm * TO_SIGMA))


def binned(fine: Image, finer: int) -> Array:
    """The sums of a fine lattice's points in each voxel."""
    k, j, i = (n // finer for n in fine.shape)
    shape = (k, finer, j, finer, i, finer)
    return np.asarray(fine.reshape(shape).sum(axis=(1, 3, 5), dtype=np.float64))


def mean_over(seen: Image, box: Sequence[slice], part: Image) -> float:
    """The mean of a blurred image over a shape, by the part of each point in it.

    Points stand for means over their small voxels, in image and shape: both are undone
    by second differences, h^2/12 of the curvature.
    """
    sharper = seen[tuple(box)].astype(float)
    for axis in range(3):
        around = list(box)
        around[axis] = slice(box[axis].start - 1, box[axis].stop + 1)
        wider = seen[tuple(around)].astype(float)
        sharper -= np.diff(wider, 2, axis=axis) / 12
    return float((sharper * part).sum() / part.sum(dtype=float))


def _box(whole: Image) -> tuple[slice, ...]:
    """The smallest box about what is not 0."""
    found = []
    for axis in range(3):
        others = tuple(one for one in range(3) if one != axis)
        where = np.flatnonzero(whole.any(axis=others))
        found.append(slice(int(where[0]), int(where[-1]) + 1) if len(where) else None)
    return tuple(one or slice(0, 1) for one in found)


def _highest(steps: Sequence[float]) -> float:
    return float(np.sqrt(sum((0.5 / one) ** 2 for one in steps)) * 1.001)


def _filtered(
    whole: Image,
    box: Sequence[slice],
    steps: Sequence[float],
    room_mm: float,
    kernels: Sequence[Kernel],
) -> list[Image]:
    """An image by each kernel; none reaches across the lattice's ends from the box."""
    shape = [
        fft.next_fast_len(
            max(n - cut.start, cut.stop) + int(room_mm / d) + 2, real=True
        )
        for n, cut, d in zip(whole.shape, box, steps, strict=True)
    ]
    shape = [max(a, b) for a, b in zip(shape, whole.shape, strict=True)]
    spectrum = fft.rfftn(whole, shape, workers=2)
    z, y = (fft.fftfreq(n, d) for n, d in zip(shape[:2], steps[:2], strict=True))
    x = fft.rfftfreq(shape[2], steps[2])
    made = []
    for i, kernel in enumerate(kernels):
        last = i == len(kernels) - 1
        work = spectrum if last else spectrum.copy()
        for k in range(shape[0] // 2 + 1):
            plane = kernel(float(z[k]), y[:, None], x[None, :]).astype(np.float32)
            work[k] *= plane
            if 0 < k < shape[0] - k:
                work[shape[0] - k] *= plane
        back = fft.irfftn(work, shape, workers=2, overwrite_x=True)
        made.append(back[tuple(slice(0, n) for n in whole.shape)].copy())
    return made
