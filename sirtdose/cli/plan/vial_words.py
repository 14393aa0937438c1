"""What is typed of vials: of which plan, when, chosen and measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from sirtdose.checks.constants import other_file_findings, other_half_life_findings
from sirtdose.cli.words.quantities import moment, quantity
from sirtdose.cli.words.show import SHOWN
from sirtdose.errors import InputError, QuantityError
from sirtdose.model.acceptance import Acceptance, by_own_subjects, unaccepted
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding
from sirtdose.model.names import by_own_names, named
from sirtdose.model.nuclide import Nuclide
from sirtdose.model.units import ACTIVITY, localized
from sirtdose.planning.ordered_vial import (
    Ordered,
    Reading,
    calibration_on,
    drawn_parts,
)
from sirtdose.planning.vial_calendar import (
    Calibration,
    calibrations_for,
    hours_between,
)
from sirtdose.planning.vial_choice import Want
from sirtdose.report.plan.hash import plan_of_file
from sirtdose.report.plan.rows import injections_of, names_of
from sirtdose.report.plan.vial_doses import PlannedDoses

ALONE = "injection"
# Part of a vial that only rounding leaves.
_NOTHING = 1e-9
_NOT_ONE = "'{}' is not an injection of the plan"


@dataclass(frozen=True)
class PlanForVials:
    """A plan: what it wants drawn up for each injection, and its doses."""

    document: Mapping[str, Any]
    doses: PlannedDoses

    @classmethod
    def of_file(cls, path: Path) -> "PlanForVials":
        """Read plan.json.

        Raises
        ------
        InputError
            No plan, or one that was edited.
        """
        document = plan_of_file(path)
        return cls(document, PlannedDoses(document))

    @property
    def device(self) -> str | None:
        """The microspheres it is for."""
        name = self.document["device"]
        return None if name is None else str(name)

    def meant(
        self, acceptances: Sequence[Acceptance], findings: Sequence[Finding]
    ) -> tuple[Acceptance, ...]:
        """What was accepted, by its own names for what its page shows otherwise."""
        shown = names_of(self.document)
        click.get_current_context().meta[SHOWN] = shown
        return by_own_subjects(acceptances, findings, shown)

    @property
    def draws_gbq(self) -> dict[str, tuple[float, float]]:
        """Activity to draw up, and the part that remains, by injection."""
        residual = float(self.document["assumptions"].get("residual_fraction", 0.0))
        return {
            one["name"]: (float(one["draw_activity_gbq"]), residual)
            for one in injections_of(self.document)
        }

    @property
    def unmet(self) -> Sequence[Finding]:
        """Limits that it does not meet and that nobody accepted."""
        return unaccepted(dict(self.document))

    @property
    def summary(self) -> dict[str, Any]:
        """What vial.json has of it."""
        return {key: self.document[key] for key in ("hash", "status")}

    def require_device(self, device: str | None) -> None:
        """Refuse microspheres other than the plan's."""
        own, nuclide = self.device, self.document["nuclide"]["name"]
        if device and own and device != own:
            raise InputError(
                f"the plan is for {own}, not for {device}: leave --device out"
            )
        if device and Device.named(device).nuclide_name != nuclide:
            raise InputError(
                f"the plan is for {nuclide}, and {device} carries "
                f"{Device.named(device).nuclide_name}"
            )

    def decaying_as(self, nuclide: Nuclide) -> Nuclide:
        """The nuclide with the plan's half-life, where that is another."""
        own_h = float(self.document["nuclide"]["half_life_h"])
        same = own_h == nuclide.half_life_h
        return nuclide if same else nuclide.with_half_life(own_h)

    def nuclide_findings(self, nuclide: Nuclide) -> list[Finding]:
        """A nuclide of another file than the plan's; another nuclide is refused."""
        own = self.document["nuclide"]
        if nuclide.name != own["name"]:
            raise InputError(
                f"the plan is for {own['name']}, not {nuclide.name}: give --nuclide "
                f"{own['name']}, or the plan for {nuclide.name}"
            )
        return [
            *other_file_findings(own, nuclide),
            *other_half_life_findings(float(own["half_life_h"]), nuclide),
        ]


