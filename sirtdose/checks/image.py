"""Activity image and the dose computed from it, before and after treatment."""

from collections.abc import Mapping, Sequence

from sirtdose.checks.constants import kernel_energy_findings
from sirtdose.data.load import table
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.histogram.dvh import FEW_VOXELS
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.blur_loss import sphere_mm, width_mm
from sirtdose.dosimetry.image.hot_spots import Extrahepatic, HotSpot
from sirtdose.model.finding import Bound, Finding, Severity
from sirtdose.model.guard_rails import rail, rail_source
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_SPOTS_MAX = 5
# Lung masses further apart than this are said.
_SAME_LUNG_MASS = 0.1
# Contours reach a little beyond an image; less of a volume in it than this is cut off.
SEEN_LEAST = 0.98
_WIDTHS = 3


def outside_findings(*, part: float) -> list[Finding]:
    """Counts outside the perfused volume, lungs excluded (H14).

    >>> [str(one.severity) for p in (0.1, 0.3, 0.9) for one in outside_findings(part=p)]
    ['warn', 'ask']
    """
    asks = part > rail("outside_counts", "ask")
    bound = rail("outside_counts", "ask" if asks else "warn")
    if part <= bound:
        return []
    return [
        Finding.of(
            "H14",
            f"{part:.0%} of the image's counts lie outside the perfused volume and "
            "the lungs: blur, uptake in other organs, or a perfused volume drawn too "
            "small?",
            severity=Severity.ASK if asks else Severity.WARN,
            subject="counts outside",
            value=part,
            bound=Bound(bound, "", rail_source("outside_counts")),
        )
    ]


def cut_off_findings(*, seen: Mapping[str, float]) -> list[Finding]:
    """Volume partly outside the image, with all its activity placed inside (H14)."""
    return [
        Finding.of(
            "H14",
            f"only {part:.0%} of {name} lies in the image, but all of its activity is "
            "assigned to that part: doses there are too high by up to "
            f"{1 / part - 1:.0%}",
            severity=Severity.WARN,
            subject=name,
            value=part,
            bound=Bound(SEEN_LEAST, "", "contours extend a little beyond an image"),
        )
        for name, part in seen.items()
        if 0 < part < SEEN_LEAST
    ]


def small_tumor_findings(
    *,
    drawn: Sequence[Structure],
    consequence: str,
    modality: str = "NM",
    psf_mm: Sequence[float] | None = None,
    by_camera: bool = False,
) -> list[Finding]:
    """Tumors under three times the FWHM, whose uptake appears too low (H20).

    `consequence` ends the sentence: which quantity is too low. The FWHM of a plain
    image file is not known unless `psf_mm` gives it, typed or from the camera's file.
    """
    if modality == "file" and not psf_mm:
        needs = "the FWHM of the image, --psf"
        return [Finding.not_checked("H20", "small tumors", needs=needs)]
    fwhm_mm = width_mm(modality, psf_mm)
    usual = f"typical of {'PET' if modality == 'PT' else 'SPECT'}"
    given = "the camera's file" if by_camera else "--psf"
    least_mm = _WIDTHS * fwhm_mm
    sizes_mm = {
        one.name: sphere_mm(one.volume_ml) for one in drawn if one.role.is_tumor
    }
    small = {name: mm for name, mm in sizes_mm.items() if mm < least_mm}
    if not small:
        return []
    each = ", ".join(f"'{name}' ({mm:.0f} mm)" for name, mm in small.items())
    return [
        Finding.of(
            "H20",
            f"{each}: smaller than {_WIDTHS} times the FWHM of {fwhm_mm:g} mm "
            f"({given if psf_mm else usual}); {consequence}",
            subject=", ".join(small),
            value=min(small.values()),
            bound=Bound(least_mm, "mm", f"{_WIDTHS} times the FWHM"),
        )
    ]


def few_voxel_findings(
    *, rows: Sequence[StructureDose], voxel_ml: float
) -> list[Finding]:
    """Tumors with too few voxels for a reliable DVH (H21)."""
    few = {
        row.structure.name: row.dvh.volume_ml / voxel_ml
        for row in rows
        if row.structure.role.is_tumor and row.dvh.volume_ml < FEW_VOXELS * voxel_ml
    }
    if not few:
        return []
    each = ", ".join(f"'{name}' ({count:.0f} voxels)" for name, count in few.items())
    return [
        Finding.of(
            "H21",
            f"{each}: the mean is reliable, but D_x and the DVH are based on fewer "
            f"than {FEW_VOXELS} voxels",
            severity=Severity.WARN,
            subject=", ".join(few),
            value=min(few.values()),
            bound=Bound(FEW_VOXELS, "voxels", "hazard H21"),
        )
    ]


def noise_findings(*, image: Volume) -> list[Finding]:
    """Minimum and maximum dominated by noise, and negative voxels (H21)."""
    negative = int((image.data < 0).sum())
    said = "minimum and maximum are dominated by noise; use D98 and D2 instead"
    if negative:
        said += (
            f"; {negative} negative voxels are kept, because setting them to 0 adds "
            "activity"
        )
    return [Finding.of("H21", said)]


