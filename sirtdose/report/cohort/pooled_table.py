"""Pooled models as rows: pooled.csv."""

from collections.abc import Iterator
from typing import Any

from sirtdose.report.tables import rows_csv

COLUMNS = (
    *("model", "kind", "covariate", "center", "n", "events"),
    *("coefficient", "standard_error", "p", "per", "unit", "ratio", "low", "high"),
    *("weight", "q", "q_df", "q_p", "i_squared", "i_squared_low", "i_squared_high"),
    *("tau_squared", "random_ratio", "random_low", "random_high", "why_none"),
)
Row = dict[str, Any]


def pooled_table(document: dict[str, Any]) -> str:
    """Write a row for each coefficient, pooled and of each center.

    Coefficients and errors are by one unit, ratios by as much as `per` says.
    """
    return rows_csv(COLUMNS, _rows(document))


def _rows(document: dict[str, Any]) -> Iterator[Row]:
    for model in document["models"]:
        for one in model["coefficients"]:
            head = {
                "model": model["name"],
                "kind": model["kind"],
                "covariate": one["name"],
            }
            counts = {key: model[key] for key in ("n", "events")}
            found = _heterogeneity(one["heterogeneity"])
            yield head | {"center": "pooled"} | counts | _estimate(one) | found
            own = {center["center"]: center for center in one["centers"]}
            for center in model["centers"]:
                estimate = own.get(center["center"])
                yield (
                    head
                    | {key: center[key] for key in ("center", "n", "events")}
                    | ({} if estimate is None else _estimate(estimate))
                    | {"why_none": center["failed"]}
                )


def _estimate(one: Row) -> Row:
    keys = ("coefficient", "p", "per", "unit", "ratio", "low", "high")
    found = {key: one[key] for key in keys} | {"standard_error": one["error"]}
    return found | {"weight": one.get("weight")}


def _heterogeneity(found: Row | None) -> Row:
    if found is None:
        return {}
    return {
        "q": found["q"],
        "q_df": found["k"] - 1,
        "q_p": found["p"],
        "i_squared": found["i_squared"],
        "i_squared_low": found["low"],
        "i_squared_high": found["high"],
        "tau_squared": found["tau_squared"],
        **{key: found[key] for key in ("random_ratio", "random_low", "random_high")},
    }
