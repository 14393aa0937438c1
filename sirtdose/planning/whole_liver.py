"""The whole liver of a case, and what of it is normal."""

from collections.abc import Sequence

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.planning.partition_case import Region
from sirtdose.planning.terms import Terms


def whole_liver(
    regions: Sequence[Region], *, liver_volume_ml: float, terms: Terms
) -> list[Region]:
    """The whole liver around perfused volumes: what is not perfused gets no dose.

    Its normal part is known where the normal part of all that is perfused is.

    Parameters
    ----------
    regions : sequence of Region
        What is perfused, and its tumors and normal liver where they are told apart.
    liver_volume_ml : float, > 0
        With everything in it.
    terms : Terms

    Raises
    ------
    InputError
        More is perfused than the liver holds.
    RangeError
        A liver of no volume.
    """
    require_positive(liver_volume_ml=liver_volume_ml)
    perfused = [one for one in regions if one.role == "perfused"]
    perfused_ml = sum(one.volume_ml for one in perfused)
    if perfused_ml > liver_volume_ml * (1 + 1e-9):
        raise InputError(
            f"{perfused_ml:g} mL are perfused, but the liver of {liver_volume_ml:g} "
            "mL must include them: check both volumes"
        )
    liver = _region(
        "whole liver", "liver", liver_volume_ml, parts=perfused, terms=terms
    )
    parts = [one for one in regions if one.role in ("tumor", "normal_perfused")]
    if not parts:
        return [liver]
    tumors_ml = sum(one.volume_ml for one in parts if one.role == "tumor")
    return [
        liver,
        _region(
            *("normal whole liver", "normal_whole", liver_volume_ml - tumors_ml),
            parts=[one for one in parts if one.role == "normal_perfused"],
            terms=terms,
            count=len(perfused[0].uptakes),
        ),
    ]


def _region(
    name: str,
    role: str,
    volume_ml: float,
    *,
    parts: Sequence[Region],
    terms: Terms,
    count: int = 1,
) -> Region:
    rest_ml = volume_ml - sum(one.volume_ml for one in parts)
    mass_kg = rest_ml * terms.density_g_per_ml / 1000
    mass_kg += sum(one.mass_kg for one in parts)
    of_each = zip(*(one.uptakes for one in parts), strict=True)
    uptakes = tuple(sum(each) for each in of_each) or (0.0,) * count
    k = terms.nuclide.dose_constant_gy_kg_per_gbq
    return Region(
        name=name,
        role=role,
        volume_ml=volume_ml,
        mass_kg=mass_kg,
        of=(),
        uptakes=uptakes,
        gy_per_gbq=tuple(k * u / mass_kg if mass_kg > 0 else 0.0 for u in uptakes),
    )
