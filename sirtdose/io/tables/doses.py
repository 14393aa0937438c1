"""A table of another system's doses: a line a structure, or its histograms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sirtdose.errors import InputError, said_at
from sirtdose.io.tables.csv import Line, csv_lines, header_of, read_table
from sirtdose.model.dose_curve import DoseCurve
from sirtdose.model.units import FRACTION

_CURVE = ("name", "dose_gy", "volume_fraction")
_WHAT = "a table of another system's doses"


@dataclass(frozen=True)
class DoseTable:
    """Numbers by structure, and what of the table is not compared or not sure."""

    numbers: Mapping[str, Mapping[str, float]]
    remarks: tuple[str, ...] = ()


def read_dose_table(
    path: Path, *, percent: Sequence[float] = (), doses_gy: Sequence[float] = ()
) -> DoseTable:
    """Numbers by structure: `mean`, `volume` (mL), `d70` (Gy), `v100` (fraction).

    Either a line a structure with the columns `name` and any of `mean_gy`, `volume_ml`,
    `d70_gy` (and other percentages), `v100` (part of the volume at 100 Gy and more,
    such as 45% or 0.45); or a cumulative histogram with the columns `name`, `dose_gy`
    and `volume_fraction` (and `volume_ml`, the volume at each dose).

    Parameters
    ----------
    path : Path
    percent, doses_gy : sequence of float
        Which D_x and V_x of a histogram.

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
            {name: one.numbers(percent, doses_gy) for name, one in curves.items()},
            tuple(
                _end_words(name, one) for name, one in curves.items() if one.ends_early
            ),
        )
    lines = read_table(path, required=("name",), what=_WHAT)
    columns = _columns(path.name, header)
    if not columns:
        raise InputError(
            f"{path.name}, line 1 names no dose: give mean_gy, d70_gy, v100, volume_ml "
            "or others like them"
        )
    found: dict[str, dict[str, float]] = {}
    for line in lines:
        name = line.required("name").lstrip("'")
        if name.casefold() in (one.casefold() for one in found):
            raise InputError(f"{line.at('name')}: '{name}' is there twice (H19)")
        numbers = {key: _number(line, column) for column, key in columns.items()}
        found[name] = {key: one for key, one in numbers.items() if one is not None}
        if not found[name]:
            raise InputError(
                f"{line.where}: '{name}' has no number: give one of "
                f"{', '.join(columns)}, or leave the line out"
            )
    idle = [one for one in header if one not in columns and one != "name"]
    said = f"column {', '.join(idle)} of their table is not compared"
    return DoseTable(found, (said,) if idle else ())


def _end_words(name: str, curve: DoseCurve) -> str:
    return (
        f"their histogram of '{name}' ends at {curve.doses_gy[-1]:.4g} Gy with "
        f"{curve.parts[-1]:.1%} of the volume: if it was cut off there, its mean and "
        "hottest doses are too low"
    )


def _columns(name: str, header: Sequence[str]) -> dict[str, str]:
    """Columns that are numbers of a structure, with the name of the number."""
    columns = {}
    for column in header:
        stem = column.removesuffix("_gy").removesuffix("_ml").removesuffix("_fraction")
        is_dose = column.endswith("_gy") and (stem == "mean" or _of(stem, "d"))
        is_volume = column == "volume_ml"
        is_part = _of(stem, "v") and not column.endswith("_ml")
        if is_dose and stem != "mean" and not 0 < float(stem[1:]) <= 100:
            raise InputError(
                f"{name}, line 1, column {column}: D_x is of more than 0 and at most "
                "100 % of a volume"
            )
        if is_dose or is_volume or is_part:
            columns[column] = stem
    return columns


def _of(stem: str, letter: str) -> bool:
    return stem[:1] == letter and stem[1:].replace(".", "", 1).isdigit()


def _number(line: Line, column: str) -> float | None:
    if not _of(column.removesuffix("_gy").removesuffix("_fraction"), "v"):
        return line.number(column, least=0.0)
    text = line.text(column)
    if not text:
        return None
    with said_at(line.at(column)):
        return FRACTION.parse(text)


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
