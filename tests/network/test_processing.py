"""What goes on arriving while a study is processed brings it back, whole."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sirtdose.network.listen import Listening, _Processing
from sirtdose.network.records import RESULTS, Ended, Records
from tests.network_peers import Listener, listening, make_object


class _Done(Exception):
    """Enough was processed."""


class _Counting:
    """Notes what a study's folder holds; during the first run more comes."""

    name = "inspect"

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.counts: list[int] = []

    def options_of(self, study: str, used_by: Callable[[str], str | None]) -> str:
        del study, used_by
        return ""

    def run(self, study: str, source: Path, folder: Path) -> Ended:
        del study
        self.counts.append(len(list(source.glob("*.dcm"))))
        if len(self.counts) == 1:
            for number in (3, 4, 5):
                assert self._listener.store(make_object(number)).Status == 0
        folder.mkdir()
        return Ended()


def test_a_study_that_goes_on_arriving_is_processed_again_whole(
    tmp_path: Path,
) -> None:
    with listening(tmp_path, settle_s=0.0) as listener:
        for number in (1, 2):
            assert listener.store(make_object(number)).Status == 0
        records = Records(tmp_path)
        work, said = _Counting(listener), listener.said

        def say(text: str) -> None:
            said.append(text)
            if "done in" in text and len(work.counts) == 2:
                raise _Done

        processing = _Processing(
            Listening(tmp_path, 0.0, 0, once=False),
            listener.store_of,
            records,
            listener.arrivals,
            work,
            say,
        )
        with pytest.raises(_Done):
            processing.go_on()
    assert work.counts == [2, 5]
    [path] = (tmp_path / "studies").glob("*.json")
    runs = json.loads(path.read_text("utf-8"))["runs"]
    assert [len(one["instances"]) for one in runs] == [2, 5]
    assert [one["state"] for one in runs] == ["done", "done"]
    assert len(list((tmp_path / RESULTS).iterdir())) == 2
    first = runs[0]["folder"]
    assert any(f"{first} lacks 3 of its objects: do not use it" in one for one in said)
