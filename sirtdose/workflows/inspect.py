"""Say what is in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import InputError

if TYPE_CHECKING:
    from sirtdose.io.inspection import Inspection


def inspect_folder(source: Path) -> "Inspection":
    """Look at every header of a folder, a zip or a file."""
    from sirtdose.io.archive import opened
    from sirtdose.io.choose import choose
    from sirtdose.io.discover import discover
    from sirtdose.io.inspection import Inspection

    with opened(source) as folder:
        found = tuple(discover(folder))
        try:
            return Inspection(folder, found, choose(found))
        except InputError as error:
            return Inspection(folder, found, problem=str(error))
