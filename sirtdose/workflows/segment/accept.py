"""Accept candidates of a review by a person's name, one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sirtdose.dosimetry.grid.resample import occupancy_on
from sirtdose.errors import InputError
from sirtdose.io.archive import opened
from sirtdose.io.dicom.link import read_link
from sirtdose.io.dicom.seg import read_seg
from sirtdose.io.dicom.write_structures import write_seg
from sirtdose.io.discover import discover
from sirtdose.io.found import STRUCTURES, Found, Kind
from sirtdose.io.hashing import sha256_of, sha256_of_item, sha256_of_voxels
from sirtdose.io.output.folder import output_folder
from sirtdose.io.place import find_place
from sirtdose.model.accepted import Accepted, short, without_mark
from sirtdose.model.grid import Grid, three
from sirtdose.model.names import person_named
from sirtdose.model.patient_link import PatientLink
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.report.documents import document_text, rounded
from sirtdose.report.review.accepted import (
    ACCEPTED_FILE,
    ACCEPTED_FILES,
    ACCEPTED_SEG,
    Lesion,
    accepted_document,
    step_folder,
    step_folders,
)
from sirtdose.report.review.document import CANDIDATES_FILE
from sirtdose.report.review.read import accepted_steps, read_review
from sirtdose.workflows.segment.edited import Edits, read_edits
from sirtdose.workflows.segment.fitting import require_apart, require_same_lesion


@dataclass(frozen=True)
class AcceptRequest:
    """Which candidates of a review who accepts, and when.

    `lesions` are numbers or names, `edit` a file with edited contours, `image` where
    the image is, if it is not where it was.
    """

    review: Path
    lesions: tuple[str, ...]
    by: str
    at: str
    edit: Path | None = None
    image: Path | None = None
    probability_threshold: float | None = None


@dataclass(frozen=True)
class Taken:
    """accepted.json, and the folder inside the review that it was written to.

    `source` is where the image is, `drawn` the files of structures there that the
    review was made with, `elsewhere` the names of others, `review` the review itself,
    `warnings` what it warned of these candidates.
    """

    document: dict[str, Any]
    place: Path
    source: Path
    drawn: tuple[Path, ...]
    elsewhere: tuple[str, ...]
    review: Mapping[str, Any]
    warnings: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class _Image:
    link: PatientLink
    source: Path
    drawn: tuple[Path, ...]
    elsewhere: tuple[str, ...]


def accept_into(request: AcceptRequest) -> Taken:
    """Write the accepted structures as SEG, with the record of who accepted them.

    Raises
    ------
    InputError
        The review or its image changed, a lesion that is not there or accepted
        already, or edited contours that do not fit.
    """
    by = person_named(request.by)
    review = read_review(request.review)
    if review["deidentified"]:
        raise InputError(
            "the review is de-identified, and what is accepted of it could not be used "
            "with its image: accept the review that names the patient"
        )
    earlier = accepted_steps(request.review, review)
    rows = chosen_rows(request.lesions, review["candidates"], earlier)
    place = _free_step(request.review, len(earlier))
    image = _unchanged_image(request, review)
    link = image.link
    seg = request.review / CANDIDATES_FILE
    lattice = _lattice(review, link)
    found = {one.name: _on(one, lattice) for one in read_seg(seg)}
    edits = None
    if request.edit is not None:
        edits = read_edits(request.edit, seg, threshold=request.probability_threshold)
    lesions = [
        _lesion(
            row,
            found[row["name"]],
            None
            if edits is None
            else _on(edits.of(found[row["name"]], lattice), lattice),
            request=request,
            review=review,
        )
        for row in rows
    ]
    before = _accepted_before(request.review, earlier, lattice)
    with output_folder(place, ACCEPTED_FILES) as aside:
        # In the order of their numbers, whenever they were accepted.
        order = [without_mark(one["name"]) for one in review["candidates"]]
        every = [*before, *(one.structure for one in lesions)]
        every.sort(key=lambda one: order.index(one.name))
        require_apart(every)
        write_seg(every, aside / ACCEPTED_SEG, link, on=lattice)
        document: dict[str, Any] = rounded(
            accepted_document(
                review,
                earlier,
                lesions,
                by=by,
                at=request.at,
                edited_from=None if edits is None else _told(edits, review),
                sha256=sha256_of([aside / ACCEPTED_SEG]),
            )
        )
        (aside / ACCEPTED_FILE).write_text(document_text(document), "utf-8")
    chosen = {row["name"] for row in rows}
    return Taken(
        document,
        place,
        image.source,
        image.drawn,
        image.elsewhere,
        review,
        tuple(one for one in review["warnings"] if one["subject"] in chosen),
    )


def _told(edits: Edits, review: Mapping[str, Any]) -> dict[str, Any]:
    """What of an edited file was read, and what in it is none of the review's."""
    names = {without_mark(one["name"]).casefold() for one in review["candidates"]}
    extra = [
        one
        for one in edits.structures
        if without_mark(one.name).casefold() not in names
    ]
    return {
        **edits.told,
        "not_used": [{"name": one.name, "volume_ml": one.volume_ml} for one in extra],
    }


