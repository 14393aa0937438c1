"""A cohort's numbers as rows: tables.csv."""

import math
from collections.abc import Iterator
from typing import Any

from sirtdose.report.cohort.words import Document, models, outcome_words
from sirtdose.report.tables import rows_csv

COLUMNS = (
    *("part", "level", "outcome", "variable", "group", "quantity"),
    *("value", "low", "high", "unit", "n", "missing", "method"),
)
Row = dict[str, Any]


def cohort_table(document: Document) -> str:
    """Write every number with its interval, unit, method and how many are missing."""
    return rows_csv(COLUMNS, _rows(document))


def _rows(document: Document) -> Iterator[Row]:
    own = document["characteristics"]
    for one in own["columns"] if own else ():
        yield from ({"part": "patients", "level": "patient"} | row for row in _own(one))
    for endpoint in document["endpoints"]:
        head = {
            "part": endpoint["kind"],
            "level": endpoint["level"],
            "outcome": outcome_words(endpoint),
        }
        yield from (head | row for row in _endpoint(endpoint))
    survival = document["survival"]
    if survival:
        head = {"part": "survival", "level": "patient", "outcome": survival["time"]}
        yield from (head | row for row in _survival(survival))


def _own(one: Document) -> Iterator[Row]:
    """A column of everybody."""
    head = {"variable": one["column"], "n": one["n"], "missing": one["missing"]}
    unit = "Gy" if one["column"].endswith("_gy") else ""
    if one["spread"]:
        yield head | _median(one["spread"], "all", unit)
    yield from (
        head | {"group": "all", "quantity": f"count: {name}", "value": count}
        for name, count in (one["counts"] or {}).items()
    )
    if one["failed"]:
        yield head | _value("median (IQR)", None, method=one["failed"])


def _endpoint(endpoint: Document) -> Iterator[Row]:
    yield from (
        {"variable": name, "group": "yes", "quantity": "count"}
        | {"value": own["events"], "n": own["n"], "missing": missing}
        for name, own, missing in (
            (endpoint["column"], endpoint, endpoint["missing"]["outcome"]),
            *((own["column"], own, own["missing"]) for own in endpoint["parts"] or ()),
        )
    )
    dose = {
        "variable": endpoint["dose_column"],
        "n": endpoint["n"],
        "missing": sum(endpoint["missing"].values()),
    }
    if endpoint["failed"]:
        yield dose | _value(
            "groups", None, method=f"not compared: {endpoint['failed']}"
        )
        return
    if endpoint["dose_column"]:
        yield from (dose | row for row in _dosed(endpoint))
    for one in endpoint["covariates"]:
        yield from _comparison(one)


def _dosed(endpoint: Document) -> Iterator[Row]:
    yield from (
        _median(group, word, "Gy") for word, group in endpoint["groups"].items()
    )
    yield _test(endpoint["rank_sum"])
    roc, cut = endpoint["roc"], endpoint["roc"]["cutoff"]
    yield _value(
        "AUC", roc["auc"], roc["auc_low"], roc["auc_high"], method=roc["interval"]
    )
    ends = (cut["midpoint_low"], cut["midpoint_high"])
    method = "Youden, at and above"
    yield _value(
        "threshold, midpoint", cut["midpoint"], *ends, unit="Gy", method=method
    )
    yield _value("threshold, observed", cut["observed"], unit="Gy", method=method)
    yield from (
        _value(name, cut[name], method=method)
        for name in ("sensitivity", "specificity")
    )
    yield from _logistic(endpoint["dose_response"])
    if endpoint["threshold"]:
        yield from _divided(endpoint["threshold"])


def _logistic(fit: Document) -> Iterator[Row]:
    if fit["failed"]:
        yield _value("logistic curve", None, method=fit["failed"])
        return
    yield _value(
        *("D50", fit["d50_gy"], fit["d50_low_gy"], fit["d50_high_gy"]),
        unit="Gy",
        method="logistic, Fieller",
    )
    yield _value(
        *("slope", fit["slope_per_gy"], fit["slope_low"], fit["slope_high"]),
        unit="1/Gy",
        method=f"logistic, {fit['covariance']}",
    )
    yield _value("slope p", fit["p"], method=f"Wald, {fit['covariance']}")
    yield _value("gamma50", fit["gamma50"], method="slope x D50 / 4")


def _divided(divided: Document) -> Iterator[Row]:
    method = f"at and above {divided['threshold_gy']:g} Gy, given"
    yield from (
        _value(f"{name} at given dose", divided[name], method=method)
        for name in ("sensitivity", "specificity")
    )
    yield from (
        {
            "group": word,
            "quantity": f"count {where.replace('_', ' ')}",
            "value": count,
            "method": method,
        }
        for where in ("at_or_above", "below")
        for word, count in divided[where].items()
    )
    found = divided["fisher"]
    # One that is defined has a lower end.
    most = None if found["low"] is None else math.inf
    ratio, low, high = (
        most if found[one] is None else found[one] for one in ("ratio", "low", "high")
    )
    yield _value("odds ratio", ratio, low, high, method=method)
    yield _value("Fisher p", found["p"], method=found["method"])


