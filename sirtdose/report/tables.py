"""structures.csv and dvh.csv."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sirtdose.dosimetry.histogram.dvh import Dvh
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose

STRUCTURE_COLUMNS = (
    "method",
    "name",
    "role",
    "volume_ml",
    "mass_kg",
    "activity_gbq",
    "mean_gy",
    "sd_gy",
    "min_gy",
    "max_gy",
    "d98_gy",
    "d95_gy",
    "d90_gy",
    "d70_gy",
    "d50_gy",
    "d2_gy",
)
_PER_GBQ = ("mean", "mean_by_mass", "d95", "d70", "d50")
DVH_COLUMNS = ("method", "name", "dose_gy", "volume_fraction", "volume_ml")


def structures_csv(document: dict[str, Any]) -> str:
    """A row per method and structure, from post.json's own numbers."""
    rows = []
    for method, result in document["doses"].items():
        for one in result["structures"]:
            row = [method, name_cell(one["name"]), one["role"]]
            row += [f"{one[key]:.10g}" for key in STRUCTURE_COLUMNS[3:6]]
            row += [
                f"{one['dose_gy'][column.removesuffix('_gy')]:.10g}"
                for column in STRUCTURE_COLUMNS[6:]
            ]
            rows.append(row)
    return csv_text(STRUCTURE_COLUMNS, rows)


def structures_per_gbq_csv(document: dict[str, Any]) -> str:
    """A row per injection, method and structure: doses of 1 GBq of each injection."""
    rows = [
        [
            name_cell(injection),
            method,
            name_cell(one["name"]),
            one["role"],
            *(f"{one['dose_gy_per_gbq'][key]:.10g}" for key in _PER_GBQ),
        ]
        for injection, methods in document["doses_per_gbq"].items()
        for method, structures in methods.items()
        for one in structures
    ]
    header = ("injection", "method", "name", "role")
    return csv_text((*header, *(f"{key}_gy_per_gbq" for key in _PER_GBQ)), rows)


def dvh_csv(tables: "Mapping[str, Sequence[StructureDose]]") -> str:
    """Cumulative histograms by method, so fine that each D_x can be read from them."""
    return csv_text(DVH_COLUMNS, _dvh_rows(tables))


def dvh_per_gbq_csv(
    tables: "Mapping[str, Mapping[str, Sequence[StructureDose]]]",
) -> str:
    """The same for 1 GBq of each injection: its name comes first, doses per GBq."""
    rows = [
        [name_cell(name), *row]
        for name, methods in tables.items()
        for row in _dvh_rows(methods)
    ]
    header = [column.replace("dose_gy", "dose_gy_per_gbq") for column in DVH_COLUMNS]
    return csv_text(("injection", *header), rows)


def _dvh_rows(tables: "Mapping[str, Sequence[StructureDose]]") -> list[list[str]]:
    return [
        [method, *row]
        for method, structures in tables.items()
        for one in structures
        for row in curve_rows(one.structure.name, one.dvh)
    ]


def curve_rows(name: str, dvh: "Dvh") -> list[list[str]]:
    """A cumulative histogram: name, dose, fraction and volume a row."""
    doses, volumes = dvh.staircase()
    return [
        [
            name_cell(name),
            f"{dose:.8g}",
            f"{volume / dvh.volume_ml:.8g}",
            f"{volume:.8g}",
        ]
        for dose, volume in zip(doses.tolist(), volumes.tolist(), strict=True)
    ]


def name_cell(name: str) -> str:
    """A name that a spreadsheet does not run as a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name


def csv_text(header: tuple[str, ...], rows: list[list[str]]) -> str:
    """Rows under a header, as a file."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


def cell(value: Any) -> str:
    """A value as a csv holds it: nothing where it is not known, yes or no.

    >>> cell(None), cell(True), cell(0.1), cell(3), cell("=1+1")
    ('', 'yes', '0.1', '3', "'=1+1")
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return name_cell(value) if isinstance(value, str) else str(value)


def rows_csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    r"""Rows by column, under a header, as a file; what a row has not is empty.

    >>> rows_csv(["case_id", "best"], [{"case_id": "c1", "best": "PR"}])
    'case_id,best\nc1,PR\n'
    """
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    return csv_text(tuple(columns), cells)
