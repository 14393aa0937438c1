"""Three planes through a structure, near enough to judge it, and a key of outlines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sirtdose.dosimetry.derived import centroid_mm
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.report.looks import Look
from sirtdose.report.outlines import Smooth
from sirtdose.report.planes import Field, Scale, still_planes

_MARGIN_MM, _FIELD_MIN_MM = 45.0, 140.0


@dataclass(frozen=True, eq=False)
class CloseUp:
    """A structure's three planes, and the outlines that are on them."""

    planes: list[dict[str, Any]]
    side_mm: float
    outlines: list[dict[str, Any]]


def close_up(
    structure: Structure,
    image: Volume,
    gray: Volume | None,
    outlines: Sequence[Smooth],
    *,
    looks: Mapping[str, Look],
    scale: Scale,
) -> CloseUp:
    """Planes through the middle of a structure, with all outlines near it."""
    corners = structure.cropped().grid.corners_mm()
    low, high = corners.min(axis=0), corners.max(axis=0)
    side_mm = max(float((high - low).max()) + 2 * _MARGIN_MM, _FIELD_MIN_MM)
    shown = Field(np.array(centroid_mm(structure)), (high + low) / 2, side_mm)
    near = [one for one in outlines if _is_near(one.structure, shown)]
    planes = still_planes(image, gray, near, looks=looks, shown=shown, scale=scale)
    return CloseUp(planes, side_mm, _key(near, looks, planes))


def _is_near(one: Structure, shown: Field) -> bool:
    corners = one.cropped().grid.corners_mm()
    half = shown.side_mm / 2
    low, high = shown.middle_mm - half, shown.middle_mm + half
    return bool(
        (corners.max(axis=0) > low).all() and (corners.min(axis=0) < high).all()
    )


def _key(
    near: Sequence[Smooth],
    looks: Mapping[str, Look],
    planes: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    seen = {one["name"] for plane in planes for one in plane["outlines"]}
    return [
        {
            "name": each.structure.name,
            "color": looks[each.structure.name].color,
            "dark": looks[each.structure.name].dark,
            "dashed": looks[each.structure.name].dashed,
        }
        for each in near
        if each.structure.name in seen
    ]
