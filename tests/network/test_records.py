"""When a study is processed, and that it is processed once."""

import json
from pathlib import Path

import pytest

from sirtdose.errors import FileFormatError
from sirtdose.network.files import KEY_FILE, PART, names_of, write_durably
from sirtdose.network.reception import Arrivals
from sirtdose.network.records import Ended, Records

STUDY, OTHER = "0123456789abcdef", "fedcba9876543210"
TWO = frozenset({"a", "b"})
THREE = TWO | {"c"}


class Peer:
    open = True

    def is_alive(self) -> bool:
        return self.open


def test_a_study_settles_when_nothing_comes_and_nobody_sends() -> None:
    now = [0.0]
    arrivals = Arrivals(30.0, clock=lambda: now[0])
    sender = Peer()
    arrivals.came(STUDY, sender)
    now[0] = 100.0
    assert arrivals.take_settled() is None
    sender.open = False
    # Time counts from when the sender was seen to be gone.
    assert arrivals.take_settled() is None
    now[0] = 129.9
    assert arrivals.take_settled() is None
    now[0] = 130.0
    assert arrivals.take_settled() == STUDY
    assert arrivals.take_settled() is None


def test_what_comes_while_a_study_is_processed_brings_it_back() -> None:
    now = [0.0]
    arrivals = Arrivals(10.0, clock=lambda: now[0])
    arrivals.came(STUDY)
    now[0] = 5.0
    arrivals.came(OTHER)
    now[0] = 20.0
    assert arrivals.take_settled() == STUDY
    arrivals.came(STUDY)
    now[0] = 40.0
    assert [arrivals.take_settled() for _ in range(3)] == [OTHER, STUDY, None]


def test_a_study_is_due_until_it_was_processed_as_it_is(tmp_path: Path) -> None:
    records = Records(tmp_path)
    assert records.is_due(STUDY, "post", TWO)
    run = records.begin(STUDY, "post", TWO, "f00")
    assert run is not None
    assert run.folder == f"results/{STUDY}"
    # Not ended: whoever starts anew has to look at it.
    assert Records(tmp_path).is_due(STUDY, "post", TWO)
    (tmp_path / run.folder).mkdir()
    records.end(STUDY, run, Ended())
    for known in (records, Records(tmp_path)):
        assert not known.is_due(STUDY, "post", TWO)
        assert known.is_due(STUDY, "post", THREE)
        assert known.is_due(STUDY, "inspect", TWO)
        assert known.is_due(OTHER, "post", TWO)
        assert known.options_used_by("f00") == STUDY
        assert known.options_used_by("f01") is None
    later = records.begin(STUDY, "post", THREE, "f00")
    assert later is not None
    assert later.folder == f"results/{STUDY}-2"


def test_a_failed_run_is_kept_and_not_tried_again(tmp_path: Path) -> None:
    records = Records(tmp_path)
    run = records.begin(STUDY, "post", TWO, "")
    assert run is not None
    records.end(STUDY, run, Ended(3, "not an activity image"))
    assert not Records(tmp_path).is_due(STUDY, "post", TWO)
    [kept] = json.loads((tmp_path / "studies" / f"{STUDY}.json").read_text())["runs"]
    assert (kept["state"], kept["exit_code"]) == ("failed", 3)
    assert kept["error"] == "not an activity image"
    again = Records(tmp_path).begin(STUDY, "post", THREE, "")
    assert again is not None
    assert again.folder == f"results/{STUDY}"


def test_a_killed_run_begins_again_but_not_forever(tmp_path: Path) -> None:
    for attempt in (1, 2, 3):
        run = Records(tmp_path).begin(STUDY, "post", TWO, "")
        assert run is not None
        assert (run.attempts, run.folder) == (attempt, f"results/{STUDY}")
    records = Records(tmp_path)
    assert records.begin(STUDY, "post", TWO, "") is None
    assert not records.is_due(STUDY, "post", TWO)
    text = (tmp_path / "studies" / f"{STUDY}.json").read_text()
    assert "stopped 3 times during this run" in text
    # Other objects are another run.
    assert records.begin(STUDY, "post", THREE, "") is not None


def test_a_run_whose_results_stand_is_not_repeated(tmp_path: Path) -> None:
    run = Records(tmp_path).begin(STUDY, "post", TWO, "")
    assert run is not None
    (tmp_path / run.folder).mkdir()
    records = Records(tmp_path)
    assert records.begin(STUDY, "post", TWO, "") is None
    assert not records.is_due(STUDY, "post", TWO)
    # Where more came before that start, only these are new.
    (tmp_path / "more").mkdir()
    run = Records(tmp_path / "more").begin(STUDY, "post", TWO, "")
    assert run is not None
    (tmp_path / "more" / run.folder).mkdir()
    later = Records(tmp_path / "more").begin(STUDY, "post", THREE, "")
    assert later is not None
    assert later.folder == f"results/{STUDY}-2"


def test_a_run_that_is_given_up_leaves_no_trace(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for _ in range(5):
        run = records.begin(STUDY, "post", TWO, "")
        assert run is not None
        assert run.attempts == 1
        records.give_up(STUDY, run)
    assert Records(tmp_path).is_due(STUDY, "post", TWO)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "other/1", "runs": []}'])
def test_a_damaged_record_is_said(tmp_path: Path, text: str) -> None:
    Records(tmp_path)
    (tmp_path / "studies" / f"{STUDY}.json").write_text(text)
    with pytest.raises(FileFormatError, match=f"studies/{STUDY}.json is not a record"):
        Records(tmp_path)


def test_names_are_of_the_folder_s_secret(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a, again, b = (names_of(tmp_path / one) for one in "aab")
    assert a.study("1.2.3") == again.study("1.2.3") != b.study("1.2.3")
    assert a.study("1.2.3") != a.instance("1.2.3")[:16]
    assert (tmp_path / "a" / KEY_FILE).stat().st_mode & 0o077 == 0
    (tmp_path / "a" / KEY_FILE).write_text("cut")
    with pytest.raises(FileFormatError, match="not contain a secret"):
        names_of(tmp_path / "a")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, [b"one", memoryview(b"two")])
    assert path.read_bytes() == b"onetwo"
    with pytest.raises(TypeError):
        write_durably(path, [b"three", None])  # type: ignore[list-item]
    assert path.read_bytes() == b"onetwo"
    assert not list(tmp_path.glob(f"{PART}*"))
