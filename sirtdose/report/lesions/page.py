"""The page of lesions through time: one table, and a curve of each volume."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from sirtdose.report.documents import document_text
from sirtdose.report.ladder import nice_step
from sirtdose.report.lesions.lines import (
    change_words,
    lesions_csv,
    seen_at,
)
from sirtdose.report.page_head import REMOVED, PageHead, day_words, made_today
from sirtdose.report.palette import paints
from sirtdose.report.render import case_hash, render
from sirtdose.report.wording import method_words, significant

_WIDTH, _HEIGHT = 900, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 130, 26, 44
_STEPS, _APART = 5, 15
_NAMED_MAX = 6
_NAMES = {"recist-1.1": "RECIST 1.1", "mrecist": "mRECIST", "percist": "PERCIST"}


@dataclass(frozen=True)
class Line:
    """What one cell of the table says: a number with its unit, and what it is."""

    value: str
    unit: str
    what: str


@dataclass(frozen=True)
class Curve:
    """The volume of a lesion over time."""

    name: str
    color: str
    points: tuple[tuple[float, float, str], ...]
    label_y: float


@dataclass(frozen=True)
class Plot:
    """Everything the template needs to draw volumes over days."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    curves: tuple[Curve, ...]
    treatments: tuple[tuple[float, str], ...]
    ml_ticks: tuple[tuple[float, str], ...]
    day_ticks: tuple[tuple[float, str], ...]


def history_pages(document: dict[str, Any]) -> dict[str, str]:
    """What stands beside lesions.json, by its name."""
    page = lesions_page(document_text(document))
    return {"lesions.csv": lesions_csv(document), "lesions.html": page}


def lesions_page(text: str) -> str:
    """The page of lesions.json's text."""
    d = json.loads(text)
    hidden = d["deidentified"]
    treated = [one for one in d["visits"] if one["kind"] == "treatment"]
    when = [day_words(one["date"]) for one in treated]
    colors = paints((one["name"], "tumor") for one in d["lesions"])
    return render(
        "lesions.html",
        {"lesions-json": text},
        (),
        head=PageHead(
            "Lesions through time",
            case_hash(text, digits=64),
            key=d["case_id"],
            treated=REMOVED if hidden else " and ".join(when),
            made="" if hidden else made_today(),
            deidentified=hidden,
        ),
        d=d,
        colors={name: one.on_white for name, one in colors.items()},
        answer=answer(d),
        cells={
            (lesion["name"], visit["label"]): cell_lines(
                lesion, visit, named=len(d["responses"]) > 1
            )
            for lesion in d["lesions"]
            for visit in d["visits"]
        },
        several=len(treated) > 1,
        last=next(
            (it["label"] for it in reversed(d["visits"]) if it["contours"]), None
        ),
        plot=volume_plot(d, {name: one.on_white for name, one in colors.items()}),
        change=change_words,
        day=day_words,
        days=days_words,
        short=_short,
    )


def answer(d: Mapping[str, Any]) -> str:
    """The first sentence: how many lesions over how many visits, and the response."""
    visits = d["visits"]
    counts = {
        kind: sum(one["kind"] == kind for one in visits)
        for kind in ("plan", "treatment", "follow-up")
    }
    over = [
        f"{count} {kind}{'s' * (count != 1)}" for kind, count in counts.items() if count
    ]
    lesions = len(d["lesions"])
    said = f"{lesions} lesion{'s' * (lesions != 1)} over {', '.join(over)}"
    changes = [
        f"{one['name']} {change_words(one)}"
        for one in d["lesions"]
        if one["volume_change"] is not None
    ]
    if 0 < len(changes) <= _NAMED_MAX:
        said += f". Volume: {', '.join(changes)}"
    best = [f"{one['name']} {one['best']['response']}" for one in d["responses"]]
    return f"{said}. Best response: {', '.join(best)}." if best else f"{said}."


