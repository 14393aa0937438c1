"""What was done with each study: a small file each, whole whatever happens."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError
from sirtdose.network.files import (
    is_study_name,
    make_folder,
    remove_parts,
    write_durably,
)

STUDIES, RESULTS = "studies", "results"
_SCHEMA = "sirtdose.listen/1"
# A run that takes the listener along would do so at each start, forever.
_MOST_ATTEMPTS = 3


@dataclass(frozen=True)
class Run:
    """One run over a study.

    Parameters
    ----------
    work : str
        ``"post"`` or ``"inspect"``.
    folder : str
        Where its results are, from the listener's folder.
    instances : tuple of str
        The objects that it was begun with, by their names.
    options : str
        SHA-256 of its options, behind that of their treatment and a colon where they
        are of a worklist; empty where there are none.
    state : str
        ``"running"``, ``"done"`` or ``"failed"``.
    attempts : int
        How often it was begun: more than once where the listener was killed.
    """

    work: str
    folder: str
    instances: tuple[str, ...]
    options: str = ""
    state: str = "running"
    attempts: int = 1
    exit_code: int = 0
    error: str = ""
    started: str = ""
    ended: str = ""


@dataclass(frozen=True)
class Ended:
    """How a run ended: its exit code, 0 if done, and why it failed."""

    exit_code: int = 0
    error: str = ""
    seconds: float = 0.0


class Records:
    """What was done with the studies of one folder."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._folder = out / STUDIES
        make_folder(self._folder)
        make_folder(out / RESULTS)
        remove_parts(self._folder)
        self._runs = {
            path.stem: _runs_of(path)
            for path in sorted(self._folder.glob("*.json"))
            if is_study_name(path.stem)
        }

    def is_due(self, study: str, work: str, instances: frozenset[str]) -> bool:
        """Whether this work was not yet ended for just these objects."""
        last = self._last(study, work)
        return last is None or last.state == "running" or _objects(last) != instances

    def failed(self, study: str, work: str) -> Run | None:
        """The last run of this work, if it failed."""
        last = self._last(study, work)
        return last if last is not None and last.state == "failed" else None

    def options_used_by(self, options: str) -> str | None:
        """The study that a file of options was used for.

        What is before a colon is the treatment's, whose options may be corrected.
        """
        whose = options.partition(":")[0]
        return next(
            (
                study
                for study, runs in self._runs.items()
                if any(one.options.partition(":")[0] == whose for one in runs)
            ),
            None,
        )

    def begin(
        self, study: str, work: str, instances: frozenset[str], options: str
    ) -> Run | None:
        """Write down that a run begins; None if an earlier start has ended it already.

        Results appear whole or not at all, so a run that was begun and whose folder is
        there was done, and only its end not written down.
        """
        last = self._last(study, work)
        attempts, instead_of = 1, None
        if last is not None and last.state == "running":
            if (self._out / last.folder).exists():
                self._change(study, last, _ended(last, Ended()))
                if _objects(last) == instances:
                    return None
            else:
                attempts = last.attempts + (_objects(last) == instances)
                instead_of = last
        run = Run(
            work,
            self._free_folder(study),
            tuple(sorted(instances)),
            options,
            attempts=attempts,
            started=_now(),
        )
        if attempts > _MOST_ATTEMPTS:
            said = f"the listener stopped {_MOST_ATTEMPTS} times during this run"
            self._change(study, instead_of, _ended(run, Ended(1, said)))
            return None
        self._change(study, instead_of, run)
        return run

    def lacking(self, study: str, run: Run) -> dict[str, int]:
        """Folders of earlier results of this work, and how many objects each lacks."""
        now = _objects(run)
        return {
            one.folder: len(now - _objects(one))
            for one in self._runs.get(study, ())
            if one.work == run.work and one.state == "done" and now - _objects(one)
        }

    def last_end(self, study: str, work: str) -> Ended:
        """How the last run ended that was written down."""
        last = self._last(study, work)
        return Ended(last.exit_code, last.error) if last else Ended()

    def end(self, study: str, run: Run, ended: Ended) -> None:
        """Write down how a run ended."""
        self._change(study, run, _ended(run, ended))

    def give_up(self, study: str, run: Run) -> None:
        """Forget a run that was ended from outside, unless its results are there."""
        self._change(
            study,
            run,
            _ended(run, Ended()) if (self._out / run.folder).exists() else None,
        )

    def _free_folder(self, study: str) -> str:
        taken = {one.folder for one in self._runs.get(study, ()) if one.state == "done"}
        number = 1
        while True:
            name = f"{RESULTS}/{study}{f'-{number}' if number > 1 else ''}"
            if name not in taken and not (self._out / name).exists():
                return name
            number += 1

    def _last(self, study: str, work: str) -> Run | None:
        mine = [one for one in self._runs.get(study, ()) if one.work == work]
        return mine[-1] if mine else None

    def _change(self, study: str, old: Run | None, new: Run | None) -> None:
        kept = [one for one in self._runs.get(study, ()) if one != old]
        runs = kept if new is None else [*kept, new]
        document = {"schema": _SCHEMA, "study": study, "runs": [*map(asdict, runs)]}
        text = f"{json.dumps(document, indent=1)}\n"
        write_durably(self._folder / f"{study}.json", [text.encode()])
        self._runs[study] = tuple(runs)


def _runs_of(path: Path) -> tuple[Run, ...]:
    try:
        document: Any = json.loads(path.read_text("utf-8"))
        runs = tuple(
            Run(**(one | {"instances": tuple(one["instances"])}))
            for one in document["runs"]
        )
        known = document["schema"] == _SCHEMA
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise FileFormatError(
            f"{STUDIES}/{path.name} is not a record of {_SCHEMA}: restore it, or "
            "remove it to have the study processed again"
        )
    return runs


def _objects(run: Run) -> frozenset[str]:
    return frozenset(run.instances)


def _ended(run: Run, ended: Ended) -> Run:
    return replace(
        run,
        state="failed" if ended.exit_code else "done",
        exit_code=ended.exit_code,
        error=ended.error,
        ended=_now(),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
