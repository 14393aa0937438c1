"""Compute a result's doses again with an engine that is not ours."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sirtdose.checks.second_engine import second_engine_findings
from sirtdose.dosimetry.compare.dose_check import DEFAULT_TOLERANCES
from sirtdose.dosimetry.engine.dose import METHODS
from sirtdose.dosimetry.engine.emissions import Emissions
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.activity import time_integrated_activity
from sirtdose.dosimetry.results import Assessment
from sirtdose.dosimetry.second_engine.compared import Mean, SecondEngine
from sirtdose.errors import InputError
from sirtdose.model.request import DoseRequest, PostRequest
from sirtdose.model.volume import Volume
from sirtdose.workflows.check.ompmc import ompmc_version
from sirtdose.workflows.check.simulated import Scene, SimulationRequest, simulated
from sirtdose.workflows.post.assess import assess_dose

# Computed again, means are those of post.json but for rounding.
_SAME_WITHIN = 1e-5


def second_engine(
    request: PostRequest,
    document: Mapping[str, Any],
    simulation: SimulationRequest,
    *,
    method: str | None = None,
    tolerance: float | None = None,
) -> SecondEngine:
    """Assess again, simulate the same activity and densities, and compare means.

    Parameters
    ----------
    request : PostRequest
        As the results were asked for.
    document : mapping
        Their post.json, whose doses must come out again.
    simulation : SimulationRequest
    method : str, optional
        ``local``, ``kernel`` or ``collapsed-cone`` alone.
    tolerance : float, optional
        Allowed relative difference of means.

    Raises
    ------
    InputError
        The doses come out otherwise now, or cannot be simulated.
    MissingExtra
        ompMC is not installed.
    OutputError
        ompMC ended, hangs or gave no answer that can be used.
    """
    ompmc_version()
    assessment = assess_dose(replace(request, dose=_alone(request)))
    tables = _tables(assessment, document, method)
    nuclide = assessment.read.given.nuclide.for_energy(emitted=True)
    rows = {row.structure.name: row for table_ in tables.values() for row in table_}
    scene = Scene(
        tia=time_integrated_activity(assessment.calibrated.images[""], nuclide),
        nuclide=nuclide,
        density_g_per_ml=assessment.placed.density.g_per_ml,
        medium=request.dose.medium,
        structures=[row.structure for row in rows.values()],
        ours_gy={name: row.dvh.mean_gy for name, row in rows.items()},
    )
    means, made = simulated(scene, simulation)
    found = zip(means.gy().tolist(), means.standard_gy().tolist(), strict=True)
    theirs = dict(zip(rows, found, strict=True))
    allowed = DEFAULT_TOLERANCES["mean"] if tolerance is None else tolerance
    compared = tuple(
        Mean(
            key,
            row.structure.name,
            str(row.structure.role),
            row.dvh.mean_gy,
            *theirs[row.structure.name],
            allowed,
        )
        for key, table_ in tables.items()
        for row in table_
    )
    density = scene.density_g_per_ml
    emissions = Emissions.of(nuclide.name)
    return SecondEngine(
        nuclide=nuclide.name,
        dose_constant_gy_kg_per_gbq=nuclide.dose_constant_gy_kg_per_gbq,
        density_g_per_ml=None if isinstance(density, Volume) else density,
        simulation=made,
        rows=compared,
        findings=tuple(second_engine_findings(rows=compared, simulation=made)),
        emissions_source=emissions.source,
        emissions_left_out=emissions.left_out,
    )


def _alone(request: PostRequest) -> DoseRequest:
    """What makes doses, without their intervals."""
    return replace(request.dose, uncertainty=None)


def _tables(
    assessment: Assessment, document: Mapping[str, Any], method: str | None
) -> dict[str, list[StructureDose]]:
    """The rows of each method for the image as it is, which must be as they were.

    Raises
    ------
    InputError
        There is no such method, or a mean is another one now.
    """
    wanted = METHODS[method] if method else None
    tables = {
        key: rows
        for key, rows in assessment.structure_doses.items()
        if "+" not in key and wanted in (None, key)
    }
    if not tables:
        named = [key.replace("_", " ") for key in document["doses"] if "+" not in key]
        raise InputError(
            f"there is no dose by {str(method).replace('-', ' ')}, only by "
            f"{' and '.join(named)}"
        )
    for key, rows in tables.items():
        before = document["doses"].get(key, {}).get("structures", ())
        means = {row["name"]: row["dose_gy"]["mean"] for row in before}
        for row in rows:
            was, now = means.get(row.structure.name), row.dvh.mean_gy
            if was is None or abs(now - was) > _SAME_WITHIN * max(abs(was), abs(now)):
                said = "none" if was is None else f"{was:.6g} Gy"
                raise InputError(
                    f"the mean dose of '{row.structure.name}' was {said} and is now "
                    f"{now:.6g} Gy, so a second engine would check other doses: "
                    "`sirtdose verify --rerun` shows what changed"
                )
    return tables
