"""Schemas of result documents: they are schemas, and they refuse what is wrong."""

import json
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

NAMES = ("plan", "post")


def schema(name: str) -> dict[str, Any]:
    path = files("sirtdose.data").joinpath(f"schemas/{name}.schema.json")
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("name", NAMES)
def test_they_are_schemas_and_leave_nothing_open(name: str) -> None:
    whole = schema(name)
    Draft202012Validator.check_schema(whole)
    assert whole["additionalProperties"] is False
    assert whole["properties"]["schema"] == {"const": f"sirtdose.{name}/1"}
    numbers = [
        key
        for key in ("structure", "method", "limit", "nuclide", "finding")
        if whole["$defs"][key]["additionalProperties"] is not False
    ]
    assert numbers == []


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("activity_gbq",), "3.2"),
        (("activity_gbq",), 0),
        (("lungs", "dose_gy"), "16 Gy"),
        (("status",), "final"),
        (("warnings",), [{"code": "22", "severity": "warn", "message": ""}]),
        (("compartments", 0, "dose"), 3.0),
        (("hash",), "short"),
    ],
)
def test_a_plan_that_is_wrong_is_refused(
    run: Any, where: tuple[Any, ...], value: object
) -> None:
    made = run(
        *("plan", "mird", "--dose", "120Gy", "--perfused-volume", "1000mL"),
        *("--lung-shunt", "10%", "--json"),
    )
    plan = json.loads(made.stdout)
    validator = Draft202012Validator(schema("plan"))
    assert validator.is_valid(plan)
    at: Any = plan
    for key in where[:-1]:
        at = at[key]
    at[where[-1]] = value
    assert not validator.is_valid(plan)
