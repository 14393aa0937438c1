"""Pooled models of several centers: their sums, a step, or the result."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from hashlib import sha256
from math import exp
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose import __version__
from sirtdose.cohort.disclosure import least_cell
from sirtdose.cohort.shared_file import require_together, share_of
from sirtdose.data.load import table
from sirtdose.errors import InputError, require_extra
from sirtdose.model.uncertain import Z95
from sirtdose.outcomes.heterogeneity import heterogeneity
from sirtdose.report.plan.hash import signed

Document = dict[str, Any]
# Fewer events than this for each coefficient, and a model is not to be trusted.
_EVENTS_PER_COEFFICIENT = 10
# Of a dose, ratios are by so many Gy.
_DOSE_STEP_GY = 10.0
_LINE_MOST = 300.0


class _Sum:
    """A model's score and information over all centers, and Newton's step from it."""

    def __init__(self, models: Sequence[Document]) -> None:
        self.first = models[0]
        self.names: list[str] = self.first["names"]
        self.point = np.array(self.first["point"], float)
        self.score = np.sum([np.array(one["score"]) for one in models], axis=0)
        self.information = np.sum(
            [np.array(one["information"]) for one in models], axis=0
        )
        spread = np.sqrt(np.diag(self.information))
        singular = table("sharing")["convergence"]["singular"]
        flat = not spread.min() > 0
        scaled = self.information / np.outer(spread, spread) if not flat else None
        if scaled is None or np.linalg.eigvalsh(scaled).min() < singular:
            raise InputError(
                f"{self.first['name']} has no single solution over all centers: one "
                f"of {', '.join(self.names)} follows from the others, or separates "
                "the events. Leave it out in every center, and begin again"
            )
        self.covariance = np.linalg.inv(scaled) / np.outer(spread, spread)
        self.errors = np.sqrt(np.diag(self.covariance))
        self.step = self.covariance @ self.score

    @property
    def decrement(self) -> float:
        """Newton's: the score test at this point."""
        return float(self.score @ self.covariance @ self.score)

    @property
    def largest(self) -> float:
        """The largest step, in standard errors."""
        return float(np.abs(self.step / self.errors).max())

    @property
    def is_converged(self) -> bool:
        """Whether another step would change nothing that is shown."""
        return self.largest <= float(table("sharing")["convergence"]["step"])


def pooled_document(paths: Sequence[Path]) -> Document:
    """Pool what centers shared: the result, or the point of the next round.

    Returns
    -------
    dict
        As pooled.json, or as point.json where the models have not converged.

    Raises
    ------
    InputError
        Files that do not belong together, or a model without a solution.
    MissingExtra
        The statistics libraries are not installed.
    """
    require_extra("cohort", "a pooled cohort")
    shares = [share_of(one) for one in paths]
    require_together(shares, [one.name for one in paths])
    shares.sort(key=lambda one: one["center"].casefold())
    each = list(zip(*(one["models"] for one in shares), strict=True))
    sums = [_Sum(models) for models in each]
    if all(one.is_converged for one in sums):
        return _result(shares, each, sums)
    return _point(shares, each, sums)


def _head(shares: Sequence[Document], schema: str) -> Document:
    first = shares[0]["at"]
    digest = "\n".join(one["hash"] for one in shares)
    return {
        "schema": f"sirtdose.{schema}/1",
        "sirtdose_version": __version__,
        "simulated": any(one["simulated"] for one in shares),
        "study": first["study"] or sha256(digest.encode()).hexdigest(),
        "round": first["round"],
        "centers": [
            {key: one[key] for key in ("center", "patients")} | {"share": one["hash"]}
            for one in shares
        ],
    }


def _point(
    shares: Sequence[Document],
    each: Sequence[Sequence[Document]],
    sums: Sequence[_Sum],
) -> Document:
    head = _head(shares, "point")
    most = table("sharing")["convergence"]["rounds_most"]
    if head["round"] >= most:
        worst = max(sums, key=lambda one: one.largest)
        raise InputError(
            f"{worst.first['name']} has not converged in {most} rounds: a covariate "
            "may separate the events in all centers. Leave it out in every center, "
            "and begin again"
        )
    models = [_next(one, models) for one, models in zip(sums, each, strict=True)]
    return signed(head | {"round": head["round"] + 1, "models": models})


def _next(own: _Sum, models: Sequence[Document]) -> Document:
    """Where a model is computed in the next round, and where it came from."""
    previous = own.first["previous"]
    here = {"point": own.point.tolist(), "decrement": own.decrement}
    if own.is_converged:
        point = own.point
    elif previous is not None and own.decrement > previous["decrement"]:
        # Too far: the score grew. The middle is nearer.
        point, here = (own.point + np.array(previous["point"])) / 2, previous
    elif own.first["score_test"] is None and _all_fitted(models):
        # The centers' own fits are nearer to the result than a step from 0.
        point, here = _mean(models), None  # type: ignore[assignment]
    else:
        point = own.point + own.step
    return {
        "name": own.first["name"],
        "definition": own.first["definition"],
        "names": own.names,
        "point": point.tolist(),
        "previous": here,
        "score_test": _score_test(own),
        "largest_step": own.largest,
    }


