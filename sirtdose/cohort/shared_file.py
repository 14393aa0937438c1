"""Files of a pooled cohort: shares of the centers, and the point of the next round."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from sirtdose import __version__
from sirtdose.data.load import table
from sirtdose.errors import FileFormatError, InputError
from sirtdose.report.plan.hash import require_unchanged

Document = dict[str, Any]
_SHARE, _POINT = "sirtdose.share/1", "sirtdose.point/1"
_SCHEMAS = {_SHARE: "share", _POINT: "point"}
# Sums over patients are far below it, and its square is a number still.
_MOST = 1e100
_MADE_BY = {
    _SHARE: "`sirtdose cohort` with --share",
    _POINT: "`sirtdose cohort` with --pool",
}


def point_of(path: Path) -> Document:
    """The point of a round, as it was written.

    Raises
    ------
    FileFormatError
        No such file, or not one of a point.
    InputError
        One that was edited or cut off, or is of another version.
    """
    found = _read(path, _POINT)
    for model in found["models"]:
        _require_numbers(path.name, "point", model["point"], len(model["names"]))
    return found


def share_of(path: Path) -> Document:
    """What a center shared, as it was written.

    Raises
    ------
    FileFormatError
        No such file, or not one of a center, or numbers that are none.
    InputError
        One that was edited or cut off, of another version, or without an event.
    """
    found = _read(path, _SHARE)
    for model in found["models"]:
        if model["events"] == 0:
            raise InputError(
                f"{path.name}: no event for {model['name']} among {model['n']} "
                "patients, so this center adds nothing: leave its file out"
            )
        _require_model(path.name, model)
    return found


def _read(path: Path, schema: str) -> Document:
    try:
        found = json.loads(path.read_text("utf-8"), parse_constant=_no_number)
    except FileNotFoundError:
        raise FileFormatError(f"{path} does not exist") from None
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("schema") != schema:
        what = found.get("schema") if isinstance(found, dict) else None
        said = f"{str(what)[:40]}" if what else "cut off, or no json"
        raise FileFormatError(
            f"{path} is not a file of {_MADE_BY[schema]}: it is {said}"
        )
    require_unchanged(found, path.name)
    if found.get("sirtdose_version") != __version__:
        raise InputError(
            f"{path.name} is of sirtdose {str(found.get('sirtdose_version'))[:20]}, "
            f"and this is {__version__}: use the same version in every center, and "
            "make the file again"
        )
    _require_schema(path.name, found, schema)
    return found


def _require_schema(name: str, found: Document, schema: str) -> None:
    """Refuse what may have a fitting hash, but was not written by this program."""
    from jsonschema import Draft202012Validator

    known = table(f"schemas/{_SCHEMAS[schema]}.schema")
    error = next(Draft202012Validator(known).iter_errors(found), None)
    if error is not None:
        where = " / ".join(map(str, error.absolute_path)) or "the file"
        raise FileFormatError(
            f"{name}: {where} is not as {_MADE_BY[schema]} writes it: make the file "
            "again"
        )


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _require_model(name: str, model: Mapping[str, Any]) -> None:
    count, n = len(model["names"]), model["n"]
    events = 1 if model["events"] is None else model["events"]
    for key in ("point", "score"):
        _require_numbers(name, key, model[key], count)
    for row in model["information"]:
        _require_numbers(name, "information", row, count)
    information = np.array(model["information"], float)
    if information.shape != (count, count) or not 0 < events <= n:
        raise FileFormatError(f"{name}: the numbers of {model['name']} do not fit")
    own = model["own"]
    if own["coefficients"] is not None:
        for key in ("coefficients", "errors"):
            _require_numbers(name, key, own[key], count)
        if min(own["errors"]) <= 0:
            raise FileFormatError(
                f"{name}: a standard error is not above 0: make the file again"
            )
    least = -table("sharing")["convergence"]["singular"] * np.trace(information)
    if (
        not np.array_equal(information, information.T)
        or np.diag(information).min() <= 0
        or np.linalg.eigvalsh(information).min() < least
    ):
        raise FileFormatError(
            f"{name}: the information of {model['name']} is that of no model: make "
            "the file again"
        )


def _require_numbers(name: str, key: str, values: Any, count: int) -> None:
    fits = isinstance(values, list) and len(values) == count
    if not fits or not all(
        type(one) in (int, float) and abs(one) < _MOST for one in values
    ):
        raise FileFormatError(
            f"{name}: {key} needs {count} numbers: make the file again"
        )


def require_together(shares: Sequence[Document], names: Sequence[str]) -> None:
    """Refuse files that do not belong to one round of one study.

    Parameters
    ----------
    shares : sequence of dict
    names : sequence of str
        Of their files.

    Raises
    ------
    InputError
        Which two differ, in what, and what to do.
    """
    if len(shares) < 2:
        raise InputError(
            f"--pool needs the shared files of at least two centers, but "
            f"{len(shares) or 'none'} was given"
        )
    first, first_name = shares[0], names[0]
    for own, name in zip(shares[1:], names[1:], strict=True):
        _require_round(first, own, f"{name} and {first_name}")
        _require_models(first, own, (first_name, name))
    _require_different(shares, names)


def _require_round(first: Document, own: Document, names: str) -> None:
    if own["at"] == first["at"]:
        return
    rounds = own["at"]["round"], first["at"]["round"]
    if rounds[0] != rounds[1]:
        said = f"are of rounds {rounds[0]} and {rounds[1]}"
    else:
        said = "were computed at different points, or are of different studies"
    raise InputError(
        f"{names} {said}: every center shares with the same --at file, or none of "
        "them in the first round"
    )


def _require_models(first: Document, own: Document, names: tuple[str, str]) -> None:
    ours, theirs = (
        {one["name"]: one for one in share["models"]} for share in (own, first)
    )
    if list(ours) != list(theirs):
        raise InputError(
            f"{names[1]} has {_listed(ours)}, but {names[0]} has {_listed(theirs)}: "
            "every center shares the same models"
        )
    for name, model in ours.items():
        other = theirs[name]
        for key, value in model["definition"].items():
            if value != other["definition"][key]:
                raise InputError(
                    f"{name} differs: {key} is {_said(value)} in {names[1]}, but "
                    f"{_said(other['definition'][key])} in {names[0]}: use the same "
                    "columns and options in every center"
                )
        if model["names"] != other["names"]:
            raise InputError(
                f"{name} differs: {names[1]} has {_listed(model['names'])}, but "
                f"{names[0]} has {_listed(other['names'])}. A column has the same "
                "categories in every center, or numbers in every center (0 and 1 "
                "alone are categories)"
            )
        if model["point"] != other["point"]:
            raise InputError(f"{name} is at another point in {names[1]}: share again")


def _require_different(shares: Sequence[Document], names: Sequence[str]) -> None:
    """Refuse one center twice, by its name or by its numbers."""
    known: dict[str, str] = {}
    for share, name in zip(shares, names, strict=True):
        center = share["center"].casefold()
        numbers = json.dumps(
            [share["patients"], [_numbers(m) for m in share["models"]]]
        )
        if center in known:
            raise InputError(
                f"center '{share['center']}' is given twice, in {known[center]} and "
                f"{name}: give one file for each center"
            )
        if numbers in known:
            raise InputError(
                f"{known[numbers]} and {name} have the same numbers, so they are of "
                "the same patients under two names: leave one of them out"
            )
        known |= {center: name, numbers: name}


def _numbers(model: Mapping[str, Any]) -> list[Any]:
    return [model[key] for key in ("n", "events", "score", "information")]


def _listed(names: Any) -> str:
    return ", ".join(f"'{one}'" for one in names)


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "nothing"
    return "not given" if value is None else str(value)
