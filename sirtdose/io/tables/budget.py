"""A department's own budget of uncertainties: budget.toml."""

from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.tables.own_file import known_table, read_own_file


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
                f"{path.name}: {name[:40]} is no number: write a standard uncertainty "
                "such as 0.05"
            )
    return {name: float(value) for name, value in budget.items()}, source
