"""Results as documents: plan.json and post.json."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose import __version__
from sirtdose.model.finding import Acceptance, Finding
from sirtdose.model.ledger import Ledger
from sirtdose.model.lungs import Lungs
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import MCI_PER_GBQ
from sirtdose.report.deidentified import deidentified
from sirtdose.report.registration import registration_document

if TYPE_CHECKING:
    from sirtdose.dosimetry.activity import Calibration
    from sirtdose.dosimetry.assessment import Assessment, StructureDose
    from sirtdose.dosimetry.engine import Dose
    from sirtdose.dosimetry.hot_spots import Extrahepatic
    from sirtdose.dosimetry.partial_volume_result import PartialVolume
    from sirtdose.dosimetry.planned_dose import PlanCompared
    from sirtdose.model.volume import Source, Volume
    from sirtdose.planning.result import Compartment, Limit, Plan

_D_PERCENT = (98, 95, 90, 70, 50, 2)
_V_GY = (20, 30, 40, 50, 70, 80, 100, 120, 150, 200, 205, 250, 300)


def plan_document(plan: "Plan") -> dict[str, Any]:
    """A plan as plan.json holds it."""
    return {
        "schema": "sirtdose.plan/1",
        "sirtdose_version": __version__,
        "status": "draft",
        "method": plan.method,
        "device": plan.device.name if plan.device else None,
        "nuclide": nuclide_document(plan.nuclide),
        "activity_gbq": plan.activity_gbq,
        "activity_mci": plan.activity_mci,
        "draw_activity_gbq": plan.draw_activity_gbq,
        "draw_activity_mci": plan.draw_activity_mci,
        "compartments": [compartment_document(part) for part in plan.compartments],
        "lungs": _lungs(plan.lungs),
        "limits": [limit_document(limit) for limit in plan.limits],
        "assumptions": plan.assumptions,
        "warnings": findings_document(plan.findings),
        "accepted": acceptances_document(plan.accepted),
        "inputs": plan.inputs,
    }


def compartment_document(part: "Compartment") -> dict[str, Any]:
    """A part of the liver with its dose."""
    return {
        "name": part.name,
        "role": part.role,
        "volume_ml": part.volume_ml,
        "mass_kg": part.mass_kg,
        "activity_gbq": part.activity_gbq,
        "activity_mci": part.activity_gbq * MCI_PER_GBQ,
        "dose_gy": part.dose_gy,
        "cumulative_dose_gy": part.cumulative_dose_gy,
    }


def limit_document(limit: "Limit") -> dict[str, Any]:
    """A limit, what is held against it, and whether that meets it."""
    return {
        "name": limit.name,
        "volume": limit.volume,
        "sense": limit.sense,
        "limit_gy": limit.limit_gy,
        "upper_gy": limit.upper_gy,
        "strict": limit.strict,
        "condition": limit.condition or None,
        "value_gy": limit.value_gy,
        "value_of": limit.value_of or None,
        "met": limit.met,
        "binding": limit.binding,
        "activity_needed_gbq": limit.activity_needed_gbq,
        "verified": limit.verified,
        "source": limit.source,
    }


def post_document(assessment: "Assessment") -> dict[str, Any]:
    """An assessment as post.json holds it."""
    document = _post_document(assessment)
    link = assessment.link
    if link is not None and link.shifted_d:
        return deidentified(document, days=link.shifted_d)
    return document


def _post_document(assessment: "Assessment") -> dict[str, Any]:
    times = assessment.times
    return {
        "schema": "sirtdose.post/1",
        "sirtdose_version": __version__,
        "nuclide": nuclide_document(assessment.nuclide),
        "ledger": _ledger(assessment),
        "times": {
            "administered_at": _iso(times.get("administered_at")),
            "scan_at": _iso(times.get("scan_at")),
            "elapsed_h": times.get("elapsed_h"),
        },
        "image": image_document(assessment.image.source),
        "calibration": {
            "used": assessment.calibration.method,
            "over": assessment.calibration.over or None,
            "numerator": assessment.calibration.numerator,
            "bq_per_unit": assessment.calibration.bq_per_unit,
            "unit": assessment.image.quantity.unit,
            "alternative": _alternative(assessment.alternative),
            "alternative_to_used_ratio": assessment.alternative_to_used_ratio,
            "negative_voxels": "kept",
        },
        "partial_volume": _partial_volume(assessment.partial_volume),
        "doses": {
            method: dose_document(dose, assessment.structure_doses[method])
            for method, dose in assessment.doses.items()
        },
        "registration": registration_document(assessment.registration),
        "plan": _plan_compared(assessment.plan),
        "extrahepatic": _extrahepatic(assessment.extrahepatic),
        "density": {
            "origin": assessment.density_origin,
            "source": assessment.density_source or None,
        },
        "lungs": _lungs(assessment.lungs) | _lungs_in_image(assessment),
        "grid": grid_document(assessment.image, assessment.dose_grid),
        "warnings": findings_document(assessment.findings),
        "accepted": acceptances_document(assessment.accepted),
        "choices": list(assessment.choices),
        "inputs": list(assessment.inputs),
    }


def dose_document(dose: "Dose", rows: "Sequence[StructureDose]") -> dict[str, Any]:
    """One method's doses by structure, and where their energy is."""
    return {
        "energy_recovered": dose.energy_recovered,
        "medium": dose.medium,
        "electron_fraction": dose.electron_fraction,
        "rays": dose.rays,
        "energy_elsewhere": dose.energy_elsewhere,
        "density_g_per_ml": dose.one_density_g_per_ml,
        "structures": [_structure(row) for row in rows],
    }


