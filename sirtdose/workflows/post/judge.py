"""What the doses of a treatment are held against."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.results import Dosed, Judged, Placed, Read
from sirtdose.model.finding import Finding
from sirtdose.model.ledger import Lungs
from sirtdose.model.limit import Limit
from sirtdose.model.names import alike
from sirtdose.model.request import PostRequest
from sirtdose.model.said import Said
from sirtdose.planning.limits import limit_findings, lung_limits
from sirtdose.planning.lung_shunt import lung_shunt_findings
from sirtdose.workflows.plan.uncertainty import budget_at, budget_findings
from sirtdose.workflows.post.against_plan import compared
from sirtdose.workflows.post.biology import biology_of, model_findings, thresholds_held
from sirtdose.workflows.post.doubts import (
    ceiling_doubts,
    lungs_in_image_doubts,
    plan_doubts,
    size_doubts,
)
from sirtdose.workflows.post.findings import hot_spot_findings, lung_row_findings


def judged(
    read: Read, placed: Placed, doses: Dosed, request: PostRequest
) -> tuple[Judged, tuple[Finding, ...]]:
    """Doses held against limits, the plan, models and outcome studies.

    Raises
    ------
    InputError
        A file of a department's own models or uncertainties that cannot be used.
    """
    said = Said()
    tables, lungs = doses.structure_doses, doses.lungs
    method, rows = next(iter(tables.items()))
    judge, nuclide = request.judge, read.given.nuclide
    said.add(hot_spot_findings(beyond=doses.extrahepatic, rows=rows))
    said.add(size_doubts(ledger=read.ledger, rows=rows))
    said.add(ceiling_doubts(device=judge.device, rows=rows))
    if request.dose.uncertainty is not None:
        said.add(budget_findings(budget_at(request.dose.budget)))
    plan = None
    if read.plan is not None:
        said.add(
            plan_doubts(
                plan=read.plan,
                ledger=read.ledger,
                method=method.partition("+")[0],
                device=judge.device,
                lung_shunt_fraction=read.given.lung_shunt_fraction,
            )
        )
        plan = said.take(compared(read.plan, read, drawn=placed.drawn, tables=tables))
    said.add(lung_shunt_findings(lungs))
    said.add(limit_findings(lung_limits(lungs)))
    said.add(lung_row_findings(tables=tables, lungs=lungs))
    said.add(
        lungs_in_image_doubts(
            nuclide=nuclide, lungs=lungs, in_image_gbq=doses.lungs_in_image_gbq
        )
    )
    modality = placed.image.source.modality if placed.image.source else ""
    biology = biology_of(judge, nuclide, modality)
    said.add(model_findings(biology=biology, tables=tables))
    thresholds = said.take(thresholds_held(biology, tables))
    said.add(
        [Finding.of("H37", "not a medical device: verify with an approved system")]
    )
    return Judged(
        limits=limits_of(lungs, read.plan, rows),
        biology=biology,
        plan=plan,
        thresholds=thresholds,
    ), said.findings


_LUNGS = ("lungs", "lungs_cumulative")


def limits_of(
    lungs: Lungs, plan: Mapping[str, Any] | None, rows: Sequence[StructureDose]
) -> tuple[Limit, ...]:
    """Every limit with what was delivered: the worst of several volumes counts.

    Of a session alone: what a plan counted of earlier ones is not in its map.
    """
    limits = lung_limits(lungs)
    for one in (plan or {"limits": []})["limits"]:
        if one["volume"] in _LUNGS:
            continue
        meant = alike(one["volume"], [row.structure.name for row in rows])
        doses = {
            row.structure.name: row.mean_by_mass_gy
            for row in rows
            if one["volume"] == row.structure.role or row.structure.name in meant
        }
        name = _worst(doses, one)
        limits.append(
            Limit(
                name=one["name"],
                volume=one["volume"],
                sense=one["sense"],
                limit_gy=one["limit_gy"],
                upper_gy=one["upper_gy"],
                strict=one["strict"],
                value_gy=None if name is None else doses[name],
                source=f"of the plan: {one['source']}",
                binding=False,
                verified=one["verified"],
                condition=one["condition"] or "",
                value_of=name or "",
            )
        )
    return tuple(limits)


def _worst(doses: Mapping[str, float], limit: Mapping[str, Any]) -> str | None:
    """Of several volumes the one that is furthest on the wrong side."""
    if not doses:
        return None
    if limit["sense"] == "at_most":
        return max(doses, key=doses.__getitem__)
    least = min(doses, key=doses.__getitem__)
    most = max(doses, key=doses.__getitem__)
    over = limit["sense"] == "range" and doses[most] > limit["upper_gy"]
    return most if over and doses[least] >= limit["limit_gy"] else least
