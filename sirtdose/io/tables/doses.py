"""A table of another system's doses: a line a structure, or its histograms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import InputError, QuantityError, said_at
from sirtdose.io.tables.csv import Line, csv_lines, header_of, read_table
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.metric import MEAN, VOLUME, Metric, numbers_of
from sirtdose.model.units import FRACTION

_CURVE = ("name", "dose_gy", "volume_fraction")
_WHAT = "a table of another system's doses"
_UNITS = ("_gy", "_ml", "_fraction", "_percent")


@dataclass(frozen=True)
class DoseTable:
    """Numbers by structure, and what of the table is not compared or not sure."""

    numbers: Mapping[str, Mapping[Metric, float]]
    remarks: tuple[str, ...] = ()


def read_dose_table(path: Path, metrics: Sequence[Metric] = ()) -> DoseTable:
    """Read dose metrics from a table in which each structure occurs once (H19).

    They are in Gy, mL and fractions. The table has a line for each structure, with the
    columns `name` and any of `mean_gy`, `volume_ml`, `d70_gy`, `d2cc_gy` (and others
    like them), `v100` (part of the volume at 100 Gy and more, such as 45% or 0.45) or
    `v100gy_percent`. Or it is a cumulative histogram with the columns `name`, `dose_gy`
    and `volume_fraction` (and `volume_ml`, the volume at each dose).

    Parameters
    ----------
    path : Path
    metrics : sequence of Metric
        Those of a histogram; also which columns are read besides mean, volume, D and V.

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Missing columns, a structure there twice or without a number, a cell that is no
        number, or a histogram that rises.
    """
    header = header_of(csv_lines(path)[0][1])
    if all(column in header for column in _CURVE):
        curves = _curves(path)
        return DoseTable(
            {name: numbers_of(one, metrics) for name, one in curves.items()},
            tuple(
                f"their histogram of '{name}' ends at {one.doses_gy[-1]:.4g} Gy with "
                f"{one.parts[-1]:.1%} of the volume: if it was cut off there, its mean "
                "and hottest doses are too low"
                for name, one in curves.items()
                if one.ends_early
            ),
        )
    lines = read_table(path, required=("name",), what=_WHAT)
    columns = _columns(path.name, header, metrics)
    if not columns:
        raise InputError(
            f"{path.name}, line 1 has no column of doses: give mean_gy, d70_gy, v100, "
            "volume_ml or others like them"
        )
    found: dict[str, dict[Metric, float]] = {}
    for line in lines:
        name = line.required("name").lstrip("'")
        if name.casefold() in (one.casefold() for one in found):
            raise InputError(
                f"{line.at('name')}: '{name}' occurs twice (H19): keep one line"
            )
        numbers = {one: _number(line, key, one) for key, one in columns.items()}
        found[name] = {key: one for key, one in numbers.items() if one is not None}
        if not found[name]:
            raise InputError(
                f"{line.where}: '{name}' has no value: give one of "
                f"{', '.join(columns)}, or leave the line out"
            )
    idle = [one for one in header if one not in columns and one != "name"]
    said = f"column {', '.join(idle)} of their table was not compared"
    return DoseTable(found, (said,) if idle else ())


def _columns(
    name: str, header: Sequence[str], metrics: Sequence[Metric]
) -> dict[str, Metric]:
    """Columns that are metrics of a structure."""
    columns = {}
    for column in header:
        with said_at(f"{name}, line 1, column {column}"):
            found = _metric(column)
        if found in (MEAN, VOLUME, *metrics) or (found and found.number is not None):
            columns[column] = found
    return columns


def _metric(column: str) -> Metric | None:
    """What a column's name says, provided that its unit is the metric's."""
    stem = column.rpartition("_")[0] if column.endswith(_UNITS) else column
    if stem == column and not column.startswith("v"):
        return None
    try:
        found = Metric.parse(stem)
    except QuantityError:
        return None
    own = column.endswith(f"_{found.unit.lower()}")
    return found if own or (found.is_part and not column.endswith("_ml")) else None


def _number(line: Line, column: str, metric: Metric) -> float | None:
    if not metric.is_part:
        return line.number(column, least=0.0)
    text = line.text(column)
    if not text:
        return None
    with said_at(line.at(column)):
        return FRACTION.parse(f"{text}%" if column.endswith("_percent") else text)


def _curves(path: Path) -> dict[str, DoseCurve]:
    curves: dict[str, list[tuple[float, float]]] = {}
    volumes: dict[str, float] = {}
    for line in read_table(path, required=_CURVE, what=_WHAT):
        name = line.required("name").lstrip("'")
        # Noise below 0 gives doses below 0.
        dose = line.number("dose_gy")
        part = line.number("volume_fraction", least=0.0)
        if dose is None or part is None or part > 1 + 1e-6:
            raise InputError(
                f"{line.where}: a point of a histogram is a dose in Gy and a fraction "
                "from 0 to 1"
            )
        volume = (
            line.number("volume_ml", least=0.0) if "volume_ml" in line.cells else None
        )
        if volume is not None:
            volumes[name] = max(volumes.get(name, 0.0), volume)
        curves.setdefault(name, []).append((dose, part))
    found = {}
    for name, points in curves.items():
        doses, parts = zip(*points, strict=True)
        with said_at(f"{path.name}, '{name}'"):
            found[name] = DoseCurve.of(doses, parts, volumes.get(name))
    return found
