"""Columns of tables that nothing reads: listed, and shown."""

from collections.abc import Mapping, Sequence
from typing import Any


def not_used_document(not_used: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """The columns that were not used, by the name of their file.

    >>> not_used_document({"labs.csv": ["ward"], "days.csv": []})
    [{'file': 'labs.csv', 'columns': ['ward']}]
    """
    return [
        {"file": file, "columns": list(columns)}
        for file, columns in not_used.items()
        if columns
    ]


def not_used_lines(document: Mapping[str, Any]) -> list[str]:
    """What a terminal shows of them, below an empty line."""
    lines = [
        f"Columns of {one['file']} that were not used: {', '.join(one['columns'])}"
        for one in document["columns_not_used"]
    ]
    return ["", *lines] if lines else []
