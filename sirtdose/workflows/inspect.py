"""Say what is in a folder."""

from pathlib import Path
from typing import TYPE_CHECKING

from sirtdose.errors import InputError

if TYPE_CHECKING:
    from sirtdose.io.choose import Choice
    from sirtdose.io.inspection import Inspection
    from sirtdose.model.structure import Structure


def inspect_folder(source: Path) -> "Inspection":
    """Look at every header of a folder or zip, and read what would be used."""
    from sirtdose.io.archive import opened
    from sirtdose.io.choose import choose
    from sirtdose.io.discover import discover
    from sirtdose.io.inspection import Inspection

    with opened(source) as folder:
        found = tuple(discover(folder))
        try:
            choice = choose(found)
        except InputError as error:
            return Inspection(folder, found, problem=str(error))
        unusable, structures = _tried(choice)
        return Inspection(
            folder, found, choice, unusable=unusable, structures=structures
        )


def names_its_patient(folder: Path) -> bool:
    """Whether a folder's own name holds the name or ID in the first DICOM below it.

    Raises
    ------
    FileFormatError
        That file is damaged.
    """
    from sirtdose.io.dicom_link import read_patient
    from sirtdose.io.discover import first_dicom

    path = first_dicom(folder)
    return path is not None and read_patient(path).names(folder.name)


def _tried(choice: "Choice") -> "tuple[tuple[str, ...], tuple[Structure, ...]]":
    """Why something chosen cannot be read after all, and the structures that can."""
    from sirtdose.io.read import read_found_image, read_found_structures

    unusable: list[str] = []
    structures: list[Structure] = []
    for item in (choice.image, choice.ct):
        if item is not None:
            try:
                read_found_image(item)
            except InputError as error:
                unusable.append(str(error))
    for item in choice.structures:
        try:
            structures += read_found_structures(item)
        except InputError as error:
            unusable.append(str(error))
    return tuple(unusable), tuple(structures)
