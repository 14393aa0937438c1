"""A batch of thousands: neither time nor memory nor pages grow more than they must."""

import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

from sirtdose.batch.run import run_cases
from sirtdose.batch.tables import write_tables_of
from sirtdose.batch.waiting import Waiting
from sirtdose.batch.work import Look, Outcome
from sirtdose.io.output import unfinished
from sirtdose.io.output.folder import claimed, output_folder
from sirtdose.report import batch as pages
from sirtdose.report.document_stream import DocumentStream
from sirtdose.report.documents import document_text
from tests.cli.test_batch import HEADER, make_case, row, table

Run = Callable[..., Result]
ALL_LOADED = """
import sys
from pathlib import Path
from sirtdose.batch.run import _LAST, _LOADED_ONCE
for name in (*_LOADED_ONCE, _LAST):
    __import__(name)
before = set(sys.modules)
from sirtdose import Case, Given, ImageRequest, Nuclide, PostRequest
from sirtdose.batch.work import run_case
image = ImageRequest(
    Path(sys.argv[1]),
    image=Path("spect.nii.gz"),
    structures=(Path("labels.nii.gz"),),
)
given = Given(Nuclide.named("Y-90"), administered_gbq=2.0)
outcome = run_case(Case("c1", PostRequest(image, given), Path(sys.argv[2])))
assert outcome.state == "done", outcome
print(*(one for one in sys.modules if one not in before))
"""


@pytest.fixture
def made(run: Run, tmp_path: Path) -> Path:
    """The results of one case."""
    make_case(tmp_path / "p")
    (tmp_path / "one.csv").write_text(HEADER + row("c", "p"), "utf-8")
    result = run("batch", tmp_path / "one.csv", "--out", tmp_path / "one")
    assert result.exit_code == 0, result.stderr
    return tmp_path / "one" / "c"


def outcomes_of(made: Path, out: Path, count: int) -> list[Outcome]:
    """So many cases with the same results."""
    for n in range(count):
        (out / f"c{n}").mkdir(parents=True)
        for name in ("post.json", "structures.csv"):
            os.link(made / name, out / f"c{n}" / name)
    return [Outcome(f"c{n}", "done") for n in range(count)]


def frozen(case: Any) -> Outcome:
    return Outcome(case.case_id, "done", gc.get_freeze_count())


def test_workers_share_what_is_loaded_once() -> None:
    """What they would look through for garbage, each of them would copy."""
    [outcome] = run_cases([SimpleNamespace(case_id="c1")], work=frozen)
    assert outcome.exit_code > 10_000


def test_a_worker_has_nothing_more_to_load(tmp_path: Path) -> None:
    words = [make_case(tmp_path / "p"), tmp_path / "o"]
    said = subprocess.run(
        [sys.executable, "-c", ALL_LOADED, *words],
        check=True,
        capture_output=True,
        text=True,
    )
    late = said.stdout.split()
    assert [one for one in late if one.startswith(("sirtdose.", "skimage."))] == []


def test_cases_are_taken_as_workers_get_free() -> None:
    taken: list[str] = []

    def coming() -> Iterator[Any]:
        for n in range(12):
            taken.append(str(n))
            yield SimpleNamespace(case_id=str(n))

    outcomes = run_cases(coming(), work=frozen)
    first = next(outcomes)
    assert len(taken) <= 4
    names = [first.case_id, *(one.case_id for one in outcomes)]
    assert names == taken == [str(n) for n in range(12)]


def test_a_batch_s_folder_is_not_searched_for_each_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[Path] = []
    monkeypatch.setattr(
        unfinished, "remove_abandoned", lambda folder, **_: searched.append(folder)
    )
    out = tmp_path / "out"
    out.mkdir()
    with claimed(out):
        searched.clear()
        with output_folder(out / "c1", ["a.txt"]) as aside:
            (aside / "a.txt").write_text("a")
    assert searched == []
    with output_folder(out / "c2", ["a.txt"]):
        assert searched == [out]


