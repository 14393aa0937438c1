"""An assessment as post.json holds it."""

from dataclasses import asdict
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.derived import treated_ml
from sirtdose.dosimetry.grid.outline_fit import OutlineFit
from sirtdose.dosimetry.grid.registration import Registration
from sirtdose.dosimetry.histogram.radiobiology import ThresholdHeld
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.blur_fit import BlurFit
from sirtdose.dosimetry.image.partial_volume import PartialVolume
from sirtdose.dosimetry.results import Assessment, PlanCompared, PlanMap
from sirtdose.model.ledger import Ledger
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.documents import (
    grid_document,
    image_document,
    iso,
    lungs_document,
    nuclide_document,
    said_document,
    self_test_document,
)
from sirtdose.report.doses import (
    biology_document,
    density_document,
    dose_document,
    extrahepatic_document,
)
from sirtdose.report.plan.document import limit_document
from sirtdose.report.post.camera import camera_document
from sirtdose.report.post.deidentified import deidentified
from sirtdose.report.post.gates import gates_document
from sirtdose.report.post.readers import readers_document
from sirtdose.report.post.uncertainty import uncertainty_document


def post_document(assessment: Assessment) -> dict[str, Any]:
    """An assessment as post.json holds it."""
    document = _post_document(assessment)
    origin = assessment.provenance
    if origin.shifted_d:
        return deidentified(
            document, days=origin.shifted_d, file_names=origin.file_names
        )
    return document


def _post_document(assessment: Assessment) -> dict[str, Any]:
    request, origin = assessment.request, assessment.provenance
    read, placed, judged = assessment.read, assessment.placed, assessment.judged
    return {
        "schema": "sirtdose.post/1",
        "sirtdose_version": __version__,
        "device": request.judge.device,
        "disease": request.judge.disease,
        "nuclide": nuclide_document(read.given.nuclide),
        "ledger": _ledger(assessment),
        "times": {
            "administered_at": iso(read.times.administered_at),
            "scan_at": iso(read.times.scan_at),
            "elapsed_h": read.times.elapsed_h,
        },
        "image": image_document(placed.image.source),
        "camera": camera_document(assessment.read.camera),
        "calibration": _calibration(assessment),
        "scale": _scale(assessment),
        "partial_volume": partial_volume_document(assessment.calibrated.partial_volume),
        "metrics": [one.words for one in request.judge.metrics],
        "doses": {
            method: dose_document(
                dose,
                assessment.structure_doses[method],
                asked=request.judge.metrics,
                biology=judged.biology,
                method=method,
            )
            for method, dose in assessment.dosed.doses.items()
        },
        "radiobiology": biology_document(judged.biology, list(assessment.dosed.doses)),
        "thresholds": [_threshold(one) for one in judged.thresholds],
        "registration": registration_document(placed.registration),
        "plan": _plan_compared(judged.plan),
        "extrahepatic": extrahepatic_document(assessment.dosed.extrahepatic),
        "gates": gates_document(assessment.dosed.gates),
        "density": density_document(placed.density),
        "lungs": _lungs(assessment),
        "treated_liver": _treated_liver(assessment),
        "grid": grid_document(placed.image, request.image.grid_in_words),
        "limits": [limit_document(one) for one in judged.limits],
        "uncertainty": uncertainty_document(assessment.uncertainty),
        "observers": readers_document(assessment.observers),
        "self_test": self_test_document(request.judge.self_test),
        **said_document(assessment.findings, assessment.accepted),
        "choices": list(origin.choices),
        "inputs": list(origin.inputs),
        "options": origin.options,
    }


def _calibration(assessment: Assessment) -> dict[str, Any]:
    calibrated = assessment.calibrated
    used = calibrated.used
    return {
        "used": used.method,
        "over": used.over or None,
        "numerator": used.numerator,
        "bq_per_unit": used.bq_per_unit,
        "unit": assessment.placed.image.quantity.unit,
        "alternative": _alternative(calibrated.alternative),
        "alternative_to_used_ratio": calibrated.alternative_to_used_ratio,
        "alternative_to_used_standard": calibrated.ratio_standard,
        "negative_voxels": "kept",
    }


