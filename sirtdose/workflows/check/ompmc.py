"""Processes that run ompMC, each batch after batch, and what becomes of them."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sirtdose.errors import OutputError, require_extra

# Started by its name alone: no module may import it.
_PROGRAM = ("-m", "sirtdose.workflows.check.ompmc_process")
# A process that says nothing for so long hangs: a batch takes seconds.
_SILENT_MAX_S = 600.0
_PATIENCE_S = 5.0
# One at the very edge of the image may leave it before its first step.
_STARTED_LEAST = 0.999


@dataclass(frozen=True)
class Batch:
    """What ompMC made of one batch: Gy per history in each structure."""

    number: int
    histories: int
    absorbed_fraction: float
    gy_per_history: tuple[float, ...]


def ompmc_version() -> str:
    """The installed ompMC's.

    Raises
    ------
    MissingExtra
        None is.
    """
    from importlib.metadata import PackageNotFoundError, version

    require_extra("ompmc", "--engine ompmc")
    try:
        return version("ompmc")
    except PackageNotFoundError:
        return "unknown"


def batches(
    phantom: Mapping[str, NDArray[Any]],
    write: Callable[[int, Path], None],
    *,
    histories: int,
    seed: int,
    processes: int,
) -> Generator[Batch, None, None]:
    """Batches of so many histories, in their order, until no more are taken.

    Parameters
    ----------
    phantom : mapping of array
        What `ompmc_process` reads as ``phantom.npz``.
    write : callable
        Writes the particles of a batch, by its number, to a phase space of that path.
    histories, seed, processes : int

    Raises
    ------
    OutputError
        A process ended, hangs, or answers what is no batch. The others are ended, and
        nothing of their work is kept.
    """
    with TemporaryDirectory(prefix="sirtdose-") as name:
        folder = Path(name)
        np.savez(folder / "phantom.npz", **phantom)  # type: ignore[arg-type]
        pool = _Pool(folder)
        try:
            pool.start(processes)
            asked = taken = 0
            done: dict[int, Batch] = {}
            while True:
                for process in pool.idle():
                    write(asked, folder / f"source_{asked}")
                    pool.ask(process, asked, histories, seed)
                    asked += 1
                batch = pool.answer()
                done[batch.number] = batch
                for path in folder.glob(f"source_{batch.number}.*"):
                    path.unlink()
                # In order, so that results do not hang on which process was faster.
                while taken in done:
                    yield done.pop(taken)
                    taken += 1
        finally:
            pool.end()


class _Pool:
    """Processes with what each was asked, and their answers as they come."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[str]] = []
        # When each was asked last.
        self._asked: dict[int, float] = {}
        self._histories = 0
        self._ready: list[int] = []
        self._answers: Queue[tuple[int, str]] = Queue()

    def start(self, processes: int) -> None:
        """Start them; each tells when it has loaded its tables."""
        where = os.pathsep.join(one for one in sys.path if one)
        for _ in range(processes):
            log = (self._folder / f"log_{len(self._running)}").open("wb")
            with log:
                process = subprocess.Popen(
                    [sys.executable, *_PROGRAM, str(self._folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    encoding="utf-8",
                    env={**os.environ, "PYTHONPATH": where, "OMP_NUM_THREADS": "1"},
                    # Ctrl-C is for this program, which ends them.
                    start_new_session=True,
                )
            number = len(self._running)
            self._running.append(process)
            self._asked[number] = monotonic()
            threading.Thread(
                target=self._listen, args=(number, process), daemon=True
            ).start()
        for _ in range(processes):
            number, line = self._next()
            if "ompmc" not in self._read(number, line):
                raise OutputError(_UNREADABLE)
            self._ready.append(number)

    def idle(self) -> list[int]:
        """Those with nothing to do, which are taken to be asked now."""
        free, self._ready = self._ready, []
        return free

    def ask(self, process: int, number: int, histories: int, seed: int) -> None:
        """Ask one for a batch."""
        self._asked[process], self._histories = monotonic(), histories
        asked = {"number": number, "histories": histories, "seed": seed}
        stdin = self._running[process].stdin
        # That it has ended is told by its answer, which does not come.
        with suppress(OSError):
            if stdin is not None:
                stdin.write(json.dumps(asked) + "\n")
                stdin.flush()

    def answer(self) -> Batch:
        """The next batch that is done."""
        process, line = self._next()
        said = self._read(process, line)
        try:
            batch = Batch(
                int(said["number"]),
                int(said["histories"]),
                float(said["absorbed_fraction"]),
                tuple(float(one) for one in said["gy_per_history"]),
            )
        except (KeyError, TypeError, ValueError):
            raise OutputError(_UNREADABLE) from None
        if batch.histories < _STARTED_LEAST * self._histories:
            raise OutputError(
                f"ompMC started {batch.histories} histories, fewer than it was given: "
                "nothing was written"
            )
        if not all(np.isfinite(one) for one in batch.gy_per_history):
            raise OutputError("ompMC gave a dose that is no number: nothing is written")
        self._ready.append(process)
        return batch

    def end(self) -> None:
        """End those that are running, and wait until they are gone."""
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()

    def _listen(self, number: int, process: "subprocess.Popen[str]") -> None:
        with suppress(ValueError, OSError):
            for line in process.stdout or ():
                self._answers.put((number, line))
        self._answers.put((number, ""))

    def _next(self) -> tuple[int, str]:
        """An answer, which no process may be too long in giving."""
        left = min(self._asked.values()) + _SILENT_MAX_S - monotonic()
        try:
            number, line = self._answers.get(timeout=max(left, 0))
        except Empty:
            raise OutputError(
                f"ompMC has not answered for {_SILENT_MAX_S:g} s and was ended: "
                "nothing was written"
            ) from None
        self._asked.pop(number, None)
        return number, line

    def _read(self, number: int, line: str) -> dict[str, Any]:
        if not line.endswith("\n"):
            raise OutputError(self._why_ended(number, line))
        try:
            said = json.loads(line)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise OutputError(_UNREADABLE)
        return said

    def _why_ended(self, number: int, line: str) -> str:
        """Why a process has gone, as it said itself."""
        process = self._running[number]
        try:
            code = process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            code = 0
        half = "in the middle of an answer " if line else ""
        said = f"the process that runs ompMC ended {half}"
        if code < 0:
            return (
                f"{said}by signal {-code}; is there enough memory? Nothing was written"
            )
        log = (self._folder / f"log_{number}").read_text("utf-8", "replace")
        last = [one for one in log.splitlines() if one.strip()]
        why = last[-1].strip() if last else "no reason given"
        return f"{said}before its work was done ({why}): nothing was written"


_UNREADABLE = "ompMC gave an answer that cannot be read: nothing was written"
