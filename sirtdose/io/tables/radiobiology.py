"""A department's own radiobiology, from a TOML file."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sirtdose.data.load import table
from sirtdose.errors import InputError, said_at
from sirtdose.io.tables.own_file import (
    bounded,
    known_table,
    number_of,
    read_own_file,
    source_of,
    text_of,
)
from sirtdose.model.activity_scale import SCALES, Scale
from sirtdose.model.metric import Metric
from sirtdose.model.radiobiology import (
    CONDITIONS,
    FORMS,
    ResponseModel,
    TissueResponse,
    default_tissues,
)
from sirtdose.model.role import Role
from sirtdose.model.units import DOSE, DURATION, INVERSE_DOSE, Measure

_TABLES = {"tumor": "tumor", "normal_liver": "normal liver"}
_QUANTITIES = {
    "alpha_beta": ("alpha_beta_gy", DOSE),
    "repair_half_time": ("repair_half_time_h", DURATION),
    "alpha": ("alpha_per_gy", INVERSE_DOSE),
}
_PARAMETERS = {"d50": ("d50_gy", DOSE), "b1": ("b1_per_gy", INVERSE_DOSE)}
_PLAIN = ("gamma50", "m", "b0")
_MODEL = (
    *("name", "form", "dose", "roles", "source", "endpoint", "scale"),
    *CONDITIONS,
    *_PARAMETERS,
    *_PLAIN,
)


def read_radiobiology(
    path: Path,
) -> tuple[dict[str, TissueResponse], tuple[ResponseModel, ...]]:
    """Tissues and models of a file; what it leaves out is as in the table.

    Parameters
    ----------
    path : Path
        TOML: tables ``[tumor]`` and ``[normal_liver]`` with ``alpha_beta``,
        ``repair_half_time``, ``alpha`` (each with its unit), ``geud_a`` and ``source``;
        and ``[[tcp]]`` and ``[[ntcp]]``, each with ``name``, ``form``, ``dose``,
        ``roles``, ``source``, the form's parameters, and what it was fitted on:
        ``scale`` is that of its doses.

    Raises
    ------
    FileFormatError
        No file, or no TOML.
    InputError
        A key or value that is not known, one that is missing, or one far from any that
        was published: the bounds and their sources are in radiobiology_bounds.json.
    """
    data, _ = read_own_file(path)
    known_table(data, (*_TABLES, "tcp", "ntcp"), path.name)
    tissues = default_tissues()
    for key, name in _TABLES.items():
        if key in data:
            tissues[name] = _tissue(tissues[name], data[key], f"{path.name}: {key}")
    models = [
        _model(kind, one, f"{path.name}: {kind} {number}")
        for kind in ("tcp", "ntcp")
        for number, one in enumerate(_list(data.get(kind, []), kind, path), start=1)
    ]
    names = [one.name for one in models]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(
            f"{path.name}: two models are named {', '.join(double)}: give each its own"
        )
    return tissues, tuple(models)


def _list(value: Any, kind: str, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise InputError(f"{path.name}: write [[{kind}]], with two brackets")
    return value


def _tissue(known: TissueResponse, given: Any, where: str) -> TissueResponse:
    known_table(given, (*_QUANTITIES, "geud_a", "source"), where)
    own = source_of(given, "source", where)
    values: dict[str, Any] = _values(given, _QUANTITIES, ("geud_a",), where=where)
    if values.get("geud_a") == 0:
        raise InputError(
            f"{where}.geud_a is 0: use 1 for the mean, or a value below 0 for tumors"
        )
    left = sorted(
        {*(field for field, _ in _QUANTITIES.values()), "geud_a"} - set(values)
    )
    return replace(
        known,
        **values,
        source=f"{own}; {', '.join(left)}: {known.source}" if left else own,
        verified=not left or known.verified,
    )


def _model(kind: str, given: Any, where: str) -> ResponseModel:
    known_table(given, _MODEL, where)
    for key in ("name", "form", "dose", "source"):
        if key not in given:
            raise InputError(f"{where} needs {key}")
    form, dose = (text_of(given[key], f"{where}.{key}") for key in ("form", "dose"))
    if form not in FORMS:
        raise InputError(f"{where}: form is '{form}': write one of {', '.join(FORMS)}")
    with said_at(f"{where}: dose is '{dose}'"):
        metric = Metric.parse(dose)
    if metric.unit != "Gy" or metric.kind == "sd":
        raise InputError(f"{where}: dose is '{dose}': write a dose such as mean or D70")
    parameters = _parameters(form, given, where)
    conditions = {
        key: text_of(given[key], f"{where}.{key}") for key in CONDITIONS if key in given
    }
    return ResponseModel(
        kind=kind,
        name=text_of(given["name"], f"{where}.name"),
        form=form,
        metric=metric.key,
        parameters=parameters,
        roles=_roles(given.get("roles"), kind, where),
        conditions=conditions,
        source=text_of(given["source"], f"{where}.source"),
        endpoint=text_of(given.get("endpoint", ""), f"{where}.endpoint"),
        scale=_scale(given.get("scale", "unknown"), where),
    )


def _scale(value: Any, where: str) -> Scale:
    """The scale of the doses that a model was fitted to."""
    said = text_of(value, f"{where}.scale")
    for known in SCALES:
        if said == known:
            return known
    raise InputError(f"{where}: scale is '{said}': write one of {', '.join(SCALES)}")


def _parameters(form: str, given: Mapping[str, Any], where: str) -> dict[str, float]:
    found = _values(given, _PARAMETERS, _PLAIN, where=where)
    wanted = FORMS[form]
    if set(found) != set(wanted):
        names = [key.removesuffix("_gy").removesuffix("_per_gy") for key in wanted]
        raise InputError(
            f"{where}: a {form} model has the parameters {' and '.join(names)}, no "
            "others"
        )
    if found.get("b1_per_gy") == 0:
        raise InputError(
            f"{where}.b1 is 0/Gy: with a slope of 0, nothing depends on dose: write "
            "another value"
        )
    return found


def _values(
    given: Mapping[str, Any],
    measured: Mapping[str, tuple[str, Measure]],
    plain: Sequence[str],
    *,
    where: str,
) -> dict[str, float]:
    """What is given of some quantities and plain numbers, each within its bounds."""
    found = {
        field: (_quantity(given[key], measure, f"{where}.{key}"), key)
        for key, (field, measure) in measured.items()
        if key in given
    } | {
        key: (number_of(given[key], f"{where}.{key}"), key)
        for key in plain
        if key in given
    }
    return {
        field: bounded(value, table("radiobiology_bounds")[field], f"{where}.{key}")
        for field, (value, key) in found.items()
    }


def _roles(value: Any, kind: str, where: str) -> tuple[Role, ...]:
    if value is None:
        return (Role.TUMOR,) if kind == "tcp" else (Role.NORMAL_WHOLE,)
    known = {str(role) for role in Role}
    if not isinstance(value, list) or not value or not set(map(str, value)) <= known:
        raise InputError(
            f"{where}.roles is {value}: write a list of {', '.join(sorted(known))}"
        )
    return tuple(Role(str(one)) for one in value)


def _quantity(value: Any, measure: Measure, where: str) -> float:
    if not isinstance(value, str):
        raise InputError(
            f"{where} is {value}: write it in quotes with its unit, "
            f'such as "{measure.example}"'
        )
    # A slope may fall with dose.
    sign, text = (-1.0, value[1:]) if value[:1] == "-" else (1.0, value)
    with said_at(where):
        return sign * measure.parse(text)
