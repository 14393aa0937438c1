"""Assess a treatment: an image and the ledger to doses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.errors import InputError, SafetyStop, StructureError
from sirtdose.model.finding import Acceptance, Finding, Severity, require_accepted
from sirtdose.model.ledger import Ledger
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.role import Role

if TYPE_CHECKING:
    from sirtdose.dosimetry.assessment import Assessment, StructureDose
    from sirtdose.dosimetry.calibrate import Calibrated, Over
    from sirtdose.dosimetry.engine import Dose
    from sirtdose.io.discover import Choice, Found
    from sirtdose.model.lungs import Lungs
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume

_ELAPSED_MAX_H = 200.0
_RESIDUAL_MAX = 0.2


@dataclass(frozen=True)
class PostRequest:
    """What is to be assessed, and what was given when.

    Exactly one of `administered_gbq`, and `assay_gbq` with `assay_at`, is needed.
    Times know their offset from UTC; `timezone` places an image's own clock.
    """

    source: Path
    nuclide: Nuclide
    administered_gbq: float | None = None
    assay_gbq: float | None = None
    assay_at: datetime | None = None
    administered_at: datetime | None = None
    residual_gbq: float = 0.0
    residual_at: datetime | None = None
    lung_shunt_fraction: float | None = None
    image: Path | None = None
    ct: Path | None = None
    structures: tuple[Path, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=dict)
    calibration: str = "administered"
    cps_per_mbq: float | None = None
    calibrate_over: "Over | None" = None
    scan_at: datetime | None = None
    scan_duration_h: float | None = None
    timezone: str | None = None
    methods: tuple[str, ...] = ("local",)
    density_g_per_ml: float = 1.05
    lung_mass_kg: float = 1.0
    lung_mass_source: str = "default"
    lung_shunt_source: str = "unknown"
    prior_lung_dose_gy: float = 0.0
    acceptances: tuple[Acceptance, ...] = ()


def assess_dose(request: PostRequest) -> "Assessment":
    """Doses to tumors, normal liver and lungs from an image after treatment.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted; SafetyStop where a coded check stops
        or asks.
    """
    from sirtdose.dosimetry.activity import (
        activity_at_administration,
        time_integrated_activity,
    )
    from sirtdose.dosimetry.assessment import Assessment
    from sirtdose.dosimetry.engine import compute_dose
    from sirtdose.io.discover import choose, discover

    findings: list[Finding] = []
    found = discover(request.source)
    choice = choose(
        found, image=request.image, ct=request.ct, structures=request.structures
    )
    _require_one_patient([choice.image, *choice.structures, choice.ct])
    volume = _activity_image(choice, request)
    structures, covered = _structures(choice, request, volume, findings)
    ledger, times = _ledger(request, volume, findings)
    calibrated = _calibrated(request, volume, structures, ledger, times, covered)
    findings += calibrated.findings
    ledger = replace(ledger, in_image_gbq=calibrated.in_image_gbq)
    require_accepted(findings, request.acceptances)

    activity = activity_at_administration(volume, calibrated.used)
    tia = time_integrated_activity(activity, request.nuclide)
    doses, tables = {}, {}
    for method in request.methods:
        dose = compute_dose(
            tia,
            nuclide=request.nuclide,
            density_g_per_ml=request.density_g_per_ml,
            method=method,
        )
        doses[dose.method] = dose
        tables[dose.method] = _structure_doses(structures, dose, activity)
    lungs = _lungs(request, ledger, findings)
    findings += _density_findings(request, structures)
    findings.append(
        Finding.of("H37", "not a medical device: verify with an approved system")
    )
    return Assessment(
        nuclide=request.nuclide,
        ledger=ledger,
        calibration=calibrated.used,
        alternative=calibrated.alternative,
        doses=doses,
        structure_doses=tables,
        lungs=lungs,
        findings=tuple(findings),
        accepted=request.acceptances,
        image=volume,
        ct=_ct_image(choice, volume),
        structures=tuple(structures),
        times=times,
        choices=choice.reasons,
        inputs=tuple(_input_of(item) for item in _used(choice)),
    )


def _require_one_patient(items: "Sequence[Found | None]") -> None:
    from sirtdose.io.discover import patients_in

    people = patients_in(item for item in items if item is not None)
    if people > 1:
        raise SafetyStop(
            f"the files are of {people} patients (H01: PatientID, name, birth date and "
            "sex differ): give the files of one"
        )


def _activity_image(choice: "Choice", request: PostRequest) -> "Volume":
    from sirtdose.io.read import read_found_image
    from sirtdose.model.volume import Quantity

    says = (
        Quantity.ACTIVITY_CONCENTRATION
        if request.calibration == "image"
        else Quantity.COUNTS
    )
    return read_found_image(choice.image, quantity=says)


def _ct_image(choice: "Choice", volume: "Volume") -> "Volume | None":
    from sirtdose.io.read import read_found_image
    from sirtdose.model.volume import Quantity

    if choice.ct is None:
        return None
    ct = read_found_image(choice.ct, quantity=Quantity.CT_NUMBER)
    volume.grid.require_frame(ct.grid, what="the CT")
    return ct


def _structures(
    choice: "Choice",
    request: PostRequest,
    volume: "Volume",
    findings: list[Finding],
) -> "tuple[list[Structure], dict[str, float]]":
    """Structures on the image's grid with the derived ones, and their coverage."""
    from sirtdose.dosimetry import structure_checks as checks
    from sirtdose.dosimetry.derived import derived_structures, share_lattice
    from sirtdose.dosimetry.resample import occupancy_on
    from sirtdose.io.read import read_found_structures

    drawn = [s for item in choice.structures for s in read_found_structures(item)]
    drawn = _with_roles(drawn, request.roles)
    findings += checks.reading_findings(drawn)
    require_accepted(findings, request.acceptances)
    kept, on_grid, covered = [], [], {}
    for structure in (s for s in drawn if not s.empty):
        try:
            placed = occupancy_on(structure, volume.grid)
        except StructureError as error:
            if structure.role in checks.NEEDED:
                raise
            findings.append(Finding.of("H19", str(error), severity=Severity.NOTE))
            continue
        kept.append(structure)
        on_grid.append(placed)
        covered[structure.name] = placed.volume_ml / structure.volume_ml
        findings += checks.coverage_findings(structure, covered[structure.name])
    if not kept:
        raise StructureError("no structure lies inside the image: give --structures")
    exact = kept if share_lattice(kept) else on_grid
    derived = derived_structures(exact)
    findings += checks.volume_findings(exact)
    findings += checks.normal_findings([*exact, *derived])
    on_grid += [occupancy_on(structure, volume.grid) for structure in derived]
    return on_grid, covered