def _free_step(review: Path, accepted: int) -> Path:
    """The folder of the next acceptance, with nothing of another in the way."""
    own = {step_folder(review, step) for step in range(1, accepted + 1)}
    other = [one for one in step_folders(review) if one not in own]
    if other:
        raise InputError(
            f"{other[0].name} in the review does not follow what was accepted before: "
            "put the folders before it back, or move it out of the review"
        )
    return step_folder(review, accepted + 1)


def chosen_rows(
    typed: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    earlier: Sequence[Mapping[str, Any]],
) -> list[Mapping[str, Any]]:
    """The candidates that numbers or names mean.

    Raises
    ------
    InputError
        One that is not there, is named twice, or was accepted before.

    Examples
    --------
    >>> rows = [{"number": 1, "name": "Tumor 1 (candidate)"},
    ...         {"number": 2, "name": "Tumor 2 (candidate)"}]
    >>> [one["number"] for one in chosen_rows(["2", "tumor 1"], rows, [])]
    [2, 1]
    """
    known = {
        key: row
        for row in rows
        for key in (
            str(row["number"]),
            row["name"].casefold(),
            without_mark(row["name"]).casefold(),
        )
    }
    chosen: list[Mapping[str, Any]] = []
    if not typed:
        raise InputError("name the candidates to accept, e.g. --lesion 1,3")
    before = {one["number"]: one for step in earlier for one in step["lesions"]}
    for text in typed:
        row = known.get(text.strip().casefold())
        if row is None:
            there = ", ".join(f"{one['number']} ({one['name']})" for one in rows)
            raise InputError(
                f"--lesion {text.strip()}: there is no such candidate in the review, "
                f"only {there}"
            )
        if row in chosen:
            raise InputError(f"--lesion names {row['name']} twice: name it once")
        if row["number"] in before:
            old = before[row["number"]]
            raise InputError(
                f"{row['name']} was accepted already, by {old['by']} at {old['at']} "
                f"(accepted-{old['step']}): leave it out, or make a new review with "
                "`sirtdose segment`"
            )
        chosen.append(row)
    return chosen


def _unchanged_image(request: AcceptRequest, review: Mapping[str, Any]) -> _Image:
    """Whose the image is, once it is sure that image and CT are what they were."""
    told = review["source"]
    source = request.image or find_place(
        told["place"], seen_from=request.review, salt=told["salt"]
    )
    if source is None:
        raise InputError(
            "the image of the review is not where it was: give --image with the folder "
            "or file that was segmented"
        )
    with opened(source) as here:
        there = discover(here)
        of_image, *others = (one for one in review["inputs"] if one["kind"] in _IMAGES)
        image = _same(of_image, there)
        cts = [_same(one, there) for one in others if _is_needed(review)]
        item = cts[0] if cts else image
        frame = next(iter(item.frames_of_reference), None)
        return _Image(
            read_link(item.paths, frame),
            source,
            *drawn_files(review, there, source=source, here=here),
        )


