"""trend.json, trend.csv, and what a terminal shows of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.dosimetry.image.calibration_trend import (
    CASES_MIN,
    LIMIT_SPREADS,
    RUN,
    RatioOfCase,
    Trend,
)
from sirtdose.model.finding import Finding
from sirtdose.report.documents import findings_document, iso
from sirtdose.report.screen import Screen
from sirtdose.report.tables import cell, csv_text, name_cell
from sirtdose.report.wording import significant

_COLUMNS = (
    *("camera", "of", "case_id", "scan_at", "ratio", "standard_relative"),
    *("median", "low", "high", "outside"),
)
_RULES = {
    "cases_min": CASES_MIN,
    "limits": f"median +/- {LIMIT_SPREADS:g} robust standard deviations, 1.4826 n/(n - "
    "0.8) times the median absolute deviation (Croux and Rousseeuw 1992)",
    "run": f"{RUN} cases in a row on one side of the median: our choice; the Western "
    "Electric rules take 8",
    "drift": "median of the slopes between all pairs of cases (Theil and Sen), 95 % "
    "interval of Sen 1968, doi:10.2307/2285891",
}


def trend_document(
    trends: Sequence[Trend],
    findings: Iterable[Finding],
    *,
    unused: Mapping[str, str],
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """Every chart with its cases, by their keys.

    `unused` says why a case is on no chart, `digests` are of their post.json.
    """
    return {
        "schema": "sirtdose.trend/1",
        "sirtdose_version": __version__,
        "ratio": "activity by the image's unit or a camera factor over the "
        "patient-relative one",
        "rules": dict(_RULES),
        "charts": [_chart(one, digests) for one in trends],
        "not_used": [{"case_id": key, "why": why} for key, why in unused.items()],
        "warnings": findings_document(findings),
    }


def _chart(trend: Trend, digests: Mapping[str, str]) -> dict[str, Any]:
    limits, drift, enough = trend.limits, trend.drift, not trend.needed
    outside = {one.key for one in trend.outside}
    return {
        "camera": trend.camera or None,
        "of": trend.of,
        "name": trend.name,
        "cases_needed": trend.needed,
        "median": trend.median,
        "median_absolute_deviation": trend.deviation if enough else None,
        "robust_standard_deviation": trend.spread if enough else None,
        "low": limits and limits[0],
        "high": limits and limits[1],
        "own_standard_relative": trend.standard,
        "last_run": _run(trend, trend.run),
        "longest_run": _run(trend, trend.longest_run),
        "drift": drift
        and {
            "per_month": drift.per_month,
            "low": drift.low,
            "high": drift.high,
            "significant": drift.significant,
        },
        "cases": [
            {
                "case_id": one.key,
                "scan_at": iso(one.at),
                "ratio": one.ratio,
                "standard_relative": one.standard,
                "outside": one.key in outside,
                "post_sha256": digests[one.key],
            }
            for one in trend.cases
        ],
    }


def _run(trend: Trend, run: Sequence[RatioOfCase]) -> dict[str, Any]:
    return {
        "cases": len(run),
        "side": None
        if not run
        else "above"
        if run[0].ratio > trend.median
        else "below",
        "first": run[0].key if run else None,
        "last": run[-1].key if run else None,
    }


def trend_csv(document: Mapping[str, Any]) -> str:
    """A row for each case of each chart."""
    rows = [
        [
            name_cell(chart["camera"] or ""),
            chart["of"],
            name_cell(one["case_id"]),
            one["scan_at"] or "",
            *(
                cell(value)
                for value in (
                    *(one["ratio"], one["standard_relative"]),
                    *(chart["median"], chart["low"], chart["high"]),
                )
            ),
            "yes" if one["outside"] else "no",
        ]
        for chart in document["charts"]
        for one in chart["cases"]
    ]
    return csv_text(_COLUMNS, rows)


def trend_screen(document: Mapping[str, Any]) -> Screen:
    """The center, limits and drift of each chart, and how many cases lie outside."""
    lines = [line for one in document["charts"] for line in (*chart_lines(one), "")]
    return Screen.of(document, lines[:-1])


def chart_lines(chart: Mapping[str, Any]) -> Iterator[str]:
    """A chart in words."""
    cases, median = chart["cases"], chart["median"]
    dates = [one["scan_at"][:10] for one in cases if one["scan_at"]]
    days = list(dict.fromkeys((*dates[:1], *dates[-1:])))
    when = f", {' to '.join(days)}" if days else ""
    undated = len(cases) - len(dates)
    undated_words = f", {undated} without a date" if undated else ""
    yield f"{chart['name']}: {count_words(len(cases))}{when}{undated_words}"
    own = chart["own_standard_relative"]
    if chart["cases_needed"]:
        yield (
            f"  median {significant(median)}; limits need {CASES_MIN} cases: "
            f"{chart['cases_needed']} more"
        )
        return
    off = f", {chart['robust_standard_deviation'] / median:.1%} (k = 1) between cases"
    off += f"; their own uncertainty {own:.1%}" if own is not None else ""
    yield f"  median {significant(median)}{off}"
    if chart["low"] is not None:
        outside = sum(one["outside"] for one in cases)
        yield (
            f"  control limits {significant(chart['low'])} to "
            f"{significant(chart['high'])}: {outside or 'no'} case"
            f"{'s' * (outside != 1)} outside"
        )
    drift = chart["drift"]
    if drift is not None:
        month, low, high = (drift[key] / median for key in ("per_month", "low", "high"))
        yield (
            f"  drift {month:+.2%} in a month, 95 % interval {low:+.2%} to {high:+.2%}"
        )
    run = chart["last_run"]
    if run["cases"] > 1:
        yield f"  the last {run['cases']} cases lie {run['side']} the median"


def count_words(count: int) -> str:
    """So many cases.

    >>> count_words(1), count_words(8)
    ('1 case', '8 cases')
    """
    return f"{count} case{'s' * (count != 1)}"
