"""An assessment on a terminal, from the same document that is saved."""

from typing import Any

from sirtdose.model.activity_scale import scale_words
from sirtdose.model.metric import Metric, metrics_in
from sirtdose.model.role import PERFUSED_REST
from sirtdose.report.doses import (
    NUMBERS,
    asked_in,
    drawn_again,
    metric_cells,
    missing_lines,
)
from sirtdose.report.limit_lines import limit_table
from sirtdose.report.post.biology import biology_lines, threshold_lines
from sirtdose.report.post.camera import camera_lines
from sirtdose.report.post.gates import gates_lines
from sirtdose.report.post.readers import reader_lines
from sirtdose.report.post.summary import (
    agreement_line,
    basis_words,
    calibration_line,
    conversion_lines,
    density_words,
    image_activity,
    image_lines,
    ledger_lines,
    lung_line,
    mass_lines,
    mean_difference,
    other_constant_words,
    partial_volume_lines,
    treated_line,
)
from sirtdose.report.post.uncertainty import (
    hidden_interval_lines,
    spread_cells,
    uncertainty_lines,
)
from sirtdose.report.screen import Screen
from sirtdose.report.wording import (
    activity,
    method_words,
    role_words,
    significant,
    spoken,
    table,
)


def post_screen(document: dict[str, Any]) -> Screen:
    """What an assessment says: activity, doses, lungs and limits; the rest as details.

    Doses of several methods are columns of one table.
    """
    first = next(iter(document["doses"].values()))
    return Screen.of(
        document,
        [
            f"Doses after treatment ({basis_words(document['nuclide'])})",
            "",
            *_activity_lines(document["ledger"]),
            *filter(None, [agreement_line(document["calibration"])]),
            *([f"Scale      {scale_words(document)}"] if "scale" in document else []),
            "",
            *_dose_table(document),
            *missing_lines(first["structures"], _metrics(document)),
            *(["", *read] if (read := reader_lines(document)) else []),
            *_blur_line(document["partial_volume"]),
            *(biology_lines(document) if _asked_biology(document) else []),
            *threshold_lines(document["thresholds"]),
            *plan_compared_lines(document["plan"]),
            "",
            _lungs(document["lungs"]),
            *_beyond_lines(document["extrahepatic"]),
            *gates_lines(document),
            *(["", *limits] if (limits := limit_table(document)) else []),
        ],
        _details(document),
    )


def _details(document: dict[str, Any]) -> list[str]:
    """All that the result leaves out: ledger, calibration, each method, biology."""
    return [
        *(f"{name:<22}{text}" for name, text in ledger_lines(document["ledger"])),
        "",
        *image_lines(document["image"]),
        calibration_line(document["calibration"]),
        *camera_lines(document.get("camera")),
        *_grid_lines(document["grid"]),
        *_image_lung_lines(document["lungs"]),
        *filter(None, [treated_line(document.get("treated_liver"))]),
        *_drawn_lines(next(iter(document["doses"].values()))["structures"]),
        *_method_lines(document),
        *partial_volume_lines(document["partial_volume"]),
        *([] if _asked_biology(document) else biology_lines(document)),
        *_uncertainty_lines(document),
    ]


def _uncertainty_lines(document: dict[str, Any]) -> list[str]:
    """What doses are known to, with the metrics that the page shows intervals of."""
    metrics = metrics_in("interval", asked_in(document))
    said = uncertainty_lines(
        document["uncertainty"], [one for one in metrics if one.number]
    )
    return ["", *said] if said else []


def _asked_biology(document: dict[str, Any]) -> bool:
    """Whether a person gave parameters of their own: the result shows them then."""
    return bool(document.get("options", {}).get("radiobiology"))


