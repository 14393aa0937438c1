"""How sure doses are, as documents, tables, lines and bands."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sirtdose.model.metric import Metric
from sirtdose.model.uncertain import RowUncertainty, Uncertain, Uncertainty
from sirtdose.report.limit_lines import percent_words
from sirtdose.report.tables import csv_text, name_cell
from sirtdose.report.wording import method_words, significant, spoken, table

UNCERTAINTY_FILES = ("uncertainty.csv", "uncertainty_budget.csv")
COVERAGE = (
    "standard uncertainties have coverage factor k = 1; intervals hold 95 % of the "
    "realizations, by first order 1.96 standard uncertainties"
)
_COLUMNS = (
    *("method", "name", "role", "quantity", "value", "standard_uncertainty"),
    *("low", "high", "unit", "by"),
)
_BUDGET_COLUMNS = ("method", "name", "component", "standard_gy", "part_of_variance")
_BIASED = "No 95 % interval for uncorrected tumor doses, which blur biases"
_TRUE_MEAN = re.compile(r"about [\d.]+ times|far from")
# A component with less of the variance is not worth a color.
_SHOWN = 0.01


def uncertainty_document(result: Uncertainty | None) -> dict[str, Any] | None:
    """All of it as post.json holds it; None where it was not asked for."""
    if result is None:
        return None
    return {
        "realizations": result.realizations,
        "seed": result.seed,
        "coverage": COVERAGE,
        "methods": {
            method: [_row(one) for one in rows] for method, rows in result.rows.items()
        },
        "lungs_gy": None if result.lungs is None else interval_document(result.lungs),
        "limits": [
            {
                "name": one.name,
                "volume": one.volume,
                "limit_gy": one.limit_gy,
                "probability_met": one.probability,
            }
            for one in result.limits
        ],
        "budget": [dict(one) for one in result.budget],
        "left_out": list(result.left_out),
    }


def _row(row: RowUncertainty) -> dict[str, Any]:
    variance = row.first_order.standard**2
    doses, low, high = row.band
    first_low, first_high = row.first_order_band
    return {
        "name": row.name,
        "role": row.role,
        "interval_left_out": no_interval_words(row.blur_loss)
        if row.hidden_by_blur
        else None,
        "quantities": _intervals(row.quantities, row.hidden_by_blur),
        "by_first_order": _intervals(row.by_first_order, row.hidden_by_blur),
        "part_of_realizations_gone": row.gone,
        "components": {
            name: {
                "standard_gy": part,
                "part_of_variance": part**2 / variance if variance else 0.0,
            }
            for name, part in row.parts_gy.items()
        },
        "dvh_band": None
        if row.hidden_by_blur
        else {
            "dose_gy": list(doses),
            "low_fraction": list(low),
            "high_fraction": list(high),
            "low_fraction_by_first_order": list(first_low),
            "high_fraction_by_first_order": list(first_high),
        },
    }


def no_interval_words(blur_loss: float) -> str:
    """Why a tumor has no interval."""
    true = f"about {1 + blur_loss:.2f} times" if blur_loss > -0.9 else "far from"
    return (
        "no 95 % interval: blur was not corrected, and for a tumor of this size the "
        f"true mean is {true} the one shown; u does not include that"
    )


def hidden_interval_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Which rows of a table show no interval, and why, in one line.

    >>> hidden_interval_lines([{"name": "T1", "interval_left_out": "blur"}])
    ['No 95 % interval for uncorrected tumor doses, which blur biases: T1']
    """
    names = [spoken(row["name"]) for row in rows if row.get("interval_left_out")]
    return [f"{_BIASED}: {', '.join(names)}"] if names else []


def interval_notes(reasons: Iterable[tuple[str, str | None]]) -> list[str]:
    """All structures without an interval in one line, each with how far blur biases it.

    >>> interval_notes([("T1", no_interval_words(0.25)), ("Liver", None),
    ...                 ("T2", no_interval_words(0.5))])
    ['No 95 % interval for uncorrected tumor doses, which blur biases: T1 (true mean \
about 1.25 times the one shown), T2 (about 1.50 times); u does not include that']
    """
    told = [
        f"{name} ({found[0] if (found := _TRUE_MEAN.search(why)) else why})"
        for name, why in reasons
        if why
    ]
    if not told:
        return []
    first = told[0].replace("(", "(true mean ", 1)
    told[0] = f"{first[:-1]} the one shown)"
    return [f"{_BIASED}: {', '.join(told)}; u does not include that"]


