"""An archive by DICOMweb, behind the verbs that `find` and `fetch` know."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import JPEGLSLossless

from sirtdose.errors import OutputError
from sirtdose.network.archive.archive import Part
from sirtdose.network.archive.query import FoundInstance, Query
from sirtdose.network.archive.web import web_archive
from sirtdose.network.association import Rejected
from sirtdose.network.received import OUT_OF_RESOURCES, Received, Refused
from sirtdose.network.store import Kept
from sirtdose.network.web.answers import Busy
from tests.network_peers import STUDY, data_set, make_object, write_object, write_study
from tests.web_peers import Answer, Asked, WebServer, multipart, web_server

SERIES = f"{STUDY}.7"
TAGS = {
    "uid": ("0020000D", "UI"), "day": ("00080020", "DA"), "time": ("00080030", "TM"),
    "patient": ("00100020", "LO"), "name": ("00100010", "PN"),
    "modalities": ("00080061", "CS"), "series": ("00201206", "IS"),
    "instances": ("00201208", "IS"),
}  # fmt: skip


def row(**more: Any) -> dict[str, Any]:
    return {
        TAGS[key][0]: {
            "vr": TAGS[key][1], "Value": value if isinstance(value, list) else [value]
        }
        for key, value in more.items()
    }  # fmt: skip


def found(server: WebServer, query: Query, most: int = 1000) -> Any:
    with web_archive(server.service()) as archive:
        return archive.find(query, most)


def test_a_study_is_read_as_the_archive_tells_it() -> None:
    told = row(
        uid="1.2.3", day="20260301", time="101500", patient=" MRN-1 ",
        name={"Alphabetic": "DOE^JANE"}, modalities=["PT", "CT"], series=2,
        instances="212",
    )  # fmt: skip
    with web_server(
        lambda asked: Answer.json([told] if asked.query["offset"] == ["0"] else [])
    ) as server:
        answers = found(server, Query(patient_ids=("MRN-1",)))
    [study] = answers.studies
    assert (study.day, study.time) == (date(2026, 3, 1), "101500")
    assert study.modalities == ("CT", "PT")
    assert (study.series_count, study.instance_count) == (2, 212)
    assert (study.patient.name, study.patient.patient_id) == ("DOE^JANE", "MRN-1")
    assert not answers.notes
    assert "DOE" not in repr(study)


def test_filters_ask_for_all_that_is_wanted() -> None:
    with web_server(lambda _: Answer(204)) as server:
        query = Query(
            patient_ids=("A", "B"), modalities=("NM",), description="Y90*",
            dates=(date(2026, 3, 1), None),
        )  # fmt: skip
        assert found(server, query).studies == ()
    filters = [
        {key: one.query[key][0] for key in one.query if key[0] == "0"}
        for one in server.asked
    ]
    both = {"00080061": "NM", "00080020": "20260301-", "00081030": "Y90*"}
    assert filters == [both | {"00100020": "A"}, both | {"00100020": "B"}]
    day = date(2026, 3, 1)
    with web_server(lambda _: Answer(204)) as server:
        found(server, Query(dates=(day, day)))
    assert server.asked[0].query["00080020"] == ["20260301"]


def paged(asked: Asked, rows: list[Any], most: int) -> Answer:
    at = int(asked.query["offset"][0])
    return Answer.json(rows[at : at + min(int(asked.query["limit"][0]), most)])


ROWS = [row(uid=f"1.2.{i}", day="20260301", patient="A") for i in range(1, 301)]


def test_300_studies_come_in_pages_as_small_as_the_archive_likes() -> None:
    with web_server(lambda asked: paged(asked, ROWS, 40)) as server:
        answers = found(server, Query(patient_ids=("A",)))
    assert len(answers.studies) == 300
    assert not answers.is_cut
    assert len(server.asked) == 9
    with web_server(lambda asked: paged(asked, ROWS, 40)) as server:
        answers = found(server, Query(patient_ids=("A",)), most=50)
    assert len(answers.studies) == 50
    assert answers.is_cut
    assert len(server.asked) == 2


def test_an_archive_that_does_not_page_is_not_asked_for_ever() -> None:
    with web_server(lambda _: Answer.json(ROWS)) as server:
        answers = found(server, Query(patient_ids=("A",)))
    assert len(answers.studies) == 300
    assert len(server.asked) == 2
    assert not answers.is_cut
    many = [row(uid=f"1.2.{i}", patient="A") for i in range(500)]
    with web_server(lambda _: Answer.json(many)) as server:
        answers = found(server, Query(patient_ids=("A",)))
    assert answers.is_cut
    assert "no further pages" in answers.notes[0]


def test_nothing_that_is_said_reaches_a_terminal_as_an_order() -> None:
    told = row(
        uid="1.2.3", patient="A", modalities=[None, " NM", ""], series=-4,
        instances="9" * 5000,
    )  # fmt: skip
    told["00081030"] = {"vr": "LO", "Value": ["liver\x1b[2J\nnext"]}
    with web_server(lambda _: Answer.json([told])) as server:
        [study] = found(server, Query(patient_ids=("A",))).studies
    assert study.description == "liver[2Jnext"
    assert study.modalities == ("NM",)
    assert (study.series_count, study.instance_count) == (None, None)


def test_a_list_of_objects_without_further_pages_is_none() -> None:
    def objects(asked: Asked) -> Answer:
        if asked.path.endswith("/series"):
            return Answer(404)
        uids = [{"00080018": {"vr": "UI", "Value": [f"1.2.{i}"]}} for i in range(500)]
        return Answer.json(uids)

    with (
        web_server(objects) as server,
        web_archive(server.service()) as archive,
    ):
        assert archive.instances(STUDY, SERIES) == []
        # No such study.
        assert archive.series(STUDY) == []


def test_an_archive_without_end_is_not_listened_to_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sirtdose.network.web.search._MOST_ROWS", 30)

    def endless(asked: Asked) -> Answer:
        at = int(asked.query["offset"][0])
        return Answer.json([row(uid=f"1.2.{at + i}", patient="A") for i in range(10)])

    with web_server(endless) as server:
        answers = found(server, Query(patient_ids=("A",)))
    assert len(answers.studies) == 40
    assert answers.is_cut


def test_who_has_nothing_more_may_say_it_with_404() -> None:
    with web_server(
        lambda asked: (
            Answer.json(ROWS[:3]) if asked.query["offset"] == ["0"] else Answer(404)
        )
    ) as server:
        assert len(found(server, Query(patient_ids=("A",))).studies) == 3


def test_studies_that_were_not_asked_for_are_left_out() -> None:
    rows = [
        row(uid="1.2.1", patient="A"),
        row(uid="1.2.2", patient="B"),
        row(uid="1.3"),
    ]
    with web_server(lambda asked: paged(asked, rows, 9)) as server:
        answers = found(server, Query(patient_ids=("A",)))
    assert [one.uid for one in answers.studies] == ["1.2.1"]
    assert "2 studies that the archive answered do not match" in answers.notes[0]


class Shelf:
    def __init__(self) -> None:
        self.kept: dict[str, Received] = {}
        self.full = False

    def keep(self, received: Received) -> Kept:
        if self.full:
            raise Refused(OUT_OF_RESOURCES, "no room")
        self.kept[received.told.sop_instance] = received
        return Kept("study", received.told.sop_instance, new=True)


def fetched(server: WebServer, shelf: Shelf, *uids: str, **more: Any) -> str:
    part = Part(STUDY, SERIES, tuple(map(FoundInstance, uids)), is_whole=not uids)
    with web_archive(server.service(**more)) as archive:
        return archive.fetch(part, shelf.keep)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return write_study(tmp_path / "study", 3)


def test_objects_come_in_their_own_encoding_byte_for_byte(
    paths: list[Path], tmp_path: Path
) -> None:
    packed = make_object(9)
    packed.PixelData = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\0\0\0abcd"
    packed.PixelData += b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    packed["PixelData"].is_undefined_length = True
    paths.append(write_object(tmp_path / "x.dcm", packed, JPEGLSLossless))
    shelf = Shelf()
    with web_server(lambda _: multipart([p.read_bytes() for p in paths])) as server:
        assert fetched(server, shelf) == ""
    [asked] = server.asked
    assert asked.path == f"/dicom-web/studies/{STUDY}/series/{SERIES}"
    assert "transfer-syntax=*" in asked.headers["Accept"]
    assert [bytes(one.data) for one in shelf.kept.values()] == list(
        map(data_set, paths)
    )
    assert [one.transfer_syntax for one in shelf.kept.values()][-1] == JPEGLSLossless


def test_some_objects_are_asked_for_one_by_one(paths: list[Path]) -> None:
    shelf = Shelf()
    by_uid = {f"{SERIES}.{i}": path for i, path in enumerate(paths, start=1)}

    def answer(asked: Asked) -> Answer:
        return multipart([by_uid[asked.path.rpartition("/")[2]].read_bytes()])

    with web_server(answer) as server:
        assert fetched(server, shelf, f"{SERIES}.1", f"{SERIES}.3") == ""
    assert sorted(shelf.kept) == [f"{SERIES}.1", f"{SERIES}.3"]
    assert all("/instances/" in one.path for one in server.asked)


@pytest.mark.parametrize("says_bytes", [None, 10_000])
def test_a_cut_answer_gives_its_whole_objects_alone(
    paths: list[Path], says_bytes: int | None
) -> None:
    whole = multipart([path.read_bytes() for path in paths], end=False)
    answer = Answer(200, whole.body[:-40], whole.kind, says_bytes=says_bytes)
    shelf = Shelf()
    with (
        web_server(lambda _: answer) as server,
        pytest.raises(Busy, match="cut off"),
    ):
        fetched(server, shelf)
    # Where the library saw the cut, it lost what came last before it as well.
    whole_ones = {f"{SERIES}.1", f"{SERIES}.2"}
    assert set(shelf.kept) == (set() if says_bytes else whole_ones)


def test_a_single_object_may_come_without_parts(paths: list[Path]) -> None:
    shelf = Shelf()
    answer = Answer(200, paths[0].read_bytes(), "application/dicom")
    with web_server(lambda _: answer) as server:
        assert fetched(server, shelf, f"{SERIES}.1") == ""
    assert list(shelf.kept) == [f"{SERIES}.1"]


def test_what_is_no_dicom_is_refused_and_the_rest_kept(paths: list[Path]) -> None:
    shelf = Shelf()
    parts = [paths[0].read_bytes(), b"MRN-4711", paths[2].read_bytes()]
    with web_server(lambda _: multipart(parts)) as server:
        said = fetched(server, shelf)
    assert said == "1 refused: it is no DICOM file, or damaged"
    assert len(shelf.kept) == 2


def test_a_full_disk_ends_it(paths: list[Path]) -> None:
    shelf = Shelf()
    shelf.full = True
    with web_server(lambda _: multipart([p.read_bytes() for p in paths])) as server:
        assert fetched(server, shelf) == "no room"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(404), "has no such service or object (HTTP 404)"),
        (Answer(406), "cannot answer in an encoding that sirtdose reads (HTTP 406)"),
        (Answer.json({}), "answers with application/dicom+json where DICOM objects"),
        (Answer(200, b"<p>", "text/html"), "a page for a browser"),
    ],
)
def test_other_answers_are_told(answer: Answer, said: str) -> None:
    with web_server(lambda _: answer) as server, pytest.raises(Rejected) as raised:
        fetched(server, Shelf())
    assert said in str(raised.value)


def test_no_address_is_made_of_what_is_no_uid() -> None:
    part = Part("1.2/../../admin", SERIES, (), is_whole=True)
    with (
        web_server(lambda _: Answer(204)) as server,
        web_archive(server.service()) as archive,
        pytest.raises(OutputError, match="a UID has characters"),
    ):
        archive.fetch(part, Shelf().keep)
    assert server.asked == []
