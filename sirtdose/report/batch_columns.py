"""What the columns of a batch's tables hold: type, unit and description."""

import csv
from collections.abc import Iterable
from pathlib import Path

from sirtdose import __version__
from sirtdose.io.tables.parquet import Column, Kind, write_parquet
from sirtdose.model.metric import EFFECTS, Metric

# Its Parquet file and schema, by the csv.
_TABLES = {
    "cases.csv": ("cases.parquet", "sirtdose.cases/1"),
    "summary.csv": ("structures.parquet", "sirtdose.structures/1"),
    "lesions.csv": ("lesions.parquet", "sirtdose.lesion_table/1"),
}
PARQUET_FILES = tuple(name for name, _ in _TABLES.values())
# The unit is the last part of a name.
_UNITS = {
    "gy": "Gy",
    "gbq": "GBq",
    "ml": "mL",
    "kg": "kg",
    "fraction": "1",
    "percent": "%",
}
_WHOLE = {
    "exit_code": "Exit code that the case alone would have ended with; 0 if done",
    "tumors": "Number of tumors",
}
_TEXT = {
    "case_id": "Label of the case in the manifest, or the name of its folder",
    "state": "done, failed or not run",
    "error": "Why the case failed",
    "nuclide": "Nuclide of the microspheres",
    "device": "Microspheres",
    "method": "How the dose was computed",
    "name": "Name of the structure",
    "role": "What the structure is, e.g. tumor or liver",
    "warnings": "Codes of the checks that warn or ask, separated by spaces",
    "scale": "Which calibration the doses are on",
}
_NUMBERS = {
    "delivered_gbq": "Activity delivered to the patient, all injections",
    "treated_gbq": "Activity delivered to the liver: without the lung shunt",
    "lung_shunt_fraction": "Lung shunt fraction, if one was given",
    "lungs_gy": "Mean dose to the lungs",
    "tumors_ml": "Volume of all tumors",
    "tumors_mean_gy": "Mean dose to all tumors, weighted by volume",
    "normal_whole_mean_gy": "Mean dose to the whole liver without tumors",
    "volume_ml": "Volume of the structure",
    "mass_kg": "Mass of the structure",
    "activity_gbq": "Activity in the structure",
}
_PLAIN = {
    "mean": "Mean dose to the structure",
    "sd": "Standard deviation of the dose in the structure",
    "min": "Minimum dose in the structure",
    "max": "Maximum dose in the structure",
}
_LESION_TEXT = {
    "case_id": "Label of the patient",
    "lesion": "Name of the lesion",
    "first_seen": "Visit at which the lesion was first seen",
    "mean_of": "How mean_gy was computed",
}
_LESION_NUMBERS = {
    "mean_gy": ("Mean dose to the lesion of all treatments", "Gy"),
    "volume_before_ml": ("Volume of the lesion before treatment", "mL"),
    "volume_after_ml": ("Volume of the lesion at the last follow-up", "mL"),
    "volume_change": ("Change of the volume, of the volume before", "1"),
}
# By how a column ends; what stands before is the visit, method or criteria.
_OF_VISITS = {
    "_days": ("Time of the visit since the first treatment", "d"),
    "_mean_gy": ("Mean dose to the lesion", "Gy"),
    "_name": ("Name of the lesion at the visit", ""),
    "_match": ("How the lesion was matched with this name", ""),
    "_ml": ("Volume of the lesion at the visit", "mL"),
    "_mm": ("Diameter of the lesion at the visit", "mm"),
    "_sul_peak": ("SULpeak of the lesion at the visit", "g/mL"),
    "_best": ("Best response of the lesion", ""),
}


def write_parquet_tables(folder: Path) -> None:
    """Write each csv table of a batch that is in a folder as Parquet.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    """
    for source, (name, schema) in _TABLES.items():
        if not (folder / source).is_file():
            continue
        with (folder / source).open(encoding="utf-8", newline="") as stream:
            names = next(csv.reader(stream))
        about = {"schema": schema, "sirtdose_version": __version__}
        of = lesion_columns_of if source == "lesions.csv" else columns_of
        write_parquet(folder / source, folder / name, of(names), about)


def columns_of(names: Iterable[str]) -> list[Column]:
    """The columns of cases.csv or of structures, by their names.

    >>> [(one.kind, one.unit) for one in columns_of(["role", "tumors", "d2cc_gy"])]
    [('text', ''), ('whole', ''), ('number', 'Gy')]
    """
    return [_column(name) for name in names]


def _column(name: str) -> Column:
    kinds: dict[Kind, dict[str, str]] = {"text": _TEXT, "whole": _WHOLE}
    for kind, known in kinds.items():
        if name in known:
            return Column(name, kind, known[name])
    unit = _UNITS[name.rpartition("_")[2]]
    return Column(name, "number", _NUMBERS.get(name) or _of_metric(name), unit)


def lesion_columns_of(names: Iterable[str]) -> list[Column]:
    """The columns of lesions.csv, by their names: visits have columns of their own.

    >>> [(one.kind, one.unit) for one in lesion_columns_of(["lesion", "plan_1_days"])]
    [('text', ''), ('number', 'd')]
    """
    return [_lesion_column(name) for name in names]


def _lesion_column(name: str) -> Column:
    if name in _LESION_TEXT:
        return Column(name, "text", _LESION_TEXT[name])
    if name in _LESION_NUMBERS:
        said, unit = _LESION_NUMBERS[name]
        return Column(name, "number", said, unit)
    for end, (said, unit) in _OF_VISITS.items():
        if name.endswith(end):
            return Column(name, "number" if unit else "text", said, unit)
    raise LookupError(f"{name} is no column of lesions.csv")


def _of_metric(column: str) -> str:
    metric = Metric.parse(column.rpartition("_")[0])
    if metric.kind in EFFECTS:
        return f"{metric.words} of the structure, by its radiobiology"
    if metric.is_part:
        return f"Part of the volume that gets {metric.number:.12g} Gy or more"
    if metric.number is not None:
        of = "mL" if metric.kind == "dcc" else "% of the volume"
        return f"Minimum dose to the hottest {metric.number:.12g} {of}"
    return _PLAIN[metric.kind]
