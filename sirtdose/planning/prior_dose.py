"""Doses of earlier treatments, by region."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sirtdose.model.bounds import require_not_negative
from sirtdose.planning.partition_case import Region

# Of a region that belongs to no injection, the parts that injections perfuse.
_PARTS = {"normal_whole": "normal_perfused", "liver": "perfused"}


def with_prior(
    regions: Sequence[Region], own_gy: Mapping[str, float | None], liver_gy: float
) -> list[Region]:
    """The same regions with what earlier treatments gave them.

    Parameters
    ----------
    regions : sequence of Region
    own_gy : mapping
        By injection, what its perfused volume had; None where it had `liver_gy`.
    liver_gy : float, >= 0
        What all of the liver had. Tumors are not held to have had any.

    Raises
    ------
    RangeError
        A dose below 0.

    Examples
    --------
    40 Gy to 0.8 of 1.6 kg of normal liver are 20 Gy to all of it.

    >>> part = Region("p", "normal_perfused", 762, 0.8, ("right",), (1.0,), (50.0,))
    >>> whole = Region("w", "normal_whole", 1524, 1.6, (), (1.0,), (25.0,))
    >>> [one.prior_gy for one in with_prior([part, whole], {"right": 40.0}, 0.0)]
    [40.0, 20.0]
    """
    require_not_negative(prior_liver_dose_gy=liver_gy)
    more = {name: gy - liver_gy for name, gy in own_gy.items() if gy is not None}
    for name, gy in own_gy.items():
        require_not_negative(**{f"prior dose of {name}": gy or 0.0})
    return [
        replace(
            one,
            prior_gy=prior_gy,
            all_counts=one.all_counts and replace(one.all_counts, prior_gy=prior_gy),
        )
        for one in regions
        for prior_gy in [_prior(one, regions, more, liver_gy)]
    ]


def _prior(
    region: Region,
    regions: Sequence[Region],
    more: Mapping[str, float],
    liver_gy: float,
) -> float:
    if region.role in _PARTS.values():
        return liver_gy + more.get(region.of[0], 0.0)
    if region.role not in _PARTS or not region.mass_kg > 0:
        return 0.0
    shared = sum(
        more.get(part.of[0], 0.0) * part.mass_kg
        for part in regions
        if part.role == _PARTS[region.role]
    )
    return liver_gy + shared / region.mass_kg
