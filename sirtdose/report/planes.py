"""Three fused slices through the hottest tumor, as PNG pictures for a page."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.data.load import table
from sirtdose.model.grid import Grid
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Eight colors that people with color-blindness tell apart (Okabe and Ito).
COLORS = (
    "#56b4e9",
    "#e69f00",
    "#009e73",
    "#f0e442",
    "#cc79a7",
    "#0072b2",
    "#d55e00",
    "#999999",
)
_PIXEL_MM = 1.5
_PIXELS_MAX = 400
_THUMBNAIL_PIXELS = 120
_MARGIN_MM = 25.0
_SOFT_TISSUE_HU = (-160.0, 240.0)
AIR_HU = -1000.0
# Doses under this part of the scale are left transparent.
_WASH_FROM = 0.05
_SOME = 0.01


View = tuple[str, tuple[int, float], tuple[int, float], int, str]
# name, then the world axes (and their signs) to the right, down, and through.
VIEWS: tuple[View, ...] = (
    ("axial", (0, 1.0), (1, 1.0), 2, "RLAP"),
    ("coronal", (0, 1.0), (2, -1.0), 1, "RLHF"),
    ("sagittal", (1, 1.0), (2, -1.0), 0, "APHF"),
)


def fused_planes(
    dose: Volume,
    gray: Volume | None,
    outlined: Sequence[Structure],
    colors: Mapping[str, str],
) -> tuple[list[dict[str, Any]], float]:
    """Three planes and the dose (Gy) at the top of their color scale.

    The gray picture is a CT, or the activity image. A plane has its name, the letters
    at its sides, where it lies, its PNG (base64) and the PNG's width and height.
    """
    center = center_mm(outlined, dose)
    low, high = _extent_mm(outlined, dose)
    # Fine enough to see, never so fine that a picture grows large.
    pixel_mm = max(_PIXEL_MM, float((high - low).max()) / _PIXELS_MAX)
    top = _scale_top_gy(outlined, dose)
    planes = []
    for view in VIEWS:
        name, *_, letters = view
        points = plane_points(view, center, (low, high), pixel_mm=pixel_mm)
        picture = _gray(gray, points)
        _blend(picture, _sample(dose.data, dose.grid, points) / top)
        _outline(picture, outlined, colors, points)
        planes.append(
            {
                "name": name,
                **dict(zip(("left", "right", "top", "bottom"), letters, strict=True)),
                "position": place_of(view, points),
                "png_base64": png(picture),
                "width": picture.shape[1],
                "height": picture.shape[0],
            }
        )
    return planes, top


def drawn(structure: Structure) -> bool:
    """Whether a structure's outline is shown: the derived ones repeat others."""
    return structure.role not in (
        Role.NORMAL_GIVEN,
        Role.NORMAL_PERFUSED,
        Role.NORMAL_WHOLE,
    )


def structure_colors(structures: Sequence[Structure]) -> dict[str, str]:
    """One color a structure, the same in pictures and curves."""
    return {
        structure.name: COLORS[number % len(COLORS)]
        for number, structure in enumerate(structures)
    }


def center_mm(structures: Sequence[Structure], dose: Volume) -> NDArray[np.float64]:
    """The middle of the largest tumor, else the hottest voxel of the dose."""
    tumors = [s for s in structures if s.role is Role.TUMOR]
    if tumors:
        largest = max(tumors, key=lambda s: s.volume_ml)
        index = np.argwhere(largest.occupancy > 0).mean(axis=0)
        return largest.grid.world_mm(index)
    index = np.unravel_index(int(dose.data.argmax()), dose.data.shape)
    return dose.grid.world_mm(np.array(index))


