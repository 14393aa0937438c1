"""Histograms of a dose map as a document, tables and lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sirtdose import __version__
from sirtdose.checks.maps import lung_density_doubt
from sirtdose.dosimetry.histogram.dvh import FEW_VOXELS
from sirtdose.dosimetry.results import DoseHistograms
from sirtdose.model.metric import VOLUME, Metric, metrics_in
from sirtdose.model.role import Role
from sirtdose.report.documents import document_text, findings_document
from sirtdose.report.doses import (
    asked_in,
    dvh_metrics,
    metric_cells,
    metric_columns,
    missing_lines,
)
from sirtdose.report.screen import Screen
from sirtdose.report.tables import DVH_COLUMNS, csv_text, curve_rows, name_cell
from sirtdose.report.wording import (
    not_compared_lines,
    role_words,
    significant,
    table,
)

HISTOGRAM_FILES = ("dvh.json", "structures.csv", "dvh.csv")


def histograms_document(
    result: DoseHistograms, *, sampling: str, asked: Sequence[Metric] = ()
) -> dict[str, Any]:
    """Every structure's metrics, and how they were computed."""
    doubt = lung_density_doubt(result.dose)
    return {
        "schema": "sirtdose.dvh/1",
        "sirtdose_version": __version__,
        "sampling": sampling,
        "metrics": [one.words for one in asked],
        "structures": [
            {
                "name": structure.name,
                "role": str(structure.role),
                **dvh_metrics(dvh, asked),
                "few_voxels": dvh.voxels < FEW_VOXELS,
                "at_other_density": structure.role is Role.LUNGS and bool(doubt),
            }
            for structure, dvh in result.rows
        ],
        "left_out": dict(result.left_out),
        "own_histograms": {
            "contradictions": result.stated.contradictions,
            "left_out": dict(result.stated.left_out),
        },
        "warnings": findings_document(result.findings),
    }


def histograms_screen(document: dict[str, Any]) -> Screen:
    """The table that a person sees."""
    metrics = metrics_in("dvh", asked_in(document))
    header = ["structure", "role", "mL", *(one.heading for one in metrics)]
    lines = [
        [
            # A star where the dose is none of the lungs: the warning below tells more.
            f"{row['name']} *" if row["at_other_density"] else str(row["name"]),
            *(role_words(row["role"]), significant(row["volume_ml"])),
            *metric_cells(row, metrics),
        ]
        for row in document["structures"]
    ]
    how = {
        "points": "dose interpolated between its points",
        "voxels": "dose constant in each voxel",
    }[document["sampling"]]
    own = document["own_histograms"]
    said = [
        f"Dose-volume histograms ({how})",
        "",
        table(header, lines),
        *missing_lines(document["structures"], metrics),
        *(
            f"'{row['name']}' has under {FEW_VOXELS} voxels of the dose grid: its "
            "histogram rests on few numbers"
            for row in document["structures"]
            if row["few_voxels"]
        ),
        *own["contradictions"],
        *(f"left out: '{name}': {why}" for name, why in document["left_out"].items()),
        *not_compared_lines("the RTDOSE's own", own["left_out"]),
    ]
    return Screen.of(document, said)


def write_histograms(
    result: DoseHistograms, document: dict[str, Any], folder: Path
) -> None:
    """Write the document and both tables."""
    (folder / "dvh.json").write_text(document_text(document), "utf-8")
    table_text = csv_text(*histogram_table(document))
    (folder / "structures.csv").write_text(table_text, "utf-8")
    curves = [
        row for structure, dvh in result.rows for row in curve_rows(structure.name, dvh)
    ]
    (folder / "dvh.csv").write_text(csv_text(DVH_COLUMNS[1:], curves), "utf-8")


def histogram_table(
    document: dict[str, Any],
) -> tuple[tuple[str, ...], list[list[str]]]:
    """Header and rows of structures.csv."""
    metrics = dict.fromkeys((VOLUME, *metrics_in("csv", asked_in(document))))
    rows = [
        [
            *(name_cell(row["name"]), row["role"]),
            *metric_columns(row, metrics).values(),
            "dose at another density" if row["at_other_density"] else "",
        ]
        for row in document["structures"]
    ]
    return ("name", "role", *(one.column for one in metrics), "remark"), rows
