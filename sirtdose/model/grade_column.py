"""Which columns of a table hold grades, and not yes or no."""


def is_grade(column: str) -> bool:
    """Whether a column holds grades, by its name.

    >>> is_grade("worst_alt_grade"), is_grade("died")
    (True, False)
    """
    return column.endswith("_grade")
