"""Run many cases, each apart from the others: on this machine or on a cluster.

On this machine every case has a process of its own, so that one that crashes, is killed
or runs out of memory takes nobody along, and memory is given back after each. It has
one thread for linear algebra, unless the environment says otherwise: cases share the
cores already.
"""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for_end
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from sirtdose import __version__
from sirtdose.batch.work import Named, Outcome, run_case, unforeseen
from sirtdose.errors import InputError, SirtdoseError, require_extra

# Loaded once, before the workers are forked from there: what every case needs.
_LOADED_ONCE = (
    "sirtdose.batch.work",
    "sirtdose.batch.run",
    "sirtdose.report.page_data",
    "scipy.ndimage",
    "skimage.measure._find_contours",
    "PIL.ImageDraw",
    "PIL.PngImagePlugin",
    "pydicom",
    "nibabel",
    "jinja2",
)
# After all others: what is there by then, no worker looks through again.
_LAST = "sirtdose.batch.compiled"
# Libraries of numbers read these as they load: each would take all cores else.
_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    "VECLIB_MAXIMUM_THREADS",
)
_CONNECT_S = 20
# So many cases are with a scheduler at a time: more than a cluster has workers.
_WITH_SCHEDULER = 1000


def cores() -> int:
    """How many of this machine's cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def run_cases(
    cases: Iterable[Named],
    *,
    jobs: int = 1,
    work: Callable[[Any], Outcome] = run_case,
    loads: Sequence[str] = (),
) -> Generator[Outcome, None, None]:
    """Run cases on this machine, so many at a time; outcomes as they come.

    Closing the iterator ends what is running; no half-written result stays. Cases are
    taken from theirs as workers get free, so that they need not be in memory at once.

    Parameters
    ----------
    cases : iterable of Case, or of what `work` takes
    jobs : int, 1 or more
    work : callable
        What is run over each, a function of a module.
    loads : sequence of str
        Modules that `work` needs: loaded once, not by each worker.

    Notes
    -----
    Started from a script, the call must stand under ``if __name__ == "__main__":``, as
    the workers load the script too.
    """
    workers = _Workers(work, loads)
    coming = iter(cases)
    with ThreadPoolExecutor(jobs) as threads:

        def next_ones(count: int) -> "set[Future[Outcome]]":
            some = islice(coming, count)
            return {threads.submit(workers.run, one) for one in some}

        # A thread that ends with one has the next at hand.
        running = next_ones(2 * jobs)
        try:
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= next_ones(len(done))
                yield from (one.result() for one in done)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            workers.end()


class _Workers:
    """The processes of a batch; a thread waits for each of them."""

    def __init__(
        self, work: Callable[[Any], Outcome], loads: Sequence[str] = ()
    ) -> None:
        self._work = work
        self._set = [one for one in _THREADS if one not in os.environ]
        # Workers inherit it, whether forked or started anew.
        os.environ.update(dict.fromkeys(self._set, "1"))
        self._context = _context(loads)
        self._running: set[BaseProcess] = set()
        self._ending = threading.Event()

    def run(self, case: Named) -> Outcome:
        """One case in a process of its own, whatever becomes of it."""
        receiving, sending = self._context.Pipe(duplex=False)
        process: BaseProcess = self._context.Process(  # type: ignore[attr-defined]
            target=_in_worker, args=(case, sending, self._work)
        )
        process.start()
        sending.close()
        self._running.add(process)
        if self._ending.is_set():
            process.terminate()
        try:
            outcome: Outcome = receiving.recv()
        except EOFError:
            said = "its process was killed from outside, or ran out of memory"
            outcome = Outcome(case.case_id, "failed", 1, said)
        process.join()
        receiving.close()
        self._running.discard(process)
        return outcome

    def end(self) -> None:
        """End those that are running."""
        self._ending.set()
        for process in tuple(self._running):
            process.terminate()
        for name in self._set:
            os.environ.pop(name, None)


def _context(loads: Sequence[str]) -> BaseContext:
    """How workers start: forked from a process that has loaded what they need."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    # Not of every system.
    from multiprocessing import forkserver, resource_tracker

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*_LOADED_ONCE, *loads, _LAST])
    # Ctrl-C is for this program: while it loads, that process has no answer to it. What
    # starts first here would let it through again.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return context