def drawn_files(
    review: Mapping[str, Any], there: Sequence[Found], *, source: Path, here: Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The files of structures that were used and lie there; names of others.

    Of what is `opened` from an archive, `post` knows a file by its name in it.
    """
    used = {
        one["sha256"]: one["file"]
        for one in review["inputs"]
        if one["kind"] in _DRAWN and one["file"] != review["options"].get("ct")
    }
    found = []
    for one in there:
        is_drawn = one.kind in (*STRUCTURES, Kind.IMAGE_FILE)
        digest = sha256_of_item(one) if is_drawn else ""
        if digest in used:
            del used[digest]
            found += [
                path if here == source else path.relative_to(here) for path in one.paths
            ]
    return tuple(found), tuple(used.values())


_IMAGES = (Kind.SPECT, Kind.PET, Kind.CT)
_DRAWN = (*STRUCTURES, Kind.IMAGE_FILE)


def _is_needed(review: Mapping[str, Any]) -> bool:
    """Whether the CT is what candidates were found on."""
    return bool(review["method"]["find"] == "liver")


def _same(told: Mapping[str, Any], there: Sequence[Found]) -> Found:
    """What of a folder has the digest that a review keeps."""
    alike = [one for one in there if one.kind == told["kind"]]
    for one in alike:
        if len(one.paths) == told["files"] and sha256_of_item(one) == told["sha256"]:
            return one
    what = "changed since" if alike else "is not there any more"
    raise InputError(
        f"the {told['kind']} {told['file']} {what} (H31): candidates were found on "
        "another image; run `sirtdose segment` again, or give --image with the folder "
        "that was segmented"
    )


def _found_on(review: Mapping[str, Any]) -> str:
    """The digest of the image, or of the CT, that candidates were found on."""
    kinds = (Kind.CT,) if _is_needed(review) else _IMAGES
    return str(next(one["sha256"] for one in review["inputs"] if one["kind"] in kinds))


def _lattice(review: Mapping[str, Any], link: PatientLink) -> Grid:
    told = review["lattice"]
    return Grid(
        three(told["shape"]), np.array(told["affine_mm"]), link.frame_of_reference_uid
    )


def _on(structure: Structure, lattice: Grid) -> Structure:
    """The structure on a lattice; masks stay masks."""
    placed = occupancy_on(structure, lattice)
    whole = np.rint(placed.occupancy)
    if np.abs(placed.occupancy - whole).max(initial=0.0) < 1e-6:
        return replace(placed, occupancy=whole.astype(bool))
    return placed


def _lesion(
    row: Mapping[str, Any],
    candidate: Structure,
    edited: Structure | None,
    *,
    request: AcceptRequest,
    review: Mapping[str, Any],
) -> Lesion:
    """A candidate as it is, or as it came back, with who accepts it."""
    used = edited or candidate
    digest = sha256_of_voxels(used)
    is_edited = digest != sha256_of_voxels(candidate)
    overlap = require_same_lesion(candidate, used)
    accepted = Accepted(
        by=person_named(request.by),
        at=request.at,
        review=short(review["hash"]),
        image=short(_found_on(review)),
        voxels=short(digest),
        edited=is_edited,
        how=" ".join(f"{review['method']['name']}: {row['how']}".split()),
        name=without_mark(row["name"]),
    )
    structure = Structure(
        without_mark(row["name"]),
        Role(row["role"]),
        used.occupancy,
        used.grid,
        accepted=accepted,
    )
    return Lesion(row, structure, is_edited, overlap if is_edited else None)


def _accepted_before(
    folder: Path, earlier: Sequence[Mapping[str, Any]], lattice: Grid
) -> list[Structure]:
    """The structures of the last step, with their roles as they were accepted."""
    if not earlier:
        return []
    roles = {one["name"]: Role(one["role"]) for one in earlier[-1]["lesions"]}
    path = step_folder(folder, len(earlier)) / ACCEPTED_SEG
    return [replace(_on(one, lattice), role=roles[one.name]) for one in read_seg(path)]
