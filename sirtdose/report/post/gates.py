"""Doses by respiratory gate, as a document and on the terminal."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from sirtdose.dosimetry.gate_doses import GateDoses
from sirtdose.report.wording import significant, spoken, table


def gates_document(gates: GateDoses | None) -> dict[str, Any] | None:
    """Each gate with its time, place and doses; and the mean of all by time."""
    if gates is None:
        return None
    return {
        "method": gates.method,
        "timed": gates.timed,
        "amplitude_mm": gates.amplitude_mm,
        "gates": [
            {
                "name": name,
                "fraction": part,
                "head_feet_mm": place if isfinite(place) else None,
            }
            for name, part, place in zip(
                gates.names, gates.fractions, gates.head_feet_mm, strict=True
            )
        ],
        "structures": [
            {
                "name": row.structure.name,
                "role": str(row.structure.role),
                "mean_gy": [own[n].dvh.mean_gy for own in gates.rows],
                "by_time_gy": gates.by_time(n),
            }
            for n, row in enumerate(gates.rows[0])
        ],
    }


def gates_lines(document: Mapping[str, Any]) -> list[str]:
    """The table that a person sees; nothing for an image without gates."""
    found = document.get("gates")
    if not found:
        return []
    head = [f"{one['name']} ({one['fraction']:.0%})" for one in found["gates"]]
    places = [
        "-" if one["head_feet_mm"] is None else f"{one['head_feet_mm']:+.1f}"
        for one in found["gates"]
    ]
    rows = [
        [
            spoken(row["name"]),
            *(significant(one) for one in row["mean_gy"]),
            significant(row["by_time_gy"]),
        ]
        for row in found["structures"]
    ]
    return [
        "",
        "Mean dose by respiratory gate, Gy, as if the patient had stayed in it",
        table(
            ["structure", *head, "by time"],
            [*rows, ["toward the head, mm", *places, ""]],
        ),
    ]
