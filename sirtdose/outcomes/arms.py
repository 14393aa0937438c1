"""Arms of a study: which treatment a value counts for, and n of N by grade and arm."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sirtdose.outcomes.adverse_events import OfWindow, PatientToxicity, Treatment
from sirtdose.outcomes.toxicity import grades_of

HEPATOTOXICITY = "hepatotoxicity grade 3 or above"
NOT_GRADABLE, NO_VALUE, NOT_TREATED = "not gradable", "no value", "not treated"
_ANSWERS: dict[bool | None, str] = {True: "yes", False: "no", None: "unknown"}


def treatment_of(
    treatments: Sequence[Treatment], day: date, *, same_day: bool
) -> Treatment | None:
    """The treatment that a value counts for: the last one before its day.

    Parameters
    ----------
    treatments : sequence of Treatment
        Of one patient, in the order of their days.
    day : date
    same_day : bool
        A treatment of the same day counts too: what was drawn that day was before it,
        what a person graded was after it.

    Returns
    -------
    Treatment or None
        The first treatment for what was before all of them; None without any.

    Examples
    --------
    >>> given = [Treatment(date(2026, 3, 2), "SIRT"), Treatment(date(2026, 4, 27), "D")]
    >>> [treatment_of(given, date(2026, 4, 27), same_day=x).arm for x in (False, True)]
    ['SIRT', 'D']
    """
    found = treatments[0] if treatments else None
    for one in treatments:
        if one.day < day or (same_day and one.day == day):
            found = one
    return found


@dataclass(frozen=True)
class Study:
    """Who was treated in which arm, and who was allocated to it.

    Parameters
    ----------
    treated : mapping of str to frozenset of str
        Cases by arm, in the order of arms.
    allocated : mapping of str to frozenset of str, optional
        By the roster; None without one.
    """

    treated: Mapping[str, frozenset[str]]
    allocated: Mapping[str, frozenset[str]] | None = None

    @property
    def arms(self) -> tuple[str, ...]:
        """The arms in their order."""
        return tuple(self.treated)


@dataclass(frozen=True)
class Count:
    """How many of an arm's patients have a grade as their worst of a term.

    Both denominators are patients: treated in the arm, and allocated to it. Of those
    allocated, only what followed a treatment of the arm counts.
    """

    window: str
    arm: str
    term: str
    grade: str
    treated_n: int
    treated_of: int
    allocated_n: int | None
    allocated_of: int | None


def counts(
    patients: Sequence[PatientToxicity], study: Study, *, version: str
) -> list[Count]:
    """By window, term, grade and arm; each patient counts once, by the worst."""
    terms = dict.fromkeys(g.term for one in patients for g in one.graded)
    found: dict[tuple[str, str], _Worst] = {}
    for case in patients:
        for own in case.arms:
            for window in own.windows:
                found.setdefault((window.label, own.arm), _Worst()).add(
                    case.case_id, window
                )
    labels = dict.fromkeys(label for label, _ in found)
    return [
        one
        for label in labels
        for term in (*terms, HEPATOTOXICITY)
        for arm in study.arms
        for one in _of_arm(
            (label, arm, term),
            found.get((label, arm), _Worst()).by_term.get(term, {}),
            study,
            version=version,
        )
    ]


@dataclass
class _Worst:
    """Of one window and arm: the worst of each case, by term."""

    by_term: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, case_id: str, window: OfWindow) -> None:
        for one in window.worst:
            grade = NOT_GRADABLE if one.grade is None else str(one.grade)
            self.by_term.setdefault(one.term, {})[case_id] = grade
        answer = _ANSWERS[window.hepatotoxicity.present]
        self.by_term.setdefault(HEPATOTOXICITY, {})[case_id] = answer


def _of_arm(
    where: tuple[str, str, str],
    worst: Mapping[str, str],
    study: Study,
    *,
    version: str,
) -> Iterator[Count]:
    label, arm, term = where
    treated = study.treated[arm]
    allocated = None if study.allocated is None else study.allocated[arm]
    of_treated = _tally(treated, worst, treated, term)
    of_allocated = {} if allocated is None else _tally(allocated, worst, treated, term)
    is_liver = term == HEPATOTOXICITY
    names = (
        [*_ANSWERS.values()]
        if is_liver
        else [*map(str, grades_of(version, term)), NOT_GRADABLE, NO_VALUE]
    )
    for name in (*names, *((NOT_TREATED,) if allocated is not None else ())):
        yield Count(
            *(label, arm, term, name),
            treated_n=of_treated.get(name, 0),
            treated_of=len(treated),
            allocated_n=None if allocated is None else of_allocated.get(name, 0),
            allocated_of=None if allocated is None else len(allocated),
        )


def _tally(
    cases: Collection[str],
    worst: Mapping[str, str],
    treated: Collection[str],
    term: str,
) -> dict[str, int]:
    found: dict[str, int] = {}
    missing = _ANSWERS[None] if term == HEPATOTOXICITY else NO_VALUE
    for case in cases:
        name = worst.get(case, missing) if case in treated else NOT_TREATED
        found[name] = found.get(name, 0) + 1
    return found
