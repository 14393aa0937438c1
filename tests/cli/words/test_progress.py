"""Bars on a terminal that is not one, by a clock that does not run."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sirtdose.cli.words import progress
from sirtdose.cli.words.progress import Bars, progress_shown
from sirtdose.dosimetry.engine.kernel import electron_kernel, voxel_kernel
from sirtdose.dosimetry.image.blur import Blur
from sirtdose.dosimetry.image.partial_volume import iterative_yang
from sirtdose.io.read import read_image
from sirtdose.model.progress import Listener, counted, listening, task
from tests.io.dicom.test_vendors import pet


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Tells the seconds it was set to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_time_left_is_shown(terminal: Terminal, clock: Clock) -> None:
    with listening(Bars(terminal, clock)):
        for second in counted("registration", range(10)):
            clock.at = second + 1.0
    said = terminal.getvalue()
    # Three of ten steps are done, each took a second: seven are left.
    assert "registration" in said
    assert " 30%  00:00:07" in said
    # Nothing of it stays.
    assert said.endswith("\r\033[K\033[?25h")


def test_what_is_done_soon_has_no_bar(terminal: Terminal, clock: Clock) -> None:
    with listening(Bars(terminal, clock)):
        for _ in counted("kernel", range(1000)):
            clock.at += 0.0005
    assert terminal.getvalue() == ""


def test_what_ends_within_two_seconds_has_no_bar(
    terminal: Terminal, clock: Clock
) -> None:
    with listening(Bars(terminal, clock)):
        for _ in counted("reading CT", range(19)):
            clock.at += 0.1
        assert terminal.getvalue() == ""
        for _ in counted("reading CT", range(30)):
            clock.at += 0.1
    assert "reading CT" in terminal.getvalue()


def test_reading_and_undoing_blur_tell_of_their_steps(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    pet(tmp_path, "SIEMENS")
    with listening(lambda *one: told.append(one)):
        read_image(tmp_path)
        half = np.zeros((8, 8, 8), np.float32)
        half[:4] = 1
        iterative_yang(1 + 7 * half, [half, 1 - half], Blur((1.0, 1.0, 1.0)), tumors=1)
    names = list(dict.fromkeys(name for name, _, _ in told))
    assert names == [
        *("reading headers", "reading PET"),
        *("blur correction", "blur correction, smoothing"),
    ]
    assert ("reading PET", 6, 6) in told


def test_the_first_step_may_take_long(terminal: Terminal, clock: Clock) -> None:
    """What is loaded or compiled before the first is not taken for a step's time."""
    with listening(Bars(terminal, clock)), task("rays", 100) as going:
        clock.at = 600.0
        going.done()
        clock.at = 601.0
        going.done(11)
    assert "11%  00:00:08" in terminal.getvalue()


def test_a_task_within_a_task_draws_nothing(terminal: Terminal, clock: Clock) -> None:
    with listening(Bars(terminal, clock)):
        for _ in counted("outer", "abc"):
            clock.at += 2
            for _ in counted("inner", "abc"):
                clock.at += 2
    assert "inner" not in terminal.getvalue()
    assert "outer" in terminal.getvalue()


def test_a_task_that_fails_leaves_the_terminal_clean(
    terminal: Terminal, clock: Clock
) -> None:
    def fails() -> Iterator[None]:
        for step in counted("first", "abc"):
            clock.at += 2
            if step == "c":
                raise ValueError(step)
            yield

    with listening(Bars(terminal, clock)):
        with pytest.raises(ValueError, match="c"):
            list(fails())
        assert terminal.getvalue().endswith("\r\033[K\033[?25h")
        for _ in counted("second", "abc"):
            clock.at += 2
    assert "second" in terminal.getvalue()


@pytest.mark.parametrize("is_terminal", [False, True])
def test_only_a_terminal_is_drawn_on(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    stream = Terminal() if is_terminal else io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(progress, "_SOON_S", 0.0)
    monkeypatch.setattr(progress, "_WORTH_S", 0.0)
    with progress_shown():
        list(counted("rays", range(5)))
    assert bool(stream.getvalue()) is is_terminal


def test_json_to_a_pipe_has_no_bar(
    terminal: Terminal, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "piped_json", lambda: True)
    with listening(Bars(terminal, clock)):
        for _ in counted("rays", range(5)):
            clock.at += 2
    assert terminal.getvalue() == ""


def test_a_thread_of_a_batch_is_not_heard() -> None:
    told: list[tuple[str, int, int]] = []
    with (
        listening(lambda *one: told.append(one)),
        ThreadPoolExecutor(1) as threads,
    ):
        assert threads.submit(lambda: list(counted("case", "ab"))).result() == [
            "a",
            "b",
        ]
    assert told == []


def test_science_tells_of_all_its_steps() -> None:
    told: list[tuple[str, int, int]] = []
    listener: Listener = lambda *one: told.append(one)  # noqa: E731
    spacing = (3.17, 4.03, 4.11)
    with listening(listener):
        heard = voxel_kernel("Y-90", spacing).octant
    assert {name for name, _, _ in told} == {"voxel kernel"}
    steps = told[0][2]
    assert [done for _, done, _ in told] == [*range(steps), steps]
    # Who listens changes no number.
    electron_kernel.cache_clear()
    np.testing.assert_array_equal(voxel_kernel("Y-90", spacing).octant, heard)
