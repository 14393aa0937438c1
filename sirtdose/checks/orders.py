"""Vials as ordered, compared with the planned injections."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from itertools import combinations

from sirtdose.checks.activity import mixed_units_finding
from sirtdose.checks.vial_times import (
    off_schedule_findings,
    shelf_life_findings,
    used_early_findings,
)
from sirtdose.checks.vials import order_severity
from sirtdose.data.load import table
from sirtdose.model.device import Device
from sirtdose.model.finding import Finding, Severity
from sirtdose.model.names import by_own_names
from sirtdose.model.nuclide import Nuclide
from sirtdose.planning.ordered_vial import Ordered, drawn_parts, served_by
from sirtdose.planning.vial_choice import Want

_SAME_ORDER = 0.005


def order_findings(
    ordered_gbq: Mapping[str, float],
    planned_gbq: Mapping[str, float],
    *,
    part_is_drawn: bool = False,
) -> list[Finding]:
    """Ordered activity at use that differs from the plan, by injection (H03 to H05).

    Parameters
    ----------
    ordered_gbq : mapping
        Activity of each vial at the time of use.
    planned_gbq : mapping
        Activity to draw up for each injection.
    part_is_drawn : bool
        Whether only part of a vial is drawn (resin): it may then contain more.

    Raises
    ------
    InputError
        If an order names no injection of the plan.

    Examples
    --------
    10 GBq are ordered for each of two injections, but one needs only 3 GBq.

    >>> found = order_findings({"right": 10.0, "left": 10.0},
    ...                        {"right": 10.0, "left": 3.0})
    >>> [(one.code, str(one.severity)) for one in found]
    [('H03', 'note'), ('H03', 'stop'), ('H04', 'warn'), ('H04', 'stop')]
    """
    ordered_gbq = by_own_names(
        ordered_gbq, planned_gbq, "'{}' is ordered, but is not an injection of the plan"
    )
    findings = [
        finding
        for name, gbq in ordered_gbq.items()
        for finding in _one(name, gbq, planned_gbq[name], part_is_drawn=part_is_drawn)
    ]
    findings += [
        Finding.of(
            "H04",
            f"'{a}' and '{b}' are ordered with the same activity, {x:.4g} GBq: was "
            "one order form used twice?",
        )
        for (a, x), (b, y) in combinations(ordered_gbq.items(), 2)
        if abs(x - y) <= _SAME_ORDER * max(x, y) and not part_is_drawn
    ]
    total, wanted = sum(ordered_gbq.values()), sum(planned_gbq.values())
    several = len(planned_gbq) > 1
    # Less asks by injection (H03), and can be accepted there.
    if several and _is_for_two(total, wanted) and not part_is_drawn:
        findings.append(
            Finding.of(
                "H04",
                f"{total:.4g} GBq are ordered in total, but the plan has {wanted:.4g} "
                "GBq",
                severity=Severity.STOP,
            )
        )
    missing = [name for name in planned_gbq if name not in ordered_gbq]
    if missing:
        findings.append(
            Finding.of("H04", f"no activity is ordered for {', '.join(missing)}")
        )
    return findings


def _is_for_two(total_gbq: float, wanted_gbq: float) -> bool:
    return order_severity(total_gbq / wanted_gbq - 1) is Severity.STOP


def _one(
    name: str, gbq: float, wanted_gbq: float, *, part_is_drawn: bool
) -> list[Finding]:
    """Ordered activity that differs from the activity to draw up by more than 10 %."""
    off = gbq / wanted_gbq - 1
    said = (
        f"'{name}' is ordered with {gbq:.4g} GBq at use, {off:+.1%} from the "
        f"{wanted_gbq:.4g} GBq to draw up"
    )
    severity = order_severity(-off if part_is_drawn else abs(off))
    mixed = mixed_units_finding(
        gbq, wanted_gbq, f"order and plan of '{name}'", subject=name
    )
    found = Finding.of("H03", said, severity=severity, subject=name)
    return [found, *([mixed] if mixed else [])]


def chosen_against_plan(
    ordered: Sequence[Ordered],
    wants: Sequence[Want],
    *,
    device: Device,
    nuclide: Nuclide,
) -> list[Finding]:
    """What was chosen against what the plan wants; shared vials against the sum."""
    if not ordered:
        return []
    chosen, wanted = {}, {one.name: one.activity_gbq for one in wants}
    for one in served_by(ordered, wants, nuclide):
        for name in one.injections:
            wanted.pop(name)
        called = " and ".join(one.injections)
        chosen[called], wanted[called] = one.held_gbq, one.wanted_gbq
    return order_findings(chosen, wanted, part_is_drawn=device.vials.part_is_drawn)


def chosen_findings(
    ordered: Sequence[Ordered],
    wants: Sequence[Want],
    *,
    device: Device,
    nuclide: Nuclide,
    site: tzinfo | None = None,
) -> list[Finding]:
    """Vials that cannot be ordered, or not for these injections (H03)."""
    own = {one.name: one for one in wants}
    findings = _parts(drawn_parts(ordered, wants, nuclide), device)
    for one in ordered:
        findings += _size(one, device)
        if one.calibration is None:
            continue
        at = one.calibration.at
        used = [own[name].at for name in one.injections]
        zone = site or used[0].tzinfo or UTC
        findings += [
            *shelf_life_findings(at, max(used), device, injections=one.injections),
            *off_schedule_findings(at, device, zone, injections=one.injections),
            *used_early_findings(at, min(used), device, one.injections, site=zone),
        ]
    return findings


def _size(one: Ordered, device: Device) -> list[Finding]:
    product, gbq = device.vials, one.calibration_gbq
    if one.calibration is None or not product.sizes or product.size_name(gbq):
        return []
    others = [
        name
        for name in table("devices")
        if name != device.name
        and (other := Device.named(name).vials).size_near(gbq) in other.fixed_gbq
    ]
    said = (
        f"{gbq:g} GBq is not a size of {device.product} "
        f"({'; '.join(row.fact.says for row in product.sizes)})"
    )
    if others:
        said += f": is it a vial of {' or '.join(others)}?"
    return [
        Finding.of(
            "H03",
            said,
            subject=", ".join(one.injections),
            accepted=f"{gbq:g} GBq is ordered",
        )
    ]


def _parts(
    drawn: Sequence[tuple[Ordered, Mapping[str, float]]], device: Device
) -> list[Finding]:
    """Vials for several injections hold all that is drawn from them."""
    shared: dict[tuple[str, ...], list[Mapping[str, float]]] = {}
    for one, parts in drawn:
        if len(one.injections) > 1:
            shared.setdefault(tuple(parts), []).append(parts)
    findings = []
    for names, vials in shared.items():
        parts, several = vials[0], len(vials) > 1
        together = sum(parts.values())
        if not device.vials.part_is_drawn:
            said = (
                f"one vial is ordered for {' and '.join(names)}, but {device.product} "
                "are given whole: order a vial for each"
            )
        elif together > 1.0:
            each = ", ".join(f"{name} {part:.0%}" for name, part in parts.items())
            said = (
                f"{f'{len(vials)} vials do' if several else 'one vial does'} not "
                f"suffice for all that is drawn from {'them' if several else 'it'}: "
                f"{each}{' of each' if several else ''}, together {together:.0%}"
            )
        else:
            continue
        findings.append(
            Finding.of("H03", said, severity=Severity.STOP, subject=", ".join(names))
        )
    return findings


def unapproved_findings(
    status: str, unmet: Sequence[Finding] = (), *, ordered: bool = False
) -> list[Finding]:
    """Vials for a plan that is not approved (H04), or that passes a limit (H42)."""
    if status == "approved":
        return []
    severity = Severity.WARN if ordered else Severity.NOTE
    said = f"the plan is a {status}: approve it with `sirtdose plan approve`"
    return [
        Finding.of("H04", said, severity=severity),
        *(
            Finding.of(
                one.code,
                f"the plan cannot be approved, as nobody accepted this: {one.message}",
                severity=Severity.WARN,
                subject=one.subject,
            )
            for one in unmet
        ),
    ]
