"""Assess a treatment: an image and the ledger to doses."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sirtdose.errors import GeometryError, InputError, SafetyStop
from sirtdose.model.finding import Finding, Severity, require_accepted
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.model.volume import Volume
from sirtdose.workflows.post_density import tissue_density
from sirtdose.workflows.post_findings import lung_row_findings, physics_findings
from sirtdose.workflows.post_grid import on_dose_grid
from sirtdose.workflows.post_image import image_findings
from sirtdose.workflows.post_ledger import ledger_of, require_times
from sirtdose.workflows.post_request import PostRequest

if TYPE_CHECKING:
    from sirtdose.dosimetry.assessment import Assessment, StructureDose
    from sirtdose.dosimetry.calibrate import Calibrated
    from sirtdose.dosimetry.engine import Dose
    from sirtdose.io.choose import Choice
    from sirtdose.io.found import Found
    from sirtdose.model.lungs import Lungs
    from sirtdose.model.structure import Structure


_OptionalPath = TypeVar("_OptionalPath", Path, Path | None)


def assess_dose(request: PostRequest) -> "Assessment":
    """Doses to tumors, normal liver and lungs from an image after treatment.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted; SafetyStop where a coded check stops
        or asks.
    """
    from sirtdose.io.archive import opened

    _require_map(request)
    with opened(request.source) as source:
        return _assess(replace(request, source=source))


def _assess(request: PostRequest) -> "Assessment":
    from sirtdose.dosimetry.activity import (
        activity_at_administration,
        time_integrated_activity,
    )
    from sirtdose.dosimetry.assessment import Assessment
    from sirtdose.dosimetry.engine import compute_dose
    from sirtdose.io.choose import choose
    from sirtdose.io.discover import discover
    from sirtdose.workflows.post_structures import placed_structures

    findings: list[Finding] = []
    found = discover(request.source)
    if isinstance(request.density, Path):
        own = request.density.resolve()
        found = [
            item for item in found if own not in [path.resolve() for path in item.paths]
        ]
    choice = choose(
        found,
        image=_inside(request.source, request.image),
        ct=_inside(request.source, request.ct),
        structures=[_inside(request.source, path) for path in request.structures],
    )
    _require_one_patient([choice.image, *choice.structures, choice.ct], findings)
    require_accepted(findings, request.acceptances)
    image = _activity_image(choice, request)
    findings += image_findings(image, request)
    require_accepted(findings, request.acceptances)
    ct = _ct_image(choice, request, image, findings)
    volume = on_dose_grid(request, image, ct)
    structures, regions, lungs_covered = placed_structures(
        choice, request, image, volume, findings
    )
    ledger, times = ledger_of(request, volume, findings)
    require_accepted(findings, request.acceptances)
    require_times(request, volume, times)
    calibrated = _calibrated(request, volume, regions, ledger, times, lungs_covered)
    findings += calibrated.findings
    ledger = replace(ledger, in_image_gbq=calibrated.in_image_gbq)
    require_accepted(findings, request.acceptances)

    density = tissue_density(request, volume, ct, structures, findings)
    require_accepted(findings, request.acceptances)
    activity = activity_at_administration(volume, calibrated.used)
    tia = time_integrated_activity(activity, request.nuclide)
    doses, tables = {}, {}
    for method in request.used_methods:
        dose = compute_dose(
            tia,
            nuclide=request.nuclide,
            density_g_per_ml=density.g_per_ml,
            method=method,
            medium=request.medium,
        )
        doses[dose.method] = dose
        tables[dose.method] = _structure_doses(structures, dose, activity)
    lungs = _lungs(request, ledger, findings)
    findings += physics_findings(request, structures, doses)
    findings += lung_row_findings(tables, lungs)
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
        density_origin=density.origin,
        density_source=density.source,
        dose_grid=_grid_in_words(request),
        lungs=lungs,
        findings=tuple(findings),
        accepted=request.acceptances,
        image=volume,
        ct=ct,
        structures=tuple(structures),
        times=times,
        choices=choice.reasons,
        inputs=tuple(_input_of(item) for item in _used(choice, request)),
    )


def _grid_in_words(request: PostRequest) -> str:
    side = request.dose_grid
    return f"cubes of {side:g} mm" if isinstance(side, float) else f"{side} voxels"


def _inside(folder: Path, path: _OptionalPath) -> _OptionalPath:
    """A path as given, or as the name of something in the folder."""
    if path is not None and not path.exists() and (folder / path).exists():
        return folder / path
    return path


def _require_one_patient(
    items: "Sequence[Found | None]", findings: list[Finding]
) -> None:
    from sirtdose.io.found import names_in, patients_in

    known = [item for item in items if item is not None]
    people = patients_in(known)
    if people > 1:
        raise SafetyStop(
            f"the files are of {people} patients (H01: PatientID, name, birth date and "
            "sex differ): give the files of one"
        )
    if names_in(known) > 1:
        said = "the patient's name differs, while PatientID and birth date agree"
        findings.append(Finding.of("H01", said, severity=Severity.ASK))


def _activity_image(choice: "Choice", request: PostRequest) -> "Volume":
    from sirtdose.io.read import read_found_image
    from sirtdose.model.volume import Quantity

    says = (
        Quantity.ACTIVITY_CONCENTRATION
        if request.calibration == "image"
        else Quantity.COUNTS
    )
    return read_found_image(
        choice.image, quantity=says, header_nuclide_was=request.header_nuclide_was
    )


def _ct_image(
    choice: "Choice", request: PostRequest, volume: "Volume", findings: list[Finding]
) -> "Volume | None":
    """The CT for the pictures; one that was only found must not stop the doses."""
    from sirtdose.dosimetry.resample import overlap
    from sirtdose.io.read import read_found_image
    from sirtdose.model.volume import Quantity

    needed = "ct" in (request.density, request.dose_grid)
    if choice.ct is None:
        several = [one for one in choice.reasons if one.startswith("CT: none")]
        if needed and several:
            raise InputError(f"a CT is needed; {several[0]}")
        return None
    if set(choice.ct.paths) & set(choice.image.paths):
        raise InputError(
            f"--ct {choice.ct.label} is the activity image itself: give a CT"
        )
    try:
        ct = read_found_image(choice.ct, quantity=Quantity.CT_NUMBER)
        volume.grid.require_frame(ct.grid, what="the CT")
        if not overlap(ct.grid, volume.grid):
            raise GeometryError("the CT lies wholly outside the image (H15)")
    except InputError as error:
        if request.ct is not None or needed:
            raise
        findings.append(Finding.of("H17", f"the CT is not shown: {error}"))
        return None
    return ct


def _calibrated(
    request: PostRequest,
    volume: "Volume",
    regions: "Mapping[str, Structure]",
    ledger: Ledger,
    times: Mapping[str, Any],
    lungs_covered: float,
) -> "Calibrated":
    from sirtdose.dosimetry.calibrate import CalibrationRequest, calibrate

    return calibrate(
        volume,
        regions,
        request=CalibrationRequest(
            method=request.calibration,
            over=request.calibrate_over,
            cps_per_mbq=request.cps_per_mbq,
            elapsed_h=times["elapsed_h"],
            scan_duration_h=request.scan_duration_h,
        ),
        ledger=ledger,
        nuclide=request.nuclide,
        lungs_covered=lungs_covered,
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
            mean_by_mass_gy=dose.mean_by_mass_gy(structure),
        )
        for structure in structures
        # One density is the liver's: it would give the lungs a third of their dose.
        if structure.role is not Role.LUNGS or dose.one_density_g_per_ml is None
    ]


def _lungs(request: PostRequest, ledger: Ledger, findings: list[Finding]) -> "Lungs":
    from sirtdose.planning.limits import limit_findings, lung_limits
    from sirtdose.planning.lung_shunt import lung_shunt_findings, lungs

    result = lungs(
        activity_gbq=ledger.delivered_gbq,
        lung_shunt_fraction=request.lung_shunt_fraction,
        lung_mass_kg=request.lung_mass_kg,
        lung_mass_source=request.lung_mass_source,
        lung_shunt_source=request.lung_shunt_source,
        prior_lung_dose_gy=request.prior_lung_dose_gy,
        dose_constant_gy_kg_per_gbq=request.nuclide.dose_constant_gy_kg_per_gbq,
    )
    findings += lung_shunt_findings(result)
    findings += limit_findings(lung_limits(result))
    return result


def _require_map(request: PostRequest) -> None:
    """Refuse before anything is read what could only be refused at the end."""
    images = [path.resolve() for path in (request.source, request.image) if path]
    if isinstance(request.density, Path) and request.density.resolve() in images:
        raise InputError(
            f"--density {request.density.name} is the activity image itself: give an "
            "image of densities in g/mL"
        )
    if "collapsed-cone" in request.used_methods and not request.density_by_voxel:
        raise InputError(
            "collapsed-cone follows energy through varying density: give --density ct "
            "or an image of densities; in one density --method kernel is exact"
        )


def _used(choice: "Choice", request: PostRequest) -> "list[Found]":
    from sirtdose.io.discover import discover

    densities = discover(request.density) if isinstance(request.density, Path) else []
    items = (choice.image, choice.ct, *choice.structures, *densities)
    return [item for item in items if item is not None]


def _input_of(item: "Found") -> dict[str, Any]:
    from sirtdose.io.hashing import sha256_of

    return {
        "file": item.label,
        "files": len(item.paths),
        "kind": str(item.kind),
        "sha256": sha256_of(item.paths),
        "series_instance_uid": item.series_instance_uid or None,
    }