def _scale(assessment: Assessment) -> dict[str, Any]:
    """The scale of the doses, and the first method's by the other calibration."""
    scale = assessment.dosed.scale
    rows = next(iter(assessment.structure_doses.values()))
    other = None
    if scale.other is not None and scale.other_to_used is not None:
        other = {
            "doses": scale.other,
            "times": scale.other_to_used,
            "mean_gy": {
                row.structure.name: scale.other_to_used * row.dvh.mean_gy
                for row in rows
            },
        }
    return {**scale.document(), "other": other}


def _activities(ledger: Ledger) -> dict[str, Any]:
    return {
        "administered_gbq": ledger.administered_gbq,
        "residual_gbq": ledger.residual_gbq,
        "delivered_gbq": ledger.delivered_gbq,
        "lung_shunt_fraction": ledger.lung_shunt_fraction,
        "lung_gbq": ledger.lung_gbq,
        "treated_gbq": ledger.treated_gbq,
    }


def _ledger(assessment: Assessment) -> dict[str, Any]:
    ledger = assessment.calibrated.ledger
    return {
        **_activities(ledger),
        "residual_method": assessment.read.given.residual_method,
        "lung_shunt_given": assessment.dosed.lungs.known,
        "in_image_gbq": ledger.in_image_gbq,
        "image_to_treated_ratio": ledger.image_to_treated_ratio,
        "positron_yield": _positron_yield(ledger),
        "injections": [
            {"name": name, "perfused": perfused, **_activities(own)}
            for name, perfused, own in assessment.read.injections
        ],
    }


def _positron_yield(ledger: Ledger) -> dict[str, Any] | None:
    """The positron fraction that the image was divided by, and both totals."""
    found = ledger.positron_yield
    if found is None or ledger.in_image_gbq is None:
        return None
    stored, undone = found.totals_gbq(ledger.in_image_gbq)
    return {
        "fraction_was": found.fraction_was,
        "origin": found.origin,
        "fraction": found.fraction,
        "factor": found.factor,
        "applied": found.applied,
        "in_image_as_stored_gbq": stored,
        "in_image_rescaled_gbq": undone,
    }


def _treated_liver(assessment: Assessment) -> dict[str, Any] | None:
    """What of the drawn liver is perfused, as plan.json has it."""
    names = [one.perfused for one in assessment.read.given.injections if one.perfused]
    found = treated_ml(assessment.placed.drawn, names)
    if found is None:
        return None
    perfused_ml, liver_ml = found
    return {
        "treated_ml": perfused_ml,
        "liver_ml": liver_ml,
        "treated_fraction": perfused_ml / liver_ml,
    }


def _lungs(assessment: Assessment) -> dict[str, Any]:
    """The lungs by their shunt, and as the image has them, by their one mass."""
    lungs, found = assessment.dosed.lungs, assessment.dosed.lungs_in_image_gbq
    k = assessment.read.given.nuclide.dose_constant_gy_kg_per_gbq
    return {
        **lungs_document(lungs),
        "in_image_gbq": found,
        "in_image_dose_gy": None if found is None else k * found / lungs.mass_kg,
    }


def _alternative(calibration: Calibration | None) -> dict[str, Any] | None:
    if calibration is None:
        return None
    return {
        "method": calibration.method,
        "over": calibration.over or None,
        "numerator": calibration.numerator,
        "bq_per_unit": calibration.bq_per_unit,
    }


def partial_volume_document(result: PartialVolume | None) -> dict[str, Any] | None:
    """How the image's blur was undone, and how far that can be believed."""
    if result is None:
        return None
    return {
        "method": result.method,
        "fwhm_mm": list(result.fwhm_mm) if result.fwhm_mm else None,
        "tail": list(result.tail) if result.tail else None,
        "edges": list(result.edges) if result.edges else None,
        "fit": _fit(result.fit),
        "source": result.source or None,
        "rounds": result.rounds,
        "settled": result.settled,
        "total_change": result.total_change,
        "bq_per_unit": result.calibration.bq_per_unit,
        "concentrations": dict(result.concentrations),
        "recoveries": dict(result.recoveries),
        "recovery_relative": dict(result.relative),
        "sensitivity": {
            name: dict(changes) for name, changes in result.sensitivity.items()
        },
        "unreliable": list(result.unreliable),
        "too_large": list(result.too_large),
        "as_seen": list(result.as_seen),
    }


