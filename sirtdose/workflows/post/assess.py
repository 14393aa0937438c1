"""Assess a treatment: an image and the ledger to doses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sirtdose.dosimetry.results import Assessment
from sirtdose.io.archive import opened
from sirtdose.model.finding import Finding, acceptances_used, require_accepted
from sirtdose.model.ledger import Ledger
from sirtdose.model.request import PostRequest
from sirtdose.model.self_test import self_test_findings
from sirtdose.model.volume import Volume
from sirtdose.planning.limits import limit_findings, lung_limits
from sirtdose.workflows.image.blur import estimated_losses, small_tumor_findings
from sirtdose.workflows.image.density import tissue_density
from sirtdose.workflows.image.grid import on_dose_grid
from sirtdose.workflows.image.kept_names import file_names, people_of
from sirtdose.workflows.image.nuclide import with_header_nuclide
from sirtdose.workflows.image.scene import (
    activity_image,
    chosen,
    ct_image,
    require_map,
)
from sirtdose.workflows.image.structures import placed_structures
from sirtdose.workflows.plan.budget import budget_at, budget_findings
from sirtdose.workflows.post.activity import Activities, with_image_total
from sirtdose.workflows.post.against_plan import compared, read_plan
from sirtdose.workflows.post.balance import balance_findings
from sirtdose.workflows.post.biology import (
    biology_of,
    model_findings,
    thresholds_held,
)
from sirtdose.workflows.post.calibrator import on_own_scale
from sirtdose.workflows.post.dicom_out import (
    negative_dose_finding,
    patient_link,
    shifted_days,
    structure_set,
)
from sirtdose.workflows.post.doses import all_doses
from sirtdose.workflows.post.doubts import (
    ceiling_doubts,
    lungs_in_image_doubts,
    plan_doubts,
    size_doubts,
)
from sirtdose.workflows.post.findings import (
    beyond_of,
    camera_findings,
    few_voxel_findings,
    hot_spot_findings,
    lung_row_findings,
    lungs_in_image_gbq,
    noise_finding,
    physics_findings,
)
from sirtdose.workflows.post.image import image_findings
from sirtdose.workflows.post.injected_findings import (
    sharing_findings,
    unshared_findings,
)
from sirtdose.workflows.post.injections import injections_given
from sirtdose.workflows.post.inputs import (
    all_inputs,
    named_files,
    options_of,
    require_same_patients_prior,
)
from sirtdose.workflows.post.ledger import ledger_of, require_times
from sirtdose.workflows.post.limits import limits_of
from sirtdose.workflows.post.partial_volume import with_uniform_doses
from sirtdose.workflows.post.positron_yield import rescaled, with_yield, yield_findings
from sirtdose.workflows.post.prior_session import (
    prior_lung_findings,
    prior_on,
    same_dose_findings,
    same_study_findings,
)
from sirtdose.workflows.post.uncertainty import uncertainty_of

if TYPE_CHECKING:
    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.model.ledger import Lungs
    from sirtdose.model.structure import Structure
    from sirtdose.workflows.image.density import TissueDensity


def assess_dose(request: PostRequest) -> "Assessment":
    """Doses to tumors, normal liver and lungs from an image after treatment.

    Raises
    ------
    InputError
        Whatever cannot be used or trusted; SafetyStop where a coded check stops
        or asks.
    """
    require_map(request.image, request.dose)
    with opened(request.image.source) as source:
        images = replace(request.image, source=source)
        return _assess(replace(request, image=images))


def _assess(request: PostRequest) -> "Assessment":
    findings: list[Finding] = []
    findings += self_test_findings(request.judge.self_test)
    typed, given = request, on_own_scale(request.given, findings)
    choice = chosen(
        request.image,
        named_files(request).values(),
        findings,
        request.judge.acceptances,
    )
    require_same_patients_prior(choice, request, findings)
    findings += same_study_findings(choice, request.judge.prior_dose)
    require_accepted(findings, request.judge.acceptances)
    was = request.image.header_nuclide_was
    image = activity_image(
        choice,
        in_bq_per_ml=request.dose.calibration == "image",
        header_nuclide_was=was,
        nuclide=given.nuclide.name,
    )
    given = with_header_nuclide(given, image.source, was, findings)
    nuclide = given.nuclide
    typed = replace(typed, given=replace(typed.given, nuclide=nuclide))
    request = replace(request, given=given)
    image = rescaled(image, request)
    findings += image_findings(image, request)
    ledger, times = ledger_of(given, image, findings)
    # Both questions of H11 at once: one acceptance is of what was seen.
    ledger = with_image_total(ledger, request, image, times)
    ledger = with_yield(ledger, request, image)
    findings += yield_findings(ledger, request)
    require_accepted(findings, request.judge.acceptances)
    ct = ct_image(
        choice,
        image,
        findings,
        named=request.image.ct is not None,
        needed="ct" in (request.dose.density, request.image.dose_grid),
    )
    volume = on_dose_grid(request.image, image, ct)
    placed = placed_structures(
        choice,
        request.image,
        image,
        volume,
        findings,
        ct,
        acceptances=request.judge.acceptances,
    )
    structures = list(placed.on_grid)
    # What of an earlier dose asks by the code of structures asks with them.
    prior = prior_on(request.judge, volume, structures, findings)
    require_accepted(findings, request.judge.acceptances)
    require_times(request, volume, times)
    activities = Activities(request, volume, placed, ledger, times)
    calibrated = activities.calibrated(volume)
    findings += calibrated.findings
    ledger = replace(ledger, in_image_gbq=calibrated.in_image_gbq)
    findings += camera_findings(
        request, volume, ledger.delivered_gbq, times["elapsed_h"]
    )
    blur_of: Any = {
        "modality": volume.source.modality if volume.source else "file",
        "psf_mm": request.dose.psf_mm,
    }
    findings += small_tumor_findings(
        placed.drawn,
        consequence="uncorrected, their dose is underestimated",
        **blur_of,
    )
    require_accepted(findings, request.judge.acceptances)

    density = tissue_density(request.dose, nuclide, volume, ct, structures, findings)
    require_accepted(findings, request.judge.acceptances)

    activity = activities.of_image(volume, calibrated.used)
    if activities.by_injection:
        findings += sharing_findings(activities.injected, volume)
        findings += unshared_findings(activities.injected, placed, volume)
        require_accepted(findings, request.judge.acceptances)
    findings += balance_findings(activity, structures, ledger, calibrated.used)
    corrected = activities.without_blur(volume, findings)
    images = {"": activity}
    if corrected is not None and corrected.calibration is not None:
        images[f"+{corrected.method}"] = activities.of_image(
            corrected.volume, corrected.calibration
        )
        # Each injection has its own factor: one dose for a concentration is none.
        if not activities.by_injection:
            corrected = with_uniform_doses(
                corrected, structures, nuclide, density.g_per_ml
            )
    if prior is not None:
        findings += prior_lung_findings(request.judge.prior_lung_dose_gy, structures)
        require_accepted(findings, request.judge.acceptances)
    doses, tables = all_doses(request, images, structures, density.g_per_ml, prior)
    if prior is not None:
        findings += same_dose_findings(request.judge, prior, doses)
    first = next(iter(doses))
    beyond = beyond_of(doses[first], activity, structures)
    findings += hot_spot_findings(beyond, tables[first])
    findings += size_doubts(ledger, tables[first])
    findings += ceiling_doubts(request.judge.device, tables[first])
    findings.append(noise_finding(volume))
    if request.dose.uncertainty is not None:
        findings += budget_findings(budget_at(request.dose.budget))
    findings += few_voxel_findings(tables[first], volume.grid.voxel_volume_ml)
    against = plan = None
    if request.judge.plan is not None:
        plan = read_plan(
            request.judge.plan,
            nuclide,
            request.privacy.patient_key,
            findings,
        )
        findings += plan_doubts(
            plan,
            ledger,
            first.partition("+")[0],
            device=request.judge.device,
            lung_shunt_fraction=given.lung_shunt_fraction,
        )
        require_accepted(findings, request.judge.acceptances)
        against = compared(plan, given, ledger, tables, placed.drawn, findings)
        require_accepted(findings, request.judge.acceptances)
    lungs = _lungs(request, ledger, findings)
    limits = limits_of(lungs, plan, tables[first])
    findings += physics_findings(nuclide, request.dose, structures, doses)
    findings += lung_row_findings(tables, lungs)
    in_lungs_gbq = lungs_in_image_gbq(activity, structures)
    findings += lungs_in_image_doubts(nuclide, lungs, in_lungs_gbq)
    biology = biology_of(request, volume)
    findings += model_findings(biology, tables)
    thresholds = thresholds_held(request, biology, tables, findings)
    link = patient_link(request, choice, image)
    if link is not None:
        findings += negative_dose_finding(doses)
    findings.append(
        Finding.of("H37", "not a medical device: verify with an approved system")
    )
    require_accepted(findings, request.judge.acceptances)
    return Assessment(
        nuclide=nuclide,
        ledger=ledger,
        calibration=calibrated.used,
        partial_volume=corrected,
        extrahepatic=beyond,
        plan=against,
        lungs_in_image_gbq=in_lungs_gbq,
        registration=placed.registration,
        injections=injections_given(given),
        alternative=calibrated.alternative,
        doses=doses,
        structure_doses=tables,
        density_origin=density.origin,
        density_source=density.source,
        dose_grid=request.image.grid_in_words,
        lungs=lungs,
        limits=limits,
        findings=tuple(dict.fromkeys(findings)),
        accepted=acceptances_used(findings, request.judge.acceptances),
        image=volume,
        ct=ct,
        structures=tuple(structures),
        times=times,
        device=request.judge.device,
        disease=request.judge.disease,
        above_gy=request.judge.above_gy,
        biology=biology,
        thresholds=thresholds,
        choices=choice.reasons,
        inputs=all_inputs(choice, request),
        people=people_of(choice, request),
        file_names=file_names(choice, request),
        options=options_of(typed),
        link=link,
        shifted_d=shifted_days(request, link),
        structure_set=structure_set(request, choice, placed) if link else None,
        self_test=request.judge.self_test,
        uncertainty=uncertainty_of(
            request,
            doses=doses,
            tables=tables,
            calibration=calibrated.used,
            ledger=ledger,
            lungs=lungs,
            limits=limits,
            drawn_on=image.grid,
            losses=lambda rows: estimated_losses(
                [
                    (
                        *(row.structure.name, row.structure.role),
                        *(row.structure.volume_ml, row.dvh.mean_gy),
                    )
                    for row in rows
                ],
                **blur_of,
            ),
            wider=lambda psf_mm: _wider(
                activities, volume, structures, density, psf_mm
            ),
        ),
    )


def _wider(
    activities: Activities,
    volume: Volume,
    structures: "list[Structure]",
    density: "TissueDensity",
    psf_mm: tuple[float, float, float],
) -> "Mapping[str, Dose]":
    """Doses with another width of the blur that is undone."""
    again = activities.without_blur(volume, [], psf_mm)
    if again is None or again.calibration is None:
        return {}
    image = activities.of_image(again.volume, again.calibration)
    images = {f"+{again.method}": image}
    return all_doses(activities.request, images, structures, density.g_per_ml, None)[0]


def _lungs(request: PostRequest, ledger: Ledger, findings: list[Finding]) -> "Lungs":
    from sirtdose.planning.lung_shunt import lung_shunt_findings, lungs

    result = lungs(
        activity_gbq=ledger.delivered_gbq,
        lung_shunt_fraction=ledger.lung_shunt_fraction
        if request.given.shunts_given
        else request.given.lung_shunt_fraction,
        lung_mass_kg=request.given.lung_mass_kg,
        lung_mass_source=request.given.lung_mass_source,
        lung_shunt_source=request.given.lung_shunt_source,
        prior_lung_dose_gy=request.judge.prior_lung_dose_gy,
        dose_constant_gy_kg_per_gbq=request.given.nuclide.dose_constant_gy_kg_per_gbq,
    )
    findings += lung_shunt_findings(result)
    findings += limit_findings(lung_limits(result))
    return result
