"""`sirtdose fetch`: whole studies or none, from archives that are odd or die."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian

from sirtdose.cli.main import main
from sirtdose.network.archive.listing import Wanted
from sirtdose.network.archive.query import FoundSeries, key_of
from tests.network_peers import (
    NAME,
    PATIENT_ID,
    STUDY,
    encoded,
    free_port,
    make_object,
    with_meta,
)
from tests.odd_archive import FIND, GET, MOVE, OddArchive, serving

Run = Callable[..., Result]
KEY = key_of(STUDY)
MOVED = "receive_port = {port}\n"


def series(count: int, name: str = "7", **more: str) -> list[Dataset]:
    found = []
    for number in range(1, count + 1):
        one = make_object(number, level=number)
        one.SeriesInstanceUID = f"{STUDY}.{name}"
        one.SOPInstanceUID = f"{STUDY}.{name}.{number}"
        for keyword, value in more.items():
            setattr(one, keyword, value)
        found.append(one)
    return found


class Fetch:
    """`sirtdose fetch STUDY --from pacs`, with what becomes of it."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder, self.out = run, folder, folder / "out"
        self.site = folder / "site.toml"

    def __call__(self, *words: object, code: int = 0) -> dict[str, Any]:
        given = (
            words if words and not str(words[0]).startswith("--") else (STUDY, *words)
        )
        result = self.run(
            *("--site", self.site, "fetch", *given, "--from", "pacs"),
            *("--out", self.out, "--wait", "0.01s", "--reserve", "1MB", "--json"),
        )
        assert result.exit_code == code, result.output
        for text in (NAME, "DOE", PATIENT_ID, STUDY):
            assert text not in result.output
        self.screen = result.stderr
        if not result.stdout:
            return {}
        [one] = json.loads(result.stdout)["studies"]
        return dict(one)

    def files(self) -> list[Path]:
        return sorted((self.out / KEY).glob("*"))

    def waiting(self) -> list[Path]:
        return sorted((self.out / ".incomplete" / KEY).glob("*"))


@pytest.fixture
def fetch(run: Run, tmp_path: Path) -> Fetch:
    return Fetch(run, tmp_path)


@contextmanager
def serves(fetch: Fetch, archive: OddArchive, way: str = "get") -> Iterator[OddArchive]:
    archive.destination = free_port()
    with serving(archive):
        more = MOVED.format(port=archive.destination) if way == "move" else ""
        fetch.site.write_text(archive.node(more), "utf-8")
        yield archive


@pytest.mark.parametrize("way", ["get", "move"])
def test_what_comes_is_what_is_there(fetch: Fetch, way: str) -> None:
    objects = [*series(5), *series(2, "8", Modality="NM")]
    with serves(fetch, OddArchive(objects), way):
        one = fetch()
    assert (one["key"], one["complete"], one["came"]) == (KEY, True, 7)
    assert (one["objects"], one["known"], one["lacking"]) == (7, 0, 0)
    assert one["left"] == one["notes"] == []
    found = {one.SOPInstanceUID: one for one in map(dcmread, fetch.files())}
    assert len(found) == 7
    for one_sent in objects:
        twin = found[one_sent.SOPInstanceUID]
        del twin.file_meta
        assert encoded(Dataset(twin)) == encoded(one_sent)
    # Nothing is left of the way that it took.
    assert sorted(one.name for one in fetch.out.iterdir()) == [".fetch.lock", KEY]
    assert "1 of 1 study complete" in fetch.screen


@pytest.mark.parametrize("way", ["get", "move"])
def test_only_what_is_missing_comes_after_a_break(fetch: Fetch, way: str) -> None:
    archive = OddArchive(series(9), dies_after=4)
    with serves(fetch, archive, way):
        broken = fetch("--retries", 0, code=5)
        # Half a study is in no folder that a command would look into.
        assert fetch.files() == []
        assert len(fetch.waiting()) == broken["came"] == 4
        assert (broken["complete"], broken["lacking"]) == (False, 5)
        assert "5 objects did not arrive" in fetch.screen
        archive.sent.clear()
        whole = fetch()
        assert (whole["known"], whole["came"], whole["objects"]) == (4, 5, 9)
        assert len(set(archive.sent)) == 5
        archive.sent.clear()
        again = fetch()
    assert (again["known"], again["came"], archive.sent) == (9, 0, [])
    assert len(fetch.files()) == 9


