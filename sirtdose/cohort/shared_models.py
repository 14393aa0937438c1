"""The models of a cohort that centers fit together, with this center's patients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sirtdose.cohort.columns import (
    Covariate,
    any_of,
    covariate,
    dose_column,
    outcomes_of,
)
from sirtdose.cohort.curves import strata_of
from sirtdose.cohort.endpoint import dose_of
from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.cohort.times import times_of
from sirtdose.errors import InputError
from sirtdose.model.grade_column import is_grade
from sirtdose.outcomes.dose_response import dose_response
from sirtdose.outcomes.hazards_over_time import Ties
from sirtdose.outcomes.proportional_hazards import cox
from sirtdose.outcomes.slopes import Slope, cox_slope, logistic_slope

_REFINED = 2


@dataclass(frozen=True)
class Own:
    """A center's own fit; `failed` says why it has none."""

    coefficients: tuple[float, ...] = ()
    errors: tuple[float, ...] = ()
    failed: str = ""


@dataclass(frozen=True, eq=False)
class SharedModel:
    """A model that several centers fit together, and this center's patients in it.

    Parameters
    ----------
    name : {"response", "toxicity", "survival"}
    definition : dict
        What has to be the same in every center.
    names : tuple of str
        Of the coefficients.
    matrix : array of float, shape (patients, coefficients)
    had : array of bool, shape (patients,)
        Whether the event was seen.
    times, strata : array of shape (patients,), or None
        Of a Cox model.
    groups : dict
        Who is in each category, by its words: arrays of bool, shape (patients,).
    numbers : tuple of str
        The coefficients that are of numbers, not of categories.
    """

    name: str
    definition: dict[str, Any]
    names: tuple[str, ...]
    matrix: np.ndarray
    had: np.ndarray
    times: np.ndarray | None = None
    strata: np.ndarray | None = None
    groups: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """A logistic model, or one of Cox."""
        return "logistic" if self.times is None else "cox"

    @property
    def cells(self) -> dict[str, int]:
        """Patients of each category, by its words."""
        return {words: int(own.sum()) for words, own in self.groups.items()}

    @property
    def ties(self) -> Ties:
        """How a Cox model counts events at the same time."""
        return "breslow" if self.definition.get("ties") == "breslow" else "efron"

    def slope(self, coefficients: "Sequence[float] | np.ndarray") -> Slope:
        """Score and information of these patients at common coefficients."""
        point = np.asarray(coefficients, float)
        if self.times is None:
            return logistic_slope(self.had, self.matrix, point)
        return cox_slope(
            self.times,
            self.had,
            self.matrix,
            point,
            ties=self.ties,
            strata=self.strata,
        )

    def own(self) -> Own:
        """The fit of these patients alone."""
        if self.times is None:
            curve = dose_response(list(self.matrix[:, 0]), [bool(e) for e in self.had])
            if curve.slope_per_gy is None:
                return Own(failed=curve.failed)
            return self._refined([curve.slope_per_gy])
        fit = cox(
            list(self.times),
            [bool(one) for one in self.had],
            {f"{n}": list(one) for n, one in enumerate(self.matrix.T)},
            ties=self.ties,
            strata=None if self.strata is None else [str(one) for one in self.strata],
        )
        if fit.failed:
            return Own(failed=fit.failed)
        return self._refined([one.coefficient for one in fit.ratios])

    def _refined(self, coefficients: Sequence[float]) -> Own:
        """A fit with more digits than a library stops at."""
        found = np.asarray(coefficients, float)
        for _ in range(_REFINED):
            slope = self.slope(found)
            try:
                covariance = np.linalg.inv(slope.information)
            except np.linalg.LinAlgError:
                return Own(failed="the information has no inverse")
            found = found + covariance @ slope.score
        return Own(tuple(found), tuple(np.sqrt(np.diag(covariance))))

    @property
    def within(self) -> np.ndarray:
        """The covariates less their means, in each stratum: what a model sees."""
        own: np.ndarray = self.matrix - self.matrix.mean(0)
        for one in [] if self.strata is None else np.unique(self.strata):
            own[self.strata == one] -= own[self.strata == one].mean(0)
        return own


@dataclass(frozen=True, eq=False)
class Shared:
    """The models of a request, all of the same patients.

    `rows` are what the models see of each patient, by case, and `left_out` counts the
    patients in whom something is missing.
    """

    models: tuple[SharedModel, ...]
    rows: Mapping[str, str]
    left_out: int


