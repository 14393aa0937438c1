"""Say what is in a folder."""

from collections.abc import Sequence
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice, Inspection, choose, unused
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import first_dicom, survey
from sirtdose.io.read import read_found_image, read_found_structures
from sirtdose.model.structure import Structure


def inspect_folder(source: Path, *, languages: Sequence[str] = ()) -> Inspection:
    """Look at every header of a folder or zip, and read what would be used.

    Names of structures are read in some `languages`, as ``("en", "nl")``, or in all.
    """
    with opened(source) as folder:
        found, passed = survey(folder)
        try:
            choice = choose(found)
        except InputError as error:
            return Inspection(
                folder,
                tuple(found),
                problem=str(error),
                unused=unused([], passed, None),
            )
        unusable, structures, noticed = _tried(choice, languages)
        return Inspection(
            folder,
            tuple(found),
            choice,
            unusable=tuple(unusable),
            structures=tuple(structures),
            unused=unused(found, passed, choice),
            noticed=tuple(noticed),
        )


def names_its_patient(folder: Path) -> bool:
    """Whether a folder's own name holds the name or ID in the first DICOM below it.

    Raises
    ------
    FileFormatError
        That file is damaged.
    """
    path = first_dicom(folder)
    return path is not None and read_patient(path).names(folder.name)


def _tried(
    choice: Choice, languages: Sequence[str]
) -> tuple[list[str], list[Structure], list[str]]:
    """Why something cannot be read, the structures, and what images' headers say."""
    unusable: list[str] = []
    structures: list[Structure] = []
    noticed: list[str] = []
    for item in (choice.image, choice.ct):
        if item is not None:
            try:
                source = read_found_image(item).source
            except InputError as error:
                unusable.append(str(error))
                continue
            if source is not None:
                said = [*source.remarks, *(one.said for one in source.doubts)]
                noticed.extend(f"{item.label}: {one}" for one in said)
    for item in choice.structures:
        try:
            structures.extend(read_found_structures(item, languages=languages))
        except InputError as error:
            unusable.append(str(error))
    return unusable, structures, noticed
