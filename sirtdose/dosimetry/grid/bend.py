"""How much a transform bends, and what it makes of structures."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What a patient's region needs of points, and the step of a derivative between them.
_POINTS_MAX, _STEP_MM = 10_000, 1.0


@dataclass(frozen=True)
class Bend:
    """How much a transform bends within a region of the image.

    Parameters
    ----------
    region : str
        The structure that was looked at, where it was brought to.
    mean_mm, p95_mm, max_mm : float
        Distance between where the transform and its affine start take a point.
    jacobian_min, jacobian_p5, jacobian_p95, jacobian_max : float
        Volume in the image that was drawn on over volume here; below 0 it folds.
    folded_fraction : float
        Part of the region where it folds.
    """

    region: str
    mean_mm: float
    p95_mm: float
    max_mm: float
    jacobian_min: float
    jacobian_p5: float
    jacobian_p95: float
    jacobian_max: float
    folded_fraction: float


@dataclass(frozen=True)
class Change:
    """What a transform made of a structure.

    Parameters
    ----------
    name : str
    before_ml, after_ml : float
        Its volume as drawn, and where it was brought to.
    affine_ml, affine_dice : float, optional
        Of a transform that bends: its volume by the affine start, and how both overlap.
    """

    name: str
    before_ml: float
    after_ml: float
    affine_ml: float | None = None
    affine_dice: float | None = None

    @property
    def relative(self) -> float:
        """Change of the volume, as a fraction of what was drawn."""
        return self.after_ml / self.before_ml - 1 if self.before_ml else 0.0


def bend_at(
    transform: Any, start: Any, points_mm: NDArray[np.float64], *, region: str
) -> Bend:
    """How much a transform bends at points of a region.

    Parameters
    ----------
    transform, start : SimpleITK.Transform
        The transform and the affine one that it bends, mm, LPS.
    points_mm : array of shape (n, 3)
    region : str

    Examples
    --------
    >>> import SimpleITK
    >>> larger = SimpleITK.ScaleTransform(3, (1.1, 1.0, 1.0))
    >>> points = np.array([[10.0, 0, 0], [30, 0, 0]])
    >>> found = bend_at(larger, SimpleITK.Transform(), points, region="Liver")
    >>> round(found.mean_mm, 6), round(found.jacobian_max, 6)
    (2.0, 1.1)
    """
    points = points_mm[:: -(-len(points_mm) // _POINTS_MAX)]
    apart = np.linalg.norm(ends(transform, points) - ends(start, points), axis=1)
    columns = [
        (ends(transform, points + axis) - ends(transform, points - axis)) / _STEP_MM
        for axis in np.eye(3) * _STEP_MM / 2
    ]
    jacobian = np.linalg.det(np.stack(columns, axis=-1))
    low, high = np.percentile(jacobian, (5, 95))
    return Bend(
        region=region,
        mean_mm=float(apart.mean()),
        p95_mm=float(np.percentile(apart, 95)),
        max_mm=float(apart.max()),
        jacobian_min=float(jacobian.min()),
        jacobian_p5=float(low),
        jacobian_p95=float(high),
        jacobian_max=float(jacobian.max()),
        folded_fraction=float((jacobian <= 0).mean()),
    )


def ends(transform: Any, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a transform takes points (n, 3), mm."""
    return np.array([transform.TransformPoint(one) for one in points.tolist()])
