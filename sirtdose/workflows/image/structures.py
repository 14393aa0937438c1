"""Bring the structures of a treatment onto its image, and check them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sirtdose.dosimetry import structure_checks as checks
from sirtdose.dosimetry.anatomy_checks import anatomy_findings
from sirtdose.dosimetry.derived import derived_structures, union, with_role
from sirtdose.dosimetry.grid.resample import (
    covered_fraction,
    occupancy_on,
    on_one_lattice,
)
from sirtdose.dosimetry.role_checks import (
    missing_findings,
    no_tumor_findings,
    role_findings,
)
from sirtdose.errors import GeometryError, StructureError
from sirtdose.io.read import read_found_structures
from sirtdose.model.finding import Acceptance, Finding, Severity, require_accepted
from sirtdose.model.request import ImageRequest
from sirtdose.model.role import Role
from sirtdose.model.structure import with_given_roles
from sirtdose.workflows.image.grid import regrid_findings
from sirtdose.workflows.image.registration import registered
from sirtdose.workflows.image.segmentation import delineated

if TYPE_CHECKING:
    from sirtdose.dosimetry.grid.registration import Registration
    from sirtdose.io.choose import Choice
    from sirtdose.model.structure import Structure
    from sirtdose.model.volume import Volume


@dataclass(frozen=True, eq=False)
class Placed:
    """Structures of an image, drawn and derived, where doses are computed.

    `on_grid` are on the dose grid, `regions` there too, by role; `drawn` are the
    liver, its parts and what is excluded from it, on one lattice; `lungs` as drawn,
    of which `lungs_covered` lies in the image.
    """

    on_grid: "tuple[Structure, ...]"
    regions: "Mapping[str, Structure]"
    drawn: "tuple[Structure, ...]"
    lungs: "tuple[Structure, ...]"
    lungs_covered: float
    registration: "Registration | None" = None


def placed_structures(
    choice: "Choice",
    request: ImageRequest,
    image: "Volume",
    volume: "Volume",
    findings: list[Finding],
    ct: "Volume | None" = None,
    *,
    acceptances: Sequence[Acceptance],
    for_doses: bool = True,
) -> Placed:
    """Read structures and bring them to the dose grid.

    `volume` is `image` on the dose grid. What is tumor and what is not is asked
    `for_doses` only: a lung shunt is the same either way. All that asks about
    structures is in `findings` together: the caller requires its acceptance before
    anything else asks, as an acceptance of H19 covers all of H19.
    """
    drawn = [
        structure
        for item in choice.structures
        for structure in read_found_structures(
            item, probability_threshold=request.probability_threshold
        )
    ]
    drawn = _with_roles(drawn, request.roles)
    drawn, registration = registered(request, drawn, image, ct, findings)
    drawn += delineated(request, drawn, volume, findings)
    require_accepted(findings, acceptances)
    # What cannot be placed at all stops before anybody is asked about roles.
    for one in drawn:
        if one.role in checks.NEEDED and not one.empty:
            volume.grid.require_frame(one.grid, what=f"structure '{one.name}'")
    findings += checks.reading_findings(drawn, for_doses=for_doses)
    require_accepted(_stops(findings), acceptances)
    kept, on_grid, lungs_covered = _placed(drawn, volume, findings)
    findings += regrid_findings(image, volume, kept)
    combined = [
        s for s in kept if s.role in checks.NEEDED or s.role.excluded_from_liver
    ]
    combined = on_one_lattice(combined) if combined else []
    derived = derived_structures(combined)
    findings += checks.volume_findings(combined)
    findings += checks.lung_volume_findings(kept)
    findings += anatomy_findings(kept)
    findings += checks.normal_findings([*kept, *derived])
    if for_doses:
        findings += role_findings(on_grid, volume, given=request.roles)
        findings += no_tumor_findings(combined) if derived else []
        findings += missing_findings(kept)
    # The union of one is that one, whose place is known.
    placed = dict(zip(map(id, kept), on_grid, strict=True))

    def placed_of(region: "Structure") -> "Structure":
        return placed.get(id(region)) or occupancy_on(region, volume.grid)

    on_grid += [occupancy_on(structure, volume.grid) for structure in derived]
    regions = {
        str(role): placed_of(union(members))
        for role in (Role.PERFUSED, Role.LIVER)
        if (members := with_role(combined, role))
    }
    return Placed(
        on_grid=tuple(on_grid),
        regions=regions,
        drawn=tuple(combined),
        lungs=tuple(with_role(kept, Role.LUNGS)),
        lungs_covered=lungs_covered,
        registration=registration,
    )


def _placed(
    drawn: "list[Structure]", volume: "Volume", findings: list[Finding]
) -> "tuple[list[Structure], list[Structure], float]":
    """Structures inside the image, as drawn and on its grid, and lungs in view."""
    grid = volume.grid
    kept, on_grid, lungs = [], [], []
    for structure in (s for s in drawn if not s.empty):
        try:
            placed = occupancy_on(structure, grid)
        except (StructureError, GeometryError) as error:
            if structure.role in checks.NEEDED:
                raise type(error)(f"{error}{_where_image_is(volume)}") from None
            findings.append(Finding.of("H19", str(error), severity=Severity.NOTE))
            continue
        kept.append(structure)
        on_grid.append(placed)
        covered = covered_fraction(structure, grid)
        findings += checks.coverage_findings(structure, covered)
        if structure.role is Role.LUNGS:
            lungs.append(covered)
    if not kept:
        raise StructureError(
            "no structure lies inside the image: are they another patient's, or of "
            "another scan?"
        )
    return kept, on_grid, min(lungs, default=0.0)


def _stops(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity is Severity.STOP]


def _where_image_is(volume: "Volume") -> str:
    """What is odd about the image's own place, where structures miss it."""
    remarks = volume.source.remarks if volume.source else ()
    return "".join(f"; of the image: {remark}" for remark in remarks)


def _with_roles(
    structures: "list[Structure]", roles: Mapping[str, Role]
) -> "list[Structure]":
    names = {structure.name for structure in structures}
    unknown = sorted(set(roles) - names)
    if unknown:
        raise StructureError(
            f"--role names '{unknown[0]}', which is no structure here: there are "
            f"{', '.join(sorted(names))}"
        )
    return with_given_roles(structures, roles)
