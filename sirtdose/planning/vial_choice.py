"""A vial or two for an injection: what they hold when it is given."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import log2

from sirtdose.model.bounds import require_positive
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.vial_calendar import Calibration, hours_after

# How far a vial may be from the activity wanted, either way.
WINDOW = 0.10
# Hours by which a case may come early or late.
_SHIFTS_H = (-24.0, -4.0, -2.0, 2.0, 4.0, 24.0)


@dataclass(frozen=True)
class Want:
    """What an injection wants drawn up at its time, of which a part remains."""

    name: str
    activity_gbq: float
    at: datetime
    residual_fraction: float = 0.0


@dataclass(frozen=True)
class Vial:
    """A vial by its calibration, and what it holds when it is used."""

    calibration_gbq: float
    calibration: Calibration
    at_use_gbq: float


@dataclass(frozen=True)
class VialChoice:
    """One vial or two for an injection.

    Only part of a resin vial is drawn, which is `part` of it; others are given whole.

    Examples
    --------
    10 GBq on Sunday noon, three days before: 10 x 0.4588 = 4.588 GBq; of 4 million
    spheres each then has 1147 Bq.

    >>> sunday = Calibration(datetime.fromisoformat("2026-12-06T12:00-05:00"), 72.0)
    >>> want = Want("right", 4.5, datetime.fromisoformat("2026-12-09T12:00-05:00"))
    >>> choice = choice_of(want, [(10.0, sunday)], Device.named("glass"),
    ...                    Nuclide.named("Y-90"))
    >>> round(choice.at_use_gbq, 3), round(choice.spheres / 1e6), choice.fits
    (4.588, 4, True)
    >>> round(choice.bq_per_sphere)
    1147
    """

    want: Want
    vials: tuple[Vial, ...]
    device: Device
    holds_it_at: datetime

    @property
    def at_use_gbq(self) -> float:
        """What all its vials hold at use."""
        return sum(one.at_use_gbq for one in self.vials)

    @property
    def to_wanted_ratio(self) -> float:
        """That over the activity to draw up."""
        return self.at_use_gbq / self.want.activity_gbq

    @property
    def part(self) -> float:
        """What of it is drawn."""
        if not self.device.vials.part_is_drawn:
            return 1.0
        return min(1 / self.to_wanted_ratio, 1.0)

    @property
    def injected_gbq(self) -> float:
        """What is drawn, less what remains in vial and tubing."""
        return self.at_use_gbq * self.part * (1 - self.want.residual_fraction)

    @property
    def spheres(self) -> float:
        """Spheres drawn; 0 where nobody knows how many there are."""
        calibrated = sum(one.calibration_gbq for one in self.vials)
        return self.device.vials.spheres_per_gbq * calibrated * self.part

    @property
    def bq_per_sphere(self) -> float | None:
        """Activity of one of them at use."""
        spheres = self.spheres
        return 1e9 * self.at_use_gbq * self.part / spheres if spheres else None

    @property
    def fits(self) -> bool:
        """Whether it is near enough to what is wanted; resin, whether it suffices."""
        off = self.to_wanted_ratio - 1
        return off >= -WINDOW and (self.device.vials.part_is_drawn or off <= WINDOW)

    @property
    def far(self) -> tuple[bool, float]:
        """How far it is from what is wanted, for sorting."""
        off = self.to_wanted_ratio - 1
        return self.device.vials.part_is_drawn and off < 0, abs(off)


def calibration_lead_h(
    *, calibration_gbq: float, activity_gbq: float, nuclide: Nuclide
) -> float:
    r"""Hours before use at which a vial must be calibrated to hold an activity then.

    .. math:: t = T_{1/2} \log_2 \frac{A_{cal}}{A}

    Below 0 the vial is used before its calibration, when it holds more.

    Parameters
    ----------
    calibration_gbq, activity_gbq : float, > 0
    nuclide : Nuclide

    Raises
    ------
    RangeError
        A value is not above 0.

    Examples
    --------
    Half of it is left after one half-life.

    >>> calibration_lead_h(calibration_gbq=5, activity_gbq=2.5,
    ...                    nuclide=Nuclide.named("Y-90"))
    64.05
    """
    require_positive(calibration_gbq=calibration_gbq, activity_gbq=activity_gbq)
    return nuclide.half_life_h * log2(calibration_gbq / activity_gbq)


def shifts(nuclide: Nuclide) -> list[tuple[float, float]]:
    """Hours that a case comes late, or early below 0, and its activity by a factor."""
    return [(hours, nuclide.decay_factor(hours)) for hours in _SHIFTS_H]


def choice_of(
    want: Want,
    vials: Iterable[tuple[float, Calibration]],
    device: Device,
    nuclide: Nuclide,
) -> VialChoice:
    """What some vials, each with its calibration, are at the time of use."""
    held = tuple(
        Vial(gbq, at, gbq * nuclide.decay_factor(at.hours_before_use))
        for gbq, at in vials
    )
    lead_h = calibration_lead_h(
        calibration_gbq=sum(one.at_use_gbq for one in held),
        activity_gbq=want.activity_gbq,
        nuclide=nuclide,
    )
    return VialChoice(want, held, device, hours_after(want.at, lead_h))
