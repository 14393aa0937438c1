"""Another system's table: which of its columns are metrics, and in which unit."""

from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.doses import read_dose_table
from sirtdose.model.metric import Metric


def numbers(path: Path, text: str, *asked: str) -> dict[str, float]:
    path.write_text(text, "utf-8")
    [found] = read_dose_table(
        path, [Metric.parse(one) for one in asked]
    ).numbers.values()
    return {one.key: value for one, value in found.items()}


def test_columns_that_are_metrics_are_read_in_their_unit(tmp_path: Path) -> None:
    text = (
        "name,mean_gy,volume_ml,D2cc_gy,d70_gy,v100,v75gy_percent,v50_fraction,v30\n"
        "T,200,24,310.5,180,0.9,95,0.97,99%\n"
    )
    found = numbers(tmp_path / "t.csv", text)
    assert found == pytest.approx(
        {"mean": 200, "volume": 24, "d2cc": 310.5, "d70": 180}
        | {"v100": 0.9, "v75": 0.95, "v50": 0.97, "v30": 0.99}
    )


def test_other_columns_are_named_unless_asked_for(tmp_path: Path) -> None:
    text = "name,d0,max_gy,d70,d2cc_ml,volume,v9_ml,mean_gy\nT,2026,900,1,1,1,1,200\n"
    assert numbers(tmp_path / "t.csv", text) == {"mean": 200}
    assert numbers(tmp_path / "t.csv", text, "max") == {"max": 900, "mean": 200}
    [remark] = read_dose_table(tmp_path / "t.csv").remarks
    assert remark.startswith("column d0, max_gy, d70, d2cc_ml, volume, v9_ml of")


def test_a_histogram_tells_what_is_asked_if_it_tells_its_volume(tmp_path: Path) -> None:
    points = ((0, 1), (10, 0.75), (20, 0.5), (30, 0.25), (40, 0))
    rows = "".join(f"T,{gy},{part},{200 * part}\n" for gy, part in points)
    text = f"name,dose_gy,volume_fraction,volume_ml\n{rows}"
    asked = ("D50cc", "D90cc", "D201cc", "V35Gy", "EUD")
    found = numbers(tmp_path / "t.csv", text, *asked)
    assert found == pytest.approx({"d50cc": 30, "d90cc": 22, "v35": 0.125})
    less = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
    assert set(numbers(tmp_path / "t.csv", less, *asked)) == {"v35"}


def test_a_percentage_is_of_a_volume(tmp_path: Path) -> None:
    for text in ("name,d150_gy\nT,1\n", "name,v70gy_percent\nT,130\n"):
        with pytest.raises(InputError, match=r"D150cc for 150 mL|130"):
            numbers(tmp_path / "t.csv", text.lower())
