"""A csv table as Parquet: typed columns with units, for DuckDB and pandas."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sirtdose.errors import require_extra

# A row group is what one block holds: memory does not grow with the table.
_BLOCK_BYTES = 4 * 2**20
Kind = Literal["text", "whole", "number"]


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Parameters
    ----------
    name : str
    kind : {"text", "whole", "number"}
        ``string``, ``int64`` or ``float64`` in Parquet.
    description : str
    unit : str
        Of a number; ``"1"`` for a fraction, empty where there is none.
    """

    name: str
    kind: Kind
    description: str
    unit: str = ""


def write_parquet(
    source: Path, target: Path, columns: Sequence[Column], about: Mapping[str, str]
) -> None:
    """Write a csv file as Parquet, block by block; an empty cell is null.

    Numbers are those that the csv's digits say, and text is the same letter by letter.

    Parameters
    ----------
    source : Path
        A csv file in UTF-8 with a header.
    target : Path
        The Parquet file.
    columns : sequence of Column
        Those of the csv, in its order.
    about : mapping
        What the file's metadata say. `columns` is added to it: their units and
        descriptions as JSON, for readers that do not show a field's own metadata.

    Raises
    ------
    MissingExtra
        pyarrow is not installed.
    """
    require_extra("parquet", "a Parquet table")
    import pyarrow
    from pyarrow import csv
    from pyarrow.parquet import ParquetWriter

    types = {
        "text": pyarrow.string(),
        "whole": pyarrow.int64(),
        "number": pyarrow.float64(),
    }
    schema = pyarrow.schema(
        [
            pyarrow.field(one.name, types[one.kind], metadata=_told(one))
            for one in columns
        ],
        {**about, "columns": _as_json(columns)},
    )
    asked = csv.ConvertOptions(
        column_types=dict(zip(schema.names, schema.types, strict=True)),
        null_values=[""],
        strings_can_be_null=True,
    )
    with ExitStack() as stack:
        # By its path it would be read as a whole, ahead of what is written.
        stream = stack.enter_context(source.open("rb"))
        reading = stack.enter_context(
            csv.open_csv(
                stream,
                csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                csv.ParseOptions(newlines_in_values=True),
                asked,
            )
        )
        writer = stack.enter_context(ParquetWriter(target, schema, compression="zstd"))
        for block in reading:
            rows: Any = pyarrow.Table.from_batches([block])
            writer.write_table(rows.cast(schema))


def _told(column: Column) -> dict[str, str]:
    unit = {"unit": column.unit} if column.unit else {}
    return {"description": column.description, **unit}


def _as_json(columns: Sequence[Column]) -> str:
    return json.dumps({one.name: _told(one) for one in columns}, ensure_ascii=False)