def _all_fitted(models: Sequence[Document]) -> bool:
    return all(one["own"]["failed"] is None for one in models)


def _mean(models: Sequence[Document]) -> np.ndarray:
    """The mean of the centers' own fits, by their precision."""
    weights = 1 / np.array([one["own"]["errors"] for one in models]) ** 2
    own = np.array([one["own"]["coefficients"] for one in models])
    found: np.ndarray = (weights * own).sum(0) / weights.sum(0)
    return found


def _score_test(own: _Sum) -> Document:
    """The test at 0, which the first round makes and later ones hand on."""
    from scipy.stats import chi2

    known: Document | None = own.first["score_test"]
    degrees = len(own.names)
    return known or {
        "chi_squared": own.decrement,
        "degrees": degrees,
        "p": float(chi2.sf(own.decrement, degrees)),
    }


def _result(
    shares: Sequence[Document],
    each: Sequence[Sequence[Document]],
    sums: Sequence[_Sum],
) -> Document:
    models = [
        _pooled(own, models, [one["center"] for one in shares])
        for own, models in zip(sums, each, strict=True)
    ]
    return signed(_head(shares, "pooled") | {"models": models})


def _pooled(own: _Sum, models: Sequence[Document], centers: Sequence[str]) -> Document:
    first, coefficients = own.first, own.point + own.step
    events = _whole([one["events"] for one in models])
    # Where a count is withheld, fewer than the least cell had no event.
    known = sum(_at_least(one) for one in models)
    return {
        "name": first["name"],
        "kind": first["kind"],
        "definition": first["definition"],
        "n": sum(one["n"] for one in models),
        "events": events,
        "few_events": known < _EVENTS_PER_COEFFICIENT * len(own.names),
        "score_test": _score_test(own),
        "covariance": own.covariance.tolist(),
        "centers": [
            {"center": center, "n": one["n"], "events": one["events"]}
            | {"failed": one["own"]["failed"]}
            for center, one in zip(centers, models, strict=True)
        ],
        "coefficients": [
            {"name": name}
            | _ratio(name, float(coefficients[at]), float(own.errors[at]))
            | _compared(name, at, models, centers)
            for at, name in enumerate(own.names)
        ],
    }


def _whole(counts: Sequence[int | None]) -> int | None:
    """A sum, from which a count that is withheld does not follow."""
    known = [one for one in counts if one is not None]
    return sum(known) if len(known) == len(counts) else None


def _at_least(model: Document) -> int:
    events, n = model["events"], model["n"]
    return int(n - least_cell() + 1 if events is None else events)


def _ratio(name: str, coefficient: float, error: float) -> Document:
    """A coefficient by one unit, and its ratio by as many as are said."""
    from scipy.stats import norm

    per = _DOSE_STEP_GY if name.endswith("_gy") else 1.0
    return {
        "coefficient": coefficient,
        "error": error,
        "p": float(2 * norm.sf(abs(coefficient / error))),
        "per": per,
        "unit": "Gy" if name.endswith("_gy") else "",
        "ratio": _exp(per * coefficient),
        "low": _exp(per * (coefficient - Z95 * error)),
        "high": _exp(per * (coefficient + Z95 * error)),
    }


def _exp(value: float) -> float:
    """Without overflow: a center's own estimate may be far out."""
    return exp(min(max(value, -_LINE_MOST), _LINE_MOST))


def _compared(
    name: str, at: int, models: Sequence[Document], centers: Sequence[str]
) -> Document:
    """The centers' own estimates, and whether they differ by more than chance."""
    fitted: list[tuple[str, float, float]] = [
        (center, one["own"]["coefficients"][at], one["own"]["errors"][at])
        for center, one in zip(centers, models, strict=True)
        if one["own"]["failed"] is None
    ]
    weights: Sequence[float | None] = [None] * len(fitted)
    found: Document | None = None
    if len(fitted) > 1:
        compared = heterogeneity([b for _, b, _ in fitted], [e for *_, e in fitted])
        weights = compared.weights
        found = {
            key: value for key, value in asdict(compared).items() if key != "weights"
        }
        random = _ratio(name, compared.random, compared.random_error)
        found |= {f"random_{key}": random[key] for key in ("ratio", "low", "high")}
    return {
        "heterogeneity": found,
        "centers": [
            {"center": center, **_ratio(name, b, error), "weight": weight}
            for (center, b, error), weight in zip(fitted, weights, strict=True)
        ],
    }


def point_words(point: Mapping[str, Any]) -> str:
    """How far each model is from its solution.

    >>> point_words({"models": [{"name": "survival", "largest_step": 0.25}]})
    'survival: largest step 0.25 standard errors'
    """
    return "; ".join(
        f"{one['name']}: largest step {one['largest_step']:.2g} standard errors"
        for one in point["models"]
    )
