"""The activity ledger: where every becquerel that was drawn up went, lungs too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sirtdose.errors import RangeError
from sirtdose.model.bounds import require_fraction, require_not_negative


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


# What stands for the source of a lung shunt that nobody gave.
NOT_GIVEN: Final = "not given"


@dataclass(frozen=True)
class Ledger:
    """Activities at the time of administration, in GBq.

    administered - residual = delivered; delivered x lung shunt = lungs;
    delivered - lungs = treated.

    Parameters
    ----------
    administered_gbq : float, > 0
        In the vial or syringe when the injection began.
    residual_gbq : float, 0 to administered
        Left in vial, tubing and catheter, decayed back to the same time.
    lung_shunt_fraction : float, 0 to below 1
        Fraction of what was delivered that reached the lungs.
    in_image_gbq : float, optional
        What the image itself says, decayed back to the same time.
    positron_yield : PositronYield, optional
        The positron fraction of another nuclide that a PET was divided by.

    Examples
    --------
    1.68 - 0.05 = 1.63 delivered; 1.63 * 0.042 = 0.06846 to the lungs.

    >>> ledger = Ledger(1.68, residual_gbq=0.05, lung_shunt_fraction=0.042)
    >>> round(ledger.treated_gbq, 5)
    1.56154
    """

    administered_gbq: float
    residual_gbq: float = 0.0
    lung_shunt_fraction: float = 0.0
    in_image_gbq: float | None = None
    positron_yield: PositronYield | None = None

    def __post_init__(self) -> None:
        if not self.administered_gbq > 0:
            raise RangeError(
                f"administered activity is {self.administered_gbq:g} GBq: it must be "
                "above 0"
            )
        require_not_negative(residual_gbq=self.residual_gbq)
        require_fraction(lung_shunt_fraction=self.lung_shunt_fraction)
        if self.residual_gbq >= self.administered_gbq:
            raise RangeError(
                f"residual activity is {self.residual_gbq:g} GBq, but only "
                f"{self.administered_gbq:g} GBq were administered (both at "
                "administration): check units and times"
            )

    @property
    def delivered_gbq(self) -> float:
        """What entered the patient."""
        return self.administered_gbq - self.residual_gbq

    @property
    def lung_gbq(self) -> float:
        """What was shunted to the lungs."""
        return self.delivered_gbq * self.lung_shunt_fraction

    @property
    def treated_gbq(self) -> float:
        """What stayed in the perfused liver."""
        return self.delivered_gbq - self.lung_gbq

    @property
    def image_to_treated_ratio(self) -> float | None:
        """What the image says over what should be in the liver."""
        found = self.in_image_gbq
        return None if found is None else found / self.treated_gbq


@dataclass(frozen=True)
class Times:
    """When it was given and when imaged, and the hours from one to the other."""

    administered_at: datetime | None = None
    scan_at: datetime | None = None
    elapsed_h: float | None = None


@dataclass(frozen=True)
class Lungs:
    """What the lungs get: this session, and with earlier ones."""

    shunt_fraction: float
    shunt_source: str
    mass_kg: float
    mass_source: str
    activity_gbq: float
    dose_gy: float
    cumulative_dose_gy: float

    @property
    def known(self) -> bool:
        """Whether a lung shunt was given at all."""
        return self.shunt_source != NOT_GIVEN
