"""What accepting a candidate changes: volumes, counts and doses with and without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sirtdose.dosimetry.derived import derived_structures, union, with_role
from sirtdose.dosimetry.engine.dose import Dose
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Volume

_WHOLE = {
    "tumors": Role.TUMOR,
    "perfused volume": Role.PERFUSED,
    "liver": Role.LIVER,
}
_NORMAL = {
    Role.NORMAL_PERFUSED: "normal perfused liver",
    Role.NORMAL_WHOLE: "normal liver",
}
# Without a liver, nothing says that what is left is one.
_REST = "perfused volume without tumors"
_SAME = 1e-9


@dataclass(frozen=True)
class RegionNow:
    """A region's volume, its part of the image's total, and its mean dose if known."""

    volume_ml: float
    part: float | None
    mean_gy: float | None


@dataclass(frozen=True)
class RegionChange:
    """A region without and with what is accepted; None where it is not there."""

    region: str
    before: RegionNow | None
    after: RegionNow | None


def changes(
    drawn: Sequence[Structure],
    accepted: Sequence[Structure],
    image: Volume,
    dose: Dose | None,
    *,
    scale: float = 1.0,
) -> list[RegionChange]:
    """Every region that is there, without and with what is accepted.

    Parameters
    ----------
    drawn, accepted : sequence of Structure
        On the image's grid.
    image : Volume
    dose : Dose, optional
        On the image's grid, computed without what is accepted.
    scale : float
        By which all doses change with what is accepted: activity is then shared over
        another region.

    Examples
    --------
    A tumor of 4 x the uptake that was part of the normal liver.

    >>> import numpy as np
    >>> from sirtdose.model.grid import Grid
    >>> from sirtdose.model.volume import Quantity
    >>> grid = Grid.regular((1, 1, 4), spacing_mm=(10.0, 10.0, 10.0))
    >>> image = Volume(np.array([[[1.0, 1.0, 4.0, 2.0]]]), grid, Quantity.COUNTS)
    >>> liver = Structure.named("Liver", np.array([[[1, 1, 1, 0]]], bool), grid)
    >>> tumor = Structure.named("Tumor", np.array([[[0, 0, 1, 0]]], bool), grid)
    >>> for one in changes([liver], [tumor], image, None):
    ...     print(one.region, one.before and one.before.part, one.after.part)
    tumors None 0.5
    liver 0.75 0.75
    normal liver 0.75 0.25
    """
    normal = dict(_NORMAL)
    if not with_role([*drawn, *accepted], Role.LIVER):
        normal[Role.NORMAL_PERFUSED] = _REST
    before = _regions(drawn, normal)
    after = _regions([*drawn, *accepted], normal)
    names = [*_WHOLE, *normal.values()]
    return [
        RegionChange(
            name,
            _now(before.get(name), image, dose, 1.0),
            _now(after.get(name), image, dose, scale),
        )
        for name in names
        if name in before or name in after
    ]


def is_changed(one: RegionChange) -> bool:
    """Whether a region has another volume, or another dose."""
    if one.before is None or one.after is None:
        return True
    pairs = (
        (one.before.volume_ml, one.after.volume_ml),
        (one.before.mean_gy or 0.0, one.after.mean_gy or 0.0),
    )
    return any(abs(a - b) > _SAME * max(abs(a), abs(b)) for a, b in pairs)


def _regions(
    structures: Sequence[Structure], normal: Mapping[Role, str]
) -> dict[str, Structure]:
    found = {
        name: union(members)
        for name, role in _WHOLE.items()
        if (members := with_role(structures, role))
    }
    return found | {normal[one.role]: one for one in derived_structures(structures)}


def _now(
    one: Structure | None, image: Volume, dose: Dose | None, scale: float
) -> RegionNow | None:
    if one is None:
        return None
    values, parts = one.values_in(image)
    total = image.total()
    return RegionNow(
        one.volume_ml,
        float((values * parts).sum()) / total if total > 0 else None,
        None if dose is None else scale * dose.mean_by_mass_gy(one),
    )
