"""Densities voxel by voxel, held against what tissue has (H27)."""

from collections.abc import Sequence

import numpy as np

from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Iodine above this raises the curve's density, not the tissue's.
_CONTRAST_HU = 100.0
# Every CT of a patient holds fat or air, every one in HU.
_LOWEST_AT_MOST_HU = -50.0
_LUNG_G_PER_ML = (0.1, 0.6)
_LUNG_ASK_G_PER_ML = (0.05, 0.8)
_LIVER_G_PER_ML = (0.95, 1.15)
_LIVER_ASK_G_PER_ML = (0.9, 1.25)
_OUTSIDE_WARN, _OUTSIDE_ASK = 0.01, 0.05
_IN_AIR_WARN, _IN_AIR_ASK = 0.02, 0.1
_LIVERS = (Role.LIVER, Role.PERFUSED, Role.NORMAL_GIVEN)
_SOFT = (*_LIVERS, Role.TUMOR)


def binary_density_findings(density: Volume, name: str) -> list[Finding]:
    """An image of densities that holds 0 and 1 alone, as masks do (H27)."""
    if not np.isin(density.data, (0, 1)).all() or density.data.min() == 1:
        return []
    said = f"--density {name} holds 0 and 1 only: water in a vacuum, or a mask?"
    return [Finding.of("H27", said, severity=Severity.ASK)]


def beyond_findings(
    volume: Volume, cover: Volume, structures: Sequence[Structure], *, filled: float
) -> list[Finding]:
    """Activity and structures where the densities are not known (H27)."""
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
            f"{part:.1%} {what} lies where no density is known: taken as {filled:g} "
            "g/mL there",
            severity=Severity.ASK if part > _OUTSIDE_ASK else Severity.WARN,
            subject=f"{subject} without density",
        )
        for subject, what, part in found
        if part > _OUTSIDE_WARN
    ]


def air_findings(volume: Volume, density: Volume) -> list[Finding]:
    """Activity where there is no tissue: its energy is in no dose (H27)."""
    size = np.abs(volume.data)
    whole = float(size.sum(dtype=float))
    part = float(size[density.data < AIR_BELOW_G_PER_ML].sum(dtype=float))
    part = part / whole if whole > 0 else 0.0
    if part <= _IN_AIR_WARN:
        return []
    return [
        Finding.of(
            "H27",
            f"{part:.1%} of the image's activity lies in air (under "
            f"{AIR_BELOW_G_PER_ML:g} g/mL) and is in no dose: noise outside the body, "
            "or densities that do not lie on the image?",
            severity=Severity.ASK if part > _IN_AIR_ASK else Severity.WARN,
            subject="activity in air",
        )
    ]


def structure_density_findings(
    density: Volume, structures: Sequence[Structure], origin: str
) -> list[Finding]:
    """Mean densities of liver, tumors and lungs, questioned where not theirs (H27)."""
    findings, said = [], []
    for structure in structures:
        lungs = structure.role is Role.LUNGS
        if not lungs and structure.role not in _SOFT:
            continue
        mean = mean_in(density, structure)
        said.append(f"'{structure.name}' {mean:.3f}")
        low, high = _LUNG_G_PER_ML if lungs else _LIVER_G_PER_ML
        if low <= mean <= high:
            continue
        lowest, highest = _LUNG_ASK_G_PER_ML if lungs else _LIVER_ASK_G_PER_ML
        usual = "lungs have 0.2 to 0.4" if lungs else "livers and tumors 1.00 to 1.08"
        findings.append(
            Finding.of(
                "H27",
                f"'{structure.name}' has {mean:.3f} g/mL, {usual}: is this the right "
                "image, in HU without contrast or in g/mL, and do image and densities "
                "lie on each other?",
                severity=Severity.WARN if lowest <= mean <= highest else Severity.ASK,
                subject=structure.name,
            )
        )
    listed = f": {', '.join(said)} g/mL" if said else ""
    return [Finding.of("H27", f"density by voxel, {origin}{listed}"), *findings]


def ct_number_findings(ct: Volume, structures: Sequence[Structure]) -> list[Finding]:
    """Numbers of no CT; contrast, which raises CT numbers but not density (H27)."""
    findings = []
    low, high = float(ct.data.min()), float(ct.data.max())
    if low > _LOWEST_AT_MOST_HU:
        findings.append(
            Finding.of(
                "H27",
                f"the CT runs from {low:g} to {high:g}: a CT in HU holds air or fat, "
                "below -50 HU; is it an image of densities (--density FILE)?",
                severity=Severity.ASK,
                subject="CT numbers",
            )
        )
    return findings + [
        Finding.of(
            "H27",
            f"'{one.name}' has {mean:.0f} HU, contrast: its density is overestimated; "
            "use a CT without contrast, or one density",
            severity=Severity.WARN,
        )
        for one in structures
        if one.role in _LIVERS
        for hu, _ in [mean_on(ct, one.grid)]
        for mean in [mean_in(Volume(hu, one.grid, Quantity.CT_NUMBER), one)]
        if mean > _CONTRAST_HU
    ]


def mean_in(volume: Volume, structure: Structure) -> float:
    """Mean of a volume over a structure, each voxel by the part of it inside."""
    values, parts = structure.values_in(volume)
    return float((values * parts).sum() / parts.sum())