def _with_roles(
    structures: "list[Structure]", roles: Mapping[str, Role]
) -> "list[Structure]":
    names = {structure.name for structure in structures}
    unknown = sorted(set(roles) - names)
    if unknown:
        raise StructureError(
            f"--role names '{unknown[0]}', which is no structure here: there are "
            f"{', '.join(sorted(names))}"
        )
    return [replace(s, role=roles.get(s.name, s.role)) for s in structures]


def _ledger(
    request: PostRequest, volume: "Volume", findings: list[Finding]
) -> tuple[Ledger, dict[str, Any]]:
    nuclide = request.nuclide
    scan_at = _scan_time(request, volume)
    if request.administered_gbq is not None:
        administered = request.administered_gbq
    else:
        if request.assay_gbq is None or request.assay_at is None:
            raise InputError("give --administered, or --assay with --assay-at")
        elapsed = _elapsed_h(request.assay_at, request.administered_at, "assay")
        administered = request.assay_gbq * nuclide.decay_factor(elapsed)
    residual = request.residual_gbq
    if residual > 0:
        elapsed = _elapsed_h(request.residual_at, request.administered_at, "residual")
        residual *= nuclide.decay_factor(elapsed)
    ledger = Ledger(
        administered,
        residual_gbq=residual,
        lung_shunt_fraction=request.lung_shunt_fraction or 0.0,
    )
    if residual > _RESIDUAL_MAX * administered:
        findings.append(
            Finding.of(
                "H08",
                f"{residual / administered:.0%} of the administered activity stayed "
                "behind as residual: above 20 % the event may be reportable",
            )
        )
    times: dict[str, Any] = {
        "administered_at": request.administered_at,
        "scan_at": scan_at,
        "elapsed_h": None,
    }
    if scan_at is not None and request.administered_at is not None:
        elapsed = (scan_at - request.administered_at).total_seconds() / 3600
        times["elapsed_h"] = elapsed
        if not 0 <= elapsed <= _ELAPSED_MAX_H:
            findings.append(
                Finding.of(
                    "H09",
                    f"the scan is {elapsed:.1f} h after administration, outside 0 to "
                    f"{_ELAPSED_MAX_H:.0f} h: check dates and offsets",
                )
            )
    return ledger, times


