"""All doses of a plan in one table: a structure is one row, a method some columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sirtdose.model.metric import EFFECTS, Metric
from sirtdose.report.doses import metric_cells
from sirtdose.report.palette import Paint, paints
from sirtdose.report.plan.rows import (
    LUNGS,
    Linear,
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

    `prior_gy` of it is from earlier treatments.
    """

    text: str
    gy_per_gbq: tuple[float, ...] = ()
    form: str = "gy1"
    prior_gy: float = 0.0


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
                            seen[method].get(one["name"]), metrics, document
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
) -> list[Cell]:
    """The image's metrics; doses follow the activity where there is one injection."""
    if row is None:
        return [Cell("n/a") for _ in metrics]
    alone = len(document["assumptions"].get("injections", ())) == 1
    gbq = document["activity_gbq"]
    return [
        Cell(
            f"{row['dose_gy'][one.key]:.1f}",
            (row["dose_gy"][one.key] / gbq,),
        )
        if alone and one.kind not in EFFECTS and row["dose_gy"].get(one.key) is not None
        else Cell("n/a" if text == "-" else text, form="of the plan")
        for one, text in zip(metrics, metric_cells(row, metrics), strict=True)
    ]
