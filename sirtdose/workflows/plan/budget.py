"""The budget of uncertainties that a department wrote, or the package's own."""

from pathlib import Path

from sirtdose.io.tables.budget import read_budget
from sirtdose.model.finding import Finding
from sirtdose.uncertainty.budget import Budget


def budget_at(path: Path | None) -> "Budget":
    """The package's budget, with what stands in a file in place of it.

    Raises
    ------
    InputError
        A file that cannot be read, or that holds what no budget has.
    """
    return Budget.of({}) if path is None else Budget.of(*read_budget(path))


def budget_findings(budget: "Budget") -> list[Finding]:
    """An activity that is known better than a label is (H40)."""
    label = type(budget).of({})["administered"]
    own = budget["administered"]
    if own >= label:
        return []
    said = (
        f"budget: administered activity to {own:.1%}, better than the {label:.1%} of a "
        "label's +/- 10 %: only by a dose calibrator that was checked for this nuclide"
    )
    return [Finding.of("H40", said)]
