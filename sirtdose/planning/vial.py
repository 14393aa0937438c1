"""Vials for an activity at a time: those that can be had, and what they hold then."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import combinations_with_replacement

from sirtdose.errors import InputError
from sirtdose.model.bounds import require_positive
from sirtdose.model.device import Device
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.vial_calendar import (
    Calibration,
    calibrations_for,
    hours_after,
    hours_between,
)
from sirtdose.planning.vial_choice import (
    Vial,
    VialChoice,
    Want,
    calibration_lead_h,
    choice_of,
)
from sirtdose.planning.vial_time import calibrations_near, nearest_time

# Pairs that are offered, the nearest first.
_PAIRS_MAX = 4


@dataclass(frozen=True)
class SharedVial:
    """A vial for several injections, and what it holds at the time of each."""

    calibration_gbq: float
    calibration: Calibration
    at_use_gbq: tuple[float, ...]


@dataclass(frozen=True)
class SharedVials:
    """A vial or two for several injections, each of which draws the same part of each.

    Examples
    --------
    4 GBq and 1 GBq at once of two vials of 3 GBq: 0.667 and 0.167 of each.

    >>> at = datetime.fromisoformat("2026-12-09T10:00-05:00")
    >>> wants = (Want("right", 4.0, at, 0.1), Want("left", 1.0, at))
    >>> one = SharedVial(3.0, Calibration(at, 0.0), (3.0, 3.0))
    >>> both = SharedVials(wants, (one, one))
    >>> [round(part, 3) for part in both.parts], both.fits
    ([0.667, 0.167], True)
    >>> both.drawn_gbq(one)
    (2.0, 0.5)
    """

    wants: tuple[Want, ...]
    vials: tuple[SharedVial, ...]

    @property
    def at_use_gbq(self) -> tuple[float, ...]:
        """What all of them hold at the time of each injection."""
        each = (one.at_use_gbq for one in self.vials)
        return tuple(map(sum, zip(*each, strict=True)))

    @property
    def parts(self) -> tuple[float, ...]:
        """The part of each vial that each injection draws."""
        return tuple(
            want.activity_gbq / held
            for want, held in zip(self.wants, self.at_use_gbq, strict=True)
        )

    @property
    def fits(self) -> bool:
        """Whether all parts can be drawn from them."""
        return self.left >= 0.0

    @property
    def left(self) -> float:
        """The part of each that nobody draws."""
        return 1.0 - sum(self.parts)

    def drawn_gbq(self, vial: SharedVial) -> tuple[float, ...]:
        """What each injection draws from one of them."""
        pairs = zip(self.parts, vial.at_use_gbq, strict=True)
        return tuple(part * held for part, held in pairs)


@dataclass(frozen=True)
class InjectionVials:
    """The vials that can be had for an injection.

    `pairs` are there where no vial fits, or two are asked for. Where nothing fits,
    `nearest` is the nearest at the time, and `elsewhen` what would fit at another.
    """

    want: Want
    choices: tuple[VialChoice, ...]
    pairs: tuple[VialChoice, ...] = ()
    nearest: VialChoice | None = None
    elsewhen: VialChoice | None = None

    @property
    def fitting(self) -> tuple[VialChoice, ...]:
        """What fits, single vials before pairs."""
        return tuple(one for one in (*self.choices, *self.pairs) if one.fits)


@dataclass(frozen=True)
class Asked:
    """What of the vials is asked for, beside the device's own.

    `site` is the hospital's zone; `calibrated_at` replaces what the catalogue has.
    """

    site: tzinfo | None = None
    calibrated_at: datetime | None = None
    pairs: bool = False


def vials_for(
    want: Want, device: Device, nuclide: Nuclide, asked: Asked | None = None
) -> InjectionVials:
    """The vials that can be had for an injection, and which of them fit.

    Parameters
    ----------
    want : Want
    device : Device
    nuclide : Nuclide
    asked : Asked, optional

    Raises
    ------
    RangeError
        An activity that is not above 0.
    InputError
        Microspheres of no known product, and no sizes.

    Examples
    --------
    >>> want = Want("right", 2.5, datetime.fromisoformat("2026-12-09T10:00-05:00"))
    >>> found = vials_for(want, Device.named("glass"), Nuclide.named("Y-90"))
    >>> [(one.vials[0].calibration_gbq, round(one.at_use_gbq, 2))
    ...  for one in found.fitting]
    [(5.0, 2.34), (5.5, 2.58)]
    """
    asked = asked or Asked()
    require_positive(activity_gbq=want.activity_gbq)
    if not device.vials.sizes:
        raise InputError(
            f"{device.product} are of an unknown product without vial sizes: give "
            "--vial"
        )
    found = _singles(want, device, nuclide, asked)
    choices = tuple(_shown(found))
    fits = any(one.fits for one in found)
    pairs = () if fits and not asked.pairs else _pairs(found, nuclide)
    own = InjectionVials(want, choices, pairs)
    if own.fitting or asked.calibrated_at is not None:
        return own
    return replace(
        own,
        nearest=min((*choices, *pairs), key=lambda one: one.far, default=None),
        elsewhen=_elsewhen(want, device, nuclide, asked),
    )


def shared_vials(
    wants: Sequence[Want], device: Device, nuclide: Nuclide, asked: Asked
) -> list[SharedVials]:
    """Each vial that parts can be drawn from for every injection, at their times.

    A part of a vial is one of its spheres: they decay alike, so parts drawn at
    different times add up. Where no vial suffices, or two are asked for, there are
    pairs of them too.

    Examples
    --------
    1.5 GBq at 10:00 and 1.5 GBq at 14:00 of a vial with 3.27 GBq at 10:00: 0.459, and
    four hours later 0.479 of it.

    >>> wants = [
    ...     Want(name, 1.5, datetime.fromisoformat(f"2026-12-09T{hour}:00-05:00"))
    ...     for name, hour in (("right", 10), ("left", 14))
    ... ]
    >>> [one] = [one for one in shared_vials(wants, Device.named("resin"),
    ...                                      Nuclide.named("Y-90"), Asked())
    ...          if one.vials[0].calibration.at.isoformat()
    ...          == "2026-12-09T18:00:00-05:00"]
    >>> [round(part, 3) for part in one.parts], one.fits
    ([0.459, 0.479], True)
    """
    if len(wants) < 2 or not device.vials.part_is_drawn:
        return []
    each = [
        {
            (vial.calibration_gbq, vial.calibration.at): vial
            for choice in _singles(want, device, nuclide, asked)
            for vial in choice.vials
        }
        for want in wants
    ]
    vials = [
        SharedVial(
            gbq,
            each[0][gbq, at].calibration,
            tuple(own[gbq, at].at_use_gbq for own in each),
        )
        for gbq, at in each[0]
        if all((gbq, at) in own for own in each)
    ]
    singles = [SharedVials(tuple(wants), (one,)) for one in vials]
    if any(one.fits for one in singles) and not asked.pairs:
        return singles
    pairs = [
        SharedVials(tuple(wants), two)
        for two in combinations_with_replacement(vials, 2)
        if _same_clock(two)
    ]
    # Of one delivery first, and of these what is left over least.
    fitting = sorted(
        (one for one in pairs if one.fits),
        key=lambda one: (len({own.calibration.at for own in one.vials}), one.left),
    )
    return [*singles, *fitting[:_PAIRS_MAX]]


def _same_clock(vials: Sequence[Vial | SharedVial]) -> bool:
    """Whether one hospital can have them: its vials have one time of calibration."""
    return len({one.calibration.at.time() for one in vials}) == 1


def _singles(
    want: Want, device: Device, nuclide: Nuclide, asked: Asked
) -> list[VialChoice]:
    """Every size with every calibration."""
    product = device.vials
    sizes = sorted({gbq for one in product.sizes for gbq in one.listed_gbq})
    if not sizes and product.size_name(want.activity_gbq):
        sizes = [want.activity_gbq]
    if asked.calibrated_at is None and not product.schedules:
        suited = [_when_it_suits(gbq, want, device, nuclide) for gbq in sizes]
        return [one for one in suited if one is not None]
    if asked.calibrated_at is None:
        calibrations: Sequence[Calibration] = calibrations_for(
            product, want.at, asked.site
        )
    else:
        hours = hours_between(asked.calibrated_at, want.at)
        calibrations = [Calibration(asked.calibrated_at, hours)]
    return [
        choice_of(want, [(gbq, own)], device, nuclide)
        for gbq in sizes
        for own in calibrations
    ]


def _when_it_suits(
    gbq: float, want: Want, device: Device, nuclide: Nuclide
) -> VialChoice | None:
    """Calibrated so as to hold what is wanted; None where that is after its use."""
    hours = calibration_lead_h(
        calibration_gbq=gbq, activity_gbq=want.activity_gbq, nuclide=nuclide
    )
    if hours < 0 and not device.vials.part_is_drawn:
        return None
    calibration = Calibration(hours_after(want.at, -hours), hours)
    return choice_of(want, [(gbq, calibration)], device, nuclide)


def _shown(found: Sequence[VialChoice]) -> list[VialChoice]:
    """Every kept size, and of sizes made on request the nearest of a calibration."""
    if not found:
        return []
    kept = found[0].device.vials.fixed_gbq
    nearest: dict[datetime, VialChoice] = {}
    for one in found:
        at = one.vials[0].calibration.at
        if at not in nearest or one.far < nearest[at].far:
            nearest[at] = one
    best = [one for one in nearest.values() if one.fits or not kept]
    return [
        one
        for one in found
        if one.vials[0].calibration_gbq in kept or any(one is own for own in best)
    ]


def _pairs(found: Sequence[VialChoice], nuclide: Nuclide) -> tuple[VialChoice, ...]:
    """The pairs nearest to what is wanted; of sizes that are kept, where any fits."""

    def fitting(some: Sequence[VialChoice]) -> list[VialChoice]:
        joined = (
            choice_of(
                first.want,
                [(one.calibration_gbq, one.calibration) for one in vials],
                first.device,
                nuclide,
            )
            for first, second in combinations_with_replacement(some, 2)
            for vials in [(*first.vials, *second.vials)]
            if _same_clock(vials)
        )
        return sorted((one for one in joined if one.fits), key=lambda one: one.far)

    kept = [
        one
        for one in found
        if one.vials[0].calibration_gbq in one.device.vials.fixed_gbq
    ]
    return tuple((fitting(kept) or fitting(found))[:_PAIRS_MAX])


def _elsewhen(
    want: Want, device: Device, nuclide: Nuclide, asked: Asked
) -> VialChoice | None:
    """The vial that fits at the time nearest to the one wanted."""
    product = device.vials
    sizes = {gbq for one in product.sizes for gbq in one.listed_gbq}
    found = [
        (abs(hours_between(want.at, at)), gbq, at)
        for gbq in sizes
        for one in calibrations_near(want, product, asked.site)
        for at in [nearest_time(want, gbq, one, product=product, nuclide=nuclide)]
        if at is not None
    ]
    if not found:
        return None
    _, gbq, at = min(found, key=lambda one: (one[0], one[1]))
    moved = _singles(replace(want, at=at), device, nuclide, asked)
    own = [one for one in moved if one.vials[0].calibration_gbq == gbq]
    return min(own, key=lambda one: one.far, default=None)