def test_a_break_is_tried_again(fetch: Fetch) -> None:
    with serves(fetch, OddArchive(series(6), dies_after=2)):
        one = fetch("--retries", 1)
    assert (one["complete"], one["came"]) == (True, 6)
    assert "trying again in" in fetch.screen


@pytest.mark.parametrize("way", ["get", "move"])
def test_what_was_not_asked_for_is_refused(fetch: Fetch, way: str) -> None:
    strange = [make_object(1, study=f"{STUDY}.99"), *series(1, "9")]
    archive = OddArchive([*series(2), *series(1, "9", Modality="SR")], adds=strange)
    with serves(fetch, archive, way):
        one = fetch()
    assert (one["came"], one["left"]) == (2, ["1 series of SR"])
    assert len(fetch.files()) == 2


def test_an_object_that_fails_is_not_passed_over(fetch: Fetch) -> None:
    archive = OddArchive(series(4), fails=(f"{STUDY}.7.2",))
    with serves(fetch, archive):
        one = fetch("--retries", 1, code=5)
        assert (one["lacking"], one["complete"]) == (1, False)
        assert fetch.files() == []
        archive.fails = ()
        # Asked for by itself.
        assert fetch()["came"] == 1
    assert archive.asked[-2].SOPInstanceUID == f"{STUDY}.7.2"


def test_a_truncated_object_is_refused(fetch: Fetch) -> None:
    objects = series(2)
    del objects[1].PixelData
    with serves(fetch, OddArchive(objects)):
        one = fetch("--retries", 0, code=5)
    assert (one["came"], one["lacking"]) == (1, 1)
    assert "an object was refused: the data set is damaged or cut off" in fetch.screen


def test_counts_that_do_not_agree_are_said(fetch: Fetch) -> None:
    says = {"NumberOfSeriesRelatedInstances": 4}
    with serves(fetch, OddArchive(series(3), says=says)):
        one = fetch("--retries", 0, code=5)
        assert (one["came"], one["lacking"]) == (3, 1)
        assert "the archive states 4, lists 3" in fetch.screen
    with serves(fetch, OddArchive(series(3), says=dict.fromkeys(says, 2))):
        one = fetch("--retries", 0)
    assert (one["complete"], one["objects"]) == (True, 3)
    assert "the archive states 2, lists 3" in fetch.screen


@pytest.mark.parametrize("way", ["get", "move"])
def test_an_archive_that_lists_no_objects(fetch: Fetch, way: str) -> None:
    odd = OddArchive(series(5), levels=("STUDY", "SERIES"), dies_after=2)
    with serves(fetch, odd, way):
        assert fetch("--retries", 0, code=5)["lacking"] == 3
        assert (fetch()["objects"], len(fetch.files())) == (5, 5)
        assert fetch()["known"] == 5


def test_an_archive_that_neither_lists_nor_counts(fetch: Fetch) -> None:
    odd = OddArchive(
        series(5),
        levels=("STUDY", "SERIES"),
        hides=("NumberOfSeriesRelatedInstances",),
        dies_after=2,
    )
    with serves(fetch, odd):
        assert not fetch("--retries", 0, code=5)["complete"]
        assert fetch.files() == []
        one = fetch()
    assert (one["complete"], one["known"], one["came"]) == (True, 2, 3)
    assert "neither lists nor counts its objects" in fetch.screen


def test_what_is_in_the_way_is_said(fetch: Fetch) -> None:
    fetch.out.mkdir()
    (fetch.out / ".incomplete").write_bytes(b"")
    with serves(fetch, OddArchive(series(1))):
        assert fetch(code=5) == {}
        assert "cannot write to" in fetch.screen
        (fetch.out / ".incomplete").unlink()
        (fetch.out / KEY).write_bytes(b"")
        assert fetch(code=5) == {}
    assert "is complete, but cannot be put into" in fetch.screen


def test_a_modality_in_small_letters() -> None:
    assert Wanted(STUDY).takes(FoundSeries("1.2", "nm", None, "", None))
    assert not Wanted(STUDY).takes(FoundSeries("1.2", "sr", None, "", None))


