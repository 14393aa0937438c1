"""Vials that were chosen or measured, against what the plan wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_calibrator_factor, require_positive
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.vial_calendar import Calibration, hours_after, hours_between
from sirtdose.planning.vial_choice import Want, calibration_lead_h


@dataclass(frozen=True)
class Ordered:
    """A vial that was chosen for one injection, or for several that share it.

    Without a `calibration` its activity is that at the time of use.
    """

    injections: tuple[str, ...]
    calibration_gbq: float
    calibration: Calibration | None = None

    def at_use_gbq(self, at: datetime, nuclide: Nuclide) -> float:
        """What it holds at a time.

        >>> sunday = Calibration(datetime.fromisoformat("2026-12-06T12:00-05:00"), 0.0)
        >>> at = datetime.fromisoformat("2026-12-09T04:03-05:00")
        >>> Ordered(("a",), 5.0, sunday).at_use_gbq(at, Nuclide.named("Y-90"))
        2.5
        """
        if self.calibration is None:
            return self.calibration_gbq
        hours = hours_between(self.calibration.at, at)
        return self.calibration_gbq * nuclide.decay_factor(hours)


@dataclass(frozen=True)
class OrderOf:
    """Everything ordered for an injection: one vial, or several, whole or in `parts`.

    `at_use_gbq` is the sum of the whole vials.
    """

    want: Want
    vials: tuple[Ordered, ...]
    at_use_gbq: float
    parts: tuple[float, ...]

    @property
    def to_wanted_ratio(self) -> float:
        """That over the activity to draw up."""
        return self.at_use_gbq / self.want.activity_gbq

    @property
    def shared_with(self) -> list[str]:
        """The other injections that draw from the same vials."""
        every = (name for one in self.vials for name in one.injections)
        return [name for name in dict.fromkeys(every) if name != self.want.name]

    def part_of(self, vial: Ordered) -> float:
        """What of a vial it draws; of several that are alike, of each."""
        return self.parts[self.vials.index(vial)]


def orders_of(
    wants: Sequence[Want],
    ordered: Sequence[Ordered],
    nuclide: Nuclide,
    *,
    part_is_drawn: bool = False,
) -> list[OrderOf]:
    """What was ordered for each injection that anything was ordered for."""
    each = drawn_parts(ordered, wants, nuclide)
    found = []
    for want in wants:
        own = [(one, parts) for one, parts in each if want.name in one.injections]
        if not own:
            continue
        vials = tuple(one for one, _ in own)
        held = sum(one.at_use_gbq(want.at, nuclide) for one in vials)
        drawn = (parts[want.name] if part_is_drawn else 1.0 for _, parts in own)
        found.append(OrderOf(want, vials, held, tuple(drawn)))
    return found


def drawn_parts(
    ordered: Sequence[Ordered], wants: Sequence[Want], nuclide: Nuclide
) -> list[tuple[Ordered, Mapping[str, float]]]:
    """The part of each vial that each injection draws.

    An injection draws from vials of its own first, then the same part of each that it
    shares: of these, parts are above 1 together where they do not suffice.

    Examples
    --------
    5 GBq, with a vial of 3 GBq of its own: 2 GBq of the two others, a third of each.

    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> wants = [Want("right", 5.0, at), Want("left", 1.5, at)]
    >>> own, shared = Ordered(("right",), 3.0), Ordered(("right", "left"), 3.0)
    >>> [{name: round(part, 3) for name, part in parts.items()} for _, parts in
    ...  drawn_parts([own, shared, shared], wants, Nuclide.named("Y-90"))]
    [{'right': 1.0}, {'right': 0.333, 'left': 0.25}, {'right': 0.333, 'left': 0.25}]
    """
    found: list[tuple[Ordered, dict[str, float]]] = [(one, {}) for one in ordered]
    for want in wants:
        own = [each for each in found if want.name in each[0].injections]
        alone = [each for each in own if len(each[0].injections) == 1]
        shared = [each for each in own if len(each[0].injections) > 1]
        left = want.activity_gbq
        for some in (alone, shared):
            held = sum(one.at_use_gbq(want.at, nuclide) for one, _ in some)
            part = left / held if held else 0.0
            part = min(part, 1.0) if some is alone else part
            left -= part * held
            for _, parts in some:
                parts[want.name] = part
    return list(found)


@dataclass(frozen=True)
class Served:
    """Injections that draw from the same vials, at the time of the first of them."""

    injections: tuple[str, ...]
    held_gbq: float
    wanted_gbq: float


def served_by(
    ordered: Sequence[Ordered], wants: Sequence[Want], nuclide: Nuclide
) -> list[Served]:
    """What was ordered for each injection, or for those together that share vials.

    Examples
    --------
    1 GBq now and 1 GBq after one half-life, 2 GBq now, are 3 GBq of the vial now.

    >>> from datetime import timedelta
    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> wants = [Want("right", 1.0, at), Want("left", 1.0, at + timedelta(hours=64.05))]
    >>> [one] = served_by([Ordered(("right", "left"), 6.0, Calibration(at, 0.0))],
    ...                   wants, Nuclide.named("Y-90"))
    >>> one.injections, one.held_gbq, one.wanted_gbq
    (('right', 'left'), 6.0, 3.0)
    """
    groups: list[set[str]] = []
    for one in ordered:
        joined = [group for group in groups if group & {*one.injections}]
        groups = [group for group in groups if group not in joined]
        groups.append({*one.injections}.union(*joined))
    found = []
    for want in wants:
        group = next((one for one in groups if want.name in one), None)
        if group is None:
            continue
        groups.remove(group)
        own = [one for one in wants if one.name in group]
        first = min(one.at for one in own)
        found.append(
            Served(
                tuple(one.name for one in own),
                sum(
                    one.at_use_gbq(first, nuclide)
                    for one in ordered
                    if group & {*one.injections}
                ),
                sum(
                    one.activity_gbq
                    * nuclide.decay_factor(hours_between(one.at, first))
                    for one in own
                ),
            )
        )
    return found


@dataclass(frozen=True)
class Reading:
    """What a dose calibrator read, and when."""

    activity_gbq: float
    at: datetime


@dataclass(frozen=True)
class MeasuredVial:
    """The vials of an injection as measured, brought to its time.

    At `holds_it_at` they hold exactly what the plan wants.
    """

    want: Want
    readings: tuple[Reading, ...]
    at_use_gbq: float
    holds_it_at: datetime

    @property
    def to_wanted_ratio(self) -> float:
        """That over the activity to draw up."""
        return self.at_use_gbq / self.want.activity_gbq

    @property
    def injected_gbq(self) -> float:
        """Less what remains in vial and tubing."""
        return self.at_use_gbq * (1 - self.want.residual_fraction)


def measured_vial(
    want: Want,
    readings: Sequence[Reading],
    nuclide: Nuclide,
    calibrator_factor: float = 1.0,
) -> MeasuredVial:
    """What the vials of an injection hold at its time, by a dose calibrator.

    Parameters
    ----------
    want : Want
    readings : sequence of Reading
        One of each vial.
    nuclide : Nuclide
    calibrator_factor : float, 0.5 to 2
        True activity over what it reads.

    Raises
    ------
    RangeError
        A value is not above 0, or no calibrator's factor.

    Examples
    --------
    2.31 GBq at 9:30 are 2.298 GBq at 10:00, and were 2.2 GBq wanted, at 14:01.

    >>> from datetime import timedelta
    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> early = Reading(2.31, at - timedelta(minutes=30))
    >>> one = measured_vial(Want("right", 2.2, at), [early], Nuclide.named("Y-90"))
    >>> round(one.at_use_gbq, 4), one.holds_it_at.isoformat(timespec="minutes")
    (2.2975, '2026-12-09T14:00-05:00')
    """
    require_calibrator_factor(calibrator_factor)
    for one in readings:
        require_positive(measured_gbq=one.activity_gbq)
    at_use = calibrator_factor * sum(
        one.activity_gbq * nuclide.decay_factor(hours_between(one.at, want.at))
        for one in readings
    )
    lead_h = calibration_lead_h(
        calibration_gbq=at_use, activity_gbq=want.activity_gbq, nuclide=nuclide
    )
    return MeasuredVial(want, tuple(readings), at_use, hours_after(want.at, lead_h))


def calibration_on(
    day: date, device: Device, want: Want, calibrations: Sequence[Calibration]
) -> Calibration:
    """The one calibration of a day.

    Raises
    ------
    InputError
        There are several, or none.
    """
    found = [one for one in calibrations if one.at.date() == day]
    if len(found) == 1:
        return found[0]
    if found:
        times = " or ".join(one.at.isoformat(timespec="minutes") for one in found)
        raise InputError(
            f"{device.product} are calibrated more than once on {day}: write the time, "
            f"{times}"
        )
    if not calibrations:
        raise InputError(
            f"{device.product} have no fixed times of calibration: write the time that "
            f"'{want.name}' needs, e.g. {want.at.isoformat(timespec='minutes')}"
        )
    known = ", ".join(one.at.isoformat(timespec="minutes") for one in calibrations)
    raise InputError(
        f"no vial of {device.product} calibrated on {day} can be had for "
        f"'{want.name}': choose one of {known}"
    )
