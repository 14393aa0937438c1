"""Say what is in a folder."""

from pathlib import Path
from typing import NamedTuple

from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Choice, Inspection, choose, unused
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import first_dicom, survey
from sirtdose.io.read import read_found_image, read_found_structures
from sirtdose.model.structure import Structure


def inspect_folder(source: Path) -> Inspection:
    """Look at every header of a folder or zip, and read what would be used."""
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
        tried = _tried(choice)
        return Inspection(
            folder,
            tuple(found),
            choice,
            unusable=tuple(tried.unusable),
            structures=tuple(tried.structures),
            unused=unused(found, passed, choice),
            noticed=tuple(tried.noticed),
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


class _Tried(NamedTuple):
    """Why something cannot be read, the structures, and what images' headers say."""

    unusable: list[str]
    structures: list[Structure]
    noticed: list[str]


def _tried(choice: Choice) -> _Tried:
    """Read what is chosen."""
    tried = _Tried([], [], [])
    for item in (choice.image, choice.ct):
        if item is not None:
            try:
                source = read_found_image(item).source
            except InputError as error:
                tried.unusable.append(str(error))
                continue
            if source is not None:
                said = [*source.remarks, *(one.said for one in source.doubts)]
                tried.noticed.extend(f"{item.label}: {one}" for one in said)
    for item in choice.structures:
        try:
            tried.structures.extend(read_found_structures(item))
        except InputError as error:
            tried.unusable.append(str(error))
    return tried
