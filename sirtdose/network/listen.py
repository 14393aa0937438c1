"""Listen: keep what comes, and run something over each study that came to rest."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sirtdose.io.output.unfinished import remove_abandoned
from sirtdose.network.files import names_of, owned
from sirtdose.network.reception import Arrivals, Reception
from sirtdose.network.records import RESULTS, Ended, Records, Run
from sirtdose.network.server import Endpoint, serving
from sirtdose.network.store import INCOMING, MISSING, Store

LOCK_FILE = "listen.lock"
_LOOK_EVERY_S = 0.2


class Work(Protocol):
    """What is run over a study, in a process of its own."""

    @property
    def name(self) -> str:
        """Under which it is written down."""

    def options_of(self, study: str, used_by: Callable[[str], str | None]) -> str:
        """SHA-256 of a study's options, such as those of a file.

        Parameters
        ----------
        study : str
        used_by : callable
            Tells the study that a file of this SHA-256 was used for.

        Raises
        ------
        NotYet
            There are none for it.
        """

    def run(self, study: str, source: Path, folder: Path) -> Ended:
        """Process it; results appear in the folder whole or not at all."""


class NotYet(Exception):
    """A study whose options are not there; the message says what to do."""


@dataclass(frozen=True)
class Listening:
    """How a listener goes on.

    Parameters
    ----------
    out : Path
        Its folder.
    settle_s : float
        For how long nothing may come before a study is processed.
    reserve_bytes : int
        What stays free on the disk.
    once : bool
        End after the first study.
    """

    out: Path
    settle_s: float
    reserve_bytes: int
    once: bool


def listen(
    endpoint: Endpoint, how: Listening, work: Work | None, say: Callable[[str], None]
) -> int:
    """Listen until an exception ends it, or with `once` the first study is processed.

    Returns
    -------
    int
        The exit code of the one study.

    Raises
    ------
    InputError, OutputError
        It cannot listen there, or write to its folder.
    """
    with owned(how.out, LOCK_FILE):
        store = Store(
            how.out / INCOMING, names_of(how.out), reserve_bytes=how.reserve_bytes
        )
        records = Records(how.out)
        arrivals = Arrivals(how.settle_s)
        processing = _Processing(how, store, records, arrivals, work, say)
        processing.take_up()
        reception = Reception(
            store, arrivals, say, object_bytes=endpoint.limits.object_bytes
        )
        with serving(endpoint, reception, say) as (host, port):
            say(f"listening at {host}:{port} as {endpoint.ae_title}")
            return processing.go_on()


@dataclass
class _Processing:
    """Studies at rest, one after the other."""

    how: Listening
    store: Store
    records: Records
    arrivals: Arrivals
    work: Work | None
    say: Callable[[str], None]
    told: dict[str, str] = field(default_factory=dict)
    never: threading.Event = field(default_factory=threading.Event)

    def take_up(self) -> None:
        """Studies that an earlier listener kept and did not process."""
        remove_abandoned(self.how.out / RESULTS)
        if self.work is None:
            return
        for study, instances in self.store.studies().items():
            failed = self.records.failed(study, self.work.name)
            if self.records.is_due(study, self.work.name, instances):
                self.say(f"study {study}: {len(instances)} objects from an earlier run")
                self.arrivals.came(study)
            elif failed is not None:
                self._say_failed(study, failed.error, "failed before")
                self._watch(study, failed)

    def go_on(self) -> int:
        """Process what comes to rest; ends with an exception, or after the first."""
        while True:
            study = self.arrivals.take_settled()
            if study is None:
                self.never.wait(_LOOK_EVERY_S)
                continue
            try:
                ended = self._process(study)
            except OSError as error:
                # A full disk is somebody's to clear; the study waits for it.
                self.say(
                    f"study {study}: its record cannot be written: {error.strerror}"
                )
                self.arrivals.came(study)
                continue
            if ended is not None and self.how.once:
                return ended.exit_code

    def _process(self, study: str) -> Ended | None:
        """Process a study unless that was done; None where it was not."""
        instances = self.store.studies().get(study, frozenset())
        if self.work is None:
            self.say(f"study {study}: complete, {len(instances)} objects")
            return Ended()
        if not self._is_due(study, self.work, instances):
            return None
        try:
            self._require_complete(study)
            options = self.work.options_of(study, self._used_by(study))
        except NotYet as waiting:
            if self.told.get(study) != str(waiting):
                self.told[study] = str(waiting)
                self.say(f"study {study}: waiting: {waiting}")
            self.arrivals.came(study)
            return None
        run = self.records.begin(study, self.work.name, instances, options)
        return (
            self._ended_before(study, self.work)
            if run is None
            else self._run(self.work, study, run)
        )

    def _is_due(self, study: str, work: Work, instances: frozenset[str]) -> bool:
        """Whether there are objects, or after a failure options, that no run had."""
        if self.records.is_due(study, work.name, instances):
            return True
        failed = self.records.failed(study, work.name)
        if failed is None:
            return False
        try:
            options = work.options_of(study, self._used_by(study))
        except NotYet:
            options = failed.options
        if options != failed.options:
            return True
        self._watch(study, failed)
        return False

    def _watch(self, study: str, failed: Run) -> None:
        """Look again later whether a failed run's options were changed."""
        if failed.options:
            self.arrivals.came(study)

    def _ended_before(self, study: str, work: Work) -> Ended:
        """What became of a run that an earlier listener began."""
        ended = self.records.last_end(study, work.name)
        if ended.exit_code:
            self._say_failed(study, ended.error)
        else:
            self.say(f"study {study}: its last run had ended already")
        return ended

    def _say_failed(self, study: str, error: str, how: str = "failed") -> None:
        assert self.work is not None
        self.say(f"study {study}: {self.work.name} {how}: {error}")

    def _require_complete(self, study: str) -> None:
        missing = self.store.missing(study)
        if missing:
            raise NotYet(
                f"{missing} of its objects could not be stored: send them again, or "
                f"take the {MISSING} files out of its folder in {INCOMING} and start "
                "again"
            )

    def _used_by(self, study: str) -> Callable[[str], str | None]:
        def used_by(options: str) -> str | None:
            user = self.records.options_used_by(options)
            return None if user == study else user

        return used_by

    def _run(self, work: Work, study: str, run: Run) -> Ended:
        self.say(f"study {study}: {work.name} of {len(run.instances)} objects started")
        try:
            ended = work.run(study, self.store.folder(study), self.how.out / run.folder)
        except BaseException:
            self.records.give_up(study, run)
            raise
        # What is written down as done is on the disk.
        if hasattr(os, "sync"):
            os.sync()
        self.records.end(study, run, ended)
        if ended.exit_code:
            self._say_failed(study, ended.error)
            self._watch(study, run)
        else:
            for folder, count in self.records.lacking(study, run).items():
                self.say(
                    f"study {study}: {folder} lacks {count} of its objects: do not "
                    "use its results"
                )
            self.say(
                f"study {study}: {work.name} done in {ended.seconds:.1f} s: "
                f"{run.folder}"
            )
        return ended
