"""Pictures of a cohort: boxes, ROC and logistic curves, survival, hazard ratios."""

from bisect import bisect_right
from collections.abc import Mapping
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from sirtdose.report.cohort.results import column_words
from sirtdose.report.cohort.words import Document, models, ratio_words
from sirtdose.report.wording import significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Told apart by everybody, and by their dashes in print.
COLORS = (
    *("#1a73d4", "#bd1b95", "#0b6147", "#36146c"),
    *("#2a2fc4", "#5f6772", "#0a6a78", "#a3121f"),
)
_DASHES = (
    "-",
    "--",
    ":",
    "-.",
    (0, (5, 1)),
    (0, (1, 1)),
    (0, (7, 2)),
    (0, (3, 1, 1, 1)),
)
_GRID = "#e6e9ec"
_RATIOS_MAX = 1e3


def svg_text(figure: "Figure") -> str:
    """Write a figure as SVG: the same figure gives the same text."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.text import Text

    # Names are shown as they are written: a dollar begins no formula.
    for text in figure.findobj(Text):
        text.set_parse_math(False)
    stream = StringIO()
    with mpl.rc_context({"svg.hashsalt": "sirtdose", "svg.fonttype": "none"}):
        # `savefig` gives the same, but draws everything twice.
        FigureCanvasSVG(figure).print_svg(stream, metadata={"Date": None})
    return stream.getvalue()


def new_figure(width: float = 4.0, height: float = 3.4) -> tuple["Figure", "Axes"]:
    """A figure with its axes, in the one style of all."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    _plain(axes)
    return figure, axes


def _plain(axes: "Axes") -> None:
    """The one style of all figures: light grid, no box, text that prints at 8 pt."""
    axes.grid(color=_GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=10)


def box_figure(endpoint: Document) -> "Figure":
    """Doses of those with the outcome and of those without, each value a point."""
    figure, axes = new_figure()
    rng = np.random.default_rng(0)
    for place, word in enumerate(("no", "yes")):
        group = endpoint["groups"][word]
        stats = {
            "med": group["median"],
            "q1": group["q1"],
            "q3": group["q3"],
            "whislo": group["least"],
            "whishi": group["most"],
        }
        axes.bxp(
            [stats], positions=[place], widths=0.5, showfliers=False,
            medianprops={"color": COLORS[place], "linewidth": 2},
        )  # fmt: skip
        values = group["values_gy"]
        # With thousands the box says it, and points would hide it.
        if len(values) <= 500:
            sideways = place + rng.uniform(-0.18, 0.18, len(values))
            axes.plot(
                *(sideways, values, "o"),
                markersize=3,
                alpha=0.55,
                color=COLORS[place],
            )
    names = [
        f"{said} {endpoint['kind']}\nn = {endpoint['groups'][word]['n']}"
        for word, said in (("no", "no"), ("yes", "with"))
    ]
    axes.set_xticks([0, 1], names)
    axes.set_ylabel(f"{column_words(endpoint['dose_column'])}, Gy")
    axes.set_ylim(bottom=0)
    return figure


def roc_figure(endpoint: Document) -> "Figure":
    """The ROC curve with the Youden threshold on it."""
    figure, axes = new_figure()
    roc = endpoint["roc"]
    cut = roc["cutoff"]
    axes.plot([0, 1], [0, 1], color="#8c959f", linewidth=1, linestyle=":")
    axes.step(
        *(roc["false_positive"], roc["true_positive"]),
        where="post",
        color=COLORS[0],
        linewidth=1.8,
    )
    x, y = 1 - cut["specificity"], cut["sensitivity"]
    axes.plot([x], [y], "o", color=COLORS[1])
    axes.annotate(
        f"{significant(cut['midpoint'])} Gy",
        (x, y),
        xytext=(8, -14),
        textcoords="offset points",
        fontsize=10,
    )
    axes.set(
        xlabel="1 - specificity",
        ylabel="sensitivity",
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        aspect="equal",
    )
    return figure