def test_a_list_that_is_cut_in_silence(fetch: Fetch) -> None:
    hides = ("NumberOfSeriesRelatedInstances",)
    odd = OddArchive(
        series(5), hides=hides, most_rows={"IMAGE": 2}, truncates=("IMAGE",)
    )
    with serves(fetch, odd):
        one = fetch("--retries", 0, code=5)
        assert (one["complete"], fetch.files()) == (False, [])
        assert "objects of a series that it does not list" in one["notes"][0]
        one = fetch("--retries", 1)
    assert (one["complete"], one["objects"], one["known"]) == (True, 5, 2)
    odd = OddArchive(
        [*series(2), *series(1, "8"), *series(1, "9")],
        most_rows={"SERIES": 2},
        truncates=("SERIES",),
    )
    with serves(fetch, odd):
        one = fetch("--retries", 0, code=5)
        assert one["notes"] == ["the archive states 3 series of it, lists 2"]
        assert not one["complete"]
        # Whoever names them does not need the rest.
        fetch("--series-uid", f"{STUDY}.7")


def test_a_series_of_which_nothing_comes(fetch: Fetch) -> None:
    odd = OddArchive(
        [*series(2), *series(1, "8")],
        levels=("STUDY", "SERIES"),
        hides=("NumberOfSeriesRelatedInstances",),
        fails=(f"{STUDY}.8.1",),
    )
    with serves(fetch, odd):
        one = fetch("--retries", 0, code=5)
    assert (one["complete"], one["came"], one["lacking"]) == (False, 2, 1)


def test_half_a_series_is_not_published_with_another(fetch: Fetch) -> None:
    objects = [*series(4), *series(3, "8", Modality="NM")]
    with serves(fetch, OddArchive(objects, dies_after=2)):
        fetch("--modality", "CT", "--retries", 0, code=5)
        one = fetch("--modality", "NM")
        assert (one["complete"], one["objects"]) == (True, 3)
        assert {dcmread(path).Modality for path in fetch.files()} == {"NM"}
        assert len(fetch.waiting()) == 2
        whole = fetch()
    assert (whole["known"], whole["came"], len(fetch.files())) == (5, 2, 7)