def site_zone(timezone: str | None) -> tzinfo | None:
    """The hospital's time zone, as --timezone names it."""
    if timezone is None:
        return None
    try:
        localized(datetime(2026, 7, 1, 12), timezone)
    except QuantityError as error:
        raise click.BadParameter(str(error), param_hint="--timezone") from None
    return ZoneInfo(timezone)


def wants_of(
    draws: Mapping[str, tuple[float, float]],
    times: Sequence[str],
    *,
    injection: str | None,
    timezone: str | None,
) -> list[Want]:
    """What each injection wants drawn up at its time.

    Parameters
    ----------
    draws : mapping
        Activity and residual fraction by injection.
    times : sequence of str
        As typed: NAME=TIME, or one TIME for all.
    injection : str, optional
        The only one that vials are for.
    """
    chosen = [named(injection, draws, _NOT_ONE.format(injection))] if injection else []
    names = chosen or list(draws)
    typed: dict[str, str] = {}
    for text in times:
        name, equals, when = text.rpartition("=")
        if not equals and len(times) > 1:
            raise click.BadParameter(
                f"'{text}': with several times write each as NAME=TIME, "
                f"e.g. {names[0]}=2026-12-09T10:00-05:00",
                param_hint="--at",
            )
        for one in [name.strip()] if equals else names:
            if one in typed:
                raise click.BadParameter(
                    f"'{one}' is given twice: give it once", param_hint="--at"
                )
            typed[one] = when
    at = by_own_names(typed, draws, _NOT_ONE)
    missing = [name for name in names if name not in at]
    if missing:
        raise click.BadParameter(
            f"no time for {', '.join(missing)}: give --at {missing[0]}=TIME, or one "
            "TIME for all",
            param_hint="--at",
        )
    zone = site_zone(timezone)
    return [
        # On the hospital's clock: what follows in time is told by it too.
        Want(name, gbq, when if zone is None else when.astimezone(zone), residual)
        for name in names
        for gbq, residual in [draws[name]]
        for when in [moment(at[name], "--at", timezone)]
        if when is not None
    ]


def _split(text: str, wants: Sequence[Want], option: str) -> tuple[str, str, str]:
    """Name, activity and time of NAME=ACTIVITY[@TIME]; no name of the only one."""
    name, equals, value = text.rpartition("=")
    if not equals and len(wants) > 1:
        raise click.BadParameter(
            f"'{text}': write it like {wants[0].name}=ACTIVITY@TIME", param_hint=option
        )
    gbq, _, when = value.partition("@")
    return name.strip() or wants[0].name, gbq, when.strip()


def _above_zero(text: str, gbq: str, option: str) -> float:
    activity = quantity(gbq, ACTIVITY, option)
    if activity > 0:
        return activity
    raise click.BadParameter(f"'{text}' is not an activity above 0", param_hint=option)


def ordered_of(
    texts: Iterable[str],
    wants: Sequence[Want],
    *,
    device: Device,
    timezone: str | None,
) -> list[Ordered]:
    """The vials chosen: NAME=SIZE@DATE or @TIME, several names for a shared one.

    Without a time it is the activity at the time of use.
    """
    option, known = "--choose", [one.name for one in wants]
    found = []
    for text in texts:
        typed, size, when = _split(text, wants, option)
        names = typed.split(",") if typed not in known else [typed]
        each = [named(one, known, _NOT_ONE.format(one.strip())) for one in names]
        _require_once(text, each)
        own = [one for one in wants if one.name in each]
        first = min(own, key=lambda one: one.at)
        gbq = _above_zero(text, size, option)
        if when:
            calibration = _calibration(when, first, device, timezone)
            gbq = device.vials.size_near(gbq)
        else:
            calibration = None
            if device.vials.part_is_drawn:
                _require_one_time(text, own)
        found.append(Ordered(tuple(one.name for one in own), gbq, calibration))
    _require_two(found, known)
    return found


