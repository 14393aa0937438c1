"""What the tables of a batch say of a case, by the command that is run."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.model.role import Role
from sirtdose.report.tables import structure_columns

STATE_COLUMNS = ("case_id", "state", "exit_code", "error")
_GRAVE = ("stop", "ask", "warn")


@dataclass(frozen=True)
class CommandTables:
    """Which tables there are, and what a case's document says in them.

    Parameters
    ----------
    document, page, table : str
        Files in a case's folder: its document, its page, its rows.
    cases, rows : str
        Files of the batch: a line for each case, and the rows of all of them.
    told : callable
        Of a document to its values in `cases`, by column.
    numbers : mapping
        The columns that the list on the page shows, with their headings.
    title, note : str
        What the page says above it.
    row_columns : sequence of str
        Of `rows`, whether a case has them or not.
    """

    document: str
    page: str
    table: str
    cases: str
    rows: str
    told: Callable[[Mapping[str, Any]], dict[str, Any]]
    columns: Sequence[str]
    numbers: Mapping[str, str]
    title: str
    note: str
    row_columns: Sequence[str] = ()

    @property
    def case_columns(self) -> tuple[str, ...]:
        """All those of `cases`."""
        return (*STATE_COLUMNS, *self.columns)


def grave_codes(document: Mapping[str, Any]) -> str:
    """The codes of what warns, asks or stops, each once."""
    grave = (one["code"] for one in document["warnings"] if one["severity"] in _GRAVE)
    return " ".join(dict.fromkeys(grave))


def _post(document: Mapping[str, Any]) -> dict[str, Any]:
    """Means are those of the first method; tumors' is over the volume of all."""
    method, dose = next(iter(document["doses"].items()))
    tumors = [one for one in dose["structures"] if one["role"] == Role.TUMOR]
    volume = sum(one["volume_ml"] for one in tumors)
    whole = [
        one["dose_gy"]["mean"]
        for one in dose["structures"]
        if one["role"] == Role.NORMAL_WHOLE
    ]
    ledger = document["ledger"]
    return {
        "nuclide": document["nuclide"]["name"],
        "device": document["device"],
        "method": method,
        "delivered_gbq": ledger["delivered_gbq"],
        "treated_gbq": ledger["treated_gbq"],
        "lung_shunt_fraction": ledger["lung_shunt_fraction"]
        if ledger["lung_shunt_given"]
        else None,
        "lungs_gy": document["lungs"]["dose_gy"],
        "tumors": len(tumors),
        "tumors_ml": volume,
        "tumors_mean_gy": sum(
            one["dose_gy"]["mean"] * one["volume_ml"] for one in tumors
        )
        / volume
        if tumors
        else None,
        "normal_whole_mean_gy": whole[0] if whole else None,
        "warnings": grave_codes(document),
        "scale": (document.get("scale") or {}).get("doses"),
    }


def _plan(document: Mapping[str, Any]) -> dict[str, Any]:
    tumors = [one for one in document["compartments"] if one["role"] == Role.TUMOR]
    volume = sum(one["volume_ml"] for one in tumors)
    lungs, limits = document["lungs"] or {}, document["limits"]
    unmet = [one["name"] for one in limits if one["met"] is False]
    return {
        "nuclide": document["nuclide"]["name"],
        "device": document["device"],
        "activity_gbq": document["activity_gbq"],
        "draw_activity_gbq": document["draw_activity_gbq"],
        "lung_shunt_fraction": lungs.get("shunt_fraction"),
        "lungs_gy": lungs.get("dose_gy"),
        "tumors": len(tumors),
        "tumors_ml": volume,
        "tumors_mean_gy": sum(one["dose_gy"] * one["volume_ml"] for one in tumors)
        / volume
        if tumors
        else None,
        "limits_met": not unmet,
        "limits_not_met": " | ".join(dict.fromkeys(unmet)),
        "warnings": grave_codes(document),
        "hash": document["hash"],
    }


def _suv(document: Mapping[str, Any]) -> dict[str, Any]:
    lesions, reference = document["lesions"], document["reference"]
    return {
        "started": document["scan"]["started"],
        "uptake_time_min": document["scan"]["uptake_time_min"],
        "lesions": len(lesions),
        "suv_max": max((one["suv"]["max"] for one in lesions), default=None),
        "liver_sul_mean": (reference["liver"] or {}).get("sul_mean"),
        "blood_pool_sul_mean": (reference["blood_pool"] or {}).get("sul_mean"),
        "measurable_from_sul": (reference["measurable_from_sul"] or {}).get("value"),
        "warnings": grave_codes(document),
    }


COMMAND_TABLES = {
    "post": CommandTables(
        *("post.json", "report.html", "structures.csv"),
        *("cases.csv", "summary.csv", _post),
        (
            *("nuclide", "device", "method", "delivered_gbq", "treated_gbq"),
            *("lung_shunt_fraction", "lungs_gy", "tumors", "tumors_ml"),
            *("tumors_mean_gy", "normal_whole_mean_gy", "warnings", "scale"),
        ),
        {
            "delivered_gbq": "delivered GBq",
            "lung_shunt_fraction": "lung shunt",
            "lungs_gy": "lungs Gy",
            "tumors": "tumors",
            "tumors_ml": "tumors mL",
            "tumors_mean_gy": "tumors Gy",
            "normal_whole_mean_gy": "normal whole liver Gy",
        },
        "Doses",
        "Doses are means of each case's first method; tumors' over the volume of all "
        "of them.",
        structure_columns(),
    ),
    "plan image": CommandTables(
        *("plan.json", "plan.html", "structures.csv"),
        *("plans.csv", "plan_structures.csv", _plan),
        (
            *("nuclide", "device", "activity_gbq", "draw_activity_gbq"),
            *("lung_shunt_fraction", "lungs_gy", "tumors", "tumors_ml"),
            *("tumors_mean_gy", "limits_met", "limits_not_met", "warnings", "hash"),
        ),
        {
            "activity_gbq": "to inject GBq",
            "draw_activity_gbq": "to draw up GBq",
            "lung_shunt_fraction": "lung shunt",
            "lungs_gy": "lungs Gy",
            "tumors": "tumors",
            "tumors_mean_gy": "tumors Gy",
        },
        "Plans",
        "Mean doses at the planned activity; tumors' over the volume of all of them.",
    ),
    "suv": CommandTables(
        *("suv.json", "suv.html", "lesions.csv"),
        *("scans.csv", "suv_lesions.csv", _suv),
        (
            *("started", "uptake_time_min", "lesions", "suv_max", "liver_sul_mean"),
            *("blood_pool_sul_mean", "measurable_from_sul", "warnings"),
        ),
        {
            "uptake_time_min": "uptake time min",
            "lesions": "lesions",
            "suv_max": "highest SUVmax",
            "liver_sul_mean": "liver SULmean",
            "measurable_from_sul": "measurable from SUL",
        },
        "Uptake",
        "The highest SUVmax is that of the hottest lesion.",
    ),
}


def case_line(
    state: Mapping[str, Any], folder: Path | None, of: CommandTables
) -> dict[str, Any]:
    """What the tables say of a case; `state` alone where it has no folder."""
    line: dict[str, Any] = {**state, **dict.fromkeys(of.columns)}
    if folder is None:
        return line
    return line | of.told(json.loads((folder / of.document).read_text("utf-8")))