def test_a_folder_appears_with_all_of_it_or_not(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, calls = Path.replace, count()

    def replace(path: Path, target: Path) -> Path:
        # Three came; the second on its way to the study's folder is not let go.
        if next(calls) == 4:
            raise OSError(5, "Input/output error")
        return usual(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    with serves(fetch, OddArchive(series(3))):
        assert fetch(code=5) == {}
        assert not (fetch.out / KEY).exists()
        one = fetch()
    assert (one["known"], one["came"], len(fetch.files())) == (3, 0, 3)
    assert not (fetch.out / ".incomplete").exists()


def test_a_damaged_file_of_the_same_folder(fetch: Fetch) -> None:
    odd = OddArchive(series(2), levels=("STUDY", "SERIES"))
    with serves(fetch, odd):
        fetch()
        (fetch.out / KEY / "scan.dcm").write_bytes(b"nothing")
        one = fetch()
    assert (one["known"], one["objects"]) == (2, 2)


def test_a_list_that_the_archive_cuts(fetch: Fetch) -> None:
    hides = ("NumberOfSeriesRelatedInstances",)
    # Who lists only some objects, may yet hand over all of them.
    with serves(fetch, OddArchive(series(5), hides=hides, most_rows={"IMAGE": 2})):
        assert fetch()["objects"] == len(fetch.files()) == 5
    objects = [*series(2), *series(2, "8")]
    with serves(fetch, OddArchive(objects, most_rows={"SERIES": 1})):
        one = fetch("--retries", 0, code=5)
    assert not one["complete"]
    assert "it gives only the first answers" in one["notes"][0]


@pytest.mark.parametrize("hidden", ["SeriesInstanceUID", "SOPInstanceUID"])
def test_what_is_listed_without_its_uid(fetch: Fetch, hidden: str) -> None:
    with serves(fetch, OddArchive(series(3), hides=(hidden,))):
        one = fetch("--retries", 0, code=5 if hidden == "SeriesInstanceUID" else 0)
    assert (one["complete"], one["came"]) == (
        (False, 0) if hidden == "SeriesInstanceUID" else (True, 3)
    )


def test_a_list_without_an_end(fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(OddArchive):
        def rows(self, level: str, asked: Dataset) -> Iterator[Dataset]:
            while True:
                yield from super().rows(level, asked)

    monkeypatch.setattr("sirtdose.network.archive.dimse._MOST_LISTED", 20)
    with serves(fetch, Endless(series(1))):
        assert "does not come to an end" in fetch("--retries", 0, code=5)["notes"][0]


def test_a_study_that_grows_meanwhile(fetch: Fetch) -> None:
    class Growing(OddArchive):
        def get(self, event: Any) -> Iterator[Any]:
            yield from super().get(event)
            if len(self.objects) < 5:
                self.objects += series(2, "8")

    with serves(fetch, Growing(series(3))):
        one = fetch()
    assert (one["complete"], one["objects"]) == (True, 5)
    assert "changed at the archive" in fetch.screen


def test_parts_of_a_study(fetch: Fetch) -> None:
    objects = [*series(3), *series(2, "8", Modality="NM"), *series(1, "9")]
    objects += series(1, "10", Modality="PR")
    with serves(fetch, OddArchive(objects)):
        one = fetch("--modality", "nm")
        assert (one["came"], one["left"]) == (2, ["2 series of CT", "1 series of PR"])
        one = fetch("--series-uid", f"{STUDY}.9")
        assert one["came"] == 1
        assert len(fetch.files()) == 3
        # The rest joins it.
        one = fetch()
        assert (one["known"], one["came"]) == (3, 3)
        one = fetch("--series-uid", f"{STUDY}.9", "--series-uid", "1.2", code=5)
        assert (one["known"], one["complete"]) == (1, False)
        missing = fetch("--series-uid", "1.2.3", "--retries", 0, code=5)
    assert "1 of the series asked for" in missing["notes"][0]
    assert len(fetch.files()) == 6


def test_a_study_that_is_not_there(fetch: Fetch) -> None:
    with serves(fetch, OddArchive(series(1))):
        one = fetch("1.2.3", code=5)
    assert one["notes"] == ["the archive has no such study"]
    assert not (fetch.out / one["key"]).exists()


def test_no_room_is_said_and_what_came_is_kept(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    left = iter([10**9, 10**9])
    monkeypatch.setattr(
        "sirtdose.network.store.shutil.disk_usage",
        lambda _: usage(10**9, 0, next(left, 1000)),
    )
    with serves(fetch, OddArchive(series(4))):
        assert fetch(code=5) == {}
    assert "make room and fetch again" in fetch.screen
    assert len([one for one in fetch.waiting() if one.suffix == ".dcm"]) == 2
    monkeypatch.undo()
    with serves(fetch, OddArchive(series(4))):
        assert (fetch()["known"], len(fetch.files())) == (2, 4)


def test_studies_of_a_file(fetch: Fetch, run: Run, tmp_path: Path) -> None:
    objects = series(1)
    for one in objects:
        one.StudyDate = "20260302"
    other = make_object(1, study=f"{STUDY}.5")
    other.StudyDate = "20260301"
    with serves(fetch, OddArchive([*objects, other])):
        words = ("find", "--from", "pacs", "--date", "2026-03-01..")
        run("--site", fetch.site, *words, "--out", tmp_path / "found")
        table = tmp_path / "found" / "studies.csv"
        assert fetch(table, "--only", 1)["key"] == KEY
        document = tmp_path / "found" / "find.json"
        assert fetch(document, "--only", key_of(f"{STUDY}.5"))["came"] == 1
        unknown = fetch(table, "--only", 3, code=3)
        assert unknown == {}
        assert "no study has the number or key 3" in fetch.screen
        # Another search has another study of that number.
        words = ("find", "--from", "pacs", "--date", "2026-03-01")
        run("--site", fetch.site, *words, "--out", tmp_path / "one")
        two = tmp_path / "one" / "studies.csv"
        assert fetch(table, two, "--only", 1, code=3) == {}
        assert "more than one study has the number 1" in fetch.screen
        assert fetch(two, document, "--only", key_of(f"{STUDY}.5"))["known"] == 1
        # Sorted by one column alone.
        changed = tmp_path / "changed.csv"
        swapped = table.read_text("utf-8").replace(f"{STUDY}.5", "other")
        swapped = swapped.replace(STUDY, f"{STUDY}.5").replace("other", STUDY)
        changed.write_text(swapped, "utf-8")
        assert fetch(changed, "--only", 1, code=3) == {}
        assert "has a UID of another one" in fetch.screen
        words = ("fetch", "-", "--from", "pacs", "--out", str(fetch.out), "--json")
        every = CliRunner().invoke(
            main, ["--site", str(fetch.site), *words], input=table.read_text("utf-8")
        )
    assert [one["known"] for one in json.loads(every.stdout)["studies"]] == [1, 1]


@pytest.mark.parametrize(
    ("study", "said"),
    [
        ("nothing.csv", "nor is it a StudyInstanceUID"),
        ("names.txt", "names.txt is not a list of studies"),
        ("other.json", "this JSON is not the find.json"),
        ("empty.txt", "lists no study"),
        ("table.csv", "the table has no column study_instance_uid"),
        ("deep.json", "this JSON is not the find.json"),
        ("long.csv", "neither a list nor a table"),
    ],
)
def test_what_is_no_study_is_said(
    fetch: Fetch,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    study: str,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("Doe^Jane\n", "utf-8")
    Path("other.json").write_text('{"schema": 1}', "utf-8")
    Path("empty.txt").write_text("", "utf-8")
    Path("deep.json").write_text('{"a":' * 200_000, "utf-8")
    Path("long.csv").write_text(f"a,b\n{'x' * 200_000},\n", "utf-8")
    Path("table.csv").write_text("a,b\n1,2\n", "utf-8")
    fetch.site.write_text(OddArchive([], port=free_port()).node(), "utf-8")
    assert fetch(study, code=3) == {}
    assert said in fetch.screen
    assert not fetch.out.exists()


def test_an_archive_that_does_not_offer_it(fetch: Fetch) -> None:
    with serves(fetch, OddArchive(series(1), models=(FIND, MOVE))):
        fetch(code=5)
        assert 'does not offer C-GET: set retrieve = "move"' in fetch.screen
    with serves(fetch, OddArchive(series(1), models=(FIND, GET)), "move"):
        fetch(code=5)
        assert 'does not offer C-MOVE: set retrieve = "get"' in fetch.screen
    with serves(fetch, OddArchive(series(1)), "move") as archive:
        archive.destination = 0
        fetch(code=5)
    assert "does not know or reach our receiver: have SIRTDOSE" in fetch.screen


def test_a_move_that_is_sent_nowhere_ends(fetch: Fetch) -> None:
    class Elsewhere(OddArchive):
        def move(self, _: Any) -> Iterator[Any]:
            yield "127.0.0.1", free_port()
            yield 1
            yield 0xFF00, with_meta(self.objects[0], ExplicitVRLittleEndian)

    with serves(fetch, Elsewhere(series(1)), "move"):
        assert fetch(code=5) == {}
    assert "does not know or reach our receiver" in fetch.screen


def test_an_archive_that_falls_silent_is_left(fetch: Fetch) -> None:
    from threading import Event

    over = Event()

    class Silent(OddArchive):
        def get(self, _: Any) -> Iterator[Any]:
            yield 2
            yield 0xFF00, with_meta(self.objects[0], ExplicitVRLittleEndian)
            over.wait(30)

        def move(self, event: Any) -> Iterator[Any]:
            yield "127.0.0.1", self.destination
            yield from self.get(event)

    for way in ("get", "move"):
        with serves(fetch, Silent(series(2)), way):
            one = fetch("--retries", 0, "--timeout", "0.5s", code=5)
            over.set()
        over.clear()
        assert one["lacking"] == 1, way
        assert "the association was lost" in fetch.screen


def test_two_do_not_write_to_one_folder(fetch: Fetch) -> None:
    from sirtdose.network.files import owned

    with serves(fetch, OddArchive(series(1))), owned(fetch.out, ".fetch.lock"):
        assert fetch(code=5) == {}
    assert "another `sirtdose` writes to" in fetch.screen


def test_a_folder_that_is_read_as_it_is(run: Run, fetch: Fetch) -> None:
    objects = series(3)
    with serves(fetch, OddArchive(objects)):
        fetch()
        archive = OddArchive(series(4), fails=(f"{STUDY}.7.4",))
    with serves(fetch, archive):
        # More was there by now, and one of it does not come: what was there stays.
        fetch("--retries", 0, code=5)
    inspected = run("inspect", fetch.out, "--json")
    document = json.loads(inspected.stdout)
    assert sum(one["files"] for one in document["found"]) == 3
