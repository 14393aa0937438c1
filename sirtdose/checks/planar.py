"""Regions drawn on planar views: their position and overlap."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.model.finding import Finding, Severity


def place_findings(
    anterior: NDArray[Any], lungs: NDArray[Any], liver: NDArray[Any]
) -> list[Finding]:
    """Planar lungs not above the liver, or liver not on the right (H17)."""
    lung_row, liver_row = (np.nonzero(mask)[0].mean() for mask in (lungs, liver))
    rest = anterior[~(lungs | liver)]
    doubts = (
        ("the lungs lie below the liver", lung_row >= liver_row),
        (
            "the liver region has no more counts than its surroundings",
            rest.size and anterior[liver].mean() <= rest.mean(),
        ),
        (
            "the liver lies on the patient's left",
            np.nonzero(liver)[1].mean() > (anterior.shape[1] - 1) / 2,
        ),
    )
    return [
        Finding.of(
            "H17",
            f"{said}: are the masks drawn on the anterior view, rows to the feet and "
            "columns to the patient's left?",
            severity=Severity.ASK,
        )
        for said, holds in doubts
        if holds
    ]


def region_findings(*, on_organs: Sequence[str], shared_pixels: int) -> list[Finding]:
    """Background on lungs or liver, and pixels in both organs (H22, H23).

    `on_organs` names the organs of those background regions.
    """
    findings = [
        Finding.of("H22", f"the background region of {name} overlaps lungs or liver")
        for name in on_organs
    ]
    if shared_pixels:
        said = (
            f"{shared_pixels} pixels of the lungs overlap the liver and count as liver"
        )
        findings.append(Finding.of("H23", said))
    return findings
