"""The page of a check: check.html, one file with its pictures in it."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.dosimetry.compare.dose_check import DoseCheck
from sirtdose.dosimetry.compare.dose_pair import sampled_at
from sirtdose.model.metric import Metric
from sirtdose.model.role import Role
from sirtdose.model.structure import Structure
from sirtdose.model.volume import Quantity, Volume
from sirtdose.report.check import words
from sirtdose.report.cohort.figures import svg_text
from sirtdose.report.looks import (
    DIFFERENCE,
    WASH_ABOVE,
    WASH_BELOW,
    drawn,
    structure_looks,
)
from sirtdose.report.page_head import PageHead, made_today
from sirtdose.report.palette import ISODOSES
from sirtdose.report.planes import VIEWS, Field, View, center_mm, place_of
from sirtdose.report.render import case_hash, render
from sirtdose.report.screen import finding_lines
from sirtdose.report.wording import spoken, spoken_throughout

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PIXELS = 160
_MARGIN_MM = 20.0
_CURVES_MAX = 8
# Doses as on every page; a difference is white at 0, cyan below and amber above.
_DOSES = ("#000000", WASH_BELOW, *ISODOSES, WASH_ABOVE)
_DIFFERENCES = ("#0a5a68", DIFFERENCE[0], "#ffffff", DIFFERENCE[1], "#8a4b00")
_CURVE_POINTS = 300
_AXIAL_AND_CORONAL = VIEWS[:2]


def check_page(text: str, check: DoseCheck) -> str:
    """The page of check.json's text."""
    document = spoken_throughout(json.loads(text))
    figure = dvh_figure(check)
    curves = base64.b64encode(svg_text(figure).encode()).decode() if figure else None
    return render(
        "check.html",
        {"check-json": text},
        (),
        head=PageHead(
            "Check of a dose",
            case_hash(text, digits=64),
            key="their dose against ours",
            treated="",
            made=made_today(),
            state="Within tolerance" if document["passed"] else "Beyond tolerance",
            good=document["passed"],
        ),
        d=document,
        case=case_hash(text),
        headline=words.headline(document),
        small=words.small_gy,
        how=words.how_ours(document),
        tables=[
            ("Both dose maps, in our structures", _table(document["structures"])),
            ("As they report it, against ours", _table(document["reported"])),
            (
                "Their own histograms (DVHSequence), against their dose",
                _table(
                    words.as_ours_and_theirs(document["histograms"]["compared"]),
                    ("their dose", "stated"),
                    words.FINDINGS,
                ),
            ),
        ],
        unread=words.unvalued_lines(document)
        + words.unread_lines(document)
        + document["table_remarks"]
        + finding_lines(document["warnings"]),
        gamma=words.gamma_lines(document),
        gamma_how=words.gamma_how(document),
        total=words.total_line(document),
        coverage=words.coverage_lines(document),
        factor=words.factor_lines(document),
        picture=difference_png(check),
        curves=curves,
    )


def _table(
    rows: Sequence[Mapping[str, Any]],
    labels: tuple[str, str] = ("ours", "theirs"),
    verdicts: tuple[str, str] = words.VERDICTS,
) -> dict[str, Any] | None:
    """Header and rows of every number that any of the structures has."""
    if not rows:
        return None
    keys = list(dict.fromkeys(key for row in rows for key in row["numbers"]))
    return {
        "names": [Metric.parse(key).heading for key in keys],
        "labels": labels,
        "verdicts": verdicts,
        "rows": [
            {
                "remarks": [],
                **row,
                "cells": [_cell(row["numbers"].get(key)) for key in keys],
            }
            for row in rows
        ],
    }


def _cell(number: Mapping[str, Any] | None) -> dict[str, Any]:
    ours, theirs = words.both(number)
    return {
        "ours": ours,
        "theirs": theirs,
        "apart": words.apart(number),
        "percent": words.percent(number),
        "met": number and number["met"],
    }


