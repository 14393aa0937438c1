"""Pictures of two doses: both, their difference and gamma in planes, and histograms."""

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.dose_pair import sampled_at
from sirtdose.model.role import Role
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.planes import (
    COLORS,
    center_mm,
    drawn,
    plane_points,
    structure_colors,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sirtdose.dosimetry.compare.dose_check import DoseCheck
    from sirtdose.model.structure import Structure

_PIXEL_MM = 2.0
_MARGIN_MM = 20.0
_CURVES_MAX = len(COLORS)
_CURVE_POINTS = 300
# name; world axes to the right and down with signs; through; letters at the sides.
_VIEWS = (
    ("axial", (0, 1.0), (1, 1.0), 2, "RLAP"),
    ("coronal", (0, 1.0), (2, -1.0), 1, "RLHF"),
)


def difference_png(check: "DoseCheck") -> str:
    """Ours, theirs, theirs minus ours, and gamma, in two planes; PNG in base64."""
    from matplotlib.figure import Figure

    pair = check.pair
    structures = [row.ours_of for row in check.rows if drawn(row.ours_of)]
    center = center_mm(structures, pair.ours)
    top = max(float(np.percentile(pair.ours.data[pair.compared], 99)), 1e-6)
    apart = pair.difference
    most = max(float(np.percentile(np.abs(apart.data[pair.compared]), 99)), 1e-3 * top)
    maps = [
        ("ours, Gy", pair.ours, "inferno", 0.0, top),
        ("theirs, Gy", pair.theirs, "inferno", 0.0, top),
        ("theirs - ours, Gy", apart, "RdBu_r", -most, most),
    ]
    if check.gammas:
        first = check.gammas[0]
        values = pair.ours.with_data(np.nan_to_num(first.values, nan=0.0))
        name = f"gamma {first.criterion}"
        maps.append((name, values, "viridis", 0.0, 2.0))
    figure = Figure(figsize=(2.9 * len(maps), 5.6), layout="constrained")
    grid = figure.subplots(len(_VIEWS), len(maps), squeeze=False)
    for axes, view in zip(grid, _VIEWS, strict=True):
        _row(axes, view, maps, structures, center, _extent_mm(check))
    for column, (_, _, _, low, high) in enumerate(maps):
        image = grid[0][column].images[0]
        bar = figure.colorbar(
            image, ax=list(grid[:, column]), location="bottom", shrink=0.9
        )
        bar.ax.tick_params(labelsize=8)
        image.set_clim(low, high)
    return _png(figure)


def _extent_mm(check: "DoseCheck") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    at = check.pair.ours.grid.world_mm(check.pair.points)
    return at.min(axis=0) - _MARGIN_MM, at.max(axis=0) + _MARGIN_MM


def _row(
    axes: Any,
    view: tuple[str, tuple[int, float], tuple[int, float], int, str],
    maps: "list[tuple[str, Volume, str, float, float]]",
    structures: "list[Structure]",
    center: NDArray[np.float64],
    extent: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> None:
    name, across, down, through, letters = view
    points = plane_points(center, *extent, across, down, pixel_mm=_PIXEL_MM)
    for one, (title, volume, colors, low, high) in zip(axes, maps, strict=True):
        values = sampled_at(volume, points.reshape(-1, 3))[0]
        one.imshow(
            values.reshape(points.shape[:2]),
            cmap=colors,
            vmin=low,
            vmax=high,
            interpolation="nearest",
        )
        _outlines(one, structures, points)
        one.set_title(title if name == "axial" else "", fontsize=9)
        one.set_xticks([])
        one.set_yticks([])
        for letter, x, y in zip(
            letters, (0.03, 0.97, 0.5, 0.5), (0.5, 0.5, 0.95, 0.05), strict=True
        ):
            style = {"color": "white", "fontsize": 8, "ha": "center", "va": "center"}
            box = {"facecolor": "black", "alpha": 0.5, "pad": 1, "linewidth": 0}
            one.text(x, y, letter, transform=one.transAxes, bbox=box, **style)
    axis = "xyz"[through]
    label = f"{name}, {axis} = {center[through] + 0.0:.0f} mm"
    axes[0].set_ylabel(label, fontsize=9)


def _outlines(
    axes: "Axes", structures: "list[Structure]", points: NDArray[np.float64]
) -> None:
    colors = structure_colors(structures)
    for one in structures:
        mask = Volume(one.occupancy.astype(np.float32), one.grid, Quantity.DENSITY)
        inside, known = sampled_at(mask, points.reshape(-1, 3))
        if (inside >= 0.5).any():
            values = np.where(known, inside, 0.0).reshape(points.shape[:2])
            color = colors[one.name]
            axes.contour(values, levels=[0.5], colors=[color], linewidths=0.9)


def dvh_figure(check: "DoseCheck") -> "Figure | None":
    """Cumulative histograms of the dose maps, ours solid and theirs dashed."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = [row for row in check.rows if row.ours_of.role is not Role.LUNGS]
    if not rows:
        return None
    rows = rows[:_CURVES_MAX]
    end = max(
        one.dose_to_volume_fraction_gy(0.01)
        for row in rows
        for one in (row.ours, row.theirs)
        if one is not None
    )
    doses = np.linspace(0, max(end, 1e-3) * 1.02, _CURVE_POINTS)
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    handles = []
    for row, color in zip(rows, COLORS, strict=False):
        for dvh, dash in ((row.ours, "-"), (row.theirs, "--")):
            if dvh is not None:
                part = 100 * dvh.curve(doses) / dvh.volume_ml
                axes.plot(doses, part, color=color, linestyle=dash, linewidth=1.6)
        handles.append(Line2D([], [], color=color, label=row.name.replace("$", r"\$")))
    handles += [
        Line2D([], [], color="#444", label="ours"),
        Line2D([], [], color="#444", linestyle="--", label="theirs"),
    ]
    axes.set(xlabel="dose, Gy", ylabel="volume, %", ylim=(0, 101), xlim=(0, doses[-1]))
    axes.grid(color="#e6e9ec")
    axes.legend(handles=handles, fontsize=8)
    return figure


def _png(figure: "Figure") -> str:
    stream = io.BytesIO()
    figure.savefig(stream, dpi=110, format="png", metadata={"Software": None})
    return base64.b64encode(stream.getvalue()).decode("ascii")
