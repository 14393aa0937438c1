"""Kill runs that write to a folder before every step they take, and say what is left.

Run as a program: `killed_runs.py ROUTE FOLDER` prints a list of observations. Every run
is a process of its own that kills itself, so nothing depends on time.
"""

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from sirtdose.io.output import publishing, unfinished
from sirtdose.io.output.folder import output_folder

NAMES = ("a.txt", "b.txt", "gone.txt", "later.txt", "pictures")
# There is a journal for these: what carries it out is killed as well.
_KILLED_TWICE = ("two renames", "unlinked renames")
_STEPS = ("rename", "replace", "link", "mkdir", "unlink", "rmdir", "utime")


def main() -> None:
    route, base = sys.argv[1], Path(sys.argv[2])
    seen: list[dict[str, Any]] = []
    first = 0
    while True:
        first += 1
        out = _begin(base, route)
        if not _killed(partial(_write, out), first):
            break
        at_once = _contents(out.resolve())
        second = 0
        while route in _KILLED_TWICE:
            second += 1
            out = _begin(base, route)
            _killed(partial(_write, out), first)
            killed = _killed(partial(_finish, out), second)
            if not killed:
                break
            _finish(out)
            seen.append(_observed(base, out, first, second, at_once))
        if route not in _KILLED_TWICE:
            out = _begin(base, route)
            _killed(partial(_write, out), first)
            _finish(out)
        seen.append(_observed(base, out, first, second, at_once))
    out = _begin(base, route)
    _write(out)
    whole = _observed(base, out, 0, 0, {})
    sys.stdout.write(json.dumps({"killed": seen, "whole": whole}))


def _begin(base: Path, route: str) -> Path:
    """A folder with results of an earlier run, and what is somebody's own."""
    os.chdir("/")
    shutil.rmtree(base, ignore_errors=True)
    out = base / "out"
    if route == "fresh":
        base.mkdir()
        return out
    (out / "pictures").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "gone.txt", "pictures/1.png"):
        (out / name).write_text("old")
    (out / "notes.txt").write_text("mine")
    if route.startswith("subfolder"):
        (out / "more").mkdir()
        (out / "more" / "notes.txt").write_text("mine")
    if route == "link":
        (base / "link").symlink_to("out")
        return base / "link"
    if route == "here":
        os.chdir(out)
        return Path()
    return out


def _write(out: Path) -> None:
    with output_folder(out, NAMES, force=True) as folder:
        (folder / "pictures").mkdir()
        for name in ("a.txt", "b.txt", "later.txt", "pictures/2.png"):
            (folder / name).write_text("new")


def _finish(out: Path) -> None:
    unfinished.remove_abandoned(out.resolve().parent)
    unfinished.finish(out)


def _killed(run: Callable[[], None], at: int) -> bool:
    """Whether it was killed before its step of this number."""
    child = os.fork()
    if child == 0:
        _prepare(at)
        run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert status == 0, f"a run failed at {at}"
    return False


def _prepare(at: int) -> None:
    route, left = sys.argv[1], [at]

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*words, **more)

        return call

    def cannot(*_: Any, **__: Any) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    # What is not on the disk yet outlives a killed process.
    os.fsync = lambda _: None
    for name in _STEPS:
        setattr(os, name, counted(getattr(os, name)))
    exchange = cannot if "renames" in route else publishing.exchange
    publishing.exchange = counted(exchange)  # type: ignore[attr-defined]
    if "unlinked" in route:
        os.link = cannot
    if route == "mount":
        unfinished._is_mount = lambda _: True  # type: ignore[attr-defined]


def _observed(
    base: Path, out: Path, first: int, second: int, at_once: dict[str, str]
) -> dict[str, Any]:
    left = [str(one) for one in base.rglob(".sirtdose*")]
    after = _contents(out.resolve())
    return {
        "steps": (first, second),
        "at_once": at_once,
        "after": after,
        "left": left,
    }


def _contents(out: Path) -> dict[str, str]:
    return {
        one.relative_to(out).as_posix(): one.read_text()
        for one in sorted(out.rglob("*"))
        if one.is_file() and ".sirtdose" not in str(one.relative_to(out))
    }


if __name__ == "__main__":
    main()
