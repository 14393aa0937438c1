"""Pictures and curves that people keep, as PNG and SVG."""

import base64
import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sirtdose.model.names import told_apart
from sirtdose.report.planes import UNITS, path_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

_NOT_A_DEVICE = "not a medical device"
# Characters that a legend of curves, and one of outlines side by side, has room for.
_NAME_MAX, _KEY_MAX = 44, 20
# Where they are installed: the scripts that matplotlib's own font lacks.
_OTHER_FONTS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "IPAGothic"),
    *("WenQuanYi Zen Hei", "Droid Sans Fallback", "Yu Gothic", "Meiryo", "MS Gothic"),
    *("Microsoft YaHei", "Malgun Gothic", "Hiragino Sans", "PingFang SC", "Noto Sans"),
)


def write_figures(data: Mapping[str, Any], case: str, folder: Path) -> None:
    """Write planes and, where there is one, the histogram; each carries its case."""
    import matplotlib as mpl

    folder.mkdir(parents=True)
    with mpl.rc_context({"font.family": fonts()[0]}):
        _write_figures(data, case, folder)


def _write_figures(data: Mapping[str, Any], case: str, folder: Path) -> None:
    figures = {"planes": _planes(data)}
    if data.get("histograms"):
        figures["dvh"] = dvh_figure(data["histograms"][0])
    for name, figure in figures.items():
        said = f"{case}, {data['method'].replace('_', ' ')}, {_NOT_A_DEVICE}"
        figure.suptitle(said, x=0.99, ha="right", fontsize=6)
        for ending in ("png", "svg"):
            # No date and no random names: the same results give the same files.
            made = {"Software": None} if ending == "png" else {"Date": None}
            _save(figure, folder / f"{name}.{ending}", made)


@cache
def fonts() -> tuple[tuple[str, ...], frozenset[int]]:
    """Fonts that pictures are drawn in, the first first, and the characters they have.

    Every machine has the first.
    """
    from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

    installed = {one.name for one in fontManager.ttflist}
    found = ("DejaVu Sans", *(one for one in _OTHER_FONTS if one in installed))
    files = [findfont(FontProperties(family=[one])) for one in found]
    return found, frozenset().union(*(get_font(one).get_charmap() for one in files))


def plain(name: str) -> str:
    """A name as it is: no formula, and shown though it begins with a dash below.

    A character that no font here has is a question mark.
    """
    known = fonts()[1]
    shown = "".join(one if ord(one) in known else "?" for one in name)
    shown = shown.replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{shown}" if shown.startswith("_") else shown


def _save(figure: "Figure", path: Path, metadata: dict[str, None]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "sirtdose", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=200, metadata=metadata)


def dvh_figure(dvh: Mapping[str, Any]) -> "Figure":
    """Draw the cumulative histograms of one method, in percent of each volume."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    names = told_apart([one["shown"] for one in dvh["curves"]], _NAME_MAX)
    for curve in dvh["curves"]:
        doses = np.linspace(0, dvh["end_gy"], len(curve["fraction"]))
        axes.plot(
            doses,
            100 * np.array(curve["fraction"]),
            color=curve["color"],
            linestyle="--" if curve["dashed"] else "-",
            label=plain(names[curve["shown"]]),
        )
    axes.set(
        xlabel="absorbed dose, Gy",
        ylabel="volume, %",
        ylim=(0, 100),
        xlim=(0, dvh["end_gy"]),
    )
    axes.grid(color="#e6e9ec")
    axes.legend(fontsize=7)
    return figure


def _planes(data: Mapping[str, Any]) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, len(data["planes"]))
    looks = {one["name"]: one for one in data["outlines"]}
    for one, plane in zip(axes, data["planes"], strict=True):
        draw_plane(one, plane, looks, side_mm=data["side_mm"])
    draw_scale(figure, data, ax=axes, shrink=0.7)
    isodoses, outlines = key_lines(data)
    lines = [*isodoses, *outlines]
    figure.legend(
        handles=lines, loc="outside lower center", ncols=min(6, len(lines)), fontsize=8
    )
    return figure


def draw_scale(
    figure: "Figure", data: Mapping[str, Any], *, ink: str = "#000000", **where: Any
) -> None:
    """Put the colors of the dose beside planes, where they have any.

    `where` is what matplotlib's color bar takes: axes to stand beside, or its own.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    top = data["bar"][-1][0]
    if data["gray"] not in ("CT", "black"):
        return
    stops = [(0.0, "#000000"), *((gy / top, color) for gy, color in data["bar"])]
    colors = LinearSegmentedColormap.from_list("dose", stops)
    over = "max" if data["max_gy"] > top else "neither"
    scale = ScalarMappable(Normalize(0, top), colors)
    bar = figure.colorbar(scale, extend=over, **where)
    bar.set_label("Gy", fontsize=8, color=ink)
    bar.ax.tick_params(labelsize=8, color=ink, labelcolor=ink)


