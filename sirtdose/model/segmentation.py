"""How candidates are to be found on an image."""

from dataclasses import dataclass
from typing import Literal

from sirtdose.data.load import table
from sirtdose.errors import RangeError

Find = Literal["tumors", "perfused"]
METHODS: tuple[str, ...] = (
    *("fixed-fraction", "adaptive", "gradient", "region-growing"),
    "liver",
)


@dataclass(frozen=True)
class Segmentation:
    """A method by name, and what it is to find.

    A threshold on microspheres or MAA finds tumors or the perfused volume, never the
    liver. `fraction` is of the maximum, or of what stands out of the background;
    `seeds_mm` are x, y, z (LPS) of region growing.

    Examples
    --------
    >>> Segmentation().used_fraction, Segmentation(find="perfused").used_fraction
    (0.41, 0.15)
    >>> Segmentation("gradient").used_fraction is None
    True
    """

    method: str = "fixed-fraction"
    find: Find = "tumors"
    fraction: float | None = None
    seeds_mm: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.fraction is not None and not 0 < self.fraction < 1:
            raise RangeError(
                f"a threshold of {self.fraction:g} is not possible: give a fraction "
                "above 0 and below 1, such as 40%"
            )

    @property
    def used_fraction(self) -> float | None:
        """The one that was given, else the method's own; None of one without."""
        own: float | None = table("segmentation")["methods"][self.method]["fraction"]
        if self.fraction is not None or own is None:
            return self.fraction
        perfused: float = table("segmentation")["perfused_fraction"]["value"]
        is_fixed = self.method == "fixed-fraction" and self.find == "perfused"
        return perfused if is_fixed else own
