"""Contours that come back from an editor, of this patient, image and lesion."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sirtdose.dosimetry.grid.resample import covered_fraction
from sirtdose.errors import GeometryError, InputError, SafetyStop, StructureError
from sirtdose.io.canvas import is_displaced, leaves_out
from sirtdose.io.discover import discover, require_there
from sirtdose.io.found import STRUCTURES, Found, Kind, patients_in
from sirtdose.io.hashing import sha256_of_item
from sirtdose.io.read import read_found_structures
from sirtdose.model.accepted import without_mark
from sirtdose.model.grid import Grid
from sirtdose.model.structure import Structure

# Voxels of an editor may end a little beyond those of the image.
_INSIDE = 0.999


@dataclass(frozen=True, eq=False)
class Edits:
    """The structures of an edited file, and what is told of it."""

    found: Found
    structures: tuple[Structure, ...]

    @property
    def told(self) -> Mapping[str, Any]:
        """Its name, kind and digest, and whether it says whose it is."""
        return {
            "file": self.found.label,
            "kind": str(self.found.kind),
            "sha256": sha256_of_item(self.found),
            # Another patient's is refused before.
            "patient": "same" if any(self.found.patient[:2]) else "not known",
        }

    def of(self, candidate: Structure, lattice: Grid) -> Structure:
        """The edited contours of a candidate, by its name.

        Raises
        ------
        InputError
            There are none, or they are in another frame of reference, reach out of the
            image, or lie on planes that cannot hold the candidate.
        """
        name = without_mark(candidate.name)
        alike = [
            one
            for one in self.structures
            if without_mark(one.name).casefold() == name.casefold()
        ]
        label = self.found.label
        if len(alike) != 1:
            there = ", ".join(f"'{one.name}'" for one in self.structures)
            count = "several structures" if alike else "no structure"
            raise InputError(
                f"{label} has {count} named '{name}', only {there}: edit "
                "candidates.dcm, and keep the names of its lesions"
                if not alike
                else f"{label} has {count} named '{name}': keep one of them"
            )
        [one] = alike
        if one.empty:
            raise StructureError(
                f"the edited '{name}' of {label} is empty: leave it out of --lesion, "
                "which does not accept it"
            )
        if not lattice.shares_frame(one.grid):
            raise GeometryError(
                f"the edited '{name}' of {label} is in another frame of reference "
                "(0020,0052) than the image that was segmented (H15): edit on that "
                "image or its CT"
            )
        if is_displaced(self.found, lattice):
            raise GeometryError(
                f"{label} has as many voxels as the image that was segmented, but with "
                "another spacing or at another place: its geometry was changed; edit "
                "on that image, and keep its voxels"
            )
        if leaves_out(self.found, candidate.cropped().grid):
            raise GeometryError(
                f"the grid of {label} does not contain all of '{name}' of the review: "
                "its contours may be cut off; edit on the image that was segmented"
            )
        inside = covered_fraction(one, lattice)
        if inside < _INSIDE:
            raise GeometryError(
                f"{1 - inside:.1%} of the edited '{name}' of {label} lies outside the "
                "image that was segmented: edit on that image"
            )
        return one


def read_edits(path: Path, review_seg: Path, *, threshold: float | None) -> Edits:
    """Read edited contours: any SEG, RTSTRUCT, .seg.nrrd, mask or label image.

    Raises
    ------
    InputError
        It is none, or of another patient than the review (H01).
    """
    require_there(path, "--edit")
    items = discover(path)
    kinds = (*STRUCTURES, Kind.IMAGE_FILE)
    if len(items) != 1 or items[0].kind not in kinds:
        raise InputError(
            f"--edit {path.name} is not one file of contours: give a SEG, RTSTRUCT, "
            ".seg.nrrd, mask or label image"
        )
    [own] = discover(review_seg)
    if patients_in([own, items[0]]) > 1:
        raise SafetyStop(
            f"{items[0].label} is of another patient than the review (H01: PatientID, "
            "name, birth date and sex differ): give the edited contours of this one"
        )
    found = read_found_structures(items[0], probability_threshold=threshold, apart=True)
    return Edits(items[0], tuple(found))
