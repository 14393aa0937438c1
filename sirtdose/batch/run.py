"""Run many cases, each apart from the others: on this machine or on a cluster.

On this machine every case has a process of its own, so that one that crashes, is killed
or runs out of memory takes nobody along, and memory is given back after each.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import (
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Any

from sirtdose.batch.case import Case, Outcome
from sirtdose.batch.work import run_case
from sirtdose.errors import InputError, SirtdoseError

# Loaded once, before the workers are forked from there: what every case needs.
_LOADED_ONCE = (
    "sirtdose.workflows.post",
    "sirtdose.workflows.post_results",
    "sirtdose.report.page",
    "sirtdose.report.page_data",
    "scipy.ndimage",
    "pydicom",
    "highdicom",
    "nibabel",
    "jinja2",
)
_CONNECT_S = "20s"


def cores() -> int:
    """How many of this machine's cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def run_cases(
    cases: Sequence[Case], *, jobs: int = 1
) -> Generator[Outcome, None, None]:
    """Run cases on this machine, so many at a time; outcomes as they come.

    Closing the iterator ends what is running; no half-written result stays.

    Parameters
    ----------
    cases : sequence of Case
    jobs : int, 1 or more

    Notes
    -----
    Started from a script, the call must stand under ``if __name__ == "__main__":``, as
    the workers load the script too.
    """
    context = _context()
    with ThreadPoolExecutor(jobs) as threads:
        futures = {threads.submit(_apart, case, context): case for case in cases}
        try:
            yield from _outcomes(as_completed(futures), futures)
        finally:
            threads.shutdown(wait=False, cancel_futures=True)
            for worker in multiprocessing.active_children():
                worker.terminate()


def run_cases_on_cluster(
    cases: Sequence[Case], scheduler: str
) -> Generator[Outcome, None, None]:
    """Run cases on the workers of a dask scheduler; outcomes as they come.

    Every worker needs this version of sirtdose and sees the same files under the same
    paths. A case whose worker dies is tried on others, as the scheduler is set.

    Raises
    ------
    InputError
        No scheduler answers, or dask is not installed.
    """
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise InputError(
            '--scheduler needs dask: pip install "sirtdose[cluster]"'
        ) from None
    try:
        client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"no dask scheduler answers at {scheduler} ({type(error).__name__}): start "
            "one with `dask scheduler`, and give its address, such as "
            "tcp://host:8786"
        ) from None
    with client:
        futures = {
            client.submit(run_case, case, pure=False, priority=-index): case
            for index, case in enumerate(cases)
        }
        try:
            yield from _outcomes(as_completed(list(futures), loop=client.loop), futures)
        finally:
            client.cancel(list(futures))


def _context() -> BaseContext:
    """How workers start: forked from a process that has loaded what they need."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED_ONCE))
    return context


def _apart(case: Case, context: BaseContext) -> Outcome:
    with ProcessPoolExecutor(1, mp_context=context, initializer=_in_worker) as process:
        return process.submit(run_case, case).result()


def _in_worker() -> None:
    """Ended from outside a worker clears up, as it does when it is interrupted."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _outcomes(
    finished: "Iterable[Future[Outcome]]", cases: Mapping[Any, Case]
) -> Generator[Outcome, None, None]:
    for future in finished:
        error = future.exception()
        case = cases[future]
        yield future.result() if error is None else _unforeseen(case, error)


def _unforeseen(case: Case, error: BaseException) -> Outcome:
    """A case that ended without an outcome: its process died, or a bug."""
    if isinstance(error, SirtdoseError):
        said = str(error)
    elif isinstance(error, BrokenProcessPool) or type(error).__name__ == "KilledWorker":
        said = "its process was ended from outside: killed, or out of memory"
    else:
        where = " ".join(["", "in", *getattr(error, "__notes__", [])])
        said = f"a bug, please report it: {type(error).__name__}{where}"
    return Outcome(case.case_id, "failed", 1, said)
