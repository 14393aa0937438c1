"""The dose-volume histogram as an SVG drawing: no library, sharp in print."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from sirtdose.dosimetry.histogram.structure_dose import StructureDose
from sirtdose.report.ladder import nice_step

_WIDTH, _HEIGHT = 640, 380
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 12, 24, 44
_CURVE_POINTS = 220
Band = tuple[Sequence[float], Sequence[float], Sequence[float]]
_DASHES = ("", "7 3", "2 3", "9 3 2 3")


@dataclass(frozen=True)
class Curve:
    """One structure's line: how it is drawn, and where; its 95 % band where known."""

    name: str
    color: str
    dash: str
    points: str
    band: str = ""


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
    colors: Mapping[str, str],
    bands: Mapping[str, Band] | None = None,
) -> DvhPlot:
    """Lay out cumulative curves in percent of each structure's volume.

    A color that comes again gets another dash, so that no two look alike. `bands` are
    doses, and the fractions between which a structure's curve lies.
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
    curves: list[Curve] = []
    drawn: Counter[str] = Counter()
    for one in structures:
        color = colors[one.structure.name]
        fractions = one.dvh.curve(doses) / one.dvh.volume_ml
        points = _points(doses.tolist(), fractions.tolist(), end)
        band = (bands or {}).get(one.structure.name)
        curves.append(
            Curve(
                one.structure.name,
                color,
                _DASHES[drawn[color] % len(_DASHES)],
                points,
                "" if band is None else _outline(band, end),
            )
        )
        drawn[color] += 1
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
