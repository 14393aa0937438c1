"""The dose ladder: one row a structure, one axis, goal and limits drawn on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, isclose, log10
from typing import Any

from sirtdose.report.palette import Paint
from sirtdose.report.wording import gy_words

# The drawing: 250 wide, of which the axis takes 220 from 4 on.
LEFT, AXIS = 4.0, 220.0
_TICKS = 5
# A dose this near to a bound is said to be exactly there.
EXACTLY = 1e-6
LIMIT_NOT_MET = "Limit not met"


@dataclass(frozen=True)
class Verdict:
    """One bound of a row: what is wanted, and whether the dose there meets it.

    `gy_per_gbq`, one an injection, and `prior_gy` say how the dose follows the
    activity, where a page lets its reader move that. `planned` ones are the plan's own
    goals; `with_earlier` says that the dose is one with earlier treatments; `accepted`
    is one that is missed, as a person accepted.
    """

    sense: str
    limit_gy: float
    value_gy: float | None
    met: bool | None
    upper_gy: float | None = None
    strict: bool = False
    note: str = ""
    gy_per_gbq: tuple[float, ...] = ()
    prior_gy: float = 0.0
    planned: bool = False
    with_earlier: bool = False
    accepted: bool = False

    @property
    def falls_short(self) -> str:
        """What it is called where it is missed.

        >>> Verdict("at_least", 205.0, 176.0, False).falls_short
        'Below the recommended dose'
        """
        if self.planned:
            return "Below the goal"
        if self.sense == "at_least":
            return "Below the recommended dose"
        return LIMIT_NOT_MET

    @property
    def wanted(self) -> str:
        """The bound in words.

        >>> Verdict("at_most", 40.0, 32.1, True, strict=True).wanted
        'below 40'
        """
        if self.sense == "range":
            return f"{self.limit_gy:g} to {self.upper_gy:g}"
        words = {
            ("at_least", False): "at least",
            ("at_least", True): "above",
            ("at_most", False): "at most",
            ("at_most", True): "below",
            ("aim", False): "goal",
        }
        return f"{words[self.sense, self.strict]} {self.limit_gy:g}"

    @property
    def apart_gy(self) -> float:
        """How far the dose is on the right side of the nearest bound; below 0: wrong.

        >>> Verdict("range", 100.0, 130.0, True, upper_gy=150.0).apart_gy
        20.0
        """
        value = self.value_gy or 0.0
        if self.sense == "range":
            return min(value - self.limit_gy, (self.upper_gy or 0.0) - value)
        over = value - self.limit_gy
        return -over if self.sense == "at_most" else over

    @property
    def words(self) -> str:
        """The verdict.

        >>> Verdict("at_most", 40.0, 32.1, True).words
        'met by 7.9 Gy'
        >>> Verdict("at_least", 120.0, 120.0, True).words
        'met exactly'
        >>> Verdict("at_least", 205.0, 176.0, False).words
        'missed by 29 Gy'
        >>> Verdict("aim", 40.0, 40.0, True).words
        'reached'
        """
        if self.value_gy is None or self.met is None:
            return "not checked"
        if self.sense == "aim":
            apart = self.value_gy - self.limit_gy
            if isclose(self.value_gy, self.limit_gy, rel_tol=EXACTLY):
                return "reached"
            return f"{gy_words(abs(apart))} Gy {'above' if apart > 0 else 'below'} it"
        if isclose(self.value_gy, self.limit_gy, rel_tol=EXACTLY):
            return "met exactly" if self.met else f"missed: exactly there{self.answer}"
        said = "met" if self.met else "missed"
        return f"{said} by {gy_words(abs(self.apart_gy))} Gy{self.answer}"

    @property
    def answer(self) -> str:
        """That it was accepted, behind what is not met."""
        return ", accepted" * self.accepted

    @classmethod
    def of_limit(
        cls, limit: Mapping[str, Any], *, note: str = "", **more: Any
    ) -> "Verdict":
        """The verdict of a limit as documents hold it."""
        return cls(
            sense=limit["sense"],
            limit_gy=limit["limit_gy"],
            value_gy=limit["value_gy"],
            met=limit["met"],
            upper_gy=limit["upper_gy"],
            strict=limit["strict"],
            note=note,
            **more,
        )


@dataclass(frozen=True)
class Rung:
    """One structure's row: its mean dose, its interval, and what it is judged by."""

    name: str
    paint: Paint
    dose_gy: float | None
    volume_ml: float | None = None
    low_gy: float | None = None
    high_gy: float | None = None
    verdicts: tuple[Verdict, ...] = ()
    gy_per_gbq: tuple[float, ...] = ()
    prior_gy: float = 0.0
    note: str = ""

    @property
    def dose(self) -> str:
        """The mean dose as page one shows it."""
        if self.dose_gy is None:
            return "n/a"
        return gy_words(self.dose_gy, *(one.limit_gy for one in self.verdicts))

    @property
    def aims(self) -> bool:
        """Whether a goal holds for it: a dose to be reached."""
        return any(one.sense in ("aim", "at_least") for one in self.verdicts)

    @property
    def nearest(self) -> float:
        """How far it is from trouble, as a part of the limit; below 0 beyond it."""
        parts = (one.apart_gy / one.limit_gy for one in self.verdicts if one.limit_gy)
        return min(parts, default=1.0)


