"""Treatment planning and dosimetry for radioembolization (SIRT, TARE).

Public names are loaded on first use, so that ``import sirtdose`` costs nothing.

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
    "assess_into": "workflows.post.results",
    "run_cases": "batch.run",
    "write_tables": "batch.tables",
    "inspect_folder": "workflows.inspect",
    "plan_mird": "workflows.plan.numbers",
    "write_phantom": "workflows.phantom",
    "PlanRequest": "workflows.plan.numbers",
    "PostRequest": "model.request",
    "ImageRequest": "model.request",
    "Given": "model.request",
    "InjectionGiven": "model.request",
    "DoseRequest": "model.request",
    "JudgeRequest": "model.request",
    "Privacy": "model.request",
    "Wanted": "workflows.post.results",
    "Case": "batch.case",
    "Outcome": "batch.case",
    "PhantomRequest": "phantom.request",
    "compute_dose": "dosimetry.engine.dose",
    "time_integrated_activity": "dosimetry.image.activity",
    "occupancy_on": "dosimetry.grid.resample",
    "Dose": "dosimetry.engine.dose",
    "Dvh": "dosimetry.histogram.dvh",
    "read_image": "io.read",
    "read_structures": "io.read",
    "Grid": "model.grid",
    "Volume": "model.volume",
    "Quantity": "model.volume",
    "Metric": "model.metric",
    "Structure": "model.structure",
    "Role": "model.role",
    "Nuclide": "model.nuclide",
    "Device": "model.device",
    "Ledger": "model.ledger",
    "Finding": "model.finding",
    "Plan": "planning.result",
    "SirtdoseError": "errors",
    "InputError": "errors",
    "PlanningError": "errors",
    "OutputError": "errors",
}

__all__ = [*sorted(_HOME), "__version__"]


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'sirtdose' has no attribute {name!r}")
    value = getattr(import_module(f"sirtdose.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
