"""Whole plans of one patient, read and compared as they are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sirtdose.checks.plans_beside import plans_findings
from sirtdose.errors import InputError
from sirtdose.model.acceptance import Acceptance, require_accepted
from sirtdose.report.plan.comparison import plans_document
from sirtdose.report.plan.hash import plan_of_file


def compare_documents(
    paths: Sequence[Path], acceptances: Sequence[Acceptance] = ()
) -> dict[str, Any]:
    """Two or more plan.json side by side, with differences from the first.

    Raises
    ------
    FileFormatError
        A file that cannot be read.
    InputError
        No plan, an edited one, or the same one twice; SafetyStop where the plans are
        of different patients.
    """
    plans = []
    for path in paths:
        if path.is_dir():
            raise InputError(f"{path.name} is a folder: give {path.name}/plan.json")
        plans.append(plan_of_file(path))
    seen: dict[str, int] = {}
    for number, plan in enumerate(plans, start=1):
        first = seen.setdefault(plan["hash"], number)
        if first != number:
            raise InputError(
                f"plan {number} is plan {first} again, with the same hash: give "
                "different plans"
            )
    findings = plans_findings(plans)
    require_accepted(findings, acceptances)
    return plans_document(plans, findings, acceptances)