@dataclass(frozen=True)
class Ladder:
    """All rows in groups, and their axis."""

    groups: tuple[tuple[str, tuple[Rung, ...]], ...]
    end_gy: float
    ticks: tuple[float, ...] = field(default=())

    @property
    def lines(self) -> int:
        """How many lines its rows take."""
        return sum(max(len(row.verdicts), 1) for _, rows in self.groups for row in rows)

    def at(self, gy: float) -> float:
        """Where a dose lies in the drawing; what is beyond lies at its end."""
        return round(LEFT + AXIS * min(max(gy / self.end_gy, 0.0), 1.0), 1)


def ladder(rows: Iterable[Rung], *, goal: str = "") -> Ladder:
    """Rows in three groups: goals, limits with the nearest first, and without any.

    Parameters
    ----------
    rows : iterable of Rung
    goal : str
        What the first group's title says after "Goal", such as ": 250 Gy to T1".

    Examples
    --------
    >>> gray = Paint("#5f6772", "#d3d8de")
    >>> far = Rung("a", gray, 4.0, verdicts=(Verdict("at_most", 30.0, 4.0, True),))
    >>> near = Rung("b", gray, 39.0, verdicts=(Verdict("at_most", 40.0, 39.0, True),))
    >>> found = ladder([far, near, Rung("c", gray, 50.0)])
    >>> [(title, [row.name for row in some]) for title, some in found.groups]
    [('Limits, nearest first', ['b', 'a']), ('Without a limit', ['c'])]
    >>> found.end_gy, found.ticks
    (60.0, (0.0, 20.0, 40.0, 60.0))
    """
    every = list(rows)
    aimed = sorted((one for one in every if one.aims), key=lambda one: one.nearest)
    limited = sorted(
        (one for one in every if one.verdicts and not one.aims),
        key=lambda one: one.nearest,
    )
    groups = (
        (f"Goal{goal}", tuple(aimed)),
        ("Limits, nearest first", tuple(limited)),
        ("Without a limit", tuple(one for one in every if not one.verdicts)),
    )
    end, ticks = axis(_reached(every))
    return Ladder(tuple(one for one in groups if one[1]), end, ticks)


def _reached(rows: Sequence[Rung]) -> float:
    """The dose that the axis has to hold: intervals may go beyond its end."""
    doses = [one.dose_gy or 0.0 for one in rows]
    doses += [each.value_gy or 0.0 for one in rows for each in one.verdicts]
    bounds = [each.limit_gy for one in rows for each in one.verdicts]
    most = max([*doses, 1e-6])
    return max([1.15 * most, *(1.05 * one for one in bounds if one < 3 * most)])


def axis(most: float) -> tuple[float, tuple[float, ...]]:
    """An axis's end and its ticks, at round numbers.

    >>> axis(205.0)
    (250.0, (0.0, 50.0, 100.0, 150.0, 200.0, 250.0))
    """
    step = nice_step(most / _TICKS)
    count = ceil(most / step)
    return count * step, tuple(n * step for n in range(count + 1))


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below `least`.

    >>> nice_step(37.0), nice_step(0.021)
    (50.0, 0.05)
    """
    power = 10.0 ** floor(log10(least))
    return float(
        next(round(m * power, 12) for m in (1, 2, 5, 10) if m * power >= least * 0.9999)
    )