def shared_models(level: Level, request: CohortRequest) -> Shared:
    """The models that are asked for, of the patients with everything in them.

    Parameters
    ----------
    level : Level
        Patients.
    request : CohortRequest

    Raises
    ------
    InputError
        Nothing to model, a column that is not there, codes that are not known, or a
        covariate that cannot be compared.
    """
    _require_modeled(request)
    everybody = len(level.rows)
    level = level.only(not row.no_dose for row in level.rows)
    outcomes = _outcomes(request)
    known = [None not in row for row in _values(level, request, outcomes)]
    if not any(known):
        raise InputError(
            "no patient has everything that the models need: a shared model is of the "
            "patients in whom nothing is missing"
        )
    level = level.only(known)
    models = [_logistic(level, request, *one) for one in outcomes.items()]
    if request.timed:
        models.append(_cox(level, request))
    cases = [row.case_id for row in level.rows]
    seen = [repr(row) for row in _values(level, request, outcomes)]
    rows = dict(zip(cases, seen, strict=True))
    return Shared(tuple(models), rows, everybody - len(level.rows))


def _require_modeled(request: CohortRequest) -> None:
    """Refuse a request without a model, or with columns that no model has."""
    if not (request.response or request.toxicity or request.timed):
        raise InputError(
            "no model was chosen to share: give --response or --toxicity, with doses, "
            "or --time, --event and --covariate"
        )
    if request.timed and not request.covariates:
        raise InputError(
            "what is shared of survival is a Cox model: give --covariate, such as the "
            "column of the dose"
        )
    if request.covariates and not request.timed:
        raise InputError(
            "--covariate is shared in a Cox model alone, which needs --time and "
            "--event: give both, or leave --covariate out"
        )


def _outcomes(request: CohortRequest) -> dict[str, tuple[str, ...]]:
    """The columns of each outcome that a logistic curve is of."""
    found = {
        "response": () if request.response is None else (request.response,),
        "toxicity": request.toxicity,
    }
    return {name: columns for name, columns in found.items() if columns}


def _had(
    level: Level, request: CohortRequest, columns: Sequence[str]
) -> list[bool | None]:
    return any_of(outcomes_of(level, request, columns))


def _doses(level: Level, request: CohortRequest, name: str) -> list[float | None]:
    return level.column(_dose_column(level, request, name), dose_of)


def _dose_column(level: Level, request: CohortRequest, name: str) -> str:
    return dose_column(level, request, "tumor" if name == "response" else "liver")


def _values(
    level: Level, request: CohortRequest, outcomes: Mapping[str, Sequence[str]]
) -> list[tuple[Any, ...]]:
    """Of each patient all that the models see, None where it is missing."""
    columns: list[Sequence[Any]] = []
    for name, own in outcomes.items():
        columns += [_had(level, request, own), _doses(level, request, name)]
    if request.timed:
        columns.append(times_of(level, request).rows)
        strata = strata_of(level, request)
        columns += [] if strata is None else [strata]
        columns += [covariate(level, one).of(level) for one in request.covariates]
    return list(zip(*columns, strict=True))


def _logistic(
    level: Level, request: CohortRequest, name: str, columns: Sequence[str]
) -> SharedModel:
    dose = _dose_column(level, request, name)
    graded = any(is_grade(one) for one in columns)
    definition = {
        "outcome": list(columns),
        "yes": sorted(request.responders) if name == "response" else None,
        "grade_from": request.toxic_from if graded else None,
        "dose": dose,
    }
    return SharedModel(
        name,
        definition,
        (dose,),
        np.asarray(_doses(level, request, name), float)[:, None],
        np.asarray(_had(level, request, columns), bool),
        numbers=(dose,),
    )


def _cox(level: Level, request: CohortRequest) -> SharedModel:
    times, strata = times_of(level, request), strata_of(level, request)
    followed = [one for one in times.rows if one is not None]
    columns: dict[str, list[float]] = {}
    groups: dict[str, np.ndarray] = {}
    covariates = [covariate(level, one) for one in request.covariates]
    for own in covariates:
        if own.failed:
            raise InputError(
                f"{own.failed}: leave out --covariate {own.column} in every center"
            )
        values = [one for one in own.of(level) if one is not None]
        columns |= own.coded(values)
        groups |= _groups(own, values)
    return SharedModel(
        "survival",
        {
            "time": times.time,
            "event": times.event,
            "unit": times.unit,
            "ties": request.ties,
            "strata": list(request.strata),
            "covariates": list(request.covariates),
        },
        tuple(columns),
        np.column_stack(list(columns.values())),
        np.asarray([event for _, event in followed], bool),
        np.asarray([time for time, _ in followed], float),
        None if strata is None else _codes(strata),
        groups,
        tuple(own.column for own in covariates if not own.categories),
    )


def _codes(strata: Sequence[str | None]) -> np.ndarray:
    return np.unique([str(one) for one in strata], return_inverse=True)[1]


def _groups(own: Covariate, values: Sequence[float | str]) -> dict[str, np.ndarray]:
    """Who is in each category of a covariate."""
    return {
        f"'{own.column}' {category}": np.asarray([one == category for one in values])
        for category in own.categories
    }
