"""Treatments of each case with their days and arms, from tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from sirtdose.errors import InputError, nearest_name
from sirtdose.io.tables.csv import Line, extra_columns, read_table
from sirtdose.outcomes.adverse_events import Treatment
from sirtdose.outcomes.arms import Study
from sirtdose.workflows.outcomes.case_lines import day_of
from sirtdose.workflows.outcomes.laboratory_table import ARMS, OPTIONAL, REQUIRED, Row
from sirtdose.workflows.outcomes.roster_table import Roster, allocated_arms, arm_column


@dataclass(frozen=True)
class Course:
    """The treatments of each case, in the order of their days.

    `study` is None where no treatment has an arm; `not_used` has, by file, the columns
    that nothing here reads.
    """

    treatments: Mapping[str, tuple[Treatment, ...]]
    study: Study | None
    not_used: Mapping[str, list[str]]


@dataclass(frozen=True)
class _Dated:
    """A treatment with its line; `arm` empty where the table has no such column."""

    day: date
    arm: str
    line: Line


def course_of(
    cases: Mapping[str, Sequence[Row]], path: Path | None, roster: Path | None
) -> Course:
    """Treatments of the laboratory's table, or of a table of days, and their arms.

    Parameters
    ----------
    cases : mapping of str to sequence of Row
    path : Path or None
        A table of days of treatment: one a case, or, with arms, one a treatment.
    roster : Path or None
        A table of all cases with the arms to which they were allocated.

    Raises
    ------
    InputError
        Days or arms that contradict each other, are missing, or are in no roster.
    """
    labs = next(iter(cases.values()))[0].line
    not_used = {_file(labs): extra_columns(labs, (*REQUIRED, *OPTIONAL))}
    dated: dict[str, list[_Dated]] = {}
    column = arm_column(labs)
    if path is not None:
        lines = read_table(
            path,
            required=("case_id", "treated"),
            optional=ARMS,
            what="a table of treatment days",
            extra=True,
        )
        not_used[path.name] = extra_columns(lines[0], ("case_id", "treated", *ARMS))
        dated = _days_table(lines, arm_column(lines[0]))
        if column and arm_column(lines[0]):
            raise InputError(
                f"{_file(labs)} and {path.name} both have a column of arms: keep it in "
                "one of them"
            )
    own = {case_id: _of_rows(case_id, rows, column) for case_id, rows in cases.items()}
    found = {
        case_id: _merged(case_id, own.get(case_id, []), dated.get(case_id, []))
        for case_id in dict.fromkeys((*cases, *dated))
    }
    if column:
        found |= {
            case_id: _with_arms(case_id, cases[case_id], found[case_id], column)
            for case_id in cases
        }
        _require_arms(found, column)
    known = None
    if roster is not None:
        known = allocated_arms(roster)
        not_used[roster.name] = known.not_used
        _require_enrolled(cases, found, known)
        found = _by_roster(found, known)
    found = _spelled(found, known)
    study = _study(found, known)
    return Course(
        {
            case_id: tuple(Treatment(one.day, one.arm) for one in given)
            for case_id, given in found.items()
            if study or case_id in cases
        },
        study,
        {name: columns for name, columns in not_used.items() if columns},
    )


def _file(line: Line) -> str:
    return line.where.rpartition(", ")[0]


def _days_table(lines: Sequence[Line], column: str) -> dict[str, list[_Dated]]:
    found: dict[str, list[_Dated]] = {}
    for line in lines:
        case_id = line.required("case_id")
        before = found.setdefault(case_id, [])
        if not column:
            if before:
                raise InputError(
                    f"{line.at('case_id')}: '{case_id}' is already in the table: give "
                    "one day of treatment for each case, or tell several treatments "
                    "apart by a column arm"
                )
            if line.text("treated"):
                before.append(_Dated(day_of(line, "treated"), "", line))
            continue
        one = _Dated(day_of(line, "treated"), line.required(column), line)
        if before and one.day <= before[-1].day:
            raise InputError(
                f"{line.at('treated')} is {one.day}, but case '{case_id}' was treated "
                f"on {before[-1].day} according to {_at(before[-1])}: write one line "
                "for each day of treatment, in the order of the days"
            )
        before.append(one)
    return found


def _at(one: _Dated) -> str:
    return one.line.at("treated")


def _of_rows(case_id: str, rows: Sequence[Row], column: str) -> list[_Dated]:
    """The treatments that the laboratory's own lines name, one for each day."""
    found: dict[date, _Dated] = {}
    for row in rows:
        if row.treated is None:
            continue
        arm = row.line.required(column) if column else ""
        first = found.setdefault(row.treated, _Dated(row.treated, arm, row.line))
        if first.arm.casefold() != arm.casefold():
            raise InputError(
                f"{row.line.at(column)} is '{arm[:40]}', but case '{case_id}' was "
                f"treated on {row.treated} in '{first.arm[:40]}' according to "
                f"{first.line.at(column)}: a day has one treatment"
            )
    return [found[day] for day in sorted(found)] if column else list(found.values())