def _activity_lines(ledger: dict[str, Any]) -> list[str]:
    """Where the activity went, in two lines, and one more for each injection."""
    lungs = (
        f"lungs {significant(ledger['lung_gbq'])} GBq "
        f"({ledger['lung_shunt_fraction']:.1%})"
        if ledger["lung_shunt_given"]
        else "no lung shunt given"
    )
    return [
        f"Delivered  {activity(ledger['delivered_gbq'])} of "
        f"{significant(ledger['administered_gbq'])} GBq administered; treated "
        f"{significant(ledger['treated_gbq'])} GBq, {lungs}",
        *(
            f"  {one['name']}: {activity(one['delivered_gbq'])} into "
            f"{spoken(one['perfused'])}"
            for one in ledger["injections"]
        ),
        f"In image   {image_activity(ledger)}",
    ]


def _metrics(document: dict[str, Any]) -> tuple[Metric, ...]:
    return metrics_in("post", asked_in(document))


def _dose_table(document: dict[str, Any]) -> list[str]:
    """The first method in full with its intervals, and the means by the others."""
    name, first = next(iter(document["doses"].items()))
    mean, *more = _metrics(document)
    shown = [one for one in NUMBERS if one.heading]
    intervals = (document["uncertainty"] or {"methods": {}})["methods"].get(name, [])
    unsure = {row["name"]: row["quantities"]["mean_gy"] for row in intervals}
    other = (document.get("scale") or {}).get("other")
    header = [
        *("structure", "role", *(one.heading for one in shown), mean.heading),
        *([f"{other['doses']} Gy"] if other else []),
        *(["u Gy", "95 % Gy"] if unsure else []),
        *(one.heading for one in more),
    ]
    rows = [
        [
            *(_shown_name(row), _role_words(row)),
            *(one.cell(row) for one in shown),
            *metric_cells(row, [mean]),
            *([significant(other["mean_gy"][row["name"]])] if other else []),
            *(spread_cells(unsure.get(row["name"])) if unsure else []),
            *metric_cells(row, more),
        ]
        for row in once(first["structures"])
    ]
    how = f"{method_words(name)}, {density_words(first, document['density'])}"
    other = other_constant_words(first, document["nuclide"])
    return [
        f"{how}{other}",
        table(header, rows),
        *hidden_interval_lines(intervals),
        *_means_by_method(document),
    ]


def _means_by_method(document: dict[str, Any]) -> list[str]:
    """Mean doses by every method, where there are several."""
    (_, first), *others = document["doses"].items()
    if not others:
        return []
    usual = {row["name"]: row["dose_gy"]["mean"] for row in once(first["structures"])}
    found = [{row["name"]: row for row in each["structures"]} for _, each in others]
    rows = [
        [
            spoken(name),
            significant(mean_gy),
            *(_compared(each.get(name), mean_gy) for each in found),
        ]
        for name, mean_gy in usual.items()
    ]
    header = ["mean Gy", *(method_words(method) for method in document["doses"])]
    constants = (
        (method, other_constant_words(each, document["nuclide"]))
        for method, each in others
    )
    return [
        "",
        table(header, rows),
        *(f"{method_words(method)}{own}" for method, own in constants if own),
    ]


def _shown_name(row: dict[str, Any]) -> str:
    """A structure's name; a part of a lesion stands under it."""
    name = spoken(row["name"])
    return f"  {name}" if row["role"] == "tumor_part" else name


def _role_words(row: dict[str, Any]) -> str:
    """What a structure is for; nothing where its name says it already."""
    role = str(row["role"])
    return "" if row["name"] in (role, PERFUSED_REST) else role_words(role)


def once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Structures, but normal liver as drawn where that is what the program builds."""
    again = drawn_again(rows)
    return [row for row in rows if row["name"] not in again]


def _drawn_lines(rows: list[dict[str, Any]]) -> list[str]:
    """Which structures as drawn have no row of their own."""
    left = [f"'{name}'" for name in drawn_again(rows)]
    return [f"As drawn the same as built: {', '.join(left)}"] if left else []


def _compared(row: dict[str, Any] | None, usual_gy: float) -> str:
    """Another method's mean, and how it differs."""
    if row is None:
        return "-"
    difference = mean_difference(row, usual_gy)
    return f"{significant(row['dose_gy']['mean'])} {difference:>7}"


def _blur_line(result: dict[str, Any] | None) -> list[str]:
    """How blur was undone, in one line."""
    return partial_volume_lines(result)[1:2]


