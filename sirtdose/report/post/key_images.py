"""Key images of an assessment: what a viewer shows of it without this program."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from sirtdose import __version__
from sirtdose.dosimetry.results import Assessment
from sirtdose.io.dicom.write_picture import Picture
from sirtdose.model.metric import metrics_in
from sirtdose.model.names import told_apart
from sirtdose.report.doses import asked_in, metric_cells
from sirtdose.report.figures import (
    draw_plane,
    draw_scale,
    dvh_figure,
    fonts,
    key_lines,
    plain,
)
from sirtdose.report.findings import count_words
from sirtdose.report.looks import drawn, drawn_name, method_name
from sirtdose.report.planes import (
    SOFT_TISSUE_HU,
    Scale,
    field_of,
    sharp_pictures,
)
from sirtdose.report.post.rungs import shown_rows
from sirtdose.report.wording import (
    gbq_words,
    limit_line,
    mci_words,
    significant,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

OVERVIEW, PLANES = "overview", ("axial", "coronal", "sagittal")
_DPI = 100
_DISCLAIMER = "Not a medical device: verify every number with an approved system."
# More rows or limits are in the report.
_ROWS, _LIMITS, _KEYS_IN_ROW = 14, 6, 7
# Characters across all keys of a row, those that a line of its own takes, and across
# the first column of the table.
_ACROSS, _OF_A_LINE, _NAME_MAX = 122, 8, 44
_INK, _QUIET = "#16191d", "#545d68"


def histogram_name(number: int) -> str:
    """The name of a method's histogram, by the place of the method.

    >>> histogram_name(1)
    'dvh_1'
    """
    return f"dvh_{number}"


def key_images(
    assessment: Assessment,
    document: Mapping[str, Any],
    data: Mapping[str, Any],
    *,
    case: str,
) -> dict[str, Picture]:
    """Draw an overview, three fused planes and the histogram of each method.

    Parameters
    ----------
    assessment : Assessment
    document : mapping
        post.json: every number of the overview.
    data : mapping
        Planes, colors and curves, of :func:`sirtdose.report.page_data.post_page_data`.
    case : str
        The first digits of post.json's hash, which every picture carries.

    Returns
    -------
    dict of str to Picture
        By name. Scale, units, sides, window, isodoses, structures, method and the case
        are drawn into each that they belong to.
    """
    import matplotlib as mpl

    with mpl.rc_context({"font.family": fonts()[0]}):
        return _drawn(document, {**data, "planes": _sharp(assessment, data)}, case)


def _drawn(
    document: Mapping[str, Any], sharp: Mapping[str, Any], case: str
) -> dict[str, Picture]:
    foot = f"Case {case}, sirtdose {__version__}. {_DISCLAIMER}"
    found = {OVERVIEW: _picture(_overview(document, sharp, foot), "Overview of doses")}
    for plane in sharp["planes"]:
        said = f"{plane['name'].capitalize()} plane, {plane['position']}"
        sides = (plane["right"], plane["bottom"])
        found[plane["name"]] = _picture(_plane(plane, sharp, foot), said, sides)
    for number, histogram in enumerate(sharp["histograms"], start=1):
        said = f"Dose-volume histogram: {histogram['method']}"
        found[histogram_name(number)] = _picture(_dvh(histogram, said, foot), said)
    return found


def _sharp(assessment: Assessment, data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The page's planes, with pictures that lost nothing."""
    dose = assessment.dosed.doses[data["method"]].volume
    outlined = [one for one in assessment.placed.on_grid if drawn(one)]
    pictures = sharp_pictures(
        dose,
        assessment.placed.ct or assessment.placed.image,
        field_of(outlined, dose),
        Scale([one["level_gy"] for one in data["isodoses"]], data["bar"]),
    )
    return [
        {**plane, "jpeg_base64": picture}
        for plane, picture in zip(data["planes"], pictures, strict=True)
    ]


def _picture(figure: "Figure", says: str, sides: Sequence[str] = ()) -> Picture:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.array(canvas.buffer_rgba())[..., :3]
    return Picture(says, pixels, tuple(sides))


def _shown_words(data: Mapping[str, Any]) -> str:
    """What the planes show, and between which values it is gray."""
    if data["gray"] == "CT":
        low, high = SOFT_TISSUE_HU
        gray = f"dose over CT, window {low:g} to {high:g} HU".replace("-", "\u2212")
    else:
        gray = "isodoses over the activity image, white at 99.5 % of its pixels"
    return (
        f"{method_name(data['method'])}; {gray}; through {data['where']}; maximum "
        f"{data['max_gy']:.3g} Gy"
    )


