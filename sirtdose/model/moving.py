"""Numbers that follow activities which a reader moves, and the decisions they lead to.

A check runs on them as on any number. Doses are linear in the activities, so that each
comparison is one of a quotient of two linear sums with a bound.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import isclose
from typing import Any, TypeVar, Union

T = TypeVar("T")
Number = Union["Moving", float]
# Frames of a number in a text; no text of a check has these letters.
OPENED, CLOSED = "\ue000", "\ue001"
_SAME = 1e-12


class Undecided(Exception):
    """A comparison whose outcome depends on the activities."""

    def __init__(self, comparison: "Comparison") -> None:
        super().__init__(comparison)
        self.comparison = comparison


@dataclass(frozen=True)
class Comparison:
    """Whether `over` divided by `under` is beyond a bound, e.g. ``>`` 50.

    Sums are a constant and what each GBq of each injection adds.
    """

    over: tuple[float, ...]
    under: tuple[float, ...]
    sign: str
    bound: float

    @property
    def always(self) -> bool | None:
        """The outcome, where it is the same for all activities above 0.

        >>> Comparison((0.0, 30.0), (1.0, 0.0), ">", 0.0).always
        True
        """
        apart = [n - self.bound * d for n, d in zip(self.over, self.under, strict=True)]
        strict = self.sign in "<>"
        if self.sign[0] == "<":
            apart = [-one for one in apart]
        if all(one >= 0 for one in apart) and (any(apart) or not strict):
            return True
        if all(one <= 0 for one in apart) and (any(apart) or strict):
            return False
        return None

    def implies(self, outcome: bool, other: "Comparison") -> bool | None:
        """What follows from this outcome for another comparison, if anything.

        >>> low, high = (Comparison((0, 1), (1, 0), ">", one) for one in (50.0, 75.0))
        >>> low.implies(False, high), low.implies(True, high), high.implies(True, low)
        (False, None, True)
        """
        if (self.over, self.under) != (other.over, other.under):
            return None
        # Values that are left: beyond the bound on one side, some with the bound.
        up = (self.sign[0] == ">") == outcome
        with_bound = (len(self.sign) == 2) == outcome
        same_way = (other.sign[0] == ">") == up
        further = self.bound - other.bound if up else other.bound - self.bound
        if same_way:
            inside = further > 0 or (
                further == 0 and (len(other.sign) == 2 or not with_bound)
            )
            return True if inside else None
        outside = further > 0 or (
            further == 0 and (len(other.sign) == 1 or not with_bound)
        )
        return False if outside else None


@dataclass
class Moves:
    """Activities that move, what is known of their comparisons, and what is shown."""

    injections: int
    known: dict[Comparison, bool] = field(default_factory=dict)
    shown: list[tuple["Moving", str]] = field(default_factory=list)

    def activities(self) -> tuple[Any, ...]:
        """Each activity; of type Any, because checks take it for a number.

        >>> [gbq] = Moves(1).activities()
        >>> (20 * gbq + 5).over
        (5.0, 20.0)
        """
        ones = range(self.injections + 1)
        return tuple(
            Moving(self, tuple(float(i == n) for i in ones), self.one) for n in ones[1:]
        )

    @property
    def one(self) -> tuple[float, ...]:
        """The sum that is 1 at any activity."""
        return (1.0, *[0.0] * self.injections)

    def decide(self, comparison: Comparison) -> bool:
        """The outcome, where it is known or follows from what is."""
        follows = (one.implies(was, comparison) for one, was in self.known.items())
        for outcome in (comparison.always, *follows):
            if outcome is not None:
                return outcome
        raise Undecided(comparison)


@dataclass(frozen=True, eq=False)
class Moving:
    """A number that follows the activities: `over` divided by `under`."""

    moves: Moves
    over: tuple[float, ...]
    under: tuple[float, ...]

    def _with(self, over: Iterable[float]) -> "Moving":
        return Moving(self.moves, tuple(over), self.under)

    def __add__(self, other: Number) -> "Moving":
        if not isinstance(other, Moving):
            return self._with(n + other * d for n, d in self._pairs())
        if other.under != self.under:
            return NotImplemented
        pairs = zip(self.over, other.over, strict=True)
        return self._with(one + more for one, more in pairs)

    __radd__ = __add__

    def __neg__(self) -> "Moving":
        return self._with(-n for n in self.over)

    def __sub__(self, other: Number) -> "Moving":
        return self + -other

    def __rsub__(self, other: float) -> "Moving":
        return -self + other

    def __mul__(self, other: Number) -> Number:
        if not isinstance(other, Moving):
            return self._with(n * other for n in self.over)
        fixed, linear = (self, other) if not any(self.over[1:]) else (other, self)
        if any(fixed.over[1:]) or linear.under != self.moves.one:
            return NotImplemented
        return _quotient(linear * fixed.over[0], fixed.under)

    __rmul__ = __mul__

    def __truediv__(self, other: Number) -> Number:
        if not isinstance(other, Moving):
            return self._with(n / other for n in self.over)
        if self.under != self.moves.one or other.under != self.moves.one:
            return NotImplemented
        return _quotient(self, other.over)

    def __rtruediv__(self, other: float) -> Number:
        return self._with([other, *self.under[1:]]) / self

    def __gt__(self, other: Number) -> bool:
        return self._is(">", other)

    def __ge__(self, other: Number) -> bool:
        return self._is(">=", other)

    def __lt__(self, other: Number) -> bool:
        return self._is("<", other)

    def __le__(self, other: Number) -> bool:
        return self._is("<=", other)

    def __bool__(self) -> bool:
        return self > 0

    def __format__(self, form: str) -> str:
        self.moves.shown.append((self, form))
        return f"{OPENED}{len(self.moves.shown) - 1}{CLOSED}"

    def _pairs(self) -> "zip[tuple[float, float]]":
        return zip(self.over, self.under, strict=True)

    def _is(self, sign: str, other: Number) -> bool:
        if isinstance(other, Moving):
            return (self - other)._is(sign, 0.0)
        return self.moves.decide(Comparison(self.over, self.under, sign, float(other)))


def _quotient(number: Any, under: tuple[float, ...]) -> Number:
    """A number divided by a sum; a constant where they grow in proportion."""
    largest = max(range(len(under)), key=lambda n: abs(under[n]))
    ratio = number.over[largest] / under[largest]
    if all(
        isclose(n, ratio * d, rel_tol=_SAME)
        for n, d in zip(number.over, under, strict=True)
    ):
        return float(ratio)
    return Moving(number.moves, number.over, under)


@dataclass(frozen=True)
class Fork:
    """A comparison, and what follows from each outcome."""

    asked: Comparison
    yes: Any
    no: Any


def outcomes(judge: Callable[[], T], moves: Moves) -> T | Fork:
    """What a function of moving numbers returns at any activity.

    Examples
    --------
    >>> moves = Moves(1)
    >>> [gbq] = moves.activities()
    >>> fork = outcomes(lambda: "high" if 25 * gbq > 50 else "low", moves)
    >>> fork.asked.over, fork.asked.sign, fork.asked.bound, fork.yes, fork.no
    ((0.0, 25.0), '>', 50.0, 'high', 'low')
    """
    try:
        return judge()
    except Undecided as open_:
        asked = open_.comparison
    before = moves.known
    found = []
    for outcome in (True, False):
        moves.known = {**before, asked: outcome}
        found.append(outcomes(judge, moves))
    moves.known = before
    return Fork(asked, *found)