def _intervals(known: Mapping[str, Uncertain], hidden: bool) -> dict[str, Any]:
    """Each quantity; where blur hides it, without the interval, but of the volume."""
    unknown = {"low": None, "high": None}
    return {
        name: interval_document(one)
        | (unknown if hidden and name != "volume_ml" else {})
        for name, one in known.items()
    }


def interval_document(one: Uncertain) -> dict[str, float | None]:
    """A value with what it is known to."""
    return {
        "value": one.value,
        "standard_uncertainty": one.standard,
        "low": one.low,
        "high": one.high,
    }


def uncertainty_csv(document: Mapping[str, Any]) -> str:
    """A row per method, structure, quantity and route."""
    return csv_text(_COLUMNS, list(_rows(document)))


def _rows(document: Mapping[str, Any]) -> Iterator[list[str]]:
    for method, rows in document["methods"].items():
        for row in rows:
            head = [method, name_cell(row["name"]), row["role"]]
            for name, one in row["quantities"].items():
                yield [*head, *_cells(name, one), "ensemble"]
            for name, one in row["by_first_order"].items():
                yield [*head, *_cells(name, one), "first order"]
    if document["lungs_gy"] is not None:
        head = ["lung shunt", "lungs", "lungs"]
        yield [*head, *_cells("mean_gy", document["lungs_gy"]), "ensemble"]


def _cells(quantity: str, one: Mapping[str, float | None]) -> list[str]:
    unit = "Gy" if quantity.endswith("_gy") else "mL" if "_ml" in quantity else "1"
    name = quantity.removesuffix("_gy").removesuffix("_ml")
    values = (one[key] for key in ("value", "standard_uncertainty", "low", "high"))
    return [name, *("" if one is None else f"{one:.10g}" for one in values), unit]


def budget_csv(document: Mapping[str, Any]) -> str:
    """What each component of the budget adds to the variance of each mean."""
    rows = [
        [
            *(method, name_cell(row["name"]), component),
            f"{own['standard_gy']:.10g}",
            f"{own['part_of_variance']:.6f}",
        ]
        for method, structures in document["methods"].items()
        for row in structures
        for component, own in row["components"].items()
    ]
    return csv_text(_BUDGET_COLUMNS, rows)


def uncertainty_lines(
    document: Mapping[str, Any] | None, metrics: Sequence[Metric] = ()
) -> list[str]:
    """Means and metrics with their intervals, for a terminal."""
    if document is None:
        return []
    lines = [
        f"Uncertainty by {document['realizations']} realizations (seed "
        f"{document['seed']}): {COVERAGE}",
    ]
    for method, rows in document["methods"].items():
        lines += [
            f"  {method_words(method)}, mean",
            *(f"    {spoken(row['name'])}: {mean_words(row)}" for row in rows),
            *(f"    {one}" for one in gone_lines(rows)),
            *_metric_table(rows, metrics),
        ]
    if document["lungs_gy"] is not None:
        lines.append(f"  lungs, mean {interval_words(document['lungs_gy'])}")
    return [
        *lines,
        *(
            f"  limit {spoken(one['name'])}, {significant(one['limit_gy'])} Gy: met in "
            f"{percent_words(one['probability_met'])} of them"
            for one in document["limits"]
        ),
        f"  not in it: {'; '.join(document['left_out'])}",
    ]


def _metric_table(
    rows: Sequence[Mapping[str, Any]], metrics: Sequence[Metric]
) -> list[str]:
    """Doses and parts of a volume by D and V with what they are known to."""
    known = [
        one for one in metrics if any(one.quantity in row["quantities"] for row in rows)
    ]
    if not known:
        return []
    lines = table(
        ["", *(one.heading for one in known)],
        [
            [spoken(row["name"]), *(metric_interval(row, one) for one in known)]
            for row in rows
        ],
    )
    head = "  95 % intervals; u by the realizations, by first order"
    return [head, *(f"    {line}" for line in lines.split("\n"))]


