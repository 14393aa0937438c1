"""A scout's blur: each part of the liver with it and without it."""

from collections.abc import Mapping
from typing import Any

from sirtdose.report.post.summary import partial_volume_lines
from sirtdose.report.wording import significant, spoken, table

_HEADER = [
    *("structure", "uptake as seen", "used", "T/N as seen", "used"),
    *("mean Gy as seen", "used"),
]


def blur_lines(document: Mapping[str, Any]) -> list[str]:
    """How blur was undone, and both readings of each part, for a terminal."""
    rows = blur_rows(document)
    if not rows:
        return []
    return [
        *partial_volume_lines(document["measured"]["blur"]),
        "The plan uses the image without its blur; as seen, the same activity gives:",
        table(_HEADER, [[spoken(one[0]), *one[1:]] for one in rows]),
    ]


def blur_rows(document: Mapping[str, Any]) -> list[list[str]]:
    """Parts with uptake, T/N and mean dose, as seen and as used.

    Uptake is of the counts in the largest part.
    """
    measured = document.get("measured") or {}
    blur = measured.get("blur")
    if blur is None:
        return []
    counts = {one["name"]: one for one in measured["structures"]}
    doses = {one["name"]: one["dose_gy"] for one in document["compartments"]}
    whole_seen, whole = (
        _most(rows) for rows in (blur["as_seen"], measured["structures"])
    )
    return [
        [
            seen["name"],
            f"{100 * seen['counts'] / whole_seen:.3g} %",
            f"{100 * counts[seen['name']]['counts'] / whole:.3g} %",
            _ratio(seen),
            _ratio(counts[seen["name"]]),
            significant(seen["dose_gy"]),
            significant(doses[seen["name"]]),
        ]
        for seen in blur["as_seen"]
        if seen["name"] in doses
    ]


def _most(rows: Any) -> float:
    """Counts in all of the liver that is drawn."""
    return float(max(one["counts"] for one in rows))


def _ratio(row: Mapping[str, Any]) -> str:
    ratios = list(row["tumor_to_normal_ratios"].values())
    return f"{ratios[0]:.3g}" if ratios else "-"