def _comparison(one: Document) -> Iterator[Row]:
    head = {"variable": one["column"], "n": one["n"], "missing": one["missing"]}
    yield from (
        head | _median(group, word, "") for word, group in one.get("groups", {}).items()
    )
    yield from (
        head | {"group": word, "quantity": f"count: {name}", "value": count}
        for word, counts in one.get("counts", {}).items()
        for name, count in counts.items()
    )
    yield head | (
        _value("test", None, method=one["failed"])
        if "failed" in one
        else _test(one["test"])
    )


def _survival(survival: Document) -> Iterator[Row]:
    unit = survival["unit"]
    whole = {
        "variable": "all",
        "n": survival["n"],
        "missing": survival["missing"] + survival["without_dose"],
    }
    if survival["failed"]:
        yield whole | _value("median", None, unit=unit, method=survival["failed"])
        return
    yield from (
        whole | _time(median, "median", unit)
        for median in survival["overall"]["medians"]
    )
    yield whole | _time(survival["follow_up"], "median follow-up", unit)
    for group in survival["groups"]:
        head = {"variable": group["by"], "missing": group["missing"]}
        for name, curve in group.get("curves", {}).items():
            for median in curve["medians"]:
                row = _time(median, "median", unit)
                method = f"{row['method']}, from {group['landmark']:g} {unit} on"
                yield head | row | {"group": name, "n": curve["n"], "method": method}
        if "log_rank" in group:
            yield from (
                head | {"n": group["n"]} | row
                for row in _log_rank(
                    group["log_rank"], f"log-rank, from {group['landmark']:g} {unit} on"
                )
            )
        own = group.get("stratified")
        if own:
            method = f"log-rank stratified by {', '.join(survival['strata'])}"
            method += f", from {group['landmark']:g} {unit} on"
            counts = {"n": own["n"], "missing": own["missing"]}
            rows = (
                [_value("log-rank p", None, method=f"{method}: {own['failed']}")]
                if own["log_rank"] is None
                else _log_rank(own["log_rank"], method)
            )
            yield from (head | counts | row for row in rows)
    strata = ", ".join(survival["strata"])
    for model in models(survival):
        yield from _model(model, strata)


def _log_rank(test: Document, method: str) -> Iterator[Row]:
    yield _value("log-rank p", test["p"], method=method)
    yield _value("log-rank chi-squared", test["chi_squared"], method=method)
    for name, count in test["observed"].items():
        yield _value("events", count, method=method) | {"group": name}
        yield _value("events expected", test["expected"][name], method=method) | {
            "group": name
        }


def _model(model: Document, strata: str) -> Iterator[Row]:
    several = len(model["covariates"]) > 1
    kind = f"Cox, {'multivariable' if several else 'univariable'}"
    kind += f", stratified by {strata}" if strata else ""
    head = {"n": model["n"], "missing": model["missing"]}
    whole = head | {"variable": ", ".join(model["covariates"])}
    if model.get("failed"):
        yield whole | _value(kind, None, method=model["failed"])
        return
    yield from (
        whole | _value(name.replace("_", " "), model[name], method=kind)
        for name in ("likelihood_ratio", "likelihood_ratio_p", "concordance")
    )
    for one in model["ratios"]:
        own = head | {"variable": one["name"]}
        method = f"{kind}, {model['ties']} ties"
        yield own | _value(
            "hazard ratio", one["ratio"], one["low"], one["high"], method=method
        )
        yield own | _value("p", one["p"], method=f"{method}, Wald")
        method = "score test of cox.zph (R survival 3.0), Kaplan-Meier time"
        yield own | _value(
            "proportional hazards p", one["proportional_p"], method=method
        )


def _median(group: Document, word: str, unit: str) -> Row:
    return _value(
        *("median (IQR)", group["median"], group["q1"], group["q3"]),
        unit=unit,
        method="quartiles R type 7",
    ) | {"group": word, "n": group["n"]}


def _test(test: Document) -> Row:
    return _value(f"{test['name']} p", test["p"], method=test["method"])


def _time(median: Document, quantity: str, unit: str) -> Row:
    return _value(
        *(quantity, median["time"], median["low"], median["high"]),
        unit=unit,
        method=median["method"],
    )


def _value(
    quantity: str,
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    *,
    unit: str = "",
    method: str = "",
) -> Row:
    return {
        "quantity": quantity,
        "value": value,
        "low": low,
        "high": high,
        "unit": unit,
        "method": method,
    }
