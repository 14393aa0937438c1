"""Bring the structures of a treatment onto its image, and check them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sirtdose.checks import structures as checks
from sirtdose.checks.anatomy import anatomy_findings
from sirtdose.checks.blur import regrid_findings
from sirtdose.checks.candidates import (
    accepted_findings,
    candidate_findings,
    rest_findings,
)
from sirtdose.checks.lesion_parts import part_findings
from sirtdose.checks.roles import (
    missing_findings,
    no_tumor_findings,
    role_findings,
)
from sirtdose.dosimetry.derived import (
    derived_structures,
    tumors_together,
    union,
    with_parts_beside,
    with_role,
)
from sirtdose.dosimetry.grid.resample import (
    covered_fraction,
    occupancy_on,
    on_one_lattice,
)
from sirtdose.dosimetry.image.segmentation import candidates
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import GeometryError, InputError, StructureError
from sirtdose.io.choose import Choice
from sirtdose.io.found import Held
from sirtdose.io.hashing import sha256_of_item
from sirtdose.io.read import read_found_structures
from sirtdose.model.acceptance import Said, require_accepted
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.request import ImageRequest
from sirtdose.model.role import PERFUSED_REST, Role
from sirtdose.model.structure import Structure, given_roles, with_given_roles
from sirtdose.model.volume import Volume
from sirtdose.workflows.image.grid import on_dose_grid
from sirtdose.workflows.image.registration import registered


def placed_structures(
    choice: Choice,
    request: ImageRequest,
    *,
    image: Volume,
    ct: Volume | None,
    for_doses: bool = True,
    nameless: bool = False,
    may_name_readers: bool = False,
) -> tuple[Placed, list[Finding]]:
    """Read structures, and bring them and the image to the dose grid.

    What is tumor and what is not is asked `for_doses` only: a lung shunt is the same
    either way. Where results are to be `nameless`, nobody who accepted is named. Files
    that hold the same names `may_name_readers`.

    Raises
    ------
    InputError
        Structures that cannot be read or placed; SafetyStop where nothing could be
        computed of them (H19).
    """
    if choice.readers and not may_name_readers:
        raise InputError(
            "structures of named readers are compared by `sirtdose post` alone: give "
            "one reader's file here, without the name"
        )
    said = Said()
    volume = on_dose_grid(request, image, ct)
    read = read_drawn(choice, request)
    roles = given_roles(read, request.roles)
    read = with_given_roles(read, roles)
    drawn, registration = said.take(registered(request, read, image=image, ct=ct))
    said.add(candidate_findings(drawn))
    said.add(_accepted_findings(choice, drawn, nameless=nameless))
    drawn += said.take(delineated(request, drawn, volume))
    unshown = rest_findings(drawn)
    said.add(unshown if for_doses else [])
    drawn = with_parts_beside(drawn)
    _require_placeable(drawn, volume)
    several = may_name_readers and len(choice.structures) > 1
    said.add(
        checks.reading_findings(drawn, for_doses=for_doses, may_be_of_readers=several)
    )
    require_accepted(
        [one for one in said.findings if one.severity is Severity.STOP], ()
    )
    kept, on_grid, lungs_covered = said.take(_placed(drawn, volume))
    said.add(regrid_findings(image, volume, kept))
    combined = on_one_lattice(
        [s for s in kept if s.role in checks.NEEDED or s.role.excluded_from_liver]
    )
    derived = derived_structures(combined)
    if unshown:
        derived = [
            replace(one, name=PERFUSED_REST)
            if one.role is Role.NORMAL_PERFUSED
            else one
            for one in derived
        ]
    said.add(_anatomy_findings(kept, combined, derived))
    said.add(part_findings(kept) if for_doses else [])
    if for_doses:
        said.add(
            role_findings(on_grid, volume, given=roles, languages=request.languages)
        )
        said.add(no_tumor_findings(combined) if derived else [])
        said.add(missing_findings(kept))
    return Placed(
        image=volume,
        on_grid=(*on_grid, *(occupancy_on(one, volume.grid) for one in derived)),
        named=(*kept, *derived),
        regions=_regions(combined, volume, placed=zip(kept, on_grid, strict=True)),
        drawn=tuple(combined),
        lungs=tuple(with_role(kept, Role.LUNGS)),
        lungs_covered=lungs_covered,
        ct=ct,
        registration=registration,
    ), list(said.findings)


def with_tumors_together(placed: Placed, *, of_one: bool = False) -> Placed:
    """With all tumors of the liver as one more row, where there are several."""
    together = tumors_together(placed.drawn, of_one=of_one)
    if together is None:
        return placed
    on_grid = occupancy_on(together, placed.image.grid)
    return replace(
        placed,
        on_grid=(*placed.on_grid, on_grid),
        named=(*placed.named, together),
    )


def _accepted_findings(
    choice: Choice, drawn: Sequence[Structure], *, nameless: bool
) -> list[Finding]:
    """Who accepted what, and on which image it was found (H35)."""
    here = [one for one in (choice.image, choice.ct) if one]
    # Of what is held in memory there is no file to compare.
    asked = any(one.accepted for one in drawn) and not any(
        isinstance(one, Held) for one in here
    )
    return accepted_findings(
        drawn,
        nameless=nameless,
        images=[sha256_of_item(one) for one in here] if asked else (),
    )


def read_drawn(choice: Choice, request: ImageRequest) -> list[Structure]:
    """Structures as they were drawn, wherever that was."""
    return [
        structure
        for item in choice.structures
        for structure in read_found_structures(
            item,
            probability_threshold=request.probability_threshold,
            languages=request.languages,
        )
    ]


def _require_placeable(drawn: Sequence[Structure], volume: Volume) -> None:
    """What cannot be placed at all stops before anybody is asked about roles."""
    for one in drawn:
        if one.role in checks.NEEDED and not one.empty:
            volume.grid.require_frame(one.grid, what=f"structure '{one.name}'")


def _anatomy_findings(
    kept: Sequence[Structure],
    combined: Sequence[Structure],
    derived: Sequence[Structure],
) -> list[Finding]:
    """Volumes and places that no patient has (H06, H18, H19, H20, H23)."""
    return [
        *checks.volume_findings(combined),
        *checks.lung_volume_findings(kept),
        *anatomy_findings(kept),
        *checks.normal_findings([*kept, *derived]),
    ]


def _regions(
    combined: Sequence[Structure],
    volume: Volume,
    *,
    placed: Iterable[tuple[Structure, Structure]],
) -> dict[str, Structure]:
    """The whole perfused volume and liver on the dose grid."""
    # The union of one is that one, whose place is known.
    known = {id(one): on_grid for one, on_grid in placed}
    wholes = {
        str(role): union(members)
        for role in (Role.PERFUSED, Role.LIVER)
        if (members := with_role(combined, role))
    }
    return {
        role: known.get(id(whole)) or occupancy_on(whole, volume.grid)
        for role, whole in wholes.items()
    }


def _placed(
    drawn: Sequence[Structure], volume: Volume
) -> tuple[tuple[list[Structure], list[Structure], float], list[Finding]]:
    """Structures inside the image, as drawn and on its grid, and lungs in view."""
    grid = volume.grid
    kept, on_grid, lungs = [], [], []
    findings: list[Finding] = []
    for structure in (s for s in drawn if not s.empty):
        try:
            placed = occupancy_on(structure, grid)
        except (StructureError, GeometryError) as error:
            if structure.role in checks.NEEDED:
                raise type(error)(f"{error}{_where_image_is(volume)}") from None
            findings += checks.misplaced_findings(error)
            continue
        kept.append(structure)
        on_grid.append(placed)
        covered = covered_fraction(structure, grid)
        findings += checks.coverage_findings(structure, covered)
        if structure.role is Role.LUNGS:
            lungs.append(covered)
    if not kept:
        raise StructureError(
            "no structure lies inside the image: do they belong to another patient or "
            "scan?"
        )
    return (kept, on_grid, min(lungs, default=0.0)), findings


def _where_image_is(volume: Volume) -> str:
    """What is odd about the image's own place, where structures miss it."""
    remarks = volume.source.remarks if volume.source else ()
    return "".join(f"; of the image: {remark}" for remark in remarks)


