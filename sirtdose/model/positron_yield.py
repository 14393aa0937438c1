"""Positrons per decay that a PET scanner reckoned with, against the nuclide's own."""

from dataclasses import dataclass

from sirtdose.errors import RangeError


@dataclass(frozen=True)
class PositronYield:
    r"""The positron fraction a PET was divided by, and whether that was undone.

    .. math:: A = A_\mathrm{image} \, \frac{f_\mathrm{was}}{f}

    Parameters
    ----------
    fraction_was : float, 0 to 1
        Positrons per decay by which the scanner turned counts into activity.
    fraction : float, above 0
        Those of the nuclide that was given.
    origin : str
        Who says so.
    applied : bool
        Whether the image was multiplied by `factor`.

    Examples
    --------
    F-18 has 0.967 a decay, Y-90 32 per million: 0.967 / 32e-6 = 30219.

    >>> round(PositronYield(0.967, 32e-6, "of F-18", applied=False).factor)
    30219
    """

    fraction_was: float
    fraction: float
    origin: str
    applied: bool

    def __post_init__(self) -> None:
        if not 0 < self.fraction_was <= 1:
            raise RangeError(
                f"the positron fraction is {self.fraction_was:g}: it must be above 0 "
                "and at most 1, such as 0.967 of F-18"
            )

    @property
    def factor(self) -> float:
        """What the image's values are multiplied by to undo it."""
        return self.fraction_was / self.fraction

    def totals_gbq(self, in_image_gbq: float) -> tuple[float, float]:
        """The image's total as stored, and with the fraction undone."""
        if self.applied:
            return in_image_gbq / self.factor, in_image_gbq
        return in_image_gbq, in_image_gbq * self.factor
