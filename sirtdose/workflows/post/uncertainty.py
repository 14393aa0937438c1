"""How sure the doses after treatment are: from an assessment to its uncertainty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose.model.request import PostRequest
from sirtdose.model.role import Role
from sirtdose.model.uncertain import (
    Z95,
    LimitChance,
    RowUncertainty,
    Uncertain,
    Uncertainty,
)
from sirtdose.uncertainty.borders import borders_of
from sirtdose.uncertainty.differences import by_differences
from sirtdose.uncertainty.ensemble import ensemble, interval_of
from sirtdose.uncertainty.first_order import propagated
from sirtdose.uncertainty.quantities import quantity_of
from sirtdose.workflows.plan.budget import budget_at
from sirtdose.workflows.post.uncertain_scene import factors_of, region_of, scene_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sirtdose.dosimetry.engine.dose import Dose
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose
    from sirtdose.dosimetry.image.activity import Calibration
    from sirtdose.model.grid import Grid
    from sirtdose.model.ledger import Ledger, Lungs
    from sirtdose.model.limit import Limit
    from sirtdose.uncertainty.differences import Differences
    from sirtdose.uncertainty.ensemble import Ensemble, RowDraws
    from sirtdose.uncertainty.first_order import Propagated
    from sirtdose.uncertainty.scene import Scene

    Array = NDArray[np.float64]


def uncertainty_of(
    request: PostRequest,
    *,
    doses: Mapping[str, "Dose"],
    tables: Mapping[str, Sequence["StructureDose"]],
    calibration: "Calibration",
    ledger: "Ledger",
    lungs: "Lungs",
    limits: Sequence["Limit"],
    drawn_on: "Grid",
    losses: "Callable[[Sequence[StructureDose]], Mapping[str, float]]",
    wider: "Callable[[tuple[float, float, float]], Mapping[str, Dose]]",
) -> Uncertainty | None:
    """Propagate the budget to every mean, D_x, V_x and histogram; None if not asked.

    Parameters
    ----------
    drawn_on : Grid
        Of the image, before it was brought to the dose grid.
    losses : callable
        Of a table, what blur takes from the means of tumors where it is not undone.
    wider : callable
        Of another width of the blur, the doses where it is undone.

    Raises
    ------
    InputError
        A budget that cannot be read.
    RangeError
        A number of realizations that says nothing.
    """
    if request.dose.uncertainty is None:
        return None

    budget = budget_at(request.dose.budget)
    factors = factors_of(budget, calibration, ledger)
    as_wider = _wider(request, budget["psf"], wider)
    rows: dict[str, tuple[RowUncertainty, ...]] = {}
    drawn: dict[str, Ensemble] = {}
    for method, dose in doses.items():
        if "prior" in method:
            continue
        table = tables[method]
        scene = scene_of(
            dose.volume, table, budget, factors, region_of(calibration, table, request),
            as_wider.get(method), drawn_on,
        )  # fmt: skip
        found, drawn[method] = _varied(request, scene, table)
        lost = {} if "+" in method else losses(table)
        rows[method] = tuple(
            replace(one, blur_loss=lost.get(one.name, 0.0)) for one in found
        )
    first = next(iter(drawn.values()))
    hidden = [one.name for one in next(iter(rows.values())) if one.hidden_by_blur]
    in_lungs = _lung_draws(lungs, first, ledger)
    return Uncertainty(
        realizations=request.dose.uncertainty,
        seed=request.dose.seed or 0,
        rows=rows,
        lungs=None if in_lungs is None else _described(lungs.dose_gy, in_lungs),
        limits=tuple(
            _chances(
                [one for one in limits if one.value_of not in hidden],
                *(tables, first, in_lungs, lungs),
            )
        ),
        budget=budget.rows("post"),
        left_out=tuple(_left_out(request, lungs, doses, next(iter(tables.values())))),
    )


def _wider(
    request: PostRequest,
    relative: float,
    wider: "Callable[[tuple[float, float, float]], Mapping[str, Dose]]",
) -> "Mapping[str, Dose]":
    """Doses with a blur that is wider by its standard uncertainty, where undone."""
    if request.dose.psf_mm is None or request.dose.pvc is None:
        return {}
    x, y, z = (width * (1 + relative) for width in request.dose.psf_mm)
    return wider((x, y, z))


def _varied(
    request: PostRequest, scene: "Scene", table: Sequence["StructureDose"]
) -> "tuple[tuple[RowUncertainty, ...], Ensemble]":
    above = tuple(dict.fromkeys((100.0, *request.judge.above_gy)))
    borders = borders_of(scene)
    drawn = ensemble(
        scene,
        realizations=request.dose.uncertainty or 0,
        seed=request.dose.seed or 0,
        above_gy=above,
        borders=borders,
    )
    means = propagated(scene)
    others = by_differences(scene, borders, above_gy=above)
    rows = [
        _row(row, drawn.rows[str(n)], means[str(n)], others[str(n)])
        for n, row in enumerate(table)
    ]
    return tuple(rows), drawn


def _row(
    row: "StructureDose", own: "RowDraws", mean: "Propagated", others: "Differences"
) -> RowUncertainty:
    import numpy as np

    measured = {name: quantity_of(row.dvh, name) for name in own.values}
    standard = {**others.standard, "mean_gy": mean.standard_gy}
    curve = row.dvh.curve(own.dose_gy) / row.dvh.volume_ml
    half = Z95 * others.curve
    volume = own.values["volume_ml"]
    return RowUncertainty(
        name=row.structure.name,
        role=str(row.structure.role),
        quantities={
            name: _described(measured[name], values, own.by_noise[name], name)
            for name, values in own.values.items()
        },
        by_first_order={
            name: _symmetric(measured[name], standard[name], own.by_noise[name], name)
            for name in measured
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
    value: float, low: float, high: float, quantity: str
) -> tuple[float, float]:
    """An interval without what cannot be: a part of a volume over 1, a dose below 0.

    Noise below 0 in the image is left as it is.
    """
    is_part = quantity.startswith("v") and "_" not in quantity
    return max(low, min(value, 0.0)), min(high, 1.0) if is_part else high


def _symmetric(
    value: float, standard: float, by_noise: float, quantity: str
) -> Uncertain:
    """A value with 1.96 standard uncertainties on both sides, as far as it can be.

    Further by what noise has moved it, to the other side.
    """
    low = value - Z95 * standard - max(by_noise, 0.0)
    high = value + Z95 * standard + max(-by_noise, 0.0)
    return Uncertain(value, standard, *_possible(value, low, high, quantity))


def _described(
    value: float, draws: "Array", by_noise: float = 0.0, quantity: str = ""
) -> Uncertain:
    """Standard deviation and 95 % interval of draws, as far as it can be."""
    import numpy as np

    low, high = interval_of(value, draws, by_noise)
    standard = float(draws[np.isfinite(draws)].std(ddof=1))
    return Uncertain(value, standard, *_possible(value, low, high, quantity))


def _lung_draws(lungs: "Lungs", drawn: "Ensemble", ledger: "Ledger") -> "Array | None":
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
    limits: Sequence["Limit"],
    tables: Mapping[str, Sequence["StructureDose"]],
    drawn: "Ensemble",
    in_lungs: "Array | None",
    lungs: "Lungs",
) -> list[LimitChance]:
    """How often each limit is met, by the first method's draws."""
    rows = next(iter(tables.values()))
    by_name = {one.structure.name: n for n, one in enumerate(rows)}
    found = []
    for limit in limits:
        draws: Any = None
        if limit.volume.startswith("lungs") and in_lungs is not None:
            earlier = lungs.cumulative_dose_gy - lungs.dose_gy
            draws = in_lungs + (earlier if limit.volume != "lungs" else 0.0)
        elif limit.value_of in by_name and limit.value_gy is not None:
            row = rows[by_name[limit.value_of]]
            values = drawn.rows[str(by_name[limit.value_of])].values["mean_gy"]
            draws = values * limit.value_gy / row.dvh.mean_gy
        if draws is None:
            continue
        met = [bool(replace(limit, value_gy=float(one)).met) for one in draws]
        found.append(
            LimitChance(limit.name, limit.volume, limit.limit_gy, sum(met) / len(met))
        )
    return found


def _left_out(
    request: PostRequest,
    lungs: "Lungs",
    doses: Mapping[str, "Dose"],
    table: Sequence["StructureDose"],
) -> list[str]:
    """What the intervals do not hold."""
    said = [
        "what a blur that was not undone hides of small tumors",
        "choice of reconstruction, scatter and attenuation correction",
    ]
    if not lungs.known:
        said.append("the lung shunt, which was not given")
    if any(row.structure.role is Role.LUNGS for row in table):
        said.append("breathing, and how well the density of the lungs is known")
    if request.given.injections:
        said.append("how injections share the image: their activities vary together")
    if any("prior" in one for one in doses):
        said.append("earlier sessions")
    if isinstance(request.dose.pvc, Path):
        said.append("how well the recovery coefficients are known")
    elif request.dose.pvc is not None:
        said.append("what contours change in the undoing of the blur")
    return said