def key_lines(
    data: Mapping[str, Any], color: str = "color", *, most: int = _KEY_MAX
) -> "tuple[list[Line2D], list[Line2D]]":
    """Isodoses and outlines, each with its name; `dark` are the colors on black.

    Names have at most so many characters.
    """
    isodoses = [_line("Isodoses, Gy", "none")]
    isodoses += [_line(f"{o['level_gy']:g}", o["color"]) for o in data["isodoses"]]
    names = told_apart([one["name"] for one in data["outlines"]], most)
    outlines = [
        _line(plain(names[one["name"]]), one[color], dashed=one["dashed"])
        for one in data["outlines"]
    ]
    return isodoses, outlines


def _line(name: str, color: str, *, dashed: bool = False) -> "Line2D":
    from matplotlib.lines import Line2D

    style: Literal["--", "-"] = "--" if dashed else "-"
    return Line2D([], [], color=color, linestyle=style, linewidth=2, label=name)


def draw_plane(
    axes: "Axes",
    plane: Mapping[str, Any],
    looks: Mapping[str, Any],
    *,
    side_mm: float,
) -> None:
    """Draw a plane: picture, isodoses, outlines, labels, sides and a 5 cm scale."""
    from matplotlib.patheffects import withStroke
    from PIL import Image

    with Image.open(io.BytesIO(base64.b64decode(plane["jpeg_base64"]))) as picture:
        axes.imshow(np.asarray(picture), extent=(0, UNITS, UNITS, 0))
    axes.set(xlim=(0, UNITS), ylim=(UNITS, 0))
    axes.set_title(f"{plane['name'].capitalize()}, {plane['position']}", fontsize=9)
    axes.set_axis_off()
    edge = [withStroke(linewidth=2.4, foreground="#000000")]
    for one in plane["isodoses"]:
        for line in path_points(one["paths"]):
            axes.plot(*line.T, color=one["color"], linewidth=0.9)
    for one in plane["outlines"]:
        look = looks[one["name"]]
        for line in path_points(one["paths"]):
            style = "--" if look["dashed"] else "-"
            axes.plot(*line.T, color=look["dark"], linestyle=style, linewidth=1.5)
    letters = [
        {"text": plane[side], "x": x, "y": y, "color": "#ffffff"}
        for side, x, y in zip(
            ("left", "right", "top", "bottom"),
            (40, 960, 500, 500),
            (500, 500, 45, 950),
            strict=True,
        )
    ]
    scale = 50 * UNITS / side_mm
    axes.plot([44, 44 + scale], [956, 956], color="#ffffff", linewidth=2)
    letters.append({"text": "5 cm", "x": 44 + scale / 2, "y": 908, "color": "#ffffff"})
    for one in (*plane["labels"], *letters):
        axes.text(
            *(one["x"], one["y"], plain(one["text"])),
            color=one["color"],
            ha="center",
            va="center",
            fontsize=8,
            path_effects=edge,
        )
