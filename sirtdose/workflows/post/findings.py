"""What is to be said of the doses themselves."""

from collections.abc import Mapping, Sequence

from sirtdose.data.load import table
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.dosimetry.engine.radial_kernel import RadialKernel
from sirtdose.dosimetry.histogram.dvh import FEW_VOXELS
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.hot_spots import Extrahepatic
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.ledger import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.plausible import kernel_energy_findings, nuclide_findings
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Source, Volume

_SPOTS_MAX = 5
_ORGAN_GY = 20.0
# Lung masses further apart than this are said.
_SAME_LUNG_MASS = 0.1


def physics_findings(
    *,
    nuclide: Nuclide,
    medium: str,
    density_by_voxel: bool,
    structures: Sequence[Structure],
    doses: Mapping[str, Dose],
) -> list[Finding]:
    """Unusual constants, and what a method of one density leaves out (H09, H27)."""
    findings = nuclide_findings(nuclide)
    if any(dose.medium for dose in doses.values()):
        radial = RadialKernel.of(nuclide, medium)
        findings += kernel_energy_findings(nuclide, radial.energy_mev_per_decay)
    for dose in doses.values():
        if dose.one_density_g_per_ml is None:
            continue
        findings += [
            Finding.of(
                "H27",
                f"'{structure.name}' is not in the table of {dose.method}: at the "
                "liver's density its dose would be wrong; --lung-shunt gives it by "
                "shunt, --density ct by voxel",
            )
            for structure in structures
            if structure.role is Role.LUNGS
        ]
        if density_by_voxel:
            findings.append(
                Finding.of(
                    "H27",
                    f"{dose.method} knows one density: {dose.one_density_g_per_ml:.4g} "
                    "g/mL is used, the median where the activity is; near the lungs "
                    "collapsed-cone is the method",
                    severity=Severity.WARN,
                )
            )
    return findings


def camera_findings(
    *,
    source: Source | None,
    nuclide: Nuclide,
    camera_limit_gbq: float | None,
    in_view_gbq: float,
    elapsed_h: float | None,
) -> list[Finding]:
    """More activity in view than a gamma camera counts in proportion (H13)."""
    if source is not None and source.modality == "PT":
        return []
    if source is not None and source.decay_correction == "ADMIN":
        said = (
            "the camera's dead time not checked: the image is corrected for decay to "
            "the administration, and does not say when it was taken"
        )
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    if camera_limit_gbq is None or elapsed_h is None:
        if camera_limit_gbq is None and nuclide.name != "Ho-166":
            return []
        needs = (
            "--camera-limit, with --administered-at and --scan-at"
            if camera_limit_gbq is None
            else "--administered-at and the time of the scan"
        )
        said = f"the camera's dead time not checked: needs {needs}"
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    at_scan_gbq = in_view_gbq * nuclide.decay_factor(elapsed_h)
    said = (
        f"{at_scan_gbq:.4g} GBq were in view at the scan, the camera counts in "
        f"proportion up to {camera_limit_gbq:.4g} GBq"
    )
    if at_scan_gbq <= camera_limit_gbq:
        return [Finding.of("H13", said, severity=Severity.NOTE)]
    return [
        Finding.of(
            "H13",
            f"{said}: hot places look colder than they are",
            severity=Severity.WARN,
        )
    ]


def few_voxel_findings(
    *, rows: Sequence[StructureDose], voxel_ml: float
) -> list[Finding]:
    """Tumors of so few voxels that their histogram says little (H21)."""
    few = [
        f"'{row.structure.name}' ({row.dvh.volume_ml / voxel_ml:.0f})"
        for row in rows
        if row.structure.role.is_tumor and row.dvh.volume_ml < FEW_VOXELS * voxel_ml
    ]
    if not few:
        return []
    said = (
        f"under {FEW_VOXELS} voxels: {', '.join(few)}: the mean stands, D_x and "
        "histogram rest on few numbers"
    )
    return [Finding.of("H21", said, severity=Severity.WARN)]


def noise_findings(*, image: Volume) -> list[Finding]:
    """What of an image's lowest and highest voxels is shown (H21)."""
    negative = int((image.data < 0).sum())
    said = "the lowest and highest voxel are noise: D98 and D2 stand for them"
    if negative:
        said += f"; {negative} voxels below 0 are kept, as clipping them adds activity"
    return [Finding.of("H21", said)]


def hot_spot_findings(
    *, beyond: Extrahepatic | None, rows: Sequence[StructureDose]
) -> list[Finding]:
    """Organs with dose, and places with dose outside of liver and lungs (H28)."""
    findings = [
        Finding.of(
            "H28",
            f"'{row.structure.name}' gets {row.mean_by_mass_gy:.4g} Gy: is it uptake "
            "of its own, or the liver's blur?",
        )
        for row in rows
        if row.structure.role in (Role.GALLBLADDER, Role.ORGAN)
        and row.mean_by_mass_gy >= _ORGAN_GY
    ]
    if beyond is None:
        said = (
            "uptake outside of the liver not checked: needs a structure of role liver"
        )
        return [*findings, Finding.of("H28", said, severity=Severity.NOTE)]
    for spot in beyond.spots[:_SPOTS_MAX]:
        x, y, z = spot.at_mm
        where = f" in '{spot.inside}'" if spot.inside else ""
        findings.append(
            Finding.of(
                "H28",
                f"{spot.mean_gy:.4g} Gy in {spot.volume_ml:.1f} mL{where} outside of "
                f"liver and lungs (peak {spot.peak_gy:.4g} Gy at x {x:.0f}, y {y:.0f}, "
                f"z {z:.0f} mm): uptake in another organ, or noise?",
            )
        )
    if len(beyond.spots) > _SPOTS_MAX:
        findings.append(
            Finding.of(
                "H28",
                f"{len(beyond.spots) - _SPOTS_MAX} more hot spots outside of liver and "
                "lungs",
            )
        )
    return findings


def lung_row_findings(
    *, tables: Mapping[str, Sequence[StructureDose]], lungs: Lungs
) -> list[Finding]:
    """The lungs' dose by voxel against their limit, their mass against the shunt's."""
    limit_gy = table("limits")["lungs"]["limit_gy"]
    findings, masses = [], {}
    for method, rows in tables.items():
        for row in rows:
            if row.structure.role is not Role.LUNGS:
                continue
            masses[row.structure.name] = row.mass_kg
            if row.mean_by_mass_gy > limit_gy:
                findings.append(
                    Finding.of(
                        "H22",
                        f"'{row.structure.name}' have {row.mean_by_mass_gy:.4g} Gy, "
                        f"energy over mass, by {method}, above {limit_gy:g} Gy (this "
                        "session)",
                    )
                )
    mass_kg = sum(masses.values())
    if masses and lungs.known and abs(mass_kg / lungs.mass_kg - 1) > _SAME_LUNG_MASS:
        findings.append(
            Finding.of(
                "H23",
                f"the lungs weigh {mass_kg:.3g} kg by their densities, the dose by "
                f"shunt takes {lungs.mass_kg:g} kg ({lungs.mass_source})",
            )
        )
    return findings


def negative_dose_findings(*, dose: Volume) -> list[Finding]:
    """Doses that RTDOSE has no number for (H30)."""
    count = int((dose.data < 0).sum())
    if not count:
        return []
    said = (
        f"RTDOSE holds no dose below 0: {count} of {dose.data.size} voxels are 0 "
        "there; the NIfTI and the tables keep them"
    )
    return [Finding.of("H30", said, severity=Severity.NOTE)]
