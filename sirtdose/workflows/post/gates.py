"""Doses by respiratory gate, where an image has gates."""

from dataclasses import replace

import numpy as np

from sirtdose.dosimetry.engine.dose import compute_dose
from sirtdose.dosimetry.gate_doses import GateDoses
from sirtdose.dosimetry.histogram.structure_dose import structure_doses
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.image.gate_motion import head_feet_mm
from sirtdose.dosimetry.results import Calibrated, Placed, Read
from sirtdose.model.progress import counted
from sirtdose.model.request import PostRequest
from sirtdose.workflows.image.grid import on_dose_grid


def gate_doses(
    read: Read, placed: Placed, calibrated: Calibrated, request: PostRequest
) -> GateDoses | None:
    """Doses by the first method, of each gate as if it had lasted all the time."""
    image = read.image
    gates = image.gates
    if gates is None:
        return None
    activity, nuclide = calibrated.images[""], read.given.nuclide
    whole = on_dose_grid(request.image, image.with_data(gates.mean()), placed.ct)
    tables, method = [], ""
    for n in counted("gates", range(len(gates.fractions))):
        own = on_dose_grid(request.image, image.with_data(gates.data[n]), placed.ct)
        # By voxel: injections have factors of their own.
        part = np.divide(
            own.data, whole.data, out=np.zeros(whole.grid.shape), where=whole.data != 0
        )
        its = replace(activity, data=activity.data * part, gates=None)
        dose = compute_dose(
            time_integrated_activity(its, nuclide),
            nuclide=nuclide,
            density_g_per_ml=placed.density.g_per_ml,
            method=request.dose.used_methods[0],
            medium=request.dose.medium,
        )
        tables.append(structure_doses(placed.on_grid, dose, its))
        method = dose.method
    return GateDoses(
        names=gates.names,
        fractions=gates.fractions,
        timed=gates.timed,
        method=method,
        head_feet_mm=head_feet_mm(gates, image.grid, placed.regions.get("liver")),
        rows=tables,
    )
