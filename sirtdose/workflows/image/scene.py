"""Read what an image workflow works on: one patient's image, CT and densities."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sirtdose.checks.folder import damaged_findings, names_findings, unshown_ct_findings
from sirtdose.checks.header import remark_findings
from sirtdose.checks.transforms import image_shift_findings
from sirtdose.dosimetry.grid.resample import overlap
from sirtdose.errors import GeometryError, InputError, SafetyStop
from sirtdose.io.choose import Choice, choose, lies_in, unused, unused_lines
from sirtdose.io.discover import discover, survey
from sirtdose.io.found import (
    STRUCTURES,
    Found,
    Kind,
    Passed,
    names_in,
    patients_in,
)
from sirtdose.io.hashing import sha256_of_item
from sirtdose.io.read import read_found_image
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.reader import reader_words, require_readers
from sirtdose.model.request import DoseRequest, ImageRequest
from sirtdose.model.volume import Quantity, Volume

Moved: TypeAlias = tuple[Volume, list[Finding]]
_BARE = "structures: none are read (--no-structures)"
_OptionalPath = TypeVar("_OptionalPath", Path, Path | None)


def chosen(
    request: ImageRequest,
    elsewhere: Iterable[object],
    *,
    bare: bool = False,
    undrawn: bool = False,
    enhanced: bool = False,
) -> tuple[Choice, list[Finding]]:
    """Pick image, CT and structures of one patient (H01, H17).

    What other options name, `elsewhere`, is used for what they say. A `bare` scan has
    no structures, whatever else is there; an `undrawn` one may have none. Where it may
    be `enhanced`, a PET with all slices in one file is one too.

    Raises
    ------
    InputError
        Nothing to pick, several candidates, or files of two patients.
    """
    found, passed = survey(request.source)
    if enhanced:
        found = [
            replace(one, kind=Kind.PET, remark="") if one.enhanced_pet else one
            for one in found
        ]
    others = _named_elsewhere(request, elsewhere)
    require_readers(request.readers)
    choice = choose(
        [one for one in found if not bare or one.kind not in STRUCTURES],
        image=_inside(request.source, request.image),
        gates=[_inside(request.source, path) for path in request.gates],
        ct=_inside(request.source, request.ct),
        structures=[_inside(request.source, path) for path in request.structures],
        readers={
            name: _inside(request.source, path)
            for name, path in request.readers.items()
        },
        without_structures=bare or undrawn or bool(request.segmentations),
        elsewhere=others,
    )
    if bare:
        choice = replace(choice, reasons=(*choice.reasons[:-1], _BARE))
    _require_patient_of_readers(choice)
    findings = one_patient_findings(choice.items)
    choice, said = _with_unused(choice, found, passed, others=others)
    return choice, findings + said


def _with_unused(
    choice: Choice,
    found: Sequence[Found],
    passed: Sequence[Passed],
    *,
    others: set[Path],
) -> tuple[Choice, list[Finding]]:
    """Name what of the folder is not used, and why; warn of what is damaged (H17)."""
    there = [one.path for one in passed] + [path for f in found for path in f.paths]
    inputs = [path for path in there if lies_in(path, others)]
    damaged = unused(
        [item for item in found if item.kind is Kind.OTHER and item.unread],
        [one for one in passed if one.broken],
        choice,
        inputs,
    )
    lines = unused_lines(unused(found, passed, choice, inputs))
    said = unused_lines(damaged)
    return replace(choice, reasons=(*choice.reasons, *lines)), damaged_findings(said)


def activity_image(
    choice: Choice,
    *,
    in_bq_per_ml: bool = False,
    header_nuclide_was: str | None = None,
    nuclide: Nuclide | None = None,
) -> Volume:
    """The image; `in_bq_per_ml` is what a file that cannot say it holds.

    Its header and decay correction are read for the `nuclide`, Y-90 where not given.
    """
    if header_nuclide_was is not None and choice.image.kind is not Kind.PET:
        raise InputError(
            "--header-nuclide-was corrects a PET scanner's decay correction, but "
            f"{choice.image.label} is {choice.image.kind}: leave it out"
        )
    wanted = nuclide or Nuclide.named("Y-90")
    if header_nuclide_was is not None and wanted.positrons_per_decay is None:
        raise InputError(
            "--header-nuclide-was applies the decay of Y-90, but doses are for "
            f"{wanted.name}, which has no known positrons: leave it out, or give "
            "--nuclide Y-90"
        )
    return read_found_image(
        choice.image,
        quantity=Quantity.ACTIVITY_CONCENTRATION if in_bq_per_ml else Quantity.COUNTS,
        header_nuclide_was=header_nuclide_was,
        nuclide=wanted,
    )


def moved_as_asked(image: Volume, request: ImageRequest) -> Moved:
    """The image where it was asked to be, and what is said of that (H16)."""
    shift_mm = request.image_shift_mm
    if shift_mm is None:
        return image, []
    moved = replace(image, grid=image.grid.moved(shift_mm))
    return moved, image_shift_findings(shift_mm)


def ct_image(
    choice: Choice,
    volume: Volume,
    *,
    named: bool,
    needed: bool,
) -> tuple[Volume | None, list[Finding]]:
    """CT outside the image or in another frame of reference (H15); else the CT.

    One that was found but not named, and is not needed, is left out with a warning.
    """
    if choice.ct is None:
        several = [one for one in choice.reasons if one.startswith("CT: none")]
        if needed and several:
            raise InputError(f"a CT is needed; {several[0]}")
        return None, []
    if set(choice.ct.paths) & set(choice.image.paths):
        raise InputError(
            f"--ct {choice.ct.label} is the activity image itself: name a CT"
        )
    try:
        ct = read_found_image(choice.ct, quantity=Quantity.CT_NUMBER)
        volume.grid.require_frame(ct.grid, what="the CT")
        if not overlap(ct.grid, volume.grid):
            raise GeometryError(
                "the CT lies completely outside the image (H15): name another with --ct"
            )
    except InputError as error:
        if named or needed:
            raise
        return None, unshown_ct_findings(error)
    return ct, remark_findings("the CT", ct.source)


def require_map(request: ImageRequest, dose: DoseRequest) -> None:
    """Refuse before anything is read what could only be refused at the end."""
    images = [path.resolve() for path in (request.source, request.image) if path]
    if isinstance(dose.density, Path) and dose.density.resolve() in images:
        raise InputError(
            f"--density {dose.density.name} is the activity image itself: give an "
            "image of densities in g/mL"
        )
    if "collapsed-cone" in dose.used_methods and not dose.density_by_voxel:
        raise InputError(
            "--method collapsed-cone needs a density map: give --density ct or an "
            "image of densities; for a single density --method kernel is exact"
        )


def inputs_of(choice: Choice, *others: object) -> tuple[dict[str, Any], ...]:
    """What was used: name only, hash, series; of `others`, those that are paths."""
    named = [item for one in others if isinstance(one, Path) for item in discover(one)]
    return tuple(
        {
            "file": item.label,
            "files": len(item.paths),
            "kind": str(item.kind),
            "sha256": sha256_of_item(item),
            "series_instance_uid": item.series_instance_uid or None,
        }
        for item in (*choice.items, *named)
    )


def _named_elsewhere(request: ImageRequest, others: Iterable[object]) -> set[Path]:
    """Files and folders that options name for another use than the choice's."""
    paths = [
        one
        for one in (request.registration, request.drawn_on, *others)
        if isinstance(one, Path)
    ]
    named = {_inside(request.source, path).resolve() for path in paths}
    # The folder of everything says nothing of one of its files.
    return {one for one in named if not request.source.resolve().is_relative_to(one)}


def _inside(folder: Path, path: _OptionalPath) -> _OptionalPath:
    """A path as given, or as the name of something in the folder."""
    if path is not None and not path.exists() and (folder / path).exists():
        return folder / path
    return path


def _require_patient_of_readers(choice: Choice) -> None:
    """A reader's structures of another patient than the image (H01)."""
    for name, item in choice.readers:
        if patients_in([choice.image, item]) > 1:
            raise SafetyStop(
                f"the structures of {reader_words(name)} ({item.label}) are of another "
                f"patient than {choice.image.label} (H01: PatientID, name, birth date "
                "and sex differ): give that reader's structures of this patient"
            )


def one_patient_findings(
    items: Sequence[Found | None], *, severity: Severity = Severity.ASK
) -> list[Finding]:
    """Files of more than one patient, or with several spellings of the name (H01).

    Raises
    ------
    SafetyStop
        They are of two people.
    """
    known = [item for item in items if item is not None]
    people = patients_in(known)
    if people > 1:
        raise SafetyStop(
            f"the files belong to {people} patients (H01: PatientID, name, birth date "
            "and sex differ): give the files of one patient"
        )
    return names_findings(names_in(known), severity=severity)