def _merged(
    case_id: str, own: Sequence[_Dated], dated: Sequence[_Dated]
) -> list[_Dated]:
    """The treatments of a case, where both tables agree about its days."""
    has_arms = any(one.arm for one in (*own, *dated))
    base = dated if any(one.arm for one in dated) else own or dated
    # Without arms a case has one day.
    days = [one.day for one in (base if has_arms else base[:1])]
    for one in (*own, *dated):
        if one.day not in days:
            raise InputError(
                f"{_at(one)} is {one.day}, but case '{case_id}' was treated on "
                f"{', '.join(map(str, days))} according to {_at(base[0])}"
            )
    return list(base if has_arms else base[:1])


def _with_arms(
    case_id: str, rows: Sequence[Row], given: list[_Dated], column: str
) -> list[_Dated]:
    """Treatments in the arms of the laboratory's lines, each of which has a day."""
    for row in rows:
        arm = row.line.text(column)
        if not arm:
            continue
        if not given:
            raise InputError(
                f"{row.line.at(column)} is '{arm[:40]}', but case '{case_id}' has no "
                "day of treatment: give it in a column treated, or with --treated"
            )
        if len(given) == 1 and not given[0].arm:
            given = [replace(given[0], arm=arm)]
        if arm.casefold() not in [one.arm.casefold() for one in given]:
            raise InputError(
                f"{row.line.at(column)} is '{arm[:40]}', but case '{case_id}' was "
                f"treated in {', '.join(one.arm[:40] for one in given)}: give the day "
                f"of its treatment in '{arm[:40]}' in the column treated"
            )
    return given


def _require_arms(found: Mapping[str, Sequence[_Dated]], column: str) -> None:
    for case_id, given in found.items():
        for one in given:
            if not one.arm:
                raise InputError(
                    f"{_at(one)}: case '{case_id}' was treated on {one.day}, but no "
                    f"line has its {column}: fill in the column {column}, or write "
                    "all arms in the table of --treated"
                )


def _require_enrolled(
    cases: Mapping[str, Sequence[Row]],
    found: Mapping[str, Sequence[_Dated]],
    roster: Roster,
) -> None:
    lines = {case_id: given[0].line for case_id, given in found.items() if given}
    lines |= {case_id: rows[0].line for case_id, rows in cases.items()}
    for case_id, line in lines.items():
        if case_id not in roster.arms:
            raise InputError(
                f"{line.at('case_id')}: '{case_id}' is not in {roster.file}: add the "
                "case to the roster with its arm, or leave its lines out"
            )


def _by_roster(
    found: Mapping[str, list[_Dated]], roster: Roster
) -> dict[str, list[_Dated]]:
    """Treatments in the arm of the roster, where the tables have no arms at all."""
    if any(one.arm for given in found.values() for one in given):
        return dict(found)
    several = [case for case, given in found.items() if given]
    for case_id in several:
        arms = roster.arms[case_id]
        if len(arms) > 1:
            raise InputError(
                f"{roster.lines[case_id].at(roster.column)}: '{case_id}' was allocated "
                f"to {', '.join(arms)}, but its treatments have no arm: give them with "
                "--treated and a column arm"
            )
    return {
        case_id: [replace(one, arm=roster.arms[case_id][0]) for one in given]
        for case_id, given in found.items()
    }


def _spelled(
    found: Mapping[str, list[_Dated]], roster: Roster | None
) -> dict[str, list[_Dated]]:
    """Arms as they are spelled first: in the roster, where there is one."""
    spelling: dict[str, str] = {}
    if roster is not None:
        for arm in (arm for arms in roster.arms.values() for arm in arms):
            spelling.setdefault(arm.casefold(), arm)
    for one in (one for given in found.values() for one in given):
        if roster is not None and one.arm and one.arm.casefold() not in spelling:
            near = nearest_name(one.arm.casefold(), spelling)
            column = arm_column(one.line)
            raise InputError(
                f"{one.line.at(column)}: no case of {roster.file} was allocated to "
                f"'{one.arm[:40]}': "
                + (
                    f"was '{spelling[near]}' meant?"
                    if near
                    else f"its arms are {', '.join(spelling.values())}; write a case "
                    "that was allocated to two arms as A|B"
                )
            )
        spelling.setdefault(one.arm.casefold(), one.arm)
    return {
        case_id: [replace(one, arm=spelling[one.arm.casefold()]) for one in given]
        for case_id, given in found.items()
    }


def _study(
    found: Mapping[str, Sequence[_Dated]], roster: Roster | None
) -> Study | None:
    """Cases by arm; an arm that comes earlier in a course comes first."""
    courses = {
        case_id: list(dict.fromkeys(one.arm for one in given if one.arm))
        for case_id, given in found.items()
    }
    if not any(courses.values()):
        if roster is not None:
            raise InputError(
                f"{roster.file} was given, but no case has a day of treatment: give "
                "the days with --treated"
            )
        return None
    spelled = {arm.casefold(): arm for own in courses.values() for arm in own}
    planned = {
        case_id: [spelled.setdefault(arm.casefold(), arm) for arm in arms]
        for case_id, arms in ({} if roster is None else roster.arms).items()
    }
    place: dict[str, int] = {}
    for own in (*courses.values(), *planned.values()):
        for n, arm in enumerate(own):
            place[arm] = min(n, place.get(arm, n))
    arms = sorted(place, key=lambda arm: (place[arm], arm.casefold()))

    def of(lists: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
        return {
            arm: frozenset(case for case, own in lists.items() if arm in own)
            for arm in arms
        }

    return Study(of(courses), None if roster is None else of(planned))