def document_text(document: dict[str, Any]) -> str:
    """Write a document as JSON text; a number that is not finite is a bug."""
    document = rounded(document)
    return json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def rounded(value: Any) -> Any:
    """Numbers at ten significant digits: what lies beyond depends on the machine.

    >>> rounded({"a": [1 / 3, 2]})
    {'a': [0.3333333333, 2]}
    """
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(one) for one in value]
    return value


def grid_document(image: "Volume", dose_grid: str) -> dict[str, Any]:
    """The voxels that doses were computed on."""
    return {
        "of": dose_grid,
        "shape": list(image.grid.shape),
        "spacing_mm": list(image.grid.spacing_mm),
        "order": "slice, row, column",
        "right_handed": image.grid.right_handed,
    }


def nuclide_document(nuclide: Nuclide) -> dict[str, Any]:
    """A nuclide and its constants, with their sources."""
    return {
        "name": nuclide.name,
        "half_life_h": nuclide.half_life_h,
        "half_life_source": nuclide.half_life_source,
        "dose_constant_gy_kg_per_gbq": nuclide.dose_constant_gy_kg_per_gbq,
        "dose_constant_name": nuclide.dose_constant_name,
        "dose_constant_source": nuclide.dose_constant_source,
    }


def image_document(source: "Source | None") -> dict[str, Any] | None:
    """What the image's header says of scan and nuclide, and where it says it."""
    if source is None or source.modality == "file":
        return None
    return {
        "modality": source.modality,
        "scan_start": _iso(source.scan_start),
        "scan_start_origin": source.scan_start_origin or None,
        "frame_duration_s": source.frame_duration_s,
        "frame_duration_origin": "ActualFrameDuration (0018,1242), not used",
        "nuclide_in_header": source.nuclide_in_header or None,
        "half_life_in_header_h": source.half_life_in_header_h,
        "applied_half_life_h": source.applied_half_life_h,
        "decay_correction": source.decay_correction or None,
        "corrections": list(source.corrections),
        "energy_windows_kev": [list(window) for window in source.energy_windows_kev],
    }


def _activities(ledger: Ledger) -> dict[str, Any]:
    return {
        "administered_gbq": ledger.administered_gbq,
        "residual_gbq": ledger.residual_gbq,
        "delivered_gbq": ledger.delivered_gbq,
        "lung_shunt_fraction": ledger.lung_shunt_fraction,
        "lung_gbq": ledger.lung_gbq,
        "treated_gbq": ledger.treated_gbq,
    }


def _ledger(assessment: "Assessment") -> dict[str, Any]:
    ledger = assessment.ledger
    return {
        **_activities(ledger),
        "lung_shunt_given": assessment.lungs.known,
        "in_image_gbq": ledger.in_image_gbq,
        "image_to_treated_ratio": ledger.image_to_treated_ratio,
        "injections": [
            {"name": name, "perfused": perfused, **_activities(own)}
            for name, perfused, own in assessment.injections
        ],
    }