def cell_lines(
    lesion: Mapping[str, Any], visit: Mapping[str, Any], *, named: bool
) -> list[Line]:
    """What a visit has of a lesion: doses, volume, diameter, uptake, response.

    Criteria are `named` where there are several.
    """
    names = _NAMES if named else dict.fromkeys(_NAMES, "")
    seen = seen_at(lesion, visit["label"])
    found = []
    if seen is not None:
        for method, dose in seen["dose_gy"].items():
            found.append(Line(significant(dose["mean"]), "Gy", _short(method)))
        if seen["volume_ml"] is not None:
            found.append(Line(significant(seen["volume_ml"], 3), "mL", ""))
        for criteria, mm in seen["diameter_mm"].items():
            found.append(Line(f"{mm:g}", "mm", names[criteria]))
        if seen["sul_peak"] is not None:
            found.append(Line(f"{seen['sul_peak']:g}", "g/mL", "SULpeak"))
    for one in lesion["responses"]:
        for point in one["timepoints"]:
            if point["visit"] == visit["label"]:
                found.append(Line(point["response"], "", names[one["criteria"]]))
    return found


def _short(method: str) -> str:
    """A method of dose in a narrow cell.

    >>> _short("local_deposition"), _short("kernel+gtm")
    ('local', 'kernel + gtm')
    """
    return method_words(method).replace("local deposition", "local")


def days_words(visit: Mapping[str, Any]) -> str:
    """How long after the first treatment, and after the last where that is another.

    >>> days_words({"days": 90, "days_since_last_treatment": 60})
    'day 90 (60 after treatment)'
    """
    days, last = visit["days"], visit["days_since_last_treatment"]
    if days is None:
        return ""
    if last in (None, 0, days):
        return f"day {days}"
    return f"day {days} ({last} after treatment)"


def volume_plot(d: Mapping[str, Any], colors: Mapping[str, str]) -> Plot | None:
    """Volumes over days since the first treatment; None where there is one point."""
    days = {one["label"]: one["days"] for one in d["visits"]}
    known = {
        lesion["name"]: [
            (days[one["visit"]], one["volume_ml"], one["visit"])
            for one in lesion["visits"]
            if one["volume_ml"] is not None and days[one["visit"]] is not None
        ]
        for lesion in d["lesions"]
    }
    points = [point for some in known.values() for point in some]
    largest = float(max((point[1] for point in points), default=0.0))
    if len({point[0] for point in points}) < 2 or not largest > 0:
        return None
    step = nice_step(largest / _STEPS)
    most = step * ceil(largest / step)
    low, high = (float(end([one[0] for one in points])) for end in (min, max))
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def at_x(day: float) -> float:
        return round(_LEFT + (right - _LEFT) * (day - low) / (high - low), 1)

    def at_y(ml: float) -> float:
        return round(bottom - (bottom - _TOP) * ml / most, 1)

    ends = _apart({name: at_y(some[-1][1]) for name, some in known.items() if some})
    day_step = nice_step((high - low) / 6)
    first = ceil(low / day_step)
    return Plot(
        *(_WIDTH, _HEIGHT, _LEFT, right, _TOP, bottom),
        curves=tuple(
            Curve(
                name,
                colors[name],
                tuple(
                    (at_x(x), at_y(ml), f"{name}, {label}: {significant(ml, 3)} mL")
                    for x, ml, label in some
                ),
                ends[name],
            )
            for name, some in known.items()
            if some
        ),
        treatments=tuple(
            (at_x(one["days"]), one["label"])
            for one in d["visits"]
            if one["kind"] == "treatment"
        ),
        ml_ticks=tuple((at_y(n * step), f"{n * step:g}") for n in _count(most / step)),
        day_ticks=tuple(
            (at_x(n * day_step), f"{n * day_step:g}")
            for n in range(first, floor(high / day_step) + 1)
        ),
    )


def _count(most: float) -> range:
    return range(round(most) + 1)


def _apart(ends: Mapping[str, float]) -> dict[str, float]:
    """Labels at the ends of curves, moved apart where they would touch."""
    found: dict[str, float] = {}
    for name in sorted(ends, key=lambda one: ends[one], reverse=True):
        highest = min(found.values(), default=ends[name] + _APART)
        found[name] = min(ends[name], highest - _APART)
    return found