def test_waiting_cases_are_small_and_as_they_were() -> None:
    looks = [
        Look(f"c{n}", Path(f"/studies/of/2026/{n}"), Path("o")) for n in range(500)
    ]
    tracemalloc.start()
    waiting = Waiting()
    for one in looks:
        waiting.append(one)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert list(waiting) == list(waiting) == looks
    assert waiting.case_ids == [one.case_id for one in looks]
    assert len(waiting) == 500
    assert size / 500 < 250


def test_tables_of_many_need_no_more_memory(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LISTED", 20)
    peaks = {}
    for count in (50, 450):
        out = tmp_path / str(count)
        outcomes = outcomes_of(made, out, count)
        with claimed(out) as claim:
            tracemalloc.start()
            write_tables_of("post", outcomes, out, claim=claim)
            _, peaks[count] = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert len(table(out / "cases.csv")) == count
    # A document of a case alone would be 2 kB.
    assert (peaks[450] - peaks[50]) / 400 < 400


def test_a_page_of_very_many_lists_first_those_that_failed(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "LISTED", 5)
    out = tmp_path / "out"
    done = outcomes_of(made, out, 7)
    failed = [Outcome(f"f{n}", "failed", 3, 'a,"b"\n<i>\'=1') for n in range(2)]
    with claimed(out) as claim:
        write_tables_of("post", [*done, *failed], out, claim=claim)
    page = (out / "index.html").read_text("utf-8")
    assert "<b>9 cases</b>" in page
    assert "Listed here are 5 of them" in page
    assert 'href="cases.csv"' in page
    assert "2 with exit code 3" in page
    body = page.partition("<tbody>")[2]
    places = [body.find(f">{one}</") for one in ("f0", "f1", "c0", "c1", "c2")]
    assert -1 not in places
    assert places == sorted(places)
    assert ">c3</" not in body
    # The table has all, letter by letter.
    rows = table(out / "cases.csv")
    assert [one["case_id"] for one in rows] == [f"c{n}" for n in range(7)] + [
        "f0",
        "f1",
    ]
    assert rows[-1]["error"] == failed[-1].error


def test_a_document_in_parts_has_the_same_text() -> None:
    whole = {"a": 1 / 3, "b": [], "c": {}, "d": [{"x": [1]}, "é"], "e": {"k": {}}}
    text = StringIO()
    with DocumentStream(text).whole() as document:
        document.put(whole["a"], "a")
        with document.many("b", "[]"):
            pass
        with document.many("c", "{}"):
            pass
        with document.many("d", "[]"):
            document.put({"x": [1]})
            document.put("é")
        with document.many("e", "{}"):
            document.put({}, "k")
    assert text.getvalue() == document_text(whole)


def test_results_of_cases_that_are_no_more_are_told(
    run: Run, made: Path, tmp_path: Path
) -> None:
    (tmp_path / "one.csv").write_text(HEADER + row("d", "p"), "utf-8")
    result = run("batch", tmp_path / "one.csv", "--out", made.parent, "--resume")
    assert result.exit_code == 0, result.stderr
    assert "cases that are not in this batch, 1 in all: c\n" in result.stderr
    assert [one["case_id"] for one in table(made.parent / "cases.csv")] == ["d"]


def test_a_refusal_does_not_name_thousands(run: Run, tmp_path: Path) -> None:
    make_case(tmp_path / "p")
    rows = "".join(row(f"c{n}", "p") for n in range(40))
    (tmp_path / "m.csv").write_text(HEADER + rows, "utf-8")
    for n in range(40):
        (tmp_path / "out" / f"c{n}").mkdir(parents=True)
    result = run("batch", tmp_path / "m.csv", "--out", tmp_path / "out")
    assert result.exit_code == 5
    assert "contains c0, c1, c2, c3, c4 and 35 more: give another" in result.stderr
    assert "--resume" in result.stderr
