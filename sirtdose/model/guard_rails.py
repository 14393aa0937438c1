"""Numbers beyond which a value is doubted; each with its source in guard_rails.json.

>>> rail("burden"), rail("liver_ml", "high")
(0.5, 4500.0)
"""

from sirtdose.data.load import table


def rail(name: str, which: str = "") -> float:
    """One guard-rail; `which` of several, the one that warns where not said."""
    entry = table("guard_rails")[name]
    key = which or ("value" if "value" in entry else "warn")
    return float(entry[key])


def rail_source(name: str) -> str:
    """Who says so, or why.

    >>> rail_source("lung_mass_kg")
    'what both lungs of an adult weigh'
    """
    return str(table("guard_rails")[name]["source"])


def rails(name: str) -> tuple[float, float]:
    """Both ends of a range.

    >>> rails("lung_mass_kg")
    (0.4, 1.6)
    """
    return rail(name, "low"), rail(name, "high")
