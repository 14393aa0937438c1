"""Three still slices through the largest tumor: a picture with drawn lines on it.

The gray picture and the dose wash are pixels; isodoses, outlines and their labels are
lines and text of an SVG drawing, which stay sharp in print.
"""

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import cos, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.looks import Look, rgb
from sirtdose.report.outlines import INSIDE, Smooth, curves, path_of
from sirtdose.report.palette import ISODOSES
from sirtdose.report.sampling import sample

# The drawing's own units across a plane, and the text of its labels in them.
UNITS = 1000
FONT = 48
_PIXELS = 360
_SHARP_PIXELS = 800
_POINTS = 200
_THUMBNAIL_PIXELS = 120
_MARGIN_MM = 18.0
_FIELD_MIN_MM = 100.0
SOFT_TISSUE_HU = (-160.0, 240.0)
AIR_HU = -1000.0
# White and black of a PET.
INVERTED_SUV = (0.0, 10.0)
_SOME = 0.01
_OPACITY = 0.45
_OPACITY_ON_BLACK = 0.85
_OF_LIVER = (Role.LIVER, Role.PERFUSED, Role.TUMOR)
_FEW_POINTS = 8
# Where on its line a label is looked for first, in radians; in turn.
_DIRECTIONS = (2.4, 0.7, -0.9, 1.6, -2.3, 0.1)


View = tuple[str, tuple[int, float], tuple[int, float], int, str]
# name, then the world axes (and their signs) to the right, down, and through.
VIEWS: tuple[View, ...] = (
    ("axial", (0, 1.0), (1, 1.0), 2, "RLAP"),
    ("coronal", (0, 1.0), (2, -1.0), 1, "RLHF"),
    ("sagittal", (1, 1.0), (2, -1.0), 0, "APHF"),
)


@dataclass(frozen=True, eq=False)
class Field:
    """The cube that planes show: all three the same, through one place."""

    at_mm: NDArray[np.float64]
    middle_mm: NDArray[np.float64]
    side_mm: float

    def points(self, view: View, count: int) -> NDArray[np.float64]:
        """Where the points of a square plane lie, in mm: rows, columns, 3."""
        _, (across, right), (down, below), *_ = view
        steps = ((np.arange(count) + 0.5) / count - 0.5) * self.side_mm
        points = np.tile(self.at_mm, (count, count, 1))
        points[..., across] = self.middle_mm[across] + right * steps
        points[..., down] = self.middle_mm[down] + below * steps[:, None]
        return points


