"""A radionuclide by its decay alone, such as one that only a phantom is filled with."""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from sirtdose.data.load import table
from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_positive

# Past this nothing is left, and before it nothing could have been handled.
_HALF_LIVES_MAX = 100.0


@dataclass(frozen=True)
class Emitter:
    """How fast a nuclide decays, what headers call it, and where that is from.

    Parameters
    ----------
    name : str
        Such as ``"Tc-99m"``.
    half_life_h : float, > 0
        Physical half-life in hours.
    half_life_source : str
        Where it comes from; printed with every result.
    usual_half_life_h : float, optional
        As its table has it, by which another is judged.
    positrons_per_decay : float, optional
        Of a nuclide that PET shows.
    header_words : tuple of str
        What DICOM headers call it, besides what is known of every nuclide.

    Examples
    --------
    >>> tc = Emitter("Tc-99m", 6.0072, half_life_source="ENSDF")
    >>> round(tc.decay_factor(12.0144), 6)
    0.25
    """

    name: str
    half_life_h: float
    half_life_source: str = field(kw_only=True)
    usual_half_life_h: float | None = field(default=None, kw_only=True)
    positrons_per_decay: float | None = field(default=None, kw_only=True)
    header_words: tuple[str, ...] = field(default=(), kw_only=True)

    def __post_init__(self) -> None:
        require_positive(half_life_h=self.half_life_h)

    @staticmethod
    def tabulated(name: str) -> "Emitter | None":
        """A nuclide that is imaged, whether or not doses of it are known.

        >>> Emitter.tabulated("F-18").half_life_h, Emitter.tabulated("Xx-1")
        (1.8295, None)
        """
        entry = (table("positron_emitters") | table("photon_emitters")).get(name)
        return entry and Emitter(
            name,
            entry["half_life_h"],
            half_life_source=entry["source"],
            usual_half_life_h=entry["half_life_h"],
            positrons_per_decay=entry.get("positrons_per_decay"),
        )

    def with_half_life(self, half_life_h: float) -> Self:
        """The same nuclide with a half-life that the user gave."""
        return replace(
            self, half_life_h=half_life_h, half_life_source="given by the user"
        )

    def decay_factor(self, elapsed_h: float) -> float:
        r"""Fraction of the activity left after a time; above 1 for time before.

        .. math:: f = 2^{-t / T_{1/2}}

        The only decay arithmetic in the package.

        Raises
        ------
        RangeError
            More half-lives than any activity survives.

        Examples
        --------
        At 64.1 h, 168 h are 2.6209 half-lives: 2 ** -2.6209 = 0.16257.

        >>> nuclide = Emitter("Y-90", 64.1, half_life_source="ICRP 107")
        >>> round(nuclide.decay_factor(168), 5)
        0.16257
        """
        half_lives = elapsed_h / self.half_life_h
        if not abs(half_lives) <= _HALF_LIVES_MAX:
            raise RangeError(
                f"{elapsed_h:.4g} h are {half_lives:.4g} half-lives of {self.name}: "
                "check the times"
            )
        return float(2.0**-half_lives)

    @property
    def mean_life_h(self) -> float:
        """Mean life: half-life over ln 2, the decays per unit of activity."""
        return self.half_life_h / math.log(2)

    def mean_activity_factor(self, duration_h: float) -> float:
        """Mean activity during an interval over the activity at its start.

        Examples
        --------
        Over one half-life: (1 - 0.5) / ln 2 = 0.7213.

        >>> nuclide = Emitter("Y-90", 64.05, half_life_source="NNDC")
        >>> round(nuclide.mean_activity_factor(64.05), 4)
        0.7213
        """
        if duration_h == 0:
            return 1.0
        return (1 - self.decay_factor(duration_h)) * self.mean_life_h / duration_h
