"""Toxicity of many patients, from a table of laboratory values and grades."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from sirtdose.errors import InputError
from sirtdose.outcomes.adverse_events import (
    Baseline,
    Graded,
    Hepatotoxicity,
    LiverDay,
    OfArm,
    OfWindow,
    PatientToxicity,
    Treatment,
    Window,
    hepatotoxicity,
    worst_grades,
)
from sirtdose.outcomes.arms import Study, treatment_of
from sirtdose.outcomes.laboratory import is_same_unit, unit_inside
from sirtdose.outcomes.liver_function import albi, child_pugh
from sirtdose.outcomes.toxicity import (
    Grade,
    clinical_terms,
    laboratory_grade,
    terms,
)
from sirtdose.workflows.outcomes.laboratory_table import (
    ARMS,
    Row,
    is_same,
    laboratory_cases,
)
from sirtdose.workflows.outcomes.treatment_table import course_of

# An older value says nothing of the liver that is treated.
_BASELINE_D = 366
AFTER = Window("after treatment", 0)
_ALL_LABEL = "all values"
# What Child-Pugh needs beside bilirubin and albumin.
_CHILD_PUGH = ("INR", "ascites-child-pugh", "encephalopathy-child-pugh")


@dataclass(frozen=True)
class Toxicity:
    """All patients, the arms they were in, and the columns that nothing reads."""

    patients: Sequence[PatientToxicity]
    study: Study | None
    not_used: Mapping[str, Sequence[str]]


def toxicity_of(
    path: Path,
    *,
    version: str,
    windows: Sequence[Window] = (),
    treated: Path | None = None,
    roster: Path | None = None,
    ascites_from: int = 3,
) -> Toxicity:
    """Grades, worst grades, hepatotoxicity and liver function of each case and arm.

    Parameters
    ----------
    path : Path
        Of the csv.
    version : str
        Of CTCAE: ``"5.0"``.
    windows : sequence of Window
        Days after treatment; without one, all after it, or all values of a case whose
        day of treatment is not known.
    treated : Path, optional
        A table of the cases' days of treatment, and their arms.
    roster : Path, optional
        A table of all cases with the arms to which they were allocated.
    ascites_from : {2, 3}

    Raises
    ------
    InputError
        A version that is not held here, a table that cannot be read, with its line and
        column, or windows where no case has a day of treatment.

    Notes
    -----
    With windows, a case without a day of treatment has its values graded, and nothing
    is known of it in any window.
    """
    terms(version)
    cases = laboratory_cases(path, version)
    course = course_of(cases, treated, roster)
    without = [case_id for case_id in cases if not course.treatments[case_id]]
    if windows and len(without) == len(cases):
        raise InputError(
            f"{path.name}: case '{without[0]}', like all others, has no day of "
            "treatment, but time windows are days after it: give a column treated, or "
            "--treated with a table"
        )
    patients = [
        _patient(
            case_id,
            rows,
            course.treatments[case_id],
            version=version,
            windows=windows,
            ascites_from=ascites_from,
        )
        for case_id, rows in cases.items()
    ]
    return Toxicity(patients, course.study, course.not_used)


def _patient(
    case_id: str,
    rows: Sequence[Row],
    treatments: tuple[Treatment, ...],
    *,
    version: str,
    windows: Sequence[Window],
    ascites_from: int,
) -> PatientToxicity:
    treated = treatments[0].day if treatments else None
    baselines = _baselines(rows, treated)
    by_user = clinical_terms(version)
    graded = tuple(
        _graded(
            row,
            _counts_for(row, treatments, by_user=row.term in by_user),
            # Before the first treatment there is nothing to compare with yet.
            baselines.get(row.term) if treated is None or row.day > treated else None,
            version,
        )
        for row in rows
        if not row.word
    )
    chosen: list[Window | None] = [*windows] or [AFTER if treated else None]

    def by_window(some: Sequence[Graded]) -> list[OfWindow]:
        """Each window by itself, then all of them together."""
        return [
            _of_window(
                some, own, treated=treated, version=version, ascites_from=ascites_from
            )
            for own in (*((one,) for one in chosen), chosen)
        ]

    *found, together = by_window(graded)
    arms = []
    for arm in dict.fromkeys(one.arm for one in treatments if one.arm):
        own = [one for one in graded if one.treatment and one.treatment.arm == arm]
        *of_arm, in_arm = by_window(own)
        days = tuple(one.day for one in treatments if one.arm == arm)
        ended = _ended_by_next(arm, treatments, windows)
        arms.append(OfArm(arm, days, tuple(of_arm), in_arm, ended))
    return PatientToxicity(
        case_id=case_id,
        treatments=treatments,
        graded=graded,
        windows=tuple(found),
        together=together,
        baselines=baselines,
        liver=tuple(_liver_days(rows, treated)),
        arms=tuple(arms),
    )


def _counts_for(
    row: Row, treatments: Sequence[Treatment], *, by_user: bool
) -> Treatment | None:
    """The treatment of the arm that a line names itself, else the last before it."""
    named = next((arm for name in ARMS if (arm := row.line.text(name))), "").casefold()
    if named:
        treatments = [
            one
            for one in treatments
            if one.arm.casefold() == named and row.treated in (None, one.day)
        ]
    return treatment_of(treatments, row.day, same_day=by_user)


def _ended_by_next(
    arm: str, treatments: Sequence[Treatment], windows: Sequence[Window]
) -> tuple[str, ...]:
    return tuple(
        window.label
        for window in windows
        if window.last_d is not None
        and any(
            (after.day - one.day).days <= window.last_d
            for one, after in pairwise(treatments)
            if one.arm == arm
        )
    )


def _of_window(
    graded: Sequence[Graded],
    windows: Sequence[Window | None],
    *,
    treated: date | None,
    version: str,
    ascites_from: int,
) -> OfWindow:
    inside = [one for one in graded if any(one.is_in(window) for window in windows)]
    worst = tuple(worst_grades(inside, None))
    label = " or ".join(_ALL_LABEL if one is None else one.label for one in windows)
    if treated is None and None not in windows:
        said = "no day of treatment, so no value lies in a time window after it"
        return OfWindow(label, (), Hepatotoxicity(present=None, why=said))
    return OfWindow(
        label, worst, hepatotoxicity(worst, version=version, ascites_from=ascites_from)
    )


def _baselines(rows: Sequence[Row], treated: date | None) -> dict[str, Baseline]:
    """As given, else the latest value of the year up to the day of treatment.

    Each with the limit of normal of its own laboratory: that typed beside it, or that
    of the line of the value; a typed one that is the value of such a line has its.
    """
    # Rows go by their days: a later one takes the place.
    found = {
        row.term: Baseline(row.value, f"value of {row.day}", row.uln)
        for row in rows
        if row.value is not None
        and not row.word
        and treated is not None
        and 0 <= (treated - row.day).days <= _BASELINE_D
    }
    limits = {row.term: row.baseline_uln for row in rows if row.baseline_uln}
    given = {row.term: row.baseline for row in rows if row.baseline is not None}
    for term, value in given.items():
        measured, limit = found.get(term), limits.get(term)
        if limit is None and measured and is_same(value, measured.value):
            limit = measured.uln
        found[term] = Baseline(value, "given", limit)
    return found


def _graded(
    row: Row, treatment: Treatment | None, used: Baseline | None, version: str
) -> Graded:
    days = None if treatment is None else (row.day - treatment.day).days
    if row.term in clinical_terms(version):
        return Graded(
            row.term,
            row.day,
            days,
            row.grade,
            "not graded" if row.grade is None else "graded by the user",
            by_user=True,
            treatment=treatment,
        )
    found, borrowed = _by_value(row, used, version)
    if row.grade is not None and (found.grade is None or row.grade > found.grade):
        found = Grade(row.grade, f"graded by the user (by value: {found.rule})")
    return Graded(
        term=row.term,
        day=row.day,
        days=days,
        grade=found.grade,
        rule=found.rule,
        value=row.value,
        unit=unit_inside(row.term),
        baseline=None if used is None else used.value,
        baseline_from="" if used is None else used.origin,
        baseline_uln=None if used is None else used.uln,
        borrowed=borrowed,
        treatment=treatment,
    )


def _by_value(row: Row, baseline: Baseline | None, version: str) -> tuple[Grade, bool]:
    """A grade, and whether the baseline had to borrow this value's limit of normal."""
    if row.factor is None:
        return Grade(None, "no unit"), False
    if row.value is None:
        return Grade(None, "no value"), False
    # Bounds that CTCAE prints in the unit as written hold, not their conversion.
    rules = terms(version)[row.term]
    own: dict[str, object] = rules.get("below_in", {})
    printed = next((unit for unit in own if is_same_unit(unit, row.printed)), None)
    scale = row.factor if printed else 1.0
    limit = None if baseline is None else baseline.uln
    found = laboratory_grade(
        row.term,
        row.value / scale,
        version=version,
        uln=None if row.uln is None else row.uln / scale,
        lln=None if row.lln is None else row.lln / scale,
        baseline=None if baseline is None else baseline.value / scale,
        baseline_uln=None if limit is None else limit / scale,
        anticoagulated=row.anticoagulated,
        unit=printed,
    )
    decides = baseline is not None and "baseline_above" in rules
    if not decides or limit is not None or row.uln is None:
        return found, False
    said = "the baseline has no ULN of its own, so the ULN of this value is used"
    return Grade(found.grade, f"{found.rule}; {said}"), True


def _liver_days(rows: Sequence[Row], treated: date | None) -> list[LiverDay]:
    """ALBI and Child-Pugh at each day that has their values."""
    found = []
    for day in dict.fromkeys(row.day for row in rows):
        values = {
            row.term: row.value
            for row in rows
            if row.day == day and row.value is not None
        }
        words = {row.term: row.word for row in rows if row.day == day and row.word}
        bilirubin, albumin = values.get("bilirubin"), values.get("albumin")
        if bilirubin is None or albumin is None:
            continue
        known: dict[str, Any] = {**values, **words}
        missing = tuple(one for one in _CHILD_PUGH if known.get(one) is None)
        found.append(
            LiverDay(
                day=day,
                days=None if treated is None else (day - treated).days,
                albi=albi(bilirubin_umol_per_l=bilirubin, albumin_g_per_l=albumin),
                child_pugh=None
                if missing
                else child_pugh(
                    bilirubin_umol_per_l=bilirubin,
                    albumin_g_per_l=albumin,
                    inr=known["INR"],
                    ascites=known["ascites-child-pugh"],
                    encephalopathy=known["encephalopathy-child-pugh"],
                ),
                missing=missing,
            )
        )
    return found