def delineated(
    request: ImageRequest,
    drawn: Sequence[Structure],
    volume: Volume,
) -> tuple[list[Structure], list[Finding]]:
    """Perfused volume and tumors by threshold, where that was asked for.

    Raises
    ------
    InputError
        They are drawn already, or there is nothing to look for tumors in.
    """
    found: list[Structure] = []
    for asked in request.segmentations:
        within = None
        if asked.find == "perfused":
            _require_undrawn(drawn, Role.PERFUSED, "--segment-perfused")
        else:
            _require_undrawn(drawn, Role.TUMOR, "--segment-tumors")
            within = searched_in([*drawn, *found], volume)
            if within is None:
                raise InputError(
                    "tumors are segmented inside a liver or a perfused volume: draw "
                    "one, or give --segment-perfused"
                )
        taken = [one.name for one in (*drawn, *found)]
        found += [
            one.structure for one in candidates(volume, within, asked, taken=taken)
        ]
    return found, candidate_findings(found, drawn=False)


def _require_undrawn(drawn: Sequence[Structure], role: Role, option: str) -> None:
    there = with_role(drawn, role)
    if there:
        raise InputError(
            f"{role.in_words} is already drawn ('{there[0].name}'): leave {option} out"
        )


def searched_in(drawn: Sequence[Structure], volume: Volume) -> Structure | None:
    """The liver, else the perfused volume, on the image's grid: where tumors are."""
    for role in (Role.LIVER, Role.PERFUSED):
        there = with_role(drawn, role)
        if there:
            return occupancy_on(union(on_one_lattice(there)), volume.grid)
    return None