def mean_words(row: Mapping[str, Any]) -> str:
    """A mean with its interval, and its standard uncertainty by the other route."""
    first = row["by_first_order"]["mean_gy"]["standard_uncertainty"]
    first_words = f"by first order u = {significant(first, 3)} Gy"
    mean = row["quantities"]["mean_gy"]
    if row.get("interval_left_out"):
        return f"{value_words(mean)}; {first_words}; {row['interval_left_out']}"
    return f"{interval_words(mean)}; {first_words}"


def gone_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Structures that shrank to nothing in some realizations."""
    return [
        f"{spoken(row['name'])}: nothing was left of it in "
        f"{row['part_of_realizations_gone']:.1%} of the realizations; its doses are of "
        "the others"
        for row in rows
        if row["part_of_realizations_gone"] > 0
    ]


def interval_words(one: Mapping[str, float]) -> str:
    """Write a dose with what it is known to.

    >>> interval_words(
    ...     {"value": 120, "standard_uncertainty": 9, "low": 103, "high": 138})
    '120.0 Gy, u = 9.00 Gy (k = 1), 95 % interval 103.0 to 138.0 Gy'
    """
    low, high = significant(one["low"]), significant(one["high"])
    return f"{value_words(one)}, 95 % interval {low} to {high} Gy"


def between_words(
    one: Mapping[str, float | None], digits: int = 4, times: float = 1
) -> str:
    """The ends of an interval, for a cell.

    >>> between_words({"low": 0.874, "high": 1}, 2, 100), between_words({"low": None})
    ('87 to 100', 'not shown')
    """
    low, high = one["low"], one.get("high")
    if low is None or high is None:
        return "not shown"
    return f"{significant(times * low, digits)} to {significant(times * high, digits)}"


def spread_cells(mean: Mapping[str, Any] | None) -> list[str]:
    """What a mean is known to, for two cells: its u and its interval.

    >>> spread_cells({"standard_uncertainty": 9.04, "low": 103, "high": 140.2})
    ['9.0', '103 to 140']
    """
    if mean is None:
        return ["-", "-"]
    return [significant(mean["standard_uncertainty"], 2), between_words(mean, 3)]


def metric_interval(row: Mapping[str, Any], metric: Metric) -> str:
    """A metric's interval with its standard uncertainty by both routes, for a cell."""
    if metric.quantity not in row["quantities"]:
        return "-"
    routes = ("quantities", "by_first_order")
    one, first = (row[route][metric.quantity] for route in routes)
    digits, times = (2, 100) if metric.is_part else (3, 1)
    both = (times * each["standard_uncertainty"] for each in (one, first))
    said = ", ".join(f"{u:.1f}" if metric.is_part else significant(u, 2) for u in both)
    return f"{between_words(one, digits, times)} (u {said})"


def value_words(one: Mapping[str, float]) -> str:
    """A dose with its standard uncertainty alone."""
    value, u = one["value"], one["standard_uncertainty"]
    return f"{significant(value)} Gy, u = {significant(u, 3)} Gy (k = 1)"


def share_bars(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Parts of the variance by structure, in colors, with a key."""
    colors = (
        *("#0b5394", "#b45309", "#4d7c0f", "#7e22ce", "#0f766e", "#9f1239"),
        *("#374151", "#a16207", "#1d4ed8", "#be185d"),
    )
    shown = [
        name
        for name in (rows[0]["components"] if rows else {})
        if any(row["components"][name]["part_of_variance"] >= _SHOWN for row in rows)
    ]
    by_color = {name: colors[n % len(colors)] for n, name in enumerate(shown)}
    return {
        "key": [(name.replace("_", " "), color) for name, color in by_color.items()],
        "bars": [
            (
                row["name"],
                [
                    (color, 100 * row["components"][name]["part_of_variance"])
                    for name, color in by_color.items()
                ],
            )
            for row in rows
        ],
    }
