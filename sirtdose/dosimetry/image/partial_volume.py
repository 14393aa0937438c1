r"""Undo what an image's blur moved, by regions of one concentration each.

The geometric transfer matrix solves for the concentrations `m` that, blurred by `h`,
give what the image holds of each region,

.. math:: \sum_v o_{jv}\, n_v = \sum_k m_k \sum_v o_{jv}\, (h * o_k)_v

iterative Yang keeps what is uneven in them: it repeats

.. math:: m_j \leftarrow m_j\, \frac{\sum_v o_{jv}\, r_v}{\sum_v o_{jv}}, \qquad
    r = \frac{n}{\sum_k m_k\, (h * o_k)}

until the concentrations settle. A point in region `j` then holds :math:`m_j\, r`, with
`r` interpolated: it has no border, and the region's is where it was drawn. `o` is the
part of a voxel in a region. A mean over voxels that hold two regions would leave a
sphere of 20 mm at three quarters of its activity whatever the correction finds
(measurements.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.blur_fit import BlurFit
from sirtdose.dosimetry.image.regional_uptake import RegionalUptake
from sirtdose.errors import QuantityError
from sirtdose.model.progress import counted
from sirtdose.model.volume import Volume

_TASK = "blur correction"
_ROUNDS_MAX = 200
# Concentrations that change by less, of the largest, have settled.
_SETTLED = 1e-4
# Where the model holds less than this of its most it says nothing.
_NOTHING = 1e-6
# A region of less, of the hottest one, begins there: nothing multiplied stays nothing.
_LEAST = 1e-3
# What a tumor's ratio has finer than this part of the blur is noise.
_RESOLVED = 0.5

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Corrected:
    """An image without its blur, by region, and how it was reached.

    `fields` are by region what a voxel would hold if all of it lay there,
    `concentrations` their means over the regions, in the image's unit per voxel.
    """

    fields: tuple[Array, ...]
    concentrations: tuple[float, ...]
    rounds: int
    settled: bool


@dataclass(frozen=True, eq=False)
class Undone:
    """What a blur left, in the image's own unit, and the blur."""

    uptake: RegionalUptake
    blur: Blur


@dataclass(frozen=True, eq=False)
class PartialVolume:
    """An image whose blur was undone, beside the one it came from.

    `volume` is on the dose grid; `undone` is known at every point, None where voxels
    were only scaled. `concentrations` go by region, in the image's unit;
    `total_change` is what the correction added to the image's total, of it.
    `sensitivity` says by tumor how its mean would change, of it, with another width or
    contour; `tail` is the part in a wide tail and its width, mm, `edges` how edges
    overshoot. `fit` is the width
    that the image itself shows, where it tells one, and `is_fitted` whether it was
    used. `unreliable` are tumors under one width of the blur, or below a table of
    recovery coefficients, `too_large` those above it; those `as_seen` are no warmer
    than what is around, and were not corrected. `relative` is what the uncertainty of a
    recovery makes of a tumor's mean, of it (k = 1), where it is known.
    """

    method: str
    volume: Volume
    fwhm_mm: tuple[float, float, float] | None
    rounds: int
    settled: bool
    total_change: float
    concentrations: Mapping[str, float]
    recoveries: Mapping[str, float]
    sensitivity: Mapping[str, Mapping[str, float]]
    unreliable: tuple[str, ...]
    calibration: Calibration
    source: str = ""
    tail: tuple[float, float] | None = None
    edges: tuple[float, int] | None = None
    fit: BlurFit | None = None
    is_fitted: bool = False
    undone: Undone | None = None
    too_large: tuple[str, ...] = ()
    as_seen: tuple[str, ...] = ()
    relative: Mapping[str, float] = field(default_factory=dict)


