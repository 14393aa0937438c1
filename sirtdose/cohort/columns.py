"""What columns of a cohort hold: doses, codes of outcomes, and covariates.

Which column is the dose that an outcome is compared with is never guessed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sirtdose.cohort.join import Level
from sirtdose.cohort.request import CohortRequest
from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line
from sirtdose.model.grade_column import is_grade
from sirtdose.model.role import Role, told_by_name
from sirtdose.model.role_words import words_in

_CATEGORIES_MAX = 8
RESPONSES = (
    *("CR", "PR", "SD", "PD", "non-CR/non-PD"),
    *("CMR", "PMR", "SMD", "PMD"),
)
_NOT_EVALUABLE = ("ne", "not evaluable")
_SEEN = ("dead", "died", "death", "progressed", "progression", "event")
_NOT_SEEN = ("alive", "censored", "lost", "no event")
_UNITS = ("days", "weeks", "months", "years")
_USUAL = {
    ("tumor", "patient"): "tumors_mean_gy",
    ("tumor", "lesion"): "mean_gy",
    ("liver", "patient"): "normal_whole_mean_gy",
}
_ROLES = {
    Role.TUMOR: "tumor",
    Role.LIVER: "liver",
    Role.NORMAL_GIVEN: "liver",
}
# What a column's name says of its number, not of whose it is.
_OF_DOSE = re.compile(r"(?<![a-z])(gy|dose|absorbed|mean|avg|average)(?![a-z])")
# Biologically effective doses are no absorbed ones; "tumor_bed" may be either.
_EFFECTIVE = re.compile(r"(?<![a-z])(bed|eqd ?2?|eud)(?![a-z])")


@dataclass(frozen=True)
class Covariate:
    """A column, and its categories in their order; none where it holds numbers.

    The first category is the one that others are compared with. `failed` says why
    nothing can be compared by it.
    """

    column: str
    categories: tuple[str, ...] = ()
    failed: str = ""

    def of(self, level: Level) -> list[float | str | None]:
        """Read its values, None where missing."""
        if self.failed:
            return [one or None for one in level.column(self.column, Line.text)]
        if self.categories:
            spelled = {one.casefold(): one for one in self.categories}
            return [
                spelled[one.casefold()] if one else None
                for one in level.column(self.column, Line.text)
            ]
        return list(level.column(self.column, Line.number))

    def among(self, values: Sequence[float | str]) -> "Covariate | None":
        """The same with the categories that are left, None where one is."""
        if not self.categories:
            return self
        left = tuple(one for one in self.categories if one in values)
        return replace(self, categories=left) if len(left) > 1 else None

    def coded(self, values: Sequence[float | str]) -> dict[str, list[float]]:
        """Columns of numbers for a model: 0 and 1 for each category but the first."""
        if not self.categories:
            return {self.column: [float(one) for one in values]}
        first, *others = self.categories
        return {
            f"{self.column}: {one} (against {first})": [
                float(value == one) for value in values
            ]
            for one in others
        }


def covariate(level: Level, column: str) -> Covariate:
    """Tell whether a column holds numbers or categories.

    A column is of numbers where any cell is one, and another cell in it is then
    refused; 0 and 1 alone are categories. One with nothing in it, one value, or more
    categories than can be compared is not compared, and says so.

    Raises
    ------
    InputError
        No such column, or a cell that is no number among numbers.
    """
    cells = [one for one in level.column(column, Line.text) if one]
    if not cells:
        return Covariate(column, failed=f"'{column}' is empty for every {level.name}")
    if set(cells) != {"0", "1"} and any(_is_number(one) for one in cells):
        level.column(column, Line.number)
        return Covariate(column)
    categories = tuple(
        sorted(set(cells), key=lambda one: (one.casefold() != "no", one))
    )
    if not 1 < len(categories) <= _CATEGORIES_MAX:
        said = "one value" if len(categories) == 1 else f"{len(categories)} categories"
        return Covariate(
            column,
            failed=f"'{column}' has {said} for {len(cells)} {level.name}s, but 2 to "
            f"{_CATEGORIES_MAX} categories can be compared",
        )
    return Covariate(column, categories)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def event_of(
    line: Line, column: str, *, yes: tuple[str, ...], toxic_from: int = 3
) -> bool | None:
    """Whether an outcome is a yes: None where it is missing or not evaluable.

    A column that ends in ``_grade`` holds grades 0 to 5; any other yes or no, or
    responses, of which those in `yes` count.

    Raises
    ------
    InputError
        A code that is not known, with its line and column.
    """
    cell = line.text(column)
    if not cell or cell.casefold() in _NOT_EVALUABLE:
        return None
    if is_grade(column):
        if not re.fullmatch("[0-5]", cell):
            raise InputError(
                f"{line.at(column)}: '{cell[:40]}' is not a grade: write 0 to 5, or "
                "leave the cell empty"
            )
        return int(cell) >= toxic_from
    for response in RESPONSES:
        if cell.casefold() == response.casefold():
            return response in yes
    return _yes_or_no(line, column, f"{', '.join(RESPONSES)}, NE, ")


def outcomes_of(
    level: Level, request: CohortRequest, columns: Sequence[str]
) -> dict[str, list[bool | None]]:
    """Whether each row has the outcome of each column."""
    return {
        one: level.column(
            one,
            lambda line, name: event_of(
                line, name, yes=request.responders, toxic_from=request.toxic_from
            ),
        )
        for one in columns
    }


def any_of(outcomes: dict[str, list[bool | None]]) -> list[bool | None]:
    """Whether each row has any of them: None where none is there and one is missing.

    >>> any_of({"ast": [True, False, False], "ascites": [None, None, False]})
    [True, None, False]
    """
    return [
        True if any(row) else None if None in row else False
        for row in zip(*outcomes.values(), strict=True)
    ]


def seen_of(line: Line, column: str) -> bool | None:
    """Whether the event of a time was seen (dead, 1) or not until then (alive, 0)."""
    cell = line.text(column).casefold()
    return (
        cell in _SEEN
        if cell in (*_SEEN, *_NOT_SEEN)
        else _yes_or_no(line, column, "dead, alive, ")
    )


def _yes_or_no(line: Line, column: str, others: str) -> bool | None:
    cell = line.text(column)
    try:
        return line.flag(column)
    except InputError:
        hint = (
            ": if the table uses 1 and 2, recode it to 1 for an event and 0 for none"
            if cell == "2"
            else ""
        )
        raise InputError(
            f"{line.at(column)}: the code '{cell[:40]}' is not known: use {others}yes, "
            f"no, 1 or 0{hint}"
        ) from None


def unit_of_time(column: str) -> str:
    """Read the unit of a column of times off its name.

    >>> unit_of_time("survival_months")
    'months'
    """
    unit = column.rpartition("_")[2]
    if unit not in _UNITS:
        raise InputError(
            f"the unit of the times in column '{column}' is not known: let its name "
            f"end in _{', _'.join(_UNITS)}"
        )
    return unit


def dose_column(level: Level, request: CohortRequest, dosed: str) -> str:
    """The column named, the usual one of a batch, or the only one whose name says so.

    Parameters
    ----------
    level : Level
    request : CohortRequest
    dosed : {"tumor", "liver"}
        Whose dose is needed.

    Raises
    ------
    InputError
        No column is named, and no name of a column, or more than one, says whose dose
        it holds.
    """
    option, named = {
        ("tumor", "patient"): ("--dose", request.dose),
        ("tumor", "lesion"): ("--lesion-dose", request.lesion_dose),
        ("liver", "patient"): ("--liver-dose", request.liver_dose),
    }[(dosed, level.name)]
    if named is not None:
        return named
    usual = _USUAL[(dosed, level.name)]
    if level.has(usual):
        return usual
    doses = [one for own in level.tables for one in own if one.endswith("_gy")]
    # In a table by lesion a dose is the lesion's, unless its name says another's.
    telling = [
        one
        for one in doses
        if says(one, dosed) or (level.name == "lesion" and _said(one) in ("", "tumor"))
    ]
    if len(telling) == 1:
        return telling[0]
    if telling:
        found = f"{_listed(telling)} could each be meant"
    elif doses:
        found = f"the names {_listed(doses)} do not tell which is the {dosed}'s"
    else:
        found = "no column's name ends in _gy"
    # Advice is no guess either: another organ's dose is never an example.
    fitting = telling or [one for one in doses if _said(one) in ("", dosed)]
    advice = (
        f"name it with {option}, such as {option} {fitting[0]}"
        if fitting
        else f"add such a column, or name the one that holds it with {option}"
    )
    raise InputError(
        f"which column holds the {dosed} dose by {level.name}? There is no '{usual}', "
        f"and {found}: {advice}"
    )


def says(column: str, dosed: str) -> bool:
    """Whether a column's name says whose dose it holds, and nobody else's.

    Examples
    --------
    >>> says("tumor_gy", "tumor"), says("tumor_gy", "liver"), says("dose_gy", "tumor")
    (True, False, False)
    >>> says("normal_liver_mean_gy", "liver"), says("liver_tumor_gy", "liver")
    (True, False)
    >>> says("non_tumor_gy", "tumor"), says("tumor_bed_gy", "tumor")
    (False, False)
    """
    return _said(column) == dosed


def _said(column: str) -> str:
    """Whose dose a column's name tells, as it tells a structure's role."""
    words = words_in()
    text = _OF_DOSE.sub(" ", words.spelled(column))
    if _EFFECTIVE.search(text) or words.has(text, "perfused"):
        return "another"
    told = told_by_name(text.strip())
    if told.silent:
        return ""
    both = (
        told.role is Role.NORMAL_GIVEN
        and words.has(text, "tumor")
        and not words.finds("without", text)
    )
    return "another" if both or told.too_little else _ROLES.get(told.role, "another")


def _listed(columns: list[str]) -> str:
    return ", ".join(f"'{one}'" for one in columns)