def hot_spot_findings(*, beyond: Extrahepatic | None) -> list[Finding]:
    """Hot spots outside liver and lungs (H28)."""
    if beyond is None:
        what, needs = "uptake outside of the liver", "a structure of role liver"
        return [Finding.not_checked("H28", what, needs=needs)]
    findings = [_spot_finding(spot) for spot in beyond.spots[:_SPOTS_MAX]]
    more = len(beyond.spots) - _SPOTS_MAX
    if more > 0:
        said = f"{more} more hot spots outside liver and lungs"
        findings.append(Finding.of("H28", said, subject="more hot spots"))
    return findings


def _spot_finding(spot: HotSpot) -> Finding:
    """Dose, volume and position of a hot spot outside liver and lungs (H28)."""
    x, y, z = spot.at_mm
    where = f" in '{spot.inside}'" if spot.inside else ""
    if not spot.inside and spot.near:
        where = f" {spot.near[1]:.0f} mm from '{spot.near[0]}'"
    outside = (
        "outside liver and lungs"
        if spot.outside_fraction > 0.995
        else f"{spot.outside_fraction:.0%} of it outside liver and lungs"
    )
    place = f"x {x:z.0f}, y {y:z.0f}, z {z:z.0f} mm"
    return Finding.of(
        "H28",
        f"{spot.mean_gy:.4g} Gy in {spot.volume_ml:.1f} mL{where}, {outside} (peak "
        f"{spot.peak_gy:.4g} Gy at {place}): uptake in another organ, or noise?",
        subject=f"hot spot at {place}",
        value=spot.peak_gy,
        bound=Bound(rail("organ_dose_gy"), "Gy", "shown from here on"),
    )


def lung_row_findings(
    *, tables: Mapping[str, Sequence[StructureDose]], lungs: Lungs
) -> list[Finding]:
    """Lung dose by voxel above its limit, or lung masses that disagree (H22, H23)."""
    limit_gy = table("limits")["lungs"]["limit_gy"]
    of_lungs = [
        (method, row)
        for method, rows in tables.items()
        for row in rows
        if row.structure.role is Role.LUNGS
    ]
    findings = [
        Finding.of(
            "H22",
            f"'{row.structure.name}' get {row.mean_by_mass_gy:.4g} Gy (energy over "
            f"mass, by {method}), above {limit_gy:g} Gy (this session)",
            subject=row.structure.name,
            value=row.mean_by_mass_gy,
            bound=Bound(limit_gy, "Gy", "see limits.json"),
        )
        for method, row in of_lungs
        if row.mean_by_mass_gy > limit_gy
    ]
    masses = {row.structure.name: row.mass_kg for _, row in of_lungs}
    mass_kg = sum(masses.values())
    if masses and lungs.known and abs(mass_kg / lungs.mass_kg - 1) > _SAME_LUNG_MASS:
        findings.append(
            Finding.of(
                "H23",
                f"the lungs weigh {mass_kg:.3g} kg by their densities, but the lung "
                f"dose from the shunt is for {lungs.mass_kg:.4g} kg "
                f"({lungs.mass_source})",
                subject="lungs",
                value=mass_kg,
                bound=Bound(lungs.mass_kg, "kg", lungs.mass_source),
            )
        )
    return findings


def lungs_in_image_findings(
    *, nuclide: Nuclide, lungs: Lungs, in_image_gbq: float | None
) -> list[Finding]:
    """Lung dose from the activity in the image above its limit (H22)."""
    if in_image_gbq is None:
        return []
    limit_gy = table("limits")["lungs"]["limit_gy"]
    gy = nuclide.dose_constant_gy_kg_per_gbq * in_image_gbq / lungs.mass_kg
    if gy <= limit_gy:
        return []
    return [
        Finding.of(
            "H22",
            f"the lungs get {gy:.4g} Gy by the image, at {lungs.mass_kg:.4g} kg, above "
            f"{limit_gy:g} Gy (this session): spill-out from the liver's dome, or a "
            "shunt?",
            subject="lungs by the image",
            value=gy,
            bound=Bound(limit_gy, "Gy", "see limits.json"),
        )
    ]


def physics_findings(
    *,
    nuclide: Nuclide,
    medium: str,
    density_by_voxel: bool,
    structures: Sequence[Structure],
    doses: Mapping[str, Dose],
    lungs: Lungs,
) -> list[Finding]:
    """Unusual dose constant, or a method with one density (H09, H27)."""
    findings: list[Finding] = []
    by_shunt = f"; the dose from the shunt is {lungs.dose_gy:.4g} Gy"
    remedy = "--density ct gives a dose by voxel"
    if not lungs.known:
        by_shunt = ""
        remedy = "give --lung-shunt for a dose from the shunt, or --density ct"
    if any(dose.medium for dose in doses.values()):
        radial = RadialKernel.of(nuclide, medium)
        findings += kernel_energy_findings(nuclide, radial.energy_mev_per_decay)
    for dose in doses.values():
        if dose.one_density_g_per_ml is None:
            continue
        findings += [
            Finding.of(
                "H27",
                f"'{structure.name}' has no dose by voxel, because one density was "
                f"used for all tissue{by_shunt}",
                subject=structure.name,
                remedy=remedy,
            )
            for structure in structures
            if structure.role is Role.LUNGS
        ]
        if density_by_voxel:
            findings.append(
                Finding.of(
                    "H27",
                    f"{dose.method} uses one density, {dose.one_density_g_per_ml:.4g} "
                    "g/mL, the median where the activity is; near the lungs use "
                    "--method collapsed-cone",
                    severity=Severity.WARN,
                    subject=dose.method,
                    value=dose.one_density_g_per_ml,
                )
            )
    return findings