def iterative_yang(
    image: Array, regions: Sequence[Array], blur: Blur, *, tumors: int = 0
) -> Corrected:
    """Correct every voxel by what the blur took from its region.

    Parameters
    ----------
    image : array of shape (slices, rows, columns)
        Counts or concentrations.
    regions : sequence of arrays like it
        The part of each voxel in each region; they add up to 1.
    blur : Blur
    tumors : int
        So many of the regions come first and are small: within each the ratio is
        smoothed over half of the blur, since what is finer is noise.

    Returns
    -------
    Corrected

    Raises
    ------
    QuantityError
        The image holds nothing, or a region has no voxel.

    References
    ----------
    Erlandsson K et al. Phys Med Biol 2012;57:R119, doi:10.1088/0031-9155/57/21/R119.
    """
    _require_counts(image)
    held, flat = _rows(regions), image.ravel()
    seen = _rows([blur.local(one) for one in counted(_TASK, regions)])
    found = _fitted(flat, seen, seen)
    found = np.maximum(found, _LEAST * found.max())
    sizes = held.sum(axis=1, dtype=float)
    settled, rounds = False, 0
    while not settled and rounds < _ROUNDS_MAX:
        before = found
        ratio, _ = _ratio(flat, _mixed(found, seen))
        found = np.maximum(found * (held @ ratio) / sizes, 0)
        settled, rounds = _still(found, before), rounds + 1
    flat_ratio, known = _ratio(flat, _mixed(found, seen))
    ratio, known = flat_ratio.reshape(image.shape), known.reshape(image.shape)
    # Edges that overshoot would sharpen noise.
    finer = replace(blur.scaled(_RESOLVED), edge=0.0)
    fields = []
    for k, region in enumerate(counted(f"{_TASK}, smoothing", regions)):
        one = found[k]
        own = _within(region, ratio, finer) if k < tumors else ratio
        fields.append(np.where(known, np.float32(one) * own, image))
    return Corrected(tuple(fields), tuple(map(float, found)), rounds, settled)


def geometric_transfer_matrix(
    image: Array, regions: Sequence[Array], blur: Blur, *, tumors: int = 0
) -> Corrected:
    """Replace every region by its one concentration without blur.

    Parameters and errors are those of :func:`iterative_yang`; a region is even already,
    and `tumors` changes nothing. Means hold, histograms do not.

    References
    ----------
    Rousset OG et al. J Nucl Med 1998;39:904.
    """
    del tumors
    _require_counts(image)
    seen = _rows([blur.local(one) for one in counted(_TASK, regions)])
    found = _fitted(image.ravel(), _rows(regions), seen)
    fields = [np.broadcast_to(np.float32(one), image.shape) for one in found]
    return Corrected(tuple(fields), tuple(map(float, found)), 1, settled=True)


def _require_counts(image: Array) -> None:
    if not float(image.sum(dtype=float)) > 0:
        raise QuantityError(
            "the image contains no activity, so partial volume cannot be corrected"
        )


def _rows(regions: Sequence[Array]) -> Array:
    """A row of voxels for each region."""
    return np.stack([np.asarray(one, np.float32).ravel() for one in regions])


def _mixed(concentrations: NDArray[np.float64], rows: Array) -> Array:
    mixed: Array = concentrations.astype(np.float32) @ rows
    return mixed


def _fitted(image: Array, held: Array, seen: Array) -> NDArray[np.float64]:
    """Concentrations that give what the image holds of each; none below 0."""
    transfer = (held @ seen.T).astype(np.float64)
    try:
        found = np.linalg.solve(transfer, (held @ image).astype(np.float64))
    except np.linalg.LinAlgError:
        found = np.full(len(held), np.nan)
    if not np.isfinite(found).all():
        raise QuantityError(
            "two regions cannot be separated on this image's voxels: they are the "
            "same, or one has no voxel"
        )
    return np.asarray(np.maximum(found, 0))


def _ratio(image: Array, model: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Image over model, 1 where the model says nothing; and where it says something."""
    known = model > _NOTHING * model.max()
    return np.divide(image, model, out=np.ones_like(model), where=known), known


def _within(region: Array, values: Array, blur: Blur) -> Array:
    """Values smoothed by what lies in the region alone, as they are far from it."""
    held = blur.local(region)
    near = held > _NOTHING
    smooth = blur.local(region * values)
    return np.where(near, smooth / np.where(near, held, 1), values)


def _still(now: NDArray[np.float64], before: NDArray[np.float64]) -> bool:
    return bool(np.abs(now - before).max() <= _SETTLED * np.abs(now).max())