def _in_worker(
    case: Named, sending: Connection, work: Callable[[Any], Outcome]
) -> None:
    """Ended from outside a worker clears up, as it does when it is interrupted."""
    # First of all: a signal in the middle of a thread's start would leave it half-made.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        # What was started to ignore Ctrl-C goes on ignoring it.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: sys.exit(143))
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    try:
        sending.send(_outcome(case, work))
    except SystemExit:
        # Not by the interpreter's own end, which waits for threads that were cut off.
        os._exit(143)


def _outcome(case: Named, work: Callable[[Any], Outcome]) -> Outcome:
    try:
        return work(case)
    except Exception as error:  # noqa: BLE001 - a bug is its case's, and no other's
        return unforeseen(case, error)


def _end_with_parent() -> None:
    """A worker whose batch was killed has nobody to work for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(143)


def run_cases_on_cluster(
    cases: Iterable[Named],
    scheduler: str,
    *,
    work: Callable[[Any], Outcome] = run_case,
) -> Generator[Outcome, None, None]:
    """Run cases on the workers of a dask scheduler; outcomes as they come.

    Every worker needs this version of sirtdose and sees the same files under the same
    paths. A case whose worker dies is tried on others, as the scheduler is set.

    Raises
    ------
    InputError
        No scheduler or worker answers, or a worker has another version or none.
    MissingExtra
        dask is not installed.
    SirtdoseError
        The scheduler is lost before the end.
    """
    require_extra("cluster", "--scheduler")
    from distributed import as_completed as completed

    with _client(scheduler) as client:
        coming = enumerate(cases)
        waiting: dict[Any, Named] = {}

        def next_ones(count: int) -> list[Any]:
            some = {
                client.submit(work, case, pure=False, priority=-index): case
                for index, case in islice(coming, count)
            }
            waiting.update(some)
            return list(some)

        try:
            ends = completed(next_ones(_WITH_SCHEDULER), loop=client.loop)
            for future in ends:
                error = None if future.cancelled() else future.exception()
                if future.cancelled() or type(error).__name__ == "CommClosedError":
                    raise SirtdoseError(
                        "the connection to the scheduler was lost: continue with "
                        "--resume when it is back"
                    )
                case = waiting.pop(future)
                for one in next_ones(1):
                    ends.add(one)
                yield future.result() if error is None else unforeseen(case, error)
                # Held on, it would stay in the memory of its worker.
                del future
        finally:
            client.cancel(list(waiting))


def _client(scheduler: str) -> Any:
    """A connection to a scheduler whose workers have what they need."""
    # What it logs as errors is told in one line here, or is a case's row.
    client = _connected(scheduler)
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client.wait_for_workers(1, timeout=_CONNECT_S)
        workers = client.get_versions(packages=["sirtdose"])["workers"]
    except OSError:
        client.close()
        raise InputError(
            f"no worker is connected to {scheduler} after {_CONNECT_S} s: start some "
            f"with `dask worker {scheduler}`"
        ) from None
    for address, known in workers.items():
        version = known["packages"].get("sirtdose")
        if version != __version__:
            client.close()
            raise InputError(
                f"the worker at {address} has "
                f"{f'sirtdose {version}' if version else 'no sirtdose'}: install "
                f"{__version__} on all of them"
            )
    return client


def _connected(scheduler: str) -> Any:
    """A client, or a refusal in time: one of another service waits for long."""
    from distributed import Client

    connected: list[Any] = []
    failed: list[str] = []

    def connect() -> None:
        try:
            connected.append(
                Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
            )
        except (OSError, ValueError, TypeError) as error:
            failed.append(type(error).__name__)

    trying = threading.Thread(target=connect, daemon=True)
    trying.start()
    trying.join(2 * _CONNECT_S)
    if not connected:
        why = failed[0] if failed else f"no answer within {2 * _CONNECT_S} s"
        raise InputError(
            f"no dask scheduler answers at {scheduler} ({why}): start one with `dask "
            "scheduler`, and give its address, such as tcp://host:8786"
        )
    return connected[0]
