"""Plan by a scout image: uptakes and masses measured, doses predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.engine.dose import METHODS, compute_dose
from sirtdose.dosimetry.histogram.structure_dose import structure_doses
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.calibrate import negative_findings
from sirtdose.dosimetry.image.uptake import activity_per_gbq, outside_fraction
from sirtdose.dosimetry.results import Prediction, combined
from sirtdose.io.archive import opened
from sirtdose.model.finding import Finding, require_accepted
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.role import Role
from sirtdose.planning.case_plan import activities_of, plan_of
from sirtdose.planning.imaged_injection import ImagedInjection
from sirtdose.planning.partition_checks import ratio_findings
from sirtdose.planning.partition_plan import injections_document
from sirtdose.workflows.image.blur import small_tumor_findings
from sirtdose.workflows.image.density import TissueDensity, tissue_density
from sirtdose.workflows.image.grid import on_dose_grid
from sirtdose.workflows.image.lungs import measured_lung_mass, measured_shunt
from sirtdose.workflows.image.scene import (
    activity_image,
    chosen,
    ct_image,
    inputs_of,
    require_map,
)
from sirtdose.workflows.image.structures import placed_structures
from sirtdose.workflows.plan.imaged_case import (
    imaged_case,
    measured_parts,
    parts_of,
    perfusions_of,
)
from sirtdose.workflows.plan.numbers import PlanRequest, accepted
from sirtdose.workflows.plan.scout_findings import (
    map_findings,
    method_findings,
    outside_findings,
    overlapping_findings,
    scout_findings,
    typed_shunt_findings,
    typed_volume_findings,
    unperfused_findings,
)
from sirtdose.workflows.post.findings import lung_row_findings

if TYPE_CHECKING:
    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.dosimetry.image.spect_shunt import SpectShunt
    from sirtdose.dosimetry.image.uptake import Perfusion
    from sirtdose.io.choose import Choice
    from sirtdose.model.volume import Volume
    from sirtdose.planning.partition_case import Case
    from sirtdose.planning.result import Plan
    from sirtdose.workflows.image.structures import Placed

_TOO_LOW = (
    "their T/N and dose are underestimated, and a tumor dose as goal takes too much "
    "activity"
)


@dataclass(frozen=True)
class Scout:
    """What a plan by an image is asked beside what every plan is.

    `dose` says how doses come from the image, of a nuclide that was typed or assumed.
    `typed_ml` are volumes to be checked against the image's, by ``perfused`` and
    ``liver``; `margin_mm` of lung beside the liver is left out of the shunt.
    """

    injections: tuple[ImagedInjection, ...]
    dose: DoseRequest = field(default_factory=DoseRequest)
    nuclide_given: bool = True
    treatment_at: datetime | None = None
    same_catheter: bool | None = None
    margin_mm: float = 0.0
    typed_ml: Mapping[str, float] = field(default_factory=dict)

    @property
    def maximizes(self) -> bool:
        """Whether any activity is to grow until a limit binds."""
        return any(one.goal == "maximize" for one in self.injections)


@dataclass(frozen=True, eq=False)
class _Read:
    """Everything that comes from files, on the dose grid."""

    choice: "Choice"
    volume: "Volume"
    placed: "Placed"
    shunt: "SpectShunt | None"
    density: TissueDensity


def plan_image(
    images: ImageRequest, request: PlanRequest, scout: Scout
) -> "tuple[Plan, Prediction]":
    """Plan injections by what a scout image shows.

    The lung shunt is that of the request, else measured where lungs and liver are
    drawn; the lung mass that of the request, else the CT's, else 1 kg.

    Raises
    ------
    InputError
        Images or structures that cannot be used or trusted; SafetyStop where a coded
        check stops or asks.
    PlanningError
        No activity meets the limits.
    """
    require_map(images, scout.dose)
    findings: list[Finding] = []
    with opened(images.source) as source:
        images = replace(images, source=source)
        read, request = _read(images, request, scout, findings)
        plan, prediction = _planned(read, images, request, scout, findings)
    return accepted(plan, request), prediction


def _read(
    images: ImageRequest, request: PlanRequest, scout: Scout, findings: list[Finding]
) -> tuple[_Read, PlanRequest]:
    """Image, structures, densities and lungs; the request with what was measured."""
    dose = scout.dose
    choice = chosen(images, [dose.density], findings, request.acceptances)
    image = activity_image(choice)
    typed = request.lung_shunt_fraction
    findings += scout_findings(
        image,
        treatment_at=scout.treatment_at,
        same_catheter=scout.same_catheter,
        measures_shunt=typed is None,
        planned=request.nuclide,
        nuclide_given=scout.nuclide_given,
    )
    require_accepted(findings, request.acceptances)
    ct = ct_image(
        choice,
        image,
        findings,
        named=images.ct is not None,
        needed="ct" in (dose.density, images.dose_grid),
    )
    volume = on_dose_grid(images, image, ct)
    placed = placed_structures(
        choice, images, image, volume, findings, ct, acceptances=request.acceptances
    )
    require_accepted(findings, request.acceptances)
    about_shunt: list[Finding] = []
    shunt = measured_shunt(volume, placed, about_shunt, margin_mm=scout.margin_mm)
    if typed is None:
        findings += about_shunt
    elif shunt is not None:
        findings += typed_shunt_findings(typed, shunt.fraction)
    if shunt is not None and typed is None:
        request = replace(
            request, lung_shunt_fraction=shunt.fraction, lung_shunt_source="spect"
        )
    if request.lung_mass_source == "default":
        mass = measured_lung_mass(ct, placed.lungs, findings)
        request = replace(request, lung_mass_kg=mass.kg, lung_mass_source=mass.source)
    density = TissueDensity(request.density_g_per_ml, "given")
    if dose.density_by_voxel:
        density = tissue_density(
            dose, request.nuclide, volume, ct, list(placed.on_grid), findings
        )
    require_accepted(findings, request.acceptances)
    return _Read(choice, volume, placed, shunt, density), request


def _planned(
    read: _Read,
    images: ImageRequest,
    request: PlanRequest,
    scout: Scout,
    findings: list[Finding],
) -> "tuple[Plan, Prediction]":
    volume, placed = read.volume, read.placed
    perfusions = perfusions_of(scout.injections, placed, volume, request)
    findings += typed_volume_findings(
        scout.typed_ml, [one.structure for one in perfusions], placed.drawn
    )
    lungs = next((s for s in placed.on_grid if s.role is Role.LUNGS), None)
    outside = outside_fraction([one.structure for one in perfusions], volume, lungs)
    findings += outside_findings(outside)
    findings += negative_findings(volume)
    findings += small_tumor_findings(placed.drawn, consequence=_TOO_LOW)
    doses = _doses_per_gbq(scout.dose, request, perfusions, read)
    parts = parts_of(perfusions, placed)
    findings += overlapping_findings(perfusions)
    findings += unperfused_findings(parts)
    case = imaged_case(
        scout.injections,
        perfusions,
        parts,
        volume,
        read.density.g_per_ml,
        doses,
        request,
    )
    request, said = request.with_limits(
        union([one.structure for one in perfusions]).volume_ml,
        _volume_ml(case, "liver") or None,
    )
    findings += [*said, *method_findings(scout.dose.used_methods[0], request)]
    require_accepted(findings, request.acceptances)
    plan = _plan(case, request, scout, doses, findings)
    prediction = _prediction(plan, read, images, scout.dose.density, perfusions, doses)
    prediction = replace(
        prediction,
        outside_fraction=outside,
        measured=measured_parts(
            perfusions, parts, placed, volume, read.density.g_per_ml
        ),
    )
    checked = map_findings(plan, prediction, volume)
    checked += lung_row_findings(prediction.rows, plan.lungs)
    return replace(plan, findings=(*plan.findings, *checked)), prediction


def _volume_ml(case: "Case", role: str) -> float:
    return sum(region.volume_ml for region in case.held(role))


def _doses_per_gbq(
    dose: DoseRequest,
    request: PlanRequest,
    perfusions: "Sequence[Perfusion]",
    read: _Read,
) -> "dict[str, dict[str, Dose]]":
    """The dose of 1 GBq of each injection, by its name and by method."""
    doses: dict[str, dict[str, Dose]] = {}
    for i, one in enumerate(perfusions):
        activity = activity_per_gbq(i, perfusions, read.volume)
        tia = time_integrated_activity(activity, request.nuclide)
        doses[one.name] = {
            METHODS[method]: compute_dose(
                tia,
                nuclide=request.nuclide,
                density_g_per_ml=read.density.g_per_ml,
                method=method,
                medium=dose.medium,
            )
            for method in dose.used_methods
        }
    return doses


def _plan(
    case: "Case",
    request: PlanRequest,
    scout: Scout,
    doses: "Mapping[str, Mapping[str, Dose]]",
    findings: Sequence[Finding],
) -> "Plan":
    activities = activities_of(scout.injections, case, request)
    return plan_of(
        activities,
        case,
        request,
        method="image",
        maximized=scout.maximizes,
        one_density=not scout.dose.density_by_voxel,
        assumptions={
            "dose_method": next(iter(doses[case.injections[0]])),
            "injections": injections_document(
                scout.injections, case, activities, request
            ),
        },
        findings=[*findings, *ratio_findings(case)],
    )


def _prediction(
    plan: "Plan",
    read: _Read,
    images: ImageRequest,
    density: object,
    perfusions: "Sequence[Perfusion]",
    doses: "Mapping[str, Mapping[str, Dose]]",
) -> "Prediction":
    """Maps and tables, per GBq of each injection and at the planned activities."""
    structures = read.placed.on_grid
    activities = [one["activity_gbq"] for one in plan.assumptions["injections"]]
    planned, rows, rows_per_gbq = {}, {}, {}
    total = None
    for i, (one, gbq) in enumerate(zip(perfusions, activities, strict=True)):
        each = activity_per_gbq(i, perfusions, read.volume)
        rows_per_gbq[one.name] = {
            method: structure_doses(structures, dose, each)
            for method, dose in doses[one.name].items()
        }
        share = each.data * gbq
        total = each.with_data(share if total is None else total.data + share)
    if total is not None:
        for method in doses[perfusions[0].name]:
            planned[method] = combined(
                [doses[one.name][method] for one in perfusions], activities
            )
            rows[method] = structure_doses(structures, planned[method], total)
    return Prediction(
        image=read.volume,
        image_total=read.volume.total(),
        in_map_gbq=0.0 if total is None else total.total(),
        outside_fraction=0.0,
        measured=(),
        perfusions=tuple(perfusions),
        shunt=read.shunt,
        lungs_covered=read.placed.lungs_covered,
        per_gbq=doses,
        rows_per_gbq=rows_per_gbq,
        doses=planned,
        rows=rows,
        density_origin=read.density.origin,
        density_source=read.density.source,
        dose_grid=images.grid_in_words,
        choices=read.choice.reasons,
        inputs=inputs_of(read.choice, density),
    )