def _plane(plane: Mapping[str, Any], data: Mapping[str, Any], foot: str) -> "Figure":
    """One plane on black, as viewers show images."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 10.2), dpi=_DPI, facecolor="black")
    axes = figure.add_axes((0.01, 0.15, 0.87, 0.8188))
    looks = {one["name"]: one for one in data["outlines"]}
    draw_plane(axes, plane, looks, side_mm=data["side_mm"])
    axes.title.set(color="white", fontsize=13)
    for text in axes.texts:
        text.set(fontsize=13, fontweight="bold")
    if data["gray"] == "CT":
        place = figure.add_axes((0.91, 0.25, 0.025, 0.6))
        draw_scale(figure, data, ink="#ffffff", cax=place)
    _keys(figure, _key_of([plane], data, "dark"), top=0.146, ink="white")
    figure.text(0.012, 0.042, _shown_words(data), color="white", fontsize=9)
    figure.text(0.012, 0.018, foot, color="white", fontsize=9)
    return figure


def _key_of(
    planes: Sequence[Mapping[str, Any]], data: Mapping[str, Any], color: str = "color"
) -> "tuple[list[Line2D], list[Line2D]]":
    """Of what can be seen on these planes; more than two rows are in the report."""
    seen = {one["name"] for plane in planes for one in plane["outlines"]}
    outlines = [one for one in data["outlines"] if one["name"] in seen]
    outlines = outlines[: 2 * _KEYS_IN_ROW]
    columns = _columns([one["name"] for one in outlines])
    most = _ACROSS // max(columns, 1) - _OF_A_LINE
    return key_lines({**data, "outlines": outlines}, color, most=most)


def _columns(names: Sequence[str]) -> int:
    """All in one row where they fit, else two rows."""
    across = sum(len(one) + _OF_A_LINE for one in names)
    one_row = len(names) <= _KEYS_IN_ROW and across <= _ACROSS
    return len(names) if one_row else ceil(len(names) / 2)


def _keys(
    figure: "Figure", keys: Sequence[Sequence["Line2D"]], *, top: float, ink: str
) -> None:
    """Isodoses in a row, and outlines in the rows below it."""
    places = zip((top, top - 0.024), keys, strict=True)
    for columns, (place, lines) in zip(
        (len(keys[0]), _columns([str(one.get_label()) for one in keys[1]])),
        places,
        strict=True,
    ):
        figure.legend(
            handles=lines,
            loc="upper left",
            bbox_to_anchor=(0.005, place),
            ncols=columns,
            fontsize=9,
            labelcolor=ink,
            frameon=False,
            columnspacing=1.2,
        )


def _dvh(histogram: Mapping[str, Any], says: str, foot: str) -> "Figure":
    figure = dvh_figure(histogram)
    figure.set(dpi=_DPI, size_inches=(10.6, 7.6))
    figure.set_layout_engine("constrained", rect=(0, 0.05, 1, 0.95))
    figure.suptitle(says, fontsize=12)
    legend = figure.axes[0].get_legend()
    for text in legend.get_texts() if legend else ():
        text.set_fontsize(10)
    figure.text(0.02, 0.018, foot, color=_QUIET, fontsize=9)
    return figure


def _overview(
    document: Mapping[str, Any], data: Mapping[str, Any], foot: str
) -> "Figure":
    """The answer: activity, planes, mean doses with D_x, limits."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12.4, 12.4), dpi=_DPI)
    _head(figure, document)
    looks = {one["name"]: one for one in data["outlines"]}
    for number, plane in enumerate(data["planes"]):
        axes = figure.add_axes((0.02 + 0.325 * number, 0.6, 0.31, 0.31))
        draw_plane(axes, plane, looks, side_mm=data["side_mm"])
    _keys(figure, _key_of(data["planes"], data), top=0.598, ink=_INK)
    figure.text(0.02, 0.525, _shown_words(data), color=_QUIET, fontsize=9)
    bottom = _table(figure, document, top=0.498)
    _limits(figure, document, top=bottom - 0.02)
    figure.text(0.02, 0.012, foot, color=_QUIET, fontsize=9)
    return figure


def _head(figure: "Figure", document: Mapping[str, Any]) -> None:
    given, nuclide = document["ledger"]["delivered_gbq"], document["nuclide"]["name"]
    device = (document["device"] or "").capitalize()
    figure.text(0.02, 0.972, "Doses after treatment", fontsize=16, weight="bold")
    said = f"{gbq_words(given)} GBq ({mci_words(given)} mCi) of {nuclide} delivered"
    said += f", {device} microspheres" if device else ""
    checks = count_words(document["warnings"], document["accepted"])
    figure.text(0.02, 0.946, f"{said}. {checks}.", fontsize=11, color=_INK)


def _table(figure: "Figure", document: Mapping[str, Any], *, top: float) -> float:
    """Rows of the first method; returns how far down they reach."""
    method, result = next(iter(document["doses"].items()))
    metrics = metrics_in("post", asked_in(document))[:9]
    head = ["mL", "GBq", *(one.heading for one in metrics)]
    rows, _ = shown_rows(result["structures"])
    names = [drawn_name(row["name"], row["role"]) for row in rows]
    short = told_apart(names, _NAME_MAX)
    lines = [
        (
            short[name],
            significant(row["volume_ml"]),
            significant(row["activity_gbq"]),
            *metric_cells(row, metrics),
        )
        for name, row in zip(names[:_ROWS], rows, strict=False)
    ]
    step, at = 0.0172, top
    for number, cells in enumerate([(method_name(method), *head), *lines]):
        weight = "bold" if number == 0 else "normal"
        figure.text(0.02, at, plain(cells[0]), fontsize=10, weight=weight)
        for column, cell in enumerate(cells[1:]):
            figure.text(
                *(0.4 + 0.58 * (column + 1) / (len(head) + 0.2), at, cell),
                fontsize=10,
                ha="right",
                weight=weight,
            )
        at -= step
    if len(rows) > _ROWS:
        left = f"{len(rows) - _ROWS} more structures: see the report"
        figure.text(0.02, at, left, fontsize=9, color=_QUIET)
        at -= step
    return at


def _limits(figure: "Figure", document: Mapping[str, Any], *, top: float) -> None:
    limits = document["limits"]
    said = [f"{line[:1].upper()}{line[1:]}" for line in map(limit_line, limits)]
    if len(said) > _LIMITS:
        said[_LIMITS:] = [f"{len(said) - _LIMITS} more limits: see the report"]
    for number, line in enumerate(said):
        missed = number < _LIMITS and limits[number]["met"] is False
        figure.text(
            *(0.02, top - 0.0165 * number, plain(line[:150])),
            fontsize=9,
            color="#a3121f" if missed else _INK,
        )
