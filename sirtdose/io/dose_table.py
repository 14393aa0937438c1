"""A table of another system's doses: a line a structure, or its histograms."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from sirtdose.errors import InputError, QuantityError
from sirtdose.io.csv_table import Line, csv_lines, header_of, read_table
from sirtdose.model.units import FRACTION

_CURVE = ("name", "dose_gy", "volume_fraction")
_WHAT = "a table of another system's doses"
_CURVE_POINTS_LEAST = 5


def read_dose_table(path: Path) -> dict[str, dict[str, float]]:
    """Numbers by structure: `mean`, `volume` (mL), `d70` (Gy), `v100` (fraction).

    Either a line a structure with the columns `name` and any of `mean_gy`, `volume_ml`,
    `d70_gy` (and other percentages), `v100` (part of the volume at 100 Gy and more,
    such as 45% or 0.45); or a cumulative histogram with the columns `name`, `dose_gy`
    and `volume_fraction` (and `volume_ml`, the volume at each dose).

    Raises
    ------
    FileFormatError
        No csv of text.
    InputError
        Missing columns, a structure there twice, a cell that is no number, or a
        histogram that rises.
    """
    header = header_of(csv_lines(path)[0][1])
    if all(column in header for column in _CURVE):
        return _of_curves(path)
    lines = read_table(path, required=("name",), what=_WHAT)
    columns = _columns(header)
    if not columns:
        raise InputError(
            f"{path.name}, line 1 names no dose: give mean_gy, d70_gy, v100, volume_ml "
            "or others like them"
        )
    found: dict[str, dict[str, float]] = {}
    for line in lines:
        name = line.required("name").lstrip("'")
        if name in found:
            raise InputError(f"{line.at('name')}: '{name}' is there twice (H19)")
        numbers = {key: _number(line, column) for column, key in columns.items()}
        found[name] = {key: one for key, one in numbers.items() if one is not None}
    return found


def _columns(header: Sequence[str]) -> dict[str, str]:
    """Columns that are numbers of a structure, with the name of the number."""
    columns = {}
    for column in header:
        stem = column.removesuffix("_gy").removesuffix("_ml").removesuffix("_fraction")
        is_dose = column.endswith("_gy") and (stem == "mean" or _of(stem, "d"))
        is_volume = column == "volume_ml"
        is_part = _of(stem, "v") and not column.endswith("_ml")
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
    try:
        return FRACTION.parse(text)
    except QuantityError as error:
        raise InputError(f"{line.at(column)}: {error}") from None


def _of_curves(path: Path) -> dict[str, dict[str, float]]:
    curves: dict[str, list[tuple[float, float]]] = {}
    volumes: dict[str, float] = {}
    for line in read_table(path, required=_CURVE, what=_WHAT):
        name = line.required("name").lstrip("'")
        dose = line.number("dose_gy", least=0.0)
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
    return {
        name: _of_curve(f"{path.name}, '{name}'", points)
        | ({"volume": volumes[name]} if name in volumes else {})
        for name, points in curves.items()
    }


def _of_curve(where: str, points: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Mean and D_x of a cumulative curve, straight between its points."""
    if len(points) < _CURVE_POINTS_LEAST:
        raise InputError(f"{where}: a histogram of {len(points)} points is too coarse")
    doses, parts = zip(*sorted(points), strict=True)
    pairs = list(pairwise(parts))
    if any(after > before + 1e-6 for before, after in pairs) or parts[0] < 1 - 1e-3:
        raise InputError(
            f"{where}: a cumulative histogram begins at 1 and never rises: is it a "
            "differential one?"
        )
    steps = zip(doses, doses[1:], pairs, strict=False)
    mean = doses[0] + sum((b - a) * (p + q) / 2 for a, b, (p, q) in steps)
    found = {"mean": mean}
    for x in (98, 95, 90, 70, 50, 2):
        found[f"d{x}"] = _dose_at(x / 100, doses, parts)
    return found


def _dose_at(part: float, doses: Sequence[float], parts: Sequence[float]) -> float:
    after = next((n for n, one in enumerate(parts) if one < part), len(parts) - 1)
    before = max(after - 1, 0)
    fall = parts[before] - parts[after]
    if fall <= 0:
        return doses[before]
    along = (parts[before] - part) / fall
    return doses[before] + along * (doses[after] - doses[before])
