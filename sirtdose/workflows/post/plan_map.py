"""The plan's own dose map on this image's voxels, beside what was delivered.

It lies on another scan. It comes by its frame of reference, by a transform, or by the
rigid registration that brings structures from the scan on which the plan was made.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.checks import plan_map as checks
from sirtdose.checks.earlier_dose import PLANNED, partly_covered
from sirtdose.dosimetry.engine.dose import METHODS, Dose
from sirtdose.dosimetry.grid.regrid import mean_on
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Placed, PlanMap, PlannedDose
from sirtdose.errors import InputError, SirtdoseError
from sirtdose.io import map_label
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.request import PostRequest
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.post.files import DOSE_FILES
from sirtdose.workflows.post.against_plan import conversion_of
from sirtdose.workflows.post.placed_dose import (
    in_liver_findings,
    moved_by,
    moved_dose,
    read_dose_map,
)

Found = tuple[PlanMap | None, list[Finding]]


def plan_map_file(request: PostRequest) -> Path | None:
    """The dose map that was named, else the plan's own beside it.

    Of several methods it is that of the delivered dose, else the first there is.
    """
    judge = request.judge
    if judge.plan is None or judge.plan_dose is not None:
        return judge.plan_dose
    first = METHODS[request.dose.used_methods[0]]
    with suppress(SirtdoseError):
        own = plan_of_file(judge.plan)["hash"]
        for method in (first, *DOSE_FILES):
            path = judge.plan.resolve().parent / DOSE_FILES[method]
            label = map_label.label_of(path)
            if label and (label.plan, label.of) == (own, map_label.PLANNED):
                return path
    return None


def read_plan_map(request: PostRequest, plan: Mapping[str, Any]) -> Found:
    """The plan's dose map as its file has it.

    Raises
    ------
    InputError
        A map that was named and is of another plan, was changed, or holds no Gy; a
        transform without a map.
    """
    path, typed = plan_map_file(request), request.judge.plan_dose is not None
    if path is None:
        if request.judge.plan_transform is not None:
            raise InputError(
                "--plan-transform moves the plan's dose map, but none beside plan.json "
                "belongs to this plan: give --plan-dose"
            )
        return None, checks.no_map_findings() if plan["method"] == "image" else []
    dose = read_dose_map(path, PLANNED)
    label = map_label.label_of(path)
    if label is None:
        usual = plan["assumptions"].get("dose_method", METHODS["local"])
        return PlanMap(usual, dose), checks.unlabeled_findings(path.name)
    _require_own(label, plan["hash"], path.name)
    if not map_label.is_as_labeled(path, dose):
        if typed:
            raise InputError(
                f"--plan-dose {path.name} was changed since `sirtdose plan image` "
                "wrote it: give the map as it was written"
            )
        return None, checks.changed_findings(path.name)
    grid = replace(dose.grid, frame_of_reference_uid=label.frame_of_reference_uid)
    return PlanMap(label.method, replace(dose, grid=grid)), []


def _require_own(label: map_label.MapLabel, own: str, name: str) -> None:
    if label.plan != own:
        raise InputError(
            f"--plan-dose {name} is of another plan (hash {label.plan[:12]}) than "
            f"--plan (hash {own[:12]}): give the dose map beside that plan.json"
        )
    if label.of != map_label.PLANNED:
        raise InputError(
            f"--plan-dose {name} is the dose of {label.of}, not of "
            f"{map_label.PLANNED}: give the dose map beside plan.json"
        )


def plan_map_on(found: PlanMap | None, transform: Path | None, placed: Placed) -> Found:
    """The plan's dose map where doses are computed; None where it cannot be placed.

    Raises
    ------
    InputError
        A transform that cannot be used, or that bends.
    """
    if found is None:
        return None, []
    dose, by, findings = _placed(found.dose, transform, placed)
    if dose is None:
        return None, findings
    inside = in_liver_findings(dose, placed, PLANNED)
    if transform is None:
        # Nobody asked for it: it is shown, and stops nothing.
        inside = [replace(one, severity=Severity.WARN) for one in inside]
    grid = placed.image.grid
    mean, covered = mean_on(dose, grid)
    part = Volume(covered, grid, Quantity.DENSITY)
    findings += [*inside, *checks.part_findings(part, placed.on_grid)]
    there = Volume(mean, grid, Quantity.DOSE)
    return replace(found, dose=there, covered=part, placed_by=by), findings


def _placed(
    dose: Volume, transform: Path | None, placed: Placed
) -> tuple[Volume | None, str, list[Finding]]:
    """A dose at its place, what placed it, and what is said of that."""
    if transform is not None:
        moved, findings = moved_dose(dose, transform, placed, PLANNED)
        return moved, "transform", findings
    own, here = (one.grid.frame_of_reference_uid for one in (dose, placed.image))
    known = own is not None and here is not None
    if known and own == here:
        return dose, "frame of reference", []
    way = placed.registration
    if known and way is not None and way.from_frame == own:
        brought = moved_by(dose, way, placed.image)
        if brought is not None:
            return brought, "registration of the structures", []
    return None, "", checks.unplaced_findings(known=known)


def map_compared(
    found: PlanMap | None,
    plan: Mapping[str, Any],
    dose: Dose,
    rows: Sequence[StructureDose],
) -> PlanMap | None:
    """The map on the delivered dose's constant, with its mean in each structure.

    Energy over mass, by the densities of the delivered `dose`. A structure that the map
    does not fully cover has no mean.
    """
    if found is None or found.covered is None:
        return None
    _, conversion = conversion_of(plan, found.method, dose.nuclide)
    scaled = found.dose.with_data(np.float32(conversion) * found.dose.data)
    partly = partly_covered(found.covered, [row.structure for row in rows])
    planned = replace(dose, volume=scaled)
    return replace(
        found,
        dose=scaled,
        rows=tuple(
            PlannedDose(
                name=row.structure.name,
                role=str(row.structure.role),
                planned_gy=planned.mean_by_mass_gy(row.structure),
                delivered_gy=row.mean_by_mass_gy,
            )
            for row in rows
            if row.structure.name not in partly
        ),
    )
