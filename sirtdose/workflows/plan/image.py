"""Plan by a scout image: uptakes and masses measured, doses predicted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations

from sirtdose.checks.balance import balance_findings
from sirtdose.checks.calibration import negative_findings
from sirtdose.checks.image import (
    cut_off_findings,
    few_voxel_findings,
    hot_spot_findings,
    lung_row_findings,
    lungs_in_image_findings,
    noise_findings,
    outside_findings,
    physics_findings,
)
from sirtdose.checks.nuclide import not_understood
from sirtdose.checks.scout import (
    method_findings,
    overlapping_findings,
    same_dose_findings,
    scout_findings,
    typed_shunt_findings,
    typed_volume_findings,
    unperfused_findings,
)
from sirtdose.dosimetry.derived import union, with_role
from sirtdose.dosimetry.engine.tissue_density import TissueDensity
from sirtdose.dosimetry.grid.resample import covered_fraction, occupancy_on
from sirtdose.dosimetry.image.spect_shunt import SpectShunt
from sirtdose.dosimetry.image.uptake import (
    Perfusion,
    inside_fractions,
    lungs_in_image_gbq,
)
from sirtdose.dosimetry.results import Placed, Prediction
from sirtdose.io.archive import opened
from sirtdose.model.acceptance import Said
from sirtdose.model.finding import Finding
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.role import Role
from sirtdose.planning.case_plan import activities_of, growth_document, plan_of
from sirtdose.planning.injection_limits import with_own_limits
from sirtdose.planning.partition_goal import (
    ImagedInjection,
    goals_reached,
    with_named_aims,
)
from sirtdose.planning.partition_plan import injections_document
from sirtdose.planning.result import Plan
from sirtdose.workflows.image.camera import camera_input, camera_of_scout
from sirtdose.workflows.image.density import tissue_density
from sirtdose.workflows.image.lungs import measured_lung_mass, measured_shunt
from sirtdose.workflows.image.scene import (
    activity_image,
    chosen,
    ct_image,
    inputs_of,
    moved_as_asked,
    require_map,
)
from sirtdose.workflows.image.structures import (
    placed_structures,
    with_tumors_together,
)
from sirtdose.workflows.plan.blur import (
    as_seen,
    blur_words,
    require_histograms,
    small_tumors,
    without_blur,
)
from sirtdose.workflows.plan.earlier import (
    Earlier,
    earlier_on,
    require_one_source,
    with_map,
)
from sirtdose.workflows.plan.imaged_case import (
    Part,
    Read,
    imaged_case,
    missing_shunts,
    parts_of,
    perfusions_of,
)
from sirtdose.workflows.plan.imaged_dose import predicted, scouted_by, with_hottest
from sirtdose.workflows.plan.numbers import PlanRequest, accepted
from sirtdose.workflows.plan.voxel_goals import ScoutedVoxels, checked_goals

# A perfused volume that lies less than this in what injections reach is left out.
_MOST_OF_IT = 0.5


@dataclass(frozen=True)
class Scout:
    """What a plan by an image is asked beside what every plan is.

    `dose` says how doses come from the image, of a nuclide that was typed or assumed.
    `typed_ml` are volumes to be checked against the image's, by ``perfused`` and
    ``liver``; `margin_mm` of lung beside the liver is left out of the shunt.
    `treatment_at` is a time, or a day where no time is known; `earlier` is the dose of
    a session before.
    """

    injections: tuple[ImagedInjection, ...]
    dose: DoseRequest = field(default_factory=DoseRequest)
    nuclide_given: bool = True
    treatment_at: date | None = None
    same_catheter: bool | None = None
    margin_mm: float = 0.0
    typed_ml: Mapping[str, float] = field(default_factory=dict)
    earlier: Earlier = field(default_factory=Earlier)

    @property
    def maximizes(self) -> bool:
        """Whether any activity is to grow until a limit binds."""
        return any(one.goal == "maximize" for one in self.injections)


def plan_image(
    images: ImageRequest, request: PlanRequest, scout: Scout
) -> tuple[Plan, Prediction]:
    """Plan injections by what a scout image shows.

    The lung shunt is that of the request, else measured where lungs and liver are
    drawn; the lung mass that of the request, else the CT's, else 1 kg.

    Raises
    ------
    InputError
        Images or structures that cannot be used or trusted; SafetyStop where a coded
        check stops or asks.
    PlanningError
        No activity meets the goals, or every limit that bounds them.
    """
    require_map(images, scout.dose)
    require_one_source(scout.earlier, request, scout.injections)
    request = replace(request, nuclide=request.nuclide.for_energy(emitted=False))
    said = Said(request.acceptances)
    with opened(images.source) as source:
        images = replace(images, source=source)
        read, request = _read(images, request, scout, said)
    said.add(missing_shunts(scout.injections, request))
    said.gate()
    seen, read = read, said.take(without_blur(read, scout.dose))
    require_histograms(scout.injections, scout.dose)
    perfusions = perfusions_of(scout.injections, read.placed, read.counted, request)
    parts = parts_of(perfusions, read.placed)
    said.add(_volume_findings(seen, perfusions, parts, scout.typed_ml))
    said.add(small_tumors(read))
    request, limits = request.with_limits(
        union([one.structure for one in perfusions]).volume_ml,
        sum(one.structure.volume_ml for one in parts if one.role == "liver") or None,
        scout.injections,
        treated_before=scout.earlier.dose is not None
        or any(one.prior_dose_gy for one in scout.injections),
    )
    request = with_own_limits(request, scout.injections)
    said.add(limits)
    said.add(
        method_findings(
            method=scout.dose.used_methods[0],
            limits_source=next(
                (one.source for one in request.rules if not one.typed), ""
            ),
        )
    )
    said.gate()
    scouted = scouted_by(
        scout.dose, request.nuclide, read, perfusions=perfusions, parts=parts
    )
    case = imaged_case(scout.injections, scouted, request)
    case = replace(case, regions=with_map(case.regions, scouted, read.placed.prior))
    scout = replace(scout, injections=with_named_aims(scout.injections, case))
    voxels = ScoutedVoxels(scouted, case)
    plan = _plan(voxels, request, scout, read)
    prediction = replace(
        predicted(plan, scouted, read),
        goal_samples=voxels.samples(plan.goals, plan.activities_gbq),
    )
    checked_goals(
        plan.goals, prediction, {one.name: one.structure.name for one in parts}
    )
    if read.blur is not None:
        before = as_seen(scout.injections, seen, request, plan.activities_gbq)
        prediction = replace(prediction, blurred=before)
    said.add(_dose_findings(plan, prediction, read, scout.dose))
    return accepted(with_hottest(plan, prediction), request, said.findings), prediction


def _read(
    images: ImageRequest, request: PlanRequest, scout: Scout, said: Said
) -> tuple[Read, PlanRequest]:
    """Image, structures, densities and lungs; the request with what was measured."""
    dose = scout.dose
    others = [dose.density, images.camera, *scout.earlier.files]
    choice = said.take(chosen(images, others))
    image = activity_image(choice, nuclide=request.nuclide)
    image = said.take(moved_as_asked(image, images))
    camera = said.take(camera_of_scout(image, images, dose))
    said.add(
        scout_findings(
            source=image.source,
            treatment_at=scout.treatment_at,
            treatment_day=request.inputs.get("treatment_date"),
            same_catheter=scout.same_catheter,
            measures_shunt=request.lung_shunt_fraction is None,
            planned=request.nuclide,
            nuclide_given=scout.nuclide_given,
            own_gbq=sum(one.scout_gbq or 0.0 for one in scout.injections)
            or request.scout_activity_gbq,
        )
    )
    if image.source is not None and image.source.modality != "file":
        said.add(not_understood(image.source, "a scout's nuclide", request.nuclide))
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
    placed = said.take(
        earlier_on(
            scout.earlier,
            choice,
            with_tumors_together(placed),
            prior_lung_dose_gy=request.prior_lung_dose_gy,
        )
    )
    shunt, request = said.take(_lungs(placed, request, scout.margin_mm))
    density = (
        said.take(tissue_density(dose, request.nuclide, placed))
        if dose.density_by_voxel
        else TissueDensity(request.density_g_per_ml)
    )
    return Read(
        choice=choice,
        inputs=(
            *inputs_of(choice, dose.density, scout.earlier.dose),
            *scout.earlier.moved_by,
            *camera_input(camera),
        ),
        camera=camera,
        dose_grid=images.grid_in_words,
        own=image,
        placed=replace(placed, density=density),
        shunt=shunt,
    ), request


def _lungs(
    placed: Placed, request: PlanRequest, margin_mm: float
) -> tuple[tuple[SpectShunt | None, PlanRequest], list[Finding]]:
    """What the image tells of shunt and lung mass, where they were not typed."""
    typed = request.lung_shunt_fraction
    shunt, findings = measured_shunt(placed, margin_mm=margin_mm)
    if shunt is not None and typed is None:
        request = replace(
            request, lung_shunt_fraction=shunt.fraction, lung_shunt_source="spect"
        )
    elif shunt is not None and typed is not None:
        findings = typed_shunt_findings(typed=typed, measured=shunt.fraction)
    if request.lung_mass_kg is None:
        mass, weighed = measured_lung_mass(placed.ct, placed.lungs)
        request = replace(request, lung_mass_kg=mass.kg, lung_mass_source=mass.source)
        findings = [*findings, *weighed]
    return (shunt, request), findings


def _volume_findings(
    read: Read,
    perfusions: Sequence[Perfusion],
    parts: Sequence[Part],
    typed_ml: Mapping[str, float],
) -> list[Finding]:
    """What the image's volumes and counts give to say, before any dose."""
    drawn, volume = read.placed.drawn, read.volume
    volumes = {one.name: one.structure for one in perfusions}
    measured_ml = {"perfused": union([*volumes.values()]).volume_ml}
    livers = with_role(drawn, Role.LIVER)
    if livers:
        measured_ml["liver"] = union(livers).volume_ml
    missed = [
        one.name
        for one in with_role(drawn, Role.PERFUSED)
        if max(inside_fractions(one, [*volumes.values()])) < _MOST_OF_IT
    ]
    return [
        *typed_volume_findings(typed_ml=typed_ml, measured_ml=measured_ml),
        *outside_findings(part=read.outside_fraction(perfusions)),
        *cut_off_findings(
            seen={
                name: covered_fraction(one, volume.grid)
                for name, one in volumes.items()
            }
        ),
        *negative_findings(volume),
        *overlapping_findings(
            shared_ml={
                (one, other): (volumes[one] & volumes[other]).volume_ml
                for one, other in combinations(volumes, 2)
            },
            volumes_ml={name: one.volume_ml for name, one in volumes.items()},
        ),
        *unperfused_findings(
            names=[
                *(one.name for one in parts if one.role == "tumor" and not one.of),
                *missed,
            ]
        ),
    ]