def difference_png(check: DoseCheck) -> str:
    """Ours, theirs, theirs minus ours, and gamma, in two planes; PNG in base64."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    pair = check.pair
    structures = [row.ours_of for row in check.rows if drawn(row.ours_of)]
    top = max(float(np.percentile(pair.ours.data[pair.compared], 99)), 1e-6)
    apart = pair.difference
    most = max(float(np.percentile(np.abs(apart.data[pair.compared]), 99)), 1e-3 * top)
    warm = LinearSegmentedColormap.from_list("dose", _DOSES)
    both = LinearSegmentedColormap.from_list("difference", _DIFFERENCES)
    maps: list[tuple[str, Volume, Any, float, float]] = [
        ("ours, Gy", pair.ours, warm, 0.0, top),
        ("theirs, Gy", pair.theirs, warm, 0.0, top),
        ("theirs - ours, Gy", apart, both, -most, most),
    ]
    if check.gammas:
        first = check.gammas[0]
        values = pair.ours.with_data(np.nan_to_num(first.values, nan=0.0))
        maps.append((f"gamma {first.criterion}", values, "viridis", 0.0, 2.0))
    figure = Figure(figsize=(2.9 * len(maps), 5.6), dpi=110, layout="constrained")
    grid = figure.subplots(len(_AXIAL_AND_CORONAL), len(maps), squeeze=False)
    at = pair.ours.grid.world_mm(pair.points)
    low, high = at.min(axis=0), at.max(axis=0)
    side_mm = float((high - low).max()) + 2 * _MARGIN_MM
    shown = Field(center_mm(structures, pair.ours), (low + high) / 2, side_mm)
    for axes, view in zip(grid, _AXIAL_AND_CORONAL, strict=True):
        points = shown.points(view, _PIXELS)
        _row(axes, view, maps, points)
        axes[0].set_ylabel(f"{view[0]}, {place_of(view, shown.at_mm)}", fontsize=9)
        outlines = _outlines(structures, points)
        for one in axes:
            for inside, color in outlines:
                one.contour(inside, levels=[0.5], colors=[color], linewidths=0.9)
    for column, (_, _, _, least, greatest) in enumerate(maps):
        image = grid[0][column].images[0]
        bar = figure.colorbar(
            image, ax=list(grid[:, column]), location="bottom", shrink=0.9
        )
        bar.ax.tick_params(labelsize=8)
        image.set_clim(least, greatest)
    return _png(figure)


def _row(
    axes: Any,
    view: View,
    maps: list[tuple[str, Volume, Any, float, float]],
    points: NDArray[np.float64],
) -> None:
    name, *_, letters = view
    for one, (title, volume, colors, low, high) in zip(axes, maps, strict=True):
        values = sampled_at(volume, points.reshape(-1, 3))[0]
        one.imshow(
            values.reshape(points.shape[:2]),
            cmap=colors,
            vmin=low,
            vmax=high,
            interpolation="nearest",
        )
        one.set_title(title if name == "axial" else "", fontsize=9)
        one.set_xticks([])
        one.set_yticks([])
        for letter, x, y in zip(
            letters, (0.03, 0.97, 0.5, 0.5), (0.5, 0.5, 0.95, 0.05), strict=True
        ):
            style = {"color": "white", "fontsize": 8, "ha": "center", "va": "center"}
            box = {"facecolor": "black", "alpha": 0.5, "pad": 1, "linewidth": 0}
            one.text(x, y, letter, transform=one.transAxes, bbox=box, **style)


def _outlines(
    structures: list[Structure], points: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], str]]:
    """Of every structure that the plane cuts, what is inside, and its color."""
    looks, found = structure_looks(structures), []
    for one in structures:
        mask = Volume(one.occupancy.astype(np.float32), one.grid, Quantity.DENSITY)
        inside, known = sampled_at(mask, points.reshape(-1, 3))
        if (inside >= 0.5).any():
            values = np.where(known, inside, 0.0).reshape(points.shape[:2])
            found.append((values, looks[one.name].dark))
    return found


def dvh_figure(check: DoseCheck) -> "Figure | None":
    """Cumulative histograms of the dose maps, ours solid and theirs dashed."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    rows = [row for row in check.rows if row.ours_of.role is not Role.LUNGS]
    rows = rows[:_CURVES_MAX]
    if not rows:
        return None
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
    looks = structure_looks([row.ours_of for row in rows])
    for row in rows:
        color = looks[row.ours_of.name].color
        for dvh, dash in ((row.ours, "-"), (row.theirs, "--")):
            if dvh is not None:
                part = 100 * dvh.curve(doses) / dvh.volume_ml
                axes.plot(doses, part, color=color, linestyle=dash, linewidth=1.6)
        handles.append(
            Line2D([], [], color=color, label=spoken(row.name).replace("$", r"\$"))
        )
    handles += [
        Line2D([], [], color="#444", label="ours"),
        Line2D([], [], color="#444", linestyle="--", label="theirs"),
    ]
    axes.set(xlabel="dose, Gy", ylabel="volume, %", ylim=(0, 101), xlim=(0, doses[-1]))
    axes.grid(color="#e6e9ec")
    axes.legend(handles=handles, fontsize=8)
    return figure


def _png(figure: "Figure") -> str:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    stream = io.BytesIO()
    # `savefig` gives the same, but draws everything twice.
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None})
    return base64.b64encode(stream.getvalue()).decode("ascii")
