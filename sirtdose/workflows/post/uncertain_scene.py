"""From an assessment to a scene that can be varied: its box, parts and factors."""

from collections.abc import Mapping, Sequence

import numpy as np

from sirtdose.dosimetry.grid.resample import occupancy_on, placed_on
from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.dosimetry.image.activity import Calibration
from sirtdose.dosimetry.image.partial_volume import PartialVolume, Undone
from sirtdose.dosimetry.image.uptake_regions import Regions
from sirtdose.errors import StructureError
from sirtdose.model.grid import Grid, three
from sirtdose.model.ledger import Ledger
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume
from sirtdose.uncertainty.budget import Budget
from sirtdose.uncertainty.scene import Array, Contour, Factor, Part, Scene
from sirtdose.uncertainty.undoing import Blurred, Row

_DERIVED = {
    Role.NORMAL_WHOLE: Role.LIVER,
    Role.NORMAL_PERFUSED: Role.PERFUSED,
    Role.ALL_TUMORS: Role.TUMOR,
}
_FAR = 4.0


def factors_of(
    budget: Budget,
    calibration: Calibration,
    ledger: Ledger,
) -> list[Factor]:
    """What scales every dose alike: of the ledger by what is left of each part."""
    shared = calibration.method == "administered"
    delivered = ledger.delivered_gbq
    shunt = ledger.lung_shunt_fraction
    by_treated = shared and calibration.numerator.startswith("treated")
    powers = {
        "administered": ledger.administered_gbq / delivered if shared else 0.0,
        "residual": -ledger.residual_gbq / delivered if shared else 0.0,
        "lung_shunt": -shunt / (1 - shunt) if by_treated else 0.0,
        "image_calibration": float(calibration.method == "image"),
        "camera_factor": -float(calibration.method == "camera"),
        "density": -1.0,
        "dose_constant": 1.0,
        "lung_mass": 0.0,
    }
    return [Factor(name, budget[name], power) for name, power in powers.items()]


def region_of(
    calibration: Calibration, table: Sequence[StructureDose]
) -> tuple[str, ...]:
    """The structures that the activity was shared over."""
    return tuple(
        str(n)
        for n, row in enumerate(table)
        if calibration.method == "administered"
        and row.structure.role == calibration.over
    )


def scene_of(
    dose: Volume,
    table: Sequence[StructureDose],
    budget: Budget,
    *,
    factors: Sequence[Factor],
    region: tuple[str, ...],
    drawn_on: Grid,
    contours: Mapping[str, Contour],
) -> Scene:
    """A dose in a box, with rows, structures drawn and what is uncertain.

    Noise, and `contours` of which nothing else is known, are as sure as the voxels of
    the image are small, `drawn_on`: a finer dose grid makes neither surer.
    """
    side = float(np.prod(drawn_on.spacing_mm) ** (1 / 3))
    usual = _usual_contour(budget, side)
    together = float(np.hypot(budget["registration_mm"], budget["motion_mm"]))
    reach = max(
        _FAR
        * float(np.hypot(one.outwards_mm, 3**0.5 * np.hypot(one.aside_mm, together)))
        for one in (usual, *contours.values())
    )
    box, inside = _boxed([row.structure for row in table], dose, reach)
    values = np.asarray(dose.data[box], float)
    parts = _parts(table)
    drawn = {name: inside[int(name)] for part in parts for name in part.plus}
    drawn |= {name: inside[int(name)] for part in parts for name in part.minus}
    widest = _widest(table, inside)
    return Scene(
        dose_gy=values,
        spacing_mm=dose.grid.spacing_mm,
        drawn=drawn,
        occupied={str(n): one for n, one in enumerate(inside)},
        parts=parts,
        factors=factors,
        region=region,
        contour_mm=usual.outwards_mm,
        contour_shift_mm=usual.aside_mm,
        registration_mm=budget["registration_mm"],
        noise=budget["noise"],
        noise_at_gy=max(float((widest * values).sum() / widest.sum()), 0.0),
        noise_fwhm_mm=budget["noise_fwhm_voxels"] * side,
        contours={
            str(n): contours[row.structure.name]
            for n, row in enumerate(table)
            if row.structure.name in contours
        },
        motion_mm=budget["motion_mm"],
        head_feet=head_feet_of(dose.grid),
    )


def _usual_contour(budget: Budget, side_mm: float) -> Contour:
    """What a contour may be off by the budget alone, where it says so."""
    return Contour(
        budget.get("contour_voxels") * side_mm,
        budget.get("contour_shift_voxels") * side_mm,
    )


def head_feet_of(grid: Grid) -> tuple[float, float, float]:
    """The patient's long axis along a grid's axes.

    >>> head_feet_of(Grid.regular((2, 3, 4), spacing_mm=(5.0, 3.0, 2.0)))
    (1.0, 0.0, 0.0)
    """
    return three((grid.affine_mm[2, :3] / grid.spacing_mm).tolist())


