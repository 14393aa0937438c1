"""How far contours may be off: by readers' spread, else by the law of their size."""

from collections.abc import Mapping

from sirtdose.dosimetry.compare.readers import BorderSpread
from sirtdose.dosimetry.image.blur_loss import width_mm
from sirtdose.dosimetry.results import Assessment
from sirtdose.model.grid import Grid
from sirtdose.model.role import DERIVED_ROLES, Role
from sirtdose.model.structure import Structure
from sirtdose.uncertainty.budget import Budget, Component
from sirtdose.uncertainty.contour_law import (
    SHIFT,
    DrawnOn,
    anatomical_fwhm_mm,
)
from sirtdose.uncertainty.scene import Contour

READERS, READERS_SHIFT = "contour_readers", "contour_readers_shift"
_USUAL = "contour_voxels"
# Of fewer readers the spread says less than the law does.
_ENOUGH = 3


def contours_of(
    assessment: Assessment, budget: Budget
) -> tuple[dict[str, Contour], Budget]:
    """How far each drawn structure's border may be off, and the budget that says so.

    Two readers' spread counts where it is more than the law's. An entry
    ``contour_voxels`` of the user's own wins over the law, not over readers. Organs and
    what is perfused are no lesions: drawn on a CT they stay as sure as that entry says,
    as the law would make them surer than anybody draws.
    """
    image = assessment.read.image.grid
    side_mm = _side_mm(image)
    aside_mm = budget[SHIFT] * side_mm
    typed = budget.components[_USUAL] != Budget.of({}).components[_USUAL]
    spreads = _spreads(assessment)
    found: dict[str, Contour] = {}
    laws: dict[str, DrawnOn] = {}
    for one in assessment.placed.named:
        if one.role in DERIVED_ROLES:
            continue
        law = _drawn_on(one, assessment)
        usual = Contour(budget[_USUAL] * side_mm, aside_mm)
        tumor = one.role.is_tumor or one.role is Role.TUMOR_PART
        by_law = not typed and (tumor or law.is_emission)
        if by_law:
            usual = law.contour(one.volume_ml, tumor=tumor, aside_mm=aside_mm)
        own = _by_readers(spreads.get(one.name), usual)
        found[one.name] = own or usual
        if by_law and own is None:
            laws[law.words] = law
    return found, _named(budget, found, laws, spreads)


def _spreads(assessment: Assessment) -> Mapping[str, BorderSpread]:
    agreed = assessment.observers and assessment.observers.agreement
    return {one.name: one for one in agreed.borders} if agreed else {}


def _by_readers(spread: BorderSpread | None, usual: Contour) -> Contour | None:
    """What a spread makes uncertain; None where the usual is more, of two readers."""
    if spread is None:
        return None
    few = spread.readers < _ENOUGH
    outwards = spread.outwards_mm * (1.0 if few else spread.outwards_factor)
    aside = spread.aside_mm * (1.0 if few else spread.aside_factor)
    if few and outwards < usual.outwards_mm:
        return None
    return Contour(outwards, aside, (READERS, READERS_SHIFT))


def _drawn_on(one: Structure, assessment: Assessment) -> DrawnOn:
    """The image that a structure was drawn on, as far as its voxels tell."""
    image, placed = assessment.read.image, assessment.placed
    if one.box_on(image.grid) is not None:
        psf = assessment.request.dose.psf_mm
        modality = image.source.modality if image.source else "file"
        width = width_mm(modality, None if isinstance(psf, str) else psf)
        words = "the activity image"
        return DrawnOn(words, _side_mm(image.grid), width, is_emission=True)
    side_mm = _side_mm(placed.ct.grid if placed.ct else image.grid)
    return DrawnOn("a CT or MR", side_mm, anatomical_fwhm_mm(), is_emission=False)


def _named(
    budget: Budget,
    found: Mapping[str, Contour],
    laws: Mapping[str, DrawnOn],
    spreads: Mapping[str, BorderSpread],
) -> Budget:
    """The budget with what contours rest on, in place of what they do not."""
    entries: list[Component] = []
    by_readers = [one for one in found.values() if one.components[0] == READERS]
    if by_readers:
        readers = max(one.readers for one in spreads.values())
        entries += _of_readers(by_readers, readers)
    if laws:
        widest = max(laws.values(), key=lambda one: one.outwards_mm)
        entries.append(widest.component())
    used = {name for one in found.values() for name in one.components}
    return budget.with_entries(entries, without={_USUAL, SHIFT} - used)


def _of_readers(found: list[Contour], readers: int) -> list[Component]:
    whose = f"the spread of {readers} readers of this patient"
    source = (
        "volumes and middles of their contours, by Student's t for so few (JCGM "
        "101:2008, 6.4.9), never below the spread itself; the largest of all structures"
    )
    return [
        Component(
            READERS,
            max(one.outwards_mm for one in found),
            "mm",
            f"displacement of a contour outward or inward: {whose}",
            source,
            verified=True,
        ),
        Component(
            READERS_SHIFT,
            max(one.aside_mm for one in found),
            "mm",
            f"shift of each contour, along each axis: {whose}",
            source,
            verified=True,
        ),
    ]


def _side_mm(grid: Grid) -> float:
    return float((1000 * grid.voxel_volume_ml) ** (1 / 3))
