"""Radiobiology and outcome studies in words and tables."""

from collections.abc import Mapping
from typing import Any

from sirtdose.model.activity_scale import study_scale_words
from sirtdose.model.metric import EFFECTS, Metric
from sirtdose.report.doses import metric_cells
from sirtdose.report.wording import significant, spoken, table


def biology_rows(result: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """A header, and a row a structure whose tissue is known; probabilities last."""
    rows = [
        row
        for row in result["structures"]
        if row.get("tissue") or row.get("probabilities")
    ]
    models = list(dict.fromkeys(name for row in rows for name in row["probabilities"]))
    effects = [Metric(one) for one in EFFECTS]
    header = ["structure", "as", *(one.heading for one in effects), *models]
    return header, [
        [
            spoken(row["name"]),
            row["tissue"] or "-",
            *metric_cells(row, effects),
            *(
                "-" if value is None else f"{value:.1%}"
                for value in map(row["probabilities"].get, models)
            ),
        ]
        for row in rows
    ]


def parameter_lines(biology: Mapping[str, Any], *, sources: bool) -> list[str]:
    """The parameters behind them, and where they are from."""
    lines = []
    for name, one in biology["tissues"].items():
        alpha = one["alpha_per_gy"]
        lines.append(
            f"{name}: alpha/beta {one['alpha_beta_gy']:g} Gy, repair half-time "
            f"{one['repair_half_time_h']:g} h, "
            f"{'no alpha known' if alpha is None else f'alpha {alpha:g}/Gy'}, gEUD a "
            f"{one['geud_a']:g}{'' if one['verified'] else ' (not all verified)'}"
            f"{': ' + one['source'] if sources else ''}"
        )
    for model in biology["models"]:
        values = ", ".join(
            f"{key} {value:g}" for key, value in model["parameters"].items()
        )
        not_to = [method.replace("_", " ") for method in model["not_applied"]]
        state = f"not applied to {', '.join(not_to)}" if not_to else "applied"
        lines.append(
            f"{model['kind'].upper()} '{model['name']}' ({model['form']} in "
            f"{model['metric']}, {values}; {state}): {model['source']}"
        )
    return lines


def threshold_lines(thresholds: list[dict[str, Any]]) -> list[str]:
    """Which doses lie above what outcome studies of such cases found, a line each."""
    studies: dict[str, dict[bool, list[str]]] = {}
    for one in thresholds:
        if one["value_gy"] is None:
            continue
        sure = "" if one["verified"] else "; not verified"
        of = (
            f"{Metric.parse(one['metric']).words} of {one['threshold_gy']:g} Gy, "
            f"{one['endpoint']} ({one['source']}{sure}; "
            f"{study_scale_words(one.get('scale', ''))})"
        )
        named = f"{spoken(one['structure'])} {significant(one['value_gy'])} Gy"
        studies.setdefault(of, {True: [], False: []})[one["reached"]].append(named)
    return [
        f"{of}: "
        + "; ".join(
            f"{word} by {', '.join(sides[reached])}"
            for reached, word in ((True, "reached"), (False, "not reached"))
            if sides[reached]
        )
        for of, sides in studies.items()
    ]


def biology_lines(document: Mapping[str, Any]) -> list[str]:
    """All of it for a terminal, of the first method."""
    if document.get("radiobiology") is None:
        return []
    header, rows = biology_rows(next(iter(document["doses"].values())))
    if not rows:
        return []
    return [
        "",
        "Radiobiology, one session, linear-quadratic",
        table(header, rows),
        *parameter_lines(document["radiobiology"], sources=False),
    ]