def _plan(
    voxels: ScoutedVoxels,
    request: PlanRequest,
    scout: Scout,
    read: Read,
) -> Plan:
    case = voxels.case
    by_map = {"prior_liver_dose_gy": None, "prior_dose": "a dose map, by structure"}
    activities = activities_of(scout.injections, case, request, voxels)
    return plan_of(
        activities,
        case,
        request,
        method="image",
        maximized=scout.maximizes,
        one_density=not scout.dose.density_by_voxel,
        assumptions={
            **({} if read.placed.prior is None else by_map),
            "dose_method": voxels.scouted.method,
            **growth_document(scout.injections, request),
            **({} if read.blur is None else {"blur": blur_words(read.blur)}),
            "injections": injections_document(
                scout.injections, case, activities, request
            ),
        },
        goals=goals_reached(scout.injections, case, activities, voxels),
    )


def _dose_findings(
    plan: Plan, prediction: Prediction, read: Read, dose: DoseRequest
) -> list[Finding]:
    """What the predicted doses give to say, as after treatment."""
    structures, activity = read.placed.on_grid, prediction.activity
    method, rows = next(iter(prediction.rows.items()))
    return [
        *(
            _same_dose_findings(plan, prediction)
            if method == "local_deposition" and prediction.blur is None
            else ()
        ),
        *balance_findings(
            activity=activity, structures=structures, delivered_gbq=plan.activity_gbq
        ),
        *hot_spot_findings(beyond=prediction.extrahepatic),
        *noise_findings(image=read.seen),
        *few_voxel_findings(rows=rows, voxel_ml=read.seen.grid.voxel_volume_ml),
        *physics_findings(
            nuclide=plan.nuclide,
            medium=dose.medium,
            density_by_voxel=dose.density_by_voxel,
            structures=structures,
            doses=prediction.doses,
            lungs=plan.lungs,
        ),
        *lung_row_findings(tables=prediction.rows, lungs=plan.lungs),
        *lungs_in_image_findings(
            nuclide=plan.nuclide,
            lungs=plan.lungs,
            in_image_gbq=lungs_in_image_gbq(activity, structures),
        ),
    ]


def _same_dose_findings(plan: Plan, prediction: Prediction) -> list[Finding]:
    """Mean doses of what is perfused, by the map and by the formula (H06)."""
    dose, grid = prediction.doses["local_deposition"], prediction.image.grid
    rows = [row for row in plan.compartments if row.role == "perfused"]
    return same_dose_findings(
        doses_gy={
            f"'{row.name}' ({one.structure.name}, {row.volume_ml:.0f} mL, "
            f"{row.mass_kg:.3f} kg)": (
                dose.mean_by_mass_gy(occupancy_on(one.structure, grid)),
                row.dose_gy,
            )
            for one, row in zip(prediction.perfusions, rows, strict=True)
        }
    )
