"""Say what is in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import InputError

if TYPE_CHECKING:
    from sirtdose.io.choose import Choice
    from sirtdose.io.found import Found


def inspect_folder(source: Path) -> "tuple[list[Found], Choice | None, str]":
    """What is in a folder, what would be used, or why nothing can be chosen."""
    from sirtdose.io.archive import opened
    from sirtdose.io.choose import choose
    from sirtdose.io.discover import discover

    with opened(source) as folder:
        found = discover(folder)
    try:
        return found, choose(found), ""
    except InputError as error:
        return found, None, str(error)
