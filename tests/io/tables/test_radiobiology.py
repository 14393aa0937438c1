"""Which dose of a structure a department's model takes."""

from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.radiobiology import read_radiobiology


def written(folder: Path, dose: str) -> Path:
    path = folder / "own.toml"
    path.write_text(
        f"[[tcp]]\nname='x'\nform='lyman'\ndose='{dose}'\nsource='y'\nd50='52Gy'\nm=1\n",
        "utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("dose", "key"),
    [("d70", "d70"), ("D2cc", "d2cc"), ("eqd2_mean", "eqd2_mean"), ("Dmax", "max")],
)
def test_any_dose_of_a_histogram(tmp_path: Path, dose: str, key: str) -> None:
    _, [model] = read_radiobiology(written(tmp_path, dose))
    assert model.metric == key


@pytest.mark.parametrize(
    ("dose", "message"),
    [
        ("V70Gy", "write a dose such as mean or D70"),
        ("SD", "write a dose such as mean or D70"),
        ("volume", "write a dose such as mean or D70"),
        ("D150", "give at most 100 %, or D150cc for 150 mL"),
    ],
)
def test_what_is_no_dose(tmp_path: Path, dose: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_radiobiology(written(tmp_path, dose))
