"""Writing a plan."""

from pathlib import Path
from typing import Any

from sirtdose.report.documents import document_text
from sirtdose.report.plan.page import plan_page
from sirtdose.report.plan.uncertainty import (
    PLAN_UNCERTAINTY_FILE,
    plan_uncertainty_csv,
)


def write_plan(document: dict[str, Any], folder: Path) -> None:
    """Write plan.json, its page and its table."""
    text = document_text(document)
    (folder / "plan.json").write_text(text, "utf-8")
    (folder / "plan.html").write_text(plan_page(text), "utf-8")
    known = plan_uncertainty_csv(document["uncertainty"])
    (folder / PLAN_UNCERTAINTY_FILE).write_text(known, "utf-8")
