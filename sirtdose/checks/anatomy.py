"""Orientation of the image, checked by the positions of organs (H17)."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.derived import with_role
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure, voxels_in

# Lungs narrower than this may be one of the two: no middle of the patient.
_BOTH_LUNGS_MM = 200.0
# Centers of organs nearer than this tell nothing.
_CLEAR_MM = 10.0
_SPLEEN = re.compile(r"spleen|rate|milt|milza?|bazo", re.IGNORECASE)
_SPINE = re.compile(r"spine|spinal|vertebra|wirbel|rachis|columna", re.IGNORECASE)
_LEFT, _BACK, _UP = range(3)


def anatomy_findings(structures: Sequence[Structure]) -> list[Finding]:
    """Liver that is not on the right, below the lungs and in front of the spine.

    Parameters
    ----------
    structures : sequence of Structure
        In the image; coordinates are the patient's (LPS).

    Returns
    -------
    list of Finding
        ASK if the image may be mirrored, which is as grave as a wrong patient; NOTE
        if no structure is drawn that allows the check.
    """
    livers = with_role(structures, Role.LIVER)
    lungs = with_role(structures, Role.LUNGS)
    spleens = [one for one in structures if _is(_SPLEEN, one)]
    spines = [one for one in structures if _is(_SPINE, one)]
    if not livers or not (lungs or spleens or spines):
        said = (
            "orientation of the image not checked: needs a liver with lungs, spleen "
            "or spine"
        )
        return [Finding.of("H17", said, severity=Severity.NOTE)]
    liver, middle = _center_mm(livers), _center_mm(lungs)
    wrong = [
        where
        for where, axis, center in (
            ("above the lungs", _UP, middle),
            ("left of the spleen", _LEFT, _center_mm(spleens)),
            (
                "left of the middle of the lungs",
                _LEFT,
                middle if _both(lungs) else None,
            ),
            ("behind the spine", _BACK, _center_mm(spines)),
        )
        if center is not None
        and liver is not None
        and liver[axis] > center[axis] + _CLEAR_MM
    ]
    if not wrong:
        return []
    return [
        Finding.of(
            "H17",
            f"the liver lies {' and '.join(wrong)}: is the image or are the contours "
            "mirrored or upside down? (Situs inversus occurs in 1 of 10 000.)",
            severity=Severity.ASK,
        )
    ]


def _is(pattern: re.Pattern[str], structure: Structure) -> bool:
    organ = structure.role in (Role.ORGAN, Role.OTHER)
    return organ and pattern.search(structure.name) is not None


def _both(lungs: Sequence[Structure]) -> bool:
    if not lungs:
        return False
    x = np.concatenate([one.grid.corners_mm()[:, _LEFT] for one in lungs])
    return bool(x.max() - x.min() > _BOTH_LUNGS_MM)


def _center_mm(structures: Sequence[Structure]) -> NDArray[np.float64] | None:
    """Center of volume, (x, y, z); None of nothing."""
    if not structures:
        return None
    total, moment = 0.0, np.zeros(3)
    for one in structures:
        planes = np.array([voxels_in(plane) for plane in one.occupancy])
        # Half a millimeter apart there are millions: bytes add up twice as fast.
        whole = one.occupancy.dtype == bool
        values = one.occupancy.view(np.uint8) if whole else one.occupancy
        shadow = values.sum(axis=0, dtype=np.uint32 if whole else np.float64)
        sums = [planes, shadow.sum(axis=1), shadow.sum(axis=0)]
        index = [float(s @ np.arange(s.size) / s.sum()) for s in sums]
        moment += one.volume_ml * one.grid.world_mm(np.array(index))
        total += one.volume_ml
    return moment / total
