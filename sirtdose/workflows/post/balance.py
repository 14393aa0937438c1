"""The activity in the dose map against what was delivered."""

from collections.abc import Sequence

import numpy as np

from sirtdose.dosimetry.grid.resample import placed_on
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Blur carries some of the activity out of its region; more than that is not blur.
_NOTED, _WARNED = 1.05, 1.2
_PLACES = (
    ("the perfused volume", (Role.PERFUSED,)),
    ("the rest of liver and tumors", (Role.LIVER, Role.TUMOR)),
    ("the lungs", (Role.LUNGS,)),
)


def balance_findings(
    *,
    activity: Volume,
    structures: Sequence[Structure],
    delivered_gbq: float,
    calibration: Calibration,
) -> list[Finding]:
    """More activity in the map than was delivered, and where it is (H14).

    A known activity that is shared over one region leaves what the image shows
    elsewhere on top of it.

    Parameters
    ----------
    activity : Volume
        At administration, GBq in each voxel.
    structures : sequence of Structure
        On its grid.
    delivered_gbq : float
    calibration : Calibration
    """
    total = activity.total()
    if calibration.method != "administered" or calibration.over == "fov":
        return []
    if total <= _NOTED * delivered_gbq:
        return []
    places = activity_by_place(activity, structures)
    each = ", ".join(f"{gbq:.3g} GBq in {place}" for place, gbq in places.items())
    remedy = (
        "Is an injection left out, or a perfused volume drawn too small?"
        if calibration.over == "injections"
        else "To compare, add --calibrate-over fov: it spreads the activity over the "
        "whole image"
    )
    return [
        Finding.of(
            "H14",
            f"the dose map holds {total:.4g} GBq, {total / delivered_gbq:.2f} "
            f"times the {delivered_gbq:.4g} GBq delivered: {each}. Counts "
            "outside the calibration region are added to the delivered activity: "
            "blur, background, scatter, free tracer, or uptake that the ledger does "
            f"not contain. {remedy}",
            severity=Severity.WARN
            if total > _WARNED * delivered_gbq
            else Severity.NOTE,
        )
    ]


def activity_by_place(
    activity: Volume, structures: Sequence[Structure]
) -> dict[str, float]:
    """Activity in perfused volume, rest of the liver, lungs and elsewhere, GBq.

    A voxel's part counts once, for the first of these that has it; places that are
    not drawn are left out.
    """
    left = np.ones(activity.grid.shape)
    found = {}
    for place, roles in _PLACES:
        inside = np.zeros(activity.grid.shape)
        drawn = [one for one in structures if one.role in roles]
        for one in drawn:
            inside = np.maximum(inside, placed_on(one, activity.grid))
        taken = np.minimum(inside, left)
        left -= taken
        if drawn:
            found[place] = float((activity.data * taken).sum(dtype=float))
    rest = "other places" if "the lungs" in found else "other places, lungs included"
    return {**found, rest: float((activity.data * left).sum(dtype=float))}
