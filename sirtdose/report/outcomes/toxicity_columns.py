"""The columns of patients.csv: a term's worst grade, and its baseline with its unit."""

from collections.abc import Mapping, Sequence
from typing import Any

from sirtdose.data.load import table


def column_of(term: str) -> tuple[str, str, str]:
    """A term's column of worst grades, its unit, and its column of baselines.

    >>> column_of("bilirubin")
    ('worst_bilirubin_grade', 'umol/L', 'baseline_bilirubin_umol_per_l')
    >>> column_of("gastric ulcer")[0]
    'worst_gastric_ulcer_grade'
    """
    name = term.casefold().replace(" ", "_")
    known = table("laboratory")["terms"].get(term)
    if known is None:
        return f"worst_{name}_grade", "", f"baseline_{name}"
    unit = next(iter(table("laboratory")["units"][known["units"]]))
    own = f"_{known['column']}" if known["column"] else ""
    return f"worst_{name}_grade", unit, f"baseline_{name}{own}"


def baseline_columns(baselines: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Baselines by their columns."""
    return {column_of(term)[2]: one["value"] for term, one in baselines.items()}


def patient_columns(cases: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """Columns of what any case has, in the order in which the table has them."""
    worst = dict.fromkeys(
        column_of(one["term"])[0] for case in cases for one in case["grades"]
    )
    baselines = dict.fromkeys(
        column for case in cases for column in baseline_columns(case["baselines"])
    )
    albi = ("baseline_albi", "baseline_albi_grade")
    return (
        *("case_id", "hepatotoxicity_grade3"),
        *worst,
        *baselines,
        *(albi if any(case["baseline_albi"] for case in cases) else ()),
    )
