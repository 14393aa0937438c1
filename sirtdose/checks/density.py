"""Voxel densities that are implausible for the tissue (H27)."""

from collections.abc import Sequence

import numpy as np

from sirtdose.dosimetry.engine.assigned_density import (
    LIVERS,
    ODD_ABOVE_G_PER_ML,
    ODD_BELOW_G_PER_ML,
    Region,
)
from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

# Livers without contrast have 45 to 75 HU, tumors less. Iodine, lipiodol and iron raise
# the CT number, hardly the density.
_CONTRAST_HU = 75.0
# Every CT of a patient holds fat or air, every one in HU.
_LOWEST_AT_MOST_HU = -50.0
_LUNG_G_PER_ML = (0.1, 0.6)
_LUNG_ASK_G_PER_ML = (0.05, 0.8)
_LIVER_G_PER_ML = (0.95, 1.15)
_LIVER_ASK_G_PER_ML = (0.9, 1.25)
_OUTSIDE_WARN, _OUTSIDE_ASK = 0.01, 0.05
_IN_AIR_WARN, _IN_AIR_ASK = 0.02, 0.1
# Fat in fissures and air bubbles fill less of a liver.
_ODD_WARN, _ODD_ASK = 0.01, 0.1
_SOFT = (*LIVERS, Role.TUMOR)


def binary_density_findings(density: Volume, name: str) -> list[Finding]:
    """Density image that contains only 0 and 1, as masks do (H27)."""
    if not np.isin(density.data, (0, 1)).all() or density.data.min() == 1:
        return []
    said = (
        f"--density {name} contains only 0 and 1: is it a mask instead of densities "
        "in g/mL?"
    )
    return [Finding.of("H27", said, severity=Severity.ASK)]


def beyond_findings(
    volume: Volume, cover: Volume, structures: Sequence[Structure], *, filled: float
) -> list[Finding]:
    """Activity or structures where no density is known (H27)."""
    size = np.abs(volume.data)
    outside = 1 - float((size * cover.data).sum(dtype=float)) / max(
        float(size.sum(dtype=float)), 1e-30
    )
    found = [
        ("activity", "of the activity", outside),
        *(
            (one.name, f"of '{one.name}'", 1 - mean_in(cover, one))
            for one in structures
            if one.role is not Role.OTHER
        ),
    ]
    return [
        Finding.of(
            "H27",
            f"{part:.1%} {what} lies where no density is known: {filled:g} g/mL is "
            "assumed there",
            severity=Severity.ASK if part > _OUTSIDE_ASK else Severity.WARN,
            subject=f"{subject} without density",
        )
        for subject, what, part in found
        if part > _OUTSIDE_WARN
    ]


def air_findings(volume: Volume, density: Volume) -> list[Finding]:
    """Activity in air, which contributes to no dose (H27)."""
    size = np.abs(volume.data)
    whole = float(size.sum(dtype=float))
    part = float(size[density.data < AIR_BELOW_G_PER_ML].sum(dtype=float))
    part = part / whole if whole > 0 else 0.0
    if part <= _IN_AIR_WARN:
        return []
    return [
        Finding.of(
            "H27",
            f"{part:.1%} of the image's activity lies in air (below "
            f"{AIR_BELOW_G_PER_ML:g} g/mL) and contributes to no dose: is it noise "
            "outside the body, or is the density map not aligned with the image?",
            severity=Severity.ASK if part > _IN_AIR_ASK else Severity.WARN,
            subject="activity in air",
        )
    ]


def without_structure_findings(words: Sequence[str]) -> list[Finding]:
    """Density given for a structure that is not drawn (H27)."""
    return [
        Finding.of(
            "H27",
            f"--density-in {word} has no effect: no {word} drawn",
            severity=Severity.WARN,
        )
        for word in words
    ]


def structure_density_findings(
    density: Volume,
    structures: Sequence[Structure],
    regions: Sequence[Region],
    origin: str,
) -> list[Finding]:
    """Densities of liver, tumors and lungs, and those that are unusual (H27).

    A region is checked by its own density, lungs by their mean: at most one finding
    each.
    """
    assigned = [one for one in regions if one.g_per_ml is not None]
    names = {one.name for one in assigned}
    liver = any(one.role in LIVERS for one in assigned)
    said = [f"'{one.name}' {one.g_per_ml:.3f} ({one.origin})" for one in assigned]
    findings = [one for region in regions for one in _region_findings(region)]
    for one in structures:
        lungs = one.role is Role.LUNGS
        if one.name in names or not (lungs or one.role in _SOFT):
            continue
        if liver and one.role in LIVERS:
            continue
        mean = mean_in(density, one)
        said.append(f"'{one.name}' {mean:.3f}")
        findings += _said_of(one.name, [_value_doubt(one, mean)] if lungs else [])
    listed = f": {', '.join(said)} g/mL" if said else ""
    return [Finding.of("H27", f"density by voxel, {origin}{listed}"), *findings]


