"""The page of a trend: a control chart for each camera, drawn as SVG."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor, log10
from typing import Any

from sirtdose.report.ladder import nice_step
from sirtdose.report.page_head import PageHead, day_words, made_today
from sirtdose.report.render import case_hash, render
from sirtdose.report.trend.document import chart_lines, count_words

_WIDTH, _HEIGHT = 900, 320
_LEFT, _TOP, _RIGHT, _BOTTOM = 58, 14, 110, 40
_STEPS, _DATES = 5, 6
_MARGIN = 0.08
# A ratio's interval holds 95 % where it is normal.
_K = 1.96


@dataclass(frozen=True)
class Point:
    """A case on the chart, with its 95 % interval where known."""

    x: float
    y: float
    bar: tuple[float, float] | None
    says: str
    outside: bool
    name: str


@dataclass(frozen=True)
class Plot:
    """Everything the template needs to draw a control chart."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    points: tuple[Point, ...]
    lines: tuple[tuple[float, str, bool], ...]
    drift: tuple[float, float, float, float] | None
    ratio_ticks: tuple[tuple[float, str], ...]
    date_ticks: tuple[tuple[float, str], ...]
    horizontal: str


def trend_page(text: str) -> str:
    """The page of trend.json's text."""
    document = json.loads(text)
    charts = document["charts"]
    cases = sum(len(one["cases"]) for one in charts)
    return render(
        "trend.html",
        {"trend-json": text},
        (),
        head=PageHead(
            "Trend of the calibrations",
            case_hash(text, digits=64),
            key=count_words(cases),
            treated="",
            made=made_today(),
        ),
        d=document,
        charts=[
            {"title": one["name"], "lines": list(chart_lines(one)), **one}
            | {"plot": control_plot(one)}
            for one in charts
        ],
        day=day_words,
    )


def control_plot(chart: Mapping[str, Any]) -> Plot:
    """Lay out a chart: cases by date, those without one by their number behind."""
    cases = chart["cases"]
    at_x, date_ticks, horizontal = _across(cases)
    low, high = _span(chart)
    step = nice_step((high - low) / _STEPS)
    low, high = step * floor(low / step), step * ceil(high / step)
    height = _HEIGHT - _TOP - _BOTTOM

    def at_y(ratio: float) -> float:
        return round(_TOP + height * (high - ratio) / (high - low), 1)

    names = (("high", "upper limit", True), ("median", "median", False))
    lines = [
        (at_y(chart[key]), f"{said} {chart[key]:.3f}", dashed)
        for key, said, dashed in (*names, ("low", "lower limit", True))
        if chart[key] is not None
    ]
    ticks = [step * n for n in range(round(low / step), round(high / step) + 1)]
    digits = max(-floor(log10(step)), 0)
    return Plot(
        *(_WIDTH, _HEIGHT, _LEFT, _WIDTH - _RIGHT, _TOP, _HEIGHT - _BOTTOM),
        points=tuple(
            Point(
                at_x[number],
                at_y(one["ratio"]),
                None
                if one["standard_relative"] is None
                else tuple(at_y(end) for end in _interval(one)),  # type: ignore[arg-type]
                f"{one['case_id']}: {one['ratio']:.3f}, {day_words(one['scan_at'])}",
                one["outside"],
                one["case_id"],
            )
            for number, one in enumerate(cases)
        ),
        lines=tuple(lines),
        drift=_drift_line(chart, at_x, at_y),
        ratio_ticks=tuple((at_y(one), f"{one:.{digits}f}") for one in ticks),
        date_ticks=tuple(date_ticks),
        horizontal=horizontal,
    )


def _interval(case: Mapping[str, Any]) -> tuple[float, float]:
    off = _K * case["standard_relative"]
    return case["ratio"] * (1 - off), case["ratio"] * (1 + off)


def _span(chart: Mapping[str, Any]) -> tuple[float, float]:
    """From where to where ratios are shown."""
    shown = [one["ratio"] for one in chart["cases"]]
    shown += [
        end
        for one in chart["cases"]
        if one["standard_relative"] is not None
        for end in _interval(one)
    ]
    shown += [chart[key] for key in ("low", "high") if chart[key] is not None]
    low, high = min(shown), max(shown)
    off = _MARGIN * (high - low) or 0.05 * high
    return low - off, high + off


def _across(
    cases: Sequence[Mapping[str, Any]],
) -> tuple[list[float], list[tuple[float, str]], str]:
    """Where each case is across the chart, the ticks below it, and what they are."""
    inner = _WIDTH - _LEFT - _RIGHT
    times = [one["scan_at"] and datetime.fromisoformat(one["scan_at"]) for one in cases]
    known = [one for one in times if one]
    if len(known) < len(cases) or known[-1] - known[0] < timedelta(days=1):
        step = inner / max(len(cases), 1)
        every = max(1, ceil(len(cases) / 12))
        places = [round(_LEFT + step * (n + 0.5), 1) for n in range(len(cases))]
        ticks = [(places[n], f"{n + 1}") for n in range(0, len(cases), every)]
        return places, ticks, "Case in order of its scan, those without a date last"
    whole = known[-1] - known[0]

    def place(at: datetime) -> float:
        return round(_LEFT + 10 + (inner - 20) * ((at - known[0]) / whole), 1)

    dates = [known[0] + whole * n / (_DATES - 1) for n in range(_DATES)]
    ticks = [(place(one), f"{one:%Y-%m-%d}") for one in dates]
    return [place(one) for one in known], ticks, "Date of the scan"


def _drift_line(
    chart: Mapping[str, Any], at_x: Sequence[float], at_y: Any
) -> tuple[float, float, float, float] | None:
    """From the first case to the last, through the median at the middle of all dates.

    None where cases are not drawn by date.
    """
    cases, drift = chart["cases"], chart["drift"]
    if drift is None or not all(one["scan_at"] for one in cases):
        return None
    times = [datetime.fromisoformat(one["scan_at"]) for one in cases]
    months = [(one - times[0]) / timedelta(days=365.25 / 12) for one in times]
    offsets = sorted(
        one["ratio"] - drift["per_month"] * month
        for one, month in zip(cases, months, strict=True)
    )
    start = offsets[len(offsets) // 2]
    end = start + drift["per_month"] * months[-1]
    return at_x[0], at_y(start), at_x[-1], at_y(end)
