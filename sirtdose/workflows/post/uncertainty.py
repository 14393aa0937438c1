"""How sure the doses after treatment are: from an assessment to its uncertainty."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.blur_loss import estimated_losses
from sirtdose.dosimetry.results import Assessment
from sirtdose.model.ledger import Ledger, Lungs
from sirtdose.model.metric import Metric
from sirtdose.model.request import DoseRequest, PostRequest
from sirtdose.model.role import Role
from sirtdose.model.uncertain import (
    Z95,
    LimitChance,
    RowUncertainty,
    Uncertain,
    Uncertainty,
)
from sirtdose.planning.partition_case import ALL_LUNGS
from sirtdose.uncertainty.borders import borders_of
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.differences import Differences, by_differences
from sirtdose.uncertainty.ensemble import Ensemble, RowDraws, ensemble, interval_of
from sirtdose.uncertainty.first_order import Propagated, propagated
from sirtdose.uncertainty.scene import Array, Scene, quantities
from sirtdose.uncertainty.undoing import Blurred, Undoing
from sirtdose.uncertainty.undone import undone_differences, undone_ensemble
from sirtdose.workflows.post.activity import blur_of
from sirtdose.workflows.post.camera import budget_of
from sirtdose.workflows.post.contours import READERS, contours_of
from sirtdose.workflows.post.uncertain_scene import (
    blurred_of,
    factors_of,
    region_of,
    scene_of,
)


def uncertainty_of(assessment: Assessment) -> Uncertainty | None:
    """Propagate the budget to every mean, D_x, V_x and histogram; None if not asked.

    Contours and noise are those of the image, before it was brought to the dose grid.

    Raises
    ------
    InputError
        A budget that cannot be read.
    RangeError
        A number of realizations that says nothing.
    """
    request, calibrated = assessment.request.dose, assessment.calibrated
    if request.uncertainty is None:
        return None

    contours, budget = contours_of(assessment, _budget(assessment))
    factors = factors_of(budget, calibrated.used, calibrated.ledger)
    injections = assessment.read.given.injections
    rows: dict[str, tuple[RowUncertainty, ...]] = {}
    drawn: list[Ensemble] = []
    for method, dose in assessment.dosed.doses.items():
        if "prior" in method:
            continue
        table = assessment.structure_doses[method]
        result = calibrated.partial_volume
        if result is not None and result.undone is not None and "+" in method:
            blurred = blurred_of(
                assessment.read.image,
                result,
                table,
                undone=result.undone,
                named=assessment.placed.named,
                budget=budget,
                factors=factors,
                contours=contours,
            )
            rows[method] = _undone(blurred, table, assessment.request)
            continue
        scene = scene_of(
            dose.volume,
            table,
            budget,
            factors=factors,
            region=() if injections else region_of(calibrated.used, table),
            drawn_on=assessment.read.image.grid,
            contours=contours,
        )
        found, own = _varied(
            scene, table, request, asked=assessment.request.judge.metrics
        )
        drawn.append(own)
        lost = {} if "+" in method else _losses(assessment, table)
        known = result.relative if result is not None and "+" in method else {}
        rows[method] = tuple(
            _by_recovery(replace(one, blur_loss=lost.get(one.name, 0.0)), known)
            for one in found
        )
    first = drawn[0]
    lungs = assessment.dosed.lungs
    in_lungs = _lung_draws(lungs, first, calibrated.ledger)
    return Uncertainty(
        realizations=request.uncertainty,
        seed=request.seed or 0,
        rows=rows,
        lungs=None if in_lungs is None else _described(lungs.dose_gy, in_lungs),
        limits=tuple(_chances(assessment, rows, first, in_lungs=in_lungs)),
        budget=budget.rows("post"),
        left_out=tuple(_left_out(assessment)),
    )


def _by_recovery(one: RowUncertainty, relative: Mapping[str, float]) -> RowUncertainty:
    """With what the recovery that it was corrected by is known to."""
    if not relative:
        return one
    return one.widened(relative.get(one.name, 0.0), "recovery")


def _budget(assessment: Assessment) -> Budget:
    """With what the camera's file and the image's own gates know better."""
    budget = budget_of(assessment.request, assessment.read, assessment.placed)
    gates = assessment.dosed.gates
    if gates is None:
        return budget
    return budget.breathing(gates.amplitude_mm, len(gates.names))


def _losses(assessment: Assessment, rows: Sequence[StructureDose]) -> dict[str, float]:
    """What blur takes from the means of tumors where it is not undone.

    By the recovery that the camera's file has of a tumor of that size, if it has one.
    """
    used = assessment.read.camera
    found = estimated_losses(
        [
            (
                *(row.structure.name, row.structure.role),
                *(row.structure.volume_ml, row.dvh.mean_gy),
            )
            for row in rows
        ],
        **blur_of(assessment.placed.image, assessment.request.dose),
        measured=used.camera.recovery_at if used else None,
    )
    # What all tumors lose is what each does, by its part of the energy.
    energy = {
        row.structure.name: row.dvh.mean_gy * row.structure.volume_ml
        for row in rows
        if row.structure.role is Role.TUMOR
    }
    lost = sum(found.get(name, 0.0) * own for name, own in energy.items())
    together = lost / sum(energy.values()) if sum(energy.values()) > 0 else 0.0
    return {**found, str(Role.ALL_TUMORS): together}


def _undone(
    blurred: Blurred, table: Sequence[StructureDose], request: PostRequest
) -> tuple[RowUncertainty, ...]:
    """Rows of a correction that is made anew with everything a little off."""
    undoing, asked = Undoing(blurred), request.judge.metrics
    seed = request.dose.seed or 0
    drawn = undone_ensemble(
        undoing, realizations=request.dose.uncertainty or 0, seed=seed, asked=asked
    )
    differences = undone_differences(undoing, seed=seed, asked=asked)
    found = []
    for name, (mean, others) in differences.items():
        row = table[int(name)]
        found.append(_row(row, drawn[name], mean=mean, others=others))
    return tuple(found)


def _varied(
    scene: Scene,
    table: Sequence[StructureDose],
    request: DoseRequest,
    *,
    asked: Sequence[Metric],
) -> tuple[tuple[RowUncertainty, ...], Ensemble]:
    borders = borders_of(scene)
    drawn = ensemble(
        scene,
        realizations=request.uncertainty or 0,
        seed=request.seed or 0,
        asked=asked,
        borders=borders,
    )
    by_law = {
        name for name, one in scene.contours.items() if one.components[0] != READERS
    }
    if len(by_law) < len(scene.contours):
        # A consensus is as often on one side of the truth as on the other.
        about = {
            name: own if name in by_law else own.about(table[int(name)].dvh)
            for name, own in drawn.rows.items()
        }
        drawn = replace(drawn, rows=about)
    means = propagated(scene)
    others = by_differences(scene, borders, asked=asked)
    rows = [
        _row(row, drawn.rows[str(n)], mean=means[str(n)], others=others[str(n)])
        for n, row in enumerate(table)
    ]
    return tuple(rows), drawn


def _row(
    row: StructureDose, own: RowDraws, *, mean: Propagated, others: Differences
) -> RowUncertainty:
    volume = own.values["volume_ml"]
    # A structure too small for a D_cc, as drawn or as it might be, has no such dose.
    measured = {
        name: value
        for name, value in quantities(row.dvh, own.metrics).items()
        if np.isfinite(
            [value, others.standard[name], *own.values[name][volume > 0]]
        ).all()
    }
    standard = {**others.standard, "mean_gy": mean.standard_gy}
    curve = row.dvh.curve(own.dose_gy) / row.dvh.volume_ml
    half = Z95 * others.curve
    return RowUncertainty(
        name=row.structure.name,
        role=str(row.structure.role),
        quantities={
            name: _described(
                value, own.values[name], by_noise=own.by_noise[name], quantity=name
            )
            for name, value in measured.items()
        },
        by_first_order={
            name: _symmetric(
                value, standard[name], by_noise=own.by_noise[name], quantity=name
            )
            for name, value in measured.items()
        },
        parts_gy=mean.parts_gy,
        band=(
            tuple(map(float, own.dose_gy)),
            tuple(map(float, own.curve_low)),
            tuple(map(float, own.curve_high)),
        ),
        first_order_band=(
            tuple(map(float, np.clip(curve - half, 0, 1))),
            tuple(map(float, np.clip(curve + half, 0, 1))),
        ),
        gone=float((volume == 0).mean()),
    )


def _possible(
    value: float, low: float, high: float, *, quantity: str
) -> tuple[float, float]:
    """An interval without what cannot be: a part of a volume over 1, a dose below 0.

    Noise below 0 in the image is left as it is.
    """
    is_part = quantity.startswith("v") and "_" not in quantity
    return max(low, min(value, 0.0)), min(high, 1.0) if is_part else high


def _symmetric(
    value: float, standard: float, *, by_noise: float, quantity: str
) -> Uncertain:
    """A value with 1.96 standard uncertainties on both sides, as far as it can be.

    Further by what noise has moved it, to the other side.
    """
    low = value - Z95 * standard - max(by_noise, 0.0)
    high = value + Z95 * standard + max(-by_noise, 0.0)
    return Uncertain(value, standard, *_possible(value, low, high, quantity=quantity))


def _described(
    value: float, draws: Array, *, by_noise: float = 0.0, quantity: str = ""
) -> Uncertain:
    """Standard deviation and 95 % interval of draws, as far as it can be."""
    low, high = interval_of(value, draws, by_noise)
    standard = float(draws[np.isfinite(draws)].std(ddof=1))
    return Uncertain(value, standard, *_possible(value, low, high, quantity=quantity))


def _lung_draws(lungs: Lungs, drawn: Ensemble, ledger: Ledger) -> Array | None:
    """Doses of the lungs by the same draws, where a shunt is known."""
    if not lungs.known or lungs.shunt_fraction == 0:
        return None
    own = drawn.draws
    delivered = (
        ledger.administered_gbq * own["administered"]
        - ledger.residual_gbq * own["residual"]
    ) / ledger.delivered_gbq
    by_shunt = own["lung_shunt"] * own["dose_constant"] / own["lung_mass"]
    dose: Array = lungs.dose_gy * delivered * by_shunt
    return dose


def _chances(
    assessment: Assessment,
    uncertain: Mapping[str, Sequence[RowUncertainty]],
    drawn: Ensemble,
    *,
    in_lungs: Array | None,
) -> list[LimitChance]:
    """How often each limit is met, by the first method's draws."""
    hidden = [one.name for one in next(iter(uncertain.values())) if one.hidden_by_blur]
    lungs = assessment.dosed.lungs
    rows = next(iter(assessment.structure_doses.values()))
    by_name = {one.structure.name: n for n, one in enumerate(rows)}
    found = []
    for limit in assessment.judged.limits:
        draws: Any = None
        if limit.volume.startswith("lungs") and in_lungs is not None:
            earlier = lungs.cumulative_dose_gy - lungs.dose_gy
            draws = in_lungs + (earlier if limit.name == ALL_LUNGS else 0.0)
        elif (
            limit.value_of in by_name
            and limit.value_of not in hidden
            and limit.value_gy is not None
        ):
            values = drawn.rows[str(by_name[limit.value_of])].values["mean_gy"]
            row, plan = rows[by_name[limit.value_of]], assessment.judged.plan
            before = plan.earlier_gy.get(limit.value_of, 0.0) if plan else 0.0
            draws = before + values * (limit.value_gy - before) / row.dvh.mean_gy
        if draws is None:
            continue
        met = [bool(replace(limit, value_gy=float(one)).met) for one in draws]
        found.append(
            LimitChance(limit.name, limit.volume, limit.limit_gy, sum(met) / len(met))
        )
    return found


def _left_out(assessment: Assessment) -> list[str]:
    """What the intervals do not hold."""
    pvc = assessment.request.dose.pvc
    by_curve = pvc == "recovery"
    table = next(iter(assessment.structure_doses.values()))
    lungs_drawn = any(row.structure.role is Role.LUNGS for row in table)
    shared = bool(assessment.read.given.injections)
    by_case = {
        "the lung shunt, which was not given": not assessment.dosed.lungs.known,
        "breathing, and the uncertainty of lung density": lungs_drawn,
        "sharing of the image among injections, whose activities vary together": shared,
        "doses of earlier sessions": assessment.placed.prior is not None,
        "uncertainty of the recovery coefficients": isinstance(pvc, Path),
        "uncertainty of the camera's recoveries in V_x and histograms": by_curve,
    }
    return [
        "partial-volume loss in small tumors where it was not corrected",
        "choice of reconstruction, scatter and attenuation correction",
        *(words for words, is_so in by_case.items() if is_so),
    ]