def dose_response_figure(endpoint: Document) -> "Figure | None":
    """The logistic curve with its 95 % band, and who had the outcome as ticks."""
    fit = endpoint["dose_response"]
    if fit["failed"]:
        return None
    figure, axes = new_figure()
    axes.fill_between(
        fit["doses_gy"], fit["low"], fit["high"], color=COLORS[0], alpha=0.15,
        linewidth=0,
    )  # fmt: skip
    axes.plot(fit["doses_gy"], fit["probability"], color=COLORS[0], linewidth=1.8)
    for word, level in (("no", 0.0), ("yes", 1.0)):
        values = endpoint["groups"][word]["values_gy"]
        axes.plot(values, [level] * len(values), "|", color="#57606a", markersize=9)
    end = fit["doses_gy"][-1]
    if fit["d50_gy"] is not None and 0 < fit["d50_gy"] <= end:
        axes.plot(
            *([0, fit["d50_gy"], fit["d50_gy"]], [0.5, 0.5, 0]),
            color=COLORS[1],
            linewidth=1,
            linestyle="--",
        )
    axes.set(
        xlabel=f"{column_words(endpoint['dose_column'])}, Gy",
        ylabel=f"probability of {endpoint['kind']}",
        xlim=(0, end),
        ylim=(-0.04, 1.04),
    )
    return figure


def survival_figure(curves: Mapping[str, Document], unit: str) -> "Figure":
    """Kaplan-Meier curves with bands and marks of censoring, numbers at risk below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.4 + 0.24 * len(curves)), layout="constrained")
    axes, below = figure.subplots(
        2, 1, sharex=True, height_ratios=(3.0, 0.35 + 0.22 * len(curves))
    )
    _plain(axes)
    first = next(iter(curves.values()))
    for number, (name, curve) in enumerate(curves.items()):
        color = COLORS[number % len(COLORS)]
        times = curve["times"]
        axes.step(
            *(times, curve["survival"]),
            where="post",
            color=color,
            linewidth=1.6,
            linestyle=_DASHES[number % len(_DASHES)],
            label=f"{name} (n = {curve['n']})",
        )
        axes.fill_between(
            times, _drawn(curve["low"]), _drawn(curve["high"]), step="post",
            alpha=0.12, color=color, linewidth=0,
        )  # fmt: skip
        axes.plot(
            *(curve["censored"], _at(curve, curve["censored"]), "|"),
            color=color,
            markersize=6,
        )
        for time, count in zip(curve["risk_times"], curve["at_risk"], strict=True):
            below.text(
                *(time, -number, str(count)),
                ha="center",
                va="center",
                fontsize=10,
                color=color,
            )
        below.text(
            *(-0.05, -number, name),
            ha="right",
            va="center",
            fontsize=10,
            color=color,
            transform=below.get_yaxis_transform(),
        )
    axes.axhline(0.5, color="#8c959f", linewidth=0.8, linestyle=":")
    axes.set(ylabel="fraction without event", ylim=(0, 1.02))
    axes.legend(fontsize=10)
    axes.tick_params(labelbottom=True)
    axes.set_xticks(first["risk_times"])
    end = max(curve["times"][-1] for curve in curves.values())
    axes.set_xlim(0, max(end, first["risk_times"][-1]) * 1.02 or 1)
    below.set_ylim(-len(curves) + 0.4, 0.6)
    below.set_axis_off()
    figure.supxlabel(f"{unit}; numbers at risk", fontsize=10)
    return figure


def _drawn(band: list[float | None]) -> list[float]:
    """A band's end as it is drawn: up to the time at which nobody is left.

    It has no end from there on; what is drawn to there is the end before.
    """
    ends: list[float] = []
    for one in band:
        ends.append(ends[-1] if one is None else one)
    return ends


def _at(curve: Document, times: list[float]) -> list[float]:
    """Survival at each time."""
    return [curve["survival"][bisect_right(curve["times"], t) - 1] for t in times]


def forest_figure(survival: Document) -> "Figure | None":
    """Hazard ratios with their intervals, on a logarithmic axis."""
    rows = [
        (one, "multivariable" if len(model["covariates"]) > 1 else "univariable")
        for model in models(survival)
        if not model.get("failed")
        for one in model["ratios"]
        if one["high"] < _RATIOS_MAX and one["low"] > 1 / _RATIOS_MAX
    ]
    if not rows:
        return None
    from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

    figure, axes = new_figure(8.4, 1.0 + 0.34 * len(rows))
    for place, (one, kind) in enumerate(reversed(rows)):
        color = COLORS[kind == "multivariable"]
        axes.plot([one["low"], one["high"]], [place, place], color=color, linewidth=1.6)
        axes.plot(
            *([one["ratio"]], [place]),
            marker="s" if kind == "multivariable" else "o",
            color=color,
        )
        axes.text(
            *(1.01, place),
            f"{ratio_words(one['ratio'])} ({ratio_words(one['low'])} to "
            f"{ratio_words(one['high'])})",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=10,
        )
    axes.axvline(1, color="#57606a", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yticks(
        range(len(rows)), [f"{one['name']}, {kind}" for one, kind in reversed(rows)],
        fontsize=10,
    )  # fmt: skip
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel("hazard ratio by one unit, 95 % CI")
    return figure
