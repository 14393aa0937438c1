"""The response of a patient over time, whatever the criteria."""

from dataclasses import dataclass
from datetime import date

_OBJECTIVE = ("CR", "PR", "CMR", "PMR")
_NOT_EVALUABLE = "NE"


@dataclass(frozen=True)
class TimePoint:
    """The response at one scan, with the sums that decided: mm, or SUL in g/mL.

    `nadir` is the smallest sum before this scan, baseline included; None where no sum
    is known. `unmeasured` says why the scan could not be judged.
    """

    day: date
    days: int
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
    best_response: str
    best_rule: str
    best_day: date | None
    unmeasurable: str = ""
    not_given: tuple[str, ...] = ()

    @property
    def objective(self) -> bool | None:
        """Whether the best is a complete or partial response; None not evaluable.

        Examples
        --------
        >>> day = date(2026, 3, 1)
        >>> CaseResponse("c1", day, 50.0, ("T1",), (), "PR", "", day).objective
        True
        >>> CaseResponse("c1", day, 50.0, ("T1",), (), "NE", "", None).objective
        """
        if self.best_response == _NOT_EVALUABLE:
            return None
        return self.best_response in _OBJECTIVE


def _change(value: float | None, reference: float | None) -> float | None:
    if value is None or not reference:
        return None
    return value / reference - 1
