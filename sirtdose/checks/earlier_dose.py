"""Dose map of an earlier session or a plan: its origin, alignment and coverage."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sirtdose.checks.density import mean_in
from sirtdose.data.load import table
from sirtdose.dosimetry.derived import with_role
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_COVERED_MIN = 0.99
# The same image assessed again, with another density, constant or calibration (the
# bounds of H13). Noise alone makes two sessions differ by more, voxel by voxel.
_SAME_FACTOR, _SAME_WITHIN, _SAME_ABOVE = (0.8, 1.25), 0.1, 0.1
_COUNTS_TWICE = (
    "is it the dose of this treatment, which would count twice? Give the dose of an "
    "earlier session"
)


class DoseMap(NamedTuple):
    """A dose map of another scan: its words, and the options that give and move it."""

    words: str
    option: str
    transform: str


EARLIER = DoseMap("the earlier dose", "--prior-dose", "--prior-transform")
PLANNED = DoseMap("the plan's dose map", "--plan-dose", "--plan-transform")


def unframed_findings() -> list[Finding]:
    """Earlier dose without a frame of reference (H15)."""
    return [
        Finding.of(
            "H15",
            "the earlier dose has no frame of reference: it is assumed to be in the "
            "same one as this image; if it is not, give --prior-transform",
            severity=Severity.WARN,
        )
    ]


def needless_transform_findings(one: DoseMap) -> list[Finding]:
    """Transform for a dose map that is already aligned with the image (H16)."""
    return [
        Finding.of(
            "H16",
            f"{one.words} is already in the image's frame of reference (0020,0052), "
            f"but {one.transform} moved it: leave {one.transform} out",
        )
    ]


def own_study_findings(name: str) -> list[Finding]:
    """Earlier dose from the same study as the image (H09)."""
    return [
        Finding.of(
            "H09",
            f"--prior-dose {name} belongs to the image's own study (StudyInstanceUID "
            f"(0020,000D)): {_COUNTS_TWICE}",
            severity=Severity.ASK,
            subject="earlier dose",
        )
    ]


def coverage_findings(
    covered: Volume, structures: Sequence[Structure]
) -> list[Finding]:
    """Structures that the earlier dose map does not fully cover (H19)."""
    asked = float(table("registration")["prior_coverage"]["min"])
    return [
        Finding.of(
            "H19",
            f"the earlier dose covers {inside:.0%} of '{name}': the rest is "
            "assumed to have received none",
            severity=Severity.ASK if inside < asked else Severity.WARN,
            subject=name,
        )
        for name, inside in partly_covered(covered, structures).items()
    ]


def partly_covered(
    covered: Volume, structures: Sequence[Structure]
) -> dict[str, float]:
    """The part of each structure that a map covers, where it is not all of it."""
    parts = {
        one.name: mean_in(covered, one)
        for one in structures
        if one.role is not Role.OTHER
    }
    return {name: part for name, part in parts.items() if part < _COVERED_MIN}


def place_findings(part: float, liver: str, one: DoseMap) -> list[Finding]:
    """Dose of another scan that lies mostly outside the liver (H16)."""
    least = float(table("registration")["prior_in_liver"]["min"])
    if part >= least:
        return []
    return [
        Finding.of(
            "H16",
            f"{part:.0%} of {one.words} (Gy times mL) lies in '{liver}', less "
            f"than {least:.0%}: is the map aligned with this image?",
        )
    ]


def same_dose_findings(
    *, name: str, earlier: Volume, doses: Mapping[str, Volume]
) -> list[Finding]:
    """Earlier dose that matches this session's dose in every voxel (H09)."""
    then = np.asarray(earlier.data)
    for dose in doses.values():
        now = np.asarray(dose.data, float)
        either = (now > _SAME_ABOVE * now.max()) | (
            then > _SAME_ABOVE * max(then.max(), 1e-30)
        )
        a, b = now[either], np.asarray(then, float)[either]
        factor = float((a * b).sum() / max((b * b).sum(), 1e-30))
        left = float(((a - factor * b) ** 2).sum() / (a * a).sum()) ** 0.5
        low, high = _SAME_FACTOR
        if low <= factor <= high and left <= _SAME_WITHIN:
            return [
                Finding.of(
                    "H09",
                    f"--prior-dose {name} equals this session's dose divided by "
                    f"{factor:.3g}, within {left:.1%} in every voxel: {_COUNTS_TWICE}",
                    severity=Severity.ASK,
                    subject="earlier dose",
                )
            ]
    return []


def prior_lung_findings(
    *,
    prior_lung_dose_gy: float,
    structures: Sequence[Structure],
    summed: bool = True,
) -> list[Finding]:
    """Earlier lung dose that a map with unknown lung density cannot give (H22).

    Where maps are `summed`, the lungs have a row of their sum.
    """
    if prior_lung_dose_gy > 0 or not with_role(structures, Role.LUNGS):
        return []
    return [
        Finding.of(
            "H22",
            "the earlier lung dose was not read from the map, whose lung density is "
            "not known: give --prior-lung-dose"
            + (
                ". A row of the lungs still shows the sum of both maps"
                if summed
                else ""
            ),
        )
    ]
