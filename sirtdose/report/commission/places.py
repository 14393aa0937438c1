"""Where a fitted phantom lies: its solids drawn on slices of the image."""

import base64
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.dosimetry.commission.view import Pose
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.solid import Ball, Cylinder, ScanPhantom, Solid
from sirtdose.report.looks import DIFFERENCE, rgb
from sirtdose.report.outlines import curves, path_of
from sirtdose.report.palette import Paint, paints
from sirtdose.report.planes import UNITS, VIEWS, Field, View, place_of
from sirtdose.report.sampling import sample

Array = NDArray[np.float64]
_PIXELS, _POINTS = 300, 500
# Around the phantom, so that the tail is seen.
_MARGIN_MM = 35.0
# A diameter stands so far outside of its sphere.
_BESIDE_MM = 16.0
_QUALITY = 80
# What holds less than this part of the bright has its noise, as in the fit.
_FLOOR = 0.03
# Residuals are drawn from minus so many standard deviations of noise to plus so many.
MOST_NOISE = 4.0
_COLORS = ("#0a5a68", DIFFERENCE[0], "#ffffff", DIFFERENCE[1], "#8a4b00")
_STEPS, _NOWHERE = 64, "#e8ebef"

_PAINTS = paints(
    [
        ("outline", Role.LIVER),
        ("spheres", Role.TUMOR),
        ("cold parts", Role.PERFUSED),
    ]
)


@dataclass(frozen=True)
class Plane:
    """A slice: letters at its sides, its picture, outlines and labels on it.

    `five_cm` is how long that is in the drawing.
    """

    name: str
    letters: tuple[str, ...]
    position: str
    picture: str
    lines: Mapping[str, str]
    five_cm: int
    labels: tuple[tuple[int, int, str], ...] = ()


def shown_paints(phantom: ScanPhantom) -> Mapping[str, Paint]:
    """How each part that the phantom has is drawn."""
    have = {"outline": True, "spheres": phantom.spheres, "cold parts": phantom.cold}
    return {name: paint for name, paint in _PAINTS.items() if have[name]}


def own_mm(pose: Pose, phantom: ScanPhantom, points_mm: Array) -> Array:
    """Points (..., 3) of the image along the phantom's own axes."""
    away = points_mm - np.asarray(pose.middle_mm)
    return np.asarray(away @ pose.turn + np.asarray(phantom.middle_mm))


def depth_mm(solid: Solid, points: Array) -> Array:
    """About how deep in a solid points (..., 3) lie; below 0 outside.

    Examples
    --------
    >>> ball = Ball((0.0, 0.0, 0.0), 20.0)
    >>> depth_mm(ball, np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 15.0]])).tolist()
    [10.0, -5.0]
    """
    if isinstance(solid, Ball):
        away = np.linalg.norm(points - np.array(solid.center_mm), axis=-1)
        return np.asarray(solid.diameter_mm / 2 - away)
    if isinstance(solid, Cylinder):
        x, y, z = np.moveaxis(points - np.array(solid.center_mm), -1, 0)
        a, b, half = solid.half_mm
        across = (1 - np.hypot(x / a, y / b)) * min(a, b)
        return np.asarray(np.minimum(across, half - np.abs(z)))
    x, y, z = np.moveaxis(points, -1, 0)
    along = np.minimum(z - solid.low_mm, solid.high_mm - z)
    across = _in_polygon_mm(np.array(solid.outline_mm), x, y)
    return np.asarray(np.minimum(along, across))


def _in_polygon_mm(outline: Array, x: Array, y: Array) -> Array:
    """The distance to a polygon, below 0 outside of it."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        dx, dy = bx - ax, by - ay
        along = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12)
        along = np.clip(along, 0, 1)
        away = (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2
        nearest = np.minimum(nearest, away)
        if dy:
            crosses = (ay > y) != (by > y)
            inside ^= crosses & (x < ax + dx * (y - ay) / dy)
    return np.asarray(np.where(inside, 1.0, -1.0) * np.sqrt(nearest))


def inside_outline(scan: PhantomScan, phantom: ScanPhantom) -> NDArray[np.bool_]:
    """Voxels whose middle lies in the fitted outline."""
    at = scan.grid.world_mm(np.moveaxis(np.indices(scan.grid.shape), 0, -1))
    return depth_mm(phantom.outer, own_mm(scan.best.pose, phantom, at)) > 0


def field_of_phantom(scan: PhantomScan, phantom: ScanPhantom) -> Field:
    """Slices around the phantom: through the spheres' plane and the largest of them."""
    pose = scan.best.pose
    corners = pose.corners_mm(phantom)
    low, high = corners.min(axis=0), corners.max(axis=0)
    at = (low + high) / 2
    if phantom.spheres:
        balls = phantom.spheres.values()
        middles = pose.world_mm([one.center_mm for one in balls], phantom)
        largest = max(balls, key=lambda one: one.diameter_mm)
        at = pose.world_mm(largest.center_mm, phantom)
        at[2] = middles[:, 2].mean()
    side = float((high - low).max()) + 2 * _MARGIN_MM
    # A slice lies where its caption says: at whole millimeters, and 0 has no sign.
    return Field(np.round(at) + 0.0, (low + high) / 2, side)


