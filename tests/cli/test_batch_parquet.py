"""A batch as Parquet: what its csv tables say, with types, units and nulls."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
from click.testing import Result

from sirtdose import __version__
from sirtdose.io.tables import parquet
from sirtdose.report.batch_columns import columns_of
from sirtdose.report.tables import structure_columns

Run = Callable[..., Result]
PAIRS = {"cases.csv": "cases.parquet", "summary.csv": "structures.parquet"}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Two cases of a phantom, the second with metrics of its own, and one refused."""
    from sirtdose.phantom.request import PhantomRequest
    from sirtdose.workflows.phantom import write_phantom

    (tmp_path / "p").mkdir()
    write_phantom(PhantomRequest(), tmp_path / "p")
    path = tmp_path / "manifest.csv"
    path.write_text(
        "case_id,input,administered,lung_shunt,metric,no_report,no_dicom\n"
        "007,p,1.5GBq,5%,,yes,yes\n"
        "c2,p,2.5GBq,,D2cc|D400cc|V70Gy,yes,yes\n"
        "c3,p,2.5,5%,,yes,yes\n",
        "utf-8",
    )
    return path


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def as_cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def test_tables_say_what_the_csv_says(run: Run, manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ("batch", manifest, "--out", out, "--jobs", 2, "--parquet")
    result = run(*words, "--calibrate-over", "fov")
    assert result.exit_code == 6, result.stderr
    for source, target in PAIRS.items():
        rows = pyarrow.parquet.read_table(out / target).to_pylist()
        assert [
            {name: as_cell(value) for name, value in row.items()} for row in rows
        ] == csv_rows(out / source)
    schema = pyarrow.parquet.read_schema(out / "structures.parquet")
    # A label of digits stays a label, and numbers have their unit.
    assert schema.field("case_id").type == pyarrow.string()
    assert schema.field("v70gy_percent").metadata[b"unit"] == b"%"
    mean = schema.field("mean_gy")
    assert (mean.type, mean.metadata[b"unit"]) == (pyarrow.float64(), b"Gy")
    assert mean.metadata[b"description"] == b"Mean dose to the structure"
    assert schema.metadata[b"schema"] == b"sirtdose.structures/1"
    assert schema.metadata[b"sirtdose_version"].decode() == __version__
    assert list(json.loads(schema.metadata[b"columns"])) == schema.names
    cases = pyarrow.parquet.read_table(out / "cases.parquet")
    assert cases.column("case_id").to_pylist() == ["007", "c2", "c3"]
    assert cases.column("exit_code").type == pyarrow.int64()
    assert cases.column("lung_shunt_fraction").to_pylist() == [0.05, None, None]
    assert cases.column("error").to_pylist()[:2] == [None, None]

    # Taken up again the files are the same; without the option none are left behind.
    before = {name: (out / name).read_bytes() for name in PAIRS.values()}
    run(*words, "--calibrate-over", "fov", "--resume")
    assert {name: (out / name).read_bytes() for name in PAIRS.values()} == before
    run(*words[:-1], "--calibrate-over", "fov", "--resume")
    assert not list(out.glob("*.parquet"))


def test_duckdb_and_pandas_read_what_the_csv_says(
    run: Run, manifest: Path, tmp_path: Path
) -> None:
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    out = tmp_path / "out"
    words = ("batch", manifest, "--out", out, "--parquet", "--calibrate-over", "fov")
    assert run(*words).exit_code == 6
    volumes = [
        (row["case_id"], float(row["mean_gy"]))
        for row in csv_rows(out / "summary.csv")
        if row["role"] == "tumor"
    ]
    with duckdb.connect() as database:
        found = database.execute(
            "SELECT case_id, s.mean_gy FROM read_parquet($s) s JOIN read_parquet($c) c "
            "USING (case_id) WHERE s.role = 'tumor' AND c.state = 'done'",
            {
                "s": str(out / "structures.parquet"),
                "c": str(out / "cases.parquet"),
            },
        ).fetchall()
        told = dict(
            database.execute(
                "SELECT key::VARCHAR, value::VARCHAR FROM parquet_kv_metadata($s)",
                {"s": str(out / "structures.parquet")},
            ).fetchall()
        )
    assert volumes
    assert sorted(found) == sorted(volumes)
    assert told["schema"] == "sirtdose.structures/1"
    frame = pandas.read_parquet(out / "structures.parquet")
    assert frame["d2cc_gy"].dtype == float
    assert set(frame.loc[frame["case_id"] == "007", "d2cc_gy"].isna()) == {True}


def test_every_column_has_type_and_description() -> None:
    asked = ("d2cc_gy", "v70gy_percent", "eud_gy", "bed_mean_gy", "d0.03cc_gy")
    found = columns_of((*structure_columns(), *asked))
    assert all(one.description for one in found)
    by_name = {one.name: one for one in found}
    assert by_name["d2_gy"].description == (
        "Minimum dose to the hottest 2 % of the volume"
    )
    assert by_name["d0.03cc_gy"].description.endswith("0.03 mL")
    assert by_name["v70gy_percent"].description == (
        "Part of the volume that gets 70 Gy or more"
    )
    assert {one.unit for one in found if one.kind == "number"} == {
        "Gy", "mL", "kg", "GBq", "%",
    }  # fmt: skip


def test_a_long_table_is_written_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_BLOCK_BYTES", 4096)
    source, target = tmp_path / "long.csv", tmp_path / "long.parquet"
    names = [f'=1+{n}, "quoted"\nand é' for n in range(500)]
    with source.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(("name", "mean_gy"))
        # A column that is empty in its first blocks has its type all the same.
        table.writerows((name, "" if n < 400 else f"{n / 7:.10g}")
                        for n, name in enumerate(names))  # fmt: skip
    parquet.write_parquet(source, target, columns_of(["name", "mean_gy"]), {})
    found = pyarrow.parquet.ParquetFile(target)
    assert found.num_row_groups > 3
    rows = found.read()
    assert rows.column("name").to_pylist() == names
    assert rows.column("mean_gy").to_pylist() == [
        None if n < 400 else float(f"{n / 7:.10g}") for n in range(500)
    ]


def test_memory_does_not_grow_with_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_BLOCK_BYTES", 2**17)
    usual, most = pyarrow.default_memory_pool(), {}
    for rows in (80_000, 640_000):
        source = tmp_path / f"{rows}.csv"
        lines = (f"c{n},{n / 7:.10g}\n" for n in range(rows))
        source.write_text("case_id,mean_gy\n" + "".join(lines), "utf-8")
        counting = pyarrow.proxy_memory_pool(usual)
        pyarrow.set_memory_pool(counting)
        try:
            columns = columns_of(["case_id", "mean_gy"])
            parquet.write_parquet(source, tmp_path / "out.parquet", columns, {})
        finally:
            pyarrow.set_memory_pool(usual)
        most[rows] = counting.max_memory()
        assert most[rows] > 0
    assert most[640_000] < 1.5 * most[80_000], most


def test_a_case_must_not_be_named_like_a_table(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text("case_id,input\nstructures.parquet,p\n", "utf-8")
    result = run("batch", path, "--out", tmp_path / "out")
    assert result.exit_code == 3
    assert "cannot be a folder's name" in result.stderr