def _scan_time(request: PostRequest, volume: "Volume") -> datetime | None:
    from sirtdose.model.units import localized

    if request.scan_at is not None:
        return request.scan_at
    start = volume.source.scan_start if volume.source else None
    if start is None or start.tzinfo is not None:
        return start
    return localized(start, request.timezone) if request.timezone else None


def _elapsed_h(start: datetime | None, end: datetime | None, what: str) -> float:
    if start is None or end is None:
        raise InputError(
            f"the {what} decays to the time of administration: give --{what}-at and "
            "--administered-at, with their offsets from UTC"
        )
    return (end - start).total_seconds() / 3600


def _calibrated(
    request: PostRequest,
    volume: "Volume",
    structures: "list[Structure]",
    ledger: Ledger,
    times: Mapping[str, Any],
    covered: Mapping[str, float],
) -> "Calibrated":
    from sirtdose.dosimetry.calibrate import CalibrationRequest, calibrate

    return calibrate(
        volume,
        structures,
        request=CalibrationRequest(
            method=request.calibration,
            over=request.calibrate_over,
            cps_per_mbq=request.cps_per_mbq,
            elapsed_h=times["elapsed_h"],
            scan_duration_h=request.scan_duration_h,
        ),
        ledger=ledger,
        nuclide=request.nuclide,
        covered=covered,
    )


def _structure_doses(
    structures: "list[Structure]", dose: "Dose", activity: "Volume"
) -> "list[StructureDose]":
    from sirtdose.dosimetry.activity import total_in
    from sirtdose.dosimetry.assessment import StructureDose
    from sirtdose.dosimetry.dvh import Dvh

    return [
        StructureDose(
            structure=structure,
            mass_kg=structure.mass_kg(dose.density_g_per_ml),
            activity_gbq=total_in(activity, structure),
            dvh=Dvh.of_structure(structure, dose.volume),
        )
        for structure in structures
        # One density is the liver's: it would give the lungs a third of their dose.
        if structure.role is not Role.LUNGS
    ]


def _lungs(request: PostRequest, ledger: Ledger, findings: list[Finding]) -> "Lungs":
    from sirtdose.planning.limits import limit_findings, lung_limits
    from sirtdose.planning.lung_shunt import lung_shunt_findings, lungs

    result = lungs(
        activity_gbq=ledger.delivered_gbq,
        lung_shunt_fraction=ledger.lung_shunt_fraction,
        lung_mass_kg=request.lung_mass_kg,
        lung_mass_source=request.lung_mass_source,
        lung_shunt_source="not given"
        if request.lung_shunt_fraction is None
        else request.lung_shunt_source,
        prior_lung_dose_gy=request.prior_lung_dose_gy,
        dose_constant_gy_kg_per_gbq=request.nuclide.dose_constant_gy_kg_per_gbq,
    )
    if request.lung_shunt_fraction is None:
        findings.append(
            Finding.of(
                "H22",
                "not checked: needs --lung-shunt; no shunt is assumed",
                severity=Severity.NOTE,
            )
        )
    else:
        findings += lung_shunt_findings(result)
    findings += limit_findings(lung_limits(result))
    return result


def _density_findings(
    request: PostRequest, structures: "list[Structure]"
) -> list[Finding]:
    findings = [
        Finding.of(
            "H27", f"one density for all tissue, {request.density_g_per_ml:g} g/mL"
        )
    ]
    findings += [
        Finding.of(
            "H27",
            f"'{structure.name}' is not in the table: at the liver's density its dose "
            "would be wrong; see the lung dose by shunt",
        )
        for structure in structures
        if structure.role is Role.LUNGS
    ]
    return findings


def _used(choice: "Choice") -> "list[Found]":
    return [
        item
        for item in (choice.image, choice.ct, *choice.structures)
        if item is not None
    ]


def _input_of(item: "Found") -> dict[str, Any]:
    from sirtdose.io.hashing import sha256_of

    return {
        "file": item.label,
        "files": len(item.paths),
        "kind": str(item.kind),
        "sha256": sha256_of(item.paths),
        "series_instance_uid": item.series_instance_uid or None,
    }
