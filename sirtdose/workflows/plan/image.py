"""Plan by a scout image: uptakes and masses measured, doses predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sirtdose.dosimetry.derived import union
from sirtdose.dosimetry.engine.dose import METHODS, compute_dose
from sirtdose.dosimetry.engine.tissue_density import TissueDensity
from sirtdose.dosimetry.histogram.structure_dose import structure_doses
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.calibrate import negative_findings
from sirtdose.dosimetry.image.uptake import activity_per_gbq, outside_fraction
from sirtdose.dosimetry.results import Prediction, combined
from sirtdose.io.archive import opened
from sirtdose.model.finding import Finding
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.role import Role
from sirtdose.model.said import Said
from sirtdose.planning.case_plan import activities_of, plan_of
from sirtdose.planning.imaged_injection import ImagedInjection
from sirtdose.planning.partition_checks import ratio_findings
from sirtdose.planning.partition_plan import injections_document
from sirtdose.workflows.image.blur import small_tumor_findings
from sirtdose.workflows.image.density import tissue_density
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
    from sirtdose.dosimetry.results import Placed
    from sirtdose.io.choose import Choice
    from sirtdose.planning.partition_case import Case
    from sirtdose.planning.result import Plan

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
    placed: "Placed"
    shunt: "SpectShunt | None"


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
    scout = replace(scout, dose=scout.dose.for_nuclide(request.nuclide))
    said = Said(request.acceptances)
    with opened(images.source) as source:
        images = replace(images, source=source)
        read, request = _read(images, request, scout, said)
        plan, prediction = _planned(read, images, request, scout, said)
    return accepted(plan, request), prediction


def _read(
    images: ImageRequest, request: PlanRequest, scout: Scout, said: Said
) -> tuple[_Read, PlanRequest]:
    """Image, structures, densities and lungs; the request with what was measured."""
    dose = scout.dose
    choice = said.take(chosen(images, [dose.density]))
    image = activity_image(choice, nuclide=request.nuclide)
    said.add(
        scout_findings(
            source=image.source,
            treatment_at=scout.treatment_at,
            same_catheter=scout.same_catheter,
            measures_shunt=request.lung_shunt_fraction is None,
            planned=request.nuclide,
            nuclide_given=scout.nuclide_given,
        )
    )
    said.gate()
    ct = said.take(
        ct_image(
            choice,
            image,
            named=images.ct is not None,
            needed="ct" in (dose.density, images.dose_grid),
        )
    )
    placed = said.take(placed_structures(choice, images, image=image, ct=ct))
    said.gate()
    shunt, request = said.take(_lungs(placed, request, scout.margin_mm))
    density = TissueDensity(request.density_g_per_ml)
    if dose.density_by_voxel:
        density = said.take(tissue_density(dose, request.nuclide, placed))
    said.gate()
    return _Read(choice, replace(placed, density=density), shunt), request


def _lungs(
    placed: "Placed", request: PlanRequest, margin_mm: float
) -> "tuple[tuple[SpectShunt | None, PlanRequest], list[Finding]]":
    """What the image tells of shunt and lung mass, where they were not typed."""
    typed = request.lung_shunt_fraction
    shunt, findings = measured_shunt(placed, margin_mm=margin_mm)
    if shunt is not None and typed is None:
        request = replace(
            request, lung_shunt_fraction=shunt.fraction, lung_shunt_source="spect"
        )
    elif shunt is not None and typed is not None:
        findings = typed_shunt_findings(typed=typed, measured=shunt.fraction)
    if request.lung_mass_source == "default":
        mass, weighed = measured_lung_mass(placed.ct, placed.lungs)
        request = replace(request, lung_mass_kg=mass.kg, lung_mass_source=mass.source)
        findings = [*findings, *weighed]
    return (shunt, request), findings


def _planned(
    read: _Read,
    images: ImageRequest,
    request: PlanRequest,
    scout: Scout,
    said: Said,
) -> "tuple[Plan, Prediction]":
    placed, volume = read.placed, read.placed.image
    perfusions = perfusions_of(scout.injections, placed, volume, request)
    said.add(
        typed_volume_findings(
            typed_ml=scout.typed_ml,
            perfused=[one.structure for one in perfusions],
            drawn=placed.drawn,
        )
    )
    lungs = next((s for s in placed.on_grid if s.role is Role.LUNGS), None)
    outside = outside_fraction([one.structure for one in perfusions], volume, lungs)
    said.add(outside_findings(part=outside))
    said.add(negative_findings(volume))
    said.add(small_tumor_findings(drawn=placed.drawn, consequence=_TOO_LOW))
    doses = _doses_per_gbq(scout.dose, request.nuclide, perfusions, placed)
    parts = parts_of(perfusions, placed)
    said.add(overlapping_findings(perfusions=perfusions))
    said.add(unperfused_findings(parts=parts))
    case = imaged_case(
        scout.injections,
        perfusions,
        parts,
        volume,
        placed.density.g_per_ml,
        doses,
        request,
    )
    request, limits = request.with_limits(
        union([one.structure for one in perfusions]).volume_ml,
        _volume_ml(case, "liver") or None,
    )
    said.add(
        [*limits, *method_findings(method=scout.dose.used_methods[0], terms=request)]
    )
    said.gate()
    plan = _plan(case, request, scout, doses, said.findings)
    prediction = _prediction(
        plan,
        read,
        perfusions,
        doses,
        dose_grid=images.grid_in_words,
        inputs=inputs_of(read.choice, scout.dose.density),
    )
    prediction = replace(
        prediction,
        outside_fraction=outside,
        measured=measured_parts(
            perfusions, parts, placed, volume, placed.density.g_per_ml
        ),
    )
    checked = map_findings(plan=plan, prediction=prediction)
    checked += lung_row_findings(tables=prediction.rows, lungs=plan.lungs)
    return replace(plan, findings=(*plan.findings, *checked)), prediction


def _volume_ml(case: "Case", role: str) -> float:
    return sum(region.volume_ml for region in case.held(role))


def _doses_per_gbq(
    dose: DoseRequest,
    nuclide: Nuclide,
    perfusions: "Sequence[Perfusion]",
    placed: "Placed",
) -> "dict[str, dict[str, Dose]]":
    """The dose of 1 GBq of each injection, by its name and by method."""
    doses: dict[str, dict[str, Dose]] = {}
    for i, one in enumerate(perfusions):
        activity = activity_per_gbq(i, perfusions, placed.image)
        tia = time_integrated_activity(activity, nuclide)
        doses[one.name] = {
            METHODS[method]: compute_dose(
                tia,
                nuclide=nuclide,
                density_g_per_ml=placed.density.g_per_ml,
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
    perfusions: "Sequence[Perfusion]",
    doses: "Mapping[str, Mapping[str, Dose]]",
    *,
    dose_grid: str,
    inputs: tuple[dict[str, Any], ...],
) -> "Prediction":
    """Maps and tables, per GBq of each injection and at the planned activities."""
    structures = read.placed.on_grid
    activities = [one["activity_gbq"] for one in plan.assumptions["injections"]]
    planned, rows, rows_per_gbq = {}, {}, {}
    total = None
    for i, (one, gbq) in enumerate(zip(perfusions, activities, strict=True)):
        each = activity_per_gbq(i, perfusions, read.placed.image)
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
        image=read.placed.image,
        image_total=read.placed.image.total(),
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
        density_origin=read.placed.density.origin,
        density_source=read.placed.density.source,
        dose_grid=dose_grid,
        choices=read.choice.reasons,
        inputs=inputs,
    )
