"""The tissue densities of a treatment: one value, from a CT, or an image."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sirtdose.checks.constants import density_finding
from sirtdose.data.load import table
from sirtdose.dosimetry.engine.collapsed_cone import AIR_BELOW_G_PER_ML
from sirtdose.dosimetry.engine.tissue_density import TissueDensity, density_of_ct
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import InputError, QuantityError
from sirtdose.io.read import read_image
from sirtdose.model.bounds import printable
from sirtdose.model.finding import Finding, Said, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume

# Iodine above this raises the curve's density, not the tissue's.
_CONTRAST_HU = 100.0
_LUNG_G_PER_ML = (0.1, 0.6)
_LIVER_G_PER_ML = (0.95, 1.15)
_LIVER_ASK_G_PER_ML = (0.9, 1.25)
# No tissue or metal in a patient is denser: gold has 19.3.
_DENSEST_G_PER_ML = 25.0
_OUTSIDE_WARN, _OUTSIDE_ASK = 0.01, 0.05
_KNOWN_FROM = 0.1
_IN_AIR_WARN, _IN_AIR_ASK = 0.02, 0.1
# What interpolation may leave below zero.
_ROUNDING_G_PER_ML = 1e-3
# Every CT of a patient holds fat or air, every one in HU.
_LOWEST_AT_MOST_HU = -50.0
_LUNG_ASK_G_PER_ML = (0.05, 0.8)
_LIVERS = (Role.LIVER, Role.PERFUSED, Role.NORMAL_GIVEN)
_SOFT = (*_LIVERS, Role.TUMOR)


def tissue_density(
    request: DoseRequest,
    nuclide: Nuclide,
    placed: Placed,
) -> tuple[TissueDensity, list[Finding]]:
    """Densities on the image's grid, and what is to be said of them (H27).

    A CT is converted at its own resolution, then averaged over the dose grid's
    voxels, so that mass is conserved.

    Raises
    ------
    InputError
        No CT, an image that holds no densities, or another frame of reference.
    """
    if not isinstance(request.density, (str, Path)):
        return TissueDensity(request.density), [density_finding(request.density)]
    said = Said()
    volume, structures, source = placed.image, placed.on_grid, ""
    if isinstance(request.density, Path):
        fine = said.take(_density_image(request.density))
        origin = f"image {printable(request.density.name)}"
    else:
        fine = _density_of_ct(placed.ct, request.density_curve)
        origin = f"CT by {request.density_curve}"
        source = table("density_curves")[request.density_curve]["source"]
    mean, covered = mean_on(fine, volume.grid)
    # Beyond the CT there is tissue, of which nothing is known. A voxel that sticks out
    # of the CT is of what lies in it.
    media = (*nuclide.kernels, *Nuclide.named("Y-90").kernels)
    beyond = next(one.density_g_per_ml for one in media if one.medium == request.medium)
    known = covered > _KNOWN_FROM
    filled = np.where(known, mean, np.float32(beyond))
    density_map = Volume(filled, volume.grid, Quantity.DENSITY)
    cover = Volume(known, volume.grid, Quantity.DENSITY)
    said.add(_beyond_findings(volume, cover, structures, filled=beyond))
    said.add(_air_findings(volume, density_map))
    said.add(_structure_findings(density_map, structures, origin))
    if not isinstance(request.density, Path) and placed.ct is not None:
        said.add(_ct_findings(placed.ct, structures))
    return TissueDensity(density_map, origin, source), list(said.findings)


def _density_of_ct(ct: Volume | None, curve: str) -> Volume:
    if ct is None:
        raise InputError(
            "--density ct needs a CT: there is none; name one with --ct, or give "
            "one density"
        )
    return density_of_ct(ct, curve)


def _density_image(path: Path) -> tuple[Volume, list[Finding]]:
    volume = read_image(path, quantity=Quantity.DENSITY)
    name = printable(path.name)
    if volume.quantity is not Quantity.DENSITY:
        raise InputError(
            f"--density {name} holds {volume.quantity.unit}: give densities in g/mL as "
            "NIfTI, NRRD or MetaImage, or --density ct for a CT"
        )
    low, high = float(volume.data.min()), float(volume.data.max())
    if low < -_ROUNDING_G_PER_ML:
        raise QuantityError(
            f"--density {name} goes down to {low:g}: densities in g/mL are 0 or more; "
            "for CT numbers give --density ct and --ct"
        )
    if high > _DENSEST_G_PER_ML or high < _LUNG_G_PER_ML[0]:
        raise QuantityError(
            f"--density {name} goes up to {high:g}: densities in g/mL are about 1 in "
            "tissue; is it in another unit?"
        )
    findings = []
    if low == 0 and high == 1 and np.isin(volume.data, (0, 1)).all():
        said = f"--density {name} holds 0 and 1 only: water in a vacuum, or a mask?"
        findings = [Finding.of("H27", said, severity=Severity.ASK)]
    return volume.with_data(np.maximum(volume.data, 0)), findings


def _mean_in(volume: Volume, structure: Structure) -> float:
    values, parts = structure.values_in(volume)
    return float((values * parts).sum() / parts.sum())


def _beyond_findings(
    volume: Volume, cover: Volume, structures: Sequence[Structure], *, filled: float
) -> list[Finding]:
    """Activity and structures where the densities are not known."""
    size = np.abs(volume.data)
    outside = 1 - float((size * cover.data).sum(dtype=float)) / max(
        float(size.sum(dtype=float)), 1e-30
    )
    found = []
    if outside > _OUTSIDE_WARN:
        found.append(("of the activity", outside))
    for structure in structures:
        part = 1 - _mean_in(cover, structure)
        if part > _OUTSIDE_WARN and structure.role is not Role.OTHER:
            found.append((f"of '{structure.name}'", part))
    return [
        Finding.of(
            "H27",
            f"{part:.1%} {what} lies where no density is known: taken as {filled:g} "
            "g/mL there",
            severity=Severity.ASK if part > _OUTSIDE_ASK else Severity.WARN,
        )
        for what, part in found
    ]


def _air_findings(volume: Volume, density: Volume) -> list[Finding]:
    """Activity where there is no tissue: its energy is in no dose."""
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
        )
    ]


def _structure_findings(
    density: Volume, structures: Sequence[Structure], origin: str
) -> list[Finding]:
    """Mean densities of liver, tumors and lungs, questioned where not theirs."""
    findings, said = [], []
    for structure in structures:
        lungs = structure.role is Role.LUNGS
        if not lungs and structure.role not in _SOFT:
            continue
        mean = _mean_in(density, structure)
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


def _ct_findings(ct: Volume, structures: Sequence[Structure]) -> list[Finding]:
    """Numbers of no CT, and contrast, which raises CT numbers but not density."""
    findings = []
    low, high = float(ct.data.min()), float(ct.data.max())
    if low > _LOWEST_AT_MOST_HU:
        findings.append(
            Finding.of(
                "H27",
                f"the CT runs from {low:g} to {high:g}: a CT in HU holds air or fat, "
                "below -50 HU; is it an image of densities (--density FILE)?",
                severity=Severity.ASK,
            )
        )
    for structure in structures:
        if structure.role not in _LIVERS:
            continue
        hu, _ = mean_on(ct, structure.grid)
        mean = _mean_in(Volume(hu, structure.grid, Quantity.CT_NUMBER), structure)
        if mean > _CONTRAST_HU:
            findings.append(
                Finding.of(
                    "H27",
                    f"'{structure.name}' has {mean:.0f} HU, contrast: its density is "
                    "overestimated; use a CT without contrast, or one density",
                    severity=Severity.WARN,
                )
            )
    return findings
