"""suv.json: uptake of every lesion by weight, lean mass and surface, and how."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.dosimetry.suv.lesion import Above
from sirtdose.dosimetry.suv.peak import Peak
from sirtdose.dosimetry.suv.reference import ReferenceTissue
from sirtdose.dosimetry.suv.results import MeasuredLesion, UptakeMeasurement
from sirtdose.model.body_size import LEAN_MASS
from sirtdose.report.documents import iso, said_document
from sirtdose.report.post.deidentified import (
    CAMERA_KINDS,
    deidentified,
    without_dates,
)

SUV_FILE = "suv.json"
PEAKS = ("anywhere", "at_maximum", "between")


def suv_document(found: UptakeMeasurement) -> dict[str, Any]:
    """What suv.json holds; without dates and files where it is de-identified."""
    document = {
        "schema": "sirtdose.suv/1",
        "sirtdose_version": __version__,
        "case_id": found.case_label,
        "deidentified": found.deidentified,
        "scan": _scan(found),
        "body": _body(found),
        "units": {
            "suv": "g/mL, by body weight",
            "sul": f"g/mL, by lean body mass ({found.lean_mass_formula})",
            "suv_bsa": "cm2/mL, by body surface (DuBois)",
        },
        "peak": dict(table("uptake")["peak"]),
        "reference": {
            "liver": _tissue(found.liver),
            "blood_pool": _tissue(found.blood_pool),
            "blood_pool_rule": found.percist,
            "measurable_from_sul": None
            if found.measurable is None
            else {
                "value": found.measurable.value,
                "rule": found.measurable.rule,
                "source": found.measurable.source,
                "verified": found.measurable.verified,
            },
        },
        "lesions": [_lesion(one, found) for one in found.lesions],
        "choices": list(found.choices),
        "inputs": [dict(one) for one in found.inputs],
        **said_document(found.findings, found.accepted),
    }
    if not found.deidentified:
        return document
    named = deidentified(document, days=0, file_names=found.file_names)
    return without_dates(named)


def _scan(found: UptakeMeasurement) -> dict[str, Any]:
    uptake, tracer = found.uptake, found.uptake.tracer
    source = uptake.suv.source
    camera = dict(source.camera) if source else {}
    if found.deidentified:
        camera = {key: camera[key] for key in CAMERA_KINDS if key in camera}

    def when(moment: datetime | None) -> str | None:
        return None if found.deidentified else iso(moment)

    return {
        "started": when(source.scan_start if source else None),
        "conventions": "IBSI" if found.ibsi else "strict",
        "units_in_file": uptake.units,
        "suv_type_in_file": uptake.suv_type or None,
        "decay_correction": (source.decay_correction if source else "") or None,
        "camera": camera,
        "tracer": {
            "named": list(uptake.tracer_words),
            "injected_mbq": tracer.injected_mbq if tracer else None,
            "injected_at": when(tracer.injected_at if tracer else None),
            "half_life_h": tracer.half_life_h if tracer else None,
            "reference_at": when(tracer.reference_at if tracer else None),
            "reference_origin": tracer.origin if tracer else "",
            "left_at_reference_mbq": tracer.left_mbq(tracer.reference_at)
            if tracer and tracer.injected_mbq is not None
            else None,
        },
        "uptake_time_min": uptake.uptake_time_min,
    }


def _body(found: UptakeMeasurement) -> dict[str, Any]:
    body = found.uptake.body
    return {
        "weight_kg": body.weight_kg,
        "height_cm": body.height_cm,
        "sex": body.sex,
        "lean_mass_formula": found.lean_mass_formula,
        "lean_mass_kg": body.lean_mass_kg(found.lean_mass_formula),
        "lean_mass_formulas": list(LEAN_MASS),
        "surface_m2": body.surface_m2(),
    }


def _tissue(tissue: ReferenceTissue | None) -> dict[str, Any] | None:
    if tissue is None:
        return None
    return {
        "name": tissue.name,
        "sul_mean": tissue.mean,
        "sul_sd": tissue.sd,
        "voxels": tissue.voxels,
        "center_mm": None if tissue.center_mm is None else list(tissue.center_mm),
    }


def _lesion(lesion: MeasuredLesion, found: UptakeMeasurement) -> dict[str, Any]:
    own = lesion.uptake
    # What the PET measures once, in each of its units.
    factors = {
        "suv": 1.0,
        "sul": found.lean_factor,
        "suv_bsa": found.uptake.surface_factor(),
    }
    by_peak: dict[str, Peak] = {name: getattr(own.peaks, name) for name in PEAKS}
    return {
        "name": own.name,
        "role": lesion.role,
        "volume_ml": own.volume_ml,
        "voxels": own.voxels,
        **{
            name: {
                "max": factor * own.maximum,
                "mean": factor * own.mean,
                "peak": {which: factor * peak.value for which, peak in by_peak.items()},
            }
            for name, factor in factors.items()
        },
        "peak_center_mm": {
            which: list(peak.center_mm) for which, peak in by_peak.items()
        },
        "above": {name: _above(above, factors) for name, above in own.above.items()},
        "diameters_mm": {
            "longest": own.diameters.longest_mm,
            "short_axis": own.diameters.short_mm,
            "longest_between_centers": own.diameters.longest_centers_mm,
            "short_axis_between_centers": own.diameters.short_centers_mm,
        },
        "ct_number_hu": lesion.ct_number_hu,
        "measurable": None
        if found.measurable is None
        else found.measurable.allows(found.lean_factor * lesion.suv_peak),
    }


def _above(above: Above, factors: Mapping[str, float]) -> dict[str, Any]:
    return {
        "threshold_suv": above.threshold,
        "volume_ml": above.volume_ml,
        "glycolysis_suv": above.glycolysis,
        "glycolysis_sul": factors["sul"] * above.glycolysis,
    }
