"""Covariates: columns of numbers, or of categories where not all are numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sirtdose.cohort.join import Level
from sirtdose.io.tables.csv import Line

_CATEGORIES_MAX = 8


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
            given = level.column(self.column, Line.text)
            return [spelled[one.casefold()] if one else None for one in given]
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
    words = [one for one in level.column(column, Line.text) if one]
    if not words:
        return Covariate(column, failed=f"'{column}' is empty for every {level.name}")
    if set(words) != {"0", "1"} and any(_is_number(one) for one in words):
        level.column(column, Line.number)
        return Covariate(column)
    categories = tuple(
        sorted(set(words), key=lambda one: (one.casefold() != "no", one))
    )
    if not 1 < len(categories) <= _CATEGORIES_MAX:
        said = "one value" if len(categories) == 1 else f"{len(categories)} categories"
        said = (
            f"'{column}' has {said} for {len(words)} {level.name}s: 2 to "
            f"{_CATEGORIES_MAX} can be compared"
        )
        return Covariate(column, failed=said)
    return Covariate(column, categories)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