def blurred_of(
    image: Volume,
    result: PartialVolume,
    table: Sequence[StructureDose],
    *,
    undone: Undone,
    named: Sequence[Structure],
    budget: Budget,
    factors: Sequence[Factor],
    contours: Mapping[str, Contour],
) -> Blurred:
    """An image with what its blur was undone by, and how far all that may be off."""
    regions = undone.uptake.regions
    box = image.grid.crop(regions.box)
    side = float(np.prod(image.grid.spacing_mm) ** (1 / 3))
    layers = {name: _part_in(layer, box) for name, layer in regions.layers.items()}
    drawn = {one.name: one for one in named}
    rows = {
        str(n): _row_of(row, inside, regions)
        for n, row in enumerate(table)
        for inside in [_part_in(drawn[row.structure.name], box)]
        # Beyond the box no blur was undone.
        if inside.any()
    }
    counts = np.asarray(image.data[regions.box], np.float32)
    widest = max(rows.values(), key=lambda one: (one.role == "liver", one.inside.sum()))
    shared = region_of(result.calibration, table)
    usual = _usual_contour(budget, side)
    return Blurred(
        image=counts,
        beyond=image.total() - float(counts.sum(dtype=float)),
        spacing_mm=image.grid.spacing_mm,
        regions=dict(zip(regions.names, regions.parts, strict=True)),
        layers=layers,
        tumors=regions.tumors,
        rows=rows,
        shared_over=shared[0] if shared else "",
        is_shared=result.calibration.method == "administered",
        blur=undone.blur,
        factors=factors,
        contour_mm=usual.outwards_mm,
        contour_shift_mm=usual.aside_mm,
        registration_mm=budget["registration_mm"],
        noise=budget["noise"],
        noise_at=max(float((widest.inside * counts).sum() / widest.inside.sum()), 0.0),
        noise_fwhm_mm=budget["noise_fwhm_voxels"] * side,
        psf=budget["psf"],
        is_gtm=result.method == "gtm",
        contours={
            name: contours[own]
            for name, layer in regions.layers.items()
            for own in [_contour_name(name, layer, named)]
            if own is not None and own in contours
        },
        motion_mm=budget["motion_mm"],
        head_feet=head_feet_of(image.grid),
    )


def _contour_name(
    name: str, layer: Structure, named: Sequence[Structure]
) -> str | None:
    """The drawn structure that a layer is, or the largest of its role."""
    if any(one.name == name for one in named):
        return name
    alike = [one for one in named if one.role is layer.role]
    return max(alike, key=lambda one: one.volume_ml).name if alike else None


def _part_in(structure: Structure, grid: Grid) -> Array:
    """The part of each voxel of a box in a structure; nothing of what lies outside."""
    try:
        return placed_on(occupancy_on(structure, grid), grid)
    except StructureError:
        return np.zeros(grid.shape)


def _row_of(row: StructureDose, inside: Array, regions: Regions) -> Row:
    role = row.structure.role
    name = {
        Role.LIVER: "liver",
        Role.NORMAL_WHOLE: "liver",
        Role.PERFUSED: "perfused liver",
        Role.NORMAL_PERFUSED: "perfused liver",
        Role.LUNGS: "lungs",
    }.get(role, row.structure.name)
    together = role is Role.ALL_TUMORS
    taken = [
        one
        for one, layer in regions.layers.items()
        if layer.role is Role.TUMOR or layer.role.excluded_from_liver
    ]
    return Row(
        str(role),
        inside,
        row.dvh,
        moves_with=name,
        leaves_out=tuple(taken) if role in _DERIVED and not together else (),
        joins=tuple(
            one for one, layer in regions.layers.items() if layer.role is Role.TUMOR
        )
        if together
        else (),
    )


def _widest(table: Sequence[StructureDose], inside: Sequence[Array]) -> Array:
    """The liver, or the largest structure that is not the lungs."""

    def rank(n: int) -> tuple[bool, bool, float]:
        role = table[n].structure.role
        return role is Role.LIVER, role is not Role.LUNGS, float(inside[n].sum())

    return inside[max(range(len(table)), key=rank)]


def _boxed(
    structures: Sequence[Structure], dose: Volume, reach_mm: float
) -> tuple[tuple[slice, slice, slice], list[Array]]:
    """The box that holds all structures however they move, and each of them in it."""
    starts = [np.array(one.grid.offset_in(dose.grid)) for one in structures]
    margin = np.ceil(reach_mm / np.asarray(dose.grid.spacing_mm)).astype(int) + 2
    low = np.maximum(np.min(starts, axis=0) - margin, 0)
    ends = [s + one.grid.shape for s, one in zip(starts, structures, strict=True)]
    high = np.minimum(np.max(ends, axis=0) + margin, dose.grid.shape)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    inside = []
    for start, one in zip(starts, structures, strict=True):
        part = np.zeros(high - low)
        at = start - low
        own = tuple(slice(a, a + n) for a, n in zip(at, one.grid.shape, strict=True))
        part[own] = one.occupancy
        inside.append(part)
    return (z, y, x), inside


def _parts(table: Sequence[StructureDose]) -> list[Part]:
    roles = [row.structure.role for row in table]
    taken = tuple(
        str(n)
        for n, role in enumerate(roles)
        if role is Role.TUMOR or role.excluded_from_liver
    )
    parts = []
    for n, row in enumerate(table):
        whole = _DERIVED.get(row.structure.role)
        of = tuple(str(m) for m, role in enumerate(roles) if role is whole)
        # What nothing is left of to be derived from moves as a whole.
        plus, minus = (of, taken) if whole and of else ((str(n),), ())
        minus = () if row.structure.role is Role.ALL_TUMORS else minus
        parts.append(Part(str(n), str(row.structure.role), plus, minus))
    return parts
