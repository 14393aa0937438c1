"""Say what is in a folder."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.choose import Inspection, choose, unused
from sirtdose.io.dicom.link import read_patient
from sirtdose.io.discover import first_dicom, survey
from sirtdose.io.found import ACTIVITY_IMAGES, STRUCTURES, Found, Passed
from sirtdose.io.read import read_found_image, read_found_structures
from sirtdose.model.scan import ScanFacts
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity

_SCANNED = (Quantity.COUNTS, Quantity.ACTIVITY_CONCENTRATION)
_UNDRAWN = (
    "Structures: none found; draw them, or name their file for `sirtdose post` with "
    "--structures. `sirtdose post --no-structures` reads the scan alone"
)


def inspect_folder(source: Path, *, languages: Sequence[str] = ()) -> Inspection:
    """Look at every header of a folder or zip, and read what would be used.

    Names of structures are read in some `languages`, as ``("en", "nl")``, or in all.
    If nothing can be chosen, the images and structures to choose from are read.
    """
    with opened(source) as folder:
        found, passed = survey(folder)
        names = _told_apart(folder, found, passed)
        seen = Inspection(folder, tuple(found), names=names)
        try:
            choice = choose(found, without_structures=True)
        except InputError as error:
            seen = replace(
                seen, problem=str(error), unused=unused([], passed, None, names=names)
            )
            kinds = (*ACTIVITY_IMAGES, *STRUCTURES)
            return _tried(seen, [one for one in found if one.kind in kinds], languages)
        if not choice.structures:
            choice = replace(choice, reasons=(*choice.reasons[:-1], _UNDRAWN))
        seen = replace(
            seen, choice=choice, unused=unused(found, passed, choice, names=names)
        )
        return _tried(seen, choice.items, languages)


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
    seen: Inspection, items: Iterable[Found], languages: Sequence[str]
) -> Inspection:
    """With why an item cannot be read, the structures, and what images' headers say.

    Structures are listed once they are chosen.
    """
    unusable: list[tuple[Found, str]] = []
    structures: list[Structure] = []
    noticed: list[str] = []
    scans: list[tuple[Found, ScanFacts]] = []
    for item in items:
        try:
            if item.kind in STRUCTURES:
                drawn = read_found_structures(item, languages=languages)
                structures.extend(drawn if seen.choice else [])
                continue
            image = read_found_image(item)
        except InputError as error:
            unusable.append((item, str(error)))
            continue
        source = image.source
        if item.kind in ACTIVITY_IMAGES and image.quantity in _SCANNED:
            scans.append((item, ScanFacts.of(image)))
        if source is not None:
            said = [*source.remarks, *(one.said for one in source.doubts)]
            noticed.extend(f"{seen.name_of(item)}: {one}" for one in said)
    return replace(
        seen,
        unusable=tuple(unusable),
        structures=tuple(structures),
        noticed=tuple(noticed),
        scans=tuple(scans),
    )


def _told_apart(
    root: Path, found: Sequence[Found], passed: Sequence[Passed]
) -> dict[Path, str]:
    """Files of one name, with the folders that they are in.

    A folder named after its patient stays "...": `--paths` shows it.
    """
    paths = [one.paths[0] for one in found if len(one.paths) == 1]
    paths += [one.path for one in passed]
    of_a_name = Counter(path.name for path in paths)
    alike = [path for path in paths if of_a_name[path.name] > 1]
    if not alike:
        return {}
    whose = [read_patient(one.paths[0]) for one in found if any(one.patient)]
    return {
        path: "/".join(
            "..." if any(patient.names(part) for patient in whose) else part
            for part in path.relative_to(root).parts
        )
        for path in alike
    }
