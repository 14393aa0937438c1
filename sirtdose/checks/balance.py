"""Activity in a dose map, compared with the activity injected or planned."""

from collections.abc import Sequence

import numpy as np

from sirtdose.dosimetry.grid.resample import placed_on
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.model.finding import Bound, Finding, Severity
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
    calibration: Calibration | None = None,
) -> list[Finding]:
    """Activity in the dose map above the delivered activity, by location (H14).

    If a known activity is distributed over one region, counts elsewhere in the image
    add to it.

    Parameters
    ----------
    activity : Volume
        At administration, GBq in each voxel.
    structures : sequence of Structure
        On its grid.
    delivered_gbq : float
    calibration : Calibration, optional
        None for a plan, which distributes its activity over perfused volumes.
    """
    total = activity.total()
    shared = calibration is None or (
        calibration.method == "administered" and calibration.over != "fov"
    )
    if not shared or total <= _NOTED * delivered_gbq:
        return []
    places = activity_by_place(activity, structures)
    each = ", ".join(f"{gbq:.3g} GBq in {place}" for place, gbq in places.items())
    what, beyond = "delivered", "the calibration region"
    unknown = "the activity record does not contain"
    if calibration is None:
        what, beyond = "injected", "the perfused volumes"
        unknown = "no injection of the plan contains"
    remedy = (
        "To compare, add --calibrate-over fov: it distributes the activity over the "
        "whole image"
        if calibration and calibration.over != "injections"
        else "Is an injection missing, or is a perfused volume drawn too small?"
    )
    warns = total > _WARNED * delivered_gbq
    return [
        Finding.of(
            "H14",
            f"the dose map contains {total:.4g} GBq, {total / delivered_gbq:.2f} "
            f"times the {delivered_gbq:.4g} GBq {what}: {each}. Counts outside "
            f"{beyond} add to the {what} activity: blur, background, scatter, free "
            f"tracer, or uptake that {unknown}. {remedy}",
            severity=Severity.WARN if warns else Severity.NOTE,
            subject="dose map",
            value=total / delivered_gbq,
            bound=Bound(
                _WARNED if warns else _NOTED, "", "blur alone carries less outside"
            ),
        )
    ]


def activity_by_place(
    activity: Volume, structures: Sequence[Structure]
) -> dict[str, float]:
    """Activity in perfused volume, rest of the liver, lungs and elsewhere, GBq.

    Each part of a voxel counts once, for the first place that contains it; places
    that are not drawn are left out.
    """
    left = np.ones(activity.grid.shape)
    found = {}
    for place, roles in _PLACES:
        drawn = [one for one in structures if one.role in roles]
        if not drawn:
            continue
        # One array of the image's size, used again: new memory takes longer than sums.
        taken = placed_on(drawn[0], activity.grid)
        for one in drawn[1:]:
            np.maximum(taken, placed_on(one, activity.grid), out=taken)
        np.minimum(taken, left, out=taken)
        left -= taken
        found[place] = float(np.multiply(activity.data, taken, out=taken).sum())
    rest = "other places" if "the lungs" in found else "other places, lungs included"
    return {**found, rest: float(np.multiply(activity.data, left, out=left).sum())}
