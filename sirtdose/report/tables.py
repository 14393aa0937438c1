"""structures.csv and dvh.csv."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sirtdose.model.metric import Metric, metrics_in
from sirtdose.report.doses import NUMBERS, asked_in, metric_columns

if TYPE_CHECKING:
    from sirtdose.dosimetry.histogram.dvh import Dvh
    from sirtdose.dosimetry.histogram.structure_dose import StructureDose

DVH_COLUMNS = ("method", "name", "dose_gy", "volume_fraction", "volume_ml")


def structure_columns(asked: Sequence[Metric] = ()) -> tuple[str, ...]:
    """The columns of structures.csv."""
    numbers = [one.key for one in NUMBERS]
    numbers += [one.column for one in metrics_in("csv", asked)]
    return tuple(dict.fromkeys(("method", "name", "role", *numbers)))


def structures_csv(document: dict[str, Any]) -> str:
    """A row per method and structure, from post.json's own numbers."""
    return csv_text(structure_columns(asked_in(document)), structure_rows(document))


def structure_rows(document: dict[str, Any]) -> list[list[str]]:
    """The rows of structures.csv."""
    asked = asked_in(document)
    return [
        [
            *(method, name_cell(one["name"]), one["role"]),
            *(
                {n.key: cell(one.get(n.key)) for n in NUMBERS}
                | metric_columns(one, metrics_in("csv", asked))
            ).values(),
        ]
        for method, result in document["doses"].items()
        for one in result["structures"]
    ]


def structures_per_gbq_csv(document: dict[str, Any]) -> str:
    """A row per injection, method and structure: doses of 1 GBq of each injection."""
    rows = [
        [
            name_cell(injection),
            method,
            name_cell(one["name"]),
            one["role"],
            *(
                "" if dose is None else f"{dose:.10g}"
                for dose in one["dose_gy_per_gbq"].values()
            ),
        ]
        for injection, methods in document["doses_per_gbq"].items()
        for method, structures in methods.items()
        for one in structures
    ]
    first = next(iter(next(iter(document["doses_per_gbq"].values())).values()))
    header = ("injection", "method", "name", "role")
    doses = (f"{key}_gy_per_gbq" for key in first[0]["dose_gy_per_gbq"])
    return csv_text((*header, *doses), rows)


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
    named, whole_ml = name_cell(name), dvh.volume_ml
    return [
        [named, f"{dose:.8g}", f"{volume / whole_ml:.8g}", f"{volume:.8g}"]
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
