"""The dose-volume histogram as an SVG drawing: no library, sharp in print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.report.ladder import nice_step
from sirtdose.report.looks import Look, drawn_name

_WIDTH, _HEIGHT = 760, 400
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 12, 170, 44
_CURVE_POINTS = 220
Band = tuple[Sequence[float], Sequence[float], Sequence[float]]
_DASH = "7 4"


@dataclass(frozen=True)
class Curve:
    """One structure's line: how it is drawn, and where; its 95 % band where known.

    A hairline leads from `named_at` on it to its name, `name_y` down.
    """

    name: str
    color: str
    dash: str
    points: str
    band: str = ""
    named_at: tuple[float, float] = (0.0, 0.0)
    name_y: float = 0.0


@dataclass(frozen=True)
class DvhPlot:
    """Everything the template needs to draw the histogram."""

    width: int
    height: int
    left: int
    top: int
    right: int
    bottom: int
    end_gy: float
    curves: tuple[Curve, ...]
    dose_ticks: tuple[tuple[float, str], ...]
    volume_ticks: tuple[tuple[float, str], ...]


def dvh_plot(
    structures: Sequence[StructureDose],
    looks: Mapping[str, Look],
    bands: Mapping[str, Band] | None = None,
) -> DvhPlot:
    """Lay out cumulative curves in percent of each structure's volume.

    `bands` are doses, and the fractions between which a structure's curve lies. Each
    curve has its name beside it, moved so that no two touch.
    """
    # The few hottest voxels would stretch the axis over everything else.
    hottest = max(
        (one.dvh.dose_to_volume_fraction_gy(0.01) for one in structures), default=1.0
    )
    step = nice_step(max(hottest, 1e-6) / 6)
    end = step * max(ceil(hottest / step), 1)
    inner_width = _WIDTH - _LEFT - _RIGHT
    inner_height = _HEIGHT - _TOP - _BOTTOM
    doses = np.linspace(0, end, _CURVE_POINTS)
    named_at = _named_at(structures)
    curves: list[Curve] = []
    for one in structures:
        name, look = one.structure.name, looks[one.structure.name]
        fractions = one.dvh.curve(doses) / one.dvh.volume_ml
        band = (bands or {}).get(name)
        curves.append(
            Curve(
                drawn_name(name, one.structure.role),
                look.color,
                _DASH if look.dashed else "",
                _points(doses.tolist(), fractions.tolist(), end),
                "" if band is None else _outline(band, end),
                **_name_place(one, named_at[name], end),
            )
        )
    ticks = np.arange(0, end + step / 2, step)
    return DvhPlot(
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        top=_TOP,
        right=_WIDTH - _RIGHT,
        bottom=_HEIGHT - _BOTTOM,
        end_gy=end,
        curves=tuple(curves),
        dose_ticks=tuple((_LEFT + inner_width * t / end, f"{t:g}") for t in ticks),
        volume_ticks=tuple(
            (_TOP + inner_height * (1 - v / 100), f"{v}") for v in range(0, 101, 20)
        ),
    )


def curves_alone(histograms: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Histograms for a page's script: where the drawing lies, not its lines again."""
    kept = ("width", "height", "left", "top", "right", "bottom")
    return [
        {**one, "plot": {key: one["plot"][key] for key in kept}} for one in histograms
    ]


def _named_at(structures: Sequence[StructureDose]) -> dict[str, float]:
    """At which volume each curve is named: the hottest at the top, evenly apart."""
    ordered = sorted(
        structures, key=lambda one: one.dvh.dose_to_volume_fraction_gy(0.5)
    )
    parts = np.linspace(0.06, 0.94, len(ordered)) if len(ordered) > 1 else [0.5]
    return {
        one.structure.name: float(part)
        for one, part in zip(ordered, parts, strict=True)
    }


def _name_place(one: StructureDose, part: float, end: float) -> dict[str, Any]:
    dose = min(one.dvh.dose_to_volume_fraction_gy(part), end)
    x, y = map(float, _points([dose], [part], end).split(","))
    return {"named_at": (x, y), "name_y": y}


def _points(doses: Sequence[float], fractions: Sequence[float], end: float) -> str:
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    return " ".join(
        f"{_LEFT + width * min(dose, end) / end:.1f},"
        f"{_TOP + height * (1 - fraction):.1f}"
        for dose, fraction in zip(doses, fractions, strict=True)
    )


def _outline(band: Band, end: float) -> str:
    """Along the lower curve and back along the upper one."""
    doses, low, high = band
    return f"{_points(doses, low, end)} {_points(doses[::-1], high[::-1], end)}"
