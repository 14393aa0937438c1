"""A file of the user's own numbers: TOML, or JSON by its ending."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError, InputError, nearest_name
from sirtdose.model.bounds import printable

_SHOWN_MAX = 60


def read_own_file(path: Path) -> tuple[dict[str, Any], str]:
    """Its tables, and the SHA-256 of the bytes that they were read from.

    Raises
    ------
    FileFormatError
        No file, or one that is damaged.
    """
    kind = "JSON" if path.suffix.lower() == ".json" else "TOML"
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
        data = (
            _toml(text)
            if kind == "TOML"
            else json.loads(text, object_pairs_hook=_each_once)
        )
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        # Of the text, of its form, or of a number of thousands of digits.
        raise FileFormatError(f"{path.name} is not valid {kind}: {error}") from None
    if not isinstance(data, dict):
        raise FileFormatError(f"{path.name} is not {kind} with names and values")
    return data, sha256(content).hexdigest()


def _toml(text: str) -> dict[str, Any]:
    import tomllib

    return tomllib.loads(text)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets the last of several values of a name count, and says nothing."""
    names = [name for name, _ in pairs]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ValueError(f"'{shown(double)}' occurs more than once: keep one of them")
    return dict(pairs)


def shown(value: Any) -> str:
    """A value of a file, fit to be printed in a message."""
    text = printable(str(value))
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."


def known_table(value: Any, known: Sequence[str], where: str) -> dict[str, Any]:
    """A table none of whose keys is unknown.

    Raises
    ------
    InputError
        No table, or a key that is not known, with the one that may have been meant.
    """
    if not isinstance(value, dict):
        raise InputError(f"{where} is {shown(value)}: it must be a table of names")
    require_known(value, known, where)
    return value


def require_known(
    given: Iterable[str], known: Sequence[str], file: str, where: str = ""
) -> None:
    """Refuse a name that is none of the known ones, and guess what was meant.

    Raises
    ------
    InputError
        Names the first unknown one.
    """
    for key in given:
        if key not in known:
            near = nearest_name(key, known)
            meant = f"was {near} meant?" if near else f"use {', '.join(known)}"
            raise InputError(
                f"{file}: '{shown(key)}' is not known"
                f"{f' in {where}' if where else ''}: {meant}"
            )


def number_of(value: Any, where: str) -> float:
    """A number, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InputError(f"{where} is {shown(value)}: a number is needed")
    # Written so that a NaN fails too.
    if not abs(value) < 1e6:
        raise InputError(f"{where} is {value}: a number of this size is not possible")
    return float(value)


def text_of(value: Any, where: str) -> str:
    """A text that can be printed."""
    if not isinstance(value, str):
        raise InputError(f"{where} is {shown(value)}: a text in quotes is needed")
    if printable(value) != value:
        raise InputError(f"{where} contains an unprintable character: retype it")
    return value


def source_of(table: Mapping[str, Any], key: str, where: str) -> str:
    """Where numbers are from: nobody can check them without.

    Raises
    ------
    InputError
        It is missing, or empty.
    """
    text = text_of(table.get(key, ""), f"{where}: {key}").strip()
    if not text:
        raise InputError(f"{where} needs a {key}: state where its numbers come from")
    return text


def bounded(value: float, bound: Mapping[str, Any], where: str) -> float:
    """A value, provided that anything like it was ever published.

    `bound` is a row of a table of bounds: min, max and unit, and the `slip` of a unit
    that is likely, 1000 where none is named.

    Raises
    ------
    InputError
        Another value, with what it is without the slip.
    """
    low, high, unit = bound["min"], bound["max"], bound["unit"]
    # Written so that a NaN fails too.
    if low <= value <= high:
        return value
    unit = f" {unit}" if unit[:1].isalpha() else unit
    if low > 0 >= value:
        raise InputError(f"{where} is {value:g}{unit}: above 0 is needed")
    part = value / bound.get("slip", 1000)
    meant = f"; was {part:g}{unit} meant?" if low <= part <= high else ""
    raise InputError(
        f"{where} is {value:g}{unit}: it must be {low:g} to {high:g}{unit}{meant}"
    )


def read_budget(path: Path) -> tuple[dict[str, float], str]:
    """Read standard uncertainties by name, and where they are from.

    Raises
    ------
    FileFormatError
        No TOML.
    InputError
        Something else than ``source`` and a table ``[budget]`` of numbers.
    """
    data, _ = read_own_file(path)
    known_table(data, ("source", "budget"), path.name)
    budget, source = data.get("budget", {}), data.get("source", f"{path.name}")
    if not isinstance(budget, dict) or not isinstance(source, str):
        raise InputError(
            f'{path.name}: write source = "..." and [budget] with numbers below'
        )
    for name, value in budget.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise InputError(
                f"{path.name}: {name[:40]} is not a number: write a standard "
                "uncertainty such as 0.05"
            )
    return {name: float(value) for name, value in budget.items()}, source
