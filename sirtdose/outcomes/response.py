"""The response of a patient over time, whatever the criteria."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

_OBJECTIVE = ("CR", "PR", "CMR", "PMR")
_PROGRESSIVE = ("PD", "PMD")
_NOT_EVALUABLE = "NE"


@dataclass(frozen=True)
class TimePoint:
    """The response at one scan, and the sums that decided: mm, or SUL in g/mL.

    `response` is CR, PR, SD, PD, NE, or non-CR/non-PD; of PERCIST CMR, PMR, SMD, PMD or
    NE. `nadir` is the smallest sum before this scan, baseline included; None where no
    sum is known. `unmeasured` says why the scan could not be judged.
    """

    day: date
    response: str
    rule: str
    sum: float | None
    baseline: float | None
    nadir: float | None
    new_lesion: bool
    liver_differs: bool = False
    unmeasured: str = ""

    @property
    def change_from_baseline(self) -> float | None:
        """As a fraction: -0.3 is 30 % less."""
        return _change(self.sum, self.baseline)

    @property
    def change_from_nadir(self) -> float | None:
        """As a fraction; None where nothing was left."""
        return _change(self.sum, self.nadir)


class Best(NamedTuple):
    """The best response, the rule that decided, and the day it was seen."""

    response: str
    rule: str
    day: date | None = None


@dataclass(frozen=True)
class CaseResponse:
    """A patient's time points and the best response of them.

    `unmeasurable` says why a baseline cannot be followed, and the response is NE;
    `not_given` are columns without which something could not be checked.
    """

    case_id: str
    baseline_day: date
    baseline: float | None
    lesions: tuple[str, ...]
    timepoints: tuple[TimePoint, ...]
    best: Best
    unmeasurable: str = ""
    not_given: tuple[str, ...] = ()

    @property
    def objective(self) -> bool | None:
        """Whether the best is a complete or partial response; None not evaluable.

        Examples
        --------
        >>> day = date(2026, 3, 1)
        >>> CaseResponse("c1", day, 50.0, ("T1",), (), Best("PR", "", day)).objective
        True
        >>> CaseResponse("c1", day, 50.0, ("T1",), (), Best("NE", "")).objective
        """
        response = self.best.response
        return None if response == _NOT_EVALUABLE else response in _OBJECTIVE


def until_progression(found: Sequence[TimePoint]) -> list[TimePoint]:
    """The time points up to the first progression, which is the last of them.

    Examples
    --------
    >>> day = date(2026, 3, 1)
    >>> points = [TimePoint(day, one, "", None, None, None, False)
    ...           for one in ("SD", "PD", "CR")]
    >>> [one.response for one in until_progression(points)]
    ['SD', 'PD']
    """
    ends = (n for n, one in enumerate(found, 1) if one.response in _PROGRESSIVE)
    return list(found[: next(ends, len(found))])


def _change(value: float | None, reference: float | None) -> float | None:
    return None if value is None or not reference else value / reference - 1
