"""Structured reports as tables: all that they measure, and structures.csv again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sirtdose.model.dose_report import DoseReport, Measured, MeasuredGroup
from sirtdose.model.metric import EFFECTS, Metric
from sirtdose.model.report_codes import key_of, method_of, quantity_code
from sirtdose.report.tables import (
    csv_text,
    name_cell,
    rows_csv,
    structure_columns,
    structure_rows,
)

MEASUREMENTS_FILE, MEASURED_STRUCTURES_FILE = (
    "measurements.csv",
    "measured_structures.csv",
)
_COLUMNS = (
    *("report", "made_by", "version", "open_questions"),
    *("method", "name", "role", "quantity", "value", "unit"),
    *("standard_uncertainty", "low", "high", "code", "scheme", "derivation"),
)
_UNITS = ("_ml", "_kg", "_gbq", "_gy", "_j", "_fraction")
_OF_A_ROW = ("volume_ml", "mass_kg", "activity_gbq", *(f"{one}_gy" for one in EFFECTS))


def measurements_csv(reports: Iterable[tuple[str, DoseReport]]) -> str:
    """A row per report, structure, method and quantity, with the unit it is coded in.

    Quantities of ours are named as the columns of structures.csv, without their unit;
    those of others by the meaning of their code.
    """
    rows = (
        _row(label, report, group, one)
        for label, report in reports
        for group in report.groups
        for one in group.measured
    )
    return rows_csv(_COLUMNS, rows)


def _row(
    label: str, report: DoseReport, group: MeasuredGroup, one: Measured
) -> dict[str, Any]:
    key = key_of(one.code, one.derivation) if report.own else None
    return {
        "report": label,
        "made_by": report.made_by,
        "version": report.version,
        "open_questions": report.open_questions if report.own else None,
        "method": _method(group, own=report.own),
        "name": group.name,
        "role": group.role,
        "quantity": one.code.meaning if key is None else _without_unit(key),
        "value": float(one.text),
        "unit": one.unit.value,
        **{name: float(text) for name, text in one.properties.items()},
        "code": one.code.value,
        "scheme": one.code.scheme,
        "derivation": one.derivation and one.derivation.meaning,
    }


def _without_unit(key: str) -> str:
    """A quantity's name where the unit stands beside it.

    >>> [_without_unit(one) for one in ("mass_kg", "bed_mean_gy", "v100", "d2cc")]
    ['mass', 'bed_mean', 'v100', 'd2cc']
    """
    unit = next((one for one in _UNITS if key.endswith(one)), "")
    return key.removesuffix(unit)


def _method(group: MeasuredGroup, *, own: bool) -> str:
    if group.method is None:
        return ""
    return (method_of(group.method) if own else None) or group.method.meaning


def reported_structures_csv(reports: Sequence[tuple[str, DoseReport]]) -> str:
    """Reports of ours as structures.csv had them, behind a column with the report.

    Metrics that any report was asked for have their column in all.
    """
    own = [(label, one) for label, one in reports if one.own]
    asked = dict.fromkeys(name for _, one in own for name in one.metrics)
    metrics = [Metric.parse(one) for one in asked]
    rows = [
        [name_cell(label), *row]
        for label, one in own
        for row in structure_rows(_document(one, list(asked)))
    ]
    return csv_text(("report", *structure_columns(metrics)), rows)


def _document(report: DoseReport, metrics: Sequence[str]) -> dict[str, Any]:
    """As much of post.json as structures.csv shows."""
    doses: dict[str, dict[str, list[Any]]] = {}
    for group in report.groups:
        method = _method(group, own=True)
        values = dict(filter(None, (_value(one) for one in group.measured)))
        # Lungs by their shunt and the treatment have no mean of voxels.
        if "mean" in values:
            rows = doses.setdefault(method, {"structures": []})["structures"]
            rows.append(_structure(group, values))
    return {"metrics": list(metrics), "doses": doses}


def _value(one: Measured) -> tuple[str, float] | None:
    key = key_of(one.code, one.derivation)
    return None if key is None else (key, quantity_code(key).value(one.text))


def _structure(group: MeasuredGroup, values: Mapping[str, float]) -> dict[str, Any]:
    row: dict[str, Any] = {"name": group.name, "role": group.role}
    row |= {key: values.get(key) for key in _OF_A_ROW}
    parts = {key: value for key, value in values.items() if _is_part(key)}
    others = {key: value for key, value in values.items() if key not in parts}
    row["dose_gy"] = {key: one for key, one in others.items() if key not in _OF_A_ROW}
    row["volume_fraction_above"] = {key[1:]: part for key, part in parts.items()}
    return row


def _is_part(key: str) -> bool:
    return key[0] == "v" and key[1:2].isdigit()
