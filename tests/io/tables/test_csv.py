"""Tables that people write: slips of unit and column are refused."""

from pathlib import Path

import pytest

from sirtdose.errors import InputError
from sirtdose.io.tables.csv import Line, extra_columns, read_recovery, read_table


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,45\n100,90\n", "a recovery of 45 at 1 mL"),
        ("1,0.004\n100,0.9\n", "a recovery of 0.004 at 1 mL"),
        # mm3 typed for mL.
        ("1000,0.4\n100000,0.9\n", "at most 5000 mL"),
        ("1,0.9\n100,0.3\n", "falls from 0.9 at 1 mL to 0.3 at 100 mL"),
        ("1,0.4\n", "at least two are needed"),
    ],
)
def test_slips(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "rc.csv"
    path.write_text(f"volume_ml,rc\n{rows}", "utf-8")
    with pytest.raises(InputError, match=message):
        read_recovery(path)


def test_edges_that_overshoot_are_no_slip(tmp_path: Path) -> None:
    """A sharpened 10 mL sphere at 1.1 and a large one at 1.0, as some PETs measure."""
    path = tmp_path / "rc.csv"
    path.write_text("volume_ml,rc\n0.5,0.35\n10,1.1\n100,1.0\n", "utf-8")
    assert read_recovery(path).at(0.5) == 0.35


@pytest.mark.parametrize(
    ("column", "near"),
    [
        # A letter of three, or little of a longer name.
        ("ulm", "uln"),
        ("anticoagulation", "anticoagulated"),
        ("treatd", "treated"),
        ("laboratory", ""),
        ("age", ""),
        ("ward", ""),
        # What it may be a slip of is there.
        ("terms", ""),
        ("", "it another name"),
    ],
)
def test_extra_columns_are_allowed_but_for_slips(
    tmp_path: Path, column: str, near: str
) -> None:
    path = tmp_path / "own.csv"
    path.write_text(f"{column},term\n1,ALT\n", "utf-8")
    optional = ("uln", "anticoagulated", "treated", "arm")

    def read() -> list[Line]:
        return read_table(path, required=["term"], optional=optional, extra=True)

    if near:
        with pytest.raises(InputError, match=near):
            read()
        return
    (line,) = read()
    assert extra_columns(line, ["term", *optional]) == [column]
