"""A department's own budget of uncertainties: budget.toml."""

from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.reading import parsed


def read_budget(path: Path) -> tuple[dict[str, float], str]:
    """Read standard uncertainties by name, and where they are from.

    Raises
    ------
    FileFormatError
        No TOML.
    InputError
        Something else than ``source`` and a table ``[budget]`` of numbers.
    """
    data = parsed(path)
    unknown = sorted(set(data) - {"source", "budget"})
    if unknown:
        raise InputError(
            f"{path.name}: '{unknown[0][:40]}' is not known: it has source and a table "
            "[budget]"
        )
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