def _region_findings(region: Region) -> list[Finding]:
    """All doubts about the density of one region, as a single finding."""
    given, median = region.given_g_per_ml, region.median_g_per_ml
    value = median if given is None else given
    doubts = [] if value is None else [_value_doubt(region.structure, value)]
    if given is None and median is not None and (region.median_hu or 0) > _CONTRAST_HU:
        worst = doubts[0][0] if doubts[0][0] is Severity.ASK else Severity.WARN
        name = "liver" if region.role in LIVERS else region.name
        said = (
            f"the median of '{region.name}' is {region.median_hu:.0f} HU: contrast, "
            "lipiodol or iron raise HU, but hardly the density. Each 10 HU of them "
            f"lower the dose by 0.6 to 1 %: give --density-in '{name}=1.06g/mL', or a "
            "CT without contrast"
        )
        doubts = [(worst, said)]
    if region.role in _SOFT and region.odd_fraction > _ODD_WARN:
        low, high = region.extremes_g_per_ml
        much = region.odd_fraction > _ODD_ASK and given is None
        kept = (
            "They are kept"
            if region.g_per_ml is None
            else "They are set to the density of the rest"
        )
        said = (
            f"{region.odd_fraction:.1%} of '{region.name}' is below "
            f"{ODD_BELOW_G_PER_ML:g} or above {ODD_ABOVE_G_PER_ML:g} g/mL, from "
            f"{low:.3g} to {high:.3g} g/mL. {kept}: is it gas, a streak artifact, "
            "metal or lipiodol, or is the contour not aligned with the densities?"
        )
        doubts.append((Severity.ASK if much else Severity.WARN, said))
    return _said_of(region.name, doubts)


def _value_doubt(structure: Structure, value: float) -> tuple[Severity, str]:
    """Severity and text for an unusual density of liver, tumor or lungs."""
    lungs = structure.role is Role.LUNGS
    low, high = _LUNG_G_PER_ML if lungs else _LIVER_G_PER_ML
    if low <= value <= high or not (lungs or structure.role in _SOFT):
        return Severity.NOTE, ""
    lowest, highest = _LUNG_ASK_G_PER_ML if lungs else _LIVER_ASK_G_PER_ML
    usual = (
        "usual for lungs is 0.2 to 0.4"
        if lungs
        else "usual for livers and tumors is 1.00 to 1.08"
    )
    said = (
        f"'{structure.name}' has {value:.3f} g/mL, {usual}: is this the right image, "
        "in HU without contrast or in g/mL, and is it aligned with the dose image?"
    )
    within = lowest <= value <= highest
    return Severity.WARN if within else Severity.ASK, said


def _said_of(name: str, doubts: Sequence[tuple[Severity, str]]) -> list[Finding]:
    """Contrast, outlier voxels or an unusual density in one structure (H27)."""
    real = [one for one in doubts if one[1]]
    if not real:
        return []
    severity = min((one for one, _ in real), key=list(Severity).index)
    said = "; ".join(said for _, said in real)
    return [Finding.of("H27", said, severity=severity, subject=name)]


def ct_number_findings(ct: Volume) -> list[Finding]:
    """CT whose values are not in HU (H27)."""
    low, high = float(ct.data.min()), float(ct.data.max())
    if low <= _LOWEST_AT_MOST_HU:
        return []
    said = (
        f"the CT values run from {low:g} to {high:g}: a CT in HU contains air or fat, "
        "below -50 HU; is it a density map (--density FILE)?"
    )
    return [Finding.of("H27", said, severity=Severity.ASK, subject="CT numbers")]


def mean_in(volume: Volume, structure: Structure) -> float:
    """Mean of a volume over a structure, weighted by each voxel's fraction inside."""
    values, parts = structure.values_in(volume)
    return float((values * parts).sum() / parts.sum())
