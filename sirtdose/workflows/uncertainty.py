"""How sure the doses after treatment are: from an assessment to its uncertainty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sirtdose.model.role import Role
from sirtdose.model.uncertain import (
    LimitChance,
    RowUncertainty,
    Uncertain,
    Uncertainty,
)
from sirtdose.workflows.budget import budget_at
from sirtdose.workflows.post_request import PostRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sirtdose.dosimetry.activity import Calibration
    from sirtdose.dosimetry.engine import Dose
    from sirtdose.dosimetry.structure_dose import StructureDose
    from sirtdose.model.ledger import Ledger
    from sirtdose.model.limit import Limit
    from sirtdose.model.lungs import Lungs
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume
    from sirtdose.uncertainty.budget import Budget
    from sirtdose.uncertainty.ensemble import Ensemble
    from sirtdose.uncertainty.scene import Factor, Part, Scene

    Array = NDArray[np.float64]

_DERIVED = {
    Role.NORMAL_WHOLE: Role.LIVER,
    Role.NORMAL_PERFUSED: Role.PERFUSED,
}
_Z95 = 1.959963984540054
_FAR = 4.0


def uncertainty_of(
    request: PostRequest,
    *,
    doses: Mapping[str, "Dose"],
    tables: Mapping[str, Sequence["StructureDose"]],
    calibration: "Calibration",
    ledger: "Ledger",
    lungs: "Lungs",
    limits: Sequence["Limit"],
    wider: "Callable[[tuple[float, float, float]], Mapping[str, Dose]]",
) -> Uncertainty | None:
    """Propagate the budget to every mean, D_x, V_x and histogram; None if not asked.

    Parameters
    ----------
    wider : callable
        Of another width of the blur, the doses where it is undone.

    Raises
    ------
    InputError
        A budget that cannot be read.
    RangeError
        A number of realizations that says nothing.
    """
    if request.uncertainty is None:
        return None
    budget = budget_at(request.budget)
    factors = _factors(budget, calibration, ledger)
    blurred = _wider(request, budget["psf"], wider)
    rows: dict[str, tuple[RowUncertainty, ...]] = {}
    drawn: dict[str, Ensemble] = {}
    for method, dose in doses.items():
        if "prior" in method:
            continue
        table = [one for one in tables[method] if _is_varied(one)]
        scene = _scene(
            dose.volume, table, budget, factors, _region(calibration, table, request),
            blurred.get(method),
        )  # fmt: skip
        rows[method], drawn[method] = _varied(request, scene, table)
    first = next(iter(drawn.values()))
    in_lungs = _lung_draws(lungs, first, ledger)
    return Uncertainty(
        realizations=request.uncertainty,
        seed=request.seed or 0,
        rows=rows,
        lungs=None if in_lungs is None else _described(lungs.dose_gy, in_lungs),
        limits=tuple(_chances(limits, tables, first, in_lungs, lungs)),
        budget=budget.rows("post"),
        left_out=tuple(_left_out(request, lungs, doses)),
    )


def _wider(
    request: PostRequest,
    relative: float,
    wider: "Callable[[tuple[float, float, float]], Mapping[str, Dose]]",
) -> "Mapping[str, Dose]":
    """Doses with a blur that is wider by its standard uncertainty, where undone."""
    if request.psf_mm is None or request.pvc is None:
        return {}
    x, y, z = (width * (1 + relative) for width in request.psf_mm)
    return wider((x, y, z))


def _is_varied(row: "StructureDose") -> bool:
    return row.structure.role is not Role.LUNGS


def _factors(
    budget: "Budget",
    calibration: "Calibration",
    ledger: "Ledger",
) -> "list[Factor]":
    """What scales every dose alike: of the ledger by what is left of each part."""
    from sirtdose.uncertainty.scene import Factor

    shared = calibration.method == "administered"
    delivered = ledger.delivered_gbq
    shunt = ledger.lung_shunt_fraction
    by_treated = shared and calibration.numerator.startswith("treated")
    powers = {
        "administered": ledger.administered_gbq / delivered if shared else 0.0,
        "residual": -ledger.residual_gbq / delivered if shared else 0.0,
        "lung_shunt": -shunt / (1 - shunt) if by_treated else 0.0,
        "image_calibration": float(calibration.method == "image"),
        "camera_factor": -float(calibration.method == "camera"),
        "density": -1.0,
        "dose_constant": 1.0,
        "lung_mass": 0.0,
    }
    return [Factor(name, budget[name], power) for name, power in powers.items()]


def _region(
    calibration: "Calibration", table: Sequence["StructureDose"], request: PostRequest
) -> tuple[str, ...]:
    """The structures that the activity was shared over."""
    if calibration.method != "administered" or request.injections:
        return ()
    return tuple(
        str(n) for n, row in enumerate(table) if row.structure.role == calibration.over
    )


def _scene(
    dose: "Volume",
    table: Sequence["StructureDose"],
    budget: "Budget",
    factors: "Sequence[Factor]",
    region: tuple[str, ...],
    wider: "Dose | None",
) -> "Scene":
    import numpy as np

    from sirtdose.uncertainty.scene import Scene

    side = float(np.prod(dose.grid.spacing_mm) ** (1 / 3))
    contour = budget["contour_voxels"] * side
    shift = budget["contour_shift_voxels"] * side
    reach = _FAR * float(
        np.hypot(contour, 3**0.5 * np.hypot(shift, budget["registration_mm"]))
    )
    box, inside = _boxed([row.structure for row in table], dose, reach)
    values = np.asarray(dose.data[box], float)
    parts = _parts(table)
    drawn = {name: inside[int(name)] for part in parts for name in part.plus}
    drawn |= {name: inside[int(name)] for part in parts for name in part.minus}
    widest = max(inside, key=lambda one: float(one.sum()))
    return Scene(
        dose_gy=values,
        spacing_mm=dose.grid.spacing_mm,
        drawn=drawn,
        occupied={str(n): one for n, one in enumerate(inside)},
        parts=parts,
        factors=factors,
        region=region,
        contour_mm=contour,
        contour_shift_mm=shift,
        registration_mm=budget["registration_mm"],
        noise=budget["noise"],
        # The liver, or what is largest.
        noise_at_gy=max(float((widest * values).sum() / widest.sum()), 0.0),
        noise_fwhm_mm=budget["noise_fwhm_voxels"] * side,
        blur_step_gy=None
        if wider is None
        else np.asarray(wider.volume.data[box], float) - values,
    )


def _boxed(
    structures: Sequence["Structure"], dose: "Volume", reach_mm: float
) -> "tuple[tuple[slice, slice, slice], list[Array]]":
    """The box that holds all structures however they move, and each of them in it."""
    import numpy as np

    shape = dose.grid.shape
    starts = [np.array(one.grid.offset_in(dose.grid)) for one in structures]
    margin = np.ceil(reach_mm / np.asarray(dose.grid.spacing_mm)).astype(int) + 2
    low = np.maximum(np.min(starts, axis=0) - margin, 0)
    ends = [s + one.grid.shape for s, one in zip(starts, structures, strict=True)]
    high = np.minimum(np.max(ends, axis=0) + margin, shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    inside = []
    for start, one in zip(starts, structures, strict=True):
        part = np.zeros(high - low)
        at = start - low
        own = tuple(slice(a, a + n) for a, n in zip(at, one.grid.shape, strict=True))
        part[own] = one.occupancy
        inside.append(part)
    return (z, y, x), inside


def _parts(table: Sequence["StructureDose"]) -> "list[Part]":
    from sirtdose.uncertainty.scene import Part

    roles = [row.structure.role for row in table]
    taken = tuple(
        str(n)
        for n, role in enumerate(roles)
        if role is Role.TUMOR or role.excluded_from_liver
    )
    parts = []
    for n, row in enumerate(table):
        whole = _DERIVED.get(row.structure.role)
        of = tuple(str(m) for m, role in enumerate(roles) if role is whole)
        # What nothing is left of to be derived from moves as a whole.
        plus, minus = (of, taken) if whole and of else ((str(n),), ())
        parts.append(Part(str(n), str(row.structure.role), plus, minus))
    return parts


def _varied(
    request: PostRequest, scene: "Scene", table: Sequence["StructureDose"]
) -> "tuple[tuple[RowUncertainty, ...], Ensemble]":
    from sirtdose.uncertainty.ensemble import ensemble
    from sirtdose.uncertainty.first_order import propagated

    above = (100.0, *request.above_gy)
    drawn = ensemble(
        scene,
        realizations=request.uncertainty or 0,
        seed=request.seed or 0,
        above_gy=tuple(dict.fromkeys(above)),
    )
    by_first_order = propagated(scene)
    rows = []
    for n, row in enumerate(table):
        own, first = drawn.rows[str(n)], by_first_order[str(n)]
        mean, standard = row.dvh.mean_gy, first.standard_gy
        rows.append(
            RowUncertainty(
                name=row.structure.name,
                role=str(row.structure.role),
                quantities={
                    name: _described(_measured(row, name), values)
                    for name, values in own.values.items()
                },
                first_order=Uncertain(
                    mean, standard, mean - _Z95 * standard, mean + _Z95 * standard
                ),
                parts_gy=first.parts_gy,
                band=(
                    tuple(map(float, own.dose_gy)),
                    tuple(map(float, own.curve_low)),
                    tuple(map(float, own.curve_high)),
                ),
            )
        )
    return tuple(rows), drawn


def _measured(row: "StructureDose", quantity: str) -> float:
    """What the results say of a quantity."""
    dvh = row.dvh
    if quantity in ("mean_gy", "volume_ml"):
        return float(getattr(dvh, quantity))
    at = float(quantity[1:].removesuffix("_gy"))
    if quantity[0] == "d":
        return dvh.dose_to_volume_fraction_gy(at / 100)
    return dvh.volume_fraction_above(at)


def _described(value: float, draws: "Array") -> Uncertain:
    """Standard deviation and 95 % interval of draws about what was measured."""
    import numpy as np

    known = draws[np.isfinite(draws)]
    low, high = np.percentile(known, (2.5, 97.5))
    return Uncertain(value, float(known.std(ddof=1)), float(low), float(high))


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
    rows = [one for one in next(iter(tables.values())) if _is_varied(one)]
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
    request: PostRequest, lungs: "Lungs", doses: Mapping[str, "Dose"]
) -> list[str]:
    """What the intervals do not hold."""
    said = [
        "what a blur that was not undone hides of small tumors",
        "choice of reconstruction, scatter and attenuation correction",
    ]
    if not lungs.known:
        said.append("the lung shunt, which was not given")
    if request.injections:
        said.append("how injections share the image: their activities vary together")
    if any("prior" in one for one in doses):
        said.append("earlier sessions")
    if request.pvc is not None:
        said.append("what contours change in the undoing of the blur")
    return said
