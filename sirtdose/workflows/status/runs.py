"""Runs of many cases: what a batch and a listener say of those that failed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sirtdose.model.bounds import printable

# A batch that was resumed found the results of a case as they were.
_DONE = ("done", "unchanged", None)
_BATCH, _LISTEN = "sirtdose.batch/", "sirtdose.listen/"


def cases_of(document: Any) -> list[str]:
    """The cases of a batch that have results, each in a folder of its name."""
    return [
        str(one["case_id"])
        for one in _rows(document, _BATCH, "cases")
        if one.get("state") in _DONE
        and "case_id" in one
        and str(one["case_id"]) == Path(str(one["case_id"])).name
    ]


def failures_of(document: Any) -> Iterator[str]:
    """What a batch or a listener could not do, without what a file is called.

    >>> case = {"case_id": "p7", "state": "failed", "exit_code": 3}
    >>> batch = {"schema": "sirtdose.batch/1", "cases": [case]}
    >>> [one.partition(":")[0] for one in failures_of(batch)]
    ['case p7 failed with exit code 3']
    """
    for one in _rows(document, _BATCH, "cases"):
        if one.get("state") not in _DONE:
            yield (
                f"case {printable(str(one.get('case_id')))} {_ended(one)}: correct its "
                "line and give `sirtdose batch --resume`"
            )
    runs = _rows(document, _LISTEN, "runs")
    if runs and runs[-1].get("state") != "done":
        yield f"the last run over this study {_ended(runs[-1])}: see the listener's log"


def _ended(one: dict[str, Any]) -> str:
    state = printable(str(one.get("state")))
    code = one.get("exit_code")
    return f"{state} with exit code {code}" if code else f"is {state}"


def _rows(document: Any, schema: str, key: str) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        return []
    rows = document.get(key)
    if not str(document.get("schema")).startswith(schema) or not isinstance(rows, list):
        return []
    return [one for one in rows if isinstance(one, dict)]
