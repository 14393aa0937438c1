"""All doses of a plan in one table: a structure is one row, a method some columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.model.metric import EFFECTS, MEAN, VOLUME, Metric
from sirtdose.report.doses import metric_value
from sirtdose.report.palette import Paint, paints
from sirtdose.report.plan.rows import (
    LUNGS,
    Linear,
    injections_of,
    linear_doses,
    names_of,
    rows_by_part,
)
from sirtdose.report.post.uncertainty import between_words
from sirtdose.report.wording import significant

_MODELS = {"mird": "One compartment", "bsa": "One compartment"}


@dataclass(frozen=True)
class Cell:
    """A number as it is read; with what it is per GBq, where a page may move it.

    `prior_gy` of it is from earlier treatments. A `metric` of the structure `of`, by
    the image's method number `by`, is added up from the doses of each injection.
    """

    text: str
    gy_per_gbq: tuple[float, ...] = ()
    form: str = "gy1"
    prior_gy: float = 0.0
    metric: str = ""
    of: str = ""
    by: int = 0


@dataclass(frozen=True)
class FullRow:
    """One structure."""

    name: str
    paint: Paint
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class FullDoses:
    """Column groups (title, headings) and rows."""

    groups: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[FullRow, ...]


def method_name(key: str) -> str:
    """A dose method as a person reads it."""
    from sirtdose.report import looks

    return looks.method_name(key)


def full_doses(document: Mapping[str, Any], metrics: Sequence[Metric]) -> FullDoses:
    """Every dose of a plan, by its model and by its image."""
    parts = document["compartments"]
    images = document.get("doses") or {}
    names = names_of(document)
    seen = {
        method: rows_by_part(parts, result["structures"])
        for method, result in images.items()
    }
    first = next(iter(seen.values()), {})
    extra = [
        {"name": name, "role": row["role"]}
        for name, row in first.items()
        if name not in names
    ]
    every = [*parts, *extra, {"name": LUNGS, "role": LUNGS, **document["lungs"]}]
    colors = paints([(one["name"], one["role"]) for one in every])
    model = _model_columns(document)
    return FullDoses(
        groups=(
            ("", ("mL", "kg", "GBq")),
            (_MODELS.get(document["method"], "Partition model"), model),
            *(
                (
                    f"{method_name(one)}, from the image",
                    tuple(each.heading for each in metrics),
                )
                for one in images
            ),
        ),
        rows=tuple(
            FullRow(
                names.get(one["name"], one["name"]),
                colors[one["name"]],
                (
                    *_model_cells(document, one),
                    *(
                        cell
                        for method in images
                        for cell in _image_cells(
                            seen[method].get(one["name"]), metrics, document, method
                        )
                    ),
                ),
            )
            for one in every
        ),
    )


def _model_columns(document: Mapping[str, Any]) -> tuple[str, ...]:
    unsure = document.get("uncertainty")
    columns = ["mean Gy"]
    if _earlier(document):
        columns.append("with earlier Gy")
    if unsure:
        columns += ["u Gy", "95 % Gy"]
        if unsure["realizations"]:
            columns.append("95 % Gy, ensemble")
        if unsure["prediction"]:
            columns.append("Y-90 image, 95 % Gy")
    return tuple(columns)


def _earlier(document: Mapping[str, Any]) -> bool:
    parts = [*document["compartments"], document["lungs"]]
    return any(one["cumulative_dose_gy"] != one["dose_gy"] for one in parts)


def _model_cells(document: Mapping[str, Any], one: Mapping[str, Any]) -> list[Cell]:
    """Volume, mass, activity, mean dose, and what that is known to."""
    linear = linear_doses(document)
    own = linear.get(one["name"], Linear(()))
    k, dose, gbq = own.gy_per_gbq, one.get("dose_gy"), one.get("activity_gbq")
    cells = [Cell(_number(one.get(key))) for key in ("volume_ml", "mass_kg")]
    # Of one density, the activity is shared between injections as its dose is.
    of_dose = gbq / dose if gbq and dose else 0.0
    cells.append(Cell(_number(gbq), tuple(of_dose * each for each in k), "sig4"))
    cells.append(Cell("n/a" if dose is None else f"{dose:.1f}", k if dose else ()))
    if _earlier(document):
        total = one.get("cumulative_dose_gy")
        prior = total - dose if total and dose else 0.0
        cells.append(Cell(_number(total), k if dose else (), "sig4", prior))
    unsure = document.get("uncertainty")
    if not unsure:
        return cells
    found = next((u for u in unsure["doses"] if u["name"] == one["name"]), None)
    by = found and found["dose_by_first_order_gy"]
    spread = [significant(by["standard_uncertainty"], 2)] if by else ["n/a"]
    spread.append(between_words(by, 3) if by else "n/a")
    if unsure["realizations"]:
        by = found and found["dose_by_ensemble_gy"]
        spread.append(between_words(by, 3) if by else "n/a")
    if unsure["prediction"]:
        told = found and found["predicted_gy"]
        spread.append(between_words(told, 3) if told else "n/a")
    return [*cells, *(Cell(one, form="of the plan") for one in spread)]


def _number(value: float | None) -> str:
    return "n/a" if value is None else significant(value)


def _image_cells(
    row: Mapping[str, Any] | None,
    metrics: Sequence[Metric],
    document: Mapping[str, Any],
    method: str,
) -> list[Cell]:
    """The image's metrics, with what those that follow the activities follow."""
    if row is None:
        return [Cell("n/a") for _ in metrics]
    gbq = [one["activity_gbq"] for one in injections_of(document)]
    by, found = list(document["doses"]).index(method), []
    base, summed, _ = method.partition("+with_prior")
    for one in metrics:
        value = metric_value(row, one)
        k: tuple[float, ...] = ()
        prior_gy = 0.0
        if value is None or one == VOLUME:
            found.append(Cell(_number(value)))
            continue
        if one.kind in EFFECTS:
            found.append(Cell(significant(value), form="of the plan"))
            continue
        if len(gbq) == 1 and not one.is_part and not summed:
            k = (value / gbq[0],)
        elif one == MEAN:
            k = _means_per_gbq(document, base, row["name"])
            own_gy = sum(each * now for each, now in zip(k, gbq, strict=True))
            prior_gy = value - own_gy if summed else 0.0
        text = f"{100 * value if one.is_part else value:.1f}"
        of = {"metric": "" if k else one.key, "of": row["name"], "by": by}
        found.append(Cell(text, k, prior_gy=prior_gy, **of))
    return found


def _means_per_gbq(
    document: Mapping[str, Any], method: str, name: str
) -> tuple[float, ...]:
    return tuple(
        row["dose_gy_per_gbq"]["mean"]
        for methods in document["doses_per_gbq"].values()
        for row in methods[method]
        if row["name"] == name
    )
