"""Plans from plain keywords: those that all methods share, and a method's own.

A plan by its name alone is arithmetic; the judged ones are past the checks.
"""

from dataclasses import fields
from pathlib import Path
from typing import Any

from sirtdose.planning import bsa_plan, mird_plan, partition_plan
from sirtdose.planning.result import Plan
from sirtdose.planning.terms import Terms
from sirtdose.workflows.plan.numbers import PlanRequest, plan_bsa, plan_mird

_TERMS = {field.name for field in fields(Terms)}
_REQUEST = {field.name for field in fields(PlanRequest)}


def _split(case: dict[str, Any]) -> tuple[Terms, dict[str, Any]]:
    shared = {name: value for name, value in case.items() if name in _TERMS}
    own = {name: value for name, value in case.items() if name not in _TERMS}
    return Terms(**shared), own


def _requested(case: dict[str, Any]) -> tuple[PlanRequest, dict[str, Any]]:
    shared = {name: value for name, value in case.items() if name in _REQUEST}
    own = {name: value for name, value in case.items() if name not in _REQUEST}
    return PlanRequest(**shared), own


def mird(**case: Any) -> Plan:
    terms, own = _split(case)
    return mird_plan.plan(terms, **own)


def bsa(**case: Any) -> Plan:
    terms, own = _split(case)
    return bsa_plan.plan(terms, **own)


def partition(**case: Any) -> Plan:
    terms, own = _split(case)
    return partition_plan.plan(terms, **own)


def judged_mird(**case: Any) -> Plan:
    request, own = _requested(case)
    return plan_mird(request, **own)


def judged_bsa(**case: Any) -> Plan:
    request, own = _requested(case)
    return plan_bsa(request, **own)


def planned_by(images: Path, out: Path) -> Path:
    """A plan of 2 GBq by these images, approved."""
    from click.testing import CliRunner

    from sirtdose.cli.main import main

    words = ["plan", "image", str(images), "--activity", "2GBq"]
    words += ["--lung-shunt", "5%", "--out", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    path = out / "plan.json"
    done = CliRunner().invoke(main, ["plan", "approve", str(path), "--by", "A. Person"])
    assert done.exit_code == 0
    return path