def placement_planes(scan: PhantomScan, phantom: ScanPhantom) -> list[Plane]:
    """The image in three planes with the fitted outline and spheres on it."""
    shown = field_of_phantom(scan, phantom)
    return [
        _plane(scan, phantom, (shown, view), picture=_picture(scan, shown, view))
        for view in VIEWS
    ]


def residual_planes(scan: PhantomScan, phantom: ScanPhantom) -> list[Plane]:
    """Image less fit in units of noise, in the same planes."""
    shown = field_of_phantom(scan, phantom)
    apart = in_noise(scan, scan.best)
    return [
        _plane(
            scan,
            phantom,
            (shown, view),
            picture=_residual_picture(scan, (shown, view), apart),
        )
        for view in VIEWS
    ]


def in_noise(scan: PhantomScan, fit: PhantomFit) -> NDArray[np.float32]:
    """Image less a fit, over the noise of the best fit: it goes with the root."""
    best = scan.best
    floor = _FLOOR * float(np.percentile(best.model, 98))
    noise = np.sqrt(np.maximum(best.model, floor) * best.misfit)
    expected = np.maximum(fit.model, 0) if scan.image.min() >= 0 else fit.model
    return np.asarray((scan.image - expected) / noise, np.float32)


def _plane(
    scan: PhantomScan,
    phantom: ScanPhantom,
    slice_at: tuple[Field, View],
    *,
    picture: str,
) -> Plane:
    shown, view = slice_at
    points = own_mm(scan.best.pose, phantom, shown.points(view, _POINTS))
    solids: list[tuple[str, Solid]] = [("outline", phantom.outer)]
    solids += [("cold parts", one) for one in phantom.cold]
    solids += [("spheres", one) for one in phantom.spheres.values()]
    lines: dict[str, str] = {}
    for kind, solid in solids:
        found = curves(depth_mm(solid, points), 0.0)
        paths = "".join(path_of(line + 0.5, UNITS / _POINTS) for line in found)
        if paths:
            lines[kind] = lines.get(kind, "") + paths
    return Plane(
        view[0],
        tuple(view[4]),
        place_of(view, shown.at_mm),
        picture,
        lines,
        round(50 / shown.side_mm * UNITS),
        _labels(scan, phantom, shown) if view[0] == "axial" else (),
    )


def _labels(
    scan: PhantomScan, phantom: ScanPhantom, shown: Field
) -> tuple[tuple[int, int, str], ...]:
    """Diameters beside their spheres, away from the middle of the outline."""
    found = []
    for ball in phantom.spheres.values():
        center = scan.best.pose.world_mm(ball.center_mm, phantom)
        away = (center - shown.middle_mm)[:2]
        far = float(np.hypot(*away))
        toward = away / far if far > 1 else np.array([0.0, -1.0])
        at = center[:2] + toward * (ball.diameter_mm / 2 + _BESIDE_MM)
        x, y = ((at - shown.middle_mm[:2]) / shown.side_mm + 0.5) * UNITS
        found.append((round(float(x)), round(float(y)), f"{ball.diameter_mm:g}"))
    return tuple(found)


def _picture(scan: PhantomScan, shown: Field, view: View) -> str:
    """The image in gray that goes with the root, so that all of it is seen; JPEG."""
    from PIL import Image

    values = sample(scan.image, scan.grid, shown.points(view, _PIXELS))
    high = float(np.percentile(scan.image, 99.9)) or 1.0
    gray = np.sqrt(np.clip(values / high, 0, 1)) * 255
    picture = Image.fromarray(np.rint(gray).astype(np.uint8))
    return _encoded(picture, "jpeg", quality=_QUALITY)


def _residual_picture(
    scan: PhantomScan, slice_at: tuple[Field, View], apart: NDArray[np.float32]
) -> str:
    """A pixel a voxel, gray where there is no image; PNG of few colors."""
    from PIL import Image

    shown, view = slice_at

    count = max(16, round(shown.side_mm / min(scan.grid.spacing_mm)))
    values = _nearest(apart, scan.grid, shown.points(view, count))
    part = np.clip((values / MOST_NOISE + 1) / 2, 0, 1)
    steps = np.where(np.isnan(values), _STEPS + 1, np.rint(part * _STEPS))
    at = np.linspace(0, len(_COLORS) - 1, _STEPS + 1)
    stops = np.array([rgb(one) for one in _COLORS], float)
    colors = np.stack(
        [np.interp(at, range(len(_COLORS)), one) for one in stops.T], axis=1
    )
    picture = Image.fromarray(steps.astype(np.uint8))
    picture.putpalette(np.rint([*colors, rgb(_NOWHERE)]).astype(np.uint8).tobytes())
    return _encoded(picture, "png", optimize=True)


def _encoded(picture: Any, form: str, **options: Any) -> str:
    stream = io.BytesIO()
    picture.save(stream, format=form, **options)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _nearest(data: NDArray[Any], grid: Grid, points: Array) -> Array:
    index = np.rint(grid.index(points)).astype(int)
    inside = ((index >= 0) & (index < grid.shape)).all(axis=-1)
    found = np.full(points.shape[:2], np.nan)
    found[inside] = data[tuple(index[inside].T)]
    return found