def _extent_mm(
    structures: Sequence[Structure], dose: Volume
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    liver = (Role.LIVER, Role.PERFUSED, Role.TUMOR)
    shown = [s for s in structures if s.role in liver] or list(structures)
    if not shown:
        corners = dose.grid.corners_mm()
        return corners.min(axis=0), corners.max(axis=0)
    corners = np.concatenate([s.grid.corners_mm() for s in shown])
    limits = dose.grid.corners_mm()
    return (
        np.maximum(corners.min(axis=0) - _MARGIN_MM, limits.min(axis=0)),
        np.minimum(corners.max(axis=0) + _MARGIN_MM, limits.max(axis=0)),
    )


def _scale_top_gy(structures: Sequence[Structure], dose: Volume) -> float:
    tumors = [s for s in structures if s.role is Role.TUMOR]
    top = (
        float(np.percentile(np.concatenate([s.values_in(dose)[0] for s in tumors]), 98))
        if tumors
        else _hot_gy(dose.data)
    )
    return max(float(f"{top:.2g}"), 1e-6)


def _hot_gy(dose: NDArray[Any]) -> float:
    """High among what has dose at all: most of a grid may have none."""
    most = float(dose.max(initial=0.0))
    hot = dose[dose > _SOME * most]
    return float(np.percentile(hot, 98)) if hot.size else most


def plane_points(
    view: View,
    center: NDArray[np.float64],
    extent_mm: tuple[NDArray[np.float64], NDArray[np.float64]],
    *,
    pixel_mm: float,
) -> NDArray[np.float64]:
    """Where the pixels of a plane through a point lie, in mm: rows, columns, 3."""
    _, across, down, *_ = view
    low, high = extent_mm

    def steps(axis: int, sign: float) -> NDArray[np.float64]:
        values = np.arange(low[axis], high[axis], pixel_mm)
        return values if sign > 0 else values[::-1]

    columns, rows = steps(*across), steps(*down)
    points = np.tile(center, (len(rows), len(columns), 1))
    points[..., across[0]] = columns
    points[..., down[0]] = rows[:, None]
    return points


def place_of(view: View, points: NDArray[np.float64]) -> str:
    """Where a plane cuts the axis that it is looked at along."""
    through = view[3]
    return f"{'xyz'[through]} = {points[0, 0, through] + 0.0:.0f} mm"


def _sample(
    data: NDArray[Any], grid: Grid, points: NDArray[np.float64], *, outside: float = 0.0
) -> NDArray[Any]:
    """Interpolate at points (rows, columns, 3); `outside` is given off the grid."""
    from scipy.ndimage import map_coordinates

    index = np.moveaxis(grid.index(points), -1, 0)
    # Only the part around the plane is looked at, so only that is converted.
    low = np.clip(np.floor(index.min(axis=(1, 2))).astype(int) - 1, 0, None)
    high = np.ceil(index.max(axis=(1, 2))).astype(int) + 2
    part = data[tuple(slice(a, max(b, a + 1)) for a, b in zip(low, high, strict=True))]
    if not part.size:
        return np.full(points.shape[:2], outside)
    sampled: NDArray[Any] = map_coordinates(
        part.astype(np.float32),
        index - low[:, None, None],
        order=1,
        mode="constant",
        cval=outside,
    )
    return sampled


def _gray(image: Volume | None, points: NDArray[np.float64]) -> NDArray[np.float64]:
    if image is None:
        return np.zeros((*points.shape[:2], 3))
    if image.quantity is Quantity.CT_NUMBER:
        values = _sample(image.data, image.grid, points, outside=AIR_HU)
        low, high = _SOFT_TISSUE_HU
    else:
        values = _sample(image.data, image.grid, points)
        low, high = 0.0, float(np.percentile(values, 99.5)) or 1.0
    gray = np.clip((values - low) / (high - low), 0, 1) * 255
    return np.repeat(gray[..., None], 3, axis=2)


def _blend(picture: NDArray[np.float64], part: NDArray[Any]) -> None:
    anchors = np.array(table("colormap")["inferno"], dtype=float)
    at = np.clip(part, 0, 1) * (len(anchors) - 1)
    wash = np.stack(
        [np.interp(at, np.arange(len(anchors)), anchors[:, c]) for c in range(3)],
        axis=-1,
    )
    opacity = np.where(part > _WASH_FROM, 0.25 + 0.45 * np.clip(part, 0, 1), 0)
    opacity = opacity[..., None]
    picture[:] = picture * (1 - opacity) + wash * opacity


def _outline(
    picture: NDArray[np.float64],
    structures: Sequence[Structure],
    colors: Mapping[str, str],
    points: NDArray[np.float64],
) -> None:
    from scipy.ndimage import binary_erosion

    again = comes_again(structures, colors)
    for structure in structures:
        inside = _sample(structure.occupancy, structure.grid, points) >= outline_from(
            structure
        )
        edge = inside & ~binary_erosion(inside)
        if structure.name in again:
            rows, columns = np.indices(edge.shape)
            edge &= (rows + columns) // 3 % 2 == 0
        color = colors[structure.name]
        picture[edge] = [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def outline_from(structure: Structure) -> float:
    """The part of a voxel from which it is outlined: less where none is half full."""
    return min(0.5, float(structure.occupancy.max(initial=0.0)) / 2) or 0.5


def comes_again(structures: Sequence[Structure], colors: Mapping[str, str]) -> set[str]:
    """Structures whose color another has before them: theirs is a dotted line."""
    first = {colors[one.name]: one.name for one in reversed(structures)}
    return {one.name for one in structures if first[colors[one.name]] != one.name}


def thumbnail_png(png_base64: str) -> bytes:
    """A picture made small, as PNG."""
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(png_base64))) as picture:
        small = picture.convert("RGB")
    small.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
    stream = io.BytesIO()
    small.save(stream, "png", optimize=True)
    return stream.getvalue()


def png(picture: NDArray[Any]) -> str:
    """A picture of (rows, columns, 3) as PNG in base64."""
    from PIL import Image

    stream = io.BytesIO()
    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(stream, format="PNG", optimize=True)
    return base64.b64encode(stream.getvalue()).decode("ascii")
