"""Vials as a terminal shows them: a grid for each injection, and today's vial."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sirtdose.report.page_head import moment_words
from sirtdose.report.plan.goals_at import goal_rows
from sirtdose.report.post.summary import own_file_words
from sirtdose.report.screen import Screen
from sirtdose.report.wording import activity, gy_words, significant, spoken, table

_FITTING_SHOWN = 3
_MARKS = (
    "* within 10 % of what is wanted, or enough of it;  ! a limit is not met, or a "
    "check of doses warns"
)


def vial_screen(document: Mapping[str, Any]) -> Screen:
    """The vials of each injection; with -v every dose of each."""
    result = [_title(document)]
    for one in document["injections"]:
        result += ["", *_injection_lines(one)]
    open_ones = [one for one in document["injections"] if _is_open(one)]
    if any(_marks(own) for one in open_ones for own in one["choices"]):
        result += ["", _MARKS]
    if open_ones:
        result += _shared_lines(document)
    result += _measured_lines(document)
    if rows := goal_rows(document["goals"]):
        header = ["goal", "with these vials", "wanted", ""]
        result += ["", table(header, rows, left={0, 2, 3})]
    if left := document["not_repeated"]:
        result += ["", f"Not repeated here: {', '.join(left)}"]
    return Screen.of(document, result, _details(document))


def _is_open(injection: Mapping[str, Any]) -> bool:
    """Whether its vial is still to be chosen."""
    return not (injection["ordered"] or injection["measured"])


def order_line(injection: Mapping[str, Any]) -> str:
    """What was ordered for an injection, and what of it is left at use.

    >>> vial = {"calibration_gbq": 5.0, "calibrated_at": "2026-12-06T12:00-05:00",
    ...         "shared_with": [], "part_to_draw": 1.0}
    >>> order_line({"name": "right", "at": "2026-12-09T10:00-05:00", "ordered": {
    ...     "vials": [vial], "at_use_gbq": 2.344, "to_wanted_ratio": 0.928}})
    'Ordered for right: 5 GBq calibrated Dec 6 12:00; 2.344 GBq at use (-7.2 %)'
    """
    own = injection["ordered"]
    each = " and ".join(_ordered_vial(one, injection["at"]) for one in own["vials"])
    parts = [one["part_to_draw"] for one in own["vials"]]
    shared = any(one["shared_with"] for one in own["vials"])
    off = drawn_words(parts) if shared else off_words(own["to_wanted_ratio"])
    return (
        f"Ordered for {injection['name']}: {each}; {significant(own['at_use_gbq'])} "
        f"GBq at use ({off})"
    )


def _ordered_vial(one: Mapping[str, Any], used_at: str) -> str:
    at, others = one["calibrated_at"], one["shared_with"]
    return (
        f"{one['calibration_gbq']:.4g} GBq"
        + (f" calibrated {_short(at, used_at)}" if at else "")
        + (f" (shared with {', '.join(others)})" if others else "")
    )


def off_words(ratio: float) -> str:
    """How far an activity is from another.

    >>> off_words(0.928), off_words(1.0)
    ('-7.2 %', '+0.0 %')
    """
    return f"{round(100 * ratio - 100, 1) + 0:+.1f} %"


def drawn_words(parts: Sequence[float]) -> str:
    """What is drawn of a vial that others share, or of several.

    >>> drawn_words([0.25]), drawn_words([0.25, 0.25]), drawn_words([1.0, 0.12])
    ('draw 25 % of it', 'draw 25 % of each', 'draw 100 % and 12 %')
    """
    if len(set(parts)) > 1:
        return f"draw {' and '.join(f'{100 * one:.0f} %' for one in parts)}"
    return f"draw {100 * parts[0]:.0f} % of {'it' if len(parts) == 1 else 'each'}"


def calibration_words(vial: Mapping[str, Any]) -> str:
    """When a vial is calibrated, with its week or its delivery.

    A time that no schedule has is told with its offset from UTC.

    >>> calibration_words({"calibrated_at": "2026-12-06T12:00-05:00", "week": 1})
    'Dec 6 12:00 UTC-05:00, week 1'
    >>> calibration_words({"calibrated_at": "2026-12-06T12:00-05:00", "week": 1,
    ...                    "calibration_zone": "America/New_York"})
    'Dec 6 12:00, week 1'
    """
    if vial.get("delivered"):
        day = date.fromisoformat(vial["delivered"])
        more = f", delivered {day:%b} {day.day}"
    else:
        more = f", week {vial['week']}" if vial.get("week") else ""
    at, known = vial["calibrated_at"], vial.get("calibration_zone")
    own = known or vial.get("delivered")
    said = _short(at) if own else f"{_short(at)} {moment_words(at).rpartition(' ')[2]}"
    return f"{said}{more}"


def zone_words(choices: Sequence[Mapping[str, Any]]) -> str:
    """The time zone that calibrations are given in.

    >>> vial = {"calibrated_at": "2026-12-06T12:00-05:00",
    ...         "calibration_zone": "America/New_York"}
    >>> zone_words([{"vials": [vial]}])
    'America/New_York time'
    """
    zones = (one["calibration_zone"] for own in choices for one in own["vials"])
    return " and ".join(f"{zone} time" for zone in dict.fromkeys(filter(None, zones)))


def spheres_words(choice: Mapping[str, Any]) -> str:
    """Spheres in million, and the activity of each.

    >>> spheres_words({"spheres": 2e6, "bq_per_sphere": 1172.0})
    '2.00 million spheres of 1172 Bq'
    """
    if not choice["spheres"]:
        return "spheres not known"
    return (
        f"{significant(choice['spheres'] / 1e6, 3)} million spheres of "
        f"{significant(choice['bq_per_sphere'], 4)} Bq"
    )


def _short(iso: str, beside: str = "") -> str:
    """A time without its year; with its offset, where that is not another time's."""
    at = datetime.fromisoformat(iso)
    said = f"{at:%b} {at.day} {at:%H:%M}"
    if beside and datetime.fromisoformat(beside).utcoffset() == at.utcoffset():
        return said
    return f"{said} {moment_words(iso).rpartition(' ')[2]}" if beside else said


