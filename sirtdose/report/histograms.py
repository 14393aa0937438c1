"""Histograms of a dose map as a document, tables and lines."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sirtdose import __version__
from sirtdose.dosimetry.dvh import FEW_VOXELS
from sirtdose.report.documents import document_text
from sirtdose.report.dose_document import dvh_metrics
from sirtdose.report.tables import DVH_COLUMNS, csv_text, curve_rows, name_cell
from sirtdose.report.wording import significant, table

if TYPE_CHECKING:
    from sirtdose.dosimetry.dose_histograms import DoseHistograms

HISTOGRAM_FILES = ("dvh.json", "structures.csv", "dvh.csv")
_COLUMNS = ("mean", "sd", "min", "max", "d98", "d95", "d90", "d70", "d50", "d2")


def histograms_document(
    result: "DoseHistograms", *, sampling: str, above_gy: Sequence[float] = ()
) -> dict[str, Any]:
    """Every structure's metrics, and how they were computed."""
    rows = []
    for structure, dvh in result.rows:
        metrics = dvh_metrics(dvh, above_gy)
        rows.append(
            {
                "name": structure.name,
                "role": str(structure.role),
                **metrics,
                "few_voxels": dvh.voxels < FEW_VOXELS,
            }
        )
    return {
        "schema": "sirtdose.dvh/1",
        "sirtdose_version": __version__,
        "sampling": sampling,
        "structures": rows,
        "left_out": dict(result.left_out),
    }


def histograms_summary(document: dict[str, Any]) -> str:
    """The table that a person sees."""
    header = ["structure", "role", "mL", "mean Gy", "D98 Gy", "D95 Gy", "D70 Gy"]
    header += ["D50 Gy", "D2 Gy"]
    lines = []
    for row in document["structures"]:
        dose = row["dose_gy"]
        shown = (dose[key] for key in ("mean", "d98", "d95", "d70", "d50", "d2"))
        lines.append(
            [row["name"], row["role"], significant(row["volume_ml"])]
            + [significant(value) for value in shown]
        )
    how = {
        "points": "dose interpolated between its points",
        "voxels": "dose constant in each voxel",
    }[document["sampling"]]
    said = [f"Dose-volume histograms ({how})", "", table(header, lines)]
    said += [
        f"'{row['name']}' has under {FEW_VOXELS} voxels of the dose grid: its "
        "histogram rests on few numbers"
        for row in document["structures"]
        if row["few_voxels"]
    ]
    said += [f"left out: '{name}': {why}" for name, why in document["left_out"].items()]
    return "\n".join(said)


def write_histograms(
    result: "DoseHistograms", document: dict[str, Any], folder: Path
) -> None:
    """Write the document and both tables."""
    (folder / "dvh.json").write_text(document_text(document), "utf-8")
    rows = [
        [name_cell(row["name"]), row["role"], f"{row['volume_ml']:.10g}"]
        + [f"{row['dose_gy'][key]:.10g}" for key in _COLUMNS]
        for row in document["structures"]
    ]
    header = ("name", "role", "volume_ml", *(f"{key}_gy" for key in _COLUMNS))
    (folder / "structures.csv").write_text(csv_text(header, rows), "utf-8")
    curves = [
        row for structure, dvh in result.rows for row in curve_rows(structure.name, dvh)
    ]
    (folder / "dvh.csv").write_text(csv_text(DVH_COLUMNS[1:], curves), "utf-8")
