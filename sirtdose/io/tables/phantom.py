"""Phantoms to scan: those that are shipped, and the user's own, as TOML of shapes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sirtdose.data.load import PHANTOMS
from sirtdose.errors import InputError, RangeError
from sirtdose.io.tables.own_file import (
    known_table,
    number_of,
    read_own_file,
    shown,
    source_of,
    text_of,
)
from sirtdose.model.bounds import printable
from sirtdose.model.solid import Ball, Cylinder, Fill, Prism, ScanPhantom, Solid, arc_mm

FORMAT = 1
_TABLES = (
    *("format", "name", "title", "source", "verified", "unverified"),
    *("outer", "fill"),
)
_KEYS = {
    "ball_mm": ("diameter_mm",),
    "cylinder_mm": ("diameter_mm", "depth_mm", "length_mm"),
    "outline": ("z_mm",),
}
_ARC = ("arc_mm", "radius_mm", "from_deg", "to_deg")
_FAR_MM, _TURN_DEG = 1000.0, 720.0
_FILLS_MAX, _SOLIDS_MAX, _POINTS_MAX = 20, 100, 400


def shipped_phantoms() -> dict[str, Path]:
    """Files of the phantoms that are shipped, by name.

    >>> sorted(shipped_phantoms())[:3]
    ['cylinder', 'jaszczak', 'line']
    """
    return {path.stem: path for path in sorted(PHANTOMS.glob("*.toml"))}


def phantom_of(text: str) -> ScanPhantom:
    """A phantom by the name of one that is shipped, or by its file.

    Raises
    ------
    InputError
        Neither, or a file that describes none.

    Examples
    --------
    >>> round(phantom_of("nema-iec").fill("spheres").volume_ml, 2)
    47.84
    """
    known = shipped_phantoms()
    if text.casefold() in known:
        return read_phantom(known[text.casefold()])
    path = Path(text)
    if path.suffix and path.is_file():
        return read_phantom(path)
    why = f"there is no file '{path.name}'" if path.suffix else "it is not known"
    raise InputError(
        f"--phantom '{shown(text)}': {why}. Use {', '.join(known)}, or a TOML file of "
        "your own shapes"
    )


def read_phantom(path: Path) -> ScanPhantom:
    """Read a phantom's file.

    Raises
    ------
    FileFormatError
        No file, or no TOML.
    InputError
        A shape, a name or a number that is missing or wrong, by its place.
    """
    data, _ = read_own_file(path)
    name = printable(path.name)
    known_table(data, _TABLES, name)
    if data.get("format") != FORMAT:
        raise InputError(
            f"{name}: format is {shown(data.get('format'))}: write format = {FORMAT}"
        )
    title = text_of(data.get("title", data.get("name", "")), f"{name}: title")
    source, open_ = source_of(data, "source", name), data.get("unverified", "")
    if open_:
        source += f". Not verified: {text_of(open_, f'{name}: unverified')}"
    verified = data.get("verified", False)
    if not isinstance(verified, bool):
        raise InputError(f"{name}: verified is {shown(verified)}: write true or false")
    fills = _fills(data.get("fill"), name)
    return ScanPhantom(
        name=_text(data, "name", name),
        title=title,
        fills=fills,
        outer=_solid(data.get("outer"), f"{name}, outer")
        if "outer" in data
        else max((one for own in fills for one in own.solids), key=_volume),
        source=source,
        verified=verified,
    )


def _volume(solid: Solid) -> float:
    return solid.volume_ml


def _text(table: Mapping[str, Any], key: str, where: str) -> str:
    text = text_of(table.get(key, ""), f"{where}: {key}").strip()
    if not text:
        raise InputError(f"{where} needs a {key}, a text in quotes")
    return text


def _fills(value: Any, file: str) -> tuple[Fill, ...]:
    rows = _rows(value, f"{file}: fill", _FILLS_MAX)
    fills: list[Fill] = []
    for number, row in enumerate(rows, 1):
        where = f"{file}, fill {number}"
        known_table(row, ("name", "known", "solids", "without"), where)
        name = _text(row, "name", where)
        if any(one.name == name for one in fills):
            raise InputError(f"{where}: the name '{name}' occurs twice: use another")
        known = row.get("known", True)
        if not isinstance(known, bool):
            raise InputError(f"{where}: known is {shown(known)}: write true or false")
        fills.append(
            Fill(
                name,
                _solids(row.get("solids"), f"{where} ('{name}'), solids"),
                _solids(row["without"], f"{where} ('{name}'), without")
                if "without" in row
                else (),
                known,
            )
        )
    if not any(one.known for one in fills):
        raise InputError(f"{file}: no fill is known: one of known activity is needed")
    return tuple(fills)


def _rows(value: Any, where: str, most: int) -> Sequence[Any]:
    if not isinstance(value, list) or not value:
        raise InputError(f"{where} is {shown(value)}: a list of tables is needed")
    if len(value) > most:
        raise InputError(f"{where} has {len(value)} entries: give at most {most}")
    return value


def _solids(value: Any, where: str) -> tuple[Solid, ...]:
    return tuple(
        _solid(one, f"{where}, {number}")
        for number, one in enumerate(_rows(value, where, _SOLIDS_MAX), 1)
    )


def _solid(value: Any, where: str) -> Solid:
    """A shape whose sizes are possible."""
    try:
        return _shape(value, where)
    except RangeError as error:
        raise InputError(f"{where}: {error}") from None


def _shape(value: Any, where: str) -> Solid:
    """A ball, a cylinder or a prism, by which of their keys stands there."""
    if not isinstance(value, dict):
        raise InputError(f"{where} is {shown(value)}: a table of a shape is needed")
    shapes = [key for key in _KEYS if key in value]
    if len(shapes) != 1:
        raise InputError(
            f"{where} has {' and '.join(shapes) or 'no shape'}: give one of "
            f"{', '.join(_KEYS)}"
        )
    [shape] = shapes
    known_table(value, (shape, *_KEYS[shape]), where)
    if shape == "outline":
        low, high = _numbers(value, "z_mm", where, 2)
        return Prism(_outline(value["outline"], f"{where}, outline"), low, high)
    x, y, z = _numbers(value, shape, where, 3)
    diameter = _number(value.get("diameter_mm"), f"{where}: diameter_mm")
    if shape == "ball_mm":
        return Ball((x, y, z), diameter)
    depth = _number(value.get("depth_mm", diameter), f"{where}: depth_mm")
    length = _number(value.get("length_mm"), f"{where}: length_mm")
    return Cylinder((x, y, z), diameter, depth, length)


def _outline(value: Any, where: str) -> tuple[tuple[float, float], ...]:
    """Points, and arcs by center, radius and both angles from +x toward +y."""
    points: list[tuple[float, float]] = []
    for number, one in enumerate(_rows(value, where, _POINTS_MAX), 1):
        at = f"{where}, {number}"
        if isinstance(one, list):
            x, y = _numbers({"a point": one}, "a point", at, 2)
            points.append((x, y))
            continue
        known_table(one, _ARC, at)
        x, y = _numbers(one, "arc_mm", at, 2)
        radius = _number(one.get("radius_mm"), f"{at}: radius_mm")
        start, end = (
            _number(one.get(key), f"{at}: {key}", _TURN_DEG) for key in _ARC[2:]
        )
        if not radius > 0 or start == end:
            raise InputError(
                f"{at}: an arc of radius {radius:g} mm from {start:g} to {end:g} "
                "degrees is none: give a radius above 0 and two angles"
            )
        points += arc_mm((x, y), radius, start, end)
    return tuple(points)


def _numbers(
    table: Mapping[str, Any], key: str, where: str, count: int
) -> tuple[float, ...]:
    value = table.get(key)
    if not isinstance(value, list) or len(value) != count:
        raise InputError(f"{where}: {key} is {shown(value)}: give {count} numbers")
    return tuple(_number(one, f"{where}: {key}") for one in value)


def _number(value: Any, where: str, most: float = _FAR_MM) -> float:
    number = number_of(value, where)
    if abs(number) > most:
        raise InputError(f"{where} is {number:g}: it must be within {most:g} of 0")
    return number