def _title(document: Mapping[str, Any]) -> str:
    nuclide = document["nuclide"]
    return (
        f"Vials of {document['device'] or 'no known product'} ({nuclide['name']}, "
        f"half-life {nuclide['half_life_h']:g} h{own_file_words(nuclide)})"
    )


def _injection_lines(one: Mapping[str, Any]) -> list[str]:
    main = one["main_dose"]
    said = f"{one['name']}: draw up {activity(one['activity_gbq'])} at "
    said += moment_words(one["at"])
    lines = [said]
    if not _is_open(one):
        return [*lines, order_line(one)] if one["ordered"] else lines
    if one["choices"]:
        doses = f", and Gy to {spoken(main)}" if main else ""
        zone = zone_words(one["choices"])
        lines += [f"GBq at use{doses}{f'; calibrated in {zone}' if zone else ''}"]
        lines += [_grid(one["choices"], main)]
    fitting = [own for own in (*one["choices"], *one["pairs"]) if own["fits"]]
    fitting.sort(key=lambda own: abs(own["to_wanted_ratio"] - 1))
    lines += [f"  fits: {choice_words(own)}" for own in fitting[:_FITTING_SHOWN]]
    return lines


def choice_words(choice: Mapping[str, Any]) -> str:
    """One vial or two in a sentence."""
    vials = " + ".join(
        f"{one['calibration_gbq']:.4g} GBq of {calibration_words(one)}"
        for one in choice["vials"]
    )
    part = choice["part_to_draw"]
    drawn = f", draw {part:.0%}" if part < 1 else ""
    return (
        f"{vials}: {significant(choice['at_use_gbq'])} GBq at use "
        f"({off_words(choice['to_wanted_ratio'])}){drawn}, {spheres_words(choice)}"
    )


def _grid(choices: Sequence[Mapping[str, Any]], main: str | None) -> str:
    """Sizes down and calibrations across; turned where calibrations are more."""
    cells = {
        (size_words(own), calibration_words(own)): _cell(one, main)
        for one in choices
        for own in one["vials"]
    }
    sizes, times = (list(dict.fromkeys(key[n] for key in cells)) for n in (0, 1))
    if len(times) > len(sizes):
        header = ["calibrated", *(f"{size} GBq vial" for size in sizes)]
        rows = [
            [time, *(cells.get((size, time), "-") for size in sizes)] for time in times
        ]
    else:
        header = ["vial GBq", *times]
        rows = [
            [size, *(cells.get((size, time), "-") for time in times)] for size in sizes
        ]
    return table(header, rows)


def size_words(vial: Mapping[str, Any]) -> str:
    """A vial's activity at calibration, and what it is called where made on request.

    >>> size_words({"calibration_gbq": 5.5, "size": "custom"})
    '5.5 custom'
    """
    kind = vial.get("size")
    named = "" if kind in (None, "standard") else f" {kind}"
    return f"{vial['calibration_gbq']:.4g}{named}"


def _cell(choice: Mapping[str, Any], main: str | None) -> str:
    gy = next((one["dose_gy"] for one in choice["doses"] if one["name"] == main), None)
    dose = "" if gy is None else f" {gy_words(gy):>4} Gy"
    return f"{significant(choice['at_use_gbq'], 3)}{dose} {_marks(choice):<2}"


