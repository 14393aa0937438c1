"""A worklist as it was written, and the treatment that a study is of."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sirtdose.errors import FileFormatError
from sirtdose.model.acceptance import Acceptance, unaccepted
from sirtdose.model.imaging_study import ImagingStudy
from sirtdose.model.treatment_record import Stated, TreatmentRecord
from sirtdose.model.worklist import Entry, Session
from sirtdose.workflows.worklist.join import Joined, joined
from sirtdose.workflows.worklist.run import Wishes, entry_of

_SCHEMA = "sirtdose.worklist/1"
_FILE = "worklist.json"


@dataclass(frozen=True)
class KeptTreatment:
    """A treatment of a saved worklist, the keys of its scans, and what is open.

    `open` is what of it stops or asks, and nobody accepted.
    """

    session: Session
    scans: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True)
class KeptWorklist:
    """A worklist as it was saved."""

    treatments: Sequence[KeptTreatment]
    wishes: Wishes


def read_worklist(path: Path) -> KeptWorklist:
    """Read worklist.json, or the one in a folder.

    Raises
    ------
    FileFormatError
        No such file, or another document.
    """
    path = path / _FILE if path.is_dir() else path
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileFormatError(f"cannot read {path.name}: {error.strerror}") from None
    except ValueError:
        raise FileFormatError(f"{path.name} is not JSON: is it whole?") from None
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
        raise FileFormatError(
            f"{path.name} is not a worklist: give what `sirtdose worklist` wrote"
        )
    try:
        return _read(data)
    except (LookupError, TypeError, ValueError, AttributeError):
        raise FileFormatError(
            f"{path.name} is damaged: run `sirtdose worklist` again"
        ) from None


def _read(data: Mapping[str, Any]) -> KeptWorklist:
    accepted = [
        Acceptance(one["code"], one["reason"], one["subject"], one.get("by", ""))
        for one in data["accepted"]
    ]
    wishes = Wishes(tuple(data["without"]), data["timezone"], accepted)
    in_the_way = [
        *(
            (one["subject"], one)
            for one in data["warnings"]
            if one["severity"] == "stop"
        ),
        *(
            (one.subject, {"code": one.code, "message": one.message})
            for one in unaccepted(data)
        ),
    ]
    return KeptWorklist(
        [
            KeptTreatment(
                _session(one),
                tuple(scan["study"] for scan in one["scans"]),
                tuple(
                    f"{said['code']}: {said['message']}"
                    for subject, said in in_the_way
                    if subject.partition(" ")[0] == one["key"]
                ),
            )
            for one in (*data["treatments"], *data["scouts"])
        ],
        wishes,
    )


def _session(one: Mapping[str, Any]) -> Session:
    return Session(
        one["key"],
        tuple(_record(each) for each in one["records"]),
        is_scout=one["key"].endswith("-scout"),
        unread=tuple(one["unread"]),
    )


def _record(one: Mapping[str, Any]) -> TreatmentRecord:
    return TreatmentRecord(
        one["patient"],
        date.fromisoformat(one["day"]),
        one["log"],
        one["where"],
        {name: _stated(name, each) for name, each in one["values"].items()},
        one["nuclide"] or "",
        name=one["name"] or "",
        birth=one["birth"] or "",
    )


def _stated(name: str, one: Mapping[str, Any]) -> Stated:
    at = datetime.fromisoformat(one["text"]) if name.endswith("_at") else None
    return Stated(one["text"], one["from"], one["amount"], at)


def entry_for(
    kept: KeptWorklist, study: ImagingStudy, *, without: Collection[str] = ()
) -> tuple[Entry | None, str]:
    """The treatment of a study, judged with it; or why there is none.

    A treatment whose scans are listed is that of no other study.
    """
    listed = [one for one in kept.treatments if study.key in one.scans]
    if listed:
        [own] = listed[:1]
        pair = Joined(own.session, [study])
    else:
        sessions = [one.session for one in kept.treatments]
        pairs, _ = joined(sessions, [study])
        found = [one for one in pairs if one.scans]
        if not found:
            return None, "no treatment of this patient and day is in the worklist"
        pair = found[0]
        own = next(one for one in kept.treatments if one.session is pair.session)
    if own.session.is_scout:
        return None, f"it is the scan of a scout, {own.session.key}"
    if own.scans and study.key not in own.scans:
        return None, another_scan(own.session.key)
    if own.open:
        return None, f"treatment {own.session.key} contradicts: {'; '.join(own.open)}"
    wishes = replace(kept.wishes, without={*kept.wishes.without, *without})
    records = own.session.records
    person = (
        [study.name, *(one.name for one in records)],
        [study.birth, *(one.birth for one in records)],
    )
    return entry_of(pair, wishes, person), ""


def another_scan(key: str) -> str:
    """What to do with a study of a treatment that has its scan already.

    >>> another_scan("0cb9d6b37c-2026-03-02").partition(":")[0]
    'treatment 0cb9d6b37c-2026-03-02 has another scan already'
    """
    return (
        f"treatment {key} has another scan already: if this is a further one, run "
        "`sirtdose worklist --from` again, with this listener's folder incoming too"
    )
