"""Forest plots of pooled models: each center's estimate, and the pooled diamond."""

from typing import TYPE_CHECKING, Any

from sirtdose.report.cohort.figures import COLORS, new_figure
from sirtdose.report.cohort.pooled_words import (
    coefficient_title,
    estimate_words,
    heterogeneity_words,
    ratio_name,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = dict[str, Any]
_RATIOS_MAX = 1e3
_NARROW = 4.0
_MARK_LEAST, _MARK_MOST = 4.0, 12.0


def pooled_figure(model: Document, one: Document) -> "Figure":
    """The forest plot of a coefficient.

    Squares are as large as their weight; an interval beyond a factor of 1000 ends
    there.
    """
    own = {center["center"]: center for center in one["centers"]}
    figure, axes = new_figure(8.4, 1.9 + 0.34 * len(model["centers"]))
    names = []
    for place, center in enumerate(reversed(model["centers"]), start=1):
        names.append(f"{center['center']} ({_counts(center)})")
        estimate = own.get(center["center"])
        if estimate is None:
            _say(axes, place, "no estimate of its own")
            continue
        low, high, middle = (_drawn(estimate[key]) for key in ("low", "high", "ratio"))
        size = _MARK_MOST * (estimate["weight"] or 0.0) ** 0.5
        axes.plot([low, high], [place, place], color=COLORS[0], linewidth=1.6)
        axes.plot(
            *([middle], [place], "s"),
            color=COLORS[0],
            markersize=max(size, _MARK_LEAST),
        )
        _say(axes, place, estimate_words(estimate))
    low, high, middle = (_drawn(one[key]) for key in ("low", "high", "ratio"))
    axes.fill(
        [low, middle, high, middle], [0, 0.25, 0, -0.25], color=COLORS[1], linewidth=0
    )
    _say(axes, 0, estimate_words(one))
    axes.axvline(1, color="#57606a", linewidth=1)
    axes.axvline(middle, color=COLORS[1], linewidth=1, linestyle="--")
    _ratio_axis(axes)
    pooled = f"Pooled ({_counts(model)})"
    axes.set_yticks(range(len(names) + 1), [pooled, *names], fontsize=10)
    axes.set_ylim(-0.6, len(names) + 0.6)
    axes.set_xlabel(
        f"{ratio_name(model)} of {coefficient_title(one)}, 95 % CI; events of "
        f"patients in brackets\n{heterogeneity_words(one['heterogeneity'])}"
    )
    return figure


def _ratio_axis(axes: "Axes") -> None:
    """Logarithmic, with ticks that a narrow range has too."""
    from matplotlib.ticker import (
        LogLocator,
        MaxNLocator,
        NullFormatter,
        ScalarFormatter,
    )

    axes.set_xscale("log")
    low, high = axes.get_xlim()
    narrow = high < _NARROW * low
    axes.xaxis.set_major_locator(
        MaxNLocator(6) if narrow else LogLocator(subs=(1, 2, 5))
    )
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _counts(one: Document) -> str:
    withheld = one["events"] is None
    return f"{one['n']}" if withheld else f"{one['events']} of {one['n']}"


def _say(axes: "Axes", place: float, text: str) -> None:
    axes.text(
        *(1.01, place, text),
        transform=axes.get_yaxis_transform(),
        va="center",
        fontsize=10,
    )


def _drawn(ratio: float) -> float:
    """Where a ratio is drawn: none lies outside of the picture."""
    return float(min(max(ratio, 1 / _RATIOS_MAX), _RATIOS_MAX))