def _marks(choice: Mapping[str, Any]) -> str:
    return ("*" if choice["fits"] else "") + ("!" if choice["warned"] else "")


def doubted(dose: Mapping[str, Any]) -> bool:
    """Whether a limit is not met by a dose, or a check asks or warns of it."""
    return bool(dose["not_met"] or dose["warned"])


def _shared_lines(document: Mapping[str, Any]) -> list[str]:
    rows = [
        [
            " + ".join(
                f"{own['calibration_gbq']:g} GBq, {calibration_words(own)}"
                for own in one["vials"]
            ),
            *(f"{part:.0%}" for part in one["parts"].values()),
            f"{sum(one['parts'].values()):.0%}",
            "*" if one["fits"] else "",
        ]
        for one in document["shared"]
    ]
    if not rows:
        return []
    names = [one["name"] for one in document["injections"]]
    title = "vials for all, draw of each"
    return ["", table([title, *names, "together", ""], rows)]


def _measured_lines(document: Mapping[str, Any]) -> list[str]:
    found = [one for one in document["injections"] if one["measured"]]
    if not found:
        return []
    lines = ["", "Today's vial against the plan"]
    lines += [
        f"  {one['name']}: {activity(own['at_use_gbq'])} at use, "
        f"{off_words(own['to_wanted_ratio'])} from the plan"
        + (
            f", {off_words(own['to_ordered_ratio'])} from the order"
            if own["to_ordered_ratio"]
            else ""
        )
        + f"; exactly what is wanted at {_short(own['holds_it_at'], one['at'])}"
        for one in found
        for own in [one["measured"]]
    ]
    rows = [
        [spoken(one["name"]), significant(one["dose_gy"]), limits_words(one)]
        for one in document["measured_doses"]
    ]
    return (
        [*lines, table(["", "Gy", "limits and checks"], rows, left={0, 2})]
        if rows
        else lines
    )


def limits_words(dose: Mapping[str, Any]) -> str:
    """Which limits a dose does not meet, and which checks ask or warn of it.

    >>> limits_words({"limits": 2, "not_met": [], "warned": []})
    'met'
    >>> limits_words({"limits": 0, "not_met": [], "warned": [
    ...     {"code": "H43", "severity": "warn", "in_plan": True}]})
    'no limit set; WARN H43, as in the plan'
    """
    said = [_missed(one) for one in dose["not_met"]]
    if not said:
        said = ["met" if dose["limits"] else "no limit set"]
    said += [
        f"{one['severity'].upper()} {one['code']}"
        f"{', as in the plan' if one['in_plan'] else ''}"
        for one in dose["warned"]
    ]
    return "; ".join(dict.fromkeys(said))


def _missed(limit: Mapping[str, Any]) -> str:
    gy, top = limit["value_gy"], limit["upper_gy"]
    low = limit["sense"] == "at_least" or (top is not None and gy < limit["limit_gy"])
    bound = limit["limit_gy"] if low or top is None else top
    side = "below" if low else "above"
    return f"NOT MET: {gy_words(gy, bound)} Gy, {side} {bound:g} Gy"


def _details(document: Mapping[str, Any]) -> list[str]:
    """Every choice with all its doses, and what another hour changes."""
    lines = []
    for one in document["injections"]:
        choices = [*one["choices"], *one["pairs"]]
        names = [dose["name"] for own in choices[:1] for dose in own["doses"]]
        rows = [
            [
                " + ".join(
                    f"{vial['calibration_gbq']:.4g} GBq, {calibration_words(vial)}"
                    for vial in own["vials"]
                ),
                significant(own["at_use_gbq"]),
                significant(own["at_use_mci"]),
                off_words(own["to_wanted_ratio"]),
                f"{own['part_to_draw']:.0%}",
                significant(own["spheres"] / 1e6, 3) if own["spheres"] else "-",
                significant(own["bq_per_sphere"]) if own["bq_per_sphere"] else "-",
                _short(own["holds_it_at"], one["at"]),
                *(
                    gy_words(dose["dose_gy"]) + ("!" if doubted(dose) else "")
                    for dose in own["doses"]
                ),
            ]
            for own in choices
        ]
        header = ["vial", "GBq", "mCi", "to wanted", "draw", "million", "Bq each"]
        header += ["holds it at", *(f"{spoken(name)} Gy" for name in names)]
        zone = zone_words(choices)
        own_zone = moment_words(one["at"]).rpartition(" ")[2]
        times = f"; calibrated in {zone}, held in {own_zone}" if zone else ""
        lines += [f"{one['name']}, every vial{times}", table(header, rows), ""]
    shifts = [
        [f"{one['hours']:+g} h", off_words(one["factor"])] for one in document["shifts"]
    ]
    return [*lines, table(["case at", "activity and dose"], shifts)]
