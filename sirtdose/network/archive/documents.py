"""What `find` and `fetch` show, print as JSON and write."""

from collections.abc import Sequence
from typing import Any

from sirtdose import __version__
from sirtdose.network.archive.fetch import Fetched
from sirtdose.network.archive.query import Answers, FoundStudy
from sirtdose.report.screen import Screen
from sirtdose.report.tables import rows_csv
from sirtdose.report.wording import table

_COLUMNS = (
    *("number", "key", "date", "time", "modalities", "description"),
    *("series", "objects", "study_instance_uid"),
)
_OF_PATIENTS = ("patient_id", "patient_name", "birth_date", "accession_number")
_DESCRIPTION_LETTERS = 32
# Number, key, date, modalities, description and what is of the patient are words.
_WORDS = (0, 1, 2, 3, 4, 7, 8, 9)


def find_document(
    answers: Answers, node: str, *, show_patients: bool
) -> dict[str, Any]:
    """Studies with all that is needed to fetch them; patients where that is asked."""
    return {
        "schema": "sirtdose.find/1",
        "sirtdose_version": __version__,
        "node": node,
        "studies": [
            _study(number, one, show_patients=show_patients)
            for number, one in enumerate(answers.studies, start=1)
        ],
        "is_cut": answers.is_cut,
        "notes": list(answers.notes),
    }


def _study(number: int, one: FoundStudy, *, show_patients: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "number": number,
        "key": one.key,
        "study_instance_uid": one.uid,
        "date": None if one.day is None else one.day.isoformat(),
        "time": one.time or None,
        "modalities": list(one.modalities),
        "description": one.description,
        "series": one.series_count,
        "objects": one.instance_count,
        "patient": None,
    }
    if show_patients:
        own = one.patient
        found["patient"] = {
            "patient_id": own.patient_id,
            "patient_name": own.name,
            "birth_date": None
            if own.birth_date is None
            else own.birth_date.isoformat(),
            "accession_number": one.accession_number,
        }
    return found


def studies_csv(document: dict[str, Any]) -> str:
    """A line for each study, as `fetch` reads it."""
    shown = any(one["patient"] for one in document["studies"])
    rows = [
        {**one, "modalities": " ".join(one["modalities"]), **(one["patient"] or {})}
        for one in document["studies"]
    ]
    return rows_csv((*_COLUMNS, *(_OF_PATIENTS if shown else ())), rows)


def find_screen(document: dict[str, Any]) -> Screen:
    """A table of studies, and how to fetch them."""
    studies, node = document["studies"], document["node"]
    more = ", and there are more" if document["is_cut"] else ""
    lines = [f"{_count(len(studies), 'study', 'studies')} in {node}{more}"]
    if document["is_cut"]:
        lines.append("To see the others, narrow --date or raise --limit")
    lines += [f"Note: {one}" for one in document["notes"]]
    if not studies:
        return Screen(lines)
    shown = any(one["patient"] for one in studies)
    header = ["", "key", "date", "modalities", "description", "series", "objects"]
    header += ["patient id", "name", "born"] if shown else []
    return Screen(
        [*lines, "", table(header, [_row(one) for one in studies], left=_WORDS)]
    )


def _row(one: dict[str, Any]) -> list[str]:
    text = one["description"]
    cut = text[: _DESCRIPTION_LETTERS - 3] + "..."
    row = [
        str(one["number"]),
        one["key"],
        one["date"] or "-",
        " ".join(one["modalities"]) or "-",
        (text if len(text) <= _DESCRIPTION_LETTERS else cut) or "-",
        *("-" if one[key] is None else str(one[key]) for key in ("series", "objects")),
    ]
    own = one["patient"]
    if own is not None:
        keys = ("patient_id", "patient_name", "birth_date")
        row += [own[key] or "-" for key in keys]
    return row


def fetch_document(fetched: Sequence[Fetched], node: str) -> dict[str, Any]:
    """What became of each study; its folder is named by its key."""
    return {
        "schema": "sirtdose.fetch/1",
        "sirtdose_version": __version__,
        "node": node,
        "studies": [
            {
                "key": one.key,
                "complete": one.is_complete,
                "objects": one.expected,
                "known": one.known,
                "came": one.came,
                "lacking": one.lacking,
                "left": list(one.left),
                "notes": list(one.said),
            }
            for one in fetched
        ],
    }


def fetch_screen(document: dict[str, Any]) -> Screen:
    """A line for each study, and what is not complete."""
    studies = document["studies"]
    rows = [
        [
            one["key"],
            "complete" if one["complete"] else "INCOMPLETE",
            *(str(one[key]) for key in ("objects", "known", "came", "lacking")),
        ]
        for one in studies
    ]
    header = ["study", "state", "objects", "known", "fetched", "lacking"]
    lines = [table(header, rows, left=(0, 1))]
    for one in studies:
        if one["notes"]:
            lines.append(f"{one['key']}: {'; '.join(one['notes'])}")
        if one["left"]:
            lines.append(f"{one['key']}: not fetched: {', '.join(one['left'])}")
    whole = sum(one["complete"] for one in studies)
    of = _count(len(studies), "study", "studies")
    return Screen([*lines, "", f"{whole} of {of} complete"])


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