def _require_two(ordered: Sequence[Ordered], names: Sequence[str]) -> None:
    for name in names:
        vials = sum(name in one.injections for one in ordered)
        if vials > 2:
            raise click.BadParameter(
                f"{vials} vials are chosen for '{name}', and two are the most for an "
                "injection: leave one out",
                param_hint="--choose",
            )


def require_drawn(
    ordered: Sequence[Ordered], wants: Sequence[Want], nuclide: Nuclide
) -> None:
    """Refuse a shared vial of which one of its injections draws nothing.

    Raises
    ------
    BadParameter
        Its own vial has all that it is to get.
    """
    for vial, parts in drawn_parts(ordered, wants, nuclide):
        names = " and ".join(vial.injections)
        for name in vial.injections:
            if parts[name] < _NOTHING:
                raise click.BadParameter(
                    f"'{name}' draws nothing from the vial of "
                    f"{vial.calibration_gbq:.4g} GBq for {names}"
                    ", as its own vial is enough: leave one of the two out, or do not "
                    f"name '{name}' with the shared one",
                    param_hint="--choose",
                )


def _require_once(text: str, names: Sequence[str]) -> None:
    for one in names:
        if names.count(one) > 1:
            raise click.BadParameter(
                f"'{text}' names '{one}' {names.count(one)} times: name it once; "
                "repeat --choose for a second vial",
                param_hint="--choose",
            )


def _require_one_time(text: str, wants: Sequence[Want]) -> None:
    """A vial that decays between its injections has a time that its activity is of."""
    if len({one.at for one in wants}) > 1:
        raise click.BadParameter(
            f"'{text}' is for injections at different times, between which it decays: "
            f"write its calibration too, e.g. {text}@2026-12-09T18:00+01:00",
            param_hint="--choose",
        )


def _calibration(
    when: str, want: Want, device: Device, timezone: str | None
) -> Calibration:
    """By its day, the one that can be had; by its time, any."""
    had = calibrations_for(device.vials, want.at, site_zone(timezone))
    if len(when) <= len("2026-12-06"):
        try:
            day = date.fromisoformat(when)
        except ValueError:
            raise click.BadParameter(
                f"'{when}' is not a date: write it like 2026-12-06",
                param_hint="--choose",
            ) from None
        return calibration_on(day, device, want, had)
    at = moment(when, "--choose", timezone)
    assert at is not None
    same = [one for one in had if one.at == at]
    return same[0] if same else Calibration(at, hours_between(at, want.at))


def readings_of(
    texts: Iterable[str], wants: Sequence[Want], timezone: str | None
) -> dict[str, list[Reading]]:
    """What was measured: NAME=ACTIVITY@TIME, one of each vial."""
    found: dict[str, list[Reading]] = {}
    for text in texts:
        name, gbq, when = _split(text, wants, "--measured")
        activity = _above_zero(text, gbq, "--measured")
        at = moment(when or None, "--measured", timezone)
        if at is None:
            raise click.BadParameter(
                f"'{text}' has no time of the measurement: write "
                f"{text}@2026-12-09T09:30-05:00",
                param_hint="--measured",
            )
        known = _measured_of(name, [one.name for one in wants])
        found.setdefault(known, []).append(Reading(activity, at))
    return found


def _measured_of(name: str, names: Sequence[str]) -> str:
    """The one injection that a measured vial, or a part drawn from it, is for."""
    several = [one.strip() for one in name.split(",")]
    if name not in names and len(several) > 1 and set(several) <= set(names):
        each = " ".join(f"--measured {one}=ACTIVITY@TIME" for one in several)
        raise click.BadParameter(
            f"'{name}' share a vial: measure the part drawn for each, and give {each}",
            param_hint="--measured",
        )
    return named(name, names, _NOT_ONE.format(name))
