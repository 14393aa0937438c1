"""Treatment planning and dosimetry for radioembolization (SIRT, TARE).

Public names are loaded on first use, so that ``import sirtdose`` costs nothing; types
are in ``__init__.pyi``.

>>> import sirtdose
>>> sirtdose.Nuclide.named("Y-90").half_life_h
64.05
"""

# Nothing is imported before the entry point's own lines: there Ctrl-C is caught.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"

_HOME = {
    "assess_dose": "workflows.post.assess",
    "assess_arrays": "workflows.post.arrays",
    "assess_into": "workflows.post.results",
    "Wanted": "workflows.post.results",
    "read_scan": "workflows.scan",
    "scan_into": "workflows.scan_files",
    "Scan": "report.scan.document",
    "to_dataframe": "workflows.convert",
    "to_nifti": "workflows.convert",
    "to_sitk": "workflows.convert",
    "inspect_folder": "workflows.inspect",
    "check_dose": "workflows.check.dose",
    "CheckRequest": "workflows.check.dose",
    "dose_histograms": "workflows.check.histograms",
    "plan_bsa": "workflows.plan.numbers",
    "plan_mird": "workflows.plan.numbers",
    "plan_partition": "workflows.plan.numbers",
    "PlanRequest": "workflows.plan.numbers",
    "plan_image": "workflows.plan.image",
    "Scout": "workflows.plan.image",
    "write_phantom": "workflows.phantom",
    "write_phantom_pet": "workflows.phantom",
    "run_cases": "batch.run",
    "write_tables": "batch.tables",
    "Case": "batch.work",
    "Outcome": "batch.work",
    "analyze_cohort": "cohort.analysis",
    "CohortRequest": "cohort.request",
    "PhantomRequest": "phantom.request",
    "PhantomUptake": "phantom.uptake",
    "measure_uptake": "workflows.suv.run",
    "SuvRequest": "workflows.suv.request",
    "UptakeMeasurement": "dosimetry.suv.results",
    "read_uptake": "io.dicom.suv",
    "Uptake": "model.uptake",
    "UptakeGiven": "model.uptake",
    "Body": "model.body_size",
    "read_image": "io.read",
    "read_structures": "io.read",
    "structure_of": "io.convert",
    "volume_of": "io.convert",
    "compute_dose": "dosimetry.engine.dose",
    "Dose": "dosimetry.engine.dose",
    "time_integrated_activity": "dosimetry.image.activity",
    "occupancy_on": "dosimetry.grid.resample",
    "Dvh": "dosimetry.histogram.dvh",
    "Criterion": "dosimetry.compare.gamma",
    "DoseCheck": "dosimetry.compare.dose_check",
    "Assessment": "dosimetry.results",
    "DoseHistograms": "dosimetry.results",
    "Prediction": "dosimetry.results",
    "patient_dose": "outcomes.patient_dose",
    "PatientDose": "outcomes.patient_dose",
    "TreatedPart": "outcomes.patient_dose",
    "Plan": "planning.result",
    "Injection": "planning.partition_goal",
    "Tumor": "planning.perfused",
    "ImagedInjection": "planning.partition_goal",
    "DoseRequest": "model.request",
    "Given": "model.request",
    "ImageRequest": "model.request",
    "InjectionGiven": "model.request",
    "JudgeRequest": "model.request",
    "PostRequest": "model.request",
    "Privacy": "model.request",
    "Grid": "model.grid",
    "Quantity": "model.volume",
    "Volume": "model.volume",
    "Structure": "model.structure",
    "Role": "model.role",
    "Nuclide": "model.nuclide",
    "Device": "model.device",
    "Ledger": "model.ledger",
    "Limit": "model.limit",
    "Metric": "model.metric",
    "Acceptance": "model.acceptance",
    "Finding": "model.finding",
    "Severity": "model.finding",
    "Treatment": "model.treatment",
    "SirtdoseError": "errors",
    "InputError": "errors",
    "FileFormatError": "errors",
    "MissingTagError": "errors",
    "GeometryError": "errors",
    "QuantityError": "errors",
    "StructureError": "errors",
    "RangeError": "errors",
    "SafetyStop": "errors",
    "PlanningError": "errors",
    "OutputError": "errors",
    "MissingExtra": "errors",
}

# Not among the globals, so that examples in docstrings are tested at home only.
_LOADED: "dict[str, Any]" = {}

__all__ = [*sorted(_HOME), "__version__"]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'sirtdose' has no attribute {name!r}")
    if name not in _LOADED:
        value = getattr(import_module(f"sirtdose.{_HOME[name]}"), name)
        if not isinstance(value, type):
            value = import_module("sirtdose.arguments").for_python(value, name)
        _LOADED[name] = value
    return _LOADED[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
