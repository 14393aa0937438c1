"""How well an activity image and the outline it was registered by fit each other."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OutlineFit:
    """What a registration by an outline found, and where it began.

    Parameters
    ----------
    anatomy : str
        What the activity image was registered to: ``CT``, ``MR`` or an image's kind.
    region : str
        Whose outline was fitted: ``perfused volume``, else ``liver``.
    is_perfused : bool
        Whether that is all that is perfused. By a liver alone, a lobe's activity
        may lie anywhere inside.
    start_shift_mm : (x, y, z)
        What structures were moved by before the search, so that the center of the
        counts lay in the region; zeros where both images agree on places.
    searched_mm, rotation_deg : float
        What the search itself moved the region's center by, and turned it by.
    overlap_before, overlap_after : float
        Part of the region that is among the brightest voxels of as large a volume, in
        both images' own places and registered.
    """

    anatomy: str
    region: str
    is_perfused: bool
    start_shift_mm: tuple[float, float, float]
    searched_mm: float
    rotation_deg: float
    overlap_before: float
    overlap_after: float
