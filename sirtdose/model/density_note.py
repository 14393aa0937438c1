"""At which density a dose was computed, as its files say it, and what lungs make of it.

A dose at one density, the liver's, gives the lungs about a third of their own.
"""

_BY_VOXEL = "density by voxel"
_ONE = "at one density,"


def density_note(one_density_g_per_ml: float | None) -> str:
    """What a dose's file says of its density; None stands for one of each voxel.

    >>> density_note(1.06), density_note(None)
    ('at one density, 1.06 g/mL', 'density by voxel')
    """
    one = one_density_g_per_ml
    return _BY_VOXEL if one is None else f"{_ONE} {one:.4g} g/mL"


def says_one_density(described: str) -> bool:
    """Whether a dose's file says that one density was used.

    >>> says_one_density("local_deposition, at one density, 1.06 g/mL")
    True
    """
    return _ONE in described


def lung_doubt(described: str) -> str:
    """Why a map's dose is none of the lungs, by what its file says; empty where it is.

    >>> lung_doubt("local_deposition, density by voxel")
    ''
    >>> lung_doubt("sirtdose dose [Gy], at one density, 1.06 g/mL")
    'computed at one density, 1.06 g/mL'
    """
    if _BY_VOXEL in described:
        return ""
    if _ONE in described:
        return f"computed {described[described.index(_ONE) :].strip()}"
    return "the file does not state the density"
