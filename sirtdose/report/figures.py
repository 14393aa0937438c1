"""Pictures and curves that people keep, as PNG and SVG."""

import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DASHES = {"": "-", "7 3": "--", "2 3": ":", "9 3 2 3": "-."}
_NOT_A_DEVICE = "not a medical device"


def write_figures(data: Mapping[str, Any], case: str, folder: Path) -> None:
    """Write planes and, where there is one, the histogram; each carries its case."""
    folder.mkdir(parents=True)
    figures = {"planes": _planes(data)}
    if "dvh" in data:
        figures["dvh"] = _dvh(data["dvh"])
    for name, figure in figures.items():
        said = f"{case}, {data['method'].replace('_', ' ')}, {_NOT_A_DEVICE}"
        figure.suptitle(said, x=0.99, ha="right", fontsize=6)
        for ending in ("png", "svg"):
            # No date and no random names: the same results give the same files.
            made = {"Software": None} if ending == "png" else {"Date": None}
            _save(figure, folder / f"{name}.{ending}", made)


def _plain(name: str) -> str:
    """A name as it is: no formula, and shown though it begins with a dash below."""
    shown = name.replace("$", r"\$")
    return f"\N{ZERO WIDTH SPACE}{shown}" if shown.startswith("_") else shown


def _save(figure: "Figure", path: Path, metadata: dict[str, None]) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "sirtdose", "svg.fonttype": "none"}):
        figure.savefig(path, dpi=200, metadata=metadata)


def _dvh(dvh: Mapping[str, Any]) -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for curve, drawn in zip(dvh["curves"], dvh["plot"]["curves"], strict=True):
        doses = np.linspace(0, dvh["end_gy"], len(curve["fraction"]))
        axes.plot(
            doses,
            100 * np.array(curve["fraction"]),
            color=curve["color"],
            linestyle=_DASHES[drawn["dash"]],
            label=_plain(curve["name"]),
        )
    axes.set(
        xlabel="dose, Gy", ylabel="volume, %", ylim=(0, 100), xlim=(0, dvh["end_gy"])
    )
    axes.grid(color="#e6e9ec")
    axes.legend(fontsize=7)
    return figure


def _planes(data: Mapping[str, Any]) -> "Figure":
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize
    from matplotlib.figure import Figure
    from PIL import Image

    planes = data["planes"]
    pictures = [
        np.asarray(Image.open(io.BytesIO(base64.b64decode(one["png_base64"]))))
        for one in planes
    ]
    widths = [picture.shape[1] for picture in pictures]
    figure = Figure(figsize=(9, 2.9), layout="constrained")
    grid = figure.add_gridspec(1, len(planes), width_ratios=widths)
    axes = [figure.add_subplot(grid[0, n]) for n in range(len(planes))]
    for one, plane, picture in zip(axes, planes, pictures, strict=True):
        one.imshow(picture)
        one.set_title(f"{plane['name']}, {plane['position']}", fontsize=8)
        one.set_axis_off()
        for text, x, y in (
            (plane["left"], 0.02, 0.5),
            (plane["right"], 0.98, 0.5),
            (plane["top"], 0.5, 0.97),
            (plane["bottom"], 0.5, 0.03),
        ):
            one.text(
                *(x, y, text),
                transform=one.transAxes,
                color="white",
                ha="center",
                va="center",
                fontsize=7,
            )
    anchors = np.array(data["view"]["colormap"]) / 255
    colors = LinearSegmentedColormap.from_list("dose", anchors)
    scale = ScalarMappable(Normalize(0, data["top_gy"]), colors)
    bar = figure.colorbar(scale, ax=axes, shrink=0.7)
    bar.set_label("Gy", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    lines = [
        axes[0].plot(
            *([], []),
            color=one["color"],
            linewidth=2,
            linestyle=":" if one["dotted"] else "-",
        )[0]
        for one in data["outlines"]
    ]
    if lines:
        figure.legend(
            lines,
            [_plain(one["name"]) for one in data["outlines"]],
            loc="outside lower center",
            ncols=min(6, len(lines)),
            fontsize=7,
        )
    return figure
