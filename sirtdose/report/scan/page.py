"""scan.html: three planes of a scan, and its facts."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.documents import document_text, self_test_words
from sirtdose.report.looks import WASH_ABOVE, WASH_BELOW
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.palette import ISODOSES
from sirtdose.report.planes import (
    Field,
    Scale,
    center_mm,
    hot_gy,
    still_planes,
)
from sirtdose.report.render import case_hash, render
from sirtdose.report.scan.document import Scan, concentration, scan_rows
from sirtdose.report.wording import significant

# The wash begins at this part of its upper end.
_FROM, _MARGIN_MM = 0.05, 20.0


def write_scan(
    scan: Scan, document: dict[str, Any], folder: Path, *, report: bool
) -> None:
    """Write scan.json and, if wanted, its page."""
    text = document_text(document)
    (folder / "scan.json").write_text(text, "utf-8")
    if report:
        hidden = scan.hidden is not None
        page = scan_page(text, document, scan.image, scan.ct, hidden=hidden)
        (folder / "scan.html").write_text(page, "utf-8")


def scan_page(
    text: str,
    document: dict[str, Any],
    image: Volume,
    ct: Volume | None,
    *,
    hidden: bool = False,
) -> str:
    """The page of scan.json's text, with planes through the hottest voxel."""
    return render(
        "scan.html",
        {"scan-json": text},
        (),
        head=PageHead(
            "Scan without structures",
            case_hash(text, digits=64),
            key="no structures",
            treated="",
            made="" if hidden else made_today(),
            deidentified=hidden,
        ),
        d=document,
        rows=list(scan_rows(document)),
        pictures=_pictures(image, ct),
        self_test=self_test_words(document["self_test"]),
    )


def _pictures(image: Volume, ct: Volume | None) -> dict[str, Any] | None:
    """Planes with their color bar; None of an image without a voxel above 0."""
    top = hot_gy((), image) if float(image.data.max()) > 0 else 0.0
    if not top > 0:
        return None
    colors = (WASH_BELOW, *ISODOSES, WASH_ABOVE)
    places = np.linspace(_FROM * top, top, len(colors))
    bar = [(float(at), color) for at, color in zip(places, colors, strict=True)]
    shown = _around(image, _FROM * top)
    planes = still_planes(*(image, ct, ()), looks={}, shown=shown, scale=Scale((), bar))
    return {
        "planes": planes,
        "side_mm": shown.side_mm,
        "bar": [(f"{100 * at / top:.1f}", color) for at, color in bar],
        "top": concentration(top)
        if image.quantity is Quantity.ACTIVITY_CONCENTRATION
        else f"{significant(top, 3)} {image.quantity.unit}",
    }


def _around(image: Volume, least: float) -> Field:
    """A cube around all that is shown, through the hottest voxel."""
    index = np.argwhere(image.data > least)
    corners = np.array(list(product(*zip(index.min(0), index.max(0), strict=True))))
    places = image.grid.world_mm(corners)
    low, high = places.min(axis=0), places.max(axis=0)
    side_mm = float((high - low).max()) + 2 * _MARGIN_MM
    return Field(center_mm((), image), (low + high) / 2, side_mm)