def _fit(fit: BlurFit | None) -> dict[str, Any] | None:
    """The width and the offset that the image shows, with standard uncertainties."""
    if fit is None:
        return None
    return {
        "in_plane_mm": fit.in_plane_mm,
        "in_plane_standard_mm": fit.in_plane_standard_mm,
        "axial_mm": fit.axial_mm,
        "axial_standard_mm": fit.axial_standard_mm,
        "offset_mm": list(fit.offset_mm),
        "offset_standard_mm": list(fit.offset_standard_mm),
    }


def _plan_compared(plan: PlanCompared | None) -> dict[str, Any] | None:
    """What was planned beside what was delivered."""
    if plan is None:
        return None
    return {
        "hash": plan.hash,
        "approval": plan.approval or None,
        "method": plan.method,
        "planned_gbq": plan.planned_gbq,
        "planned_mci": plan.planned_gbq * MCI_PER_GBQ,
        "delivered_gbq": plan.delivered_gbq,
        "delivered_mci": plan.delivered_gbq * MCI_PER_GBQ,
        "delivered_to_planned_ratio": plan.delivered_gbq / plan.planned_gbq,
        "dose_constant_gy_kg_per_gbq": plan.dose_constant_gy_kg_per_gbq,
        "conversion": plan.conversion,
        "doses": [
            {
                "name": row.name,
                "role": row.role,
                "planned_gy": row.planned_gy,
                "delivered_gy": row.delivered_gy,
                "planned_d70_gy": row.planned_d70_gy,
                "delivered_d70_gy": row.delivered_d70_gy,
                "delivered_to_planned_ratio": row.ratio,
            }
            for row in plan.rows
        ],
        "map": _plan_map(plan.map),
        **({"earlier": dict(plan.earlier)} if plan.earlier else {}),
    }


def _plan_map(found: PlanMap | None) -> dict[str, Any] | None:
    """The plan's own dose map by the structures of this scan."""
    if found is None:
        return None
    return {
        "method": found.method,
        "placed_by": found.placed_by,
        "structures": [
            {
                "name": row.name,
                "role": row.role,
                "planned_gy": row.planned_gy,
                "delivered_gy": row.delivered_gy,
                "delivered_to_planned_ratio": row.ratio,
            }
            for row in found.rows
        ],
    }


def _threshold(held: ThresholdHeld) -> dict[str, Any]:
    """An outcome study's dose, and the structure's, where both are of one kind."""
    return {
        **held.threshold,
        "structure": held.structure,
        "value_gy": held.value_gy,
        "reached": held.reached,
        "not_applied": list(held.match.differs),
        "unstated": list(held.match.unstated),
    }


def outline_document(fit: OutlineFit | None) -> dict[str, Any] | None:
    """What a registration by the liver's outline found, and where it began."""
    if fit is None:
        return None
    return {**asdict(fit), "start_shift_mm": list(fit.start_shift_mm)}


def registration_document(found: Registration | None) -> dict[str, Any] | None:
    """How structures were brought to the image."""
    if found is None:
        return None
    start = found.start
    return {
        "method": found.method,
        "maps": "points of the image to points of what was drawn on, mm, LPS",
        "shift_mm": list(found.shift_mm),
        "rotation_deg": found.rotation_deg,
        "mutual_information_before": None
        if found.metric_before is None
        else -found.metric_before,
        "mutual_information_after": None
        if found.metric_after is None
        else -found.metric_after,
        "inverse_error_mm": found.inverse_error_mm,
        # What a bent transform began with, or the affine one nearest to it.
        "affine_start": {
            "shift_mm": list(start.shift_mm),
            "rotation_deg": start.rotation_deg,
            "mutual_information": None
            if start.metric_after is None
            else -start.metric_after,
        }
        if start is not None
        else None,
        "bend": None if found.bend is None else asdict(found.bend),
        "outline": outline_document(found.outline),
        "structures": [asdict(one) for one in found.changes],
    }
