"""Delineate on the image what is not drawn, and ask a person to look at it (H35)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.grid.resample import occupancy_on, on_one_lattice
from sirtdose.dosimetry.image.segmentation import (
    liver_by_threshold,
    tumors_by_threshold,
)
from sirtdose.errors import InputError
from sirtdose.model.finding import Finding
from sirtdose.model.request import ImageRequest
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume


def delineated(
    request: ImageRequest,
    drawn: "Sequence[Structure]",
    volume: "Volume",
    findings: list[Finding],
) -> "list[Structure]":
    """Liver and tumors by threshold, where that was asked for.

    Raises
    ------
    InputError
        They are drawn already, or there is no liver to look for tumors in.
    """
    if request.segment_liver is None and request.segment_tumors is None:
        return []

    found: list[Structure] = []
    livers = with_role(drawn, Role.LIVER)
    if request.segment_liver is not None:
        if livers:
            raise InputError(
                f"a liver is drawn ('{livers[0].name}'): leave --segment-liver out"
            )
        livers = [liver_by_threshold(volume, request.segment_liver)]
        found += livers
    if request.segment_tumors is not None:
        if with_role(drawn, Role.TUMOR):
            raise InputError("tumors are drawn: leave --segment-tumors out")
        if not livers:
            raise InputError(
                "tumors are delineated inside a liver: draw one, or give "
                "--segment-liver"
            )
        liver = occupancy_on(union(on_one_lattice(livers)), volume.grid)
        fraction = request.segment_tumors
        found += tumors_by_threshold(
            volume, liver, None if fraction == "adaptive" else fraction
        )
    findings += [
        Finding.of(
            "H35",
            f"'{one.name}', {one.volume_ml:.1f} mL, was delineated here "
            f"({one.definition}): its dose counts once somebody has looked at the "
            "outline, which report.html shows when this is accepted",
        )
        for one in found
    ]
    return found
