"""Who the patients are: doses and covariates of everybody in a cohort."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sirtdose.cohort.columns import covariate
from sirtdose.cohort.endpoint import dose_of
from sirtdose.cohort.join import FAILED, Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.outcomes.groups import spread


def characteristics(
    level: Level, request: CohortRequest, doses: Iterable[str]
) -> dict[str, Any]:
    """Medians and counts of everybody with a line of outcomes, and of doses if asked.

    Parameters
    ----------
    level : Level
        Patients.
    request : CohortRequest
    doses : iterable of str
        Columns of doses, Gy.
    """
    doses = list(dict.fromkeys(doses))
    everybody = level.only(row.no_dose != FAILED for row in level.rows)
    return {
        "n": len(everybody.rows),
        "columns": [
            *(_column(everybody, one) for one in request.compared if one not in doses),
            *(_dose(everybody, one) for one in doses),
        ],
    }


def _column(level: Level, name: str) -> dict[str, Any]:
    own = covariate(level, name)
    values = [one for one in own.of(level) if one is not None]
    document: dict[str, Any] = {
        "column": name,
        "n": len(values),
        "missing": len(level.rows) - len(values),
        "spread": None,
        "counts": None,
        "failed": own.failed or None,
    }
    if own.failed:
        return document
    if own.categories:
        counts = {one: values.count(one) for one in own.categories}
        return document | {"counts": counts}
    return document | {"spread": asdict(spread([float(one) for one in values]))}


def _dose(level: Level, name: str) -> dict[str, Any]:
    values = [
        value
        for value, row in zip(level.column(name, dose_of), level.rows, strict=True)
        if value is not None and not row.no_dose
    ]
    return {
        "column": name,
        "n": len(values),
        "missing": len(level.rows) - len(values),
        "spread": asdict(spread(values)) if values else None,
        "counts": None,
        "failed": None if values else f"'{name}' is empty for every {level.name}",
    }