def _method_lines(document: dict[str, Any]) -> list[str]:
    """A table for each method, with how it was computed."""
    first_name, first_result = next(iter(document["doses"].items()))
    first = first_result["structures"]
    usual = {row["name"]: row["dose_gy"]["mean"] for row in first}
    density, metrics = document["density"], _metrics(document)
    shown = [one for one in NUMBERS if one.heading]
    lines = []
    for method, result in document["doses"].items():
        compared = result["structures"] is not first
        medium = f"{result['medium']}, " if result["medium"] else ""
        rows = [
            [
                spoken(row["name"]),
                *(one.cell(row) for one in shown),
                *metric_cells(row, metrics),
                *([mean_difference(row, usual.get(row["name"]))] if compared else []),
            ]
            for row in result["structures"]
        ]
        header = ["structure", *(one.heading for one in shown)]
        header += [one.heading for one in metrics]
        header += [f"against {method_words(first_name)}"] if compared else []
        lines += [
            "",
            f"{method_words(method)}, {medium}{density_words(result, density)}, "
            f"energy recovered {result['energy_recovered']:.6f}{_elsewhere(result)}"
            f"{other_constant_words(result, document['nuclide'])}",
            # The result shows the first method's.
            *([table(header, rows)] if compared else []),
            *mass_lines(result),
        ]
    return lines


def _lungs(lungs: dict[str, Any]) -> str:
    """The dose of the lungs by their shunt, and by the image where they are drawn."""
    line = lung_line(lungs)
    if lungs["in_image_gbq"] is not None:
        line += f"; by the image {significant(lungs['in_image_dose_gy'])} Gy"
    return line


def _beyond_lines(beyond: dict[str, Any] | None) -> list[str]:
    """What lies outside of liver and lungs."""
    if beyond is None:
        return []
    return [
        f"Outside of liver and lungs: {activity(beyond['activity_gbq'])}, "
        f"{beyond['activity_fraction']:.1%} of the image"
    ]


def _image_lung_lines(lungs: dict[str, Any]) -> list[str]:
    """The lungs by the image in full."""
    if lungs["in_image_gbq"] is None:
        return []
    return [
        f"Lungs by the image: {activity(lungs['in_image_gbq'])}, "
        f"{significant(lungs['in_image_dose_gy'])} Gy at {lungs['mass_kg']:.4g} kg"
    ]


def plan_compared_lines(plan: dict[str, Any] | None) -> list[str]:
    """Planned and delivered, as a table."""
    if plan is None:
        return []
    rows = [
        [
            spoken(row["name"]),
            significant(row["planned_gy"]),
            significant(row["delivered_gy"]),
            f"{row['delivered_to_planned_ratio'] - 1:+.0%}"
            if row["delivered_to_planned_ratio"]
            else "-",
        ]
        for row in plan["doses"]
    ]
    by = (plan["approval"] or {}).get("by", "nobody")
    return [
        "",
        f"Plan approved by {by}: {activity(plan['planned_gbq'])} planned, "
        f"{activity(plan['delivered_gbq'])} delivered "
        f"({plan['delivered_to_planned_ratio'] - 1:+.1%})",
        f"Energy over mass, by {method_words(plan['method'])}",
        table(["", "planned Gy", "delivered Gy", "difference"], rows),
        *conversion_lines(plan),
    ]


def _elsewhere(result: dict[str, Any]) -> str:
    """Where more than a thousandth of the energy went that is not in the map."""
    parts = [
        f"{part:.3f} {where.replace('_', ' ')}"
        for where, part in result["energy_elsewhere"].items()
        if abs(part) >= 1e-3
    ]
    return f" ({', '.join(parts)})" if parts else ""


def _grid_lines(grid: dict[str, Any]) -> list[str]:
    """The dose grid where it is not the image's own: columns, rows, slices."""
    if grid["of"] == "image voxels":
        return []
    z, y, x = grid["spacing_mm"]
    return [f"Dose grid: {grid['of']}, {x:.4g} x {y:.4g} x {z:.4g} mm"]