@dataclass(frozen=True)
class Scale:
    """How doses are shown: lines at levels, a wash by colors at doses."""

    levels: Sequence[float]
    bar: Sequence[tuple[float, str]]

    def wash(self, gy: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The colors (0 to 255) of doses, and how much of them shows (0 to 1)."""
        at = [dose for dose, _ in self.bar]
        colors = np.array([rgb(color) for _, color in self.bar], float)
        wash = np.stack([np.interp(gy, at, colors[:, n]) for n in range(3)], axis=-1)
        return wash, np.clip((gy - at[0]) / max(at[1] - at[0], 1e-9), 0, 1)


@dataclass
class _Labels:
    """Labels of a plane that do not touch each other."""

    placed: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self, line: NDArray[np.float64], text: str, color: str, direction: float
    ) -> None:
        """Put a text on its line, as far in a direction as there is room for it."""
        wide, high = 0.58 * FONT * len(text) + 20, 1.25 * FONT
        middle = line.mean(axis=0)
        outward = np.array([cos(direction), sin(direction)])
        for x, y in line[np.argsort(-(line - middle) @ outward)]:
            inside = wide / 2 + 70 < x < UNITS - wide / 2 - 70
            inside = inside and high + 60 < y < UNITS - high - 100
            if inside and not any(
                abs(one["x"] - x) < (one["wide"] + wide) / 2
                and abs(one["y"] - y) < high
                for one in self.placed
            ):
                self.placed.append(
                    {
                        "text": text,
                        "color": color,
                        "wide": wide,
                        "x": round(float(x)),
                        "y": round(float(y)),
                    }
                )
                return


def still_planes(
    dose: Volume,
    gray: Volume | None,
    outlines: Sequence[Smooth],
    *,
    looks: Mapping[str, Look],
    shown: Field,
    scale: Scale,
) -> list[dict[str, Any]]:
    """Three equal planes, each with its picture and what is drawn on it.

    The gray picture is a CT, or the activity image. A plane has its name, the letters
    at its sides, where it lies, its picture (JPEG, base64), its lines as SVG paths and
    its labels.
    """
    return [
        {
            "name": view[0],
            **dict(zip(("left", "right", "top", "bottom"), view[4], strict=True)),
            "position": place_of(view, shown.at_mm),
            "jpeg_base64": _picture(dose, gray, shown.points(view, _PIXELS), scale),
            **_lines(
                dose, outlines, shown.points(view, _POINTS), looks=looks, scale=scale
            ),
        }
        for view in VIEWS
    ]


def outline_planes(outlines: Sequence[Smooth], shown: Field) -> list[dict[str, Any]]:
    """Lines alone, for the same three planes: by the names of the structures."""
    found = []
    for view in VIEWS:
        points = shown.points(view, _POINTS)
        lines = [
            (one.structure.name, curves(one.at(points), INSIDE)) for one in outlines
        ]
        found.append(
            {
                "name": view[0],
                "outlines": [
                    {"name": name, "paths": _paths(some)}
                    for name, some in lines
                    if some
                ],
            }
        )
    return found


def field_of(structures: Sequence[Structure], dose: Volume) -> Field:
    """A cube around liver and tumors through the largest tumor or hottest voxel."""
    of_liver = [one for one in structures if one.role in _OF_LIVER]
    around = [one.cropped().grid for one in of_liver or structures] or [dose.grid]
    corners = np.concatenate([one.corners_mm() for one in around])
    low, high = corners.min(axis=0), corners.max(axis=0)
    side = float((high - low).max()) + 2 * _MARGIN_MM
    middle = (low + high) / 2
    return Field(center_mm(structures, dose), middle, max(side, _FIELD_MIN_MM))


def center_mm(structures: Sequence[Structure], dose: Volume) -> NDArray[np.float64]:
    """The middle of the largest tumor, else the hottest voxel of the dose."""
    tumors = [s for s in structures if s.role is Role.TUMOR]
    if tumors:
        return middle_of(max(tumors, key=lambda s: s.volume_ml))
    index = np.unravel_index(int(dose.data.argmax()), dose.data.shape)
    return dose.grid.world_mm(np.array(index))


def middle_of(structure: Structure) -> NDArray[np.float64]:
    """Where the middle of a structure's voxels is, in mm."""
    return structure.grid.world_mm(np.argwhere(structure.occupancy > 0).mean(axis=0))


def hot_gy(structures: Sequence[Structure], dose: Volume) -> float:
    """The dose that 2 % of the tumors exceed, else of all that has dose at all."""
    tumors = [s for s in structures if s.role is Role.TUMOR]
    if tumors:
        values = np.concatenate([s.values_in(dose)[0] for s in tumors])
        return float(np.percentile(values, 98))
    most = float(dose.data.max(initial=0.0))
    hot = dose.data[dose.data > _SOME * most]
    return float(np.percentile(hot, 98)) if hot.size else most


def place_of(view: View, at_mm: NDArray[np.float64]) -> str:
    """Where a plane cuts the axis that it is looked at along.

    >>> [place_of(VIEWS[1], np.array([0, y, 0])) for y in (-0.3, 7.6)]
    ['y = 0 mm', 'y = 8 mm']
    """
    through = view[3]
    return f"{'xyz'[through]} = {at_mm[through]:z.0f} mm".replace("-", "\u2212")


def sharp_pictures(
    dose: Volume, gray: Volume | None, shown: Field, scale: Scale
) -> list[str]:
    """Pictures as those of still planes, with more pixels and without loss (PNG)."""
    pictures = (
        _washed(dose, gray, shown.points(view, _SHARP_PIXELS), scale) for view in VIEWS
    )
    return [_encoded(one, "png", compress_level=1) for one in pictures]


def _picture(
    dose: Volume, gray: Volume | None, points: NDArray[np.float64], scale: Scale
) -> str:
    return _encoded(_washed(dose, gray, points, scale), "jpeg", quality=88)


def _washed(
    dose: Volume, gray: Volume | None, points: NDArray[np.float64], scale: Scale
) -> NDArray[np.float64]:
    picture = _gray(gray, points)
    if gray is None or gray.quantity is Quantity.CT_NUMBER:
        wash, part = scale.wash(sample(dose.data, dose.grid, points))
        part = part[..., None] * (_OPACITY_ON_BLACK if gray is None else _OPACITY)
        picture = picture * (1 - part) + wash * part
    return picture


def _gray(image: Volume | None, points: NDArray[np.float64]) -> NDArray[np.float64]:
    if image is None:
        return np.zeros((*points.shape[:2], 3))
    if image.quantity is Quantity.CT_NUMBER:
        values = sample(image.data, image.grid, points, AIR_HU)
        low, high = SOFT_TISSUE_HU
    elif image.quantity is Quantity.SUV:
        values, (high, low) = sample(image.data, image.grid, points), INVERTED_SUV
    else:
        values = sample(image.data, image.grid, points)
        low, high = 0.0, float(np.percentile(values, 99.5)) or 1.0
    gray = np.clip((values - low) / (high - low), 0, 1) * 255
    return np.repeat(gray[..., None], 3, axis=2)


def _lines(
    dose: Volume,
    outlines: Sequence[Smooth],
    points: NDArray[np.float64],
    *,
    looks: Mapping[str, Look],
    scale: Scale,
) -> dict[str, Any]:
    gy = sample(dose.data, dose.grid, points)
    labels, isodoses, drawn = _Labels(), [], []
    for n, one in enumerate(outlines):
        look = looks[one.structure.name]
        found = curves(one.at(points), INSIDE)
        if not found:
            continue
        drawn.append({"name": one.structure.name, "paths": _paths(found)})
        longest = max(found, key=len)
        at = _DIRECTIONS[n % len(_DIRECTIONS)] + (0.8 if look.dashed else 0.0)
        labels.add(_units(longest), look.short, look.dark, at)
    for n, level in enumerate(scale.levels):
        found = sorted(curves(gy, level), key=len, reverse=True)
        isodoses.append(
            {"level_gy": level, "color": ISODOSES[n], "paths": _paths(found)}
        )
        for line in [one for one in found if len(one) > _FEW_POINTS][:2]:
            labels.add(_units(line), f"{level:g}", ISODOSES[n], _DIRECTIONS[n])
    return {"isodoses": isodoses, "outlines": drawn, "labels": labels.placed}


def _units(line: NDArray[np.float64]) -> NDArray[np.float64]:
    return (line + 0.5) * (UNITS / _POINTS)


def _paths(lines: Sequence[NDArray[np.float64]]) -> str:
    return "".join(path_of(line + 0.5, UNITS / _POINTS) for line in lines)


def thumbnail_png(plane: Mapping[str, Any], colors: Mapping[str, str]) -> bytes:
    """A plane made small, with its outlines, as PNG."""
    return _png_of(_drawn_on(plane, colors, _THUMBNAIL_PIXELS, width=1))


def planes_png(planes: Sequence[Mapping[str, Any]], colors: Mapping[str, str]) -> bytes:
    """Planes side by side, with their outlines, as PNG."""
    from PIL import Image

    each = [_drawn_on(one, colors, _PIXELS, width=2) for one in planes]
    whole = Image.new("RGB", (sum(one.width for one in each), each[0].height))
    left = 0
    for one in each:
        whole.paste(one, (left, 0))
        left += one.width
    return _png_of(whole)


def _drawn_on(
    plane: Mapping[str, Any], colors: Mapping[str, str], pixels: int, *, width: int
) -> Any:
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(base64.b64decode(plane["jpeg_base64"]))) as picture:
        small = picture.convert("RGB")
    small.thumbnail((pixels, pixels))
    pen = ImageDraw.Draw(small)
    for one in plane["outlines"]:
        for line in path_points(one["paths"]):
            at = (line * (small.width / UNITS)).ravel().tolist()
            pen.line(at, fill=colors[one["name"]], width=width)
    return small


def _png_of(picture: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "png", optimize=True)
    return stream.getvalue()


def path_points(paths: str) -> list[NDArray[np.float64]]:
    """The points that SVG paths lead along, a line each.

    >>> path_points("M0 0Q1 0 1 1ZM5 5L6 6")[1].tolist()
    [[5.0, 5.0], [6.0, 6.0]]
    """
    lines = []
    for one in paths.split("M")[1:]:
        numbers = [float(n) for n in re.findall(r"-?\d+", one)]
        points = np.array(numbers).reshape(-1, 2)
        lines.append(np.vstack([points, points[:1]]) if one.endswith("Z") else points)
    return lines


def png(picture: NDArray[Any]) -> str:
    """A picture of (rows, columns, 3) as PNG in base64."""
    return _encoded(picture, "png", optimize=True)


def _encoded(picture: NDArray[Any], form: str, **options: Any) -> str:
    from PIL import Image

    stream = io.BytesIO()
    pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(stream, format=form, **options)
    return base64.b64encode(stream.getvalue()).decode("ascii")
