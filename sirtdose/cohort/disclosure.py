"""What may not leave a center: small groups, and rows that could be solved for."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from sirtdose.cohort.shared_models import Shared, SharedModel
from sirtdose.data.load import table
from sirtdose.errors import InputError
from sirtdose.outcomes.slopes import fitted_chances

_LAST_BITS = 1e-12


def least_cell() -> int:
    """The smallest number of patients that may be counted."""
    return int(table("sharing")["cell"]["least"])


def told_events(model: SharedModel) -> int | None:
    """How many had the event; None where fewer than the least cell had not.

    A Cox model needs no count: where nearly everybody died, the number of the others
    would follow by subtraction from that of the patients.
    """
    had = int(model.had.sum())
    return had if len(model.had) - had >= least_cell() else None


def require_safe(shared: Shared) -> None:
    """Refuse models whose score and information would tell of single patients.

    Raises
    ------
    InputError
        Every reason, with counts: they are for this center's eyes.
    """
    without = [one.name for one in shared.models if not one.had.any()]
    if without:
        raise InputError(
            f"no event among {len(shared.rows)} patients for {' and '.join(without)}: "
            "a center without an event adds nothing to a pooled model, so leave this "
            "center out of it, and report its number of patients beside it"
        )
    reasons = list(
        dict.fromkeys(one for model in shared.models for one in _reasons(model))
    )
    if reasons:
        raise InputError(
            f"nothing is shared, to protect patients: {'; '.join(reasons)}"
        )


def _reasons(model: SharedModel) -> Iterator[str]:
    yield from _small_cells(model)
    limits = table("sharing")
    patients, count = model.matrix.shape
    each = limits["patients_per_coefficient"]["least"]
    if patients < each * count:
        yield (
            f"{model.name} has {count} coefficients for {patients} patients, but at "
            f"least {each} patients are needed for each: leave out a covariate in "
            "every center"
        )
        return
    yield from _few_differ(model)
    yield from _dominated(model, limits["leverage"]["most"])


def _small_cells(model: SharedModel) -> Iterator[str]:
    had = int(model.had.sum())
    cells = {f"{model.name} with the event": had, **model.cells}
    if model.kind == "logistic":
        cells[f"{model.name} without the event"] = len(model.had) - had
    cells |= _events_of_groups(model)
    if model.strata is not None:
        sizes = np.bincount(model.strata)
        cells["the smallest stratum"] = int(sizes.min())
    least = least_cell()
    small = [f"{words}: {count}" for words, count in cells.items() if count < least]
    if small:
        yield (
            f"groups of fewer than {least} patients ({', '.join(small)}): join "
            "categories, leave out the column in every center, or wait for more "
            "patients"
        )


def _events_of_groups(model: SharedModel) -> dict[str, int]:
    """Events in each group that a covariate makes: they follow from its numbers.

    Of two groups, score and information are those of a table of four cells, or of a
    log-rank test: observed less expected events, and the variance. Of a few more, those
    of a logistic model are sums over counts, which often have one solution in whole
    numbers; those of a Cox model depend on times, too, which nobody else knows.
    """
    few = table("sharing")["few_values"]["most"] if model.kind == "logistic" else 2
    cells = {
        f"{words} with the event": int((model.had & own).sum())
        for words, own in model.groups.items()
    }
    for name, column in zip(model.names, model.matrix.T, strict=True):
        values = np.unique(column) if name in model.numbers else ()
        for value in values if len(values) <= few else ():
            own = column == value
            words = f"'{name}' {value:g}"
            cells[words] = int(own.sum())
            cells[f"{words} with the event"] = int((model.had & own).sum())
            if model.kind == "logistic":
                cells[f"{words} without the event"] = int((~model.had & own).sum())
    return cells


def _few_differ(model: SharedModel) -> Iterator[str]:
    """Numbers that are the same but for a few: an indicator of these few."""
    least = least_cell()
    for name, column in zip(model.names, model.matrix.T, strict=True):
        if name not in model.numbers:
            continue
        common, count = Counter(column.tolist()).most_common(1)[0]
        if len(column) - count < least:
            yield (
                f"'{name}' is {common:g} for all but {len(column) - count} patients, "
                f"and at least {least} must differ: leave it out in every center"
            )


def _dominated(model: SharedModel, most: float) -> Iterator[str]:
    """One patient who makes up most of what a combination of covariates tells."""
    own = model.within
    spread = own.std(0)
    if not spread.min() > _LAST_BITS * max(float(np.abs(model.matrix).max()), 1.0):
        yield (
            f"'{model.names[int(spread.argmin())]}' is the same for all patients of "
            "each stratum: leave it out in every center"
        )
        return
    scaled = own / spread
    left, values, _ = np.linalg.svd(scaled, full_matrices=False)
    leverage = (left[:, values > 1e-9 * values.max()] ** 2).sum(1)
    if leverage.max() > most:
        alone = (scaled**2).max(0) / (scaled**2).sum(0)
        worst = int(alone.argmax())
        by = (
            f"'{model.names[worst]}'"
            if alone[worst] > most
            else f"a combination of {', '.join(model.names)}"
        )
        yield (
            f"one patient makes up {100 * leverage.max():.0f}% of the variation of "
            f"{by}, and at most {100 * most:.0f}% may be one patient's: use its "
            "logarithm or categories in every center, or leave it out"
        )


def require_near(model: SharedModel, point: Sequence[float]) -> None:
    """Refuse coefficients so far out that only a few patients would count.

    In a logistic model, those whose chance is between 0 and 1; in a Cox model, those
    with the highest hazard.

    Raises
    ------
    InputError
        Says how few, or how far two patients would be apart.
    """
    at = np.asarray(point, float)
    if model.kind == "logistic":
        p = fitted_chances(model.had, model.matrix, at)
        weights = p * (1 - p)
        counted = weights.sum() ** 2 / (weights**2).sum()
        why = (
            ""
            if counted >= least_cell()
            else f"only {counted:.3g} patients would count, and at least "
            f"{least_cell()} must"
        )
    else:
        line, most = np.ptp(model.matrix @ at), table("sharing")["line_range"]["most"]
        why = (
            ""
            if line <= most
            else f"the hazards of two patients would differ by a factor of "
            f"exp({line:.3g}), and exp({most:g}) is the most"
        )
    if why:
        raise InputError(
            f"nothing is shared, to protect patients: at the point of {model.name} "
            f"{why}. A covariate may separate the events: leave it out in every "
            "center, and begin again"
        )


def require_apart(own: Sequence[str], earlier: Mapping[str, Sequence[str]]) -> None:
    """Refuse patients who with earlier ones tell a few apart.

    Every group of patients that can be told by who is in which of the shares has to be
    a whole one: what is shared of it follows by subtraction.

    Parameters
    ----------
    own : sequence of str
        Patients, in any code that is the same each time.
    earlier : mapping of str to sequence of str
        Patients of earlier shares, by the name of each.

    Raises
    ------
    InputError
        How many could be told apart, and from which shares.

    Examples
    --------
    >>> require_apart([f"p{n}" for n in range(29)],
    ...               {"a.json": [f"p{n}" for n in range(30)]})
    Traceback (most recent call last):
    ...
    sirtdose.errors.InputError: nothing is shared, to protect patients: by ...
    """
    sets = {name: frozenset(one) for name, one in earlier.items()}
    mine = frozenset(own)
    groups = Counter(
        (one in mine, *(one in other for other in sets.values()))
        for one in mine.union(*sets.values())
    )
    least = least_cell()
    small = [(count, key) for key, count in groups.items() if count < least]
    if not small:
        return
    count, key = min(small)
    differ = [
        name for name, is_in in zip(sets, key[1:], strict=True) if is_in is not key[0]
    ]
    raise InputError(
        f"nothing is shared, to protect patients: by subtraction from "
        f"{', '.join(differ or sets)}, which was shared before, {_patients(count)} "
        f"could be told apart, and at least {least} must be. Share the same patients "
        "as before (the same columns, and nothing added or left out since)"
    )


def _patients(count: int) -> str:
    return "1 patient" if count == 1 else f"{count} patients"


def require_same_rows(
    rows: Mapping[str, str], earlier: Mapping[str, str], name: str
) -> None:
    """Refuse patients of whom a few were changed since an earlier share.

    Raises
    ------
    InputError
        How many, and since which share.
    """
    changed = sum(earlier.get(one, own) != own for one, own in rows.items())
    if 0 < changed < least_cell():
        raise InputError(
            f"nothing is shared, to protect patients: the values of "
            f"{_patients(changed)} were changed since {name} was shared, and would "
            "follow by subtraction. Share the tables as they were then, or begin a new "
            "study with a later set of patients"
        )


def numbers_of(model: Mapping[str, Any] | SharedModel) -> int:
    """How many numbers a round of a model shares: score and information."""
    count = len(model.names if isinstance(model, SharedModel) else model["names"])
    return count + count * (count + 1) // 2


def require_few_numbers(*, told: int, patients: int, columns: int) -> None:
    """Refuse a round with which the rows could be solved for.

    Parameters
    ----------
    told : int
        Numbers shared of these patients in all, this round's included.
    patients, columns : int
        Whose values they are of.

    Raises
    ------
    InputError
        How many numbers there are for how many values.

    Examples
    --------
    Of 20 doses a round of one coefficient tells 2 numbers, and the fit 2:

    >>> require_few_numbers(told=10, patients=20, columns=1)
    """
    most = table("sharing")["numbers_per_value"]["most"]
    values = patients * columns
    if told > most * values:
        raise InputError(
            f"nothing is shared, to protect patients: this round would make {told} "
            f"numbers about {values} values of {patients} patients, and at most "
            f"{most * values:.0f} are shared, since more could be solved for the "
            "patients' rows. Leave out a covariate or a model in every center, and "
            "begin again, or leave this center out"
        )
