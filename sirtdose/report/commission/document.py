"""commission.json: what commissioning found, with its scans and their fits."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.commission.dead_time import DeadTimeFit
from sirtdose.dosimetry.commission.phantom_fit import PhantomFit
from sirtdose.dosimetry.commission.results import (
    CommissionedScan,
    Commissioning,
    Drift,
)
from sirtdose.dosimetry.commission.scan import PhantomScan
from sirtdose.model.commissioned import CameraRecovery, Commissioned, Measured
from sirtdose.model.emitter import Emitter
from sirtdose.model.nuclide import Nuclide
from sirtdose.report.documents import (
    emitter_document,
    nuclide_document,
    said_document,
)

Document = dict[str, Any]
COMMISSION_FILE = "commission.json"
CAMERA_FILE = "camera.toml"
_OF_DOSES = (
    "dose_constant_gy_kg_per_gbq",
    *(f"dose_constant_{one}" for one in ("name", "meaning", "source")),
)


def commission_document(one: Commissioning) -> Document:
    """Everything but the images; it names no patient, and no folder."""
    filling = one.filling
    return {
        "schema": "sirtdose.commission/1",
        "sirtdose_version": __version__,
        "made": one.made.isoformat(),
        "phantom": {
            "name": filling.phantom.name,
            "title": filling.phantom.title,
            "source": filling.phantom.source,
            "verified": filling.phantom.verified,
            "activity_mbq": filling.activity_mbq,
            "at": filling.at.isoformat(),
            "declared_ratio": filling.ratio,
            "poured_mbq_per_ml": {
                fill.name: filling.poured_mbq_per_ml[fill.name]
                for fill in filling.phantom.fills
                if fill.known
            },
        },
        "nuclide": _nuclide(filling.nuclide),
        "camera": _camera(one.camera),
        "scans": [_scan(scan) for scan in one.scans],
        "dead_time": None if one.dead_time is None else _dead_time(one.dead_time),
        "nuclide_was": one.nuclide_was,
        "yield_factor": _measured(one.yield_factor),
        "before": None if one.before is None else _before(one.before),
        "drift": [_drift(each) for each in one.drift],
        **said_document(one.findings, one.accepted),
    }


def _nuclide(one: Emitter) -> Document:
    """Of a nuclide that only phantoms hold, no dose constant is known."""
    if isinstance(one, Nuclide):
        return nuclide_document(one)
    unknown = dict.fromkeys(_OF_DOSES)
    return {**emitter_document(one), **unknown, "file_sha256": None}


def _measured(one: Measured | None) -> Document | None:
    return None if one is None else asdict(one)


def _recovery(one: CameraRecovery) -> Document:
    """A ratio of null is that of a sphere with nothing around it."""
    return {
        "diameter_mm": one.diameter_mm,
        "ratio": one.ratio if one.ratio and isfinite(one.ratio) else None,
        "model": _measured(one.model),
        "image": _measured(one.image),
    }


def _camera(one: Commissioned) -> Document:
    factor, blur, dead = one.factor, one.blur, one.dead_time
    return {
        "name": one.name,
        "valid_until": one.valid_until.isoformat(),
        "header": dict(one.header),
        "factor": None
        if factor is None
        else {
            "value": _measured(factor.value),
            "unit": factor.unit,
            "live_fraction": _measured(factor.live_fraction),
        },
        "blur": None
        if blur is None
        else {
            "in_plane_mm": _measured(blur.in_plane_mm),
            "axial_mm": _measured(blur.axial_mm),
            "tail_fraction": _measured(blur.tail_fraction),
            "tail_fwhm_mm": _measured(blur.tail_fwhm_mm),
            "tail_form": blur.tail_form,
            "gaussian_core_mm": list(blur.gaussian_core_mm),
            "gaussian_tail": list(blur.gaussian_tail),
            "edge": blur.edge,
            "edge_power": blur.edge_power,
        },
        "dead_time": None
        if dead is None
        else {
            "model": dead.model,
            "per_gbq": {k: _measured(each) for k, each in dead.per_gbq.items()},
            "measured_gbq": list(dead.measured_gbq),
            "linear_to_gbq": dead.linear_to_gbq,
        },
        "noise": None if one.noise is None else asdict(one.noise),
        "recovery": [_recovery(each) for each in one.recovery],
        "notes": list(one.notes),
    }


def _scan(one: CommissionedScan) -> Document:
    scan = one.scan
    return {
        "file": one.file,
        "files": one.files,
        "sha256": one.sha256,
        "modality": one.modality,
        "header": dict(one.header),
        "scan_start": one.scan_start.isoformat(),
        "duration_s": one.duration_s,
        "activity_mbq": dict(one.activity_mbq),
        "rate_cps": _measured(one.rate_cps),
        "live_fraction": _measured(one.live_fraction),
        "factor": _measured(one.factor),
        "ct_offset_mm": None if one.ct_offset_mm is None else list(one.ct_offset_mm),
        "total": _measured(scan.total),
        "fitted_total": _measured(scan.fitted_total),
        "fitted_ratio": _measured(scan.ratio),
        "placement": _placement(scan),
        "fits": [_fit(each) for each in scan.fits],
        "plain_gaussian": _fit(scan.plain),
        "apart": None if scan.apart is None else _fit(scan.apart),
        "widths_differ": scan.is_uneven,
        "recovery": [_recovery(each) for each in scan.recovery],
        "quality": {
            "noise": scan.quality.noise,
            "noise_fwhm_mm": scan.quality.noise_fwhm_mm,
            "uniformity": scan.quality.uniformity,
            "contrast": dict(scan.quality.contrast),
            "variability": dict(scan.quality.variability),
            "cold": dict(scan.quality.cold),
        },
    }


def _placement(scan: PhantomScan) -> Document:
    pose = scan.best.pose
    return {
        "middle_mm": list(pose.middle_mm),
        "angles_deg": list(pose.angles_deg),
        "mirrored": pose.mirrored,
        "unexplained": scan.placement.unexplained,
        "otherwise": scan.placement.otherwise,
    }


def _fit(one: PhantomFit) -> Document:
    return {
        "form": one.form,
        "in_plane_mm": one.fwhm_mm[0],
        "axial_mm": one.fwhm_mm[1],
        "edge": one.edge,
        "edge_power": one.sharp,
        "tail_fraction": one.tail_fraction,
        "tail_fwhm_mm": one.tail_fwhm_mm,
        "concentrations": dict(one.concentrations),
        "standard": dict(one.standard),
        "misfit": one.misfit,
        "spheres_mm": None if one.spheres_mm is None else list(one.spheres_mm),
    }


def _dead_time(one: DeadTimeFit) -> Document:
    return {
        "found": one.found,
        "loss_at_highest": one.loss_at_highest.value,
        "loss_at_highest_standard": one.loss_at_highest.standard,
        "scans": [
            {
                "activity_mbq": each.activity_mbq,
                "rate_cps": each.rate_cps,
                "standard_cps": each.standard_cps,
                "wide_cps": each.wide_cps,
            }
            for each in one.scans
        ],
        "kept": [
            {
                "model": str(each.model),
                "factor_cps_per_mbq": each.factor_cps_per_mbq,
                "theta_per_mbq": each.theta_per_mbq,
                "theta_standard": each.theta_standard,
                "tau_us": each.tau_us,
                "tau_standard_us": each.tau_standard_us,
                "chi_square": each.chi_square,
                "degrees": each.degrees,
            }
            for each in one.kept
        ],
    }


def _before(one: Commissioned) -> Document:
    return {
        "name": one.name,
        "made": one.made.isoformat(),
        "valid_until": one.valid_until.isoformat(),
        "sha256": one.sha256,
    }


def _drift(one: Drift) -> Document:
    return {
        "name": one.name,
        "unit": one.unit,
        "now": _measured(one.now),
        "before": _measured(one.before),
        "relative": one.relative,
        "standard": one.standard,
        "tolerance": one.tolerance,
        "passed": one.passed,
    }
