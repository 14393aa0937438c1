"""review.html: every candidate in three planes, with what accepting it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sirtdose.dosimetry.derived import centroid_mm
from sirtdose.model.accepted import without_mark
from sirtdose.model.structure import Structure
from sirtdose.report.documents import self_test_words
from sirtdose.report.looks import WASH_ABOVE, WASH_BELOW, drawn, structure_looks
from sirtdose.report.outlines import Smooth, smooth
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.palette import ISODOSES
from sirtdose.report.planes import Field, Scale, planes_png, still_planes
from sirtdose.report.render import render
from sirtdose.report.review.document import (
    accept_command,
    method_words,
    place_words,
    uptake_words,
)
from sirtdose.report.review.review import Review, Reviewed
from sirtdose.report.wording import significant

_FROM, _MARGIN_MM, _FIELD_MIN_MM = 0.05, 45.0, 140.0


@dataclass(frozen=True, eq=False)
class Picture:
    """A candidate's three planes, and the colors of the outlines on them."""

    number: int
    planes: list[dict[str, Any]]
    side_mm: float
    outlines: list[dict[str, Any]]

    @property
    def name(self) -> str:
        """The file that it is kept in."""
        return f"candidate_{self.number:02d}.png"

    def png(self) -> bytes:
        """The planes side by side, with their outlines."""
        colors = {one["name"]: one["dark"] for one in self.outlines}
        return planes_png(self.planes, colors)


def review_pictures(review: Review) -> list[Picture]:
    """Three planes through each candidate, with all outlines."""
    own = [
        replace(
            one.candidate.structure, name=without_mark(one.candidate.structure.name)
        )
        for one in review.candidates
    ]
    others = [one for one in review.drawn if drawn(one) and not one.empty]
    looks = structure_looks([*own, *others])
    axes = review.image.grid
    outlines = [smooth(one, axes) for one in (*others, *own)]
    scale = _scale(review)
    found = []
    for one in review.candidates:
        shown = _field(one)
        near = [each for each in outlines if _is_near(each.structure, shown)]
        planes = still_planes(
            review.image, review.ct, near, looks=looks, shown=shown, scale=scale
        )
        found.append(
            Picture(one.number, planes, shown.side_mm, _key(near, looks, planes))
        )
    return found


def _key(
    near: Sequence[Smooth],
    looks: Mapping[str, Any],
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


def _field(one: Reviewed) -> Field:
    """A cube around a candidate, through its center."""
    corners = one.candidate.structure.cropped().grid.corners_mm()
    size = float((corners.max(axis=0) - corners.min(axis=0)).max())
    at = np.array(centroid_mm(one.candidate.structure))
    middle = (corners.max(axis=0) + corners.min(axis=0)) / 2
    return Field(at, middle, max(size + 2 * _MARGIN_MM, _FIELD_MIN_MM))


def _is_near(one: Structure, shown: Field) -> bool:
    corners = one.cropped().grid.corners_mm()
    half = shown.side_mm / 2
    low, high = shown.middle_mm - half, shown.middle_mm + half
    return bool(
        (corners.max(axis=0) > low).all() and (corners.min(axis=0) < high).all()
    )


def _scale(review: Review) -> Scale:
    """Colors up to the hottest candidate's maximum."""
    top = max(one.uptake.maximum for one in review.candidates)
    colors = (WASH_BELOW, *ISODOSES, WASH_ABOVE)
    places = np.linspace(_FROM * top, top, len(colors))
    bar = [(float(at), color) for at, color in zip(places, colors, strict=True)]
    return Scale((), bar)


def review_page(
    text: str, document: Mapping[str, Any], pictures: Sequence[Picture]
) -> str:
    """The page of review.json's text."""
    top = max(one["maximum"] for one in document["candidates"])
    colors = (WASH_BELOW, *ISODOSES, WASH_ABOVE)
    parts = np.linspace(100 * _FROM, 100, len(colors)).tolist()
    return render(
        "review.html",
        {"review-json": text},
        (),
        head=PageHead(
            "Candidates to review",
            document["hash"],
            key="not accepted by anybody yet",
            treated="",
            made="" if document["deidentified"] else made_today(),
            state="Not accepted",
            deidentified=document["deidentified"],
        ),
        d=document,
        answer=method_words(document),
        pictures={one.number: one for one in pictures},
        bar=[(f"{at:.1f}", color) for at, color in zip(parts, colors, strict=True)],
        top=f"{significant(top, 3)} {document['unit']}",
        self_test=self_test_words(document["self_test"]),
        place=place_words,
        uptake=uptake_words,
        plain=without_mark,
        candidates={without_mark(one["name"]) for one in document["candidates"]},
        command=accept_command(document, "."),
    )
