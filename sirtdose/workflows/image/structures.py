"""Bring the structures of a treatment onto its image, and check them."""

from collections.abc import Iterable, Sequence

from sirtdose.checks import structures as checks
from sirtdose.checks.anatomy import anatomy_findings
from sirtdose.checks.blur import regrid_findings
from sirtdose.checks.roles import (
    missing_findings,
    no_tumor_findings,
    role_findings,
)
from sirtdose.dosimetry.derived import derived_structures, union, with_role
from sirtdose.dosimetry.grid.resample import (
    covered_fraction,
    occupancy_on,
    on_one_lattice,
)
from sirtdose.dosimetry.image.segmentation import (
    liver_by_threshold,
    tumors_by_threshold,
)
from sirtdose.dosimetry.results import Placed
from sirtdose.errors import GeometryError, InputError, StructureError
from sirtdose.io.choose import Choice
from sirtdose.io.read import read_found_structures
from sirtdose.model.acceptance import Said, require_accepted
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.request import ImageRequest
from sirtdose.model.role import Role
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
) -> tuple[Placed, list[Finding]]:
    """Read structures, and bring them and the image to the dose grid.

    What is tumor and what is not is asked `for_doses` only: a lung shunt is the same
    either way.

    Raises
    ------
    InputError
        Structures that cannot be read or placed; SafetyStop where nothing could be
        computed of them (H19).
    """
    said = Said()
    volume = on_dose_grid(request, image, ct)
    read = read_drawn(choice, request)
    roles = given_roles(read, request.roles)
    read = with_given_roles(read, roles)
    drawn, registration = said.take(registered(request, read, image=image, ct=ct))
    drawn += said.take(delineated(request, drawn, volume))
    _require_placeable(drawn, volume)
    said.add(checks.reading_findings(drawn, for_doses=for_doses))
    require_accepted(
        [one for one in said.findings if one.severity is Severity.STOP], ()
    )
    kept, on_grid, lungs_covered = said.take(_placed(drawn, volume))
    said.add(regrid_findings(image, volume, kept))
    combined = on_one_lattice(
        [s for s in kept if s.role in checks.NEEDED or s.role.excluded_from_liver]
    )
    derived = derived_structures(combined)
    said.add(_anatomy_findings(kept, combined, derived))
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
    """Liver and tumors by threshold, where that was asked for.

    Raises
    ------
    InputError
        They are drawn already, or there is no liver to look for tumors in.
    """
    if request.segment_liver is None and request.segment_tumors is None:
        return [], []

    found: list[Structure] = []
    livers = with_role(drawn, Role.LIVER)
    if request.segment_liver is not None:
        if livers:
            raise InputError(
                f"a liver is already drawn ('{livers[0].name}'): leave "
                "--segment-liver out"
            )
        livers = [liver_by_threshold(volume, request.segment_liver)]
        found += livers
    if request.segment_tumors is not None:
        if with_role(drawn, Role.TUMOR):
            raise InputError("tumors are already drawn: leave --segment-tumors out")
        if not livers:
            raise InputError(
                "tumors are segmented inside a liver: draw one, or give --segment-liver"
            )
        liver = occupancy_on(union(on_one_lattice(livers)), volume.grid)
        fraction = request.segment_tumors
        found += tumors_by_threshold(
            volume, liver, None if fraction == "adaptive" else fraction
        )
    return found, checks.delineated_findings(found)
