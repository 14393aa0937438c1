"""Graded values of a patient over time: the worst of a window, and hepatotoxicity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sirtdose.data.load import table
from sirtdose.outcomes.liver_function import Albi, ChildPugh


@dataclass(frozen=True)
class Window:
    """Days after treatment, both ends included; without a last one, all from there."""

    label: str
    first_d: int
    last_d: int | None = None

    def holds(self, days: int) -> bool:
        """Whether so many days after treatment lie in it.

        Examples
        --------
        >>> [Window("0-30d", 0, 30).holds(days) for days in (-1, 0, 30, 31)]
        [False, True, True, False]
        """
        return days >= self.first_d and (self.last_d is None or days <= self.last_d)


@dataclass(frozen=True)
class Treatment:
    """A treatment of a patient on a day, in an arm of a study where there is one."""

    day: date
    arm: str = ""


@dataclass(frozen=True)
class Graded:
    """A value or a person's grade on a day; `grade` None where it cannot be graded.

    `value`, `baseline` and `baseline_uln` are in `unit`; `days` are after `treatment`,
    the one that it counts for, None where there is none. `borrowed` says that the
    baseline, which has no limit of its own, was held against that of this value.
    """

    term: str
    day: date
    days: int | None
    grade: int | None
    rule: str
    value: float | None = None
    unit: str = ""
    baseline: float | None = None
    baseline_from: str = ""
    baseline_uln: float | None = None
    borrowed: bool = False
    by_user: bool = False
    treatment: Treatment | None = None

    def is_in(self, window: Window | None) -> bool:
        """Whether it counts in a window; with none, whatever its day.

        A laboratory value of the day of treatment was drawn before it.

        Examples
        --------
        >>> day = date(2026, 3, 2)
        >>> after = Window("after treatment", 0)
        >>> Graded("ALT", day, 0, 1, "").is_in(after)
        False
        >>> Graded("pain", day, 0, 1, "", by_user=True).is_in(after)
        True
        """
        return window is None or (
            self.days is not None
            and (self.days != 0 or self.by_user)
            and window.holds(self.days)
        )


@dataclass(frozen=True)
class Worst:
    """The worst grade of a term, the first time it was reached; None ungradable."""

    term: str
    grade: int | None
    found: Graded
    values: int
    not_gradable: int


@dataclass(frozen=True)
class Hepatotoxicity:
    """Whether it was reached, None if that cannot be said, and why."""

    present: bool | None
    why: str


def worst_grades(graded: Sequence[Graded], window: Window | None) -> list[Worst]:
    """The worst grade of each term in a window, in the order of their first values.

    Parameters
    ----------
    graded : sequence of Graded
        Of one patient.
    window : Window or None
        None takes every value.

    Examples
    --------
    >>> day = date(2026, 4, 1)
    >>> values = [Graded("ALT", day, 30, 1, ""), Graded("ALT", day, 31, None, "")]
    >>> [(one.grade, one.values, one.not_gradable)
    ...  for one in worst_grades(values, None)]
    [(1, 2, 1)]
    """
    inside = [one for one in graded if one.is_in(window)]
    found = []
    for term in dict.fromkeys(one.term for one in inside):
        own = sorted((one for one in inside if one.term == term), key=lambda x: x.day)
        worst = max(own, key=lambda one: -1 if one.grade is None else one.grade)
        found.append(
            Worst(
                term,
                worst.grade,
                worst,
                len(own),
                sum(one.grade is None for one in own),
            )
        )
    return found


def hepatotoxicity(
    worst: Sequence[Worst], *, version: str, ascites_from: int = 3
) -> Hepatotoxicity:
    """Hepatotoxicity of grade 3 or above: bilirubin, AST, ALT, or ascites.

    Parameters
    ----------
    worst : sequence of Worst
        Of one patient and window.
    version : str
        Of CTCAE.
    ascites_from : {2, 3}
        The grade of ascites that is taken as needing intervention.

    Returns
    -------
    Hepatotoxicity
        None where nothing reached it and a value that could have is missing or cannot
        be graded. Ascites that is nowhere recorded is taken as none.

    Examples
    --------
    >>> hepatotoxicity([], version="5.0").why
    'bilirubin: no value; AST: no value; ALT: no value'
    """
    rule = table(f"ctcae_{version}")["hepatotoxicity"]
    by_term = {one.term: one for one in worst}
    needed = dict.fromkeys(rule["laboratory"], rule["grade_from"])
    reached = [
        f"{term} grade {by_term[term].grade} on {by_term[term].found.day}"
        for term, least in {**needed, "ascites": ascites_from}.items()
        if term in by_term and (by_term[term].grade or 0) >= least
    ]
    if reached:
        return Hepatotoxicity(present=True, why="; ".join(reached))
    missing = [f"{term}: no value" for term in needed if term not in by_term]
    missing += [
        f"{term}: {one.not_gradable} of {one.values} not gradable ({one.found.rule})"
        if one.grade is None
        else f"{term}: {one.not_gradable} of {one.values} not gradable"
        for term, one in by_term.items()
        if term in (*needed, "ascites") and one.not_gradable
    ]
    if missing:
        return Hepatotoxicity(present=None, why="; ".join(missing))
    ascites = "" if "ascites" in by_term else "; no ascites recorded"
    return Hepatotoxicity(
        present=False, why=f"{', '.join(needed)} under grade 3{ascites}"
    )


@dataclass(frozen=True)
class Baseline:
    """A term's value before treatment, in the unit inside, and where it is from.

    `uln` is the upper limit of normal of the laboratory that measured it.
    """

    value: float
    origin: str
    uln: float | None = None


@dataclass(frozen=True)
class LiverDay:
    """Liver function on a day; `missing` is what a Child-Pugh score lacks."""

    day: date
    days: int | None
    albi: Albi
    child_pugh: ChildPugh | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class OfWindow:
    """The worst grades of a window of days, and whether they are hepatotoxicity."""

    label: str
    worst: tuple[Worst, ...]
    hepatotoxicity: Hepatotoxicity


@dataclass(frozen=True)
class OfArm:
    """What followed a patient's treatments of one arm, by windows and together.

    `ended_by_next` names the windows that reach past a next treatment of the patient.
    """

    arm: str
    days: tuple[date, ...]
    windows: tuple[OfWindow, ...]
    together: OfWindow
    ended_by_next: tuple[str, ...] = ()


@dataclass(frozen=True)
class PatientToxicity:
    """A patient; `together` is of all windows as one.

    `arms` is empty where no treatment has an arm.
    """

    case_id: str
    treatments: tuple[Treatment, ...]
    graded: tuple[Graded, ...]
    windows: tuple[OfWindow, ...]
    together: OfWindow
    baselines: dict[str, Baseline]
    liver: tuple[LiverDay, ...]
    arms: tuple[OfArm, ...] = ()

    @property
    def treated(self) -> date | None:
        """The day of the first treatment."""
        return self.treatments[0].day if self.treatments else None

    @property
    def baseline_albi(self) -> Albi | None:
        """The latest ALBI on or before the day of treatment."""
        before = [one for one in self.liver if one.days is not None and one.days <= 0]
        return before[-1].albi if before else None