def _lungs(lungs: Lungs) -> dict[str, Any]:
    """What no shunt was given for is not known, rather than 0."""
    known = lungs.known
    return {
        "shunt_fraction": lungs.shunt_fraction if known else None,
        "shunt_source": lungs.shunt_source,
        "mass_kg": lungs.mass_kg,
        "mass_source": lungs.mass_source,
        "activity_gbq": lungs.activity_gbq if known else None,
        "dose_gy": lungs.dose_gy if known else None,
        "cumulative_dose_gy": lungs.cumulative_dose_gy if known else None,
    }


def _lungs_in_image(assessment: "Assessment") -> dict[str, Any]:
    """The lungs' activity as the image has it, and its dose by their one mass."""
    found = assessment.lungs_in_image_gbq
    k = assessment.nuclide.dose_constant_gy_kg_per_gbq
    return {
        "in_image_gbq": found,
        "in_image_dose_gy": None
        if found is None
        else k * found / assessment.lungs.mass_kg,
    }


def _alternative(calibration: "Calibration | None") -> dict[str, Any] | None:
    if calibration is None:
        return None
    return {
        "method": calibration.method,
        "over": calibration.over or None,
        "numerator": calibration.numerator,
        "bq_per_unit": calibration.bq_per_unit,
    }


def _structure(row: "StructureDose") -> dict[str, Any]:
    dvh = row.dvh
    dose: dict[str, float] = {
        "mean": dvh.mean_gy,
        "mean_by_mass": row.mean_by_mass_gy,
        "sd": dvh.sd_gy,
        "min": dvh.min_gy,
        "max": dvh.max_gy,
    }
    dose |= {f"d{x}": dvh.dose_to_volume_fraction_gy(x / 100) for x in _D_PERCENT}
    return {
        "name": row.structure.name,
        "role": str(row.structure.role),
        "definition": row.structure.definition or None,
        "volume_ml": dvh.volume_ml,
        "mass_kg": row.mass_kg,
        "activity_gbq": row.activity_gbq,
        "activity_mci": row.activity_gbq * MCI_PER_GBQ,
        "voxels": dvh.voxels,
        "dose_gy": dose,
        "volume_fraction_above": {
            str(gy): dvh.volume_fraction_above(gy) for gy in _V_GY
        },
    }


def findings_document(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Findings as documents list them under `warnings`."""
    return [
        {
            "code": finding.code,
            "severity": str(finding.severity),
            "message": finding.message,
        }
        for finding in findings
    ]


def acceptances_document(
    acceptances: Iterable[Acceptance],
) -> list[dict[str, str]]:
    """What a person accepted, and why."""
    return [{"code": one.code, "reason": one.reason} for one in acceptances]


def _partial_volume(result: "PartialVolume | None") -> dict[str, Any] | None:
    """How the image's blur was undone, and how far that can be believed."""
    if result is None:
        return None
    calibration = result.calibration
    return {
        "method": result.method,
        "fwhm_mm": list(result.fwhm_mm) if result.fwhm_mm else None,
        "source": result.source or None,
        "rounds": result.rounds,
        "settled": result.settled,
        "total_change": result.total_change,
        "bq_per_unit": calibration.bq_per_unit if calibration else None,
        "concentrations": dict(result.concentrations),
        "uniform_gy": dict(result.uniform_gy),
        "recoveries": dict(result.recoveries),
        "sensitivity": {
            name: dict(changes) for name, changes in result.sensitivity.items()
        },
        "unreliable": list(result.unreliable),
    }


def _plan_compared(plan: "PlanCompared | None") -> dict[str, Any] | None:
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
    }


def _extrahepatic(beyond: "Extrahepatic | None") -> dict[str, Any] | None:
    """What lies outside of liver, perfused volume and lungs."""
    if beyond is None:
        return None
    return {
        "definition": "image - liver - perfused - tumors - lungs",
        "volume_ml": beyond.volume_ml,
        "mean_gy": beyond.mean_gy,
        "activity_gbq": beyond.activity_gbq,
        "activity_fraction": beyond.activity_fraction,
        "hot_spots": [
            {
                "at_mm_lps": list(spot.at_mm),
                "volume_ml": spot.volume_ml,
                "mean_gy": spot.mean_gy,
                "peak_gy": spot.peak_gy,
                "inside": spot.inside or None,
            }
            for spot in beyond.spots
        ],
    }


def _iso(time: Any) -> str | None:
    return None if time is None else str(time.isoformat())
